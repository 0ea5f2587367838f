#include "report/inputs.h"
#include "base/json.h"
#include "base/text.h"
#include "plan/planned.h"
#include "project/documents.h"
#include "report/status.h"

/* The inputs of a report, and its target. */
struct inputs {
    struct arc_needs needs;
    struct arc_ledger base; /* if given */
    char *run_url;          /* or NULL */
    struct arc_report_target target;
};

static void inputs_free(struct inputs *in)
{
    arc_needs_free(&in->needs);
    arc_ledger_free(&in->base);
    free(in->run_url);
}

static bool goes_nowhere(const struct arc_report_target *target)
{
    return target->kind == ARC_REPORT_NONE && !target->pull && !target->environment;
}

static int find_target(const struct arc_project *project, const struct arc_report_files *files,
                       struct inputs *in, struct arc_error *err)
{
    struct arc_report_target *target = &in->target;
    const char *pull = files->pull;
    bool headed = arc_event_is_pull_request(&project->event) && project->event.head_sha;

    *target = files->target;
    target->repository = arc_github_repository(project->env, &files->github);
    target->run_url = in->run_url;
    if (!target->revision && !files->run) /* that run was about another commit */
        target->revision = headed ? project->event.head_sha : in->needs.plan->revision;
    if (files->comment)
        target->pull = project->event.number;

    if (pull && !arc_text_number(pull, 15, &target->pull))
        return arc_error_set(err, ARC_EINPUT, "--pull: '%.40s' is not a number", pull);
    if (pull && !target->pull)
        return arc_error_set(err, ARC_EINPUT, "--pull: pull requests are counted from 1");
    if (goes_nowhere(target) && !files->run)
        return ARC_OK;

    if (!target->repository || !arc_repository_name_valid(target->repository))
        return arc_error_set(err, ARC_EINPUT,
                             "which repository? Set --repository=owner/name or GITHUB_REPOSITORY");

    if (!target->revision || !arc_event_is_sha(target->revision))
        return arc_error_set(err, ARC_EINPUT,
                             "which commit? --revision takes 40 hexadecimal digits");

    return ARC_OK;
}

static int gather(struct arc_project *project, const struct arc_report_files *files,
                  struct inputs *in, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *base = NULL;
    const char *server = arc_env_nonempty(project->env, "GITHUB_SERVER_URL");
    const char *repository = arc_env_nonempty(project->env, "GITHUB_REPOSITORY");
    const char *run = arc_env_nonempty(project->env, "GITHUB_RUN_ID");
    const char *group = project->wanted.group;

    ARC_TRY(arc_needs_read(&files->documents, &in->needs, err));

    if (files->base) {
        ARC_TRY(arc_document_read(files->base, &base, err));
        ARC_TRY_PREFIX(arc_ledger_read(base, &in->base, err), err, "--base-build");
    }

    ARC_TRY(arc_project_load_event(project, err));

    if (in->needs.plan && group && strcmp(in->needs.plan->group, group) != 0)
        return arc_error_set(err, ARC_EINPUT, "--group: the plan is about group %.200s, not %.200s",
                             in->needs.plan->group, group);
    if (!in->needs.plan) {
        project->wanted.tag = in->needs.version ? in->needs.version->tag : NULL;
        int rc = arc_project_load(project, err);
        const struct arc_plan_options wanted = {.changes = in->needs.changes,
                                                .push = project->version != NULL};
        if (!rc)
            rc = arc_needs_plan(project, &wanted, &in->needs, err);
        if (rc)
            return arc_error_prefix(err, "no --plan, and it cannot be made here");
    }

    if (server && repository && run)
        ARC_TRY(
            arc_text_print(&in->run_url, err, "%s/%s/actions/runs/%s", server, repository, run));
    ARC_TRY(find_target(project, files, in, err));
    if (!files->run)
        return ARC_OK;

    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    ARC_TRY(arc_github_open(project->env, &files->github, &transport, err));
    return report_read_run(transport, in->target.repository, files->run, in->needs.plan,
                           &in->needs.jobs, err);
}

int arc_report_files(struct arc_project *project, const struct arc_report_files *files,
                     json_t **out, struct arc_error *err)
{
    ARC_AUTO(inputs) struct inputs in = {0};
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    ARC_AUTO_JSON json_t *report = NULL;

    ARC_TRY(gather(project, files, &in, err));
    struct arc_report_facts facts = {
        .plan = in.needs.plan,
        .changes = in.needs.changes,
        .build = in.needs.build,
        .scan = in.needs.scan ? &in.needs.judged : NULL,
        .jobs = in.needs.jobs,
        .run_url = in.run_url,
        .event = project->event.name,
    };
    if (files->base)
        facts.base = &in.base;

    /* A required status needs the same name in pull requests, in the merge queue and by hand; a
     * report about another run is about a pull request's. */
    if (files->run || arc_event_is_pull_request(&project->event) ||
        (facts.event && ARC_AMONG(facts.event, "local", "merge_group")))
        facts.event = NULL;
    ARC_TRY(arc_report(&facts, &report, err));
    ARC_TRY(arc_json_set(report, "revision", json_string(in.target.revision), err));

    if (goes_nowhere(&in.target)) {
        ARC_TRY(arc_json_set(report, "comment", json_null(), err));
    } else {
        ARC_TRY(arc_github_open(project->env, &files->github, &transport, err));
        ARC_TRY(arc_report_post(report, &in.target, transport, err));
        if (files->github.dry_run)
            ARC_TRY(arc_json_set(report, "requests",
                                 json_deep_copy(arc_transport_described(transport)), err));
    }
    *out = arc_steal(&report);

    return ARC_OK;
}
