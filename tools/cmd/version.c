#include "arcci/version.h"
#include "arcci/project.h"
#include "base/auto.h"
#include "cli/command.h"
#include "cli/project_options.h"
#include <string.h>

static const char *const keys[] = {"group",  "version",      "image-tag",    "prerelease",
                                   "latest", "latest-major", "latest-minor", "major",
                                   "minor",  "patch",        "previous-tag"};

static const char *text_of(const json_t *value)
{
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    return json_is_string(value) ? json_string_value(value) : "";
}

static int run(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_project) struct arc_project project = {.env = inv->env};
    project.wanted.tag = inv->arg_count ? inv->args[0] : NULL;
    project.wanted.previous = option_value(inv, "previous-tag");
    ARC_TRY(arc_project_load_version(&project, err));
    report->document = json_incref(project.version);

    int rc = ARC_OK;
    for (size_t i = 0; !rc && i < sizeof keys / sizeof *keys; i++)
        rc = report_output(report, keys[i], text_of(json_object_get(report->document, keys[i])),
                           err);
    if (!rc && arc_version_alone(report->document))
        rc = report_note(report, 'w', NULL, err, "latest=false, since %s",
                         text_of(json_object_get(report->document, "latest-reason")));
    return rc ? rc : project_note_published(&project, report, err);
}

static const struct option options[] = {PREVIOUS_TAG_OPTION, {0}};

static const struct output outputs[] = {
    {"group", "The release group: the tag up to /v."},
    {"version", "The semantic version, with prerelease and build metadata."},
    {"image-tag", "The tag as an image tag: messaging-v1.2.3; '/' and '+' become '-'."},
    {"prerelease", "true if the version has a prerelease part, or is 0.x and the group's "
                   "zero-prerelease says so."},
    {"latest", "true if this is the highest stable version of its group."},
    {"latest-major", "true if it is the highest stable version of its major."},
    {"latest-minor", "true if it is the highest stable version of its minor: of 1.2."},
    {"major", "The version's first number."},
    {"minor", "The version's second number."},
    {"patch", "The version's third number."},
    {"previous-tag", "The group's last release below this one; a stable version skips prereleases. "
                     "Empty for the first."},
    {0},
};

static const struct example examples[] = {
    {"arc-ci version messaging/v1.2.3-rc.1", "The values of a prerelease."},
    {"arc-ci version --json refs/tags/messaging/v0.1.0", "version.json, from a full ref."},
    {0},
};

const struct command cmd_version = {
    .name = "version",
    .summary = "take a release tag apart: version, image tag, prerelease, latest",
    .argument = "TAG",
    .arguments_max = 1,
    .description =
        "A release tag is <group>/v<version>, the version as Semantic Versioning 2.0.0 has it. "
        "Without TAG, GITHUB_REF is read. The tag need not exist.\n\n"
        "Whether it is the latest is decided among the repository's tags. A clone may lack some, "
        "so the remote is asked; where they cannot be known, nothing is latest, and a warning says "
        "so. The previous release is the last one that was published, where GITHUB_REPOSITORY and "
        "a token say whom to ask, else the last tag. No configuration file is needed.",
    .options = options,
    .outputs = outputs,
    .examples = examples,
    .run = run,
};
