#include "config/fields.h"
#include "base/platform.h"
#include "base/suggest.h"

#define FIELDS_MAX 32
#define FEW_KEYS   8

/* The value, safe for a message. */
static const char *quote(struct arc_buf *out, const struct arc_yaml_node *node)
{
    arc_buf_puts(out, "'");
    arc_text_visible(out, node->text, ARC_MIN(node->len, 120));
    arc_buf_puts(out, node->len > 120 ? "…'" : "'");
    return arc_buf_text(out);
}

bool arc_field_lacks_quotes(const struct arc_yaml_node *node)
{
    return node->type == ARC_YAML_MAP && node->count == 1 &&
           node->pairs[0].value->type == ARC_YAML_NULL;
}

bool arc_field_wants_quotes(const struct arc_yaml_node *node)
{
    return (node->text && node->len) || arc_field_lacks_quotes(node);
}

static int wrong_type(const struct arc_loading *l, const struct arc_yaml_node *node,
                      const struct arc_field *field, const char *wanted)
{
    bool quotes = strcmp(wanted, "a string") == 0 && arc_field_wants_quotes(node);
    return arc_yaml_error(node, l->err, "'%s' must be %s, this is %s%s", field->key, wanted,
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

    ARC_TRY(arc_error_memory(why.failed, err));
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 2048};
    return arc_yaml_error(node, err, "%s: %s %s", key, quote(&shown, node), arc_buf_text(&why));
}

static int read_text(const struct arc_loading *l, const struct arc_yaml_node *node,
                     const struct arc_field *field, char **out)
{
    ARC_AUTO(arc_buf) struct arc_buf all = {.max = 2048}, shown = {.max = 2048};
    bool known = !field->words;

    if (node->type != ARC_YAML_STRING && !(field->words && node->len))
        return wrong_type(l, node, field, "a string");
    ARC_TRY(arc_field_check(node, field->key, field->check, l->err));

    for (const char *const *word = field->words; !known && *word; word++) {
        known = arc_yaml_reads(node, *word);
        arc_text_item(&all, ", ", "%s", *word);
    }

    if (!known)
        return arc_yaml_error(node, l->err, "%s: %s is none of %s", field->key, quote(&shown, node),
                              arc_buf_text(&all));

    size_t len = arc_text_strip(node->text, node->len, "\n"); /* of a block scalar */
    *out = arc_arena_cut(l->memory, node->text, len);

    return arc_arena_check(l->memory, l->err);
}

static int twice(const struct arc_yaml_node *node, const char *key, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 2048};
    return arc_yaml_error(node, err, "%s: %s is here twice", key, quote(&shown, node));
}

static int read_port(const struct arc_loading *l, const struct arc_yaml_node *node,
                     const struct arc_field *field, unsigned *out)
{
    int64_t value = 0;
    if (node->type != ARC_YAML_INT)
        return wrong_type(l, node, field, "a port number");
    if (!arc_yaml_int(node, &value) || value < 1 || value > 65535)
        return arc_yaml_error(node, l->err, "%s: %s is not a port (1 to 65535)", field->key,
                              node->text);
    *out = (unsigned)value;
    return ARC_OK;
}

static int read_ports(const struct arc_loading *l, const struct arc_yaml_node *node,
                      const struct arc_field *field, unsigned **out)
{
    if (node->type != ARC_YAML_LIST)
        return wrong_type(l, node, field, "a list");
    *out = arc_arena_array(l->memory, node->count + 1, sizeof **out);
    ARC_TRY_ALLOC(*out, l->err);

    for (size_t i = 0; i < node->count; i++) {
        ARC_TRY(read_port(l, node->items[i], field, &(*out)[i]));
        for (size_t k = 0; k < i; k++)
            if ((*out)[k] == (*out)[i])
                return twice(node->items[i], field->key, l->err);
    }

    return ARC_OK;
}

/* A single string is a list of one, except in a FIELD_TEXTS. Spellings of one platform are
 * duplicates. */
static int read_list(const struct arc_loading *l, const struct arc_yaml_node *node,
                     const struct arc_field *field, char ***out)
{
    bool list = node->type == ARC_YAML_LIST;
    size_t count = list ? node->count : 1;

    if (!list && field->kind == FIELD_TEXTS)
        return wrong_type(l, node, field, "a list");
    if (!count && field->filled)
        return arc_yaml_error(node, l->err, "'%s' is empty", field->key);
    *out = arc_arena_array(l->memory, count + 1, sizeof **out);
    ARC_TRY_ALLOC(*out, l->err);

    for (size_t i = 0; i < count; i++) {
        const struct arc_yaml_node *item = list ? node->items[i] : node;
        char **text = &(*out)[i], plain[ARC_PLATFORM_SIZE];

        ARC_TRY(read_text(l, item, field, text));
        if (field->kind == FIELD_PLATFORMS) {
            arc_platform_normalize(*text, plain);
            *text = arc_arena_text(l->memory, plain);
        }

        for (size_t k = 0; k < i; k++)
            if (strcmp((*out)[k], *text) == 0)
                return twice(item, field->key, l->err);
    }

    return arc_arena_check(l->memory, l->err);
}

/* "NAME=VALUE", an item of a list; of hosts also "NAME:ADDRESS", where the address may be "::1". */
static int split_pair(const struct arc_loading *l, const struct arc_yaml_node *node,
                      const struct arc_field *field, struct arc_pair *out)
{
    const char *signs = field->kind == FIELD_HOSTS ? "=:" : "=";
    const char *equals = node->text ? strpbrk(node->text, signs) : NULL;
    if (!equals)
        return arc_yaml_error(node, l->err,
                              "an item of '%s' must be NAME=VALUE, this is %s; nothing is taken "
                              "from the environment, since the same commit gives the same plan",
                              field->key, node->text ? "a name alone" : arc_yaml_type_name(node));

    out->name = arc_arena_cut(l->memory, node->text, (size_t)(equals - node->text));
    out->value = arc_arena_text(l->memory, equals + 1);
    ARC_TRY(arc_arena_check(l->memory, l->err));
    struct arc_yaml_node name = *node;
    name.text = out->name;
    name.len = strlen(out->name);
    return arc_field_check(&name, field->key, field->check, l->err);
}

static int keyed_pair(const struct arc_loading *l, const struct arc_yaml_pair *from,
                      const struct arc_field *field, struct arc_pair *out)
{
    bool bare = arc_field_lacks_quotes(from->value);
    bool later = field->kind == FIELD_ARGS && from->value->type == ARC_YAML_MAP && !bare;
    if (!later && (!from->value->text || from->value->type == ARC_YAML_NULL))
        return arc_yaml_error(from->value, l->err,
                              "the value of '%s' in '%s' must be a string, this is %s%s",
                              from->key->text, field->key, arc_yaml_type_name(from->value),
                              bare ? "; put it in quotes" : "");

    ARC_TRY(arc_field_check(from->key, field->key, field->check, l->err));
    arc_check *check = field->kind == FIELD_PAIRS ? arc_check_line : NULL;
    if (!later)
        ARC_TRY(arc_field_check(from->value, field->key, check, l->err));
    out->name = arc_arena_text(l->memory, from->key->text);
    out->value = later ? NULL : arc_arena_text(l->memory, from->value->text);

    return arc_arena_check(l->memory, l->err);
}

static int read_keyed(const struct arc_loading *l, const struct arc_yaml_node *node,
                      const struct arc_field *field, struct arc_pair **out)
{
    bool list = node->type == ARC_YAML_LIST && field->kind != FIELD_PAIRS;
    if (node->type != ARC_YAML_MAP && !list)
        return wrong_type(l, node, field, "a mapping");
    *out = arc_arena_array(l->memory, node->count + 1, sizeof **out);
    ARC_TRY_ALLOC(*out, l->err);

    for (size_t i = 0; i < node->count; i++) {
        if (list)
            ARC_TRY(split_pair(l, node->items[i], field, &(*out)[i]));
        else
            ARC_TRY(keyed_pair(l, &node->pairs[i], field, &(*out)[i]));
        if (list && arc_find(*out, i, name, (*out)[i].name))
            return twice(node->items[i], field->key, l->err);
    }

    return ARC_OK;
}

static int read_items(const struct arc_loading *l, const struct arc_yaml_node *list,
                      const struct arc_field *field, void *out)
{
    const struct arc_table *table = field->fields;
    size_t *count = (size_t *)((char *)out + field->count);

    if (list->type != ARC_YAML_LIST)
        return wrong_type(l, list, field, "a list");
    char *made = arc_arena_array(l->memory, list->count, table->size);
    *(char **)((char *)out + field->offset) = made;
    ARC_TRY_ALLOC(made, l->err);

    arc_yaml_each (item, list) {
        char *one = made + (*count)++ * table->size;
        ARC_TRY(arc_fields_read(l, item, table, one));
        if (table->line)
            *(unsigned *)(one + table->line) = item->line;
    }

    for (size_t i = 0; table->check && i < list->count; i++)
        ARC_TRY(table->check(made + i * table->size, list->items[i], l->err));

    return ARC_OK;
}

void arc_field_set_flag(const struct arc_field *field, void *out, bool value)
{
    *(bool *)((char *)out + field->offset) = value;
    if (field->count)
        *(bool *)((char *)out + field->count) = true;
}

static int read_field(const struct arc_loading *l, const struct arc_yaml_node *node,
                      const struct arc_field *field, void *out)
{
    void *slot = (char *)out + field->offset;

    switch (field->kind) {
    case FIELD_TEXT:
        return read_text(l, node, field, slot);
    case FIELD_TEXTS:
    case FIELD_LIST:
    case FIELD_PLATFORMS:
        return read_list(l, node, field, slot);
    case FIELD_SCALAR:
        if (!node->text || node->type == ARC_YAML_NULL)
            return wrong_type(l, node, field, "a string");
        ARC_TRY(arc_field_check(node, field->key, field->check, l->err));
        *(char **)slot = arc_arena_text(l->memory, node->text);
        return arc_arena_check(l->memory, l->err);
    case FIELD_PAIRS:
    case FIELD_KEYED:
    case FIELD_HOSTS:
    case FIELD_ARGS:
        return read_keyed(l, node, field, slot);
    case FIELD_PORT:
        return read_port(l, node, field, slot);
    case FIELD_PORTS:
        return read_ports(l, node, field, slot);
    case FIELD_TABLE:
        return arc_fields_read(l, node, field->fields, out);
    case FIELD_ITEMS:
        return read_items(l, node, field, out);
    case FIELD_OWN:
        return field->read(l, node, slot);
    case FIELD_FLAG:
        if (node->type != ARC_YAML_BOOL)
            return wrong_type(l, node, field, "true or false");
        arc_field_set_flag(field, out, arc_yaml_bool(node));
        return ARC_OK;
    case FIELD_NODE:
        *(const struct arc_yaml_node **)slot = node;
        break;
    case FIELD_LATER:
        break;
    }

    return ARC_OK;
}

/* The keys of a table, also as one text; returns their number. */
static size_t list_keys(const struct arc_table *table, const char *names[FIELDS_MAX + 1],
                        struct arc_buf *text)
{
    size_t count = 0;
    for (; count < FIELDS_MAX && table->fields[count].key; count++) {
        names[count] = table->fields[count].key;
        arc_text_item(text, ", ", "%s", names[count]);
    }
    return count;
}

/* If there are only a few keys, the error names them. */
static int no_mapping(const struct arc_yaml_node *node, const struct arc_table *table,
                      struct arc_error *err)
{
    const char *names[FIELDS_MAX + 1] = {0};
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 2048};
    if (list_keys(table, names, &text) <= FEW_KEYS)
        return arc_yaml_error(node, err, "%s must be a mapping, this is %s; its keys are %s",
                              table->what, arc_yaml_type_name(node), arc_buf_text(&text));
    return arc_yaml_error(node, err, "%s must be a mapping, this is %s", table->what,
                          arc_yaml_type_name(node));
}

/* `x-…` keys hold anchors for use elsewhere, as in a compose file. */
static int unknown_key(const struct arc_yaml_node *key, const struct arc_table *table,
                       struct arc_error *err)
{
    const char *names[FIELDS_MAX + 1] = {0};
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 2048};
    list_keys(table, names, &text);

    const char *meant = arc_suggest(key->text, names);
    if (ARC_STARTS(key->text, "x-") || (table->open && !meant))
        return ARC_OK;
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 2048};
    if (meant)
        return arc_yaml_error(key, err, "%s is not a key of %s; did you mean '%s'?",
                              quote(&shown, key), table->what, meant);

    return arc_yaml_error(key, err, "%s is not a key of %s; its keys are %s", quote(&shown, key),
                          table->what, arc_buf_text(&text));
}

int arc_fields_read(const struct arc_loading *l, const struct arc_yaml_node *map,
                    const struct arc_table *table, void *out)
{
    if (map->type == ARC_YAML_STRING && table->brief) {
        struct arc_field first = table->fields[0];
        first.key = table->brief;
        return read_field(l, map, &first, out);
    }

    if (map->type != ARC_YAML_MAP)
        return no_mapping(map, table, l->err);

    arc_yaml_each_pair (pair, map) {
        const struct arc_field *field = table->fields;
        while (field->key && !arc_yaml_reads(pair->key, field->key))
            field++;
        if (field->key)
            ARC_TRY(read_field(l, pair->value, field, out));
        else
            ARC_TRY(unknown_key(pair->key, table, l->err));
    }

    for (const struct arc_field *field = table->fields; field->key; field++)
        if (field->required && !arc_yaml_get(map, field->key))
            return arc_yaml_error(map, l->err, "%s needs '%s'", table->what, field->key);

    return ARC_OK;
}

/* ---- one over the other --------------------------------------------------------------------- */

void arc_fields_overlay(const struct arc_table *table, void *out, const void *from)
{
    static const char zero[sizeof(void *)];

    for (const struct arc_field *field = table->fields; field->key; field++) {
        const char *theirs = (const char *)from + field->offset;
        size_t size = field->kind == FIELD_PORT ? sizeof(unsigned) : sizeof(void *);
        if (field->kind != FIELD_LATER && memcmp(theirs, zero, size) != 0)
            memcpy((char *)out + field->offset, theirs, size);
    }
}

void arc_texts_inherit(char ***own, char **given)
{
    static char *none[] = {NULL}; /* empty and shared: replaced if there is something to inherit */
    if (!*own || *own == none)
        *own = arc_or(given, none);
}

int arc_pairs_inherit(const struct arc_loading *l, struct arc_pair **own,
                      const struct arc_pair *given)
{
    size_t count = arc_pairs_count(*own), more = arc_pairs_count(given);
    struct arc_pair *grown = arc_arena_array(l->memory, count + more + 1, sizeof *grown);
    ARC_TRY_ALLOC(grown, l->err);
    for (size_t i = 0; i < count; i++)
        grown[i] = (*own)[i];
    *own = grown;

    for (size_t i = 0, end = count; i < more; i++) {
        if (!arc_find(grown, count, name, given[i].name))
            grown[end++] = given[i];
    }

    return ARC_OK;
}

bool arc_pair_is_given(const struct arc_pair *given, const struct arc_pair *pair)
{
    while (given && given->name && given->name != pair->name)
        given++;
    return given && given->name;
}

int arc_fields_inherit(const struct arc_loading *l, const struct arc_table *table, void *own,
                       const void *given)
{
    for (const struct arc_field *field = table->fields; field->key; field++) {
        void *slot = (char *)own + field->offset;
        void *from = (char *)given + field->offset;

        switch (field->kind) {
        case FIELD_TEXT:
        case FIELD_SCALAR:
            *(char **)slot = *(char **)slot ? *(char **)slot : *(char **)from;
            break;
        case FIELD_TEXTS:
        case FIELD_LIST:
        case FIELD_PLATFORMS:
        case FIELD_OWN:
            arc_texts_inherit(slot, *(char ***)from);
            break;
        case FIELD_PAIRS:
        case FIELD_KEYED:
        case FIELD_HOSTS:
        case FIELD_ARGS:
            ARC_TRY(arc_pairs_inherit(l, slot, *(struct arc_pair **)from));
            break;
        case FIELD_FLAG:
            if (!*((bool *)own + field->count) && *((const bool *)given + field->count))
                arc_field_set_flag(field, own, *(bool *)from);
            break;
        default:
            break;
        }
    }

    return ARC_OK;
}

int arc_texts_add_once(const struct arc_loading *l, char ***list, const char *text)
{
    return arc_texts_have(*list, text) ? ARC_OK : arc_texts_add(l->memory, list, text, l->err);
}

int arc_platform_add(const struct arc_loading *l, char ***list, const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf why = {.max = 4096};
    char plain[ARC_PLATFORM_SIZE];

    if (!text || !*text)
        return arc_error_set(l->err, ARC_EINPUT, "platforms: '' is not a platform");
    arc_each_piece (one, text, ",") {
        const char *name = arc_arena_printf(l->memory, "%.*s", (int)one.len, one.text);
        ARC_TRY(arc_arena_check(l->memory, l->err));
        if (!arc_check_platform(name, &why))
            return arc_error_set(l->err, ARC_EINPUT, "platforms: '%.100s' %s", name,
                                 arc_buf_text(&why));
        arc_platform_normalize(name, plain);
        ARC_TRY(arc_texts_add_once(l, list, plain));
    }

    return ARC_OK;
}

int arc_buf_keep(const struct arc_loading *l, const struct arc_buf *text, const char *what,
                 char **out)
{
    ARC_TRY(arc_buf_check(text, what, l->err));
    *out = arc_arena_text(l->memory, arc_buf_text(text));
    return arc_arena_check(l->memory, l->err);
}

/* ---- placeholders --------------------------------------------------------------------------- */

static bool add_word(void *context, const char *name, struct arc_buf *out)
{
    const struct arc_word *word = context;
    while (word->name && strcmp(word->name, name) != 0)
        word++;
    arc_buf_puts(out, arc_or(word->value, ""));
    return word->value != NULL;
}

void arc_words_fill(const char *template, const struct arc_word *words, struct arc_buf *out)
{
    arc_text_fill(template, add_word, (void *)words, out);
}

void arc_service_fill(const char *template, const struct arc_group *group,
                      const struct arc_service *service, struct arc_word more, struct arc_buf *out)
{
    const struct arc_word words[] = {{"group", group->name},
                                     {"codename", service->codename},
                                     {"name", service->name},
                                     {"suffix", arc_text_or(service->suffix, "")},
                                     more,
                                     {NULL, NULL}};
    arc_words_fill(template, words, out);
}
