/* Merge keys and duplicate keys of a mapping. */
#include "yaml/internal.h"

/* Merges what a `<<` names: a mapping, or each of a list. */
static int merge(struct arc_yaml_node *map, struct arc_arena *arena,
                 const struct arc_yaml_node *value, struct arc_error *err)
{
    const struct arc_yaml_node *source;

    for (size_t i = 0; (source = arc_yaml_entry(value, i)); i++) {
        if (source->type != ARC_YAML_MAP)
            return arc_yaml_error(source, err, "'<<' can only merge mappings, this is %s",
                                  arc_yaml_type_name(source));

        ARC_TRY(arc_yaml_weigh(map, source, map->line, map->column, err));
        arc_yaml_each_pair (given, source)
            ARC_APPEND(arena, map->pairs, map->count, err,
                       (struct arc_yaml_pair){given->key, given->value, .merged = true});
    }

    return ARC_OK;
}

static int compare_keys(const struct arc_yaml_pair *a, const struct arc_yaml_pair *b)
{
    return arc_text_compare(a->key->text, a->key->len, b->key->text, b->key->len);
}

/* Equal keys in the order of the file, which is that of the pairs in memory. */
static int by_key(const void *a, const void *b)
{
    const struct arc_yaml_pair *x = *(struct arc_yaml_pair *const *)a;
    const struct arc_yaml_pair *y = *(struct arc_yaml_pair *const *)b;
    return arc_or(compare_keys(x, y), (x > y) - (x < y));
}

/* Settles a run of equal keys in the order of the file: one of them stays, in the place of the
 * first; the others lose their keys. */
static int settle(struct arc_yaml_pair **run, size_t count, struct arc_error *err)
{
    struct arc_yaml_pair winner = *run[0];

    for (size_t i = 1; i < count; i++) {
        struct arc_yaml_pair pair = *run[i];
        run[i]->key = NULL;
        if (pair.merged)
            continue;
        if (!winner.merged) {
            ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 2048};
            arc_text_visible(&shown, pair.key->text, ARC_MIN(pair.key->len, 120));
            return arc_yaml_error(pair.key, err, "the key '%s' is here twice, first on line %u",
                                  arc_buf_text(&shown), winner.key->line);
        }
        winner = pair;
    }

    *run[0] = winner;

    return ARC_OK;
}

int arc_yaml_map_finish(struct arc_yaml_node *map, struct arc_arena *arena, struct arc_error *err)
{
    const struct arc_yaml_node given = *map;

    map->pairs = NULL;
    map->count = 0;
    arc_yaml_each_pair (pair, &given)
        if (pair->key->merge_key)
            ARC_TRY(merge(map, arena, pair->value, err));
        else
            ARC_APPEND(arena, map->pairs, map->count, err, *pair);

    size_t count = map->count, kept = 0;
    ARC_AUTO_FREE struct arc_yaml_pair **sorted = calloc(count + 1, sizeof *sorted);
    ARC_TRY_ALLOC(sorted, err);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &map->pairs[i];
    qsort(sorted, count, sizeof *sorted, by_key);

    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && compare_keys(sorted[i], sorted[end]) == 0;)
            end++;
        ARC_TRY(settle(sorted + i, end - i, err));
    }

    for (size_t i = 0; i < count; i++)
        if (map->pairs[i].key)
            map->pairs[kept++] = map->pairs[i];
    map->count = kept;

    return ARC_OK;
}
