/* Builds a tree from libyaml's events. */
#include "os/file.h"
#include "yaml/yaml.h"
#include <yaml.h>

#define CORE        "tag:yaml.org,2002:"
#define ANCHORS_MAX 1000

/* A list or mapping that is still open. */
struct frame {
    struct arc_yaml_node *node;
    const struct arc_yaml_node *key; /* in a mapping: the key that waits for its value */
};

struct builder {
    struct arc_yaml *yaml;
    unsigned flags;
    struct frame stack[ARC_YAML_DEPTH];
    size_t depth;
    size_t nodes;
    const struct arc_yaml_node *anchors[ANCHORS_MAX]; /* newest last */
    size_t anchor_count;
    size_t documents;
    struct arc_error *err;
};

static int error_mark(const struct builder *b, const yaml_mark_t *mark, int code, const char *text)
{
    arc_error_at(b->err, code, b->yaml->source->name, (unsigned)mark->line + 1,
                 (unsigned)mark->column + 1, "%s", text);
    arc_error_show_line(b->err, b->yaml->source->text, b->yaml->source->len);
    return code;
}

/* Adds a child's weight and depth to its parent's. ARC_ELIMIT beyond the maxima, at that place. */
static int weigh(const struct builder *b, struct arc_yaml_node *parent,
                 const struct arc_yaml_node *child, unsigned line, unsigned column)
{
    parent->weight += child->weight;
    if (child->depth >= parent->depth)
        parent->depth = child->depth + 1;

    if (parent->weight > ARC_YAML_NODES)
        return arc_error_at(b->err, ARC_ELIMIT, parent->source->name, line, column,
                            "more than %d values after replacing every alias", ARC_YAML_NODES);

    if (parent->depth > ARC_YAML_DEPTH)
        return arc_error_at(b->err, ARC_ELIMIT, parent->source->name, line, column,
                            "nested deeper than %d levels", ARC_YAML_DEPTH);

    return ARC_OK;
}

/* A new node, owned by the document from now on. */
static struct arc_yaml_node *new_node(struct builder *b, const yaml_event_t *event,
                                      enum arc_yaml_type type)
{
    struct arc_yaml_node *node = arc_arena_array(&b->yaml->arena, 1, sizeof *node);
    if (!node)
        return NULL;
    node->type = type;
    node->source = b->yaml->source;
    node->line = (unsigned)event->start_mark.line + 1;
    node->column = (unsigned)event->start_mark.column + 1;
    node->weight = node->depth = 1;
    b->nodes++;

    return node;
}

static int set_anchor(struct builder *b, struct arc_yaml_node *node, const yaml_char_t *anchor)
{
    if (!anchor)
        return ARC_OK;

    if (b->anchor_count == ANCHORS_MAX)
        return arc_yaml_error_code(node, ARC_ELIMIT, b->err, "more than %d anchors", ANCHORS_MAX);

    node->anchor = arc_arena_text(&b->yaml->arena, (const char *)anchor);
    b->anchors[b->anchor_count++] = node;

    return arc_arena_check(&b->yaml->arena, b->err);
}

static bool known_tag(const char *tag)
{
    if (strncmp(tag, CORE, strlen(CORE)) != 0)
        return strcmp(tag, "!") == 0;
    return ARC_AMONG(tag + strlen(CORE), "str", "null", "bool", "int", "float", "seq", "map",
                     "omap", "pairs", "set", "binary", "timestamp", "merge");
}

static int set_tag(struct builder *b, struct arc_yaml_node *node, const yaml_char_t *tag)
{
    if (!tag || !*tag)
        return ARC_OK;
    node->tag = arc_arena_text(&b->yaml->arena, (const char *)tag);
    ARC_TRY(arc_arena_check(&b->yaml->arena, b->err));
    if (known_tag(node->tag) || (b->flags & ARC_YAML_ANY_TAG))
        return ARC_OK;

    return arc_yaml_error(node, b->err, "the tag '%.120s' is unknown%s", node->tag,
                          *node->tag == '!' ? "; put a value that starts with '!' into quotes"
                                            : "");
}

/* Sets the type of a scalar: by its tag if that is in the core schema, else by its text. */
static int set_type(struct builder *b, struct arc_yaml_node *node)
{
    static const char *const tagged[] = {[ARC_YAML_NULL] = "null",
                                         [ARC_YAML_BOOL] = "bool",
                                         [ARC_YAML_INT] = "int",
                                         [ARC_YAML_FLOAT] = "float"};
    enum arc_yaml_type core = arc_yaml_core_type(node->text, node->len);
    const char *name = arc_text_after(node->tag, CORE);
    bool tag = node->tag && known_tag(node->tag);

    node->type = !tag && node->plain ? core : ARC_YAML_STRING;

    for (enum arc_yaml_type type = 0; name && type < ARC_COUNT(tagged); type++) {
        if (strcmp(name, tagged[type]) != 0)
            continue;
        node->type = type;
        if (core != type && !(core == ARC_YAML_INT && type == ARC_YAML_FLOAT))
            return arc_yaml_error(node, b->err, "this is not a value of its tag !!%s", name);
    }

    return ARC_OK;
}

/* Attaches a finished node found at that place: as the root, an item, a key or a value. */
static int attach(struct builder *b, const struct arc_yaml_node *node, unsigned line,
                  unsigned column)
{
    if (!b->depth) {
        b->yaml->root = node;
        return ARC_OK;
    }

    struct frame *top = &b->stack[b->depth - 1];
    struct arc_yaml_node *parent = top->node;
    ARC_TRY(weigh(b, parent, node, line, column));

    if (parent->type == ARC_YAML_MAP && !top->key) {
        if (!node->text)
            return arc_yaml_error(node, b->err, "a key must be a plain value, this is %s",
                                  arc_yaml_type_name(node));
        top->key = node;
        return ARC_OK;
    }

    struct arc_arena *arena = &b->yaml->arena;

    if (parent->type == ARC_YAML_LIST) {
        ARC_APPEND(arena, parent->items, parent->count, b->err, node);
        return ARC_OK;
    }

    ARC_APPEND(arena, parent->pairs, parent->count, b->err,
               (struct arc_yaml_pair){.key = top->key, .value = node});
    top->key = NULL;

    return ARC_OK;
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
    struct arc_yaml_node *node = new_node(b, event, ARC_YAML_STRING);
    size_t len = event->data.scalar.length;

    if (!node || !(node->text = arc_arena_array(&b->yaml->arena, len + 1, 1)))
        return arc_error_nomem(b->err);
    memcpy(node->text, event->data.scalar.value, len);
    node->len = len;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->block = event->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
                  event->data.scalar.style == YAML_FOLDED_SCALAR_STYLE;
    ARC_TRY(set_tag(b, node, event->data.scalar.tag));
    ARC_TRY(set_type(b, node));
    ARC_TRY(set_anchor(b, node, event->data.scalar.anchor));
    node->merge_key = node->plain && !node->tag && arc_text_is(node->text, len, "<<");

    return attach(b, node, node->line, node->column);
}

static int on_start(struct builder *b, const yaml_event_t *event)
{
    bool list = event->type == YAML_SEQUENCE_START_EVENT;
    struct arc_yaml_node *node = new_node(b, event, list ? ARC_YAML_LIST : ARC_YAML_MAP);

    ARC_TRY_ALLOC(node, b->err);

    if (b->depth == ARC_YAML_DEPTH)
        return arc_yaml_error_code(node, ARC_ELIMIT, b->err, "nested deeper than %d levels",
                                   ARC_YAML_DEPTH);

    node->open = true;
    b->stack[b->depth++] = (struct frame){node, NULL};

    ARC_TRY(
        set_tag(b, node, list ? event->data.sequence_start.tag : event->data.mapping_start.tag));

    return set_anchor(b, node,
                      list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor);
}

/* ---- merge keys and duplicate keys ----------------------------------------------------------- */

/* Merges what a `<<` names: a mapping, or each of a list. */
static int merge(struct builder *b, struct arc_yaml_node *map, const struct arc_yaml_node *value)
{
    const struct arc_yaml_node *source;

    for (size_t i = 0; (source = arc_yaml_entry(value, i)); i++) {
        if (source->type != ARC_YAML_MAP)
            return arc_yaml_error(source, b->err, "'<<' can only merge mappings, this is %s",
                                  arc_yaml_type_name(source));

        ARC_TRY(weigh(b, map, source, map->line, map->column));
        arc_yaml_each_pair (given, source)
            ARC_APPEND(&b->yaml->arena, map->pairs, map->count, b->err,
                       (struct arc_yaml_pair){given->key, given->value, .merged = true});
    }

    return ARC_OK;
}

static int compare_keys(const struct arc_yaml_pair *a, const struct arc_yaml_pair *b)
{
    return arc_text_compare(a->key->text, a->key->len, b->key->text, b->key->len);
}

/* Equal keys in the order of the file, which is that of the pairs in memory. */
static int by_key(const void *a, const void *b)
{
    const struct arc_yaml_pair *x = *(struct arc_yaml_pair *const *)a;
    const struct arc_yaml_pair *y = *(struct arc_yaml_pair *const *)b;
    return arc_or(compare_keys(x, y), (x > y) - (x < y));
}

/* Settles a run of equal keys in the order of the file: one of them stays, in the place of the
 * first; the others lose their keys. */
static int settle(struct arc_yaml_pair **run, size_t count, struct arc_error *err)
{
    struct arc_yaml_pair winner = *run[0];

    for (size_t i = 1; i < count; i++) {
        struct arc_yaml_pair pair = *run[i];
        run[i]->key = NULL;
        if (pair.merged)
            continue;
        if (!winner.merged) {
            ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 2048};
            arc_text_visible(&shown, pair.key->text, ARC_MIN(pair.key->len, 120));
            return arc_yaml_error(pair.key, err, "the key '%s' is here twice, first on line %u",
                                  arc_buf_text(&shown), winner.key->line);
        }
        winner = pair;
    }

    *run[0] = winner;

    return ARC_OK;
}

/* Ends a mapping: replaces merge keys by the pairs of what they name, and refuses duplicates. A
 * pair of the mapping itself wins over a merged one, an earlier merge over a later one; a pair
 * stays where its key was met first (as in js-yaml). */
static int finish_map(struct builder *b, struct arc_yaml_node *map)
{
    const struct arc_yaml_node given = *map;

    map->pairs = NULL;
    map->count = 0;
    arc_yaml_each_pair (pair, &given)
        if (pair->key->merge_key)
            ARC_TRY(merge(b, map, pair->value));
        else
            ARC_APPEND(&b->yaml->arena, map->pairs, map->count, b->err, *pair);

    size_t count = map->count, kept = 0;
    ARC_AUTO_FREE struct arc_yaml_pair **sorted = calloc(count + 1, sizeof *sorted);
    ARC_TRY_ALLOC(sorted, b->err);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &map->pairs[i];
    qsort(sorted, count, sizeof *sorted, by_key);

    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && compare_keys(sorted[i], sorted[end]) == 0;)
            end++;
        ARC_TRY(settle(sorted + i, end - i, b->err));
    }

    for (size_t i = 0; i < count; i++)
        if (map->pairs[i].key)
            map->pairs[kept++] = map->pairs[i];
    map->count = kept;

    return ARC_OK;
}

/* ---- events --------------------------------------------------------------------------------- */

static int on_alias(struct builder *b, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;

    for (size_t i = b->anchor_count; i-- > 0;) {
        if (strcmp(b->anchors[i]->anchor, name) != 0)
            continue;
        if (b->anchors[i]->open)
            return error_mark(b, &event->start_mark, ARC_EINPUT,
                              "this alias names a value that contains it");
        return attach(b, b->anchors[i], (unsigned)event->start_mark.line + 1,
                      (unsigned)event->start_mark.column + 1);
    }

    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 2048};
    arc_buf_printf(&text,
                   "no anchor before this alias is named '%.120s'; put a value that starts with "
                   "'*' into quotes",
                   name);

    return error_mark(b, &event->start_mark, ARC_EINPUT, arc_buf_text(&text));
}

static int on_event(struct builder *b, const yaml_event_t *event)
{
    struct arc_yaml_node *node;

    if (b->nodes >= ARC_YAML_NODES)
        return error_mark(b, &event->start_mark, ARC_ELIMIT, "more values than are read");

    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (b->documents++)
            return error_mark(b, &event->start_mark, ARC_EINPUT,
                              "a second document starts here; one is expected");
        return ARC_OK;
    case YAML_SCALAR_EVENT:
        return on_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return on_start(b, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        node = b->stack[--b->depth].node;
        if (node->type == ARC_YAML_MAP)
            ARC_TRY(finish_map(b, node));
        node->open = false;
        return attach(b, node, node->line, node->column);
    case YAML_ALIAS_EVENT:
        return on_alias(b, event);
    default:
        return ARC_OK;
    }
}

/* libyaml's description of the problem, or a plainer one. */
static const char *name_problem(const char *problem)
{
    static const char *const words[][2] = {
        {"did not find expected node content", "a value is missing, or a bracket is not closed"},
        {"did not find expected ',' or ']'", "a ',' or the closing ']' is missing"},
        {"did not find expected ',' or '}'", "a ',' or the closing '}' is missing"},
        {"could not find expected ':'", "a ':' is missing behind a key"},
        {"did not find expected key", "a key is expected here, indented as those before it"},
        {"did not find expected '-' indicator",
         "an item ('- …') is expected here, indented as those before it"},
        {"found character that cannot start any token",
         "no value starts with this character: put the value into quotes"},
        {"mapping values are not allowed in this context",
         "a second ': ' on one line: put the value into quotes"},
        {"did not find expected alphabetic or numeric character",
         "'*' and '&' start the name of an anchor: put a value that starts so into quotes"},
        {"found unexpected end of stream", "the text ends before a quote is closed"},
    };

    for (size_t i = 0; problem && i < ARC_COUNT(words); i++)
        if (strcmp(problem, words[i][0]) == 0)
            return words[i][1];

    return arc_or(problem, "this is not YAML");
}

static int syntax_error(const struct builder *b, const yaml_parser_t *parser, const char *text)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return arc_error_nomem(b->err);
    ARC_AUTO(arc_buf) struct arc_buf why = {.max = 2048};
    if (parser->error == YAML_READER_ERROR) {
        /* For a byte that is not valid in YAML, libyaml gives only its offset. */
        yaml_mark_t mark = {0};
        for (size_t i = 0; i < parser->problem_offset; i++) {
            mark.line += text[i] == '\n';
            mark.column = text[i] == '\n' ? 0 : mark.column + !arc_utf8_continues(text[i]);
        }

        arc_buf_printf(&why, "%s (0x%02x)", parser->problem,
                       (unsigned)parser->problem_value & 0xffffffU);
        return error_mark(b, &mark, ARC_EINPUT, arc_buf_text(&why));
    }

    size_t at = parser->problem_mark.index;
    if (at < b->yaml->source->len && text[at] == '\t')
        return error_mark(b, &parser->problem_mark, ARC_EINPUT,
                          "there is a tab here; YAML is indented with spaces");

    /* [v{version}] */
    if (parser->problem && strncmp(parser->problem, "did not find expected ',' or", 28) == 0 &&
        at < b->yaml->source->len && strchr("{}", text[at]))
        return error_mark(b, &parser->problem_mark, ARC_EINPUT,
                          "a value with '{' or '}' needs quotes here");

    arc_buf_puts(&why, name_problem(parser->problem));
    if (parser->context)
        arc_buf_printf(&why, " (%s, on line %zu)", parser->context, parser->context_mark.line + 1);

    return error_mark(b, &parser->problem_mark, ARC_EINPUT, arc_buf_text(&why));
}

static int build(struct builder *b, yaml_parser_t *parser, const char *text)
{
    for (bool done = false; !done;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return syntax_error(b, parser, text);
        int rc = on_event(b, &event);
        done = event.type == YAML_STREAM_END_EVENT;
        if (!rc && done && !b->yaml->root) {
            b->yaml->root = new_node(b, &event, ARC_YAML_NULL);
            rc = arc_error_unless(b->yaml->root, b->err);
        }
        yaml_event_delete(&event);
        if (rc)
            return rc;
    }

    return arc_arena_check(&b->yaml->arena, b->err);
}

int arc_yaml_parse(const char *text, size_t len, const char *name, unsigned flags,
                   struct arc_yaml *out, struct arc_error *err)
{
    ARC_AUTO_FREE struct builder *b = calloc(1, sizeof *b);
    yaml_parser_t parser;

    *out = (struct arc_yaml){0};
    struct arc_yaml_source *source = arc_arena_array(&out->arena, 1, sizeof *source);
    char *copy = arc_arena_array(&out->arena, len + 1, 1);

    if (!source || !copy || !b || !yaml_parser_initialize(&parser)) {
        arc_yaml_free(out);
        return arc_error_nomem(err);
    }

    *b = (struct builder){.yaml = out, .flags = flags, .err = err};
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);

    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark is not text */
        text += 3;
        len -= 3;
    }

    memcpy(copy, text, len);
    *source = (struct arc_yaml_source){arc_arena_text(&out->arena, name), copy, len};
    out->source = source;
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    int rc;
    if (len > ARC_YAML_BYTES)
        rc = arc_error_at(err, ARC_ELIMIT, name, 0, 0, "longer than %zu bytes", ARC_YAML_BYTES);
    else
        rc = build(b, &parser, text);
    yaml_parser_delete(&parser);
    if (rc)
        arc_yaml_free(out);

    return rc;
}

int arc_yaml_read_in(const char *root, const char *path, unsigned flags, struct arc_yaml *out,
                     struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    *out = (struct arc_yaml){0};
    ARC_TRY(arc_file_read_in(root, path, ARC_YAML_BYTES, &text, err));
    return arc_yaml_parse(arc_buf_text(&text), text.len, path, flags, out, err);
}

void arc_yaml_free(struct arc_yaml *yaml)
{
    arc_arena_free(&yaml->arena);
    *yaml = (struct arc_yaml){0};
}

const char *arc_yaml_library(void)
{
    return yaml_get_version_string();
}
