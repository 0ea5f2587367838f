#include "glob/reach.h"
#include <stdlib.h>
#include <string.h>

bool arc_reach_init(struct arc_reach *reach, size_t nodes)
{
    *reach = (struct arc_reach){
        .cells = malloc((nodes + 1) * sizeof(uint32_t)),
        .others = malloc((nodes + 1) * sizeof(uint32_t)),
        .todo = malloc((nodes + 1) * sizeof(uint32_t)),
        .seen = calloc(nodes + 1, sizeof(uint32_t)),
        .size = nodes,
    };
    if (reach->cells && reach->others && reach->todo && reach->seen)
        return true;
    arc_reach_free(reach);

    return false;
}

void arc_reach_free(struct arc_reach *reach)
{
    free(reach->cells);
    free(reach->others);
    free(reach->todo);
    free(reach->seen);
    *reach = (struct arc_reach){0};
}

/* Starts a new step, which has reached no node yet. */
static void clear(struct arc_reach *reach)
{
    if (++reach->step == 0) {
        memset(reach->seen, 0, (reach->size + 1) * sizeof *reach->seen);
        reach->step = 1;
    }
    reach->cell_count = 0;
    reach->end = false;
}

static void meet(struct arc_reach *reach, uint32_t index, size_t *todo)
{
    if (reach->seen[index] == reach->step)
        return;
    reach->seen[index] = reach->step;
    reach->todo[(*todo)++] = index;
}

/* Adds what can be reached from the node without consuming a unit. `$` leads only to the end, since
 * the caller asks what may follow. */
static void spread(struct arc_reach *reach, const struct arc_program *p, uint32_t index, bool first)
{
    size_t todo = 0;
    meet(reach, index, &todo);

    while (todo > 0) {
        index = reach->todo[--todo];
        const struct program_node *node = p->nodes + index;
        if (node->kind == PROGRAM_CELL)
            reach->cells[reach->cell_count++] = index;
        else if (node->kind == PROGRAM_END || node->kind == PROGRAM_MATCH)
            reach->end = true;
        else if (node->kind != PROGRAM_START || first)
            meet(reach, node->next, &todo);
        if (node->kind == PROGRAM_SPLIT)
            meet(reach, node->other, &todo);
    }
}

void arc_reach_start(struct arc_reach *reach, const struct arc_program *p, uint32_t start)
{
    clear(reach);
    spread(reach, p, start, true);
}

bool arc_reach_unit(struct arc_reach *reach, const struct arc_program *p, uint16_t unit)
{
    uint32_t *before = reach->cells;
    size_t count = reach->cell_count;

    reach->cells = reach->others;
    reach->others = before;
    clear(reach);

    for (size_t i = 0; i < count; i++)
        if (arc_program_takes(p, before[i], unit))
            spread(reach, p, p->nodes[before[i]].next, false);

    return reach->cell_count > 0;
}

bool arc_reach_text(struct arc_reach *reach, const struct arc_program *p, const char *text,
                    size_t len)
{
    for (size_t at = 0; at < len && reach->cell_count;) {
        uint16_t units[2];
        size_t count;
        at += arc_units_first(text + at, len - at, units, &count);
        for (size_t i = 0; i < count; i++)
            arc_reach_unit(reach, p, units[i]);
    }
    return reach->cell_count > 0;
}

int arc_reach_only(const struct arc_reach *reach, const struct arc_program *p)
{
    int only = -1;

    for (size_t i = 0; i < reach->cell_count; i++) {
        const struct program_node *node = p->nodes + reach->cells[i];
        if (node->range_count != 1)
            return -1;
        const struct regex_range *range = p->ranges + node->first_range;
        if (range->low != range->high || (only >= 0 && only != range->low))
            return -1;
        only = range->low;
    }

    return only;
}
