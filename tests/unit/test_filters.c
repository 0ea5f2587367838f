#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "arcci/buf.h"
#include "arcci/filters.h"
#include <cmocka.h>
#include <string.h>

static void parse(const char *text, struct arc_filters *out)
{
    struct arc_error err = {0};
    if (arc_filters_parse(text, strlen(text), "f.yml", out, &err))
        fail_msg("%s", arc_error_text(&err));
}

/* "name: pattern[/pattern…]=statuses …;" for every filter and rule. */
static void check(const char *text, const char *expected)
{
    struct arc_filters filters;
    struct arc_buf shown = {0};
    parse(text, &filters);
    for (size_t i = 0; i < filters.count; i++) {
        const struct arc_filter *filter = &filters.items[i];
        arc_buf_printf(&shown, "%s:", filter->name);
        for (size_t r = filter->first; r < filter->first + filter->count; r++) {
            const struct arc_rule *rule = &filters.rules[r];
            assert_int_equal(rule->filter, i);
            for (size_t p = 0; p < rule->pattern_count; p++)
                arc_buf_printf(&shown, "%s%s", p ? "/" : " ", rule->patterns[p]);
            if (rule->statuses != 127)
                arc_buf_printf(&shown, "=%u", rule->statuses);
        }
        arc_buf_putc(&shown, ';');
    }
    assert_string_equal(arc_buf_text(&shown), expected);
    arc_buf_free(&shown);
    arc_filters_free(&filters);
}

static void test_forms(void **state)
{
    (void)state;
    check("a: x", "a: x;");
    check("a: [x, y]\nb: []", "a: x y;b:;");
    check("a: &s [x, y]\nb: [*s, [[z]]]", "a: x y;b: x y z;");
    check("b: x\na: y\n1: z", "b: x;a: y;1: z;");
    check("yes: x", "yes: x;");
    check("a:\n  - added: x\n  - deleted: [y, z]", "a: x=1 y/z=4;");
    check("a:\n  - Added | REMOVED|renamed: x", "a: x=17;");
    check("a: {modified: x, unmerged: y}", "a: x=72 y=32;");
    check("a: &a\n  added: x\nb:\n  <<: *a\n  copied: y", "a: x=1;b: x=1 y=2;");
}

static void test_places(void **state)
{
    (void)state;
    struct arc_filters filters;
    parse("a:\n  - x\n  - added: y\n", &filters);
    assert_int_equal(filters.rules[0].line, 2);
    assert_int_equal(filters.rules[0].column, 5);
    assert_int_equal(filters.rules[1].line, 3);
    assert_false(filters.rules[0].negated);
    arc_filters_free(&filters);
}

static void test_negation(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool negated;
    } cases[] = {{"a: '!x'", true}, {"a: '!!x'", false}, {"a: '!(x)'", false}, {"a: 'x!'", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arc_filters filters;
        parse(cases[i].text, &filters);
        if (filters.rules[0].negated != cases[i].negated)
            fail_msg("%s", cases[i].text);
        arc_filters_free(&filters);
    }
}

static void test_warnings(void **state)
{
    (void)state;
    struct arc_filters filters;
    parse("a:\n  - added|gone: x\n", &filters);
    assert_int_equal(json_array_size(filters.warnings), 1);
    const char *text = json_string_value(json_array_get(filters.warnings, 0));
    assert_non_null(strstr(text, "f.yml:2:5: 'gone' is not a status"));
    arc_filters_free(&filters);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "f.yml:1:1: filters must be a map"},
        {"just text", "f.yml:1:1: filters must be a map of names to rules, and this is a string"},
        {"- a\n- b", "filters must be a map of names to rules, and this is a list"},
        {"a: 1", "f.yml:1:4: a rule must be a pattern"},
        {"a:", "a rule must be a pattern"},
        {"a: [x, [y, 2]]", "f.yml:1:12: a rule must be"},
        {"a:\n  - added: {x: y}", "f.yml:2:12: expected a pattern or a list of patterns"},
        {"a:\n  - added: 7", "expected a pattern or a list of patterns under 'added'"},
        {"a:\n  - added: [x, 7]", "f.yml:2:16: a pattern must be a string, and this is a number"},
        {"a: x\na: y", "f.yml:2:1"},
        {"a: [", "f.yml:"},
        {"'a=b': x", "a filter's name is an output's name"},
        {"\"a\\nb\": x", "a filter's name is an output's name"},
        {"'': x", "a filter's name is an output's name"},
        {"a: ''", "f.yml:1:4"},
        {"a: \"x\\0y\"", "a pattern holds a NUL character"},
        {"a: &a [*a]", "f.yml:1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arc_filters filters;
        struct arc_error err = {0};
        const char *text = cases[i].text;
        assert_int_equal(arc_filters_parse(text, strlen(text), "f.yml", &filters, &err),
                         ARC_EINPUT);
        if (!strstr(arc_error_text(&err), cases[i].message))
            fail_msg("%s: %s", text, arc_error_text(&err));
        arc_error_clear(&err);
    }
}

static void test_maximum(void **state)
{
    (void)state;
    struct arc_buf text = {0};
    struct arc_filters filters;
    arc_buf_puts(&text, "a:\n");
    for (int i = 0; i < ARC_RULES_MAX + 1; i++)
        arc_buf_puts(&text, " - x\n");
    assert_int_equal(arc_filters_parse(text.data, text.len, "f.yml", &filters, NULL), ARC_ELIMIT);
    arc_buf_free(&text);
}

static void test_input(void **state)
{
    (void)state;
    struct arc_filters filters;
    assert_int_equal(arc_filters_load(NULL, "a: x", &filters, NULL), 0);
    arc_filters_free(&filters);
    assert_int_equal(arc_filters_load("/nowhere", "a.yml", &filters, NULL), ARC_EINPUT);
    assert_int_equal(arc_filters_load(NULL, "/", &filters, NULL), ARC_EINPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),    cmocka_unit_test(test_places),
        cmocka_unit_test(test_negation), cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
