/* The commits of a clone, and those fetched in addition, as a graph in which any parent may be
 * missing. libgit2 gives up at a missing parent, and how reliable an answer is depends on what is
 * missing. */
#pragma once

#include "git/lib.h"

struct arc_history;

/* An answer that no missing commit could change, or none yet. */
enum arc_history_answer {
    ARC_HISTORY_YES,
    ARC_HISTORY_NO,
    ARC_HISTORY_UNCERTAIN, /* needs more history */
};

/* Every ancestor of the tips newer than this date is present; nothing else is known. */
#define ARC_HISTORY_NO_DATE INT64_MAX

/* Makes a graph that reads commits on demand; *out is owned by the caller. */
int arc_history_new(const struct arc_git *git, struct arc_history **out, struct arc_error *err);
void arc_history_free(struct arc_history **history);

/* The failure of an earlier call whose answer has no room for it. */
int arc_history_check(const struct arc_history *history, struct arc_error *err);

/* The merge base that `git merge-base` prints in a complete clone; NO: there is none. */
int arc_history_merge_base(struct arc_history *history, const struct arc_oid *a,
                           const struct arc_oid *b, int64_t since, enum arc_history_answer *answer,
                           struct arc_oid *out, struct arc_error *err);

/* Whether `commit` is `head` or an ancestor of it. All calls must have the same head: each
 * continues the walk of the one before. */
int arc_history_reaches(struct arc_history *history, const struct arc_oid *head,
                        const struct arc_oid *commit, int64_t since,
                        enum arc_history_answer *answer, struct arc_error *err);

/* The date of a commit; false if it is missing. */
bool arc_history_date(struct arc_history *history, const struct arc_oid *commit, int64_t *out);

/* The date of the oldest commit present along the first parents. */
int64_t arc_history_oldest(struct arc_history *history, const struct arc_oid *commit);

/* The most by which a visited commit claims to be older than a parent. */
int64_t arc_history_skew(const struct arc_history *history);

/* Appends up to `max` commits, `tip` or its ancestors, with missing parents; false if there are
 * more. */
bool arc_history_cuts(struct arc_history *history, const struct arc_oid *tip, size_t max,
                      struct arc_oid *out, size_t *count);

/* A parent of a commit by its number, from 1 (*out is empty if there is none), and the number of
 * parents; false if the commit is missing. */
bool arc_history_parent(struct arc_history *history, const struct arc_oid *commit, size_t number,
                        struct arc_oid *out, size_t *count);

/* Calls `each` for every commit in `head` that at least one base lacks, each before its parents and
 * else newest first; bit i of `lacks`: bases[i] lacks it. An empty base lacks everything. One walk
 * serves all, and ends where every base has the rest. ARC_ENOTFOUND if the head or a parent is
 * missing and the clone is not shallow. */
int arc_history_since(struct arc_history *history, const struct arc_oid *head,
                      const struct arc_oid *bases, size_t count,
                      int (*each)(void *context, const struct arc_oid *commit,
                                  const uint64_t *lacks),
                      void *context, struct arc_error *err);
