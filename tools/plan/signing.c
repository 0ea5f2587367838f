/* The signer: set by the group, else the running workflow. */
#include "base/text.h"
#include "plan/planned.h"

/* "owner/name" in "https://github.com/owner/name"; NULL if it is not on the server. */
static const char *path_below(const char *server, const char *url)
{
    return arc_text_after(arc_text_after(url, server), "/");
}

int arc_plan_signing(struct arc_project *project, const char *identity, struct arc_plan *out,
                     struct arc_error *err)
{
    struct arc_arena *memory = &out->memory;
    const struct arc_env *env = project->env;
    const char *server = arc_env_nonempty(env, "GITHUB_SERVER_URL");
    const char *workflow = arc_env_nonempty(env, "GITHUB_WORKFLOW_REF");

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

    if (!signing->issuer && path_below(server, signing->identity)) {
        /* GitHub docs, "OpenID Connect reference": the issuer of a server's tokens. */
        const char *host = arc_or(arc_text_after(server, "https://"), "");
        if (strcmp(host, "github.com") == 0)
            signing->issuer = arc_arena_text(memory, "https://token.actions.githubusercontent.com");
        else if (strlen(host) > 8 && arc_text_ends(host, ".ghe.com"))
            signing->issuer = arc_arena_printf(memory, "https://token.actions.%s", host);
        else
            signing->issuer = arc_arena_printf(memory, "%s/_services/token", server);
    }

    if (arc_signing_is_github(signing))
        signing->repository =
            arc_arena_text(memory, path_below(server, project->repository.source));

    return arc_arena_check(memory, err);
}
