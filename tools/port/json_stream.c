#include "port/json_stream.h"
#include "base/auto.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* jansson reads ahead by one of its own buffers (1,024 bytes); that much is kept to step back. */
#define KEEP  4096
#define CHUNK 65536

struct source {
    const struct arc_json_reader *reader;
    const char *name;
    const char *text; /* the document in memory, or NULL */
    size_t text_len;
    int fd;
    char *buffer;  /* KEEP + CHUNK bytes */
    size_t at;     /* the next byte in buffer */
    size_t end;    /* bytes in buffer */
    size_t offset; /* of buffer[0] in the document */
    size_t fed;    /* bytes given to jansson for the value under way */
    int failed;    /* 0, or the code of a failed read, with `number` */
    int number;
};

static ssize_t read_more(struct source *source, char *into, size_t room)
{
    size_t done = source->offset + source->end;
    if (source->text) {
        size_t left = source->text_len - done;
        size_t count = left < room ? left : room;
        memcpy(into, source->text + done, count);
        return (ssize_t)count;
    }
    ssize_t got;
    do
        got = read(source->fd, into, room);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Makes at least one byte available; false at the end, on failure, or beyond the limit. */
static bool fill(struct source *source)
{
    if (source->at < source->end)
        return true;
    if (source->failed)
        return false;
    size_t keep = source->at < KEEP ? source->at : KEEP;
    memmove(source->buffer, source->buffer + source->at - keep, keep);
    source->offset += source->at - keep;
    source->at = source->end = keep;
    ssize_t got = read_more(source, source->buffer + keep, CHUNK);
    if (got < 0) {
        source->failed = ARC_EWORLD;
        source->number = errno;
        return false;
    }
    source->end += (size_t)got;
    if (source->offset + source->end > source->reader->size_max)
        source->failed = ARC_ELIMIT;
    return got > 0 && !source->failed;
}

static void count_lines(const char *text, size_t len, unsigned *line, unsigned *column)
{
    for (size_t i = 0; i < len; i++) {
        *column = text[i] == '\n' ? 1 : *column + 1;
        *line += text[i] == '\n';
    }
}

/* Line and column are needed for an error only, so they are counted then, by reading again. */
static void locate(struct source *source, size_t offset, unsigned *line, unsigned *column)
{
    *line = *column = 1;
    if (source->text) {
        count_lines(source->text, offset, line, column);
        return;
    }
    for (size_t done = 0; done < offset;) {
        size_t want = offset - done < CHUNK ? offset - done : CHUNK;
        ssize_t got = pread(source->fd, source->buffer, want, (off_t)done);
        if (got <= 0)
            return;
        count_lines(source->buffer, (size_t)got, line, column);
        done += (size_t)got;
    }
}

static int fail_at(struct source *source, size_t offset, struct arc_error *err, const char *text)
{
    unsigned line, column;
    if (source->failed == ARC_EWORLD)
        return arc_error_set(err, ARC_EWORLD, "cannot read %s: %s", source->name,
                             strerror(source->number));
    if (source->failed == ARC_ELIMIT)
        return arc_error_set(err, ARC_ELIMIT, "%s is longer than the limit of %zu bytes",
                             source->name, source->reader->size_max);
    locate(source, offset, &line, &column);
    return arc_error_at(err, ARC_EINPUT, source->name, line, column, "%s", text);
}

static int fail(struct source *source, struct arc_error *err, const char *expected)
{
    char text[128];
    bool more = fill(source);
    snprintf(text, sizeof text, more ? "expected %s here" : "ends where %s was expected", expected);
    return fail_at(source, source->offset + source->at, err, text);
}

/* The next character that is no white space, not taken; 0 when there is none. */
static char peek(struct source *source)
{
    while (fill(source)) {
        char c = source->buffer[source->at];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return c;
        source->at++;
    }
    return '\0';
}

static bool take(struct source *source, char c)
{
    if (peek(source) != c)
        return false;
    source->at++;
    return true;
}

static size_t feed(void *into, size_t room, void *data)
{
    struct source *source = data;
    if (source->fed >= ARC_JSON_VALUE_MAX || !fill(source))
        return 0;
    size_t have = source->end - source->at;
    size_t count = have < room ? have : room;
    memcpy(into, source->buffer + source->at, count);
    source->at += count;
    source->fed += count;
    return count;
}

/* Decodes the value that starts here, and stands right behind it afterwards. */
static int decode(struct source *source, json_t **out, struct arc_error *err)
{
    json_error_t problem;
    char first = peek(source);
    size_t start = source->offset + source->at;
    source->fed = 0;
    *out = json_load_callback(feed, source,
                              JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &problem);
    size_t used = (size_t)problem.position;
    if (*out) {
        source->at -= source->fed - used;
        return ARC_OK;
    }
    if (json_error_code(&problem) == json_error_out_of_memory)
        return arc_error_nomem(err);
    if (!first)
        return fail(source, err, "a value");
    if (source->fed >= ARC_JSON_VALUE_MAX)
        return arc_error_set(err, ARC_ELIMIT, "%s: a value is longer than the limit of %zu bytes",
                             source->name, ARC_JSON_VALUE_MAX);
    return fail_at(source, start + used, err, problem.text);
}

/* Reads past a value; the elements of an array one by one, since such arrays grow long. */
static int skip(struct source *source, struct arc_error *err)
{
    bool array = take(source, '[');
    if (array && take(source, ']'))
        return ARC_OK;
    do {
        ARC_AUTO_JSON json_t *value = NULL;
        int rc = decode(source, &value, err);
        if (rc)
            return rc;
    } while (array && take(source, ','));
    return !array || take(source, ']') ? ARC_OK : fail(source, err, "',' or ']'");
}

static const struct arc_json_rule *find_rule(const struct arc_json_rule *rule, unsigned in,
                                             const char *key)
{
    for (; rule->in || rule->key || rule->enter; rule++)
        if (rule->in == in && (key ? rule->key && strcmp(rule->key, key) == 0 : !rule->key))
            return rule;
    return NULL;
}

static int read_value(struct source *source, unsigned in, const char *key, struct arc_error *err);

static int read_member(struct source *source, unsigned in, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *key = NULL;
    if (peek(source) != '"')
        return fail(source, err, "a member's name");
    int rc = decode(source, &key, err);
    if (rc)
        return rc;
    if (!take(source, ':'))
        return fail(source, err, "':'");
    return read_value(source, in, json_string_value(key), err);
}

static int read_container(struct source *source, const struct arc_json_rule *rule, char bracket,
                          struct arc_error *err)
{
    const struct arc_json_reader *reader = source->reader;
    char close = bracket == '{' ? '}' : ']';
    int rc = reader->enter ? reader->enter(reader->data, rule, bracket, err) : ARC_OK;
    source->at++;
    if (!rc && !take(source, close)) {
        do
            rc = bracket == '{' ? read_member(source, rule->enter, err)
                                : read_value(source, rule->enter, NULL, err);
        while (!rc && take(source, ','));
        if (!rc && !take(source, close))
            rc = fail(source, err, bracket == '{' ? "',' or '}'" : "',' or ']'");
    }
    return rc || !reader->leave ? rc : reader->leave(reader->data, rule, err);
}

static int read_value(struct source *source, unsigned in, const char *key, struct arc_error *err)
{
    const struct arc_json_rule *rule = find_rule(source->reader->rules, in, key);
    char first = peek(source);
    if (!rule)
        return skip(source, err);
    if (rule->enter && (first == '{' || first == '['))
        return read_container(source, rule, first, err);
    ARC_AUTO_JSON json_t *value = NULL;
    int rc = decode(source, &value, err);
    return rc ? rc : source->reader->value(source->reader->data, rule, value, err);
}

static int read_document(struct source *source, struct arc_error *err)
{
    ARC_AUTO_FREE char *buffer = malloc(KEEP + CHUNK);
    if (!buffer)
        return arc_error_nomem(err);
    source->buffer = buffer;
    int rc = read_value(source, ARC_JSON_TOP, "", err);
    if (!rc && (peek(source) || fill(source) || source->failed))
        rc = fail(source, err, "the end");
    return rc;
}

int arc_json_stream_file(const char *path, const char *name, const struct arc_json_reader *reader,
                         struct arc_error *err)
{
    struct stat st;
    struct source source = {.reader = reader, .name = name ? name : path};
    source.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (source.fd < 0)
        return arc_error_set(err, errno == ENOENT || errno == ENOTDIR ? ARC_ENOTFOUND : ARC_EWORLD,
                             "cannot read %s: %s", source.name, strerror(errno));
    int rc;
    if (fstat(source.fd, &st) != 0 || !S_ISREG(st.st_mode))
        rc = arc_error_set(err, ARC_EINPUT, "%s is not a regular file", source.name);
    else
        rc = read_document(&source, err);
    close(source.fd);
    return rc;
}

int arc_json_stream_text(const char *text, size_t len, const char *name,
                         const struct arc_json_reader *reader, struct arc_error *err)
{
    struct source source = {
        .reader = reader, .name = name, .text = text, .text_len = len, .fd = -1};
    return read_document(&source, err);
}
