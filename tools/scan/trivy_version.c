/* The scanner's own word on its version and on the age of its database. */
#include "base/auto.h"
#include "os/file.h"
#include "scan/judged.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

/* "2026-02-23T10:00:00", then any fraction, then "Z" or "+02:00" (RFC 3339, section 5.6). */
bool scan_parse_time(const char *text, int64_t *out)
{
    struct tm tm = {0};
    int used = 0, hours = 0, minutes = 0;
    char sign = '+';
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
               &tm.tm_min, &tm.tm_sec, &used) != 6)
        return false;
    text += used;
    text += *text == '.' ? 1 + strspn(text + 1, "0123456789") : 0;
    if (strcmp(text, "Z") != 0 && sscanf(text, "%c%2d:%2d", &sign, &hours, &minutes) != 3)
        return false;
    if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_year < 1970)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    int64_t offset = (int64_t)hours * 3600 + minutes * 60;
    int day = tm.tm_mday;
    int64_t seconds = (int64_t)timegm(&tm) - (sign == '-' ? -offset : offset);
    if (tm.tm_mday != day) /* timegm() makes March of February 30 */
        return false;
    *out = seconds;
    return true;
}

static int keep(const json_t *value, char **out, struct arc_error *err)
{
    const char *text = json_string_value(value);
    *out = text ? strdup(text) : NULL;
    return text && !*out ? arc_error_nomem(err) : ARC_OK;
}

int scan_scanner_parse(const char *text, size_t len, const char *name, struct scan_scanner *out,
                       struct arc_error *err)
{
    json_error_t problem;
    ARC_AUTO_JSON json_t *doc = json_loadb(text, len, 0, &problem);
    if (!doc)
        return arc_error_at(err, ARC_EINPUT, name, (unsigned)problem.line, (unsigned)problem.column,
                            "not the output of `trivy version --format json`: %s", problem.text);
    const json_t *database = json_object_get(doc, "VulnerabilityDB");
    int rc = keep(json_object_get(doc, "Version"), &out->version, err);
    if (!rc)
        rc = keep(json_object_get(database, "UpdatedAt"), &out->database, err);
    if (!rc && out->database && !scan_parse_time(out->database, &out->updated_at))
        rc = arc_error_set(err, ARC_EINPUT, "%s: UpdatedAt of the database is no time", name);
    if (rc)
        scan_scanner_free(out);
    return rc;
}

int scan_scanner_read(const char *path, struct scan_scanner *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    int rc = arc_file_read(path, NULL, 1 << 20, &text, err);
    return rc ? rc : scan_scanner_parse(arc_buf_text(&text), text.len, path, out, err);
}

void scan_scanner_free(struct scan_scanner *scanner)
{
    free(scanner->version);
    free(scanner->database);
    *scanner = (struct scan_scanner){0};
}
