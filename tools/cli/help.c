/* Help, man pages and the reference in docs/, all from the command table. */
#include "cli/command.h"
#include "cli/help_action.h"
#include <ctype.h>
#include <string.h>

static const char exit_status[] =
    "0 done; 1 the work failed (a build, a gate); 2 wrong use or wrong configuration; "
    "3 something is missing or unavailable (git, docker, network, permission).";

static const char environment[] = "Every option can also come from the environment as "
                                  "INPUT_<OPTION> (upper case, hyphens kept or "
                                  "as underscores); the command line wins.";

void help_wrap(struct arc_buf *out, const char *text, size_t margin, size_t column)
{
    bool first = true;

    while (*text) {
        if (strncmp(text, "\n\n", 2) == 0) {
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

    arc_buf_putc(out, '\n');
}

static void usage(const struct command *command, struct arc_buf *out)
{
    arc_buf_printf(out, "arc-ci %s [OPTION]...", command->name);
    if (command->argument)
        arc_buf_printf(out, " [%s]%s", command->argument, command->arguments_max > 1 ? "..." : "");
}

static const char *dashes_of(const struct option *option)
{
    return option->name[1] ? "--" : "-";
}

static void option_text(const struct option *option, struct arc_buf *out)
{
    struct arc_buf head = {.max = 256};
    arc_buf_printf(&head, "  %s%s", dashes_of(option), option->name);
    if (option->value)
        arc_buf_printf(&head, " %s", option->value);
    arc_buf_add(out, head.data, head.len);

    if (head.len > 24)
        arc_buf_printf(out, "\n%26s", "");
    else
        arc_buf_printf(out, "%*s", (int)(26 - head.len), "");

    arc_buf_free_part(out, &head);
    struct arc_buf help = {.max = 4096};
    arc_buf_puts(&help, option->help);
    if (option->choices)
        arc_buf_printf(&help, " One of %s.", option->choices);
    if (option->initial)
        arc_buf_printf(&help, " Default: %s.", option->initial);
    if (option->many)
        arc_buf_puts(&help, " May be repeated.");
    help_wrap(out, arc_buf_text(&help), 26, 26);
    arc_buf_free_part(out, &help);
}

static void options_text(const struct option *options, struct arc_buf *out)
{
    for (; options && options->name; options++)
        option_text(options, out);
}

static void command_text(const struct command *command, struct arc_buf *out)
{
    arc_buf_puts(out, "Usage: ");
    usage(command, out);
    arc_buf_printf(out, "\n\n%c", toupper((unsigned char)command->summary[0]));
    arc_buf_printf(out, "%s.\n\n", command->summary + 1);
    help_wrap(out, command->description, 0, 0);
    arc_buf_puts(out, "\nOptions:\n");
    options_text(command->options, out);
    options_text(frame_options, out);
    if (command->outputs)
        arc_buf_puts(out, "\nOutputs:\n");

    for (const struct output *row = command->outputs; row && row->name; row++) {
        arc_buf_printf(out, "  %-24s", row->name);
        help_wrap(out, row->help, 26, 26);
    }

    if (command->examples)
        arc_buf_puts(out, "\nExamples:\n");
    for (const struct example *row = command->examples; row && row->command; row++)
        arc_buf_printf(out, "  %s\n      %s\n", row->command, row->help);
    arc_buf_putc(out, '\n');
    help_wrap(out, environment, 0, 0);
    arc_buf_puts(out, "\nExit status: ");
    help_wrap(out, exit_status, 0, 13);
}

static void program_text(struct arc_buf *out)
{
    arc_buf_puts(out, "Usage: arc-ci [-C DIR] COMMAND [OPTION]... [ARGUMENT]...\n\n"
                      "Takes a container monorepo's CI from what changed in git to a verified,\n"
                      "published, documented release.\n\nCommands:\n");
    for (size_t i = 0; i < command_count; i++)
        arc_buf_printf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    arc_buf_puts(out, "\nOptions of every command, before or after its name:\n");
    options_text(frame_options, out);
    arc_buf_puts(out, "\n'arc-ci help COMMAND' or 'arc-ci COMMAND --help' shows a command's own.\n"
                      "'arc-ci -C DIR COMMAND ...' runs it as if started in DIR.\n"
                      "'arc-ci --version' prints the version.\n\nExit status: ");
    help_wrap(out, exit_status, 0, 13);
}

/* A word in a request: its hyphens are hyphens. */
static void roff_word(struct arc_buf *out, const char *word)
{
    for (; *word; word++)
        arc_buf_puts(out, *word == '-' ? "\\-" : (char[2]){*word, 0});
}

/* roff: a leading dot or quote is a request, a backslash an escape, a hyphen may be broken at. */
static void roff(struct arc_buf *out, const char *text)
{
    bool start = true;

    for (; *text; text++) {
        if (strncmp(text, "\n\n", 2) == 0) {
            arc_buf_puts(out, "\n.PP\n");
            text++;
            start = true;
            continue;
        }
        if (start && (*text == '.' || *text == '\''))
            arc_buf_puts(out, "\\&");
        if (*text == '\\' || *text == '-')
            arc_buf_putc(out, '\\');
        arc_buf_puts(out, *text == '\\' ? "e" : (char[2]){*text, 0});
        start = *text == '\n';
    }

    arc_buf_putc(out, '\n');
}

static void options_man(const struct option *options, struct arc_buf *out)
{
    for (; options && options->name; options++) {
        arc_buf_puts(out, ".TP\n.B ");
        struct arc_buf head = {.max = 256};
        arc_buf_printf(&head, "%s%s%s%s", dashes_of(options), options->name,
                       options->value ? " " : "", options->value ? options->value : "");
        roff(out, arc_buf_text(&head));
        arc_buf_free_part(out, &head);
        roff(out, options->help);
        if (options->choices) {
            arc_buf_puts(out, "One of ");
            roff(out, options->choices);
        }
        if (options->initial) {
            arc_buf_puts(out, "Default: ");
            roff(out, options->initial);
        }
    }
}

static void program_man(struct arc_buf *out)
{
    arc_buf_puts(
        out,
        ".TH ARC\\-CI 1 \"" ARCCI_DATE "\" \"arc-ci " ARCCI_VERSION
        "\" \"arc-ci manual\"\n.SH NAME\n"
        "arc\\-ci \\- from what changed in git to a verified, published, documented release\n"
        ".SH SYNOPSIS\n.B arc\\-ci\n.RI [ \\-C\\ DIR ]\n.I COMMAND\n[OPTION]... [ARGUMENT]...\n"
        ".SH DESCRIPTION\nTakes a container monorepo's CI from what changed in git to a verified, "
        "published, documented release. Every stage is a command:\n");

    for (size_t i = 0; i < command_count; i++) {
        arc_buf_puts(out, ".TP\n.BR arc\\-ci\\-");
        roff_word(out, commands[i]->name);
        arc_buf_puts(out, " (1)\n");
        roff(out, commands[i]->summary);
    }

    arc_buf_puts(out, ".SH OPTIONS\nBefore or after the name of any command:\n");
    options_man(frame_options, out);
    arc_buf_puts(out, ".TP\n.B \\-C DIR\nBefore the command: run as if started in DIR.\n"
                      ".TP\n.B \\-\\-version\nPrint the version.\n.SH ENVIRONMENT\n");
    roff(out, environment);
    arc_buf_puts(out, ".SH EXIT STATUS\n");
    roff(out, exit_status);
}

static void command_man(const struct command *command, struct arc_buf *out)
{
    arc_buf_printf(out, ".TH ARC\\-CI\\-");
    for (const char *c = command->name; *c; c++)
        arc_buf_putc(out, (char)toupper((unsigned char)*c));
    arc_buf_puts(out, " 1 \"" ARCCI_DATE "\" \"arc-ci " ARCCI_VERSION
                      "\" \"arc-ci manual\"\n.SH NAME\n");
    arc_buf_printf(out, "arc\\-ci\\-%s \\- ", command->name);
    roff(out, command->summary);
    arc_buf_puts(out, ".SH SYNOPSIS\n.B ");
    struct arc_buf line = {.max = 1024};
    usage(command, &line);
    roff(out, arc_buf_text(&line));
    arc_buf_free_part(out, &line);
    arc_buf_puts(out, ".SH DESCRIPTION\n");
    roff(out, command->description);
    arc_buf_puts(out, ".SH OPTIONS\n");
    options_man(command->options, out);
    options_man(frame_options, out);
    if (command->outputs)
        arc_buf_puts(out, ".SH OUTPUTS\n");

    for (const struct output *row = command->outputs; row && row->name; row++) {
        arc_buf_puts(out, ".TP\n.B ");
        roff(out, row->name);
        roff(out, row->help);
    }

    if (command->examples)
        arc_buf_puts(out, ".SH EXAMPLES\n");

    for (const struct example *row = command->examples; row && row->command; row++) {
        arc_buf_puts(out, ".TP\n.B ");
        roff(out, row->command);
        roff(out, row->help);
    }

    arc_buf_puts(out, ".SH ENVIRONMENT\n");
    roff(out, environment);
    arc_buf_puts(out, ".SH EXIT STATUS\n");
    roff(out, exit_status);
    arc_buf_puts(out, ".SH SEE ALSO\n.BR arc\\-ci (1)\n");
}

/* In a table cell `|` ends the cell and `<` starts HTML. */
static void cell(struct arc_buf *out, const char *text)
{
    for (; *text; text++)
        if (*text == '|')
            arc_buf_puts(out, "\\|");
        else if (*text == '<')
            arc_buf_puts(out, "&lt;");
        else
            arc_buf_putc(out, *text);
}

/* In a code span in a table cell only `|` means something: the cell ends at it all the same. */
static void code_cell(struct arc_buf *out, const char *text)
{
    for (; *text; text++)
        arc_buf_printf(out, *text == '|' ? "\\%c" : "%c", *text);
}

void help_option_row(const struct option *row, const char *name, const char *many,
                     struct arc_buf *out)
{
    arc_buf_puts(out, "| `");
    code_cell(out, name);
    arc_buf_puts(out, "` | ");
    cell(out, row->help);

    if (row->choices) {
        arc_buf_puts(out, " One of ");
        cell(out, row->choices);
        arc_buf_putc(out, '.');
    }

    arc_buf_printf(out, "%s | ", row->many ? many : "");
    cell(out, row->initial ? row->initial : "");
    arc_buf_puts(out, " |\n");
}

void help_output_rows(const struct command *command, struct arc_buf *out)
{
    if (command->outputs)
        arc_buf_puts(out, "| output | meaning |\n|---|---|\n");
    for (const struct output *row = command->outputs; row && row->name; row++) {
        arc_buf_printf(out, "| `%s` | ", row->name);
        cell(out, row->help);
        arc_buf_puts(out, " |\n");
    }
}

/* In a paragraph `<` starts HTML, but not in a code span. */
static void prose(struct arc_buf *out, const char *text)
{
    bool code = false;
    for (; *text; text++) {
        code ^= *text == '`';
        arc_buf_puts(out, *text == '<' && !code ? "&lt;" : (char[2]){*text, 0});
    }
}

static void command_markdown(const struct command *command, struct arc_buf *out)
{
    arc_buf_printf(out, "## arc-ci %s\n\n", command->name);
    arc_buf_puts(out, "    ");
    usage(command, out);
    arc_buf_puts(out, "\n\n");
    prose(out, command->description);
    arc_buf_puts(out, "\n\n");
    if (command->options)
        arc_buf_puts(out, "| option | meaning | default |\n|---|---|---|\n");

    for (const struct option *row = command->options; row && row->name; row++) {
        struct arc_buf name = {.max = 256};
        arc_buf_printf(&name, "%s%s%s%s", dashes_of(row), row->name, row->value ? " " : "",
                       row->value ? row->value : "");
        help_option_row(row, arc_buf_text(&name), " May be repeated.", out);
        arc_buf_free_part(out, &name);
    }

    if (command->options && command->outputs)
        arc_buf_putc(out, '\n');
    help_output_rows(command, out);
    for (const struct example *row = command->examples; row && row->command; row++)
        arc_buf_printf(out, "\n%s\n\n    $ %s\n", row->help, row->command);
    arc_buf_putc(out, '\n');
}

void help_render(const struct command *command, const char *format, struct arc_buf *out)
{
    if (!command && strcmp(format, "man") == 0)
        program_man(out);
    else if (!command)
        program_text(out);
    else if (strcmp(format, "man") == 0)
        command_man(command, out);
    else if (strcmp(format, "action") == 0)
        help_action(command, out);
    else if (strcmp(format, "readme") == 0)
        help_action_readme(command, out);
    else if (strcmp(format, "markdown") == 0)
        command_markdown(command, out);
    else
        command_text(command, out);
}
