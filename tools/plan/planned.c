#include "plan/planned.h"
#include "base/text.h"
#include "project/repository.h"

/* The versions in the services' files at the base of `changes`; NULL without a base. */
static int find_before(struct arc_project *project, const struct arc_changes_info *changes,
                       struct arc_arena *memory, struct arc_pair **out, struct arc_error *err)
{
    const struct arc_group *group = project->group;
    struct arc_pair *before = arc_arena_array(memory, group->service_count + 1, sizeof *before);
    *out = NULL;
    if (!changes || (!changes->base && !changes->own))
        return ARC_OK;
    ARC_TRY_ALLOC(before, err);

    *out = before;

    arc_each (service, group->services, group->service_count) {
        const struct arc_changed_filter *filter = arc_changed_filter(changes, service->codename);
        ARC_AUTO_FREE char *version = NULL;
        const char *base = changes->base;
        if (changes->own)
            base = filter ? filter->base : NULL;
        if (!service->version || !base)
            continue;
        ARC_TRY(arc_project_version_at(project, service, base, &version, err));
        if (version)
            *before++ = (struct arc_pair){service->codename, arc_arena_text(memory, version)};
    }

    return arc_arena_check(memory, err);
}

/* The branch of the event, unless a push is planned with a commit checked out that does not follow
 * the pushed one: that is another branch's. */
static const char *planned_branch(const struct arc_project *project)
{
    const struct arc_event *event = &project->event;
    const char *revision = project->repository.revision;
    const char *branch = arc_event_branch(event, revision);
    const struct arc_oid head = arc_oid_of(revision), pushed = arc_oid_of(event->sha);
    struct arc_oid common;

    if (!branch || !*pushed.hex || !project->git || strcmp(head.hex, pushed.hex) == 0)
        return branch;
    int rc = arc_git_merge_base(project->git, &head, &pushed, &common, NULL);

    return rc || strcmp(common.hex, pushed.hex) != 0 ? NULL : branch;
}

int arc_planned(struct arc_project *project, const struct arc_plan_options *wanted,
                const char *identity, struct arc_plan *out, struct arc_error *err)
{
    const struct arc_repository *repository = &project->repository;
    const struct arc_event *event = &project->event;
    struct arc_plan_options options = *wanted;
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct arc_pair *before = NULL;

    if (project->git && !wanted->services)
        ARC_TRY(arc_project_check_sparse(project->git, &project->config, err));
    ARC_TRY(find_before(project, wanted->changes, &memory, &before, err));
    ARC_TRY(arc_project_load_event(project, err));
    int64_t now;
    ARC_TRY(arc_env_moment(project->env, &now, err)); /* SOURCE_DATE_EPOCH */
    options.moment = (struct arc_plan_moment){.event = event->name,
                                              .branch = planned_branch(project),
                                              .now = now,
                                              .past = wanted->moment.past};
    const char *branch = options.moment.branch, *main = event->default_branch;
    options.moment.aside = main && !arc_text_same(branch, main);
    /* Unless told otherwise, pull_request_target checks out the base branch. */
    bool base = strcmp(event->name, "pull_request_target") == 0 &&
                arc_text_same(event->sha, repository->revision);
    if (arc_event_is_pull_request(event) && !base) {
        options.moment.event = "pull_request";
        options.moment.pull = event->number;
    }

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

int arc_needs_plan(struct arc_project *project, const struct arc_plan_options *wanted,
                   struct arc_needs *needs, struct arc_error *err)
{
    if (needs->plan)
        return ARC_OK;
    needs->plan = calloc(1, sizeof *needs->plan);
    ARC_TRY_ALLOC(needs->plan, err);
    return arc_planned(project, wanted, NULL, needs->plan, err);
}
