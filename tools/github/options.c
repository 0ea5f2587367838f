#include "github/options.h"
#include "base/text.h"

static int take_seconds(const char *option, const char *text, unsigned *out, struct arc_error *err)
{
    int64_t value = 0;
    if (text && (!arc_text_number(text, 6, &value) || !value))
        return arc_error_set(err, ARC_EINPUT, "--%s: '%.40s' is not a number of seconds from 1",
                             option, text);
    *out = (unsigned)value;

    return ARC_OK;
}

int arc_github_open(const struct arc_env *env, const struct arc_github_settings *settings,
                    struct arc_transport **out, struct arc_error *err)
{
    struct arc_github_options options = {.env = env, .token_file = settings->token_file};

    ARC_TRY(take_seconds("timeout", settings->timeout, &options.idle_timeout, err));
    ARC_TRY(take_seconds("max-wait", settings->max_wait, &options.max_wait, err));
    if (settings->dry_run)
        return arc_transport_describe(out, err);
    ARC_TRY(arc_transport_github(&options, out, err));
    if (!settings->record)
        return ARC_OK;

    struct arc_transport *inner = *out;
    int rc = arc_transport_record(inner, settings->record, out, err);
    if (rc) {
        arc_transport_free(inner);
        *out = NULL;
    }

    return rc;
}

const char *arc_github_repository(const struct arc_env *env,
                                  const struct arc_github_settings *settings)
{
    return arc_or(settings->repository, arc_env_nonempty(env, "GITHUB_REPOSITORY"));
}

bool arc_repository_name_valid(const char *text)
{
    static const char allowed[] = ARC_ALNUM "._-";
    size_t owner = strspn(text, allowed);
    if (!owner || text[owner] != '/' || *text == '.')
        return false;
    const char *name = text + owner + 1;
    size_t len = strspn(name, allowed);
    return len && !name[len] && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}
