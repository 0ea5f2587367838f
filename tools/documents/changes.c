#include "base/json.h"
#include "base/text.h"
#include "documents/record.h"

static int refuse(const char *filter, const char *member, const char *expected,
                  struct arc_error *err)
{
    return arc_error_set(err, ARC_EINPUT, "changes.json: filters.%.60s.%s is not %s", filter,
                         member, expected);
}

static int read_filters(const json_t *filters, struct arc_changes_info *out, struct arc_error *err)
{
    struct arc_arena *memory = &out->memory;

    if (!json_is_object(filters))
        return arc_error_set(err, ARC_EINPUT,
                             "the changes have no filters: 'arc-ci changes --json' prints them");

    out->filters = arc_arena_array(memory, json_object_size(filters) + 1, sizeof *out->filters);
    ARC_TRY_ALLOC(out->filters, err);

    arc_json_each_pair (name, filter, filters) {
        struct arc_changed_filter *read = &out->filters[out->filter_count++];
        const json_t *matched = json_object_get(filter, "matched");
        const json_t *count = json_object_get(filter, "count");
        const json_t *first = json_array_get(json_object_get(filter, "files"), 0);

        if (!json_is_boolean(matched))
            return refuse(name, "matched", "true or false", err);
        if (count && (!json_is_integer(count) || json_integer_value(count) < 0))
            return refuse(name, "count", "a whole number, 0 or more", err);

        read->name = arc_arena_text(memory, name);
        read->matched = json_is_true(matched);
        read->count = json_integer_value(count);
        read->base = arc_arena_text(memory, json_string_value(json_object_get(filter, "base")));
        read->reason = arc_arena_text(memory, json_string_value(json_object_get(filter, "reason")));
        read->path = first ? arc_arena_text(memory, arc_json_text_of(first, "path")) : NULL;
        read->rule = first ? arc_arena_text(memory, arc_json_text_of(first, "rule")) : NULL;
    }

    return arc_arena_check(memory, err);
}

int arc_changes_read(const json_t *json, struct arc_changes_info *out, struct arc_error *err)
{
    *out = (struct arc_changes_info){0};
    ARC_TRY(arc_document_check(json, "changes", err));
    out->own = arc_json_says(json, "base-kind", "own");
    out->base = arc_arena_text(&out->memory, json_string_value(json_object_get(json, "base")));
    out->head = arc_arena_text(&out->memory, json_string_value(json_object_get(json, "head")));
    return arc_or_free(arc_changes_info, out,
                       read_filters(json_object_get(json, "filters"), out, err));
}

void arc_changes_info_free(struct arc_changes_info *changes)
{
    arc_document_free(changes, sizeof *changes);
}

const struct arc_changed_filter *arc_changed_filter(const struct arc_changes_info *changes,
                                                    const char *name)
{
    return changes ? arc_find(changes->filters, changes->filter_count, name, name) : NULL;
}
