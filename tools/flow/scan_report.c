/* Trivy's JSON report, finding by finding. Field names: pkg/types/report.go of Trivy 0.20–0.67. */
#include "base/auto.h"
#include "base/text.h"
#include "flow/scan_findings.h"
#include "port/json_stream.h"
#include <string.h>

#define REPORT_MAX      ((size_t)2 << 30)
#define ID_MAX          256
#define DESCRIPTION_MAX 1000 /* GitHub shows 1,024 characters of a rule's help */
#define TITLE_MAX       250

enum place { DOCUMENT = 1, METADATA, TRIVY, RESULTS, RESULT, LIST_OF };

static const struct arc_json_rule rules[] = {
    {ARC_JSON_TOP, "", DOCUMENT},
    {DOCUMENT, "SchemaVersion", 0},
    {DOCUMENT, "CreatedAt", 0},
    {DOCUMENT, "ArtifactName", 0},
    {DOCUMENT, "ArtifactType", 0},
    {DOCUMENT, "Metadata", METADATA},
    {DOCUMENT, "Trivy", TRIVY},
    {DOCUMENT, "Results", RESULTS},
    {DOCUMENT, NULL, RESULT}, /* schema 1: the document is the list of results */
    {METADATA, "OS", 0},
    {TRIVY, "Version", 0},
    {RESULTS, NULL, RESULT},
    {RESULT, "Target", 0},
    {RESULT, "Class", 0},
    {RESULT, "Type", 0},
    {RESULT, "Vulnerabilities", LIST_OF + VULNERABILITY},
    {RESULT, "Misconfigurations", LIST_OF + MISCONFIGURATION},
    {RESULT, "Secrets", LIST_OF + SECRET},
    {RESULT, "Licenses", LIST_OF + LICENSE},
    {LIST_OF + VULNERABILITY, NULL, 0},
    {LIST_OF + MISCONFIGURATION, NULL, 0},
    {LIST_OF + SECRET, NULL, 0},
    {LIST_OF + LICENSE, NULL, 0},
    {0},
};

struct reading {
    struct findings *findings;
    struct scan_target *target;
    json_int_t schema; /* 0 while unknown */
    size_t element;    /* of the list under way, for messages */
};

static int not_understood(const struct reading *reading, struct arc_error *err, const char *what)
{
    return arc_error_set(err, ARC_EINPUT, "%s: Results[%zu]: element %zu: %s",
                         reading->target->report, reading->target->results - 1, reading->element,
                         what);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* A copy of at most `max` bytes that ends between characters; NULL for "". */
static int copy_short(const char *text, size_t max, char **out, struct arc_error *err)
{
    size_t len = 0;
    for (size_t step; text[len] && len + (step = arc_utf8_length(text + len, 4)) <= max && step;)
        len += step;
    *out = len ? strndup(text, len) : NULL;
    return len && !*out ? arc_error_nomem(err) : ARC_OK;
}

static double highest_score(const json_t *vulnerability)
{
    static const char *const versions[] = {"V40Score", "V3Score", "V2Score"};
    const char *source;
    json_t *scores;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        double highest = 0;
        json_object_foreach (json_object_get(vulnerability, "CVSS"), source, scores) {
            double score = json_number_value(json_object_get(scores, versions[i]));
            highest = score > highest ? score : highest;
        }
        if (highest > 0)
            return highest;
    }
    return 0;
}

static int describe(struct scan_rule *rule, const json_t *value, struct arc_error *err)
{
    const char *url = text_of(value, "PrimaryURL");
    int rc = copy_short(text_of(value, "Title"), TITLE_MAX, &rule->title, err);
    if (!rc)
        rc = copy_short(text_of(value, "Description"), DESCRIPTION_MAX, &rule->description, err);
    if (!rc)
        rc = copy_short(*url ? url : text_of(value, "Link"), DESCRIPTION_MAX, &rule->url, err);
    rule->score = highest_score(value);
    return rc;
}

/* A severity that we do not know may be worse than any we know: it is not guessed. */
static int read_severity(const struct reading *reading, const json_t *value, unsigned char *out,
                         struct arc_error *err)
{
    enum arc_severity severity = ARC_SEVERITY_UNKNOWN;
    const json_t *name = json_object_get(value, "Severity");
    const char *text = json_string_value(name);
    if (name && !json_is_null(name) && !text)
        return not_understood(reading, err, "the Severity is no string");
    if (text && *text && !arc_severity_parse(text, strlen(text), &severity))
        return not_understood(reading, err, "the Severity is none that arc-ci knows");
    *out = (unsigned char)severity;
    return ARC_OK;
}

static const char *const id_keys[] = {"VulnerabilityID", "ID", "RuleID", "Name"};

static unsigned line_of(const json_t *value)
{
    const json_t *cause = json_object_get(value, "CauseMetadata");
    json_int_t line = json_integer_value(json_object_get(cause ? cause : value, "StartLine"));
    return line > 0 && line < INT32_MAX ? (unsigned)line : 0;
}

/* --include-non-failures lists the checks that passed as well. */
static bool is_no_finding(enum finding_kind kind, const json_t *value)
{
    const char *status = text_of(value, "Status");
    return kind == MISCONFIGURATION &&
           (strcmp(status, "PASS") == 0 || strcmp(status, "EXCEPTION") == 0);
}

static int pool_strings(struct findings *findings, struct finding *finding, const json_t *value,
                        struct arc_error *err)
{
    const char *fixed = text_of(value, "FixedVersion");
    finding->package = findings_string(findings, text_of(value, "PkgName"));
    finding->installed = findings_string(findings, text_of(value, "InstalledVersion"));
    if (!*fixed && strcmp(text_of(value, "Status"), "fixed") == 0)
        fixed = "see the advisory";
    finding->fixed = findings_string(findings, fixed);
    finding->place = findings_string(findings, text_of(value, "PkgPath"));
    bool whole = finding->package && finding->installed && finding->fixed && finding->place;
    return whole ? ARC_OK : arc_error_nomem(err);
}

static int add_finding(struct reading *reading, enum finding_kind kind, const json_t *value,
                       struct arc_error *err)
{
    struct findings *findings = reading->findings;
    const char *id = text_of(value, id_keys[kind]);
    bool made;
    if (!json_is_object(value))
        return not_understood(reading, err, "a finding that is no object");
    if (is_no_finding(kind, value))
        return ARC_OK;
    if (!*id || strlen(id) > ID_MAX)
        return not_understood(reading, err, *id ? "the id is too long" : "a finding without an id");
    struct finding finding = {
        .kind = (unsigned char)kind,
        .service = reading->target->service,
        .result = (unsigned)(findings->result_count - 1),
        .targets = (uint64_t)1 << (reading->target - findings->targets),
        .line = line_of(value),
    };
    int rc = read_severity(reading, value, &finding.severity, err);
    if (!rc)
        rc = pool_strings(findings, &finding, value, err);
    if (!rc)
        rc = findings_rule(findings, id, &finding.rule, &made, err);
    if (rc)
        return rc;
    struct scan_rule *rule = &findings->rules[finding.rule];
    finding.id = rule->id;
    rule->severity = finding.severity > rule->severity ? finding.severity : rule->severity;
    if (made) {
        rule->kind = finding.kind;
        rule->alias = findings_string(findings, text_of(value, "AVDID"));
        rc = rule->alias ? describe(rule, value, err) : arc_error_nomem(err);
    }
    return rc ? rc : findings_add(findings, &finding, err);
}

static int read_schema(struct reading *reading, const json_t *value, struct arc_error *err)
{
    reading->schema = json_integer_value(value);
    if (reading->schema == 2)
        return ARC_OK;
    return arc_error_set(err, ARC_EINPUT, "%s: its SchemaVersion is not 2, the one arc-ci knows",
                         reading->target->report);
}

static int pool_field(struct reading *reading, const char **field, const char *text,
                      struct arc_error *err)
{
    *field = findings_string(reading->findings, text);
    return *field ? ARC_OK : arc_error_nomem(err);
}

static int read_os(struct reading *reading, const json_t *os, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 4096};
    arc_buf_printf(&text, "%s %s", text_of(os, "Family"), text_of(os, "Name"));
    reading->target->end_of_life = json_is_true(json_object_get(os, "EOSL"));
    int rc = arc_buf_check(&text, "the operating system's name", err);
    return rc ? rc : pool_field(reading, &reading->target->os, arc_buf_text(&text), err);
}

static int read_result_field(struct reading *reading, const char *key, const char *text,
                             struct arc_error *err)
{
    struct scan_result *result = &reading->findings->results[reading->findings->result_count - 1];
    if (strcmp(key, "Target") == 0)
        return pool_field(reading, &result->target, text, err);
    return pool_field(reading, strcmp(key, "Class") == 0 ? &result->class : &result->type, text,
                      err);
}

static int read_document_field(struct reading *reading, const char *key, const json_t *value,
                               struct arc_error *err)
{
    const char *text = json_string_value(value);
    if (strcmp(key, "SchemaVersion") == 0)
        return read_schema(reading, value, err);
    if (strcmp(key, "OS") == 0)
        return json_is_object(value) ? read_os(reading, value, err) : ARC_OK;
    if (strcmp(key, "Version") == 0)
        return pool_field(reading, &reading->target->scanner, text, err);
    if (strcmp(key, "CreatedAt") == 0)
        return pool_field(reading, &reading->target->created, text, err);
    const char **field =
        strcmp(key, "ArtifactName") == 0 ? &reading->target->artifact : &reading->target->kind;
    return pool_field(reading, field, text, err);
}

static int on_value(void *data, const struct arc_json_rule *rule, const json_t *value,
                    struct arc_error *err)
{
    struct reading *reading = data;
    if (rule->in >= LIST_OF && !rule->key) {
        reading->element++;
        return add_finding(reading, (enum finding_kind)(rule->in - LIST_OF), value, err);
    }
    if (rule->enter && rule->key && *rule->key && json_is_null(value))
        return ARC_OK; /* Go writes an empty list as null */
    if (rule->enter)
        return arc_error_set(err, ARC_EINPUT, "%s: not a report of Trivy: %s is no list or object",
                             reading->target->report,
                             rule->key && *rule->key ? rule->key : "the document or a result");
    if (rule->in == RESULT)
        return read_result_field(reading, rule->key, json_string_value(value), err);
    return read_document_field(reading, rule->key, value, err);
}

static int on_enter(void *data, const struct arc_json_rule *rule, char bracket,
                    struct arc_error *err)
{
    struct reading *reading = data;
    bool list = rule->enter == RESULTS || rule->enter >= LIST_OF;
    if (rule->enter == DOCUMENT) {
        reading->schema = bracket == '[' ? 1 : 0;
        return ARC_OK;
    }
    if ((bracket == '[') != list)
        return arc_error_set(err, ARC_EINPUT, "%s: not a report of Trivy: %s is a%s",
                             reading->target->report, rule->key ? rule->key : "a result",
                             list ? "n object, not a list" : " list, not an object");
    reading->element = 0;
    if (rule->enter != RESULT)
        return ARC_OK;
    reading->target->results++;
    return findings_add_result(reading->findings, err);
}

/* `{}`, `[]` and `null` are what scripts leave behind when the scanner failed. */
static int check_whole(const struct reading *reading, struct arc_error *err)
{
    if (!reading->schema)
        return arc_error_set(err, ARC_EINPUT, "%s: not a report of Trivy: it has no SchemaVersion",
                             reading->target->report);
    if (reading->schema == 1 && !reading->target->results)
        return arc_error_set(err, ARC_EINPUT,
                             "%s: an empty list: nothing says that a scanner has looked",
                             reading->target->report);
    return ARC_OK;
}

static int read_report(struct findings *findings, const char *path, const char *text, size_t len,
                       struct arc_error *err)
{
    struct reading reading = {.findings = findings,
                              .target = &findings->targets[findings->target_count - 1]};
    const struct arc_json_reader reader = {
        .rules = rules,
        .size_max = REPORT_MAX,
        .data = &reading,
        .value = on_value,
        .enter = on_enter,
    };
    int rc = path ? arc_json_stream_file(path, reading.target->report, &reader, err)
                  : arc_json_stream_text(text, len, reading.target->report, &reader, err);
    return rc ? rc : check_whole(&reading, err);
}

int scan_report_file(struct findings *findings, const char *path, struct arc_error *err)
{
    return read_report(findings, path, NULL, 0, err);
}

int scan_report_text(struct findings *findings, const char *text, size_t len, struct arc_error *err)
{
    return read_report(findings, NULL, text, len, err);
}
