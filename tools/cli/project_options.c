#include "cli/project_options.h"
#include "base/text.h"
#include "project/documents.h"
#include <unistd.h>

struct arc_project_options project_wanted(const struct invocation *inv)
{
    const char *argument = arc_or(inv->command->argument, "");
    struct arc_project_options wanted = {.group = option_value(inv, "group"),
                                         .config = option_value(inv, "config")};

    if (strcmp(argument, "TAG") == 0) {
        wanted.tag = inv->args[0];
        wanted.lock = option_value(inv, "lock");
        wanted.previous = option_value(inv, "previous-tag");
    }

    return wanted;
}

struct arc_needs_files project_documents(const struct invocation *inv)
{
    return (struct arc_needs_files){.version = option_value(inv, "version"),
                                    .plan = option_value(inv, "plan"),
                                    .changes = option_value(inv, "changes"),
                                    .build = option_value(inv, "build"),
                                    .scan = option_value(inv, "scan"),
                                    .notes = option_value(inv, "notes"),
                                    .needs = option_value(inv, "needs")};
}

static int read_seconds(const struct invocation *inv, const char *option, unsigned *out,
                        struct arc_error *err)
{
    const char *text = option_value(inv, option);
    int64_t value = 0;

    if (text && (!arc_text_number(text, 6, &value) || !value))
        return arc_error_set(err, ARC_EINPUT, "--%s: '%.40s' is not a number of seconds from 1",
                             option, text);
    *out = (unsigned)value;

    return ARC_OK;
}

int github_settings(const struct invocation *inv, const char *timeout_name,
                    struct arc_github_settings *out, struct arc_error *err)
{
    *out = (struct arc_github_settings){.repository = option_value(inv, "repository"),
                                        .token_file = option_value(inv, "token-file"),
                                        .record = option_value(inv, "record")};
    ARC_TRY(read_seconds(inv, timeout_name, &out->idle_timeout, err));
    return read_seconds(inv, "max-wait", &out->max_wait, err);
}

int project_explain_plan(const struct invocation *inv, int rc, struct arc_error *err)
{
    bool emptied = !option_given(inv, "plan") && arc_env_get(inv->env, "INPUT_PLAN");
    if (!rc || !emptied || access(option_value(inv, "plan"), F_OK) == 0)
        return rc;
    return arc_error_prefix(err, "the plan's input is empty (" ARC_OUTPUT_DROPPED ")");
}

void project_note_lookups(const struct arc_project *project, struct report *report)
{
    const struct arc_repository *repository = &project->repository;
    const char *tags = repository->tags ? repository->tags_unknown : NULL;
    const char *why = repository->published_unknown;

    if (tags)
        report_warn(report, "the tags of this clone alone count: %s", tags);
    if (why)
        report_warn(report,
                    "the last tag counts as the previous release, since the last published release "
                    "is unknown: %s",
                    why);
}

int project_note_dirty(struct arc_project *project, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf files = {.max = 4096};
    ARC_AUTO(arc_error) struct arc_error why = {0};
    int rc = arc_project_dirty(project, &files, &why);

    if (rc == ARC_ENOTFOUND)
        report_warn(report, "whether the work tree is commit %.12s is not known: %s",
                    project->repository.revision, arc_error_text(&why));
    else if (!rc && files.len)
        report_warn(report,
                    "the work tree is not commit %.12s: %s; 'arc-ci build' refuses what is not "
                    "committed",
                    project->repository.revision, arc_buf_text(&files));

    return rc == ARC_ENOTFOUND ? ARC_OK : arc_error_pass(rc, &why, err);
}

void project_note_tags(const struct arc_project *project, struct report *report)
{
    const char *why = project->repository.tags_unknown;
    if (project->version && !project->version->tags_known && why)
        report_warn(report, "latest stays where it is, since the other tags are not known: %s",
                    why);

    char *const *left_out = project->group ? project->group->unreleased : NULL;
    for (; left_out && *left_out; left_out++)
        report_warn(report, "%s has no release yet: %s goes without it", *left_out,
                    project->group->name);

    project_note_lookups(project, report);
}
