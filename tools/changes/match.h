/* Matching paths against filters while a tree is walked, and keeping what matched. */
#pragma once

#include "arcci/changes.h"
#include "git/git.h"

/* A pattern whose last name has nothing special: a directory of it is a likely mistake. */
struct arc_literal {
    const char *pattern; /* borrowed from the filters; NULL: the names before it have, so that the
                            matcher knows */
    size_t len, rule;
    bool is_directory; /* the walk came by one in which something changed */
};

/* Matching under way. Owned by its user; free with arc_match_free(). */
struct arc_match {
    struct arc_changes *out; /* gets files and results, and has the memory; borrowed */
    enum arc_quantifier quantifier;
    bool count_only;
    struct arc_glob_matcher *matcher; /* NULL when there is no pattern at all */
    uint64_t *ids;                    /* bitmap of rules: what matched last */
    uint64_t *all;                    /* bitmap of rules that match all below a directory */
    size_t words;                     /* in `ids` and in `all` */
    struct arc_buf covered;           /* a directory, with its slash, below which the rules in `all`
                                         match every path and no other matches any */
    bool wants_all;                   /* a filter without rules wants every path (EVERY) */
    struct arc_literal *literals;
    size_t literal_count;
    bool matches_names;   /* some of them have no pattern */
    const bool *only;     /* per filter: whether it is asked now; NULL: all are. arc_match_only() */
    uint64_t *asked;      /* bitmap of the rules of those */
    const char *previous; /* the old name of the path being matched, or NULL; borrowed */
    bool renames;         /* renames are looked for */
    bool defers;          /* whether a file that defines a service counts is told later */
    bool has_break;       /* a path that was looked at holds a line break */
    const char
        *relative; /* the directory that counts, to which patterns are relative; NULL: the top.
                             Borrowed */
    size_t memory; /* bytes of what is kept */
    size_t kept;   /* index + 1 of the file being matched, once it is kept */
};

/* Whether a bitmap of rules has one. */
static inline bool arc_match_has(const uint64_t *ids, size_t rule)
{
    return ids[rule / 64] >> (rule % 64) & 1;
}

/* Prepares to match `out->filters`; makes out->results. */
int arc_match_start(struct arc_match *match, struct arc_changes *out,
                    enum arc_quantifier quantifier, bool count_only, struct arc_error *err);
void arc_match_free(struct arc_match *match);

/* Makes a path relative to the directory that counts; false when it is not below that. */
bool arc_match_is_below(const struct arc_match *match, const char **path, size_t *len);

/* From now on only these filters are asked (NULL: all), and no directory is entered for others.
 * `only` is borrowed, per filter. */
void arc_match_only(struct arc_match *match, const bool *only);

/* Whether a path below the directory ("a/b/", with its slash) can match any filter. */
bool arc_match_below(struct arc_match *match, const char *directory, size_t len);

/* Matches a path and keeps it where it belongs. ARC_ENOMEM; ARC_ELIMIT, without a
 * message, when more than ARC_CHANGES_MEMORY would be kept. */
int arc_match_path(struct arc_match *match, const char *path, size_t len, unsigned status);

/* What changed below the directory ("a/b"), a submodule, is not known: the filters that can be about
 * something there count as changed, with `why` (may be NULL) as the reason, unless they do already.
 */
int arc_match_unseen(struct arc_match *match, const char *path, size_t len, const char *why,
                     struct arc_error *err);

/* Counts a filter as changed for a reason, behind those that it has. */
__attribute__((format(printf, 3, 4))) int
arc_match_mark(struct arc_filter_result *result, struct arc_error *err, const char *format, ...);

/* Which filters a commit matches, compared with its first parent: sets `matched` of every result.
 * With `own`, of a merge only the files count that differ from both parents' (a conflict that was
 * resolved): what it took over from either side is that side's. *any (may be NULL) tells whether
 * one matched. Errors as arc_git_diff(). */
int arc_match_commit(struct arc_match *match, const struct arc_git *git,
                     const struct arc_git_commit *commit, bool own, bool *any,
                     struct arc_error *err);
