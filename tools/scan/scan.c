#include "scan/scan.h"
#include "arcci/plan.h"
#include "arcci/project.h"
#include "base/auto.h"
#include "plan/planned.h"
#include "project/needs.h"
#include <string.h>

static int plan_of_tag(struct arc_project *project, const struct arc_scan_files *files,
                       json_t **out, struct arc_error *err)
{
    project->wanted.tag = files->tag;
    project->wanted.config = files->config;
    ARC_TRY(arc_project_load(project, err));

    struct arc_plan_options options = {
        .group = project->group,
        .version = project->version,
        .revision = project->repository.revision,
        .committed = project->repository.committed,
        .source = project->repository.source,
        .push = true,
    };
    ARC_TRY(arc_plan_moment(project, &options.moment, err));
    return arc_plan(&options, out, err);
}

/* The documents that name images. A target by name needs none. */
static int read_documents(struct arc_project *project, const struct arc_scan_files *files,
                          struct arc_needs *out, struct arc_error *err)
{
    struct arc_needs_files wanted = {
        .build = files->build, .plan = files->plan, .needs = files->needs};
    if (files->run.target)
        return ARC_OK;
    int rc = arc_needs_read(&wanted, out, err);
    if (!rc && files->needs)
        rc = arc_needs_check(out, "its images are not scanned", err);
    if (!rc && !out->build && !out->plan && files->tag)
        rc = plan_of_tag(project, files, &out->plan, err);
    if (!rc && (out->build || out->plan) && strcmp(files->run.type, "image") != 0)
        rc = arc_error_set(err, ARC_EINPUT,
                           "--build, --plan, --needs and --tag name images: add --scan-type image");
    return rc;
}

/* The commit that the findings belong to: the event's. */
static int read_event(const struct arc_env *env, struct arc_scan_publish *out,
                      struct arc_error *err)
{
    out->ref = arc_env_nonempty(env, "GITHUB_REF");
    out->commit = arc_env_nonempty(env, "GITHUB_SHA");
    if (out->sarif && (!out->ref || !out->commit))
        return arc_error_set(err, ARC_EINPUT,
                             "--upload-sarif needs GITHUB_REF and GITHUB_SHA: code scanning wants "
                             "to know what was scanned");
    if (!out->repository)
        return arc_error_set(err, ARC_EINPUT,
                             "--upload-sarif and --create-issues need to know the repository: "
                             "--repository OWNER/NAME or GITHUB_REPOSITORY");
    return ARC_OK;
}

static int publish(const struct arc_env *env, const struct arc_scan_files *files,
                   struct arc_scan *scan, const struct arc_scan_publish *options,
                   struct arc_error *err)
{
    struct arc_transport *transport = NULL;
    int rc = arc_github_open(env, &files->github, &transport, err);
    if (!rc)
        rc = arc_scan_publish(scan, options, transport, err);
    arc_transport_free(transport);
    return rc;
}

int arc_scan_files(struct arc_project *project, const struct arc_scan_files *files,
                   struct arc_scan *out, struct arc_error *publish_error, struct arc_error *err)
{
    ARC_AUTO(arc_needs) struct arc_needs documents = {.jobs = NULL};
    const struct arc_env *env = project->env;
    struct arc_scan_options options = files->options;
    struct arc_scan_run run = files->run;
    struct arc_scan_publish wanted = {.repository = arc_github_repository(env, &files->github),
                                      .sarif = files->upload,
                                      .issues = files->issues};
    bool publishes = files->upload || files->issues;
    int rc = publishes ? read_event(env, &wanted, err) : ARC_OK;
    if (!rc)
        rc = read_documents(project, files, &documents, err);
    if (rc)
        return rc;
    run.build = documents.build;
    run.plan = documents.plan;
    if (run.target || run.build || run.plan)
        options.run = &run;
    options.sarif = files->upload;
    options.issues = files->issues;
    rc = arc_scan(&options, env, out, err);
    if (!rc && publishes)
        publish(env, files, out, &wanted, publish_error);
    return rc;
}
