#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "arcci/plan.h"
#include "arcci/version.h"
#include "base/auto.h"
#include <cmocka.h>
#include <string.h>

#define REVISION "0123456789abcdef0123456789abcdef01234567"

static char *none[] = {NULL};
static char *ci[] = {"linux/amd64", NULL};
static char *release[] = {"linux/amd64", "linux/arm64", NULL};
#define ALWAYS(text)                                                                               \
    {                                                                                              \
        .name = text                                                                               \
    }
static struct arc_image_tag three_tags[] = {
    ALWAYS("{image-tag}"), ALWAYS("sha-{sha}"), ALWAYS("latest"), {0}};
static struct arc_image_tag floating[] = {
    ALWAYS("v{version}"), ALWAYS("v{major}.{minor}"), ALWAYS("v{major}"), ALWAYS("{group}"), {0}};
static struct arc_pair arguments[] = {{"NATS_IMAGE", "mirror/nats:2"}, {NULL, NULL}};
static struct arc_pair no_pairs[] = {{NULL, NULL}};
/* A recipe as a loaded configuration has it: its lists are never NULL. */
#define RECIPE(folder)                                                                             \
    {                                                                                              \
        .context = folder, .dockerfile = folder "/Dockerfile", .args = arguments,                  \
        .additional_contexts = no_pairs, .labels = no_pairs, .extra_hosts = no_pairs,              \
        .secrets = none, .ssh = none, .platforms = none, .cache_from = none, .cache_to = none,     \
        .ulimits = none, .annotations = none                                                       \
    }

static char *patterns[] = {(char *)"messaging/v*", NULL};
static char *registries[] = {(char *)"registry.example/arc", NULL};
static char *flash_images[] = {(char *)"registry.example/arc/arc-flash", NULL};
static char *sonic_images[] = {(char *)"registry.example/arc/arc-sonic", NULL};

static struct arc_service services[] = {
    {.directory = "services/messaging",
     .build = RECIPE("services/messaging"),
     .images = flash_images,
     .name = "arc-flash",
     .codename = "flash",
     .tech = "nats",
     .depends_on = none,
     .paths = none},
    {.directory = "services/cache",
     .build = RECIPE("services/cache"),
     .images = sonic_images,
     .name = "arc-sonic",
     .codename = "sonic",
     .tech = "redis",
     .depends_on = none,
     .paths = none},
};

static struct arc_group group_with(struct arc_image_tag *tags)
{
    return (struct arc_group){.name = "messaging",
                              .title = "Messaging",
                              .tags = patterns,
                              .registries = registries,
                              .platforms_ci = ci,
                              .platforms_release = release,
                              .image_tags = tags,
                              .paths = none,
                              .services = services,
                              .service_count = 2};
}

static struct arc_plan_options options_of(const struct arc_group *group,
                                          const struct arc_version_info *version)
{
    return (struct arc_plan_options){.group = group,
                                     .version = version,
                                     .revision = REVISION,
                                     .committed = 1771840800,
                                     .source = "https://example.org/o/r"};
}

static struct arc_version_info version_of(const char *tag, const char *others)
{
    struct arc_version_info version;
    json_t *tags = json_loads(others, 0, NULL);
    struct arc_version_options options = {.tags = tags};
    assert_int_equal(arc_version(tag, &options, &version, NULL), 0);
    json_decref(tags);
    return version;
}

static json_t *plan_of(const struct arc_plan_options *options)
{
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    json_t *document = NULL;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    if (arc_plan(options, &plan, &err) != 0 || arc_plan_write(&plan, &document, &err) != 0)
        fail_msg("%s", arc_error_text(&err));
    return document;
}

/* The matrix of a plan; a new reference. */
static json_t *matrix_of(const json_t *document)
{
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    json_t *matrix = NULL;
    assert_int_equal(arc_plan_read(document, &plan, NULL), ARC_OK);
    assert_int_equal(arc_plan_matrix(&plan, &matrix, NULL), ARC_OK);
    return matrix;
}

/* "tag" for one that moves, "-tag" for one that does not; service i, separated by blanks. */
static void assert_tags(const json_t *plan, size_t service, const char *expected)
{
    struct arc_buf text = {0};
    size_t i;
    json_t *row;
    json_t *one = json_array_get(json_object_get(plan, "services"), service);
    json_array_foreach (json_object_get(one, "tags"), i, row)
        arc_buf_printf(&text, "%s%s%s", i ? " " : "",
                       json_is_true(json_object_get(row, "move")) ? "" : "-",
                       json_string_value(json_object_get(row, "tag")));
    assert_string_equal(arc_buf_text(&text), expected);
    arc_buf_free(&text);
}

static void test_release(void **state)
{
    (void)state;
    struct arc_group group = group_with(three_tags);
    ARC_AUTO(arc_version_info)
    struct arc_version_info version = version_of("messaging/v0.1.0", "[]");
    struct arc_plan_options options = options_of(&group, &version);
    ARC_AUTO_JSON json_t *plan = plan_of(&options);
    assert_int_equal(json_array_size(json_object_get(plan, "cells")), 4);
    assert_tags(plan, 0, "messaging-v0.1.0 sha-0123456789ab latest");
    json_t *flash = json_array_get(json_object_get(plan, "services"), 0);
    assert_string_equal(json_string_value(json_object_get(flash, "image")),
                        "registry.example/arc/arc-flash");
    json_t *labels = json_object_get(flash, "labels");
#define LABEL(key) json_string_value(json_object_get(labels, key))
    assert_string_equal(LABEL("org.opencontainers.image.created"), "2026-02-23T10:00:00Z");
    assert_string_equal(LABEL("org.opencontainers.image.version"), "0.1.0");
    assert_string_equal(LABEL("org.opencontainers.image.revision"), REVISION);
    assert_string_equal(LABEL("arc.service.codename"), "flash");
    assert_string_equal(LABEL("arc.service.tech"), "nats");

    struct arc_service plain = services[0];
    plain.tech = NULL;
    group.services = &plain;
    group.service_count = 1;
    ARC_AUTO_JSON json_t *foreign = plan_of(&options);
    labels = json_object_get(json_array_get(json_object_get(foreign, "services"), 0), "labels");
    assert_string_equal(LABEL("org.opencontainers.image.version"), "0.1.0");
    assert_null(LABEL("arc.service.name"));
    assert_null(LABEL("arc.service.codename"));
}

static void test_latest_does_not_go_back(void **state)
{
    (void)state;
    struct arc_group group = group_with(three_tags);
    ARC_AUTO(arc_version_info)
    struct arc_version_info backport =
        version_of("messaging/v1.9.1", "[\"messaging/v2.0.0\", \"messaging/v1.9.0\"]");
    ARC_AUTO(arc_version_info)
    struct arc_version_info candidate = version_of("messaging/v3.0.0-rc.1", "[]");
    struct arc_plan_options options = options_of(&group, &backport);
    ARC_AUTO_JSON json_t *first = plan_of(&options);
    options.version = &candidate;
    ARC_AUTO_JSON json_t *second = plan_of(&options);
    ARC_AUTO(arc_version_info)
    struct arc_version_info highest = version_of("messaging/v3.0.0", "[]");
    options.version = &highest;
    options.hold_latest = true;
    ARC_AUTO_JSON json_t *held = plan_of(&options);
    assert_tags(held, 0, "messaging-v3.0.0 sha-0123456789ab -latest");
    assert_tags(first, 0, "messaging-v1.9.1 sha-0123456789ab -latest");
    assert_tags(second, 0, "messaging-v3.0.0-rc.1 sha-0123456789ab -latest");
}

#define WHEN(text, bits)                                                                           \
    {                                                                                              \
        .name = text, .when = bits                                                                 \
    }

/* What a template gives in a release: of the highest stable version, of an old line, of a
 * prerelease. */
static void test_conditions_of_a_release(void **state)
{
    (void)state;
    static char *main_only[] = {"main", NULL};
    static const struct {
        struct arc_image_tag tag;
        const char *highest, *old, *prerelease, *kind;
    } table[] = {
        {ALWAYS("latest-alpine"), "latest-alpine", "-latest-alpine", "-latest-alpine", "floating"},
        {ALWAYS("debug.latest"), "debug.latest", "-debug.latest", "-debug.latest", "floating"},
        {ALWAYS("latestish"), "latestish", "latestish", "latestish", "moving"},
        {ALWAYS("edge"), "edge", "edge", "edge", "moving"},
        {WHEN("stable", ARC_WHEN_STABLE), "stable", "-stable", "-stable", "floating"},
        {WHEN("next", ARC_WHEN_PRERELEASE), "-next", "-next", "next", "floating"},
        {WHEN("{major}.{minor}-rc", ARC_WHEN_PRERELEASE), "-2.0-rc", "-1.9-rc", "3.0-rc",
         "floating"},
        {WHEN("any", ARC_WHEN_RELEASE), "any", "-any", "any", "floating"},
        {WHEN("{version}-x", ARC_WHEN_STABLE), "2.0.0-x", "1.9.1-x", "-3.0.0-rc.1-x", "version"},
        {WHEN("{version}-x", ARC_WHEN_LATEST), "2.0.0-x", "-1.9.1-x", "-3.0.0-rc.1-x", "version"},
        {WHEN("{major}", ARC_WHEN_STABLE), "2", "1", "-3", "floating"},
        {WHEN("e", ARC_WHEN_PUSH), "-e", "-e", "-e", "moving"},
        {WHEN("e", ARC_WHEN_PUSH | ARC_WHEN_LATEST), "e", "-e", "-e", "moving"},
        {WHEN("e", ARC_WHEN_PUSH | ARC_WHEN_STABLE), "e", "-e", "-e", "moving"},
        {{.name = "e", .branches = main_only}, "-e", "-e", "-e", "moving"},
        {ALWAYS("{branch}"), "", "", "", NULL},
        {ALWAYS("pr-{pr}"), "", "", "", NULL},
        {ALWAYS("{prerelease}"), "", "", "-rc.1", "floating"},
        {ALWAYS("{major}.{minor}.{patch}-{prerelease}"), "", "", "3.0.0-rc.1", "version"},
        {ALWAYS("{codename}-{date}"), "flash-20260102", "flash-20260102", "flash-20260102",
         "moving"},
        {ALWAYS("{year}-{month}-{day}"), "2026-01-02", "2026-01-02", "2026-01-02", "moving"},
        {ALWAYS("{name}_{time}"), "arc-flash_030405", "arc-flash_030405", "arc-flash_030405",
         "moving"},
        {ALWAYS("{sha7}"), "0123456", "0123456", "0123456", "commit"},
        {ALWAYS("{revision}"), REVISION, REVISION, REVISION, "commit"},
    };
    static const char *const tags[] = {"messaging/v2.0.0", "messaging/v1.9.1",
                                       "messaging/v3.0.0-rc.1"};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (size_t k = 0; k < 3; k++) {
            struct arc_image_tag of_group[] = {table[i].tag, ALWAYS("{image-tag}"), {0}};
            struct arc_group group = group_with(of_group);
            ARC_AUTO(arc_version_info)
            struct arc_version_info version =
                version_of(tags[k], "[\"messaging/v2.0.0\", \"messaging/v1.9.0\"]");
            struct arc_plan_options options = options_of(&group, &version);
            options.moment.now = 1767323045;
            ARC_AUTO_JSON json_t *plan = plan_of(&options);
            const char *wanted = k == 0   ? table[i].highest
                                 : k == 1 ? table[i].old
                                          : table[i].prerelease;
            char text[256];
            snprintf(text, sizeof text, "%s%smessaging-%s", wanted, *wanted ? " " : "",
                     tags[k] + 10);
            assert_tags(plan, 0, text);
            const json_t *service = json_array_get(json_object_get(plan, "services"), 0);
            const json_t *row = json_array_get(json_object_get(service, "tags"), 0);
            if (*wanted)
                assert_string_equal(json_string_value(json_object_get(row, "kind")), table[i].kind);
        }
}

static void test_conditions_of_an_event(void **state)
{
    (void)state;
    static char *branches[] = {"main", "release/*", NULL};
    static struct arc_image_tag tags[] = {
        ALWAYS("sha-{sha}"),
        ALWAYS("{branch}"),
        ALWAYS("pr-{pr}"),
        ALWAYS("latest"),
        WHEN("push", ARC_WHEN_PUSH),
        WHEN("pull", ARC_WHEN_PULL_REQUEST),
        WHEN("nightly", ARC_WHEN_SCHEDULE),
        {.name = "edge", .branches = branches},
        {.name = "both", .branches = branches, .when = ARC_WHEN_PUSH},
        {.name = "others", .image = "registry.example/arc/other", .when = ARC_WHEN_PUSH},
        {0}};
    static const struct {
        struct arc_plan_moment moment;
        const char *wanted;
    } table[] = {
        {{.event = "push", .branch = "main"}, "main -latest push -pull -nightly edge both"},
        {{.event = "push", .branch = "release/1.x"},
         "release-1.x -latest push -pull -nightly edge both"},
        {{.event = "push", .branch = "a//b\xc3\xa4#c"},
         "a-b-c -latest push -pull -nightly -edge -both"},
        {{.event = "push", .branch = "-.x"}, "x -latest push -pull -nightly -edge -both"},
        {{.event = "push", .branch = "others"}, "others -latest push -pull -nightly -edge -both"},
        {{.event = "push", .branch = "latest"}, "-latest push -pull -nightly -edge -both"},
        {{.event = "push", .branch = "v1.2.3"}, "-v1.2.3 -latest push -pull -nightly -edge -both"},
        {{.event = "push", .branch = "messaging-v1.2.3"},
         "-messaging-v1.2.3 -latest push -pull -nightly -edge -both"},
        {{.event = "schedule", .branch = "main"}, "main -latest -push -pull nightly edge -both"},
        {{.event = "pull_request", .pull = 12}, "pr-12 -latest -push pull -nightly -edge -both"},
        {{.event = "local"}, "-latest -push -pull -nightly -edge -both"},
        {{0}, "-latest -push -pull -nightly -edge -both"},
    };
    struct arc_group group = group_with(tags);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[256];
        struct arc_plan_options options = options_of(&group, NULL);
        options.moment = table[i].moment;
        ARC_AUTO_JSON json_t *plan = plan_of(&options);
        snprintf(text, sizeof text, "sha-0123456789ab %s", table[i].wanted);
        assert_tags(plan, 0, text);
    }
    /* Two long branches stay two tags. */
    char first[201], second[201];
    memset(first, 'b', 200);
    first[200] = '\0';
    memcpy(second, first, 201);
    second[199] = 'c';
    struct arc_plan_options options = options_of(&group, NULL);
    options.moment = (struct arc_plan_moment){.event = "push", .branch = first};
    ARC_AUTO_JSON json_t *one = plan_of(&options);
    options.moment.branch = second;
    ARC_AUTO_JSON json_t *two = plan_of(&options);
    assert_false(json_equal(json_object_get(one, "services"), json_object_get(two, "services")));
}

static void test_doubled_tags_are_one(void **state)
{
    (void)state;
    static struct arc_image_tag tags[] = {
        ALWAYS("2.0.0"), ALWAYS("{version}"), ALWAYS("{major}.{minor}.{patch}"), {0}};
    struct arc_group group = group_with(tags);
    ARC_AUTO(arc_version_info)
    struct arc_version_info version = version_of("messaging/v2.0.0", "[]");
    struct arc_plan_options options = options_of(&group, &version);
    ARC_AUTO_JSON json_t *plan = plan_of(&options);
    assert_tags(plan, 0, "2.0.0");
    const json_t *service = json_array_get(json_object_get(plan, "services"), 0);
    const json_t *row = json_array_get(json_object_get(service, "tags"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "kind")), "version");
}

static void test_a_release_moves_a_tag(void **state)
{
    (void)state;
    static struct arc_image_tag tags[] = {ALWAYS("{major}"), ALWAYS("latest"), {0}};
    struct arc_group group = group_with(tags);
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO(arc_version_info)
    struct arc_version_info version = version_of("messaging/v2.0.0-rc.1", "[]");
    struct arc_plan_options options = options_of(&group, &version);
    struct arc_plan plan;
    assert_int_equal(arc_plan(&options, &plan, &err), ARC_EINPUT);
    assert_non_null(strstr(arc_error_text(&err), "would move no image tag"));
}

static void test_floating_tags(void **state)
{
    (void)state;
    struct arc_group group = group_with(floating);
    ARC_AUTO(arc_version_info)
    struct arc_version_info backport =
        version_of("messaging/v1.9.1", "[\"messaging/v2.0.0\", \"messaging/v1.9.0\"]");
    ARC_AUTO(arc_version_info)
    struct arc_version_info older = version_of("messaging/v1.2.4", "[\"messaging/v1.3.0\"]");
    ARC_AUTO(arc_version_info)
    struct arc_version_info candidate = version_of("messaging/v3.0.0-rc.1", "[]");
    struct arc_plan_options options = options_of(&group, &backport);
    ARC_AUTO_JSON json_t *first = plan_of(&options);
    options.version = &older;
    ARC_AUTO_JSON json_t *second = plan_of(&options);
    options.version = &candidate;
    ARC_AUTO_JSON json_t *third = plan_of(&options);
    assert_tags(first, 0, "v1.9.1 v1.9 v1 messaging");
    assert_tags(second, 0, "v1.2.4 v1.2 -v1 messaging");
    assert_tags(third, 0, "v3.0.0-rc.1 -v3.0 -v3 messaging");
}

static void test_ci_builds_what_changed(void **state)
{
    (void)state;
    struct arc_group group = group_with(three_tags);
    struct arc_plan_options options = options_of(&group, NULL);
    static char flash[] = "flash", sonic[] = "sonic";
    struct arc_changed_filter filters[] = {{.name = flash},
                                           {.name = sonic, .matched = true, .count = 1}};
    const struct arc_changes_info changes = {.filters = filters, .filter_count = 2};
    options.changes = &changes;
    ARC_AUTO_JSON json_t *plan = plan_of(&options);
    json_t *cells = json_object_get(plan, "cells");
    assert_int_equal(json_array_size(cells), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(cells, 0), "service")),
                        "sonic");
    assert_tags(plan, 1, "sha-0123456789ab -latest");
}

static void test_nothing_changed(void **state)
{
    (void)state;
    struct arc_group group = group_with(three_tags);
    struct arc_plan_options options = options_of(&group, NULL);
    static char flash[] = "flash", sonic[] = "sonic";
    struct arc_changed_filter filters[] = {{.name = flash}, {.name = sonic}};
    const struct arc_changes_info changes = {.filters = filters, .filter_count = 2};
    options.changes = &changes;
    ARC_AUTO_JSON json_t *plan = plan_of(&options);
    ARC_AUTO_JSON json_t *matrix = matrix_of(plan);
    assert_false(json_is_true(json_object_get(plan, "any")));
    assert_int_equal(json_array_size(json_object_get(matrix, "include")), 0);
}

/* Every cell is in one row, and there are at most 256, whatever the plan's size. */
static void test_more_cells_than_a_matrix_holds(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 128, 129, 300, 1000};
    struct arc_service *many = calloc(1000, sizeof *many);
    char names[1000][32];
    struct arc_group group = group_with(three_tags);
    for (size_t i = 0; i < 1000; i++) {
        char **images = calloc(2, sizeof *images);
        many[i] = services[0];
        snprintf(names[i], sizeof names[i], "r.example/s%zu", i);
        many[i].codename = names[i] + strlen("r.example/");
        images[0] = names[i];
        many[i].images = images;
    }
    group.services = many;
    ARC_AUTO(arc_version_info)
    struct arc_version_info version = version_of("messaging/v1.0.0", "[]");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct arc_plan_options options = options_of(&group, &version);
        group.service_count = sizes[i];
        ARC_AUTO_JSON json_t *plan = plan_of(&options);
        ARC_AUTO_JSON json_t *matrix = matrix_of(plan);
        const json_t *rows = json_object_get(matrix, "include");
        assert_int_equal(json_array_size(rows), sizes[i] <= 128 ? 2 * sizes[i] : 256);
        size_t cells = 0;
        for (size_t k = 0; k < json_array_size(rows); k++) {
            const char *text = json_string_value(json_object_get(json_array_get(rows, k), "cells"));
            for (cells++; (text = strchr(text, ',')); text++)
                cells++;
        }
        assert_int_equal(cells, 2 * sizes[i]);
    }
    for (size_t i = 0; i < 1000; i++)
        free(many[i].images);
    free(many);
}

static void test_wrong_input(void **state)
{
    (void)state;
    static struct arc_image_tag bad_template[] = {ALWAYS(".{version}"), {0}};
    struct arc_group group = group_with(bad_template);
    ARC_AUTO(arc_version_info)
    struct arc_version_info version = version_of("messaging/v1.0.0", "[]");
    struct arc_plan_options options = options_of(&group, &version);
    struct arc_plan plan;
    assert_int_equal(arc_plan(&options, &plan, NULL), ARC_EINPUT);
    group.image_tags = three_tags;
    ARC_AUTO_JSON json_t *platforms = json_pack("[s]", "linux/amd64;id");
    options.platforms = platforms;
    assert_int_equal(arc_plan(&options, &plan, NULL), ARC_EINPUT);
    options.platforms = NULL;
    ARC_AUTO_JSON json_t *wanted = json_pack("[s]", "oracle");
    options.services = wanted;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    assert_int_equal(arc_plan(&options, &plan, &err), ARC_EINPUT);
    assert_string_equal(arc_error_text(&err),
                        "group messaging has no service 'oracle'; it has: flash, sonic");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_latest_does_not_go_back),
        cmocka_unit_test(test_floating_tags),
        cmocka_unit_test(test_conditions_of_a_release),
        cmocka_unit_test(test_conditions_of_an_event),
        cmocka_unit_test(test_doubled_tags_are_one),
        cmocka_unit_test(test_a_release_moves_a_tag),
        cmocka_unit_test(test_ci_builds_what_changed),
        cmocka_unit_test(test_nothing_changed),
        cmocka_unit_test(test_more_cells_than_a_matrix_holds),
        cmocka_unit_test(test_wrong_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
