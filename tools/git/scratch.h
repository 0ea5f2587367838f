/* Fetched objects are stored outside of the clone, in repositories in a temporary folder: the
 * clone, its configuration and the result of a later `git fetch` stay the same, and parallel runs
 * cannot disturb each other. In this process the objects count as the clone's own. */
#pragma once

#include "git/lib.h"
#include "git/run.h"

/* The parts of the scratch repository. One must not tell the remote that it has another's
 * objects. */
enum arc_git_part {
    ARC_GIT_COMMITS, /* only commits */
    ARC_GIT_SINGLE,  /* the same, without their history */
    ARC_GIT_APART,   /* commits of a tip that a branch lacks */
    ARC_GIT_BLOBS,   /* single blobs, separate because a remote assumes that having a commit means
                        having its blobs */
    ARC_GIT_TREES,   /* commits with their trees */
    ARC_GIT_PARTS,
};

/* The --depth that git uses for --unshallow. */
#define ARC_GIT_UNSHALLOW "--depth=2147483647"

/* How much history to request. */
enum arc_git_way { ARC_GIT_BY_DATE, ARC_GIT_BY_DEPTH, ARC_GIT_WHOLE };

/* A set of commits. */
struct arc_git_list {
    struct arc_oid *items;
    size_t count;
};

struct arc_git_scratch {
    bool allowed;                        /* to fetch */
    bool gave_up;                        /* to wait for the remote */
    struct arc_git parts[ARC_GIT_PARTS]; /* .repo is NULL until needed */
    struct arc_git_list tips;            /* commits whose history was needed */
    struct arc_git_list wants;           /* what was requested for them */
    enum arc_git_way way;
    int64_t since; /* all newer ancestors of `tips` are present; INT64_MAX: unknown */
    unsigned depth;
    unsigned fetches; /* so far */
    char *branch;     /* full name of the remote's branch fetched last; NULL: none */
    struct arc_oid branch_tip;
    json_t *tags;             /* the remote's tags: name → commit; NULL: not requested yet */
    json_t *annotated;        /* of these, name → the tag's own object; NULL: not requested yet */
    struct arc_history *walk; /* for what is an ancestor of `walk_head`; NULL: none */
    struct arc_oid walk_head;
    unsigned walk_fetches; /* `fetches` when it began */
};

void arc_git_scratch_free(struct arc_git_scratch *scratch);

/* Fetches refspecs (one a line) into a part; `how` may be NULL. If the server refuses
 * objects by name, fetches everything its refs reach; if it has no support for depths, the whole
 * history. ARC_ENOTFOUND if the remote does not have it, or without a remote or git; ARC_EWORLD if
 * it cannot be reached. */
int arc_git_scratch_fetch(const struct arc_git *git, enum arc_git_part part, const char *how,
                          const struct arc_buf *refspecs, struct arc_error *err);

/* Forgets the fetched commits, so that the remote is not told about them. */
int arc_git_scratch_restart(const struct arc_git *git, struct arc_error *err);

/* The same with names of objects. */
int arc_git_fetch_commits(const struct arc_git *git, enum arc_git_part part, const char *how,
                          const struct arc_oid *commits, size_t count, struct arc_error *err);

/* Fetches the trees of two commits (`from` may be NULL) together if they are known to be missing,
 * and records which. Other missing objects are found while reading. */
void arc_git_fetch_absent(const struct arc_git *git, const struct arc_oid *from,
                          const struct arc_oid *to, bool fetched[2]);

bool arc_git_list_has(const struct arc_git_list *list, const struct arc_oid *commit);
/* Does nothing if it is present. */
int arc_git_list_add(struct arc_git_list *list, const struct arc_oid *commit,
                     struct arc_error *err);

/* Runs git where it sees all objects, the clone's and the fetched ones, and can fetch files that it
 * needs: in a part of the scratch if the clone may lack some, else in the clone. */
int arc_git_scratch_run(const struct arc_git *git, const char *const *words, unsigned seconds,
                        struct arc_process_result *result, struct arc_error *err);
