#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "arcci/build.h"
#include "base/auto.h"
#include "config/build.h"
#include <cmocka.h>
#include <string.h>

#define PLAN_HEAD                                                                                  \
    "'document': 'plan', 'format': 1, 'group': 'g', 'mode': 'ci', 'title': 'G', 'any': true, "     \
    "'revision': '0123456789abcdef0123456789abcdef01234567', 'push': true, "                       \
    "'created': '2026-02-23T10:00:00Z', "

static const char plan_text[] =
    "{" PLAN_HEAD "'platforms': ['linux/amd64', 'linux/arm64'], 'generated': [],"
    "'services': ["
    "{'service': 'flash', 'name': 'arc-flash', 'directory': 'services/messaging', 'context': 'services/messaging',"
    " 'image': 'r.example/a/arc-flash', 'dockerfile': 'services/messaging/Dockerfile',"
    " 'platforms': ['linux/amd64', 'linux/arm64'],"
    " 'selected': true, 'reason': '', 'staging': 'staging-0123',"
    " 'build-args': {'NATS_IMAGE': 'mirror/nats:${TAG}%{if}'},"
    " 'tags': [], 'labels': {'org.opencontainers.image.title': 'a ${HOME}', "
    "'arc.service.codename': 'flash'}},"
    "{'service': 'sonic', 'name': 'arc-sonic', 'directory': 'services/cache', 'context': 'services/cache',"
    " 'image': 'r.example/a/arc-sonic', 'dockerfile': 'services/cache/Dockerfile',"
    " 'platforms': ['linux/amd64', 'linux/arm64'],"
    " 'selected': false, 'reason': '', 'staging': 'staging-0123',"
    " 'build-args': {}, 'tags': [], 'labels': {}}],"
    "'cells': [{'service': 'flash', 'platform': 'linux/arm64', 'runner': 'r',"
    " 'staging': 'staging-0123-arm64'}]}";

/* JSON in single quotes, for reading. */
static json_t *parse(const char *text)
{
    ARC_AUTO_FREE char *copy = strdup(text);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *value = json_loads(copy, 0, NULL);
    assert_non_null(value);
    return value;
}

static json_t *bake(struct arc_bake_options options, const char *plan)
{
    ARC_AUTO_JSON json_t *document = parse(plan);
    json_t *out = NULL;
    ARC_AUTO(arc_plan) struct arc_plan read;
    assert_int_equal(arc_plan_read(document, &read, NULL), ARC_OK);
    options.plan = &read;
    assert_int_equal(arc_bake(&options, &out, NULL), ARC_OK);
    return out;
}

static const json_t *target(const json_t *bake, const char *name)
{
    return json_object_get(json_object_get(bake, "target"), name);
}

static void assert_json(const json_t *value, const char *expected)
{
    ARC_AUTO_JSON json_t *wanted = parse(expected);
    ARC_AUTO_FREE char *found = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS);
    if (!json_equal(value, wanted))
        fail_msg("found %s", found);
}

static void test_selected_services_are_targets(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *out = bake((struct arc_bake_options){0}, plan_text);
    assert_json(json_object_get(out, "group"), "{'default': {'targets': ['flash']}}");
    assert_int_equal(json_object_size(json_object_get(out, "target")), 1);
    const json_t *flash = target(out, "flash");
    assert_json(json_object_get(flash, "platforms"), "['linux/amd64', 'linux/arm64']");
    assert_json(json_object_get(flash, "tags"), "['r.example/a/arc-flash:staging-0123']");
    assert_json(json_object_get(flash, "output"), "['type=image,push=true']");
    assert_string_equal(json_string_value(json_object_get(flash, "dockerfile")), "Dockerfile");
    assert_string_equal(json_string_value(json_object_get(flash, "context")), "services/messaging");
    assert_json(json_object_get(flash, "attest"), "['type=provenance,mode=max']");
}

static void test_values_are_not_expanded(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *out = bake((struct arc_bake_options){0}, plan_text);
    const json_t *flash = target(out, "flash");
    assert_json(json_object_get(flash, "args"), "{'NATS_IMAGE': 'mirror/nats:$${TAG}%%{if}', "
                                                "'SOURCE_DATE_EPOCH': '1771840800'}");
    assert_json(
        json_object_get(flash, "labels"),
        "{'org.opencontainers.image.title': 'a $${HOME}', 'arc.service.codename': 'flash'}");
}

static void test_the_index_is_annotated(void **state)
{
    (void)state;
    char *keys[] = {"sha256:abc", NULL};
    ARC_AUTO_JSON json_t *out = bake((struct arc_bake_options){.keys = keys}, plan_text);
    assert_json(json_object_get(target(out, "flash"), "annotations"),
                "['index:org.opencontainers.image.title=a $${HOME}', "
                "'index:arc.ci.key=sha256:abc']");
}

static void test_a_cell_is_one_platform_under_its_own_tag(void **state)
{
    (void)state;
    struct arc_bake_options options = {.cell = "flash/linux/arm64", .cache = "registry"};
    ARC_AUTO_JSON json_t *out = bake(options, plan_text);
    const json_t *flash = target(out, "flash");
    assert_json(json_object_get(flash, "platforms"), "['linux/arm64']");
    assert_json(json_object_get(flash, "tags"), "['r.example/a/arc-flash:staging-0123-arm64']");
    assert_json(json_object_get(flash, "cache-from"),
                "['type=registry,ref=r.example/a/arc-flash:buildcache', "
                "'type=registry,ref=r.example/a/arc-flash:buildcache-linux-arm64']");
    assert_json(json_object_get(flash, "cache-to"),
                "['type=registry,ref=r.example/a/arc-flash:buildcache-linux-arm64,mode=max,"
                "image-manifest=true,oci-mediatypes=true,"
                "ignore-error=true']");
}

static void test_caches_are_of_every_kind(void **state)
{
    (void)state;
    static const char *const kinds[][3] = {
        {"local,dir=/c", "['type=local,src=/c/flash', 'type=local,src=/c/flash-linux-arm64']",
         "['type=local,dest=/c/flash-linux-arm64,mode=max,ignore-error=true']"},
        {"gha", "['type=gha,scope=flash', 'type=gha,scope=flash-linux-arm64']",
         "['type=gha,scope=flash-linux-arm64,mode=max,ignore-error=true']"},
        {"s3,region=eu,bucket=b,prefix=p/",
         "['type=s3,name=flash,region=eu,bucket=b,prefix=p/', "
         "'type=s3,name=flash-linux-arm64,region=eu,bucket=b,prefix=p/']",
         "['type=s3,name=flash-linux-arm64,mode=max,ignore-error=true,region=eu,bucket=b,"
         "prefix=p/']"},
        /* buildx takes the last of two */
        {"gha,mode=min",
         "['type=gha,scope=flash,mode=min', 'type=gha,scope=flash-linux-arm64,mode=min']",
         "['type=gha,scope=flash-linux-arm64,mode=max,ignore-error=true,mode=min']"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        assert_int_equal(arc_bake_check_cache(kinds[i][0], NULL), ARC_OK);
        struct arc_bake_options options = {.cell = "flash/linux/arm64", .cache = kinds[i][0]};
        ARC_AUTO_JSON json_t *out = bake(options, plan_text);
        assert_json(json_object_get(target(out, "flash"), "cache-from"), kinds[i][1]);
        assert_json(json_object_get(target(out, "flash"), "cache-to"), kinds[i][2]);
    }

    static const char *const wrong[] = {"",
                                        "disk",
                                        "ghar",
                                        "local",
                                        "local,dir=",
                                        "local,dir=a,b",
                                        "local,dest=x",
                                        "s3,bucket=b",
                                        "registry,ref=x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(arc_bake_check_cache(wrong[i], NULL), ARC_EINPUT);
}

static void test_each_variant_of_an_image_has_its_own_cache(void **state)
{
    (void)state;
    char text[sizeof plan_text];
    memcpy(text, plan_text, sizeof text);
    memcpy(strstr(text, "/a/arc-sonic"), "/a/arc-flash", strlen("/a/arc-flash"));
    ARC_AUTO_JSON json_t *out = bake((struct arc_bake_options){.cache = "registry"}, text);
    assert_json(json_object_get(target(out, "flash"), "cache-from"),
                "['type=registry,ref=r.example/a/arc-flash:buildcache-flash']");
}

static void test_what_is_loaded_is_not_pushed(void **state)
{
    (void)state;
    static const char *const engines[][2] = {{"linux/arm64", "['linux/arm64']"},
                                             {"linux/riscv64", "['linux/amd64']"}};
    for (size_t i = 0; i < 2; i++) {
        struct arc_bake_options options = {.load = engines[i][0]};
        ARC_AUTO_JSON json_t *out = bake(options, plan_text);
        const json_t *flash = target(out, "flash");
        assert_json(json_object_get(flash, "platforms"), engines[i][1]);
        assert_json(json_object_get(flash, "output"), "['type=docker']");
        assert_json(json_object_get(flash, "tags"), "['r.example/a/arc-flash:staging-0123']");
        assert_null(json_object_get(flash, "attest"));
    }
}

static void test_push_by_digest_has_no_tag(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *out = bake((struct arc_bake_options){.by_digest = true}, plan_text);
    assert_json(json_object_get(target(out, "flash"), "tags"), "[]");
    assert_json(json_object_get(target(out, "flash"), "output"),
                "['type=image,name=r.example/a/arc-flash,push-by-digest=true,name-canonical=true,"
                "push=true']");
}

static void test_a_cell_that_is_not_planned(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *document = parse(plan_text);
    ARC_AUTO(arc_plan) struct arc_plan plan;
    assert_int_equal(arc_plan_read(document, &plan, NULL), ARC_OK);
    static const char *const names[] = {"flash", "flash/linux/amd64", "flash/linux/arm64/v8",
                                        "sonic/linux/arm64", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct arc_error err = {0};
        json_t *out = NULL;
        struct arc_bake_options options = {.plan = &plan, .cell = names[i]};
        assert_int_equal(arc_bake(&options, &out, &err), ARC_EINPUT);
        assert_null(out);
        arc_error_clear(&err);
    }
}

static void test_the_variable_of_a_secret(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"id=TOKEN", "TOKEN"},
        {"id=t,env=TOKEN", "TOKEN"},
        {"env=TOKEN,id=t", "TOKEN"},
        {"ID=t,ENV=TOKEN", "TOKEN"},
        {"id=t,src=file", ""},
        {"id=t,env=TOKEN,SOURCE=file", ""},
        {"id=t,env=", ""},
        {"type=env", ""},
        {"", ""},
    };
    char name[ARC_VARIABLE_MAX + 1];
    for (size_t i = 0; i < ARC_COUNT(rows); i++) {
        arc_secret_variable(rows[i][0], name);
        assert_string_equal(name, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selected_services_are_targets),
        cmocka_unit_test(test_values_are_not_expanded),
        cmocka_unit_test(test_the_index_is_annotated),
        cmocka_unit_test(test_a_cell_is_one_platform_under_its_own_tag),
        cmocka_unit_test(test_caches_are_of_every_kind),
        cmocka_unit_test(test_each_variant_of_an_image_has_its_own_cache),
        cmocka_unit_test(test_what_is_loaded_is_not_pushed),
        cmocka_unit_test(test_push_by_digest_has_no_tag),
        cmocka_unit_test(test_a_cell_that_is_not_planned),
        cmocka_unit_test(test_the_variable_of_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
