#include "config/file_value.h"
#include "base/auto.h"
#include "os/file.h"
#include "yaml/yaml.h"
#include <string.h>

#define VALUE_FILE_MAX ((size_t)1 << 20)
#define PATH_MAX_PARTS 8

void arc_file_place_free(struct arc_file_place *place)
{
    for (char **at = place->at; at && *at; at++)
        free(*at);
    free(place->at);
    free(place->file);
    *place = (struct arc_file_place){0};
}

static int not_there(const struct arc_file_place *place, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {.max = 2048};
    for (char **at = place->at; at && *at; at++)
        arc_buf_printf(&path, "%s%s", path.len ? ", " : "", *at);
    return arc_error_set(err, ARC_EINPUT, "%s has no value at [%s]", place->file,
                         arc_buf_text(&path));
}

static int take(const char *text, size_t len, char **out, struct arc_error *err)
{
    *out = strndup(text, len);
    return *out ? ARC_OK : arc_error_nomem(err);
}

/* ---- YAML and JSON -------------------------------------------------------------------------- */

/* The item of a list whose KEY has VALUE, or the one of that number. */
static const struct arc_yaml_node *find_item(const struct arc_yaml_node *list, const char *step)
{
    const char *equals = strchr(step, '=');
    char *end;
    unsigned long number = strtoul(step, &end, 10);
    if (!equals)
        return *step && !*end && number < list->count ? list->items[number] : NULL;
    ARC_AUTO_FREE char *key = strndup(step, (size_t)(equals - step));
    for (size_t i = 0; key && i < list->count; i++)
        if (arc_yaml_reads(arc_yaml_get(list->items[i], key), equals + 1))
            return list->items[i];
    return NULL;
}

static int read_tree(const struct arc_file_place *place, const struct arc_buf *text, char **out,
                     struct arc_error *err)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    ARC_TRY(
        arc_yaml_parse(arc_buf_text(text), text->len, place->file, ARC_YAML_ANY_TAG, &yaml, err));
    const struct arc_yaml_node *node = yaml.root;
    for (char **at = place->at; node && *at; at++)
        node = node->type == ARC_YAML_LIST ? find_item(node, *at) : arc_yaml_get(node, *at);
    if (!node || !node->text || node->type == ARC_YAML_NULL)
        return not_there(place, err);
    return take(node->text, strlen(node->text), out, err);
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* Where a line stands: the labels of the blocks around it. */
struct blocks {
    const char *parts[PATH_MAX_PARTS];
    size_t lens[PATH_MAX_PARTS];
    size_t count;
};

static bool is_at(const struct arc_file_place *place, const struct blocks *blocks, const char *name,
                  size_t len)
{
    size_t i = 0;
    for (; i < blocks->count; i++)
        if (!place->at[i] || strlen(place->at[i]) != blocks->lens[i] ||
            memcmp(place->at[i], blocks->parts[i], blocks->lens[i]) != 0)
            return false;
    return place->at[i] && !place->at[i + 1] && strlen(place->at[i]) == len &&
           memcmp(place->at[i], name, len) == 0;
}

static void push(struct blocks *blocks, const char *part, size_t len)
{
    if (blocks->count == PATH_MAX_PARTS)
        return;
    blocks->parts[blocks->count] = part;
    blocks->lens[blocks->count++] = len;
}

/* "[a.b]", or `word "label" {`. */
static bool open_block(struct blocks *blocks, const char *line, size_t len)
{
    bool section = len > 1 && *line == '[' && line[len - 1] == ']';
    if (section)
        blocks->count = 0;
    else if (!len || line[len - 1] != '{' || memchr(line, '=', len))
        return false;
    for (size_t at = 0; at < len;) {
        size_t skip = strspn(line + at, " \t\"[].{"), word;
        at += skip;
        word = at < len ? strcspn(line + at, " \t\"[].{\n") : 0;
        if (word)
            push(blocks, line + at, word);
        at += word + !word;
    }
    return true;
}

/* The value behind '=': in quotes, or up to a comment. */
static void trim_value(const char **value, size_t *len)
{
    while (*len && strchr(" \t", **value))
        ++*value, --*len;
    char quote = *len && strchr("\"'", **value) ? **value : '\0';
    const char *end = quote ? memchr(*value + 1, quote, *len - 1) : NULL;
    if (end) {
        ++*value;
        *len = (size_t)(end - *value);
        return;
    }
    for (size_t i = 1; i < *len; i++)
        if (((*value)[i] == '#' || strncmp(*value + i, "//", 2) == 0) && (*value)[i - 1] == ' ')
            *len = i;
    while (*len && strchr(" \t\r,", (*value)[*len - 1]))
        --*len;
}

static int read_lines(const struct arc_file_place *place, const struct arc_buf *text, char **out,
                      struct arc_error *err)
{
    struct blocks blocks = {.count = 0};
    for (const char *line = arc_buf_text(text); *line; line += *line == '\n') {
        const char *start = line + strspn(line, " \t");
        line += strcspn(line, "\n");
        size_t len = line > start ? (size_t)(line - start) : 0;
        while (len && strchr(" \t\r", start[len - 1]))
            len--;
        if (len && strncmp(start, "export ", 7) == 0)
            start += 7, len -= 7;
        const char *equals = len ? memchr(start, '=', len) : NULL;
        if (!len || strchr("#;", *start) || strncmp(start, "//", 2) == 0 ||
            open_block(&blocks, start, len))
            continue;
        if (*start == '}')
            blocks.count = 0;
        if (!equals)
            continue;
        size_t name = (size_t)(equals - start);
        while (name && strchr(" \t", start[name - 1]))
            name--;
        const char *value = equals + 1;
        size_t value_len = len - (size_t)(value - start);
        trim_value(&value, &value_len);
        if (is_at(place, &blocks, start, name))
            return take(value, value_len, out, err);
    }
    return not_there(place, err);
}

/* ---- either --------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), tail = strlen(end);
    return len >= tail && strcmp(text + len - tail, end) == 0;
}

int arc_file_value(const struct arc_file_place *place, const struct arc_buf *text, char **out,
                   struct arc_error *err)
{
    const char *first = arc_buf_text(text);
    first += strspn(first, " \t\r\n");
    size_t len = strcspn(first, "\r\n");
    while (len && strchr(" \t", first[len - 1]))
        len--;
    if (!place->at || !*place->at)
        return len ? take(first, len, out, err) : not_there(place, err);
    bool tree = ends_with(place->file, ".yaml") || ends_with(place->file, ".yml") ||
                ends_with(place->file, ".json");
    return tree ? read_tree(place, text, out, err) : read_lines(place, text, out, err);
}

int arc_file_value_in(const char *root, const struct arc_file_place *place, char **out,
                      struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = VALUE_FILE_MAX};
    int rc = arc_file_read_in(root, place->file, VALUE_FILE_MAX, &text, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EINPUT, "there is no file %s", place->file);
    return rc ? rc : arc_file_value(place, &text, out, err);
}
