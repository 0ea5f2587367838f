#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "os/base64.h"
#include "os/folder.h"
#include "registry/call.h"
#include "registry/docker_config.h"
#include "registry/registry.h"
#include "registry/trust.h"
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- challenges ---------------------------------------------------------------------------- */

static void test_a_bearer_challenge(void **state)
{
    (void)state;
    ARC_AUTO(arc_challenge) struct arc_challenge c = {0};
    assert_int_equal(
        arc_challenge_read("Bearer realm=\"https://ghcr.io/token\",service=\"ghcr.io\","
                           "scope=\"repository:a/b:pull,push\",error=\"x\"",
                           &c, NULL),
        ARC_OK);
    assert_int_equal(c.kind, ARC_CHALLENGE_BEARER);
    assert_string_equal(c.realm, "https://ghcr.io/token");
    assert_string_equal(c.service, "ghcr.io");
    assert_string_equal(c.scope, "repository:a/b:pull,push");
}

/* What is read from one or two headers: the kind, and the realm of a Bearer challenge. */
struct challenge_case {
    const char *first, *second;
    enum arc_challenge_kind kind;
    const char *realm;
};

static const struct challenge_case challenges[] = {
    {"bearer Realm=http://r/t , SERVICE=s", "", ARC_CHALLENGE_BEARER, "http://r/t"},
    {"Bearer realm=\"a\\\"b\"", "", ARC_CHALLENGE_BEARER, "a\"b"},
    {"Bearer realm = \"spaced\"", "", ARC_CHALLENGE_BEARER, "spaced"},
    {"Basic realm=\"x\"", "", ARC_CHALLENGE_BASIC, NULL},
    {"Basic", "", ARC_CHALLENGE_BASIC, NULL},
    {"Negotiate", "Bearer realm=r", ARC_CHALLENGE_BEARER, "r"},
    {"Bearer realm=r", "Basic realm=\"x\"", ARC_CHALLENGE_BEARER, "r"},
    {"Basic realm=\"x, Bearer realm=no\", Bearer realm=\"r\"", "", ARC_CHALLENGE_BEARER, "r"},
    {"Negotiate YII+/=, Bearer realm=r", "", ARC_CHALLENGE_BEARER, "r"},
    {"Negotiate YII==, Basic realm=x", "", ARC_CHALLENGE_BASIC, NULL},
    {"Digest qop=\"auth\", nonce=n, Basic realm=x", "", ARC_CHALLENGE_BASIC, NULL},
    {"Bearer service=\"s\", Basic realm=x", "", ARC_CHALLENGE_BASIC, NULL},
    {"Bearer realm=\"\"", "Basic realm=x", ARC_CHALLENGE_BASIC, NULL},
    {"Bearer realm=first, Bearer realm=second", "", ARC_CHALLENGE_BEARER, "first"},
    {"", "", ARC_CHALLENGE_NONE, NULL},
    {"Negotiate", "NTLM", ARC_CHALLENGE_NONE, NULL},
    {"Bearer ", "Bearer ,,,", ARC_CHALLENGE_NONE, NULL},
    {"Bearer service=\"s\"", "", ARC_CHALLENGE_NONE, NULL},
    {"Bearer realm=\"no end", "", ARC_CHALLENGE_NONE, NULL},
    {"=\"", "\"Bearer realm=r\"", ARC_CHALLENGE_NONE, NULL},
};

static void test_the_best_of_several_challenges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof challenges / sizeof *challenges; i++) {
        const struct challenge_case *expected = &challenges[i];
        ARC_AUTO(arc_challenge) struct arc_challenge c = {0};
        assert_int_equal(arc_challenge_read(expected->first, &c, NULL), ARC_OK);
        assert_int_equal(arc_challenge_read(expected->second, &c, NULL), ARC_OK);
        assert_int_equal(c.kind, expected->kind);
        if (expected->realm)
            assert_string_equal(c.realm, expected->realm);
    }
}

/* ---- logins -------------------------------------------------------------------------------- */

struct place {
    char folder[64];
    char variable[96];
    const char *vars[3];
    struct arc_env env;
};

static void place_new(struct place *place, const char *config)
{
    char path[96];
    strcpy(place->folder, "/tmp/arc-test-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->variable, sizeof place->variable, "DOCKER_CONFIG=%s", place->folder);
    place->vars[0] = place->variable;
    place->vars[1] = "PATH=/nowhere";
    place->vars[2] = NULL;
    place->env = (struct arc_env){.vars = place->vars};
    snprintf(path, sizeof path, "%s/config.json", place->folder);
    if (!config)
        return;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(config, file);
    fclose(file);
}

static int login_of(const char *config, const char *host, struct arc_login *login)
{
    struct place place;
    place_new(&place, config);
    int rc = arc_docker_login(&place.env, host, NULL, NULL, login, NULL);
    arc_folder_remove(place.folder);
    return rc;
}

static void test_logins_in_the_file(void **state)
{
    (void)state;
    ARC_AUTO(arc_login) struct arc_login a = {0}, b = {0}, c = {0}, d = {0};
    /* cm9ib3Q6YTpi is "robot:a:b" */
    assert_int_equal(
        login_of("{\"auths\": {\"ghcr.io\": {\"auth\": \"cm9ib3Q6YTpi\"}}}", "ghcr.io", &a), 0);
    assert_string_equal(a.user, "robot");
    assert_string_equal(a.password, "a:b");
    ARC_AUTO_FREE char *basic = arc_login_basic(&a);
    assert_string_equal(basic, "Basic cm9ib3Q6YTpi");
    assert_int_equal(login_of("{\"auths\": {\"https://index.docker.io/v1/\": {\"username\": \"u\","
                              " \"password\": \"p\"}}}",
                              "docker.io", &b),
                     0);
    assert_string_equal(b.user, "u");
    assert_int_equal(login_of("{\"auths\": {\"https://r.example\": {\"identitytoken\": \"t\","
                              " \"auth\": \"cm9ib3Q6\"}}}",
                              "r.example", &c),
                     0);
    assert_string_equal(c.token, "t");
    assert_int_equal(login_of("{\"auths\": {\"r.example\": {}}}", "r.example", &d), ARC_ENOTFOUND);
}

static void test_files_without_a_login(void **state)
{
    (void)state;
    struct arc_login login = {0};
    assert_int_equal(login_of(NULL, "ghcr.io", &login), ARC_ENOTFOUND);
    assert_int_equal(login_of("{}", "ghcr.io", &login), ARC_ENOTFOUND);
    assert_int_equal(login_of("{\"auths\"", "ghcr.io", &login), ARC_EINPUT);
    assert_int_equal(login_of("[]", "ghcr.io", &login), ARC_EINPUT);
    assert_int_equal(login_of("{\"auths\": {\"h\": {\"auth\": \"???\"}}}", "h", &login),
                     ARC_EINPUT);
    assert_int_equal(login_of("{\"auths\": {\"h\": {\"auth\": \"cm9ib3Q=\"}}}", "h", &login),
                     ARC_EINPUT);
    assert_int_equal(login_of("{\"credsStore\": \"gone\"}", "h", &login), ARC_EWORLD);
    assert_int_equal(login_of("{\"credHelpers\": {\"h\": \"../x\"}}", "h", &login), ARC_EINPUT);
    assert_null(login.user);
}

/* Each configuration has robot:a:b for the host. */
static void test_spellings_of_a_login(void **state)
{
    (void)state;
    static const char *const configs[][2] = {
        {"r.example:5000", "{\"auths\": {\"https://r.example:5000/v2/\": {\"auth\": \"%s\"}}}"},
        {"r.example", "{\"auths\": {\"http://r.example\": {\"auth\": \"%s\"}}}"},
        {"r.example", "{\"auths\": {\"R.Example/\": {\"auth\": \"%s\"}}}"},
        {"r.example", "{\"Auths\": {\"r.example\": {\"AUTH\": \"%s\"}}}"},
        {"r.example", "{\"auths\": {}, \"AUTHS\": {\"r.example\": {\"auth\": \"%s\"}}}"},
        {"docker.io", "{\"auths\": {\"docker.io\": {\"auth\": \"%s\"}}}"},
        {"docker.io", "{\"auths\": {\"https://registry-1.docker.io/v2/\": {\"auth\": \"%s\"}}}"},
        {"r.example", "{\"credsStore\": \"gone\", \"credHelpers\": {\"r.example\": \"\"},"
                      " \"auths\": {\"r.example\": {\"auth\": \"%s\"}}}"},
    };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        ARC_AUTO(arc_login) struct arc_login login = {0};
        char config[512];
        const char *hole = strstr(configs[i][1], "%s");
        snprintf(config, sizeof config, "%.*scm9ib3Q6YTpi%s", (int)(hole - configs[i][1]),
                 configs[i][1], hole + 2);
        assert_int_equal(login_of(config, configs[i][0], &login), ARC_OK);
        assert_string_equal(login.user, "robot");
        assert_string_equal(login.password, "a:b");
    }
}

static void test_a_login_is_for_its_host_only(void **state)
{
    (void)state;
    static const char *const keys[] = {"r.example.org",   "x.r.example", "https://r.example:444",
                                       "ftp://r.example", "docker.io",   "r.exampl"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct arc_login login = {0};
        char config[256];
        snprintf(config, sizeof config, "{\"auths\": {\"%s\": {\"auth\": \"cm9ib3Q6YTpi\"}}}",
                 keys[i]);
        assert_int_equal(login_of(config, "r.example", &login), ARC_ENOTFOUND);
    }
}

static void test_a_token_for_the_registry_itself(void **state)
{
    (void)state;
    ARC_AUTO(arc_login) struct arc_login login = {0};
    assert_int_equal(login_of("{\"auths\": {\"h\": {\"registrytoken\": \"t\"}}}", "h", &login), 0);
    assert_string_equal(login.bearer, "t");
}

/* ---- a login in the environment ------------------------------------------------------------- */

static int login_with(const char *variable, const char *config, struct arc_login *login)
{
    struct place place;
    place_new(&place, config);
    const char *vars[] = {place.variable, variable, NULL};
    const struct arc_env env = {.vars = vars};
    int rc = arc_docker_login(&env, "h", NULL, NULL, login, NULL);
    arc_folder_remove(place.folder);
    return rc;
}

static void test_docker_auth_config(void **state)
{
    (void)state;
    static const char file[] = "{\"auths\": {\"h\": {\"auth\": \"ZmlsZTp4\"}}}"; /* file:x */
    static const struct {
        const char *variable, *config;
        int rc;
        const char *user;
    } cases[] = {
        {"DOCKER_AUTH_CONFIG={\"auths\":{\"h\":{\"auth\":\"ZW52Ong=\"}}}", file, 0, "env"},
        {"DOCKER_AUTH_CONFIG={\"auths\":{\"h\":{\"auth\":\"ZW52Ong=\"}}}", NULL, 0, "env"},
        {"DOCKER_AUTH_CONFIG={\"auths\":{\"g\":{\"auth\":\"ZW52Ong=\"}}}", file, 0, "file"},
        {"DOCKER_AUTH_CONFIG=", file, 0, "file"},
        {"DOCKER_AUTH_CONFIG=no", file, 0, "file"},
        {"DOCKER_AUTH_CONFIG=no", NULL, ARC_EINPUT, NULL},
        {"DOCKER_AUTH_CONFIG={}", NULL, ARC_ENOTFOUND, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ARC_AUTO(arc_login) struct arc_login login = {0};
        assert_int_equal(login_with(cases[i].variable, cases[i].config, &login), cases[i].rc);
        if (cases[i].user)
            assert_string_equal(login.user, cases[i].user);
    }
}

/* ---- what a helper answers ------------------------------------------------------------------ */

static void test_answers_of_a_helper(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        int rc;
        const char *user, *token, *said;
    } cases[] = {
        {"echo '{\"Username\": \"u\", \"Secret\": \"s\"}'", ARC_OK, "u", NULL, NULL},
        {"echo '{\"username\": \"u\", \"secret\": \"s\"}'", ARC_OK, "u", NULL, NULL},
        {"echo '{\"Username\": \"<token>\", \"Secret\": \"s\"}'", ARC_OK, NULL, "s", NULL},
        {"echo '{\"Username\": \"\", \"Secret\": \"s\"}'", ARC_OK, NULL, "s", NULL},
        {"echo '{\"Username\": \"u\", \"Secret\": \"s\"}'; echo a new version is out", ARC_OK, "u",
         NULL, NULL},
        {"echo '{\"ServerURL\": \"\", \"Username\": \"\", \"Secret\": \"\"}'", ARC_ENOTFOUND, 0, 0,
         0},
        {"echo '{}'", ARC_ENOTFOUND, NULL, NULL, NULL},
        {"echo", ARC_ENOTFOUND, NULL, NULL, NULL},
        {"exit 0", ARC_ENOTFOUND, NULL, NULL, NULL},
        {"echo credentials not found in native keychain; exit 1", ARC_ENOTFOUND, NULL, NULL, NULL},
        {"echo no credentials server URL; exit 1", ARC_ENOTFOUND, NULL, NULL, NULL},
        {"echo the keyring is locked; exit 1", ARC_EWORLD, NULL, NULL,
         "docker-credential-x failed (exit status 1): the keyring is locked"},
        {"echo; echo run: gcloud auth login >&2; exit 2", ARC_EWORLD, NULL, NULL,
         "docker-credential-x failed (exit status 2): run: gcloud auth login"},
        {"echo ' {\"Username\": \"u\", \"Secret\": \"s3cret\"}'; echo it is old >&2; exit 1",
         ARC_EWORLD, NULL, NULL, "docker-credential-x failed (exit status 1): it is old"},
        {"exit 3", ARC_EWORLD, NULL, NULL, "docker-credential-x failed (exit status 3)"},
        {"echo '{ s3cret'", ARC_EWORLD, NULL, NULL,
         "docker-credential-x gave an answer that docker does not understand"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ARC_AUTO(arc_login) struct arc_login login = {0};
        ARC_AUTO(arc_error) struct arc_error err = {0};
        struct place place;
        char program[128], path[128];
        place_new(&place, "{\"credsStore\": \"x\"}");
        snprintf(program, sizeof program, "%s/docker-credential-x", place.folder);
        FILE *file = fopen(program, "w");
        assert_non_null(file);
        fprintf(file, "#!/bin/sh\n%s\n", cases[i].script);
        fclose(file);
        assert_int_equal(chmod(program, 0755), 0);
        snprintf(path, sizeof path, "PATH=%s:/bin", place.folder);
        place.vars[1] = path;
        assert_int_equal(arc_docker_login(&place.env, "h", NULL, NULL, &login, &err), cases[i].rc);
        arc_folder_remove(place.folder);
        if (cases[i].said)
            assert_string_equal(arc_error_text(&err), cases[i].said);
        if (cases[i].user)
            assert_string_equal(login.user, cases[i].user);
        if (cases[i].token)
            assert_string_equal(login.token, cases[i].token);
    }
}

/* ---- trust ---------------------------------------------------------------------------------- */

static void test_insecure_registries_are_named_by_the_user(void **state)
{
    (void)state;
    static const char *const vars[] = {
        "ARC_CI_INSECURE_REGISTRIES=http://plain.lan:5000, https://own.lan/ other.lan", NULL};
    const struct arc_env env = {.vars = vars};
    static const struct {
        const char *host;
        bool named, plain;
    } cases[] = {
        {"plain.lan:5000", true, true},
        {"Plain.LAN:5000", true, true},
        {"plain.lan", false, false},
        {"plain.lan:50000", false, false},
        {"own.lan", true, false},
        {"other.lan", true, false},
        {"other.lan.example", false, false},
        {"127.0.0.1:5000", false, true},
        {"localhost", false, true},
        {"[::1]:5000", false, true},
        {"127.example.org", false, false},
        {"localhost.example.org", false, false},
        {"http", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct registry_trust trust = registry_trust_of(&env, cases[i].host, strlen(cases[i].host));
        assert_int_equal(trust.named, cases[i].named);
        assert_int_equal(trust.plain, cases[i].plain);
    }
    assert_true(arc_registry_insecure(&env, "plain.lan:5000/a/b"));
    assert_false(arc_registry_insecure(&env, "127.0.0.1:5000/a"));
    assert_true(registry_url_insecure(&env, "http://plain.lan:5000/token?x"));
    assert_false(registry_url_insecure(&env, "http://plain.lan/token"));
}

static void test_digests_of_every_algorithm(void **state)
{
    (void)state;
    static const char *const abc[] = {
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
        "8086072ba1e7cc2358baeca134c825a7",
        "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"};
    for (size_t i = 0; i < sizeof abc / sizeof *abc; i++) {
        char digest[ARC_DIGEST_MAX + 1];
        assert_true(arc_digest_known(abc[i]));
        assert_int_equal(arc_digest_like(abc[i], "abc", 3, digest, NULL), ARC_OK);
        assert_string_equal(digest, abc[i]);
        assert_false(arc_digest_known(abc[i] + 1));
    }
    assert_false(arc_digest_known("sha256:"));
    assert_false(arc_digest_known("md5:900150983cd24fb0d6963f7d28e17f72"));
}

/* ---- names that never leave the machine ----------------------------------------------------- */

static void test_names_are_checked_before_anything_is_sent(void **state)
{
    (void)state;
    static const char *const images[] = {"",
                                         "a b",
                                         "ghcr.io/",
                                         "ghcr.io/a/../B",
                                         "ghcr.io/a?x=y",
                                         "ghcr.io/a#b",
                                         "ghcr.io/a/../b",
                                         "ghcr.io//a",
                                         "ghcr.io/a%2fb",
                                         "127.0.0.1:1/a@x"};
    static const char *const none[] = {NULL};
    const struct arc_env nothing = {.vars = none};
    struct arc_registry *registry = NULL;
    assert_int_equal(arc_registry_new(&nothing, NULL, &registry, NULL), ARC_OK);
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        ARC_AUTO(arc_manifest) struct arc_manifest manifest = {0};
        assert_int_equal(arc_registry_manifest(registry, images[i], "latest", &manifest, NULL),
                         ARC_EINPUT);
    }
    static const char *const references[] = {"", "a/b", "a b", "sha256:1", "x?y", "..%2f"};
    for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
        ARC_AUTO(arc_manifest) struct arc_manifest manifest = {0};
        assert_int_equal(
            arc_registry_manifest(registry, "127.0.0.1:1/a", references[i], &manifest, NULL),
            ARC_EINPUT);
    }
    arc_registry_free(registry);
}

static void test_a_manifest_of_our_own(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf bytes = {0};
    ARC_AUTO(arc_manifest) struct arc_manifest manifest = {0};
    arc_buf_puts(&bytes, "{}");
    assert_int_equal(arc_manifest_make(&bytes, &manifest, NULL), ARC_OK);
    assert_string_equal(manifest.digest, "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310"
                                         "c060f61caaff8a");
    assert_int_equal(bytes.len, 0);
}

/* ---- folders ------------------------------------------------------------------------------- */

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void hash(const char *folder, char out[ARC_SHA256_HEX])
{
    assert_int_equal(arc_folder_hash(folder, out, NULL), ARC_OK);
}

static void test_a_folders_hash_follows_its_content(void **state)
{
    (void)state;
    char folder[] = "/tmp/arc-test-XXXXXX", path[64], first[ARC_SHA256_HEX], now[ARC_SHA256_HEX];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/b", folder);
    write_file(folder, "a", "1");
    write_file(folder, "b", "2");
    hash(folder, first);
    hash(folder, now);
    assert_string_equal(first, now);
    write_file(folder, "b", "3");
    hash(folder, now);
    assert_string_not_equal(first, now);
    write_file(folder, "b", "2");
    hash(folder, now);
    assert_string_equal(first, now);
    assert_int_equal(chmod(path, 0755), 0);
    hash(folder, now);
    assert_string_not_equal(first, now);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("a", path), 0);
    hash(folder, now);
    assert_string_not_equal(first, now);
    arc_folder_remove(folder);
    assert_int_equal(arc_folder_hash(folder, now, NULL), ARC_ENOTFOUND);
}

/* Nothing of what is below can change without a change of the hash: names, kinds, places. */
static void test_a_folders_hash_follows_what_is_below(void **state)
{
    (void)state;
    char folder[] = "/tmp/arc-test-XXXXXX", below[64], deep[80], fifo[64], seen[8][ARC_SHA256_HEX];
    size_t count = 0;
    assert_non_null(mkdtemp(folder));
    snprintf(below, sizeof below, "%s/below", folder);
    snprintf(deep, sizeof deep, "%s/deep", below);
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    write_file(folder, "a", "1");
    hash(folder, seen[count++]);
    assert_int_equal(mkdir(below, 0755), 0);
    hash(folder, seen[count++]); /* an empty folder */
    assert_int_equal(mkdir(deep, 0755), 0);
    hash(folder, seen[count++]);
    write_file(deep, "x", "1");
    hash(folder, seen[count++]);
    write_file(deep, "x", "2");
    hash(folder, seen[count++]);
    write_file(deep, ".git", "1"); /* git's own is at the top only */
    hash(folder, seen[count++]);
    snprintf(deep, sizeof deep, "%s/link", below);
    assert_int_equal(symlink("a", deep), 0);
    hash(folder, seen[count++]);
    assert_int_equal(unlink(deep), 0);
    assert_int_equal(symlink("b", deep), 0);
    hash(folder, seen[count++]);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(seen[i], seen[j]);

    char now[ARC_SHA256_HEX];
    write_file(folder, ".git", "1");
    assert_int_equal(mkfifo(fifo, 0600), 0); /* in no build context */
    hash(folder, now);
    assert_string_equal(now, seen[count - 1]);
    arc_folder_remove(folder);
}

static void test_base64(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    assert_int_equal(arc_base64_decode("aGkK", &out, NULL), ARC_OK);
    assert_string_equal(arc_buf_text(&out), "hi\n");
    assert_int_equal(arc_base64_decode("", &out, NULL), ARC_OK);
    assert_int_equal(arc_base64_decode("a*", &out, NULL), ARC_EINPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_bearer_challenge),
        cmocka_unit_test(test_the_best_of_several_challenges),
        cmocka_unit_test(test_logins_in_the_file),
        cmocka_unit_test(test_files_without_a_login),
        cmocka_unit_test(test_spellings_of_a_login),
        cmocka_unit_test(test_a_login_is_for_its_host_only),
        cmocka_unit_test(test_a_token_for_the_registry_itself),
        cmocka_unit_test(test_docker_auth_config),
        cmocka_unit_test(test_answers_of_a_helper),
        cmocka_unit_test(test_insecure_registries_are_named_by_the_user),
        cmocka_unit_test(test_digests_of_every_algorithm),
        cmocka_unit_test(test_names_are_checked_before_anything_is_sent),
        cmocka_unit_test(test_a_manifest_of_our_own),
        cmocka_unit_test(test_a_folders_hash_follows_its_content),
        cmocka_unit_test(test_a_folders_hash_follows_what_is_below),
        cmocka_unit_test(test_base64),
    };
    signal(SIGPIPE, SIG_IGN); /* as the program does: a helper need not read its input */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
