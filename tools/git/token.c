#include "git/token.h"
#include "base/auto.h"
#include "github/github.h"
#include "os/base64.h"
#include <stdlib.h>
#include <string.h>

void arc_git_token_free(struct arc_git_token *token)
{
    for (size_t i = 0; i < ARC_GIT_TOKEN_VARS; i++)
        free(token->vars[i]);
    *token = (struct arc_git_token){{0}};
}

int arc_git_token_make(const struct arc_env *env, struct arc_git_token *out, struct arc_error *err)
{
    const char *server = arc_env_nonempty(env, "GITHUB_SERVER_URL");
    const char *token = arc_github_token(env, NULL);
    const char *count = arc_env_nonempty(env, "GIT_CONFIG_COUNT");
    unsigned long first = count ? strtoul(count, NULL, 10) : 0;
    *out = (struct arc_git_token){{0}};

    if (!server || !token || first > 1000 ||
        (strncmp(server, "https://", 8) != 0 && strncmp(server, "http://127.0.0.1:", 17) != 0))
        return ARC_OK;

    struct arc_buf text[ARC_GIT_TOKEN_VARS] = {{0}};
    arc_buf_printf(&text[0], "GIT_CONFIG_COUNT=%lu", first + 2);
    arc_buf_printf(&text[1], "GIT_CONFIG_KEY_%lu=http.%s/.extraheader", first, server);
    arc_buf_printf(&text[2],
                   "GIT_CONFIG_VALUE_%lu=", first); /* forget another one: two are refused */
    arc_buf_printf(&text[3], "GIT_CONFIG_KEY_%lu=http.%s/.extraheader", first + 1, server);
    arc_buf_printf(&text[4], "GIT_CONFIG_VALUE_%lu=", first + 1);
    /* A header as actions/checkout has it. */
    ARC_AUTO(arc_buf) struct arc_buf login = {0};
    arc_buf_printf(&login, "x-access-token:%s", token);
    arc_buf_puts(&text[4], "AUTHORIZATION: basic ");
    int rc = arc_buf_check(&login, "token", err);
    if (!rc)
        rc = arc_base64_encode(arc_buf_text(&login), login.len, &text[4], err);

    for (size_t i = 0; i < ARC_GIT_TOKEN_VARS; i++) {
        out->vars[i] = arc_buf_steal(&text[i]);
        if (!rc && !out->vars[i])
            rc = arc_error_nomem(err);
    }

    if (rc)
        arc_git_token_free(out);

    return rc;
}
