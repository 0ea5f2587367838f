/* The release stage: what it would send, and how bodies are put together. (Its behaviour against a
 * server is in tests/fault and tests/contract.) */
#include "base/auto.h"
#include "base/json.h"
#include "base/markdown.h"
#include "release/release.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char tag[] = "messaging/v0.1.0";

static const char revision[] = "0123456789abcdef0123456789abcdef01234567";

static void test_requests(void **state)
{
    (void)state;
    const struct arc_version_info version = {.tag = tag, .latest = true};
    ARC_AUTO_JSON json_t *requests = NULL;
    static const struct arc_release_asset assets[] = {
        {.name = "build.json", .path = "/does/not/exist", .later = true},
        {.name = "a+b.txt", .path = "x", .later = true}};
    struct arc_release_options o = {.repository = "o/r",
                                    .version = &version,
                                    .revision = revision,
                                    .name = "Messaging 0.1.0",
                                    .body = "notes\n",
                                    .assets = assets,
                                    .asset_count = 2};
    static const char *const want[][2] = {
        {"GET", "/repos/o/r/git/ref/tags%2Fmessaging%2Fv0.1.0"},
        {"GET", "/repos/o/r/releases?per_page=100"},
        {"POST", "/repos/o/r/releases"},
        {"POST", "{upload_url}?name=build.json"},
        {"POST", "{upload_url}?name=a%2Bb.txt"},
        {"GET", "/repos/o/r/releases?per_page=100"},
        {"PATCH", "/repos/o/r/releases/{release_id}"},
    };
    assert_int_equal(arc_release_requests(&o, &requests, NULL), 0);
    assert_int_equal(json_array_size(requests), sizeof want / sizeof *want);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const json_t *row = json_array_get(requests, i);
        assert_string_equal(arc_json_text_of(row, "method"), want[i][0]);
        assert_string_equal(arc_json_text_of(row, "path"), want[i][1]);
        assert_true(*arc_json_text_of(row, "why"));
    }
    const json_t *create = json_object_get(json_array_get(requests, 2), "body");
    assert_true(json_is_true(json_object_get(create, "draft")));
    assert_null(json_object_get(create, "target_commitish")); /* the tag says where it points */
    assert_true(release_draft_untouched(arc_json_text_of(create, "name"),
                                        arc_json_text_of(create, "body")));
    const json_t *publish = json_object_get(json_array_get(requests, 6), "body");
    assert_true(json_is_false(json_object_get(publish, "draft")));
    assert_string_equal(arc_json_text_of(publish, "make_latest"), "true");
    assert_string_equal(arc_json_text_of(publish, "body"), "notes\n");
    assert_string_equal(arc_json_text_of(publish, "name"), "Messaging 0.1.0");
}

static void test_prerelease_is_never_latest(void **state)
{
    (void)state;
    for (int draft = 0; draft < 2; draft++) {
        const struct arc_version_info version = {.tag = tag, .prerelease = true, .latest = true};
        ARC_AUTO_JSON json_t *requests = NULL;
        struct arc_release_options o = {
            .repository = "o/r", .version = &version, .body = "", .draft = draft};
        assert_int_equal(arc_release_requests(&o, &requests, NULL), 0);
        /* tag, list, create, list, and the publication unless it stays a draft */
        assert_int_equal(json_array_size(requests), draft ? 4 : 5);
        const json_t *publish = json_object_get(json_array_get(requests, 4), "body");
        if (!draft)
            assert_string_equal(arc_json_text_of(publish, "make_latest"), "false");
    }
}

static void refused(const struct arc_release_options *o, int code, const char *part)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    json_t *requests = NULL;
    assert_int_equal(arc_release_requests(o, &requests, &err), code);
    assert_null(requests);
    if (!strstr(arc_error_text(&err), part))
        fail_msg("'%s' lacks '%s'", arc_error_text(&err), part);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"",      ".hidden", "a b", "a/b", "end.", "a\nb",
                                        "\x1b[", "ä",       "a?b", "a&b", "a%b"};
    static const char *const repositories[] = {"",      "o",    "o/",    "/r",
                                               "o/r/x", "o/..", "o/r?x", "o r"};
    const struct arc_version_info version = {.tag = tag, .latest = true};
    struct arc_release_asset assets[2] = {{.name = "a", .data = "x", .len = 1},
                                          {.name = "a", .data = "y", .len = 1}};
    struct arc_release_options good = {.repository = "o/r", .version = &version, .body = ""}, o;
    for (size_t i = 0; i < sizeof repositories / sizeof *repositories; i++) {
        o = good, o.repository = repositories[i];
        refused(&o, ARC_EINPUT, "is not a repository");
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assets[0].name = names[i];
        o = good, o.assets = assets, o.asset_count = 1;
        refused(&o, ARC_EINPUT, "cannot be the name of an asset");
    }
    assets[0].name = "a";
    o = good, o.assets = assets, o.asset_count = 2;
    refused(&o, ARC_EINPUT, "two assets are named a");
    o = good, o.revision = "main";
    refused(&o, ARC_EINPUT, "is not a commit");
    ARC_AUTO_FREE char *body = calloc(1, ARC_RELEASE_BODY_MAX + 2);
    memset(body, 'x', ARC_RELEASE_BODY_MAX + 1);
    o = good, o.body = body;
    refused(&o, ARC_ELIMIT, "124801 characters");
}

#define BEGIN "<!-- arc-ci: notes begin -->\n"
#define END   "<!-- arc-ci: notes end -->"

static void test_body_modes(void **state)
{
    (void)state;
    static const struct {
        enum arc_body_mode mode;
        const char *existing, *want;
    } table[] = {
        {ARC_BODY_AUTO, "old", "old"},
        {ARC_BODY_AUTO, "", "new"},
        {ARC_BODY_AUTO, NULL, "new"},
        {ARC_BODY_REPLACE, NULL, "new"},
        {ARC_BODY_REPLACE, "old", "new"},
        {ARC_BODY_KEEP, "old", "old"},
        {ARC_BODY_KEEP, "", "new"},
        {ARC_BODY_KEEP, NULL, "new"},
        {ARC_BODY_PREPEND, "old", BEGIN "new\n" END "\n\nold"},
        {ARC_BODY_PREPEND, NULL, BEGIN "new\n" END "\n"},
        {ARC_BODY_APPEND, "old", "old\n\n" BEGIN "new\n" END "\n"},
        {ARC_BODY_PREPEND, BEGIN "before\n" END "\n\nold", BEGIN "new\n" END "\n\nold"},
        {ARC_BODY_APPEND, "old\r\n<!-- arc-ci: notes begin -->\r\nx\r\n" END "\r\ntail",
         "old\r\n" BEGIN "new\n" END "\r\ntail"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ARC_AUTO_FREE char *once = release_body(table[i].mode, table[i].existing, "new");
        assert_string_equal(once, table[i].want);
        ARC_AUTO_FREE char *twice = release_body(table[i].mode, once, "new");
        assert_string_equal(twice, once); /* a second run changes nothing */
        ARC_AUTO_FREE char *kept = release_body(table[i].mode, table[i].existing, "");
        assert_string_equal(kept, table[i].existing ? table[i].existing : "");
        ARC_AUTO_FREE char *draft = NULL;
        assert_int_equal(release_draft_body(table[i].mode, "title", NULL, "new", &draft, NULL), 0);
        assert_true(release_draft_made(draft));
        ARC_AUTO_FREE char *published = release_body(table[i].mode, draft, "new");
        ARC_AUTO_FREE char *fresh = release_body(table[i].mode, NULL, "new");
        assert_string_equal(published, fresh); /* the mark is gone */
    }
}

/* Whose draft it is: the mark survives a person's edit, the digest does not. */
static void test_drafts(void **state)
{
    (void)state;
    ARC_AUTO_FREE char *draft = NULL;
    assert_int_equal(release_draft_body(ARC_BODY_AUTO, "title", NULL, "a\nb\n", &draft, NULL), 0);
    size_t mark = strcspn(draft, "\n") + 1;
    char text[512];
    static const struct {
        const char *name, *body;
        bool made, untouched;
    } table[] = {
        {"title", "a\nb\n", true, true},      {"title", "a\r\nb", true, true},
        {"title", "a\nb\n\n ", true, true},   {"Title", "a\nb\n", true, false},
        {"title", "a\nb\nmore", true, false}, {"title", "", true, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        snprintf(text, sizeof text, "%.*s%s", (int)mark, draft, table[i].body);
        assert_int_equal(release_draft_made(text), table[i].made);
        assert_int_equal(release_draft_untouched(table[i].name, text), table[i].untouched);
        ARC_AUTO_FREE char *kept = release_body(ARC_BODY_AUTO, text, "new");
        assert_string_equal(kept, *table[i].body ? table[i].body : "new");
    }
    for (size_t len = 0; len < mark - 1; len++) { /* a mark that is cut is none */
        snprintf(text, sizeof text, "%.*s", (int)len, draft);
        assert_false(release_draft_made(text));
    }
    assert_false(release_draft_made(NULL));
    assert_false(release_draft_untouched("", "<!-- arc-ci: draft under way -->\nold"));
}

static void test_body_same(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } table[] = {
        {"a\nb\n", "a\r\nb", true}, {"", NULL, true},        {"a", "a \n\n", true},
        {"a\nb", "ab", false},      {"a", "ab", false},      {"a b", "a\tb", false},
        {"", "x", false},           {"a\r b", "a b", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(arc_markdown_same(table[i].a, table[i].b), table[i].same);
        assert_int_equal(arc_markdown_same(table[i].b, table[i].a), table[i].same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),  cmocka_unit_test(test_prerelease_is_never_latest),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_body_modes),
        cmocka_unit_test(test_body_same), cmocka_unit_test(test_drafts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
