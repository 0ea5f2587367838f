#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "arcci/template.h"
#include "base/auto.h"
#include "base/markdown.h"
#include "base/template.h"
#include <cmocka.h>
#include <string.h>

static const char values_json[] =
    "{\"name\": \"x<y\", \"n\": 7, \"zero\": 0, \"none\": null, \"empty\": \"\", \"yes\": true,"
    " \"no\": false, \"real\": 1.5, \"list\": [{\"name\": \"a\"}, {\"name\": \"b\"}],"
    " \"words\": [\"p\", \"q\", \"r\"], \"nothing\": [], \"deep\": {\"er\": {\"est\": \"z\"}},"
    " \"url\": \"https://h/a b(c)\"}";

struct rendered {
    int rc;
    struct arc_buf text;
    struct arc_error err;
};

static void rendered_free(struct rendered *r)
{
    arc_buf_free(&r->text);
    arc_error_clear(&r->err);
}

static struct rendered render(const char *template, size_t len)
{
    struct rendered r = {0};
    ARC_AUTO(arc_template) struct arc_template parsed = {0};
    ARC_AUTO_JSON json_t *values = json_loads(values_json, 0, NULL);
    assert_non_null(values);
    r.rc = arc_template_parse("t.md", template, len, false, &parsed, &r.err);
    if (!r.rc)
        r.rc = arc_template_render(&parsed, values, &r.text, &r.err);
    return r;
}

static void renders(const char *template, const char *expected)
{
    ARC_AUTO(rendered) struct rendered r = render(template, strlen(template));
    if (r.rc)
        fail_msg("%s: %s", template, arc_error_text(&r.err));
    assert_string_equal(arc_buf_text(&r.text), expected);
}

static void refuses(const char *template, int code, const char *message)
{
    ARC_AUTO(rendered) struct rendered r = render(template, strlen(template));
    if (r.rc != code || !strstr(arc_error_text(&r.err), message))
        fail_msg("%s: %d, %s", template, r.rc, arc_error_text(&r.err));
}

static void test_values(void **state)
{
    (void)state;
    renders("", "");
    renders("plain { } }} text", "plain { } }} text");
    renders("{{name}} {{ n }} {{none}}{{empty}} {{yes}} {{real}}", "x&lt;y 7  true 1.5");
    renders("{{deep.er.est}} {{none.of.this}}.", "z .");
    renders("{{code name}} [a]({{url url}}) {{shell name}} {{line name}} {{text name}}",
            "`x<y` [a](https://h/a%20b%28c%29) 'x<y' x<y x&lt;y");
    renders("a{{! a comment }}b", "ab");
}

static void test_sections(void **state)
{
    (void)state;
    renders("{{#list}}{{name}},{{/list}}", "a,b,");
    renders("{{#words}}{{.}}{{^@last}}, {{/@last}}{{/words}}", "p, q, r");
    renders("{{#words}}{{@number}}{{#@first}}!{{/@first}} {{/words}}", "1! 2 3 ");
    renders("{{#deep}}{{er.est}}{{n}}{{/deep}}", "z7");
    renders("{{#nothing}}x{{/nothing}}{{^nothing}}y{{/nothing}}", "y");
    renders("{{#zero}}x{{/zero}}{{#none}}x{{/none}}{{#empty}}x{{/empty}}{{#no}}x{{/no}}", "");
    renders("{{^zero}}a{{/zero}}{{^none}}b{{/none}}{{^empty}}c{{/empty}}{{^yes}}d{{/yes}}", "abc");
    renders("{{#list}}{{#words}}{{name}}{{.}}{{#yes}}{{#@last}};{{/@last}}{{/yes}}{{/words}}"
            "{{/list}}",
            "apaqar;bpbqbr;");
}

/* The lines of tags that stand alone go with them, and only those. */
static void test_lines(void **state)
{
    (void)state;
    renders("a\n  {{#yes}}  \nb\n{{/yes}}\nc", "a\nb\nc");
    renders("a\n{{! note }}\nb", "a\nb");
    renders("{{#yes}}\r\nx\r\n{{/yes}}", "x\r\n");
    renders("a {{#yes}}\nb{{/yes}}\n", "a \nb\n");
    renders("a\n{{n}}\nb", "a\n7\nb");
    renders("{{#yes}} {{/yes}}\n", " \n");
}

static void test_errors(void **state)
{
    (void)state;
    refuses("a\nb {{nmae}}", ARC_EINPUT, "t.md:2:5: '{{nmae}}' is not a value");
    refuses("{{deep.no}}", ARC_EINPUT, "t.md:1:3: '{{deep.no}}' is not a value");
    refuses("{{#nmae}}{{/nmae}}", ARC_EINPUT, "t.md:1:4: '{{nmae}}' is not a value");
    refuses("{{list}}", ARC_EINPUT, "is a list or has parts");
    refuses("\xc3\xa4{{#yes}}", ARC_EINPUT, "t.md:1:5: '{{yes}}' is never closed");
    refuses("{{/yes}}", ARC_EINPUT, "closes a section that is not open");
    refuses("{{#yes}}{{#no}}{{/yes}}", ARC_EINPUT, "t.md:1:16: '{{yes}}' does not close");
    refuses("{{name", ARC_EINPUT, "t.md:1:1: '{{name}}' has no end");
    refuses("{{{name}}}", ARC_EINPUT, "asks for an unescaped value");
    refuses("{{& name}}", ARC_EINPUT, "asks for an unescaped value");
    refuses("{{bold name}}", ARC_EINPUT, "names no place that is known");
    refuses("{{code name x}}", ARC_EINPUT, "is not a name");
    refuses("{{}}", ARC_EINPUT, "is not a name");
    refuses("{{a..b}}", ARC_EINPUT, "is not a name");
    refuses("{{.a}}", ARC_EINPUT, "is not a name");
    refuses("{{@last}}", ARC_EINPUT, "is outside of a list");
    refuses("{{#@last}}{{/@last}}", ARC_EINPUT, "is outside of a list");
    refuses("{{a\x1b[31m b}}", ARC_EINPUT, "'{{a\\x1b[31m b}}'");
    refuses("\xff", ARC_EINPUT, "is not UTF-8 text");
    ARC_AUTO(rendered) struct rendered nul = render("a\0b", 3);
    assert_int_equal(nul.rc, ARC_EINPUT);
}

/* The program's own texts say more (base/template.h). */
static void fills(const char *template, const char *expected)
{
    static const struct arc_template_place places[] = {{"line", arc_markdown_line}, {0}};
    ARC_AUTO(rendered) struct rendered r = {0};
    ARC_AUTO_JSON json_t *values = json_loads(values_json, 0, NULL);
    if (arc_template_fill(template, places, values, &r.text, &r.err))
        fail_msg("%s: %s", template, arc_error_text(&r.err));
    assert_string_equal(arc_buf_text(&r.text), expected);
}

static void test_own(void **state)
{
    (void)state;
    fills("{{name}} {{text name}} {{nmae}}{{#nmae}}x{{/nmae}}{{^nmae.x}}y{{/nmae.x}}",
          "x<y x&lt;y y");
    fills("{{#list}}{{name}}{{.n}}{{n}}{{..name}} {{/list}}", "a7x<y b7x<y ");
    fills("{{name:5}}|{{name:.2}}|{{name:5.2}}|{{none:3}}|", "x<y  |x<|x<   |   |");
    fills("{{real:.2f}} {{n:.1f}} {{n:size}} {{none:.1f}}{{none:size}}", "1.50 7.0 0.0 kB ");
    fills("{{list:count}} entr{{list:s}} {{nothing:count}} {{n:s}} {{zero:s}}", "2 entrs 0 s s");
    fills("{{#list:count}}{{n}}{{/list:count}}{{^nothing:count}}!{{/nothing:count}}", "7!");
    fills("{{#zero:known}}0{{/zero:known}}{{^none:known}}?{{/none:known}}", "0?");
    fills("{{#name=x<y}}a{{/name=x<y}}{{^name=z}}b{{/name=z}}{{#n=7}}c{{/n=7}}", "ab");
    fills("{{#zero=.zero}}a{{/zero=.zero}}{{#zero=.n}}b{{/zero=.n}}", "a");
    fills("{{words:json}}", "[   \"p\",   \"q\",   \"r\" ]");
}

static void test_own_errors(void **state)
{
    static const char *const wrong[] = {"{{n:x}}", "{{n=7}}", "{{...n}}", "{{list}}",
                                        "{{n:.}}x{{/n}}"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ARC_AUTO(rendered) struct rendered r = {0};
        ARC_AUTO_JSON json_t *values = json_loads(values_json, 0, NULL);
        assert_int_equal(arc_template_fill(wrong[i], NULL, values, &r.text, &r.err), ARC_EINPUT);
    }
    refuses("{{n:s}}", ARC_EINPUT, "is not a name");
    refuses("{{#n=7}}{{/n=7}}", ARC_EINPUT, "is not a name");
}

static void test_limits(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    for (int i = 0; i < ARC_TEMPLATE_DEPTH; i++)
        arc_buf_puts(&text, "{{#yes}}");
    arc_buf_puts(&text, "x");
    for (int i = 0; i < ARC_TEMPLATE_DEPTH; i++)
        arc_buf_puts(&text, "{{/yes}}");
    renders(arc_buf_text(&text), "x");

    arc_buf_reset(&text);
    for (int i = 0; i <= ARC_TEMPLATE_DEPTH; i++)
        arc_buf_puts(&text, "{{#yes}}");
    refuses(arc_buf_text(&text), ARC_EINPUT, "is nested deeper than 16 sections");

    /* 3^16 rounds of loops in loops are cut short. */
    arc_buf_reset(&text);
    for (int i = 0; i < ARC_TEMPLATE_DEPTH; i++)
        arc_buf_puts(&text, "{{#words}}");
    for (int i = 0; i < ARC_TEMPLATE_DEPTH; i++)
        arc_buf_puts(&text, "{{/words}}");
    refuses(arc_buf_text(&text), ARC_ELIMIT, "the loops run more than");

    arc_buf_reset(&text);
    while (text.len <= ARC_TEMPLATE_MAX)
        arc_buf_puts(&text, "0123456789");
    refuses(arc_buf_text(&text), ARC_ELIMIT, "at most 262144 are read");
}

/* A template cut off anywhere is refused or rendered, never read beyond. */
static void test_every_prefix(void **state)
{
    (void)state;
    static const char whole[] = "{{#list}}\n {{code name}}{{^@last}}, {{/@last}}\n{{/list}} {{! c "
                                "}}{{url url}}{{deep.er.est}}";
    for (size_t len = 0; len < sizeof whole; len++) {
        char *part = malloc(len + 1);
        assert_non_null(part);
        memcpy(part, whole, len);
        ARC_AUTO(rendered) struct rendered r = render(part, len);
        free(part);
        assert_true(r.rc == ARC_OK || (r.rc == ARC_EINPUT && r.err.message));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_sections),
        cmocka_unit_test(test_lines),  cmocka_unit_test(test_errors),
        cmocka_unit_test(test_own),    cmocka_unit_test(test_own_errors),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
