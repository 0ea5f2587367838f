#include "glob/pattern.h"
#include "base/text.h"
#include "glob/dfa.h"

void glob_pattern_free(struct glob_pattern *pattern)
{
    arc_units_free(&pattern->text);
    arc_regex_free(&pattern->regex);
    arc_program_free(&pattern->program);
    free(pattern->prefix);
    free(pattern->bytes);
    *pattern = (struct glob_pattern){0};
}

void glob_pattern_add(const struct glob_pattern *pattern, struct arc_program *program)
{
    const struct arc_regex *regex = pattern->defect ? NULL : &pattern->regex;
    bool literal = pattern->literal || pattern->defect;
    arc_program_add(program, regex, pattern->use, literal ? &pattern->text : NULL);
}

bool glob_plain_path(const char *path, size_t len)
{
    for (size_t start = 0, end; start <= len; start = end + 1) {
        const char *slash = start < len ? memchr(path + start, '/', len - start) : NULL;
        end = slash ? (size_t)(slash - path) : len;
        size_t part = end - start;
        if (part == 0 || (part == 1 && path[start] == '.') ||
            (part == 2 && path[start] == '.' && path[start + 1] == '.'))
            return false;
    }

    return true;
}

bool glob_means_itself(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte && strchr("-_./ ", byte));
}

static int refuse(struct arc_error *err, int code, const char *text, size_t len, const char *why)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    arc_text_visible(&shown, text, ARC_MIN(len, 200));
    return arc_error_set(err, code, "pattern '%s'%s: %s", arc_buf_text(&shown),
                         len < 200 ? "" : "…", why);
}

/* Unbalanced parentheses of the source may be balanced by what picomatch puts around it. */
static bool parse_wrapped(struct glob_pattern *pattern, const struct arc_units *source)
{
    struct arc_units whole = {0};
    arc_units_puts(&whole, pattern->negated ? "^(?!^(?:" : "^(?:");
    arc_units_append(&whole, source);
    arc_units_puts(&whole, pattern->negated ? ")$).*$" : ")$");
    struct arc_regex wrapped = {0};
    if (!whole.failed)
        arc_regex_parse(&wrapped, whole.at, whole.len);
    bool done = !whole.failed && !wrapped.failed;
    arc_units_free(&whole);

    if (done && !wrapped.defect) {
        arc_regex_free(&pattern->regex);
        pattern->regex = wrapped;
        pattern->use = PROGRAM_SEARCH;
    } else
        arc_regex_free(&wrapped);

    return done;
}

static int parse(struct glob_pattern *pattern, const char *text, size_t len, struct arc_error *err)
{
    struct arc_units source = {0};
    bool done = arc_glob_source(pattern->text.at, pattern->text.len, &source, &pattern->negated);
    struct arc_regex *regex = &pattern->regex;

    pattern->use = pattern->negated ? PROGRAM_NEGATED : PROGRAM_WHOLE;
    if (done)
        arc_regex_parse(regex, source.at, source.len);
    if (done && !regex->failed && regex->defect)
        done = parse_wrapped(pattern, &source);
    arc_units_free(&source);
    ARC_TRY_ALLOC(done && !regex->failed, err);

    if (regex->deep)
        return refuse(err, ARC_EINPUT, text, len,
                      "it nests deeper than 1,000 groups; write it flatter");

    pattern->defect = regex->defect;
    if (pattern->defect || !regex->beyond)
        return 0;
    ARC_AUTO(arc_buf) struct arc_buf why = {0};
    arc_buf_printf(&why,
                   "it contains %s of regular expressions, which globs do not have; escape or "
                   "leave out the backslash or the (?<",
                   regex->beyond);

    return refuse(err, ARC_EINPUT, text, len, arc_buf_text(&why));
}

static int build(struct glob_pattern *pattern, const char *text, size_t len, struct arc_error *err)
{
    arc_program_free(&pattern->program);
    glob_pattern_add(pattern, &pattern->program);
    ARC_TRY_ALLOC(!pattern->program.failed, err);
    if (pattern->program.large)
        return refuse(err, ARC_ELIMIT, text, len,
                      "its automaton would have more than 1,048,576 nodes; split it in several");
    return 0;
}

/* A pattern of up to this many units is matched with itself, in quadratic time. */
#define TRIED_MAX 1000

/* Makes a path that equals the pattern match, whatever the pattern means. */
static int match_itself(struct glob_pattern *pattern, const char *text, size_t len,
                        struct arc_error *err)
{
    /* A plain path whose only special characters are stars, at most two in a row, always matches
     * itself: a star matches a star. */
    bool plain = !pattern->negated && pattern->plain_path;
    for (size_t i = 0, stars = 0; i < len && plain; i++) {
        stars = text[i] == '*' ? stars + 1 : 0;
        plain = stars <= 2 && (stars || glob_means_itself(text[i]));
    }
    if (pattern->defect || plain)
        return ARC_OK;

    pattern->literal = true;

    if (pattern->text.len <= TRIED_MAX) {
        struct arc_dfa dfa;
        ARC_TRY_ALLOC(arc_dfa_init(&dfa, &pattern->program, 0), err);
        pattern->literal = !(arc_dfa_run(&dfa, text, len)[0] & 1);
        arc_dfa_free(&dfa);
    }

    return pattern->literal ? build(pattern, text, len, err) : ARC_OK;
}

/* ---- where it can match ------------------------------------------------------------------- */

/* Appends a unit as UTF-8 to `text`, which has room for three bytes. Returns false for half a
 * surrogate pair and for U+FFFD, which may represent bytes that are not UTF-8. */
static bool add_unit(char *text, size_t *len, int unit)
{
    if (unit < 0 || unit == 0xfffd || (unit >= 0xd800 && unit <= 0xdfff))
        return false;

    if (unit < 0x80) {
        text[(*len)++] = (char)unit;
    } else if (unit < 0x800) {
        text[(*len)++] = (char)(0xc0 | unit >> 6);
        text[(*len)++] = (char)(0x80 | (unit & 0x3f));
    } else {
        text[(*len)++] = (char)(0xe0 | unit >> 12);
        text[(*len)++] = (char)(0x80 | (unit >> 6 & 0x3f));
        text[(*len)++] = (char)(0x80 | (unit & 0x3f));
    }

    return true;
}

/* Writes what every matching path starts with to `text`; returns the length of its whole
 * segments. */
static size_t read_prefix(struct arc_reach *reach, const struct arc_program *p, uint32_t start,
                          char *text, size_t units_max)
{
    size_t len = 0;

    arc_reach_start(reach, p, start);

    for (size_t units = 0; units < units_max && !reach->end; units++) {
        int unit = arc_reach_only(reach, p);
        if (!add_unit(text, &len, unit))
            break;
        arc_reach_unit(reach, p, (uint16_t)unit);
    }

    if (reach->cell_count && arc_reach_only(reach, p) != '/')
        while (len > 0 && text[len - 1] != '/')
            len--;

    while (len > 0 && text[len - 1] == '/')
        len--;

    return len;
}

/* Sets pattern->all if the pattern is a literal directory and two stars, perhaps with another slash
 * and star. */
static void find_all(struct glob_pattern *pattern)
{
    const char *text = pattern->bytes;
    size_t len = pattern->len;

    if (len >= 4 && text[len - 2] == '/' && text[len - 1] == '*')
        len -= 2;
    if (len < 2 || memcmp(text + len - 2, "**", 2) != 0)
        return;
    len -= 2;

    for (size_t i = 0; i < len; i++)
        if (!glob_means_itself(text[i]))
            return;

    if (len >= 2 && text[0] == '.' && text[1] == '/') {
        text += 2;
        len -= 2;
    }

    if (len && (text[--len] != '/' || !glob_plain_path(text, len)))
        return;
    pattern->all = text;
    pattern->all_len = len;
}

/* Sets prefix and all; returns false if out of memory. */
static bool find_prefix(struct glob_pattern *pattern)
{
    struct arc_reach reach;
    size_t units = pattern->program.node_count;

    pattern->prefix = malloc(units * 3 + 1);
    if (!pattern->prefix || !arc_reach_init(&reach, pattern->program.node_count))
        return false;
    const struct arc_program *p = &pattern->program;
    pattern->prefix_len = read_prefix(&reach, p, p->starts[0], pattern->prefix, units);
    arc_reach_free(&reach);
    find_all(pattern);

    return true;
}

int glob_pattern_compile(struct glob_pattern *pattern, const char *text, size_t len,
                         struct arc_error *err)
{
    *pattern = (struct glob_pattern){0};
    if (len == 0)
        return arc_error_set(err, ARC_EINPUT, "an empty pattern matches nothing; leave it out");

    /* A unit takes one to three bytes, so a longer text is too long; this bounds the work. */
    if (len <= (size_t)ARC_GLOB_MAX * 3)
        arc_units_decode(&pattern->text, text, len);
    if (len > (size_t)ARC_GLOB_MAX * 3 || pattern->text.len > ARC_GLOB_MAX)
        return refuse(err, ARC_ELIMIT, text, len, "it is longer than 65,536 characters");
    pattern->bytes = malloc(len);
    pattern->len = len;
    ARC_TRY_ALLOC(!pattern->text.failed && pattern->bytes, err);
    memcpy(pattern->bytes, text, len);
    pattern->plain_path = glob_plain_path(text, len);
    ARC_TRY(parse(pattern, text, len, err));
    ARC_TRY(build(pattern, text, len, err));
    ARC_TRY(match_itself(pattern, text, len, err));

    return find_prefix(pattern) ? ARC_OK : arc_error_nomem(err);
}

enum arc_glob_below glob_pattern_below(const struct glob_pattern *pattern, struct arc_reach *reach,
                                       const char *dir, size_t len)
{
    const struct arc_program *p = &pattern->program;
    size_t top = pattern->all_len;

    if (pattern->all && (top == 0 || (len >= top && !memcmp(dir, pattern->all, top) &&
                                      (len == top || dir[top] == '/'))))
        return ARC_GLOB_ALL;

    /* If the pattern's own text is no path of git, no path can equal it. */
    bool skip = pattern->literal && !pattern->plain_path;
    arc_reach_start(reach, p, skip ? p->nodes[p->starts[0]].next : p->starts[0]);
    bool some = len == 0 ? reach->cell_count > 0
                         : arc_reach_text(reach, p, dir, len) && arc_reach_unit(reach, p, '/');
    return some ? ARC_GLOB_SOME : ARC_GLOB_NONE;
}
