#include "arcci/steer.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/project_options.h"
#include "cmd/page.h"
#include "project/documents.h"
#include <inttypes.h>

ARC_TEXT(cmd_status);

/* The most pull requests or services that a line names. */
#define SHOWN_MAX 8

/* A list as a text: "flash, sonic", "#12, #11 and 3 more"; "" if empty. */
static json_t *name_list(const json_t *list)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    arc_json_each (item, list) {
        if (item_at == SHOWN_MAX) {
            arc_buf_printf(&text, " and %zu more", json_array_size(list) - item_at);
            break;
        }
        arc_text_separate(&text, ", ");
        if (json_is_integer(item))
            arc_buf_printf(&text, "#%" PRIdMAX, (intmax_t)json_integer_value(item));
        else
            arc_buf_puts(&text, json_string_value(item));
    }

    return arc_json_buf(&text);
}

/* Shows the document to a person, with its lists as texts. */
static int show_groups(struct report *report, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *values = json_deep_copy(report->document);
    ARC_TRY_ALLOC(values, err);

    arc_json_each (row, json_object_get(values, "groups")) {
        json_t *includes = json_object_get(row, "includes");
        json_t *pulls = name_list(json_object_get(row, "pulls"));
        json_t *services = name_list(json_object_get(row, "services"));
        bool newer = json_is_array(includes) && arc_json_true_of(row, "unreleased");
        if (json_object_set_new(row, "newer", json_boolean(newer)) |
            json_object_set_new(row, "named-pulls", pulls) |
            json_object_set_new(row, "named-services", services))
            return arc_error_nomem(err);
        arc_json_each (taken, includes)
            ARC_TRY(arc_json_set(taken, "named-services",
                                 name_list(json_object_get(taken, "services")), err));
    }

    return report_show_values(report, arc_embedded_cmd_status, values, err);
}

static int run_status(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *locks = json_array();
    const struct arc_status_options options = {.registry = option_flag(inv, "registry"),
                                               .scan = option_flag(inv, "scan"),
                                               .builds = option_value(inv, "html") != NULL,
                                               .locks = locks};

    ARC_TRY_ALLOC(locks, err);
    arc_json_each (file, option_list(inv, "lock")) {
        json_t *lock;
        ARC_TRY(arc_document_read(json_string_value(file), &lock, err));
        ARC_TRY(arc_json_append(locks, lock, err));
        ARC_TRY_PREFIX(arc_document_check(lock, "lock", err), err, "--lock %s",
                       json_string_value(file));
    }

    ARC_TRY(arc_status(inv->project, &options, &report->document, &report->failed, err));
    ARC_TRY(show_groups(report, err));

    arc_json_each (row, json_object_get(report->document, "groups")) {
        const char *problem = arc_json_text_of(row, "problem");
        if (report->failed && *problem)
            report_note(report, 'e', NULL, "%s: %s", arc_json_text_of(row, "group"), problem);
    }

    bool unreleased = arc_json_true_of(report->document, "unreleased");
    bool adrift = arc_json_true_of(report->document, "adrift");
    if (!report->failed && option_flag(inv, "exit-code") && (unreleased || adrift))
        report->failed = ARC_EFAILED;

    const char *tags = arc_json_text_of(report->document, "tags-unknown");
    const char *published = arc_json_text_of(report->document, "published-unknown");

    if (*tags)
        report_warn(report, "the tags of this clone alone count: %s", tags);

    if (*published)
        report_warn(report, "whether releases are published is not known: %s", published);

    if (json_is_false(json_object_get(report->document, "complete")))
        report_warn(report, "this clone's history is cut: there may be more commits (fetch-depth: "
                            "0 gets all of it)");

    ARC_TRY(page_write(inv, report->document, html_status, err));
    report_flag(report, "unreleased", unreleased);

    report_flag(report, "adrift", adrift);

    return ARC_OK;
}

const struct command cmd_status = {
    .name = "status",
    .summary = "show every group: last release, what happened since, next version",
    .description =
        "Shows for each release group the last release before HEAD, whether it was published (if "
        "GITHUB_REPOSITORY and a token are set), the commits and pull requests since then that "
        "touch its services, and the version that 'arc-ci version --next' would choose. A "
        "service's files are the same as for 'arc-ci changes'. For a train: the releases in its "
        "lock file, and those that it would include now. The page of --html also shows the gate's "
        "result for each last published release, and how that release was built.\n\n"
        "A clone may lack tags, so this command asks the remote, whose tags alone count: push a new "
        "one first. If the remote does not answer, it uses the clone's tags and warns.",
    .options = OPTIONS(
        FLAG("registry",
             "Also check in the registries whether the tags of each group's last stable release "
             "still point to the released images, according to the release's build.json, or else "
             "to the version's own tag. If a registry does not answer, the rest is still shown, "
             "and the exit status is 3."),
        FLAG("scan", "Also ask GitHub for the gate's result of each group's last published "
                     "release, and when it ran (the release's scan.json). It does not change the "
                     "exit status."),
        FLAG("exit-code", "Exit with status 1 if something is unreleased or adrift."),
        VALUES("lock", "FILE",
               "The lock file of a train's last release. By default it is fetched from that "
               "release at GitHub, if GITHUB_REPOSITORY and a token are set."),
        HTML_OPTIONS, CONFIG_OPTION),
    .outputs = OUTPUTS(
        {"unreleased", "true if a group has commits that are not in a release."},
        {"adrift", "true if a train does not include the newest releases, or (--registry) if a "
                   "tag does not point to the released image or cannot be read."}),
    .examples =
        EXAMPLES({"arc-ci status",
                  "Show each group's last release, the changes since, and the next version."}),
    .run = run_status,
};
