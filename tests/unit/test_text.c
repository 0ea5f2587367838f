#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/platform.h"
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
    assert_true(arc_text_is_visible("a\xc3\xbc\xe2\x82\xac"));
    assert_false(arc_text_is_visible("a\xc3\xbc\xe2\x80\xae"));
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

    /* The longest beginning of a character, else a byte. */
    static const struct {
        const char *text;
        size_t len;
    } beginnings[] = {{"\x80", 1},
                      {"\xff", 1},
                      {"\xc3", 1},
                      {"\xc3"
                       "A",
                       1},
                      {"\xe2\x82", 2},
                      {"\xe2\x82"
                       "A",
                       2},
                      {"\xe2"
                       "AB",
                       1},
                      {"\xe0\x80\x80", 1},
                      {"\xed\xa0\x80", 1},
                      {"\xf0\x9f", 2},
                      {"\xf0\x9f\x98", 3},
                      {"\xf0\x9f\x98"
                       "A",
                       3},
                      {"\xf0\x80", 1},
                      {"\xf4\x90\x80", 1},
                      {"\xf4\x8f\xbf", 3},
                      {"\xf5\x80", 1},
                      {"\xef\xbf"
                       "AB",
                       2}};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        const char *text = beginnings[i].text;
        uint32_t point = 0;
        assert_int_equal(arc_utf8_point(text, strlen(text), &point), beginnings[i].len);
        assert_int_equal(point, 0xfffd);
    }
}

/* The bytes of a code point, as RFC 3629 has its table; surrogates too. */
static size_t encode(uint32_t point, char *out)
{
    size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = len; i-- > 1; point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    static const unsigned lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[len] | point);
    return len;
}

static bool is_white_space(uint32_t c)
{
    return (c >= 9 && c <= 0xd) || c == 0x20 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000 || c == 0xfeff;
}

/* What each function says of every code point there is, and of those just beyond. */
static void test_every_code_point(void **state)
{
    (void)state;
    for (uint32_t point = 1; point < 0x110400; point++) {
        char text[5] = "";
        size_t len = encode(point, text);
        bool valid = point < 0x110000 && (point < 0xd800 || point > 0xdfff);
        bool shown = valid && point >= 0x20 && (point < 0x7f || point > 0x9f) &&
                     (point < 0x202a || point > 0x202e) && (point < 0x2066 || point > 0x2069);
        uint32_t found = 0;

        bool right = arc_utf8_length(text, len) == (valid ? len : 0) &&
                     arc_utf8_valid(text, len) == valid && arc_text_is_visible(text) == shown;
        if (valid)
            right = right && arc_utf8_point(text, len, &found) == len && found == point &&
                    arc_text_utf16(text, len) == 1u + (point >= 0x10000) &&
                    arc_text_space(text, len) == (is_white_space(point) ? len : 0);
        if (!right)
            fail_msg("U+%04X: length %zu, valid %d, shown %d, U+%04X, space %zu", point,
                     arc_utf8_length(text, len), arc_utf8_valid(text, len),
                     arc_text_is_visible(text), found, arc_text_space(text, len));
    }
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

/* The pieces of a text, each in brackets. */
static void pieces(const char *text, const char *separators, const char *expected)
{
    struct arc_buf out = {0};
    arc_each_piece (piece, text, separators) {
        piece.len = arc_text_strip(piece.text, piece.len, " \r");
        arc_buf_printf(&out, "[%.*s]", (int)piece.len, piece.text);
    }
    assert_string_equal(arc_buf_text(&out), expected);
    arc_buf_free(&out);
}

static void test_pieces(void **state)
{
    (void)state;
    pieces("", "\n", "");
    pieces("a", "\n", "[a]");
    pieces("a\r\n\nb\n", "\n", "[a][][b]");
    pieces(",a ,b,", ",", "[][a][b]");
    pieces("a b,c", " ,", "[a][b][c]");
    pieces("a:b", "", "[a:b]");
}

static void test_what_ends_a_text(void **state)
{
    (void)state;
    struct arc_buf text = {0};
    assert_int_equal(arc_text_strip("a//", 3, "/"), 1);
    assert_int_equal(arc_text_strip("//", 2, "/"), 0);
    assert_int_equal(arc_text_strip("a\0", 2, "/"), 2); /* NUL is none of them */
    arc_buf_strip(&text, "/");
    assert_int_equal(text.len, 0);
    arc_buf_puts(&text, "a. \n");
    arc_buf_strip(&text, " \n");
    assert_string_equal(arc_buf_text(&text), "a.");
    arc_buf_free(&text);
}

/* As containerd's platforms.Normalize() spells them. */
static void test_platforms(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"amd64", "linux/amd64"},
        {"Linux/X86_64", "linux/amd64"},
        {"linux/x86_64/v1", "linux/amd64"},
        {"linux/amd64/v3", "linux/amd64/v3"},
        {"linux/i386", "linux/386"},
        {"linux/aarch64", "linux/arm64"},
        {"linux/arm64/v8", "linux/arm64"},
        {"linux/arm64/v9", "linux/arm64/v9"},
        {"linux/arm", "linux/arm/v7"},
        {"linux/arm/6", "linux/arm/v6"},
        {"linux/armhf", "linux/arm/v7"},
        {"linux/armel", "linux/arm/v6"},
        {"macOS/aarch64", "darwin/arm64"},
        {"a/b/c", "a/b/c"},
        {"linux//v7", ""},
        {"linux/arm/v7/x", ""},
        {"linux/arm 64", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char out[ARC_PLATFORM_SIZE];
        assert_true(arc_platform_normalize(pairs[i][0], out) == (*pairs[i][1] != '\0'));
        assert_string_equal(out, pairs[i][1]);
    }

    assert_true(arc_platform_listed("linux/amd64*, linux/arm64\nx", "linux/amd64"));
    assert_true(arc_platform_listed("linux/amd64*, linux/arm64\nx", "linux/arm64"));
    assert_false(arc_platform_listed("linux/amd64*, linux/arm64\nx", "linux/arm"));
    assert_false(arc_platform_listed("linux/amd64*, linux/arm64\nx", "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_visible),
        cmocka_unit_test(test_every_byte_everywhere),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_what_ends_a_text),
        cmocka_unit_test(test_platforms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
