#include "arcci/dryrun.h"
#include "base/auto.h"
#include "base/json.h"
#include "cli/project_options.h"
#include "cmd/page.h"

static int run_dry_run(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_TRY(arc_dryrun(inv->project, option_value(inv, "event"), &report->document, err));

    /* Warnings are at the end of the page; if that is not on a terminal, they also go to stderr. */
    bool page = inv->terminal && !inv->json && !inv->format && !inv->quiet;
    arc_json_each (warning, page ? NULL : json_object_get(report->document, "warnings"))
        report_warn(report, "%s", arc_json_text_of(warning, "message"));

    ARC_TRY(page_write(inv, report->document, html_dryrun, err));
    struct arc_dryrun_style style = {.full = option_flag(inv, "full")};
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_TRY(arc_dryrun_text(report->document, &style, &text, err));
    ARC_TRY(arc_buf_check(&text, "the rehearsal", err));
    arc_buf_printf(&report->summary, "````text\n%s````\n", arc_buf_text(&text));

    style.colour = inv->colour && report_is_seen(report);
    if (style.colour)
        return arc_dryrun_text(report->document, &style, &report->human, err);
    arc_buf_add(&report->human, text.data, text.len);

    return ARC_OK;
}

const struct command cmd_dry_run = {
    .name = "dry-run",
    .summary = "rehearse a release: show all that it would do, and do none of it",
    .argument = "TAG",
    .description =
        "Goes through a release and describes every side effect instead of causing it: the "
        "version, what changed since the group's last release, the cells with the bake definition "
        "and the command that builds them, the tags that would move and those that would not, the "
        "gate, the notes, and the requests to GitHub.\n\n"
        "The tag need not exist yet: the release is then rehearsed for HEAD. It warns, and says "
        "what to do, if the tag already exists, the version is lower than the last or skips one "
        "(v1.2.0 to v1.5.0), another commit is checked out, or files are not committed.\n\n"
        "It works offline, without docker and without a token, and says what it cannot know then.",
    .options = OPTIONS(
        CONFIG_OPTION,
        VALUE("event", "FILE",
              "A recorded event (GITHUB_EVENT_PATH of a run) to rehearse: that of a tag or of a "
              "release made on GitHub is a release, any other is a ci run of group-images.yml.",
              .without = "TAG"),
        FLAG("full",
             "Show everything in full: each target of the definition, each request's body."),
        VALUE("group", "GROUP",
              "The release group of a ci run; not needed when there is only one."),
        HTML_OPTIONS, LOCK_OPTION, PREVIOUS_TAG_OPTION(NULL)),
    .examples = EXAMPLES({"arc-ci dry-run messaging/v0.1.0",
                          "Show what releasing this version would do, step by "
                          "step."}),
    .run = run_dry_run,
};
