#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "arcci/semver.h"
#include <cmocka.h>
#include <string.h>

/* The reference list of semver.org's "suggested regular expression" (regex101.com/r/vkijKf). */
static const char *const valid[] = {
    "0.0.4",
    "1.2.3",
    "10.20.30",
    "1.1.2-prerelease+meta",
    "1.1.2+meta",
    "1.1.2+meta-valid",
    "1.0.0-alpha",
    "1.0.0-beta",
    "1.0.0-alpha.beta",
    "1.0.0-alpha.beta.1",
    "1.0.0-alpha.1",
    "1.0.0-alpha0.valid",
    "1.0.0-alpha.0valid",
    "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay",
    "1.0.0-rc.1+build.1",
    "2.0.0-rc.1+build.123",
    "1.2.3-beta",
    "10.2.3-DEV-SNAPSHOT",
    "1.2.3-SNAPSHOT-123",
    "1.0.0",
    "2.0.0",
    "1.1.7",
    "2.0.0+build.1848",
    "2.0.1-alpha.1227",
    "1.0.0-alpha+beta",
    "1.2.3----RC-SNAPSHOT.12.9.1--.12+788",
    "1.2.3----R-S.12.9.1--.12+meta",
    "1.2.3----RC-SNAPSHOT.12.9.1--.12",
    "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
    "99999999999999999999999.999999999999999999.99999999999999999",
    "1.0.0-0A.is.legal",
};

static const char *const invalid[] = {
    "1",
    "1.2",
    "1.2.3-0123",
    "1.2.3-0123.0123",
    "1.1.2+.123",
    "+invalid",
    "-invalid",
    "-invalid+invalid",
    "-invalid.01",
    "alpha",
    "alpha.beta",
    "alpha.beta.1",
    "alpha.1",
    "alpha+beta",
    "alpha_beta",
    "alpha.",
    "alpha..",
    "beta",
    "1.0.0-alpha_beta",
    "-alpha.",
    "1.0.0-alpha..",
    "1.0.0-alpha..1",
    "1.0.0-alpha...1",
    "1.0.0-alpha....1",
    "1.0.0-alpha.....1",
    "1.0.0-alpha......1",
    "1.0.0-alpha.......1",
    "01.1.1",
    "1.01.1",
    "1.1.01",
    "1.2.3.DEV",
    "1.2-SNAPSHOT",
    "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788",
    "1.2-RC-SNAPSHOT",
    "-1.0.3-gamma+b7718",
    "+justmeta",
    "9.8.7+meta+meta",
    "9.8.7-whatever+meta+meta",
    ("99999999999999999999999.999999999999999999.99999999999999999----RC-SNAPSHOT.12.09.1-------"
     "-------------------------..12"),
    "",
    "1.2.3-",
    "1.2.3+",
    "1.2.3 ",
    " 1.2.3",
    "v1.2.3",
    "1.2.3\n",
};

/* Lowest to highest: the specification's own chains (§11.2, §11.4) and a few more. */
static const char *const ascending[] = {
    "0.0.4",
    "1.0.0-0",
    "1.0.0-2",
    "1.0.0-11",
    "1.0.0--",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "2.0.0",
    "2.1.0",
    "2.1.1",
    "2.10.0",
    "10.0.0",
    "99999999999999999999999.0.0",
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void test_valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(valid); i++) {
        struct arc_semver version;
        if (arc_semver_parse(valid[i], strlen(valid[i]), &version, NULL) != 0)
            fail_msg("%s is valid", valid[i]);
    }
}

static void test_invalid(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(invalid); i++) {
        struct arc_semver version;
        struct arc_error err = {0};
        if (arc_semver_parse(invalid[i], strlen(invalid[i]), &version, &err) != ARC_EINPUT)
            fail_msg("%s is not valid", invalid[i]);
        assert_non_null(strstr(arc_error_text(&err), "at character"));
        arc_error_clear(&err);
    }
    struct arc_semver version;
    assert_int_equal(arc_semver_parse("1.2.3\0", 6, &version, NULL), ARC_EINPUT);
}

static void test_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ascending); i++)
        for (size_t j = 0; j < COUNT(ascending); j++) {
            struct arc_semver a, b;
            arc_semver_parse(ascending[i], strlen(ascending[i]), &a, NULL);
            arc_semver_parse(ascending[j], strlen(ascending[j]), &b, NULL);
            int order = arc_semver_compare(&a, &b);
            if ((order < 0) != (i < j) || (order > 0) != (i > j))
                fail_msg("%s against %s: %d", ascending[i], ascending[j], order);
        }
}

static void test_parts(void **state)
{
    (void)state;
    struct arc_semver v;
    const char *text = "10.2.3-rc.1+build.5";
    assert_int_equal(arc_semver_parse(text, strlen(text), &v, NULL), 0);
    assert_memory_equal(v.major, "10", v.major_len);
    assert_int_equal(v.major_len, 2);
    assert_int_equal(v.prerelease_len, 4);
    assert_memory_equal(v.prerelease, "rc.1", 4);
    assert_int_equal(v.build_len, 7);
    assert_memory_equal(v.build, "build.5", 7);
    assert_true(arc_semver_is_prerelease(&v));
}

static void test_too_long(void **state)
{
    (void)state;
    char text[ARC_SEMVER_MAX + 2] = "1.2.";
    memset(text + 4, '9', sizeof text - 5);
    struct arc_semver v;
    assert_int_equal(arc_semver_parse(text, strlen(text), &v, NULL), ARC_ELIMIT);
    assert_int_equal(arc_semver_parse(text, strlen(text) - 1, &v, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid), cmocka_unit_test(test_invalid),  cmocka_unit_test(test_order),
        cmocka_unit_test(test_parts), cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
