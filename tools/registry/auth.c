#include "registry/auth.h"
#include "base/auto.h"
#include "registry/docker_config.h"
#include <jansson.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MAX ((size_t)1 << 20)

void arc_challenge_free(struct arc_challenge *challenge)
{
    free(challenge->realm);
    free(challenge->service);
    free(challenge->scope);
    *challenge = (struct arc_challenge){0};
}

/* ---- the challenge ------------------------------------------------------------------------- */

/* One `name="value"` or `name=value`; returns what follows it, or NULL when there is none. */
static const char *parameter(const char *text, const char **name, size_t *name_len,
                             struct arc_buf *value)
{
    text += strspn(text, " ,\t");
    *name = text;
    *name_len = strcspn(text, "= ,\t\"");
    text += *name_len;
    if (!*name_len || *text != '=')
        return NULL;
    text++;
    arc_buf_reset(value);
    if (*text != '"') {
        size_t len = strcspn(text, " ,\t");
        arc_buf_add(value, text, len);
        return text + len;
    }
    for (text++; *text && *text != '"'; text++) {
        if (*text == '\\' && text[1])
            text++;
        arc_buf_putc(value, *text);
    }
    return *text ? text + 1 : NULL;
}

static char **slot(struct arc_challenge *challenge, const char *name, size_t len)
{
    if (len == 5 && strncasecmp(name, "realm", len) == 0)
        return &challenge->realm;
    if (len == 7 && strncasecmp(name, "service", len) == 0)
        return &challenge->service;
    if (len == 5 && strncasecmp(name, "scope", len) == 0)
        return &challenge->scope;
    return NULL;
}

int arc_challenge_parse(const char *header, struct arc_challenge *out, struct arc_error *err)
{
    *out = (struct arc_challenge){0};
    if (strncasecmp(header, "Basic", 5) == 0)
        return ARC_OK;
    if (strncasecmp(header, "Bearer ", 7) != 0)
        return arc_error_set(err, ARC_EWORLD, "it asks for an unknown kind of authentication");
    ARC_AUTO(arc_buf) struct arc_buf value = {.max = 8192};
    const char *name, *rest = header + 7;
    size_t len;
    while (rest && (rest = parameter(rest, &name, &len, &value))) {
        char **field = slot(out, name, len);
        if (!field || *field)
            continue;
        *field = value.failed ? NULL : strdup(arc_buf_text(&value));
        if (!*field) {
            arc_challenge_free(out);
            return arc_error_nomem(err);
        }
    }
    if (out->realm)
        return ARC_OK;
    arc_challenge_free(out);
    return arc_error_set(err, ARC_EWORLD, "its Bearer challenge names no realm");
}

/* ---- the answer ---------------------------------------------------------------------------- */

/* Percent-encodes for a query or a form (RFC 3986, unreserved characters stay). */
static void add_encoded(struct arc_buf *out, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text; text++) {
        if (strchr(plain, *text))
            arc_buf_putc(out, *text);
        else
            arc_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

static void add_pair(struct arc_buf *out, char separator, const char *name, const char *value)
{
    if (!value)
        return;
    arc_buf_putc(out, separator);
    arc_buf_puts(out, name);
    arc_buf_putc(out, '=');
    add_encoded(out, value);
}

static int bearer_of(const struct arc_http_response *response, const char *realm, char **out,
                     struct arc_error *err)
{
    ARC_AUTO_JSON json_t *answer =
        json_loadb(arc_buf_text(&response->body), response->body.len, 0, NULL);
    const char *token = json_string_value(json_object_get(answer, "token"));
    if (!token)
        token = json_string_value(json_object_get(answer, "access_token"));
    if (response->status != 200 || !token)
        return arc_error_set(err, ARC_EWORLD,
                             "%s gave no token (HTTP %d); docker login "
                             "with an account that may do this",
                             realm, response->status);
    struct arc_buf header = {.max = TOKEN_MAX};
    arc_buf_printf(&header, "Bearer %s", token);
    *out = arc_buf_steal(&header);
    return *out ? ARC_OK : arc_error_nomem(err);
}

static int ask_realm(struct arc_http *http, const struct arc_challenge *challenge,
                     const struct arc_login *login, char **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf url = {.max = 16384}, form = {.max = 65536};
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    ARC_AUTO_FREE char *basic = login->user ? arc_login_basic(login) : NULL;
    if (login->user && !basic)
        return arc_error_nomem(err);
    arc_buf_puts(&url, challenge->realm);
    struct arc_buf *fields = login->token ? &form : &url;
    if (login->token) {
        arc_buf_puts(&form, "grant_type=refresh_token&client_id=arc-ci");
        add_pair(&form, '&', "refresh_token", login->token);
    }
    char first = login->token || strchr(challenge->realm, '?') ? '&' : '?';
    add_pair(fields, first, "service", challenge->service);
    add_pair(fields, challenge->service ? '&' : first, "scope", challenge->scope);
    int rc = arc_buf_check(fields, "request for a token", err);
    if (rc)
        return rc;
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    struct arc_http_request request = {.method = login->token ? "POST" : "GET",
                                       .url = arc_buf_text(&url),
                                       .headers = login->token ? headers : NULL,
                                       .authorization = basic,
                                       .body = login->token ? form.data : NULL,
                                       .body_len = form.len,
                                       .timeout = 60,
                                       .max = TOKEN_MAX};
    struct arc_http_retry retry = {.attempts = 4, .max_wait = 30};
    rc = arc_http_send_retrying(http, &request, &retry, NULL, &response, err);
    return rc ? rc : bearer_of(&response, challenge->realm, out, err);
}

int arc_challenge_answer(const struct arc_env *env, struct arc_http *http, const char *host,
                         const struct arc_challenge *challenge, char **out, struct arc_error *err)
{
    ARC_AUTO(arc_login) struct arc_login login = {0};
    struct arc_error missing = {0};
    int rc = arc_docker_login(env, host, &login, &missing);
    bool anonymous = rc == ARC_ENOTFOUND && challenge->realm;
    if (rc && !anonymous) {
        rc = arc_error_set(err, ARC_EWORLD, "%s asks for a login: %s; run: docker login %s", host,
                           arc_error_text(&missing), host);
        arc_error_clear(&missing);
        return rc;
    }
    arc_error_clear(&missing);
    if (challenge->realm)
        return ask_realm(http, challenge, &login, out, err);
    *out = login.user ? arc_login_basic(&login) : NULL;
    return *out ? ARC_OK : arc_error_set(err, ARC_EWORLD, "%s takes user and password only", host);
}
