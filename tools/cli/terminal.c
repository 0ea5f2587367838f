#include "cli/terminal.h"
#include "base/text.h"
#include <unistd.h>

static bool has_value(const struct arc_env *env, const char *name, const char *value)
{
    return arc_text_same(arc_env_get(env, name), value);
}

bool terminal_colour(const struct arc_env *env, const char *when, int fd)
{
    if (when && strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    if (arc_env_nonempty(env, "NO_COLOR"))
        return false;
    if (arc_env_nonempty(env, "CLICOLOR_FORCE") && !has_value(env, "CLICOLOR_FORCE", "0"))
        return true;
    return isatty(fd) == 1 && !has_value(env, "TERM", "dumb") && !has_value(env, "CLICOLOR", "0");
}

bool terminal_redraws(const struct arc_env *env, int fd)
{
    return isatty(fd) == 1 && !has_value(env, "TERM", "dumb") && !arc_env_nonempty(env, "CI");
}
