#include "glob/automaton.h"
#include "base/auto.h"
#include "base/room.h"

static bool has_room(struct arc_program *p, void *array, size_t count, size_t element)
{
    p->failed |= !arc_room(array, count, element);
    return !p->failed;
}

/* Returns a new node. On failure (failed or large is set) returns the first node, so that callers
 * may write to it unchecked. */
static uint32_t node(struct arc_program *p, enum program_kind kind, uint32_t next, uint32_t other)
{
    if (p->node_count == PROGRAM_NODES_MAX)
        p->large = true;
    if (p->failed || p->large || !has_room(p, &p->nodes, p->node_count, sizeof *p->nodes))
        return 0;
    p->nodes[p->node_count] =
        (struct program_node){.kind = (uint8_t)kind, .next = next, .other = other};

    return (uint32_t)p->node_count++;
}

static uint32_t cell(struct arc_program *p, const struct regex_range *ranges, size_t count,
                     uint32_t next)
{
    uint32_t index = node(p, PROGRAM_CELL, next, 0);

    if (!index)
        return 0;
    p->nodes[index].first_range = (uint32_t)p->range_count;
    p->nodes[index].range_count = (uint32_t)count;

    for (size_t i = 0; i < count; i++) {
        if (!has_room(p, &p->ranges, p->range_count, sizeof *p->ranges))
            return 0;
        p->ranges[p->range_count++] = ranges[i];
    }

    return index;
}

static uint32_t emit(struct arc_program *p, const struct arc_regex *regex, uint32_t index,
                     uint32_t next);

static uint32_t emit_repeat(struct arc_program *p, const struct arc_regex *regex,
                            const struct regex_node *repeat, uint32_t next)
{
    uint32_t result = next;

    if (repeat->max == REGEX_MANY) {
        result = node(p, PROGRAM_SPLIT, 0, next);
        uint32_t body = emit(p, regex, repeat->last, result);
        p->nodes[result].next = body;
    } else
        for (uint32_t i = repeat->min; i < repeat->max && !p->failed && !p->large; i++)
            result = node(p, PROGRAM_SPLIT, emit(p, regex, repeat->last, result), next);

    for (uint32_t i = 0; i < repeat->min && !p->failed && !p->large; i++) {
        size_t before = p->node_count;
        result = emit(p, regex, repeat->last, result);
        if (p->node_count == before)
            break; /* an empty body: repeating it changes nothing */
    }

    return result;
}

/* Makes the nodes that match the tree at `index`, then go on with `next`. */
static uint32_t emit(struct arc_program *p, const struct arc_regex *regex, uint32_t index,
                     uint32_t next)
{
    const struct regex_node *tree = regex->nodes + index;
    uint32_t child = tree->last, result;

    switch (tree->kind) {
    case REGEX_EMPTY:
        return next;
    case REGEX_CLASS:
        return cell(p, tree->range_count ? regex->ranges + tree->first_range : NULL,
                    tree->range_count, next);
    case REGEX_SEQUENCE:
        for (; child != REGEX_NONE; child = regex->nodes[child].previous)
            next = emit(p, regex, child, next);
        return next;
    case REGEX_EITHER:
        result = emit(p, regex, child, next);
        while ((child = regex->nodes[child].previous) != REGEX_NONE)
            result = node(p, PROGRAM_SPLIT, emit(p, regex, child, next), result);
        return result;
    case REGEX_REPEAT:
        return emit_repeat(p, regex, tree, next);
    case REGEX_START:
        return node(p, PROGRAM_START, next, 0);
    case REGEX_END:
        return node(p, PROGRAM_END, next, 0);
    case REGEX_WORD:
        next = node(p, PROGRAM_WORD, next, 0);
        p->nodes[next].negative = tree->negative;
        p->words = true;
        return next;
    case REGEX_LOOK:
        next = node(p, PROGRAM_LOOK, next, emit(p, regex, child, 0));
        p->nodes[next].negative = tree->negative;
        return next;
    }

    return next;
}

/* Matches any number of units of the ranges, then `next`. */
static uint32_t any_of(struct arc_program *p, const struct regex_range *ranges, size_t count,
                       uint32_t next)
{
    uint32_t loop = node(p, PROGRAM_SPLIT, 0, next);
    uint32_t unit = cell(p, ranges, count, loop);
    p->nodes[loop].next = unit;
    return loop;
}

void arc_program_add(struct arc_program *p, const struct arc_regex *regex, enum program_use use,
                     const struct arc_units *literal)
{
    static const struct regex_range all = {0, UINT16_MAX};
    static const struct regex_range dot[] = {
        {0, '\n' - 1}, {'\n' + 1, '\r' - 1}, {'\r' + 1, 0x2027}, {0x202a, UINT16_MAX}};
    uint32_t start = 0;

    if (!p->node_count)
        node(p, PROGRAM_MATCH, 0, 0);
    if (p->failed)
        return;

    if (regex && use == PROGRAM_SEARCH)
        start = any_of(p, &all, 1, emit(p, regex, regex->root, any_of(p, &all, 1, 0)));
    else if (regex)
        start = emit(p, regex, regex->root, node(p, PROGRAM_END, 0, 0));

    if (regex && use == PROGRAM_NEGATED) { /* picomatch's "^(?!^(?:" … ")$).*$" */
        uint32_t line = any_of(p, dot, ARC_COUNT(dot), node(p, PROGRAM_END, 0, 0));
        start = node(p, PROGRAM_LOOK, line, start);
        p->nodes[start].negative = true;
    }

    if (literal) {
        uint32_t same = node(p, PROGRAM_END, 0, 0);
        for (size_t i = literal->len; i-- > 0;)
            same = cell(p, &(struct regex_range){literal->at[i], literal->at[i]}, 1, same);
        start = regex ? node(p, PROGRAM_SPLIT, start, same) : same;
    }

    if (has_room(p, &p->starts, p->start_count, sizeof *p->starts))
        p->starts[p->start_count++] = start;
}

/* Finds where the classes of units start. */
static void find_bounds(struct arc_program *p)
{
    static const struct regex_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    uint64_t bounds[UINT16_MAX / 64 + 1] = {1};
    size_t extra = p->words ? 4 : 0, count = 0;

    for (size_t i = 0; i < p->range_count + extra; i++) {
        struct regex_range range = i < p->range_count ? p->ranges[i] : words[i - p->range_count];
        glob_set_bit(bounds, range.low);
        if (range.high < UINT16_MAX)
            glob_set_bit(bounds, range.high + 1u);
    }

    for (size_t i = 0; i <= UINT16_MAX / 64; i++)
        count += (size_t)__builtin_popcountll(bounds[i]);
    p->bounds = malloc(count * sizeof *p->bounds);
    p->failed |= !p->bounds;

    for (size_t i = 0; i <= UINT16_MAX / 64 && p->bounds; i++)
        for (uint64_t bits = bounds[i]; bits; bits &= bits - 1)
            p->bounds[p->bound_count++] = (uint16_t)(i * 64 + (size_t)__builtin_ctzll(bits));
}

/* ---- order --------------------------------------------------------------------------------- */

/* Orders the nodes for evaluation: Tarjan's strongly connected components over the edges that
 * consume no unit, without recursion. */
struct visit {
    uint32_t number; /* in order of discovery from 1; 0 if not discovered */
    uint32_t low;    /* the lowest number that can be reached back */
    uint8_t edge;    /* how many of the node's edges were followed */
    bool open;       /* its component is not complete yet */
};

struct walk {
    struct arc_program *p;
    struct visit *visits; /* by node */
    uint32_t *path;       /* from the root to the current node */
    uint32_t *stack;      /* nodes of incomplete components */
    size_t path_len, stack_len;
    uint32_t count;
};

static bool rests(const struct program_node *node)
{
    return node->kind != PROGRAM_MATCH && node->kind != PROGRAM_CELL;
}

static void enter(struct walk *w, uint32_t index)
{
    w->count++;
    w->visits[index] = (struct visit){.number = w->count, .low = w->count, .open = true};
    w->path[w->path_len++] = index;
    w->stack[w->stack_len++] = index;
}

static void lower(struct visit *visit, uint32_t to)
{
    if (to < visit->low)
        visit->low = to;
}

/* Completes a node once everything reachable from it was visited. */
static void leave(struct walk *w, uint32_t index)
{
    const struct visit *visit = &w->visits[index];
    w->path_len--;
    if (w->path_len)
        lower(&w->visits[w->path[w->path_len - 1]], visit->low);
    if (visit->low != visit->number)
        return;
    uint32_t member;
    do {
        member = w->stack[--w->stack_len];
        w->visits[member].open = false;
        w->p->order[w->p->order_count] = member;
        w->p->group_end[w->p->order_count++] = member == index;
    } while (member != index);
}

static void walk_from(struct walk *w, uint32_t root)
{
    enter(w, root);

    while (w->path_len) {
        uint32_t index = w->path[w->path_len - 1];
        struct visit *visit = &w->visits[index];
        const struct program_node *node = w->p->nodes + index;
        unsigned edges = node->kind == PROGRAM_SPLIT || node->kind == PROGRAM_LOOK ? 2 : 1;
        if (visit->edge == edges) {
            leave(w, index);
            continue;
        }
        uint32_t to = visit->edge++ ? node->other : node->next;
        if (!rests(w->p->nodes + to))
            continue;
        if (!w->visits[to].number)
            enter(w, to);
        else if (w->visits[to].open)
            lower(visit, w->visits[to].number);
    }
}

static void order_nodes(struct arc_program *p)
{
    size_t n = p->node_count + 1;
    p->order = malloc(n * sizeof *p->order);
    p->group_end = calloc(n, sizeof *p->group_end);
    struct walk walk = {
        .p = p,
        .visits = calloc(n, sizeof *walk.visits),
        .path = malloc(n * sizeof *walk.path),
        .stack = malloc(n * sizeof *walk.stack),
    };
    p->failed = !p->order || !p->group_end || !walk.visits || !walk.path || !walk.stack;

    for (uint32_t i = 0; i < p->node_count && !p->failed; i++)
        if (rests(p->nodes + i) && !walk.visits[i].number)
            walk_from(&walk, i);

    free(walk.visits);
    free(walk.path);
    free(walk.stack);
}

void arc_program_finish(struct arc_program *p)
{
    if (p->bounds || p->failed || p->large)
        return;
    find_bounds(p);
    p->cells = malloc((p->node_count + 1) * sizeof *p->cells);
    p->failed |= !p->cells;
    for (size_t i = 0; i < p->node_count && p->cells; i++)
        if (p->nodes[i].kind == PROGRAM_CELL)
            p->cells[p->cell_count++] = (uint32_t)i;
    if (!p->failed)
        order_nodes(p);
}

void arc_program_free(struct arc_program *p)
{
    free(p->nodes);
    free(p->ranges);
    free(p->starts);
    free(p->cells);
    free(p->order);
    free(p->group_end);
    free(p->bounds);
    *p = (struct arc_program){0};
}

bool arc_program_takes(const struct arc_program *p, uint32_t index, uint16_t unit)
{
    size_t low = 0, high = p->nodes[index].range_count;
    if (!high)
        return false; /* p->ranges may be NULL */

    const struct regex_range *ranges = p->ranges + p->nodes[index].first_range;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (unit > ranges[middle].high)
            low = middle + 1;
        else
            high = middle;
    }

    return low < p->nodes[index].range_count && unit >= ranges[low].low;
}
