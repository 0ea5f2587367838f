/* Any bytes are a tree that keeps yaml/yaml.h's invariants, or an error with a place. */
#include "yaml/yaml.h"
#include <stdlib.h>
#include <string.h>

static size_t met;

static void walk(const struct arc_yaml_node *node, size_t depth)
{
    if (++met > ARC_YAML_NODES || depth > ARC_YAML_DEPTH || !node->line || !node->column)
        abort();
    for (size_t i = 0; node->type == ARC_YAML_LIST && i < node->count; i++)
        walk(node->items[i], depth + 1);
    for (size_t i = 0; node->type == ARC_YAML_MAP && i < node->count; i++) {
        if (!node->pairs[i].key->text)
            abort();
        met++;
        walk(node->pairs[i].value, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct arc_yaml yaml;
    struct arc_error err = {0};
    unsigned flags = size && data[0] & 1 ? ARC_YAML_ANY_TAG : 0;
    int rc = arc_yaml_parse((const char *)data, size, "fuzz", flags, &yaml, &err);
    met = 0;
    if (rc ? strncmp(arc_error_text(&err), "fuzz:", 5) != 0 : err.code != 0)
        abort();
    if (!rc)
        walk(yaml.root, 1);
    arc_yaml_free(&yaml);
    arc_error_clear(&err);
    return 0;
}
