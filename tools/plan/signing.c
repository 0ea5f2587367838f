/* Who signs: the group says it, or it is the workflow that runs. */
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/text.h"
#include "plan/planned.h"
#include <string.h>

/* Whether the text is below `server`, as "https://github.com/owner/name" is; *rest follows it. */
static bool below(const char *text, const char *server, const char **rest)
{
    size_t len = strlen(server);
    if (!text || strncmp(text, server, len) != 0 || text[len] != '/')
        return false;
    *rest = text + len + 1;
    return true;
}

int arc_plan_signing(struct arc_project *project, const char *identity, struct arc_plan *out,
                     struct arc_error *err)
{
    struct arc_arena *memory = &out->memory;
    const struct arc_env *env = project->env;
    const char *server = arc_env_nonempty(env, "GITHUB_SERVER_URL");
    const char *workflow = arc_env_nonempty(env, "GITHUB_WORKFLOW_REF"), *rest = NULL;

    if (!project->group->sign.with)
        return ARC_OK;
    struct arc_signing *signing = arc_arena_array(memory, 1, sizeof *signing);
    ARC_TRY_ALLOC(signing, err);
    *signing = project->group->sign;
    out->sign = signing;
    if (signing->key)
        return ARC_OK;

    server = arc_or(server, "https://github.com");

    if (!signing->identity && identity)
        signing->identity = arc_arena_text(memory, identity);
    else if (!signing->identity && workflow)
        signing->identity = arc_arena_printf(memory, "%s/%s", server, workflow);

    if (!signing->issuer && below(signing->identity, server, &rest)) {
        /* GitHub docs, "OpenID Connect reference": the issuer of a server's tokens. */
        const char *host = strncmp(server, "https://", 8) == 0 ? server + 8 : "";
        if (strcmp(host, "github.com") == 0)
            signing->issuer = arc_arena_text(memory, "https://token.actions.githubusercontent.com");
        else if (strlen(host) > 8 && arc_text_ends(host, ".ghe.com"))
            signing->issuer = arc_arena_printf(memory, "https://token.actions.%s", host);
        else
            signing->issuer = arc_arena_printf(memory, "%s/_services/token", server);
    }

    if (arc_signing_is_github(signing) && below(project->repository.source, server, &rest))
        signing->repository = arc_arena_text(memory, rest);

    return arc_arena_check(memory, err);
}
