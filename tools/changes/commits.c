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

/* What a name says it is. */
enum kind { KIND_ANY, KIND_BRANCH, KIND_TAG, KIND_REF, KIND_REVISION };

struct name {
    enum kind kind;
    const char *text; /* without what says so */
};

/* HEAD, "@" and what follows them. */
static bool is_head(const char *name)
{
    size_t len = strncmp(name, "HEAD", 4) == 0 ? 4 : *name == '@';
    return len && (!name[len] || strchr("~^@", name[len]));
}

static struct name parse_name(const char *name)
{
    static const struct {
        const char *prefix;
        enum kind kind;
    } known[] = {
        {"refs/heads/", KIND_BRANCH},
        {"heads/", KIND_BRANCH},
        {"refs/remotes/origin/", KIND_BRANCH},
        {"remotes/origin/", KIND_BRANCH},
        {"origin/", KIND_BRANCH},
        {"refs/tags/", KIND_TAG},
        {"tags/", KIND_TAG},
    };
    if (arc_event_is_sha(name) || is_head(name))
        return (struct name){KIND_REVISION, name};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t len = strlen(known[i].prefix);
        if (strncmp(name, known[i].prefix, len) == 0 && name[len])
            return (struct name){known[i].kind, name + len};
    }
    return (struct name){strncmp(name, "refs/", 5) == 0 ? KIND_REF : KIND_ANY, name};
}

const char *arc_base_branch_name(const char *name)
{
    const struct name parsed = parse_name(name);
    return parsed.kind == KIND_ANY || parsed.kind == KIND_BRANCH ? parsed.text : NULL;
}

/* By refs alone. */
static int resolve_ref(const struct arc_git *git, const struct name *name, struct arc_oid *out,
                       struct arc_error *err)
{
    if (name->kind == KIND_REF)
        return arc_git_resolve_ref(git, name->text, out, err);
    if (name->kind == KIND_TAG)
        return try_ref(git, "refs/tags/", name->text, out, err);
    if (try_ref(git, REMOTE, name->text, out, NULL) == ARC_OK)
        return ARC_OK;
    int rc = try_ref(git, "refs/heads/", name->text, out, err);
    if (rc != ARC_OK && name->kind == KIND_ANY &&
        try_ref(git, "refs/tags/", name->text, out, NULL) == ARC_OK) {
        arc_error_clear(err);
        return ARC_OK;
    }
    return rc;
}

int arc_base_resolve(const struct arc_git *git, const char *name, struct arc_oid *out,
                     struct arc_error *err)
{
    const struct name parsed = parse_name(name);
    if (parsed.kind == KIND_REVISION)
        return arc_git_resolve(git, name, out, err);
    if (parsed.kind != KIND_ANY)
        return resolve_ref(git, &parsed, out, err);
    return resolve_ref(git, &parsed, out, NULL) == ARC_OK ? ARC_OK
                                                          : arc_git_resolve(git, name, out, err);
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

/* As the remote is asked for it. */
static int fetch_name(const struct arc_base_request *request, const struct name *name,
                      struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf tag = {.max = 4096};
    unsigned depth = arc_git_is_shallow(request->git) ? 1 : 0;
    if (name->kind != KIND_TAG)
        return arc_git_fetch(request->git, request->env, name->text, depth, err);
    arc_buf_printf(&tag, "refs/tags/%s", name->text);
    ARC_TRY(arc_buf_check(&tag, "the name of a tag", err));
    return arc_git_fetch(request->git, request->env, tag.data, depth, err);
}

int arc_base_find(const struct arc_base_request *request, const char *name, struct arc_oid *out,
                  struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error missing = {0};
    ARC_AUTO(arc_error) struct arc_error fetching = {0};
    const struct name parsed = parse_name(name);
    bool is_ref = parsed.kind != KIND_REVISION;
    int rc = is_ref ? resolve_ref(request->git, &parsed, out, &missing)
                    : arc_git_resolve(request->git, name, out, &missing);
    if (!rc)
        return ARC_OK;
    bool fetched = rc == ARC_ENOTFOUND && may_fetch(request) && !is_head(name) &&
                   fetch_name(request, &parsed, &fetching) == ARC_OK;
    if (fetched || parsed.kind == KIND_ANY) {
        arc_error_clear(&missing);
        rc = arc_base_resolve(request->git, name, out, &missing);
    }
    if (!rc)
        return ARC_OK;
    if (fetching.code)
        return both(&missing, &fetching, err);
    return arc_error_set(err, rc, "%s", arc_error_text(&missing));
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
