#include "json/yajl_memory.h"
#include <stdlib.h>

struct arc_json_block {
    struct arc_json_block *next, **from;
    max_align_t data[];
};

static void insert(struct arc_json_memory *memory, struct arc_json_block *block)
{
    block->next = memory->first;
    block->from = &memory->first;
    if (block->next)
        block->next->from = &block->next;
    memory->first = block;
}

static void take_out(struct arc_json_block *block)
{
    *block->from = block->next;
    if (block->next)
        block->next->from = block->from;
}

static struct arc_json_block *block_of(void *data)
{
    return (struct arc_json_block *)(void *)((char *)data - offsetof(struct arc_json_block, data));
}

static void *resize(void *context, void *data, size_t size)
{
    struct arc_json_memory *memory = context;
    struct arc_json_block *old = data ? block_of(data) : NULL;
    if (size > memory->max) {
        memory->too_large = 1;
        longjmp(memory->out, 1);
    }
    if (old)
        take_out(old);
    struct arc_json_block *block = realloc(old, sizeof *block + size);
    if (!block) {
        if (old)
            insert(memory, old);
        longjmp(memory->out, 1);
    }
    insert(memory, block);
    return block->data;
}

static void *allocate(void *context, size_t size)
{
    return resize(context, NULL, size);
}

static void release(void *context, void *data)
{
    (void)context;
    if (!data)
        return;
    take_out(block_of(data));
    free(block_of(data));
}

void arc_json_memory_init(struct arc_json_memory *memory, size_t max)
{
    memory->funcs =
        (yajl_alloc_funcs){.malloc = allocate, .realloc = resize, .free = release, .ctx = memory};
    memory->first = NULL;
    memory->max = max;
    memory->too_large = 0;
}

void arc_json_memory_free(struct arc_json_memory *memory)
{
    while (memory->first)
        release(memory, memory->first->data);
}
