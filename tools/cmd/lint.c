#include "arcci/lint.h"
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/markdown.h"
#include "cli/command.h"
#include <string.h>

static const char *field(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static int add_finding(struct report *report, const json_t *finding, bool actions,
                       struct arc_error *err)
{
    const char *file = field(finding, "file"), *message = field(finding, "message");
    long line = (long)json_integer_value(json_object_get(finding, "line"));
    arc_buf_printf(&report->human, "%s:%ld: %s [%s]\n", file, line, message,
                   field(finding, "rule"));
    arc_buf_puts(&report->summary, "| ");
    arc_markdown_code(&report->summary, file, strlen(file));
    arc_buf_printf(&report->summary, " | %ld | ", line);
    arc_markdown_text(&report->summary, message, strlen(message));
    arc_buf_printf(&report->summary, " | %s |\n", field(finding, "rule"));
    if (!actions)
        return ARC_OK;
    struct arc_place place = {.file = file, .line = (unsigned)line};
    return report_note(report, 'e', &place, err, "%s [%s]", message, field(finding, "rule"));
}

static int list_rules(const struct invocation *inv, const struct arc_lint_options *options,
                      struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_project) struct arc_project project = {.env = inv->env};
    ARC_AUTO_JSON json_t *rules = NULL;
    size_t i;
    json_t *rule;
    int rc = arc_lint_rules(&project, options, &rules, err);
    if (rc)
        return rc;
    json_array_foreach (rules, i, rule)
        arc_buf_printf(&report->human, "%-22s %s\n", field(rule, "name"), field(rule, "summary"));
    report->document = json_pack("{s:s, s:i, s:O}", "document", "lint", "format",
                                 ARC_DOCUMENT_FORMAT, "rules", rules);
    return report->document ? ARC_OK : arc_error_nomem(err);
}

static int run(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_project) struct arc_project project = {.env = inv->env};
    struct arc_lint_options options = {
        .config = option_value(inv, "config"),
        .rules = option_value(inv, "rules-file"),
    };
    const char *in_actions = arc_env_get(inv->env, "GITHUB_ACTIONS");
    size_t i;
    json_t *finding;
    if (option_flag(inv, "rules"))
        return list_rules(inv, &options, report, err);
    int rc = arc_lint(&project, &options, &report->document, err);
    if (rc)
        return rc;
    const json_t *findings = json_object_get(report->document, "findings");
    size_t count = json_array_size(findings);
    if (count)
        arc_buf_puts(&report->summary, "| File | Line | Finding | Rule |\n|---|---|---|---|\n");
    json_array_foreach (findings, i, finding) {
        rc = add_finding(report, finding, in_actions && strcmp(in_actions, "true") == 0, err);
        if (rc)
            return rc;
    }
    arc_buf_printf(&report->human, "%lld rules on %lld files: ",
                   (long long)json_integer_value(json_object_get(report->document, "rules")),
                   (long long)json_integer_value(json_object_get(report->document, "files")));
    arc_buf_printf(&report->human, count ? "%zu finding%s\n" : "no findings\n", count,
                   count == 1 ? "" : "s");
    report->failed = count ? ARC_EFAILED : ARC_OK;
    ARC_AUTO(arc_buf) struct arc_buf number = {0};
    arc_buf_printf(&number, "%zu", count);
    return report_output(report, "findings", arc_buf_text(&number), err);
}

static const struct option options[] = {
    {.name = "rules", .help = "List the rules and what each asks for, and check nothing."},
    {.name = "config",
     .value = "FILE",
     .help = "The release groups, when they are not in .github/arc-ci.yaml."},
    {.name = "rules-file",
     .value = "FILE",
     .help = "The repository's own rules, when they are not in .github/arc-ci-lint.yaml."},
    {0},
};

static const struct output outputs[] = {
    {"findings", "How many findings there are."},
    {0},
};

static const struct example examples[] = {
    {"arc-ci lint --rules", "The rules, built in and the repository's own."},
    {0},
};

const struct command cmd_lint = {
    .name = "lint",
    .summary = "check services, make files and workflows against their contract",
    .description =
        "Looks at the tree as it is: the release groups, every service.yaml, the Dockerfiles, "
        "compose files and make files of the services, the workflows and actions, and every file "
        "that git tracks for credentials. Each finding is a line 'file:line: message [rule]', in "
        "GitHub Actions an annotation as well. Exit status 1 when there are findings. A file that "
        "is missing or cannot be read is a finding too, never a reason to pass.\n\n"
        "The built-in rules hold for any repository. .github/arc-ci-lint.yaml says what this one "
        "expects of them (names, labels, the network, allowed actions) and adds facts of its own "
        "as data: at this place in that file stands this value, once or for every service of the "
        "release groups. docs/configuration.md describes it.",
    .options = options,
    .outputs = outputs,
    .examples = examples,
    .run = run,
};
