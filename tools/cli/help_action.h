/* A composite action for a command, and its README. */
#ifndef ARC_CLI_HELP_ACTION_H
#define ARC_CLI_HELP_ACTION_H

#include "cli/command.h"

/* Appends the action.yml of a command: an input for each option, passed by the environment and
 * never pasted into a script; an output for each output. Families of outputs ("<filter>") have no
 * place in one. Source: GitHub docs, "Metadata syntax for GitHub Actions". */
void help_action(const struct command *command, struct arc_buf *out);

/* Appends the README.md of that action: how it is used, its inputs and outputs as tables. */
void help_action_readme(const struct command *command, struct arc_buf *out);

/* What the README shares with docs/commands.md (help.c): an option as a row of a markdown table,
 * under `name`, with `many` after the meaning of one that may be repeated; and the table of the
 * outputs. */
void help_option_row(const struct option *row, const char *name, const char *many,
                     struct arc_buf *out);
void help_output_rows(const struct command *command, struct arc_buf *out);

#endif
