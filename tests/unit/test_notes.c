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

/* What notes are made of, read from tests/data/notes. */
struct facts {
    struct arc_plan plan;
    struct arc_ledger build;
    struct arc_notes_log log;
};

static void facts_free(struct facts *facts)
{
    arc_plan_free(&facts->plan);
    arc_ledger_free(&facts->build);
    arc_notes_log_free(&facts->log);
}

static void read_plan(struct facts *facts)
{
    ARC_AUTO_JSON json_t *plan = load("plan");
    assert_int_equal(arc_plan_read(plan, &facts->plan, NULL), ARC_OK);
}

static void add_commit(struct arc_notes_log *log, const char *hash, const char *subject,
                       const char *author, const char *date, json_int_t pull)
{
    struct arc_notes_commit *row =
        arc_arena_append(&log->memory, &log->commits, &log->count, sizeof *row);
    assert_non_null(row);
    *row = (struct arc_notes_commit){.hash = arc_arena_text(&log->memory, hash),
                                     .subject = arc_arena_text(&log->memory, subject),
                                     .message = arc_arena_text(&log->memory, subject),
                                     .body = arc_arena_text(&log->memory, ""),
                                     .author = arc_arena_text(&log->memory, author),
                                     .email = arc_arena_text(&log->memory, ""),
                                     .date = arc_arena_text(&log->memory, date),
                                     .pull = pull};
}

static void read_log(struct facts *facts, const char *name)
{
    ARC_AUTO_JSON json_t *log = load(name);
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get(log, "commits"), i, row) {
        const char *hash, *subject, *author = "", *date = "";
        json_int_t pull = 0;
        assert_int_equal(json_unpack(row, "{s:s, s:s, s?s, s?s, s?I}", "hash", &hash, "subject",
                                     &subject, "author", &author, "date", &date, "pull", &pull),
                         0);
        add_commit(&facts->log, hash, subject, author, date, pull);
    }
    facts->log.complete = json_is_true(json_object_get(log, "complete"));
    facts->log.unknown =
        arc_arena_text(&facts->log.memory, json_string_value(json_object_get(log, "unknown")));
}

static void golden(const char *file, bool built, const char *log_name)
{
    ARC_AUTO(facts) struct facts facts = {0};
    ARC_AUTO_JSON json_t *build = load("build");
    ARC_AUTO_JSON json_t *scan = built ? load("scan") : NULL;
    ARC_AUTO_JSON json_t *notes = NULL;
    read_plan(&facts);
    read_log(&facts, log_name);
    assert_int_equal(arc_ledger_read(build, &facts.build, NULL), ARC_OK);
    struct arc_notes_options options = {
        .plan = &facts.plan, .build = built ? &facts.build : NULL, .scan = scan, .log = &facts.log};
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
    ARC_AUTO(facts) struct facts facts = {0};
    ARC_AUTO_JSON json_t *notes = NULL;
    read_plan(&facts);
    read_log(&facts, "log");
    struct arc_notes_options options = {.plan = &facts.plan, .log = &facts.log};
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
    ARC_AUTO(facts) struct facts facts = {0};
    ARC_AUTO_JSON json_t *notes = NULL;
    read_plan(&facts);
    struct arc_notes_options options = {.plan = &facts.plan};
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

static void make_long_log(struct facts *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char hash[41], subject[64];
        snprintf(hash, sizeof hash, "%040zx", i + 1);
        snprintf(subject, sizeof subject, "Change \xf0\x9f\x8e\x89 number %zu", i);
        add_commit(&facts->log, hash, subject, "Ada", "2026-02-23T10:00:00Z", 0);
    }
    facts->log.complete = true;
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
    ARC_AUTO(facts) struct facts facts = {0};
    ARC_AUTO_JSON json_t *notes = NULL;
    read_plan(&facts);
    make_long_log(&facts, 3000);
    struct arc_notes_options options = {.plan = &facts.plan, .log = &facts.log};
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

/* For every limit: whole lines, never over it; chapters go when no commit fits, and then there is an
 * error. */
static void test_every_limit(void **state)
{
    (void)state;
    ARC_AUTO(facts) struct facts facts = {0};
    read_plan(&facts);
    make_long_log(&facts, 12);
    size_t refused = 0, whole = 0;
    for (size_t max = 500; max < 3600; max += 25) {
        ARC_AUTO_JSON json_t *notes = NULL;
        ARC_AUTO(arc_error) struct arc_error err = {0};
        struct arc_notes_options options = {.plan = &facts.plan, .log = &facts.log, .max = max};
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
    struct arc_plan plan = {.group = (char[]){"g"}};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    json_t *notes = NULL;
    struct arc_notes_options options = {.plan = &plan};
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
