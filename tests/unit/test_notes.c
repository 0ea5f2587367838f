/* The notes against golden files. UPDATE_GOLDEN=1 build/tests/test_notes writes them anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "arcci/notes.h"
#include "base/auto.h"
#include "os/file.h"
#include "project/documents.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define DATA TEST_DATA "/notes/"

static json_t *load(const char *name)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {0};
    json_t *document = NULL;
    arc_buf_printf(&path, DATA "%s.json", name);
    assert_int_equal(arc_document_read(arc_buf_text(&path), &document, NULL), ARC_OK);
    return document;
}

static const char *body_of(const json_t *notes)
{
    return json_string_value(json_object_get(notes, "body"));
}

static void compare(const char *golden, const char *body)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {0};
    ARC_AUTO(arc_buf) struct arc_buf expected = {0};
    arc_buf_printf(&path, DATA "%s", golden);
    if (getenv("UPDATE_GOLDEN")) {
        FILE *file = fopen(arc_buf_text(&path), "w");
        assert_non_null(file);
        fputs(body, file);
        fclose(file);
    }
    assert_int_equal(arc_file_read(arc_buf_text(&path), NULL, 1 << 20, &expected, NULL), ARC_OK);
    assert_string_equal(body, arc_buf_text(&expected));
}

static void golden(const char *file, bool built, const char *log_name)
{
    ARC_AUTO_JSON json_t *plan = load("plan");
    ARC_AUTO_JSON json_t *build = built ? load("build") : NULL;
    ARC_AUTO_JSON json_t *scan = built ? load("scan") : NULL;
    ARC_AUTO_JSON json_t *log = load(log_name);
    ARC_AUTO_JSON json_t *notes = NULL;
    struct arc_notes_options options = {.plan = plan, .build = build, .scan = scan, .log = log};
    assert_int_equal(arc_notes(&options, &notes, NULL), ARC_OK);
    compare(file, body_of(notes));
}

static void test_golden(void **state)
{
    (void)state;
    golden("planned.md", false, "log");
    golden("built.md", true, "log");
    golden("hostile.md", false, "log-hostile");
}

static void test_document(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *plan = load("plan");
    ARC_AUTO_JSON json_t *log = load("log");
    ARC_AUTO_JSON json_t *notes = NULL;
    struct arc_notes_options options = {.plan = plan, .log = log};
    assert_int_equal(arc_notes(&options, &notes, NULL), ARC_OK);
    const json_t *commits = json_object_get(notes, "commits");
    assert_string_equal(json_string_value(json_object_get(notes, "title")),
                        "Messaging & Cache Services 0.2.0");
    assert_int_equal(json_integer_value(json_object_get(commits, "total")), 2);
    assert_int_equal(json_integer_value(json_object_get(commits, "shown")), 2);
    assert_true(json_is_true(json_object_get(notes, "latest")));
}

/* Columns and chapters for what is not known are not there at all. */
static void test_what_is_not_known_leaves_nothing(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *plan = load("plan");
    ARC_AUTO_JSON json_t *notes = NULL;
    struct arc_notes_options options = {.plan = plan};
    assert_int_equal(arc_notes(&options, &notes, NULL), ARC_OK);
    static const char *const absent[] = {"Digest",    "Size",    "### Security", "### Verify",
                                         "### Base ", "digest,", "null",         "{{",
                                         "|  |",      "()",      " `` ",         "make "};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        if (strstr(body_of(notes), absent[i]))
            fail_msg("'%s' is there:\n%s", absent[i], body_of(notes));
    assert_null(strstr(body_of(notes), "not read")); /* a warning of the run, not a public text */
    assert_non_null(json_object_get(json_object_get(notes, "commits"), "unknown"));
}

static json_t *long_log(size_t count)
{
    json_t *commits = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            commits, json_pack("{s:o, s:o, s:s, s:s}", "hash", json_sprintf("%040zx", i + 1),
                               "subject", json_sprintf("Change \xf0\x9f\x8e\x89 number %zu", i),
                               "author", "Ada", "date", "2026-02-23T10:00:00Z"));
    return json_pack("{s:o, s:b, s:n}", "commits", commits, "complete", 1, "unknown");
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

static void test_too_long_is_cut_at_a_commit(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *plan = load("plan");
    ARC_AUTO_JSON json_t *log = long_log(3000);
    ARC_AUTO_JSON json_t *notes = NULL;
    struct arc_notes_options options = {.plan = plan, .log = log};
    assert_int_equal(arc_notes(&options, &notes, NULL), ARC_OK);
    json_int_t characters = json_integer_value(json_object_get(notes, "characters"));
    json_int_t shown =
        json_integer_value(json_object_get(json_object_get(notes, "commits"), "shown"));
    assert_true(characters <= ARC_NOTES_MAX && characters > ARC_NOTES_MAX - 300);
    assert_int_equal(count_of(body_of(notes), "\n- Change "), shown);
    assert_int_equal(count_of(body_of(notes), " number 0 "), 1);
    char left[64];
    snprintf(left, sizeof left, "and %d older commits", 3000 - (int)shown);
    assert_non_null(strstr(body_of(notes), left));
    assert_non_null(strstr(body_of(notes), "/compare/messaging/v0.1.0...messaging/v0.2.0)\n"));
}

/* For every limit: whole lines, never over it, and an error when not even no commit fits. */
static void test_every_limit(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *plan = load("plan");
    ARC_AUTO_JSON json_t *log = long_log(12);
    size_t refused = 0, whole = 0;
    for (size_t max = 1100; max < 3600; max += 25) {
        ARC_AUTO_JSON json_t *notes = NULL;
        ARC_AUTO(arc_error) struct arc_error err = {0};
        struct arc_notes_options options = {.plan = plan, .log = log, .max = max};
        int rc = arc_notes(&options, &notes, &err);
        assert_true(rc == ARC_OK || rc == ARC_ELIMIT);
        refused += rc == ARC_ELIMIT;
        if (rc)
            continue;
        assert_true(json_integer_value(json_object_get(notes, "characters")) <= (json_int_t)max);
        size_t shown = count_of(body_of(notes), "\n- Change ");
        assert_int_equal(count_of(body_of(notes), "older commits"), shown < 12);
        whole += shown == 12;
    }
    assert_true(refused > 0 && whole > 0);
}

static void test_a_plan_of_no_release(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *plan = json_pack("{s:s, s:n, s:[]}", "group", "g", "tag", "services");
    ARC_AUTO(arc_error) struct arc_error err = {0};
    json_t *notes = NULL;
    struct arc_notes_options options = {.plan = plan};
    assert_int_equal(arc_notes(&options, &notes, &err), ARC_EINPUT);
    assert_non_null(strstr(arc_error_text(&err), "the plan is not of a release"));
}

/* docs/notes.md shows the built-in template; it must be this one. */
static void test_documented_template(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf page = {0};
    ARC_AUTO(arc_buf) struct arc_buf block = {0};
    assert_int_equal(arc_file_read(TEST_DATA "/../../docs/notes.md", NULL, 1 << 20, &page, NULL),
                     ARC_OK);
    arc_buf_printf(&block, "````markdown\n%s````\n", arc_notes_template());
    assert_non_null(strstr(arc_buf_text(&page), arc_buf_text(&block)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_what_is_not_known_leaves_nothing),
        cmocka_unit_test(test_too_long_is_cut_at_a_commit),
        cmocka_unit_test(test_every_limit),
        cmocka_unit_test(test_a_plan_of_no_release),
        cmocka_unit_test(test_documented_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
