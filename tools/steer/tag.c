/* Makes a release tag: runs the checks that people forget, then git. */
#include "arcci/lint.h"
#include "base/json.h"
#include "base/text.h"
#include "git/diff.h"
#include "git/message.h"
#include "git/run.h"
#include "steer/survey.h"

#define SECONDS 120

/* A tag being made. */
struct tagging {
    struct arc_project *project;
    const struct arc_tag_options *options;
    struct survey survey;
    struct survey_group *group;
    char *tag;          /* in the survey's memory */
    char *ref;          /* the tag's whole name; the same */
    const char *branch; /* the release branch; the same */
    bool there;         /* it exists already, at HEAD: here, or */
    bool pushed;        /* … at the remote */
};

static void tagging_free(struct tagging *tagging)
{
    survey_free(&tagging->survey);
}

/* Runs git; `code` with its message if it fails. A program that signs tags may ask a server, too. */
static int run_git(const struct tagging *tagging, const char *const *words, int code,
                   struct arc_buf *out, struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    const struct arc_git *git = tagging->project->git;
    int rc = ARC_AMONG(words[0], "ls-remote", "push", "tag")
                 ? arc_git_run_remote(git, words, NULL, SECONDS, &result, err)
                 : arc_git_run(git, words, SECONDS, &result, err);

    ARC_TRY(rc);
    if (result.status)
        return arc_error_set(err, code, "git %s: %s", words[0], arc_git_complaint(&result));
    if (out)
        arc_buf_add(out, result.output.data, result.output.len);
    return out ? arc_buf_check(out, "git's answer", err) : ARC_OK;
}

/* ---- which version ------------------------------------------------------------------------- */

static int choose_version(struct tagging *tagging, struct arc_error *err)
{
    const struct arc_tag_options *options = tagging->options;
    struct survey *survey = &tagging->survey;
    struct survey_next next;

    if (options->version) {
        tagging->tag =
            arc_tag_name_version(tagging->group->group, options->version, &survey->memory);
        ARC_TRY(arc_arena_check(&survey->memory, err));
        if (!tagging->tag)
            return arc_error_set(
                err, ARC_EINPUT,
                "the tags of %s name one service each: make such a tag with git tag",
                tagging->group->group->name);
        return arc_arena_check(&survey->memory, err);
    }

    ARC_TRY(survey_choose_next(survey, tagging->group, &options->next, &next, err));
    if (!next.tag)
        return arc_error_set(err, ARC_EFAILED, "%s: %s", tagging->group->group->name, next.reason);
    if (next.unclaimed)
        return arc_error_set(err, ARC_EFAILED,
                             "%s would be the first release of %s, since %s is not a tag of any "
                             "group: let a pattern under 'tag' or 'predecessor' in %s count it, or "
                             "name a version",
                             next.tag, tagging->group->group->name, next.unclaimed,
                             tagging->project->config.path);
    tagging->tag = next.tag;

    return ARC_OK;
}

/* ---- checks -------------------------------------------------------------------------------- */

static int refuse_change(void *context, const char *path, size_t len, enum arc_git_status status)
{
    (void)len;
    (void)status;
    return arc_error_set(
        context, ARC_EFAILED,
        "'%.200s' is changed and not committed: the release would lack it; commit it, or git stash",
        path);
}

/* Parses `git ls-remote --symref REMOTE HEAD`: "ref: refs/heads/main\tHEAD". */
static int ask_default_branch(struct tagging *tagging, const char **out, struct arc_error *err)
{
    const char *const words[] = {"ls-remote", "--symref", tagging->project->git->remote, "HEAD",
                                 NULL};
    static const char start[] = "ref: refs/heads/";
    ARC_AUTO(arc_buf) struct arc_buf answer = {.max = 65536};

    ARC_TRY(run_git(tagging, words, ARC_EWORLD, &answer, err));
    const char *branch = arc_text_after(arc_buf_text(&answer), start);
    if (!branch)
        return arc_error_set(err, ARC_EFAILED,
                             "the remote does not show its default branch: name the release "
                             "branch with --branch");

    *out = arc_arena_cut(&tagging->survey.memory, branch, strcspn(branch, "\t\n"));

    return arc_arena_check(&tagging->survey.memory, err);
}

/* The remote's commit of a ref by its full name, "" for none: ls-remote's patterns also match the
 * end of other names, such as "x/refs/heads/main". */
static int ask_ref(const struct tagging *tagging, const char *ref, struct arc_oid *out,
                   struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf answer = {.max = (size_t)1 << 20};
    const char *const words[] = {"ls-remote", tagging->project->git->remote, ref, NULL};
    *out = (struct arc_oid){{0}};

    ARC_TRY(run_git(tagging, words, ARC_EWORLD, &answer, err));
    ARC_TRY(arc_buf_check(&answer, "what the remote has", err));

    arc_each_piece (line, arc_buf_text(&answer), "\n") {
        size_t hex = strcspn(line.text, "\t\n");
        if (hex < sizeof out->hex && hex < line.len &&
            arc_text_is(line.text + hex + 1, line.len - hex - 1, ref))
            memcpy(out->hex, line.text, hex);
    }

    return ARC_OK;
}

static int ask_branch(struct tagging *tagging, const char *branch, struct arc_oid *out,
                      struct arc_error *err)
{
    const char *ref = arc_arena_printf(&tagging->survey.memory, "refs/heads/%s", branch);
    ARC_TRY(arc_arena_check(&tagging->survey.memory, err));
    return ask_ref(tagging, ref, out, err);
}

static int check_pushed(struct tagging *tagging, struct arc_error *err)
{
    const struct arc_git *git = tagging->project->git;
    struct arc_oid tip = {{0}}, base = {{0}};
    ARC_AUTO_FREE char *url = NULL;

    int rc = arc_git_remote_url(git, &url, NULL);
    ARC_TRY(arc_error_memory(rc, err));
    if (rc)
        return arc_error_set(err, ARC_EWORLD,
                             "this clone has no remote '%s', whose release branch must have HEAD: "
                             "git remote add %s URL",
                             git->remote, git->remote);

    tagging->branch = tagging->options->branch;
    if (!tagging->branch)
        ARC_TRY(ask_default_branch(tagging, &tagging->branch, err));
    ARC_TRY(ask_branch(tagging, tagging->branch, &tip, err));

    if (!*tip.hex)
        return arc_error_set(err, ARC_EFAILED,
                             "the remote has no branch %s: name the release branch with --branch",
                             tagging->branch);

    if (!arc_git_has(git, &tip))
        return arc_error_set(err, ARC_EFAILED,
                             "the remote's %s is at %.12s, which is not here: git pull first",
                             tagging->branch, tip.hex);

    rc = arc_git_merge_base(git, &tagging->survey.head, &tip, &base, err);
    ARC_TRY(arc_error_except(ARC_ENOTFOUND, rc, err)); /* the missing history cannot contain HEAD */

    if (rc || strcmp(base.hex, tagging->survey.head.hex) != 0)
        return arc_error_set(err, ARC_EFAILED,
                             "HEAD (%.12s) is not on the remote's %s: push it first, or name the "
                             "release branch with --branch",
                             tagging->survey.head.hex, tagging->branch);

    return ARC_OK;
}

/* Checks that a branch for older versions does not get a version above one of the default branch's,
 * because a commit requires more than the branch has left: that release would become the latest. */
static int check_line(struct tagging *tagging, struct arc_error *err)
{
    const char *main, *between = NULL, *bump = arc_or(tagging->options->next.bump, "auto");
    struct arc_oid tip;

    if (tagging->options->version || strcmp(bump, "auto") != 0 || !tagging->options->branch)
        return ARC_OK;
    ARC_TRY(ask_default_branch(tagging, &main, err));
    if (strcmp(main, tagging->branch) == 0)
        return ARC_OK;

    ARC_TRY(ask_branch(tagging, main, &tip, err));
    if (!arc_git_has(tagging->project->git, &tip))
        return arc_error_set(err, ARC_EFAILED,
                             "the remote's %s is at %.12s, which is not here, so its releases are "
                             "not known: git fetch %s %s first",
                             main, tip.hex, tagging->project->git->remote, main);
    ARC_TRY(
        survey_find_between(&tagging->survey, tagging->group, tagging->tag, &tip, &between, err));
    if (!between)
        return ARC_OK;

    return arc_error_set(err, ARC_EFAILED,
                         "the commits ask for %s, which would be above %s, a release that %s has "
                         "and HEAD lacks: name a version, or --bump",
                         tagging->tag, between, main);
}

/* Checks that the name is free, or HEAD's already: an earlier run may have pushed it from another
 * clone. */
static int check_name(struct tagging *tagging, struct arc_error *err)
{
    const char *annotated = arc_arena_printf(&tagging->survey.memory, "%s^{}", tagging->ref);
    struct arc_oid commit, there, behind = {{0}};

    ARC_TRY(arc_arena_check(&tagging->survey.memory, err));
    ARC_TRY(ask_ref(tagging, tagging->ref, &there, err));
    if (*there.hex)
        ARC_TRY(ask_ref(tagging, annotated, &behind, err));
    if (*behind.hex)
        there = behind;
    tagging->there = tagging->pushed = strcmp(there.hex, tagging->survey.head.hex) == 0;
    if (*there.hex && !tagging->pushed)
        return arc_error_set(err, ARC_EFAILED, "the remote has the tag %s already, at %.12s",
                             tagging->tag, there.hex);
    if (tagging->pushed || arc_git_resolve_ref(tagging->project->git, tagging->ref, &commit, NULL))
        return ARC_OK;

    if (strcmp(commit.hex, tagging->survey.head.hex) != 0)
        return arc_error_set(
            err, ARC_EFAILED,
            "this clone has the tag %s at %.12s, not at HEAD: 'git tag -d %s' deletes it",
            tagging->tag, commit.hex, tagging->tag);

    tagging->there = true;

    return ARC_OK;
}

static int check_order(const struct tagging *tagging, struct arc_error *err)
{
    const char *last = tagging->group->last;
    bool above;

    ARC_TRY(survey_is_above(tagging->group, tagging->tag, &above, err));
    if (above || strcmp(last, tagging->tag) == 0)
        return ARC_OK;

    return arc_error_set(err, ARC_EFAILED,
                         "%s is too low: %s is already released, and an ancestor of HEAD",
                         tagging->tag, last);
}

static int check_lint(const struct tagging *tagging, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *lint = NULL;

    ARC_TRY(arc_lint(tagging->project, NULL, &lint, err));
    const json_t *findings = json_object_get(lint, "findings");
    const json_t *first = json_array_get(findings, 0);
    if (arc_json_true_of(lint, "ok"))
        return ARC_OK;

    return arc_error_set(err, ARC_EFAILED,
                         "lint has %zu finding%s, the first: %s:%" JSON_INTEGER_FORMAT
                         ": %s ('arc-ci lint' shows all)",
                         json_array_size(findings), arc_plural(json_array_size(findings)),
                         arc_json_text_of(first, "file"), arc_json_number_of(first, "line"),
                         arc_json_text_of(first, "message"));
}

/* ---- the tag ------------------------------------------------------------------------------- */

static int create_tag(const struct tagging *tagging, struct arc_error *err)
{
    static const char *const who[] = {"var", "GIT_COMMITTER_IDENT", NULL};
    ARC_AUTO(arc_buf) struct arc_buf message = {.max = 4096};
    ARC_AUTO(arc_tag) struct arc_tag tag = {0};

    ARC_TRY(arc_tag_parse(tagging->tag, tagging->group->group, &tag, err));
    ARC_AUTO(arc_error) struct arc_error why = {0};
    int rc = run_git(tagging, who, ARC_EFAILED, NULL, &why);
    if (rc == ARC_EFAILED)
        return arc_error_set(err, ARC_EWORLD,
                             "git does not know who makes the tag: set user.name and user.email "
                             "with git config, or GIT_COMMITTER_NAME and GIT_COMMITTER_EMAIL");
    ARC_TRY(arc_error_pass(rc, &why, err));

    arc_buf_printf(&message, "%s %.*s", tagging->group->group->title, (int)tag.version.len,
                   tag.version.text);
    ARC_TRY(arc_buf_check(&message, "the tag's message", err));
    const char *const words[] = {
        "tag", "-a", "-m", message.data, tagging->tag, tagging->survey.head.hex, NULL};

    return run_git(tagging, words, ARC_EFAILED, NULL, err);
}

int arc_tag_make(struct arc_project *project, const struct arc_tag_options *options, json_t **out,
                 struct arc_error *err)
{
    ARC_AUTO(tagging) struct tagging tagging = {.project = project, .options = options};
    ARC_TRY(
        survey_take_group(project, options->next.prerelease, &tagging.survey, &tagging.group, err));
    ARC_TRY(choose_version(&tagging, err));
    tagging.ref = arc_arena_printf(&tagging.survey.memory, "refs/tags/%s", tagging.tag);
    ARC_TRY(arc_arena_check(&tagging.survey.memory, err));

    ARC_TRY(check_order(&tagging, err));
    struct arc_git_diff diff = {.each = refuse_change, .context = err};
    ARC_TRY(arc_git_diff_worktree(project->git, &diff, false, err));
    ARC_TRY(check_pushed(&tagging, err));
    ARC_TRY(check_line(&tagging, err));
    ARC_TRY(check_name(&tagging, err));

    /* Checks for a release that lost its tag: GitHub allows that name on no other commit. */
    const struct arc_repository *repository = &project->repository;
    if (!tagging.pushed && (arc_json_lists(repository->published, tagging.tag) ||
                            arc_json_lists(repository->withdrawn, tagging.tag)))
        return arc_error_set(err, ARC_EFAILED,
                             "GitHub has a release of %s, whose tag is gone: GitHub does not "
                             "allow that tag again, so use another version",
                             tagging.tag);
    ARC_TRY(check_lint(&tagging, err));

    ARC_AUTO(arc_git_commit) struct arc_git_commit commit = {0};
    ARC_TRY(arc_git_commit(project->git, &tagging.survey.head, &commit, err));
    if (!tagging.there)
        ARC_TRY(create_tag(&tagging, err));

    /* Pushes only this ref: GitHub runs no workflow for more than three tags in a push. */
    const char *const push[] = {"push", "--no-follow-tags", project->git->remote, tagging.ref,
                                NULL};
    if (options->push && !tagging.pushed)
        ARC_TRY(run_git(&tagging, push, ARC_EFAILED, NULL, err));
    *out = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s?, s:b, s:o}", "document", "tag", "format",
                     ARC_DOCUMENT_FORMAT, "tag", tagging.tag, "revision", tagging.survey.head.hex,
                     "branch", tagging.branch, "action", tagging.there ? "unchanged" : "created",
                     "skipped-by", arc_message_skips(commit.subject, commit.body), "pushed",
                     options->push || tagging.pushed, "push",
                     json_pack("[s, s, s, s, s]", "git", push[0], push[1], push[2], push[3]));
    return arc_error_unless(*out, err);
}
