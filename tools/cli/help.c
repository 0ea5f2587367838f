/* Writes help, man pages, the reference in docs/ and the actions from the command table. */
#include "base/json.h"
#include "base/template.h"
#include "base/text.h"
#include "cli/command.h"
#include <ctype.h>

ARC_TEXT(cli_help_text);
ARC_TEXT(cli_help_man);
ARC_TEXT(cli_help_markdown);
ARC_TEXT(cli_help_action);
ARC_TEXT(cli_help_readme);
ARC_TEXT(cli_program_text);
ARC_TEXT(cli_program_man);

static const char exit_status[] =
    "0 done; 1 the work failed (a build, a gate); 2 wrong use or wrong configuration; "
    "3 something is missing or unavailable (git, docker, network, permission).";

static const char environment[] =
    "The command's own options can also come from the environment as "
    "INPUT_<OPTION> (upper case, hyphens kept or "
    "as underscores); the command line wins, and of an option that it "
    "has twice, the last one.";

void help_wrap(struct arc_buf *out, const char *text, size_t margin, size_t column)
{
    bool first = true;

    while (*text) {
        if (ARC_STARTS(text, "\n\n")) {
            arc_buf_printf(out, "\n\n%*s", (int)margin, "");
            column = margin;
            first = true;
            text += 2;
            continue;
        }
        size_t len = strcspn(text, " \n");
        if (!first && column + 1 + len > 80) {
            arc_buf_printf(out, "\n%*s", (int)margin, "");
            column = margin;
        } else if (!first) {
            arc_buf_putc(out, ' ');
            column++;
        }
        arc_buf_add(out, text, len);
        column += len;
        first = false;
        text += len + (text[len] == ' ' || (text[len] == '\n' && text[len + 1] != '\n'));
    }
}

/* ---- places: the texts are those of the table, which end where they are to ------------------- */

static void add_wrapped(struct arc_buf *out, const char *text, size_t len)
{
    (void)len;
    help_wrap(out, text, 0, 0);
}

static void add_status(struct arc_buf *out, const char *text, size_t len)
{
    (void)len;
    help_wrap(out, text, 0, 13);
}

static void add_column(struct arc_buf *out, const char *text, size_t len)
{
    (void)len;
    help_wrap(out, text, 26, 26);
}

static void add_upper(struct arc_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        arc_buf_putc(out, (char)toupper((unsigned char)text[i]));
}

static void add_lower(struct arc_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        arc_buf_putc(out, (char)tolower((unsigned char)text[i]));
}

/* The first sentence. */
static void add_first(struct arc_buf *out, const char *text, size_t len)
{
    add_upper(out, text, 1);
    arc_buf_add(out, text + 1, len - 1);
}

/* Appends a text with some characters replaced, by pairs such as "|" and "\\|". */
static void add_replaced(struct arc_buf *out, const char *text, const char *const pairs[][2])
{
    for (; *text; text++) {
        size_t i = 0;
        while (pairs[i][0] && *pairs[i][0] != *text)
            i++;
        if (pairs[i][0])
            arc_buf_puts(out, pairs[i][1]);
        else
            arc_buf_putc(out, *text);
    }
}

/* roff: a leading dot or quote starts a request, a backslash an escape; a line may break at a
 * hyphen. */
static void add_roff(struct arc_buf *out, const char *text, size_t len)
{
    bool start = true;

    for (size_t i = 0; i < len; i++) {
        if (ARC_STARTS(text + i, "\n\n")) {
            arc_buf_puts(out, "\n.PP\n");
            i++;
            start = true;
            continue;
        }
        if (start && (text[i] == '.' || text[i] == '\''))
            arc_buf_puts(out, "\\&");
        if (text[i] == '\\' || text[i] == '-')
            arc_buf_putc(out, '\\');
        arc_buf_putc(out, text[i] == '\\' ? 'e' : text[i]);
        start = text[i] == '\n';
    }
}

/* In a table cell `|` ends the cell and `<` starts HTML. */
static void add_cell(struct arc_buf *out, const char *text, size_t len)
{
    static const char *const pairs[][2] = {{"|", "\\|"}, {"<", "&lt;"}, {0}};
    (void)len;
    add_replaced(out, text, pairs);
}

/* In a code span in a table cell only `|` is special: it still ends the cell. */
static void add_span(struct arc_buf *out, const char *text, size_t len)
{
    static const char *const pairs[][2] = {{"|", "\\|"}, {0}};
    (void)len;
    add_replaced(out, text, pairs);
}

/* A YAML single-quoted scalar: only quotes are doubled (YAML 1.2, §7.3.2). */
static void add_quoted(struct arc_buf *out, const char *text, size_t len)
{
    static const char *const pairs[][2] = {{"'", "''"}, {0}};
    (void)len;
    arc_buf_putc(out, '\'');
    add_replaced(out, text, pairs);
    arc_buf_putc(out, '\'');
}

/* In a paragraph `<` starts HTML, but not in a code span. */
static void add_prose(struct arc_buf *out, const char *text, size_t len)
{
    bool code = false;
    for (size_t i = 0; i < len; i++) {
        code ^= text[i] == '`';
        if (text[i] == '<' && !code)
            arc_buf_puts(out, "&lt;");
        else
            arc_buf_putc(out, text[i]);
    }
}

static const struct arc_template_place places[] = {
    {"bare", arc_template_bare},
    {"wrap", add_wrapped},
    {"wrap13", add_status},
    {"wrap26", add_column},
    {"upper", add_upper},
    {"lower", add_lower},
    {"first", add_first},
    {"roff", add_roff},
    {"cell", add_cell},
    {"span", add_span},
    {"prose", add_prose},
    {"quoted", add_quoted},
    {0},
};

/* ---- values -------------------------------------------------------------------------------- */

/* `many` marks an option that may be repeated. */
static json_t *option_values(const struct command *command, const struct option *option,
                             const char *many)
{
    ARC_AUTO(arc_buf) struct arc_buf full = {.max = 4096}, head = {.max = 256}, help = full;

    arc_buf_printf(&head, "%s%s", option->name[1] ? "--" : "-", option->name);
    if (option->value)
        arc_buf_printf(&head, " %s", option->value);

    arc_buf_puts(&help, option->help);
    if (option->with) {
        arc_buf_puts(&help, " Only with ");
        option_list_others(command, option->with, &help);
        arc_buf_putc(&help, '.');
    }
    if (option->without) {
        bool any = strcmp(option->without, "*") == 0;
        arc_buf_puts(&help, any ? " Goes alone" : " Not with ");
        if (!any)
            option_list_others(command, option->without, &help);
        arc_buf_putc(&help, '.');
    }

    arc_buf_puts(&full, arc_buf_text(&help));
    if (option->choices)
        arc_buf_printf(&full, " One of %s.", option->choices);
    if (option->initial)
        arc_buf_printf(&full, " Default: %s.", option->initial);
    if (option->many)
        arc_buf_puts(&full, many);

    if (full.failed || head.failed || help.failed)
        return NULL;

    return json_pack("{s:s, s:s, s:b, s:s, s:s, s:s?, s:s?, s:b}", "name", option->name, "head",
                     arc_buf_text(&head), "long", head.len > 22, "help", arc_buf_text(&help),
                     "full", arc_buf_text(&full), "choices", option->choices, "initial",
                     option->initial, "many", option->many);
}

/* The command's own options (NULL: none), then `further`. */
static json_t *list_options(const struct command *command, const struct option *further,
                            const char *many)
{
    json_t *list = json_array();
    const struct option *own = command ? command->options : NULL;
    for (; own && own->name; own++)
        arc_json_push(&list, option_values(command, own, many));
    for (; further && further->name; further++)
        arc_json_push(&list, option_values(command, further, many));
    return list;
}

/* The inputs of an action: the only argument, as invocation_parse() takes it from the environment,
 * and the options. */
static json_t *list_inputs(const struct command *command)
{
    json_t *list = list_options(command, NULL, " One per line.");

    if (!command->argument || command->several)
        return list;
    ARC_AUTO_JSON json_t *help = json_sprintf("The argument %s.", command->argument);
    json_t *input =
        json_pack("{s:s, s:O, s:O}", "name", command->argument, "help", help, "full", help);
    if (json_array_insert_new(list, 0, input)) {
        json_decref(list);
        return NULL;
    }

    return list;
}

static json_t *list_rows(const struct row *rows)
{
    json_t *list = json_array();
    for (; rows && rows->name; rows++)
        arc_json_push(&list, json_pack("{s:s, s:s, s:b}", "name", rows->name, "help", rows->help,
                                       "family", *rows->name == '<'));
    return list;
}

static json_t *list_commands(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < command_count; i++)
        arc_json_push(&list, json_pack("{s:s, s:s}", "name", commands[i]->name, "summary",
                                       commands[i]->summary));
    return list;
}

int help_render(const struct command *command, const char *format, struct arc_buf *out,
                struct arc_error *err)
{
    static const struct text {
        const char *format, *of_command, *of_program;
    } texts[] = {
        {"text", arc_embedded_cli_help_text, arc_embedded_cli_program_text},
        {"man", arc_embedded_cli_help_man, arc_embedded_cli_program_man},
        {"markdown", arc_embedded_cli_help_markdown, NULL},
        {"action", arc_embedded_cli_help_action, NULL},
        {"readme", arc_embedded_cli_help_readme, NULL},
    };
    ARC_AUTO_JSON json_t *values = NULL;
    const struct text *text = arc_find(texts, ARC_COUNT(texts), format, format);

    if (command)
        values =
            json_pack("{s:s, s:s, s:s?, s:b, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "name",
                      command->name, "summary", command->summary, "argument", command->argument,
                      "several", command->several > 1, "description", command->description, "token",
                      command->token, "options", list_options(command, NULL, ""), "all",
                      list_options(command, frame_options, " May be repeated."), "inputs",
                      list_inputs(command), "outputs", list_rows(command->outputs), "examples",
                      list_rows(command->examples));
    else
        values = json_pack("{s:o, s:o}", "commands", list_commands(), "all",
                           list_options(NULL, frame_options, ""));

    arc_json_put(&values, "environment", json_string(environment));
    arc_json_put(&values, "exit-status", json_string(exit_status));
    arc_json_put(&values, "date", json_string(ARCCI_DATE));
    arc_json_put(&values, "version", json_string(ARCCI_VERSION));
    arc_json_put(&values, "braces", json_string("{{"));
    ARC_TRY_ALLOC(values, err);

    return arc_template_fill(command ? text->of_command : text->of_program, places, values, out,
                             err);
}
