#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/markdown.h"
#include "html/page.h"
#include <cmocka.h>
#include <string.h>

typedef void escape_fn(struct arc_buf *out, const char *text, size_t len);

struct pair {
    const char *given, *expected;
};

static void check(escape_fn *escape, const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ARC_AUTO(arc_buf) struct arc_buf out = {0};
        escape(&out, pairs[i].given, strlen(pairs[i].given));
        assert_string_equal(arc_buf_text(&out), pairs[i].expected);
    }
}

#define CHECK(escape, pairs) check(escape, pairs, sizeof(pairs) / sizeof *(pairs))

static void test_text(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"", ""},
        {"plain text, with (brackets) & signs!", "plain text, with (brackets) & signs!"},
        {"@ada", "@&#8203;ada"},
        {"a @ b", "a @ b"},
        {"<!-- x -->", "&lt;!-- x --&gt;"},
        {"&lt; &#64; & ;", "&amp;lt; &amp;#&#8203;64; & ;"},
        {"[a](b)", "\\[a\\](b)"},
        {"a|b`c$d", "a&#124;b&#96;c&#36;d"},
        {"*b* ~~s~~ _i_ snake_case _", "\\*b\\* \\~\\~s\\~\\~ \\_i\\_ snake_case \\_"},
        {"a\\", "a\\\\"},
        {"https://x.y www.x.y WWW.x", "https:&#8203;//x.y www&#8203;.x.y WWW&#8203;.x"},
        {"#1 a#2 GH-3 gh-x", "#&#8203;1 a#&#8203;2 GH&#8203;-3 gh-x"},
        {"# h", "\\# h"},
        {"C# and # too", "C# and \\# too"},
        {"- a", "\\- a"},
        {"+", "\\+"},
        {"::error::x", "&#58;:error::x"},
        {"1. a", "1\\. a"},
        {"12)", "12\\)"},
        {"1.2.3", "1.2.3"},
        {"==", "\\=="},
        {"  a \t\r\n b  ", "a b"},
        {"\x1b[31m", "\\\\x1b\\[31m"},
        {"\xe2\x80\xae", "\\\\xe2\\\\x80\\\\xae"},
        {"\xff", "\\\\xff"},
        {"h\xc3\xa4 \xf0\x9f\x8e\x89", "h\xc3\xa4 \xf0\x9f\x8e\x89"},
    };
    CHECK(arc_markdown_text, pairs);
}

static void test_code(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"", ""},
        {"a b", "`a b`"},
        {"<b>@x*", "`<b>@x*`"},
        {"a`b", "``a`b``"},
        {"``", "``` `` ```"},
        {"a\nb", "`a b`"},
        {"a|`", "<code>a&#124;&#96;</code>"},
        {"\\|\xc3\xa4", "<code>&#92;&#124;\xc3\xa4</code>"},
    };
    CHECK(arc_markdown_code, pairs);
}

static void test_url(void **state)
{
    (void)state;
    static const struct pair pairs[] = {
        {"https://h/a?b=c&d=%41#e", "https://h/a?b=c&amp;d=%41#e"},
        {"http://h/)](<\"'\\|`", "http://h/%29%5D%28%3C%22%27%5C%7C%60"},
        {"https://h/%zz%4", "https://h/%25zz%254"},
        {"https://h/\n\xc3\xa4", "https://h/%0A%C3%A4"},
        {"javascript:alert(1)", "#"},
        {"//h/x", "#"},
        {"", "#"},
    };
    CHECK(arc_markdown_url, pairs);
}

static void test_code_block(void **state)
{
    (void)state;
    static const struct pair lines[] = {
        {"docker pull x", "docker pull x"}, {"```", "\\```"}, {"~~~", "\\~~~"},
        {"a\n```\nb", "a ``` b"},           {"", ""},
    };
    CHECK(arc_markdown_line, lines);
    static const struct pair words[] = {
        {"ghcr.io/a/b@sha256:0f", "ghcr.io/a/b@sha256:0f"},
        {"a b", "'a b'"},
        {"$(x)", "'$(x)'"},
        {"it's", "'it'\\''s'"},
        {"", "''"},
        {"a\nb;c", "'a b;c'"},
    };
    CHECK(arc_markdown_shell, words);
}

/* A NUL is a byte like another, and a failed buffer stays failed. */
static void test_bytes(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    arc_markdown_text(&out, "a\0b", 3);
    assert_string_equal(arc_buf_text(&out), "a\\\\x00b");
    ARC_AUTO(arc_buf) struct arc_buf small = {.max = 4};
    arc_markdown_text(&small, "abcdef", 6);
    assert_int_equal(small.failed, ARC_ELIMIT);
}

/* What a page shows of release notes. */
static void test_html(void **state)
{
    (void)state;
#define LINK "<a rel=\"noopener noreferrer\" href="
    static const struct pair pairs[] = {
        {"", ""},
        {"# a\n###### b\n####### c\n#d\n", "<h2>a</h2>\n<h6>b</h6>\n<p>####### c</p>\n<p>#d</p>\n"},
        {"one\ntwo\n\n<!-- x -->\nthree", "<p>one two</p>\n<p>three</p>\n"},
        {"a\n* b\n+ c\n*d*\n", "<p>a</p>\n<ul>\n<li>b</li>\n<li>c</li>\n</ul>\n<p>*d*</p>\n"},
        {"[a](https://x/y \"z\") b",
         "<p><a rel=\"noopener noreferrer\" href=\"https://x/y\">a</a> b</p>\n"},
        {"- a\n- **b** c\n\n- d\n",
         "<ul>\n<li>a</li>\n<li><strong>b</strong> c</li>\n</ul>\n<ul>\n<li>d</li>\n</ul>\n"},
        {"```sh\na <b\n``\n```\nc",
         "<pre tabindex=\"0\"><code>a &lt;b\n``\n</code></pre>\n<p>c</p>\n"},
        {"````\n```\n````", "<pre tabindex=\"0\"><code>```\n</code></pre>\n"},
        {"| a | b\\|c |\n|---|---|\n| `d|e` |  |\n",
         "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"table of the notes\">"
         "<table><thead><tr><th>a</th><th>b|c</th></tr>\n</thead><tbody>\n"
         "<tr><td><code>d|e</code></td><td></td></tr>\n</tbody></table></div>\n"},
        {"| a | b\n|---|---\n| c | d ",
         "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"table of the notes\">"
         "<table><thead><tr><th>a</th><th>b</th></tr>\n</thead><tbody>\n"
         "<tr><td>c</td><td>d</td></tr>\n</tbody></table></div>\n"},
        {"# a\r\n\r\none\r\ntwo\r\n\r\n| a |\r\n|---|\r\n",
         "<h2>a</h2>\n<p>one two</p>\n"
         "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"table of the notes\">"
         "<table><thead><tr><th>a</th></tr>\n</thead><tbody>\n</tbody></table></div>\n"},
        {"| a |\nb", "<p>| a | b</p>\n"},
        {"`a` `` b`c `` ``` ``d`", "<p><code>a</code> <code>b`c</code> ``` ``d`</p>\n"},
        {"`a`` b`", "<p><code>a`` b</code></p>\n"},
        {"` ` `  a  `", "<p><code> </code> <code> a </code></p>\n"},
        {"[a **b**](https://x/y) [c](javascript:d) [e](http://)",
         "<p>" LINK "\"https://x/y\">a "
         "<strong>b</strong></a> [c](javascript:d) [e](http://)</p>\n"},
        {"&amp; &#64; &; &x &nbsp", "<p>&amp; &#64; &amp;; &amp;x &amp;nbsp</p>\n"},
        {"\\*a\\* \\a <br> <b> **x", "<p>*a* \\a <br> &lt;b&gt; **x</p>\n"},
    };
#undef LINK

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        ARC_AUTO(arc_buf) struct arc_buf out = {0};
        html_markdown(&out, pairs[i].given, strlen(pairs[i].given));
        assert_string_equal(arc_buf_text(&out), pairs[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),  cmocka_unit_test(test_code),
        cmocka_unit_test(test_url),   cmocka_unit_test(test_code_block),
        cmocka_unit_test(test_bytes), cmocka_unit_test(test_html),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
