#include "scan/scan.h"
#include "arcci/plan.h"
#include "base/text.h"
#include "plan/planned.h"
#include "project/repository.h"

/* Limits: size of a settings file, number of VEX documents. */
#define SETTINGS_MAX ((size_t)16 << 20)
#define VEX_MAX      32

/* Reads the document that names the images: build.json, else a plan, or neither. */
static int read_images(struct arc_project *project, const struct arc_scan_files *files,
                       struct arc_needs *needs, struct arc_error *err)
{
    const struct arc_needs_files *wanted = &files->documents;
    bool documents = wanted->build || wanted->plan || wanted->needs || project->wanted.tag;

    if (json_array_size(files->run.platforms) && strcmp(files->run.type, "image") != 0)
        return arc_error_set(err, ARC_EINPUT, "--platform needs --scan-type image");
    if (!documents)
        return ARC_OK;

    ARC_TRY(arc_needs_read(wanted, needs, err));
    ARC_TRY(arc_needs_check_tag(needs, project->wanted.tag, err));
    if (project->wanted.tag && needs->plan && !needs->version)
        return arc_error_set(err, ARC_EINPUT, "--tag: the plan is about commit %.12s, not about %s",
                             needs->plan->revision, project->wanted.tag);
    if (wanted->needs)
        ARC_TRY(arc_needs_check(needs, needs->plan, "its images are not scanned", err));
    if (wanted->needs && !wanted->build)
        ARC_TRY(arc_needs_check_built(needs, "nothing is scanned", err));

    if (!needs->build && !needs->plan && project->wanted.tag) {
        const struct arc_plan_options push = {.push = true};
        ARC_TRY(arc_project_load(project, err));
        ARC_TRY(arc_needs_plan(project, &push, needs, err));
    }

    if ((needs->build || needs->plan) && strcmp(files->run.type, "image") != 0)
        return arc_error_set(
            err, ARC_EINPUT,
            "--build, --plan, --needs and --tag name images, which --scan-type fs does not scan");

    return ARC_OK;
}

/* The project's settings and the files that they name; owned. */
struct settings {
    struct arc_scan_settings scan;
    char *from, *problem, *ignore_from;
    struct arc_buf policy, ignore;
    struct arc_buf vex[VEX_MAX];
    size_t vex_count;
};

static void settings_free(struct settings *settings)
{
    arc_scan_settings_free(&settings->scan);
    free(settings->from);
    free(settings->problem);
    free(settings->ignore_from);
    arc_buf_free(&settings->policy);
    arc_buf_free(&settings->ignore);
    for (size_t i = 0; i < settings->vex_count; i++)
        arc_buf_free(&settings->vex[i]);
}

/* A file named in the settings must exist. */
static int read_named(struct arc_project *project, const char *path, struct arc_buf *out,
                      struct arc_error *err)
{
    ARC_AUTO_FREE char *from = NULL;
    out->max = SETTINGS_MAX;
    ARC_TRY_PREFIX(arc_project_read_trusted(project, path, SETTINGS_MAX, out, &from, err), err,
                   "scan: %s", path);
    return ARC_OK;
}

static int read_configuration(struct arc_project *project, struct settings *out,
                              struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = SETTINGS_MAX};
    const char *given = project->wanted.config, *base;
    int rc;

    if (given)
        rc = arc_project_read_given(project, given, SETTINGS_MAX, &text, &out->from, err);
    else
        rc = arc_project_read_trusted(project, ARC_CONFIG_PATH, SETTINGS_MAX, &text, &out->from,
                                      err);

    /* The gate is not relaxed then. A pull request may be the one that adds the file. */
    bool unused = given && rc == ARC_ENOTFOUND && arc_event_is_guest(&project->event, &base);
    if (rc == ARC_EWORLD || unused) {
        ARC_TRY(arc_text_print(&out->problem, err, "the settings for the scan are not used: %s",
                               arc_error_text(err)));
        arc_error_clear(err);
        return ARC_OK;
    }

    if (rc)
        return given ? rc : arc_error_except(ARC_ENOTFOUND, rc, err);

    return arc_scan_settings_parse(arc_buf_text(&text), text.len, out->from, &out->scan, err);
}

/* Reads the project's settings, and the files that they name, into `out`; the options point
 * there. */
static int read_settings(struct arc_project *project, const struct arc_scan_files *files,
                         struct settings *out, struct arc_scan_options *options,
                         struct arc_scan_run *run, struct arc_error *err)
{
    ARC_TRY(read_configuration(project, out, err));
    options->settings = out->from ? &out->scan : NULL;
    options->settings_from = out->from;

    if (out->scan.policy) {
        ARC_TRY(read_named(project, out->scan.policy, &out->policy, err));
        options->policy_file = &out->policy;
    }

    for (char **vex = out->scan.vex; vex && *vex; vex++) {
        if (out->vex_count == VEX_MAX)
            return arc_error_set(err, ARC_ELIMIT, "%s: scan: more than %d VEX documents", out->from,
                                 VEX_MAX);
        ARC_TRY(read_named(project, *vex, &out->vex[out->vex_count++], err));
    }
    options->vex = out->vex;
    options->vex_count = out->vex_count;

    if (files->ignore_file) {
        out->ignore.max = SETTINGS_MAX;
        ARC_TRY(arc_project_read_given(project, files->ignore_file, SETTINGS_MAX, &out->ignore,
                                       &out->ignore_from, err));
        options->ignore_name = out->ignore_from;
        options->ignore_text = arc_buf_text(&out->ignore);
    }

    unsigned severities = 0, scanners = 0, one = 0;
    for (char **text = out->scan.severity; text && *text; text++) {
        ARC_TRY(arc_severity_set(*text, &one, err));
        severities |= one;
    }

    for (char **text = out->scan.scanners; text && *text; text++) {
        ARC_TRY(arc_scanner_set(*text, &one, err));
        scanners |= one;
    }

    if (!files->severity_given && severities)
        options->policy.severities = severities;
    if (!files->scanners_given && scanners)
        run->scanners = scanners;
    options->policy.packages = run->scanners & ARC_SCANNER_VULN;

    return ARC_OK;
}

/* Where code scanning shows the findings: the commit that the images were built from, or that is
 * checked out (`head`; "": unknown), and a ref that it is on, which need not be the event's. *ref, a
 * new string, replaces GITHUB_REF if it is set. ARC_EINPUT if no ref of the images' commit is
 * known; an unknown commit in the folder may be of another repository. */
static int find_commit(struct arc_project *project, const struct arc_needs *needs, const char *head,
                       struct arc_scan_publish *wanted, char **ref, struct arc_error *err)
{
    const struct arc_plan *plan = needs->plan;
    const struct arc_event *event = &project->event;
    const char *revision = plan ? plan->revision : head, *branch = NULL;

    if (needs->build)
        revision = needs->build->revision;
    if (!wanted->sarif || !*revision)
        return ARC_OK;

    bool others = strcmp(revision, wanted->commit) != 0;
    if (others) {
        ARC_TRY(arc_project_load_event(project, err));
        branch = arc_event_branch(event, revision);
    }

    if (plan && plan->tag)
        ARC_TRY(arc_text_print(ref, err, "refs/tags/%s", plan->tag));
    else if (branch)
        ARC_TRY(arc_text_print(ref, err, "refs/heads/%s", branch));
    else if (others && event->number && event->head_sha && strcmp(event->head_sha, revision) == 0)
        ARC_TRY(arc_text_print(ref, err, "refs/pull/%" JSON_INTEGER_FORMAT "/head", event->number));
    else if (others && revision == head)
        return ARC_OK;
    else if (others)
        return arc_error_set(err, ARC_EINPUT,
                             "--upload-sarif: the images were built from commit %.12s, this run is "
                             "about %.12s, and no branch or tag of the first is known: give the "
                             "release's plan, too (--plan or --needs)",
                             revision, wanted->commit);
    wanted->commit = revision;
    wanted->ref = arc_or(*ref, wanted->ref);

    return ARC_OK;
}

/* Says where results are sent, and of what they are, by the run's environment. */
static int place_results(const struct arc_env *env, const struct arc_scan_files *files,
                         struct arc_scan_publish *wanted, struct arc_error *err)
{
    wanted->repository = arc_github_repository(env, &files->github);
    wanted->ref = arc_env_nonempty(env, "GITHUB_REF");
    wanted->commit = arc_env_nonempty(env, "GITHUB_SHA");

    if (wanted->sarif && (!wanted->ref || !wanted->commit))
        return arc_error_set(err, ARC_EINPUT,
                             "--upload-sarif needs GITHUB_REF and GITHUB_SHA: code scanning "
                             "needs to know what was scanned");
    if ((wanted->sarif || wanted->issues) && !wanted->repository)
        return arc_error_set(err, ARC_EINPUT,
                             "--upload-sarif and --create-issues need to know the repository: "
                             "--repository OWNER/NAME or GITHUB_REPOSITORY");

    return ARC_OK;
}

int arc_scan_files(struct arc_project *project, const struct arc_scan_files *files,
                   struct arc_scan *out, struct arc_error *publish_error, struct arc_error *err)
{
    const struct arc_env *env = project->env;
    struct arc_scan_options options = files->options;
    struct arc_scan_run run = files->run;
    struct arc_scan_publish wanted = files->publish;
    bool publishes = wanted.sarif || wanted.issues;
    ARC_TRY(place_results(env, files, &wanted, err));

    ARC_AUTO(arc_needs) struct arc_needs needs = {0};
    ARC_TRY(read_images(project, files, &needs, err));
    ARC_AUTO(settings) struct settings settings = {.from = NULL};
    ARC_TRY(read_settings(project, files, &settings, &options, &run, err));

    options.root = arc_project_root(project);
    run.build = needs.build; /* it takes precedence over a plan */
    run.plan = needs.build ? NULL : needs.plan;
    if (run.build)
        options.name = run.build->group;
    else if (run.plan)
        options.name = run.plan->group;
    if (run.target || run.build || run.plan)
        options.run = &run;
    if (options.run && options.policy.packages)
        options.policy.database_age_required = true;
    else if (options.run) /* nothing is looked up in the database, nor does Trivy update it */
        options.policy.database_age_max = 0;
    if (!options.run && (options.policy_file || options.vex_count) && !settings.problem)
        ARC_TRY(arc_text_print(&settings.problem, err,
                               "%s: scan: 'ignore-policy' and 'vex' are for Trivy, which made the "
                               "reports before: they count only where arc-ci runs it",
                               settings.from));
    options.settings_problem = settings.problem;
    options.sarif = wanted.sarif;
    options.issues = wanted.issues;
    ARC_TRY(arc_scan(&options, env, out, err));

    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    ARC_AUTO_FREE char *ref = NULL;
    char head[65] = "";
    if (run.target && strcmp(run.type, "fs") == 0 && project->git)
        arc_repository_head(project->git, head);
    if (publishes && !find_commit(project, &needs, head, &wanted, &ref, publish_error) &&
        !arc_github_open(env, &files->github, &transport, publish_error))
        arc_scan_publish(out, &wanted, transport, publish_error);

    return ARC_OK;
}
