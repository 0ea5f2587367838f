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

    return glob_pattern_find_prefix(pattern) ? ARC_OK : arc_error_nomem(err);
}
