/* Makes changes.json from a result. */
#include "base/json.h"
#include "base/text.h"
#include "changes/list.h"
#include "dockerfile/inputs.h"

static json_t *utf8_string(const char *text, size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf valid = {0};
    if (arc_utf8_valid(text, len))
        return json_stringn_nocheck(text, len);
    arc_list_add_utf8(&valid, text, len);
    return arc_json_buf(&valid);
}

static json_t *hit_document(const struct arc_changes *changes, size_t filter,
                            const struct arc_filter_hit *hit)
{
    const struct arc_changed_file *file = &changes->files[hit->file];
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    /* A rule as written: statuses in its text, and its patterns. */
    if (changes->filters->items[filter].count) {
        const struct arc_rule *rule = &changes->filters->rules[hit->rule];
        const struct arc_input *input =
            rule->inputs ? arc_inputs_find(rule->inputs, file->path, file->len) : NULL;
        if (input)
            arc_buf_puts(&text, input->what);
        for (size_t i = 0; !input && i < rule->pattern_count; i++)
            arc_text_item(&text, " ", "%s", rule->patterns[i]);
    }

    json_t *out = json_pack("{s:o, s:s, s:o}", "path", utf8_string(file->path, file->len), "status",
                            arc_list_status(file), "rule",
                            text.failed ? NULL : utf8_string(arc_buf_text(&text), text.len));
    if (out && file->previous)
        arc_json_put(&out, "previous", utf8_string(file->previous, strlen(file->previous)));
    return out;
}

int arc_changes_document(const struct arc_changes *changes, json_t **out, struct arc_error *err)
{
    static const char *const kinds[] = {
        [ARC_BASE_COMMITS] = "commits",   [ARC_BASE_EVERYTHING] = "everything",
        [ARC_BASE_WORKTREE] = "worktree", [ARC_BASE_PULL_REQUEST] = "pull-request",
        [ARC_BASE_OWN] = "own",
    };
    ARC_AUTO_JSON json_t *filters = json_object(), *matching = json_array();
    const struct arc_filters *all = changes->filters;

    for (size_t i = 0; i < all->count; i++) {
        const char *name = all->items[i].name;
        const struct arc_filter_result *result = &changes->results[i];
        json_t *files = json_array();
        for (size_t k = 0; files && result->hits && k < result->count; k++)
            arc_json_push(&files, hit_document(changes, i, &result->hits[k]));

        /* not json_pack()'s "s*", which also leaves out what memory ran out for */
        json_t *document = json_pack("{s:b, s:I, s:o}", "matched", result->matched, "count",
                                     (json_int_t)result->count, "files", files);
        if (result->reason)
            arc_json_put(&document, "reason", json_string(result->reason));
        if (arc_text_or(result->base, NULL))
            arc_json_put(&document, "base", json_string(result->base));
        ARC_TRY(arc_json_set(filters, name, document, err));
        if (result->matched)
            ARC_TRY(arc_json_append(matching, json_string(name), err));
    }

    *out = json_pack("{s:s, s:i, s:s, s:s?, s:s, s:s, s:s?, s:s, s:b, s:O, s:O, s:O}", "document",
                     "changes", "format", ARC_DOCUMENT_FORMAT, "event", changes->event, "base",
                     arc_text_or(changes->base, NULL), "base-kind", kinds[changes->base_kind],
                     "base-reason", changes->base_reason, "head", arc_text_or(changes->head, NULL),
                     "head-reason", changes->head_reason, "any", arc_changes_any(changes),
                     "changes", matching, "filters", filters, "warnings", changes->warnings);
    return arc_error_unless(*out, err);
}
