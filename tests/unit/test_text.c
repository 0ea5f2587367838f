#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/text.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static void visible(const char *text, size_t len, const char *expected)
{
    struct arc_buf out = {0};
    arc_text_visible(&out, text, len);
    assert_string_equal(arc_buf_text(&out), expected);
    arc_buf_free(&out);
}

static void test_visible(void **state)
{
    (void)state;
    visible("", 0, "");
    visible("plain text", 10, "plain text");
    visible("a\nb\tc\x7f", 6, "a\\x0ab\\x09c\\x7f");
    visible("\x1b[31m", 5, "\\x1b[31m");
    visible("\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80", 11, "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80");
    visible("\xe2\x80\xae", 3, "\\xe2\\x80\\xae");
    visible("\xc2\x85", 2, "\\xc2\\x85");
    visible("\xff\xc3", 2, "\\xff\\xc3");
    visible("a\0b", 3, "a\\x00b");
}

/* Every byte at every place of a run that is taken eight at a time. */
static void test_every_byte_everywhere(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++)
        for (size_t place = 0; place < 17; place++) {
            char text[17], expected[64] = "", shown[8];
            memset(text, 'x', sizeof text);
            text[place] = (char)byte;
            bool plain = byte >= 0x20 && byte < 0x7f;
            if (plain)
                snprintf(shown, sizeof shown, "%c", (int)byte);
            else
                snprintf(shown, sizeof shown, "\\x%02x", byte);
            for (size_t i = 0; i < sizeof text; i++)
                strcat(expected, i == place ? shown : "x");
            visible(text, sizeof text, expected);
            assert_int_equal(arc_utf8_valid(text, sizeof text), byte < 0x80);
        }
}

static void test_utf8(void **state)
{
    (void)state;
    static const char *const malformed[] = {"\x80",         "\xc0\xaf",         "\xc3",
                                            "\xe0\x80\x80", "\xed\xa0\x80",     "\xe2\x82",
                                            "\xf4\x90\x80", "\xf0\x80\x80\x80", "\xf5\x80\x80\x80"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        assert_false(arc_utf8_valid(malformed[i], strlen(malformed[i])));
    assert_true(arc_utf8_valid("eight ch\xc3\xa4racters", 17));
    assert_int_equal(arc_utf8_length("\xf0\x9f\x98\x80", 4), 4);
    assert_int_equal(arc_utf8_length("\xf0\x9f\x98\x80", 3), 0);
}

static void test_size(void **state)
{
    static const struct {
        int64_t bytes, base;
        const char *text;
    } cases[] = {
        {0, -1, "0.0 kB"},
        {999940, -1, "999.9 kB"},
        {999950, -1, "1.0 MB"},
        {12345678, -1, "12.3 MB"},
        {2500000000, -1, "2.5 GB"},
        {(int64_t)1 << 48, -1, "281.5 TB"},
        {12400000, 12000000, "12.4 MB (+0.4 MB)"},
        {12000000, 12400000, "12.0 MB (-0.4 MB)"},
        {12400000, 12400001, "12.4 MB (same)"},
        {12400000, 0, "12.4 MB (+12.4 MB)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ARC_AUTO(arc_buf) struct arc_buf text = {0};
        arc_text_size(&text, cases[i].bytes, cases[i].base);
        assert_string_equal(arc_buf_text(&text), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_visible),
        cmocka_unit_test(test_every_byte_everywhere),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
