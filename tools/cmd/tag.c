#include "arcci/steer.h"
#include "base/json.h"
#include "base/template.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/project_options.h"

ARC_TEXT(cmd_tag);

static int run_tag(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    bool next = option_flag(inv, "next");
    struct arc_tag_options options = {
        .version = inv->args[1],
        .next = {.bump = option_value(inv, "bump"), .prerelease = option_value(inv, "prerelease")},
        .branch = option_value(inv, "branch"),
        .push = option_flag(inv, "push"),
    };

    if (!inv->args[0])
        return arc_error_set(
            err, ARC_EINPUT,
            "which group, and which version? 'arc-ci tag GROUP --next' chooses the version");

    if (next == (options.version != NULL))
        return arc_error_set(err, ARC_EINPUT,
                             "name a version after the group '%.100s' ('arc-ci tag GROUP 1.2.3'), "
                             "or choose it with --next, not both",
                             inv->args[0]);
    inv->project->wanted.group = inv->args[0];
    ARC_TRY(arc_tag_make(inv->project, &options, &report->document, err));
    ARC_TRY(report_show(report, arc_embedded_cmd_tag, err));
    const char *mark = json_string_value(json_object_get(report->document, "skipped-by"));
    if (mark)
        report_warn(report,
                    "the commit's message has '%s', so GitHub starts no workflow for this tag: "
                    "start it (gh workflow run), or tag another commit",
                    mark);
    if (options.push && arc_env_nonempty(inv->env, "GITHUB_ACTIONS"))
        report_note(report, 'n', NULL,
                    "if git logs in with the job's own GITHUB_TOKEN, GitHub starts no workflow for "
                    "this tag: start it (gh workflow run), or give actions/checkout another token");

    report_members(report, ARC_WORDS("tag"));

    return ARC_OK;
}

const struct command cmd_tag = {
    .name = "tag",
    .summary = "make the release tag of a group, after its checks",
    .argument = "GROUP [VERSION]",
    .several = 2,
    .description =
        "Creates an annotated tag at HEAD, and prints the command that pushes it, or pushes it. "
        "First it checks that nothing is uncommitted, that HEAD is on the remote's release "
        "branch, that the version is higher than the group's last release before HEAD, that "
        "neither the remote nor a published release has the tag, and that 'arc-ci lint' finds "
        "nothing.\n\n"
        "It pushes one tag at a time, since GitHub starts no workflow for a push of more than "
        "three. If a push fails, run it again: it pushes the tag that it created.",
    .options =
        OPTIONS(FLAG("next", "Choose the version as 'arc-ci version --next' does."), BUMP_OPTIONS,
                VALUE("branch", "NAME",
                      "The release branch; by default the remote's default "
                      "branch."),
                FLAG("push", "Push only the tag.")),
    .outputs = OUTPUTS({"tag", "The tag."}),
    .examples = EXAMPLES(
        {"arc-ci tag messaging --next", "Tag the next version by the commits; prints the push."},
        {"arc-ci tag messaging --next --prerelease=rc",
         "Tag the next of 1.3.0-rc.1, 1.3.0-rc.2, …"}),
    .run = run_tag,
};
