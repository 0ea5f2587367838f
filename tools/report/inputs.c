#include "report/inputs.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "plan/planned.h"
#include "project/documents.h"
#include "report/status.h"
#include <string.h>

/* What a report is made from and where it goes. */
struct inputs {
    struct arc_needs needs;
    struct arc_plan made; /* when none is given */
    struct arc_plan *plan;
    struct arc_ledger base; /* where it is given */
    char *run_url;          /* or NULL */
    struct arc_report_target target;
};

static void inputs_free(struct inputs *in)
{
    arc_needs_free(&in->needs);
    arc_plan_free(&in->made);
    arc_ledger_free(&in->base);
    free(in->run_url);
}

static int find_plan(struct arc_project *project, const struct arc_report_files *files,
                     struct inputs *in, struct arc_error *err)
{
    in->plan = in->needs.plan ? in->needs.plan : &in->made;
    if (in->needs.plan)
        return ARC_OK;

    project->wanted.tag = in->needs.version ? in->needs.version->tag : NULL;
    project->wanted.group = files->group;
    int rc = arc_project_load(project, err);
    const struct arc_plan_options wanted = {.changes = in->needs.changes,
                                            .push = project->version != NULL};
    if (!rc)
        rc = arc_planned(project, &wanted, NULL, &in->made, err);
    return rc ? arc_error_prefix(err, "no --plan, and it cannot be made here") : ARC_OK;
}

static int read_base(const struct arc_report_files *files, struct inputs *in, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *base = NULL;
    if (!files->base)
        return ARC_OK;
    ARC_TRY(arc_document_read(files->base, &base, err));
    return arc_ledger_read(base, &in->base, err) ? arc_error_prefix(err, "--base-build") : ARC_OK;
}

/* The page of this workflow run; NULL elsewhere. */
static int find_run(const struct arc_env *env, char **out, struct arc_error *err)
{
    const char *server = arc_env_nonempty(env, "GITHUB_SERVER_URL");
    const char *repository = arc_env_nonempty(env, "GITHUB_REPOSITORY");
    const char *run = arc_env_nonempty(env, "GITHUB_RUN_ID");

    if (!server || !repository || !run)
        return ARC_OK;
    return arc_text_print(out, err, "%s/%s/actions/runs/%s", server, repository, run);
}

static int find_pull(const struct arc_project *project, const struct arc_report_files *files,
                     struct inputs *in, struct arc_error *err)
{
    const char *text = files->pull;
    in->target.pull = files->comment ? project->event.number : 0;
    if (!text)
        return ARC_OK;
    if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 15)
        return arc_error_set(err, ARC_EINPUT, "--pull: '%.40s' is not a number", text);
    in->target.pull = strtoll(text, NULL, 10);
    if (!in->target.pull)
        return arc_error_set(err, ARC_EINPUT, "--pull: pull requests are counted from 1");
    return ARC_OK;
}

static bool goes_nowhere(const struct arc_report_target *target)
{
    return target->kind == ARC_REPORT_NONE && !target->pull && !target->environment;
}

static int find_target(const struct arc_project *project, const struct arc_report_files *files,
                       struct inputs *in, struct arc_error *err)
{
    struct arc_report_target *target = &in->target;
    const char *head = arc_event_is_pull_request(&project->event) ? project->event.head_sha : NULL;

    target->repository = arc_github_repository(project->env, &files->github);
    target->revision = head ? head : in->plan->revision;
    if (files->revision)
        target->revision = files->revision;
    target->run_url = in->run_url;
    target->kind = files->kind;
    target->environment = files->environment;
    target->statuses_optional = files->statuses_optional;
    target->comment_optional = files->comment_optional;
    ARC_TRY(find_pull(project, files, in, err));
    if (goes_nowhere(target))
        return ARC_OK;

    if (!target->repository || !arc_repository_name_valid(target->repository))
        return arc_error_set(err, ARC_EINPUT,
                             "which repository? Set --repository=owner/name or GITHUB_REPOSITORY");

    if (!target->revision || !arc_event_is_sha(target->revision))
        return arc_error_set(err, ARC_EINPUT,
                             "which commit? --revision takes 40 hexadecimal digits");

    return ARC_OK;
}

/* What a merge may require has one name in pull requests, in the merge queue and by hand; a report
 * about another run (--run) is about a pull request's. */
static const char *find_suffix(const struct arc_project *project,
                               const struct arc_report_files *files)
{
    const char *event = project->event.name;
    if (!event || files->run || arc_event_is_pull_request(&project->event) ||
        strcmp(event, "local") == 0 || strcmp(event, "merge_group") == 0)
        return NULL;
    return event;
}

static int read_run(const struct arc_project *project, const struct arc_report_files *files,
                    struct inputs *in, struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    if (!files->run)
        return ARC_OK;
    ARC_TRY(arc_github_open(project->env, &files->github, &transport, err));
    return report_read_run(transport, in->target.repository, files->run, in->plan, &in->needs.jobs,
                           err);
}

static int gather(struct arc_project *project, const struct arc_report_files *files,
                  struct inputs *in, struct arc_error *err)
{
    ARC_TRY(arc_needs_read(&files->documents, &in->needs, err));
    ARC_TRY(read_base(files, in, err));
    ARC_TRY(arc_project_load_event(project, err));
    ARC_TRY(find_plan(project, files, in, err));
    ARC_TRY(find_run(project->env, &in->run_url, err));
    ARC_TRY(find_target(project, files, in, err));
    return read_run(project, files, in, err);
}

static int post_report(const struct arc_env *env, const struct arc_report_files *files,
                       const struct arc_report_target *target, json_t *report,
                       struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;

    if (goes_nowhere(target))
        return arc_json_set(report, "comment", json_null(), err);
    ARC_TRY(arc_github_open(env, &files->github, &transport, err));
    ARC_TRY(arc_report_post(report, target, transport, err));
    if (!files->github.dry_run)
        return ARC_OK;
    json_t *requests = json_deep_copy(arc_transport_described(transport));
    return arc_json_set(report, "requests", requests, err);
}

int arc_report_files(struct arc_project *project, const struct arc_report_files *files,
                     json_t **out, struct arc_error *err)
{
    ARC_AUTO(inputs) struct inputs in = {0};
    ARC_AUTO_JSON json_t *report = NULL;

    ARC_TRY(gather(project, files, &in, err));
    struct arc_report_facts facts = {
        .plan = in.plan,
        .changes = in.needs.changes,
        .build = in.needs.build,
        .base = files->base ? &in.base : NULL,
        .scan = in.needs.scan,
        .jobs = in.needs.jobs,
        .run_url = in.run_url,
        .event = find_suffix(project, files),
    };
    ARC_TRY(arc_report(&facts, &report, err));
    ARC_TRY(arc_json_set(report, "revision", json_string(in.target.revision), err));
    ARC_TRY(post_report(project->env, files, &in.target, report, err));
    *out = arc_steal(&report);

    return ARC_OK;
}
