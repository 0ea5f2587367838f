#include "base/json.h"
#include "base/text.h"
#include "registry/call.h"
#include "registry/trust.h"

#define TOKEN_MAX ((size_t)1 << 20)
#define VALUE_MAX ((size_t)8192) /* in a challenge's parameter */

void arc_challenge_free(struct arc_challenge *challenge)
{
    free(challenge->realm);
    free(challenge->service);
    free(challenge->scope);
    *challenge = (struct arc_challenge){0};
}

/* ---- the challenge ------------------------------------------------------------------------- */

/* Reads a parameter's value, quoted or not; returns the rest, NULL if a quote is not closed. */
static const char *read_value(const char *at, struct arc_buf *value)
{
    at += strspn(at, " \t");
    arc_buf_reset(value);

    if (*at != '"') {
        size_t len = strcspn(at, " ,\t");
        arc_buf_add(value, at, len);
        return at + len;
    }

    for (at++; *at && *at != '"'; at++) {
        if (*at == '\\' && at[1])
            at++;
        arc_buf_putc(value, *at);
    }

    return *at ? at + 1 : NULL;
}

/* Empty and overlong values are ignored. */
static int set_field(struct arc_challenge *challenge, const char *name, size_t len,
                     struct arc_buf *value, struct arc_error *err)
{
    const struct {
        const char *name;
        char **text;
    } fields[] = {{"realm", &challenge->realm},
                  {"service", &challenge->service},
                  {"scope", &challenge->scope}};

    ARC_TRY(arc_error_memory(value->failed, err));
    for (size_t i = 0; !value->failed && value->len && i < ARC_COUNT(fields); i++)
        if (arc_text_is_caseless(name, len, fields[i].name))
            return *fields[i].text ? ARC_OK
                                   : arc_text_copy(arc_buf_text(value), fields[i].text, err);
    return ARC_OK;
}

/* Moves the challenge to *best if it is better. */
static void keep_better(struct arc_challenge *now, struct arc_challenge *best)
{
    bool usable = now->kind != ARC_CHALLENGE_BEARER || now->realm;
    if (usable && now->kind > best->kind) {
        arc_challenge_free(best);
        *best = arc_steal(now);
    }
    arc_challenge_free(now);
}

int arc_challenge_read(const char *header, struct arc_challenge *best, struct arc_error *err)
{
    ARC_AUTO(arc_challenge) struct arc_challenge now = {0};
    const char *at = header;

    while (*(at += strspn(at, " ,\t"))) {
        ARC_AUTO(arc_buf) struct arc_buf value = {.max = VALUE_MAX};
        const char *name = at;
        size_t len = strcspn(at, "= ,\t\"");
        const char *after = at + len + strspn(at + len, " \t");
        if (!len)
            break;
        if (*after != '=') { /* a scheme, or its token */
            keep_better(&now, best);
            if (arc_text_is_caseless(name, len, "Basic"))
                now.kind = ARC_CHALLENGE_BASIC;
            else if (arc_text_is_caseless(name, len, "Bearer"))
                now.kind = ARC_CHALLENGE_BEARER;
            at += len;
            continue;
        }
        at = after + strspn(after, "=");
        if (!*at || *at == ',') /* a token with its padding */
            continue;
        at = read_value(after + 1, &value);
        if (!at)
            break;
        ARC_TRY(set_field(&now, name, len, &value, err));
    }

    keep_better(&now, best);

    return ARC_OK;
}

int arc_challenge_of(const struct arc_http_response *response, struct arc_challenge *out,
                     struct arc_error *err)
{
    const char *header = NULL;
    while ((header = arc_http_header_next(response, "www-authenticate", header)))
        ARC_TRY(arc_challenge_read(header, out, err));
    if (out->kind != ARC_CHALLENGE_NONE)
        return ARC_OK;
    return arc_error_set(err, ARC_EWORLD,
                         "it requires a login that docker does not support (expected Basic, or "
                         "Bearer with a realm)");
}

/* Whether a text repeats a credential, as an answer that shows its request does. */
static bool shows_secret(const char *text, const json_t *logins, const struct arc_login *login)
{
    bool known = login && (login->password || login->token);
    ARC_AUTO_FREE char *basic = known ? arc_login_basic(login) : NULL;
    const char *const secrets[] = {known ? login->password : NULL, known ? login->token : NULL,
                                   arc_text_after(basic, "Basic ")};

    arc_each_in (secret, secrets)
        if (*secret && **secret && strstr(text, *secret))
            return true;
    arc_json_each_pair (place, value, logins) { /* "Basic …" or "Bearer …" */
        const char *space = strchr(json_string_value(value), ' ');
        if (space && space[1] && strstr(text, space + 1))
            return true;
    }

    return false;
}

void registry_reason(const struct arc_http_response *response, const json_t *logins,
                     const struct arc_login *login, struct arc_buf *out)
{
    ARC_AUTO_JSON json_t *body =
        arc_json_load(arc_buf_text(&response->body), response->body.len, 0, NULL);
    const json_t *first = json_array_get(json_object_get(body, "errors"), 0);
    const char *const texts[] = {arc_json_text_of(first, "message"),
                                 arc_json_text_of(first, "code"),
                                 arc_json_text_of(body, "details"), /* Docker Hub's realm */
                                 arc_json_text_of(body, "message"),
                                 arc_json_text_of(body, "error_description"), /* RFC 6749, 5.2 */
                                 arc_json_text_of(body, "error")};
    const char *text = "";
    for (size_t i = 0; i < ARC_COUNT(texts) && !*text; i++)
        text = texts[i];
    if (*text && !shows_secret(text, logins, login))
        arc_buf_printf(out, ": %.500s", text);
}

/* ---- the answer ---------------------------------------------------------------------------- */

static void add_pair(struct arc_buf *out, const char *name, const char *value)
{
    if (!value)
        return;
    arc_buf_printf(out, "&%s=", name);
    arc_text_encode(out, value);
}

/* A request to a realm. */
struct question {
    struct arc_registry *registry;
    const struct arc_challenge *challenge;
    const struct arc_login *login;
    const char *scope;
};

/* Sends the request by GET, or the form by POST. Credentials need https, unless the user vouches
 * for the host. */
static int send_question(const struct question *question, const char *url, const char *basic,
                         const struct arc_buf *form, struct arc_http_response *answer,
                         struct arc_error *err)
{
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    struct arc_registry *registry = question->registry;
    const struct arc_http_retry retry = {.attempts = 4, .max_wait = 30, .clock = registry->clock};
    struct arc_http_request request = {
        .method = "GET",
        .url = url,
        .authorization = basic,
        .redirects = 5,
        .insecure = registry_url_insecure(registry->env, question->challenge->realm),
        .timeout = 60,
        .max = TOKEN_MAX};

    if (form) {
        request.method = "POST";
        request.headers = headers;
        request.body = form->data;
        request.body_len = form->len;
    }

    if (form && !request.insecure)
        ARC_TRY(arc_http_check_safe(registry->http, url, err));

    int rc = arc_http_send_retrying(registry->http, &request, &retry, answer, err);
    registry->status = rc ? 0 : answer->status;

    return rc;
}

/* distribution's docs, "Token Authentication Specification": GET, with the login as Basic. */
static int ask_by_query(const struct question *question, struct arc_http_response *answer,
                        struct arc_error *err)
{
    const struct arc_challenge *challenge = question->challenge;
    ARC_AUTO(arc_buf) struct arc_buf url = {.max = 16384};
    ARC_AUTO_FREE char *basic = NULL;

    if (question->login->user || question->login->token) {
        basic = arc_login_basic(question->login);
        ARC_TRY_ALLOC(basic, err);
    }

    arc_buf_puts(&url, challenge->realm);
    arc_buf_puts(&url, strchr(challenge->realm, '?') ? "&client_id=arc-ci" : "?client_id=arc-ci");
    add_pair(&url, "service", challenge->service);

    /* Appends a parameter for each part of the scope (distribution's docs, "Requesting a
     * Token"). */
    arc_each_piece (scope, question->scope, " ") {
        ARC_AUTO(arc_buf) struct arc_buf part = {.max = VALUE_MAX};
        arc_buf_add(&part, scope.text, scope.len);
        add_pair(&url, "scope", arc_text_or(arc_buf_text(&part), NULL));
    }

    ARC_TRY(arc_buf_check(&url, "request for a token", err));

    return send_question(question, arc_buf_text(&url), basic, NULL, answer, err);
}

/* distribution's docs, "OAuth2 Token Authentication": POST, with the login in the form. */
static int ask_by_form(const struct question *question, struct arc_http_response *answer,
                       struct arc_error *err)
{
    const struct arc_login *login = question->login;
    ARC_AUTO(arc_buf) struct arc_buf form = {.max = (size_t)256 << 10};

    arc_buf_puts(&form, login->token ? "grant_type=refresh_token" : "grant_type=password");
    arc_buf_puts(&form, "&client_id=arc-ci");
    add_pair(&form, "refresh_token", login->token);
    add_pair(&form, "username", login->user);
    add_pair(&form, "password", login->password);
    add_pair(&form, "service", question->challenge->service);
    add_pair(&form, "scope", question->scope);
    int rc = arc_buf_check(&form, "request for a token", err);
    if (!rc)
        rc = send_question(question, question->challenge->realm, NULL, &form, answer, err);
    if (form.data)
        explicit_bzero(form.data, form.len);

    return rc;
}

/* An identity token needs the form, a password the query. Servers that support only the other way
 * refuse with 405, GCR with 404, Artifactory with 401 (containerd, BuildKit). */
static int ask_realm(const struct question *question, char **out, struct arc_error *err)
{
    ARC_AUTO(arc_http_response) struct arc_http_response answer = {0};
    const struct arc_login *login = question->login;
    bool form = login->token;
    ARC_TRY(form ? ask_by_form(question, &answer, err) : ask_by_query(question, &answer, err));

    bool other = answer.status == 401 || answer.status == 404 || answer.status == 405;
    if (other && (login->user || login->token))
        ARC_TRY(form ? ask_by_query(question, &answer, err) : ask_by_form(question, &answer, err));

    /* Both names are in use; if both are present, one may be empty. */
    ARC_AUTO_JSON json_t *said =
        arc_json_load(arc_buf_text(&answer.body), answer.body.len, 0, NULL);
    const char *token = arc_json_text_of(said, "token");
    if (!*token)
        token = arc_json_text_of(said, "access_token");
    if (answer.status / 100 == 2 && *token)
        return arc_text_print(out, err, "Bearer %s", token);

    ARC_AUTO(arc_buf) struct arc_buf reason = {.max = 4096};
    registry_reason(&answer, NULL, login, &reason);
    if (answer.status / 100 == 4 && answer.status != 429)
        arc_buf_puts(&reason, "; run docker login with an account that may do this");
    return arc_error_set(err, ARC_EWORLD, "%s gave no token (HTTP %d)%s",
                         question->challenge->realm, answer.status, arc_buf_text(&reason));
}

/* Whether a list, separated by commas and ended by a space or the end, contains the word or '*'. */
static bool lists_action(const char *list, const char *word, size_t len)
{
    for (;; list++) {
        size_t own = strcspn(list, ", ");
        if ((own == 1 && *list == '*') || (own == len && strncmp(list, word, len) == 0))
            return true;
        list += own;
        if (*list != ',')
            return false;
    }
}

/* Whether one of the space-separated scopes grants all of `scope`: "repository:a:pull,push" grants
 * "repository:a:push". */
static bool grants(const char *scopes, const char *scope)
{
    const char *actions = strrchr(scope, ':') + 1;
    size_t name = (size_t)(actions - scope);

    arc_each_piece (own, scopes, " ") {
        bool all = strncmp(own.text, scope, name) == 0;
        arc_each_piece (action, actions, ",")
            all = all && lists_action(own.text + name, action.text, action.len);
        if (all)
            return true;
    }

    return false;
}

int arc_challenge_answer(struct arc_registry *registry, const char *host, const char *scope,
                         const struct arc_challenge *challenge, char **out, struct arc_error *err)
{
    ARC_AUTO(arc_login) struct arc_login login = {0};
    ARC_AUTO(arc_error) struct arc_error missing = {0};
    bool bearer = challenge->kind == ARC_CHALLENGE_BEARER;
    int rc = arc_docker_login(registry->env, host, scope, registry->helped, &login, &missing);
    if (rc && (rc != ARC_ENOTFOUND || !bearer))
        return arc_error_set(err, ARC_EWORLD, "%s requires a login: %s; run: docker login %s", host,
                             arc_error_text(&missing), host);

    if (bearer && login.bearer)
        return arc_text_print(out, err, "Bearer %s", login.bearer);

    /* The scope that the registry names plus the one the request needs: some registries name less,
     * or an example. */
    if (bearer) {
        ARC_AUTO(arc_buf) struct arc_buf both = {.max = 2 * VALUE_MAX};
        const char *named = arc_or(challenge->scope, "");
        arc_buf_puts(&both, named);
        if (!grants(named, scope))
            arc_text_item(&both, " ", "%s", scope);
        ARC_TRY(arc_buf_check(&both, "a scope", err));
        struct question question = {registry, challenge, &login, arc_buf_text(&both)};
        return ask_realm(&question, out, err);
    }
    *out = login.user ? arc_login_basic(&login) : NULL;
    if (*out)
        return ARC_OK;

    return arc_error_set(err, ARC_EWORLD, "%s accepts only user and password", host);
}
