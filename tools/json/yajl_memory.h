/* Memory for libyajl, which does not expect an allocation to fail. */
#ifndef ARC_JSON_YAJL_MEMORY_H
#define ARC_JSON_YAJL_MEMORY_H

#include <setjmp.h>
#include <stddef.h>
#include <yajl/yajl_common.h>

/* Every block is kept in a list. When there is no memory, or too much is asked for at once, the
 * parser is left by longjmp(out); arc_json_memory_free() frees what it had, in any state. */
struct arc_json_memory {
    jmp_buf out;
    yajl_alloc_funcs funcs;
    struct arc_json_block *first;
    size_t max;    /* the most that is given for one block */
    int too_large; /* the reason was `max` */
};

void arc_json_memory_init(struct arc_json_memory *memory, size_t max);
void arc_json_memory_free(struct arc_json_memory *memory);

#endif
