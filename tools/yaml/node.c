/* Looking things up in a tree, and errors at a place in it. */
#include "yaml/yaml.h"

static const struct arc_yaml_pair *find_pair(const struct arc_yaml_node *node, const char *key)
{
    arc_yaml_each_pair (pair, node)
        if (arc_yaml_reads(pair->key, key))
            return pair;
    return NULL;
}

const struct arc_yaml_node *arc_yaml_get(const struct arc_yaml_node *node, const char *key)
{
    const struct arc_yaml_pair *pair = find_pair(node, key);
    return pair ? pair->value : NULL;
}

const struct arc_yaml_node *arc_yaml_key(const struct arc_yaml_node *node, const char *key)
{
    const struct arc_yaml_pair *pair = find_pair(node, key);
    return pair ? pair->key : NULL;
}

const struct arc_yaml_node *arc_yaml_along(const struct arc_yaml_node *node,
                                           const char *const *keys)
{
    for (; node && *keys; keys++)
        node = arc_yaml_get(node, *keys);
    return node;
}

bool arc_yaml_reads(const struct arc_yaml_node *node, const char *text)
{
    return node && node->text && arc_text_is(node->text, node->len, text);
}

const char *arc_yaml_text_at(const struct arc_yaml_node *map, const char *key)
{
    const struct arc_yaml_node *value = arc_yaml_get(map, key);
    return value && value->text ? value->text : "";
}

const struct arc_yaml_node *arc_yaml_entry(const struct arc_yaml_node *node, size_t index)
{
    if (!node || node->type != ARC_YAML_LIST)
        return index ? NULL : node;
    return index < node->count ? node->items[index] : NULL;
}

bool arc_yaml_names(const struct arc_yaml_node *node, const char *text)
{
    const struct arc_yaml_node *entry;
    for (size_t i = 0; (entry = arc_yaml_entry(node, i)); i++)
        if (arc_yaml_reads(entry, text))
            return true;
    return arc_yaml_key(node, text) != NULL;
}

bool arc_yaml_is(const struct arc_yaml_node *node, const char *text)
{
    return arc_yaml_reads(node, text) && node->type == ARC_YAML_STRING;
}

const char *arc_yaml_type_name(const struct arc_yaml_node *node)
{
    static const char *const names[] = {
        [ARC_YAML_NULL] = "nothing",    [ARC_YAML_BOOL] = "true or false",
        [ARC_YAML_INT] = "a number",    [ARC_YAML_FLOAT] = "a number",
        [ARC_YAML_STRING] = "a string", [ARC_YAML_LIST] = "a list",
        [ARC_YAML_MAP] = "a mapping",
    };
    return node ? names[node->type] : "nothing";
}

int arc_yaml_error_code(const struct arc_yaml_node *node, int code, struct arc_error *err,
                        const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 4096};
    ARC_WITH_ARGS(format, arc_buf_vprintf(&text, format, args));
    arc_error_at(err, code, node->source->name, node->line, node->column, "%s",
                 arc_buf_text(&text));
    arc_error_show_line(err, node->source->text, node->source->len);
    return code;
}

int arc_yaml_place(const struct arc_yaml_node *node, const char *what, int rc,
                   struct arc_error *err)
{
    if (rc != ARC_EINPUT || !err || err->place_len)
        return rc;
    ARC_AUTO(arc_buf) struct arc_buf why = {0};
    arc_buf_puts(&why, arc_error_text(err));
    return arc_yaml_error(node, err, "%s: %s", what, arc_buf_text(&why));
}
