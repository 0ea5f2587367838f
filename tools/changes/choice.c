#include "changes/base.h"
#include "base/auto.h"
#include "base/text.h"
#include <string.h>

#define HEADS "refs/heads/"
#define TAGS  "refs/tags/"

static bool starts(const char *text, const char *prefix)
{
    return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

/* "refs/heads/x" and "refs/tags/x" → "x"; NULL stays NULL. */
static const char *short_name(const char *ref)
{
    if (starts(ref, HEADS))
        return ref + strlen(HEADS);
    return starts(ref, TAGS) ? ref + strlen(TAGS) : ref;
}

/* Formats for people: whatever a ref is called, it stays on its line. */
__attribute__((format(printf, 1, 0))) static char *visible(const char *format, va_list args)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 4096};
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 16384};
    arc_buf_vprintf(&text, format, args);
    arc_text_visible(&shown, arc_buf_text(&text), text.len);
    return text.failed ? NULL : arc_buf_steal(&shown);
}

static int reason(char **out, struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int reason(char **out, struct arc_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    free(*out);
    *out = visible(format, args);
    va_end(args);
    return *out ? ARC_OK : arc_error_nomem(err);
}

static int warn(struct arc_base *out, struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int warn(struct arc_base *out, struct arc_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ARC_AUTO_FREE char *text = visible(format, args);
    va_end(args);
    if (!text || json_array_append_new(out->warnings, json_string(text)) != 0)
        return arc_error_nomem(err);
    return ARC_OK;
}

/* What every rule below needs at hand. */
struct choice {
    const struct arc_base_request *request;
    const struct arc_git *git;
    const struct arc_event *event;
    struct arc_base *out;
    struct arc_error *err;
};

static int need(const struct choice *c, const char *name, struct arc_oid *out)
{
    return arc_base_find(c->request, name, out, c->err);
}

/* The head: the ref input; else the commit of the event, not where its branch has moved to since;
 * else what is checked out. */
static int choose_head(const struct choice *c)
{
    struct arc_base *out = c->out;
    const struct arc_event *event = c->event;
    if (c->request->ref) {
        int rc = need(c, c->request->ref, &out->head);
        return rc ? arc_error_prefix(c->err, "ref")
                  : reason(&out->head_reason, c->err, "input ref: %s", c->request->ref);
    }
    bool other = strcmp(event->name, "workflow_run") == 0 || arc_event_is_pull_request(event);
    const char *sha = other && event->head_sha ? event->head_sha : event->sha;
    if (sha) {
        int rc = need(c, sha, &out->head);
        return rc ? arc_error_prefix(c->err, "the event's commit")
                  : reason(&out->head_reason, c->err, "the %s event's commit", event->name);
    }
    int rc = event->ref ? need(c, event->ref, &out->head)
                        : arc_git_head(c->git, &out->head, NULL, c->err);
    return rc ? rc : reason(&out->head_reason, c->err, "%s", event->ref ? event->ref : "HEAD");
}

static int everything(const struct choice *c, const char *why)
{
    c->out->kind = ARC_BASE_EVERYTHING;
    return reason(&c->out->base_reason, c->err, "none: %s", why);
}

/* What `head` added since it left `name`. */
static int since_merge_base(const struct choice *c, const char *name, const char *why)
{
    struct arc_base *out = c->out;
    struct arc_oid other;
    int rc = need(c, name, &other);
    if (rc)
        return arc_error_prefix(c->err, "base");
    rc = arc_base_merge_base(c->request, &other, &out->head, &out->base, c->err);
    if (!rc)
        return reason(&out->base_reason, c->err, "merge base with %s (%s)", name, why);
    if (rc != ARC_ENOTFOUND)
        return rc;
    arc_error_clear(c->err);
    out->base = other;
    rc = warn(out, c->err, "no merge base with '%s': comparing with it directly", name);
    return rc ? rc : reason(&out->base_reason, c->err, "%s itself: there is no merge base", name);
}

static int since_commit(const struct choice *c, const char *sha, const char *why)
{
    int rc = need(c, sha, &c->out->base);
    return rc ? arc_error_prefix(c->err, "base") : reason(&c->out->base_reason, c->err, "%s", why);
}

/* The last commit alone: against its first parent. */
static int last_commit(const struct choice *c, const char *why)
{
    int rc = arc_base_parent(c->request, &c->out->head, &c->out->base, c->err);
    if (rc)
        return rc;
    if (!*c->out->base.hex)
        return everything(c, "the head is the first commit");
    return reason(&c->out->base_reason, c->err, "the commit before the head: %s", why);
}

/* After a forced push the commit before it is no ancestor: what it had and the new one has not is
 * no change of this push. Where the event does not say that there was none, history is searched,
 * which takes as long as `git merge-base`. */
static int since_forced_push(const struct choice *c)
{
    struct arc_base *out = c->out;
    struct arc_oid before = out->base, common;
    if (c->event->forward)
        return ARC_OK;
    int rc = arc_base_merge_base(c->request, &before, &out->head, &common, NULL);
    if (rc == ARC_ENOTFOUND)
        return reason(&out->base_reason, c->err,
                      "the commit before the push, which has no history in common with it");
    if (rc || strcmp(common.hex, before.hex) == 0)
        return rc;
    out->base = common;
    return reason(&out->base_reason, c->err,
                  "merge base with the commit before the push, which was a forced one");
}

/* A push to the branch that is the base itself. */
static int push_to_base(const struct choice *c, const char *base)
{
    const struct arc_event *event = c->event;
    struct arc_base *out = c->out;
    if (arc_event_is_null_sha(event->before)) {
        if (event->default_branch && strcmp(base, event->default_branch) != 0)
            return since_merge_base(c, event->default_branch, "the first push of the branch");
        return everything(c, "the first push of the default branch");
    }
    int rc = since_commit(c, event->before, "the commit before the push");
    if (rc == ARC_ENOTFOUND) {
        ARC_AUTO(arc_error) struct arc_error missing = *c->err;
        *c->err = (struct arc_error){0};
        rc = warn(out, c->err,
                  "the commit before the push cannot be had (after a forced push it may be gone): "
                  "every file counts as added; %s",
                  arc_error_text(&missing));
        return rc ? rc : everything(c, "the commit before the push cannot be had");
    }
    return rc ? rc : since_forced_push(c);
}

/* Sets *chosen unless the tag is no version's. */
static int tag_push(const struct choice *c, const char *tag, bool *chosen)
{
    ARC_AUTO_FREE char *previous = NULL;
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    ARC_AUTO(arc_buf) struct arc_buf ref = {0};
    int rc = arc_base_previous_tag(c->request, tag, &previous, &problem);
    *chosen = rc != ARC_EINPUT;
    if (rc == ARC_EINPUT)
        return ARC_OK;
    if (rc == ARC_ENOMEM)
        return arc_error_nomem(c->err);
    if (rc) {
        rc = warn(c->out, c->err, "the previous tag is not known: every file counts as added; %s",
                  arc_error_text(&problem));
        return rc ? rc : everything(c, "the previous tag is not known");
    }
    if (!previous)
        return everything(c, "the first release of its tags");
    arc_buf_printf(&ref, TAGS "%s", previous);
    rc = need(c, arc_buf_text(&ref), &c->out->base);
    return rc ? arc_error_prefix(c->err, "the previous tag")
              : reason(&c->out->base_reason, c->err, "previous tag of the group: %s", previous);
}

/* The branch that counts when no base is given. A clone knows what its origin had checked out. */
static int default_branch(const struct choice *c, char **out)
{
    const char *usual[] = {c->event->default_branch, NULL, "main", "master"};
    ARC_AUTO_FREE char *origin = NULL;
    struct arc_oid oid;
    int rc = arc_git_origin_branch(c->git, &origin, c->err);
    if (rc)
        return rc;
    usual[1] = origin;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (usual[i] && (i == 0 || arc_base_resolve(c->git, usual[i], &oid, NULL) == ARC_OK)) {
            *out = strdup(usual[i]);
            return *out ? ARC_OK : arc_error_nomem(c->err);
        }
    return arc_error_set(c->err, ARC_EINPUT,
                         "there is no base to compare with: neither the event nor the clone "
                         "(origin/HEAD) names a default branch, and there is no branch main or "
                         "master; give one with --base");
}

static int head_name(const struct choice *c, char **out)
{
    const struct arc_event *event = c->event;
    const char *name = c->request->ref                            ? c->request->ref
                       : strcmp(event->name, "workflow_run") == 0 ? event->head_branch
                                                                  : event->ref;
    if (name) {
        *out = strdup(short_name(name));
        return *out ? ARC_OK : arc_error_nomem(c->err);
    }
    struct arc_oid oid;
    int rc = arc_git_head(c->git, &oid, out, c->err);
    return rc;
}

/* Every event without a rule of its own: push, workflow_dispatch, schedule, a run by hand, … */
static int by_branch(const struct choice *c)
{
    ARC_AUTO_FREE char *fallback = NULL;
    ARC_AUTO_FREE char *head = NULL;
    const char *base = short_name(c->request->base);
    const char *why = base ? "input base" : "default branch";
    int rc = base ? ARC_OK : default_branch(c, &fallback);
    if (!rc)
        rc = head_name(c, &head);
    if (rc)
        return rc;
    base = base ? base : fallback;
    if (arc_event_is_sha(base) && !arc_event_is_null_sha(base))
        return since_commit(c, base, "input base");
    if (!head || strcmp(base, head) != 0)
        return since_merge_base(c, base, why);
    if (c->event->before)
        return push_to_base(c, base);
    return last_commit(c, strcmp(c->event->name, "local") == 0
                              ? "the head is on the base branch"
                              : "the event names no commit before it");
}

/* The merge base of a pull request, without fetching or with. */
static int pull_request_commits(const struct choice *c, bool fetching)
{
    struct arc_base_request request = *c->request;
    const struct arc_event *event = c->event;
    struct arc_base *out = c->out;
    struct arc_oid base;
    arc_error_clear(c->err);
    if (!fetching)
        request.fetch_depth = 0;
    int rc = arc_base_find(&request, event->head_sha, &out->head, c->err);
    if (!rc)
        rc = arc_base_find(&request, event->base_sha, &base, c->err);
    if (!rc)
        rc = arc_base_merge_base(&request, &base, &out->head, &out->base, c->err);
    if (rc)
        return arc_error_prefix(c->err, "the pull request's commits are not all in this clone");
    rc = reason(&out->head_reason, c->err, "the pull request's newest commit");
    return rc ? rc
              : reason(&out->base_reason, c->err, "merge base of the pull request and %s",
                       event->base_ref ? event->base_ref : "its base");
}

static int listed_by_api(const struct choice *c)
{
    struct arc_base *out = c->out;
    arc_error_clear(c->err);
    out->kind = ARC_BASE_PULL_REQUEST;
    out->head = out->base = (struct arc_oid){{0}};
    int rc = reason(&out->base_reason, c->err,
                    "the files that the API lists for pull request %" JSON_INTEGER_FORMAT,
                    c->event->number);
    return rc ? rc : reason(&out->head_reason, c->err, "the pull request's newest commit");
}

static int pull_request(const struct choice *c)
{
    const struct arc_event *event = c->event;
    struct arc_base *out = c->out;
    int rc = ARC_OK;
    if (c->request->ref)
        rc = warn(out, c->err, "'ref' is ignored: the event is a pull request");
    if (!rc && c->request->base)
        rc = warn(out, c->err, "'base' is ignored: the event is a pull request");
    if (rc)
        return rc;
    if (!event->base_sha || !event->head_sha)
        return arc_error_set(c->err, ARC_EINPUT,
                             "the %s event names no pull request (pull_request.base.sha and "
                             "head.sha)",
                             event->name);
    rc = pull_request_commits(c, false);
    if (rc == ARC_ENOTFOUND && c->request->api)
        return listed_by_api(c);
    return rc == ARC_ENOTFOUND ? pull_request_commits(c, true) : rc;
}

static int merge_group(const struct choice *c)
{
    const struct arc_event *event = c->event;
    int rc = need(c, event->head_sha, &c->out->head);
    if (!rc)
        rc = reason(&c->out->head_reason, c->err, "the merge group's head");
    return rc ? rc : since_commit(c, event->base_sha, "the merge group's base");
}

static int worktree(const struct choice *c)
{
    struct arc_base *out = c->out;
    out->kind = ARC_BASE_WORKTREE;
    int rc = arc_git_head(c->git, &out->base, NULL, c->err);
    if (!rc && c->request->ref)
        rc = warn(out, c->err, "'ref' is ignored: base HEAD asks for uncommitted changes");
    if (!rc)
        rc = reason(&out->head_reason, c->err, "the work tree");
    return rc ? rc : reason(&out->base_reason, c->err, "HEAD: uncommitted changes");
}

/* What these events are about stands in their payload. Without it the default branch would be
 * compared with itself, and nothing would have changed. */
static int check_payload(const struct choice *c)
{
    const struct arc_event *event = c->event;
    bool group = strcmp(event->name, "merge_group") == 0 && !c->request->base &&
                 (!event->head_sha || !event->base_sha);
    bool run = strcmp(event->name, "workflow_run") == 0 && !event->head_sha;
    if (!group && !run)
        return ARC_OK;
    return arc_error_set(c->err, ARC_EINPUT, "the %s event names no commit (%s.head_sha%s)",
                         event->name, event->name, group ? " and base_sha" : "");
}

static int choose(const struct choice *c)
{
    const struct arc_base_request *request = c->request;
    const struct arc_event *event = c->event;
    bool chosen = false;
    if (request->base && strcmp(request->base, "HEAD") == 0)
        return worktree(c);
    if (arc_event_is_pull_request(event))
        return pull_request(c);
    if (event->deleted || (arc_event_is_null_sha(event->sha)))
        return arc_error_set(c->err, ARC_EINPUT,
                             "the event deleted '%s': there is nothing to compare",
                             event->ref ? event->ref : "a ref");
    if (event->base_sha && event->head_sha && !request->base && !request->ref)
        return merge_group(c);
    int rc = request->ref ? ARC_OK : check_payload(c);
    if (!rc)
        rc = choose_head(c);
    if (!rc && !request->base && !request->ref && starts(event->ref, TAGS))
        rc = tag_push(c, event->ref + strlen(TAGS), &chosen);
    return rc || chosen ? rc : by_branch(c);
}

int arc_base_choose(const struct arc_base_request *request, struct arc_base *out,
                    struct arc_error *err)
{
    const struct choice c = {request, request->git, request->event, out, err};
    *out = (struct arc_base){.warnings = json_array()};
    int rc = out->warnings ? choose(&c) : arc_error_nomem(err);
    if (rc)
        arc_base_free(out);
    return rc;
}

int arc_base_choose_head(const struct arc_base_request *request, struct arc_base *out,
                         struct arc_error *err)
{
    const struct choice c = {request, request->git, request->event, out, err};
    *out = (struct arc_base){.warnings = json_array()};
    int rc = out->warnings ? choose_head(&c) : arc_error_nomem(err);
    if (rc)
        arc_base_free(out);
    return rc;
}

void arc_base_free(struct arc_base *base)
{
    free(base->base_reason);
    free(base->head_reason);
    json_decref(base->warnings);
    *base = (struct arc_base){0};
}
