/* The commits of a clone and of what was fetched beside it, as a graph that may be cut anywhere: a
 * parent that is not here is a node that is missing. libgit2 gives up at such a parent; and what an
 * answer is worth depends on where the graph is cut. */
#pragma once

#include "git/lib.h"

struct arc_history;

/* An answer that no commit which is missing here could change, or none yet. */
enum arc_history_answer {
    ARC_HISTORY_YES,
    ARC_HISTORY_NO,
    ARC_HISTORY_UNCERTAIN, /* more of the history has to be here */
};

/* Everything from the tips on that is newer than this date is here; more than that is not known. */
#define ARC_HISTORY_NO_DATE INT64_MAX

/* Reads commits when they are first met; *out is the caller's. */
int arc_history_new(const struct arc_git *git, struct arc_history **out, struct arc_error *err);
void arc_history_free(struct arc_history **history);

/* The merge base that `git merge-base` prints in a clone that lacks nothing; NO: there is none. */
int arc_history_merge_base(struct arc_history *history, const struct arc_oid *a,
                           const struct arc_oid *b, int64_t since, enum arc_history_answer *answer,
                           struct arc_oid *out, struct arc_error *err);

/* Whether `commit` is `head` or an ancestor of it. Every call must ask about the same head: the
 * walk from there goes on where the one before ended. */
int arc_history_reaches(struct arc_history *history, const struct arc_oid *head,
                        const struct arc_oid *commit, int64_t since,
                        enum arc_history_answer *answer, struct arc_error *err);

/* The date of a commit; false when it is not here. */
bool arc_history_date(struct arc_history *history, const struct arc_oid *commit, int64_t *out);

/* The date of the oldest commit here on the way from a commit along the first parents. */
int64_t arc_history_oldest(struct arc_history *history, const struct arc_oid *commit);

/* By how much a commit that was met claims to be older than a parent of it, at most. */
int64_t arc_history_skew(const struct arc_history *history);

/* Appends the commits that are `tip` or before it and whose parents are not all here, up to `max`;
 * false when there are more. */
bool arc_history_cuts(struct arc_history *history, const struct arc_oid *tip, size_t max,
                      struct arc_oid *out, size_t *count);

/* A parent of a commit by its number, from 1 (*out is empty when there is no such one), and how
 * many there are; false when the commit is not here. */
bool arc_history_parent(struct arc_history *history, const struct arc_oid *commit, size_t number,
                        struct arc_oid *out, size_t *count);

/* The commits that `to` has and `from` (may be NULL) has not, newest first: *out is the caller's.
 */
int arc_history_range(struct arc_history *history, const git_oid *from, const git_oid *to,
                      git_oid **out, size_t *count, struct arc_error *err);

/* Calls `each` for every commit that `head` has and at least one of the bases has not, newest
 * first; bit i of `lacks`: bases[i] has it not. Bases must be behind the head; an empty name has
 * nothing. One walk for all, which ends where all of them have everything. */
int arc_history_since(struct arc_history *history, const struct arc_oid *head,
                      const struct arc_oid *bases, size_t count,
                      int (*each)(void *context, const struct arc_oid *commit,
                                  const uint64_t *lacks),
                      void *context, struct arc_error *err);
