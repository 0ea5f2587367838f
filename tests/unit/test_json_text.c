#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "json/layout.h"
#include <cmocka.h>
#include <string.h>

static void lays_out(const char *json, size_t indent, size_t width, const char *expected)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    ARC_AUTO_JSON json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    arc_json_text(&out, value, indent, width);
    assert_string_equal(arc_buf_text(&out), expected);
}

static void test_one_line(void **state)
{
    (void)state;
    lays_out("{\"a\": [1, 2], \"b\": null}", 0, 80, "{\"a\": [1, 2], \"b\": null}");
    lays_out("[]", 0, 1, "[]");
    lays_out("{}", 0, 1, "{}");
    lays_out("\"a long text\"", 0, 1, "\"a long text\"");
    lays_out("1.5", 0, 80, "1.5");
}

static void test_many_lines(void **state)
{
    (void)state;
    lays_out("{\"a\": [1, 2], \"b\": null}", 0, 20, "{\n  \"a\": [1, 2],\n  \"b\": null\n}");
    lays_out("{\"aaaa\": [1, 2], \"b\": [1, 2]}", 0, 16,
             "{\n  \"aaaa\": [1, 2],\n  \"b\": [1, 2]\n}");
    lays_out("{\"aaaa\": [1, 2], \"b\": [1, 2]}", 0, 15,
             "{\n  \"aaaa\": [\n    1,\n    2\n  ],\n  \"b\": [1, 2]\n}");
    lays_out("[\"aaaaaaaa\", {\"b\": 1}]", 2, 16, "[\n    \"aaaaaaaa\",\n    {\"b\": 1}\n  ]");
}

/* Nothing in it can drive a terminal. */
static void test_controls(void **state)
{
    (void)state;
    lays_out("\"\\u001b[31m\\u007f\\u0085\\u202e\"", 0, 80,
             "\"\\u001B[31m\\x7f\\xc2\\x85\\xe2\\x80\\xae\"");
    lays_out("{\"a\\nb\\u202e\": 1}", 0, 1, "{\n  \"a\\nb\\xe2\\x80\\xae\": 1\n}");
}

static void test_a_full_buffer_stays_failed(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 4};
    ARC_AUTO_JSON json_t *value = json_loads("[1, 2, 3]", 0, NULL);
    arc_json_text(&out, value, 0, 80);
    assert_int_equal(out.failed, ARC_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_line),
        cmocka_unit_test(test_many_lines),
        cmocka_unit_test(test_controls),
        cmocka_unit_test(test_a_full_buffer_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
