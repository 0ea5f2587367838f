/* Finds commits in the clone and, if that is shallow, by fetching. */
#include "base/text.h"
#include "changes/base.h"
#include "git/fetch.h"

/* What kind of ref a name is, by its form. */
enum kind { KIND_ANY, KIND_BRANCH, KIND_TAG, KIND_REF, KIND_REVISION };

struct name {
    enum kind kind;
    const char *text; /* without its prefix */
};

/* HEAD, "@", and these with suffixes. */
static bool is_head(const char *name)
{
    size_t len = ARC_STARTS(name, "HEAD") ? 4 : *name == '@';
    return len && (!name[len] || strchr("~^@", name[len]));
}

static struct name parse_name(const struct arc_git *git, const char *name)
{
    static const struct {
        const char *prefix;
        enum kind kind;
    } known[] = {
        {"refs/heads/", KIND_BRANCH},
        {"heads/", KIND_BRANCH},
        {"refs/tags/", KIND_TAG},
        {"tags/", KIND_TAG},
    };

    if (arc_event_is_sha(name) || is_head(name))
        return (struct name){KIND_REVISION, name};

    /* "refs/remotes/origin/main", "remotes/origin/main" or "origin/main". */
    static const char *const before[] = {"refs/remotes/", "remotes/", ""};
    arc_each_in (start, before) {
        const char *rest = arc_text_after(arc_text_after(name, *start), git->remote);
        if (rest && *rest == '/' && rest[1])
            return (struct name){KIND_BRANCH, rest + 1};
    }

    arc_each_in (row, known) {
        const char *rest = arc_text_after(name, row->prefix);
        if (rest && *rest)
            return (struct name){row->kind, rest};
    }

    return (struct name){ARC_STARTS(name, "refs/") ? KIND_REF : KIND_ANY, name};
}

const char *arc_base_branch_name(const struct arc_git *git, const char *name)
{
    const struct name parsed = parse_name(git, name);
    return parsed.kind == KIND_ANY || parsed.kind == KIND_BRANCH ? parsed.text : NULL;
}

/* By refs only, unless its form is a revision's. */
static int resolve_ref(const struct arc_git *git, const struct name *name, struct arc_oid *out,
                       struct arc_error *err)
{
    if (name->kind == KIND_REVISION)
        return arc_git_resolve(git, name->text, out, err);
    if (name->kind == KIND_REF)
        return arc_git_resolve_ref(git, name->text, out, err);
    if (name->kind == KIND_TAG)
        return arc_git_resolve_in(git, "refs/tags/", name->text, out, err);
    ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 4096};
    ARC_TRY(arc_git_remote_ref(git, name->text, &ref, err));
    if (arc_git_resolve_ref(git, ref.data, out, NULL) == ARC_OK)
        return ARC_OK;
    int rc = arc_git_resolve_in(git, "refs/heads/", name->text, out, err);
    if (rc && name->kind == KIND_ANY &&
        arc_git_resolve_in(git, "refs/tags/", name->text, out, NULL) == ARC_OK)
        return arc_error_except(rc, rc, err);

    return rc;
}

int arc_base_resolve(const struct arc_git *git, const char *name, struct arc_oid *out,
                     struct arc_error *err)
{
    const struct name parsed = parse_name(git, name);
    if (parsed.kind != KIND_ANY)
        return resolve_ref(git, &parsed, out, err);
    if (resolve_ref(git, &parsed, out, NULL) == ARC_OK)
        return ARC_OK;
    return arc_git_resolve(git, name, out, err);
}

/* Whether a workflow or another CI made the clone. */
static bool is_of_ci(const struct arc_base_request *request)
{
    return strcmp(request->event->name, "local") != 0 ||
           arc_env_nonempty(request->project->env, "CI");
}

bool arc_base_may_fetch(const struct arc_base_request *request)
{
    /* Only clones that may lack refs of the remote need the network: a CI's, which may have a
     * single branch, and shallow or partial ones. */
    bool may = request->fetch_depth && (is_of_ci(request) || arc_git_is_partial(request->git));
    arc_git_allow_fetching(request->git, may ? request->fetch_depth : 0);
    return may;
}

static void add_sha(const char *sha, struct arc_oid *list, size_t *count)
{
    if (arc_event_is_sha(sha) && !arc_event_is_null_sha(sha))
        list[(*count)++] = arc_oid_of(sha);
}

/* Fetches a ref by the name the remote has for it, with history of the event's and the checkout's
 * commits. */
static int fetch_name(const struct arc_base_request *request, const struct name *name,
                      struct arc_oid *out, struct arc_error *err)
{
    const struct arc_event *event = request->event;
    ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 4096};
    struct arc_oid also[2];
    size_t count = 0;

    if (arc_event_is_pull_request(event)) {
        add_sha(event->head_sha, also, &count);
        add_sha(event->base_sha, also, &count);
    } else if (arc_git_head(request->git, &also[0], NULL, NULL) == ARC_OK)
        count = 1;

    arc_buf_printf(&ref, "%s%s", name->kind == KIND_TAG ? "refs/tags/" : "", name->text);
    ARC_TRY(arc_buf_check(&ref, "the name of a ref", err));
    return arc_git_fetch(request->git, arc_buf_text(&ref), also, count, out, err);
}

int arc_base_find(const struct arc_base_request *request, const char *name, struct arc_oid *out,
                  struct arc_error *err)
{
    size_t start = strcspn(name, "~^"); /* not valid in the name of a ref */

    if (start && name[start]) { /* "main~2", "HEAD^": resolves the name, then follows the steps */
        ARC_AUTO_FREE char *bare = strndup(name, start);
        struct arc_oid from;
        ARC_TRY_ALLOC(bare, err);
        ARC_TRY(arc_base_find(request, bare, &from, err));
        ARC_TRY_PREFIX(arc_git_find_ancestor(request->git, &from, name + start, out, err), err,
                       "'%.200s'", name);
        return ARC_OK;
    }

    ARC_AUTO(arc_error) struct arc_error missing = {0}, fetching = {0};
    const struct name parsed = parse_name(request->git, name);
    bool may = arc_base_may_fetch(request);
    int rc = resolve_ref(request->git, &parsed, out, &missing);

    if (!rc)
        return ARC_OK;

    if (rc == ARC_ENOTFOUND && may && !is_head(name) &&
        fetch_name(request, &parsed, out, &fetching) == ARC_OK)
        return ARC_OK;

    if (parsed.kind == KIND_ANY) {
        arc_error_clear(&missing);
        rc = arc_base_resolve(request->git, name, out, &missing);
    }

    if (!rc)
        return ARC_OK;
    ARC_TRY(arc_error_memory(fetching.code, err));
    if (fetching.code)
        return arc_error_set(err, missing.code, "%s; fetching it failed: %s",
                             arc_error_text(&missing), arc_error_text(&fetching));

    if (rc == ARC_ENOTFOUND && request->fetch_depth &&
        !may) /* Jenkins' jobs look like a person's */
        return arc_error_set(err, rc,
                             "%s; outside CI nothing is fetched (CI=true lets arc-ci fetch)",
                             arc_error_text(&missing));

    return arc_error_pass(rc, &missing, err);
}

int arc_base_find_latest(const struct arc_base_request *request, const char *name,
                         struct arc_oid *out, struct arc_error *err)
{
    const struct arc_git *git = request->git;
    const struct name parsed = parse_name(git, name);
    ARC_AUTO(arc_buf) struct arc_buf own = {.max = 4096}, tracked = {.max = 4096};
    ARC_AUTO(arc_error) struct arc_error refused = {0};
    struct arc_oid found, head;

    /* The clone may have an old state of the remote's branch or tag: a reused workspace keeps it,
     * and a shallow clone only fetched what is checked out. */
    bool may = parsed.kind != KIND_REVISION && parsed.kind != KIND_REF && is_of_ci(request) &&
               arc_git_is_shallow(git) && arc_base_may_fetch(request);
    arc_buf_printf(&own, "refs/remotes/%s/%s", git->remote, parsed.text);

    if (may && !own.failed && arc_git_remote_ref(git, parsed.text, &tracked, NULL) == ARC_OK &&
        strcmp(tracked.data, own.data) == 0 && resolve_ref(git, &parsed, &found, NULL) == ARC_OK &&
        arc_git_head(git, &head, NULL, NULL) == ARC_OK && strcmp(found.hex, head.hex) != 0 &&
        fetch_name(request, &parsed, out, &refused) == ARC_OK)
        return ARC_OK;

    return arc_base_find(request, name, out, err);
}

int arc_base_merge_base(const struct arc_base_request *request, const struct arc_oid *a,
                        const struct arc_oid *b, struct arc_oid *out, struct arc_error *err)
{
    const struct arc_git *git = request->git;
    bool asks = arc_base_may_fetch(request) && request->token && arc_git_is_shallow(git);
    if (asks &&
        (arc_git_merge_base(git, a, b, out, NULL) == ARC_OK ||
         arc_changes_api_merge_base(request->project->env, request->event, a, b, out, NULL) == 0))
        return ARC_OK;
    return arc_git_find_merge_base(git, a, b, out, err);
}

int arc_base_ancestors(const struct arc_base_request *request, const struct arc_oid *head,
                       const struct arc_oid *commits, size_t count, bool *are,
                       struct arc_error *err)
{
    arc_base_may_fetch(request);
    return arc_git_find_ancestors(request->git, head, commits, count, are, err);
}

int arc_base_parent(const struct arc_base_request *request, const struct arc_oid *commit,
                    struct arc_oid *out, struct arc_error *err)
{
    ARC_AUTO(arc_git_commit) struct arc_git_commit found = {0};
    bool may = arc_base_may_fetch(request);

    ARC_TRY(arc_git_commit(request->git, commit, &found, err));
    *out = found.parent;
    if (!*out->hex || arc_git_has(request->git, out))
        return ARC_OK;

    if (!may)
        return arc_error_set(err, ARC_ENOTFOUND,
                             "the commit before %.12s is not in this clone, whose history is cut "
                             "(fetch-depth: 2 of actions/checkout gets it)",
                             commit->hex);

    ARC_TRY_PREFIX(arc_git_fetch_trees(request->git, out, 1, err), err,
                   "the commit before %.12s is not in this clone", commit->hex);
    return ARC_OK;
}
