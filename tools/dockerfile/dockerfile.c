#include "dockerfile/dockerfile.h"
#include <ctype.h>
#include <string.h>

void arc_dockerfile_free(struct arc_dockerfile *dockerfile)
{
    arc_buf_free(&dockerfile->args);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next line, without its line break; false at the end. */
static bool next_line(struct arc_dockerfile *d, const char **line, size_t *len)
{
    if (!*d->at)
        return false;
    *line = d->at;
    *len = strcspn(d->at, "\n");
    d->at += *len + (d->at[*len] == '\n');
    d->line++;
    while (*len && blank(**line))
        (*line)++, (*len)--;
    while (*len && blank((*line)[*len - 1]))
        (*len)--;
    return true;
}

/* Reads the logical line that starts with `line` into d->args: a backslash at the end continues it,
 * comment and empty lines in between are no part of it. */
static void join(struct arc_dockerfile *d, const char *line, size_t len)
{
    arc_buf_reset(&d->args);
    for (;;) {
        bool goes_on = len && line[len - 1] == '\\';
        arc_buf_add(&d->args, line, len - goes_on);
        if (!goes_on)
            return;
        do {
            if (!next_line(d, &line, &len))
                return;
        } while (!len || *line == '#');
    }
}

/* Skips the bodies of the heredocs (<<WORD, <<-"WORD") that the instruction opens. */
static void skip_heredocs(struct arc_dockerfile *d, const char *args)
{
    const char *line;
    size_t len;
    while ((args = strstr(args, "<<"))) {
        args += 2;
        args += *args == '-';
        args += *args == '"' || *args == '\'';
        size_t word = 0;
        while (isalnum((unsigned char)args[word]) || args[word] == '_')
            word++;
        if (!word || isdigit((unsigned char)*args))
            continue;
        while (next_line(d, &line, &len))
            if (len == word && memcmp(line, args, word) == 0)
                break;
        args += word;
    }
}

bool arc_dockerfile_next(struct arc_dockerfile *d, struct arc_instruction *out)
{
    const char *line;
    size_t len;
    do {
        if (!next_line(d, &line, &len))
            return false;
    } while (!len || *line == '#');
    *out = (struct arc_instruction){.line = d->line - 1};
    join(d, line, len);
    if (d->args.failed)
        return false;
    const char *text = arc_buf_text(&d->args);
    size_t word = strcspn(text, " \t");
    for (size_t i = 0; i < word && i < sizeof out->keyword - 1; i++)
        out->keyword[i] = (char)toupper((unsigned char)text[i]);
    out->args = text + word + strspn(text + word, " \t");
    if (strcmp(out->keyword, "RUN") == 0 || strcmp(out->keyword, "COPY") == 0 ||
        strcmp(out->keyword, "ADD") == 0)
        skip_heredocs(d, out->args);
    return true;
}

static bool name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* One "$NAME" or "${NAME…}" at *text; moves behind it. */
static bool expand_one(const char **text, const json_t *args, struct arc_buf *out)
{
    const char *at = *text + 1;
    bool braces = *at == '{';
    at += braces;
    size_t len = 0;
    while (name_char(at[len]))
        len++;
    char name[128] = ""; /* a longer one has no value */
    if (len < sizeof name)
        memcpy(name, at, len);
    const char *value = *name ? json_string_value(json_object_get(args, name)) : NULL;
    at += len;
    if (braces) {
        size_t rest = strcspn(at, "}");
        size_t colon = *at == ':';
        if (at[colon] == '-' && rest > colon && (!value || (colon && !*value))) {
            arc_buf_add(out, at + colon + 1, rest - colon - 1);
            value = "";
        }
        at += rest + (at[rest] == '}');
    }
    *text = at;
    if (value)
        arc_buf_puts(out, value);
    return value != NULL;
}

bool arc_dockerfile_expand(const char *text, const json_t *args, struct arc_buf *out)
{
    bool known = true;
    while (*text) {
        size_t plain = strcspn(text, "$");
        arc_buf_add(out, text, plain);
        text += plain;
        if (*text == '$' && !expand_one(&text, args, out))
            known = false;
    }
    return known;
}

bool arc_dockerfile_word(const char **text, struct arc_buf *word, size_t *equals)
{
    const char *at = *text + strspn(*text, " \t\n\r");
    char quote = '\0';
    bool found = *at != '\0', split = false;
    arc_buf_reset(word);
    for (; *at && (quote || !strchr(" \t\n\r", *at)); at++) {
        if (quote ? *at == quote : (*at == '"' || *at == '\'')) {
            quote = quote ? '\0' : *at;
            continue;
        }
        if (*at == '\\' && at[1] && quote != '\'')
            at++;
        else if (*at == '=' && !quote && !split && equals) {
            *equals = word->len;
            split = true;
        }
        arc_buf_putc(word, *at);
    }
    if (equals && !split)
        *equals = word->len;
    *text = at;
    return found;
}
