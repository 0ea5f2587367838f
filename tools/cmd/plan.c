#include "arcci/plan.h"
#include "arcci/build.h"
#include "arcci/documents.h"
#include "arcci/project.h"
#include "base/json.h"
#include "base/template.h"
#include "cli/command.h"
#include "cli/project_options.h"
#include "config/fields.h"
#include "plan/checks.h"
#include "plan/planned.h"
#include "project/documents.h"
#include "project/repository.h"

ARC_TEXT(cmd_plan);

/* "linux/amd64, linux/arm64", or one a line as for build-push-action, as an array. */
static int split_list(const char *text, json_t **out, struct arc_error *err)
{
    *out = json_array();
    arc_each_piece (platform, text, ",\n") {
        arc_text_trim(&platform.text, &platform.len);
        if (!arc_utf8_valid(platform.text, platform.len))
            return arc_error_set(err, ARC_EINPUT, "--platforms: the list is not valid UTF-8");
        if (platform.len)
            arc_json_push(out, json_stringn(platform.text, platform.len));
    }

    return arc_error_unless(*out, err);
}

static int make_plan(const struct invocation *inv, const struct arc_changes_info *changes,
                     struct arc_plan *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *platforms = NULL;
    const char *list = option_value(inv, "platforms");

    if (list)
        ARC_TRY(split_list(list, &platforms, err));
    const struct arc_plan_options wanted = {
        .changes = changes,
        .services = option_list(inv, "service"),
        .platforms = platforms,
        .hold_latest = !option_flag(inv, "latest-tag"),
        .push =
            option_given(inv, "push") ? option_flag(inv, "push") : inv->project->version != NULL,
    };
    return arc_planned(inv->project, &wanted, option_value(inv, "sign-identity"), out, err);
}

/* ---- warnings ------------------------------------------------------------------------------ */

static int note_warning(void *report, const struct arc_place *place, const char *text)
{
    report_note(report, 'w', place, "%s", text);
    return ARC_OK;
}

/* `changes` compared another commit than the plan's: their differences are not in its result. */
static void note_other_commit(const struct arc_project *project,
                              const struct arc_changes_info *changes, struct report *report)
{
    const char *revision = project->repository.revision;
    if (!project->version && changes->head &&
        !arc_commit_is_of(project->git, revision, changes->head))
        report_warn(
            report,
            "--changes is for commit %.12s, but the plan for %.12s: the differences between "
            "them are not considered; check out one commit for both",
            changes->head, revision);
}

/* ---- outputs ------------------------------------------------------------------------------- */

static int add_outputs(struct report *report, const struct arc_plan *plan, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *matrix = NULL, *services = json_array();

    arc_each (service, plan->services, plan->service_count)
        if (service->selected)
            arc_json_push(&services, json_string(service->service));
    ARC_TRY(arc_plan_matrix(plan, &matrix, err));
    ARC_TRY_ALLOC(services, err);
    report_value(report, "matrix", matrix, "");
    report_flag(report, "any", plan->any);
    report_flag(report, "push", plan->push);
    report_flag(report, "sign", plan->sign);
    report_value(report, "services", services, "");

    ARC_AUTO(arc_buf) struct arc_buf platforms = {.max = 65536};
    for (char **platform = plan->platforms; *platform; platform++)
        arc_text_item(&platforms, ",", "%s", *platform);
    ARC_TRY(arc_buf_check(&platforms, "the platforms", err));
    report_output(report, "platforms", arc_buf_text(&platforms));
    ARC_AUTO_FREE char *packed = NULL;
    ARC_TRY(arc_document_pack(report->document, &packed, err));

    report_output(report, "plan", packed);

    return ARC_OK;
}

static int run_plan(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    ARC_AUTO(arc_changes_info) struct arc_changes_info changes = {0};
    const char *file = option_value(inv, "changes");

    ARC_AUTO_JSON json_t *document = NULL;
    if (file) {
        ARC_TRY(arc_document_read(file, &document, err));
        ARC_TRY_PREFIX(arc_changes_read(document, &changes, err), err, "--changes");
    }

    ARC_TRY(arc_project_load(inv->project, err));
    bool rehearsal = option_given(inv, "push") && !option_flag(inv, "push");
    ARC_TRY(arc_project_check_tag(inv->project, rehearsal, err));
    if (!rehearsal)
        ARC_TRY(arc_project_check_config(inv->project, err));
    project_note_tags(inv->project, report);
    note_other_commit(inv->project, &changes, report);
    if (!inv->project->group->includes) {
        ARC_TRY(project_note_dirty(inv->project, report, err));
        ARC_TRY(arc_plan_check_images(inv->project, note_warning, report, err));
    }
    ARC_TRY(make_plan(inv, file ? &changes : NULL, &plan, err));

    if (option_flag(inv, "bake")) { /* for one machine: no matrix, so no limit for its size */
        report->kind = REPORT_JSON;

        /* The definition that `arc-ci build` would pass to docker buildx bake. */
        ARC_AUTO_JSON json_t *bake = NULL;
        struct arc_bake_options options = {.env = inv->env, .plan = &plan};
        ARC_TRY(arc_bake(&options, &bake, err));
        ARC_AUTO_FREE char *text = arc_json_dumps(bake, JSON_INDENT(2));
        ARC_TRY_ALLOC(text, err);
        arc_buf_printf(&report->human, "%s\n", text);
        return ARC_OK;
    }

    ARC_TRY(arc_plan_write(&plan, &report->document, err));
    ARC_TRY(add_outputs(report, &plan, err));

    return report_show(report, arc_embedded_cmd_plan, err);
}

const struct command cmd_plan = {
    .name = "plan",
    .summary = "list what will be built: services × platforms, tags, labels",
    .argument = "TAG",
    .description =
        "With a release TAG (or a tag in GITHUB_REF): every service of its group, for the release "
        "platforms, with the version's tags. Without: a ci plan of the services that changed "
        "(--changes), for the ci platforms, with tags of the commit, the branch or the pull "
        "request.\n\n"
        "A cell is one service on one platform. The labels of the images carry the commit's time, "
        "so that the same commit gives the same images.",
    .options = OPTIONS(
        FLAG("bake", "Print the definition for `docker buildx bake -f -`, to build by hand what "
                     "`arc-ci build` would build."),
        VALUE("changes", "FILE",
              "changes.json of `arc-ci changes --json`, '-' for stdin: a ci plan builds what "
              "changed, a release every service.",
              .without = "TAG"),
        CONFIG_OPTION,
        VALUE("group", "GROUP",
              "The release group of a ci plan; not needed when there is only one."),
        FLAG_ON("latest-tag", "Whether `latest` may move."), LOCK_OPTION,
        VALUE("platforms", "LIST",
              "Platforms instead of the group's, separated by commas: linux/amd64,linux/arm64."),
        PREVIOUS_TAG_OPTION(NULL),
        FLAG("push",
             "Whether the images are pushed: true for a release, false otherwise unless given."),
        SIGN_IDENTITY_OPTION(""), VALUES("service", "CODENAME", "Plan only this service.")),
    .outputs = OUTPUTS(
        {"matrix", "The cells for strategy.matrix: {\"include\": [{service, platform, runner, "
                   "cells}]}; a row has several cells if there are more than 256."},
        {"push", "Whether the images are pushed."}, {"sign", "Whether `arc-ci sign` signs them."},
        {"any",
         "Whether there is anything to build: an empty matrix is an error in GitHub Actions."},
        {"services", "The codenames of the services to build, as a JSON array."},
        {"platforms", "All platforms of the plan, separated by commas."},
        {"plan",
         "plan.json on one line, for later jobs; compressed (gzip, base64) if it is long."}),
    .examples = EXAMPLES(
        {"arc-ci plan messaging/v0.1.0", "Show what a release would build, and with which tags."},
        {"arc-ci plan --group messaging --service flash --json",
         "Print one service's ci plan as JSON."}),
    .token = true,
    .run = run_plan,
};
