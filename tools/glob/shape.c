#include "glob/shape.h"
#include "base/room.h"
#include "base/text.h"
#include "glob/pattern.h"
#include "glob/table.h"
#include <limits.h>

struct glob_shaped {
    char *text; /* the pattern; owned, except for a group */
    size_t len;
    enum glob_shape shape;
    unsigned id;     /* for a group its number */
    size_t dir_len;  /* length of the directory or path, with which the text starts */
    const char *end; /* the name, or the endings "c" or "c,h"; within the text */
    size_t end_len;
    uint64_t hash; /* of the directory, or of the name's last segment */
    uint32_t next; /* in its chain: index in `list` + 1, or 0 */
};

/* ---- shapes -------------------------------------------------------------------------------- */

static bool is_literal(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!glob_means_itself(text[i]))
            return false;
    return glob_plain_path(text, len);
}

/* Sets the endings from "c" or "{c,h}"; returns whether `text` is valid. */
static bool take_endings(struct glob_shaped *out, const char *text, size_t len)
{
    bool braces = len > 2 && text[0] == '{' && text[len - 1] == '}';
    size_t from = braces, to = len - braces, commas = 0;

    for (size_t i = from; i < to; i++) {
        bool comma = braces && text[i] == ',' && i > from && i + 1 < to && text[i - 1] != ',';
        if (!comma && (strchr("./ ", text[i]) || !glob_means_itself(text[i])))
            return false;
        commas += comma;
    }

    out->shape = GLOB_SHAPE_ENDING;
    out->end = text + from;
    out->end_len = to - from;

    return to > from && braces == (commas > 0);
}

static bool take_shape(struct glob_shaped *out)
{
    const char *text = out->text;
    size_t len = out->len, stars = 0;

    /* Find the first star, and whether it starts a segment with a second one. */
    while (stars < len && text[stars] != '*')
        stars++;
    bool whole = stars + 1 < len && text[stars + 1] == '*' && (!stars || text[stars - 1] == '/');

    if (!whole) {
        out->shape = GLOB_SHAPE_PATH;
        out->dir_len = len;
        return is_literal(text, len);
    }

    const char *rest = text + stars + 2;
    size_t rest_len = len - stars - 2;
    out->dir_len = stars ? stars - 1 : 0;
    if (stars && !is_literal(text, out->dir_len))
        return false;

    if (!rest_len) {
        out->shape = GLOB_SHAPE_BELOW;
        return true;
    }

    if (rest_len > 3 && rest[0] == '/' && rest[1] == '*' && rest[2] == '.')
        return take_endings(out, rest + 3, rest_len - 3);
    out->shape = GLOB_SHAPE_NAME;
    out->end = rest + 1;
    out->end_len = rest_len - 1;

    return !stars && *rest == '/' && is_literal(out->end, out->end_len);
}

bool glob_shapes_add(struct glob_shapes *shapes, const char *pattern, size_t len, unsigned id,
                     bool *added)
{
    *added = false;
    if (len == 0 || len > ARC_GLOB_MAX)
        return true;
    if (!arc_room(&shapes->list, shapes->count, sizeof *shapes->list))
        return false;
    struct glob_shaped *shaped = &shapes->list[shapes->count];
    *shaped = (struct glob_shaped){.text = malloc(len), .len = len, .id = id};
    if (!shaped->text)
        return false;
    memcpy(shaped->text, pattern, len);
    *added = take_shape(shaped);
    if (*added)
        shapes->count++;
    else
        free(shaped->text);

    return true;
}

bool glob_shapes_add_group(struct glob_shapes *shapes, const char *prefix, size_t len,
                           unsigned group)
{
    if (!arc_room(&shapes->list, shapes->count, sizeof *shapes->list))
        return false;
    shapes->list[shapes->count++] = (struct glob_shaped){
        .text = (char *)prefix, .dir_len = len, .id = group, .shape = GLOB_SHAPE_GROUP};
    return true;
}

void glob_shapes_free(struct glob_shapes *shapes)
{
    for (size_t i = 0; i < shapes->count; i++)
        if (shapes->list[i].shape != GLOB_SHAPE_GROUP)
            free(shapes->list[i].text);
    free(shapes->list);
    free(shapes->dirs);
    free(shapes->names);
    free(shapes->anywhere);
    *shapes = (struct glob_shapes){0};
}

/* ---- tables -------------------------------------------------------------------------------- */

static int by_dir(const void *a, const void *b)
{
    const struct glob_shaped *x = a, *y = b;
    return arc_text_compare(x->text, x->dir_len, y->text, y->dir_len);
}

bool glob_shapes_prepare(struct glob_shapes *shapes, size_t words)
{
    if (shapes->dirs)
        return true;
    shapes->words = words;
    shapes->table_size = 16;
    while (shapes->table_size < shapes->count * 2)
        shapes->table_size *= 2;
    shapes->names = calloc(shapes->table_size, sizeof *shapes->names);
    shapes->anywhere = calloc(words, sizeof *shapes->anywhere);
    shapes->dirs = calloc(shapes->table_size, sizeof *shapes->dirs);
    if (!shapes->names || !shapes->anywhere || !shapes->dirs)
        return false;
    if (shapes->count)
        qsort(shapes->list, shapes->count, sizeof *shapes->list, by_dir);

    for (size_t i = 0; i < shapes->count; i++) {
        struct glob_shaped *shaped = &shapes->list[i];
        bool name = shaped->shape == GLOB_SHAPE_NAME;
        size_t len = shaped->dir_len;
        const char *key = shaped->text;
        if (name) { /* the name's last segment */
            for (len = 0; len < shaped->end_len; len++)
                if (shaped->end[shaped->end_len - len - 1] == '/')
                    break;
            key = shaped->end + shaped->end_len - len;
        }
        shaped->hash = glob_hash(key, len);
        if (shaped->dir_len > shapes->longest)
            shapes->longest = shaped->dir_len;
        uint32_t *first =
            (name ? shapes->names : shapes->dirs) + glob_place(shaped->hash, shapes->table_size);
        shaped->next = *first;
        *first = (uint32_t)i + 1;
        if (name)
            glob_set_bit(shapes->anywhere, shaped->id);
    }

    return true;
}

/* ---- matching ------------------------------------------------------------------------------ */

bool glob_lookup_init(struct glob_lookup *lookup, const struct glob_shapes *shapes)
{
    lookup->below = calloc(shapes->words, sizeof *lookup->below);
    lookup->some = calloc(shapes->count + 1, sizeof(struct glob_shaped *));
    lookup->slow = calloc(shapes->count + 1, sizeof(struct arc_glob *));
    lookup->count = shapes->count;
    return lookup->below && lookup->some && lookup->slow;
}

void glob_lookup_free(struct glob_lookup *lookup)
{
    for (size_t i = 0; lookup->slow && i < lookup->count; i++)
        arc_glob_free(&lookup->slow[i]);
    free(lookup->slow);
    free(lookup->some);
    free(lookup->below);
    arc_buf_free(&lookup->dir);
}

/* Whether lookups are exact for a segment. `*` and `{` may be a pattern's own text, and two stars
 * do not cross line breaks (E2 starts U+2028 and U+2029): automata decide about these. */
static bool is_plain(const char *segment, size_t len)
{
    static const bool special[UCHAR_MAX + 1] = {
        ['*'] = true, ['{'] = true, ['\n'] = true, ['\r'] = true, [0xe2] = true, ['\0'] = true};

    for (size_t i = 0; i < len; i++)
        if (special[(unsigned char)segment[i]])
            return false;

    return len && (segment[0] != '.' || (len > 1 && (len > 2 || segment[1] != '.')));
}

/* Adds the patterns for the directory `dir` of `len` bytes to `lookup`. */
static void note_dir(const struct glob_shapes *shapes, struct glob_lookup *lookup, const char *dir,
                     size_t len, uint64_t hash)
{
    for (uint32_t at = shapes->dirs[glob_place(hash, shapes->table_size)]; at;) {
        const struct glob_shaped *shaped = &shapes->list[at - 1];
        at = shaped->next;
        if (shaped->hash != hash || shaped->shape == GLOB_SHAPE_PATH || shaped->dir_len != len ||
            memcmp(shaped->text, dir, len) != 0)
            continue;
        if (shaped->shape == GLOB_SHAPE_BELOW)
            glob_set_bit(lookup->below, shaped->id);
        else
            lookup->some[lookup->some_count++] = shaped;
    }
}

/* Looks up the patterns for a directory and those above it, unless it was the last one looked
 * up. */
static void enter(const struct glob_shapes *shapes, struct glob_lookup *lookup, const char *dir,
                  size_t len)
{
    uint64_t hash = GLOB_HASH_START;

    if (lookup->known && lookup->dir.len == len && memcmp(lookup->dir.data, dir, len) == 0)
        return;
    arc_buf_reset(&lookup->dir);
    arc_buf_add(&lookup->dir, dir, len);
    lookup->known = !lookup->dir.failed; /* out of memory: slower, but right */
    lookup->plain = true;
    lookup->some_count = 0;
    memset(lookup->below, 0, shapes->words * sizeof *lookup->below);

    note_dir(shapes, lookup, dir, 0, hash);

    for (size_t start = 0, end; len && start <= len; start = end + 1) {
        const char *slash = memchr(dir + start, '/', len - start);
        end = slash ? (size_t)(slash - dir) : len;
        lookup->plain &= is_plain(dir + start, end - start);
        for (size_t i = start ? start - 1 : 0; i < end; i++)
            hash = glob_hash_byte(hash, dir[i]);
        note_dir(shapes, lookup, dir, end, hash);
    }

    lookup->hash = len ? glob_hash_byte(hash, '/') : hash;
}

/* Whether the name ends with one of the endings. */
static bool has_ending(const struct glob_shaped *shaped, const char *name, size_t len)
{
    for (size_t at = 0; at < shaped->end_len;) {
        const char *comma = memchr(shaped->end + at, ',', shaped->end_len - at);
        size_t end = comma ? (size_t)(comma - shaped->end) - at : shaped->end_len - at;
        if (len > end && name[len - end - 1] == '.' &&
            memcmp(name + len - end, shaped->end + at, end) == 0)
            return true;
        at += end + 1;
    }

    return false;
}

/* Adds a matching pattern to `ids`, or a group to `met`. Returns true for a pattern. */
static bool note_hit(const struct glob_shaped *shaped, uint64_t *ids, uint64_t *met)
{
    bool group = shaped->shape == GLOB_SHAPE_GROUP;
    glob_set_bit(group ? met : ids, shaped->id);
    return !group;
}

/* Matches the patterns one by one, with automata. If memory runs out for one, it counts as
 * matching, so that no change is missed. */
static bool match_slowly(const struct glob_shapes *shapes, struct arc_glob **slow, const char *path,
                         size_t len, uint64_t *ids, uint64_t *met)
{
    bool any = false;

    for (size_t i = 0; i < shapes->count; i++) {
        const struct glob_shaped *shaped = &shapes->list[i];
        if (!slow[i] && shaped->shape != GLOB_SHAPE_GROUP)
            arc_glob_compile(shaped->text, shaped->len, &slow[i], NULL);
        if (!slow[i] || arc_glob_match(slow[i], path, len))
            any |= note_hit(shaped, ids, met);
    }

    return any;
}

/* Matches the file `name` in the directory of `lookup`. */
static bool match_dir(const struct glob_shapes *shapes, const struct glob_lookup *lookup,
                      const char *name, size_t len, uint64_t *ids, uint64_t *met)
{
    uint64_t any = 0;

    for (size_t i = 0; i < shapes->words; i++)
        any |= ids[i] |= lookup->below[i];

    for (size_t i = 0; i < lookup->some_count; i++) {
        const struct glob_shaped *shaped = lookup->some[i];
        if (shaped->shape == GLOB_SHAPE_GROUP || has_ending(shaped, name, len))
            any |= note_hit(shaped, ids, met);
    }

    return any != 0;
}

static bool match_name(const struct glob_shapes *shapes, const char *path, size_t len,
                       uint64_t hash, uint64_t *ids)
{
    bool any = false;

    for (uint32_t at = shapes->names[glob_place(hash, shapes->table_size)]; at;) {
        const struct glob_shaped *shaped = &shapes->list[at - 1];
        size_t before = len - shaped->end_len;
        at = shaped->next;
        if (shaped->hash != hash || len < shaped->end_len ||
            memcmp(path + before, shaped->end, shaped->end_len) != 0 ||
            (before && path[before - 1] != '/'))
            continue;
        glob_set_bit(ids, shaped->id);
        any = true;
    }

    return any;
}

bool glob_shapes_match(const struct glob_shapes *shapes, struct glob_lookup *lookup,
                       const char *path, size_t len, uint64_t *ids, uint64_t *met)
{
    size_t start = len;

    if (!shapes->count)
        return false;
    while (start && path[start - 1] != '/')
        start--;
    enter(shapes, lookup, path, start ? start - 1 : 0);
    if (start == 1 || !lookup->plain || !is_plain(path + start, len - start))
        return match_slowly(shapes, lookup->slow, path, len, ids, met);

    uint64_t whole = lookup->hash, name = GLOB_HASH_START;
    for (size_t i = start; i < len; i++) {
        whole = glob_hash_byte(whole, path[i]);
        name = glob_hash_byte(name, path[i]);
    }

    bool any = match_dir(shapes, lookup, path + start, len - start, ids, met);

    /* Patterns for this path, or for it and everything below. */
    for (uint32_t at = shapes->dirs[glob_place(whole, shapes->table_size)]; at;) {
        const struct glob_shaped *shaped = &shapes->list[at - 1];
        at = shaped->next;
        if (shaped->hash == whole && shaped->shape != GLOB_SHAPE_ENDING && shaped->dir_len == len &&
            memcmp(shaped->text, path, len) == 0)
            any |= note_hit(shaped, ids, met);
    }

    return match_name(shapes, path, len, name, ids) || any;
}

/* ---- directories --------------------------------------------------------------------------- */

bool glob_shapes_below(const struct glob_shapes *shapes, struct glob_lookup *lookup,
                       const char *dir, size_t len, uint64_t *some, uint64_t *all, uint64_t *met)
{
    uint64_t any = 0;

    enter(shapes, lookup, dir, len);

    for (size_t i = 0; i < shapes->words; i++) {
        if (all)
            all[i] |= lookup->below[i];
        any |= some[i] |= shapes->anywhere[i] | lookup->below[i];
    }

    for (size_t i = 0; i < lookup->some_count; i++)
        any |= note_hit(lookup->some[i], some, met);

    /* Find the first pattern whose directory does not sort before this one. */
    size_t low = len < shapes->longest ? 0 : shapes->count, high = shapes->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct glob_shaped *shaped = &shapes->list[middle];
        if (arc_text_compare(shaped->text, shaped->dir_len, dir, len) < 0)
            low = middle + 1;
        else
            high = middle;
    }

    for (; low < shapes->count; low++) {
        const struct glob_shaped *shaped = &shapes->list[low];
        if (shaped->dir_len < len || memcmp(shaped->text, dir, len) != 0)
            break;
        if (shaped->dir_len > len && (len == 0 || shaped->text[len] == '/'))
            any |= note_hit(shaped, some, met);
    }

    return any != 0;
}
