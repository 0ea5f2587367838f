#include "scan/findings.h"
#include "base/room.h"
#include "base/text.h"

void findings_free(struct findings *findings)
{
    free(findings->targets);
    free(findings->list);
    free(findings->rules);
    free(findings->results);
    json_decref(findings->pool);
    *findings = (struct findings){0};
}

const char *findings_string(struct findings *findings, const char *text)
{
    if (!text || !*text)
        return "";
    findings->pool = arc_or(findings->pool, json_object());
    void *at = json_object_iter_at(findings->pool, text);
    if (!at && json_object_set_new_nocheck(findings->pool, text, json_true()) == 0)
        at = json_object_iter_at(findings->pool, text);
    findings->failed |= !at;
    return at ? json_object_iter_key(at) : "";
}

int findings_add_target(struct findings *findings, const char *service, const char *platform,
                        const char *report, struct arc_error *err)
{
    if (findings->target_count == TARGETS_MAX)
        return arc_error_set(err, ARC_ELIMIT,
                             "more than %d targets in one scan; select some with --service",
                             TARGETS_MAX);

    ARC_TRY_ALLOC(arc_room(&findings->targets, findings->target_count, sizeof *findings->targets),
                  err);
    unsigned index = (unsigned)findings->target_count;
    struct scan_target *target = &findings->targets[index];
    *target = (struct scan_target){.service = findings_string(findings, service),
                                   .platform = findings_string(findings, platform),
                                   .report = findings_string(findings, report),
                                   .image_os = "",
                                   .architecture = "",
                                   .artifact = "",
                                   .kind = "",
                                   .os = "",
                                   .scanner = "",
                                   .created = "",
                                   .prefix = "",
                                   .first = index};
    ARC_TRY_ALLOC(!findings->failed, err);
    findings->target_count++;

    struct scan_target *last = NULL; /* of its service's chain */
    arc_each (other, findings->targets, index)
        if (other->service == target->service) /* the pool's */
            last = other;
    if (!last)
        return ARC_OK;

    target->first = last->first;
    target->bit = last->bit + 1;
    if (target->bit == SERVICE_TARGETS_MAX)
        return arc_error_set(err, ARC_ELIMIT, "more than %d targets of %s in one scan",
                             SERVICE_TARGETS_MAX, arc_text_or(target->service, "one service"));
    last->next = index + 1;

    return ARC_OK;
}

bool findings_is_folder(const struct scan_target *target)
{
    return strcmp(target->kind, "filesystem") == 0 || strcmp(target->kind, "repository") == 0;
}

int findings_target_error(struct findings *findings, size_t target, const struct arc_error *problem,
                          struct arc_error *err)
{
    ARC_TRY(arc_error_memory(problem->code, err));
    findings->targets[target].error = findings_string(findings, arc_error_text(problem));
    return arc_error_unless(!findings->failed, err);
}

const struct scan_target *findings_next_target(const struct findings *findings,
                                               const struct finding *finding,
                                               const struct scan_target *after)
{
    unsigned next = after ? after->next : finding->first + 1;
    for (; next; next = findings->targets[next - 1].next)
        if (finding->targets >> findings->targets[next - 1].bit & 1)
            return &findings->targets[next - 1];
    return NULL;
}

/* Pooled strings are equal only if they are the same pointer. */
static int compare_text(const char *a, const char *b)
{
    return a == b ? 0 : strcmp(a, b);
}

static int compare_number(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_same(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;

    ARC_TRY(compare_text(a->service, b->service)); /* the first difference decides */
    ARC_TRY(compare_text(a->id, b->id));
    ARC_TRY(compare_number(a->kind, b->kind));
    ARC_TRY(compare_text(a->package, b->package));
    ARC_TRY(compare_text(a->place, b->place));
    ARC_TRY(compare_text(a->installed, b->installed));
    ARC_TRY(compare_number(a->line, b->line));
    ARC_TRY(compare_text(a->resource, b->resource));
    ARC_TRY(compare_text(a->message, b->message));
    return compare_number(a->offset, b->offset);
}

/* Sorts equal findings by target, so that the second of one platform is joined with the second of
 * the next. */
static int compare_joined(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    ARC_TRY(compare_same(a, b));
    return compare_number(a->targets, b->targets);
}

static int compare_shown(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    ARC_TRY(compare_number(b->severity, a->severity));
    return compare_same(a, b);
}

/* The place must not contain the image's name and tag, or every release would have new findings. In
 * a folder it is the path from the repository's root. */
static const char *find_place(struct findings *findings, const struct finding *finding)
{
    const struct scan_result *result = &findings->results[finding->result];
    const struct scan_target *target = findings_next_target(findings, finding, NULL);
    const char *place = arc_text_or(finding->place, result->target);
    bool os = strcmp(result->class, "os-pkgs") == 0 && *result->type;

    if (os && !*finding->place)
        return result->type;
    if (!findings_is_folder(target) && strcmp(place, target->artifact) == 0)
        return "image configuration"; /* its variables, the commands that built it */
    if (!findings_is_folder(target) || *place == '/')
        return place;

    ARC_AUTO(arc_buf) struct arc_buf full = {0}, text = {0};
    arc_buf_printf(&full, "%s/%s", target->prefix, place);
    arc_text_path(&text, arc_buf_text(&full));
    findings->failed |= full.failed || text.failed;

    return findings_string(findings, arc_buf_text(&text));
}

/* A vulnerability of a package counts once, however often it is listed; a setting or secret found
 * twice in a target counts twice. */
int findings_join(struct findings *findings, struct arc_error *err)
{
    struct finding *list = findings->list;
    size_t kept = 0, run = 0, nth = 0; /* `run`: start of equal findings */

    arc_each (finding, list, findings->count)
        finding->place = find_place(findings, finding);
    ARC_TRY_ALLOC(!findings->failed, err);

    if (findings->count)
        qsort(list, findings->count, sizeof *list, compare_joined);

    for (size_t i = 0; i < findings->count; i++) {
        bool same = kept && compare_same(&list[run], &list[i]) == 0;
        bool repeated =
            same && i && list[i].kind != VULNERABILITY && list[i].targets == list[i - 1].targets;
        nth = repeated ? nth + 1 : 0;
        if (!same)
            run = kept;
        if (run + nth == kept) {
            list[kept++] = list[i];
            continue;
        }

        struct finding *into = &list[run + nth];
        if (list[i].severity > into->severity)
            into->severity = list[i].severity;
        if (!*into->fixed)
            into->fixed = list[i].fixed;
        into->targets |= list[i].targets;
    }

    findings->count = kept;

    return ARC_OK;
}

void findings_sort(struct findings *findings)
{
    for (size_t t = 0; t < findings->target_count; t++)
        memset(findings->targets[t].counts, 0, sizeof findings->targets[t].counts);

    arc_each (finding, findings->list, findings->count) {
        const struct scan_target *target = NULL;
        while ((target = findings_next_target(findings, finding, target)))
            findings->targets[target - findings->targets].counts[finding->severity]++;
    }

    if (findings->count)
        qsort(findings->list, findings->count, sizeof *findings->list, compare_shown);
}

void findings_identity(const struct finding *finding, struct arc_buf *out)
{
    arc_buf_reset(out);
    arc_buf_printf(out, "%d\x1f%s\x1f%s\x1f%s\x1f%s", finding->kind, finding->id, finding->service,
                   finding->package, finding->place);
    if (*finding->resource)
        arc_buf_printf(out, "\x1f%s", finding->resource);
}
