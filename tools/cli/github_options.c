#include "cli/github_options.h"

struct arc_github_settings github_settings(const struct invocation *inv, const char *timeout_name)
{
    return (struct arc_github_settings){.repository = option_value(inv, "repository"),
                                        .token_file = option_value(inv, "token-file"),
                                        .record = option_value(inv, "record"),
                                        .timeout = option_value(inv, timeout_name),
                                        .max_wait = option_value(inv, "max-wait")};
}
