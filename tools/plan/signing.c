/* Who signs: the group says it, or it is the workflow that runs. */
#include "base/auto.h"
#include "plan/planned.h"
#include <string.h>

/* GitHub docs, "OpenID Connect reference": the issuer of a server's tokens. */
static char *issuer_of(const char *server)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 1024};
    const char *host = strncmp(server, "https://", 8) == 0 ? server + 8 : "";
    size_t len = strlen(host);
    if (strcmp(host, "github.com") == 0)
        arc_buf_puts(&out, "https://token.actions.githubusercontent.com");
    else if (len > 8 && strcmp(host + len - 8, ".ghe.com") == 0)
        arc_buf_printf(&out, "https://token.actions.%s", host);
    else
        arc_buf_printf(&out, "%s/_services/token", server);
    return arc_buf_steal(&out);
}

/* Whether the text is below `server`, as "https://github.com/owner/name" is; *rest follows it. */
static bool below(const char *text, const char *server, const char **rest)
{
    size_t len = strlen(server);
    if (!text || strncmp(text, server, len) != 0 || text[len] != '/')
        return false;
    *rest = text + len + 1;
    return true;
}

int arc_plan_signing(struct arc_project *project, const char *identity, json_t **out,
                     struct arc_error *err)
{
    const struct arc_env *env = project->env;
    const char *server = arc_env_nonempty(env, "GITHUB_SERVER_URL");
    const char *workflow = arc_env_nonempty(env, "GITHUB_WORKFLOW_REF"), *rest = NULL;
    ARC_AUTO(arc_buf) struct arc_buf running = {.max = 4096};
    struct arc_signing signing = project->group->sign;
    *out = NULL;
    if (!signing.with)
        return ARC_OK;
    if (signing.key)
        return arc_signing_json(&signing, out, err);

    server = server ? server : "https://github.com";
    ARC_AUTO_FREE char *issuer = issuer_of(server);
    if (workflow)
        arc_buf_printf(&running, "%s/%s", server, workflow);
    if (!issuer || running.failed)
        return arc_error_nomem(err);
    if (!identity && workflow)
        identity = arc_buf_text(&running);
    if (!signing.identity)
        signing.identity = (char *)identity;
    if (!signing.issuer && below(signing.identity, server, &rest))
        signing.issuer = issuer;
    if (arc_signing_is_github(&signing) && below(project->repository.source, server, &rest))
        signing.repository = (char *)rest;
    return arc_signing_json(&signing, out, err);
}
