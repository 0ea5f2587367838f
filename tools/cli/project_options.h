/* What every command that takes a release tag has in its option table, and what it says of it. */
#pragma once

#include "arcci/project.h"
#include "cli/command.h"

/* A row of an option table. */
#define PREVIOUS_TAG_OPTION                                                                        \
    VALUE("previous-tag", "TAG",                                                                   \
          "The tag of the release before; by default the last one that was published, else "       \
          "the last tag below.")

#define LOCK_OPTION                                                                                \
    VALUE("lock", "FILE",                                                                          \
          "Of a group that includes others: the lock file of a release of it, whose "              \
          "releases are taken again.")

#define SIGN_IDENTITY_OPTION                                                                       \
    VALUE("sign-identity", "IDENTITY",                                                             \
          "Who signs, where the group signs without a key and names nobody: the address "          \
          "of the workflow's file, @ and its ref; of a reusable workflow its own. By "             \
          "default the workflow that runs.")

#define CONFIG_OPTION                                                                              \
    VALUE_OR("config", "FILE", ".github/arc-ci.yaml",                                              \
             "The release groups, a path from the repository's root.")

/* For what also works without a configuration, or finds it by itself. */
#define CONFIG_ELSEWHERE_OPTION                                                                    \
    VALUE("config", "FILE",                                                                        \
          "The release groups, a path from the repository's root, when they are not in "           \
          ".github/arc-ci.yaml.")

/* What `--next` chooses a version by. */
#define BUMP_OPTIONS                                                                               \
    CHOICE("bump", "PART", "auto|patch|minor|major", "auto",                                       \
           "--next: the part of the version to raise, whatever the commits say."),                 \
        VALUE("prerelease", "WORD",                                                                \
              "--next: the next of a train of prereleases: rc gives 1.2.0-rc.1, then "             \
              "1.2.0-rc.2.")

/* What the argument TAG and the options of these names say of the project; NULL for those that the
 * command has not. */
struct arc_project_options project_wanted(const struct invocation *inv);

/* Warns where the last published release could not be asked for. */
int project_note_published(const struct arc_project *project, struct report *report,
                           struct arc_error *err);

/* Warns of files of the group's services that are not as the commit has them: a release is of a
 * commit, and a build refuses them. Nothing for a tag that is not checked out. */
int project_note_dirty(struct arc_project *project, struct report *report, struct arc_error *err);

/* The same, and where `latest` stays since the other tags are not known. */
int project_note_tags(const struct arc_project *project, struct report *report,
                      struct arc_error *err);
