/* The order in which the nodes of an automaton are looked at: Tarjan's strongly connected
 * components over the edges that take no unit, without recursion. */
#include "glob/automaton.h"
#include <stdlib.h>

struct walk {
    struct arc_program *p;
    uint32_t *number; /* in order of discovery from 1; 0 for not seen */
    uint32_t *low;    /* the lowest number that can be reached back */
    uint8_t *edge;    /* how many of a node's edges were followed */
    bool *open;       /* whether its component is not closed yet */
    uint32_t *path;   /* from the root to the current node */
    uint32_t *stack;  /* nodes of open components */
    size_t path_len, stack_len;
    uint32_t count;
};

static bool rests(const struct program_node *node)
{
    return node->kind != PROGRAM_MATCH && node->kind != PROGRAM_CELL;
}

static void enter(struct walk *w, uint32_t index)
{
    w->number[index] = w->low[index] = ++w->count;
    w->open[index] = true;
    w->path[w->path_len++] = index;
    w->stack[w->stack_len++] = index;
}

/* The next node that the node rests on; false when there is none left. */
static bool next_edge(struct walk *w, uint32_t index, uint32_t *to)
{
    const struct program_node *node = w->p->nodes + index;
    unsigned edges = node->kind == PROGRAM_SPLIT || node->kind == PROGRAM_LOOK ? 2 : 1;
    if (w->edge[index] >= edges)
        return false;
    *to = w->edge[index]++ ? node->other : node->next;
    return true;
}

static void lower(uint32_t *low, uint32_t to)
{
    if (to < *low)
        *low = to;
}

/* All that the node leads to was seen. */
static void leave(struct walk *w, uint32_t index)
{
    w->path_len--;
    if (w->path_len)
        lower(&w->low[w->path[w->path_len - 1]], w->low[index]);
    if (w->low[index] != w->number[index])
        return;
    uint32_t member;
    do {
        member = w->stack[--w->stack_len];
        w->open[member] = false;
        w->p->order[w->p->order_count] = member;
        w->p->group_end[w->p->order_count++] = member == index;
    } while (member != index);
}

static void walk_from(struct walk *w, uint32_t root)
{
    enter(w, root);

    while (w->path_len) {
        uint32_t index = w->path[w->path_len - 1], to;
        if (!next_edge(w, index, &to))
            leave(w, index);
        else if (!rests(w->p->nodes + to))
            continue;
        else if (!w->number[to])
            enter(w, to);
        else if (w->open[to])
            lower(&w->low[index], w->number[to]);
    }
}

void arc_program_order(struct arc_program *p)
{
    size_t n = p->node_count + 1;
    p->order = malloc(n * sizeof *p->order);
    p->group_end = calloc(n, sizeof *p->group_end);
    struct walk walk = {
        .p = p,
        .number = calloc(n, sizeof(uint32_t)),
        .low = malloc(n * sizeof(uint32_t)),
        .edge = calloc(n, 1),
        .open = calloc(n, sizeof(bool)),
        .path = malloc(n * sizeof(uint32_t)),
        .stack = malloc(n * sizeof(uint32_t)),
    };
    p->failed = !p->order || !p->group_end || !walk.number || !walk.low || !walk.edge ||
                !walk.open || !walk.path || !walk.stack;

    for (uint32_t i = 0; i < p->node_count && !p->failed; i++)
        if (rests(p->nodes + i) && !walk.number[i])
            walk_from(&walk, i);

    free(walk.number);
    free(walk.low);
    free(walk.edge);
    free(walk.open);
    free(walk.path);
    free(walk.stack);
}
