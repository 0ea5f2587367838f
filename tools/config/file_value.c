#include "config/file_value.h"
#include "os/file.h"
#include "yaml/yaml.h"

#define VALUE_FILE_MAX ((size_t)1 << 20)

static int not_there(const struct arc_file_place *place, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {.max = 2048};
    for (char **at = place->at; at && *at; at++)
        arc_text_item(&path, ", ", "%s", *at);
    if (!path.len)
        return arc_error_set(err, ARC_EINPUT, "%s is empty", place->file);
    bool dotted = !place->at[1] && strchr(place->at[0], '.'); /* as jq and yq take it */
    return arc_error_set(err, ARC_EINPUT, "%s has no value at [%s]%s", place->file,
                         arc_buf_text(&path), dotted ? "; a path of keys is a list: [a, b]" : "");
}

static int take(const char *text, size_t len, char **out, struct arc_error *err)
{
    *out = strndup(text, len);
    return arc_error_unless(*out, err);
}

/* ---- YAML and JSON -------------------------------------------------------------------------- */

/* The item of a list with KEY=VALUE, or with that index. */
static const struct arc_yaml_node *find_item(const struct arc_yaml_node *list, const char *step)
{
    const char *equals = strchr(step, '=');
    char *end;
    unsigned long number = strtoul(step, &end, 10);

    if (!equals)
        return *step && !*end && number < list->count ? list->items[number] : NULL;
    ARC_AUTO_FREE char *key = strndup(step, (size_t)(equals - step));
    arc_yaml_each (item, list)
        if (key && arc_yaml_reads(arc_yaml_get(item, key), equals + 1))
            return item;

    return NULL;
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* Adds the words of "[a.b]", or of `word "label"`. */
static void push_words(struct arc_assignments *reader, const char *line, size_t len)
{
    for (size_t at = 0, word; at < len && reader->count < ARC_BLOCK_PARTS; at += word) {
        at += strspn(line + at, " \t\"[].");
        word = at < len ? strcspn(line + at, " \t\"[].{\n") : 0;
        if (!word)
            return;
        reader->parts[reader->count] = line + at;
        reader->lens[reader->count++] = word;
    }
}

static bool ends_comment(const char *text, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++)
        if (text[i] == '*' && text[i + 1] == '/')
            return true;
    return false;
}

/* The length of a line without its comment; counts open braces and brackets. In "rm /lists/" and a
 * star no comment starts. */
static size_t measure_line(struct arc_assignments *reader, const char *line, size_t len)
{
    bool quoted = false;

    for (size_t i = 0; i < len; i++) {
        char c = line[i], next = i + 1 < len ? line[i + 1] : '\0';
        bool opens = next == '*' && (!i || strchr(" \t{}[]", line[i - 1]));
        if (c == '"')
            quoted = !quoted;
        else if (quoted)
            i += c == '\\';
        else if (c == '#' || (c == '/' && (next == '/' || opens))) {
            reader->in_comment = next == '*' && !ends_comment(line + i, len - i);
            return i;
        } else if (strchr("{[(", c))
            reader->depth++;
        else if (strchr("}])", c) && reader->depth)
            reader->depth--;
    }

    return len;
}

/* The value after '=': in quotes, or up to a comment, a backslash that continues the line or, where
 * several may stand on a line, a blank. */
static void trim_value(const char **value, size_t *len, bool several)
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

    for (size_t i = 1; i < *len; i++) {
        const char *at = *value + i;
        bool after = *at == '#' || ARC_STARTS(at, "//") || (*at == '\\' && i + 1 == *len);
        if ((after && at[-1] == ' ') || (several && strchr(" \t", *at)))
            *len = i;
    }

    *len = arc_text_strip(*value, *len, " \t\r,");
}

static bool assign(struct arc_assignments *reader, const char *line, size_t len)
{
    const char *equals = memchr(line, '=', len);

    if (reader->spaced) { /* "ENV NAME VALUE" */
        size_t word = 0;
        while (word < len && !strchr(" \t=", line[word]))
            word++;
        equals = word < len ? line + word : NULL;
    }
    reader->name = line;
    reader->name_len = equals ? arc_text_strip(line, (size_t)(equals - line), " \t:?") : 0;
    if (!reader->name_len)
        return false;
    reader->value = equals + 1;
    reader->value_len = len - (size_t)(reader->value - line);
    bool several = reader->several && *equals == '=';
    trim_value(&reader->value, &reader->value_len, several);
    if (several) { /* the next one may be on this line */
        reader->at = reader->value + reader->value_len;
        reader->at += strcspn(reader->at, " \t\n");
        reader->goes_on = true;
    }

    return true;
}

/* "[a.b]" or "[[a.b]]", and a comment behind it. */
static bool is_section(const char *line, size_t len)
{
    size_t end = strcspn(line, "]");
    if (*line != '[' || end >= len)
        return false;
    end += strspn(line + end, "] \t");
    return end >= len || strchr("#;", line[end]);
}

/* Reads a line that is neither empty nor a comment; returns whether it has a value. */
static bool read_line(struct arc_assignments *reader, const char *line, size_t len)
{
    while (reader->blocks > reader->depth)
        reader->count = reader->starts[--reader->blocks];

    if (!reader->blocks && is_section(line, len)) {
        reader->count = 0;
        push_words(reader, line, strcspn(line, "]"));
        return false;
    }

    const char *brace = memchr(line, '{', len), *equals = memchr(line, '=', len);
    bool opens = brace && brace > line && (!equals || brace < equals);
    bool direct = reader->blocks == reader->depth;
    if (reader->blocks || opens)
        len = measure_line(reader, line, len); /* other braces belong to a value */
    opens = opens && brace < line + len;       /* not in a comment */
    if (!direct || !opens || reader->blocks == ARC_BLOCKS)
        return direct && assign(reader, line, len);

    reader->starts[reader->blocks++] = reader->count;
    push_words(reader, line, (size_t)(brace - line));
    size_t rest = len - (size_t)(brace + 1 - line);
    while (rest && strchr(" \t}", brace[rest]))
        rest--;
    size_t skip = strspn(brace + 1, " \t");
    return rest > skip && assign(reader, brace + 1 + skip, rest - skip);
}

/* The word before a name: `export` in shells, ARG and the like in Dockerfiles. */
static size_t measure_keyword(const char *line, size_t len)
{
    static const char *const words[] = {"export ", "ARG ", "ENV ", "LABEL "};
    arc_each_in (word, words)
        if (len > strlen(*word) && ARC_STARTS(line, *word))
            return strlen(*word);
    return 0;
}

bool arc_assignments_next(struct arc_assignments *reader)
{
    while (*reader->at) {
        const char *line = reader->at + strspn(reader->at, " \t");
        reader->at += strcspn(reader->at, "\n");
        size_t len = reader->at > line ? (size_t)(reader->at - line) : 0;
        reader->at += *reader->at == '\n';
        len = arc_text_strip(line, len, " \t\r");
        size_t keyword = measure_keyword(line, len);
        reader->several = keyword || reader->goes_on;
        reader->spaced = keyword && strchr("EL", *line); /* ENV and LABEL */
        reader->goes_on = reader->several && len && line[len - 1] == '\\';
        line += keyword;
        len -= keyword;
        if (reader->in_comment || (len > 1 && line[0] == '/' && line[1] == '*'))
            reader->in_comment = !ends_comment(line, len);
        else if (len && !strchr("#;", *line) && !ARC_STARTS(line, "//") &&
                 read_line(reader, line, len))
            return true;
    }

    return false;
}

bool arc_assignment_is(const struct arc_assignments *reader, size_t part, const char *text)
{
    return part < reader->count && arc_text_is(reader->parts[part], reader->lens[part], text);
}

/* Whether a name ends with a word, behind others: "const Version", "export const VERSION". */
static bool ends_with(const struct arc_assignments *reader, const char *word)
{
    size_t len = strlen(word), before = reader->name_len - len;
    return len < reader->name_len && memcmp(reader->name + before, word, len) == 0 &&
           strchr(" \t", reader->name[before - 1]) &&
           strspn(reader->name, ARC_ALNUM "_ \t") >= before;
}

/* Whether an assignment's table, an item of a TOML list ([[package]]), also has KEY = VALUE. */
static bool is_item(const struct arc_assignments *reader, const char *step)
{
    size_t key = strcspn(step, "=");
    struct arc_assignments item = {.at = reader->parts[reader->count - 1]};

    while (step[key] && arc_assignments_next(&item) && !item.count)
        if (item.name_len == key && memcmp(item.name, step, key) == 0 &&
            arc_text_is(item.value, item.value_len, step + key + 1))
            return true;

    return false;
}

static bool is_at(const struct arc_assignments *reader, char *const *at, bool words)
{
    size_t i = 0;
    while (i < reader->count && at[i] && arc_assignment_is(reader, i, at[i]))
        i++;
    i += i && i == reader->count && at[i] && at[i + 1] && is_item(reader, at[i]);
    if (i < reader->count || !at[i] || at[i + 1])
        return false;
    return words ? ends_with(reader, at[i]) : arc_text_is(reader->name, reader->name_len, at[i]);
}

static unsigned line_of(const struct arc_buf *text, const char *at)
{
    unsigned line = 1;
    for (const char *c = arc_buf_text(text); c < at; c++)
        line += *c == '\n';
    return line;
}

static int read_lines(struct arc_file_place *place, const struct arc_buf *text, const char *start,
                      char **out, struct arc_error *err)
{
    struct arc_assignments reader = {.at = start};
    struct arc_assignments last[2] = {{0}}; /* of the name alone, and behind words */

    while (arc_assignments_next(&reader))
        for (int words = 0; words < 2; words++)
            if (is_at(&reader, place->at, words))
                last[words] = reader;

    const struct arc_assignments *found = &last[!last[0].value];
    if (!found->value)
        return not_there(place, err);
    place->line = line_of(text, found->name);

    return take(found->value, found->value_len, out, err);
}

/* ---- either --------------------------------------------------------------------------------- */

int arc_file_value(struct arc_file_place *place, const struct arc_buf *text, char **out,
                   struct arc_error *err)
{
    const char *start = arc_buf_text(text);
    start += ARC_STARTS(start, "\xef\xbb\xbf") ? 3 : 0; /* a byte order mark is not text */
    const char *first = start + strspn(start, " \t\r\n");
    size_t len = arc_text_strip(first, strcspn(first, "\r\n"), " \t");
    place->line = line_of(text, first);
    if (!place->at || !*place->at)
        return len ? take(first, len, out, err) : not_there(place, err);

    if (!arc_text_ends(place->file, ".yaml") && !arc_text_ends(place->file, ".yml") &&
        !arc_text_ends(place->file, ".json"))
        return read_lines(place, text, start, out, err);

    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    ARC_TRY(
        arc_yaml_parse(arc_buf_text(text), text->len, place->file, ARC_YAML_ANY_TAG, &yaml, err));
    const struct arc_yaml_node *node = yaml.root;
    for (char **at = place->at; node && *at; at++)
        node = node->type == ARC_YAML_LIST ? find_item(node, *at) : arc_yaml_get(node, *at);
    if (!node || !node->text || node->type == ARC_YAML_NULL)
        return not_there(place, err);
    place->line = node->line;
    return take(node->text, strlen(node->text), out, err);
}

int arc_file_value_in(const char *root, struct arc_file_place *place, char **out,
                      struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = VALUE_FILE_MAX};
    int rc = arc_file_read_in(root, place->file, VALUE_FILE_MAX, &text, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EINPUT, "there is no file %s", place->file);
    ARC_TRY(rc);
    return arc_file_value(place, &text, out, err);
}
