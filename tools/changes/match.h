/* Matches paths against filters during a walk, and keeps the matches. */
#pragma once

#include "arcci/changes.h"
#include "git/git.h"

/* A pattern whose last component is literal: if that is a directory, it is likely a mistake. */
struct arc_literal {
    const char *pattern; /* borrowed; NULL: earlier components are not literal: ask the matcher */
    size_t len, rule;
    bool is_directory; /* the walk found such a directory with a change */
};

/* The state of matching. Owned by the caller; free with arc_match_free(). */
struct arc_match {
    struct arc_changes *out; /* receives files and results, and owns the memory; borrowed */
    enum arc_quantifier quantifier;
    bool count_only;
    struct arc_glob_matcher *matcher; /* NULL: no patterns */
    uint64_t *ids;                    /* bitmap of rules: the last matches */
    uint64_t *all;                    /* bitmap of rules that match all below a directory */
    size_t words;                     /* words in `ids` and in `all` */
    struct arc_buf covered;           /* a directory, with its slash, below which the rules in `all`
                                         match every path and no other matches any */
    bool wants_all;                   /* a filter without rules needs every path (EVERY) */
    bool once;                        /* one file decides a filter: others are not looked at */
    struct arc_literal *literals;
    size_t literal_count;
    bool matches_names;   /* some rules have no pattern */
    const bool *only;     /* per filter: whether it is requested; NULL: all. arc_match_only() */
    uint64_t *asked;      /* bitmap of their rules */
    bool renames;         /* renames are looked for */
    bool defers;          /* whether a file that defines a service counts is decided later */
    size_t resolved;      /* commits in which docker read such a file */
    bool has_break;       /* a path contained a line break */
    const char *relative; /* directory to which patterns are relative; NULL: the top. Borrowed */
    size_t memory;        /* bytes kept */
    size_t kept;          /* index + 1 of the current file, once it is kept */
};

/* Whether a bitmap of rules contains one. */
static inline bool arc_match_has(const uint64_t *ids, size_t rule)
{
    return ids[rule / 64] >> (rule % 64) & 1;
}

/* Prepares to match `out->filters` and makes out->results. */
int arc_match_start(struct arc_match *match, struct arc_changes *out,
                    enum arc_quantifier quantifier, bool count_only, struct arc_error *err);
void arc_match_free(struct arc_match *match);

/* Makes a path relative to the working directory; false if it is not below that. */
bool arc_match_is_below(const struct arc_match *match, const char **path, size_t *len);

/* Restricts matching to these filters (NULL: all), so that no directory is entered for others.
 * `only` is borrowed, one per filter. */
void arc_match_only(struct arc_match *match, const bool *only);

/* Whether a path below the directory ("a/b/", with its slash) can match any filter. */
bool arc_match_below(struct arc_match *match, const char *directory, size_t len);

/* Matches a file and keeps it for its filters. ARC_ENOMEM; ARC_ELIMIT, without a message, beyond
 * ARC_CHANGES_MEMORY. */
int arc_match_path(struct arc_match *match, const struct arc_changed_file *file);

/* For a directory ("a/b") with unknown changes, a submodule: filters that can match there count as
 * changed, with the reason `why` (may be NULL), unless they do already. */
int arc_match_unseen(struct arc_match *match, const char *path, size_t len, const char *why,
                     struct arc_error *err);

/* Marks a filter as changed, adding a reason, in which control characters become visible. */
__attribute__((format(printf, 3, 4))) int
arc_match_mark(struct arc_filter_result *result, struct arc_error *err, const char *format, ...);
