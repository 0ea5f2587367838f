#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "arcci/documents.h"
#include "base/auto.h"
#include <cmocka.h>
#include <string.h>

#define REVISION "0123456789abcdef0123456789abcdef01234567"
#define DIGEST   "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char version_text[] =
    "{'document': 'version', 'format': 1, 'tag': 'g/v1.2.3', 'group': 'g', 'version': '1.2.3', "
    "'image-tag': 'g-v1.2.3', 'prerelease': false, 'latest': true, 'latest-major': true, "
    "'latest-minor': true, 'latest-reason': 'r', 'tags-known': true, 'major': '1', 'minor': '2', "
    "'patch': '3', 'previous-tag': null}";

static const char plan_text[] =
    "{'document': 'plan', 'format': 1, 'group': 'g', 'mode': 'release', 'title': 'G', "
    "'description': null, 'push': true, 'tag': 'g/v1.2.3', 'version': {'document': 'version', "
    "'format': 1, 'tag': 'g/v1.2.3', 'group': 'g', 'version': '1.2.3', 'image-tag': 'g-v1.2.3', "
    "'prerelease': false, 'latest': true, 'latest-major': true, 'latest-minor': true, "
    "'latest-reason': 'r', 'tags-known': true, 'major': '1', 'minor': '2', 'patch': '3', "
    "'previous-tag': 'g/v1.2.2'}, 'revision': '" REVISION "', 'created': '2026-02-23T10:00:00Z', "
    "'source': null, 'platforms': ['linux/amd64'], 'generated': [], 'any': true, 'services': [{'service': 'a', "
    "'name': 'o-a', 'description': 'A.', 'tech': 'nats', 'directory': 'services/a', 'context': 'services/a', "
    "'dockerfile': 'services/a/Dockerfile', 'platforms': ['linux/amd64', 'linux/arm64'], 'image': 'r.example/o-a', 'selected': true, "
    "'reason': 'changed', 'staging': 'staging-01', 'build-args': {'X': 'y'}, "
    "'labels': {'l': 'm'}, 'tags': [{'tag': 'latest', 'kind': 'floating', 'move': true, "
    "'reason': 'r'}]}], 'cells': [{'service': 'a', 'platform': 'linux/amd64', 'runner': 'u', "
    "'staging': 'staging-01-linux-amd64'}]}";

static const char ledger_text[] =
    "{'document': 'build', 'format': 1, 'group': 'g', 'revision': '" REVISION
    "', 'pushed': true, 'dirty': false, "
    "'services': [{'service': 'a', 'image': 'r.example/o-a', 'digest': '" DIGEST "', "
    "'key': null, 'tags': ['latest'], 'built': true, 'generated': [], 'base-images': [{'ref': 'b:1', "
    "'digest': '" DIGEST "'}], 'cells': [{'platform': 'linux/amd64', 'digest': '" DIGEST "', "
    "'size': 12, 'unpacked': null, 'started': 1.5, 'duration': 0.5, 'cached': true, "
    "'attestations': ['" DIGEST "']}, {'platform': 'linux/arm64', 'digest': null, 'size': null, "
    "'unpacked': null, 'started': null, 'duration': null, 'cached': null, 'attestations': []}]}]}";

/* JSON in single quotes, for reading. */
static json_t *parse(const char *text)
{
    ARC_AUTO_FREE char *copy = strdup(text);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *value = json_loads(copy, 0, NULL);
    if (!value)
        fail_msg("no JSON: %s", text);
    return value;
}

/* Reads a document of the kind, and writes it again. */
static int pass_through(const char *kind, const json_t *json, json_t **out, struct arc_error *err)
{
    if (strcmp(kind, "plan") == 0) {
        ARC_AUTO(arc_plan) struct arc_plan plan;
        ARC_TRY(arc_plan_read(json, &plan, err));
        return arc_plan_write(&plan, out, err);
    }
    if (strcmp(kind, "build") == 0) {
        ARC_AUTO(arc_ledger) struct arc_ledger ledger;
        ARC_TRY(arc_ledger_read(json, &ledger, err));
        return arc_ledger_write(&ledger, out, err);
    }
    ARC_AUTO(arc_version_info) struct arc_version_info version;
    ARC_TRY(arc_version_read(json, &version, err));
    return arc_version_write(&version, out, err);
}

static void test_what_was_read_is_written(void **state)
{
    static const char *const texts[][2] = {
        {"version", version_text}, {"plan", plan_text}, {"build", ledger_text}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        ARC_AUTO_JSON json_t *given = parse(texts[i][1]);
        ARC_AUTO_JSON json_t *written = NULL;
        ARC_AUTO(arc_error) struct arc_error err = {0};
        if (pass_through(texts[i][0], given, &written, &err))
            fail_msg("%s", arc_error_text(&err));

        ARC_AUTO_FREE char *before = json_dumps(given, 0);
        ARC_AUTO_FREE char *after = json_dumps(written, 0);
        assert_string_equal(after, before);
    }
}

static void test_values_are_where_they_belong(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *json = parse(plan_text);
    ARC_AUTO(arc_plan) struct arc_plan plan;
    assert_int_equal(arc_plan_read(json, &plan, NULL), ARC_OK);
    assert_int_equal(plan.mode, ARC_PLAN_RELEASE);
    assert_string_equal(plan.version->previous_tag, "g/v1.2.2");
    assert_null(plan.source);
    assert_null(plan.platforms[1]);
    const struct arc_planned_service *service = arc_plan_service(&plan, "a");
    assert_string_equal(service->build_args[0].value, "y");
    assert_null(service->labels[1].name);
    assert_int_equal(service->tags[0].kind, ARC_TAG_FLOATING);
    assert_null(arc_plan_service(&plan, "b"));

    ARC_AUTO_JSON json_t *built = parse(ledger_text);
    ARC_AUTO(arc_ledger) struct arc_ledger ledger;
    assert_int_equal(arc_ledger_read(built, &ledger, NULL), ARC_OK);
    const struct arc_built_service *entry = arc_ledger_service(&ledger, "a");
    assert_int_equal(entry->cells[0].size, 12);
    assert_int_equal(entry->cells[0].cached, 1);
    assert_int_equal(entry->cells[1].cached, -1);
    assert_true(entry->cells[1].size == -1 && entry->cells[1].duration < 0);
    assert_null(entry->key);
}

/* A member changed (to nothing: taken away), and what is said about it. */
struct fault {
    const char *kind, *path, *value, *message;
};

/* The faults are put into the whole documents above: nothing else is wrong with them. */
static const struct fault faults[] = {
    {"plan", "document", NULL,
     "not plan.json: it does not say \"document\": \"plan\"; make one with 'arc-ci plan --json'"},
    {"plan", "document", "'build'",
     "a document of kind 'build', but plan.json is expected; make one with 'arc-ci plan --json'"},
    {"plan", "document", "'a\\u0007b'", "a document of kind 'a\\x07b', but"},
    {"plan", "format", NULL, "plan.json has the format (none), and this arc-ci reads format 1"},
    {"plan", "format", "2", "plan.json has the format 2, and this arc-ci reads format 1"},
    {"plan", "format", "'1'", "plan.json has the format \"1\", and"},
    {"plan", "format", "1.0", "plan.json has the format 1.0, and"},
    {"plan", "group", NULL, "plan.json: group is missing"},
    {"plan", "group", "7", "plan.json: group is a number; expected a text"},
    {"plan", "group", "null", "plan.json: group is null; expected a text"},
    {"plan", "Group", "'g'", "plan.json: Group is 'g'; expected no member of that name"},
    {"plan", "mode", "'fast'", "plan.json: mode is 'fast'; expected one of ci, release"},
    {"plan", "push", "'true'", "plan.json: push is 'true'; expected true or false"},
    {"plan", "revision", "'HEAD'", "plan.json: revision is 'HEAD'; expected a commit, 40 or 64"},
    {"plan", "revision", "'0123456789ABCDEF0123456789abcdef01234567'", "expected a commit"},
    {"plan", "platforms", "'linux/amd64'", "expected a list of texts"},
    {"plan", "platforms", "['a', 1]", "plan.json: platforms[1] is a number; expected a text"},
    {"plan", "services", "{}", "plan.json: services is an object; expected a list"},
    {"plan", "services", "[[]]", "plan.json: services[0] is a list; expected an object"},
    {"plan", "services", "[]", "plan.json: cells[0] is of 'a', which is not among the services"},
    {"plan", "services.0.image", "false", "plan.json: services[0].image is false; expected a text"},
    {"plan", "services.0.labels", "{'a': 1}", "plan.json: services[0].labels is a number"},
    {"plan", "services.0.tags.0.kind", "'a'", "plan.json: services[0].tags[0].kind is 'a'"},
    {"plan", "services.0.new\nline", "1",
     "services[0].new\\x0aline is a number; expected no member"},
    {"plan", "cells.0.staging", NULL, "plan.json: cells[0].staging is missing"},
    {"plan", "version", "{}", "not version.json"},
    {"plan", "version.latest", "1",
     "plan.json: version.latest is a number; expected true or false"},
    {"version", "tag", NULL, "version.json: tag is missing"},
    {"version", "previous-tag", "0", "version.json: previous-tag is a number; expected a text"},
    {"build", "pushed", NULL, "build.json: pushed is missing"},
    {"build", "services.0.digest", "'sha256:1'", "expected a digest, sha256:<64 hexadecimal"},
    {"build", "services.0.cells.0.size", "-1", "expected a whole number from 0 to 2^48"},
    {"build", "services.0.cells.0.size", "281474976710657", "expected a whole number from 0"},
    {"build", "services.0.cells.0.size", "1.5", "expected a whole number from 0 to 2^48"},
    {"build", "services.0.cells.0.started", "-1", "expected a number, 0 or more"},
    {"build", "services.0.cells.0.cached", "0", "expected true, false or null"},
    {"build", "services.0.cells.0.attestations", "['x']",
     "attestations[0] is 'x'; expected a digest"},
    {"build", "services.0.base-images.0.digest", "null", "base-images[0].digest is null"},
};

/* Sets the member at a path like "services.0.image". */
static void change(json_t *json, const char *path, const char *value)
{
    const char *dot;
    while ((dot = strchr(path, '.'))) {
        ARC_AUTO_FREE char *name = strndup(path, (size_t)(dot - path));
        json = json_is_array(json) ? json_array_get(json, strtoul(name, NULL, 10))
                                   : json_object_get(json, name);
        assert_non_null(json);
        path = dot + 1;
    }
    if (!value) {
        assert_int_equal(json_object_del(json, path), 0);
        return;
    }
    ARC_AUTO_FREE char *text = strdup(value);
    for (char *c = text; *c; c++)
        if (*c == '\'')
            *c = '"';
    assert_int_equal(json_object_set_new(json, path, json_loads(text, JSON_DECODE_ANY, NULL)), 0);
}

static void test_faults_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const struct fault *fault = &faults[i];
        ARC_AUTO_JSON json_t *json = parse(*fault->kind == 'p'   ? plan_text
                                           : *fault->kind == 'b' ? ledger_text
                                                                 : version_text);
        ARC_AUTO_JSON json_t *written = NULL;
        ARC_AUTO(arc_error) struct arc_error err = {0};
        change(json, fault->path, fault->value);
        if (pass_through(fault->kind, json, &written, &err) != ARC_EINPUT)
            fail_msg("accepted: %s = %s", fault->path, fault->value ? fault->value : "nothing");
        if (!strstr(arc_error_text(&err), fault->message))
            fail_msg("'%s' instead of '%s'", arc_error_text(&err), fault->message);
        assert_null(strchr(arc_error_text(&err), '\n'));
    }
}

static void test_changes(void **state)
{
    (void)state;
    static const char text[] =
        "{'document': 'changes', 'format': 1, 'base': 'b', 'base-kind': 'own', 'filters': {"
        "'flash': {'matched': true, 'count': 2, 'files': [{'path': 'p', 'rule': 'r'}]},"
        "'sonic': {'matched': false, 'base': 'c', 'reason': 'why'}}}";
    static const char *const wrong[][3] = {
        {"filters.flash.matched", NULL, "changes.json: filters.flash.matched is not true or false"},
        {"filters.flash.matched", "1", "changes.json: filters.flash.matched is not true or false"},
        {"filters.flash.count", "'2'", "filters.flash.count is not a whole number, 0 or more"},
        {"filters.flash.count", "-1", "filters.flash.count is not a whole number, 0 or more"},
        {"filters.flash", "true", "changes.json: filters.flash.matched is not true or false"},
        {"filters.a\nb", "{}", "matched is not true or false"},
        {"filters", "[]", "the changes have no filters: 'arc-ci changes --json' prints them"},
        {"document", "'plan'", "a document of kind 'plan', but changes.json is expected"},
    };
    ARC_AUTO_JSON json_t *json = parse(text);
    ARC_AUTO(arc_changes_info) struct arc_changes_info changes;
    assert_int_equal(arc_changes_read(json, &changes, NULL), ARC_OK);
    assert_true(changes.own);
    assert_string_equal(changes.base, "b");
    const struct arc_changed_filter *flash = arc_changed_filter(&changes, "flash");
    const struct arc_changed_filter *sonic = arc_changed_filter(&changes, "sonic");
    assert_true(flash->matched && flash->count == 2 && !flash->base && !flash->reason);
    assert_string_equal(flash->path, "p");
    assert_string_equal(flash->rule, "r");
    assert_true(!sonic->matched && !sonic->count && !sonic->path);
    assert_string_equal(sonic->base, "c");
    assert_string_equal(sonic->reason, "why");
    assert_null(arc_changed_filter(&changes, "other"));
    assert_null(arc_changed_filter(NULL, "flash"));

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct arc_changes_info none;
        ARC_AUTO_JSON json_t *other = parse(text);
        ARC_AUTO(arc_error) struct arc_error err = {0};
        change(other, wrong[i][0], wrong[i][1]);
        assert_int_equal(arc_changes_read(other, &none, &err), ARC_EINPUT);
        if (!strstr(arc_error_text(&err), wrong[i][2]))
            fail_msg("'%s' instead of '%s'", arc_error_text(&err), wrong[i][2]);
        assert_null(strchr(arc_error_text(&err), '\n'));
        assert_null(none.memory.blocks);
    }
}

static void test_scans(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        int rc;
        struct arc_scan_info info;
    } all[] = {
        {", 'gate': 'pass', 'verdict': 'clean'",
         ARC_OK,
         {ARC_VERDICT_CLEAN, ARC_GATE_PASS, "", 0, NULL}},
        {", 'gate': 'report-only', 'verdict': 'incomplete', 'reason': 'r'",
         ARC_OK,
         {ARC_VERDICT_INCOMPLETE, ARC_GATE_REPORT_ONLY, "r", 0, NULL}},
        {", 'gate': 'fail', 'verdict': 'findings', 'scanned': '1970-01-02T00:00:00Z'",
         ARC_OK,
         {ARC_VERDICT_FINDINGS, ARC_GATE_FAIL, "", 86400, NULL}},
        {"", ARC_OK, {ARC_VERDICT_SCANNER_ERROR, ARC_GATE_FAIL, "", 0, NULL}},
        {", 'gate': 'passed\\n'", ARC_EINPUT, {0}},
        {", 'gate': ''", ARC_EINPUT, {0}},
        {", 'gate': true", ARC_EINPUT, {0}},
        {", 'gate': null", ARC_EINPUT, {0}},
        {", 'gate': 'pass', 'verdict': 'fine'", ARC_EINPUT, {0}},
        {", 'gate': 'pass', 'scanned': 'yesterday\\n'", ARC_EINPUT, {0}},
        {", 'gate': 'pass', 'scanned': 0", ARC_EINPUT, {0}},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ARC_AUTO(arc_buf) struct arc_buf text = {0};
        ARC_AUTO(arc_error) struct arc_error err = {0};
        struct arc_scan_info info = {.gate = ARC_GATE_PASS};
        arc_buf_printf(&text, "{'document': 'scan', 'format': 1%s}", all[i].members);
        ARC_AUTO_JSON json_t *json = parse(arc_buf_text(&text));
        assert_int_equal(arc_scan_read(json, &info, &err), all[i].rc);
        assert_null(strchr(arc_error_text(&err), '\n'));
        if (all[i].rc) { /* what cannot be read has failed */
            assert_int_equal(info.gate, ARC_GATE_FAIL);
            continue;
        }
        assert_int_equal(info.verdict, all[i].info.verdict);
        assert_int_equal(info.gate, all[i].info.gate);
        assert_string_equal(info.reason, all[i].info.reason);
        assert_int_equal(info.time, all[i].info.time);
    }
}

static void test_a_service_twice(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *json = parse(plan_text);
    ARC_AUTO(arc_error) struct arc_error err = {0};
    json_t *services = json_object_get(json, "services");
    json_array_append(services, json_array_get(services, 0));
    struct arc_plan plan;
    assert_int_equal(arc_plan_read(json, &plan, &err), ARC_EINPUT);
    assert_string_equal(arc_error_text(&err), "plan.json: services[1] is 'a' again");
    assert_null(plan.memory.blocks);

    ARC_AUTO_JSON json_t *built = parse(ledger_text);
    json_t *cells = json_object_get(json_array_get(json_object_get(built, "services"), 0), "cells");
    json_object_set_new(json_array_get(cells, 1), "platform", json_string("linux/amd64"));
    struct arc_ledger ledger;
    arc_error_clear(&err);
    assert_int_equal(arc_ledger_read(built, &ledger, &err), ARC_EINPUT);
    assert_string_equal(arc_error_text(&err),
                        "build.json: services[0].cells[1] is 'linux/amd64' again");
}

static void test_what_is_no_object(void **state)
{
    (void)state;
    ARC_AUTO_JSON json_t *list = json_array();
    ARC_AUTO(arc_error) struct arc_error err = {0};
    struct arc_plan plan;
    assert_int_equal(arc_plan_read(list, &plan, &err), ARC_EINPUT);
    assert_int_equal(arc_plan_read(NULL, &plan, &err), ARC_EINPUT);
}

static void test_an_array_that_grows(void **state)
{
    (void)state;
    ARC_AUTO(arc_arena) struct arc_arena arena = {0};
    size_t *numbers = NULL, count = 0;
    for (size_t i = 0; i < 1000; i++)
        *(size_t *)arc_arena_append(&arena, &numbers, &count, sizeof *numbers) = i;
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
    assert_string_equal(arc_arena_printf(&arena, "%zu of %s", count, "them"), "1000 of them");
    assert_null(arc_arena_array(&arena, SIZE_MAX / 2, 4));
    assert_int_equal(arc_arena_check(&arena, NULL), ARC_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_read_is_written),
        cmocka_unit_test(test_values_are_where_they_belong),
        cmocka_unit_test(test_faults_are_refused),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_scans),
        cmocka_unit_test(test_a_service_twice),
        cmocka_unit_test(test_what_is_no_object),
        cmocka_unit_test(test_an_array_that_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
