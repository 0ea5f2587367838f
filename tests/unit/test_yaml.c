#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "yaml/yaml.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

static struct arc_yaml parse(const char *text)
{
    struct arc_yaml yaml;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    if (arc_yaml_parse(text, strlen(text), "t", 0, &yaml, &err))
        fail_msg("%s\n%s", text, arc_error_text(&err));
    return yaml;
}

static void refuse(const char *text, size_t len, unsigned flags, int code, const char *message)
{
    struct arc_yaml yaml;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    assert_int_equal(arc_yaml_parse(text, len, "t", flags, &yaml, &err), code);
    assert_string_equal(arc_error_text(&err), message);
    arc_yaml_free(&yaml); /* a failed read leaves nothing to free, and freeing that is harmless */
}

/* The tree in one line: scalars as type:text, so that a test reads as the expected value. */
static void show(struct arc_buf *out, const struct arc_yaml_node *node)
{
    static const char letter[] = {[ARC_YAML_NULL] = 'n',
                                  [ARC_YAML_BOOL] = 'b',
                                  [ARC_YAML_INT] = 'i',
                                  [ARC_YAML_FLOAT] = 'f',
                                  [ARC_YAML_STRING] = 's'};
    if (node->type == ARC_YAML_LIST) {
        arc_buf_puts(out, "[");
        for (size_t i = 0; i < node->count; i++) {
            arc_buf_puts(out, i ? " " : "");
            show(out, node->items[i]);
        }
        arc_buf_puts(out, "]");
    } else if (node->type == ARC_YAML_MAP) {
        arc_buf_puts(out, "{");
        for (size_t i = 0; i < node->count; i++) {
            arc_buf_puts(out, i ? " " : "");
            show(out, node->pairs[i].key);
            arc_buf_puts(out, node->pairs[i].merged ? "<" : "=");
            show(out, node->pairs[i].value);
        }
        arc_buf_puts(out, "}");
    } else
        arc_buf_printf(out, "%c:%s", letter[node->type], node->text ? node->text : "");
}

static void expect(const char *text, const char *tree)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = parse(text);
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    show(&shown, yaml.root);
    assert_string_equal(arc_buf_text(&shown), tree);
}

/* As js-yaml 4.1 answers: load('- ' + text). */
static void test_core_schema(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"~", "n"},           {"null", "n"},    {"NULL", "n"},
        {"nULL", "s"},        {"", "n"},        {"true", "b"},
        {"TRUE", "b"},        {"tRUE", "s"},    {"yes", "s"},
        {"no", "s"},          {"on", "s"},      {"off", "s"},
        {"False", "b"},       {"0", "i"},       {"-0", "i"},
        {"+12", "i"},         {"0123", "i"},    {"0o17", "i"},
        {"0o18", "s"},        {"0xFf", "i"},    {"0xg", "s"},
        {"0b101", "i"},       {"0b2", "s"},     {"1_000", "i"},
        {"_1", "s"},          {"1_", "s"},      {"0x_1", "s"},
        {"-", "n"},           {"+", "s"},       {"1.", "f"},
        {".5", "f"},          {"-.5", "s"},     {"1e3", "f"},
        {"1.5e-3", "f"},      {"1e", "s"},      {"1.2.3", "s"},
        {"4222", "i"},        {".", "s"},       {"..", "s"},
        {".inf", "f"},        {"-.INF", "f"},   {".nan", "f"},
        {"-.nan", "s"},       {"1_0.5_0", "f"}, {"12:30:45", "s"},
        {"2026-02-23", "s"},  {"'1'", "s"},     {"\"true\"", "s"},
        {"services/**", "s"}, {"!!str 1", "s"}, {"!!int '7'", "i"},
        {"!!float 1", "f"},   {"! 1", "s"},     {"!!null ''", "n"},
        {"1e+3", "f"},        {"0x", "s"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        char text[64];
        /* a lone "-" would nest; in a flow list it is a plain scalar's start and no value */
        snprintf(text, sizeof text, "- %s\n", table[i][0]);
        ARC_AUTO(arc_yaml) struct arc_yaml yaml = parse(text);
        const struct arc_yaml_node *node = yaml.root->items[0];
        if (strcmp(table[i][0], "-") == 0)
            node = node->items[0];
        static const char letters[] = "nbifs";
        assert_true(node->type <= ARC_YAML_STRING);
        if (letters[node->type] != table[i][1][0])
            fail_msg("%s is %s", table[i][0], arc_yaml_type_name(node));
    }
}

static void test_names_of_types(void **state)
{
    (void)state;
    static const char *const names[] = {"nothing",  "true or false", "a number", "a number",
                                        "a string", "a list",        "a mapping"};
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = parse("[~, true, 1, 1.5, x, [], {}]");
    for (size_t i = 0; i < COUNT(names); i++)
        assert_string_equal(arc_yaml_type_name(yaml.root->items[i]), names[i]);
    assert_string_equal(arc_yaml_type_name(NULL), "nothing");
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
        bool fits;
    } table[] = {{"4222", 4222, true},
                 {"-7", -7, true},
                 {"0x1F", 31, true},
                 {"0o17", 15, true},
                 {"-0b11", -3, true},
                 {"1_000", 1000, true},
                 {"9223372036854775807", INT64_MAX, true},
                 {"9223372036854775808", 0, false},
                 {"99999999999999999999999", 0, false},
                 {"1.0", 0, false},
                 {"'1'", 0, false}};
    for (size_t i = 0; i < COUNT(table); i++) {
        ARC_AUTO(arc_yaml) struct arc_yaml yaml = parse(table[i].text);
        int64_t value = 0;
        assert_int_equal(arc_yaml_int(yaml.root, &value), table[i].fits);
        assert_true(value == table[i].value);
    }
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = parse("[True, FALSE, 'true', yes]");
    assert_true(arc_yaml_bool(yaml.root->items[0]));
    for (size_t i = 1; i < 4; i++)
        assert_false(arc_yaml_bool(yaml.root->items[i]));
}

static void test_trees(void **state)
{
    (void)state;
    expect("a: 1\nb: [x, 'y']\nc: {d: ~}\n", "{s:a=i:1 s:b=[s:x s:y] s:c={s:d=n:~}}");
    expect("", "n:");
    expect("# only a comment\n", "n:");
    expect("---\n...\n", "n:");
    expect("a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{s:a=s:x\ny\n s:b=s:x y}");
    expect("'<<': {a: 1}\n", "{s:<<={s:a=i:1}}"); /* quoted: no merge key */
    expect("\xef\xbb\xbf"
           "a: b\n",
           "{s:a=s:b}");
    expect("%YAML 1.2\n---\na\n", "s:a");
    expect("on:\n  push:\n    branches: [main]\n", "{s:on={s:push={s:branches=[s:main]}}}");
}

/* js-yaml's order and precedence: storeMappingPair() and mergeMappings() in its loader. */
static void test_merge(void **state)
{
    (void)state;
    expect(
        "- &a {x: 1, y: 2}\n- {<<: *a, x: 3}\n- {x: 3, <<: *a}\n- {y: 0, <<: [*a, {z: 9, x: 8}]}\n",
        "[{s:x=i:1 s:y=i:2} {s:x=i:3 s:y<i:2} {s:x=i:3 s:y<i:2} {s:y=i:0 s:x<i:1 s:z<i:9}]");
    expect("- &a {x: 1}\n- &b {<<: *a, w: 2}\n- {<<: *b}\n- {<<: *a, <<: {x: 5, v: 6}}\n",
           "[{s:x=i:1} {s:x<i:1 s:w=i:2} {s:x<i:1 s:w<i:2} {s:x<i:1 s:v<i:6}]");
    refuse("<<: 1\n", 6, 0, ARC_EINPUT, "t:1:5: '<<' can only merge mappings, this is a number");
    refuse("<<: [{a: 1}, b]\n", 16, 0, ARC_EINPUT,
           "t:1:14: '<<' can only merge mappings, this is a string");
}

static void test_alias_is_shared(void **state)
{
    (void)state;
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = parse("[&a [x], *a, &a y, *a]");
    assert_ptr_equal(yaml.root->items[0], yaml.root->items[1]);
    assert_ptr_equal(yaml.root->items[2], yaml.root->items[3]);
    assert_true(arc_yaml_is(yaml.root->items[3], "y"));
}

static void test_places(void **state)
{
    (void)state;
    ARC_AUTO(arc_yaml)
    struct arc_yaml yaml = parse("# c\nservices:\n  - \xc3\xa9t\xc3\xa9: {port: 1}\n  -\n    x\n");
    const struct arc_yaml_node *list = arc_yaml_get(yaml.root, "services");
    const struct arc_yaml_node *port = arc_yaml_get(list->items[0]->pairs[0].value, "port");
    assert_int_equal(list->line, 3);
    assert_int_equal(list->column, 3);
    assert_int_equal(port->line, 3);
    assert_int_equal(port->column, 17); /* in characters, as editors count */
    assert_int_equal(list->items[1]->line, 5);
    ARC_AUTO(arc_error) struct arc_error err = {0};
    assert_int_equal(arc_yaml_error(port, &err, "no %s", "good"), ARC_EINPUT);
    assert_string_equal(arc_error_text(&err), "t:3:17: no good");
    assert_string_equal(err.place.file, "t");
    assert_int_equal(err.place.line, 3);
    assert_int_equal(err.place.column, 17);
}

static void test_lookup(void **state)
{
    (void)state;
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = parse("a: {b: {c: d}}\n1: e\nl: [a]\n");
    assert_true(arc_yaml_is(arc_yaml_at(yaml.root, "a", "b", "c"), "d"));
    assert_null(arc_yaml_at(yaml.root, "a", "x", "c"));
    assert_null(arc_yaml_at(yaml.root, "l", "a"));
    assert_null(arc_yaml_get(NULL, "a"));
    assert_true(arc_yaml_is(arc_yaml_get(yaml.root, "1"), "e"));
    assert_int_equal(arc_yaml_key(yaml.root, "l")->line, 3);
    assert_false(arc_yaml_is(arc_yaml_key(yaml.root, "1"), "1")); /* a number, no string */
    assert_true(arc_yaml_reads(arc_yaml_key(yaml.root, "1"), "1"));
    assert_false(arc_yaml_is(arc_yaml_get(yaml.root, "a"), "a"));
}

static void test_errors(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"a: 1\nb: 2\na: 3\n", "t:3:1: the key 'a' is here twice, first on line 1"},
        {"{1: a, '1': b}", "t:1:8: the key '1' is here twice, first on line 1"},
        {"a: *x\n",
         "t:1:4: no anchor before this alias is named 'x'; put a value that starts with '*' into quotes"},
        {"&a [*a]\n", "t:1:5: this alias names a value that contains it"},
        {"&a {b: {c: *a}}\n", "t:1:12: this alias names a value that contains it"},
        {"&a {<<: *a}\n", "t:1:9: this alias names a value that contains it"},
        {"a\n---\nb\n", "t:2:1: a second document starts here; one is expected"},
        {"[a, b]: c\n", "t:1:1: a key must be a plain value, this is a list"},
        {"? {a: b}\n: c\n", "t:1:3: a key must be a plain value, this is a mapping"},
        {"a: !thing b\n",
         "t:1:4: the tag '!thing' is unknown; put a value that starts with '!' into quotes"},
        {"a: !!int b\n", "t:1:4: this is not a value of its tag !!int"},
        {"a: [b\n",
         "t:2:1: a ',' or the closing ']' is missing (while parsing a flow sequence, on line 1)"},
        {"a: {b: v{c}}\n", "t:1:9: a value with '{' or '}' needs quotes here"},
        {"a: [*.md]\n",
         "t:1:6: '*' and '&' start the name of an anchor: put a value that starts so into quotes "
         "(while scanning an alias, on line 1)"},
        {"a:\n  b: c\n d: e\n",
         "t:3:2: a key is expected here, indented as those before it (while parsing a block "
         "mapping, on line 1)"},
        {"a:\n- b\nc\n",
         "t:4:1: a ':' is missing behind a key (while scanning a simple key, on line 3)"},
        {"a: b: c\n", "t:1:5: a second ': ' on one line: put the value into quotes"},
        {"a:\n\tb: c\n", "t:2:1: there is a tab here; YAML is indented with spaces"},
        {"a: @b\n",
         "t:1:4: no value starts with this character: put the value into quotes (while scanning "
         "for the next token, on line 1)"},
        {"a: '\n",
         "t:2:1: the text ends before a quote is closed (while scanning a quoted scalar, on line "
         "1)"},
        {"a: \xff\n", "t:1:4: invalid leading UTF-8 octet (0xff)"},
        {"a\nb: \x01\n", "t:2:4: control characters are not allowed (0x01)"},
        {"\"\\e]0;x\": 1\n\"\\e]0;x\": 2\n",
         "t:2:1: the key '\\x1b]0;x' is here twice, first on line 1"},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        refuse(table[i][0], strlen(table[i][0]), 0, ARC_EINPUT, table[i][1]);
    refuse("a: \0\n", 5, 0, ARC_EINPUT, "t:1:4: control characters are not allowed (0x00)");
}

static void test_any_tag(void **state)
{
    (void)state;
    struct arc_yaml yaml;
    const char *text = "a: !reset 1\nb: !override [x]\n";
    assert_int_equal(arc_yaml_parse(text, strlen(text), "t", ARC_YAML_ANY_TAG, &yaml, NULL), 0);
    assert_string_equal(arc_yaml_get(yaml.root, "a")->tag, "!reset");
    assert_int_equal(arc_yaml_get(yaml.root, "a")->type, ARC_YAML_INT);
    assert_string_equal(arc_yaml_get(yaml.root, "b")->tag, "!override");
    arc_yaml_free(&yaml);
}

/* Ten aliases of ten aliases …: 10^9 values from 300 bytes, stopped at the limit. */
static void test_alias_bomb(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    arc_buf_puts(&text, "a0: &a0 x\n");
    for (int i = 1; i < 10; i++) {
        arc_buf_printf(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            arc_buf_printf(&text, "%s*a%d", k ? "," : "", i - 1);
        arc_buf_puts(&text, "]\n");
    }
    refuse(text.data, text.len, 0, ARC_ELIMIT,
           "t:6:46: more than 100000 values after replacing every alias");
}

static void test_merge_bomb(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    arc_buf_puts(&text, "- &m {");
    for (int i = 0; i < 1000; i++)
        arc_buf_printf(&text, "k%d: v,", i);
    arc_buf_puts(&text, "}\n");
    for (int i = 0; i < 200; i++)
        arc_buf_puts(&text, "- {<<: *m}\n");
    struct arc_yaml yaml;
    assert_int_equal(arc_yaml_parse(text.data, text.len, "t", 0, &yaml, NULL), ARC_ELIMIT);
}

static void nested(struct arc_buf *text, int levels)
{
    arc_buf_reset(text);
    for (int i = 0; i < levels; i++)
        arc_buf_putc(text, '[');
    for (int i = 0; i < levels; i++)
        arc_buf_putc(text, ']');
}

static void test_depth(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    struct arc_yaml yaml;
    nested(&text, ARC_YAML_DEPTH);
    assert_int_equal(arc_yaml_parse(text.data, text.len, "t", 0, &yaml, NULL), 0);
    arc_yaml_free(&yaml);
    nested(&text, ARC_YAML_DEPTH + 1);
    refuse(text.data, text.len, 0, ARC_ELIMIT, "t:1:101: nested deeper than 100 levels");
    arc_buf_reset(&text); /* depth by aliases: each line adds ten levels to the one before */
    arc_buf_puts(&text, "- &a0 x\n");
    for (int i = 1; i < 12; i++)
        arc_buf_printf(&text, "- &a%d [[[[[[[[[[*a%d]]]]]]]]]]\n", i, i - 1);
    refuse(text.data, text.len, 0, ARC_ELIMIT, "t:11:9: nested deeper than 100 levels");
}

static void test_size(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    arc_buf_puts(&text, "#");
    while (text.len < ARC_YAML_BYTES)
        arc_buf_putc(&text, 'x');
    struct arc_yaml yaml;
    assert_int_equal(arc_yaml_parse(text.data, text.len, "t", 0, &yaml, NULL), 0);
    arc_yaml_free(&yaml);
    arc_buf_putc(&text, 'x');
    refuse(text.data, text.len, 0, ARC_ELIMIT, "t: longer than 1048576 bytes");
    arc_buf_reset(&text);
    arc_buf_puts(&text, "[");
    for (int i = 0; i < ARC_YAML_NODES; i++)
        arc_buf_puts(&text, "a,");
    arc_buf_puts(&text, "]");
    assert_int_equal(arc_yaml_parse(text.data, text.len, "t", 0, &yaml, NULL), ARC_ELIMIT);
    arc_buf_reset(&text);
    for (int i = 0; i < 1001; i++)
        arc_buf_printf(&text, "- &a%d x\n", i);
    refuse(text.data, text.len, 0, ARC_ELIMIT, "t:1001:3: more than 1000 anchors");
}

static void test_many_keys(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    for (int i = 0; i < 40000; i++)
        arc_buf_printf(&text, "k%d: %d\n", i, i);
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = parse(text.data);
    assert_int_equal(yaml.root->count, 40000);
    for (size_t i = 0; i < 40000; i += 997) {
        int64_t value = -1;
        assert_true(arc_yaml_int(yaml.root->pairs[i].value, &value));
        assert_int_equal(value, i);
    }
}

static void test_read(void **state)
{
    (void)state;
    char path[] = "/tmp/arcci-yaml-XXXXXX";
    const char *name = path + strlen("/tmp/");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a: [\n", 5), 5);
    close(fd);
    struct arc_yaml yaml;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    assert_int_equal(arc_yaml_read_in("/tmp", name, 0, &yaml, &err), ARC_EINPUT);
    assert_non_null(strstr(arc_error_text(&err), ":2:1: "));
    unlink(path);
    assert_int_equal(arc_yaml_read_in("/tmp", name, 0, &yaml, &err), ARC_ENOTFOUND);
    assert_non_null(strstr(arc_error_text(&err), "No such file or directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_core_schema), cmocka_unit_test(test_names_of_types),
        cmocka_unit_test(test_values),      cmocka_unit_test(test_trees),
        cmocka_unit_test(test_merge),       cmocka_unit_test(test_alias_is_shared),
        cmocka_unit_test(test_places),      cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_errors),      cmocka_unit_test(test_any_tag),
        cmocka_unit_test(test_alias_bomb),  cmocka_unit_test(test_merge_bomb),
        cmocka_unit_test(test_depth),       cmocka_unit_test(test_size),
        cmocka_unit_test(test_many_keys),   cmocka_unit_test(test_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
