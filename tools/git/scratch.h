/* What is fetched lies beside the clone, in repositories of our own in a temporary folder: the
 * clone, its configuration and what a later `git fetch` brings stay as they were, and runs side by
 * side cannot disturb one another. The objects count as the clone's own in this process. */
#pragma once

#include "git/lib.h"
#include "os/process.h"

/* Which repository: what one has, the other must not tell the remote that it has. */
enum arc_git_part {
    ARC_GIT_COMMITS, /* commits alone */
    ARC_GIT_SINGLE,  /* the same, without their history */
    ARC_GIT_APART,   /* those of a tip that a branch has not */
    ARC_GIT_BLOBS,   /* single blobs: who has a commit has those of its trees, to a remote */
    ARC_GIT_TREES,   /* commits with their trees */
    ARC_GIT_PARTS,
};

/* How the history is asked for. */
/* --depth of git's own --unshallow. */
#define ARC_GIT_UNSHALLOW "--depth=2147483647"

enum arc_git_way { ARC_GIT_BY_DATE, ARC_GIT_BY_DEPTH, ARC_GIT_WHOLE };

/* A set of commits. */
struct arc_git_list {
    struct arc_oid *items;
    size_t count;
};

struct arc_git_scratch {
    const struct arc_env *env;           /* borrowed */
    bool allowed;                        /* to fetch */
    struct arc_git parts[ARC_GIT_PARTS]; /* .repo is NULL before it is needed */
    struct arc_git_list tips;            /* commits that history was needed of */
    struct arc_git_list wants;           /* what was asked for on their account */
    enum arc_git_way way;
    int64_t since; /* everything newer that `tips` lead to is here; INT64_MAX: not known */
    unsigned depth;
    unsigned fetches; /* so far */
    char *branch;     /* the remote's branch that was fetched last, a full name; NULL for none */
    struct arc_oid branch_tip;
    json_t *tags; /* the remote's: name to commit; NULL before it was asked */
};

void arc_git_scratch_free(struct arc_git_scratch *scratch);

/* Fetches refspecs (an array of strings) into a part; `how` may be NULL. All that refs lead to,
 * where the server refuses objects by name. ARC_ENOTFOUND when the remote has no such thing, there
 * is no remote or no git; ARC_EWORLD when it cannot be reached. */
int arc_git_scratch_fetch(const struct arc_git *git, enum arc_git_part part, const char *how,
                          const json_t *refspecs, struct arc_error *err);

/* Forgets the commits that were fetched, and what they told the remote is here. */
int arc_git_scratch_restart(const struct arc_git *git, struct arc_error *err);

/* Adds "+<object>:refs/arc/<fetches>/<object>": the next fetch tells the remote what is here by the
 * refs of those before it; and a ref that is there already would not be asked for again, as must be
 * to get more of its history. */
int arc_git_add_refspec(const struct arc_git *git, json_t *refspecs, const struct arc_oid *object,
                        struct arc_error *err);

/* The same with the names of objects. A server that knows no depths sends all of the history. */
int arc_git_fetch_commits(const struct arc_git *git, enum arc_git_part part, const char *how,
                          const struct arc_oid *commits, size_t count, struct arc_error *err);

/* Gets the trees of two commits (`from` may be NULL) in one go, where they are known to be missing,
 * and notes of which it did. What else is missing is found while they are read. */
void arc_git_fetch_absent(const struct arc_git *git, const struct arc_oid *from,
                          const struct arc_oid *to, bool fetched[2]);

bool arc_git_list_has(const struct arc_git_list *list, const struct arc_oid *commit);
/* Does nothing when it is there. */
int arc_git_list_add(struct arc_git_list *list, const struct arc_oid *commit,
                     struct arc_error *err);

/* Runs git as the machine is set up to, then, where the remote refuses that, with the token. */
int arc_git_run_remote(const struct arc_git *git, const struct arc_env *env,
                       const char *const *words, const struct arc_buf *input, unsigned seconds,
                       struct arc_process_result *result, struct arc_error *err);

/* Runs git where all objects are, the clone's and what was fetched, and where it may fetch files
 * that it needs: in a part of this, where the clone may lack some, else in the clone. */
int arc_git_scratch_run(const struct arc_git *git, const char *const *words, unsigned seconds,
                        struct arc_process_result *result, struct arc_error *err);
