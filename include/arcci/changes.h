/* Stage `changes`: which filters' paths changed. */
#ifndef ARCCI_CHANGES_H
#define ARCCI_CHANGES_H

#include "arcci/api.h"
#include "arcci/buf.h"
#include "arcci/env.h"
#include "arcci/filters.h"
#include <jansson.h>
#include <stdbool.h>

ARC_API_BEGIN

/* Most memory for the paths that matched, and for which filter they did: some two million. */
#define ARC_CHANGES_MEMORY ((size_t)128 << 20)

/* What each service of the configuration is compared with, instead of one base for all: where it
 * was last good, so that a run that failed or was cancelled loses no change. */
enum arc_since {
    ARC_SINCE_EVENT,   /* one base for all, by the event */
    ARC_SINCE_RELEASE, /* its group's last release tag behind the head */
    ARC_SINCE_IMAGE,   /* the commit that its published image, tag latest, was built of
                          (label or annotation org.opencontainers.image.revision) */
};

/* What is to be compared, and how. Nothing is owned; {0} but for `filters` follows the event. */
struct arc_changes_options {
    const struct arc_filters *filters;
    const struct arc_config *config; /* what the filters were made of; NULL when of a text */
    enum arc_quantifier quantifier;
    enum arc_since since;
    const char *base; /* branch, tag or commit; "HEAD" for uncommitted changes; NULL: by event */
    const char *ref;  /* the same for the head */
    unsigned fetch_depth; /* commits to fetch at first where history is cut; 0: never fetch */
    bool base_on_pulls;   /* `base` counts on pull requests even where the API can be asked */
    bool is_recorded;     /* the event is another run's: what is checked out here tells nothing */
    const char *relative; /* a directory, no slash at its end: only what is below it counts, and
                             patterns and names are relative to it; NULL: the repository's top */
    bool renames;         /* find renames: the new name is `renamed` as well as `added` */
    bool submodules;      /* look into submodules that changed: the paths in them count */
    bool untracked;       /* base HEAD: new files that git does not track count as added */
    bool explain;         /* also warn of patterns that match no path: reads the whole head */
    bool count_only;      /* keep no paths, only the counts */
};

/* A path that differs and that a filter matched. */
struct arc_changed_file {
    const char *path; /* bytes as git has them, NUL-terminated; owned by the result */
    size_t len;
    unsigned status;      /* an enum arc_status; that of a rename's new name has two */
    const char *previous; /* the old name of a rename, where those are looked for; else NULL */
};

/* What one filter matched. */
struct arc_filter_result {
    bool matched;  /* it has files, or a reason to count as changed without */
    char *reason;  /* why, or what its own base is; NULL when there is nothing to add. Owned */
    char base[65]; /* its own commit; "" when it has none */
    size_t count;  /* files that match */
    struct arc_filter_hit {
        size_t file; /* index into arc_changes.files */
        size_t rule; /* index into arc_filters.rules: the first that matched */
    } * hits;        /* `count` of them in git's order; NULL with count_only */
    size_t defining; /* of `count`, by a rule that `defines` the service */
};

/* What the head is compared with. */
enum arc_base_kind {
    ARC_BASE_COMMITS,      /* from `base` to `head` */
    ARC_BASE_EVERYTHING,   /* every file of `head` counts as added */
    ARC_BASE_WORKTREE,     /* HEAD against the work tree */
    ARC_BASE_PULL_REQUEST, /* only the API knows */
    ARC_BASE_OWN,          /* each service has one of its own */
};

/* The result. Owned by the caller; it refers to the filters of the options, which must outlive it.
 */
struct arc_changes {
    const struct arc_filters *filters;
    char *event; /* name of the event, or "local" */
    enum arc_base_kind base_kind;
    char base[41];     /* commit, or "" when every file counts as added, or for the API */
    char *base_reason; /* why this base */
    char head[41];     /* commit, or "" when only the API knows */
    char *head_reason;
    struct arc_changed_file *files; /* paths that some filter matched, in git's order */
    size_t file_count;
    struct arc_filter_result *results; /* one per filter */
    json_t *warnings;                  /* array of strings */
    struct arc_arena memory;           /* of paths, files and results; private */
};

/* Finds out what changed in the project's repository. ARC_EINPUT for options or an
 * event that do not fit together, ARC_ENOTFOUND for a commit that is not here and cannot be had,
 * ARC_EWORLD for git or the network, ARC_ELIMIT for more files than the API tells. */
int arc_changes(struct arc_project *project, const struct arc_changes_options *options,
                struct arc_changes *out, struct arc_error *err);
void arc_changes_free(struct arc_changes *changes);

/* Whether a name is HEAD's, which as a base asks for uncommitted changes. NULL is not. */
bool arc_changes_is_head(const char *name);

/* Whether any filter matched. */
bool arc_changes_any(const struct arc_changes *changes);

/* The document changes.json (docs/schema/changes.schema.json). *out is a new reference. A path that
 * is not UTF-8 has U+FFFD where it is not. */
int arc_changes_document(const struct arc_changes *changes, json_t **out, struct arc_error *err);

/* Appends, for a person, what was compared and why, and which rule matched each file. */
int arc_changes_explain(const struct arc_changes *changes, struct arc_buf *out,
                        struct arc_error *err);

/* How a list of files is written. */
enum arc_list_format {
    ARC_LIST_NONE,
    ARC_LIST_CSV,    /* comma-separated, RFC 4180 quotes where needed */
    ARC_LIST_JSON,   /* an array of strings, as JSON.stringify() writes it */
    ARC_LIST_SHELL,  /* words for a POSIX shell, quoted where needed */
    ARC_LIST_ESCAPE, /* the same with backslashes */
    ARC_LIST_LINES,  /* one line each; a name that holds a line break in quotes, as git has it */
    ARC_LIST_NUL,    /* a NUL behind each */
    ARC_LIST_MATRIX, /* {"include":[{"path":…},…]}, a matrix of GitHub Actions */
};

/* The format of that name in any case ("CSV"), or -1. */
int arc_list_format_parse(const char *name);

/* Which of a filter's files a list holds. */
enum arc_list_part {
    ARC_PART_FILES,
    ARC_PART_ADDED,
    ARC_PART_MODIFIED, /* also those that became a link or a submodule, and conflicts */
    ARC_PART_DELETED,
    ARC_PART_RENAMED,     /* of each rename the old name, then the new one */
    ARC_PART_DIRECTORIES, /* the directories of its files, each once; "." is the top */
};

struct arc_list {
    enum arc_list_format format;
    enum arc_list_part part;
    unsigned depth; /* of ARC_PART_DIRECTORIES: levels that are kept; 0: all */
};

/* Appends a list of filter number `filter`. Bytes that are not UTF-8 become U+FFFD, which is what
 * GitHub's runner would make of them. */
void arc_changes_list(const struct arc_changes *changes, size_t filter, const struct arc_list *list,
                      struct arc_buf *out);

/* What all outputs of a job may be together, in code units of UTF-16: 1 MiB (GitHub docs, "Usage
 * limits"), less what other steps may give. UTF-8 never has fewer bytes than UTF-16 has units. */
#define ARC_OUTPUTS_MAX ((size_t)480 << 10)

/* As arc_changes_list() for an output: where GITHUB_OUTPUT is set and the list has more than `room`
 * bytes, and always for ARC_LIST_NUL, which no output can hold, it goes to a new file below
 * RUNNER_TEMP, *out gets its path, and *spilled is true. ARC_EWORLD when the file cannot be
 * written. */
int arc_changes_output(const struct arc_env *env, const struct arc_changes *changes, size_t filter,
                       const struct arc_list *list, size_t room, struct arc_buf *out, bool *spilled,
                       struct arc_error *err);

/* Appends the JSON array of the names of the filters that matched, in the order of the filters. */
void arc_changes_matching(const struct arc_changes *changes, struct arc_buf *out);

ARC_API_END

#endif
