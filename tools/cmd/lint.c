#include "arcci/lint.h"
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/markdown.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/project_options.h"
#include <stdio.h>
#include <string.h>

/* The findings by rule: a new object of arrays, in the order in which the rules came up. */
static json_t *group_findings(const json_t *findings)
{
    json_t *groups = json_object();

    arc_json_each (finding, findings) {
        const char *rule = arc_json_text_of(finding, "rule");
        json_t *group = json_incref(json_object_get(groups, rule));
        if (!group)
            group = json_array();
        arc_json_push(&group, json_incref(finding));
        arc_json_put(&groups, rule, group);
    }

    return groups;
}

static int add_finding(struct report *report, const json_t *finding, bool actions,
                       struct arc_error *err)
{
    const char *file = arc_json_text_of(finding, "file"),
               *message = arc_json_text_of(finding, "message");
    long line = (long)json_integer_value(json_object_get(finding, "line"));

    arc_buf_printf(&report->human, "%s:%ld: %s [%s]\n", file, line, message,
                   arc_json_text_of(finding, "rule"));
    arc_buf_puts(&report->summary, "| ");
    arc_markdown_code(&report->summary, file, strlen(file));
    arc_buf_printf(&report->summary, " | %ld | ", line);
    arc_markdown_text(&report->summary, message, strlen(message));
    arc_buf_printf(&report->summary, " | %s |\n", arc_json_text_of(finding, "rule"));
    if (!actions)
        return ARC_OK;
    struct arc_place place = {.file = file, .line = (unsigned)line};
    return report_note(report, 'e', &place, err, "%s [%s]", message,
                       arc_json_text_of(finding, "rule"));
}

static int list_rules(const struct invocation *inv, const struct arc_lint_options *options,
                      struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_project) struct arc_project project = {.env = inv->env};
    ARC_AUTO_JSON json_t *rules = NULL;

    ARC_TRY(arc_lint_rules(&project, options, &rules, err));

    arc_json_each (rule, rules) {
        const char *summary = arc_json_text_of(rule, "summary");
        arc_buf_printf(&report->human, "%-22s ", arc_json_text_of(rule, "name"));
        arc_text_visible(&report->human, summary, strlen(summary));
        arc_buf_putc(&report->human, '\n');
    }

    report->document = json_pack("{s:s, s:i, s:O}", "document", "lint", "format",
                                 ARC_DOCUMENT_FORMAT, "rules", rules);

    return report->document ? ARC_OK : arc_error_nomem(err);
}

/* Each rule with its findings and their number. */
static int add_groups(struct report *report, const json_t *groups, bool actions,
                      struct arc_error *err)
{
    const char *rule;
    json_t *group;

    json_object_foreach ((json_t *)groups, rule, group) {
        size_t i, count = json_array_size(group);
        json_t *finding;
        arc_buf_printf(&report->human, "%s: %zu finding%s\n", rule, count, count == 1 ? "" : "s");
        json_array_foreach (group, i, finding)
            ARC_TRY(add_finding(report, finding, actions, err));
    }

    return ARC_OK;
}

/* The line of the rules file that turns off what was found. */
static void add_advice(struct report *report, const json_t *groups)
{
    const char *rule, *separator = "";
    json_t *group;
    arc_buf_puts(&report->human, "to turn rules off, in .github/arc-ci-lint.yaml: off: [");
    json_object_foreach ((json_t *)groups, rule, group) {
        arc_buf_printf(&report->human, "%s%s", separator, rule);
        separator = ", ";
    }
    arc_buf_puts(&report->human, "]\n");
}

static int run_lint(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_project) struct arc_project project = {.env = inv->env};
    struct arc_lint_options options = {
        .config = option_value(inv, "config"),
        .rules = option_value(inv, "rules-file"),
    };
    const char *in_actions = arc_env_get(inv->env, "GITHUB_ACTIONS");

    if (option_flag(inv, "rules"))
        return list_rules(inv, &options, report, err);

    ARC_TRY(arc_lint(&project, &options, &report->document, err));
    const json_t *findings = json_object_get(report->document, "findings");
    ARC_AUTO_JSON json_t *groups = group_findings(findings);
    size_t count = json_array_size(findings);
    ARC_TRY_ALLOC(groups, err);
    if (count)
        arc_buf_puts(&report->summary, "| File | Line | Finding | Rule |\n|---|---|---|---|\n");
    ARC_TRY(add_groups(report, groups, in_actions && strcmp(in_actions, "true") == 0, err));

    arc_buf_printf(&report->human, "%lld rules on %lld files: ",
                   (long long)json_integer_value(json_object_get(report->document, "rules")),
                   (long long)json_integer_value(json_object_get(report->document, "files")));

    if (count)
        arc_buf_printf(&report->human, "%zu %s\n", count, count == 1 ? "finding" : "findings");
    else
        arc_buf_puts(&report->human, "no findings\n");

    if (count)
        add_advice(report, groups);
    report->failed = count ? ARC_EFAILED : ARC_OK;
    char number[24];
    snprintf(number, sizeof number, "%zu", count);

    return report_output(report, "findings", number, err);
}

static const struct option options[] = {
    FLAG("rules", "List the rules and what each asks for, and check nothing."),
    CONFIG_ELSEWHERE_OPTION,
    VALUE("rules-file", "FILE",
          "The repository's own rules, when they are not in .github/arc-ci-lint.yaml."),
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
    .run = run_lint,
};
