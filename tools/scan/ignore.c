/* Ignored findings: entries of `scan: ignore`, skipped paths, and the ignore file with one id per
 * line and an optional expiry date (Trivy docs, "Filtering", .trivyignore: `CVE-2024-1234
 * exp:2026-12-31`). */
#include "arcci/glob.h"
#include "base/text.h"
#include "scan/judged.h"
#include <ctype.h>

#define ENTRY_MAX 256

/* An entry. A finding must match every field that is set; borrowed. */
struct entry {
    struct arc_scan_ignore what;
    const char *shown; /* its name in messages */
    int64_t expires;   /* when it expires, in seconds since 1970; 0: never */
    const char *file;
    bool quiet; /* no warning if it matches nothing */
};

/* Parses Trivy's spellings of a check's id over time ("AVD-DS-0002", "DS-0002", "DS002") as "DS"
 * and 2; false for other ids. */
static bool parse_check(const char *id, const char **letters, size_t *len, unsigned long *number)
{
    if (strncasecmp(id, "AVD-", 4) == 0)
        id += 4;
    *letters = id;
    while (isalpha((unsigned char)*id))
        id++;
    *len = (size_t)(id - *letters);
    id += *id == '-';
    size_t digits = strspn(id, "0123456789");
    if (!*len || !digits || digits > 9 || id[digits])
        return false;
    *number = strtoul(id, NULL, 10);

    return true;
}

/* Ids are compared without case; no two differ only in case. */
static bool is_same_id(const char *a, const char *b, bool check)
{
    const char *letters[2];
    size_t len[2];
    unsigned long number[2];
    if (strcasecmp(a, b) == 0)
        return true;
    return check && parse_check(a, &letters[0], &len[0], &number[0]) &&
           parse_check(b, &letters[1], &len[1], &number[1]) && number[0] == number[1] &&
           len[0] == len[1] && strncasecmp(letters[0], letters[1], len[0]) == 0;
}

/* Whether the entry names the finding, wherever it was found. */
static bool is_named(const struct findings *findings, const struct finding *finding,
                     const struct arc_scan_ignore *what)
{
    const struct scan_rule *rule = &findings->rules[finding->rule];
    bool check = finding->kind == MISCONFIGURATION;

    if (what->id && !is_same_id(rule->id, what->id, check) &&
        !(*rule->alias && is_same_id(rule->alias, what->id, check)))
        return false;
    return !what->license || (finding->kind == LICENSE && strcmp(finding->id, what->license) == 0);
}

/* Whether the entry is about the place where a finding that it names was found. */
static bool is_match(const struct finding *finding, const struct arc_scan_ignore *what,
                     struct arc_glob *path)
{
    if (what->package && strcmp(finding->package, what->package) != 0)
        return false;
    if (what->service && strcmp(finding->service, what->service) != 0)
        return false;
    return !path || arc_glob_match(path, finding->place, strlen(finding->place));
}

static int leave_out(struct scan_judged *judged, const struct entry *entry, struct arc_error *err)
{
    const struct arc_scan_ignore *what = &entry->what;
    struct findings *findings = &judged->findings;
    const struct finding *other = NULL;
    ARC_AUTO(arc_glob) struct arc_glob *path = NULL;
    size_t found = 0;

    if (what->path)
        ARC_TRY(arc_glob_compile(what->path, strlen(what->path), &path, err));
    if (entry->expires && entry->expires <= judged->now)
        return scan_warn(judged, err, "%s:%u: the entry for %s has expired: it counts again",
                         entry->file, what->line, entry->shown);

    arc_each (finding, findings->list, findings->count) {
        if (!is_named(findings, finding, what))
            continue;
        if (finding->severity != SCAN_LEFT_OUT)
            other = finding;
        if (!is_match(finding, what, path))
            continue;
        finding->severity = SCAN_LEFT_OUT;
        found++;
    }

    if (found || entry->quiet)
        return ARC_OK;
    if (other && (what->id || what->license))
        return scan_warn(
            judged, err, "%s:%u: %s was found in %s of %s (%s), not where the entry says",
            entry->file, what->line, entry->shown, arc_text_or(other->package, "no package"),
            arc_text_or(other->service, "the target"), other->place);

    return scan_warn(judged, err, "%s:%u: %s was not found: remove the entry", entry->file,
                     what->line, entry->shown);
}

/* ---- the ignore file ------------------------------------------------------------------------ */

static int refuse(const struct entry *entry, struct arc_error *err, const char *what)
{
    return arc_error_at(err, ARC_EINPUT, entry->file, entry->what.line, 0,
                        "%s; a line is an id, optionally followed by exp:YYYY-MM-DD", what);
}

static int parse_word(struct entry *entry, char *word, struct arc_error *err)
{
    bool day = ARC_STARTS(word, "exp:");
    if (!entry->shown && day)
        return refuse(entry, err, "there is no id before exp:");

    if (!entry->shown) {
        entry->shown = entry->what.id = word;
        return strlen(word) <= ENTRY_MAX ? ARC_OK : refuse(entry, err, "the id is too long");
    }

    if (!day)
        return refuse(entry, err,
                      "more than an id (what .trivyignore.yaml says goes below `scan: ignore` "
                      "in .github/arc-ci.yaml)");
    if (entry->expires || !arc_day_parse(word + 4, &entry->expires))
        return refuse(entry, err, "the day is not a valid date");

    return ARC_OK;
}

static int apply_file(struct scan_judged *judged, struct arc_error *err)
{
    ARC_AUTO_FREE char *text = strdup(judged->options->ignore_text);
    unsigned number = 0;

    ARC_TRY_ALLOC(text, err);
    bool mark = ARC_STARTS(text, "\xef\xbb\xbf"); /* a byte order mark */
    for (char *line = text + (mark ? 3 : 0), *next; line; line = next) {
        struct entry entry = {.file = judged->options->ignore_name, .what.line = ++number};
        char *rest = NULL;
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line[strcspn(line, "#")] = '\0';
        for (char *word = strtok_r(line, " \t\r", &rest); word;
             word = strtok_r(NULL, " \t\r", &rest))
            ARC_TRY(parse_word(&entry, word, err));
        if (entry.shown)
            ARC_TRY(leave_out(judged, &entry, err));
    }

    return ARC_OK;
}

/* ---- the settings --------------------------------------------------------------------------- */

/* A skipped folder's pattern matches everything below it. */
static int apply_paths(struct scan_judged *judged, char **patterns, const char *below,
                       struct arc_error *err)
{
    for (; patterns && *patterns; patterns++) {
        ARC_AUTO(arc_buf) struct arc_buf text = {0};
        size_t len = arc_text_strip(*patterns, strlen(*patterns), "/");
        arc_buf_printf(&text, "%.*s%s", (int)len, *patterns, below);
        ARC_TRY(arc_buf_check(&text, "a pattern", err));
        const struct entry entry = {.what.path = text.data, .shown = *patterns, .quiet = true};
        ARC_TRY(leave_out(judged, &entry, err));
    }

    return ARC_OK;
}

int scan_ignore_apply(struct scan_judged *judged, struct arc_error *err)
{
    const struct arc_scan_settings *settings = judged->options->settings;
    if (judged->options->ignore_text)
        ARC_TRY(apply_file(judged, err));
    if (!settings)
        return ARC_OK;

    arc_each (ignore, settings->ignores, settings->ignore_count) {
        const char *const names[] = {ignore->id, ignore->license, ignore->package, ignore->path};
        struct entry entry = {.what = *ignore, .file = judged->options->settings_from};
        for (size_t k = 0; k < 4 && !entry.shown; k++)
            entry.shown = names[k];
        if (ignore->expires)
            arc_day_parse(ignore->expires, &entry.expires);
        ARC_TRY(leave_out(judged, &entry, err));
    }

    ARC_TRY(apply_paths(judged, settings->skip_dirs, "/**", err));
    return apply_paths(judged, settings->skip_files, "", err);
}
