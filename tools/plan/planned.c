#include "plan/planned.h"
#include "base/auto.h"
#include "base/json.h"
#include <string.h>

/* The moment of a run: its event, branch and pull request, and the time (SOURCE_DATE_EPOCH, where
 * that is set). Points into the project. */
static int find_moment(struct arc_project *project, struct arc_plan_moment *out,
                       struct arc_error *err)
{
    const struct arc_event *event = &project->event;
    ARC_TRY(arc_project_load_event(project, err));
    bool pull = arc_event_is_pull_request(event);
    bool branch = event->ref && strncmp(event->ref, "refs/heads/", 11) == 0 && !pull &&
                  strcmp(event->name, "merge_group") != 0;
    *out = (struct arc_plan_moment){.event = pull ? "pull_request" : event->name,
                                    .branch = branch ? event->ref + 11 : NULL,
                                    .pull = pull ? event->number : 0,
                                    .now = arc_env_moment(project->env)};
    return ARC_OK;
}

/* The versions that the services' files had at the base of `changes`; NULL without one. */
static int find_before(struct arc_project *project, const json_t *changes, json_t **out,
                       struct arc_error *err)
{
    const char *all = json_string_value(json_object_get(changes, "base"));
    bool own = strcmp(arc_json_text_of(changes, "base-kind"), "own") == 0;
    ARC_AUTO_JSON json_t *before = json_object();
    *out = NULL;
    if (!all && !own)
        return ARC_OK;
    for (size_t i = 0; i < project->group->service_count; i++) {
        const struct arc_service *service = &project->group->services[i];
        ARC_AUTO_FREE char *version = NULL;
        const json_t *filter =
            json_object_get(json_object_get(changes, "filters"), service->codename);
        const char *base = own ? json_string_value(json_object_get(filter, "base")) : all;
        if (!service->version)
            continue;
        if (base)
            ARC_TRY(arc_project_version_at(project, service, base, &version, err));
        if (json_object_set_new(before, service->codename,
                                version ? json_string(version) : json_null()))
            return arc_error_nomem(err);
    }
    *out = arc_steal(&before);
    return *out ? ARC_OK : arc_error_nomem(err);
}

int arc_planned(struct arc_project *project, const struct arc_plan_options *wanted,
                const char *identity, struct arc_plan *out, struct arc_error *err)
{
    const struct arc_repository *repository = &project->repository;
    struct arc_plan_options options = *wanted;
    ARC_AUTO_JSON json_t *before = NULL;
    ARC_TRY(find_before(project, wanted->changes, &before, err));
    ARC_TRY(find_moment(project, &options.moment, err));
    options.group = project->group;
    options.version = project->version;
    options.revision = repository->revision;
    options.committed = repository->committed;
    options.source = repository->source;
    options.before = before;
    ARC_TRY(arc_plan(&options, out, err));

    int rc = out->push ? arc_plan_signing(project, identity, out, err) : ARC_OK;
    if (rc)
        arc_plan_free(out);
    return rc;
}
