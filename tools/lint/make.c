/* Make files: every target must be phony and described. They are read, not run: a target is a line
 * "name …: …" outside recipes and `define`. */
#include "base/json.h"
#include "lint/rule.h"

void arc_makefile_free(struct arc_makefile *make)
{
    json_decref(make->targets);
    json_decref(make->phony);
    json_decref(make->comments);
    *make = (struct arc_makefile){0};
}

static bool put_line(json_t *object, const char *name, size_t len, unsigned line)
{
    ARC_AUTO_FREE char *key = strndup(name, len);
    if (!key)
        return false;
    if (json_object_get(object, key))
        return true; /* the first line counts */
    return json_object_set_new(object, key, json_integer(line)) == 0;
}

static bool add_words(json_t *object, const char *text, unsigned line)
{
    bool good = true;

    while (*(text += strspn(text, " \t"))) {
        size_t len = strcspn(text, " \t");
        /* people do not call targets that are variables, patterns or files */
        if (!memchr(text, '$', len) && !memchr(text, '%', len) && !memchr(text, '/', len) &&
            !memchr(text, '.', len))
            good = put_line(object, text, len, line) && good;
        text += len;
    }

    return good;
}

/* A line with its continuations: a rule, or the description of a target. */
static bool add_line(struct arc_makefile *make, char *line, unsigned number)
{
    if (ARC_STARTS(line, "## ")) {
        size_t len = strcspn(line + 3, ": ");
        const char *rest = line + 3 + len;
        bool described = len && rest[0] == ':' && rest[1] == ' ' && rest[2 + strspn(rest + 2, " ")];
        return !described || put_line(make->comments, line + 3, len, number);
    }

    char *colon = line + strcspn(line, ":=#"); /* "a b: c", but not "a := b" or "a ::= b" */
    if (*line == '\t' || *line == ' ' || *colon != ':' || colon == line ||
        colon[strspn(colon, ":")] == '=')
        return true;
    *colon = '\0';
    if (strcmp(line, ".PHONY") == 0)
        return add_words(make->phony, colon + 1, number);

    /* "name: VARIABLE = value" only sets a variable */
    const char *rest = colon + 1 + strspn(colon + 1, " \t:");
    size_t word = strspn(rest, ARC_ALNUM "_-");
    const char *sign = rest + word + strspn(rest + word, " \t");
    if (*line == '.' ||
        (word && (*sign == '=' || (*sign && strchr(":?+", *sign) && sign[1] == '='))))
        return true;

    return add_words(make->targets, line, number);
}

/* Joins a line that ends with "\" with the next, for long .PHONY lists. As in make, CR LF ends a
 * line like LF. */
static const char *logical_line(const char *at, unsigned *number, struct arc_buf *out)
{
    arc_buf_reset(out);

    for (;;) {
        size_t len = strcspn(at, "\n");
        size_t text = len && at[len - 1] == '\r' ? len - 1 : len;
        bool goes_on = text && at[text - 1] == '\\' && at[len];
        arc_buf_add(out, at, text - goes_on);
        at += len + (at[len] == '\n');
        ++*number;
        if (!goes_on)
            return at;
        arc_buf_putc(out, ' ');
    }
}

bool arc_makefile_read(const char *text, struct arc_makefile *out)
{
    ARC_AUTO(arc_buf) struct arc_buf line = {0};
    bool good, defining = false;
    *out = (struct arc_makefile){json_object(), json_object(), json_object()};
    good = out->targets && out->phony && out->comments;
    for (unsigned number = 1, first; good && *text;) {
        first = number;
        text = logical_line(text, &number, &line);
        if (line.failed)
            return false;
        char none[1] = "";
        char *at = arc_or(line.data, none);
        if (ARC_STARTS(at, "define "))
            defining = true;
        else if (ARC_STARTS(at, "endef"))
            defining = false;
        else if (!defining)
            good = add_line(out, at, first);
    }

    return good;
}

static void check_file(struct lint *lint, const char *file)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(arc_makefile) struct arc_makefile make = {0};

    if (!lint_read(lint, LINT_PHONY, file, &text))
        return;

    if (!arc_makefile_read(lint_content(lint, &text), &make)) {
        lint->memory.failed = true;
        return;
    }

    arc_json_each_pair (name, line, make.targets) {
        unsigned at = (unsigned)json_integer_value(line);
        if (!json_object_get(make.phony, name))
            lint_find(lint, LINT_PHONY, file, at, "the target '%s' is not in .PHONY", name);
        if (!json_object_get(make.comments, name))
            lint_find(lint, LINT_COMMENT, file, at,
                      "the target '%s' has no line '## %s: description'", name, name);
    }

    arc_json_each_pair (name, line, make.phony)
        if (!json_object_get(make.targets, name))
            lint_find(lint, LINT_PHONY, file, (unsigned)json_integer_value(line),
                      ".PHONY names '%s', which is not a target here", name);

    arc_json_each_pair (name, line, make.comments)
        if (!json_object_get(make.targets, name))
            lint_find(lint, LINT_COMMENT, file, (unsigned)json_integer_value(line),
                      "'%s' is described, but is not a target here", name);
}

void lint_make(struct lint *lint)
{
    ARC_AUTO_JSON json_t *directories = json_object();

    arc_each (service, lint->services, lint->service_count) {
        lint_set(lint, directories, service->directory, json_true());
        lint_set(lint, directories, lint_parent(lint, service->directory), json_true());
    }

    if (lint_exists(lint, "Makefile"))
        check_file(lint, "Makefile");

    arc_json_each_pair (directory, value, directories) {
        ARC_AUTO_JSON json_t *names = lint_list(lint, directory);
        arc_json_each (name, names) {
            const char *file = json_string_value(name);
            if (json_string_length(name) > 3 && arc_text_ends(file, ".mk"))
                check_file(lint, lint_join(lint, directory, file));
        }
    }
}
