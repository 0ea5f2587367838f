/* Renders a scan: the document, a table for people, markdown for the step summary. */
#include "base/text.h"
#include "base/json.h"
#include "base/markdown.h"
#include "scan/judged.h"

#define DOCUMENT_FINDINGS 100
#define HUMAN_FINDINGS    50
#define SUMMARY_FINDINGS  100
#define CELL_MAX          500 /* bytes */

const char *scan_kind_name(unsigned kind)
{
    static const char *const names[] = {"vulnerability", "misconfiguration", "secret", "license"};
    return names[kind];
}

/* Untrusted text as a JSON string; invalid UTF-8 is escaped. */
static json_t *text_json(const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    json_t *value = json_string(text);
    if (value)
        return value;
    arc_text_visible(&shown, text, strlen(text));
    return arc_json_buf(&shown);
}

/* As text_json(), but null for "" or NULL. */
static json_t *optional(const char *text)
{
    return text && *text ? text_json(text) : json_null();
}

static json_t *counts_json(const size_t counts[ARC_SEVERITIES])
{
    json_t *object = json_object();
    for (unsigned i = ARC_SEVERITIES; i-- > 0;)
        arc_json_put(&object, arc_severity_name((enum arc_severity)i),
                     json_integer((json_int_t)counts[i]));
    return object;
}

static json_t *finding_json(const struct scan_judged *judged, const struct finding *finding)
{
    const struct scan_rule *rule = &judged->findings.rules[finding->rule];
    json_t *fresh = judged->baseline ? json_boolean(finding->fresh) : json_null();
    json_t *line = finding->line ? json_integer(finding->line) : json_null();
    json_t *platforms = json_array();

    for (const struct scan_target *target = NULL;
         (target = findings_next_target(&judged->findings, finding, target));)
        if (*target->platform)
            arc_json_push(&platforms, text_json(target->platform));

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "line", line,
        "resource", optional(finding->resource), "message", optional(finding->message), "id",
        text_json(rule->id), "severity", arc_severity_name((enum arc_severity)finding->severity),
        "kind", scan_kind_name(finding->kind), "service", optional(finding->service), "package",
        optional(finding->package), "installed", optional(finding->installed), "fixed",
        optional(finding->fixed), "place", optional(finding->place), "title", optional(rule->title),
        "url", optional(rule->url), "platforms", platforms, "new", fresh);
}

/* The project's settings, shown with the verdict; null without any. */
static json_t *settings_json(const struct scan_judged *judged)
{
    const struct arc_scan_settings *settings = judged->options->settings;
    if (!settings)
        return json_null();
    const struct {
        const char *name;
        char *const *list;
    } lists[] = {{"skip-dirs", settings->skip_dirs},
                 {"skip-files", settings->skip_files},
                 {"severity", settings->severity},
                 {"scanners", settings->scanners},
                 {"vex", settings->vex},
                 {"accept", settings->accept}};
    json_t *object = json_pack("{s:o}", "from", text_json(judged->options->settings_from));
    json_t *entries = json_array();

    arc_each_in (row, lists)
        if (row->list)
            arc_json_put(&object, row->name, arc_texts_json(row->list));
    if (settings->policy)
        arc_json_put(&object, "ignore-policy", json_pack("[o]", text_json(settings->policy)));

    arc_each (entry, settings->ignores, settings->ignore_count) {
        const char *const fields[][2] = {{"id", entry->id},           {"license", entry->license},
                                         {"package", entry->package}, {"path", entry->path},
                                         {"service", entry->service}, {"reason", entry->reason},
                                         {"expires", entry->expires}};
        json_t *row = json_object();
        for (size_t k = 0; k < ARC_COUNT(fields); k++)
            if (fields[k][1])
                arc_json_put(&row, fields[k][0], json_string(fields[k][1]));
        arc_json_push(&entries, row);
    }
    arc_json_put(&object, "ignore", entries);

    return object;
}

int scan_document(const struct scan_judged *judged, json_t **out, struct arc_error *err)
{
    const struct findings *findings = &judged->findings;
    const char *version = judged->scanner.version;
    json_t *targets = json_array(), *rows = json_array();
    json_t *counts = json_null(), *total = json_null(), *fresh = json_null();
    char now[32];

    if (judged->verdict != ARC_VERDICT_SCANNER_ERROR) {
        counts = counts_json(judged->counts);
        total = json_integer((json_int_t)judged->total);
        if (judged->baseline)
            fresh = json_integer((json_int_t)judged->fresh);
    }

    arc_each (target, findings->targets, findings->target_count) {
        json_t *own = target->error ? json_null() : counts_json(target->counts);
        arc_json_push(&targets,
                      json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "service",
                                optional(target->service), "platform", optional(target->platform),
                                "artifact", optional(target->artifact), "os", optional(target->os),
                                "report", text_json(target->report), "error",
                                optional(target->error), "counts", own));
    }

    for (size_t i = 0; i < judged->total && i < DOCUMENT_FINDINGS; i++)
        arc_json_push(&rows, finding_json(judged, &findings->list[i]));
    if (!version && findings->target_count)
        version = findings->targets[0].scanner;
    arc_time_print(judged->now, now);

    /* clang-format off */
    *out = json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:s, s:b, s:o, s:o, s:o, s:I, s:I, s:{s:s, s:o, s:o}, s:O,"
                     " s:o, s:o, s:O, s:I, s:o}",
                     "document", "scan", "format", ARC_DOCUMENT_FORMAT,
                     "verdict", arc_verdict_name(judged->verdict),
                     "scanned", now,
                     "gate", arc_gate_name(judged->gate),
                     "reason", text_json(arc_buf_text(&judged->reason)),
                     "fail-on", arc_severity_name(judged->options->policy.fail_on),
                     "block", (int)judged->options->policy.block,
                     "counts", counts, "total", total, "new", fresh,
                     "ignored", (json_int_t)judged->ignored,
                     "unfixed", (json_int_t)judged->unfixed,
                     "scanner", "name", "trivy", "version", optional(version),
                       "database", optional(judged->scanner.database),
                     "warnings", judged->warnings,
                     "targets", targets,
                     "findings", rows,
                     "incomplete", judged->missed,
                     "suppressed", (json_int_t)judged->suppressed,
                     "settings", settings_json(judged));
    /* clang-format on */
    return arc_error_unless(*out, err);
}

/* The platforms of a finding, "amd64, arm64"; "": unknown. */
static void add_platforms(struct arc_buf *out, const struct scan_judged *judged,
                          const struct finding *finding)
{
    const char *separator = "";
    const struct scan_target *target = NULL;

    while ((target = findings_next_target(&judged->findings, finding, target))) {
        if (!*target->platform)
            continue;
        arc_buf_puts(out, separator);
        arc_text_visible(out, target->platform, strlen(target->platform));
        separator = ", ";
    }
}

static void add_verdict(struct arc_buf *out, const struct scan_judged *judged)
{
    const char *reason = arc_buf_text(&judged->reason);
    arc_buf_printf(out, "%s, gate: %s: ", arc_verdict_name(judged->verdict),
                   arc_gate_name(judged->gate));
    arc_text_visible(out, reason, strlen(reason));
}

/* Without an answer, zeros would look like one. */
static void add_counts(struct arc_buf *out, const struct scan_judged *judged)
{
    if (judged->verdict == ARC_VERDICT_SCANNER_ERROR) {
        arc_buf_puts(out, "the number of findings is unknown");
        return;
    }

    for (unsigned i = ARC_SEVERITIES; i-- > 0;)
        arc_buf_printf(out, "%s %zu%s", arc_severity_name((enum arc_severity)i), judged->counts[i],
                       i ? ", " : "");

    arc_buf_printf(out, "; %zu with a fix", judged->fixable);
    if (judged->baseline)
        arc_buf_printf(out, "; %zu new", judged->fresh);
    scan_add_left_out(out, judged);
}

static void add_column(struct arc_buf *out, const char *text, int width)
{
    struct arc_buf shown = {.max = 4096};
    size_t len = strlen(text);
    arc_text_visible(&shown, text, ARC_MIN(len, 1000));
    arc_buf_printf(out, "%-*s  ", width, arc_buf_text(&shown));
    arc_buf_free_part(out, &shown);
}

/* A package, else a place: "templates/deployment.yaml:19". */
static void add_subject(struct arc_buf *out, const struct finding *finding)
{
    arc_buf_puts(out, arc_text_or(finding->package, finding->place));
    if (finding->line && !*finding->package)
        arc_buf_printf(out, ":%u", finding->line);
}

/* The subject of a setting, secret or license, in the column of a vulnerability's versions. */
static const char *find_words(const struct scan_judged *judged, const struct finding *finding)
{
    const struct scan_rule *rule = &judged->findings.rules[finding->rule];
    if (*finding->message)
        return finding->message;
    return arc_text_or(rule->title, scan_kind_name(finding->kind));
}

static void add_settings(struct arc_buf *out, const struct scan_judged *judged)
{
    ARC_AUTO_JSON json_t *settings = settings_json(judged);
    struct arc_buf text = {.failed = settings ? ARC_OK : ARC_ENOMEM};

    arc_json_each_pair (name, list, settings) {
        bool entries = strcmp(name, "ignore") == 0;
        if (entries && json_array_size(list))
            arc_buf_printf(&text, ", %zu to ignore", json_array_size(list));
        for (size_t i = 0; !entries && i < json_array_size(list); i++)
            arc_buf_printf(&text, ", %s %s", name, json_string_value(json_array_get(list, i)));
    }

    if (text.len) {
        arc_buf_puts(out, "settings of ");
        arc_text_visible(out, judged->options->settings_from,
                         strlen(judged->options->settings_from));
        arc_buf_puts(out, ": ");
        arc_text_visible(out, text.data + 2, text.len - 2);
        arc_buf_putc(out, '\n');
    }

    arc_buf_free_part(out, &text);
}

int scan_human(const struct scan_judged *judged, struct arc_buf *out, struct arc_error *err)
{
    add_verdict(out, judged);
    arc_buf_putc(out, '\n');
    add_counts(out, judged);
    arc_buf_putc(out, '\n');
    add_settings(out, judged);

    for (size_t i = 0; i < judged->total && i < HUMAN_FINDINGS; i++) {
        const struct finding *finding = &judged->findings.list[i];
        struct arc_buf subject = {0};
        add_subject(&subject, finding);
        add_column(out, arc_severity_name((enum arc_severity)finding->severity), 8);
        add_column(out, finding->id, 19);
        add_column(out, arc_buf_text(&subject), 28);
        arc_buf_free_part(out, &subject);

        if (finding->kind == VULNERABILITY) {
            add_column(out, arc_text_or(finding->installed, "-"), 16);
            add_column(out, arc_text_or(finding->fixed, "no fix"), 16);
        } else {
            add_column(out, find_words(judged, finding), 34);
        }

        add_column(out, finding->service, 8);
        add_platforms(out, judged, finding);
        arc_buf_strip(out, " ");
        arc_buf_putc(out, '\n');
    }

    if (judged->total > HUMAN_FINDINGS)
        arc_buf_printf(out, "… and %zu more\n", judged->total - HUMAN_FINDINGS);

    return arc_buf_check(out, "the table of findings", err);
}

static void add_cell(struct arc_buf *out, const char *text)
{
    size_t len = strlen(text);
    arc_buf_putc(out, ' ');
    arc_markdown_text(out, text, ARC_MIN(len, CELL_MAX));
    arc_buf_puts(out, " |");
}

void scan_add_row(struct arc_buf *out, const struct scan_judged *judged,
                  const struct finding *finding, bool service)
{
    const struct scan_rule *rule = &judged->findings.rules[finding->rule];
    struct arc_buf platforms = {0}, subject = {0};
    bool versions = finding->kind == VULNERABILITY;
    bool link = rule->url && ARC_STARTS(rule->url, "https://", "http://");

    add_platforms(&platforms, judged, finding);
    add_subject(&subject, finding);
    arc_buf_puts(out, "|");
    add_cell(out, arc_severity_name((enum arc_severity)finding->severity));

    arc_buf_puts(out, link ? " [" : " "); /* the advisory, if any */
    arc_markdown_text(out, rule->id, strlen(rule->id));
    if (link) {
        arc_buf_puts(out, "](");
        arc_markdown_url(out, rule->url, strlen(rule->url));
        arc_buf_putc(out, ')');
    }
    arc_buf_puts(out, " |");

    add_cell(out, arc_buf_text(&subject));
    add_cell(out, versions ? finding->installed : find_words(judged, finding));
    add_cell(out, versions ? finding->fixed : "");
    if (service)
        add_cell(out, finding->service);
    add_cell(out, arc_buf_text(&platforms));
    arc_buf_free_part(out, &subject);
    arc_buf_free_part(out, &platforms);
    arc_buf_putc(out, '\n');
}

int scan_summary(const struct scan_judged *judged, struct arc_buf *out, struct arc_error *err)
{
    struct arc_buf verdict = {0};
    add_verdict(&verdict, judged);
    arc_buf_puts(out, "### Security scan\n\n|");
    add_cell(out, arc_buf_text(&verdict));
    arc_buf_free_part(out, &verdict);
    arc_buf_puts(out, "\n|---|\n| ");
    add_counts(out, judged);
    arc_buf_puts(out, " |\n\n");

    if (judged->total)
        arc_buf_puts(
            out,
            "| Severity | Id | Package or place | Installed, or what it is | Fixed | Service | Platforms |\n"
            "|---|---|---|---|---|---|---|\n");

    for (size_t i = 0; i < judged->total && i < SUMMARY_FINDINGS; i++)
        scan_add_row(out, judged, &judged->findings.list[i], true);
    if (judged->total > SUMMARY_FINDINGS)
        arc_buf_printf(out, "\n… and %zu more\n", judged->total - SUMMARY_FINDINGS);

    return arc_buf_check(out, "the summary", err);
}
