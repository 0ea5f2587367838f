/* Whether to colour and redraw, by the user's settings and the terminal's abilities. */
#pragma once

#include "arcci/env.h"
#include <stdbool.h>

/* Whether to colour text on the descriptor. `when` is "always", "never", or "auto" (NULL): not with
 * NO_COLOR (no-color.org), otherwise with CLICOLOR_FORCE, otherwise on a terminal that is not dumb
 * unless CLICOLOR=0 (bixense.com/clicolors). */
bool terminal_colour(const struct arc_env *env, const char *when, int fd);

/* Whether lines can be redrawn: on a terminal that is not dumb, outside CI. */
bool terminal_redraws(const struct arc_env *env, int fd);
