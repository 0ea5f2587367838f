#include "config/fields.h"
#include "base/auto.h"
#include "base/platform.h"
#include "base/suggest.h"
#include "base/text.h"
#include <string.h>

#define FIELDS_MAX 32

/* What was read, fit for a message. */
static void quote(struct arc_buf *out, const struct arc_yaml_node *node)
{
    arc_buf_puts(out, "'");
    arc_text_visible(out, node->text, node->len > 120 ? 120 : node->len);
    arc_buf_puts(out, node->len > 120 ? "…'" : "'");
}

static int wrong_type(const struct arc_yaml_node *node, const char *key, const char *wanted,
                      struct arc_error *err)
{
    bool quotes = node->text && node->len && strcmp(wanted, "a string") == 0;
    return arc_yaml_error(node, err, "'%s' must be %s, this is %s%s", key, wanted,
                          arc_yaml_type_name(node), quotes ? "; put it in quotes" : "");
}

int arc_field_check(const struct arc_yaml_node *node, const char *key, arc_check *check,
                    struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf why = {.max = 2048};

    if (memchr(node->text, '\0', node->len))
        arc_buf_puts(&why, "holds a NUL byte");
    else if (!check || check(node->text, &why))
        return ARC_OK;

    if (why.failed == ARC_ENOMEM)
        return arc_error_nomem(err);
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 2048};
    quote(&shown, node);

    return arc_yaml_error(node, err, "%s: %s %s", key, arc_buf_text(&shown), arc_buf_text(&why));
}

static int read_text(const struct arc_yaml_node *node, const struct arc_field *field, char **out,
                     struct arc_error *err)
{
    if (node->type != ARC_YAML_STRING)
        return wrong_type(node, field->key, "a string", err);
    ARC_TRY(arc_field_check(node, field->key, field->check, err));
    size_t len = node->len;
    while (len && node->text[len - 1] == '\n') /* block scalars end with one */
        len--;
    *out = strndup(node->text, len);
    return *out ? ARC_OK : arc_error_nomem(err);
}

static int twice(const struct arc_yaml_node *node, const char *key, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 2048};
    quote(&shown, node);
    return arc_yaml_error(node, err, "%s: %s is here twice", key, arc_buf_text(&shown));
}

static int read_texts(const struct arc_yaml_node *node, const struct arc_field *field, char ***out,
                      struct arc_error *err)
{
    if (node->type != ARC_YAML_LIST)
        return wrong_type(node, field->key, "a list", err);
    char **list = calloc(node->count + 1, sizeof *list);
    ARC_TRY_ALLOC(list, err);
    *out = list;

    for (size_t i = 0; i < node->count; i++) {
        ARC_TRY(read_text(node->items[i], field, &list[i], err));
        for (size_t k = 0; k < i; k++)
            if (strcmp(list[k], list[i]) == 0)
                return twice(node->items[i], field->key, err);
    }

    return ARC_OK;
}

static int read_port(const struct arc_yaml_node *node, const struct arc_field *field, unsigned *out,
                     struct arc_error *err)
{
    int64_t value = 0;
    if (node->type != ARC_YAML_INT)
        return wrong_type(node, field->key, "a port number", err);
    if (!arc_yaml_int(node, &value) || value < 1 || value > 65535)
        return arc_yaml_error(node, err, "%s: %s is not a port (1 to 65535)", field->key,
                              node->text);
    *out = (unsigned)value;
    return ARC_OK;
}

static int read_ports(const struct arc_yaml_node *node, const struct arc_field *field,
                      unsigned **out, struct arc_error *err)
{
    if (node->type != ARC_YAML_LIST)
        return wrong_type(node, field->key, "a list", err);
    *out = calloc(node->count + 1, sizeof **out);
    ARC_TRY_ALLOC(*out, err);

    for (size_t i = 0; i < node->count; i++) {
        ARC_TRY(read_port(node->items[i], field, &(*out)[i], err));
        for (size_t k = 0; k < i; k++)
            if ((*out)[k] == (*out)[i])
                return twice(node->items[i], field->key, err);
    }

    return ARC_OK;
}

/* A scalar's text, as it is written. */
static int read_scalar(const struct arc_yaml_node *node, const struct arc_field *field, char **out,
                       struct arc_error *err)
{
    if (!node->text || node->type == ARC_YAML_NULL)
        return wrong_type(node, field->key, "a string", err);
    ARC_TRY(arc_field_check(node, field->key, field->check, err));
    return arc_text_copy(node->text, out, err);
}

/* A single string stands for a list of one. */
static int read_list(const struct arc_yaml_node *node, const struct arc_field *field, char ***out,
                     struct arc_error *err)
{
    if (node->type == ARC_YAML_LIST)
        return read_texts(node, field, out, err);
    *out = calloc(2, sizeof **out);
    return *out ? read_text(node, field, &(*out)[0], err) : arc_error_nomem(err);
}

/* Two spellings of one platform are one platform. */
static int read_platforms(const struct arc_yaml_node *node, const struct arc_field *field,
                          char ***out, struct arc_error *err)
{
    ARC_TRY(read_list(node, field, out, err));

    for (size_t i = 0; (*out)[i]; i++) {
        char plain[ARC_PLATFORM_SIZE];
        arc_platform_normalize((*out)[i], plain);
        free((*out)[i]);
        ARC_TRY(arc_text_copy(plain, &(*out)[i], err));
        for (size_t k = 0; k < i; k++)
            if (strcmp((*out)[k], (*out)[i]) == 0)
                return twice(node->items[i], field->key, err);
    }

    return ARC_OK;
}

/* "NAME=VALUE", an item of a list. */
static int split_pair(const struct arc_yaml_node *node, const struct arc_field *field,
                      struct arc_pair *out, struct arc_error *err)
{
    const char *equals = node->text ? strchr(node->text, '=') : NULL;
    if (!equals)
        return arc_yaml_error(node, err,
                              "an item of '%s' must be NAME=VALUE, this is %s; nothing is taken "
                              "from the environment, since the same commit gives the same plan",
                              field->key, node->text ? "a name alone" : arc_yaml_type_name(node));

    out->name = strndup(node->text, (size_t)(equals - node->text));
    out->value = strdup(equals + 1);
    ARC_TRY_ALLOC(out->name && out->value, err);
    struct arc_yaml_node name = {.text = out->name,
                                 .len = strlen(out->name),
                                 .source = node->source,
                                 .line = node->line,
                                 .column = node->column};
    return arc_field_check(&name, field->key, field->check, err);
}

static int keyed_pair(const struct arc_yaml_pair *from, const struct arc_field *field,
                      struct arc_pair *out, struct arc_error *err)
{
    bool later = field->kind == FIELD_ARGS && from->value->type == ARC_YAML_MAP;
    if (!later && (!from->value->text || from->value->type == ARC_YAML_NULL))
        return arc_yaml_error(from->value, err,
                              "the value of '%s' in '%s' must be a string, this is %s",
                              from->key->text, field->key, arc_yaml_type_name(from->value));

    ARC_TRY(arc_field_check(from->key, field->key, field->check, err));
    arc_check *check = field->kind == FIELD_PAIRS ? arc_check_label : NULL;
    if (!later)
        ARC_TRY(arc_field_check(from->value, field->key, check, err));
    out->name = strdup(from->key->text);
    if (later)
        return out->name ? ARC_OK : arc_error_nomem(err);
    out->value = strdup(from->value->text);

    return out->name && out->value ? ARC_OK : arc_error_nomem(err);
}

static int read_keyed(const struct arc_yaml_node *node, const struct arc_field *field,
                      struct arc_pair **out, struct arc_error *err)
{
    bool list = node->type == ARC_YAML_LIST && field->kind != FIELD_PAIRS;
    if (node->type != ARC_YAML_MAP && !list)
        return wrong_type(node, field->key, "a mapping", err);
    *out = calloc(node->count + 1, sizeof **out);
    ARC_TRY_ALLOC(*out, err);

    for (size_t i = 0; i < node->count; i++) {
        if (list)
            ARC_TRY(split_pair(node->items[i], field, &(*out)[i], err));
        else
            ARC_TRY(keyed_pair(&node->pairs[i], field, &(*out)[i], err));
        for (size_t k = 0; list && k < i; k++)
            if (strcmp((*out)[k].name, (*out)[i].name) == 0)
                return twice(node->items[i], field->key, err);
    }

    return ARC_OK;
}

static int read_field(const struct arc_yaml_node *node, const struct arc_field *field, void *out,
                      struct arc_error *err)
{
    void *slot = (char *)out + field->offset;

    switch (field->kind) {
    case FIELD_TEXT:
        return read_text(node, field, slot, err);
    case FIELD_TEXTS:
        return read_texts(node, field, slot, err);
    case FIELD_LIST:
        return read_list(node, field, slot, err);
    case FIELD_PLATFORMS:
        return read_platforms(node, field, slot, err);
    case FIELD_SCALAR:
        return read_scalar(node, field, slot, err);
    case FIELD_PAIRS:
    case FIELD_KEYED:
    case FIELD_ARGS:
        return read_keyed(node, field, slot, err);
    case FIELD_PORT:
        return read_port(node, field, slot, err);
    case FIELD_PORTS:
        return read_ports(node, field, slot, err);
    case FIELD_TABLE:
        return arc_fields_read(node, field->fields, out, err);
    case FIELD_FLAG:
        if (node->type != ARC_YAML_BOOL)
            return wrong_type(node, field->key, "true or false", err);
        *(bool *)slot = arc_yaml_bool(node);
        return ARC_OK;
    case FIELD_NODE:
        *(const struct arc_yaml_node **)slot = node;
        return ARC_OK;
    }

    return ARC_OK;
}

static const struct arc_field *find_field(const struct arc_table *table,
                                          const struct arc_yaml_node *key)
{
    for (const struct arc_field *field = table->fields; field->key; field++)
        if (arc_yaml_reads(key, field->key))
            return field;
    return NULL;
}

/* `x-…` keys hold what is anchored there and used elsewhere, as in a compose file. */
static int unknown_key(const struct arc_yaml_node *key, const struct arc_table *table,
                       struct arc_error *err)
{
    const char *names[FIELDS_MAX + 1] = {0};
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 2048};

    for (size_t i = 0; i < FIELDS_MAX && table->fields[i].key; i++) {
        names[i] = table->fields[i].key;
        arc_buf_printf(&text, "%s%s", i ? ", " : "", names[i]);
    }

    const char *meant = arc_suggest(key->text, names);
    if (strncmp(key->text, "x-", 2) == 0 || (table->open && !meant))
        return ARC_OK;
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 2048};
    quote(&shown, key);

    if (meant)
        return arc_yaml_error(key, err, "%s is not a key of %s; did you mean '%s'?",
                              arc_buf_text(&shown), table->what, meant);

    return arc_yaml_error(key, err, "%s is not a key of %s; its keys are %s", arc_buf_text(&shown),
                          table->what, arc_buf_text(&text));
}

int arc_fields_read(const struct arc_yaml_node *map, const struct arc_table *table, void *out,
                    struct arc_error *err)
{
    if (map->type != ARC_YAML_MAP)
        return arc_yaml_error(map, err, "%s must be a mapping, this is %s", table->what,
                              arc_yaml_type_name(map));

    for (size_t i = 0; i < map->count; i++) {
        const struct arc_field *field = find_field(table, map->pairs[i].key);
        ARC_TRY(field ? read_field(map->pairs[i].value, field, out, err)
                      : unknown_key(map->pairs[i].key, table, err));
    }

    for (const struct arc_field *field = table->fields; field->key; field++)
        if (field->required && !arc_yaml_get(map, field->key))
            return arc_yaml_error(map, err, "%s needs '%s'", table->what, field->key);

    return ARC_OK;
}

static void free_pairs(struct arc_pair *pairs)
{
    for (struct arc_pair *pair = pairs; pair && (pair->name || pair->value); pair++) {
        free(pair->name);
        free(pair->value);
    }
    free(pairs);
}

static bool is_one_text(enum arc_field_kind kind)
{
    return kind == FIELD_TEXT || kind == FIELD_SCALAR;
}

static bool is_texts(enum arc_field_kind kind)
{
    return kind == FIELD_TEXTS || kind == FIELD_LIST || kind == FIELD_PLATFORMS;
}

static bool is_pairs(enum arc_field_kind kind)
{
    return kind == FIELD_PAIRS || kind == FIELD_KEYED || kind == FIELD_ARGS;
}

/* How much of the struct a field takes. */
static size_t field_size(enum arc_field_kind kind)
{
    if (kind == FIELD_FLAG)
        return sizeof(bool);
    return kind == FIELD_PORT ? sizeof(unsigned) : sizeof(void *);
}

void arc_fields_overlay(const struct arc_table *table, void *out, void *from)
{
    static const char zero[sizeof(void *)];

    for (const struct arc_field *field = table->fields; field->key; field++) {
        char *mine = (char *)out + field->offset, *theirs = (char *)from + field->offset;
        size_t size = field_size(field->kind);
        if (field->kind == FIELD_TABLE)
            arc_fields_overlay(field->fields, out, from);
        if (field->kind == FIELD_TABLE || memcmp(theirs, zero, size) == 0)
            continue;
        char kept[sizeof(void *)]; /* each side frees what it ends up with */
        memcpy(kept, mine, size);
        memcpy(mine, theirs, size);
        memcpy(theirs, kept, size);
    }
}

static int inherit_text(char **own, const char *given, struct arc_error *err)
{
    return *own ? ARC_OK : arc_text_copy(given, own, err);
}

int arc_texts_inherit(char ***own, char *const *given, struct arc_error *err)
{
    size_t count = 0;
    if (*own)
        return ARC_OK;
    while (given && given[count])
        count++;
    *own = calloc(count + 1, sizeof **own);
    for (size_t i = 0; *own && i < count; i++)
        ARC_TRY(arc_text_copy(given[i], &(*own)[i], err));
    return *own ? ARC_OK : arc_error_nomem(err);
}

int arc_pairs_inherit(struct arc_pair **own, const struct arc_pair *given, struct arc_error *err)
{
    size_t count = 0, more = 0;
    while (*own && (*own)[count].name)
        count++;
    while (given && given[more].name)
        more++;
    struct arc_pair *grown = realloc(*own, (count + more + 1) * sizeof *grown);
    ARC_TRY_ALLOC(grown, err);
    *own = grown;
    memset(grown + count, 0, (more + 1) * sizeof *grown);

    for (size_t i = 0, end = count; i < more; i++) {
        size_t at = 0;
        while (at < count && strcmp(grown[at].name, given[i].name) != 0)
            at++;
        if (at < count)
            continue;
        ARC_TRY(arc_text_copy(given[i].name, &grown[end].name, err));
        ARC_TRY(arc_text_copy(given[i].value, &grown[end++].value, err));
    }

    return ARC_OK;
}

int arc_fields_inherit(const struct arc_table *table, void *own, const void *given,
                       struct arc_error *err)
{
    for (const struct arc_field *field = table->fields; field->key; field++) {
        void *slot = (char *)own + field->offset;
        void *from = (char *)given + field->offset;
        if (is_one_text(field->kind))
            ARC_TRY(inherit_text(slot, *(char **)from, err));
        else if (is_texts(field->kind))
            ARC_TRY(arc_texts_inherit(slot, *(char ***)from, err));
        else if (is_pairs(field->kind))
            ARC_TRY(arc_pairs_inherit(slot, *(struct arc_pair **)from, err));
        else if (field->kind == FIELD_FLAG)
            *(bool *)slot |= *(bool *)from;
    }

    return ARC_OK;
}

int arc_fields_read_list(const struct arc_yaml_node *list, const char *key,
                         const struct arc_table *table, size_t size, void *items, size_t *count,
                         struct arc_error *err)
{
    if (!list)
        return ARC_OK;

    if (list->type != ARC_YAML_LIST)
        return arc_yaml_error(list, err, "'%s' must be a list, this is %s", key,
                              arc_yaml_type_name(list));

    char *made = calloc(list->count + 1, size);
    *(char **)items = made;
    ARC_TRY_ALLOC(made, err);
    for (size_t i = 0; i < list->count; i++)
        ARC_TRY(arc_fields_read(list->items[i], table, made + (*count)++ * size, err));

    return ARC_OK;
}

void arc_fields_free(const struct arc_table *table, void *out)
{
    for (const struct arc_field *field = table->fields; field->key; field++) {
        void *slot = (char *)out + field->offset;
        if (is_one_text(field->kind))
            free(*(char **)slot);
        else if (is_texts(field->kind))
            arc_texts_free(*(char ***)slot);
        else if (field->kind == FIELD_PORTS)
            free(*(unsigned **)slot);
        else if (is_pairs(field->kind))
            free_pairs(*(struct arc_pair **)slot);
        else if (field->kind == FIELD_TABLE)
            arc_fields_free(field->fields, out);
    }
}

/* ---- placeholders ----------------------------------------------------------------------------- */

void arc_words_fill(const char *template, const struct arc_word *words, struct arc_buf *out)
{
    while (*template) {
        size_t len = *template == '{' ? strcspn(template + 1, "{}") : 0;
        const struct arc_word *word = words;
        while (word->name &&
               (strlen(word->name) != len || memcmp(word->name, template + 1, len) != 0))
            word++;
        if (len && word->value && template[1 + len] == '}') {
            arc_buf_puts(out, word->value);
            template += len + 2;
        } else {
            arc_buf_putc(out, *template ++);
        }
    }
}
