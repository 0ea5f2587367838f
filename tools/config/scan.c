/* `scan:` of .github/arc-ci.yaml. */
#include "arcci/scan_settings.h"
#include "base/auto.h"
#include "config/fields.h"
#include <string.h>

struct reading {
    struct arc_scan_settings settings;
    const struct arc_yaml_node *ignore;
};

#define AT(member) offsetof(struct reading, settings.member)
#define OF(member) offsetof(struct arc_scan_ignore, member)

static arc_check check_day;
static arc_check check_reason;

static const struct arc_field fields[] = {
    {"skip-dirs", FIELD_TEXTS, AT(skip_dirs), false, arc_check_glob, NULL},
    {"skip-files", FIELD_TEXTS, AT(skip_files), false, arc_check_glob, NULL},
    {"severity", FIELD_TEXTS, AT(severity), false, arc_check_line, NULL},
    {"scanners", FIELD_TEXTS, AT(scanners), false, arc_check_line, NULL},
    {"ignore-policy", FIELD_TEXT, AT(policy), false, arc_check_path, NULL},
    {"vex", FIELD_TEXTS, AT(vex), false, arc_check_path, NULL},
    {"accept", FIELD_TEXTS, AT(accept), false, check_reason, NULL},
    {"ignore", FIELD_NODE, offsetof(struct reading, ignore), false, NULL, NULL},
    {0},
};
static const struct arc_table table = {"'scan'", fields, false};

static const struct arc_field ignore_fields[] = {
    {"id", FIELD_TEXT, OF(id), false, arc_check_line, NULL},
    {"license", FIELD_TEXT, OF(license), false, arc_check_line, NULL},
    {"package", FIELD_TEXT, OF(package), false, arc_check_line, NULL},
    {"path", FIELD_TEXT, OF(path), false, arc_check_glob, NULL},
    {"service", FIELD_TEXT, OF(service), false, arc_check_line, NULL},
    {"reason", FIELD_TEXT, OF(reason), true, arc_check_line, NULL},
    {"expires", FIELD_TEXT, OF(expires), false, check_day, NULL},
    {0},
};
static const struct arc_table ignore_table = {"an entry of 'ignore'", ignore_fields, false};

/* "2026-12-31". */
static bool check_day(const char *text, struct arc_buf *why)
{
    static const char shape[] = "dddd-dd-dd";
    size_t i = 0;
    for (; shape[i] && text[i]; i++)
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != '-')
            break;
    if (!shape[i] && !text[i])
        return true;
    arc_buf_puts(why, "is not a valid day, such as 2026-12-31");
    return false;
}

/* A reason that scan_gap_name() knows, alone or with a part of its text: "os-not-scanned:fedora". */
static bool check_reason(const char *text, struct arc_buf *why)
{
    static const char *const reasons[] = {"os-not-scanned", "os-without-packages", "end-of-life",
                                          "scanner-warning", "inline-ignore"};
    size_t len = strcspn(text, ":");
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strlen(reasons[i]) == len && strncmp(reasons[i], text, len) == 0)
            return !text[len] || arc_check_line(text + len + 1, why);
    arc_buf_puts(why, "is not a reason of an incomplete scan: os-not-scanned, os-without-packages, "
                      "end-of-life, scanner-warning or inline-ignore");
    return false;
}

void arc_scan_settings_free(struct arc_scan_settings *settings)
{
    struct reading reading = {.settings = *settings};
    for (size_t i = 0; i < settings->ignore_count; i++)
        arc_fields_free(&ignore_table, &settings->ignores[i]);
    free(settings->ignores);
    arc_fields_free(&table, &reading);
    *settings = (struct arc_scan_settings){0};
}

static int read_ignore(const struct arc_yaml *yaml, const struct arc_yaml_node *list,
                       struct arc_scan_settings *out, struct arc_error *err)
{
    if (!list)
        return ARC_OK;
    if (list->type != ARC_YAML_LIST)
        return arc_yaml_error(yaml, list, err, "'ignore' must be a list, this is %s",
                              arc_yaml_type_name(list));
    out->ignores = calloc(list->count + 1, sizeof *out->ignores);
    if (!out->ignores)
        return arc_error_nomem(err);

    for (size_t i = 0; i < list->count; i++) {
        struct arc_scan_ignore *entry = &out->ignores[out->ignore_count++];
        entry->line = list->items[i]->line;
        ARC_TRY(arc_fields_read(yaml, list->items[i], &ignore_table, entry, err));
        if (!entry->id && !entry->license && !entry->package && !entry->path)
            return arc_yaml_error(yaml, list->items[i], err,
                                  "an entry of 'ignore' needs an id, license, package or path");
    }
    return ARC_OK;
}

int arc_config_scan(const struct arc_yaml *yaml, const struct arc_yaml_node *node,
                    struct arc_scan_settings *out, struct arc_error *err)
{
    struct reading reading = {.ignore = NULL};
    *out = (struct arc_scan_settings){0};
    if (!node)
        return ARC_OK;
    int rc = arc_fields_read(yaml, node, &table, &reading, err);
    *out = reading.settings;
    if (!rc)
        rc = read_ignore(yaml, reading.ignore, out, err);
    if (rc)
        arc_scan_settings_free(out);
    return rc;
}

int arc_scan_settings_parse(const char *text, size_t len, const char *name,
                            struct arc_scan_settings *out, struct arc_error *err)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    *out = (struct arc_scan_settings){0};
    ARC_TRY(arc_yaml_parse(text, len, name, 0, &yaml, err));
    return arc_config_scan(&yaml, arc_yaml_get(yaml.root, "scan"), out, err);
}
