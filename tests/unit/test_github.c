/* port/github without a network: what errors say, where credentials may go, what is masked, and the
 * files of a pull request, closed when they may not be all. */
#include "base/auto.h"
#include "github/github.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "headers.h"

static void test_explain(void **state)
{
    (void)state;
    static const struct {
        int status, code;
        const char *headers, *body, *part;
    } table[] = {
        {404, ARC_ENOTFOUND, "", "{\"message\": \"Not Found\"}",
         "PUT /x: 404 Not Found; it does not exist, or the token may not see it"},
        {410, ARC_ENOTFOUND, "", "{}", "410 without a message of GitHub's"},
        {401, ARC_EWORLD, "",
         "{\"message\": \"Bad credentials\", \"documentation_url\": \"https://d\"}",
         "401 Bad credentials, see https://d; the token is wrong or has expired"},
        {403, ARC_EWORLD,
         "x-accepted-github-permissions: contents=write,workflows=write; admin=write",
         "{\"message\": \"Resource not accessible by integration\"}",
         "permission `workflows`: no workflow's token has it, a GitHub App's or a person's may"},
        {403, ARC_EWORLD, "x-accepted-github-permissions: pull_requests=write",
         "{\"message\": \"Resource not accessible by integration\"}",
         "needs pull_requests=write: add to the job `permissions: {pull-requests: write}`"},
        {403, ARC_EWORLD, "x-accepted-github-permissions: contents=write,issues=read; checks=write",
         "{\"message\": \"Resource not accessible by integration\"}",
         ": add to the job `permissions: {contents: write, issues: read}` or `permissions: {checks: "
         "write}`"},
        {403, ARC_EWORLD, "x-accepted-github-permissions: contents=write; issues=write",
         "{\"message\": \"Resource not accessible by personal access token\"}",
         ": give the token contents: write or issues: write (github.com/settings/tokens)"},
        {403, ARC_EWORLD, "x-accepted-oauth-scopes: repo", "{\"message\": \"no\"}",
         "a classic token needs one of the scopes repo"},
        {403, ARC_EWORLD, "x-github-sso: required; url=https://s", "{\"message\": \"no\"}",
         "single sign-on for this token: authorise it at https://s"},
        {403, ARC_EWORLD, "retry-after: 60", "{\"message\": \"slow\"}",
         "it is a rate limit that lasts 60 s: run again later"},
        {429, ARC_EWORLD, "retry-after: Wed, 21 Oct 2099 07:28:00 GMT", "{}",
         "it is a rate limit that ends at Wed, 21 Oct 2099 07:28:00 GMT: run again later"},
        {429, ARC_EWORLD, "x-ratelimit-reset: 1767225600",
         "{\"message\": \"API rate limit exceeded\"}",
         "it is a rate limit that ends at 2026-01-01 00:00 UTC: run again later"},
        {403, ARC_EWORLD, "", "{\"message\": \"Resource not accessible by integration\"}",
         "the token may not do this: look at the job's `permissions:`"},
        {500, ARC_EWORLD, "", "null", "500 without"},
        {422, ARC_EFAILED, "",
         "{\"message\": \"Validation Failed\", \"errors\": [{\"field\": \"tag_name\", \"code\": "
         "\"already_exists\"}, \"free text\", {\"message\": \"too long\"}]}",
         "422 Validation Failed (tag_name: already_exists, free text, too long)"},
        {307, ARC_EFAILED, "location: https://evil.example/x", "null",
         "sends the request elsewhere, to https://evil.example/x; it was not followed"},
        {400, ARC_EFAILED, "", "{\"message\": \"a\\nb\\u001b[31m\"}", "400 a b\\x1b[31m"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ARC_AUTO(arc_http_response)
        struct arc_http_response answer = {.fate = ARC_HTTP_ANSWERED, .status = table[i].status};
        ARC_AUTO(arc_error) struct arc_error err = {0};
        ARC_AUTO_JSON json_t *body = json_loads(table[i].body, JSON_DECODE_ANY, NULL);
        set_headers(&answer, table[i].headers);
        int code = arc_github_explain("PUT", "/x", &answer, body, &err);
        if (code != table[i].code || !strstr(arc_error_text(&err), table[i].part))
            fail_msg("row %zu: %d %s", i, code, arc_error_text(&err));
    }
}

static void test_explain_is_bounded(void **state)
{
    (void)state;
    ARC_AUTO(arc_http_response)
    struct arc_http_response answer = {.fate = ARC_HTTP_ANSWERED, .status = 422};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_FREE char *huge = calloc(1, 100001);
    memset(huge, '\x01', 100000);
    ARC_AUTO_JSON json_t *body = json_pack("{s:s, s:[s, s, s, s, s, s, s]}", "message", huge,
                                           "errors", huge, huge, huge, huge, huge, huge, huge);
    assert_int_equal(arc_github_explain("GET", huge, &answer, body, &err), ARC_EFAILED);
    assert_true(strlen(arc_error_text(&err)) < 8192);
}

static void test_trusted(void **state)
{
    (void)state;
    static const struct {
        const char *api, *url;
        bool trusted;
    } table[] = {
        {"https://api.github.com", "https://api.github.com/repositories/1?page=2", true},
        {"https://api.github.com", "https://uploads.github.com/repos/o/r", true},
        {"https://api.github.com", "https://API.GitHub.com/x", true},
        {"https://api.github.com", "http://api.github.com/x", false},
        {"https://api.github.com", "https://api.github.com:8443/x", false},
        {"https://api.github.com", "https://api.github.com.evil/x", false},
        {"https://api.github.com", "https://api.github.com@evil/x", false},
        {"https://api.github.com", "https://evil\\@api.github.com/x", false},
        {"https://api.github.com", "https://evil/https://api.github.com", false},
        {"https://api.github.com", "https://uploads.github.co/x", false},
        {"https://api.acme.ghe.com", "https://uploads.acme.ghe.com/x", true},
        {"https://ghes.example/api/v3", "https://ghes.example/api/uploads/x", true},
        {"https://ghes.example/api/v3", "https://uploads.ghes.example/x", false},
        {"http://127.0.0.1:80/api/v3", "http://127.0.0.1:81/x", false},
        {"https://api.github.com", "relative", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (arc_github_trusted(table[i].api, table[i].url) != table[i].trusted)
            fail_msg("%s", table[i].url);
}

static void test_mask(void **state)
{
    (void)state;
    static const char *const table[][3] = {
        {"a s3cret b s3crets3cret", "s3cret", "a *** b ******"},
        {"nothing", "s3cret", "nothing"},
        {"", "s3cret", ""},
        {"text", "", "text"},
        {"abc", "abc", "***"},
        {"a ab", "ab", "a ab"}, /* no token is that short */
        {"a \\u0073\\u0033cre\\u0074 b", "s3cret", "a *** b"},
        {"?t=s%33cr%65t&x", "s3cret", "?t=***&x"},
        {"\\u0073\\u0033cre", "s3cret", "\\u0073\\u0033cre"},
        {"Basic eC1hY2Nlc3MtdG9rZW46Z2hwX2ExQjJhMUIyYTFCMg== x", "ghp_a1B2a1B2a1B2",
         "Basic eC1hY2Nlc3MtdG9rZW46***Mg== x"},
        {"OmdocF9hMUIyYTFCMmExQjI=", "ghp_a1B2a1B2a1B2", "Om***QjI="},
        {"OjpnaHBfYTFCMmExQjJhMUIy", "ghp_a1B2a1B2a1B2", "Ojp***"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s", table[i][0]);
        arc_github_mask(text, table[i][1]);
        assert_string_equal(text, table[i][2]);
    }
    arc_github_mask(NULL, "s3cret");
}

static void test_encode(void **state)
{
    (void)state;
    ARC_AUTO_FREE char *text = arc_url_encode("a/b c?d=é%\x01-._~");
    assert_string_equal(text, "a%2Fb%20c%3Fd%3D%C3%A9%25%01-._~");
}

/* ---- the files of a pull request ------------------------------------------------------------- */

/* Gives `total` files in pages of 100. */
struct pages {
    struct arc_transport base;
    size_t total, sent, asked;
    char url[256];
};

static int send_page(struct arc_transport *self, const struct arc_request *request,
                     struct arc_reply *reply, struct arc_error *err)
{
    struct pages *pages = (struct pages *)self;
    (void)err;
    arc_reply_free(reply);
    snprintf(pages->url, sizeof pages->url, "%s", request->path);
    pages->asked++;
    reply->status = 200;
    reply->body = json_array();
    for (size_t i = 0; i < 100 && pages->sent < pages->total; i++, pages->sent++)
        json_array_append_new(reply->body, json_pack("{s:s, s:s, s:s}", "filename", "new", "status",
                                                     "renamed", "previous_filename", "old"));
    reply->next = pages->sent < pages->total ? strdup("https://next") : NULL;
    return ARC_OK;
}

static void close_pages(struct arc_transport *self)
{
    (void)self;
}

static void test_pull_files(void **state)
{
    (void)state;
    static const struct {
        size_t total;
        int64_t expected;
        int code;
    } table[] = {
        {0, -1, ARC_OK},          {0, 0, ARC_OK},           {250, -1, ARC_OK},
        {250, 250, ARC_OK},       {250, 251, ARC_ELIMIT},   {2999, -1, ARC_OK},
        {3000, -1, ARC_ELIMIT},   {3000, 3000, ARC_OK},     {3000, 3001, ARC_ELIMIT},
        {3000, 9000, ARC_ELIMIT}, {5000, 3000, ARC_ELIMIT},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct pages pages = {
            .base = {.send = send_page, .close = close_pages, .clock = arc_clock_system()},
            .total = table[i].total};
        ARC_AUTO_JSON json_t *files = NULL;
        ARC_AUTO(arc_error) struct arc_error err = {0};
        int rc = arc_github_pull_files(&pages.base, "o/r", 7, "a", table[i].expected, &files, &err);
        if (rc != table[i].code)
            fail_msg("row %zu: %d %s", i, rc, arc_error_text(&err));
        assert_int_equal(files != NULL, rc == ARC_OK);
        if (files) {
            assert_int_equal(json_array_size(files), table[i].total);
            assert_int_equal(pages.asked, table[i].total ? (table[i].total + 99) / 100 : 1);
        }
    }
}

/* ---- recording ------------------------------------------------------------------------------- */

static void test_record_that_cannot_be_written_stops_before_sending(void **state)
{
    (void)state;
    char dir[] = "/tmp/arcci-record-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    struct pages pages = {
        .base = {.send = send_page, .close = close_pages, .clock = arc_clock_system()}};
    struct arc_transport *recorder = NULL;
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    struct arc_request request = {.method = "GET", .path = "/x"};
    assert_int_equal(arc_transport_record(&pages.base, dir, &recorder, NULL), 0);
    assert_int_equal(recorder->send(recorder, &request, &reply, &err), 0);
    assert_int_equal(pages.asked, 1);
    snprintf(path, sizeof path, "%s/002-GET.json", dir);
    assert_int_equal(mkdir(path, 0700), 0); /* in the way of the second record */
    assert_int_equal(recorder->send(recorder, &request, &reply, &err), ARC_EWORLD);
    assert_int_equal(pages.asked, 1);
    rmdir(path);
    snprintf(path, sizeof path, "%s/001-GET.json", dir);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    unlink(path);
    rmdir(dir);
    arc_transport_free(recorder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_explain_is_bounded),
        cmocka_unit_test(test_trusted),
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_pull_files),
        cmocka_unit_test(test_record_that_cannot_be_written_stops_before_sending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
