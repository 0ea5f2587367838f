#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/ignore.h"
#include "dockerfile/inputs.h"
#include "dockerfile/pattern.h"
#include "dockerfile/stages.h"
#include "os/folder.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- patterns ------------------------------------------------------------------------------ */

static void test_patterns(void **state)
{
    (void)state;
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    static const struct {
        const char *pattern, *path;
        bool ignore, matches;
    } cases[] = {
        {"a", "a", false, true},
        {"a", "a/b/c", false, true},
        {"a", "ab", false, false},
        {"*.txt", "x.txt", false, true},
        {"*.txt", "d/x.txt", false, false},
        {"*", ".hidden", false, true},
        {"a/*/c", "a/b/c/d", false, true},
        {"a/*/c", "a/c", false, false},
        {"?", "\xc3\xa9", false, true},
        {"?", "ab", false, false},
        {"[a-c]x", "bx", false, true},
        {"[^a-c]x", "bx", false, false},
        {"[^a-c]x", "dx", false, true},
        {"\\*", "*", false, true},
        {"\\*", "x", false, false},
        {"", "anything/at/all", false, true},
        {"a**b", "axxb", false, true},
        {"a**b", "a/b", false, false},
        {"**/x", "x", true, true},
        {"**/x", "a/b/x", true, true},
        {"**/x", "a/bx", true, false},
        {"**x", "a/bx", true, true},
        {"**", "a/b", true, true},
        {"a/**", "a/b/c", true, true},
        {"a/**", "ab", true, false},
        {"a/**/b", "a/b", true, true},
        {"a/**/b", "a/x/y/b", true, true},
        {"a/**/b", "a/xb", true, false},
        {"a**", "abc/d", true, true},
        {"**/a*", "x/ab", true, true},
        {"*.md", "d/x.md", true, false},
        {"d", "d/x.md", true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arc_path_pattern *pattern = NULL;
        assert_int_equal(arc_path_pattern_new(&memory, cases[i].pattern, cases[i].ignore, &pattern),
                         ARC_OK);
        bool found = arc_path_pattern_match(pattern, cases[i].path, strlen(cases[i].path));
        if (found != cases[i].matches)
            fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].path);
    }
}

static void test_malformed_patterns(void **state)
{
    (void)state;
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    static const char *const bad[] = {"[", "[]", "[a", "[a-", "[a-]", "[]a]", "a\\", "[\\"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct arc_path_pattern *pattern = NULL;
        assert_int_equal(arc_path_pattern_new(&memory, bad[i], false, &pattern), ARC_EINPUT);
        assert_null(pattern);
    }
}

static void test_stars_cost_no_more_than_the_product(void **state)
{
    (void)state;
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    char text[2001], path[4001];
    for (size_t i = 0; i < 2000; i += 2)
        memcpy(text + i, "*a", 2);
    text[2000] = '\0';
    memset(path, 'a', 4000);
    path[4000] = '\0';
    struct arc_path_pattern *pattern = NULL;
    assert_int_equal(arc_path_pattern_new(&memory, text, false, &pattern), ARC_OK);
    assert_true(arc_path_pattern_match(pattern, path, 4000));
    path[3999] = 'b';
    assert_false(arc_path_pattern_match(pattern, path, 4000));
}

static void test_an_ignore_file(void **state)
{
    (void)state;
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct arc_ignore ignore = {0};
    static const char text[] =
        "\xef\xbb\xbf# top\n\n  *.md \xc2\xa0\r\n!README.md\n/docs/\n! docs/keep\n.\n/\n"
        "./x/../y\n../z\n";
    assert_int_equal(arc_ignore_parse(&memory, text, &ignore), ARC_OK);
    static const struct {
        const char *path;
        bool out;
    } cases[] = {{"a.md", true},   {"README.md", false}, {"d/a.md", false},
                 {"docs/x", true}, {"docs/keep", false}, {"y/f", true},
                 {"x", false},     {"z", false},         {"main.c", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (arc_ignore_match(&ignore, cases[i].path, strlen(cases[i].path)) != cases[i].out)
            fail_msg("%s", cases[i].path);
    struct arc_ignore bad = {0};
    assert_int_equal(arc_ignore_parse(&memory, "a\n!\n", &bad), ARC_EINPUT);
}

/* patternmatcher makes a regular expression of a pattern, where "\\t" is a tab. */
static void test_ignore_files_leave_out_nothing_that_they_may_not_mean(void **state)
{
    (void)state;
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    static const char *const unclear[] = {"\\main.c", "[[:alpha:]]ain.c", "^*ain.c", "[\\m]ain.c",
                                          "[",        "main.c\\"};
    arc_each_in (pattern, unclear) {
        struct arc_ignore ignore = {0};
        char text[64];
        snprintf(text, sizeof text, "b.c\n%s\n", *pattern);
        assert_int_equal(arc_ignore_parse(&memory, text, &ignore), ARC_OK);
        assert_true(arc_ignore_match(&ignore, "b.c", 3));
        assert_false(arc_ignore_match(&ignore, "main.c", 6));
        snprintf(text, sizeof text, "*\n!%s\n", *pattern);
        assert_int_equal(arc_ignore_parse(&memory, text, &ignore), ARC_OK);
        assert_false(arc_ignore_match(&ignore, "main.c", 6));
    }

    struct arc_ignore ignore = {0};
    assert_int_equal(arc_ignore_parse(&memory, "\\#m\n^.c\n[^a].c\n", &ignore), ARC_OK);
    assert_true(arc_ignore_match(&ignore, "#m", 2));
    assert_true(arc_ignore_match(&ignore, "^.c", 3));
    assert_true(arc_ignore_match(&ignore, "m.c", 3));
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Newer frontends read "<< EOT" as "<<EOT"; older ones take a shift for one. */
static void test_heredocs_whose_name_stands_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *keywords;
    } cases[] = {
        {"RUN cat <<  EOT >/x\nFROM no\nEOT\nCOPY a b\n", "RUN COPY "},
        {"RUN cat 3<< 'E T' << -Z\nFROM no\nE T\nADD a b\n-Z\nCOPY a b\n", "RUN COPY "},
        {"RUN echo $((1 << 2))\nFROM a\nRUN x << FROM\nADD a b\nFROM\n", "RUN FROM RUN ADD FROM "},
        {"RUN a<< EOT\nCOPY a b\nEOT\n", "RUN COPY EOT "},
        {"RUN cat \"<<\" EOT\nCOPY a b\n", "RUN COPY "},
        {"RUN cat << \nCOPY a b\n", "RUN COPY "},
    };
    arc_each_in (row, cases) {
        ARC_AUTO(arc_dockerfile) struct arc_dockerfile dockerfile = {.at = row->text, .line = 1};
        ARC_AUTO(arc_buf) struct arc_buf found = {0};
        struct arc_instruction in;
        while (arc_dockerfile_next(&dockerfile, &in))
            arc_buf_printf(&found, "%s ", in.keyword);
        assert_string_equal(arc_buf_text(&found), row->keywords);
    }
}

static void test_instructions(void **state)
{
    (void)state;
    static const char text[] = "# escape=`\n# a comment\nFROM a`\n  b\nRUN x ``\nRUN <<-'E' cat\n"
                               "\tFROM no\n E\n\tE\nCOPY `\n# in between\n\n c d\n";
    static const struct {
        const char *keyword, *args;
        unsigned line;
    } expected[] = {
        {"FROM", "a  b", 3}, {"RUN", "x ``", 5}, {"RUN", "<<-'E' cat", 6}, {"COPY", "c d", 10}};
    ARC_AUTO(arc_dockerfile) struct arc_dockerfile d = {.at = text, .line = 1};
    struct arc_instruction in;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_true(arc_dockerfile_next(&d, &in));
        assert_string_equal(in.keyword, expected[i].keyword);
        assert_string_equal(in.args, expected[i].args);
        assert_int_equal(in.line, expected[i].line);
    }
    assert_false(arc_dockerfile_next(&d, &in));
}

/* ---- inputs -------------------------------------------------------------------------------- */

static char root[64];

static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(path, 0755);
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int make_root(void **state)
{
    (void)state;
    strcpy(root, "/tmp/arc-test-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    (void)state;
    arc_folder_remove(root);
    return 0;
}

static struct arc_inputs *read_inputs(const char *text, const json_t *args, const json_t *contexts)
{
    static const char *const platforms[] = {"linux/amd64", "linux/arm64", NULL};
    struct arc_inputs *inputs = NULL;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    write_file("svc/Dockerfile", text);
    struct arc_inputs_request request = {.root = root,
                                         .context = ".",
                                         .dockerfile = "svc/Dockerfile",
                                         .args = args,
                                         .contexts = contexts,
                                         .platforms = platforms};
    if (arc_inputs_read(&request, &inputs, &err))
        fail_msg("%s", arc_error_text(&err));
    return inputs;
}

static const struct arc_input *find(const struct arc_inputs *inputs, const char *path)
{
    return arc_inputs_find(inputs, path, strlen(path));
}

static void test_why_a_file_is_an_input(void **state)
{
    (void)state;
    struct arc_inputs *in = read_inputs(
        "FROM scratch\nCOPY --chmod=644 a.txt \\\n  lib/ /x/\nRUN --mount=source=gen,target=/g x\n",
        NULL, NULL);
    assert_string_equal(find(in, "a.txt")->what, "COPY a.txt");
    assert_int_equal(find(in, "a.txt")->line, 2);
    assert_string_equal(find(in, "a.txt")->file, "svc/Dockerfile");
    assert_string_equal(find(in, "lib/deep/x")->what, "COPY lib/");
    assert_string_equal(find(in, "gen/x")->what, "RUN --mount gen");
    assert_string_equal(find(in, "svc/Dockerfile")->what, "Dockerfile");
    assert_string_equal(find(in, ".dockerignore")->what, "ignore file");
    assert_null(find(in, "svc/other"));
    assert_null(find(in, "b.txt"));
    assert_null(arc_inputs_facts(in)->doubt);
    arc_inputs_free(&in);
}

static void test_every_platform_counts(void **state)
{
    (void)state;
    struct arc_inputs *in =
        read_inputs("FROM --platform=$BUILDPLATFORM scratch AS b\nARG TARGETARCH\n"
                    "COPY bin/$TARGETARCH /b\nFROM b\n",
                    NULL, NULL);
    assert_non_null(find(in, "bin/amd64/x"));
    assert_non_null(find(in, "bin/arm64"));
    assert_null(find(in, "bin/s390x"));
    arc_inputs_free(&in);
}

static void test_arguments(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *args = json_pack("{s:s, s:n}", "DIR", "given", "LATER");
    struct arc_inputs *in = read_inputs("ARG DIR=default\nFROM scratch\nARG DIR\nENV SUB=$DIR/sub\n"
                                        "COPY ${SUB} ${NO:-other} /x\n",
                                        args, NULL);
    assert_non_null(find(in, "given/sub/x"));
    assert_non_null(find(in, "other"));
    assert_null(find(in, "default/sub"));
    arc_inputs_free(&in);

    in = read_inputs("ARG A=a/b C=c\nARG A=${A/b/$C}\nFROM scratch\nARG A\nCOPY $A /x\n", NULL,
                     NULL);
    assert_non_null(find(in, "a/c/x"));
    assert_null(find(in, "a/b"));
    arc_inputs_free(&in);

    in = read_inputs("FROM scratch\nARG LATER\nCOPY $LATER /x\n", args, NULL);
    assert_non_null(find(in, "anything"));
    assert_string_equal(arc_inputs_facts(in)->doubt,
                        "COPY $LATER: it contains a variable whose value is not known");
    assert_int_equal(arc_inputs_facts(in)->doubt_line, 3);
    arc_inputs_free(&in);
}

static void test_a_frontend_of_the_arguments(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *ours = json_pack("{s:s}", "BUILDKIT_SYNTAX", "docker/dockerfile:1.20");
    ARC_AUTO_JSON json_t *other = json_pack("{s:s}", "BUILDKIT_SYNTAX", "example.org/own");
    struct arc_inputs *in = read_inputs("# syntax=example.org/x\nFROM a\nCOPY b /\n", ours, NULL);
    assert_null(find(in, "other"));
    arc_inputs_free(&in);
    in = read_inputs("FROM a\nCOPY b /\n", other, NULL);
    assert_non_null(find(in, "other"));
    arc_inputs_free(&in);
    in = read_inputs("# syntax=mirror.example:5000/hub/docker/dockerfile:1\nFROM a\nCOPY b /\n",
                     NULL, NULL);
    assert_null(find(in, "other"));
    arc_inputs_free(&in);
    in = read_inputs("# syntax=docker.io/docker/dockerfile:1-labs\nFROM a\nCOPY b /\n", NULL, NULL);
    assert_null(find(in, "other"));
    arc_inputs_free(&in);
}

static void test_additional_contexts(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *contexts =
        json_pack("{s:s, s:s, s:s, s:s}", "shared", "common", "docker.io/library/base:latest",
                  "target:base", "tools", "svc/tools", "more", "unread");
    write_file("common/.dockerignore", "*.md\n");
    struct arc_inputs *in = read_inputs("FROM base AS a\nCOPY --from=shared proto /p\n"
                                        "FROM scratch AS tools\nCOPY no /x\nFROM a\n"
                                        "COPY --from=tools gen /t\n",
                                        NULL, contexts);
    assert_non_null(find(in, "common/proto/x.proto"));
    assert_null(find(in, "common/other"));
    assert_string_equal(find(in, "common/.dockerignore")->what, "ignore file");
    assert_non_null(find(in, "svc/tools/gen"));
    assert_null(find(in, "svc/tools/else"));
    assert_non_null(find(in, "svc/tools/.dockerignore"));
    assert_null(find(in, "unread/.dockerignore"));
    assert_null(find(in, "no"));
    assert_null(find(in, "proto"));
    arc_inputs_free(&in);

    /* Three names of one image; the last is another's. */
    const char *const names[] = {"base", "docker.io/library/base", "index.docker.io/library/base",
                                 "library/shop/base"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *familiar = names[i];
        size_t len = arc_image_familiar(&familiar);
        assert_true((len == 4 && strncmp(familiar, "base", 4) == 0) == (i < 3));
    }
}

static void test_excludes(void **state)
{
    (void)state;
    struct arc_inputs *in = read_inputs(
        "FROM scratch\nCOPY --exclude=**/*.md docs /d\nCOPY --exclude=x* --exclude=!x2 a b* /a\n"
        "COPY --exclude=/q --exclude=#r q /q\n"
        "COPY --parents --exclude=s/*.md ./p/./s n /p\nCOPY --parents --exclude=x --exclude=m/y ./m z/../p/./t /p\n"
        "ARG X=x\nCOPY --exclude=* --exclude=!$X v /v\n",
        NULL, NULL);
    assert_non_null(find(in, "docs/a.txt"));
    assert_non_null(find(in, "v/y")); /* what $X is there, BuildKit knows */
    assert_null(find(in, "docs/deep/a.md"));

    /* The patterns are relative to a source, and a source itself is not left out. */
    assert_null(find(in, "a/x1"));
    assert_null(find(in, "a/x1/deep"));
    assert_non_null(find(in, "a/x2"));
    assert_non_null(find(in, "a/deep/x1"));
    assert_null(find(in, "b1/x1"));
    assert_non_null(find(in, "bx"));
    assert_non_null(find(in, "q/q"));
    assert_non_null(find(in, "q/#r"));

    /* With --parents, to what stands before the pivot. */
    assert_null(find(in, "p/s/a.md"));
    assert_non_null(find(in, "p/s/a"));
    assert_non_null(find(in, "n/s/a.md"));
    assert_non_null(find(in, "p/t/x"));
    assert_null(find(in, "m/y"));
    assert_non_null(find(in, "m/x"));
    arc_inputs_free(&in);
}

static void test_trimmed_variables(void **state)
{
    (void)state;
    struct arc_inputs *in =
        read_inputs("FROM scratch\nARG V=v1.2.3 E\nCOPY ${V#v} /\nCOPY x${V%.*} y${V%%.*} /\n"
                    "COPY z${V##*.} a${V#*.}b ${V%z}c d${E%z} e${V%2*} /\n",
                    NULL, NULL);
    const char *const read[] = {"1.2.3", "xv1.2", "yv1", "z3", "a2.3b", "v1.2.3c", "d", "ev1."};
    for (size_t i = 0; i < sizeof read / sizeof *read; i++)
        assert_non_null(find(in, read[i]));
    assert_null(find(in, "v1.2.3"));
    arc_inputs_free(&in);

    /* These are for BuildKit alone to tell. */
    const char *const unknown[] = {"${V%.*.*}", "${V#?}", "${V#$E}", "${V#'v'}", "${V#v", "${U#x}"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        char text[100];
        snprintf(text, sizeof text, "FROM %s\nARG V=v1.2.3 E=v\nCOPY %s /x /\n",
                 strchr(unknown[i], 'U') ? "alpine" : "scratch", unknown[i]);
        in = read_inputs(text, NULL, NULL);
        assert_non_null(find(in, "anything"));
        arc_inputs_free(&in);
    }
}

static void test_replaced_variables(void **state)
{
    (void)state;
    struct arc_inputs *in = read_inputs(
        "FROM scratch\nARG P=linux/arm/v7 V=1.2.3 E\nCOPY ${P/\\//-} ${P//\\//_} a${V/./}b /\n"
        "COPY c${V//./-} d${V/x/y} e${V//2.3/4} f${E/a/b} g${V/1./}/x h${V//./..} /\n"
        "COPY i${V/1./$V-} j${V//./${P:+-}}k l${V/./$E}m /\n",
        NULL, NULL);
    const char *const read[] = {"linux-arm/v7", "linux_arm_v7", "a12.3b",  "c1-2-3",
                                "d1.2.3",       "e1.4",         "f",       "g2.3/x",
                                "h1..2..3",     "i1.2.3-2.3",   "j1-2-3k", "l12.3m"};
    for (size_t i = 0; i < sizeof read / sizeof *read; i++)
        assert_non_null(find(in, read[i]));
    assert_null(find(in, "linux/arm/v7"));
    arc_inputs_free(&in);

    const char *const unknown[] = {"${V/*/x}", "${V/?/x}", "${V//x}",    "${V/./$U}", "${V/./\\}}",
                                   "${V/./x",  "${U/a/b}", "${V/'1'/x}", "${V/./\\/}"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        char text[100];
        snprintf(text, sizeof text, "FROM %s\nARG V=v1.2.3 E=v\nCOPY %s /x /\n",
                 strchr(unknown[i], 'U') ? "alpine" : "scratch", unknown[i]);
        in = read_inputs(text, NULL, NULL);
        assert_non_null(find(in, "anything"));
        arc_inputs_free(&in);
    }
}

static void test_two_stars_cross_folders_with_parents_alone(void **state)
{
    (void)state;
    struct arc_inputs *in = read_inputs("FROM scratch\nCOPY --parents **/*.md src/./a/**/x /d\n"
                                        "COPY --parents=false lib/**/y /d\n",
                                        NULL, NULL);
    assert_non_null(find(in, "a.md"));
    assert_non_null(find(in, "b/c/d.md"));
    assert_non_null(find(in, "src/a/x"));
    assert_non_null(find(in, "src/a/b/c/x"));
    assert_null(find(in, "src/b/x"));
    assert_null(find(in, "lib/y"));
    assert_non_null(find(in, "lib/one/y"));
    assert_null(find(in, "lib/one/two/y"));
    arc_inputs_free(&in);
}

static void test_directives_are_those_of_buildkit(void **state)
{
    (void)state;
    static const struct {
        const char *text, *syntax;
        char escape;
    } cases[] = {
        {"# escape=`\n# Syntax = a/b\nFROM x\n", "a/b", '`'},
        {"# check=skip=all\n#escape=`\n", "", '`'},
        {"# other=x\n# escape=`\n# syntax=a/b\n", "", '\\'},
        {"# a comment\n# escape=`\n", "", '\\'},
        {"  # escape=`\n", "", '\\'},
        {"\xef\xbb\xbf#!/usr/bin/env docker\n# syntax=a/b\n# escape=`\n", "a/b", '\\'},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ARC_AUTO(arc_dockerfile) struct arc_dockerfile d = {0};
        arc_dockerfile_start(&d, cases[i].text);
        assert_string_equal(d.syntax, cases[i].syntax);
        assert_int_equal(d.escape, cases[i].escape);
    }
}

static void test_links_are_followed(void **state)
{
    (void)state;
    char link[128];
    write_file("real/dir/f", "");
    snprintf(link, sizeof link, "%s/alias", root);
    assert_int_equal(symlink("real", link), 0);
    snprintf(link, sizeof link, "%s/loop", root);
    assert_int_equal(symlink("loop/x", link), 0);
    struct arc_inputs *in = read_inputs("FROM scratch\nCOPY alias/dir loop /x/\n", NULL, NULL);
    assert_non_null(find(in, "real/dir/f"));
    assert_non_null(find(in, "alias"));
    assert_null(find(in, "real/other"));
    arc_inputs_free(&in);
}

static void test_the_dockerfile_and_its_ignore_file_may_be_links(void **state)
{
    (void)state;
    char link[128];
    write_file("common/ignored", "**/*.md\n");
    snprintf(link, sizeof link, "%s/svc/Dockerfile", root);
    unlink(link);
    assert_int_equal(symlink("second", link), 0);
    snprintf(link, sizeof link, "%s/svc/second", root);
    assert_int_equal(symlink("../common/Dockerfile", link), 0);
    snprintf(link, sizeof link, "%s/.dockerignore", root);
    unlink(link);
    assert_int_equal(symlink("common/ignored", link), 0);
    struct arc_inputs *in = read_inputs("FROM scratch\nCOPY lib /x/\n", NULL, NULL);
    assert_string_equal(find(in, "common/Dockerfile")->what, "Dockerfile");
    assert_non_null(find(in, "svc/second"));
    assert_string_equal(find(in, "common/ignored")->what, "ignore file");
    assert_null(find(in, "lib/a.md"));
    assert_null(find(in, "common/other"));
    arc_inputs_free(&in);
    unlink(link);
    snprintf(link, sizeof link, "%s/svc/Dockerfile", root);
    unlink(link);
}

static void test_flags_lose_their_quotes(void **state)
{
    (void)state;
    struct arc_inputs *in = read_inputs(
        "FROM scratch AS b\nCOPY --chown='1:1' src /s\nFROM scratch\nCOPY --from=\"b\" /s /s\n"
        "RUN --mount=\"type=bind,source=gen,target=/g\" --mount=type=bind,'source=lib',target=/l x\n",
        NULL, NULL);
    assert_non_null(find(in, "src/a"));
    assert_non_null(find(in, "gen/a"));
    assert_non_null(find(in, "lib/a"));
    assert_null(find(in, "other"));
    arc_inputs_free(&in);
}

static void test_what_cannot_be_told_is_everything(void **state)
{
    (void)state;
    static const char *const texts[] = {"# syntax=example.org/own/frontend\nFROM scratch\n",
                                        "RUN x\n",
                                        "# nothing\n",
                                        "FROM scratch\nCOPY --from=$X a /b\n",
                                        "FROM scratch\nRUN --mount=type=$T,source=a x\n",
                                        "ARG B\nFROM $BUILDARCH-base\n",
                                        "FROM node:20-onbuild\n",
                                        "FROM busybox\nCOPY $HOME/x /\n",
                                        "FROM scratch\nCOPY ${A/*/y} /\n",
                                        "FROM scratch\nENV A=1\nARG A=2\nCOPY $A /\n",
                                        "FROM scratch\nCOPY [ /x\n",
                                        "FROM scratch\nLABEL a=\xfc\nCOPY a /x\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct arc_inputs *in = read_inputs(texts[i], NULL, NULL);
        if (!arc_inputs_facts(in)->doubt || !find(in, "any/thing"))
            fail_msg("%s", texts[i]);
        arc_inputs_free(&in);
    }
}

static int note(void *context, const struct arc_input *input, bool ignored)
{
    struct arc_buf *out = context;
    arc_buf_printf(out, "%u %s: %s%s\n", input->line, input->what, input->start,
                   ignored ? " (ignored)" : "");
    return 0;
}

static void test_sources_that_are_missing(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf found = {0};
    write_file("there", "");
    write_file("left/out", "");
    write_file("svc/Dockerfile.dockerignore", "left\n");
    struct arc_inputs *in = read_inputs("FROM scratch\nCOPY there gone none* left/out /x/\n"
                                        "ADD https://example.org/x d-1@git.example.org:a/b /y/\n",
                                        NULL, NULL);
    arc_inputs_missing(in, note, &found);
    assert_string_equal(arc_buf_text(&found),
                        "2 COPY gone: gone\n2 COPY left/out: left/out (ignored)\n");
    assert_string_equal(find(in, "svc/Dockerfile.dockerignore")->what, "ignore file");
    assert_null(find(in, ".dockerignore"));
    arc_inputs_free(&in);
    char path[128];
    snprintf(path, sizeof path, "%s/svc/Dockerfile.dockerignore", root);
    unlink(path);
}

static void test_no_dockerfile_and_no_target(void **state)
{
    (void)state;
    struct arc_inputs *inputs = NULL;
    struct arc_inputs_request request = {
        .root = root, .context = ".", .dockerfile = "nowhere/Dockerfile"};
    assert_int_equal(arc_inputs_read(&request, &inputs, NULL), ARC_ENOTFOUND);
    request.dockerfile = NULL;
    request.text = "FROM scratch AS a\n";
    request.target = "b";
    assert_int_equal(arc_inputs_read(&request, &inputs, NULL), ARC_EINPUT);
    assert_null(inputs);
    request.target = "A";
    assert_int_equal(arc_inputs_read(&request, &inputs, NULL), ARC_OK);
    arc_inputs_free(&inputs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_malformed_patterns),
        cmocka_unit_test(test_ignore_files_leave_out_nothing_that_they_may_not_mean),
        cmocka_unit_test(test_heredocs_whose_name_stands_apart),
        cmocka_unit_test(test_stars_cost_no_more_than_the_product),
        cmocka_unit_test(test_an_ignore_file),
        cmocka_unit_test(test_instructions),
        cmocka_unit_test(test_why_a_file_is_an_input),
        cmocka_unit_test(test_every_platform_counts),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_a_frontend_of_the_arguments),
        cmocka_unit_test(test_additional_contexts),
        cmocka_unit_test(test_excludes),
        cmocka_unit_test(test_trimmed_variables),
        cmocka_unit_test(test_replaced_variables),
        cmocka_unit_test(test_two_stars_cross_folders_with_parents_alone),
        cmocka_unit_test(test_directives_are_those_of_buildkit),
        cmocka_unit_test(test_links_are_followed),
        cmocka_unit_test(test_the_dockerfile_and_its_ignore_file_may_be_links),
        cmocka_unit_test(test_flags_lose_their_quotes),
        cmocka_unit_test(test_what_cannot_be_told_is_everything),
        cmocka_unit_test(test_sources_that_are_missing),
        cmocka_unit_test(test_no_dockerfile_and_no_target),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
