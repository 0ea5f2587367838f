/* Chooses base and head of a pull request. */
#include "base/auto.h"
#include "base/warn.h"
#include "changes/choice.h"

/* The first parent of a commit that merges the pull request's newest commit; empty if it does
 * not. */
static struct arc_oid merged_into(const struct choice *c, const struct arc_oid *merge)
{
    ARC_AUTO(arc_git_commit) struct arc_git_commit commit = {0};
    struct arc_oid none = {{0}};

    if (!*merge->hex || arc_git_commit(c->git, merge, &commit, NULL) || commit.parents != 2 ||
        strcmp(commit.merged.hex, c->event->head_sha) != 0)
        return none;
    return commit.parent;
}

/* Whether a merge commit's first parent is of another branch than the base. When a pull request gets
 * another base, GitHub keeps the merge commit until the next push. */
static bool is_of_other_base(const struct choice *c, const struct arc_oid *parent)
{
    struct arc_oid tip;
    bool known = !arc_git_is_shallow(c->git) && c->event->base_ref &&
                 arc_base_resolve(c->git, c->event->base_ref, &tip, NULL) == ARC_OK;
    return c->event->retargeted || (known && !choice_is_before(c, parent, &tip));
}

/* The base branch in the merge commit, which is GITHUB_SHA or checked out. The payload's base can
 * be older than what the pull request merged from the branch, or contain the pull request after it
 * was merged. *merge (or NULL) is that commit; empty: none. */
static struct arc_oid find_base(const struct choice *c, struct arc_oid *merge)
{
    struct arc_oid merges[2] = {arc_oid_of(c->event->sha)};

    if (!c->request->is_recorded)
        arc_git_head(c->git, &merges[1], NULL, NULL);

    if (merge)
        *merge = (struct arc_oid){{0}};

    arc_each_in (oid, merges) {
        struct arc_oid before = merged_into(c, oid);
        if (!*before.hex || is_of_other_base(c, &before))
            continue;
        if (merge)
            *merge = *oid;
        return before;
    }

    return arc_oid_of(c->event->base_sha);
}

/* Whether a job rewrote the pull request's newest commit (`git commit --amend`): what is checked
 * out is beside it and not on the base branch. */
static bool is_rewritten(const struct choice *c, const struct arc_oid *newest,
                         const struct arc_oid *head)
{
    struct arc_oid tips[] = {*newest, arc_oid_of(c->event->base_sha), {{0}}};
    bool behind = false;
    if (!c->event->base_ref || arc_base_find(c->request, c->event->base_ref, &tips[2], NULL))
        tips[2] = tips[1];

    arc_each_in (tip, tips)
        if (arc_base_ancestors(c->request, tip, head, 1, &behind, NULL) || behind)
            return false;

    return arc_base_ancestors(c->request, head, newest, 1, &behind, NULL) == ARC_OK &&
           (behind || arc_warn(&c->out->warnings, NULL,
                               "the head is what is checked out (%.12s), not the pull request's "
                               "newest commit %.12s, which it does not contain",
                               head->hex, newest->hex) == ARC_OK);
}

/* Whether a commit is on the base branch, as far as the clone knows: once the pull request is
 * merged, what follows it there is other people's. */
static bool is_on_base(const struct choice *c, const struct arc_oid *head)
{
    struct arc_oid tip;
    return c->event->base_ref &&
           arc_base_resolve(c->git, c->event->base_ref, &tip, NULL) == ARC_OK &&
           choice_is_before(c, head, &tip);
}

/* Whether a job rewrote the event's merge commit (`git commit --amend`). GitHub merges the same two
 * commits into the same files, also when it does so again. */
static bool is_amended(const struct choice *c, const struct arc_oid *merge,
                       const struct arc_oid *head)
{
    ARC_AUTO(arc_git_commit) struct arc_git_commit old = {0}, new = {0};
    return *merge->hex && !arc_git_commit(c->git, merge, &old, NULL) &&
           !arc_git_commit(c->git, head, &new, NULL) &&
           strcmp(old.parent.hex, new.parent.hex) == 0 &&
           strcmp(old.merged.hex, new.merged.hex) == 0 && strcmp(old.tree.hex, new.tree.hex) != 0;
}

/* Finds commits that the job made after checkout, on the pull request's newest commit or its merge
 * commit (GITHUB_SHA). As in paths-filter, they count unless the API is used. */
static bool find_own_commits(const struct choice *c, struct arc_oid *head, bool *on_merge)
{
    const struct arc_event *event = c->event;
    bool merges = strcmp(event->name, "pull_request_target") != 0;
    *on_merge = false;
    if (!event->head_sha || arc_git_head(c->git, head, NULL, NULL))
        return false;

    if (strcmp(head->hex, event->head_sha) == 0 ||
        (event->sha && strcmp(head->hex, event->sha) == 0) || is_on_base(c, head))
        return false;

    const struct arc_oid newest = arc_oid_of(event->head_sha);
    const struct arc_oid merge = arc_oid_of(merges ? event->sha : NULL);
    const struct arc_oid before = merged_into(c, head);
    if (*before.hex)
        return *on_merge = is_amended(c, &merge, head);
    *on_merge =
        *merge.hex && strcmp(merge.hex, newest.hex) != 0 && choice_is_before(c, &merge, head);
    return *on_merge || choice_is_before(c, &newest, head) ||
           (merges && is_rewritten(c, &newest, head));
}

/* Sets the head: the job's own commit or (`own` NULL) the pull request's newest. */
static int settle_head(const struct choice *c, const struct arc_oid *own)
{
    struct arc_base *out = c->out;
    if (!own)
        return choice_reason(c, &out->head_reason, "the pull request's newest commit");
    out->head = *own;
    return choice_reason(c, &out->head_reason,
                         "HEAD: the pull request and what was committed since");
}

/* The head is the job's own commit. The base is the merge commit's first parent; without one,
 * history decides. */
static int own_commits(struct choice *c, const struct arc_oid *head, bool on_merge)
{
    struct arc_base *out = c->out;
    const struct arc_oid merge = arc_oid_of(c->event->sha);

    ARC_TRY(settle_head(c, head));
    if (on_merge)
        ARC_TRY(arc_base_parent(c->request, &merge, &out->base, c->err));
    if (on_merge && !is_of_other_base(c, &out->base))
        return choice_reason(c, &out->base_reason, "the base branch as it was merged");

    return choice_since_merge_base(c, find_base(c, NULL).hex, "the pull request's base");
}

/* The merge base of a pull request, with or without fetching. */
static int pull_request_commits(const struct choice *c, bool fetching)
{
    struct arc_base_request request = *c->request;
    const struct arc_event *event = c->event;
    struct arc_base *out = c->out;
    struct arc_oid base, tip = find_base(c, NULL);

    arc_error_clear(c->err);
    if (!fetching)
        request.fetch_depth = 0;
    int rc = arc_base_find(&request, event->head_sha, &out->head, c->err);
    if (!rc)
        rc = arc_base_find(&request, tip.hex, &base, c->err);
    if (rc)
        return arc_error_prefix(c->err, "the pull request's commits are not all in this clone");
    ARC_TRY(settle_head(c, NULL));
    ARC_TRY(arc_base_merge_base(&request, &base, &out->head, &out->base, c->err));
    if (!*out->base.hex)
        return choice_since_merge_base(c, tip.hex, "the pull request's base");

    return choice_reason(c, &out->base_reason, "merge base of the pull request and %s",
                         arc_or(event->base_ref, "its base"));
}

/* In a shallow clone without fetching: compares the merge commit with its first parent, which hides
 * a change made on both sides. */
static int by_merge(const struct choice *c, int rc)
{
    struct arc_oid merge, base = find_base(c, &merge);
    struct arc_base *out = c->out;

    if (rc != ARC_ENOTFOUND || !*merge.hex || !arc_git_has(c->git, &base))
        return rc;

    out->head = merge;
    out->base = base;
    ARC_TRY(choice_warn(c, "the merge commit is compared with the base branch as it was merged; %s",
                        arc_error_text(c->err)));
    ARC_TRY(choice_reason(c, &out->head_reason, "the pull request as it was merged"));

    return choice_reason(c, &out->base_reason, "the base branch as it was merged");
}

/* With the input `base`: what was pushed since a commit, or what the pull request adds to another
 * branch. */
static int since_input(struct choice *c, const struct arc_oid *own)
{
    const char *base = c->request->base;
    struct arc_base *out = c->out;

    if (!own && arc_base_find(c->request, c->event->head_sha, &out->head, c->err))
        return arc_error_prefix(c->err, "the pull request's newest commit");
    ARC_TRY(settle_head(c, own));

    if (c->event->before && strcmp(base, c->event->before) == 0)
        return choice_since_push(c, base);

    return choice_since_input(c);
}

int choice_pull_request(struct choice *c)
{
    const struct arc_base_request *request = c->request;
    const struct arc_event *event = c->event;
    struct arc_oid own;
    bool on_merge = false;
    bool has_base = request->base && !arc_event_is_null_sha(request->base);

    if (request->ref)
        ARC_TRY(choice_warn(c, "'ref' is ignored: the event is a pull request"));

    if (has_base && !request->base_on_pulls)
        ARC_TRY(choice_warn(c, "'base' is ignored: the event is a pull request"));

    if (!event->base_sha || !event->head_sha)
        return arc_error_set(
            c->err, ARC_EINPUT,
            "the %s event names no pull request (pull_request.base.sha and head.sha)", event->name);

    bool has_own = !request->token && !request->is_recorded && find_own_commits(c, &own, &on_merge);
    if (has_base && request->base_on_pulls)
        return since_input(c, has_own ? &own : NULL);
    if (has_own)
        return own_commits(c, &own, on_merge);
    int rc = pull_request_commits(c, false);
    if (rc == ARC_ENOTFOUND && request->api) {
        arc_error_clear(c->err);
        c->out->kind = ARC_BASE_PULL_REQUEST;
        c->out->head = c->out->base = (struct arc_oid){{0}};
        ARC_TRY(choice_reason(c, &c->out->base_reason,
                              "the files that the API lists for pull request %" JSON_INTEGER_FORMAT,
                              event->number));
        return settle_head(c, NULL);
    }

    if (rc == ARC_ENOTFOUND)
        rc = pull_request_commits(c, true);
    if (!rc) /* a shallow clone may only know its name */
        rc = arc_base_find(request, c->out->base.hex, &c->out->base, c->err);

    return rc ? by_merge(c, rc) : ARC_OK;
}
