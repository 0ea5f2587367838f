/* `scan:` of .github/arc-ci.yaml. */
#include "arcci/glob.h"
#include "config/fields.h"

#define AT(member) offsetof(struct arc_scan_settings, member)
#define OF(member) offsetof(struct arc_scan_ignore, member)

static arc_check check_reason;
static arc_check check_scanner;
static arc_check check_severity;
static arc_check check_left_out;

static const struct arc_field ignore_fields[] = {
    {"id", FIELD_TEXT, OF(id), .check = arc_check_line},
    {"license", FIELD_TEXT, OF(license), .check = arc_check_line},
    {"package", FIELD_TEXT, OF(package), .check = arc_check_line},
    {"path", FIELD_TEXT, OF(path), .check = check_left_out},
    {"service", FIELD_TEXT, OF(service), .check = arc_check_line},
    {"reason", FIELD_TEXT, OF(reason), .required = true, .check = arc_check_line},
    {"expires", FIELD_TEXT, OF(expires), .check = arc_check_day},
    {0},
};

static int check_ignore(const void *item, const struct arc_yaml_node *node, struct arc_error *err)
{
    const struct arc_scan_ignore *entry = item;
    if (entry->id || entry->license || entry->package || entry->path)
        return ARC_OK;
    return arc_yaml_error(node, err, "an entry of 'ignore' needs an id, license, package or path");
}

static const struct arc_table ignore_table = {"an entry of 'ignore'", ignore_fields,
                                              .size = sizeof(struct arc_scan_ignore),
                                              .line = OF(line), .check = check_ignore};

static const struct arc_field fields[] = {
    {"skip-dirs", FIELD_TEXTS, AT(skip_dirs), .check = check_left_out},
    {"skip-files", FIELD_TEXTS, AT(skip_files), .check = check_left_out},
    {"severity", FIELD_TEXTS, AT(severity), .check = check_severity},
    {"scanners", FIELD_TEXTS, AT(scanners), .check = check_scanner},
    {"ignore-policy", FIELD_TEXT, AT(policy), .check = arc_check_path},
    {"vex", FIELD_TEXTS, AT(vex), .check = arc_check_path},
    {"accept", FIELD_TEXTS, AT(accept), .check = check_reason},
    {"ignore", FIELD_ITEMS, AT(ignores), .fields = &ignore_table, .count = AT(ignore_count)},
    {0},
};
static const struct arc_table table = {"'scan'", .fields = fields};

/* ---- severities and scanners ---------------------------------------------------------------- */

static const char *const severities[ARC_SEVERITIES] = {"UNKNOWN", "LOW", "MEDIUM", "HIGH",
                                                       "CRITICAL"};
static const char *const scanners[] = {"vuln", "misconfig", "secret", "license"};

/* The index of a name in a list of `count`, in any case; `count` if it is missing. */
static size_t find_name(const char *const *names, size_t count, const char *name, size_t len)
{
    size_t i = 0;
    while (i < count && (strlen(names[i]) != len || strncasecmp(names[i], name, len) != 0))
        i++;
    return i;
}

/* "CRITICAL, HIGH" as bits: commas or blanks separate. `what` names what is in the list, and all of
 * them. */
static int parse_set(const char *const *names, size_t count, const char *list, const char *what,
                     unsigned *out, struct arc_error *err)
{
    *out = 0;

    for (const char *at = list;; at++) {
        at += strspn(at, " ");
        size_t len = strcspn(at, ", "), i = find_name(names, count, at, len);
        if (i == count)
            return arc_error_set(err, ARC_EINPUT, "'%s' is not a list of %s with commas between",
                                 list, what);
        *out |= 1U << i;
        at += len + strspn(at + len, " ");
        if (!*at)
            return ARC_OK;
        if (*at != ',')
            at--; /* a blank separates too */
    }
}

const char *arc_severity_name(enum arc_severity severity)
{
    return severities[severity];
}

bool arc_severity_parse(const char *name, size_t len, enum arc_severity *out)
{
    size_t i = find_name(severities, ARC_SEVERITIES, name, len);
    if (i < ARC_SEVERITIES)
        *out = (enum arc_severity)i;
    return i < ARC_SEVERITIES;
}

int arc_severity_set(const char *list, unsigned *out, struct arc_error *err)
{
    static const char what[] = "severities: one or more of UNKNOWN, LOW, MEDIUM, HIGH, CRITICAL";
    return parse_set(severities, ARC_SEVERITIES, list, what, out, err);
}

const char *arc_scanner_name(enum arc_scanner scanner)
{
    for (size_t i = 0; i < ARC_COUNT(scanners); i++)
        if (1U << i == (unsigned)scanner)
            return scanners[i];
    return "unknown";
}

int arc_scanner_set(const char *list, unsigned *out, struct arc_error *err)
{
    static const char what[] = "scanners: one or more of vuln, misconfig, secret, license";
    return parse_set(scanners, ARC_COUNT(scanners), list, what, out, err);
}

/* ---- values --------------------------------------------------------------------------------- */

static bool check_severity(const char *text, struct arc_buf *why)
{
    enum arc_severity severity;
    return arc_severity_parse(text, strlen(text), &severity) ||
           arc_check_fails(why, "is not a severity: UNKNOWN, LOW, MEDIUM, HIGH or CRITICAL");
}

static bool check_scanner(const char *text, struct arc_buf *why)
{
    size_t count = ARC_COUNT(scanners);
    return find_name(scanners, count, text, strlen(text)) < count ||
           arc_check_fails(why, "is not a scanner: vuln, misconfig, secret or license");
}

/* A pattern names what to leave out, not what to keep. */
static bool check_left_out(const char *text, struct arc_buf *why)
{
    if (*text == '!')
        return arc_check_fails(why, "leaves out all but something: name what is to be left out");
    return arc_check_glob(text, why);
}

/* A reason of scan/judged.h (SCAN_GAP_…), alone or with a part of its text:
 * "os-not-scanned:fedora". */
static bool check_reason(const char *text, struct arc_buf *why)
{
    static const char *const reasons[] = {"os-not-scanned", "os-without-packages", "end-of-life",
                                          "other-platform", "scanner-warning",     "inline-ignore"};
    size_t len = strcspn(text, ":");

    arc_each_in (reason, reasons)
        if (arc_text_is(text, len, *reason))
            return !text[len] || arc_check_line(text + len + 1, why);

    return arc_check_fails(
        why, "is not a reason of an incomplete scan: os-not-scanned, "
             "os-without-packages, end-of-life, other-platform, scanner-warning or inline-ignore");
}

void arc_scan_settings_free(struct arc_scan_settings *settings)
{
    arc_arena_free(&settings->memory);
    *settings = (struct arc_scan_settings){0};
}

/* Paths that differ as much as possible: a pattern that matches them all leaves nothing to scan. */
static const char *const samples[] = {"z",     "Q7",          "w.x9",          "a-1/Z_2",
                                      ".h/k0", "9/m~/j.Y/8c", "X/e/r.5/u/o+.t"};

static int match_samples(const char *pattern, const char *below, bool matched[ARC_COUNT(samples)],
                         struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
    size_t len = arc_text_strip(pattern, strlen(pattern), "/");

    arc_buf_printf(&text, "%.*s%s", (int)len, pattern, below);
    ARC_TRY(arc_buf_check(&text, "a pattern", err));
    ARC_TRY(arc_glob_compile(arc_buf_text(&text), text.len, &glob, err));
    for (size_t i = 0; i < ARC_COUNT(samples); i++)
        matched[i] = matched[i] || arc_glob_match(glob, samples[i], strlen(samples[i]));

    return ARC_OK;
}

/* A gate that skips every file would never fail. */
static int check_rest(const struct arc_yaml_node *node, const struct arc_scan_settings *settings,
                      struct arc_error *err)
{
    bool matched[ARC_COUNT(samples)] = {false};

    for (char **folder = settings->skip_dirs; folder && *folder; folder++)
        ARC_TRY(match_samples(strcmp(*folder, ".") == 0 ? "**" : *folder, "/**", matched, err));
    for (char **file = settings->skip_files; file && *file; file++)
        ARC_TRY(match_samples(*file, "", matched, err));

    arc_each (entry, settings->ignores, settings->ignore_count) {
        if (entry->path && !entry->id && !entry->license && !entry->package)
            ARC_TRY(match_samples(entry->path, "", matched, err));
    }

    for (size_t i = 0; i < ARC_COUNT(samples); i++)
        if (!matched[i])
            return ARC_OK;

    return arc_yaml_error(node, err,
                          "skip-dirs, skip-files and the paths of ignore leave out every file: the "
                          "gate would look at nothing");
}

int arc_config_scan(const struct arc_yaml_node *node, struct arc_scan_settings *out,
                    struct arc_error *err)
{
    const struct arc_loading l = {.root = NULL, .memory = &out->memory, .err = err};
    *out = (struct arc_scan_settings){0};
    if (!node)
        return ARC_OK;
    ARC_TRY(arc_or_free(arc_scan_settings, out, arc_fields_read(&l, node, &table, out)));
    return arc_or_free(arc_scan_settings, out, check_rest(node, out, err));
}

int arc_scan_settings_parse(const char *text, size_t len, const char *name,
                            struct arc_scan_settings *out, struct arc_error *err)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    *out = (struct arc_scan_settings){0};
    ARC_TRY(arc_yaml_parse(text, len, name, 0, &yaml, err));
    return arc_config_scan(arc_yaml_get(yaml.root, "scan"), out, err);
}
