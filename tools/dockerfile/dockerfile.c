#include "dockerfile/dockerfile.h"
#include "base/text.h"
#include "dockerfile/expand.h"
#include <ctype.h>

void arc_dockerfile_free(struct arc_dockerfile *dockerfile)
{
    arc_buf_free(&dockerfile->args);
}

static const char blanks[] = " \t\r";

/* The next physical line, without its line break; false at the end. */
static bool next_line(struct arc_dockerfile *d, const char **line, size_t *len)
{
    if (!*d->at)
        return false;
    *line = d->at;
    *len = strcspn(d->at, "\n");
    d->at += *len + (d->at[*len] == '\n');
    d->line++;
    *len = arc_text_strip(*line, *len, "\r");
    return true;
}

static void trim_left(const char **line, size_t *len)
{
    while (*len && strchr(blanks, **line))
        (*line)++, (*len)--;
}

/* Whether it is empty or a comment. */
static bool is_skipped(const char *line, size_t len)
{
    trim_left(&line, &len);
    return !len || *line == '#';
}

/* ---- directives ---------------------------------------------------------------------------- */

/* Reads a directive "# name = value" at the top. False for any other line, including an unknown
 * name, which ends the directives. */
static bool read_directive(struct arc_dockerfile *d, const char *line, size_t len)
{
    if (!len || *line != '#')
        return false;
    line++, len--;
    trim_left(&line, &len);
    size_t name = 0;
    while (name < len && arc_is_alnum(line[name]))
        name++;
    const char *value = line + name;
    size_t rest = len - name;
    trim_left(&value, &rest);
    bool escapes = arc_text_is_caseless(line, name, "escape");
    bool names_syntax = arc_text_is_caseless(line, name, "syntax");
    bool checks = arc_text_is_caseless(line, name, "check");
    if (!rest || *value != '=' || !(escapes || names_syntax || checks))
        return false;
    value++, rest--;
    trim_left(&value, &rest);
    rest = arc_text_strip(value, rest, blanks);

    if (escapes && rest == 1 && *value == '`')
        d->escape = '`';

    if (names_syntax && rest < sizeof d->syntax) {
        memcpy(d->syntax, value, rest);
        d->syntax[rest] = '\0';
    }

    return true;
}

void arc_dockerfile_start(struct arc_dockerfile *d, const char *text)
{
    const char *line;
    size_t len;

    if (ARC_STARTS(text, "\xef\xbb\xbf"))
        text += 3;
    arc_buf_free(&d->args);
    *d = (struct arc_dockerfile){.at = text, .line = 1, .escape = '\\'};
    struct arc_dockerfile top = *d;
    bool shebang = ARC_STARTS(text, "#!") && next_line(&top, &line, &len);
    while (next_line(&top, &line, &len) && read_directive(d, line, len))
        continue;
    if (shebang)
        d->escape = '\\'; /* after other lines only `syntax` counts */
}

/* ---- instructions -------------------------------------------------------------------------- */

/* Whether the line is continued, that is, ends with an unescaped escape character; removes that and
 * the blanks after it from *len. */
static bool goes_on(const struct arc_dockerfile *d, const char *line, size_t *len)
{
    size_t end = arc_text_strip(line, *len, blanks);
    if (!end || line[end - 1] != d->escape || (end > 1 && line[end - 2] == d->escape))
        return false;
    *len = end - 1;
    return true;
}

/* Reads the logical line that starts with `line` into d->args, skipping comments and empty lines. */
static void join(struct arc_dockerfile *d, const char *line, size_t len)
{
    arc_buf_reset(&d->args);

    for (;;) {
        bool more = goes_on(d, line, &len);
        arc_buf_add(&d->args, line, len);
        if (!more)
            break;
        do {
            if (!next_line(d, &line, &len))
                more = false;
        } while (more && is_skipped(line, len));
        if (!more)
            break;
    }

    arc_buf_strip(&d->args, blanks);
}

bool arc_dockerfile_heredoc(const char *word, size_t len, struct arc_heredoc *out)
{
    const char *end = word + len;
    size_t name = 0;

    while (word < end && arc_is_digit(*word))
        word++;
    if (end - word < 3 || !ARC_STARTS(word, "<<"))
        return false;
    word += 2;
    *out = (struct arc_heredoc){.chomp = *word == '-', .apart = strchr(blanks, *word)};
    word += out->chomp;
    while (word < end && strchr(blanks, *word))
        word++;

    for (char quote = '\0'; word < end; word++) {
        if (arc_word_quotes(&quote, *word))
            continue;
        word += *word == '\\' && quote != '\'' && word + 1 < end;
        if (*word == '<' || name == sizeof out->name - 1)
            return false;
        out->name[name++] = *word;
    }

    return name != 0;
}

/* Skips the bodies of the heredocs that an instruction opens. */
static void skip_heredocs(struct arc_dockerfile *d, const char *args)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {.max = d->args.max};
    struct arc_heredoc heredoc;

    while (arc_word_take(&args, '\\', &word)) {
        size_t left, name;
        const char *at = d->at;
        unsigned number = d->line;
        bool opens = arc_dockerfile_heredoc(arc_buf_text(&word), word.len, &heredoc) &&
                     !(heredoc.apart && d->shifts);

        for (const char *line; opens && next_line(d, &line, &left);) {
            name = strlen(heredoc.name);
            while (heredoc.chomp && left && *line == '\t')
                line++, left--;
            opens = left != name || memcmp(line, heredoc.name, name) != 0;
        }

        if (opens && heredoc.apart) { /* no line ends it */
            d->shifts = true;
            d->at = at;
            d->line = number;
        }
    }
}

void arc_instruction_parse(const char *text, struct arc_instruction *out)
{
    text += strspn(text, " \t\r");
    size_t word = strcspn(text, " \t");
    memset(out->keyword, 0, sizeof out->keyword);
    for (size_t i = 0; i < word && i < sizeof out->keyword - 1; i++)
        out->keyword[i] = (char)toupper((unsigned char)text[i]);
    out->args = text + word + strspn(text + word, " \t");
}

bool arc_dockerfile_next(struct arc_dockerfile *d, struct arc_instruction *out)
{
    const char *line;
    size_t len;

    if (!d->escape)
        arc_dockerfile_start(d, d->at);

    do {
        if (!next_line(d, &line, &len))
            return false;
    } while (is_skipped(line, len));

    *out = (struct arc_instruction){.line = d->line - 1};
    join(d, line, len);
    if (d->args.failed)
        return false;
    arc_instruction_parse(arc_buf_text(&d->args), out);
    if (ARC_AMONG(out->keyword, "RUN", "COPY", "ADD", "ONBUILD"))
        skip_heredocs(d, out->args);

    return true;
}

bool arc_dockerfile_word(const char **text, struct arc_buf *word, size_t *equals)
{
    const char *at = *text + strspn(*text, " \t\n\r");
    char quote = '\0';
    bool found = *at != '\0', split = false;

    arc_buf_reset(word);

    for (; *at && (quote || !strchr(" \t\n\r", *at)); at++) {
        if (arc_word_quotes(&quote, *at))
            continue;
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
