#include "scan/findings.h"
#include "base/auto.h"
#include <string.h>

int findings_init(struct findings *findings, struct arc_error *err)
{
    *findings = (struct findings){.pool = json_object(), .rule_of = json_object()};
    return findings->pool && findings->rule_of ? ARC_OK : arc_error_nomem(err);
}

void findings_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->rule_count; i++) {
        free(findings->rules[i].title);
        free(findings->rules[i].description);
        free(findings->rules[i].url);
    }
    for (size_t i = 0; i < findings->target_count; i++)
        free(findings->targets[i].error);
    free(findings->list);
    free(findings->rules);
    free(findings->results);
    json_decref(findings->pool);
    json_decref(findings->rule_of);
    *findings = (struct findings){0};
}

const char *findings_string(struct findings *findings, const char *text)
{
    if (!text || !*text)
        return "";
    void *at = json_object_iter_at(findings->pool, text);
    if (!at && json_object_set_new_nocheck(findings->pool, text, json_true()) == 0)
        at = json_object_iter_at(findings->pool, text);
    return at ? json_object_iter_key(at) : NULL;
}

/* Makes room for one more element of an array that doubles. */
static int grow(void *array, size_t *room, size_t count, size_t size, struct arc_error *err)
{
    if (count < *room)
        return ARC_OK;
    size_t wanted = *room ? *room * 2 : 64;
    void **slot = array;
    void *grown = realloc(*slot, wanted * size);
    if (!grown)
        return arc_error_nomem(err);
    *slot = grown;
    *room = wanted;
    return ARC_OK;
}

int findings_add_target(struct findings *findings, const char *service, const char *platform,
                        const char *report, struct arc_error *err)
{
    if (findings->target_count == TARGETS_MAX)
        return arc_error_set(err, ARC_ELIMIT, "more than %d targets in one scan", TARGETS_MAX);
    struct scan_target *target = &findings->targets[findings->target_count];
    *target = (struct scan_target){.service = findings_string(findings, service),
                                   .platform = findings_string(findings, platform),
                                   .report = findings_string(findings, report),
                                   .artifact = "",
                                   .kind = "",
                                   .os = "",
                                   .scanner = "",
                                   .created = ""};
    if (!target->service || !target->platform || !target->report)
        return arc_error_nomem(err);
    findings->target_count++;
    return ARC_OK;
}

int findings_target_error(struct findings *findings, const struct arc_error *problem,
                          struct arc_error *err)
{
    char **slot = &findings->targets[findings->target_count - 1].error;
    if (problem->code == ARC_ENOMEM)
        return arc_error_nomem(err);
    *slot = strdup(arc_error_text(problem));
    return *slot ? ARC_OK : arc_error_nomem(err);
}

int findings_add(struct findings *findings, const struct finding *finding, struct arc_error *err)
{
    if (findings->count == FINDINGS_MAX)
        return arc_error_set(err, ARC_ELIMIT, "more than %d findings in one scan", FINDINGS_MAX);
    int rc = grow(&findings->list, &findings->room, findings->count, sizeof *finding, err);
    if (!rc)
        findings->list[findings->count++] = *finding;
    return rc;
}

int findings_add_result(struct findings *findings, struct arc_error *err)
{
    int rc = grow(&findings->results, &findings->result_room, findings->result_count,
                  sizeof *findings->results, err);
    if (!rc)
        findings->results[findings->result_count++] = (struct scan_result){"", "", ""};
    return rc;
}

int findings_rule(struct findings *findings, const char *id, unsigned *rule, bool *made,
                  struct arc_error *err)
{
    const json_t *index = json_object_get(findings->rule_of, id);
    *made = !index;
    if (index) {
        *rule = (unsigned)json_integer_value(index);
        return ARC_OK;
    }
    int rc = grow(&findings->rules, &findings->rule_room, findings->rule_count,
                  sizeof *findings->rules, err);
    if (rc)
        return rc;
    const char *name = findings_string(findings, id);
    if (!name || json_object_set_new_nocheck(findings->rule_of, id,
                                             json_integer((json_int_t)findings->rule_count)) != 0)
        return arc_error_nomem(err);
    *rule = (unsigned)findings->rule_count++;
    findings->rules[*rule] = (struct scan_rule){.id = name, .alias = ""};
    return ARC_OK;
}

/* Pooled strings are equal only if they are the same pointer. */
static int compare_text(const char *a, const char *b)
{
    return a == b ? 0 : strcmp(a, b);
}

static int compare_number(unsigned long a, unsigned long b)
{
    return a < b ? -1 : a > b;
}

static int compare_same(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    int order = compare_text(a->service, b->service);
    order = order ? order : compare_text(a->id, b->id);
    order = order ? order : compare_number(a->kind, b->kind);
    order = order ? order : compare_text(a->package, b->package);
    order = order ? order : compare_text(a->place, b->place);
    order = order ? order : compare_text(a->installed, b->installed);
    return order ? order : compare_number(a->line, b->line);
}

static int compare_shown(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    int order = compare_number(b->severity, a->severity);
    return order ? order : compare_same(a, b);
}

/* The image's name and tag are no place in it: they would make a new finding of every release. */
static const char *place_of(const struct scan_result *result, const char *path)
{
    if (*path)
        return path;
    return strcmp(result->class, "os-pkgs") == 0 && *result->type ? result->type : result->target;
}

static void join(struct finding *into, const struct finding *from)
{
    if (from->severity > into->severity)
        into->severity = from->severity;
    if (!*into->fixed)
        into->fixed = from->fixed;
    into->targets |= from->targets;
}

void findings_join(struct findings *findings)
{
    struct finding *list = findings->list;
    size_t kept = 0;
    for (size_t i = 0; i < findings->count; i++)
        list[i].place = place_of(&findings->results[list[i].result], list[i].place);
    if (findings->count)
        qsort(list, findings->count, sizeof *list, compare_same);
    for (size_t i = 0; i < findings->count; i++)
        if (kept && compare_same(&list[kept - 1], &list[i]) == 0)
            join(&list[kept - 1], &list[i]);
        else
            list[kept++] = list[i];
    findings->count = kept;
}

void findings_sort(struct findings *findings)
{
    for (size_t t = 0; t < findings->target_count; t++)
        memset(findings->targets[t].counts, 0, sizeof findings->targets[t].counts);
    for (size_t i = 0; i < findings->count; i++)
        for (size_t t = 0; t < findings->target_count; t++)
            findings->targets[t].counts[findings->list[i].severity] +=
                findings->list[i].targets >> t & 1;
    if (findings->count)
        qsort(findings->list, findings->count, sizeof *findings->list, compare_shown);
}

void findings_identity(const struct finding *finding, struct arc_buf *out)
{
    arc_buf_printf(out, "%d\x1f%s\x1f%s\x1f%s\x1f%s", finding->kind, finding->id, finding->service,
                   finding->package, finding->place);
}
