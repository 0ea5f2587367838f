/* Finding commits: in the clone, and where its history is cut, by fetching. */
#include "base/auto.h"
#include "changes/base.h"
#include "git/fetch.h"
#include <string.h>

#define REMOTE "refs/remotes/origin/"

static int try_ref(const struct arc_git *git, const char *prefix, const char *name,
                   struct arc_oid *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 4096};
    arc_buf_printf(&ref, "%s%s", prefix, name);
    int rc = arc_buf_check(&ref, "the name of a ref", err);
    return rc ? rc : arc_git_resolve_ref(git, ref.data, out, err);
}

int arc_base_resolve(const struct arc_git *git, const char *name, struct arc_oid *out,
                     struct arc_error *err)
{
    static const char *const prefixes[] = {REMOTE, "refs/heads/", "refs/tags/"};
    if (strncmp(name, "refs/heads/", 11) == 0 && try_ref(git, REMOTE, name + 11, out, NULL) == 0)
        return ARC_OK;
    if (strncmp(name, "refs/", 5) == 0)
        return arc_git_resolve_ref(git, name, out, err);
    for (size_t i = 0; !arc_event_is_sha(name) && i < sizeof prefixes / sizeof *prefixes; i++)
        if (try_ref(git, prefixes[i], name, out, NULL) == ARC_OK)
            return ARC_OK;
    return arc_git_resolve(git, name, out, err);
}

/* A whole clone in somebody's hands has what it has: only a workflow's, or one whose history is
 * cut, may lack what the origin has. */
static bool may_fetch(const struct arc_base_request *request)
{
    return request->fetch_depth &&
           (strcmp(request->event->name, "local") != 0 || arc_git_is_shallow(request->git));
}

/* Both errors in one: what is missing, and why fetching it did not help. */
static int both(struct arc_error *missing, struct arc_error *fetching, struct arc_error *err)
{
    if (fetching->code == ARC_ENOMEM)
        return arc_error_nomem(err);
    return arc_error_set(err, missing->code, "%s; fetching it failed: %s", arc_error_text(missing),
                         arc_error_text(fetching));
}

int arc_base_find(const struct arc_base_request *request, const char *name, struct arc_oid *out,
                  struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error missing = {0};
    ARC_AUTO(arc_error) struct arc_error fetching = {0};
    int rc = arc_base_resolve(request->git, name, out, &missing);
    if (!rc)
        return ARC_OK;
    if (rc != ARC_ENOTFOUND || !may_fetch(request))
        return arc_error_set(err, rc, "%s", arc_error_text(&missing));
    unsigned depth = arc_git_is_shallow(request->git) ? 1 : 0;
    rc = arc_git_fetch(request->git, request->env, name, depth, &fetching);
    return rc ? both(&missing, &fetching, err) : arc_base_resolve(request->git, name, out, err);
}

static int common(const struct arc_base_request *request, const struct arc_oid *a,
                  const struct arc_oid *b, struct arc_oid *out, struct arc_error *err)
{
    if (strcmp(a->hex, b->hex) == 0) {
        *out = *a;
        return ARC_OK;
    }
    if (arc_git_is_shallow(request->git))
        return arc_git_merge_base_shallow(request->git, request->env, a, b, out, err);
    return arc_git_merge_base(request->git, a, b, out, err);
}

int arc_base_merge_base(const struct arc_base_request *request, const struct arc_oid *a,
                        const struct arc_oid *b, struct arc_oid *out, struct arc_error *err)
{
    unsigned depth = request->fetch_depth;
    bool more = arc_git_is_shallow(request->git) && depth;
    ARC_AUTO(arc_error) struct arc_error missing = {0};
    ARC_AUTO(arc_error) struct arc_error fetching = {0};
    int rc = common(request, a, b, out, &missing);
    while (rc == ARC_ENOTFOUND && more) {
        if (arc_git_deepen(request->git, request->env, a, b, depth, &more, &fetching))
            return both(&missing, &fetching, err);
        depth = depth > 500000 ? 1000000 : 2 * depth;
        rc = common(request, a, b, out, &missing);
    }
    return rc ? arc_error_set(err, rc, "%s", arc_error_text(&missing)) : ARC_OK;
}

int arc_base_parent(const struct arc_base_request *request, const struct arc_oid *commit,
                    struct arc_oid *out, struct arc_error *err)
{
    struct arc_git_commit found;
    bool more;
    int rc = arc_git_commit(request->git, commit, &found, err);
    if (rc)
        return rc;
    *out = found.parent;
    arc_git_commit_free(&found);
    if (!*out->hex || arc_git_has(request->git, out))
        return ARC_OK;
    if (!may_fetch(request))
        return arc_error_set(err, ARC_ENOTFOUND,
                             "the commit before %.12s is not in this clone, whose history is cut "
                             "(fetch-depth: 2 of actions/checkout gets it)",
                             commit->hex);
    rc = arc_git_deepen(request->git, request->env, commit, NULL, 1, &more, err);
    if (rc)
        return arc_error_prefix(err, "the commit before %.12s is not in this clone", commit->hex);
    if (!arc_git_has(request->git, out))
        return arc_error_set(err, ARC_ENOTFOUND, "the commit before %.12s cannot be fetched",
                             commit->hex);
    return ARC_OK;
}
