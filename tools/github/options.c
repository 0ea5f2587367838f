#include "github/options.h"
#include "base/text.h"

int arc_github_open(const struct arc_env *env, const struct arc_github_settings *settings,
                    struct arc_transport **out, struct arc_error *err)
{
    const struct arc_github_options options = {.env = env,
                                               .token_file = settings->token_file,
                                               .idle_timeout = settings->idle_timeout,
                                               .max_wait = settings->max_wait};

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
