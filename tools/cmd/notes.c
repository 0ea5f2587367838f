#include "arcci/notes.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/project_options.h"
#include "notes/inputs.h"

static int run_notes(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    if (option_flag(inv, "print-template")) {
        arc_buf_puts(&report->human, arc_notes_template());
        return ARC_OK;
    }

    const char *tag = inv->args[0];
    struct arc_notes_files files = {.documents = project_documents(inv),
                                    .template = option_value(inv, "template")};
    if (tag && !option_given(inv, "plan"))
        files.documents.plan = NULL;
    int rc = arc_notes_run(inv->project, &files, &report->document, err);
    ARC_TRY(tag ? rc : project_explain_plan(inv, rc, err));
    ARC_TRY(arc_notes_warn(report->document, report_note_text, report, err));
    project_note_tags(inv->project, report);
    const char *body = arc_json_text_of(report->document, "body");
    arc_buf_puts(&report->human, body);
    report->kind = REPORT_DATA;
    arc_buf_puts(&report->summary, body);
    report_members(report, ARC_WORDS("title"));
    report_output(report, "notes", body);

    return ARC_OK;
}

const struct command cmd_notes = {
    .name = "notes",
    .summary = "render the release notes from the plan, the build and the scan",
    .argument = "TAG",
    .description =
        "Prints the release notes as GitHub's markdown: the images with their tags, digests and "
        "sizes, the commands that pull, start and verify them, the gate's result, and the commits "
        "since the group's previous tag that touch its services.\n\n"
        "Unknown facts (no --build, no --scan) leave no empty columns. Every value is escaped: a "
        "commit's subject or an author's name cannot start a mention, a link or HTML. If the "
        "notes are too long for a release, they omit the oldest commits and say so. docs/notes.md "
        "describes templates.",
    .options = OPTIONS(
        PREVIOUS_TAG_OPTION(NULL),
        VALUE_OR("plan", "FILE", "plan.json",
                 "The release's plan, as printed by 'arc-ci plan TAG --json'. With TAG, no file is "
                 "needed."),
        VALUE("build", "FILE", "build.json: adds digests, sizes, base images and how to verify."),
        VALUE("scan", "FILE", "scan.json: adds the result of the gate."),
        VALUE("needs", "JSON",
              "toJSON(needs), or a file with it: build.json and scan.json are taken from the "
              "outputs of the jobs."),
        VALUE("template", "FILE",
              "The template, instead of the group's notes-template or the built-in one."),
        CONFIG_ELSEWHERE_OPTION(NULL),
        FLAG("print-template", "Print the built-in template, as a start for your own.",
             .without = "*")),
    .outputs =
        OUTPUTS({"title", "The release's title, for example \"Messaging & Cache Services 0.1.0\"."},
                {"notes", "The notes as markdown."}),
    .examples = EXAMPLES({"arc-ci notes --print-template", "Print the built-in template."}),
    .token = true,
    .run = run_notes,
};
