#include "notes/inputs.h"
#include "arcci/notes.h"
#include "arcci/template.h"
#include "base/auto.h"
#include "git/git.h"
#include "os/file.h"
#include "plan/planned.h"
#include "project/needs.h"
#include <string.h>

/* The template's text and name; none for the built-in one. The group's is relative to the work
 * tree, one given by hand to the current directory. */
static int read_template(const struct arc_notes_facts *facts, struct arc_buf *out,
                         const char **name, struct arc_error *err)
{
    const char *of_group = facts->group ? facts->group->notes_template : NULL;
    *name = facts->template ? facts->template : of_group;
    if (!*name)
        return ARC_OK;
    const char *root = facts->template ? NULL : facts->root;
    return arc_file_read_in(root, *name, ARC_TEMPLATE_MAX, out, err);
}

int arc_notes_make(struct arc_project *project, const struct arc_notes_facts *facts, json_t **out,
                   struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf template = {.max = ARC_TEMPLATE_MAX};
    ARC_AUTO_JSON json_t *log = NULL;
    const char *name = NULL;
    int rc = read_template(facts, &template, &name, err);
    if (!rc)
        rc = arc_notes_log(project, facts->plan, facts->group, &log, err);
    if (rc)
        return rc;
    struct arc_notes_options options = {
        .plan = facts->plan,
        .build = facts->build,
        .scan = facts->scan,
        .log = log,
        .group = facts->group,
        .root = facts->root,
        .template_name = name,
        .template_text = name ? arc_buf_text(&template) : NULL,
        .template_len = template.len,
    };
    return arc_notes(&options, out, err);
}

/* The group and the work tree are there to refine the notes; without them they still are notes.
 * A configuration that is there and wrong is an error, though. */
static int read_group(struct arc_project *project, struct arc_notes_facts *facts,
                      struct arc_error *err)
{
    const char *name = json_string_value(json_object_get(facts->plan, "group"));
    int rc = arc_project_open(project, err);
    if (rc && rc != ARC_ENOTFOUND)
        return rc;
    if (rc || !project->git->worktree || !name) {
        arc_error_clear(err);
        return ARC_OK;
    }

    facts->root = project->git->worktree;
    rc = arc_project_load_config(project, err);
    if (rc == ARC_ENOTFOUND && !project->wanted.config) {
        arc_error_clear(err);
        return ARC_OK;
    }
    if (!rc)
        facts->group = arc_config_group(&project->config, name);
    return rc;
}

int arc_notes_run(struct arc_project *project, const struct arc_notes_files *files, json_t **out,
                  struct arc_error *err)
{
    ARC_AUTO(arc_needs) struct arc_needs found = {0};
    struct arc_needs_files wanted = {
        .plan = files->plan, .build = files->build, .scan = files->scan, .needs = files->needs};
    ARC_TRY(arc_needs_read(&wanted, &found, err));

    if (files->tag && !found.plan) {
        project->wanted.tag = files->tag;
        project->wanted.config = files->config;
        ARC_TRY(arc_project_load(project, err));
        ARC_TRY(arc_planned(project, project->version, NULL, &found.plan, err));
    }
    json_t *version = json_object_get(found.plan, "version");
    if (project->wanted.previous && json_is_object(version) &&
        json_object_set_new(version, "previous-tag", json_string(project->wanted.previous)))
        return arc_error_nomem(err);
    struct arc_notes_facts facts = {
        .plan = found.plan, .build = found.build, .scan = found.scan, .template = files->template};
    project->wanted.config = files->config;
    ARC_TRY(read_group(project, &facts, err));
    return arc_notes_make(project, &facts, out, err);
}
