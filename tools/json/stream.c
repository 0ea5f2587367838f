#include "json/stream.h"
#include "base/text.h"
#include "os/file.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>
#include <yajl/yajl_version.h>

#define CHUNK 65536

/* libyajl does not check its allocations, so it gets one block allocated beforehand, of which the
 * system only backs what is touched. Its two buffers grow by doubling up to twice the longest token,
 * so all their sizes together stay within four times that each. */
#define MEMORY_SIZE (8 * ARC_JSON_TOKEN_MAX + ((size_t)1 << 20))

/* Each piece is preceded by its length and aligned for any type. */
#define HEADER sizeof(max_align_t)

/* A container being read. */
struct level {
    const struct arc_json_rule *rule;  /* that entered it; NULL: skipped */
    const struct arc_json_rule *rules; /* of its place */
    const struct arc_json_rule *next;  /* for the next value; NULL: skip it */
    bool array;
};

struct memory {
    char *data;
    size_t used;
    bool exceeded; /* a buffer is longer than a token may be */
};

struct parser {
    const struct arc_json_reader *reader;
    const char *name;
    struct arc_error *err;
    int code; /* what a call returned */
    int fd;   /* the document */
    unsigned depth;
    struct level levels[ARC_JSON_DEPTH_MAX + 1];
    struct memory memory;
    yajl_handle yajl;
    size_t offset; /* of the chunk in the document */
    size_t len;    /* of the chunk */
};

static const struct arc_json_rule *rules_of(const struct arc_json_rule *rule, unsigned place)
{
    while ((rule->in || rule->key || rule->enter) && rule->in != place)
        rule++;
    return rule;
}

static const struct arc_json_rule *find_member(const struct arc_json_rule *rule, const char *key,
                                               size_t len)
{
    for (unsigned place = rule->in; rule->in == place && (rule->key || rule->enter); rule++) {
        if (!rule->key)
            continue;
        bool same = arc_text_is_caseless(key, len, rule->key);
        if (same || strcmp(rule->key, ARC_JSON_ANY) == 0)
            return rule;
    }
    return NULL;
}

/* The rule for the value that starts here. */
static const struct arc_json_rule *current(const struct parser *parser)
{
    return parser->levels[parser->depth].next;
}

static int on_scalar(struct parser *parser, struct arc_json_scalar scalar)
{
    const struct arc_json_rule *rule = current(parser);
    if (rule)
        parser->code = parser->reader->value(parser->reader->data, rule, &scalar, parser->err);
    return parser->code == ARC_OK;
}

static int on_null(void *data)
{
    return on_scalar(data, (struct arc_json_scalar){.type = ARC_JSON_NULL, .text = ""});
}

static int on_boolean(void *data, int truth)
{
    return on_scalar(
        data, (struct arc_json_scalar){.type = ARC_JSON_BOOL, .text = "", .truth = truth != 0});
}

static int on_number(void *data, const char *text, size_t len)
{
    return on_scalar(data,
                     (struct arc_json_scalar){.type = ARC_JSON_NUMBER, .text = text, .len = len});
}

static int on_string(void *data, const unsigned char *text, size_t len)
{
    return on_scalar(data, (struct arc_json_scalar){
                               .type = ARC_JSON_STRING, .text = (const char *)text, .len = len});
}

static int on_key(void *data, const unsigned char *key, size_t len)
{
    struct parser *parser = data;
    struct level *level = &parser->levels[parser->depth];
    level->next = level->rule ? find_member(level->rules, (const char *)key, len) : NULL;
    return 1;
}

static int enter(struct parser *parser, char bracket)
{
    const struct arc_json_reader *reader = parser->reader;
    const struct arc_json_rule *rule = current(parser);

    if (parser->depth == ARC_JSON_DEPTH_MAX) {
        parser->code = arc_error_set(parser->err, ARC_ELIMIT, "%s: nested deeper than %d levels",
                                     parser->name, ARC_JSON_DEPTH_MAX);
        return 0;
    }

    struct level *level = &parser->levels[++parser->depth];
    *level = (struct level){.rule = rule, .array = bracket == '['};
    if (!rule)
        return 1;

    if (!rule->enter)
        parser->code = arc_error_set(parser->err, ARC_EINPUT, "%s: %s is not a single value",
                                     parser->name, arc_or(rule->key, "an element"));
    else
        parser->code = reader->enter(reader->data, rule, bracket, parser->err);

    level->rules = rules_of(reader->rules, rule->enter);
    for (rule = level->rules;
         level->array && !level->next && rule->in && rule->in == level->rules->in; rule++)
        if (!rule->key) /* that of every element */
            level->next = rule;

    return parser->code == ARC_OK;
}

static int on_start_map(void *data)
{
    return enter(data, '{');
}

static int on_start_array(void *data)
{
    return enter(data, '[');
}

static int on_end(void *data)
{
    struct parser *parser = data;
    const struct arc_json_reader *reader = parser->reader;
    const struct arc_json_rule *rule = parser->levels[parser->depth--].rule;
    if (rule)
        parser->code = reader->leave(reader->data, rule, parser->err);
    return parser->code == ARC_OK;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

static ssize_t read_at(const struct parser *parser, char *into, size_t room, size_t offset)
{
    ssize_t got;
    do
        got = pread(parser->fd, into, room, (off_t)offset);
    while (got < 0 && errno == EINTR);

    return got;
}

/* Only errors need line and column, so they are counted then, by reading again. */
static int no_json(struct parser *parser, char *chunk)
{
    unsigned line = 1, column = 1;
    size_t used = yajl_get_bytes_consumed(parser->yajl);
    size_t offset = parser->offset + ARC_MIN(used, parser->len);
    unsigned char *said = yajl_get_error(parser->yajl, 0, NULL, 0);
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ssize_t got = 1;

    arc_buf_add(&text, said, strcspn((char *)said, "\n"));
    yajl_free_error(parser->yajl, said);

    for (size_t done = 0; done < offset && got > 0; done += (size_t)got) {
        got = read_at(parser, chunk, offset - done < CHUNK ? offset - done : CHUNK, done);
        for (ssize_t i = 0; i < got; i++) {
            column = chunk[i] == '\n' ? 1 : column + 1;
            line += chunk[i] == '\n';
        }
    }

    return arc_error_at(parser->err, ARC_EINPUT, parser->name, line, column, "%s",
                        arc_buf_text(&text));
}

static int parse(struct parser *parser, char *chunk)
{
    yajl_status status = yajl_status_ok;
    ssize_t got = 1;
    while (status == yajl_status_ok && got > 0) {
        parser->offset += parser->len;
        got = read_at(parser, chunk, CHUNK, parser->offset);
        if (got < 0)
            return arc_error_set(parser->err, ARC_EWORLD, "cannot read %s: %s", parser->name,
                                 strerror(errno));
        parser->len = (size_t)got;
        if (parser->offset + parser->len > parser->reader->size_max)
            return arc_error_set(parser->err, ARC_ELIMIT,
                                 "%s is longer than the limit of %zu bytes", parser->name,
                                 parser->reader->size_max);
        status = got ? yajl_parse(parser->yajl, (unsigned char *)chunk, (size_t)got)
                     : yajl_complete_parse(parser->yajl);
        if (parser->memory.exceeded)
            return arc_error_set(parser->err, ARC_ELIMIT,
                                 "%s: a value is longer than the limit of %zu bytes", parser->name,
                                 ARC_JSON_TOKEN_MAX);
    }

    if (parser->code)
        return parser->code;

    return status == yajl_status_ok ? ARC_OK : no_json(parser, chunk);
}

/* A request beyond the limit is granted once more; then parse() ends. */
static void *resize(void *context, void *data, size_t size)
{
    struct memory *memory = context;
    size_t old = 0;

    if (data)
        memcpy(&old, (char *)data - HEADER, sizeof old);
    memory->exceeded = memory->exceeded || size > ARC_JSON_TOKEN_MAX;

    size_t place = memory->used;
    if (data && (char *)data + old == memory->data + memory->used) /* the last grows in place */
        place = (size_t)((char *)data - HEADER - memory->data);
    size_t rounded = (size + HEADER - 1) / HEADER * HEADER;
    char *into = memory->data + place + HEADER;
    memcpy(into - HEADER, &rounded, sizeof rounded);
    if (data && into != data)
        memcpy(into, data, ARC_MIN(old, size));
    memory->used = place + HEADER + rounded;

    return into;
}

static void *allocate(void *context, size_t size)
{
    return resize(context, NULL, size);
}

/* Nothing to do: all memory is freed with the document. */
static void release(void *context, void *data)
{
    (void)context;
    (void)data;
}

int arc_json_stream_file(const char *path, const char *name, const struct arc_json_reader *reader,
                         struct arc_error *err)
{
    ARC_AUTO_FREE char *chunk = malloc(CHUNK), *memory = malloc(MEMORY_SIZE);
    ARC_AUTO_FREE struct parser *parser = calloc(1, sizeof *parser);

    ARC_TRY_ALLOC(chunk && memory && parser, err);
    parser->reader = reader;
    parser->name = name;
    parser->err = err;
    parser->memory.data = memory;
    parser->levels[0].next = find_member(rules_of(reader->rules, ARC_JSON_TOP), "", 0);

    yajl_alloc_funcs funcs = {
        .malloc = allocate, .realloc = resize, .free = release, .ctx = &parser->memory};
    parser->yajl = yajl_alloc(&callbacks, &funcs, parser);

    ARC_TRY(arc_file_open(path, name, &parser->fd, err));
    int rc = parse(parser, chunk);
    close(parser->fd);

    return rc;
}

const char *arc_json_stream_library(void)
{
    static char text[36];
    int number = yajl_version();

    snprintf(text, sizeof text, "%d.%d.%d", number / 10000, number / 100 % 100, number % 100);

    return text;
}
