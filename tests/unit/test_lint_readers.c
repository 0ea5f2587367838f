/* What lint reads of Dockerfiles and make files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/expand.h"
#include "lint/rule.h"
#include <cmocka.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* The instructions as "line KEYWORD|args" lines. */
static void expect_instructions(const char *text, const char *expected)
{
    ARC_AUTO(arc_dockerfile) struct arc_dockerfile dockerfile = {.at = text, .line = 1};
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    struct arc_instruction in;
    while (arc_dockerfile_next(&dockerfile, &in))
        arc_buf_printf(&shown, "%u %s|%s\n", in.line, in.keyword, in.args);
    assert_string_equal(arc_buf_text(&shown), expected);
}

static void test_instructions(void **state)
{
    (void)state;
    expect_instructions("", "");
    expect_instructions("# only\n\n", "");
    expect_instructions("FROM a", "1 FROM|a\n");
    expect_instructions("from a\r\n  USER\tb \n", "1 FROM|a\n2 USER|b\n");
    expect_instructions(
        "RUN a \\\n  b \\\n\n  # no part of it\n  && c\nUSER x\n",
        "1 RUN|a   b   && c\n6 USER|x\n"); /* blanks stay: "a\\" and " b" are two words */
    expect_instructions("RUN a \\", "1 RUN|a\n");
    expect_instructions("RUN <<EOF\nUSER root\n EOF\nEOF\nUSER x\n", "1 RUN|<<EOF\n5 USER|x\n");
    expect_instructions("COPY <<-'A' <<\"B\" /x\nUSER a\nA\nUSER b\nB\nUSER x\n",
                        "1 COPY|<<-'A' <<\"B\" /x\n6 USER|x\n");
    expect_instructions("COPY <<-\\A /x\nUSER a\n\tA\nUSER x\n", "1 COPY|<<-\\A /x\n4 USER|x\n");
    expect_instructions("COPY <<'\\A' /x\nA\n\\A\nUSER x\n", "1 COPY|<<'\\A' /x\n4 USER|x\n");
    expect_instructions("RUN echo it\\'s <<A\nUSER a\nA\nUSER x\n",
                        "1 RUN|echo it\\'s <<A\n4 USER|x\n");
    expect_instructions("RUN <<EOF\nUSER root\n", "1 RUN|<<EOF\n"); /* never closed */
    expect_instructions("RUN echo $((1 << 2))\nUSER x\n", "1 RUN|echo $((1 << 2))\n2 USER|x\n");
    expect_instructions("LABEL a=<<EOF\nUSER x\n", "1 LABEL|a=<<EOF\n2 USER|x\n");
    expect_instructions("AVERYLONGINSTRUCTIONNAME x\n", "1 AVERYLONGINSTRU|x\n");
}

static void test_expand(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *args = json_pack("{s:s, s:s}", "A", "nats:2", "E", "");
    static const struct {
        const char *text, *expected;
        bool known;
    } table[] = {
        {"plain", "plain", true},
        {"$A", "nats:2", true},
        {"${A}-x", "nats:2-x", true},
        {"x/$A/y", "x/nats:2/y", true},
        {"$B", "", false},
        {"${B}", "", false},
        {"${B:-d:1}", "d:1", true},
        {"${B-d}", "d", true},
        {"${E:-d}", "d", true},
        {"${E-d}", "", true},
        {"${A:-d}", "nats:2", true},
        {"${A:+x$A/}y", "xnats:2/y", true},
        {"${B:+$B/}y", "y", true},
        {"${E:+x}${E+y}", "y", true},
        {"${B:-${E:-d}}:1", "d:1", true},
        {"${B:-$B}", "", false},
        {"${B:?no}", "", false},
        {"${B:?no}/x${E?no}", "/x", false},
        {"${A:?no \"$B\"}/x", "nats:2/x", true},
        {"'$A' \"C:\\x\"", "'nats:2' \"C:\\x\"", true},
        {"${B:-${B:-${B:-${B:-${B:-${B:-${B:-${B:-${B:-x}}}}}}}}}", "", false},
        {"${A", "", false},
        {"$", "$", true},
        {"${", "", false},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        ARC_AUTO(arc_buf) struct arc_buf out = {0};
        bool known = arc_text_expand(table[i].text, args, &out);
        if (known != table[i].known || strcmp(arc_buf_text(&out), table[i].expected) != 0)
            fail_msg("%s gave '%s'", table[i].text, arc_buf_text(&out));
    }
}

static void test_words(void **state)
{
    (void)state;
    const char *text = "a=b c=\"d e\" 'f g'=h i\\ j \"k=l\"=m \\\"n\"\" o";
    static const char *const words[] = {"a=b", "c=d e", "f g=h", "i j", "k=l=m", "\"n", "o"};
    static const size_t equals[] = {1, 1, 3, 3, 3, 2, 1};
    ARC_AUTO(arc_buf) struct arc_buf word = {0};
    size_t at;
    for (size_t i = 0; i < COUNT(words); i++) {
        assert_true(arc_dockerfile_word(&text, &word, &at));
        assert_string_equal(arc_buf_text(&word), words[i]);
        assert_int_equal(at, equals[i]);
    }
    assert_false(arc_dockerfile_word(&text, &word, &at));
}

/* The names of an object in order, with their lines: "a:1 b:2". */
static void expect_names(const json_t *object, const char *expected)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    const char *name;
    json_t *line;
    json_object_foreach ((json_t *)object, name, line)
        arc_buf_printf(&shown, "%s%s:%d", shown.len ? " " : "", name,
                       (int)json_integer_value(line));
    assert_string_equal(arc_buf_text(&shown), expected);
}

static void test_makefile(void **state)
{
    (void)state;
    ARC_AUTO(arc_makefile) struct arc_makefile make = {0};
    const char *text = "A := x\nB ?= y: z\nC ::= w\n"         /* 1-3 variables */
                       ".PHONY: help build \\\n\tclean\n"     /* 4 */
                       "## help: show this\n"                 /* 6 */
                       "help: build\n\t@echo nothing: here\n" /* 7 */
                       "build clean:: x\n"                    /* 9 */
                       "define recipe\nnot-a-target: x\nendef\n"
                       "out/file.o: a\n%.o: %.c\n$(NAME): x\n.DEFAULT_GOAL := help\n"
                       "help: VAR = value\nclean: VAR := value\n"
                       "## none\n## empty: \n## clean: remove\n"
                       "deploy:build\n"
                       "ifeq (a,b)\n";
    assert_true(arc_makefile_read(text, &make));
    expect_names(make.phony, "help:4 build:4 clean:4");
    expect_names(make.targets, "help:7 build:9 clean:9 deploy:22");
    expect_names(make.comments, "help:6 clean:21");
}

/* Found by fuzzing: a rule whose only prerequisite ends the text. */
static void test_makefile_ends_in_a_rule(void **state)
{
    (void)state;
    ARC_AUTO(arc_makefile) struct arc_makefile make = {0};
    ARC_AUTO_FREE char *text = strdup("try: de");
    assert_true(arc_makefile_read(text, &make));
    expect_names(make.targets, "try:1");
}

static void test_makefile_of_another_system(void **state)
{
    (void)state;
    ARC_AUTO(arc_makefile) struct arc_makefile make = {0};
    assert_true(arc_makefile_read(".PHONY: a \\\r\n\tb\r\n## a: x\r\na b:\r\n", &make));
    expect_names(make.phony, "a:1 b:1");
    expect_names(make.targets, "a:4 b:4");
    expect_names(make.comments, "a:3");
}

static void test_placeholders(void **state)
{
    (void)state;
    struct arc_service service = {.codename = (char *)"flash",
                                  .name = (char *)"arc-flash",
                                  .directory = (char *)"services/messaging",
                                  .port = 4222};
    struct arc_group group = {.name = (char *)"messaging"};
    static const char *const table[][2] = {
        {"build-{codename}", "build-flash"},
        {"{directory}/**", "services/messaging/**"},
        {"{group}:{port}:{name}", "messaging:4222:arc-flash"},
        {"{tech}.", "."}, /* not said in service.yaml */
        {"{unknown}", "{unknown}"},
        {"${{ x }}", "${{ x }}"},
        {"{", "{"},
        {"{codename", "{codename"},
        {"{a-name-that-is-longer-than-any}", "{a-name-that-is-longer-than-any}"},
    };
    struct lint lint = {0};
    for (size_t i = 0; i < COUNT(table); i++)
        assert_string_equal(lint_expand(&lint, table[i][0], &service, &group), table[i][1]);
    assert_string_equal(lint_expand(&lint, "{codename}{group}", NULL, NULL), "{codename}{group}");
    arc_arena_free(&lint.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instructions),
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_makefile),
        cmocka_unit_test(test_makefile_ends_in_a_rule),
        cmocka_unit_test(test_makefile_of_another_system),
        cmocka_unit_test(test_placeholders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
