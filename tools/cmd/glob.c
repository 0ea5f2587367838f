#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "glob/lines.h"

static int add(json_t *array, const char *text, struct arc_error *err)
{
    if (!arc_utf8_valid(text, strlen(text)))
        return arc_error_set(err, ARC_EINPUT, "an argument is not UTF-8; give such paths on stdin");
    return arc_json_append(array, json_string(text), err);
}

static int run_glob(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *patterns = json_array(), *paths = json_array(), *notes = json_array();
    const json_t *given = option_list(inv, "pattern");
    size_t first = given ? 0 : 1; /* without --pattern, the first argument is the pattern */

    report->kind = REPORT_DATA;
    ARC_TRY_ALLOC(patterns && paths && notes, err);
    if (!given && !inv->args[0])
        return arc_error_set(err, ARC_EINPUT,
                             "no pattern: give one as the first argument, or several as --pattern");

    if (!given)
        ARC_TRY(add(patterns, inv->args[0], err));
    else if (json_array_extend(patterns, (json_t *)given))
        return arc_error_nomem(err);

    for (size_t i = first; i < inv->arg_count; i++)
        ARC_TRY(add(paths, inv->args[i], err));

    size_t count = 0;
    ARC_TRY(arc_glob_filter(patterns, json_array_size(paths) ? paths : NULL, option_flag(inv, "z"),
                            inv->terminal, &report->human, notes, &count, err));
    arc_json_each (note, notes)
        report_warn(report, "%s", json_string_value(note));
    report->failed = count ? ARC_OK : ARC_EFAILED;

    return ARC_OK;
}

const struct command cmd_glob = {
    .name = "glob",
    .summary = "print the paths that match a pattern, as filters see it",
    .argument = "[PATTERN] [PATH]...",
    .several = 100000,
    .description =
        "The first argument is the pattern and the others are paths, which need not exist. "
        "Without paths, it reads them from stdin, one per line; it accepts names in quotes as git "
        "prints them, a leading ./ and a trailing CR. Exit status 1 means that none matched.\n\n"
        "Patterns are those of picomatch 2.3.1 with {dot: true}, as in paths-filter: * and ? stay "
        "within a directory, ** as a whole segment crosses directories, [a-z] [^a] [[:alpha:]] "
        "match one character, {a,b} and {1..3} one of several, @(a|b) ?(a) +(a) *(a) !(a) work as "
        "in bash, and a leading ! matches every other path. Names that start with a dot are not "
        "special. docs/parity.md has the details.\n\n"
        "Matching time is linear in the path's length, for every pattern.",
    .options = OPTIONS(
        VALUES("pattern", "PATTERN",
               "A pattern; prints the paths that match any. With it, all arguments are paths."),
        FLAG("z", "Paths on stdin and stdout end with NUL, as in `git ls-files -z`.")),
    .examples = EXAMPLES({"arc-ci glob 'services/*/Dockerfile' services/cache/Dockerfile Makefile",
                          "Print which of these paths match."},
                         {"git ls-files -z | arc-ci glob -z --pattern='**/*.mk' --pattern=Makefile",
                          "Print the tracked files that match either pattern."}),
    .run = run_glob,
};
