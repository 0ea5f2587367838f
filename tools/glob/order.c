/* Orders the nodes of an automaton for evaluation: Tarjan's strongly connected components over the
 * edges that consume no unit, without recursion. */
#include "glob/automaton.h"
#include <stdlib.h>

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

void arc_program_order(struct arc_program *p)
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
