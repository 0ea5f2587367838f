/* What a commit's message says of itself: Conventional Commits 1.0.0 as people write them, GitHub's
 * merges and squashed pull requests, git's reverts. */
#pragma once

#include "arcci/buf.h"
#include <stdint.h>

/* The length of the type in "type(scope)!: text", 0 where there is none; *bang is its "!". */
size_t arc_message_type(const char *subject, bool *bang);

/* Whether a type of that length is one of these words, in any case; the list ends with NULL. */
bool arc_message_type_is(const char *type, size_t len, const char *const *words);

/* A walk along the lines that a body says itself, from {.next = body} on. What stands between
 * <details> at the start of a line and </details>, or in a fenced block, is quoted: the release
 * notes of a dependency, in the squashed pull request of a bot. */
struct arc_message_lines {
    const char *next; /* NULL: at the end */
    const char *list; /* all of it, and the mark of its items */
    const char *mark;
    size_t details, looked;
    size_t fenced;                        /* how many marks the open fence has; 0: none is open */
    char fence;                           /* its mark */
    bool no_details, no_ticks, no_tildes; /* none of them ends any more */
};

/* Starts a walk along the commits that a squashed one lists: "* feat: text", as GitHub writes it below
 * "title (#12)", or as `git merge --squash` does. Without such a list it ends at once. */
void arc_message_list(const char *subject, const char *body, struct arc_message_lines *out);

/* The next "type: text" of it, up to the end of its line; none that the list reverts. NULL: none. */
const char *arc_message_next_listed(struct arc_message_lines *lines);

/* Appends what breaks, as the footers "BREAKING CHANGE: text" have it: up to an empty line, the
 * next footer or the end, maybe of several lines, maybe nothing; "; " before each, but at the start
 * and behind a space. Some kilobytes at most. */
void arc_message_add_breaks(const char *body, struct arc_buf *out);

/* Whether a commit is a breaking change: by the "!" of its subject, or by a line of its body that
 * starts with the footer. */
bool arc_message_is_breaking(const char *subject, const char *body);

/* Whether the subject calls the commit a revert: 'Revert "..."', "revert: ...", 'Reapply "..."'. */
bool arc_message_is_revert(const char *subject);

/* The pull request that a squashed commit's subject ends in, "text (#12)"; *len (may be NULL) is
 * the subject's length without it. 0: none. */
int64_t arc_message_squashed(const char *subject, size_t *len);

/* The pull request of "Merge pull request #12 from fork/topic", which GitHub writes. 0: none. */
int64_t arc_message_merged(const char *subject);

/* A commit that is taken back: by the start of its name, or by the number of its pull request. */
struct arc_message_undone {
    const char *hash; /* `len` digits of it, in the body; NULL: by number */
    size_t len;
    int64_t pull;
};

/* The next that a revert's body takes back: "This reverts commit HASH." as git writes it for each;
 * or, where git says nothing, "Reverts owner/name#12" as GitHub's button does. Starts with the body
 * and with *out = {0}; returns where to go on, NULL where there is none. */
const char *arc_message_next_undone(const char *at, struct arc_message_undone *out);

/* Whether a commit, with its name and its pull request's number (or 0), is the one. */
bool arc_message_is_undone(const struct arc_message_undone *undone, const char *hash, int64_t pull);
