/* The options of every command that uses GitHub's API, and their values. */
#pragma once

#include "cli/command.h"
#include "github/options.h"

/* Rows of an option table. `timeout_name` differs for scan, whose --timeout is the scanner's. */
#define GITHUB_OPTIONS(repository_help, timeout_name, timeout_help)                                \
    VALUE("repository", "OWNER/NAME", repository_help),                                            \
        VALUE("token-file", "FILE",                                                                \
              "A file with the token, instead of GITHUB_TOKEN or GH_TOKEN."),                      \
        VALUE("record", "DIR",                                                                     \
              "Record every request and answer in DIR, without the token, for a bug report."),     \
        VALUE(timeout_name, "SECONDS", timeout_help),                                              \
        VALUE("max-wait", "SECONDS", "The longest single wait for a rate limit; 900 by default.")

/* Their values; borrowed. */
struct arc_github_settings github_settings(const struct invocation *inv, const char *timeout_name);
