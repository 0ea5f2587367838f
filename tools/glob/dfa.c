#include "glob/dfa.h"
#include <stdlib.h>
#include <string.h>

/* The layout of a state, in 64-bit words. */
enum {
    STATE_HASH,
    STATE_FLAGS, /* the side to the right of the position, and KNOWN */
    STATE_PARTS, /* accept_words, then raw_words, then one 32-bit successor per class */
};
#define KNOWN 0x100u /* the accept words are filled */

static uint64_t *state(const struct arc_dfa *dfa, uint32_t number)
{
    return dfa->states + dfa->stride * number;
}

static uint64_t *state_accept(const struct arc_dfa *dfa, uint32_t number)
{
    return state(dfa, number) + STATE_PARTS;
}

static uint64_t *state_raw(const struct arc_dfa *dfa, uint32_t number)
{
    return state_accept(dfa, number) + dfa->accept_words;
}

/* The successors by class: number + 1, or 0 if not known yet. */
static uint32_t *state_next(const struct arc_dfa *dfa, uint32_t number)
{
    return (uint32_t *)(void *)(state_raw(dfa, number) + dfa->raw_words);
}

static uint64_t hash_of(const uint64_t *raw, size_t words, enum dfa_side right)
{
    uint64_t hash = 0x9e3779b97f4a7c15u + right;
    for (size_t i = 0; i < words; i++) {
        hash = (hash ^ raw[i]) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
    }
    return hash;
}

static void insert(struct arc_dfa *dfa, uint32_t number)
{
    size_t mask = dfa->capacity * 2 - 1, place = state(dfa, number)[STATE_HASH] & mask;
    while (dfa->table[place])
        place = (place + 1) & mask;
    dfa->table[place] = number + 1;
}

static uint32_t add_state(struct arc_dfa *dfa, enum dfa_side right)
{
    uint32_t number = (uint32_t)dfa->count++;
    uint64_t *fresh = state(dfa, number);

    memset(fresh, 0, dfa->stride * sizeof *fresh);
    fresh[STATE_HASH] = hash_of(dfa->raw, dfa->raw_words, right);
    fresh[STATE_FLAGS] = right;
    memcpy(state_raw(dfa, number), dfa->raw, dfa->raw_words * sizeof *dfa->raw);
    insert(dfa, number);
    return number;
}

/* Doubles the room for states; returns false if that is over the budget or out of memory. */
static bool grow(struct arc_dfa *dfa)
{
    size_t capacity = dfa->capacity * 2;
    if (capacity > dfa->most)
        return false;
    uint32_t *table = calloc(capacity * 2, sizeof *table);
    uint64_t *states = table ? realloc(dfa->states, capacity * dfa->stride * sizeof *states) : NULL;
    if (!states) {
        free(table);
        return false;
    }

    free(dfa->table);
    dfa->table = table;
    dfa->states = states;
    dfa->capacity = capacity;
    for (uint32_t i = 0; i < dfa->count; i++)
        insert(dfa, i);

    return true;
}

/* Returns the number of the state that dfa->raw describes. Sets *forgot if the cache was full and
 * emptied for it, which makes all other numbers invalid. */
static uint32_t intern(struct arc_dfa *dfa, enum dfa_side right, bool *forgot)
{
    uint64_t hash = hash_of(dfa->raw, dfa->raw_words, right);
    size_t mask = dfa->capacity * 2 - 1;

    for (size_t place = hash & mask; dfa->table[place]; place = (place + 1) & mask) {
        uint32_t number = dfa->table[place] - 1;
        if (state(dfa, number)[STATE_HASH] == hash &&
            (state(dfa, number)[STATE_FLAGS] & ~(uint64_t)KNOWN) == right &&
            !memcmp(state_raw(dfa, number), dfa->raw, dfa->raw_words * sizeof *dfa->raw))
            return number;
    }

    *forgot = dfa->count == dfa->capacity && !grow(dfa);
    if (*forgot) { /* keeps state 0, where every run starts */
        memset(dfa->table, 0, dfa->capacity * 2 * sizeof *dfa->table);
        memset(state_next(dfa, 0), 0, dfa->program->bound_count * sizeof(uint32_t));
        dfa->count = 1;
        insert(dfa, 0);
    }

    return add_state(dfa, right);
}

static bool accepts(const struct arc_dfa *dfa, uint32_t index, enum dfa_side left,
                    enum dfa_side right)
{
    const struct program_node *node = dfa->program->nodes + index;
    bool next = dfa->accepts[node->next];

    switch (node->kind) {
    case PROGRAM_SPLIT:
        return next || dfa->accepts[node->other];
    case PROGRAM_START:
        return next && left == DFA_EDGE;
    case PROGRAM_END:
        return next && right == DFA_EDGE;
    case PROGRAM_WORD:
        return next && ((left == DFA_WORD) != (right == DFA_WORD)) != node->negative;
    case PROGRAM_LOOK:
        return next && (bool)dfa->accepts[node->other] != node->negative;
    default:
        return dfa->accepts[index];
    }
}

/* Evaluates nodes that depend on each other until nothing changes: the least solution. */
static void settle(struct arc_dfa *dfa, size_t from, size_t to, enum dfa_side left,
                   enum dfa_side right)
{
    const uint32_t *order = dfa->program->order;
    bool changed;

    do {
        changed = false;
        for (size_t i = from; i < to; i++) {
            bool now = accepts(dfa, order[i], left, right);
            changed |= now != (bool)dfa->accepts[order[i]];
            dfa->accepts[order[i]] = now;
        }
        dfa->steps += to - from;
    } while (changed && to - from > 1);
}

/* Fills dfa->accepts for the position that the state represents. */
static void look(struct arc_dfa *dfa, uint32_t number, enum dfa_side left)
{
    const struct arc_program *p = dfa->program;
    const uint64_t *raw = state_raw(dfa, number);
    enum dfa_side right = (enum dfa_side)(state(dfa, number)[STATE_FLAGS] & ~(uint64_t)KNOWN);

    memset(dfa->accepts, 0, p->node_count);
    dfa->accepts[0] = true;

    for (size_t i = 0; i < dfa->raw_words; i++)
        for (uint64_t bits = raw[i]; bits; bits &= bits - 1)
            dfa->accepts[p->cells[i * 64 + (size_t)__builtin_ctzll(bits)]] = true;

    for (size_t i = 0, from = 0; i < p->order_count; i++)
        if (p->group_end[i]) {
            settle(dfa, from, i + 1, left, right);
            from = i + 1;
        }
}

/* Returns the state one unit of `class` to the left of state `number`. */
static uint32_t successor(struct arc_dfa *dfa, uint32_t number, uint16_t class)
{
    const struct arc_program *p = dfa->program;
    uint16_t unit = p->bounds[class];
    enum dfa_side side = p->words && arc_unit_is_word(unit) ? DFA_WORD : DFA_OTHER;

    look(dfa, number, side);
    memset(dfa->raw, 0, dfa->raw_words * sizeof *dfa->raw);

    for (size_t i = 0; i < p->cell_count; i++)
        if (dfa->accepts[p->nodes[p->cells[i]].next] && arc_program_takes(p, p->cells[i], unit))
            glob_set_bit(dfa->raw, i);

    dfa->steps += p->cell_count;
    bool forgot = false;
    uint32_t next = intern(dfa, side, &forgot);
    if (!forgot)
        state_next(dfa, number)[class] = next + 1;

    return next;
}

static uint32_t step(struct arc_dfa *dfa, uint32_t number, uint16_t class)
{
    uint32_t next = state_next(dfa, number)[class];
    return next ? next - 1 : successor(dfa, number, class);
}

const uint64_t *arc_dfa_run(struct arc_dfa *dfa, const char *text, size_t len)
{
    const struct arc_program *p = dfa->program;
    uint32_t at = 0;

    while (len > 0) {
        unsigned char byte = (unsigned char)text[len - 1];
        if (byte < 0x80) {
            at = step(dfa, at, dfa->ascii[byte]);
            len--;
            continue;
        }
        uint16_t units[2];
        size_t count;
        len -= arc_units_before(text, len, units, &count);
        while (count-- > 0) {
            size_t low = 0, high = p->bound_count; /* its class: the last bound <= unit */
            while (high - low > 1) {
                size_t middle = (low + high) / 2;
                if (p->bounds[middle] <= units[count])
                    low = middle;
                else
                    high = middle;
            }
            at = step(dfa, at, (uint16_t)low);
        }
    }

    uint64_t *accept = state_accept(dfa, at);
    if (state(dfa, at)[STATE_FLAGS] & KNOWN)
        return accept;
    look(dfa, at, DFA_EDGE);

    for (size_t i = 0; i < p->start_count; i++)
        if (dfa->accepts[p->starts[i]])
            glob_set_bit(accept, i);

    state(dfa, at)[STATE_FLAGS] |= KNOWN;

    return accept;
}

bool arc_dfa_init(struct arc_dfa *dfa, struct arc_program *program, size_t budget)
{
    *dfa = (struct arc_dfa){.program = program, .capacity = 4};
    arc_program_finish(program);
    if (program->failed)
        return false;
    dfa->raw_words = (program->cell_count + 63) / 64;
    dfa->accept_words = (program->start_count + 63) / 64;
    dfa->stride = STATE_PARTS + dfa->accept_words + dfa->raw_words + (program->bound_count + 1) / 2;
    dfa->most = budget / (dfa->stride * sizeof(uint64_t));
    dfa->states = malloc(dfa->capacity * dfa->stride * sizeof(uint64_t));
    dfa->table = calloc(dfa->capacity * 2, sizeof *dfa->table);
    dfa->accepts = malloc(program->node_count + 1);
    dfa->raw = calloc(dfa->raw_words + 1, sizeof *dfa->raw);

    if (!dfa->states || !dfa->table || !dfa->accepts || !dfa->raw) {
        arc_dfa_free(dfa);
        return false;
    }

    for (uint16_t unit = 0, number = 0; unit < 128; unit++) {
        if (number + 1u < program->bound_count && program->bounds[number + 1] == unit)
            number++;
        dfa->ascii[unit] = number;
    }

    add_state(dfa, DFA_EDGE);

    return true;
}

void arc_dfa_free(struct arc_dfa *dfa)
{
    free(dfa->states);
    free(dfa->table);
    free(dfa->accepts);
    free(dfa->raw);
    *dfa = (struct arc_dfa){0};
}
