/* Sets of patterns. Those with a shape (glob/shape.h) are looked up. The others share one
 * automaton per literal prefix, which is looked up as well, so patterns for other directories
 * cost nothing. */
#include "base/room.h"
#include "base/text.h"
#include "glob/dfa.h"
#include "glob/pattern.h"
#include "glob/shape.h"
#include "glob/table.h"

#define ID_MAX 65535

/* The most patterns of one automaton, since the numbers of their states multiply. At most 64: the
 * result must fit in one word. */
#define TOGETHER_MAX 8

/* Bytes of cached states of all automata of a matcher together, but at least BUDGET_MIN each. */
#define BUDGET     ((size_t)16 << 20)
#define BUDGET_MIN ((size_t)64 << 10)

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
    struct glob_shapes shapes; /* patterns that need no automaton, and the groups of the others */
    struct entry *entries;     /* sorted by prefix once the set is prepared */
    size_t entry_count;
    struct group *groups;
    size_t group_count;
    size_t words;
    size_t nodes; /* of the largest program */
};

struct arc_glob_matcher {
    const struct arc_glob_set *set;
    struct glob_lookup lookup;
    struct arc_dfa *dfas; /* one per group */
    uint64_t *met;        /* bitmap of the groups that a lookup found */
    struct arc_reach reach;
};

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
    glob_shapes_free(&(*set)->shapes);
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

    bool added;
    ARC_TRY_ALLOC(glob_shapes_add(&set->shapes, pattern, len, id, &added), err);
    if (id / 64 + 1 > set->words)
        set->words = id / 64 + 1;
    if (added)
        return 0;
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

    for (size_t i = 0; i < set->group_count; i++)
        ARC_TRY_ALLOC(glob_shapes_add_group(&set->shapes, set->groups[i].prefix,
                                            set->groups[i].prefix_len, (unsigned)i),
                      err);

    return arc_error_unless(glob_shapes_prepare(&set->shapes, set->words), err);
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
    ARC_TRY_ALLOC(matcher->dfas && matcher->met &&
                      glob_lookup_init(&matcher->lookup, &set->shapes) &&
                      arc_reach_init(&matcher->reach, set->nodes),
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
    glob_lookup_free(&(*matcher)->lookup);
    free((*matcher)->dfas);
    free((*matcher)->met);
    arc_reach_free(&(*matcher)->reach);
    free(*matcher);
    *matcher = NULL;
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
    bool any = glob_shapes_match(&set->shapes, &matcher->lookup, path, len, ids, matcher->met);

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
    bool any = glob_shapes_below(&set->shapes, &matcher->lookup, dir, len, some, all, matcher->met);

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
