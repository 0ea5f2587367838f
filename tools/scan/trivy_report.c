/* Trivy's JSON report, finding by finding. Field names: pkg/types/report.go of Trivy 0.20–0.67. */
#include "base/room.h"
#include "base/text.h"
#include "os/file.h"
#include "scan/findings.h"
#include "json/stream.h"
#include <unistd.h>

#define REPORT_MAX      ((size_t)2 << 30)
#define ID_MAX          256
#define DESCRIPTION_MAX 1000 /* GitHub shows 1,024 characters of a rule's help */
#define TITLE_MAX       250
#define FIELD_MAX       4096

/* Places in the document. The last three are followed by one per kind of finding. */
enum place {
    DOCUMENT = 1,
    METADATA,
    OS,
    IMAGE,
    TRIVY,
    RESULTS,
    RESULT,
    PACKAGES,
    PACKAGE_ITEM,
    SUPPRESSED,
    SUPPRESSED_ITEM,
    FOREIGN, /* in another format */
    CVSS,
    CVSS_SCORES,
    CAUSE
};
#define LIST_OF (CAUSE + 1)
#define ITEM_OF (LIST_OF + LICENSE + 1)

/* Values read from a document, a result, a finding. */
enum field {
    SCHEMA_VERSION = 1,
    CREATED,
    ARTIFACT,
    ARTIFACT_TYPE,
    SCANNER_VERSION,
    OS_FAMILY,
    OS_NAME,
    OS_END_OF_LIFE,
    IMAGE_OS,
    IMAGE_ARCHITECTURE,
    TARGET,
    CLASS,
    TYPE,
    SCORE_2,
    SCORE_3,
    SCORE_4,
    LINE,
    OFFSET,
    /* texts of a finding, in struct item */
    ID,
    ALIAS,
    PACKAGE,
    INSTALLED,
    FIXED,
    STATUS,
    PATH,
    RESOURCE,
    MESSAGE,
    TITLE,
    DESCRIPTION,
    URL,
    SEVERITY,
    FIELDS
};

/* Members that identify other formats. */
static const char *const formats[] = {
    "a CycloneDX SBOM",
    "an SPDX document",
    "a SARIF log",
    "a report of `trivy k8s`",
    "a Kubernetes resource, as Trivy Operator keeps its reports",
    "a report of Grype",
    "a report of Gitleaks",
    "a report of another scanner",
    "a list of whole reports; give each with a --report of its own"};

static const struct arc_json_rule rules[] = {
    {ARC_JSON_TOP, "", DOCUMENT, 0},
    {DOCUMENT, "SchemaVersion", 0, SCHEMA_VERSION},
    {DOCUMENT, "CreatedAt", 0, CREATED},
    {DOCUMENT, "ArtifactName", 0, ARTIFACT},
    {DOCUMENT, "ArtifactType", 0, ARTIFACT_TYPE},
    {DOCUMENT, "Metadata", METADATA, 0},
    {DOCUMENT, "Trivy", TRIVY, 0},
    {DOCUMENT, "Results", RESULTS, 0},
    {DOCUMENT, "bomFormat", FOREIGN, 0},
    {DOCUMENT, "spdxVersion", FOREIGN, 1},
    {DOCUMENT, "runs", FOREIGN, 2},
    {DOCUMENT, "ClusterName", FOREIGN, 3},
    {DOCUMENT, "apiVersion", FOREIGN, 4},
    {DOCUMENT, "matches", FOREIGN, 5},
    {DOCUMENT, "vulnerabilities", FOREIGN, 7},
    {DOCUMENT, NULL, RESULT, 0}, /* schema 1: the document is the list of results */
    {METADATA, "OS", OS, 0},
    {METADATA, "ImageConfig", IMAGE, 0},
    {IMAGE, "os", 0, IMAGE_OS},
    {IMAGE, "architecture", 0, IMAGE_ARCHITECTURE},
    {OS, "Family", 0, OS_FAMILY},
    {OS, "Name", 0, OS_NAME},
    {OS, "EOSL", 0, OS_END_OF_LIFE},
    {TRIVY, "Version", 0, SCANNER_VERSION},
    {RESULTS, NULL, RESULT, 0},
    {RESULT, "Target", 0, TARGET},
    {RESULT, "Class", 0, CLASS},
    {RESULT, "Type", 0, TYPE},
    {RESULT, "SchemaVersion", FOREIGN, 8},
    {RESULT, "RuleID", FOREIGN, 6},
    {RESULT, "bomFormat", FOREIGN, 0},
    {RESULT, "runs", FOREIGN, 2},
    {RESULT, "Packages", PACKAGES, 0},
    {RESULT, "ExperimentalModifiedFindings", SUPPRESSED, 0},
    {RESULT, "Vulnerabilities", LIST_OF + VULNERABILITY, 0},
    {RESULT, "Misconfigurations", LIST_OF + MISCONFIGURATION, 0},
    {RESULT, "Secrets", LIST_OF + SECRET, 0},
    {RESULT, "Licenses", LIST_OF + LICENSE, 0},
    {PACKAGES, NULL, PACKAGE_ITEM, 0},
    {SUPPRESSED, NULL, SUPPRESSED_ITEM, 0},
    {LIST_OF + VULNERABILITY, NULL, ITEM_OF + VULNERABILITY, 0},
    {LIST_OF + MISCONFIGURATION, NULL, ITEM_OF + MISCONFIGURATION, 0},
    {LIST_OF + SECRET, NULL, ITEM_OF + SECRET, 0},
    {LIST_OF + LICENSE, NULL, ITEM_OF + LICENSE, 0},
    {ITEM_OF + VULNERABILITY, "VulnerabilityID", 0, ID},
    {ITEM_OF + VULNERABILITY, "PkgName", 0, PACKAGE},
    {ITEM_OF + VULNERABILITY, "PkgPath", 0, PATH},
    {ITEM_OF + VULNERABILITY, "InstalledVersion", 0, INSTALLED},
    {ITEM_OF + VULNERABILITY, "FixedVersion", 0, FIXED},
    {ITEM_OF + VULNERABILITY, "Status", 0, STATUS},
    {ITEM_OF + VULNERABILITY, "Severity", 0, SEVERITY},
    {ITEM_OF + VULNERABILITY, "Title", 0, TITLE},
    {ITEM_OF + VULNERABILITY, "Description", 0, DESCRIPTION},
    {ITEM_OF + VULNERABILITY, "PrimaryURL", 0, URL},
    {ITEM_OF + VULNERABILITY, "CVSS", CVSS, 0},
    {ITEM_OF + MISCONFIGURATION, "ID", 0, ID},
    {ITEM_OF + MISCONFIGURATION, "AVDID", 0, ALIAS},
    {ITEM_OF + MISCONFIGURATION, "Status", 0, STATUS},
    {ITEM_OF + MISCONFIGURATION, "Severity", 0, SEVERITY},
    {ITEM_OF + MISCONFIGURATION, "Title", 0, TITLE},
    {ITEM_OF + MISCONFIGURATION, "Description", 0, DESCRIPTION},
    {ITEM_OF + MISCONFIGURATION, "Message", 0, MESSAGE},
    {ITEM_OF + MISCONFIGURATION, "PrimaryURL", 0, URL},
    {ITEM_OF + MISCONFIGURATION, "CauseMetadata", CAUSE, 0},
    {ITEM_OF + SECRET, "RuleID", 0, ID}, /* never Match or Code, which contain the secret */
    {ITEM_OF + SECRET, "Severity", 0, SEVERITY},
    {ITEM_OF + SECRET, "Title", 0, TITLE},
    {ITEM_OF + SECRET, "StartLine", 0, LINE},
    {ITEM_OF + SECRET, "Offset", 0, OFFSET},
    {ITEM_OF + LICENSE, "Name", 0, ID},
    {ITEM_OF + LICENSE, "Severity", 0, SEVERITY},
    {ITEM_OF + LICENSE, "PkgName", 0, PACKAGE},
    {ITEM_OF + LICENSE, "FilePath", 0, PATH},
    {ITEM_OF + LICENSE, "Category", 0, MESSAGE},
    {ITEM_OF + LICENSE, "Link", 0, URL},
    {CAUSE, "StartLine", 0, LINE},
    {CAUSE, "Resource", 0, RESOURCE},
    {CVSS, ARC_JSON_ANY, CVSS_SCORES, 0},
    {CVSS_SCORES, "V2Score", 0, SCORE_2},
    {CVSS_SCORES, "V3Score", 0, SCORE_3},
    {CVSS_SCORES, "V40Score", 0, SCORE_4},
    {0},
};

/* The finding being read. Texts are the pool's; NULL: not given. */
struct item {
    const char *texts[FIELDS];
    double scores[3]; /* the highest of CVSS 2, 3, 4 */
    unsigned line, offset;
    enum arc_severity severity;
    bool odd; /* its severity is not known */
};

struct reading {
    struct findings *findings;
    struct scan_target *target;
    int schema;                   /* 0: unknown so far */
    size_t element;               /* index in the current list, from 1, for messages */
    const char *family, *release; /* operating system */
    struct item item;
    /* the current result */
    size_t packages, vulnerabilities;
    bool lists_packages; /* even if empty */
};

static int not_understood(const struct reading *reading, struct arc_error *err, const char *what)
{
    return arc_error_set(err, ARC_EINPUT, "%s: Results[%zu]: element %zu: %s",
                         reading->target->report, reading->target->results - 1, reading->element,
                         what);
}

static const char *text_of(const struct reading *reading, enum field field)
{
    return arc_or(reading->item.texts[field], "");
}

/* The pool's copy of at most `max` bytes of a text, cut between characters. */
static const char *pool_text(const struct reading *reading, const struct arc_json_scalar *value,
                             size_t max)
{
    ARC_AUTO(arc_buf) struct arc_buf start = {0};
    size_t kept = ARC_MIN(value->len, max);

    while (kept && kept < value->len && arc_utf8_continues(value->text[kept]))
        kept--;
    arc_buf_add(&start, value->text, kept);
    reading->findings->failed |= start.failed != ARC_OK;

    return findings_string(reading->findings, arc_buf_text(&start));
}

/* Finds or adds the rule with that id; a new one has no texts, all NULL. NULL when out of memory. */
static struct scan_rule *find_rule(struct findings *findings, const char *id)
{
    const char *name = findings_string(findings, id);
    const json_t *known = json_object_get(findings->pool, id);

    if (json_is_integer(known))
        return &findings->rules[json_integer_value(known)];

    json_t *index = json_integer((json_int_t)findings->rule_count);
    bool room = arc_room(&findings->rules, findings->rule_count, sizeof *findings->rules);
    if (json_object_set_new_nocheck(findings->pool, id, index) || !room || findings->failed)
        return NULL;
    struct scan_rule *rule = &findings->rules[findings->rule_count++];
    *rule = (struct scan_rule){.id = name};

    return rule;
}

/* The rule of a finding; a new one gets the finding's texts. */
static int add_rule(const struct reading *reading, struct finding *finding, struct arc_error *err)
{
    struct scan_rule *rule = find_rule(reading->findings, text_of(reading, ID));

    ARC_TRY_ALLOC(rule, err);
    finding->rule = (unsigned)(rule - reading->findings->rules);
    finding->id = rule->id;
    if (finding->severity > rule->severity)
        rule->severity = finding->severity;
    if (rule->title)
        return ARC_OK;

    rule->kind = finding->kind;
    rule->alias = text_of(reading, ALIAS);
    rule->title = text_of(reading, TITLE);
    rule->description = text_of(reading, DESCRIPTION);
    rule->url = arc_text_or(text_of(reading, URL), NULL);
    for (size_t i = 3; i-- > 0 && rule->score <= 0;)
        rule->score = reading->item.scores[i];

    return ARC_OK;
}

static int add_finding(const struct reading *reading, enum finding_kind kind, struct arc_error *err)
{
    struct findings *findings = reading->findings;
    const char *status = text_of(reading, STATUS), *fixed = text_of(reading, FIXED);

    /* --include-non-failures also lists passed checks. */
    if (kind == MISCONFIGURATION && ARC_AMONG(status, "PASS", "EXCEPTION"))
        return ARC_OK;
    if (!*text_of(reading, ID))
        return not_understood(reading, err, "it has no id");
    if (strlen(text_of(reading, ID)) > ID_MAX)
        return not_understood(reading, err, "the id is too long");
    /* An unknown severity may be the worst, so it is an error. */
    if (reading->item.odd)
        return not_understood(reading, err, "the Severity is not known to arc-ci");
    if (!*fixed && strcmp(status, "fixed") == 0)
        fixed = "see the advisory";

    struct finding finding = {
        .service = reading->target->service,
        .place = text_of(reading, PATH),
        .package = text_of(reading, PACKAGE),
        .installed = text_of(reading, INSTALLED),
        .fixed = findings_string(findings, fixed),
        .resource = text_of(reading, RESOURCE),
        .message = text_of(reading, MESSAGE),
        .targets = (uint64_t)1 << reading->target->bit,
        .first = reading->target->first,
        .result = (unsigned)(findings->result_count - 1),
        .line = reading->item.line,
        .offset = reading->item.offset,
        .severity = (unsigned char)reading->item.severity,
        .kind = (unsigned char)kind,
    };
    ARC_TRY(add_rule(reading, &finding, err));

    if (findings->count == FINDINGS_MAX)
        return arc_error_set(err, ARC_ELIMIT, "more than %d findings in one scan", FINDINGS_MAX);
    ARC_TRY_ALLOC(arc_room(&findings->list, findings->count, sizeof finding), err);
    findings->list[findings->count++] = finding;

    return ARC_OK;
}

/* A text of a finding, or a number: a line or an offset, which starts at 1, or a score. */
static int read_item_field(struct reading *reading, enum field field,
                           const struct arc_json_scalar *value, struct arc_error *err)
{
    static const size_t longest[FIELDS] = {
        [TITLE] = TITLE_MAX, [DESCRIPTION] = DESCRIPTION_MAX, [URL] = DESCRIPTION_MAX};
    struct item *item = &reading->item;
    char digits[32] = "";

    bool is_text = field >= ID && field < FIELDS;
    if (is_text && value->type != ARC_JSON_STRING && value->type != ARC_JSON_NULL)
        return not_understood(reading, err, "a text is not a string");

    if (field == SEVERITY) {
        item->severity = ARC_SEVERITY_UNKNOWN;
        item->odd = value->len && !arc_severity_parse(value->text, value->len, &item->severity);
        return ARC_OK;
    }

    if (is_text) {
        size_t most = longest[field];
        item->texts[field] = pool_text(reading, value, arc_or(most, FIELD_MAX));
        return ARC_OK;
    }

    if (value->type == ARC_JSON_NUMBER && value->len < sizeof digits)
        memcpy(digits, value->text, value->len);
    double number = strtod(digits, NULL);
    bool natural = number > 0 && number < INT32_MAX;
    if (field == LINE)
        item->line = natural ? (unsigned)number : 0;
    else if (field == OFFSET)
        item->offset = natural ? (unsigned)number : 0;
    else if (number > item->scores[field - SCORE_2] && number <= 10)
        item->scores[field - SCORE_2] = number;

    return ARC_OK;
}

/* Values that a report or a result has once. */
static int read_field(struct reading *reading, enum field field,
                      const struct arc_json_scalar *value, struct arc_error *err)
{
    struct scan_target *target = reading->target;
    struct findings *findings = reading->findings;
    struct scan_result none, *result = &none;

    if (findings->result_count)
        result = &findings->results[findings->result_count - 1];
    const char **const texts[] = {
        [CREATED] = &target->created,    [ARTIFACT] = &target->artifact,
        [ARTIFACT_TYPE] = &target->kind, [SCANNER_VERSION] = &target->scanner,
        [IMAGE_OS] = &target->image_os,  [IMAGE_ARCHITECTURE] = &target->architecture,
        [TARGET] = &result->target,      [CLASS] = &result->class,
        [TYPE] = &result->type};
    if (field < ARC_COUNT(texts) && texts[field]) {
        *texts[field] = value->type == ARC_JSON_STRING ? pool_text(reading, value, FIELD_MAX) : "";
        return ARC_OK;
    }

    switch (field) {
    case SCHEMA_VERSION:
        reading->schema = 2;
        if (value->type == ARC_JSON_NUMBER && value->len == 1 && *value->text == '2')
            return ARC_OK;
        return arc_error_set(err, ARC_EINPUT,
                             "%s: its SchemaVersion is not 2, the one arc-ci knows",
                             target->report);
    case OS_FAMILY:
        reading->family = pool_text(reading, value, FIELD_MAX);
        return ARC_OK;
    case OS_NAME:
        reading->release = pool_text(reading, value, FIELD_MAX);
        return ARC_OK;
    case OS_END_OF_LIFE:
        if (value->type != ARC_JSON_BOOL && value->type != ARC_JSON_NULL)
            return arc_error_set(err, ARC_EINPUT,
                                 "%s: EOSL of the operating system is not true or false",
                                 target->report);
        target->end_of_life |= value->type == ARC_JSON_BOOL && value->truth;
        return ARC_OK;
    default:
        return read_item_field(reading, field, value, err);
    }
}

static int no_report(const struct reading *reading, const struct arc_json_rule *rule,
                     const char *is, struct arc_error *err)
{
    const char *what = arc_text_or(rule->key, "the document or an element");
    return arc_error_set(err, ARC_EINPUT, "%s: not a report of Trivy: %s %s",
                         reading->target->report, what, is);
}

/* Refuses anything that looks like another program's report. */
static int is_foreign(const struct reading *reading, const struct arc_json_rule *rule,
                      struct arc_error *err)
{
    return arc_error_set(err, ARC_EINPUT, "%s: not a report of Trivy: this is %s",
                         reading->target->report, formats[rule->tag]);
}

static int on_value(void *data, const struct arc_json_rule *rule,
                    const struct arc_json_scalar *value, struct arc_error *err)
{
    struct reading *reading = data;
    bool member = rule->key && *rule->key;

    if (!arc_utf8_valid(value->text, value->len)) /* libyajl accepts overlong encodings */
        return no_report(reading, rule, "is not valid UTF-8", err);
    if (rule->enter == FOREIGN)
        return is_foreign(reading, rule, err);
    if (rule->enter && member && value->type == ARC_JSON_NULL)
        return ARC_OK; /* treated as missing */
    if (rule->enter)
        return no_report(reading, rule, "is not a list or object", err);

    return read_field(reading, (enum field)rule->tag, value, err);
}

static int on_enter(void *data, const struct arc_json_rule *rule, char bracket,
                    struct arc_error *err)
{
    struct reading *reading = data;
    unsigned place = rule->enter;
    bool list = place == RESULTS || place == PACKAGES || place == SUPPRESSED ||
                (place >= LIST_OF && place < ITEM_OF);

    if (place == DOCUMENT) {
        reading->schema = bracket == '[' ? 1 : 0;
        return ARC_OK;
    }

    if (place == FOREIGN)
        return is_foreign(reading, rule, err);
    if (bracket == '[' && !list)
        return no_report(reading, rule, "is a list, not an object", err);
    if (bracket == '{' && list)
        return no_report(reading, rule, "is an object, not a list", err);

    if (place >= ITEM_OF) {
        reading->item = (struct item){.odd = false};
        reading->element++;
    } else if (place >= LIST_OF) {
        reading->element = 0;
    }

    reading->lists_packages = reading->lists_packages || place == PACKAGES;
    reading->packages += place == PACKAGE_ITEM;
    reading->target->suppressed += place == SUPPRESSED_ITEM;
    reading->vulnerabilities += place == ITEM_OF + VULNERABILITY;
    if (place != RESULT)
        return ARC_OK;

    reading->packages = reading->vulnerabilities = 0;
    reading->lists_packages = false;
    reading->target->results++;

    struct findings *findings = reading->findings;
    ARC_TRY_ALLOC(arc_room(&findings->results, findings->result_count, sizeof *findings->results),
                  err);
    findings->results[findings->result_count++] = (struct scan_result){"", "", ""};

    return ARC_OK;
}

static int on_leave(void *data, const struct arc_json_rule *rule, struct arc_error *err)
{
    struct reading *reading = data;
    struct scan_target *target = reading->target;

    if (rule->enter >= ITEM_OF)
        return add_finding(reading, (enum finding_kind)(rule->enter - ITEM_OF), err);

    if (rule->enter == OS) {
        ARC_AUTO_FREE char *os = NULL;
        ARC_TRY(arc_text_print(&os, err, "%s %s", reading->family, reading->release));
        target->has_os |= *reading->family || *reading->release;
        target->os = findings_string(reading->findings, os);
        return ARC_OK;
    }

    if (rule->enter != RESULT)
        return ARC_OK;

    /* Records how much a result says was scanned. */
    const struct findings *findings = reading->findings;
    const struct scan_result *result = &findings->results[findings->result_count - 1];
    bool elsewhere =
        ARC_AMONG(result->class, "secret", "config") || ARC_STARTS(result->class, "license");
    bool nothing = !reading->packages && !reading->vulnerabilities;

    if (reading->schema == 1 && !*result->target)
        return arc_error_set(err, ARC_EINPUT,
                             "%s: not a report of Trivy: element %zu of the list has no Target",
                             target->report, target->results);

    target->only_elsewhere = elsewhere && (target->only_elsewhere || target->results == 1);
    target->lists_packages = target->lists_packages || reading->lists_packages;
    if (strcmp(result->class, "os-pkgs") == 0) {
        target->os_result = true;
        target->os_listed = target->os_listed || !nothing;
    } else if (nothing && reading->lists_packages && !elsewhere) {
        target->hollow = result->target;
    }

    return ARC_OK;
}

/* Starts of files that are not JSON. */
static const struct {
    const char *bytes;
    size_t len;
    const char *what;
} beginnings[] = {
    {"\xff\xfe", 2, "UTF-16, as PowerShell redirects output; let Trivy write the file by itself"},
    {"\xfe\xff", 2, "UTF-16, as PowerShell redirects output; let Trivy write the file by itself"},
    {"\xef\xbb\xbf", 3, "JSON after a byte order mark; let Trivy write the file by itself"},
    {"\x1f\x8b", 2, "compressed with gzip; unpack it first"},
    {"\x28\xb5\x2f\xfd", 4, "compressed with zstd; unpack it first"},
    {"\xfd"
     "7zXZ",
     5, "compressed with xz; unpack it first"},
    {"BZh", 3, "compressed with bzip2; unpack it first"},
    {"PK\x03\x04", 4, "a zip archive, such as an artifact; unpack it first"},
    {"<", 1, "XML or HTML, as a template such as junit.tpl makes it; write it with --format json"},
    {"SQLite", 6, "an SQLite database"},
    {"Report Summary", 14, "a table for a person; write it with --format json"},
};

static int read_report(struct findings *findings, size_t target, const char *path,
                       struct arc_error *err)
{
    struct reading reading = {
        .findings = findings, .target = &findings->targets[target], .family = "", .release = ""};
    const struct scan_target *read = reading.target;
    const struct arc_json_reader reader = {
        .rules = rules,
        .size_max = REPORT_MAX,
        .data = &reading,
        .value = on_value,
        .enter = on_enter,
        .leave = on_leave,
    };

    ARC_TRY(arc_json_stream_file(path, read->report, &reader, err));
    ARC_TRY_ALLOC(!findings->failed, err);

    /* Refuses `{}`, `[]` and `null`, which scripts leave if the scanner failed. */
    if (!reading.schema)
        return arc_error_set(err, ARC_EINPUT, "%s: not a report of Trivy: it has no SchemaVersion",
                             read->report);

    if (reading.schema == 2 && !*read->artifact)
        return arc_error_set(err, ARC_EINPUT,
                             "%s: not a report of Trivy: it has no ArtifactName, which says what "
                             "was scanned",
                             read->report);

    if (reading.schema == 1 && !read->results)
        return arc_error_set(err, ARC_EINPUT,
                             "%s: an empty list does not show that anything was scanned",
                             read->report);

    return ARC_OK;
}

int scan_report_file(struct findings *findings, size_t target, const char *path,
                     struct arc_error *err)
{
    const char *name = findings->targets[target].report;
    char start[16] = {0};
    int fd, rc = read_report(findings, target, path, err);

    if (rc != ARC_EINPUT || arc_file_open(path, name, &fd, NULL) != ARC_OK)
        return rc;

    /* Names the format of a file that could not be read. */
    ssize_t len = read(fd, start, sizeof start);
    close(fd);
    if (len == 0)
        return arc_error_set(err, rc, "%s: not a report of Trivy: the file is empty", name);

    arc_each_in (beginning, beginnings)
        if (len >= (ssize_t)beginning->len && memcmp(start, beginning->bytes, beginning->len) == 0)
            return arc_error_set(err, rc, "%s: not a report of Trivy: this is %s", name,
                                 beginning->what);

    return rc;
}
