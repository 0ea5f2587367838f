#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "arcci/version.h"
#include "base/auto.h"
#include <cmocka.h>
#include <string.h>

static int make_version(const char *tag, const struct arc_version_options *options, json_t **out)
{
    ARC_AUTO(arc_version_info) struct arc_version_info version;
    ARC_TRY(arc_version(tag, options, &version, NULL));
    return arc_version_write(&version, out, NULL);
}

/* Hostile and merely wrong tags: each must be refused, with one line that names the tag. */
static const char *const refused[] = {
    "",
    "v1.2.3",
    "/v1.2.3",
    "messaging/1.2.3",
    "messaging/v1.2",
    "messaging/v01.2.3",
    "messaging/v1.2.3-01",
    "messaging/v1.2.3\n",
    "messaging/v1.2.3\noutput=owned",
    "mess\naging/v1.2.3",
    "$(id)/v1.2.3",
    "`id`/v1.2.3",
    "messaging/v1.2.3-$(id)",
    "../v1.2.3",
    "a/../v1.2.3",
    "a..b/v1.2.3",
    "a./v1.2.3",
    "a.lock/v1.2.3",
    ".a/v1.2.3",
    "-a/v1.2.3",
    "--help/v1.2.3",
    "a//v1.2.3",
    "a b/v1.2.3",
    "\xff\xfe/v1.2.3",
    "m\xc3\xa9/v1.2.3",
    "messaging/v1.2.3\xff",
    "refs/heads/messaging/v1.2.3",
    "refs/pull/1/merge",
    "messaging/V1.2.3",
    "messaging/v",
    "messaging/",
    "messaging",
    "messaging/v1.2.3/",
    "messaging/v1.2.3/x",
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        ARC_AUTO(arc_tag) struct arc_tag tag = {0};
        ARC_AUTO(arc_error) struct arc_error err = {0};
        if (arc_tag_parse(refused[i], NULL, &tag, &err) != ARC_EINPUT)
            fail_msg("accepted: %s", refused[i]);
        assert_null(tag.text);
        assert_null(strchr(arc_error_text(&err), '\n'));
        assert_non_null(strstr(arc_error_text(&err), "is not a release tag: "));
    }
}

static void test_refused_when_huge(void **state)
{
    (void)state;
    char *name = malloc(10241);
    memset(name, 'a', 10240);
    memcpy(name + 10240 - 7, "/v1.2.3", 8);
    ARC_AUTO(arc_tag) struct arc_tag tag = {0};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    assert_int_equal(arc_tag_parse(name, NULL, &tag, &err), ARC_EINPUT);
    assert_true(strlen(arc_error_text(&err)) < 400);
    free(name);
}

static void test_parts(void **state)
{
    (void)state;
    ARC_AUTO(arc_tag) struct arc_tag tag = {0};
    assert_int_equal(arc_tag_parse("refs/tags/platform/messaging/v1.2.3-rc.1", NULL, &tag, NULL),
                     0);
    assert_string_equal(tag.text, "platform/messaging/v1.2.3-rc.1");
    assert_int_equal(tag.group_len, strlen("platform/messaging"));
    assert_string_equal(tag.version.text, "1.2.3-rc.1");
}

static void test_image_tag(void **state)
{
    (void)state;
    static const struct {
        const char *tag, *image;
    } cases[] = {
        {"messaging/v0.1.0", "messaging-v0.1.0"},
        {"messaging/v1.2.3-rc.1", "messaging-v1.2.3-rc.1"},
        {"messaging/v1.2.3+build.5", "messaging-v1.2.3-build.5"},
        {"a/b/v1.0.0", "a-b-v1.0.0"},
    };
    ARC_AUTO_FREE char *scoped = NULL;
    const struct arc_tag package = {.text = "@shop/cart@1.2.0"};
    assert_int_equal(arc_tag_image(&package, &scoped, NULL), 0);
    assert_string_equal(scoped, "shop-cart-1.2.0");

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ARC_AUTO(arc_tag) struct arc_tag tag = {0};
        ARC_AUTO_FREE char *image = NULL;
        assert_int_equal(arc_tag_parse(cases[i].tag, NULL, &tag, NULL), 0);
        assert_int_equal(arc_tag_image(&tag, &image, NULL), 0);
        assert_string_equal(image, cases[i].image);
    }
}

static void test_image_tag_too_long(void **state)
{
    (void)state;
    char name[160] = "messaging/v1.2.3-";
    memset(name + strlen(name), 'x', 128 - strlen("messaging/v1.2.3-"));
    ARC_AUTO(arc_tag) struct arc_tag fits = {0};
    ARC_AUTO(arc_tag) struct arc_tag longer = {0};
    ARC_AUTO_FREE char *image = NULL;
    assert_int_equal(arc_tag_parse(name, NULL, &fits, NULL), 0);
    assert_int_equal(arc_tag_image(&fits, &image, NULL), 0);
    assert_int_equal(strlen(image), 128);
    name[128] = 'x';
    assert_int_equal(arc_tag_parse(name, NULL, &longer, NULL), 0);
    char *none = NULL;
    assert_int_equal(arc_tag_image(&longer, &none, NULL), ARC_EINPUT);
    assert_null(none);
}

/* A tag, the repository's other tags, and what follows. */
static const struct {
    const char *tag, *others;
    bool zero, prerelease, latest, latest_major, latest_minor;
    const char *previous;
} standings[] = {
    {"m/v0.1.0", "[]", false, false, true, true, true, NULL},
    {"m/v0.1.0", "[]", true, true, false, false, false, NULL},
    {"m/v1.0.0", "[\"m/v1.0.0\"]", true, false, true, true, true, NULL},
    {"m/v1.1.0", "[\"m/v1.0.0\", \"m/v0.9.0\"]", false, false, true, true, true, "m/v1.0.0"},
    {"m/v1.9.1", "[\"m/v2.0.0\", \"m/v1.9.0\"]", false, false, false, true, true, "m/v1.9.0"},
    {"m/v1.2.4", "[\"m/v1.3.0\", \"m/v1.2.3\"]", false, false, false, false, true, "m/v1.2.3"},
    {"m/v1.2.3", "[\"m/v1.2.4\"]", false, false, false, false, false, NULL},
    {"m/v2.0.0", "[\"m/v3.0.0-rc.1\"]", false, false, true, true, true, NULL},
    {"m/v2.0.0-rc.2", "[\"m/v2.0.0-rc.1\", \"m/v1.0.0\"]", false, true, false, false, false,
     "m/v2.0.0-rc.1"},
    {"m/v2.0.0", "[\"m/v2.0.0-rc.1\", \"m/v1.0.0\"]", false, false, true, true, true, "m/v1.0.0"},
    {"m/v1.10.0", "[\"m/v1.9.0\", \"m/v1.2.0\"]", false, false, true, true, true, "m/v1.9.0"},
    {"m/v1.0.0", "[\"other/v2.0.0\", \"mm/v3.0.0\", \"v4.0.0\", \"m/nightly\", \"m/v5\"]", false,
     false, true, true, true, NULL},
};

static void test_standing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof standings / sizeof *standings; i++) {
        ARC_AUTO_JSON json_t *tags = json_loads(standings[i].others, 0, NULL);
        ARC_AUTO_JSON json_t *doc = NULL;
        char *patterns[] = {(char *)"m/v*", NULL};
        struct arc_group group = {
            .name = (char *)"m", .tags = patterns, .zero_prerelease = standings[i].zero};
        struct arc_version_options options = {.tags = tags, .group = &group};
        assert_non_null(tags);
        assert_int_equal(make_version(standings[i].tag, &options, &doc), 0);
        const char *previous = json_string_value(json_object_get(doc, "previous-tag"));
#define IS(key) json_is_true(json_object_get(doc, key))
        if (IS("prerelease") != standings[i].prerelease || IS("latest") != standings[i].latest ||
            IS("latest-major") != standings[i].latest_major ||
            IS("latest-minor") != standings[i].latest_minor ||
            strcmp(previous ? previous : "-", standings[i].previous ? standings[i].previous : "-"))
            fail_msg("%s among %s", standings[i].tag, standings[i].others);
    }
}

static void test_unknown_tags(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *doc = NULL;
    struct arc_version_options options = {.tags_unknown = "shallow clone"};
    assert_int_equal(make_version("m/v1.0.0", &options, &doc), 0);
    assert_false(json_is_true(json_object_get(doc, "latest")));
    assert_false(json_is_true(json_object_get(doc, "latest-major")));
    assert_string_equal(json_string_value(json_object_get(doc, "latest-reason")),
                        "the other tags are not known: shallow clone");
}

/* What counts as the release before. */
static void test_previous(void **state)
{
    (void)state;
    static const struct {
        const char *tag, *published, *previous, *predecessor, *expected;
    } table[] = {
        {"g/v1.1.1", NULL, NULL, NULL, "g/v1.1.0"},
        {"g/v1.1.1", "[\"g/v1.0.0\"]", NULL, NULL, "g/v1.0.0"},
        {"g/v1.1.1", "[\"g/v1.0.0\", \"g/v2.0.0\", \"h/v1.1.0\"]", NULL, NULL, "g/v1.0.0"},
        {"g/v1.1.1", "[\"h/v1.0.0\", \"g/v9.0.0\"]", NULL, NULL, "g/v1.1.0"},
        {"g/v1.1.1", "[\"g/v1.0.5\"]", NULL, NULL, "g/v1.1.0"}, /* its tag is gone */
        {"g/v1.1.1", "[]", NULL, NULL, "g/v1.1.0"},
        {"g/v1.1.1", "[\"g/v1.0.0\"]", "v0.10.6", NULL, "v0.10.6"},
        {"g/v1.1.1", NULL, NULL, "v0.10.6", "g/v1.1.0"},
        {"g/v0.1.0", NULL, NULL, "v0.10.6", "v0.10.6"},
        {"g/v0.1.0", NULL, NULL, NULL, NULL},
    };
    ARC_AUTO_JSON json_t *tags = json_loads(
        "[\"g/v1.0.0\", \"g/v1.1.0\", \"g/v2.0.0\", \"h/v1.1.0\", \"v0.10.6\"]", 0, NULL);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ARC_AUTO_JSON json_t *doc = NULL;
        ARC_AUTO_JSON json_t *published =
            table[i].published ? json_loads(table[i].published, 0, NULL) : NULL;
        struct arc_version_options options = {.tags = tags,
                                              .published = published,
                                              .previous = table[i].previous,
                                              .predecessor = table[i].predecessor};
        assert_int_equal(make_version(table[i].tag, &options, &doc), 0);
        const char *previous = json_string_value(json_object_get(doc, "previous-tag"));
        assert_string_equal(previous ? previous : "none",
                            table[i].expected ? table[i].expected : "none");
    }
}

/* Tags of every grammar, in the order of their versions: the highest of them is the latest, and each has
 * the one before it as its previous. */
static const struct {
    const char *pattern;
    enum arc_versioning versioning;
    const char *tags[6];
} families[] = {
    {"v{version}", ARC_VERSIONING_SEMVER, {"v0.9.0", "v0.10.0", "v1.0.0"}},
    {"{version}", ARC_VERSIONING_SEMVER, {"1.2.0", "1.2.1", "1.10.0"}},
    {"web@{version}", ARC_VERSIONING_SEMVER, {"web@1.0.0", "web@1.0.1"}},
    {"release-{version}-final",
     ARC_VERSIONING_SEMVER,
     {"release-1.9.0-final", "release-1.10.0-final"}},
    {"{version}",
     ARC_VERSIONING_CALVER,
     {"2026.8.0", "2026.9.0", "2026.10.1", "2026.11.0", "2027.1.0"}},
    {"v*", ARC_VERSIONING_CALVER, {"v24.04", "v24.10", "v25.04"}},
    {"{version}", ARC_VERSIONING_CALVER, {"2026-03", "2026-05", "2026-05a", "2026-05b", "2026-07"}},
    {"{version}",
     ARC_VERSIONING_LOOSE,
     {"1.43.2.10700-0a1b2c", "1.43.3.10896-ab12cd", "1.43.10.1-00"}},
    {"app-{version}", ARC_VERSIONING_LOOSE, {"app-2.330.0", "app-2.331.0", "app-2.331.0-r2"}},
};

static void test_tags_of_any_grammar(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        char *patterns[] = {(char *)families[i].pattern, NULL};
        struct arc_group group = {
            .name = (char *)"g", .tags = patterns, .versioning = families[i].versioning};
        ARC_AUTO_JSON json_t *tags = json_pack("[s, s]", "nightly", "x/v9.0.0");
        size_t count = 0;
        for (; families[i].tags[count]; count++)
            json_array_append_new(tags, json_string(families[i].tags[count]));
        for (size_t k = 0; k < count; k++) {
            ARC_AUTO_JSON json_t *doc = NULL;
            struct arc_version_options options = {.tags = tags, .group = &group};
            assert_int_equal(make_version(families[i].tags[k], &options, &doc), ARC_OK);
            const char *previous = json_string_value(json_object_get(doc, "previous-tag"));
            assert_int_equal(json_is_true(json_object_get(doc, "latest")), k + 1 == count);
            if (k)
                assert_string_equal(previous, families[i].tags[k - 1]);
            else
                assert_null(previous);
        }
    }
}

static void test_prereleases_of_dates(void **state)
{
    (void)state;
    char *patterns[] = {(char *)"{version}", NULL};
    struct arc_group group = {
        .name = (char *)"g", .tags = patterns, .versioning = ARC_VERSIONING_CALVER};
    ARC_AUTO_JSON json_t *tags = json_pack("[s, s, s]", "2026.11.1", "2026.12.0b1", "nightly");
    struct arc_version_options options = {.tags = tags, .group = &group};
    ARC_AUTO_JSON json_t *beta = NULL;
    ARC_AUTO_JSON json_t *stable = NULL;
    json_t *none = NULL;
    assert_int_equal(make_version("2026.12.0b1", &options, &beta), ARC_OK);
    assert_true(json_is_true(json_object_get(beta, "prerelease")));
    assert_string_equal(json_string_value(json_object_get(beta, "previous-tag")), "2026.11.1");
    assert_int_equal(make_version("2026.11.1", &options, &stable), ARC_OK);
    assert_true(json_is_true(json_object_get(stable, "latest")));
    assert_int_equal(make_version("nightly", &options, &none), ARC_EINPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_previous),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_when_huge),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_image_tag),
        cmocka_unit_test(test_standing),
        cmocka_unit_test(test_tags_of_any_grammar),
        cmocka_unit_test(test_prereleases_of_dates),
        cmocka_unit_test(test_image_tag_too_long),
        cmocka_unit_test(test_unknown_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
