#include "registry/docker_config.h"
#include "base/json.h"
#include "base/text.h"
#include "os/base64.h"
#include "os/file.h"
#include "os/process.h"
#include "registry/trust.h"

#define CONFIG_MAX     ((size_t)1 << 20)
#define LOGIN_MAX      ((size_t)64 << 10) /* clouds use tokens as passwords */
#define HELPER_TIMEOUT 30                 /* seconds; a helper may use a desktop's keyring */

/* Docker Hub's key in `docker login` (docker/cli, "IndexServer"). */
static const char hub_key[] = "https://index.docker.io/v1/";

/* Like docker: member names are compared without case, and the last of several wins. */
static const json_t *find_member(const json_t *object, const char *name)
{
    const json_t *found = NULL;
    arc_json_each_pair (key, value, object)
        if (strcasecmp(key, name) == 0)
            found = value;
    return found;
}

static const char *member_text(const json_t *object, const char *name)
{
    return arc_text_or(json_string_value(find_member(object, name)), NULL);
}

static int parse_config(const char *text, size_t len, const char *name, json_t **out,
                        struct arc_error *err)
{
    json_error_t problem = {.text = ""};
    bool empty = strspn(text, " \t\r\n") == len; /* to docker, that is no configuration */
    *out = empty ? json_object() : arc_json_load(text, len, 0, &problem);
    ARC_TRY_ALLOC(*out || *problem.text, err);
    if (json_is_object(*out))
        return ARC_OK;
    if (*out)
        return arc_error_set(err, ARC_EINPUT, "%s: not docker's configuration: not an object",
                             name);
    return arc_error_set(err, ARC_EINPUT, "%s: not docker's configuration: line %d: %s", name,
                         problem.line, problem.text);
}

int arc_docker_file(const struct arc_env *env, const char *name, char **out, struct arc_error *err)
{
    const char *folder = arc_env_nonempty(env, "DOCKER_CONFIG");
    const char *home = arc_env_nonempty(env, "HOME");

    if (folder)
        return arc_text_print(out, err, "%s/%s", folder, name);
    if (home)
        return arc_text_print(out, err, "%s/.docker/%s", home, name);

    return arc_error_set(err, ARC_ENOTFOUND, "neither DOCKER_CONFIG nor HOME is set");
}

int arc_buildx_file(const struct arc_env *env, const char *name, char **out, struct arc_error *err)
{
    const char *own = arc_env_nonempty(env, "BUILDX_CONFIG");
    ARC_AUTO_FREE char *inner = NULL;

    if (own)
        return arc_text_print(out, err, "%s/%s", own, name);
    ARC_TRY(arc_text_print(&inner, err, "buildx/%s", name));

    return arc_docker_file(env, inner, out, err);
}

/* The config.json for a request: buildx's own (0.31, login-action's `scope`) for the repository,
 * else the host, and for pushes only or any action; else docker's. */
static int find_config(const struct arc_env *env, const char *host, const char *scope, char **out,
                       struct arc_error *err)
{
    static const char *const actions[] = {"@pull,push", "@push,pull", "@push", "@pull", ""};
    const char *server = registry_server(host);
    const char *repository = arc_text_after(scope, "repository:");
    int len = repository ? (int)strcspn(repository, ":") : 0;
    bool reads = repository && strcmp(repository + len, ":pull") == 0;

    for (size_t i = 0; repository && i < 2 * ARC_COUNT(actions); i++) {
        const char *action = actions[i % ARC_COUNT(actions)];
        const char *before = i < ARC_COUNT(actions) ? "/" : ""; /* a repository's own, or not */
        ARC_AUTO_FREE char *name = NULL;

        if (reads && strstr(action, "push"))
            continue;
        ARC_TRY(arc_text_print(&name, err, "config/%s%s%.*s%s/config.json", server, before,
                               *before ? len : 0, repository, action));
        ARC_TRY(arc_buildx_file(env, name, out, err));
        if (arc_file_kind(*out) == ARC_FILE_REGULAR)
            return ARC_OK;
        free(arc_steal(out));
    }

    return arc_docker_file(env, "config.json", out, err);
}

/* Whether a key of config.json names the host: "ghcr.io", "https://ghcr.io/v2/", "http://ghcr.io"
 * (docker/cli, ConvertToHostname). Docker Hub has several names. */
static bool names_host(const char *key, const char *host)
{
    if (strncasecmp(key, "https://", 8) == 0)
        key += 8;
    else if (strncasecmp(key, "http://", 7) == 0)
        key += 7;

    size_t len = strcspn(key, "/");
    bool hub = arc_text_is_caseless(key, len, "index.docker.io") ||
               arc_text_is_caseless(key, len, "registry-1.docker.io");
    return arc_text_is_caseless(key, len, host) || (hub && strcmp(host, "docker.io") == 0);
}

/* The entry of `host`: under the key that docker writes, or under any other that names it. */
static const json_t *entry_of(const json_t *map, const char *host)
{
    const char *usual = strcmp(host, "docker.io") == 0 ? hub_key : host;
    const json_t *entry = json_object_get(map, usual);

    if (entry)
        return entry;

    arc_json_each_pair (key, value, map)
        if (names_host(key, host))
            return value;

    return NULL;
}

/* "dXNlcjpwYXNz" → user, pass. */
static int decode_auth(const char *auth, struct arc_login *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = LOGIN_MAX};
    bool decoded = arc_base64_decode(auth, &text, NULL) == ARC_OK && !text.failed;
    const char *colon = decoded ? strchr(arc_buf_text(&text), ':') : NULL;

    if (!colon)
        return arc_error_set(err, ARC_EINPUT,
                             "docker's configuration: an \"auth\" that is not user:password in "
                             "base64; log in again with docker login");

    out->user = strndup(arc_buf_text(&text), (size_t)(colon - arc_buf_text(&text)));
    out->password = strdup(colon + 1);
    explicit_bzero(text.data, text.len);

    return arc_error_unless(out->user && out->password, err);
}

/* The login in an entry of the configuration file; NULL: an empty one. */
static int from_auths(const json_t *config, const char *host, struct arc_login *out,
                      struct arc_error *err)
{
    const json_t *entry = entry_of(find_member(config, "auths"), host);
    const char *bearer = member_text(entry, "registrytoken");
    const char *token = member_text(entry, "identitytoken"), *auth = member_text(entry, "auth");
    const char *user = member_text(entry, "username"), *password = member_text(entry, "password");

    if (!entry)
        return arc_error_set(err, ARC_ENOTFOUND, "docker is not logged in to %s", host);
    if (bearer)
        return arc_text_copy(bearer, &out->bearer, err);
    if (token)
        return arc_text_copy(token, &out->token, err);
    if (auth)
        return decode_auth(auth, out, err);
    if (!user || !password)
        return arc_error_set(err, ARC_ENOTFOUND, "docker's configuration has no login");
    ARC_TRY(arc_text_copy(user, &out->user, err));

    return arc_text_copy(password, &out->password, err);
}

/* ---- helpers ------------------------------------------------------------------------------- */

/* Reports the helper's own error, since it knows which token expired. Helpers print errors to
 * stdout, but JSON there may hold the secret. */
static int helper_failed(const struct arc_process_result *result, const char *program,
                         struct arc_error *err)
{
    const char *said =
        arc_buf_text(&result->output) + strspn(arc_buf_text(&result->output), " \t\r\n");
    const char *words = *said && *said != '{' ? said : arc_buf_text(&result->errors);

    words += strspn(words, "\r\n");
    int len = (int)strcspn(words, "\r\n");

    return arc_error_set(err, ARC_EWORLD, "%s failed (exit status %d)%s%.*s", program,
                         result->status, len ? ": " : "", ARC_MIN(len, 300), words);
}

/* The answer of docker-credential-*: {"ServerURL", "Username", "Secret"}; the user "<token>", or
 * none, marks the secret as an identity token (docker/docker-credential-helpers). A helper without
 * a login says so, or gives an empty answer. Like docker, ignores what follows the object. */
static int from_answer(const struct arc_process_result *result, const char *program,
                       struct arc_login *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *answer = arc_json_load(arc_buf_text(&result->output), result->output.len,
                                                 JSON_DISABLE_EOF_CHECK, NULL);
    const char *user = member_text(answer, "Username"), *secret = member_text(answer, "Secret");
    const char *said = arc_buf_text(&result->output);
    bool blank = result->output.len == strspn(said, " \t\r\n");
    bool empty = !result->status && (blank || (answer && !secret));
    bool unknown = result->status && (strstr(said, "credentials not found") || //
                                      strstr(said, "no credentials "));

    if (empty || unknown)
        return arc_error_set(err, ARC_ENOTFOUND, "%s knows no login", program);

    if (result->status)
        return helper_failed(result, program, err);

    if (!secret) /* its output may contain the secret */
        return arc_error_set(err, ARC_EWORLD, "%s gave an answer that docker does not understand",
                             program);

    if (!user || strcmp(user, "<token>") == 0)
        return arc_text_copy(secret, &out->token, err);
    ARC_TRY(arc_text_copy(user, &out->user, err));

    return arc_text_copy(secret, &out->password, err);
}

static int from_helper(const struct arc_env *env, const char *helper, const char *host,
                       json_t *helped, struct arc_login *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf program = {.max = 256}, question = {.max = 1024};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};

    if (strchr(helper, '/'))
        return arc_error_set(err, ARC_EINPUT,
                             "docker's config.json: '%s' is not a credential helper", helper);

    arc_buf_printf(&program, "docker-credential-%s", helper);
    ARC_TRY(arc_buf_check(&program, "name of a credential helper", err));
    const char *const argv[] = {arc_buf_text(&program), "get", NULL};
    const char *server = strcmp(host, "docker.io") == 0 ? hub_key : host;

    arc_buf_printf(&question, "%s %s", argv[0], server);
    ARC_TRY(arc_buf_check(&question, "name of a registry", err));
    const char *said = json_string_value(json_object_get(helped, arc_buf_text(&question)));
    if (said) {
        arc_buf_puts(&result.output, said);
        ARC_TRY(arc_buf_check(&result.output, "a login", err));
        return from_answer(&result, argv[0], out, err);
    }

    struct arc_process process = {.argv = argv,
                                  .env = env,
                                  .input = server,
                                  .input_len = strlen(server),
                                  .timeout = HELPER_TIMEOUT,
                                  .output_max = (size_t)64 << 10};
    int rc = arc_process_run(&process, &result, err);
    if (rc == ARC_ENOTFOUND) /* a missing helper is a broken set-up, not a missing login */
        return arc_error_set(err, ARC_EWORLD,
                             "docker's config.json requires %s, which is not on "
                             "PATH",
                             argv[0]);

    ARC_TRY(rc);

    rc = from_answer(&result, argv[0], out, err);
    if (!rc || rc == ARC_ENOTFOUND) /* if it cannot be kept, the helper runs again */
        json_object_set_new(helped, arc_buf_text(&question),
                            json_string(rc ? "" : arc_buf_text(&result.output)));

    return rc;
}

/* ---- both places --------------------------------------------------------------------------- */

/* A helper for the host, even "" for none, takes precedence over the one for all. */
static int from_file(const struct arc_env *env, const char *host, const char *scope, json_t *helped,
                     struct arc_login *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *config = NULL;
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = CONFIG_MAX};
    ARC_AUTO_FREE char *path = NULL;

    ARC_TRY(find_config(env, host, scope, &path, err));
    ARC_TRY(arc_file_read(path, NULL, CONFIG_MAX, &text, err));
    ARC_TRY(parse_config(arc_buf_text(&text), text.len, path, &config, err));

    const json_t *special = entry_of(find_member(config, "credHelpers"), host);
    const char *helper =
        json_is_string(special) ? json_string_value(special) : member_text(config, "credsStore");
    if (helper && *helper)
        return from_helper(env, helper, host, helped, out, err);
    return from_auths(config, host, out, err);
}

int arc_docker_login(const struct arc_env *env, const char *host, const char *scope, json_t *helped,
                     struct arc_login *out, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error why = {0};
    ARC_AUTO_JSON json_t *config = NULL;
    const char *value = arc_env_nonempty(env, "DOCKER_AUTH_CONFIG");
    int rc = ARC_OK;

    /* It holds the `auths` of a config.json and takes precedence (docker/cli 28.3). */
    *out = (struct arc_login){0};
    if (value)
        rc = parse_config(value, strlen(value), "DOCKER_AUTH_CONFIG", &config, &why);
    if (!rc)
        rc = from_auths(config, host, out, &why);
    if (!rc)
        return ARC_OK;

    /* Like docker, falls back to the file if the variable is unusable; that is an error only if the
     * file has no login either. */
    arc_login_free(out);
    int file = from_file(env, host, scope, helped, out, err);
    if (file)
        arc_login_free(out);
    if (file != ARC_ENOTFOUND || rc == ARC_ENOTFOUND)
        return file;

    return arc_error_pass(rc, &why, err);
}

static void free_secret(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void arc_login_free(struct arc_login *login)
{
    free(login->user);
    free_secret(login->password);
    free_secret(login->token);
    free_secret(login->bearer);
    *login = (struct arc_login){0};
}

char *arc_login_basic(const struct arc_login *login)
{
    ARC_AUTO(arc_buf) struct arc_buf plain = {.max = LOGIN_MAX};
    const char *secret = arc_or(login->password, login->token);
    arc_buf_printf(&plain, "%s:%s", arc_or(login->user, ""), secret);
    if (plain.failed)
        return NULL;
    struct arc_buf header = {.max = 2 * LOGIN_MAX};
    arc_buf_puts(&header, "Basic ");
    if (arc_base64_encode(plain.data, plain.len, &header, NULL))
        header.failed = ARC_ENOMEM;
    explicit_bzero(plain.data, plain.len);

    return arc_buf_steal(&header);
}
