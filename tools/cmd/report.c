#include "base/json.h"
#include "base/template.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/project_options.h"
#include "report/inputs.h"

ARC_TEXT(cmd_report);

static int run_report(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    static const enum arc_report_kind kinds[] = {ARC_REPORT_STATUS, ARC_REPORT_STATUS,
                                                 ARC_REPORT_CHECK, ARC_REPORT_NONE};
    struct arc_report_files files = {
        .documents = project_documents(inv),
        .base = option_value(inv, "base-build"),
        .pull = option_value(inv, "pull"),
        .run = option_value(inv, "run"),
        .comment = option_flag(inv, "comment") || option_is_auto(inv, "comment"),
        .target = {.revision = option_value(inv, "revision"),
                   .environment = option_value(inv, "deployment"),
                   .kind = kinds[option_choice(inv, "as")],
                   .statuses_optional = option_is_auto(inv, "as"),
                   .comment_optional = option_is_auto(inv, "comment")},
    };

    if (arc_text_same(option_value(inv, "comment"), "false"))
        files.pull = NULL;
    ARC_TRY(github_settings(inv, "timeout", &files.github, err));
    files.github.dry_run = option_flag(inv, "dry-run");
    ARC_TRY(arc_report_files(inv->project, &files, &report->document, err));
    ARC_TRY(report_show(report, arc_embedded_cmd_report, err));

    /* The comment without its hidden mark. */
    const char *body = arc_json_text_of(report->document, "body");
    const char *end = strchr(body, '\n');
    arc_buf_puts(&report->summary, end ? end + 1 : body);

    arc_json_each (text, json_object_get(report->document, "refusals"))
        report_warn(report, "not posted: %s", json_string_value(text));

    arc_json_each (row, json_object_get(report->document, "statuses")) {
        if (!option_flag(inv, "exit-code") || arc_json_says(row, "state", "success"))
            continue;
        report->failed = ARC_EFAILED;
        report_note(report, 'e', NULL, "%s: %s", arc_json_text_of(row, "context"),
                    arc_json_text_of(row, "description"));
    }

    const json_t *comment = json_object_get(report->document, "comment");
    const char *url = arc_json_text_of(comment, "url");
    if (arc_json_says(comment, "action", "locked"))
        report_warn(report, "the pull request's conversation is locked: nobody but those who may "
                            "write to the repository can comment, so the comment was left out");

    report_output(report, "comment-url", url);

    return ARC_OK;
}

const struct command cmd_report = {
    .name = "report",
    .summary = "post the results as statuses, a pull-request comment and a summary",
    .description =
        "Sets a status \"<group> / <codename>\" for every service of the group, built or not, and "
        "the summaries \"<group> / images\" and \"<group> / gate\". The names are always the "
        "same, so they can be required checks even if a service's job is skipped.\n\n"
        "The comment and the job summary show which services changed and why, what was built, "
        "sizes compared with the base, and the gate. Statuses and comments that are already right "
        "are not sent again. The token needs `permissions: statuses: write` (or `checks: write`), "
        "`pull-requests: write` for the comment and `deployments: write` for the deployment.",
    .options = OPTIONS(
        VALUE("plan", "FILE", "plan.json; by default the plan is made from the repository."),
        VALUE("changes", "FILE", "changes.json: why a service changed."),
        VALUE("build", "FILE", "build.json: digests and sizes."),
        VALUE("base-build", "FILE", "The base's build.json, to compare sizes.",
              .with = "build|needs"),
        VALUE("scan", "FILE", "scan.json: the gate."),
        VALUE("version", "FILE", "version.json, if there is no plan.", .without = "plan"),
        VALUE("needs", "JSON",
              "toJSON(needs), or a file with it: documents and results of the jobs "
              "build-<codename> (or build, for all) and security."),
        CHOICE("as", "KIND", "auto|status|check|none", "status",
               "Commit statuses, check runs, or neither. auto: statuses, and only a warning if "
               "the token may not set them, such as that of a pull request from a fork."),
        VALUE("deployment", "ENVIRONMENT",
              "Keep the group's deployment of the commit to that environment up to date."),
        FLAG_AUTO(
            "comment",
            "Keep one comment in the pull request up to date. auto: only warn if the token may "
            "not."),
        VALUE("run", "ID",
              "Report the results of this workflow run's jobs, for a workflow_run after a pull "
              "request from a fork.",
              .with = "revision", .without = "dry-run"),
        FLAG("exit-code",
             "Fail unless every status is a success, so that the job itself can be a required "
             "check."),
        VALUE(
            "pull", "NUMBER",
            "Comment in this pull request, unless --comment=false; with --comment, the event's by "
            "default."),
        VALUE("revision", "SHA",
              "The commit; by default the pull request's head or the plan's commit."),
        VALUE("group", "GROUP", "The release group, if there is no plan but several groups."),
        FLAG("dry-run", "Print what would be reported; send nothing."),
        GITHUB_OPTIONS("The repository; GITHUB_REPOSITORY by default.", "timeout",
                       "The longest wait for an answer; 60 by default.", NULL)),
    .outputs = OUTPUTS({"comment-url", "The comment's URL; empty if there is none."}),
    .examples = EXAMPLES({"arc-ci report --plan=plan.json --needs=needs.json --dry-run",
                          "Show the statuses and the comment without sending them."}),
    .token = true,
    .run = run_report,
};
