/* Lists of files as outputs, in the formats of paths-filter (src/list-format) without two defects:
 * its test for safe characters works line by line, so names with line breaks can be unquoted, and a
 * backslash before a line break makes both vanish. */
#include "changes/list.h"
#include "base/text.h"
#include "os/file.h"
#include <errno.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

int arc_list_format_parse(const char *name)
{
    static const char *const names[] = {"none",   "csv",   "json", "shell",
                                        "escape", "lines", "nul",  "matrix"};
    for (int i = 0; i < (int)ARC_COUNT(names); i++)
        if (strcasecmp(name, names[i]) == 0)
            return i;
    return -1;
}

/* Characters without a meaning in shells; csv also quotes ','. */
static bool safe(char c, bool comma)
{
    return arc_is_word(c) || (c && strchr(".+:@%/-", c)) || (comma && c == ',');
}

static bool all_safe(const char *text, size_t len, bool comma)
{
    for (size_t i = 0; i < len; i++)
        if (!safe(text[i], comma))
            return false;
    return true;
}

void arc_list_add_utf8(struct arc_buf *out, const char *text, size_t len)
{
    for (size_t at = 0, step; at < len; at += step) {
        uint32_t point;
        step = arc_utf8_point(text + at, len - at, &point);
        if (arc_utf8_length(text + at, len - at))
            arc_buf_add(out, text + at, step);
        else
            arc_buf_puts(out, REPLACEMENT);
    }
}

/* Adds a name in quotes. marks[0] stands in front of a character in `with`, which becomes the
 * one in the rest of `marks`; other control characters become \u00xx with `controls`. */
static void add_quoted(struct arc_buf *out, const char *text, size_t len, const char *with,
                       const char *marks, bool controls)
{
    arc_buf_putc(out, '"');

    for (size_t i = 0; i < len; i++) {
        const char *escaped = text[i] ? strchr(with, text[i]) : NULL;
        if (escaped)
            arc_buf_printf(out, "%c%c", *marks, marks[escaped - with + 1]);
        else if (controls && (unsigned char)text[i] < 0x20)
            arc_buf_printf(out, "\\u%04x", text[i]);
        else
            arc_buf_putc(out, text[i]);
    }

    arc_buf_putc(out, '"');
}

static void add_csv(struct arc_buf *out, const char *text, size_t len)
{
    if (all_safe(text, len, false))
        arc_buf_add(out, text, len);
    else
        add_quoted(out, text, len, "\"", "\"\"", false);
}

/* Like JSON.stringify(): short escapes, \u00xx for other control characters, nothing else. */
static void add_json(struct arc_buf *out, const char *text, size_t len)
{
    bool plain =
        arc_text_printable(text, len) == len && !memchr(text, '"', len) && !memchr(text, '\\', len);

    if (!plain) {
        add_quoted(out, text, len, "\b\f\n\r\t\"\\", "\\bfnrt\"\\", true);
        return;
    }
    arc_buf_putc(out, '"'); /* nearly every name */
    arc_buf_add(out, text, len);
    arc_buf_putc(out, '"');
}

/* A part of a name without single quotes; an empty part adds nothing. */
static void add_shell_part(struct arc_buf *out, const char *text, size_t len)
{
    bool bare = all_safe(text, len, true);
    if (!bare)
        arc_buf_putc(out, '\'');
    arc_buf_add(out, text, len);
    if (!bare)
        arc_buf_putc(out, '\'');
}

static void add_shell(struct arc_buf *out, const char *text, size_t len)
{
    const char *end = text + len, *quote = memchr(text, '\'', len);

    /* Whether nothing in it has a meaning in double quotes. */
    bool plain = quote != NULL;
    for (size_t at = 0; plain && at < len;) {
        size_t step = 1;
        if (!safe(text[at], true) && text[at] != '\'')
            step = arc_text_space(text + at, len - at);
        plain = step > 0;
        at += step;
    }

    if (plain) {
        arc_buf_putc(out, '"');
        arc_buf_add(out, text, len);
        arc_buf_putc(out, '"');
        return;
    }

    for (; quote; quote = memchr(text, '\'', (size_t)(end - text))) {
        add_shell_part(out, text, (size_t)(quote - text));
        arc_buf_puts(out, "\\'");
        text = quote + 1;
    }

    add_shell_part(out, text, (size_t)(end - text));
}

/* A shell drops a backslash followed by a line break, so the latter goes in quotes. */
static void add_escape(struct arc_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool tail = arc_utf8_continues(text[i]);
        if (text[i] == '\n') {
            arc_buf_puts(out, "'\n'");
            continue;
        }
        if (!tail && !safe(text[i], true))
            arc_buf_putc(out, '\\');
        arc_buf_putc(out, text[i]);
    }
}

static void add_plain(struct arc_buf *out, const char *text, size_t len)
{
    arc_buf_add(out, text, len);
}

/* Quoted as by git if the name would not stay on its line. */
static void add_line(struct arc_buf *out, const char *text, size_t len)
{
    if (!memchr(text, '\n', len) && !memchr(text, '\r', len) && *text != '"')
        arc_buf_add(out, text, len);
    else
        add_quoted(out, text, len, "\n\r\"\\", "\\nr\"\\", false);
}

/* A format: what surrounds and separates names, and how a name is written. */
static const struct {
    const char *start, *end;
    char between;
    void (*add)(struct arc_buf *out, const char *text, size_t len);
} forms[] = {
    [ARC_LIST_CSV] = {"", "", ',', add_csv},
    [ARC_LIST_JSON] = {"[", "]", ',', add_json},
    [ARC_LIST_SHELL] = {"", "", ' ', add_shell},
    [ARC_LIST_ESCAPE] = {"", "", ' ', add_escape},
    [ARC_LIST_LINES] = {"", "", '\n', add_line},
    [ARC_LIST_NUL] = {"", "", '\0', add_plain},
    [ARC_LIST_MATRIX] = {"{\"include\":[", "]}", ',', add_json},
};

static void add_name(struct arc_buf *out, enum arc_list_format format, const char *text, size_t len)
{
    ARC_AUTO(arc_buf) struct arc_buf valid = {0};
    if (format == ARC_LIST_NUL || arc_utf8_valid(text, len)) { /* a file of names instead of text */
        forms[format].add(out, text, len);
        return;
    }

    arc_list_add_utf8(&valid, text, len);
    forms[format].add(out, arc_buf_text(&valid), valid.len);
    if (valid.failed)
        out->failed = valid.failed;
}

/* The state of writing a list. */
struct writer {
    struct arc_buf *out;
    enum arc_list_format format;
    size_t count;
};

static void separate(struct writer *writer)
{
    if (writer->count++ && writer->format != ARC_LIST_NUL)
        arc_buf_putc(writer->out, forms[writer->format].between);
}

/* Appends a name, with its status if the format has it. */
static void add_item(struct writer *writer, const char *name, size_t len, const char *status)
{
    separate(writer);
    if (writer->format == ARC_LIST_MATRIX)
        arc_buf_puts(writer->out, "{\"path\":");
    add_name(writer->out, writer->format, name, len);
    if (status)
        arc_buf_printf(writer->out, ",\"status\":\"%s\"", status);
    if (writer->format == ARC_LIST_MATRIX)
        arc_buf_putc(writer->out, '}');
    if (writer->format == ARC_LIST_NUL)
        arc_buf_putc(writer->out, '\0');
}

/* Appends both names of a rename: a pair in structured formats, else two items. */
static void add_rename(struct writer *writer, const struct arc_changed_file *file)
{
    size_t len = strlen(file->previous);

    if (writer->format != ARC_LIST_JSON && writer->format != ARC_LIST_MATRIX) {
        add_item(writer, file->previous, len, NULL);
        add_item(writer, file->path, file->len, NULL);
        return;
    }

    separate(writer);
    arc_buf_puts(writer->out, "{\"old\":");
    add_name(writer->out, ARC_LIST_JSON, file->previous, len);
    arc_buf_puts(writer->out, ",\"new\":");
    add_name(writer->out, ARC_LIST_JSON, file->path, file->len);
    arc_buf_putc(writer->out, '}');
}

const char *arc_list_status(const struct arc_changed_file *file)
{
    bool renamed = file->status & ARC_STATUS_RENAMED;
    return arc_status_name(renamed ? ARC_STATUS_RENAMED : (enum arc_status)file->status);
}

static int by_name(const void *a, const void *b)
{
    const struct arc_piece *x = a, *y = b;
    return arc_text_compare(x->text, x->len, y->text, y->len);
}

/* Appends each directory once; those cut to the same depth need not be adjacent in git's order. */
static void add_directories(struct writer *writer, const struct arc_changes *changes,
                            const struct arc_filter_result *result, unsigned depth)
{
    ARC_AUTO_FREE struct arc_piece *pieces = calloc(result->count + 1, sizeof *pieces);
    if (!pieces) {
        writer->out->failed = ARC_ENOMEM;
        return;
    }

    for (size_t i = 0; i < result->count; i++) {
        const struct arc_changed_file *file = &changes->files[result->hits[i].file];
        size_t len = 0; /* of its directory, cut to `depth` levels (0: not cut); 0 at the top */
        unsigned level = 0;
        for (size_t at = 0; at < file->len && (!depth || level < depth); at++)
            if (file->path[at] == '/') {
                len = at;
                level++;
            }
        pieces[i] =
            len ? (struct arc_piece){file->path, len, NULL} : (struct arc_piece){".", 1, NULL};
    }

    qsort(pieces, result->count, sizeof *pieces, by_name);

    for (size_t i = 0; i < result->count; i++)
        if (!i || by_name(&pieces[i - 1], &pieces[i]) != 0)
            add_item(writer, pieces[i].text, pieces[i].len, NULL);
}

static const unsigned part_statuses[] = {
    [ARC_PART_FILES] = ~0u,
    [ARC_PART_ADDED] = ARC_STATUS_ADDED | ARC_STATUS_COPIED,
    [ARC_PART_MODIFIED] = ARC_STATUS_MODIFIED | ARC_STATUS_TYPE_CHANGED | ARC_STATUS_UNMERGED,
    [ARC_PART_DELETED] = ARC_STATUS_DELETED,
    [ARC_PART_RENAMED] = ARC_STATUS_RENAMED,
    [ARC_PART_DIRECTORIES] = ~0u,
};

size_t arc_changes_list(const struct arc_changes *changes, size_t filter,
                        const struct arc_list *list, struct arc_buf *out)
{
    const struct arc_filter_result *result = &changes->results[filter];
    struct writer writer = {.out = out, .format = list->format};

    if (list->format == ARC_LIST_NONE)
        return 0;
    arc_buf_puts(out, forms[list->format].start);
    if (list->part == ARC_PART_DIRECTORIES && result->hits)
        add_directories(&writer, changes, result, list->depth);

    for (size_t i = 0; list->part != ARC_PART_DIRECTORIES && result->hits && i < result->count;
         i++) {
        const struct arc_changed_file *file = &changes->files[result->hits[i].file];
        if (!(file->status & part_statuses[list->part]))
            continue;
        if (list->part == ARC_PART_RENAMED)
            add_rename(&writer, file);
        else
            add_item(&writer, file->path, file->len,
                     list->format == ARC_LIST_MATRIX ? arc_list_status(file) : NULL);
    }

    arc_buf_puts(out, forms[list->format].end);
    return writer.count;
}

void arc_changes_matching(const struct arc_changes *changes, struct arc_buf *out)
{
    struct writer writer = {.out = out, .format = ARC_LIST_JSON};

    arc_buf_putc(out, '[');
    for (size_t i = 0; i < changes->filters->count; i++)
        if (changes->results[i].matched)
            add_item(&writer, changes->filters->items[i].name,
                     strlen(changes->filters->items[i].name), NULL);
    arc_buf_putc(out, ']');
}

int arc_changes_output(const struct arc_env *env, enum arc_list_format format, size_t room,
                       struct arc_buf *text, bool *spilled, struct arc_error *err)
{
    ARC_AUTO_FREE char *folder = NULL, *path = NULL;
    const char *base =
        arc_or(arc_env_nonempty(env, "RUNNER_TEMP"), arc_env_nonempty(env, "TMPDIR"));
    bool fits = text->len <= room || !arc_env_nonempty(env, "GITHUB_OUTPUT");
    *spilled = !fits || format == ARC_LIST_NUL;
    ARC_TRY(arc_buf_check(text, "a list of files", err));
    if (!*spilled)
        return ARC_OK;

    /* The directory is new and private, so any name is safe. */
    ARC_TRY(arc_text_print(&folder, err, "%s/arc-ci-XXXXXX", arc_or(base, "/tmp")));
    if (!mkdtemp(folder))
        return arc_error_set(err, ARC_EWORLD, "cannot make a directory %s: %s", folder,
                             strerror(errno));

    ARC_TRY(arc_text_print(&path, err, "%s/files", folder));
    ARC_TRY(arc_file_write(path, arc_buf_text(text), text->len, err));
    arc_buf_reset(text);
    arc_buf_puts(text, path);

    return arc_buf_check(text, "the name of a temporary file", err);
}
