/* Merge keys and duplicate keys of a mapping. */
#include "yaml/internal.h"

/* A pair and its position among the others. */
struct entry {
    struct arc_yaml_pair pair;
    size_t position;
    bool dropped;
};

struct entries {
    struct arc_arena *memory;
    struct entry *list;
    size_t count;
};

static int add(struct entries *entries, struct arc_yaml_pair pair, struct arc_error *err)
{
    size_t position = entries->count;
    ARC_APPEND(entries->memory, entries->list, entries->count, err,
               (struct entry){pair, position, false});
    return ARC_OK;
}

/* Merges what a `<<` names: a mapping, or each of a list. */
static int merge(struct arc_yaml_node *map, struct entries *out, const struct arc_yaml_node *value,
                 struct arc_error *err)
{
    const struct arc_yaml_node *source;

    for (size_t i = 0; (source = arc_yaml_entry(value, i)); i++) {
        if (source->type != ARC_YAML_MAP)
            return arc_yaml_error(source, err, "'<<' can only merge mappings, this is %s",
                                  arc_yaml_type_name(source));

        ARC_TRY(arc_yaml_weigh(map, source, map->line, map->column, err));
        arc_yaml_each_pair (given, source) {
            struct arc_yaml_pair pair = *given;
            pair.merged = true;
            ARC_TRY(add(out, pair, err));
        }
    }

    return ARC_OK;
}

static int compare_keys(const struct entry *a, const struct entry *b)
{
    const struct arc_yaml_node *k = a->pair.key, *l = b->pair.key;
    return arc_text_compare(k->text, k->len, l->text, l->len);
}

static int by_key(const void *a, const void *b)
{
    const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
    return arc_or(compare_keys(x, y), (x->position > y->position) - (x->position < y->position));
}

/* Settles a run of equal keys in the order of the file: one of them stays, in the place of the
 * first. */
static int settle(struct entry **run, size_t count, struct arc_error *err)
{
    struct arc_yaml_pair winner = run[0]->pair;

    for (size_t i = 1; i < count; i++) {
        run[i]->dropped = true;
        if (run[i]->pair.merged)
            continue;
        if (!winner.merged) {
            ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 2048};
            arc_text_visible(&shown, run[i]->pair.key->text, ARC_MIN(run[i]->pair.key->len, 120));
            return arc_yaml_error(run[i]->pair.key, err,
                                  "the key '%s' is here twice, first on line %u",
                                  arc_buf_text(&shown), winner.key->line);
        }
        winner = run[i]->pair;
    }

    run[0]->pair = winner;

    return ARC_OK;
}

int arc_yaml_map_finish(struct arc_yaml_node *map, struct arc_arena *arena, struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct entries entries = {.memory = &memory};

    arc_yaml_each_pair (pair, map)
        if (pair->key->merge_key)
            ARC_TRY(merge(map, &entries, pair->value, err));
        else
            ARC_TRY(add(&entries, *pair, err));

    struct entry **sorted = arc_arena_array(&memory, entries.count, sizeof *sorted);
    ARC_TRY_ALLOC(sorted, err);
    for (size_t i = 0; i < entries.count; i++)
        sorted[i] = &entries.list[i];
    qsort(sorted, entries.count, sizeof *sorted, by_key);

    for (size_t i = 0, end; i < entries.count; i = end) {
        for (end = i + 1; end < entries.count && compare_keys(sorted[i], sorted[end]) == 0;)
            end++;
        ARC_TRY(settle(sorted + i, end - i, err));
    }

    struct arc_yaml_pair *pairs = arc_arena_array(arena, entries.count, sizeof *pairs);
    ARC_TRY_ALLOC(pairs, err);
    map->pairs = pairs;
    map->count = 0;

    for (size_t i = 0; i < entries.count; i++)
        if (!entries.list[i].dropped)
            pairs[map->count++] = entries.list[i].pair;

    return ARC_OK;
}
