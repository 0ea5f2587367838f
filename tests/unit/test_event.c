#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "arcci/event.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define Z "0000000000000000000000000000000000000000"

/* Loads an event of that name and payload (NULL: no event file). */
static int load(const char *name, const char *payload, struct arc_event *out, struct arc_error *err)
{
    char path[] = "/tmp/arc-ci-event-XXXXXX", name_var[128], path_var[128];
    const char *vars[6] = {"GITHUB_REF=refs/heads/main", ("GITHUB_SHA=" A),
                           "GITHUB_REPOSITORY=o/r"};
    size_t count = 3;
    int fd = -1;
    if (name) {
        snprintf(name_var, sizeof name_var, "GITHUB_EVENT_NAME=%s", name);
        vars[count++] = name_var;
    }
    if (payload) {
        fd = mkstemp(path);
        assert_true(fd >= 0 && write(fd, payload, strlen(payload)) == (ssize_t)strlen(payload));
        snprintf(path_var, sizeof path_var, "GITHUB_EVENT_PATH=%s", path);
        vars[count++] = path_var;
    }
    const struct arc_env env = {.vars = vars};
    int rc = arc_event_load(&env, out, err);
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    return rc;
}

static void test_push(void **state)
{
    (void)state;
    struct arc_event event;
    assert_int_equal(
        load("push",
             "{\"before\": \"" Z "\", \"after\": \"" B "\", \"deleted\": false, \"forced\": false,"
             " \"repository\": {\"default_branch\": \"trunk\", \"full_name\": \"p/q\"}}",
             &event, NULL),
        0);
    assert_string_equal(event.name, "push");
    assert_string_equal(event.ref, "refs/heads/main");
    assert_string_equal(event.sha, B);
    assert_string_equal(event.before, Z);
    assert_string_equal(event.default_branch, "trunk");
    assert_string_equal(event.repository, "p/q");
    assert_false(event.deleted);
    assert_true(event.forward);
    assert_true(arc_event_is_null_sha(event.before));
    assert_false(arc_event_is_pull_request(&event));
    arc_event_free(&event);
}

static void test_pull_request(void **state)
{
    (void)state;
    static const char *const names[] = {"pull_request", "pull_request_target",
                                        "pull_request_review", "pull_request_review_comment"};
    for (size_t i = 0; i < 4; i++) {
        struct arc_event event;
        assert_int_equal(load(names[i],
                              "{\"pull_request\": {\"number\": 7, \"changed_files\": 3, \"base\": "
                              "{\"sha\": \"" A "\", \"ref\": \"main\"}, \"head\": {\"sha\": \"" B
                              "\"}}}",
                              &event, NULL),
                         0);
        assert_true(arc_event_is_pull_request(&event));
        assert_string_equal(event.base_sha, A);
        assert_string_equal(event.base_ref, "main");
        assert_string_equal(event.head_sha, B);
        assert_int_equal(event.number, 7);
        assert_int_equal(event.changed_files, 3);
        arc_event_free(&event);
    }
}

static void test_others(void **state)
{
    (void)state;
    struct arc_event event;
    assert_int_equal(load("merge_group",
                          "{\"merge_group\": {\"base_sha\": \"" A "\", \"head_sha\": \"" B "\"}}",
                          &event, NULL),
                     0);
    assert_string_equal(event.base_sha, A);
    assert_string_equal(event.head_sha, B);
    arc_event_free(&event);
    assert_int_equal(load("workflow_run",
                          "{\"workflow_run\": {\"head_sha\": \"" B "\", \"head_branch\": null}}",
                          &event, NULL),
                     0);
    assert_string_equal(event.head_sha, B);
    assert_null(event.head_branch);
    arc_event_free(&event);
    assert_int_equal(load("schedule", NULL, &event, NULL), 0);
    assert_string_equal(event.sha, A);
    assert_int_equal(event.changed_files, -1);
    arc_event_free(&event);
}

static void test_by_hand(void **state)
{
    (void)state;
    struct arc_event event;
    assert_int_equal(load(NULL, "no JSON at all", &event, NULL), 0);
    assert_string_equal(event.name, "local");
    arc_event_free(&event);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *payload, *message;
    } cases[] = {
        {"push", "{", "the event is not JSON"},
        {"push", "[]", "the event is not a JSON object"},
        {"push", "{\"before\": 7}", "before is not a string"},
        {"push", "{\"before\": \"--output=x\"}", "before is not a commit"},
        {"push", "{\"after\": \"" B "b\"}", "after is not a commit"},
        {"push", "{\"after\": \"" Z "\\u0000\"}", "after is a string with a NUL in it"},
        {"push", "{\"repository\": {\"default_branch\": []}}",
         "repository.default_branch is not a string"},
        {"pull_request", "{\"pull_request\": {\"head\": {\"sha\": \"main\"}}}",
         "pull_request.head.sha is not a commit"},
        {"merge_group", "{\"merge_group\": {\"base_sha\": \"\"}}",
         "merge_group.base_sha is not a commit"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arc_event event;
        struct arc_error err = {0};
        assert_int_equal(load(cases[i].name, cases[i].payload, &event, &err), ARC_EINPUT);
        if (!strstr(arc_error_text(&err), cases[i].message))
            fail_msg("%s: %s", cases[i].payload, arc_error_text(&err));
        arc_error_clear(&err);
    }
}

static void test_sha(void **state)
{
    (void)state;
    assert_true(arc_event_is_sha(A));
    assert_true(arc_event_is_sha(Z));
    assert_false(arc_event_is_sha(NULL));
    assert_false(arc_event_is_sha("AAAAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    assert_false(arc_event_is_sha("aaaa"));
    assert_false(arc_event_is_null_sha(A));
    assert_false(arc_event_is_null_sha(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_push),    cmocka_unit_test(test_pull_request),
        cmocka_unit_test(test_others),  cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_sha),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
