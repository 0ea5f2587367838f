/* A composite action for a command. */
#ifndef ARCCI_HELP_ACTION_H
#define ARCCI_HELP_ACTION_H

#include "command.h"

/* Appends the action.yml of a command: an input for each option, passed by the environment and
 * never pasted into a script; an output for each output. Families of outputs ("<filter>") have no
 * place in one. Source: GitHub docs, "Metadata syntax for GitHub Actions". */
void help_action(const struct command *command, struct arc_buf *out);

#endif
