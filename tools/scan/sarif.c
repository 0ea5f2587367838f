#include "base/json.h"
#include "base/text.h"
#include "os/hash.h"
#include "scan/judged.h"
#include <stdio.h>

/* Hexadecimal digits, as in CodeQL's fingerprints. */
#define FINGERPRINT_LEN 16

#define SCHEMA                                                                                     \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

/* Appends a path as a relative URI reference (RFC 3986, section 4.2): never absolute, without "..",
 * and with special characters encoded. */
static void add_uri(struct arc_buf *out, const char *path)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    arc_text_path(&text, path);
    const char *at = arc_buf_text(&text);
    while (ARC_STARTS(at, "../"))
        at += 3;

    arc_text_encode_except(out, *at && strcmp(at, "..") != 0 ? at : ".", "-._~/@+");
    out->failed = arc_or(out->failed, text.failed);
}

/* SARIF's levels; GitHub shows security-severity instead, if present. */
static const char *level_name(unsigned severity)
{
    static const char *const levels[ARC_SEVERITIES] = {"note", "note", "warning", "error", "error"};
    return levels[severity];
}

static json_t *rule_json(const struct scan_rule *rule)
{
    /* GitHub's bands: critical above 9.0, high 7.0–8.9, medium 4.0–6.9, low 0.1–3.9; 9.0 itself is
     * undocumented. A CVSS score outside the band of the scanner's severity would show another
     * severity than the gate's. */
    static const struct {
        double low, high, middle;
    } bands[ARC_SEVERITIES] = {
        {0, 0, 0}, {0.1, 3.9, 2.0}, {4.0, 6.9, 5.5}, {7.0, 8.9, 8.0}, {9.1, 10.0, 9.5}};
    const char *title = arc_text_or(rule->title, rule->id);
    const char *kind = scan_kind_name(rule->kind);
    ARC_AUTO(arc_buf) struct arc_buf help = {0};

    arc_buf_printf(&help, "%s: %s\n\n%s", rule->id, title, arc_text_or(rule->description, ""));
    if (rule->url)
        arc_buf_printf(&help, "\n\n%s", rule->url);
    json_t *properties =
        json_pack("{s:s, s:[s, s, s]}", "precision", "very-high", "tags", kind, "security",
                  arc_severity_name((enum arc_severity)rule->severity));

    if (rule->severity != ARC_SEVERITY_UNKNOWN) {
        double score = rule->score;
        char text[16];
        if (score < bands[rule->severity].low || score > bands[rule->severity].high)
            score = bands[rule->severity].middle;
        snprintf(text, sizeof text, "%.1f", score);
        arc_json_put(&properties, "security-severity", json_string(text));
    }

    json_t *object = json_pack("{s:s, s:s, s:{s:s}, s:{s:s}, s:{s:o}, s:{s:s}, s:o}", "id",
                               rule->id, "name", kind, "shortDescription", "text", title,
                               "fullDescription", "text", arc_text_or(rule->description, title),
                               "help", "text", arc_json_buf(&help), "defaultConfiguration", "level",
                               level_name(rule->severity), "properties", properties);
    if (arc_text_after(rule->url, "https://"))
        arc_json_put(&object, "helpUri", json_string(rule->url));

    return object;
}

/* Code scanning needs a file of the repository: the finding's or, for an image's packages, their
 * database's name below the service's. Files from elsewhere must not look like the repository's. */
static json_t *location_json(const struct scan_judged *judged, const struct finding *finding)
{
    ARC_AUTO(arc_buf) struct arc_buf uri = {0};
    const struct scan_target *target = findings_next_target(&judged->findings, finding, NULL);
    const char *place = arc_text_or(finding->place, "unknown");
    bool folder = target && findings_is_folder(target);

    if (folder && (*place == '/' || ARC_STARTS(place, "../")))
        arc_buf_puts(&uri, "outside-of-the-repository/");

    if (*finding->service && target && !folder) {
        add_uri(&uri, finding->service);
        arc_buf_putc(&uri, '/');
    }

    add_uri(&uri, place);

    return json_pack("{s:{s:{s:o}, s:{s:I}}}", "physicalLocation", "artifactLocation", "uri",
                     arc_json_buf(&uri), "region", "startLine",
                     (json_int_t)arc_or(finding->line, 1));
}

static json_t *message_json(const struct scan_judged *judged, const struct finding *finding)
{
    const struct scan_rule *rule = &judged->findings.rules[finding->rule];
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    arc_buf_printf(&text, "%s: %s", rule->id, arc_text_or(rule->title, scan_kind_name(rule->kind)));
    if (*finding->message)
        arc_buf_printf(&text, "\n%s", finding->message);
    if (*finding->resource)
        arc_buf_printf(&text, "\nResource: %s", finding->resource);

    if (*finding->package)
        arc_buf_printf(&text, "\nPackage: %s", finding->package);
    if (finding->kind == VULNERABILITY)
        arc_buf_printf(&text, " %s\nFixed version: %s", finding->installed,
                       arc_text_or(finding->fixed, "none yet"));

    if (*finding->service)
        arc_buf_printf(&text, "\nService: %s", finding->service);
    const struct scan_target *target = NULL;
    while ((target = findings_next_target(&judged->findings, finding, target)))
        if (*target->platform)
            arc_buf_printf(&text, "\nPlatform: %s", target->platform);

    return json_pack("{s:o}", "text", arc_json_buf(&text));
}

/* `seen` counts findings with the same identity: several versions of a package, several lines of a
 * file. */
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

/* Fills both lists; `place_of_rule[i]` is 1 + the index of rule i in `rules`, 0: not added yet. */
static int fill_lists(const struct scan_judged *judged, json_t *rules, json_t *results,
                      json_int_t *place_of_rule, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *seen = json_object();

    for (size_t i = 0; i < judged->total && i < SARIF_RESULTS_MAX; i++) {
        const struct finding *finding = &judged->findings.list[i];
        json_int_t *place = &place_of_rule[finding->rule];
        if (!*place) {
            json_t *rule = rule_json(&judged->findings.rules[finding->rule]);
            ARC_TRY(arc_json_append(rules, rule, err));
            *place = (json_int_t)json_array_size(rules);
        }

        json_t *result =
            json_pack("{s:s, s:I, s:s, s:o, s:[o], s:o}", "ruleId", finding->id, "ruleIndex",
                      *place - 1, "level", level_name(finding->severity), "message",
                      message_json(judged, finding), "locations", location_json(judged, finding),
                      "partialFingerprints", fingerprint_json(finding, seen));
        if (judged->baseline)
            arc_json_put(&result, "baselineState",
                         json_string(finding->fresh ? "new" : "unchanged"));
        ARC_TRY(arc_json_append(results, result, err));
    }

    return ARC_OK;
}

size_t scan_name_length(const char *reference)
{
    size_t len = strcspn(reference, "@"), name = len;
    while (name > 0 && reference[name - 1] != '/')
        name--;
    const char *colon = memchr(reference + name, ':', len - name); /* before it, one is a port's */
    return colon ? (size_t)(colon - reference) : len;
}

/* Uploads for one commit replace each other unless their categories differ, so the category contains
 * the kind of target and the scanned service, group, folder or image. An alert closes when a later
 * analysis of its category lacks it: an image's tag and digest, new with each release, are no part
 * of the name. */
static void add_category(const struct scan_judged *judged, struct arc_buf *out)
{
    const struct arc_scan_options *options = judged->options;
    const struct findings *findings = &judged->findings;
    const struct scan_target *first = findings->target_count ? &findings->targets[0] : NULL;
    bool folder = first && findings_is_folder(first);
    const char *given = options->run ? options->run->target : NULL; /* an image or a folder */
    bool one = folder || given || findings->target_count == 1;
    const char *name = arc_or(arc_text_or(options->service, NULL), options->name);
    ARC_AUTO(arc_buf) struct arc_buf image = {0};

    /* One service of a group: the others have scans of their own. */
    bool part = options->run && json_array_size(options->run->services) == 1;
    if (part && name && name == options->name && first && *arc_or(first->service, "")) {
        arc_buf_printf(&image, "%s/%s", name, first->service);
        name = arc_buf_text(&image);
    }
    if (!name && first && one)
        name = arc_text_or(first->service, NULL);
    if (!name && folder)
        name = first->artifact;
    if (!name && first && one) {
        given = arc_or(given, first->artifact);
        arc_buf_add(&image, given, scan_name_length(given));
        name = arc_buf_text(&image);
    }

    arc_buf_printf(out, "arc-ci/%s/", folder ? "fs" : "image");
    add_uri(out, arc_text_or(name, "all"));
    arc_buf_putc(out, '/');
    if (image.failed)
        out->failed = image.failed;
}

int scan_sarif(struct scan_judged *judged, json_t **out, struct arc_error *err)
{
    const struct findings *findings = &judged->findings;
    ARC_AUTO(arc_buf) struct arc_buf category = {0};
    ARC_AUTO_JSON json_t *rules = json_array(), *results = json_array();
    ARC_AUTO_FREE json_int_t *place_of_rule =
        calloc(findings->rule_count + 1, sizeof *place_of_rule);

    ARC_TRY_ALLOC(rules && results && place_of_rule, err);
    ARC_TRY(fill_lists(judged, rules, results, place_of_rule, err));
    if (judged->total > SARIF_RESULTS_MAX)
        ARC_TRY(scan_warn(judged, err,
                          "SARIF: the %zu least severe findings are left out; GitHub accepts %d",
                          judged->total - SARIF_RESULTS_MAX, SARIF_RESULTS_MAX));

    add_category(judged, &category);
    ARC_TRY(arc_buf_check(&category, "the category", err));

    json_t *tool = json_pack("{s:{s:s, s:s, s:s, s:O}}", "driver", "name", "arc-ci scan", "version",
                             ARCCI_VERSION, "informationUri",
                             "https://github.com/arc-framework/arc-platform", "rules", rules);
    json_t *run =
        json_pack("{s:o, s:O, s:s, s:{s:s}}", "tool", tool, "results", results, "columnKind",
                  "utf16CodeUnits", "automationDetails", "id", arc_buf_text(&category));
    *out = json_pack("{s:s, s:s, s:[o]}", "version", "2.1.0", "$schema", SCHEMA, "runs", run);

    return arc_error_unless(*out, err);
}
