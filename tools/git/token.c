#include "git/token.h"
#include "base/text.h"
#include "github/github.h"
#include "os/base64.h"

void arc_git_token_free(struct arc_git_token *token)
{
    arc_arena_free(&token->memory);
    *token = (struct arc_git_token){0};
}

int arc_git_token_make(const struct arc_env *env, struct arc_git_token *out, struct arc_error *err)
{
    const char *server = arc_env_nonempty(env, "GITHUB_SERVER_URL");
    const char *token = arc_github_token(env, NULL);
    const char *count = arc_env_nonempty(env, "GIT_CONFIG_COUNT");
    unsigned long first = count ? strtoul(count, NULL, 10) : 0;
    *out = (struct arc_git_token){0};

    if (!server || !token || first > 1000 || !ARC_STARTS(server, "https://", "http://127.0.0.1:"))
        return ARC_OK;

    /* A header in the form of actions/checkout. */
    ARC_AUTO(arc_buf) struct arc_buf login = {0}, header = {0};
    arc_buf_printf(&login, "x-access-token:%s", token);
    ARC_TRY(arc_buf_check(&login, "token", err));
    ARC_TRY(arc_base64_encode(arc_buf_text(&login), login.len, &header, err));

    struct arc_arena *memory = &out->memory;
    const char *const vars[ARC_GIT_TOKEN_VARS] = {
        arc_arena_printf(memory, "GIT_CONFIG_COUNT=%lu", first + 2),
        arc_arena_printf(memory, "GIT_CONFIG_KEY_%lu=http.%s/.extraheader", first, server),
        /* reset other headers: GitHub refuses two */
        arc_arena_printf(memory, "GIT_CONFIG_VALUE_%lu=", first),
        arc_arena_printf(memory, "GIT_CONFIG_KEY_%lu=http.%s/.extraheader", first + 1, server),
        arc_arena_printf(memory, "GIT_CONFIG_VALUE_%lu=AUTHORIZATION: basic %s", first + 1,
                         arc_buf_text(&header)),
    };
    memcpy(out->vars, vars, sizeof vars);

    return arc_arena_check(memory, err);
}
