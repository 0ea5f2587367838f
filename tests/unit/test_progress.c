#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "build/progress.h"
#include "os/file.h"
#include <cmocka.h>
#include <string.h>

static const char two[] =
    "{\"target\": {\"flash\": {\"platforms\": [\"linux/amd64\", \"linux/arm64\"]},"
    " \"sonic\": {\"platforms\": [\"linux/amd64\", \"linux/arm64\"]}}}";
static const char one[] =
    "{\"target\": {\"flash\": {\"platforms\": [\"linux/amd64\", \"linux/arm64\"]}}}";
static const char narrow[] = "{\"target\": {\"flash\": {\"platforms\": [\"linux/arm64\"]}}}";

/* What the events were, one per line. */
struct seen {
    struct arc_buf lines;
    struct arc_buf logs;
    json_t *pushed;
    double last; /* seconds of the step that was done last */
};

static void on_event(void *context, const struct arc_build_event *event)
{
    static const char *const states[] = {"running", "done", "cached", "failed"};
    struct seen *seen = context;
    if (event->log) {
        arc_buf_printf(&seen->logs, "%s %s: ", event->service, event->platform);
        arc_buf_add(&seen->logs, event->log, event->log_len);
        return;
    }
    arc_buf_printf(&seen->lines, "%s|%s|%.30s|%s\n", event->service, event->platform, event->step,
                   states[event->state]);
    if (event->state == ARC_STEP_DONE)
        seen->last = event->duration;
}

static void on_pushed(void *context, const json_t *digests)
{
    struct seen *seen = context;
    const char *service;
    json_t *digest;
    if (!seen->pushed)
        seen->pushed = json_object();
    assert_int_not_equal(json_object_size(digests), 0);
    json_object_foreach ((json_t *)digests, service, digest) {
        assert_null(json_object_get(seen->pushed, service)); /* each once */
        json_object_set_new(seen->pushed, service, json_deep_copy(digest));
    }
}

static void read_data(const char *name, struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {0};
    arc_buf_printf(&path, "%s/progress/%s", TEST_DATA, name);
    assert_int_equal(arc_file_read(arc_buf_text(&path), NULL, 1 << 20, out, NULL), ARC_OK);
}

/* Feeds the text in pieces of `step` bytes. */
static struct arc_progress *read_all(const char *definition, const char *text, size_t len,
                                     size_t step, struct seen *seen, json_t **parsed)
{
    struct arc_progress *progress = NULL;
    *parsed = json_loads(definition, 0, NULL);
    struct arc_progress_options options = {*parsed, {on_event, seen}, on_pushed, seen};
    assert_int_equal(arc_progress_new(&options, &progress, NULL), ARC_OK);
    for (size_t at = 0; at < len; at += step)
        assert_int_equal(
            arc_progress_feed(progress, text + at, at + step < len ? step : len - at, NULL),
            ARC_OK);
    return progress;
}

static void seen_free(struct seen *seen)
{
    arc_buf_free(&seen->lines);
    arc_buf_free(&seen->logs);
    json_decref(seen->pushed);
}

static void assert_digest(const json_t *pushed, const char *service, const char *begins)
{
    const char *digest = json_string_value(json_object_get(pushed, service));
    assert_non_null(digest);
    assert_int_equal(strlen(digest), 71);
    assert_memory_equal(digest, begins, strlen(begins));
}

static void test_cells_are_told_apart(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    read_data("two-services.rawjson", &text);
    static const size_t steps[] = {1, 7, 65536};
    ARC_AUTO_FREE char *first = NULL;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        ARC_AUTO(seen) struct seen seen = {0};
        ARC_AUTO_JSON json_t *definition = NULL;
        struct arc_progress *progress =
            read_all(two, text.data, text.len, steps[i], &seen, &definition);
        struct arc_built_cell cell = {.platform = "linux/arm64", .cached = -1},
                              other = {.platform = "linux/s390x", .cached = -1};
        arc_progress_time(progress, "flash", &cell);
        assert_true(cell.duration > 0 && cell.duration < 60 && cell.started > 1.7e9);
        assert_int_equal(cell.cached, 0);
        arc_progress_time(progress, "flash", &other);
        assert_int_equal(other.cached, -1);
        assert_non_null(strstr(arc_buf_text(&seen.lines), "flash|linux/arm64|2/2 RUN echo"));
        assert_non_null(strstr(arc_buf_text(&seen.lines), "sonic||exporting to image|done"));
        assert_string_equal(arc_progress_text(progress), "");
        assert_digest(seen.pushed, "flash", "sha256:fa7714056e08");
        assert_digest(seen.pushed, "sonic", "sha256:6f71adb91dcf");
        if (!first)
            first = strdup(arc_buf_text(&seen.lines));
        assert_string_equal(arc_buf_text(&seen.lines), first);
        arc_progress_free(progress);
    }
}

/* Each as soon as its index has arrived, and before bake ends. */
static void test_when_it_is_pushed(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    read_data("two-services.rawjson", &text);
    const char *last = strstr(text.data, "arc/flash:staging-1@sha256:");
    last = strstr(last + 1, "arc/flash:staging-1@sha256:");
    size_t before = (size_t)(last - text.data);
    for (size_t more = 0; more <= 600; more += 600) {
        ARC_AUTO(seen) struct seen seen = {0};
        ARC_AUTO_JSON json_t *definition = NULL;
        arc_progress_free(read_all(two, text.data, before + more, 4096, &seen, &definition));
        assert_int_equal(json_object_size(seen.pushed), more ? 2 : 1);
    }
    assert_true(before + 600 < text.len - 1000);
}

static void test_a_failed_step(void **state)
{
    (void)state;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(seen) struct seen seen = {0};
    ARC_AUTO_JSON json_t *definition = NULL;
    read_data("failed-step.rawjson", &text);
    struct arc_progress *progress = read_all(one, text.data, text.len, 4096, &seen, &definition);
    const char *service = NULL, *platform = NULL;
    bool foreign = true;
    const char *failure = arc_progress_failure(progress, &service, &platform, &foreign);
    assert_false(foreign);
    assert_string_equal(service, "flash");
    assert_string_equal(platform, "linux/amd64");
    assert_non_null(strstr(failure, "did not complete successfully: exit code: 3"));
    assert_non_null(strstr(arc_progress_text(progress), "Dockerfile:3\n"));
    assert_non_null(strstr(arc_progress_text(progress), "ERROR: failed to solve"));
    assert_non_null(strstr(arc_buf_text(&seen.logs), "flash linux/amd64: err\n"));
    assert_non_null(strstr(arc_buf_text(&seen.lines), "|2/2 RUN echo"));
    arc_progress_free(progress);
}

static void test_a_single_platform_is_implied(void **state)
{
    (void)state;
    static const char text[] =
        "{\"vertexes\": [{\"digest\": \"a\", \"name\": \"[builder 1/2] RUN x\","
        " \"started\": \"2026-01-01T00:00:00Z\", \"completed\": \"2026-01-01T00:00:01.5Z\"}]}"
        "{\"vertexes\": [{\"digest\": \"b\", \"name\": \"[2/2] RUN \\\"}{\\\"\", \"cached\": true,"
        " \"started\": \"2026-01-01T00:00:03Z\", \"completed\": \"2026-01-01T00:00:04Z\"}]}\n";
    ARC_AUTO(seen) struct seen seen = {0};
    ARC_AUTO_JSON json_t *definition = NULL;
    /* the second value starts where the first ended, as a stream of values may */
    ARC_AUTO_FREE char *lines = strdup(text);
    char *second = strstr(lines, "}{\"vertexes\": [{\"digest\": \"b\"");
    assert_non_null(second);
    struct arc_progress *progress = read_all(narrow, lines, strlen(lines), 5, &seen, &definition);
    struct arc_built_cell cell = {.platform = "linux/arm64"};
    arc_progress_time(progress, "flash", &cell);
    assert_true(cell.duration > 3.9 && cell.duration < 4.1);
    assert_true(seen.last > 1.4 && seen.last < 1.6);
    assert_string_equal(arc_buf_text(&seen.lines), "flash|linux/arm64|builder 1/2 RUN x|done\n"
                                                   "flash|linux/arm64|2/2 RUN \"}{\"|cached\n");
    arc_progress_free(progress);
}

/* What the step said is in the log only, and in base64: "exec /bin/sh: exec format error". */
static void test_a_program_for_another_platform(void **state)
{
    (void)state;
    static const char text[] =
        "{\"vertexes\": [{\"digest\": \"a\", \"name\": \"[2/2] RUN x\","
        " \"started\": \"2026-01-01T00:00:00Z\"}]}\n"
        "{\"logs\": [{\"vertex\": \"a\", \"data\":"
        " \"ZXhlYyAvYmluL3NoOiBleGVjIGZvcm1hdCBlcnJvcgo=\"}]}\n"
        "{\"vertexes\": [{\"digest\": \"a\", \"name\": \"[2/2] RUN x\","
        " \"started\": \"2026-01-01T00:00:00Z\", \"completed\": \"2026-01-01T00:00:01Z\","
        " \"error\": \"exit code: 1\"}]}\n";
    const char *last = strstr(text, "\n{\"vertexes\"");
    assert_non_null(last);
    ARC_AUTO(seen) struct seen seen = {0};
    ARC_AUTO_JSON json_t *definition = NULL;
    struct arc_progress *progress =
        read_all(narrow, text, (size_t)(last - text), 7, &seen, &definition);
    const char *service, *platform;
    bool foreign = false;
    assert_null(arc_progress_failure(progress, &service, &platform, &foreign)); /* none yet */
    assert_int_equal(arc_progress_done(progress), 0);
    assert_int_equal(arc_progress_feed(progress, last, strlen(last), NULL), ARC_OK);
    assert_non_null(arc_progress_failure(progress, &service, &platform, &foreign));
    assert_true(foreign);
    assert_int_equal(arc_progress_done(progress), 1);
    arc_progress_free(progress);
}

/* A command longer than what is kept of it is cut between any two bytes. */
static void test_a_long_command(void **state)
{
    (void)state;
    for (int odd = 0; odd < 2; odd++) {
        ARC_AUTO(arc_buf) struct arc_buf text = {0};
        ARC_AUTO(seen) struct seen seen = {0};
        ARC_AUTO_JSON json_t *definition = NULL;
        arc_buf_puts(&text, "{\"vertexes\": [{\"digest\": \"sha256:1\","
                            " \"started\": \"2026-01-10T00:00:00Z\", \"name\": \"[2/2] RUN ");
        arc_buf_puts(&text, odd ? "x" : "");
        for (int i = 0; i < 1000; i++)
            arc_buf_puts(&text, "\xc3\xa9");
        arc_buf_puts(&text, "\"}]}\n");
        arc_progress_free(read_all(narrow, text.data, text.len, 4096, &seen, &definition));
        assert_non_null(strstr(arc_buf_text(&seen.lines), "flash|linux/arm64|2/2 RUN "));
    }
}

static void test_a_value_without_end(void **state)
{
    (void)state;
    struct arc_progress *progress = NULL;
    ARC_AUTO_JSON json_t *definition = json_loads(one, 0, NULL);
    struct arc_progress_options options = {.definition = definition};
    struct arc_error err = {0};
    ARC_AUTO_FREE char *block = malloc(1 << 20);
    memset(block, 'x', 1 << 20);
    assert_int_equal(arc_progress_new(&options, &progress, NULL), ARC_OK);
    int rc = arc_progress_feed(progress, "{\"a\": \"", 7, &err);
    for (int i = 0; !rc && i < 20; i++)
        rc = arc_progress_feed(progress, block, 1 << 20, &err);
    assert_int_equal(rc, ARC_ELIMIT);
    arc_error_clear(&err);
    arc_progress_free(progress);
}

static void test_text_keeps_its_end(void **state)
{
    (void)state;
    struct arc_progress *progress = NULL;
    ARC_AUTO_JSON json_t *definition = json_loads(one, 0, NULL);
    struct arc_progress_options options = {.definition = definition};
    assert_int_equal(arc_progress_new(&options, &progress, NULL), ARC_OK);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(arc_progress_feed(progress, "0123456789\n", 11, NULL), ARC_OK);
    assert_int_equal(arc_progress_feed(progress, "ERROR: the end\n", 15, NULL), ARC_OK);
    const char *text = arc_progress_text(progress);
    assert_true(strlen(text) >= 60000 && strlen(text) < 140000);
    assert_non_null(strstr(text, "\nERROR: the end\n"));
    arc_progress_free(progress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_are_told_apart),
        cmocka_unit_test(test_when_it_is_pushed),
        cmocka_unit_test(test_a_failed_step),
        cmocka_unit_test(test_a_single_platform_is_implied),
        cmocka_unit_test(test_a_program_for_another_platform),
        cmocka_unit_test(test_a_long_command),
        cmocka_unit_test(test_a_value_without_end),
        cmocka_unit_test(test_text_keeps_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
