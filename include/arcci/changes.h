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

/* Memory limit for matched paths and their filters: about two million paths. */
#define ARC_CHANGES_MEMORY ((size_t)128 << 20)

/* What each service is compared with. Comparing with its last good state, instead of one base for
 * all, keeps changes whose run failed or was cancelled. */
enum arc_since {
    ARC_SINCE_EVENT,   /* one base for all, from the event */
    ARC_SINCE_RELEASE, /* its group's last release tag behind the head */
    ARC_SINCE_IMAGE,   /* the commit that its published image (tag latest) was built from (label or
                          annotation org.opencontainers.image.revision) */
};

/* What to compare, and how. Borrowed. With only `filters` set, the event decides. */
struct arc_changes_options {
    const struct arc_filters *filters;
    const struct arc_config *config; /* what the filters were made from; NULL: a text */
    enum arc_quantifier quantifier;
    enum arc_since since;
    const char *base; /* branch, tag or commit; "HEAD" for uncommitted changes; NULL: by event */
    const char *ref;  /* the same for the head */
    unsigned fetch_depth; /* commits to fetch first in a shallow clone; 0: never fetch */
    bool base_on_pulls;   /* use `base` for pull requests even if the API is available */
    bool is_recorded;     /* the event is another run's, so the checked-out commit says nothing */
    const char *relative; /* a directory, without a trailing slash: only paths below it count, and
                             patterns and names are relative to it; NULL: the repository's root */
    bool renames;         /* find renames: the new name is `renamed` as well as `added` */
    bool submodules;      /* look into changed submodules: the paths in them count */
    bool untracked;       /* base HEAD: untracked files count as added */
    bool explain;         /* also warn of patterns that match no path (reads the whole tree) */
    bool count_only;      /* keep no paths, only the counts */
};

/* A path that differs and that a filter matched. */
struct arc_changed_file {
    const char *path; /* git's bytes, NUL-terminated; owned by the result */
    size_t len;
    unsigned status;      /* enum arc_status; the new name of a rename has two bits */
    const char *previous; /* the old name, with `renames` and for a rename; else NULL */
};

/* What one filter matched. */
struct arc_filter_result {
    bool matched;  /* it has files, or counts as changed for `reason` */
    char *reason;  /* why, or what its own base is; or NULL. Owned */
    char base[65]; /* the commit of its own base; "": none */
    size_t count;  /* files that match */
    struct arc_filter_hit {
        size_t file; /* index into arc_changes.files */
        size_t rule; /* index into arc_filters.rules: the first that matched */
    } * hits;        /* `count` of them in git's order; NULL with count_only */
    size_t defining; /* how many of `count` matched a rule that `defines` the service */
};

/* What the head is compared with. */
enum arc_base_kind {
    ARC_BASE_COMMITS,      /* `base` against `head` */
    ARC_BASE_EVERYTHING,   /* every file of `head` counts as added */
    ARC_BASE_WORKTREE,     /* HEAD against the work tree */
    ARC_BASE_PULL_REQUEST, /* only the API knows */
    ARC_BASE_OWN,          /* each service has its own */
};

/* The result. Owned by the caller. Points to options->filters, which must outlive it. */
struct arc_changes {
    const struct arc_filters *filters;
    char *event; /* name of the event, or "local" */
    enum arc_base_kind base_kind;
    char base[41];     /* commit; "" when every file counts as added, or only the API knows */
    char *base_reason; /* why this base */
    char head[41];     /* commit, or "" when only the API knows */
    char *head_reason;
    struct arc_changed_file *files; /* paths that any filter matched, in git's order */
    size_t file_count;
    struct arc_filter_result *results; /* one per filter */
    json_t *warnings;                  /* array of strings */
    struct arc_arena memory;           /* of paths, files and results; private */
};

/* Finds out what changed in the project's repository. ARC_EINPUT for options or an event that do
 * not fit together, ARC_ENOTFOUND for a commit that is missing and cannot be fetched, ARC_EWORLD
 * for git or the network, ARC_ELIMIT for more files than the API lists. */
int arc_changes(struct arc_project *project, const struct arc_changes_options *options,
                struct arc_changes *out, struct arc_error *err);
void arc_changes_free(struct arc_changes *changes);

/* Whether `name` means HEAD, which as a base selects uncommitted changes. False for NULL. */
bool arc_changes_is_head(const char *name);

/* Whether any filter matched. */
bool arc_changes_any(const struct arc_changes *changes);

/* Makes changes.json (docs/schema/changes.schema.json); *out is a new reference. Bytes of a path
 * that are not UTF-8 become U+FFFD. */
int arc_changes_document(const struct arc_changes *changes, json_t **out, struct arc_error *err);

/* Appends, for people: what was compared and why, and which rule matched each file. */
int arc_changes_explain(const struct arc_changes *changes, struct arc_buf *out,
                        struct arc_error *err);

/* How a list of files is written. */
enum arc_list_format {
    ARC_LIST_NONE,
    ARC_LIST_CSV,    /* comma-separated, RFC 4180 quotes where needed */
    ARC_LIST_JSON,   /* an array of strings, as JSON.stringify() writes it */
    ARC_LIST_SHELL,  /* words for a POSIX shell, quoted where needed */
    ARC_LIST_ESCAPE, /* the same with backslashes */
    ARC_LIST_LINES,  /* one per line; a name with a line break is quoted as git quotes it */
    ARC_LIST_NUL,    /* a NUL after each */
    ARC_LIST_MATRIX, /* {"include":[{"path":…},…]}, a matrix of GitHub Actions */
};

/* Returns the format with that name, in any case ("CSV"), or -1. */
int arc_list_format_parse(const char *name);

/* Which of a filter's files a list holds. */
enum arc_list_part {
    ARC_PART_FILES,
    ARC_PART_ADDED,
    ARC_PART_MODIFIED, /* also type changes (to a link or a submodule) and conflicts */
    ARC_PART_DELETED,
    ARC_PART_RENAMED,     /* for each rename the old name, then the new one */
    ARC_PART_DIRECTORIES, /* the directories of its files, each once; "." is the root */
};

struct arc_list {
    enum arc_list_format format;
    enum arc_list_part part;
    unsigned depth; /* for ARC_PART_DIRECTORIES: levels to keep; 0: all */
};

/* Appends a list of the files of filter number `filter`; returns how many items it has. Bytes that
 * are not UTF-8 become U+FFFD, as GitHub's runner would do. */
size_t arc_changes_list(const struct arc_changes *changes, size_t filter,
                        const struct arc_list *list, struct arc_buf *out);

/* Limit for all outputs of a job: GitHub allows 1 MiB of UTF-16 (GitHub docs, "Usage limits"), less
 * what other steps may need. Text never has fewer bytes in UTF-8 than code units in UTF-16. */
#define ARC_OUTPUTS_MAX ((size_t)480 << 10)

/* Makes a list from arc_changes_list() fit for a step output. If GITHUB_OUTPUT is set and the list
 * has more than `room` bytes, and always for ARC_LIST_NUL (no output can hold NUL), it goes to a new
 * file below RUNNER_TEMP, *text becomes its path and *spilled is true. ARC_EWORLD when the file
 * cannot be written. */
int arc_changes_output(const struct arc_env *env, enum arc_list_format format, size_t room,
                       struct arc_buf *text, bool *spilled, struct arc_error *err);

/* Appends a JSON array: the names of the filters that matched, in filter order. */
void arc_changes_matching(const struct arc_changes *changes, struct arc_buf *out);

ARC_API_END

#endif
