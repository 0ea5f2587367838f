#include "arcci/dryrun.h"
#include "base/json.h"
#include "base/template.h"
#include "cli/command.h"
#include "cli/github_options.h"
#include "cli/project_options.h"
#include "release/inputs.h"

ARC_TEXT(cmd_release);
ARC_TEXT(cmd_release_summary);

static int run_release(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_project)
    struct arc_project project = {.env = inv->env, .wanted = project_wanted(inv)};
    struct arc_release_files files = {
        .documents = {.version = option_value(inv, "version"),
                      .plan = option_value(inv, "plan"),
                      .build = option_value(inv, "build"),
                      .scan = option_value(inv, "scan"),
                      .notes = option_value(inv, "notes"),
                      .needs = option_value(inv, "needs")},
        .github = github_settings(inv, "timeout"),
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

    files.github.dry_run = option_flag(inv, "dry-run");
    ARC_TRY(arc_release_files(&project, &files, &report->document, err));

    if (files.github.dry_run) {
        const struct arc_dryrun_style style = {.colour = inv->colour, .full = true};
        return arc_dryrun_requests(json_object_get(report->document, "requests"), &style,
                                   &report->human, err);
    }

    ARC_TRY(report_show(report, arc_embedded_cmd_release, err));
    ARC_TRY(arc_template_fill(arc_embedded_cmd_release_summary, NULL, report->document,
                              &report->summary, err));

    const json_t *release = report->document;
    ARC_TRY(report_value(report, "release-id", json_object_get(release, "id"), "0", err));
    ARC_TRY(report_output(report, "release-url", arc_json_text_of(release, "url"), err));
    return report_output(report, "release-action", arc_json_text_of(release, "action"), err);
}

const struct command cmd_release = {
    .name = "release",
    .summary = "create or update the GitHub release of a tag",
    .argument = "TAG",
    .arguments_max = 1,
    .description = "Finds the release of the tag, drafts included, or creates it as a draft; "
                   "uploads the assets; verifies their number, sizes and SHA-256; publishes once. "
                   "Run again, it changes only what differs, so a job may be repeated after any "
                   "failure; of two jobs at once, both end in one release.\n\n"
                   "Whether it is a prerelease or the latest comes from the version. The tag must "
                   "exist and point to the commit that was built. The token needs `permissions: "
                   "contents: write`. docs/release.md has the sequence of requests.",
    .options = OPTIONS(
        VALUE(
            "version", "FILE",
            "version.json of 'arc-ci version'. Without it, the plan's version is used, else TAG."),
        VALUE("plan", "FILE", "plan.json: version and revision."),
        VALUE("build", "FILE", "build.json: the revision that was built; attached as an asset."),
        VALUE("scan", "FILE",
              "scan.json: a gate that failed stops the release; attached as an asset."),
        VALUE("notes", "FILE",
              "The body: markdown, or notes.json (which has the title too). '-' reads stdin. "
              "Without it, the notes are made here, as 'arc-ci notes' makes them."),
        VALUE("needs", "JSON",
              "toJSON(needs), or a file that holds it: the documents above are taken from the "
              "outputs of the jobs. A job that did not succeed, an image that was not built or a "
              "gate that is missing stops the release."),
        FLAG_ON("gate", "Whether --needs must have the gate's scan.json."),
        VALUES("asset", "[NAME=]FILE",
               "A file to attach, or a pattern such as dist/*.zip. Identical ones are left alone, "
               "others replaced."),
        FLAG("checksums", "Attach SHA256SUMS of all assets."),
        VALUE("name", "TITLE", "Title of the release; the notes' by default."),
        CHOICE("body-mode", "MODE", "auto|replace|keep|prepend|append", "auto",
               "What becomes of the title and body of a release that exists already. auto: what a "
               "person wrote or edited stays; keep: the same, and notes need not be there."),
        PREVIOUS_TAG_OPTION,
        CHOICE("make-latest", "POLICY", "auto|own|never", NULL,
               "Whether the highest stable version of its group becomes the repository's "
               "\"Latest\" release: always (auto), only in the place of one of its own group "
               "(own), or never. By default what the group's make-latest says, else auto."),
        FLAG("draft", "Leave the release a draft."),
        FLAG("publish", "Publish a draft of the tag that a person made, too; without it, such a "
                        "draft gets its assets and stays a draft."),
        VALUE("revision", "SHA", "The commit that the tag must point to; the build's by default."),
        FLAG("dry-run", "Print the requests; send nothing."),
        GITHUB_OPTIONS("Where the release goes; GITHUB_REPOSITORY by default.", "timeout",
                       "Longest time without an answer; 60 by default.")),
    .outputs = OUTPUTS({"release-id", "The release's number."}, {"release-url", "Its page."},
                       {"release-action", "created, updated or unchanged."}),
    .examples =
        EXAMPLES({"arc-ci release messaging/v0.1.0 --repository=o/r --body-mode=keep --dry-run",
                  "The requests of a release whose body, if there is one, is kept."}),
    .token = true,
    .run = run_release,
};
