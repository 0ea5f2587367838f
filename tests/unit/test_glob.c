#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "arcci/glob.h"
#include "base/auto.h"
#include "glob/dfa.h"
#include "glob/pattern.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct arc_glob *compiled(const char *pattern)
{
    struct arc_glob *glob = NULL;
    struct arc_error err = {0};
    if (arc_glob_compile(pattern, strlen(pattern), &glob, &err))
        fail_msg("%s: %s", pattern, arc_error_text(&err));
    return glob;
}

static bool matches(const char *pattern, const char *path)
{
    ARC_AUTO(arc_glob) struct arc_glob *glob = compiled(pattern);
    return arc_glob_match(glob, path, strlen(path));
}

static void test_match(void **state)
{
    (void)state;
    assert_true(matches("services/messaging/**", "services/messaging/a/b"));
    assert_true(matches("services/messaging/**", "services/messaging"));
    assert_false(matches("services/messaging/**", "services/messaging2"));
    assert_true(matches("**/*.{ts,tsx}", "a/b.tsx"));
    assert_false(matches("*.js", "a/b.js"));
    assert_true(matches("!(*.d).ts", "a.ts"));
    assert_false(matches("!(*.d).ts", "a.d.ts"));
    assert_true(matches("!a", "b"));
    assert_false(matches("*", ""));
    assert_true(matches("*/**", "a/"));
    assert_true(matches("emoji??", "emoji\xf0\x9f\x98\x80"));
    assert_true(matches("\xef\xbf\xbd", "\xff"));
    assert_true(matches("a\\b", "ab") == false);
    assert_true(matches("(?:a\\b)/x", "a/x"));
    assert_true(matches("(?:a\\Bb)/x", "ab/x"));
    assert_true(matches("([(])\\2", "(\x02")); /* of one group: no back reference */
    assert_true(matches("(a\\()\\2", "a(\x02"));
    assert_true(matches("*(|a|b)x", "abax"));
    assert_true(matches("*(*(a|)|b(c|))d", "aabcd"));
    assert_false(matches("*(*(a|)|b(c|))d", "acd"));
    assert_false(matches("{..}", "a")); /* a class that no unit is in, and no other */
}

/* A path as git writes one: no empty part, none of dots alone. */
static void test_plain_path(void **state)
{
    (void)state;
    static const char *const plain[] = {"a",  "a/b",      ".a",    "..a", "...",
                                        "a.", "a/.b/...", "a/..b", " "};
    static const char *const not_plain[] = {"",    ".",    "..",   "/",    "/a",    "a/",     "./a",
                                            "a/.", "a/..", "../a", "a//b", "a/./b", "a/../b", "//"};
    for (size_t i = 0; i < COUNT(plain); i++)
        assert_true(glob_plain_path(plain[i], strlen(plain[i])));
    for (size_t i = 0; i < COUNT(not_plain); i++)
        assert_false(glob_plain_path(not_plain[i], strlen(not_plain[i])));
}

/* The beginning that all matching paths have, in characters of one to four bytes. */
static void test_long_beginnings(void **state)
{
    (void)state;
    static const char *const letters[] = {"a", "\xc3\xbc", "\xe6\xbc\xa2", "\xf0\x9f\x98\x80"};
    for (size_t kind = 0; kind < COUNT(letters); kind++) {
        char pattern[2048] = "", path[2048];
        for (size_t i = 0; i < 400; i++)
            strcat(pattern, letters[kind]);
        snprintf(path, sizeof path, "%s/x/y", pattern);
        strcat(pattern, "/*/y");
        assert_true(matches(pattern, path));
        path[strlen(letters[kind]) * 399] = '_';
        assert_false(matches(pattern, path));
    }
}

static void refused(const char *pattern, size_t len, int code, const char *why)
{
    struct arc_glob *glob = NULL;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    assert_int_equal(arc_glob_compile(pattern, len, &glob, &err), code);
    assert_null(glob);
    assert_non_null(strstr(arc_error_text(&err), why));
}

static void test_errors(void **state)
{
    (void)state;
    static char text[ARC_GLOB_MAX + 1];
    refused("", 0, ARC_EINPUT, "empty pattern");
    refused("(a)\\1", 5, ARC_EINPUT, "'(a)\\1': it contains a back reference");
    refused("([(])(b)\\2", 10, ARC_EINPUT,
            "a back reference"); /* a class hides its brackets alone */
    refused("(?<=a)b", 7, ARC_EINPUT, "a lookbehind");
    memset(text, 'a', sizeof text);
    refused(text, sizeof text, ARC_ELIMIT, "longer than 65,536");
    for (size_t i = 0; i < 1001; i++)
        memcpy(text + i, "(", 1), memcpy(text + 2002 - i, ")", 1);
    refused(text, 2003, ARC_EINPUT, "deeper than 1,000");
    memset(text, '*', sizeof text);
    for (size_t i = 0; i + 1 < sizeof text; i += 2)
        text[i + 1] = '/';
    struct arc_glob *glob = NULL;
    int code = arc_glob_compile(text, ARC_GLOB_MAX, &glob, NULL);
    assert_int_equal(code, 0);
    arc_glob_free(&glob);
}

static void test_defect(void **state)
{
    (void)state;
    ARC_AUTO(arc_glob) struct arc_glob *bad = compiled("a{b"), *good = compiled("a(b");
    assert_string_equal(arc_glob_defect(bad), "an unterminated group");
    assert_true(arc_glob_match(bad, "a{b", 3));
    assert_false(arc_glob_match(bad, "ab", 2));
    assert_null(arc_glob_defect(good));
    assert_true(arc_glob_match(good, "a(b", 3));
}

static void below_is(const char *pattern, const char *dir, enum arc_glob_below expected)
{
    ARC_AUTO(arc_glob) struct arc_glob *glob = compiled(pattern);
    enum arc_glob_below found = arc_glob_below(glob, dir, strlen(dir));
    if (found != expected)
        fail_msg("%s below %s: %d", pattern, dir, (int)found);
}

static void test_below(void **state)
{
    (void)state;
    below_is("src/**", "src", ARC_GLOB_ALL);
    below_is("src/**", "src/a/b", ARC_GLOB_ALL);
    below_is("./src/**/*", "src/a", ARC_GLOB_ALL);
    below_is("src/**", "", ARC_GLOB_SOME);
    below_is("src/**", "sr", ARC_GLOB_NONE);
    below_is("src/**", "src2", ARC_GLOB_NONE);
    below_is("src/*/x.c", "src/a", ARC_GLOB_SOME);
    below_is("src/*/x.c", "src/a/b", ARC_GLOB_NONE);
    below_is("src/*/x.c", "lib", ARC_GLOB_NONE);
    below_is("src/x.c", "src", ARC_GLOB_SOME);
    below_is("src/x.c", "src/x.c", ARC_GLOB_NONE);
    below_is("**", "", ARC_GLOB_ALL);
    below_is("**/*.c", "a/b", ARC_GLOB_SOME);
    below_is("!src/**", "src", ARC_GLOB_SOME);
    below_is("a\\b/c", "a\\b", ARC_GLOB_SOME);
}

/* Patterns that are looked up, and some that look like them: both ways must say the same. */
static const char *const shaped[] = {
    "a",          "a/b.c",     "a/.b",         "a/**",         "a/b/**",
    "**",         "**/a",      "**/b.c",       "**/a/b.c",     "**/.c",
    "**/*.c",     "a/**/*.c",  "a/**/*.{c,h}", "a/b/**/*.{c}", "**/*.{h,c}",
    "a/**/*.b.c", "**/*.{,c}", "a/**/*.{c,}",  "a/**/b.c",     "**/**",
    "a/**/",      "**/*",      "a/**/*",       "./a/**",       "a//**",
    "../a/**",    "**/../a",   "a/**/**/*.c",  "a b/**",       "**/*.{a,{b,c}}",
    "**/a*",      "a/*/**",    "a.**",         "a/***",        "**/*.*",
    "**/*.c c",
};

static const char *const pieces[] = {
    "a", "b", "c",  "b.c", ".b",      ".c",  "a.h", "..",
    ".", "",  "**", "*.c", "*.{c,h}", "a b", "x\n", "\xe2\x80\xa8",
};

struct both {
    const char *pattern;
    struct arc_glob *glob;
    struct arc_glob_matcher *matcher;
};

static void agree(const struct both *both, const char *path)
{
    uint64_t ids, some, all;
    size_t len = strlen(path);
    bool one = arc_glob_match(both->glob, path, len);
    bool many = arc_glob_matcher_match(both->matcher, path, len, &ids);
    if (one != many || ids != (uint64_t)many << 3)
        fail_msg("'%s' on '%s': alone %d, in a set %d", both->pattern, path, one, many);
    for (size_t i = 0; i < len && glob_plain_path(path, len); i++) {
        if (i && path[i] != '/')
            continue;
        arc_glob_matcher_below(both->matcher, path, i, &some, &all);
        if ((one && !some) || (!one && all && !arc_glob_line_break(path, len)))
            fail_msg("'%s' below '%.*s' of '%s'", both->pattern, (int)i, path, path);
    }
}

/* What is looked up by directories is so down to some depth; the answers are the same below it. */
static void agree_deep(const struct both *both)
{
    static const char *const ends[] = {"b.c", "b", "a.h", "", "..", "a/../b.c"};
    for (size_t depth = 1; depth < 70; depth += depth == 2 ? 58 : 1)
        for (size_t i = 0; i < COUNT(ends) * 3; i++) {
            ARC_AUTO(arc_buf) struct arc_buf path = {0};
            for (size_t j = 0; j < depth; j++)
                arc_buf_printf(&path, "%c/", "abx"[i % 3]);
            arc_buf_puts(&path, ends[i / 3]);
            agree(both, arc_buf_text(&path));
        }
}

/* What picomatch answers, alone and in a set. */
static void test_pairs(void **state)
{
    (void)state;
    char line[256];
    size_t count = 0;
    FILE *file = fopen(TEST_DATA "/globs.tsv", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char *pattern = line + 2, *path = strchr(pattern, '\t');
        if (*line == '#')
            continue;
        assert_non_null(path);
        *path++ = '\0';
        path[strcspn(path, "\n")] = '\0';
        ARC_AUTO(arc_glob_set) struct arc_glob_set *set = NULL;
        struct both both = {.pattern = pattern, .glob = compiled(pattern)};
        assert_int_equal(arc_glob_set_new(&set, NULL), 0);
        assert_int_equal(arc_glob_set_add(set, pattern, strlen(pattern), 3, NULL), 0);
        assert_int_equal(arc_glob_matcher_new(set, &both.matcher, NULL), 0);
        if (arc_glob_match(both.glob, path, strlen(path)) != (*line == '1'))
            fail_msg("'%s' on '%s'", pattern, path);
        agree(&both, path);
        arc_glob_matcher_free(&both.matcher);
        arc_glob_free(&both.glob);
        count++;
    }
    fclose(file);
    assert_true(count > 100);
}

static void test_shapes(void **state)
{
    (void)state;
    const size_t count = COUNT(pieces);
    for (size_t i = 0; i < COUNT(shaped); i++) {
        ARC_AUTO(arc_glob_set) struct arc_glob_set *set = NULL;
        struct both both = {.pattern = shaped[i], .glob = compiled(shaped[i])};
        assert_int_equal(arc_glob_set_new(&set, NULL), 0);
        assert_int_equal(arc_glob_set_add(set, shaped[i], strlen(shaped[i]), 3, NULL), 0);
        assert_int_equal(arc_glob_matcher_new(set, &both.matcher, NULL), 0);
        agree(&both, shaped[i]);
        agree_deep(&both);
        for (size_t n = 0; n < count * count * count * 3; n++) {
            char path[64];
            const char *last = pieces[n / 3 % count], *middle = pieces[n / 3 / count % count];
            const char *first = pieces[n / 3 / count / count];
            if (n % 3 == 0)
                snprintf(path, sizeof path, "%s/%s/%s", first, middle, last);
            else
                snprintf(path, sizeof path, "%s%s%s", n % 3 == 1 ? middle : "",
                         n % 3 == 1 ? "/" : "", last);
            agree(&both, path);
        }
        arc_glob_matcher_free(&both.matcher);
        arc_glob_free(&both.glob);
    }
}

/* What a set says must be what its patterns say one by one. */
static const char *const patterns[] = {
    "src/**",  "src/*.c",  "src/lib/*/x", "**/*.md", "*",          "!docs/**",  "docs/{a,b}/**",
    "./src/a", "src/a[b]", "src/a{b",     "lib",     "lib/**",     "lib/**/*",  "?(a|b)/c",
    "/x",      "a/b/c/d",  "a/**/d",      "[ab]/**", "src/lib/**", "**/lib/**",
};
static const char *const directories[] = {"",    "src",   "src/lib", "docs", "docs/a", "lib", "a",
                                          "a/b", "a/b/c", "b",       "x",    "src/a",  "d"};
static const char *const names[] = {"x",    "a",   "b",    "c",   "d",  "a.c",
                                    "R.md", "lib", "a[b]", "a{b", "ab", "l\nm"};
#define ID_STEP 7u

static struct arc_glob_set *whole_set(void)
{
    struct arc_glob_set *set = NULL;
    assert_int_equal(arc_glob_set_new(&set, NULL), 0);
    for (unsigned i = 0; i < COUNT(patterns); i++)
        assert_int_equal(arc_glob_set_add(set, patterns[i], strlen(patterns[i]), i * ID_STEP, NULL),
                         0);
    return set;
}

static void compare(struct arc_glob_matcher *matcher, const char *path)
{
    uint64_t ids[8] = {~(uint64_t)0}, expected[8] = {0};
    for (unsigned i = 0; i < COUNT(patterns); i++)
        if (matches(patterns[i], path))
            expected[i * ID_STEP / 64] |= (uint64_t)1 << i * ID_STEP % 64;
    arc_glob_matcher_match(matcher, path, strlen(path), ids);
    size_t bytes = ((COUNT(patterns) - 1) * ID_STEP / 64 + 1) * sizeof *ids;
    if (memcmp(ids, expected, bytes) != 0)
        fail_msg("the set and its patterns differ on '%s'", path);
}

static bool bit(const uint64_t *ids, unsigned id)
{
    return ids[id / 64] >> id % 64 & 1;
}

static void compare_below(struct arc_glob_matcher *matcher, const char *dir)
{
    uint64_t some[8], all[8];
    arc_glob_matcher_below(matcher, dir, strlen(dir), some, all);
    for (unsigned i = 0; i < COUNT(patterns); i++) {
        ARC_AUTO(arc_glob) struct arc_glob *glob = compiled(patterns[i]);
        enum arc_glob_below one = arc_glob_below(glob, dir, strlen(dir));
        assert_int_equal(bit(some, i * ID_STEP), one != ARC_GLOB_NONE);
        assert_int_equal(bit(all, i * ID_STEP), one == ARC_GLOB_ALL);
    }
}

/* A path below a directory must not match where nothing may, and must where everything does. */
static void promises(const char *pattern, const char *dir, const char *path)
{
    ARC_AUTO(arc_glob) struct arc_glob *glob = compiled(pattern);
    bool match = arc_glob_match(glob, path, strlen(path));
    enum arc_glob_below below = arc_glob_below(glob, dir, strlen(dir));
    if (match && below == ARC_GLOB_NONE)
        fail_msg("%s matches %s", pattern, path);
    if (!match && below == ARC_GLOB_ALL && !arc_glob_line_break(path, strlen(path)))
        fail_msg("%s does not match %s", pattern, path);
}

static void test_set(void **state)
{
    (void)state;
    ARC_AUTO(arc_glob_set) struct arc_glob_set *set = whole_set();
    ARC_AUTO(arc_glob_matcher) struct arc_glob_matcher *matcher = NULL;
    assert_int_equal(arc_glob_matcher_new(set, &matcher, NULL), 0);
    for (size_t i = 0; i < COUNT(directories); i++) {
        compare_below(matcher, directories[i]);
        for (size_t j = 0; j < COUNT(names); j++) {
            ARC_AUTO(arc_buf) struct arc_buf path = {0};
            arc_buf_printf(&path, "%s%s%s", directories[i], *directories[i] ? "/" : "", names[j]);
            compare(matcher, arc_buf_text(&path));
            for (size_t k = 0; k < COUNT(patterns); k++)
                promises(patterns[k], directories[i], arc_buf_text(&path));
        }
    }
    compare(matcher, "./src/a");
    compare(matcher, "/x");
    compare(matcher, "");
    compare(matcher, "src//a");
}

static void test_empty_set(void **state)
{
    (void)state;
    ARC_AUTO(arc_glob_set) struct arc_glob_set *set = NULL;
    ARC_AUTO(arc_glob_matcher) struct arc_glob_matcher *matcher = NULL;
    uint64_t ids[1] = {1};
    assert_int_equal(arc_glob_set_new(&set, NULL), 0);
    assert_int_equal(arc_glob_matcher_new(set, &matcher, NULL), 0);
    assert_false(arc_glob_matcher_match(matcher, "a", 1, ids));
    assert_int_equal(ids[0], 0);
    assert_false(arc_glob_matcher_below(matcher, "", 0, ids, NULL));
}

/* Nodes looked at for the pattern on `unit` repeated, with room for a few states only, so that
 * nearly every unit is worked out anew. */
static size_t steps(const char *pattern, const char *unit, size_t times, size_t budget)
{
    struct glob_pattern compiled_pattern;
    struct arc_dfa dfa;
    ARC_AUTO(arc_buf) struct arc_buf path = {0};
    for (size_t i = 0; i < times; i++)
        arc_buf_puts(&path, unit);
    arc_buf_puts(&path, "!b");
    assert_int_equal(glob_pattern_compile(&compiled_pattern, pattern, strlen(pattern), NULL), 0);
    assert_true(arc_dfa_init(&dfa, &compiled_pattern.program, budget));
    arc_dfa_run(&dfa, arc_buf_text(&path), path.len);
    size_t count = dfa.steps;
    assert_true(dfa.capacity <= 4 || dfa.capacity * dfa.stride * sizeof(uint64_t) <= budget);
    arc_dfa_free(&dfa);
    glob_pattern_free(&compiled_pattern);
    return count;
}

/* The patterns that take exponential time as regular expressions. */
static void test_linear(void **state)
{
    (void)state;
    static const char *const explosive[] = {
        "+(+(+(a)))",       "*(a|aa|aaa)",
        "+(a|a?)+(a|a?)",   "(a+)+b",
        "(a|a)*",           "*a*a*a*a*a*a*a*a*a*a*a*a",
        "**/**/**/**/**/b", "!(+(a)|+(a))b",
        "+(a|aa)+(a|aaa)c", "{a,aa,+(a)}+(a)/**/{a,b}",
        "+(*(*(a))|b)",     "(.*)*(.*)*x",
    };
    for (size_t i = 0; i < COUNT(explosive); i++) {
        size_t once = steps(explosive[i], "aaaaaaaa", 50, 0);
        size_t twice = steps(explosive[i], "aaaaaaaa", 100, 0);
        size_t often = steps(explosive[i], "aaaaaaaa", 800, 0);
        if (twice > once * 5 / 2 || often > once * 20)
            fail_msg("%s: %zu, %zu, %zu steps", explosive[i], once, twice, often);
        size_t kept = steps(explosive[i], "aaaaaaaa", 800, (size_t)1 << 20);
        assert_true(kept < often || often < 1000);
    }
}

/* With room for four states only, the answers stay the same. */
static void test_small_cache(void **state)
{
    (void)state;
    static const char *const paths[] = {"src/lib/a/x", "a/b/c/d", "docs/a/b.md", "lib/a/b/c/d/e/f"};
    for (size_t i = 0; i < COUNT(patterns); i++)
        for (size_t j = 0; j < COUNT(paths); j++) {
            struct glob_pattern pattern;
            struct arc_dfa dfa;
            assert_int_equal(glob_pattern_compile(&pattern, patterns[i], strlen(patterns[i]), NULL),
                             0);
            assert_true(arc_dfa_init(&dfa, &pattern.program, 0));
            bool found = arc_dfa_run(&dfa, paths[j], strlen(paths[j]))[0] & 1;
            assert_int_equal(found, matches(patterns[i], paths[j]));
            assert_true(dfa.capacity == 4);
            arc_dfa_free(&dfa);
            glob_pattern_free(&pattern);
        }
}

/* Every pattern of up to five of these characters matches the path that it equals. */
static void test_itself(void **state)
{
    (void)state;
    static const char some[] = "a*./-!";
    const size_t base = sizeof some - 1;
    for (size_t number = 0; number < base * base * base * base * base; number++) {
        char pattern[6] = {0};
        size_t len = 0;
        for (size_t rest = number; rest; rest /= base)
            pattern[len++] = some[rest % base];
        if (len && !matches(pattern, pattern))
            fail_msg("%s does not match itself", pattern);
    }
}

static struct arc_glob_set *set_of(const char *const *texts, size_t count)
{
    struct arc_glob_set *set = NULL;
    assert_int_equal(arc_glob_set_new(&set, NULL), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(arc_glob_set_add(set, texts[i], strlen(texts[i]), (unsigned)i, NULL), 0);
    return set;
}

/* Seconds of CPU to match long paths, each one different. */
static double seconds(const char *const *texts, size_t count)
{
    ARC_AUTO(arc_glob_set) struct arc_glob_set *set = set_of(texts, count);
    ARC_AUTO(arc_glob_matcher) struct arc_glob_matcher *matcher = NULL;
    assert_int_equal(arc_glob_matcher_new(set, &matcher, NULL), 0);
    clock_t start = clock();
    for (unsigned i = 0; i < 2000; i++) {
        uint64_t ids[1];
        char path[100];
        int len = snprintf(path, sizeof path, "services/team%u/app%u/pkg%u/file%u/main.%c", i % 50,
                           i % 50, i % 97, i, "ctdsl"[i % 5]);
        arc_glob_matcher_match(matcher, path, (size_t)len, ids);
    }
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* Patterns that each wait for something else cost no more together than one by one. In one
 * automaton their states would multiply (it took twelve times as long). */
static void test_together(void **state)
{
    (void)state;
    char texts[50][20];
    const char *list[50];
    double alone = 0;
    for (size_t i = 0; i < 50; i++) {
        snprintf(texts[i], sizeof texts[i], "**/*%zu*/**/*%c", i / 5, "ctdsl"[i % 5]);
        list[i] = texts[i];
        alone += seconds(list + i, 1);
    }
    double together = seconds(list, 50);
    if (together > alone * 2)
        fail_msg("together %.3f s, one by one %.3f s", together, alone);
}

static void test_line_break(void **state)
{
    (void)state;
    assert_true(arc_glob_line_break("a\nb", 3));
    assert_true(arc_glob_line_break("a\xe2\x80\xa8", 4));
    assert_false(arc_glob_line_break("a\xe2\x80\xa7", 4));
    assert_false(arc_glob_line_break("a\xe2\x80", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defect),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_long_beginnings),
        cmocka_unit_test(test_plain_path),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_empty_set),
        cmocka_unit_test(test_linear),
        cmocka_unit_test(test_small_cache),
        cmocka_unit_test(test_line_break),
        cmocka_unit_test(test_itself),
        cmocka_unit_test(test_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
