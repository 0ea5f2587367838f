#include "arcci/doctor.h"
#include "base/auto.h"
#include "cli/command.h"
#include <string.h>

static int run_help(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    const char *format = option_value(inv, "format");

    if (option_flag(inv, "version")) {
        arc_buf_puts(&report->human, "arc-ci " ARCCI_VERSION "\n");
        return inv->json ? arc_libraries(&report->document, err) : ARC_OK;
    }

    if (inv->args[0]) {
        const struct command *command = command_find(inv->args[0], err);
        if (!command)
            return ARC_EINPUT;
        return help_render(command, format, &report->human, err);
    }

    bool program = strcmp(format, "text") == 0 || strcmp(format, "man") == 0;
    if (program)
        ARC_TRY(help_render(NULL, format, &report->human, err));
    for (size_t i = 0; !program && i < command_count; i++)
        ARC_TRY(help_render(commands[i], format, &report->human, err));

    return ARC_OK;
}

const struct command cmd_help = {
    .name = "help",
    .summary = "show what a command does, its options, outputs and examples",
    .argument = "COMMAND",
    .description = "Without COMMAND, lists the commands; with one, shows its help. The text, the "
                   "man pages and docs/commands.md come from the same table that parses the "
                   "command line, so they cannot disagree with it.",
    .options = OPTIONS(
        CHOICE("format", "FORMAT", "text|man|markdown|action|readme", "text",
               "The form of the help: for a terminal, as a man page (roff), as markdown for the "
               "docs, or as the action.yml or the README of a GitHub action."),
        FLAG("version", "Print the version of arc-ci; with --json also those of its libraries.",
             .without = "*")),
    .examples =
        EXAMPLES({"arc-ci help version", "Show what `arc-ci version` does and its options."},
                 {"arc-ci help --format markdown",
                  "Print the reference of all commands, as in docs/commands.md."}),
    .run = run_help,
};
