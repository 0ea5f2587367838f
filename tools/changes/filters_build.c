#include "changes/filters_build.h"
#include "arcci/glob.h"
#include "base/text.h"
#include "dockerfile/inputs.h"

int arc_filters_add(struct arc_filters *filters, const char *name, struct arc_error *err)
{
    if (filters->count == ARC_FILTERS_MAX)
        return arc_error_set(err, ARC_ELIMIT, "more than %d filters", ARC_FILTERS_MAX);
    ARC_APPEND(&filters->memory, filters->items, filters->count, err,
               (struct arc_filter){.name = arc_arena_text(&filters->memory, name),
                                   .source = filters->name,
                                   .first = filters->rule_count});

    return arc_arena_check(&filters->memory, err);
}

int arc_filters_add_rule(struct arc_filters *filters, unsigned statuses, unsigned line,
                         unsigned column, struct arc_error *err)
{
    if (filters->rule_count == ARC_RULES_MAX)
        return arc_error_set(err, ARC_ELIMIT, "more than %d rules", ARC_RULES_MAX);
    ARC_APPEND(
        &filters->memory, filters->rules, filters->rule_count, err,
        (struct arc_rule){
            .statuses = statuses, .filter = filters->count - 1, .line = line, .column = column});
    filters->items[filters->count - 1].count++;
    return ARC_OK;
}

int arc_filters_add_pattern(struct arc_filters *filters, const char *pattern, struct arc_error *err)
{
    struct arc_rule *rule = &filters->rules[filters->rule_count - 1];
    unsigned id = (unsigned)(filters->rule_count - 1);

    if (!filters->globs)
        ARC_TRY(arc_glob_set_new(&filters->globs, err));
    ARC_TRY(arc_glob_set_add(filters->globs, pattern, strlen(pattern), id, err));
    rule->negated = false; /* of several patterns any may match */
    if (!rule->pattern_count && *pattern == '!') {
        ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
        ARC_TRY(arc_glob_compile(pattern, strlen(pattern), &glob, err));
        rule->negated = arc_glob_negated(glob);
    }
    ARC_APPEND(&filters->memory, rule->patterns, rule->pattern_count, err,
               arc_arena_text(&filters->memory, pattern));

    return arc_arena_check(&filters->memory, err);
}

size_t arc_filters_index(const struct arc_filters *filters, const char *name, size_t len)
{
    for (size_t i = 0; i < filters->count; i++)
        if (arc_text_is(name, len, filters->items[i].name))
            return i;
    return SIZE_MAX;
}

void arc_filters_free(struct arc_filters *filters)
{
    for (size_t i = 0; i < filters->rule_count; i++)
        arc_inputs_free(&filters->rules[i].inputs);
    arc_arena_free(&filters->memory);
    arc_glob_set_free(&filters->globs);
    json_decref(filters->warnings);
    *filters = (struct arc_filters){0};
}
