/* Reads filters from YAML. */
#include "base/json.h"
#include "base/text.h"
#include "base/warn.h"
#include "changes/filters_build.h"
#include "os/file.h"
#include "yaml/yaml.h"
#include <ctype.h>

static const struct {
    const char *name;
    enum arc_status status;
} status_names[] = {
    {"added", ARC_STATUS_ADDED},
    {"copied", ARC_STATUS_COPIED},
    {"deleted", ARC_STATUS_DELETED},
    {"modified", ARC_STATUS_MODIFIED},
    {"renamed", ARC_STATUS_RENAMED},
    {"unmerged", ARC_STATUS_UNMERGED},
    {"type-changed", ARC_STATUS_TYPE_CHANGED},
};

const char *arc_status_name(enum arc_status status)
{
    arc_each_in (row, status_names)
        if (row->status == status)
            return row->name;
    return "unknown";
}

/* "added | modified": names separated by '|', in any case. */
static int read_statuses(struct arc_filters *filters, const struct arc_yaml_node *key,
                         unsigned *out, struct arc_error *err)
{
    const char *at = key->text, *end = at + key->len;
    for (*out = 0; at <= end; at++) {
        const char *bar = memchr(at, '|', (size_t)(end - at));
        const char *stop = arc_or(bar, end);
        const char *next = stop;
        while (at < stop && isspace((unsigned char)*at))
            at++;
        while (stop > at && isspace((unsigned char)stop[-1]))
            stop--;
        size_t len = (size_t)(stop - at);
        unsigned bit = 0;
        arc_each_in (row, status_names)
            if (arc_text_is_caseless(at, len, row->name))
                bit = row->status;
        *out |= bit;
        if (!bit && len)
            ARC_TRY(arc_warn(&filters->warnings, err,
                             "%s:%u:%u: '%.*s' is not a status and never matches; the statuses are "
                             "added, copied, deleted, modified, renamed, unmerged and type-changed",
                             key->source->name, key->line, key->column, (int)len, at));
        at = next;
    }

    if (*out & ARC_STATUS_MODIFIED) /* everywhere except in git's raw letter */
        *out |= ARC_STATUS_TYPE_CHANGED;

    return ARC_OK;
}

static int read_pattern(struct arc_filters *filters, const struct arc_yaml_node *node,
                        struct arc_error *err)
{
    if (node->type != ARC_YAML_STRING)
        return arc_yaml_error(node, err,
                              "a pattern must be a string, and this is %s; put quotes around it",
                              arc_yaml_type_name(node));

    if (strlen(node->text) != node->len)
        return arc_yaml_error(node, err, "a pattern holds a NUL character");
    int rc = arc_filters_add_pattern(filters, node->text, err);
    if (rc == ARC_EINPUT || rc == ARC_ELIMIT)
        arc_error_at(err, rc, node->source->name, node->line, node->column, "%s",
                     arc_error_text(err));

    return rc;
}

/* The value for a status: a pattern, or patterns of which any may match. */
static int read_patterns(struct arc_filters *filters, const struct arc_yaml_node *node,
                         struct arc_error *err)
{
    if (node->type != ARC_YAML_LIST)
        return read_pattern(filters, node, err);
    arc_yaml_each (item, node)
        ARC_TRY(read_patterns(filters, item, err));
    return ARC_OK;
}

/* Reads the rules of a filter. The YAML reader limits the nesting. */
static int read_rules(struct arc_filters *filters, const struct arc_yaml_node *node,
                      struct arc_error *err)
{
    switch (node->type) {
    case ARC_YAML_LIST:
        arc_yaml_each (item, node)
            ARC_TRY(read_rules(filters, item, err));
        return ARC_OK;
    case ARC_YAML_MAP:
        arc_yaml_each_pair (pair, node) {
            const struct arc_yaml_node *value = pair->value;
            unsigned statuses;
            if (value->type != ARC_YAML_STRING && value->type != ARC_YAML_LIST)
                return arc_yaml_error(
                    value, err, "expected a pattern or a list of patterns under '%s', found %s",
                    pair->key->text, arc_yaml_type_name(value));
            ARC_TRY(read_statuses(filters, pair->key, &statuses, err));
            ARC_TRY(arc_filters_add_rule(filters, statuses, value->line, value->column, err));
            ARC_TRY(read_patterns(filters, value, err));
        }
        return ARC_OK;
    case ARC_YAML_STRING:
        ARC_TRY(arc_filters_add_rule(filters, ARC_STATUS_ANY, node->line, node->column, err));
        return read_pattern(filters, node, err);
    default:
        return arc_yaml_error(
            node, err,
            "a rule must be a pattern, a list of rules or a map of statuses, and this is %s",
            arc_yaml_type_name(node));
    }
}

static int parse_text(const char *text, size_t len, const char *name, struct arc_filters *out,
                      struct arc_error *err)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};

    out->name = arc_arena_text(&out->memory, name);
    ARC_TRY(arc_yaml_parse(text, len, name, 0, &yaml, err));
    if (yaml.root->type != ARC_YAML_MAP)
        return arc_yaml_error(yaml.root, err,
                              "filters must be a map of names to rules, and this is %s",
                              arc_yaml_type_name(yaml.root));

    arc_yaml_each_pair (pair, yaml.root) {
        const struct arc_yaml_node *key = pair->key;
        if (!key->len || strlen(key->text) != key->len || strpbrk(key->text, "=\r\n") ||
            strstr(key->text, "<<"))
            return arc_yaml_error(key, err,
                                  "a filter's name is an output's name: it may not be empty, nor "
                                  "hold '=', '<<', NUL or a line break");

        size_t same = arc_filters_index(out, key->text, key->len);
        if (same != SIZE_MAX)
            return arc_yaml_error(key, err, "the filter '%s' is in %s as well", key->text,
                                  out->items[same].source);
        ARC_TRY(arc_filters_add(out, key->text, err));
        ARC_TRY(read_rules(out, pair->value, err));
    }

    return ARC_OK;
}

int arc_filters_parse(const char *text, size_t len, const char *name, struct arc_filters *out,
                      struct arc_error *err)
{
    *out = (struct arc_filters){0};
    return arc_or_free(arc_filters, out, parse_text(text, len, name, out, err));
}

static int read_file(const char *root, const char *name, const char *missing,
                     struct arc_filters *out, struct arc_error *err)
{
    ARC_AUTO_FREE char *path = arc_file_join(root, name);
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_TRY_ALLOC(path, err);
    int rc = arc_file_read_in(root, name, ARC_YAML_BYTES, &text, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EINPUT, "the filters '%s' %s at '%s'", name, missing, path);
    ARC_TRY(rc);

    return parse_text(arc_buf_text(&text), text.len, name, out, err);
}

int arc_filters_load(const char *root, const char *input, struct arc_filters *out,
                     struct arc_error *err)
{
    if (strpbrk(input, "\n:"))
        return arc_filters_parse(input, strlen(input), "filters", out, err);
    const char *missing = "are not YAML (there is neither a ':' nor a line break), so they name a "
                          "file, and there is none";
    *out = (struct arc_filters){0};
    return arc_or_free(arc_filters, out, read_file(root, input, missing, out, err));
}

int arc_filters_load_files(const char *root, const json_t *names, struct arc_filters *out,
                           struct arc_error *err)
{
    const char *missing = "name a file, and there is none";
    *out = (struct arc_filters){0};
    arc_json_each (name, names)
        ARC_TRY(arc_or_free(arc_filters, out,
                            read_file(root, json_string_value(name), missing, out, err)));
    return ARC_OK;
}
