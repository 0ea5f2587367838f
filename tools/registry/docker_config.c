#include "registry/docker_config.h"
#include "base/auto.h"
#include "os/base64.h"
#include "os/file.h"
#include "os/process.h"
#include <jansson.h>
#include <string.h>

#define CONFIG_MAX     ((size_t)1 << 20)
#define HELPER_TIMEOUT 30 /* seconds; a helper may ask a desktop's keyring */

/* What `docker login` calls Docker Hub (docker/cli, "IndexServer"). */
static const char hub_key[] = "https://index.docker.io/v1/";

static int read_config(const struct arc_env *env, json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {.max = 4096}, text = {.max = CONFIG_MAX};
    const char *folder = arc_env_nonempty(env, "DOCKER_CONFIG");
    const char *home = arc_env_nonempty(env, "HOME");
    if (!folder && !home)
        return arc_error_set(err, ARC_ENOTFOUND, "neither DOCKER_CONFIG nor HOME is set");
    arc_buf_printf(&path, folder ? "%s/config.json" : "%s/.docker/config.json",
                   folder ? folder : home);
    int rc = arc_buf_check(&path, "path of docker's config.json", err);
    if (!rc)
        rc = arc_file_read(arc_buf_text(&path), NULL, CONFIG_MAX, &text, err);
    if (rc)
        return rc;
    json_error_t problem;
    *out = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(*out))
        return arc_error_set(err, ARC_EINPUT, "%s: not docker's configuration: line %d: %s",
                             arc_buf_text(&path), problem.line,
                             *out ? "not an object" : problem.text);
    return ARC_OK;
}

/* The entry of `host` under one of the names that clients have used for it. */
static const json_t *entry_of(const json_t *map, const char *host)
{
    bool hub = strcmp(host, "docker.io") == 0;
    const json_t *entry = json_object_get(map, hub ? hub_key : host);
    if (entry)
        return entry;
    ARC_AUTO(arc_buf) struct arc_buf url = {.max = 1024};
    arc_buf_printf(&url, "https://%s", hub ? "index.docker.io" : host);
    return url.failed ? NULL : json_object_get(map, arc_buf_text(&url));
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && *text ? text : NULL;
}

/* "dXNlcjpwYXNz" → user, pass. */
static int decode_auth(const char *auth, struct arc_login *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 4096};
    bool decoded = arc_base64_decode(auth, &text, NULL) == ARC_OK && !text.failed;
    const char *colon = decoded ? strchr(arc_buf_text(&text), ':') : NULL;
    if (!colon)
        return arc_error_set(err, ARC_EINPUT,
                             "docker's config.json: an \"auth\" that is not user:password in "
                             "base64; log in again with docker login");
    out->user = strndup(arc_buf_text(&text), (size_t)(colon - arc_buf_text(&text)));
    out->password = strdup(colon + 1);
    explicit_bzero(text.data, text.len);
    return out->user && out->password ? ARC_OK : arc_error_nomem(err);
}

static int from_entry(const json_t *entry, struct arc_login *out, struct arc_error *err)
{
    const char *auth = text_of(entry, "auth"), *token = text_of(entry, "identitytoken");
    const char *user = text_of(entry, "username"), *password = text_of(entry, "password");
    if (token) {
        out->token = strdup(token);
        return out->token ? ARC_OK : arc_error_nomem(err);
    }
    if (auth)
        return decode_auth(auth, out, err);
    if (!user || !password)
        return arc_error_set(err, ARC_ENOTFOUND, "docker's config.json holds no login");
    out->user = strdup(user);
    out->password = strdup(password);
    return out->user && out->password ? ARC_OK : arc_error_nomem(err);
}

/* The answer of docker-credential-*: {"ServerURL", "Username", "Secret"}; the user "<token>" says
 * that the secret is an identity token (docker/docker-credential-helpers). */
static int from_answer(const struct arc_process_result *result, const char *program,
                       struct arc_login *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *answer =
        json_loadb(arc_buf_text(&result->output), result->output.len, 0, NULL);
    const char *user = text_of(answer, "Username"), *secret = text_of(answer, "Secret");
    if (result->status && strstr(arc_buf_text(&result->output), "credentials not found"))
        return arc_error_set(err, ARC_ENOTFOUND, "%s knows no login", program);
    if (result->status || !user || !secret)
        return arc_error_set(err, ARC_EWORLD, "%s failed (exit status %d) or gave no login",
                             program, result->status);
    bool token = strcmp(user, "<token>") == 0;
    out->user = token ? NULL : strdup(user);
    out->password = token ? NULL : strdup(secret);
    out->token = token ? strdup(secret) : NULL;
    return out->token || (out->user && out->password) ? ARC_OK : arc_error_nomem(err);
}

static int from_helper(const struct arc_env *env, const char *helper, const char *host,
                       struct arc_login *out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf program = {.max = 256};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    if (strchr(helper, '/'))
        return arc_error_set(err, ARC_EINPUT, "docker's config.json: '%s' is no credential helper",
                             helper);
    arc_buf_printf(&program, "docker-credential-%s", helper);
    int rc = arc_buf_check(&program, "name of a credential helper", err);
    if (rc)
        return rc;
    const char *const argv[] = {arc_buf_text(&program), "get", NULL};
    const char *server = strcmp(host, "docker.io") == 0 ? hub_key : host;
    struct arc_process process = {.argv = argv,
                                  .env = env,
                                  .input = server,
                                  .input_len = strlen(server),
                                  .timeout = HELPER_TIMEOUT,
                                  .output_max = (size_t)64 << 10};
    rc = arc_process_run(&process, &result, err);
    if (rc == ARC_ENOTFOUND) /* a missing helper is a broken set-up, not a missing login */
        return arc_error_set(err, ARC_EWORLD, "docker's config.json wants %s, which is not on PATH",
                             argv[0]);
    return rc ? rc : from_answer(&result, argv[0], out, err);
}

int arc_docker_login(const struct arc_env *env, const char *host, struct arc_login *out,
                     struct arc_error *err)
{
    ARC_AUTO_JSON json_t *config = NULL;
    *out = (struct arc_login){0};
    int rc = read_config(env, &config, err);
    if (rc)
        return rc;
    const json_t *special = entry_of(json_object_get(config, "credHelpers"), host);
    const char *helper = json_string_value(special);
    if (!helper)
        helper = text_of(config, "credsStore");
    const json_t *entry = entry_of(json_object_get(config, "auths"), host);
    if (helper)
        rc = from_helper(env, helper, host, out, err);
    else if (entry)
        rc = from_entry(entry, out, err);
    else
        rc = arc_error_set(err, ARC_ENOTFOUND, "docker is not logged in to %s", host);
    if (rc)
        arc_login_free(out);
    return rc;
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
    *login = (struct arc_login){0};
}

char *arc_login_basic(const struct arc_login *login)
{
    ARC_AUTO(arc_buf) struct arc_buf plain = {.max = 8192};
    arc_buf_printf(&plain, "%s:%s", login->user, login->password);
    if (plain.failed)
        return NULL;
    struct arc_buf header = {.max = 12016};
    arc_buf_puts(&header, "Basic ");
    if (arc_base64_encode(plain.data, plain.len, &header, NULL))
        header.failed = ARC_ENOMEM;
    explicit_bzero(plain.data, plain.len);
    return arc_buf_steal(&header);
}
