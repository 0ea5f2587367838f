#include "arcci/lint.h"
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/template.h"
#include "cli/command.h"
#include "cli/project_options.h"
#include "os/actions.h"

ARC_TEXT(cmd_lint);
ARC_TEXT(cmd_lint_rules);
ARC_TEXT(cmd_lint_summary);

/* Groups the findings by rule: [{rule, findings}], in the order of each rule's first finding. */
static json_t *group_findings(const json_t *findings)
{
    ARC_AUTO_JSON json_t *known = json_object();
    json_t *groups = json_array();

    arc_json_each (finding, findings) {
        const char *rule = arc_json_text_of(finding, "rule");
        if (!json_object_get(known, rule)) {
            arc_json_put(&known, rule, json_array());
            arc_json_push(&groups, json_pack("{s:s, s:O}", "rule", rule, "findings",
                                             json_object_get(known, rule)));
        }
        if (json_array_append(json_object_get(known, rule), finding)) {
            json_decref(groups);
            return NULL;
        }
    }

    return groups;
}

static int run_lint(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    const char *file = option_value(inv, "rules-file");

    if (option_flag(inv, "rules")) {
        ARC_AUTO_JSON json_t *rules = NULL;
        ARC_TRY(arc_lint_rules(inv->project, file, &rules, err));
        report->document = json_pack("{s:s, s:i, s:O}", "document", "lint", "format",
                                     ARC_DOCUMENT_FORMAT, "rules", rules);
        ARC_TRY_ALLOC(report->document, err);
        return report_show(report, arc_embedded_cmd_lint_rules, err);
    }

    ARC_TRY(arc_lint(inv->project, file, &report->document, err));
    const json_t *findings = json_object_get(report->document, "findings");
    json_t *groups = group_findings(findings);
    ARC_AUTO_JSON json_t *values = arc_json_copy(report->document);
    arc_json_put(&values, "groups", groups);
    ARC_TRY_ALLOC(values, err);

    ARC_TRY(report_show_values(report, arc_embedded_cmd_lint, values, err));
    ARC_TRY(arc_template_fill(arc_embedded_cmd_lint_summary, NULL, values, &report->summary, err));

    arc_json_each (group, arc_actions_active(inv->env) ? groups : NULL)
        arc_json_each (finding, json_object_get(group, "findings")) {
            json_int_t line = arc_json_number_of(finding, "line");
            struct arc_place place = {.file = arc_json_text_of(finding, "file"),
                                      .line = (unsigned)line};
            report_note(report, 'e', &place, "%s [%s]", arc_json_text_of(finding, "message"),
                        arc_json_text_of(finding, "rule"));
        }

    report->failed = json_array_size(findings) ? ARC_EFAILED : ARC_OK;
    report_output(report, "findings",
                  arc_arena_printf(&report->memory, "%zu", json_array_size(findings)));

    return ARC_OK;
}

const struct command cmd_lint = {
    .name = "lint",
    .summary = "check services, make files and workflows against their contract",
    .description =
        "Checks the work tree: the release groups, every service.yaml, the services' Dockerfiles, "
        "compose files and make files, the workflows and actions, and all tracked files for "
        "credentials. Each finding is a line 'file:line: message [rule]', and an annotation in "
        "GitHub Actions. Exit status 1 if there are findings. A missing or unreadable file is a "
        "finding, too, never a reason to pass.\n\n"
        "The built-in rules apply to any repository. .github/arc-ci-lint.yaml sets what this "
        "repository expects (names, labels, the network, allowed actions) and adds facts as data: "
        "which value a file must have at which place, once or for every service of the release "
        "groups. docs/configuration.md describes it.",
    .options =
        OPTIONS(FLAG("rules", "List the rules and what each requires, and check nothing."),
                CONFIG_ELSEWHERE_OPTION("rules"),
                VALUE("rules-file", "FILE",
                      "The repository's own rules, if they are not in .github/arc-ci-lint.yaml.")),
    .outputs = OUTPUTS({"findings", "The number of findings."}),
    .examples = EXAMPLES({"arc-ci lint --rules", "List the built-in rules and the repository's "
                                                 "own."}),
    .run = run_lint,
};
