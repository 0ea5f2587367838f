#include "arcci/changes.h"
#include "arcci/plan.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/project_options.h"

#define DEFAULT_DEPTH "100"

/* The lists of a filter: the ends of their outputs' names, and the options that ask for them beside
 * --list-files. */
static const struct {
    const char *suffix, *option;
} parts[] = {
    [ARC_PART_FILES] = {"files", "list-files"},
    [ARC_PART_ADDED] = {"added_files", "files-by-status"},
    [ARC_PART_MODIFIED] = {"modified_files", "files-by-status"},
    [ARC_PART_DELETED] = {"deleted_files", "files-by-status"},
    [ARC_PART_RENAMED] = {"renamed_files", "renames"},
    [ARC_PART_DIRECTORIES] = {"dirs", "dir-names"},
};

/* Reads a number like parseInt(), which stops at the first non-digit; false for its NaN. */
static bool parse_number(const char *text, unsigned *out)
{
    char *end = NULL;
    size_t len = strlen(text);
    arc_text_trim(&text, &len);
    const char *digits = text + (*text == '+');
    bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    unsigned long value = strtoul(digits, &end, hex ? 16 : 10);
    *out = (unsigned)ARC_MIN(value, 1000000);
    return end != digits && *digits != '-' && *digits != '+';
}

static int read_lists(const struct invocation *inv, struct arc_list *out, struct arc_error *err)
{
    const char *list = option_value(inv, "list-files");
    const char *depth = option_value(inv, "dir-names");
    int format = arc_list_format_parse(list);

    if (format < 0)
        return arc_error_set(
            err, ARC_EINPUT,
            "--list-files: '%s' is not one of none|csv|json|shell|escape|lines|nul|matrix", list);

    int64_t levels = 0;
    if (depth && !arc_text_number(depth, 6, &levels))
        return arc_error_set(err, ARC_EINPUT, "--dir-names: '%s' is not a number from 0 to 999999",
                             depth);
    *out = (struct arc_list){(enum arc_list_format)format, ARC_PART_FILES, (unsigned)levels};

    return ARC_OK;
}

static int read_options(const struct invocation *inv, struct arc_changes_options *out,
                        struct arc_list *list, struct arc_error *err)
{
    static const enum arc_quantifier quantifiers[] = {/* in the order of the option's choices */
                                                      ARC_QUANTIFIER_SOME, ARC_QUANTIFIER_EVERY,
                                                      ARC_QUANTIFIER_SOME_EXCLUDE,
                                                      ARC_QUANTIFIER_LAST};

    ARC_TRY(read_lists(inv, list, err));
    *out = (struct arc_changes_options){
        .base = option_value(inv, "base"),
        .ref = option_value(inv, "ref"),
        .quantifier = quantifiers[option_choice(inv, "predicate-quantifier")],
        .since = option_flag(inv, "since-release") ? ARC_SINCE_RELEASE : ARC_SINCE_EVENT,
        .base_on_pulls = option_flag(inv, "base-on-pull-requests"),
        .renames = option_flag(inv, "renames"),
        .submodules = option_flag(inv, "submodules"),
        .untracked = option_flag(inv, "untracked"),
        .explain = option_flag(inv, "explain"),
        .count_only = list->format == ARC_LIST_NONE && !inv->json && !inv->format &&
                      !option_flag(inv, "explain"),
    };
    if (option_flag(inv, "since-image"))
        out->since = ARC_SINCE_IMAGE;
    if (out->untracked && !arc_changes_is_head(out->base))
        return arc_error_set(err, ARC_EINPUT,
                             "--untracked adds to uncommitted changes: it needs --base HEAD");

    return ARC_OK;
}

static int list_output(const struct invocation *inv, const struct arc_changes *changes,
                       size_t filter, const struct arc_list *list, struct report *report,
                       struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf value = {0};
    const char *key = arc_arena_printf(
        &report->memory, "%s_%s", changes->filters->items[filter].name, parts[list->part].suffix);
    size_t used = report->output_bytes;
    bool spilled = false;

    size_t count = arc_changes_list(changes, filter, list, &value);
    ARC_TRY(arc_changes_output(inv->env, list->format,
                               used < ARC_OUTPUTS_MAX ? ARC_OUTPUTS_MAX - used : 0, &value,
                               &spilled, err));
    if (list->format == ARC_LIST_MATRIX && count > ARC_PLAN_ROWS_MAX)
        report_warn(report, "%s has %zu rows, and GitHub refuses a matrix of more than %d", key,
                    count, ARC_PLAN_ROWS_MAX);

    if (spilled && list->format != ARC_LIST_NUL)
        report_warn(report,
                    "the list of %s is too long: all outputs of a job share 1 MiB of UTF-16; it is "
                    "in %s, and the output is that path",
                    key, arc_buf_text(&value));

    report_output_bytes(report, key, arc_buf_text(&value), value.len);

    return ARC_OK;
}

static int filter_outputs(const struct invocation *inv, const struct arc_changes *changes,
                          size_t filter, struct arc_list list, struct report *report,
                          struct arc_error *err)
{
    const char *name = changes->filters->items[filter].name;
    struct arc_arena *memory = &report->memory;

    report_flag(report, name, changes->results[filter].matched);
    report_output(report, arc_arena_printf(memory, "%s_count", name),
                  arc_arena_printf(memory, "%zu", changes->results[filter].count));

    for (size_t i = 0; list.format != ARC_LIST_NONE && i < ARC_COUNT(parts); i++) {
        const char *asked = option_value(inv, parts[i].option);
        list.part = (enum arc_list_part)i;
        if (asked && strcmp(asked, "false") != 0)
            ARC_TRY(list_output(inv, changes, filter, &list, report, err));
    }

    return ARC_OK;
}

/* Two outputs may have one name: "a_count" is also a filter's, or they differ in case only, which the
 * runner does not tell apart. It keeps the last one. */
static int note_clashes(struct report *report, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *seen = json_object();
    ARC_TRY_ALLOC(seen, err);

    for (size_t i = 0; i < report->output_count; i++) {
        const char *name = report->outputs[i].name;
        const char *lower = arc_text_lower(arc_arena_text(&report->memory, name));
        const char *other = json_string_value(json_object_get(seen, lower));
        if (other)
            report_warn(report,
                        "the outputs '%s' and '%s' have the same name for GitHub, which ignores "
                        "case: only the last one counts",
                        other, name);
        ARC_TRY(arc_json_set(seen, lower, json_string(name), err));
    }

    return ARC_OK;
}

static int fill(const struct invocation *inv, const struct arc_changes *changes,
                const struct arc_list *list, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf matching = {0};

    for (size_t i = 0; i < changes->filters->count; i++)
        ARC_TRY(filter_outputs(inv, changes, i, *list, report, err));
    arc_changes_matching(changes, &matching);
    ARC_TRY(arc_buf_check(&matching, "changes", err));
    if (arc_filters_index(changes->filters, "changes", 7) == SIZE_MAX)
        report_output(report, "changes", arc_buf_text(&matching));
    if (arc_filters_index(changes->filters, "any", 3) == SIZE_MAX)
        report_flag(report, "any", arc_changes_any(changes));
    ARC_TRY(note_clashes(report, err));

    if (inv->json || inv->format)
        ARC_TRY(arc_changes_document(changes, &report->document, err));
    if (option_flag(inv, "explain"))
        ARC_TRY(arc_changes_explain(changes, &report->human, err));
    arc_json_each (warning, changes->warnings)
        report_warn(report, "%s", json_string_value(warning));

    return ARC_OK;
}

/* Refuses what is only for patterns of the caller's own. */
static int check_for_services(const struct arc_changes_options *options, struct arc_error *err)
{
    if (options->relative)
        return arc_error_set(err, ARC_EINPUT,
                             "--relative-to is about patterns of --filters: a service's are "
                             "relative to the top of the repository");

    if (options->quantifier == ARC_QUANTIFIER_EVERY)
        return arc_error_set(err, ARC_EINPUT,
                             "--predicate-quantifier=every is about patterns of --filters: one of "
                             "a service's paths is enough, and '!' always excludes");

    return ARC_OK;
}

static int run_changes(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_project) struct arc_project project = {0};
    ARC_AUTO(arc_filters) struct arc_filters filters = {0};
    ARC_AUTO(arc_changes) struct arc_changes changes = {0};
    struct arc_env env = *inv->env;
    struct arc_changes_options options;
    struct arc_list list = {0};
    ARC_AUTO_FREE char *relative = NULL;

    if (option_value(inv, "working-directory"))
        env.cwd = option_value(inv, "working-directory");
    project.env = &env;
    project.wanted.config = option_value(inv, "config");
    ARC_TRY(read_options(inv, &options, &list, err));

    /* Text that is not a number means the default, as in paths-filter. */
    const char *depth = option_value(inv, "initial-fetch-depth");
    if (!parse_number(depth, &options.fetch_depth)) {
        parse_number(DEFAULT_DEPTH, &options.fetch_depth);
        report_warn(report,
                    "--initial-fetch-depth: '%s' is not a number: " DEFAULT_DEPTH " is taken",
                    depth);
    }

    /* Normalizes a directory: "./a/" is "a", the top is none. */
    const char *directory = option_value(inv, "relative-to");
    if (directory)
        ARC_TRY(arc_path_resolve("", directory, &relative, err));
    if (directory && !relative)
        return arc_error_set(err, ARC_EINPUT,
                             "--relative-to: '%s' is not a directory's path from the top of the "
                             "repository, such as 'services/cache'",
                             directory);
    options.relative = directory && strcmp(relative, ".") != 0 ? relative : NULL;

    const char *text = option_value(inv, "filters");
    const json_t *files = option_list(inv, "filters-file");
    if (files && !json_array_size(files)) /* without filters nothing ever changes */
        return arc_error_set(err, ARC_EINPUT,
                             "--filters-file is empty: it takes FILE; is a variable not set?");
    if (files)
        ARC_TRY(arc_filters_load_files(env.cwd, files, &filters, err));
    else
        ARC_TRY(arc_filters_find(&project, text, &filters, err));

    if (filters.from_config)
        ARC_TRY(check_for_services(&options, err));
    options.filters = &filters;
    options.config = project.config.path ? &project.config : NULL;
    ARC_TRY(arc_changes(&project, &options, &changes, err));
    project_note_lookups(&project, report);

    return fill(inv, &changes, &list, report, err);
}

const struct command cmd_changes = {
    .name = "changes",
    .summary = "show which filters' paths changed, like dorny/paths-filter",
    .description =
        "Compares two commits, chosen by the event: a pull request with its merge base, a push "
        "with the commit before it, a tag with the previous tag of its group, anything else with "
        "the default branch. Outside CI: HEAD with the default branch. --explain shows the "
        "choice.\n\n"
        "If a pull request's commits are not in the clone (fetch-depth: 1), its files come from "
        "GitHub's API, with the token of INPUT_TOKEN, GITHUB_TOKEN or GH_TOKEN. Without a token, "
        "or if the API cannot list all files, arc-ci fetches the commits.\n\n"
        "Patterns are those of picomatch with its option dot. docs/parity.md lists the "
        "differences from paths-filter and the reasons.",
    .options = OPTIONS(
        VALUE("filters", "YAML|FILE",
              "Filters as YAML, or the path of a file with them (no ':' and no line break). "
              "Default: one per service of the configuration, with its codename."),
        VALUES("filters-file", "FILE", "A file of filters, instead of --filters.",
               .without = "filters"),
        VALUE("base", "REF",
              "Branch, tag or commit to compare with; HEAD for uncommitted changes. Default: by "
              "the event."),
        VALUE("ref", "REF",
              "Branch, tag or commit to look at. Default: the event's commit, else HEAD."),
        VALUE_OR("list-files", "FORMAT", "none",
                 "Also give the files of each filter: none, csv, json, shell, escape, lines, nul "
                 "(the output is a file's path) or matrix."),
        FLAG("files-by-status", "Also list the added, modified and deleted files separately.",
             .with = "list-files"),
        VALUE("dir-names", "DEPTH",
              "Also list the files' directories, cut to DEPTH levels; 0: all levels.",
              .with = "list-files"),
        FLAG("renames",
             "Detect renames: the new name counts as renamed as well as added, and both names are "
             "listed."),
        FLAG("submodules",
             "Look into changed submodules: paths in them count in addition to the submodule's."),
        VALUE("relative-to", "DIR",
              "Only files below this directory count, and patterns and lists are relative to it."),
        CHOICE("predicate-quantifier", "HOW", "some|every|some-with-excludes|last-match", "some",
               "Whether a file needs to match some or every rule of a filter; with "
               "some-with-excludes, some rule without '!' and no rule with one; with last-match, "
               "the last rule that applies decides."),
        VALUE_OR("initial-fetch-depth", "N", DEFAULT_DEPTH,
                 "Generations of commits to fetch first in a shallow clone (more than 10 count as "
                 "10), then more by date until they suffice; 0: never fetch."),
        FLAG("since-release",
             "Compare each service with its group's last release tag, so that no change is lost if "
             "a run fails or is cancelled.",
             .without = "base|since-image"),
        FLAG("since-image", "Compare each service with the commit of its published image.",
             .without = "base"),
        FLAG("base-on-pull-requests",
             "Use --base for pull requests, too; with a token, they are otherwise compared as a "
             "whole. With the event's `before`: only the changes of this push."),
        FLAG("untracked",
             "With --base HEAD: files that git neither tracks nor ignores count as added."),
        VALUE("config", "FILE",
              "The configuration, a path from the repository's root. Default: "
              ".github/arc-ci.yaml.",
              .without = "filters|filters-file"),
        VALUE("working-directory", "DIR", "Where the repository is."),
        FLAG("explain",
             "Print what was compared and why, and for each file the rule that matched.")),
    .outputs = OUTPUTS(
        {"<filter>", "true if any changed file matches the filter, else false."},
        {"<filter>_count", "How many changed files match."},
        {"<filter>_files",
         "Those files in the format of --list-files, except none. If a job's outputs would exceed "
         "GitHub's limit (1 MiB of UTF-16): the path of a file with the list, and a warning."},
        {"<filter>_added_files",
         "With --files-by-status; also <filter>_modified_files and <filter>_deleted_files."},
        {"<filter>_dirs", "With --dir-names: the directories of those files, each once."},
        {"<filter>_renamed_files", "With --renames: the old and new name of each rename; json and "
                                   "matrix have objects with `old` and `new`."},
        {"changes", "JSON array of the filters that matched; omitted if a filter has that name."},
        {"any", "true if any filter matched; omitted if a filter has that name."}),
    .examples = EXAMPLES({"arc-ci changes --filters 'docs: docs/**' --base HEAD",
                          "Show uncommitted changes below docs."}),
    .token = true,
    .run = run_changes,
};
