/* Reads commit messages: Conventional Commits 1.0.0 as people write them, GitHub's merges and
 * squashed pull requests, git's reverts. */
#pragma once

#include "arcci/buf.h"
#include <jansson.h>
#include <stdint.h>

/* The type of "type(scope)!: text". */
struct arc_message_type {
    const char *text; /* `len` bytes of the subject; len is 0 if there is none */
    size_t len;
    bool bang; /* it has a "!" */
};

/* Finds the type of a subject, also behind what a gitmoji, an issue tracker or a host's merge puts
 * in front of it: ":sparkles: feat: text", "ABC-12: feat: text", "Merged PR 12: feat: text". */
struct arc_message_type arc_message_type(const char *subject);

/* Whether a type is one of these words, in any case; the list is NULL-terminated. */
bool arc_message_type_is(const struct arc_message_type *type, const char *const *words);

/* Iterates over the lines of a body that are not quoted, starting with {.next = body}. Quoted is
 * what is between <details> at the start of a line and </details>, in a fenced block, or in a
 * comment, such as a dependency's release notes in a bot's squashed pull request, or a template. */
struct arc_message_lines {
    const char *next; /* NULL: at the end */
    const char *list; /* the whole list, and the mark of its items */
    const char *mark;
    size_t details, looked;
    size_t fenced; /* number of marks of the open fence; 0: none is open */
    char fence;    /* its mark */
    bool comment;  /* "<!--" is open */
    bool no_details, no_ticks, no_tildes, no_comment; /* no further quote is closed */
};

/* Starts iterating over the commits listed in a squashed one: "* feat: text" below "title (#12)" or
 * "Merged in topic (pull request #12)", as written by GitHub or Bitbucket, or the list of `git merge
 * --squash`. Without a list it ends at once. */
void arc_message_list(const char *subject, const char *body, struct arc_message_lines *out);

/* The next "type: text" of the list, up to the end of its line, skipping those that the list
 * reverts. NULL: none. */
const char *arc_message_next_listed(struct arc_message_lines *lines);

/* Appends the texts of the footers "BREAKING CHANGE: text", each up to an empty line, the next
 * footer or the end, separated by "; ". Appends a few kilobytes at most. */
void arc_message_add_breaks(const char *body, struct arc_buf *out);

/* Whether a commit is a breaking change: by "!" in its subject, or by a footer in its body. */
bool arc_message_is_breaking(const char *subject, const char *body);

/* What in a commit's message keeps GitHub and others from starting anything for a push of it, also
 * of a tag: "[skip ci]" (GitHub docs, "Skipping workflow runs"). NULL: nothing. */
const char *arc_message_skips(const char *subject, const char *body);

/* The pull request at the end of a squashed commit's subject, "text (#12)"; *len (may be NULL) is
 * the subject's length without it. 0: none. */
int64_t arc_message_squashed(const char *subject, size_t *len);

/* The pull request in GitHub's "Merge pull request #12 from fork/topic". 0: none. */
int64_t arc_message_merged(const char *subject);

/* The title in a host's merge of a pull request: GitHub, GitLab and Bitbucket put it below their own
 * subject, Azure DevOps, Bitbucket Server and Gitea into it. Points into either; "" if the text is
 * empty, NULL if it is no such merge. */
const char *arc_message_title(const char *subject, const char *body);

/* The fewest digits of a commit's name that a revert may have. */
#define ARC_MESSAGE_DIGITS 7

/* A reverted commit: by an abbreviated name, by its pull request's number, or by its subject. */
struct arc_message_undone {
    const char *hash; /* `len` digits in the body; NULL: by number or subject */
    size_t len;
    int64_t pull;
    const char *title; /* `len` bytes of the reverted subject; NULL: not by subject */
    bool again;        /* the reverted commit is the revert of that subject: 'Reapply "..."' */
};

/* The text that names what a commit reverts: the body or, if that names no commit, the subject.
 * NULL if it is not a revert. */
const char *arc_message_takes_back(const char *subject, const char *body);

/* The next commit that such a text names: git's "This reverts commit HASH." or the footer "Refs:
 * HASH, HASH", without one GitHub's "Reverts owner/name#12", or 'Revert "subject" (#12)'. Start
 * with *out = {0}; returns where to continue, NULL if there is none. */
const char *arc_message_next_undone(const char *at, struct arc_message_undone *out);

/* A commit of a release. Borrowed. */
struct arc_message_commit {
    const char *hash, *subject;
    int64_t pull;           /* the pull request's number; 0: none */
    const char *takes_back; /* arc_message_takes_back() */
    bool undone;
};

struct arc_message_reverts {
    struct arc_message_commit *commits; /* newest first */
    size_t count;

    /* Adds the names of the commits that a commit merged, if it is a merge; NULL: none does. */
    int (*list_merged)(void *context, const char *hash, json_t *names, struct arc_error *err);
    void *context;
};

/* Marks as undone what a revert undoes, and the revert itself if all of that is among the commits:
 * a revert of something released is a change like any other. The newest counts first, so a revert of
 * a revert leaves the original commit. */
int arc_message_cancel(const struct arc_message_reverts *reverts, struct arc_error *err);
