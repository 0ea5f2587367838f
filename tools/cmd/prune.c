#include "arcci/steer.h"
#include "base/json.h"
#include "base/template.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/project_options.h"

ARC_TEXT(cmd_prune);

static int run_prune(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    struct arc_prune_options options = {.groups = (char *const *)inv->args,
                                        .apply = option_flag(inv, "apply"),
                                        .closed_pulls = option_flag(inv, "closed-pulls")};
    const char *age = option_value(inv, "older-than");
    if (!option_time(age, "hd", &options.older_than))
        return arc_error_set(err, ARC_EINPUT,
                             "--older-than: '%.100s' is not an age: 14d, or 36h for hours", age);

    const char *number = option_value(inv, "keep");
    int64_t keep = 0;
    if (!arc_text_number(number, 6, &keep))
        return arc_error_set(err, ARC_EINPUT, "--keep: '%.100s' is not a number from 0 to 999999",
                             number);
    options.keep = (size_t)keep;

    ARC_TRY(arc_prune(inv->project, &options, &report->document, &report->failed, err));
    ARC_TRY(report_show(report, arc_embedded_cmd_prune, err));

    arc_json_each (image, json_object_get(report->document, "images")) {
        const char *problem = arc_json_text_of(image, "problem");
        if (*problem)
            report_note(report, 'e', NULL, "%s", problem);
    }

    if (!options.apply)
        arc_buf_puts(&report->human, "Nothing was removed: --apply does that.\n");

    if (json_is_false(json_object_get(report->document, "releases-known")))
        report_warn(report, "which releases are under way is not known (GITHUB_REPOSITORY and a "
                            "token say whom to ask): age alone protects them");

    report_value(report, "removed", json_object_get(report->document, "removed"), "0");

    return ARC_OK;
}

const struct command cmd_prune = {
    .name = "prune",
    .summary = "remove staging images and caches that nothing needs",
    .argument = "[GROUP]...",
    .several = 64,
    .description =
        "Reads all tags of all images, or of the named groups' images, from the registries. It "
        "may remove tags staging-<commit>… and buildcache… that are old and not among the newest, "
        "manifests that no tag reaches then, and on ghcr.io old versions without a tag. It never "
        "removes what another tag reaches: an index and all that it lists, attestations, "
        "signatures and other referrers. It also keeps the images of an unfinished release: a "
        "draft, a release tag without a release, a running workflow.\n\n"
        "Nothing changes without --apply. On ghcr.io it removes versions by GitHub's API, in "
        "other registries manifests by digest. A staging tag of a released image can be removed "
        "only if the registry can remove a tag without its manifest; prune first tries that with "
        "its own tag.",
    .options = OPTIONS(
        FLAG("apply", "Remove what is listed; without it nothing changes."),
        FLAG("dry-run", "List only; the default.", .without = "apply"),
        VALUE_OR("older-than", "AGE", "14d",
                 "Only builds older than this, in days (14d) or hours (36h)."),
        VALUE_OR("keep", "NUMBER", "5",
                 "How many of the newest builds and caches of each image to keep, however old."),
        FLAG("closed-pulls", "Also remove tags of closed pull requests: image-tags with {pr}."),
        CONFIG_OPTION),
    .outputs =
        OUTPUTS({"removed", "How many tags, manifests and versions were removed, or would be."}),
    .examples =
        EXAMPLES({"arc-ci prune --older-than=30d --keep=10", "Show what would be removed from all "
                                                             "images."},
                 {"arc-ci prune messaging --apply", "Remove it from a group's images."}),
    .token = true,
    .run = run_prune,
};
