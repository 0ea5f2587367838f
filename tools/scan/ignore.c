/* The ignore file: an id a line, with an optional day after which it counts again
 * (Trivy docs, "Filtering", .trivyignore: `CVE-2024-1234 exp:2026-12-31`). */
#include "base/auto.h"
#include "os/file.h"
#include "scan/judged.h"
#include <stdio.h>
#include <string.h>

#define IGNORE_FILE_MAX ((size_t)1 << 20)
#define ENTRY_MAX       256

struct entry {
    char id[ENTRY_MAX + 1];
    int64_t expires; /* the first second in which it counts again; 0: never */
};

static int bad(const char *path, unsigned line, struct arc_error *err, const char *what)
{
    return arc_error_at(err, ARC_EINPUT, path, line, 0,
                        "%s; a line is an id, and exp:YYYY-MM-DD where it shall end", what);
}

static int parse_word(struct entry *entry, const char *word, const char *path, unsigned line,
                      struct arc_error *err)
{
    char time[64];
    if (!*entry->id) {
        snprintf(entry->id, sizeof entry->id, "%s", word);
        return strlen(word) <= ENTRY_MAX ? ARC_OK : bad(path, line, err, "the id is too long");
    }
    if (strncmp(word, "exp:", 4) != 0 || strlen(word) != 14)
        return bad(path, line, err, "more than an id");
    snprintf(time, sizeof time, "%sT00:00:00Z", word + 4);
    return scan_parse_time(time, &entry->expires) ? ARC_OK
                                                  : bad(path, line, err, "the day is no date");
}

/* An empty id means that there was no entry on the line. */
static int parse_line(char *text, const char *path, unsigned line, struct entry *entry,
                      struct arc_error *err)
{
    char *rest = NULL;
    *entry = (struct entry){.expires = 0};
    text[strcspn(text, "#")] = '\0';
    for (char *word = strtok_r(text, " \t\r", &rest); word; word = strtok_r(NULL, " \t\r", &rest)) {
        int rc = parse_word(entry, word, path, line, err);
        if (rc)
            return rc;
    }
    return ARC_OK;
}

static size_t leave_out(struct findings *findings, const char *id)
{
    size_t found = 0;
    for (size_t i = 0; i < findings->count; i++) {
        struct finding *finding = &findings->list[i];
        const struct scan_rule *rule = &findings->rules[finding->rule];
        if (strcmp(rule->id, id) != 0 && strcmp(rule->alias, id) != 0)
            continue;
        finding->severity = SCAN_LEFT_OUT;
        found++;
    }
    return found;
}

static int apply(struct scan_judged *judged, const struct entry *entry, const char *path,
                 unsigned line, struct arc_error *err)
{
    if (entry->expires && entry->expires <= judged->now)
        return scan_warn(judged, err, "%s:%u: the entry for %s has expired: it counts again", path,
                         line, entry->id);
    if (!leave_out(&judged->findings, entry->id))
        return scan_warn(judged, err, "%s:%u: %s was not found: the entry can go", path, line,
                         entry->id);
    return ARC_OK;
}

int scan_ignore_apply(struct scan_judged *judged, const char *path, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    struct entry entry;
    char *rest = NULL;
    int rc = arc_file_read(path, NULL, IGNORE_FILE_MAX, &text, err);
    if (rc || !text.len)
        return rc;
    unsigned number = 0;
    for (char *line = text.data; !rc && line; line = rest) {
        rest = strchr(line, '\n');
        if (rest)
            *rest++ = '\0';
        rc = parse_line(line, path, ++number, &entry, err);
        if (!rc && *entry.id)
            rc = apply(judged, &entry, path, number, err);
    }
    return rc;
}
