#include "base/template.h"
#include "base/json.h"
#include "base/markdown.h"
#include "base/room.h"
#include "base/text.h"

enum kind { TEXT, VALUE, SECTION, INVERTED };

/* How a value is written. */
enum form { PLAIN, PLURAL, COUNT, KNOWN, FIXED, SIZE, JSON, WIDEST };

static const char *const forms[] = {"", "s", "count", "known", "f", "size", "json", "widest"};

/* A piece of text, a value, or the head of a section, whose body are the nodes up to `end`. */
struct arc_template_node {
    enum kind kind;
    const char *at;        /* the text, or the word; points into arc_template.text */
    size_t len;            /* of it */
    size_t name_len;       /* of the name that the word starts with */
    enum form form;        /* behind ':' */
    unsigned width, most;  /* characters to pad to, and to cut to; 0: unlimited */
    bool compares;         /* the word goes on with '=' and a text */
    arc_escape_fn *escape; /* of a value */
    size_t end;            /* for a section: the index after its last node */
};

void arc_template_bare(struct arc_buf *out, const char *text, size_t len)
{
    arc_buf_add(out, text, len);
}

static const struct arc_template_place markdown_places[] = {
    {"text", arc_markdown_text}, {"code", arc_markdown_code},   {"url", arc_markdown_url},
    {"line", arc_markdown_line}, {"shell", arc_markdown_shell}, {0},
};

static const struct arc_template_place terminal_place[] = {{"visible", arc_text_visible}, {0}};

/* ---- messages -------------------------------------------------------------------------------- */

static int error_at(const struct arc_template *t, const char *at, struct arc_error *err,
                    const char *message, const char *word, size_t len)
{
    unsigned line = 1, column = 1;

    for (const char *c = t->text; c < at; c++) {
        column = *c == '\n' ? 1 : column + !arc_utf8_continues(*c);
        line += *c == '\n';
    }

    arc_error_at(err, ARC_EINPUT, t->name, line, column, "'{{%.*s%s}}' %s", (int)ARC_MIN(len, 80),
                 word, len > 80 ? "…" : "", message);
    arc_error_show_line(err, t->text, strlen(t->text));

    return ARC_EINPUT;
}

/* ---- parsing --------------------------------------------------------------------------------- */

struct parser {
    struct arc_template *t;
    const struct arc_template_place *places; /* in addition to markdown's, the default first; or
                                              * NULL */
    bool own;                                /* a template of the program itself may use forms and
                                      * comparisons */
    const char *at;                          /* the current position in the source */
    const char *end;                         /* of the source */
    size_t open[ARC_TEMPLATE_DEPTH];         /* sections not yet closed, outermost first */
    size_t depth;
};

/* One tag: the trimmed text between its braces, and where the tag begins and ends. */
struct tag {
    const char *start; /* "{{" */
    const char *end;   /* behind "}}" */
    char sigil;        /* '#', '^', '/', '!' or 0 */
    const char *word;
    size_t len;
};

static int add_node(struct parser *p, struct arc_template_node node, struct arc_error *err)
{
    struct arc_template *t = p->t;
    if (node.kind == TEXT && !node.len)
        return ARC_OK;
    ARC_TRY_ALLOC(arc_room(&t->nodes, t->count, sizeof *t->nodes), err);
    t->nodes[t->count++] = node;
    return ARC_OK;
}

static int read_tag(const struct parser *p, const char *start, struct tag *tag,
                    struct arc_error *err)
{
    const char *inner = start + 2;
    const char *close = strstr(inner, "}}");

    if (!close)
        return error_at(p->t, start, err, "has no end: '}}' is missing", inner,
                        strcspn(inner, "\n"));
    *tag = (struct tag){.start = start, .end = close + 2};

    if (*inner == '{' || *inner == '&')
        return error_at(p->t, start, err, "asks for an unescaped value, which does not exist",
                        inner, (size_t)(close - inner));

    if (*inner && strchr("#^/!", *inner))
        tag->sigil = *inner++;
    while (inner < close && arc_is_space(*inner))
        inner++;
    while (close > inner && arc_is_space(close[-1]))
        close--;
    tag->word = inner;
    tag->len = (size_t)(close - inner);

    return ARC_OK;
}

static bool loop_name(const char *name, size_t len)
{
    return arc_text_is(name, len, "@first") || arc_text_is(name, len, "@last") ||
           arc_text_is(name, len, "@number");
}

/* ".", a loop's name, or names joined by dots. */
static bool path_valid(const char *name, size_t len)
{
    if (arc_text_is(name, len, ".") || loop_name(name, len))
        return true;
    bool in_name = false;
    for (size_t i = 0; i < len; i++) {
        bool of_name = arc_is_word(name[i]) || name[i] == '-';
        if (!of_name && (name[i] != '.' || !in_name))
            return false;
        in_name = of_name;
    }

    return in_name;
}

/* ":16.12f": width, cut and form. */
static bool read_form(const char *at, const char *end, struct arc_template_node *node)
{
    unsigned *numbers[] = {&node->width, &node->most};

    for (size_t i = 0; i < 2; i++) {
        if (i && (at == end || *at != '.'))
            break;
        at += i;
        for (size_t digits = 0; at < end && *at >= '0' && *at <= '9' && digits < 3; digits++)
            *numbers[i] = *numbers[i] * 10 + (unsigned)(*at++ - '0');
    }

    for (size_t i = 0; i < ARC_COUNT(forms); i++)
        if (arc_text_is(at, (size_t)(end - at), forms[i])) {
            node->form = (enum form)i;
            return true;
        }

    return false;
}

/* Reads a name and an optional ":" with a form, or "=" with a value to compare with. */
static int read_word(const struct parser *p, const struct tag *tag, const char *word, size_t len,
                     struct arc_template_node *node, struct arc_error *err)
{
    size_t dots = p->own && len > 1 ? strspn(word, ".") : 0;

    while (node->name_len < len && !(p->own && strchr(":=", word[node->name_len])))
        node->name_len++;

    node->at = word;
    node->len = len;
    node->compares = node->name_len < len && word[node->name_len] == '=';
    if (dots > 2 || !path_valid(word + dots, node->name_len - dots) ||
        (node->compares && node->kind == VALUE))
        return error_at(p->t, tag->start, err, "is not a name", tag->word, tag->len);

    const char *form = word + node->name_len + 1;
    if (node->name_len < len && !node->compares && !read_form(form, word + len, node))
        return error_at(p->t, tag->start, err, "is not written in a form that is known", tag->word,
                        tag->len);

    return ARC_OK;
}

static arc_escape_fn *find_place(const struct arc_template_place *places, const char *name,
                                 size_t len)
{
    for (; places && places->name; places++)
        if (arc_text_is(name, len, places->name))
            return places->escape;
    return NULL;
}

/* "name" or "place name". */
static int add_value(struct parser *p, const struct tag *tag, struct arc_error *err)
{
    const char *name = tag->word;
    size_t len = tag->len, first = 0;
    struct arc_template_node node = {.kind = VALUE};

    while (first < len && !arc_is_space(name[first]))
        first++;

    if (first < len) {
        node.escape = find_place(p->places, name, first);
        node.escape = arc_or(node.escape, find_place(markdown_places, name, first));
        while (first < len && arc_is_space(name[first]))
            first++;
        name += first;
        len -= first;
    } else {
        node.escape = p->places ? p->places->escape : arc_markdown_text;
    }

    if (!node.escape)
        return error_at(p->t, tag->start, err,
                        "names no place that is known: text, code, url, line or shell", tag->word,
                        tag->len);

    ARC_TRY(read_word(p, tag, name, len, &node, err));
    return add_node(p, node, err);
}

static int close_section(struct parser *p, const struct tag *tag, struct arc_error *err)
{
    struct arc_template_node *head = p->depth ? &p->t->nodes[p->open[p->depth - 1]] : NULL;
    if (!head)
        return error_at(p->t, tag->start, err, "closes a section that is not open", tag->word,
                        tag->len);

    if (head->len != tag->len || memcmp(head->at, tag->word, tag->len) != 0)
        return error_at(p->t, tag->start, err, "does not close the section that was opened last",
                        tag->word, tag->len);

    head->end = p->t->count;
    p->depth--;

    return ARC_OK;
}

/* Whether the tag is alone on its line, which then is removed with it. */
static bool alone(const struct parser *p, const struct tag *tag, const char **from, const char **to)
{
    const char *start = tag->start, *end = tag->end;
    while (start > p->t->text && (start[-1] == ' ' || start[-1] == '\t'))
        start--;
    while (end < p->end && (*end == ' ' || *end == '\t' || *end == '\r'))
        end++;
    if ((start > p->t->text && start[-1] != '\n') || (end < p->end && *end != '\n'))
        return false;
    *from = start;
    *to = end < p->end ? end + 1 : end;

    return true;
}

static int add_tag(struct parser *p, const struct tag *tag, struct arc_error *err)
{
    const char *from = tag->start, *to = tag->end;

    if (tag->sigil)
        alone(p, tag, &from, &to);
    struct arc_template_node text = {.kind = TEXT, .at = p->at};
    text.len = from > p->at ? (size_t)(from - p->at) : 0;
    p->at = to;
    ARC_TRY(add_node(p, text, err));
    if (tag->sigil == '!')
        return ARC_OK;
    if (!tag->sigil)
        return add_value(p, tag, err);
    if (tag->sigil == '/')
        return close_section(p, tag, err);

    struct arc_template_node node = {.kind = tag->sigil == '#' ? SECTION : INVERTED};
    ARC_TRY(read_word(p, tag, tag->word, tag->len, &node, err));
    if (p->depth == ARC_TEMPLATE_DEPTH)
        return error_at(p->t, tag->start, err, "is nested deeper than 16 sections", tag->word,
                        tag->len);
    p->open[p->depth++] = p->t->count;

    return add_node(p, node, err);
}

static int parse_text(const char *name, const char *text, size_t len, struct parser *p,
                      struct arc_error *err)
{
    p->t->name = strdup(name);
    p->t->text = strndup(text, len);
    ARC_TRY_ALLOC(p->t->name && p->t->text, err);
    p->at = p->t->text;
    p->end = p->t->text + len;

    const char *start;

    while ((start = strstr(p->at, "{{"))) {
        struct tag tag = {0};
        ARC_TRY(read_tag(p, start, &tag, err));
        ARC_TRY(add_tag(p, &tag, err));
    }

    if (p->depth) {
        const struct arc_template_node *head = &p->t->nodes[p->open[p->depth - 1]];
        return error_at(p->t, head->at, err, "is never closed", head->at, head->len);
    }

    struct arc_template_node rest = {.kind = TEXT, .at = p->at, .len = (size_t)(p->end - p->at)};
    return add_node(p, rest, err);
}

int arc_template_parse(const char *name, const char *text, size_t len, bool terminal,
                       struct arc_template *out, struct arc_error *err)
{
    *out = (struct arc_template){0};

    if (len > ARC_TEMPLATE_MAX)
        return arc_error_set(err, ARC_ELIMIT, "%s: a template of %zu bytes; at most %zu are read",
                             name, len, ARC_TEMPLATE_MAX);

    if (memchr(text, '\0', len) || !arc_utf8_valid(text, len))
        return arc_error_set(err, ARC_EINPUT, "%s: the template is not UTF-8 text", name);

    struct parser p = {.t = out, .places = terminal ? terminal_place : NULL};
    return parse_text(name, text, len, &p, err);
}

void arc_template_free(struct arc_template *parsed)
{
    free(parsed->name);
    free(parsed->text);
    free(parsed->nodes);
    *parsed = (struct arc_template){0};
}

/* ---- rendering ------------------------------------------------------------------------------- */

/* Where names are looked up: the values of the sections that are open, innermost first. */
struct frame {
    const json_t *value;
    const json_t *list;  /* of a loop */
    size_t index, count; /* likewise; count is 0 for other sections */
    const struct frame *outer;
};

/* The columns of a value's widest text in a list. */
struct measured {
    const json_t *list;
    size_t columns;
};

struct render {
    const struct arc_template *t;
    struct arc_buf *out;
    size_t steps;
    bool own;                  /* an unknown name is null */
    struct measured *measured; /* by node, for the last list; NULL for a user's template */
};

static int render_nodes(struct render *r, size_t from, size_t to, const struct frame *frame,
                        struct arc_error *err);

static const char no_name[] = "is not a value that there is here: docs/notes.md lists those of "
                              "notes, --json shows those of --format";

/* The first name of a path, from the innermost section outwards. */
static const json_t *find_first(const struct frame *frame, const char *name, size_t len)
{
    char key[128];

    if (len >= sizeof key)
        return NULL;
    memcpy(key, name, len);
    key[len] = '\0';

    for (; frame; frame = frame->outer) {
        const json_t *value = json_object_get(frame->value, key);
        if (value)
            return value;
    }

    return NULL;
}

/* A member of null is null, since it is unknown, too. ".name" is looked up only in the innermost
 * section, "..name" only in those around it. */
static const json_t *find_path(const struct frame *frame, const char *path, size_t len)
{
    struct frame innermost = {.value = frame->value};
    size_t dots = strspn(path, ".");

    if (arc_text_is(path, len, "."))
        return frame->value;
    if (dots)
        frame = dots == 1 ? &innermost : frame->outer;
    const char *end = path + len;
    path += dots;

    for (;;) {
        const char *dot = memchr(path, '.', (size_t)(end - path));
        const json_t *value = find_first(frame, path, (size_t)(arc_or(dot, end) - path));
        if (!dot || !value || json_is_null(value))
            return value;
        innermost.value = value;
        frame = &innermost;
        path = dot + 1;
    }
}

static const json_t *find_value(const struct render *r, const struct arc_template_node *node,
                                const struct frame *frame)
{
    const json_t *value = find_path(frame, node->at, node->name_len);
    return value || !r->own ? value : json_null();
}

static const struct frame *innermost_loop(const struct frame *frame)
{
    while (frame && !frame->count)
        frame = frame->outer;
    return frame;
}

static bool truthy(const json_t *value)
{
    if (json_is_string(value))
        return json_string_length(value) > 0;
    if (json_is_array(value))
        return json_array_size(value) > 0;
    if (json_is_integer(value))
        return json_integer_value(value) != 0;
    return !json_is_null(value) && !json_is_false(value);
}

static size_t count_parts(const json_t *value)
{
    return json_is_object(value) ? json_object_size(value) : json_array_size(value);
}

static void add_number(const json_t *value, const struct arc_template_node *node,
                       struct arc_buf *out)
{
    if (node->form == FIXED)
        arc_buf_printf(out, "%.*f", (int)node->most, json_number_value(value));
    else if (node->form == SIZE)
        arc_text_size(out, (int64_t)json_number_value(value), -1);
    else if (json_is_integer(value))
        arc_buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        arc_buf_printf(out, "%.6g", json_real_value(value));
}

/* Appends the text of a value in its form, not yet escaped. */
static void add_plain(const json_t *value, const struct arc_template_node *node,
                      struct arc_buf *out)
{
    size_t count = json_is_integer(value) ? (size_t)json_integer_value(value) : count_parts(value);

    if (node->form == JSON) {
        ARC_AUTO_FREE char *text = arc_json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);
        arc_buf_puts(out, arc_or(text, ""));
        out->failed = text ? out->failed : ARC_ENOMEM;
    } else if (node->form == COUNT)
        arc_buf_printf(out, "%zu", count_parts(value));
    else if (node->form == PLURAL)
        arc_buf_puts(out, arc_plural(count));
    else if (json_is_string(value))
        arc_buf_add(out, json_string_value(value), json_string_length(value));
    else if (json_is_boolean(value))
        arc_buf_puts(out, arc_true_or_false(json_is_true(value)));
    else if (json_is_number(value))
        add_number(value, node, out);
}

/* The width of the widest text of that name in the loop's list, measured once per list. */
static size_t widest(const struct render *r, const struct frame *loop,
                     const struct arc_template_node *node)
{
    struct measured *measured = &r->measured[node - r->t->nodes];

    if (!loop || measured->list == loop->list)
        return measured->columns;

    *measured = (struct measured){.list = loop->list};
    for (size_t i = 0; i < loop->count; i++) {
        struct frame item = {.value = json_array_get(loop->list, i)};
        const char *text = json_string_value(find_path(&item, node->at, node->name_len));
        size_t columns = text ? arc_text_columns(text) : 0;
        if (columns > measured->columns)
            measured->columns = columns;
    }

    return measured->columns;
}

/* Appends a text escaped for its place, cut and padded as its node says. */
static void add_escaped(struct render *r, const struct arc_template_node *node,
                        const struct frame *frame, const struct arc_buf *text)
{
    size_t len = text->len, before = r->out->len, width = node->width;

    if (node->most && node->form == PLAIN)
        len = arc_text_cut(arc_buf_text(text), len, node->most);
    node->escape(r->out, arc_buf_text(text), len);
    if (text->failed)
        r->out->failed = text->failed;

    if (node->form == WIDEST)
        width = widest(r, innermost_loop(frame), node);
    if (width && !r->out->failed) {
        size_t used = arc_text_columns(arc_buf_text(r->out) + before);
        arc_buf_printf(r->out, "%*s", used < width ? (int)(width - used) : 0, "");
    }
}

static bool loop_truth(const struct arc_template_node *node, const struct frame *loop)
{
    if (arc_text_is(node->at, node->len, "@first"))
        return loop->index == 0;
    return arc_text_is(node->at, node->len, "@last") ? loop->index + 1 == loop->count : true;
}

static int render_value(struct render *r, const struct arc_template_node *node,
                        const struct frame *frame, struct arc_error *err)
{
    if (*node->at == '@') {
        const struct frame *loop = innermost_loop(frame);
        if (!loop)
            return error_at(r->t, node->at, err, "is outside of a list", node->at, node->len);
        if (arc_text_is(node->at, node->len, "@number"))
            arc_buf_printf(r->out, "%zu", loop->index + 1);
        else
            arc_buf_puts(r->out, arc_true_or_false(loop_truth(node, loop)));
        return ARC_OK;
    }

    const json_t *value = find_value(r, node, frame);
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    if (!value)
        return error_at(r->t, node->at, err, no_name, node->at, node->len);
    const json_t *markdown = json_object_get(value, "markdown");
    if (json_is_string(markdown) && node->escape == arc_markdown_text) {
        arc_buf_add(r->out, json_string_value(markdown), json_string_length(markdown));
        return ARC_OK;
    }

    if ((json_is_array(value) || json_is_object(value)) && node->form == PLAIN)
        return error_at(r->t, node->at, err, "is a list or has parts: open it as a section",
                        node->at, node->len);

    add_plain(value, node, &text);
    add_escaped(r, node, frame, &text);

    return ARC_OK;
}

/* Whether a section is shown: its value equals the one after '=', or is not empty in its form. */
static bool is_wanted(const struct arc_template_node *node, const json_t *value,
                      const struct frame *frame)
{
    const char *wanted = node->at + node->name_len + 1;
    size_t len = node->len - node->name_len - 1;

    if (node->compares && *wanted == '.')
        return json_equal(value, find_path(frame, wanted, len));
    if (node->compares)
        return json_is_string(value) && arc_text_is(wanted, len, json_string_value(value));
    if (node->form == KNOWN)
        return !json_is_null(value);

    return node->form == COUNT ? count_parts(value) > 0 : truthy(value);
}

static int render_section(struct render *r, size_t at, const struct frame *frame,
                          struct arc_error *err)
{
    const struct arc_template_node *node = &r->t->nodes[at];
    const struct frame *loop = innermost_loop(frame);
    bool of_loop = *node->at == '@', wanted = node->kind == SECTION;
    const json_t *value = of_loop ? NULL : find_value(r, node, frame);

    if (of_loop && !loop)
        return error_at(r->t, node->at, err, "is outside of a list", node->at, node->len);
    if (!of_loop && !value)
        return error_at(r->t, node->at, err, no_name, node->at, node->len);

    bool open = of_loop ? loop_truth(node, loop) : is_wanted(node, value, frame);
    if (open != wanted)
        return ARC_OK;
    if (of_loop || !wanted || node->compares || node->form != PLAIN)
        return render_nodes(r, at + 1, node->end, frame, err);
    if (json_is_array(value)) {
        struct frame inner = {.list = value, .count = json_array_size(value), .outer = frame};
        for (; inner.index < inner.count; inner.index++) {
            inner.value = json_array_get(value, inner.index);
            ARC_TRY(render_nodes(r, at + 1, node->end, &inner, err));
        }
        return ARC_OK;
    }
    struct frame inner = {.value = value, .outer = frame};
    return render_nodes(r, at + 1, node->end, &inner, err);
}

static int render_nodes(struct render *r, size_t from, size_t to, const struct frame *frame,
                        struct arc_error *err)
{
    for (size_t at = from; at < to;) {
        const struct arc_template_node *node = &r->t->nodes[at];
        if (r->steps++ == ARC_TEMPLATE_STEPS)
            return arc_error_set(err, ARC_ELIMIT, "%s: the loops run more than %d times",
                                 r->t->name, ARC_TEMPLATE_STEPS);
        if (node->kind == TEXT)
            arc_buf_add(r->out, node->at, node->len);
        else if (node->kind == VALUE)
            ARC_TRY(render_value(r, node, frame, err));
        else
            ARC_TRY(render_section(r, at, frame, err));
        ARC_TRY(arc_buf_check(r->out, r->t->name, err));
        at = node->kind == SECTION || node->kind == INVERTED ? node->end : at + 1;
    }

    return ARC_OK;
}

int arc_template_render(const struct arc_template *parsed, const json_t *values,
                        struct arc_buf *out, struct arc_error *err)
{
    struct render r = {.t = parsed, .out = out};
    struct frame frame = {.value = values};
    return render_nodes(&r, 0, parsed->count, &frame, err);
}

int arc_template_fill(const char *text, const struct arc_template_place *places,
                      const json_t *values, struct arc_buf *out, struct arc_error *err)
{
    ARC_AUTO(arc_template) struct arc_template parsed = {0};
    struct parser p = {.t = &parsed, .places = places, .own = true};
    struct frame frame = {.value = values};

    ARC_TRY(parse_text("a text of arc-ci", text, strlen(text), &p, err));
    ARC_AUTO_FREE struct measured *measured = calloc(parsed.count + 1, sizeof *measured);
    ARC_TRY_ALLOC(measured, err);
    struct render r = {.t = &parsed, .out = out, .own = true, .measured = measured};

    return render_nodes(&r, 0, parsed.count, &frame, err);
}
