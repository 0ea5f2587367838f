/* Sets of patterns. Most have a shape that needs no automaton, because it allows a lookup by a
 * path's directories or its name. The others share one automaton per literal prefix, which is looked
 * up as well, so patterns for other directories cost nothing. */
#include "base/room.h"
#include "base/text.h"
#include "glob/dfa.h"
#include "glob/pattern.h"
#include <limits.h>

#define ID_MAX 65535

/* The most patterns of one automaton, since the numbers of their states multiply. At most 64: the
 * result must fit in one word. */
#define TOGETHER_MAX 8

/* Bytes of cached states of all automata of a matcher together, but at least BUDGET_MIN each. */
#define BUDGET     ((size_t)16 << 20)
#define BUDGET_MIN ((size_t)64 << 10)

enum shape {
    SHAPE_PATH,   /* a/b.c: this path */
    SHAPE_BELOW,  /* a/b and two stars: this path and everything below */
    SHAPE_NAME,   /* two stars and a name: this name in any directory */
    SHAPE_ENDING, /* a/b, two stars, and a star with endings: .c, .{c,h} */
    SHAPE_GROUP,  /* a/b: a group of the set's patterns with this prefix, for automata */
};

struct shaped {
    char *text; /* the pattern; owned, except for a group */
    size_t len;
    enum shape shape;
    unsigned id;     /* for a group its number */
    size_t dir_len;  /* length of the directory or path, with which the text starts */
    const char *end; /* the name, or the endings "c" or "c,h"; within the text */
    size_t end_len;
    uint64_t hash; /* of the directory, or of the name's last segment */
    uint32_t next; /* in its chain: index in `shapes` + 1, or 0 */
};

struct entry {
    struct glob_pattern pattern;
    unsigned id;
};

/* Up to TOGETHER_MAX patterns with the same literal prefix. */
struct group {
    const char *prefix; /* of its first pattern */
    size_t prefix_len;
    size_t first, count;         /* in `entries`, which are sorted by prefix */
    struct arc_program *program; /* `joined`, or the own program of a single pattern */
    struct arc_program joined;
};

struct arc_glob_set {
    struct shaped *shapes; /* patterns that need no automaton, and the groups of the others; sorted
                              by directory once the set is prepared */
    size_t shape_count;
    uint32_t *dirs;  /* hash table by directory: index in `shapes` + 1 of a chain's first, or 0 */
    uint32_t *names; /* the same for SHAPE_NAME, by the name's last segment */
    size_t table_size;
    size_t longest;        /* length of the longest directory */
    uint64_t *anywhere;    /* bitmap of the ids that may match below any directory */
    struct entry *entries; /* sorted by prefix once the set is prepared */
    size_t entry_count;
    struct group *groups;
    size_t group_count;
    size_t words; /* length of a bitmap of ids */
    size_t nodes; /* of the largest program */
};

struct arc_glob_matcher {
    const struct arc_glob_set *set;
    struct arc_dfa *dfas; /* one per group */
    uint64_t *met;        /* bitmap of the groups that a lookup found */
    struct arc_reach reach;
    /* The last directory that was looked up, since paths come directory by directory. */
    struct arc_buf dir; /* without a slash at its end */
    uint64_t hash;      /* of `dir` and a slash */
    bool known;
    bool plain;                 /* its name needs no automaton */
    uint64_t *below;            /* bitmap of the ids that match everything in it */
    const struct shaped **some; /* the patterns that may match something in it */
    size_t some_count;
    /* By index in set->shapes: compiled patterns, for paths where a lookup is not exact. NULL until
     * needed. */
    struct arc_glob **slow;
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
static bool take_endings(struct shaped *out, const char *text, size_t len)
{
    bool braces = len > 2 && text[0] == '{' && text[len - 1] == '}';
    size_t from = braces, to = len - braces, commas = 0;

    for (size_t i = from; i < to; i++) {
        bool comma = braces && text[i] == ',' && i > from && i + 1 < to && text[i - 1] != ',';
        if (!comma && (strchr("./ ", text[i]) || !glob_means_itself(text[i])))
            return false;
        commas += comma;
    }

    out->shape = SHAPE_ENDING;
    out->end = text + from;
    out->end_len = to - from;

    return to > from && braces == (commas > 0);
}

static bool take_shape(struct shaped *out)
{
    const char *text = out->text;
    size_t len = out->len, stars = 0;

    /* Find the first star, and whether it starts a segment with a second one. */
    while (stars < len && text[stars] != '*')
        stars++;
    bool whole = stars + 1 < len && text[stars + 1] == '*' && (!stars || text[stars - 1] == '/');

    if (!whole) {
        out->shape = SHAPE_PATH;
        out->dir_len = len;
        return is_literal(text, len);
    }

    const char *rest = text + stars + 2;
    size_t rest_len = len - stars - 2;
    out->dir_len = stars ? stars - 1 : 0;
    if (stars && !is_literal(text, out->dir_len))
        return false;

    if (!rest_len) {
        out->shape = SHAPE_BELOW;
        return true;
    }

    if (rest_len > 3 && rest[0] == '/' && rest[1] == '*' && rest[2] == '.')
        return take_endings(out, rest + 3, rest_len - 3);
    out->shape = SHAPE_NAME;
    out->end = rest + 1;
    out->end_len = rest_len - 1;

    return !stars && *rest == '/' && is_literal(out->end, out->end_len);
}

/* ---- a set -------------------------------------------------------------------------------- */

int arc_glob_set_new(struct arc_glob_set **out, struct arc_error *err)
{
    struct arc_glob_set *set = calloc(1, sizeof *set);
    ARC_TRY_ALLOC(set, err);
    set->words = 1;
    *out = set;
    return 0;
}

static void groups_free(struct arc_glob_set *set)
{
    for (size_t i = 0; i < set->group_count; i++)
        arc_program_free(&set->groups[i].joined);
    free(set->groups);
    set->groups = NULL;
    set->group_count = 0;
}

void arc_glob_set_free(struct arc_glob_set **set)
{
    if (!*set)
        return;
    groups_free(*set);
    for (size_t i = 0; i < (*set)->shape_count; i++)
        if ((*set)->shapes[i].shape != SHAPE_GROUP)
            free((*set)->shapes[i].text);
    free((*set)->shapes);
    free((*set)->dirs);
    free((*set)->names);
    free((*set)->anywhere);
    for (size_t i = 0; i < (*set)->entry_count; i++)
        glob_pattern_free(&(*set)->entries[i].pattern);
    free((*set)->entries);
    free(*set);
    *set = NULL;
}

int arc_glob_set_add(struct arc_glob_set *set, const char *pattern, size_t len, unsigned id,
                     struct arc_error *err)
{
    if (id > ID_MAX)
        return arc_error_set(err, ARC_EINPUT, "a set of patterns takes ids up to %d, not %u",
                             ID_MAX, id);

    if (id / 64 + 1 > set->words)
        set->words = id / 64 + 1;

    if (len > 0 && len <= ARC_GLOB_MAX) {
        ARC_TRY_ALLOC(arc_room(&set->shapes, set->shape_count, sizeof *set->shapes), err);
        struct shaped *shaped = &set->shapes[set->shape_count];
        *shaped = (struct shaped){.text = malloc(len), .len = len, .id = id};
        ARC_TRY_ALLOC(shaped->text, err);
        memcpy(shaped->text, pattern, len);
        if (take_shape(shaped)) {
            set->shape_count++;
            return ARC_OK;
        }
        free(shaped->text);
    }

    ARC_TRY_ALLOC(arc_room(&set->entries, set->entry_count, sizeof *set->entries), err);
    struct entry *entry = &set->entries[set->entry_count];
    *entry = (struct entry){.id = id};
    int rc = glob_pattern_compile(&entry->pattern, pattern, len, err);
    if (rc) {
        glob_pattern_free(&entry->pattern);
        return rc;
    }

    if (entry->pattern.program.node_count > set->nodes)
        set->nodes = entry->pattern.program.node_count;
    set->entry_count++;

    return 0;
}

/* ---- tables -------------------------------------------------------------------------------- */

/* FNV-1a. */
#define GLOB_HASH_START 0xcbf29ce484222325u

static uint64_t glob_hash_byte(uint64_t hash, char byte)
{
    return (hash ^ (unsigned char)byte) * 0x100000001b3u;
}

static uint64_t glob_hash(const char *text, size_t len)
{
    uint64_t hash = GLOB_HASH_START;
    for (size_t i = 0; i < len; i++)
        hash = glob_hash_byte(hash, text[i]);
    return hash;
}

/* The slot in a table whose size is a power of two. Mixes in the high bits, which vary
 * more. */
static size_t glob_place(uint64_t hash, size_t size)
{
    return (hash ^ hash >> 32) & (size - 1);
}

static int by_dir(const void *a, const void *b)
{
    const struct shaped *x = a, *y = b;
    return arc_text_compare(x->text, x->dir_len, y->text, y->dir_len);
}

/* Builds the tables after the last addition. Returns false if out of memory. */
static bool make_tables(struct arc_glob_set *set)
{
    set->table_size = 16;
    while (set->table_size < set->shape_count * 2)
        set->table_size *= 2;
    set->names = calloc(set->table_size, sizeof *set->names);
    set->anywhere = calloc(set->words, sizeof *set->anywhere);
    set->dirs = calloc(set->table_size, sizeof *set->dirs);
    if (!set->names || !set->anywhere || !set->dirs)
        return false;
    if (set->shape_count)
        qsort(set->shapes, set->shape_count, sizeof *set->shapes, by_dir);

    for (size_t i = 0; i < set->shape_count; i++) {
        struct shaped *shaped = &set->shapes[i];
        bool name = shaped->shape == SHAPE_NAME;
        size_t len = shaped->dir_len;
        const char *key = shaped->text;
        if (name) { /* the name's last segment */
            for (len = 0; len < shaped->end_len; len++)
                if (shaped->end[shaped->end_len - len - 1] == '/')
                    break;
            key = shaped->end + shaped->end_len - len;
        }
        shaped->hash = glob_hash(key, len);
        if (shaped->dir_len > set->longest)
            set->longest = shaped->dir_len;
        uint32_t *first =
            (name ? set->names : set->dirs) + glob_place(shaped->hash, set->table_size);
        shaped->next = *first;
        *first = (uint32_t)i + 1;
        if (name)
            glob_set_bit(set->anywhere, shaped->id);
    }

    return true;
}

static int by_prefix(const void *a, const void *b)
{
    const struct glob_pattern *left = &((const struct entry *)a)->pattern;
    const struct glob_pattern *right = &((const struct entry *)b)->pattern;
    return arc_text_compare(left->prefix, left->prefix_len, right->prefix, right->prefix_len);
}

static int prepare(struct arc_glob_set *set, struct arc_error *err)
{
    if (set->entry_count)
        qsort(set->entries, set->entry_count, sizeof *set->entries, by_prefix);
    set->groups = calloc(set->entry_count + 1, sizeof *set->groups);
    ARC_TRY_ALLOC(set->groups, err);

    for (size_t i = 0; i < set->entry_count; i++) {
        const struct glob_pattern *pattern = &set->entries[i].pattern;
        struct group *group = set->groups + set->group_count - (set->group_count > 0);
        if (!group->count || group->count == TOGETHER_MAX ||
            arc_text_compare(group->prefix, group->prefix_len, pattern->prefix,
                             pattern->prefix_len)) {
            group = set->groups + set->group_count++;
            *group = (struct group){
                .prefix = pattern->prefix, .prefix_len = pattern->prefix_len, .first = i};
        }
        group->count++;
    }

    arc_each (group, set->groups, set->group_count) {
        group->program = &set->entries[group->first].pattern.program;
        if (group->count > 1) {
            group->program = &group->joined;
            for (size_t k = 0; k < group->count; k++)
                glob_pattern_add(&set->entries[group->first + k].pattern, &group->joined);
        }

        if (group->program->large)
            return arc_error_set(err, ARC_ELIMIT,
                                 "the patterns of the set are too large together: their automaton "
                                 "would have more than 1,048,576 nodes; use fewer or simpler ones");
        ARC_TRY_ALLOC(!group->program->failed, err);
    }

    for (size_t i = 0; i < set->group_count; i++) {
        ARC_TRY_ALLOC(arc_room(&set->shapes, set->shape_count, sizeof *set->shapes), err);
        set->shapes[set->shape_count++] = (struct shaped){.text = (char *)set->groups[i].prefix,
                                                          .dir_len = set->groups[i].prefix_len,
                                                          .id = (unsigned)i,
                                                          .shape = SHAPE_GROUP};
    }

    return arc_error_unless(make_tables(set), err);
}

int arc_glob_matcher_new(struct arc_glob_set *set, struct arc_glob_matcher **out,
                         struct arc_error *err)
{
    int code = set->groups ? ARC_OK : prepare(set, err);
    if (code) {
        groups_free(set);
        return code;
    }

    ARC_AUTO(arc_glob_matcher) struct arc_glob_matcher *matcher = calloc(1, sizeof *matcher);
    ARC_TRY_ALLOC(matcher, err);
    matcher->set = set;
    matcher->dfas = calloc(set->group_count + 1, sizeof *matcher->dfas);
    matcher->met = calloc(set->group_count / 64 + 1, sizeof *matcher->met);
    matcher->below = calloc(set->words, sizeof *matcher->below);
    matcher->some = calloc(set->shape_count + 1, sizeof(struct shaped *));
    matcher->slow = calloc(set->shape_count + 1, sizeof(struct arc_glob *));
    ARC_TRY_ALLOC(matcher->dfas && matcher->met && matcher->below && matcher->some &&
                      matcher->slow && arc_reach_init(&matcher->reach, set->nodes),
                  err);
    size_t budget = set->group_count ? BUDGET / set->group_count : 0;
    for (size_t i = 0; i < set->group_count; i++)
        ARC_TRY_ALLOC(
            arc_dfa_init(matcher->dfas + i, set->groups[i].program, ARC_MAX(budget, BUDGET_MIN)),
            err);
    *out = arc_steal(&matcher);

    return 0;
}

void arc_glob_matcher_free(struct arc_glob_matcher **matcher)
{
    if (!*matcher)
        return;
    for (size_t i = 0; (*matcher)->dfas && i < (*matcher)->set->group_count; i++)
        arc_dfa_free((*matcher)->dfas + i);
    for (size_t i = 0; (*matcher)->slow && i < (*matcher)->set->shape_count; i++)
        arc_glob_free(&(*matcher)->slow[i]);
    free((*matcher)->slow);
    free((*matcher)->some);
    free((*matcher)->below);
    arc_buf_free(&(*matcher)->dir);
    free((*matcher)->dfas);
    free((*matcher)->met);
    arc_reach_free(&(*matcher)->reach);
    free(*matcher);
    *matcher = NULL;
}

/* ---- matching ----------------------------------------------------------------------------- */

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

/* Adds the patterns for the directory `dir` of `len` bytes to the matcher. */
static void note_dir(struct arc_glob_matcher *matcher, const char *dir, size_t len, uint64_t hash)
{
    const struct arc_glob_set *set = matcher->set;

    for (uint32_t at = set->dirs[glob_place(hash, set->table_size)]; at;) {
        const struct shaped *shaped = &set->shapes[at - 1];
        at = shaped->next;
        if (shaped->hash != hash || shaped->shape == SHAPE_PATH || shaped->dir_len != len ||
            memcmp(shaped->text, dir, len) != 0)
            continue;
        if (shaped->shape == SHAPE_BELOW)
            glob_set_bit(matcher->below, shaped->id);
        else
            matcher->some[matcher->some_count++] = shaped;
    }
}

/* Looks up the patterns for a directory and those above it, unless it was the last one looked
 * up. */
static void enter(struct arc_glob_matcher *matcher, const char *dir, size_t len)
{
    uint64_t hash = GLOB_HASH_START;

    if (matcher->known && matcher->dir.len == len && memcmp(matcher->dir.data, dir, len) == 0)
        return;
    arc_buf_reset(&matcher->dir);
    arc_buf_add(&matcher->dir, dir, len);
    matcher->known = !matcher->dir.failed; /* out of memory: slower, but right */
    matcher->plain = true;
    matcher->some_count = 0;
    memset(matcher->below, 0, matcher->set->words * sizeof *matcher->below);

    note_dir(matcher, dir, 0, hash);

    for (size_t start = 0, end; len && start <= len; start = end + 1) {
        const char *slash = memchr(dir + start, '/', len - start);
        end = slash ? (size_t)(slash - dir) : len;
        matcher->plain &= is_plain(dir + start, end - start);
        for (size_t i = start ? start - 1 : 0; i < end; i++)
            hash = glob_hash_byte(hash, dir[i]);
        note_dir(matcher, dir, end, hash);
    }

    matcher->hash = len ? glob_hash_byte(hash, '/') : hash;
}

/* Whether the name ends with one of the endings. */
static bool has_ending(const struct shaped *shaped, const char *name, size_t len)
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
static bool note_hit(const struct shaped *shaped, uint64_t *ids, uint64_t *met)
{
    bool group = shaped->shape == SHAPE_GROUP;
    glob_set_bit(group ? met : ids, shaped->id);
    return !group;
}

/* Matches the patterns one by one, with automata. If memory runs out for one, it counts as
 * matching, so that no change is missed. */
static bool match_slowly(struct arc_glob_matcher *matcher, const char *path, size_t len,
                         uint64_t *ids)
{
    struct arc_glob **slow = matcher->slow;
    bool any = false;

    for (size_t i = 0; i < matcher->set->shape_count; i++) {
        const struct shaped *shaped = &matcher->set->shapes[i];
        if (!slow[i] && shaped->shape != SHAPE_GROUP)
            arc_glob_compile(shaped->text, shaped->len, &slow[i], NULL);
        if (!slow[i] || arc_glob_match(slow[i], path, len))
            any |= note_hit(shaped, ids, matcher->met);
    }

    return any;
}

/* Matches the file `name` in the directory of the matcher. */
static bool match_dir(const struct arc_glob_matcher *matcher, const char *name, size_t len,
                      uint64_t *ids)
{
    uint64_t any = 0;

    for (size_t i = 0; i < matcher->set->words; i++)
        any |= ids[i] |= matcher->below[i];

    for (size_t i = 0; i < matcher->some_count; i++) {
        const struct shaped *shaped = matcher->some[i];
        if (shaped->shape == SHAPE_GROUP || has_ending(shaped, name, len))
            any |= note_hit(shaped, ids, matcher->met);
    }

    return any != 0;
}

static bool match_name(const struct arc_glob_set *set, const char *path, size_t len, uint64_t hash,
                       uint64_t *ids)
{
    bool any = false;

    for (uint32_t at = set->names[glob_place(hash, set->table_size)]; at;) {
        const struct shaped *shaped = &set->shapes[at - 1];
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

/* Adds the ids of patterns with a shape that match to `ids`, and the groups to try to
 * matcher->met. Returns whether a pattern matches. */
static bool match_shapes(struct arc_glob_matcher *matcher, const char *path, size_t len,
                         uint64_t *ids)
{
    const struct arc_glob_set *set = matcher->set;
    size_t start = len;

    if (!set->shape_count)
        return false;
    while (start && path[start - 1] != '/')
        start--;
    enter(matcher, path, start ? start - 1 : 0);
    if (start == 1 || !matcher->plain || !is_plain(path + start, len - start))
        return match_slowly(matcher, path, len, ids);

    uint64_t whole = matcher->hash, name = GLOB_HASH_START;
    for (size_t i = start; i < len; i++) {
        whole = glob_hash_byte(whole, path[i]);
        name = glob_hash_byte(name, path[i]);
    }

    bool any = match_dir(matcher, path + start, len - start, ids);

    /* Patterns for this path, or for it and everything below. */
    for (uint32_t at = set->dirs[glob_place(whole, set->table_size)]; at;) {
        const struct shaped *shaped = &set->shapes[at - 1];
        at = shaped->next;
        if (shaped->hash == whole && shaped->shape != SHAPE_ENDING && shaped->dir_len == len &&
            memcmp(shaped->text, path, len) == 0)
            any |= note_hit(shaped, ids, matcher->met);
    }

    return match_name(set, path, len, name, ids) || any;
}

/* As arc_glob_matcher_below(), for patterns with a shape, but adds to the bitmaps, and the groups to
 * ask to matcher->met. */
static bool find_below(struct arc_glob_matcher *matcher, const char *dir, size_t len,
                       uint64_t *some, uint64_t *all)
{
    const struct arc_glob_set *set = matcher->set;
    uint64_t any = 0;

    enter(matcher, dir, len);

    for (size_t i = 0; i < set->words; i++) {
        if (all)
            all[i] |= matcher->below[i];
        any |= some[i] |= set->anywhere[i] | matcher->below[i];
    }

    for (size_t i = 0; i < matcher->some_count; i++)
        any |= note_hit(matcher->some[i], some, matcher->met);

    /* Find the first pattern whose directory does not sort before this one. */
    size_t low = len < set->longest ? 0 : set->shape_count, high = set->shape_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct shaped *shaped = &set->shapes[middle];
        if (arc_text_compare(shaped->text, shaped->dir_len, dir, len) < 0)
            low = middle + 1;
        else
            high = middle;
    }

    for (; low < set->shape_count; low++) {
        const struct shaped *shaped = &set->shapes[low];
        if (shaped->dir_len < len || memcmp(shaped->text, dir, len) != 0)
            break;
        if (shaped->dir_len > len && (len == 0 || shaped->text[len] == '/'))
            any |= note_hit(shaped, some, matcher->met);
    }

    return any != 0;
}

/* Removes and returns a group from matcher->met; NULL if it is empty. */
static const struct group *take_met(struct arc_glob_matcher *matcher)
{
    for (size_t word = 0; word <= matcher->set->group_count / 64; word++) {
        uint64_t bits = matcher->met[word];
        if (!bits)
            continue;
        matcher->met[word] = bits & (bits - 1);
        return matcher->set->groups + word * 64 + (size_t)__builtin_ctzll(bits);
    }
    return NULL;
}

bool arc_glob_matcher_match(struct arc_glob_matcher *matcher, const char *path, size_t len,
                            uint64_t *ids)
{
    const struct arc_glob_set *set = matcher->set;
    const struct group *group;

    memset(ids, 0, set->words * sizeof *ids);
    if (len == 0)
        return false;
    bool any = match_shapes(matcher, path, len, ids);

    while ((group = take_met(matcher))) {
        uint64_t accepted = *arc_dfa_run(&matcher->dfas[group - set->groups], path, len);
        any |= accepted != 0;
        for (; accepted; accepted &= accepted - 1)
            glob_set_bit(ids, set->entries[group->first + (size_t)__builtin_ctzll(accepted)].id);
    }

    return any;
}

bool arc_glob_matcher_below(struct arc_glob_matcher *matcher, const char *dir, size_t len,
                            uint64_t *some, uint64_t *all)
{
    const struct arc_glob_set *set = matcher->set;
    const struct group *group;

    memset(some, 0, set->words * sizeof *some);
    if (all)
        memset(all, 0, set->words * sizeof *all);
    bool any = find_below(matcher, dir, len, some, all);

    while ((group = take_met(matcher)))
        for (size_t i = group->first; i < group->first + group->count; i++) {
            const struct entry *entry = &set->entries[i];
            enum arc_glob_below what =
                glob_pattern_below(&entry->pattern, &matcher->reach, dir, len);
            if (what == ARC_GLOB_NONE)
                continue;
            any = true;
            glob_set_bit(some, entry->id);
            if (what == ARC_GLOB_ALL && all)
                glob_set_bit(all, entry->id);
        }

    return any;
}
