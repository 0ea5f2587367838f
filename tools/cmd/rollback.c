#include "arcci/steer.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/template.h"
#include "cli/command.h"
#include "cli/project_options.h"
#include "project/documents.h"

ARC_TEXT(cmd_rollback);

static int run_rollback(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_project) struct arc_project project = {.env = inv->env};
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    ARC_AUTO(arc_ledger) struct arc_ledger build = {0};
    const char *file = option_value(inv, "build");
    char **from = NULL;

    if (!inv->args[1])
        return arc_error_set(err, ARC_EINPUT,
                             "which group, and back to which version? 'arc-ci rollback GROUP "
                             "VERSION --dry-run' shows what would move");

    arc_json_each (version, option_list(inv, "from"))
        ARC_TRY(arc_texts_add(&memory, &from, json_string_value(version), err));

    if (file) {
        ARC_AUTO_JSON json_t *json = NULL;
        ARC_TRY(arc_document_read(file, &json, err));
        ARC_TRY(arc_ledger_read(json, &build, err));
    }

    enum arc_withdrawal withdraw = (enum arc_withdrawal)option_choice(inv, "withdraw");
    const struct arc_rollback_options options = {.version = inv->args[1],
                                                 .from = from,
                                                 .withdraw = withdraw,
                                                 .identity = option_value(inv, "sign-identity"),
                                                 .reason = option_value(inv, "reason"),
                                                 .build = file ? &build : NULL,
                                                 .lock = option_value(inv, "lock"),
                                                 .dry_run = option_flag(inv, "dry-run"),
                                                 .progress = report_progress,
                                                 .progress_context = (void *)inv};
    if (options.reason && withdraw == ARC_WITHDRAW_NOTHING)
        return arc_error_set(err, ARC_EINPUT, "--reason is for the releases that --withdraw marks");
    project.wanted.group = inv->args[0];
    project.wanted.config = option_value(inv, "config");
    ARC_TRY(arc_rollback(&project, &options, &report->document, err));
    ARC_TRY(report_show(report, arc_embedded_cmd_rollback, err));
    arc_json_each (warning, json_object_get(report->document, "warnings"))
        ARC_TRY(report_note_text(report, 'w', json_string_value(warning), err));

    return report_output(report, "tag", arc_json_text_of(report->document, "tag"), err);
}

static const struct output outputs[] = {{"tag", "The release that the tags went back to."}, {0}};

const struct command cmd_rollback = {
    .name = "rollback",
    .summary = "take the floating tags back to a released version",
    .argument = "GROUP VERSION",
    .arguments_max = 2,
    .description =
        "Moves latest, the tags of major and minor versions and every other floating one back to "
        "VERSION, as if the releases above it did not exist, in the mirrors too. First every index "
        "of that release and every image in it is read from the registry and compared with what "
        "was released, and must be signed where the group has `sign`; then all tags move, or, when "
        "one cannot, those before it are put back. The tags of single versions stay.\n\n"
        "Then GitHub's \"Latest\" goes back if a release that is taken back has it, and --withdraw "
        "marks those releases. Without GITHUB_REPOSITORY and a token only the registries are "
        "rolled back. Run it again to finish a run that failed.",
    .options = OPTIONS(
        FLAG("dry-run", "Verify everything, show what would move, and change nothing."),
        VALUES("from", "VERSION",
               "A release that is taken back; without it every stable one above VERSION."),
        CHOICE("withdraw", "HOW", "no|prerelease|draft", "no",
               "Mark the releases that are taken back at GitHub: a line on top of their text, and "
               "the prerelease flag or, away from the public, a draft. The next release then "
               "counts from the one before them."),
        VALUE("reason", "TEXT", "--withdraw: why, in a sentence for those who read the release."),
        VALUE("build", "FILE",
              "build.json of the release; without it the one among its files at GitHub."),
        VALUE("lock", "FILE",
              "Of a group that includes others: the lock file of its release; without it the one "
              "among the release's files at GitHub."),
        VALUE("sign-identity", "IDENTITY",
              "Who must have signed the release, where the group signs without a key and names "
              "nobody: the address of the workflow's file, @ and its ref. By default any workflow "
              "of this repository that ran for the release's tag."),
        CONFIG_OPTION),
    .outputs = outputs,
    .examples =
        EXAMPLES({"arc-ci rollback messaging 1.2.2 --dry-run",
                  "Whether 1.2.2 is whole, and what would move."},
                 {"arc-ci rollback messaging 1.2.2 --withdraw=prerelease --reason='Data loss'",
                  "Goes back, and marks what came after at GitHub."}),
    .token = true,
    .run = run_rollback,
};
