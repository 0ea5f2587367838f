#include "arcci/dryrun.h"
#include "base/json.h"
#include "base/template.h"
#include "cli/command.h"
#include "cli/project_options.h"
#include "release/inputs.h"

ARC_TEXT(cmd_release);
ARC_TEXT(cmd_release_summary);

static int run_release(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    struct arc_release_files files = {
        .documents = project_documents(inv),
        .assets = option_list(inv, "asset"),
        .checksums = option_flag(inv, "checksums"),
        .make_latest = option_value(inv, "make-latest"),
        .no_gate = !option_flag(inv, "gate"),
        .warn = report_note_text,
        .warn_context = report,
        .options = {.revision = option_value(inv, "revision"),
                    .name = option_value(inv, "name"),
                    .draft = option_flag(inv, "draft"),
                    .publish = option_flag(inv, "publish"),
                    .mode = (enum arc_body_mode)option_choice(inv, "body-mode"),
                    .progress = report_progress,
                    .progress_context = (void *)inv},
    };

    ARC_TRY(github_settings(inv, "timeout", &files.github, err));
    files.github.dry_run = option_flag(inv, "dry-run");
    ARC_TRY(arc_release_files(inv->project, &files, &report->document, err));

    if (files.github.dry_run) {
        const struct arc_dryrun_style style = {.colour = inv->colour, .full = true};
        return arc_dryrun_requests(json_object_get(report->document, "requests"), &style,
                                   &report->human, err);
    }

    ARC_TRY(report_show(report, arc_embedded_cmd_release, err));
    ARC_TRY(arc_template_fill(arc_embedded_cmd_release_summary, NULL, report->document,
                              &report->summary, err));

    report_value(report, "release-id", json_object_get(report->document, "id"), "0");
    report_output(report, "release-url", arc_json_text_of(report->document, "url"));
    report_output(report, "release-action", arc_json_text_of(report->document, "action"));

    return ARC_OK;
}

const struct command cmd_release = {
    .name = "release",
    .summary = "create or update the GitHub release of a tag",
    .argument = "TAG",
    .description = "Finds the release of the tag, drafts included, or creates it as a draft; "
                   "uploads the assets; verifies their number, sizes and SHA-256; publishes once. "
                   "Run again, it changes only what differs, so you can repeat a job after any "
                   "failure; two jobs at the same time result in one release.\n\n"
                   "The version decides whether it is a prerelease or the latest. The tag must "
                   "exist and point to the built commit. The token needs `permissions: contents: "
                   "write`. docs/release.md has the sequence of requests.",
    .options = OPTIONS(
        VALUE(
            "version", "FILE",
            "version.json of 'arc-ci version'. Without it, the plan's version is used, else TAG."),
        VALUE("plan", "FILE", "plan.json: version and revision."),
        VALUE("build", "FILE", "build.json: the built revision; attached as an asset."),
        VALUE("scan", "FILE", "scan.json: a failed gate stops the release; attached as an asset."),
        VALUE("notes", "FILE",
              "The body: markdown, or notes.json (which also has the title). '-' reads stdin. The "
              "default is the result of 'arc-ci notes'."),
        VALUE("needs", "JSON",
              "toJSON(needs), or a file with it: the documents above are taken from the outputs "
              "of the jobs. A failed job, an image that was not built or a missing gate stops the "
              "release."),
        FLAG_ON("gate", "Whether --needs must have the gate's scan.json.", .with = "needs"),
        VALUES("asset", "[NAME=]FILE",
               "A file to attach, or a pattern such as dist/*.zip. Identical ones are left alone, "
               "others replaced."),
        FLAG("checksums", "Attach SHA256SUMS of all assets."),
        VALUE("name", "TITLE", "The release's title; by default the notes'."),
        CHOICE("body-mode", "MODE", "auto|replace|keep|prepend|append", "auto",
               "How to change the title and body of an existing release. auto: keep what a person "
               "wrote or edited; keep: the same, and no notes are needed."),
        PREVIOUS_TAG_OPTION("notes"),
        CHOICE("make-latest", "POLICY", "auto|own|never", NULL,
               "Whether the highest stable version of its group becomes the repository's "
               "\"Latest\" release: always (auto), unless that is another group's (own), or "
               "never. By default the group's make-latest, else auto."),
        FLAG("draft", "Keep the release as a draft; a published one stays as it is.",
             .without = "publish"),
        FLAG("publish", "Also publish a draft that a person created for the tag; otherwise such a "
                        "draft gets its assets and stays a draft."),
        VALUE("revision", "SHA", "The commit that the tag must point to; by default the build's."),
        FLAG("dry-run", "Print the requests; send nothing."),
        GITHUB_OPTIONS("The release's repository; GITHUB_REPOSITORY by default.", "timeout",
                       "The longest wait for an answer; 60 by default.", NULL)),
    .outputs = OUTPUTS({"release-id", "The release's id."}, {"release-url", "Its page."},
                       {"release-action", "created, updated or unchanged."}),
    .examples =
        EXAMPLES({"arc-ci release messaging/v0.1.0 --repository=o/r --body-mode=keep --dry-run",
                  "Show the requests of a release, which keeps an existing body."}),
    .token = true,
    .run = run_release,
};
