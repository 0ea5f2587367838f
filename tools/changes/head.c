/* Chooses the head: the input `ref`; else what the job checked out instead of the event's commit;
 * else the event's commit, even if its branch moved since. */
#include "base/text.h"
#include "changes/choice.h"

/* Sets the head's reason as choice_reason(), and its branch to `name` (NULL: none). */
static int settle(struct choice *c, const char *name, const char *why, const char *more)
{
    const char *branch = name ? arc_base_branch_name(c->git, name) : NULL;
    free(c->branch);
    ARC_TRY(arc_text_copy(branch, &c->branch, c->err));
    return choice_reason(c, &c->out->head_reason, "%s%s", why, more);
}

static int head_of_input(struct choice *c)
{
    const char *ref = c->request->ref;
    ARC_AUTO_FREE char *checked_out = NULL;
    struct arc_oid head;
    ARC_TRY_PREFIX(arc_base_find(c->request, ref, &c->out->head, c->err), c->err, "ref");
    bool is_head = arc_changes_is_head(ref);
    c->is_checked_out = is_head;
    if (is_head)
        ARC_TRY(arc_git_head(c->git, &head, &checked_out, c->err));

    return settle(c, is_head ? checked_out : ref, "input ref: ", ref);
}

/* Whether a commit, or an annotated tag's commit, is what is checked out. */
static bool is_at(const struct choice *c, const char *sha, const struct arc_oid *head)
{
    struct arc_oid commit;
    return strcmp(head->hex, sha) == 0 || (arc_git_resolve(c->git, sha, &commit, NULL) == ARC_OK &&
                                           strcmp(head->hex, commit.hex) == 0);
}

/* A job may check out something other than its event's commit, which is then the head: the branch
 * in an input of workflow_dispatch, the pull request of a comment. A push always means its own
 * commit, so that later pushes and re-runs change nothing. */
static int head_of_checkout(struct choice *c, const char *sha, bool *chosen)
{
    ARC_AUTO_FREE char *branch = NULL;
    const char *own = c->event->ref ? arc_base_branch_name(c->git, c->event->ref) : NULL;
    struct arc_oid head, tip;
    *chosen = false;

    if (c->request->is_recorded || arc_git_head(c->git, &head, &branch, NULL) ||
        is_at(c, sha, &head))
        return ARC_OK;

    /* The event's branch in its current state at the remote. */
    if (own && branch && strcmp(own, branch) == 0 &&
        arc_base_resolve(c->git, own, &tip, NULL) == ARC_OK && strcmp(tip.hex, head.hex) == 0)
        return ARC_OK;

    if (c->tag || strcmp(c->event->name, "push") == 0) /* others have the default branch */
        return choice_warn(c,
                           "the head is the event's commit %.12s, not what is checked out (%s, "
                           "%.12s): 'ref: HEAD' chooses that",
                           sha, arc_or(branch, "no branch"), head.hex);
    *chosen = true;
    c->out->head = head;
    c->is_checked_out = true;
    ARC_TRY(choice_warn(c,
                        "the head is what is checked out (%s, %.12s), not the %s event's commit "
                        "%.12s: give 'ref' to choose",
                        arc_or(branch, "no branch"), head.hex, c->event->name, sha));

    return settle(c, branch, "HEAD: ", "another commit than the event's is checked out");
}

static bool leads_to(const struct choice *c, const char *prefix, const char *name, const char *sha)
{
    ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 4096};
    struct arc_oid found;
    arc_buf_printf(&ref, "%s%s", prefix, name);
    return !ref.failed && arc_base_resolve(c->git, ref.data, &found, NULL) == ARC_OK &&
           (!sha || strcmp(found.hex, sha) == 0);
}

/* The head branch of a run is a tag's name if a tag started it; a name that is missing here may be
 * either. */
static const char *branch_of_run(struct choice *c)
{
    const char *name = c->event->head_branch, *usual = c->event->default_branch;
    if (!name || (usual && strcmp(name, usual) == 0) || leads_to(c, "refs/heads/", name, NULL))
        return name;
    if (leads_to(c, CHOICE_TAGS, name, c->event->head_sha))
        c->tag = name;
    return NULL;
}

int choice_head(struct choice *c)
{
    const struct arc_event *event = c->event;
    bool of_run = arc_event_is_of_run(event);
    const char *sha = of_run ? event->head_sha : event->sha;
    struct arc_oid head;

    /* If `ref` is HEAD and the event's commit, the event has the previous commit. */
    bool is_event = sha && arc_changes_is_head(c->request->ref) && !c->request->is_recorded &&
                    arc_git_head(c->git, &head, NULL, NULL) == ARC_OK && is_at(c, sha, &head);
    if (c->request->ref && !is_event)
        return head_of_input(c);

    c->tag = arc_text_after(event->ref, CHOICE_TAGS);
    if (!sha && !event->ref) {
        ARC_AUTO_FREE char *branch = NULL;
        ARC_TRY(arc_git_head(c->git, &c->out->head, &branch, c->err));
        c->is_checked_out = true;
        return settle(c, branch, "HEAD", "");
    }

    if (!sha) {
        ARC_TRY(arc_base_find(c->request, event->ref, &c->out->head, c->err));
        return settle(c, event->ref, event->ref, "");
    }

    bool chosen = false;
    if (!of_run)
        ARC_TRY(head_of_checkout(c, sha, &chosen));
    if (chosen)
        return ARC_OK;
    int rc = arc_base_find(c->request, sha, &c->out->head, c->err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(c->err, rc,
                             "the event's commit: %s; if another repository is checked out, 'ref: "
                             "HEAD' compares its own commits",
                             arc_error_text(c->err));
    ARC_TRY(rc);
    ARC_TRY(settle(c, of_run ? branch_of_run(c) : event->ref, "", ""));

    return choice_reason(c, &c->out->head_reason, "the %s event's commit", event->name);
}
