#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "os/base64.h"
#include "os/folder.h"
#include "registry/auth.h"
#include "registry/docker_config.h"
#include "registry/registry.h"
#include <cmocka.h>
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
        arc_challenge_parse("Bearer realm=\"https://ghcr.io/token\",service=\"ghcr.io\","
                            "scope=\"repository:a/b:pull,push\",error=\"x\"",
                            &c, NULL),
        ARC_OK);
    assert_string_equal(c.realm, "https://ghcr.io/token");
    assert_string_equal(c.service, "ghcr.io");
    assert_string_equal(c.scope, "repository:a/b:pull,push");
}

static void test_forms_of_a_challenge(void **state)
{
    (void)state;
    ARC_AUTO(arc_challenge) struct arc_challenge plain = {0};
    assert_int_equal(arc_challenge_parse("bearer Realm=http://r/t , SERVICE=s", &plain, NULL), 0);
    assert_string_equal(plain.realm, "http://r/t");
    assert_string_equal(plain.service, "s");
    assert_null(plain.scope);
    ARC_AUTO(arc_challenge) struct arc_challenge quoted = {0};
    assert_int_equal(arc_challenge_parse("Bearer realm=\"a\\\"b\"", &quoted, NULL), 0);
    assert_string_equal(quoted.realm, "a\"b");
    ARC_AUTO(arc_challenge) struct arc_challenge basic = {0};
    assert_int_equal(arc_challenge_parse("Basic realm=\"x\"", &basic, NULL), 0);
    assert_null(basic.realm);
}

static void test_challenges_that_cannot_be_answered(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "Negotiate", "Bearer ", "Bearer service=\"s\"", "Bearer realm=\"no end", "Bearer ,,,"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct arc_challenge c = {0};
        assert_int_equal(arc_challenge_parse(bad[i], &c, NULL), ARC_EWORLD);
        assert_null(c.realm);
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
    int rc = arc_docker_login(&place.env, host, login, NULL);
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
    assert_int_equal(arc_manifest_make(&bytes, ARC_MEDIA_INDEX, &manifest, NULL), ARC_OK);
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
        cmocka_unit_test(test_forms_of_a_challenge),
        cmocka_unit_test(test_challenges_that_cannot_be_answered),
        cmocka_unit_test(test_logins_in_the_file),
        cmocka_unit_test(test_files_without_a_login),
        cmocka_unit_test(test_names_are_checked_before_anything_is_sent),
        cmocka_unit_test(test_a_manifest_of_our_own),
        cmocka_unit_test(test_a_folders_hash_follows_its_content),
        cmocka_unit_test(test_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
