/* Whether to colour, and whether to redraw: what people set and what the terminal can. */
#pragma once

#include "arcci/env.h"
#include <stdbool.h>

/* Whether text on the descriptor is coloured. `when`: "always", "never", or NULL and "auto" for:
 * not with NO_COLOR (no-color.org), else with CLICOLOR_FORCE, else on a terminal that is not dumb,
 * unless CLICOLOR=0 (bixense.com/clicolors). */
bool terminal_colour(const struct arc_env *env, const char *when, int fd);

/* Whether lines can be redrawn there: a terminal that is not dumb, outside of CI. */
bool terminal_redraws(const struct arc_env *env, int fd);
