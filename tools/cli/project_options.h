/* The options of every command that takes a release tag or uses GitHub's API, and its warnings about
 * tags. */
#pragma once

#include "arcci/project.h"
#include "cli/command.h"
#include "github/options.h"
#include "project/needs.h"

/* A row of an option table. */
/* `excludes`: the options that it cannot go with, NULL for none. */
#define PREVIOUS_TAG_OPTION(excludes)                                                              \
    VALUE("previous-tag", "TAG",                                                                   \
          "The previous release's tag; by default the last published release, else the last "      \
          "lower tag.",                                                                            \
          .without = excludes)

#define LOCK_OPTION                                                                                \
    VALUE("lock", "FILE",                                                                          \
          "For a group that includes others: the lock file of one of its releases, to "            \
          "include the same releases again.")

/* `outside`: what counts outside of a workflow. */
#define SIGN_IDENTITY_OPTION(outside)                                                              \
    VALUE("sign-identity", "IDENTITY",                                                             \
          "The signer, if the group signs without a key and names nobody: the URL of the "         \
          "workflow's file, @ and its ref; for a reusable workflow, that workflow's. By "          \
          "default the running workflow" outside ".")

#define CONFIG_OPTION                                                                              \
    VALUE_OR("config", "FILE", ".github/arc-ci.yaml",                                              \
             "The release groups, a path from the repository's root.")

/* For commands that also work without a configuration, or find it themselves. */
#define CONFIG_ELSEWHERE_OPTION(excludes)                                                          \
    VALUE("config", "FILE",                                                                        \
          "The release groups, a path from the repository's root, if they are not in "             \
          ".github/arc-ci.yaml.",                                                                  \
          .without = excludes)

/* The options of `--next`. */
#define BUMP_OPTIONS                                                                               \
    CHOICE("bump", "PART", "auto|patch|minor|major", "auto",                                       \
           "The part of the version to raise, whatever the commits say.", .with = "next"),         \
        VALUE("prerelease", "WORD",                                                                \
              "The next prerelease with this word: rc gives 1.2.0-rc.1, then 1.2.0-rc.2.",         \
              .with = "next")

/* `timeout_name` differs for scan, whose --timeout is the scanner's; `needs` are the options without
 * which nothing is sent. */
#define GITHUB_OPTIONS(repository_help, timeout_name, timeout_help, needs)                         \
    VALUE("repository", "OWNER/NAME", repository_help, .with = needs),                             \
        VALUE("token-file", "FILE", "A file with the token, instead of GITHUB_TOKEN or GH_TOKEN.", \
              .with = needs),                                                                      \
        VALUE("record", "DIR",                                                                     \
              "Record every request and answer in DIR, without the token, for a bug report.",      \
              .with = needs),                                                                      \
        VALUE(timeout_name, "SECONDS", timeout_help, .with = needs),                               \
        VALUE("max-wait", "SECONDS", "The longest single wait for a rate limit; 900 by default.",  \
              .with = needs)

/* The settings of the project by the argument TAG and the command's options. */
struct arc_project_options project_wanted(const struct invocation *inv);

/* The files of documents that the command's options name. */
struct arc_needs_files project_documents(const struct invocation *inv);

/* Reads the values of GITHUB_OPTIONS; borrowed. ARC_EINPUT if a time is not one. */
int github_settings(const struct invocation *inv, const char *timeout_name,
                    struct arc_github_settings *out, struct arc_error *err);

/* Returns rc, of reading --plan. If its default file is missing because INPUT_PLAN, the output of a
 * job, is empty, the error says that first. */
int project_explain_plan(const struct invocation *inv, int rc, struct arc_error *err);

/* Warns if the remote's tags, or the last published release, could not be looked up. */
void project_note_lookups(const struct arc_project *project, struct report *report);
/* The same, and warns if `latest` does not move because the other tags are unknown. */
void project_note_tags(const struct arc_project *project, struct report *report);

/* Warns of files of the group's services that differ from the commit: a release is built from a
 * commit, and a build would refuse them. Does nothing for a tag that is not checked out. */
int project_note_dirty(struct arc_project *project, struct report *report, struct arc_error *err);
