#include "arcci/steer.h"
#include "base/json.h"
#include "base/template.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/project_options.h"
#include "project/documents.h"

ARC_TEXT(cmd_rollback);

static int run_rollback(const struct invocation *inv, struct report *report, struct arc_error *err)
{
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
        ARC_TRY_PREFIX(arc_ledger_read(json, &build, err), err, "--build %s", file);
    }

    const struct arc_rollback_options options = {
        .version = inv->args[1],
        .from = from,
        .withdraw = (enum arc_withdrawal)option_choice(inv, "withdraw"),
        .identity = option_value(inv, "sign-identity"),
        .reason = option_value(inv, "reason"),
        .build = file ? &build : NULL,
        .lock = option_value(inv, "lock"),
        .dry_run = option_flag(inv, "dry-run"),
        .progress = report_progress,
        .progress_context = (void *)inv};
    inv->project->wanted.group = inv->args[0];
    ARC_TRY(arc_rollback(inv->project, &options, &report->document, err));
    ARC_TRY(report_show(report, arc_embedded_cmd_rollback, err));
    arc_json_each (warning, json_object_get(report->document, "warnings"))
        report_warn(report, "%s", json_string_value(warning));

    report_members(report, ARC_WORDS("tag"));

    return ARC_OK;
}

const struct command cmd_rollback = {
    .name = "rollback",
    .summary = "take the floating tags back to a released version",
    .argument = "GROUP VERSION",
    .several = 2,
    .description =
        "Moves latest, the tags of major and minor versions and all other floating tags back to "
        "VERSION, as if the releases above it did not exist; in the mirrors, too. First it reads "
        "every index of that release and every image in it from the registry, compares them with "
        "the release, and checks their signatures if the group has `sign`. Then it moves all "
        "tags; if one cannot be moved, it restores those before it. The versions' own tags "
        "stay.\n\n"
        "Then it moves GitHub's \"Latest\" back if a withdrawn release has it, and --withdraw "
        "marks those releases. Without GITHUB_REPOSITORY and a token it rolls back only the "
        "registries. Run it again to finish a failed run.",
    .options = OPTIONS(
        FLAG("dry-run", "Verify everything, show what would move, and change nothing."),
        VALUES("from", "VERSION",
               "A release to withdraw; by default every stable one above VERSION."),
        CHOICE("withdraw", "HOW", "no|prerelease|draft", "no",
               "Mark the withdrawn releases at GitHub: a line at the top of their text, and the "
               "prerelease flag or, hidden from the public, a draft. The next release's notes "
               "then start from the one before them."),
        VALUE("reason", "TEXT", "The reason, a sentence for the releases' readers.",
              .with = "withdraw"),
        VALUE("build", "FILE",
              "The release's build.json; by default the one among its files at GitHub."),
        VALUE("lock", "FILE",
              "For a group that includes others: the lock file of its release; by default the one "
              "among the release's files at GitHub."),
        VALUE("sign-identity", "IDENTITY",
              "The required signer of the release, if the group signs without a key and names "
              "nobody: the URL of the workflow's file, @ and its ref. By default any workflow of "
              "this repository that ran for the release's tag."),
        CONFIG_OPTION),
    .outputs = OUTPUTS({"tag", "The release that the tags moved back to."}),
    .examples =
        EXAMPLES({"arc-ci rollback messaging 1.2.2 --dry-run",
                  "Check whether 1.2.2 is complete, and show what would move."},
                 {"arc-ci rollback messaging 1.2.2 --withdraw=prerelease --reason='Data loss'",
                  "Roll back, and mark the later releases at GitHub."}),
    .token = true,
    .run = run_rollback,
};
