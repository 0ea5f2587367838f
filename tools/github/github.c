#include "github/github.h"
#include "base/json.h"
#include "base/text.h"
#include "os/file.h"
#include <unistd.h>

#define API_URL   "https://api.github.com"
#define TOKEN_MAX 4096
#define BURST     15 /* writes without a pause */

struct github {
    struct arc_transport base;
    struct arc_http *http;
    struct arc_http_retry retry;
    char *api; /* without a slash at the end */
    char *token;
    char *authorization;
    unsigned writes; /* how many requests changed something */
};

/* ---- token and address ---------------------------------------------------------------------- */

const char *arc_github_token(const struct arc_env *env, const char **variable)
{
    static const char *const names[] = {"INPUT_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"};
    const char *value = NULL;
    for (size_t i = 0; !value && i < ARC_COUNT(names); i++) {
        value = arc_env_nonempty(env, names[i]);
        if (value && variable)
            *variable = names[i];
    }
    return value;
}

static int find_token(struct github *hub, const struct arc_github_options *o, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    /* The file is not named, since its name may be the token itself. */
    if (o->token_file && access(o->token_file, F_OK))
        return arc_error_set(err, ARC_ENOTFOUND,
                             "--token-file: there is no such file; it takes the name of a file "
                             "that holds the token");
    if (o->token_file)
        ARC_TRY_PREFIX(arc_file_read_given(o->token_file, TOKEN_MAX, &text, err), err,
                       "--token-file");
    else
        arc_buf_puts(&text, arc_or(arc_github_token(o->env, NULL), ""));
    ARC_TRY(arc_buf_check(&text, "the token", err));
    arc_buf_strip(&text, " \t\n\v\f\r"); /* a secret may have been pasted with a line break */

    if (!text.len && o->token_file)
        return arc_error_set(err, ARC_EINPUT, "--token-file: %s is empty", o->token_file);
    if (!text.len)
        return arc_error_set(err, ARC_EWORLD,
                             "no token: set GITHUB_TOKEN or GH_TOKEN (in a workflow: "
                             "`env: {GITHUB_TOKEN: ${{ github.token }}}`) or name a "
                             "file with --token-file");

    hub->token = arc_buf_steal(&text);
    for (const char *c = hub->token; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
            return arc_error_set(err, ARC_EINPUT,
                                 "the token holds a space, a line break or another character that "
                                 "no token has");

    return arc_text_print(&hub->authorization, err, "Bearer %s", hub->token);
}

/* GITHUB_API_URL, else derived from GITHUB_SERVER_URL: a server's token must not go to another. */
static int name_api(const struct arc_env *env, char **out, struct arc_error *err)
{
    const char *given = arc_env_nonempty(env, "GITHUB_API_URL");
    const char *server = arc_or(arc_env_nonempty(env, "GITHUB_SERVER_URL"), "");
    const char *host = strstr(server, "://");
    size_t len = arc_text_strip(server, strlen(server), "/");

    if (given)
        return arc_text_copy(given, out, err);
    if (!host || arc_text_is_caseless(server, len, "https://github.com"))
        return arc_text_copy(API_URL, out, err);
    if (len > 8 && strncasecmp(server + len - 8, ".ghe.com", 8) == 0)
        return arc_text_print(out, err, "%.*sapi.%.*s", (int)(host + 3 - server), server,
                              (int)(server + len - host - 3), host + 3);

    return arc_text_print(out, err, "%.*s/api/v3", (int)len, server);
}

static int find_api(struct github *hub, const struct arc_github_options *o, struct arc_error *err)
{
    ARC_TRY(name_api(o->env, &hub->api, err));
    hub->api[arc_text_strip(hub->api, strlen(hub->api), "/")] = '\0';
    ARC_TRY_PREFIX(arc_http_check_safe(hub->http, hub->api, err), err, "GITHUB_API_URL");

    return ARC_OK;
}

/* ---- sending -------------------------------------------------------------------------------- */

static int make_absolute(struct github *hub, const char *path, char **out, struct arc_error *err)
{
    if (*path == '/')
        return arc_text_print(out, err, "%s%s", hub->api, path);
    if (arc_github_trusted(hub->api, path))
        return arc_text_copy(path, out, err);
    return arc_error_set(err, ARC_EWORLD,
                         "an answer of %s names an address on another host, %.200s; the token "
                         "does not go there",
                         hub->api, path);
}

/* A body that is not JSON comes from a proxy, not from GitHub. */
static int read_answer(struct github *hub, const struct arc_request *request,
                       struct arc_http_response *answer, struct arc_reply *reply,
                       struct arc_error *err)
{
    json_error_t where = {.text = "it is empty"};
    bool reads = strcmp(request->method, "GET") == 0;

    /* A server may echo the token, which must not reach a message, record or document. */
    answer->body.len = arc_github_mask_bytes(answer->body.data, answer->body.len, hub->token);
    reply->status = answer->status;
    bool off = answer->status == 403 || answer->status == 404 || answer->status == 410;
    if (off && !arc_http_rate_limited(answer))
        hub->base.refused = answer->status;

    if (answer->body.len)
        reply->body =
            arc_json_load(answer->body.data, answer->body.len, JSON_REJECT_DUPLICATES, &where);
    ARC_TRY_ALLOC(reply->body || *where.text, err);

    bool success = answer->status / 100 == 2;
    bool empty = reads && answer->status == 200 && !request->accept; /* a file may be empty */
    if (success && !reply->body && (answer->body.len || empty)) {
        reply->doubtful = !reads;
        return arc_error_set(err, ARC_EWORLD, "%s %s: %d, but the answer is not whole JSON (%s)",
                             request->method, request->path, answer->status, where.text);
    }

    if (!success) {
        reply->doubtful = answer->status >= 500 && !reads;
        return arc_github_explain(request->method, request->path, answer, reply->body, err);
    }

    ARC_TRY(arc_http_link(answer, &reply->next, err));
    if (reply->next)
        arc_github_mask(reply->next, hub->token);

    return ARC_OK;
}

static int exchange_request(struct github *hub, const struct arc_request *request,
                            const struct arc_http_request *http, struct arc_reply *reply,
                            struct arc_error *err)
{
    const struct arc_http_response lost = {.fate = ARC_HTTP_LOST};
    ARC_AUTO(arc_http_response) struct arc_http_response answer = {0};
    struct arc_http_retry retry = hub->retry;

    retry.create = !request->repeatable && strcmp(request->method, "GET") != 0;

    for (unsigned attempt = 1;; attempt++) {
        arc_reply_free(reply);
        arc_error_clear(err);
        hub->base.requests++;
        hub->base.refused = 0; /* without an answer, none was a refusal */
        int rc = arc_http_send(hub->http, http, &answer, err);
        bool whole = !rc;
        if (whole)
            rc = read_answer(hub, request, &answer, reply, err);
        else
            reply->doubtful = answer.fate == ARC_HTTP_LOST;
        bool damaged = whole && rc && answer.status < 300;
        if (!rc || (!whole && rc != ARC_EWORLD) ||
            !arc_http_wait_again(&retry, damaged ? &lost : &answer, attempt))
            return rc;
    }
}

/* Adds the headers, with texts in the arena, and the JSON body, which the caller frees. */
static int prepare_headers(const struct arc_request *request, struct arc_arena *memory, char **body,
                           const char *headers[8], struct arc_error *err)
{
    static const char json[] = "application/vnd.github+json, application/json";
    size_t count = 0;

    headers[count++] = arc_arena_printf(memory, "Accept: %s", arc_or(request->accept, json));
    headers[count++] = "X-GitHub-Api-Version: 2022-11-28";

    if (request->body) {
        *body = arc_json_dumps(request->body, JSON_COMPACT | JSON_ENSURE_ASCII);
        ARC_TRY_ALLOC(*body, err);
    }

    if (request->body || request->file || request->data) {
        const char *name = request->body ? "application/json" : request->content_type;
        headers[count++] =
            arc_arena_printf(memory, "Content-Type: %s", arc_or(name, "application/octet-stream"));
    }

    headers[count] = NULL;

    return arc_arena_check(memory, err);
}

static int send_github(struct arc_transport *self, const struct arc_request *request,
                       struct arc_reply *reply, struct arc_error *err)
{
    struct github *hub = (struct github *)self;
    ARC_AUTO_FREE char *url = NULL, *body = NULL;
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    const char *headers[8];

    arc_reply_free(reply);
    ARC_TRY(make_absolute(hub, request->path, &url, err));
    ARC_TRY(prepare_headers(request, &memory, &body, headers, err));
    struct arc_http_request http = {
        .method = request->method,
        .url = url,
        .headers = headers,
        .authorization = hub->authorization,
        .body = request->data,
        .body_len = request->len,
        .body_file = request->file,
        .redirects = 3,
        .timeout = request->file || request->data ? 0 : 300,
    };
    if (body) {
        http.body = body;
        http.body_len = strlen(body);
    }

    /* After BURST writes one per second, which stays below 80 per minute (GitHub docs, "Rate limits
     * for the REST API"). */
    if (strcmp(request->method, "GET") != 0 && ++hub->writes > BURST)
        hub->base.clock->wait(hub->base.clock->context, 1000);

    struct arc_error *why = err ? err : &(struct arc_error){0};
    int rc = exchange_request(hub, request, &http, reply, why);
    if (rc && why->message)
        arc_github_mask(why->message, hub->token);
    if (!err)
        arc_error_clear(why);

    return rc;
}

static void close_github(struct arc_transport *self)
{
    struct github *hub = (struct github *)self;
    arc_http_free(hub->http);
    free(hub->api);
    free(hub->token);
    free(hub->authorization);
    free(hub);
}

int arc_transport_github(const struct arc_github_options *options, struct arc_transport **out,
                         struct arc_error *err)
{
    struct arc_http_options http = {.env = options->env, .idle_timeout = options->idle_timeout};
    struct github *hub = calloc(1, sizeof *hub);

    ARC_TRY_ALLOC(hub, err);
    hub->base = (struct arc_transport){
        .send = send_github,
        .close = close_github,
        .clock = options->clock ? options->clock : arc_clock_system(),
    };
    hub->retry = (struct arc_http_retry){.max_wait = options->max_wait, .clock = hub->base.clock};
    int rc = find_token(hub, options, err);
    if (!rc)
        rc = arc_http_new(&http, &hub->http, err);
    if (!rc)
        rc = find_api(hub, options, err);
    if (rc) {
        close_github(&hub->base);
        return rc;
    }
    *out = &hub->base;

    return ARC_OK;
}
