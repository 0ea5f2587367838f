/* Chooses a command's transport. */
#pragma once

#include "arcci/transport.h"
#include "base/auto.h"

/* Options of the command line; each may be NULL. Borrowed. */
struct arc_github_settings {
    const char *repository; /* "owner/name"; NULL: GITHUB_REPOSITORY */
    const char *token_file;
    const char *record;              /* directory */
    unsigned idle_timeout, max_wait; /* seconds; 0: see struct arc_github_options */
    bool dry_run;
};

/* Opens the describing transport for a dry run, otherwise the real one, with a record if
 * requested. */
int arc_github_open(const struct arc_env *env, const struct arc_github_settings *settings,
                    struct arc_transport **out, struct arc_error *err);

ARC_HANDLE(arc_transport)

/* The repository of the settings, or GITHUB_REPOSITORY, or NULL. Borrowed. */
const char *arc_github_repository(const struct arc_env *env,
                                  const struct arc_github_settings *settings);

/* Whether the text is "owner/name", so that it is safe in a path. */
bool arc_repository_name_valid(const char *text);
