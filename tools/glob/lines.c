#include "glob/lines.h"
#include "arcci/glob.h"
#include "base/json.h"
#include "base/text.h"
#include "os/file.h"

static int make_set(const json_t *patterns, struct arc_glob_set **set, json_t *notes,
                    struct arc_error *err)
{
    ARC_TRY(arc_glob_set_new(set, err));

    arc_json_each (pattern, patterns) {
        ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
        ARC_AUTO(arc_buf) struct arc_buf note = {0};
        const char *text = json_string_value(pattern);
        size_t len = json_string_length(pattern);
        ARC_TRY(arc_glob_set_add(*set, text, len, 0, err));
        ARC_TRY(arc_glob_compile(text, len, &glob, err));
        if (!arc_glob_defect(glob))
            continue;

        arc_buf_puts(&note, "pattern '");
        arc_text_visible(&note, text, len);
        arc_buf_printf(&note,
                       "' matches only a path equal to it: as a regular expression it has %s",
                       arc_glob_defect(glob));
        ARC_TRY_ALLOC(!json_array_append_new(notes, json_string(arc_buf_text(&note))), err);
    }

    return ARC_OK;
}

struct filter {
    struct arc_glob_matcher *matcher;
    bool nul, visible;
    struct arc_buf *out;
    size_t count;
};

static void try_path(struct filter *filter, const char *path, size_t len)
{
    uint64_t ids[1];
    if (!arc_glob_matcher_match(filter->matcher, path, len, ids))
        return;
    filter->count++;

    if (filter->visible && !filter->nul)
        arc_text_visible(filter->out, path, len);
    else
        arc_buf_add(filter->out, path, len);

    arc_buf_putc(filter->out, filter->nul ? '\0' : '\n');
}

/* Decodes a name that git quoted because of unusual bytes. Returns false if `line` is not such a
 * name. */
static bool unquote(const char *line, size_t len, struct arc_buf *out)
{
    static const char letters[] = "abfnrtv\"\\", meant[] = "\a\b\f\n\r\t\v\"\\";

    if (len < 2 || line[0] != '"' || line[len - 1] != '"')
        return false;
    arc_buf_reset(out);

    for (size_t i = 1; i < len - 1; i++) {
        const char *letter =
            line[i] == '\\' && i + 1 < len - 1 ? strchr(letters, line[i + 1]) : NULL;
        bool octal = line[i] == '\\' && i + 3 < len - 1 && line[i + 1] <= '3' &&
                     strspn(line + i + 1, "01234567") >= 3;
        if (octal) {
            arc_buf_putc(out, (char)((line[i + 1] - '0') << 6 | (line[i + 2] - '0') << 3 |
                                     (line[i + 3] - '0')));
            i += 3;
        } else if (letter && *letter) {
            arc_buf_putc(out, meant[letter - letters]);
            i++;
        } else if (line[i] == '\\' || line[i] == '"') {
            return false;
        } else {
            arc_buf_putc(out, line[i]);
        }
    }

    return true;
}

/* Matches a line of `git ls-files` (quotes), `find` ("./") or Windows (CR). */
static void try_line(struct filter *filter, const char *line, size_t len, struct arc_buf *plain)
{
    if (len && line[len - 1] == '\r')
        len--;

    if (unquote(line, len, plain)) {
        line = arc_buf_text(plain);
        len = plain->len;
    }

    while (len > 2 && memcmp(line, "./", 2) == 0) {
        line += 2;
        len -= 2;
    }

    try_path(filter, line, len);
}

static int try_stdin(struct filter *filter, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf input = {.max = ARC_GLOB_LINES_MAX};
    ARC_AUTO(arc_buf) struct arc_buf plain = {.max = ARC_GLOB_LINES_MAX};
    bool nul = filter->nul;

    ARC_TRY(arc_file_read_stdin(ARC_GLOB_LINES_MAX, &input, err));
    const char *at = arc_buf_text(&input), *end = at + input.len;
    if (!nul && ARC_STARTS(at, "\xef\xbb\xbf")) /* the byte order mark of PowerShell */
        at += 3;

    for (size_t len; at < end; at += len + 1) {
        const char *stop = memchr(at, nul ? '\0' : '\n', (size_t)(end - at));
        len = (size_t)(arc_or(stop, end) - at);
        if (nul)
            try_path(filter, at, len);
        else
            try_line(filter, at, len, &plain);
    }

    return arc_buf_check(&plain, "a path", err);
}

int arc_glob_filter(const json_t *patterns, const json_t *paths, bool nul, bool visible,
                    struct arc_buf *out, json_t *notes, size_t *count, struct arc_error *err)
{
    ARC_AUTO(arc_glob_set) struct arc_glob_set *set = NULL;
    ARC_AUTO(arc_glob_matcher) struct arc_glob_matcher *matcher = NULL;

    ARC_TRY(make_set(patterns, &set, notes, err));
    ARC_TRY(arc_glob_matcher_new(set, &matcher, err));

    struct filter filter = {matcher, nul, visible, out, 0};
    arc_json_each (path, paths)
        try_path(&filter, json_string_value(path), json_string_length(path));
    if (!paths)
        ARC_TRY(try_stdin(&filter, err));
    *count = filter.count;

    return ARC_OK;
}
