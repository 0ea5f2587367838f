/* Chooses base and head by the event. */
#include "changes/choice.h"
#include "base/text.h"
#include "base/warn.h"
#include "git/fetch.h"

int choice_reason(const struct choice *c, char **out, const char *format, ...)
{
    free(*out);
    ARC_WITH_ARGS(format, *out = arc_warn_text(format, args));
    return arc_error_unless(*out, c->err);
}

int choice_warn(const struct choice *c, const char *format, ...)
{
    ARC_AUTO_FREE char *text = NULL;
    ARC_WITH_ARGS(format, text = arc_warn_text(format, args));
    ARC_TRY_ALLOC(text, c->err);
    arc_error_clear(c->err);
    return arc_warn(&c->out->warnings, c->err, "%s", text);
}

bool arc_changes_is_head(const char *name)
{
    return name && (strcmp(name, "HEAD") == 0 || strcmp(name, "@") == 0);
}

bool choice_is_before(const struct choice *c, const struct arc_oid *commit,
                      const struct arc_oid *head)
{
    struct arc_base_request request = *c->request;
    struct arc_oid common;
    request.fetch_depth = 0;
    return arc_git_has(c->git, commit) &&
           arc_base_merge_base(&request, commit, head, &common, NULL) == ARC_OK &&
           strcmp(common.hex, commit->hex) == 0;
}

static int everything(const struct choice *c, const char *why)
{
    c->out->kind = ARC_BASE_EVERYTHING;
    c->out->base = (struct arc_oid){{0}};
    return choice_reason(c, &c->out->base_reason, "%s", why);
}

int choice_since_merge_base(const struct choice *c, const char *name, const char *why)
{
    struct arc_base *out = c->out;
    struct arc_oid other;
    ARC_TRY_PREFIX(arc_base_find_latest(c->request, name, &other, c->err), c->err, "base");
    ARC_TRY(arc_base_merge_base(c->request, &other, &out->head, &out->base, c->err));
    if (*out->base.hex)
        return choice_reason(c, &out->base_reason, "merge base with %s (%s)", name, why);

    /* Names the remote's branch: a fork's main may have another history than upstream's. */
    ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 4096};
    const char *branch = arc_base_branch_name(c->git, name);
    bool tracked = branch && !arc_git_remote_ref(c->git, branch, &ref, NULL) &&
                   !arc_git_resolve_ref(c->git, ref.data, &out->base, NULL) &&
                   strcmp(out->base.hex, other.hex) == 0;
    name = tracked ? ref.data : name;
    out->base = other;
    ARC_TRY(choice_warn(c, "no merge base with '%s': comparing with it directly", name));

    return choice_reason(c, &out->base_reason, "%s itself: there is no merge base", name);
}

static int since_commit(const struct choice *c, const char *name, const char *why)
{
    ARC_TRY_PREFIX(arc_base_find(c->request, name, &c->out->base, c->err), c->err, "base");
    return choice_reason(c, &c->out->base_reason, "%s", why);
}

/* Only the last commit: compares it with its first parent. */
static int last_commit(const struct choice *c, const char *why)
{
    ARC_TRY(arc_base_parent(c->request, &c->out->head, &c->out->base, c->err));
    if (!*c->out->base.hex)
        return everything(c, "the head is the first commit");

    if (strcmp(c->event->name, "local") != 0)
        ARC_TRY(
            choice_warn(c,
                        "the %s event names no commit before its own, %.12s: only what that one "
                        "changed is looked at ('base' names another, since-release and "
                        "since-image mean the last good one)",
                        c->event->name, c->out->head.hex));

    return choice_reason(c, &c->out->base_reason, "the commit before the head: %s", why);
}

/* After a force push the previous commit is not an ancestor, and what only that had is not a change
 * of this push. Unless the event rules a force push out, this searches history like `git merge-
 * base`. */
int choice_since_push(const struct choice *c, const char *before)
{
    struct arc_base *out = c->out;
    struct arc_oid common;
    int rc = since_commit(c, before, "the commit before the push");

    if (rc == ARC_ENOTFOUND) {
        ARC_TRY(choice_warn(c,
                            "the commit before the push is not available (after a forced push it "
                            "may be gone): every file counts as added; %s",
                            arc_error_text(c->err)));
        return everything(c, "the commit before the push is not available");
    }

    ARC_TRY(rc);
    if (c->event->forward)
        return ARC_OK;

    rc = arc_base_merge_base(c->request, &out->base, &out->head, &common, c->err);
    if (rc == ARC_ENOTFOUND)
        return choice_warn(c,
                           "whether the push was a forced one is not known: the commit before it "
                           "is compared with as it is; %s",
                           arc_error_text(c->err));
    ARC_TRY(rc);

    if (!*common.hex)
        return choice_reason(c, &out->base_reason,
                             "the commit before the push, which has no history in common with it");
    if (strcmp(common.hex, out->base.hex) == 0)
        return ARC_OK;
    if (strcmp(common.hex, out->head.hex) == 0) /* what was built from it has to be reverted */
        return choice_reason(c, &out->base_reason,
                             "the commit before the push, which put the branch back");
    out->base = common;

    return choice_reason(c, &out->base_reason,
                         "merge base with the commit before the push, which was a forced one");
}

/* The first parent of a branch's tip that is `steps` behind it, and whether the head has it; true
 * with an empty name if there is none. */
static int look_back(const struct choice *c, const struct arc_oid *tip, size_t steps,
                     struct arc_oid *out, bool *has)
{
    char text[32];
    snprintf(text, sizeof text, "~%zu", steps);
    int rc = arc_git_find_ancestor(c->git, tip, text, out, c->err);
    *has = rc == ARC_ENOTFOUND;
    if (*has)
        *out = (struct arc_oid){{0}};
    ARC_TRY(arc_error_except(ARC_ENOTFOUND, rc, c->err));
    return *has ? ARC_OK : arc_base_ancestors(c->request, &c->out->head, out, 1, has, c->err);
}

/* The newest first parent of a branch's tip that the head has: the head itself, or where it left
 * the branch, which has merged it since. Empty: there is none, or it is not known. */
static int find_fork(const struct choice *c, const struct arc_oid *tip, struct arc_oid *out)
{
    size_t lacked = 0, had = 0;

    for (bool has = false; !has;) {
        ARC_TRY(look_back(c, tip, had, out, &has));
        if (has)
            break;
        lacked = had;
        had = had ? 2 * had : 1;
    }

    while (had - lacked > 1) {
        size_t middle = lacked + (had - lacked) / 2;
        struct arc_oid found;
        bool has;
        ARC_TRY(look_back(c, tip, middle, &found, &has));
        if (has)
            *out = found;
        *(has ? &had : &lacked) = middle;
    }

    return ARC_OK;
}

/* Compares with where the head diverged from a branch. If it is on that branch: with where it left
 * the branch before it was merged, else only its last commit. */
static int since_fork(const struct choice *c, const char *name, const char *why)
{
    struct arc_oid tip, fork;

    ARC_TRY(choice_since_merge_base(c, name, why));
    if (strcmp(c->out->base.hex, c->out->head.hex) != 0)
        return ARC_OK;

    ARC_TRY(arc_base_find_latest(c->request, name, &tip, c->err));
    ARC_TRY(find_fork(c, &tip, &fork));
    if (!*fork.hex)
        return everything(c, "where the head left the base branch is not known");
    if (strcmp(fork.hex, c->out->head.hex) == 0)
        return last_commit(c, "the head is on the base branch");
    c->out->base = fork;

    return choice_reason(c, &c->out->base_reason,
                         "where the head left %s, which has merged it since (%s)", name, why);
}

/* The same, if the head is on no other known branch (a deployment of a commit) or possibly merged
 * since (a run that follows another); else a head on that branch is compared with itself. */
static int since_left(const struct choice *c, const char *name, const char *why)
{
    bool may_be_on = (!c->branch || arc_event_is_of_run(c->event)) && !c->tag;
    return may_be_on ? since_fork(c, name, why) : choice_since_merge_base(c, name, why);
}

/* The default branch, which a clone may have recorded from its remote. */
static int find_default_branch(const struct choice *c, char **out)
{
    const char *usual[] = {c->event->default_branch, NULL, "main", "master"};
    ARC_AUTO_FREE char *origin = NULL;
    struct arc_oid oid;

    ARC_TRY(arc_git_remote_head(c->git, &origin, c->err));
    usual[1] = origin;
    for (size_t i = 0; i < ARC_COUNT(usual); i++)
        if (usual[i] && (i == 0 || arc_base_resolve(c->git, usual[i], &oid, NULL) == ARC_OK))
            return arc_text_copy(usual[i], out, c->err);

    return arc_error_set(
        c->err, ARC_EINPUT,
        "there is no base to compare with: neither the event nor the clone (origin/HEAD) names a "
        "default branch, and there is no branch main or master; give one with --base");
}

/* The first push of a branch, with forty zeros as the previous commit. */
static int first_push(const struct choice *c)
{
    ARC_AUTO_FREE char *branch = NULL;
    ARC_TRY(find_default_branch(c, &branch));
    if (c->branch && strcmp(branch, c->branch) == 0)
        return everything(c, "the first push of the default branch");
    return since_left(c, branch, "the first push of the branch");
}

int choice_since_input(const struct choice *c)
{
    const char *base = c->request->base;
    if (arc_event_is_sha(base))
        return since_commit(c, base, "input base");
    return choice_since_merge_base(c, base, "input base");
}

static int since_tag(const struct choice *c, const char *tag, const char *why)
{
    ARC_AUTO(arc_buf) struct arc_buf ref = {0};
    arc_buf_printf(&ref, CHOICE_TAGS "%s", tag);
    ARC_TRY_PREFIX(arc_base_find(c->request, arc_buf_text(&ref), &c->out->base, c->err), c->err,
                   "the previous tag");
    return choice_reason(c, &c->out->base_reason, "%s: %s", why, tag);
}

/* For tags without comparable versions: the previous target if the push moved the tag, else the
 * nearest tag in its history. */
static int tag_by_history(const struct choice *c, const char *tag, bool *chosen)
{
    ARC_AUTO_FREE char *previous = NULL;
    const char *before = c->event->before;
    struct arc_oid parent;
    *chosen = true;

    if (before && !arc_event_is_null_sha(before))
        return choice_since_push(c, before);

    if (arc_git_is_shallow(c->git)) {
        ARC_TRY(
            choice_warn(c,
                        "the tag '%s' has no version above another's, so its base would be the "
                        "nearest tag in history, but this clone is shallow: every file counts as "
                        "added (fetch-depth: 0 of actions/checkout gets all of it)",
                        tag));
        return everything(c, "the previous tag is not known");
    }

    ARC_TRY(arc_base_parent(c->request, &c->out->head, &parent, c->err));
    if (*parent.hex)
        ARC_TRY(arc_git_nearest_tag(c->git, &parent, tag, &previous, c->err));
    *chosen = previous != NULL;
    if (!previous)
        return ARC_OK;
    ARC_TRY(
        choice_warn(c,
                    "the tag '%s' has no version that comes after another's: it is compared with "
                    "'%s', the nearest tag before it in history",
                    tag, previous));

    return since_tag(c, previous, "nearest tag before it in history");
}

/* Sets *chosen unless the tag is the only one of its kind and not a release. */
static int tag_push(const struct choice *c, const char *tag, bool *chosen)
{
    ARC_AUTO_FREE char *previous = NULL;
    bool is_first = false;
    int rc = arc_base_previous_tag(c->request, tag, &previous, &is_first, c->err);
    *chosen = true;
    if (rc == ARC_ENOMEM)
        return rc;

    if (rc && rc != ARC_EINPUT) {
        ARC_TRY(choice_warn(c, "the previous tag is not known: every file counts as added; %s",
                            arc_error_text(c->err)));
        return everything(c, "the previous tag is not known");
    }

    arc_error_clear(c->err);
    if (previous)
        return since_tag(c, previous, "previous tag of the group");
    if (is_first)
        return everything(c, "the first release of its tags");
    return tag_by_history(c, tag, chosen);
}

/* Run by hand on the base branch itself: unpushed commits, else the last commit. */
static int on_branch(const struct choice *c, const char *base, const char *why)
{
    struct arc_base *out = c->out;
    ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 4096};
    struct arc_oid origin;

    ARC_TRY(arc_git_remote_ref(c->git, base, &ref, c->err));
    bool is_known = c->is_checked_out &&
                    arc_git_resolve_ref(c->git, ref.data, &origin, NULL) == ARC_OK &&
                    strcmp(origin.hex, out->head.hex) != 0;
    if (!is_known)
        return last_commit(c, why);
    ARC_TRY(choice_since_merge_base(c, ref.data, "what was not pushed yet"));

    return strcmp(out->base.hex, out->head.hex) == 0 ? last_commit(c, why) : ARC_OK;
}

/* Compares with where the head diverged from a branch, a tag or HEAD; NULL: the default branch. */
static int by_name(const struct choice *c, const char *input, const char *why)
{
    const char *base = input ? arc_base_branch_name(c->git, input) : "HEAD";
    ARC_AUTO_FREE char *fallback = NULL;

    if (base && strcmp(base, "HEAD") == 0) { /* origin/HEAD is the default branch too */
        ARC_TRY(find_default_branch(c, &fallback));
        base = fallback;
    }

    const char *name = arc_or(fallback, input);
    if (base && c->branch && strcmp(base, c->branch) == 0) {
        const char *before = c->is_checked_out ? NULL : c->event->before;
        if (before && arc_event_is_null_sha(before))
            return first_push(c);
        if (before)
            return choice_since_push(c, before);
        return on_branch(c, base,
                         strcmp(c->event->name, "local") == 0
                             ? "the head is on the base branch"
                             : "the event names no commit before it");
    }

    bool asked = c->request->ref && !c->is_checked_out; /* for this commit */
    return !base || asked ? choice_since_merge_base(c, name, why) : since_left(c, name, why);
}

/* Events without their own rule: push, workflow_dispatch, schedule, a run by hand, … */
static int by_branch(const struct choice *c)
{
    const char *input = c->request->base, *own = c->event->base_ref;

    if (input && arc_event_is_null_sha(input))
        return first_push(c);
    if (input && arc_event_is_sha(input))
        return choice_since_input(c);
    if (input)
        return by_name(c, input, "input base");
    if (!own)
        return by_name(c, NULL, "default branch");

    int rc = by_name(c, own, "its pull request's base");
    if (rc != ARC_ENOTFOUND)
        return rc;

    ARC_TRY(choice_warn(
        c,
        "the base of its pull request is not available (it may have been deleted since): "
        "the default branch is taken; %s",
        arc_error_text(c->err)));

    return by_name(c, NULL, "default branch");
}

static int worktree(const struct choice *c)
{
    struct arc_base *out = c->out;
    out->kind = ARC_BASE_WORKTREE;
    ARC_TRY(arc_git_head(c->git, &out->base, NULL, c->err));
    if (c->request->ref)
        ARC_TRY(choice_warn(c, "'ref' is ignored: base HEAD asks for uncommitted changes"));
    ARC_TRY(choice_reason(c, &out->head_reason, "the work tree"));
    return choice_reason(c, &out->base_reason, "HEAD: uncommitted changes");
}

/* A comment on a pull request with unknown commits: its event is about the default branch. */
static int comment(struct choice *c)
{
    ARC_AUTO(arc_buf) struct arc_buf ref = {0};
    ARC_AUTO_FREE char *branch = NULL;

    ARC_TRY(choice_head(c));
    if (c->is_checked_out)
        return by_branch(c);
    arc_buf_printf(&ref, "refs/pull/%" JSON_INTEGER_FORMAT "/head", c->event->number);
    ARC_TRY_PREFIX(
        arc_base_find(c->request, arc_buf_text(&ref), &c->out->head, c->err), c->err,
        "the comment is on pull request %" JSON_INTEGER_FORMAT
        ", which is not checked out and is not available (a token lets the API be asked)",
        c->event->number);

    ARC_TRY(choice_reason(c, &c->out->head_reason, "%s", arc_buf_text(&ref)));
    if (c->request->base && !arc_event_is_null_sha(c->request->base))
        return choice_since_input(c);
    ARC_TRY(find_default_branch(c, &branch));
    ARC_TRY(
        choice_warn(c,
                    "the event does not name the base of pull request %" JSON_INTEGER_FORMAT
                    ", and the API did not give it (is there a token?): the default branch is used",
                    c->event->number));

    return since_fork(c, branch, "default branch");
}

static int choose(struct choice *c)
{
    const struct arc_base_request *request = c->request;
    const struct arc_event *event = c->event;

    if (arc_changes_is_head(request->base))
        return worktree(c);
    /* act's example of an event names the base branch alone */
    bool named = (event->base_sha && event->head_sha) || !event->base_ref;
    if ((arc_event_is_pull_request(event) && named) || (event->on_pull && event->head_sha))
        return choice_pull_request(c);

    if (event->deleted || arc_event_is_null_sha(event->sha))
        return arc_error_set(c->err, ARC_EINPUT,
                             "the event deleted '%s': there is nothing to compare",
                             arc_or(event->ref, "a ref"));

    if (event->base_sha && event->head_sha && !request->base && !request->ref) {
        ARC_TRY(arc_base_find(c->request, event->head_sha, &c->out->head, c->err));
        ARC_TRY(choice_reason(c, &c->out->head_reason, "the merge group's head"));
        return since_commit(c, event->base_sha, "the merge group's base");
    }

    if (event->on_pull && !request->ref)
        return comment(c);

    /* These events name their subject in the payload. Without it, the default branch would be
     * compared with itself and nothing would be changed. */
    bool group = strcmp(event->name, "merge_group") == 0 && !request->base &&
                 (!event->head_sha || !event->base_sha);
    bool run = strcmp(event->name, "workflow_run") == 0 && !event->head_sha;
    if (!request->ref && (group || run))
        return arc_error_set(c->err, ARC_EINPUT, "the %s event names no commit (%s.head_sha%s)",
                             event->name, event->name, group ? " and base_sha" : "");

    ARC_TRY(choice_head(c));
    bool chosen = false;
    if (c->tag && !request->base)
        ARC_TRY(tag_push(c, c->tag, &chosen));

    return chosen ? ARC_OK : by_branch(c);
}

/* Warns if nothing can have changed, which is hardly intended: a commit is compared with itself, or
 * a push of what the default branch has already is compared with that. */
static int warn_of_nothing(const struct choice *c)
{
    const struct arc_base *out = c->out;
    const char *before = c->request->base || c->request->ref || c->tag ? NULL : c->event->before;
    bool pushed =
        before && c->branch && !arc_event_is_null_sha(before) && strcmp(out->base.hex, before) != 0;
    bool one = strcmp(out->base.hex, out->head.hex) == 0;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(arc_git_commit) struct arc_git_commit base = {0}, head = {0};

    bool same = one || (pushed && arc_git_commit(c->git, &out->base, &base, NULL) == ARC_OK &&
                        arc_git_commit(c->git, &out->head, &head, NULL) == ARC_OK &&
                        strcmp(base.tree.hex, head.tree.hex) == 0);
    if (!same)
        return ARC_OK;

    arc_buf_printf(&text, "base (%s) and head (%s) ", out->base_reason, out->head_reason);
    if (one)
        arc_buf_printf(&text, "are one commit, %.12s", out->head.hex);
    else
        arc_buf_puts(&text, "have the same files");
    arc_buf_puts(&text, ": nothing can have changed");
    if (pushed)
        arc_buf_printf(&text, "; with base '%s' the push is compared with the commit before it",
                       c->branch);

    return choice_warn(c, "%s", arc_buf_text(&text));
}

int arc_base_choose(const struct arc_base_request *request, bool head_alone, struct arc_base *out,
                    struct arc_error *err)
{
    struct choice c = {
        .request = request, .git = request->git, .event = request->event, .out = out, .err = err};
    *out = (struct arc_base){.warnings = json_array()};
    int rc = arc_error_unless(out->warnings, err);

    if (!rc)
        rc = head_alone ? choice_head(&c) : choose(&c);
    if (!rc && !head_alone && out->kind == ARC_BASE_COMMITS)
        rc = warn_of_nothing(&c);
    free(c.branch);

    return arc_or_free(arc_base, out, rc);
}

void arc_base_free(struct arc_base *base)
{
    free(base->base_reason);
    free(base->head_reason);
    json_decref(base->warnings);
    *base = (struct arc_base){0};
}
