#include "arcci/version.h"
#include "arcci/project.h"
#include "arcci/steer.h"
#include "base/json.h"
#include "base/template.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/project_options.h"

ARC_TEXT(cmd_version_next);

static int choose_next(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    const struct arc_next_options options = {
        .bump = option_value(inv, "bump"),
        .prerelease = option_value(inv, "prerelease"),
    };

    inv->project->wanted = (struct arc_project_options){.group = inv->args[0]};
    ARC_TRY(arc_next(inv->project, &options, &report->document, err));
    const json_t *next = report->document;
    if (option_flag(inv, "explain"))
        ARC_TRY(report_show(report, arc_embedded_cmd_version_next, err));

    project_note_lookups(inv->project, report);

    if (json_is_false(json_object_get(next, "complete")))
        report_warn(
            report,
            "this clone's history is cut: commits may be missing (fetch-depth: 0 gets all of it)");

    const char *lacked = json_string_value(json_object_get(next, "lacked"));
    if (lacked)
        report_warn(report,
                    "%s would be above %s, a release that the default branch has and HEAD lacks: "
                    "on a branch for older versions, name a version",
                    arc_json_text_of(next, "next-tag"), lacked);

    const char *unclaimed = json_string_value(json_object_get(next, "unclaimed"));
    if (unclaimed)
        report_warn(report,
                    "%s would be the first release of %s, since %s is not a tag of any group: a "
                    "pattern under 'tag' or 'predecessor' in %s would count it",
                    arc_json_text_of(next, "next-tag"), arc_json_text_of(next, "group"), unclaimed,
                    inv->project->config.path);

    if (json_is_null(json_object_get(next, "next")))
        report_note(report, 'n', NULL, "no next version: %s", arc_json_text_of(next, "reason"));

    report_members(report, ARC_WORDS("next", "next-tag", "bump"));

    return ARC_OK;
}

static int run_version(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    if (option_flag(inv, "next"))
        return choose_next(inv, report, err);

    ARC_TRY(arc_project_load_version(inv->project, err));
    ARC_TRY(arc_version_write(inv->project->version, &report->document, err));

    report_members(report, ARC_WORDS("group", "version", "image-tag", "prerelease", "latest",
                                     "latest-major", "latest-minor", "major", "minor", "patch",
                                     "previous-tag"));
    if (!inv->project->version->tags_known)
        report_warn(report, "latest=false, since %s", inv->project->version->latest_reason);
    project_note_lookups(inv->project, report);

    return ARC_OK;
}

const struct command cmd_version = {
    .name = "version",
    .summary = "take a release tag apart: version, image tag, prerelease, latest",
    .argument = "TAG",
    .description =
        "A release tag is <group>/v<version>, or matches the group's `tag`; the version follows "
        "Semantic Versioning 2.0.0. The default TAG is GITHUB_REF. The tag need not exist.\n\n"
        "The repository's tags decide whether it is the latest version. A clone may lack some, so "
        "this command asks the remote, whose tags alone count; if that fails, no version is the "
        "latest, and it warns. The previous release is the last published one, if "
        "GITHUB_REPOSITORY and a token are set, otherwise the last tag. No configuration file is "
        "needed.\n\n"
        "--next chooses the version by the commits since the group's last stable release that "
        "touch its services: a breaking change raises the major version (for 0.x the minor), a "
        "feature the minor, anything else except docs, test, ci and style the patch. A commit and "
        "its revert cancel each other out. docs/steering.md has the rules.",
    .options = OPTIONS(
        VALUE("group", "GROUP", "The release group, if the tag matches several.",
              .without = "next"),
        PREVIOUS_TAG_OPTION("next"),
        FLAG("next", "Choose the next version of a group, which is given instead of TAG, by the "
                     "commits that touch its services."),
        BUMP_OPTIONS, FLAG("explain", "Show what each commit requires, and why.", .with = "next")),
    .outputs = OUTPUTS(
        {"group", "The release group: by the configuration, else the tag up to /v."},
        {"version", "The semantic version, with prerelease and build metadata."},
        {"image-tag", "The tag as an image tag: messaging-v1.2.3; '/' and '+' become '-'."},
        {"prerelease", "true if the version has a prerelease part, if it is 0.x and the group sets "
                       "zero-prerelease, or if its release at GitHub is marked as one."},
        {"latest", "true if this is the highest stable version of its group."},
        {"latest-major", "true if it is the highest stable version of its major."},
        {"latest-minor", "true if it is the highest stable version of its minor, such as 1.2."},
        {"major", "The version's first number."}, {"minor", "The version's second number."},
        {"patch", "The version's third number."},
        {"previous-tag", "The group's last release below this one; a stable version skips "
                         "prereleases. Empty for the first."},
        {"next", "--next: the version; empty if no commit requires one."},
        {"next-tag", "--next: its tag."},
        {"bump", "--next: the part to raise: none, patch, minor or major."}),
    .examples = EXAMPLES(
        {"arc-ci version messaging/v1.2.3-rc.1", "The values of a prerelease."},
        {"arc-ci version --json refs/tags/messaging/v0.1.0", "version.json, from a full ref."},
        {"arc-ci version --next messaging --explain", "The next version, commit by commit."}),
    .token = true,
    .run = run_version,
};
