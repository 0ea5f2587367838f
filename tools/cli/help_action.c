/* A composite action for a command, and its README, from its table: .github/actions/NAME/. */
#include "cli/help_action.h"
#include <ctype.h>

/* A YAML single-quoted scalar: only the quote itself is doubled (YAML 1.2, §7.3.2). */
static void quoted(struct arc_buf *out, const char *text)
{
    arc_buf_putc(out, '\'');
    for (; *text; text++)
        if (*text == '\'')
            arc_buf_puts(out, "''");
        else
            arc_buf_putc(out, *text);
    arc_buf_puts(out, "'\n");
}

static void lower(struct arc_buf *out, const char *name)
{
    for (; *name; name++)
        arc_buf_putc(out, (char)tolower((unsigned char)*name));
}

static void input(struct arc_buf *out, const char *name, const struct arc_buf *help)
{
    arc_buf_puts(out, "  ");
    lower(out, name);
    arc_buf_puts(out, ":\n    description: ");
    quoted(out, arc_buf_text(help));
    arc_buf_puts(out, "    default: ''\n");
}

static void option_input(struct arc_buf *out, const struct option *option)
{
    struct arc_buf help = {.max = 4096};
    arc_buf_puts(&help, option->help);
    if (option->choices)
        arc_buf_printf(&help, " One of %s.", option->choices);
    if (option->initial)
        arc_buf_printf(&help, " Default: %s.", option->initial);
    if (option->many)
        arc_buf_puts(&help, " One per line.");
    input(out, option->name, &help);
    arc_buf_free_part(out, &help);
}

static void inputs(const struct command *command, struct arc_buf *out)
{
    if (command->argument || (command->options && command->options->name))
        arc_buf_puts(out, "inputs:\n");

    if (command->argument) {
        struct arc_buf help = {.max = 256};
        arc_buf_printf(&help, "The argument %s.", command->argument);
        input(out, command->argument, &help);
        arc_buf_free_part(out, &help);
    }

    for (const struct option *row = command->options; row && row->name; row++)
        option_input(out, row);
}

static void outputs(const struct command *command, struct arc_buf *out)
{
    if (command->outputs)
        arc_buf_puts(out, "outputs:\n");

    for (const struct output *row = command->outputs; row && row->name; row++) {
        if (*row->name == '<')
            continue;
        arc_buf_printf(out, "  %s:\n    description: ", row->name);
        quoted(out, row->help);
        arc_buf_printf(out, "    value: ${{ steps.run.outputs.%s }}\n", row->name);
    }
}

static void environment(const char *name, struct arc_buf *out)
{
    arc_buf_puts(out, "        INPUT_");
    for (const char *c = name; *c; c++)
        arc_buf_putc(out, (char)toupper((unsigned char)*c));
    arc_buf_puts(out, ": ${{ inputs.");
    lower(out, name);
    arc_buf_puts(out, " }}\n");
}

void help_action(const struct command *command, struct arc_buf *out)
{
    arc_buf_printf(out, "# Made by `arc-ci help --format action %s`: the command's own table.\n",
                   command->name);
    arc_buf_printf(out, "name: arc-ci %s\ndescription: ", command->name);
    quoted(out, command->summary);
    inputs(command, out);
    outputs(command, out);
    arc_buf_puts(out, "runs:\n  using: composite\n  steps:\n    - id: run\n      shell: bash\n");
    arc_buf_printf(out, "      run: arc-ci %s\n      env:\n", command->name);
    if (command->token)
        arc_buf_puts(out, "        GITHUB_TOKEN: ${{ github.token }}\n");
    if (command->argument)
        environment(command->argument, out);
    for (const struct option *row = command->options; row && row->name; row++)
        environment(row->name, out);
}

static void input_rows(const struct command *command, struct arc_buf *out)
{
    arc_buf_puts(out, "\n| input | meaning | default |\n|---|---|---|\n");
    if (command->argument) {
        arc_buf_puts(out, "| `");
        lower(out, command->argument);
        arc_buf_printf(out, "` | The argument %s. |  |\n", command->argument);
    }
    for (const struct option *row = command->options; row && row->name; row++)
        help_option_row(row, row->name, " One per line.", out);
}

void help_action_readme(const struct command *command, struct arc_buf *out)
{
    arc_buf_printf(out,
                   "<!-- Made by `arc-ci help --format readme %s`. -->\n# arc-ci %s\n\n%c%s.\n\n",
                   command->name, command->name, toupper((unsigned char)command->summary[0]),
                   command->summary + 1);
    arc_buf_printf(out,
                   "```yaml\n"
                   "- uses: OWNER/REPOSITORY/.github/actions/setup@COMMIT\n"
                   "- uses: OWNER/REPOSITORY/.github/actions/%s@COMMIT\n"
                   "```\n\n"
                   "What it does in full: [arc-ci %s](../../../docs/commands.md#arc-ci-%s).\n",
                   command->name, command->name, command->name);
    input_rows(command, out);
    arc_buf_putc(out, '\n');
    help_output_rows(command, out);
}
