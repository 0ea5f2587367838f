#include "scan/sarif.h"
#include "base/auto.h"
#include "base/json.h"
#include "os/hash.h"
#include "scan/paths.h"
#include <stdio.h>
#include <string.h>

/* Hexadecimal digits, as many as CodeQL's own fingerprints have. */
#define FINGERPRINT_LEN 16

#define SCHEMA                                                                                     \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

/* SARIF's levels; GitHub shows security-severity instead where there is one. */
static const char *level_name(unsigned severity)
{
    static const char *const levels[ARC_SEVERITIES] = {"note", "note", "warning", "error", "error"};
    return levels[severity];
}

/* GitHub's bands: critical above 9.0, high 7.0–8.9, medium 4.0–6.9, low 0.1–3.9. A CVSS score of
 * another band than the scanner's severity would show another severity than the gate's. */
static double security_severity(const struct scan_rule *rule)
{
    static const struct {
        double low, high, middle;
    } bands[ARC_SEVERITIES] = {
        {0, 0, 0}, {0.1, 3.9, 2.0}, {4.0, 6.9, 5.5}, {7.0, 8.9, 8.0}, {9.0, 10.0, 9.5}};
    bool inside =
        rule->score >= bands[rule->severity].low && rule->score <= bands[rule->severity].high;
    return inside ? rule->score : bands[rule->severity].middle;
}

static const char *or_else(const char *text, const char *instead)
{
    return text && *text ? text : instead;
}

static json_t *rule_help(const struct scan_rule *rule)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    arc_buf_printf(&text, "%s: %s\n\n%s", rule->id, or_else(rule->title, rule->id),
                   or_else(rule->description, ""));
    if (rule->url)
        arc_buf_printf(&text, "\n\n%s", rule->url);
    return text.failed ? NULL : json_pack("{s:s}", "text", arc_buf_text(&text));
}

static json_t *rule_json(const struct scan_rule *rule)
{
    char score[16];

    snprintf(score, sizeof score, "%.1f", security_severity(rule));
    const char *title = or_else(rule->title, rule->id);
    const char *kind = scan_kind_name(rule->kind);
    json_t *object = json_pack(
        "{s:s, s:s, s:{s:s}, s:{s:s}, s:o, s:{s:s}, s:{s:s, s:[s, s, s]}}", "id", rule->id, "name",
        kind, "shortDescription", "text", title, "fullDescription", "text",
        or_else(rule->description, title), "help", rule_help(rule), "defaultConfiguration", "level",
        level_name(rule->severity), "properties", "precision", "very-high", "tags", kind,
        "security", arc_severity_name((enum arc_severity)rule->severity));
    bool complete = object != NULL;
    if (rule->severity != ARC_SEVERITY_UNKNOWN)
        complete = json_object_set_new(json_object_get(object, "properties"), "security-severity",
                                       json_string(score)) == 0;

    if (rule->url && strncmp(rule->url, "https://", 8) == 0)
        complete = json_object_set_new(object, "helpUri", json_string(rule->url)) == 0 && complete;
    if (complete)
        return object;
    json_decref(object);

    return NULL;
}

/* Code scanning needs a file of the repository: that of the finding, or for an image's packages
 * their database's name, below the service's. What is elsewhere must not be taken for one. */
static json_t *location_json(const struct scan_judged *judged, const struct finding *finding)
{
    ARC_AUTO(arc_buf) struct arc_buf uri = {0};
    const struct scan_target *target = findings_next_target(&judged->findings, finding, NULL);
    const char *place = *finding->place ? finding->place : "unknown";
    bool folder = target && findings_is_folder(target);

    if (folder && (*place == '/' || strncmp(place, "../", 3) == 0))
        arc_buf_puts(&uri, "outside-of-the-repository/");

    if (*finding->service && target && !folder) {
        scan_add_uri(&uri, finding->service);
        arc_buf_putc(&uri, '/');
    }

    scan_add_uri(&uri, place);

    json_int_t line = finding->line ? finding->line : 1;

    return uri.failed ? NULL
                      : json_pack("{s:{s:{s:s}, s:{s:I}}}", "physicalLocation", "artifactLocation",
                                  "uri", arc_buf_text(&uri), "region", "startLine", line);
}

static json_t *message_json(const struct scan_judged *judged, const struct finding *finding)
{
    const struct scan_rule *rule = &judged->findings.rules[finding->rule];
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    arc_buf_printf(&text, "%s: %s", rule->id, or_else(rule->title, scan_kind_name(rule->kind)));
    if (*finding->message)
        arc_buf_printf(&text, "\n%s", finding->message);
    if (*finding->resource)
        arc_buf_printf(&text, "\nResource: %s", finding->resource);

    if (*finding->package)
        arc_buf_printf(&text, "\nPackage: %s", finding->package);
    if (finding->kind == VULNERABILITY)
        arc_buf_printf(&text, " %s\nFixed version: %s", finding->installed,
                       or_else(finding->fixed, "none yet"));

    if (*finding->service)
        arc_buf_printf(&text, "\nService: %s", finding->service);
    const struct scan_target *target = NULL;
    while ((target = findings_next_target(&judged->findings, finding, target)))
        if (*target->platform)
            arc_buf_printf(&text, "\nPlatform: %s", target->platform);

    return text.failed ? NULL : json_pack("{s:s}", "text", arc_buf_text(&text));
}

/* `seen` counts how often an identity came: several versions of a package, several lines of a file.
 */
static json_t *fingerprint_json(const struct finding *finding, json_t *seen)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    char print[ARC_SHA256_HEX];

    findings_identity(finding, &text);
    if (arc_sha256(arc_buf_text(&text), text.len, print, NULL) != 0)
        return NULL;
    print[FINGERPRINT_LEN] = '\0';
    json_int_t number = json_integer_value(json_object_get(seen, print)) + 1;
    if (text.failed || json_object_set_new(seen, print, json_integer(number)) != 0)
        return NULL;
    snprintf(print + FINGERPRINT_LEN, sizeof print - FINGERPRINT_LEN, ":%lld", (long long)number);

    return json_pack("{s:s}", "primaryLocationLineHash", print);
}

static json_t *result_json(const struct scan_judged *judged, const struct finding *finding,
                           json_int_t rule_index, json_t *seen)
{
    json_t *result = json_pack(
        "{s:s, s:I, s:s, s:o, s:[o], s:o}", "ruleId", finding->id, "ruleIndex", rule_index, "level",
        level_name(finding->severity), "message", message_json(judged, finding), "locations",
        location_json(judged, finding), "partialFingerprints", fingerprint_json(finding, seen));
    const char *state = finding->fresh ? "new" : "unchanged";

    if (judged->baseline)
        arc_json_put(&result, "baselineState", json_string(state));

    return result;
}

/* Fills both lists; `place_of_rule[i]` is 1 + the place of rule i in `rules`, 0 while it has none.
 */
static int fill_lists(const struct scan_judged *judged, json_t *rules, json_t *results,
                      json_int_t *place_of_rule, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *seen = json_object();

    for (size_t i = 0; i < judged->total && i < SARIF_RESULTS_MAX; i++) {
        const struct finding *finding = &judged->findings.list[i];
        json_int_t *place = &place_of_rule[finding->rule];
        if (!*place) {
            if (json_array_append_new(rules, rule_json(&judged->findings.rules[finding->rule])) !=
                0)
                return arc_error_nomem(err);
            *place = (json_int_t)json_array_size(rules);
        }
        ARC_TRY(arc_json_append(results, result_json(judged, finding, *place - 1, seen), err));
    }

    return ARC_OK;
}

/* Uploads of one commit replace each other unless their category differs: one for each kind of
 * target, and for the service, the group, the folder or the image that was scanned. */
static void add_category(struct arc_buf *out, const struct scan_judged *judged)
{
    const struct findings *findings = &judged->findings;
    const struct scan_target *first = findings->target_count ? &findings->targets[0] : NULL;
    bool one = findings->target_count == 1;
    const char *name = judged->options->service;

    name = name && *name ? name : judged->options->name;
    if (!name && first && (one || findings_is_folder(first)))
        name = *first->service ? first->service : first->artifact;
    arc_buf_puts(out, first && findings_is_folder(first) ? "arc-ci/fs/" : "arc-ci/image/");
    scan_add_uri(out, name && *name ? name : "all");
    arc_buf_putc(out, '/');
}

int scan_sarif(struct scan_judged *judged, json_t **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *rules = json_array();
    ARC_AUTO_JSON json_t *results = json_array();
    ARC_AUTO_FREE json_int_t *place_of_rule =
        calloc(judged->findings.rule_count + 1, sizeof *place_of_rule);

    ARC_TRY_ALLOC(rules && results && place_of_rule, err);
    ARC_TRY(fill_lists(judged, rules, results, place_of_rule, err));
    if (judged->total > SARIF_RESULTS_MAX)
        ARC_TRY(scan_warn(judged, err,
                          "SARIF: the %zu least severe findings are left out; GitHub takes %d",
                          judged->total - SARIF_RESULTS_MAX, SARIF_RESULTS_MAX));

    json_t *tool = json_pack("{s:{s:s, s:s, s:s, s:O}}", "driver", "name", "arc-ci scan", "version",
                             ARCCI_VERSION, "informationUri",
                             "https://github.com/arc-framework/arc-platform", "rules", rules);
    ARC_AUTO(arc_buf) struct arc_buf category = {0};
    add_category(&category, judged);
    json_t *run =
        json_pack("{s:o, s:O, s:s, s:{s:s}}", "tool", tool, "results", results, "columnKind",
                  "utf16CodeUnits", "automationDetails", "id", arc_buf_text(&category));
    int rc = arc_buf_check(&category, "the category", err);
    *out = json_pack("{s:s, s:s, s:[o]}", "version", "2.1.0", "$schema", SCHEMA, "runs", run);
    return rc || *out ? rc : arc_error_nomem(err);
}
