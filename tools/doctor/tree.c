/* The repository and its configuration. */
#include "base/json.h"
#include "config/build.h"
#include "doctor/doctor.h"
#include "lint/rule.h"
#include "project/inputs.h"

/* GitHub docs, "Events that trigger workflows", push: "Events will not be created for tags when
 * more than three tags are pushed at once." */
#define TAGS_AT_ONCE 3

void doctor_repository(struct doctor *doctor, struct doctor_result *result)
{
    ARC_AUTO_FREE char *branch = NULL;
    struct arc_oid head;

    int rc = arc_project_open(doctor->project, &result->err);
    if (rc) {
        doctor_fail(result, DOCTOR_MISSING, rc == ARC_ENOTFOUND ? "run it inside a clone" : NULL);
        return;
    }

    if (arc_git_head(doctor->project->git, &head, &branch, &result->err))
        doctor_fail(result, DOCTOR_MISSING, "make a first commit");
    else
        arc_buf_printf(&result->found, "%s at %.12s", arc_or(branch, "detached"), head.hex);

    if (arc_git_is_shallow(doctor->project->git)) {
        arc_buf_puts(&result->found, ", a shallow clone");
        arc_buf_puts(&result->advice, "changes deepens it when needed; fetch-depth: 0 spares that");
    }
}

void doctor_git(struct doctor *doctor, struct doctor_result *result)
{
    if (doctor_ask(doctor, ARC_WORDS("git", "--version"), &result->found, &result->err) == ARC_OK)
        return;
    if (doctor->project->git && arc_git_is_shallow(doctor->project->git))
        doctor_fail(result, DOCTOR_MISSING, "install git: a shallow clone is deepened with it");
    else
        doctor_fail(result, DOCTOR_WARNING, "only a shallow clone needs it, to be deepened");
}

/* A build with unset secrets fails or, worse, succeeds. */
static void check_secrets(const struct doctor *doctor, struct doctor_result *result)
{
    doctor_each_group (group, doctor)
        arc_each (service, group->services, group->service_count) {
            ARC_AUTO(arc_buf) struct arc_buf lacks = {0};
            arc_recipe_lacks(&service->build, doctor->project->env, &lacks);
            if (lacks.len)
                doctor_advise(result, ARC_MAX(result->status, DOCTOR_WARNING), "%s: %s",
                              service->codename, arc_buf_text(&lacks));
        }
}

void doctor_config(struct doctor *doctor, struct doctor_result *result)
{
    ARC_AUTO(lint_settings) struct lint_settings settings = {0};
    const char *root = arc_project_root(doctor->project);

    if (lint_settings_load(root, NULL, &settings, NULL) == ARC_OK && settings.network)
        doctor->network = strdup(settings.network);

    if (arc_project_load_config(doctor->project, &result->err)) {
        bool absent = result->err.code == ARC_ENOTFOUND && !doctor->project->wanted.config;
        const char *purpose = doctor->options->purpose;
        bool plan = !purpose || strcmp(purpose, "plan") == 0; /* which also affects others */
        enum doctor_status status = absent && plan ? DOCTOR_WARNING : DOCTOR_MISSING;
        doctor_fail(result, status,
                    absent ? "version, changes and glob work without it; the rest needs it"
                           : "put it right; 'arc-ci lint' shows all there is");
        return;
    }

    doctor->has_config = true;
    size_t groups = doctor->project->config.group_count, services = 0;
    doctor_each_group (group, doctor)
        services += group->service_count;
    arc_buf_printf(&result->found, "%zu group%s, %zu service%s", groups, arc_plural(groups),
                   services, arc_plural(services));
    doctor_each_group (group, doctor) /* which cannot be released without its Dockerfiles */
        if (arc_group_check_dockerfiles(root, group, NULL, &result->err))
            doctor_advise(result, DOCTOR_MISSING, "%s", arc_error_text(&result->err));
    check_secrets(doctor, result);
}

/* Whether a tag releases a group; without a configuration, whether it looks like a release's. */
static bool is_release(const struct doctor *doctor, const char *tag)
{
    ARC_AUTO(arc_tag) struct arc_tag release = {0};
    bool found = !doctor->has_config && arc_tag_parse(tag, NULL, &release, NULL) == ARC_OK;

    doctor_each_group (group, doctor) {
        ARC_AUTO(arc_tag) struct arc_tag of_group = {0};
        found = found || arc_tag_parse(tag, group, &of_group, NULL) == ARC_OK;
    }

    return found;
}

/* The number of release tags at HEAD, which will likely be pushed together. */
static size_t tags_at_head(const struct doctor *doctor)
{
    ARC_AUTO_JSON json_t *tags = NULL;
    struct arc_oid head;
    size_t count = 0;

    if (arc_git_head(doctor->project->git, &head, NULL, NULL) ||
        arc_git_tags(doctor->project->git, &head, &tags, NULL))
        return 0;
    arc_json_each (tag, tags)
        count += is_release(doctor, json_string_value(tag));

    return count;
}

void doctor_tags(struct doctor *doctor, struct doctor_result *result)
{
    ARC_AUTO_JSON json_t *tags = NULL;

    if (doctor_skip(result, !doctor->project->git, "no repository"))
        return;
    if (arc_git_tags(doctor->project->git, NULL, &tags, &result->err)) {
        doctor_fail(result, DOCTOR_SKIPPED, NULL);
        return;
    }

    size_t count = tags_at_head(doctor);
    arc_buf_printf(&result->found, "%zu in all, %zu release tag%s at HEAD", json_array_size(tags),
                   count, arc_plural(count));

    if (count > TAGS_AT_ONCE)
        doctor_advise(result, DOCTOR_WARNING,
                      "push them three at a time: GitHub starts no workflow for a push of more "
                      "than 3 tags; or start the release by hand (workflow_dispatch)");
}
