/* The commits of a range where history is cut: libgit2 1.5 knows no shallow boundary and gives up
 * at the first parent that is missing. Such histories are short, so plain lists do. */
#include "base/auto.h"
#include "git/lib.h"
#include <string.h>

/* A commit that was met. */
struct met {
    git_oid oid;
    git_time_t time;
    bool hidden; /* reachable from the commit whose history is left out */
    bool done;   /* its parents have been met */
};

struct meeting {
    git_repository *repo;
    struct met *list;
    size_t count, size;
};

static int meet(struct meeting *all, const git_oid *oid, bool hidden)
{
    git_commit *commit = NULL;
    for (size_t i = 0; i < all->count; i++)
        if (git_oid_equal(&all->list[i].oid, oid)) {
            bool news = hidden && !all->list[i].hidden;
            all->list[i].hidden |= hidden;
            all->list[i].done &= !news;
            return 0;
        }
    int rc = git_commit_lookup(&commit, all->repo, oid);
    if (rc == GIT_ENOTFOUND) /* behind the boundary */
        return 0;
    if (rc < 0)
        return rc;
    if (all->count == all->size) {
        size_t size = all->size ? 2 * all->size : 64;
        struct met *grown = realloc(all->list, size * sizeof *grown);
        if (!grown) {
            git_commit_free(commit);
            return GIT_ERROR;
        }
        all->list = grown;
        all->size = size;
    }
    all->list[all->count++] = (struct met){*oid, git_commit_time(commit), hidden, false};
    git_commit_free(commit);
    return 0;
}

static int meet_parents(struct meeting *all, size_t index)
{
    git_commit *commit = NULL;
    bool hidden = all->list[index].hidden;
    all->list[index].done = true;
    int rc = git_commit_lookup(&commit, all->repo, &all->list[index].oid);
    for (unsigned i = 0; !rc && i < git_commit_parentcount(commit); i++)
        rc = meet(all, git_commit_parent_id(commit, i), hidden);
    git_commit_free(commit);
    return rc;
}

static int newest_first(const void *a, const void *b)
{
    const struct met *x = a, *y = b;
    return (x->time < y->time) - (x->time > y->time);
}

/* Keeps what is not hidden, newest first; commits of one second stay in the order of the walk. */
static void settle(struct meeting *all)
{
    size_t kept = 0;
    for (size_t i = 0; i < all->count; i++)
        if (!all->list[i].hidden)
            all->list[kept++] = all->list[i];
    all->count = kept;
    for (size_t i = 1; i < kept; i++) { /* insertion: nearly sorted already, and stable */
        struct met moving = all->list[i];
        size_t at = i;
        for (; at && newest_first(&all->list[at - 1], &moving) > 0; at--)
            all->list[at] = all->list[at - 1];
        all->list[at] = moving;
    }
}

int arc_git_shallow_range(git_repository *repo, const git_oid *from, const git_oid *to,
                          git_oid **out, size_t *count)
{
    struct meeting all = {.repo = repo};
    int rc = meet(&all, to, false);
    if (!rc && from)
        rc = meet(&all, from, true);
    for (bool more = true; !rc && more;) {
        more = false;
        for (size_t i = 0; !rc && i < all.count; i++)
            if (!all.list[i].done) {
                more = true;
                rc = meet_parents(&all, i);
            }
    }
    if (!rc)
        settle(&all);
    *out = rc ? NULL : calloc(all.count + 1, sizeof **out);
    *count = *out ? all.count : 0;
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = all.list[i].oid;
    free(all.list);
    return rc || *out ? rc : GIT_ERROR;
}
