/* When allocation N fails, for every N, a call gives its right answer or ARC_ENOMEM: no crash, no
 * leak (the same program runs under ASan and valgrind), and no other answer that looks right.
 *
 * The linker leads malloc() and the like here (tests/CMakeLists.txt), for jansson and libyaml too.
 */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "arcci/config.h"
#include "arcci/lint.h"
#include "arcci/release.h"
#include "arcci/report.h"
#include "arcci/scan.h"
#include "base/auto.h"
#include "base/text.h"
#include "config/described.h"
#include "git/git.h"
#include "yaml/yaml.h"
#include <cmocka.h>

#include "folder.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static long countdown; /* allocations until one fails; 0: none does */
static bool all_later; /* and so do all after it */
static long counted;

static bool fails(void)
{
    counted++;
    if (countdown > 1)
        countdown--;
    else if (countdown == 1) {
        countdown = all_later ? 1 : 0;
        return true;
    }
    return false;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
int __wrap_arc_git_open(const struct arc_env *env, const char *path, struct arc_git *out,
                        struct arc_error *err);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
    return fails() ? NULL : __real_strndup(text, len);
}

/* libgit2 1.5 crashes when memory runs out while it starts, so it is left out here. */
int __wrap_arc_git_open(const struct arc_env *env, const char *path, struct arc_git *out,
                        struct arc_error *err)
{
    (void)env, (void)path;
    *out = (struct arc_git){0};
    return arc_error_set(err, ARC_ENOTFOUND, "no repository");
}

static char root[] = "/tmp/arcci-memory-XXXXXX";

static void put(const char *name, const char *text)
{
    folder_put(root, name, text);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(root))
        return -1;
    put(".github/arc-ci.yaml",
        "x-d: &d {registry: ghcr.io/a, rebuild-dependents: true, build-args: {A: b}}\n"
        "groups:\n  m: {<<: *d, services: [services/a, services/b], paths: [common/**]}\n");
    put("rich.yaml",
        "groups:\n"
        "  m:\n    registry: [ghcr.io/a, docker.io/a]\n"
        "    platforms: {ci: [linux/amd64, linux/arm64, linux/arm/v7]}\n"
        "    image-tags: ['{image-tag}', latest, {name: nightly, when: [schedule]}]\n"
        "    build: {secrets: [A, {id: b, environment: B}], ulimits: {c: 1, d: {soft: 1, hard: 2}}}\n"
        "    services:\n"
        "      - {directory: services/a, codename: q, variants: {V: [1, 2], W: {x: '', y: z.z}}}\n"
        "      - {directory: services/b, variants: [{suffix: s, args: {X: 1}}, {suffix: t}]}\n"
        "      - {codename: y, build: {context: ., dockerfile: y.Dockerfile, additional_contexts: "
        "{k: 'docker-image://ghcr.io/a/arc-c-t:latest'}}}\n"
        "  n: {registry: ghcr.io/n, services: [{codename: n, build: services/b}]}\n"
        "  t: {includes: [m, {group: n, version: 1.2.3}]}\n");
    put("bake.json", "{\"services\": {\"a\": {\"extends\": {\"file\": \"parent.yaml\"}}}}");
    put("compose.yaml", "include: [{path: more.yaml, env_file: m.env}]\nservices: {b: {}}\n");
    put("parent.yaml", "services: {p: {env_file: [{path: p.env}]}}\n");
    put("more.yaml", "services: {}\n");
    put("y.Dockerfile", "FROM ghcr.io/a/arc-c-s:latest\n");
    put(".github/arc-ci-lint.yaml",
        "service-name: arc-{codename}\nnetwork: net\nlabels: {arc.codename: '{codename}'}\n"
        "allow:\n  - {rule: non-root, file: services/b/Dockerfile, why: it is a test}\n"
        "facts:\n"
        "  - {rule: f, for: service, file: '{directory}/service.yaml', at: [codename], is: "
        "'{codename}'}\n"
        "  - {rule: g, file: services/a/docker-compose.yml, at: [services, '*', ports], has: [x "
        "y], "
        "why: y}\n"
        "  - {rule: h, for: group, file: Makefile, lines: [all], text: ['{group}'], targets: "
        "['{group}-up']}\n");
    put("services/a/service.yaml", "name: arc-a\ncodename: a\ntech: x\nport: 1\nports: [1, 2]\n");
    put("services/b/service.yaml", "name: arc-c\ncodename: b\ndepends_on: [a, z]\n");
    put("services/a/Dockerfile",
        "ARG B=x:1\nFROM ${B} AS y\nLABEL arc.codename=\"b\"\nUSER 0\nRUN <<E\nx\nE\n");
    put("services/b/Dockerfile", "FROM nothing\n");
    put("services/a/docker-compose.yml",
        "services:\n  arc-a:\n    restart: always\n    ports: ['1:1', '${X:-127.0.0.1}:2:2']\n"
        "    volumes: [./x:/y, z:/z]\n    networks: [net]\nnetworks: {net: {external: true}}\n");
    put("Makefile", ".PHONY: a\n## b: c\na: b\n\ttrue\nc:\n");
    put(".github/workflows/w.yml",
        "on: push\njobs:\n  a:\n    runs-on: x\n    needs: [b]\n    if: needs.b.outputs.c\n    "
        "steps:\n"
        "      - uses: a/b@c\n      - uses: ./.github/actions/s\n        with: {q: 1}\n"
        "      - run: echo ${{ x }}\n  b: {uses: ./.github/workflows/gone.yml}\n");
    put(".github/actions/s/action.yml",
        "inputs: {p: {required: true}}\nruns: {using: composite}\n");
    put("x.env", "PASSWORD=correct-horse\n");
    put("report.json",
        "{\"SchemaVersion\": 2, \"ArtifactName\": \"i\", \"Metadata\": {\"OS\": {\"Family\": "
        "\"alpine\", "
        "\"EOSL\": true}}, \"Results\": [{\"Target\": \"t\", \"Class\": \"os-pkgs\", \"Type\": "
        "\"alpine\", "
        "\"Vulnerabilities\": [{\"VulnerabilityID\": \"CVE-1\", \"PkgName\": \"a\\u00e9\", "
        "\"InstalledVersion\": \"1\", \"Severity\": \"HIGH\", \"Title\": \"x\", \"PrimaryURL\": "
        "\"https://e/\"}, {\"VulnerabilityID\": \"CVE-2\", \"PkgName\": \"b\", \"Severity\": "
        "\"LOW\"}]}]}");
    put("old.json", "{\"SchemaVersion\": 2, \"ArtifactName\": \"a\", \"Results\": []}");
    put("ignore", "CVE-2\nCVE-3\n");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return folder_remove(root);
}

/* A call under test: its code, and on success its answer as new text. */
typedef int call(char **answer, struct arc_error *err);

static int call_yaml(char **answer, struct arc_error *err)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    static const char text[] = "a: &a {b: [1, 2, !!str 3], c: 'd'}\ne: {<<: [*a, {f: g}], b: h}\n";
    int rc = arc_yaml_parse(text, sizeof text - 1, "t", 0, &yaml, err);
    if (!rc)
        *answer = __real_strdup(arc_yaml_at(yaml.root, "e", "b")->text);
    return rc;
}

static int call_yaml_error(char **answer, struct arc_error *err)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    int rc = arc_yaml_parse("a: 1\na: 2\n", 10, "t", 0, &yaml, err);
    if (rc == ARC_EINPUT)
        *answer = __real_strdup(arc_error_text(err));
    return rc == ARC_EINPUT ? ARC_OK : rc;
}

static int call_config(char **answer, struct arc_error *err)
{
    ARC_AUTO(arc_config) struct arc_config config = {0};
    int rc = arc_config_load(root, NULL, &config, err);
    if (!rc)
        *answer = __real_strdup(config.groups[0].services[1].codename);
    return rc;
}

static int call_rich(char **answer, struct arc_error *err)
{
    ARC_AUTO(arc_config) struct arc_config config = {0};
    int rc = arc_config_load(root, "rich.yaml", &config, err);
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    if (rc)
        return rc;
    const struct arc_service *last = &config.groups[0].services[config.groups[0].service_count - 1];
    arc_buf_printf(&text, "%s:", last->codename);
    for (const struct arc_base_ref *base = last->bases; base->ref; base++)
        arc_buf_printf(&text, " %s", base->codename);
    ARC_TRY(arc_buf_check(&text, "the bases", err));
    assert_string_equal(arc_buf_text(&text), "y: b-s b-t");

    return arc_text_copy(arc_buf_text(&text), answer, err);
}

/* What a list of bake and compose files names. */
static int call_files(char **answer, struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    const struct arc_loading l = {.root = root, .memory = &memory, .err = err};
    char bake[] = "bake.json", compose[] = "compose.yaml", *given[] = {bake, compose, NULL};
    struct arc_group group = {.described = {.files = given}};
    char **files = NULL;

    ARC_TRY(arc_described_files(&l, &group, &files, NULL));
    for (char **file = files; *file; file++)
        arc_buf_printf(&text, " %s", *file);
    ARC_TRY(arc_buf_check(&text, "the files", err));
    assert_string_equal(arc_buf_text(&text),
                        " bake.json compose.yaml parent.yaml more.yaml m.env .env");

    return arc_text_copy(arc_buf_text(&text), answer, err);
}

/* The answer of docker compose. */
static int call_compose(char **answer, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO_JSON json_t *targets = NULL;

    arc_buf_puts(&text, "services:\n  a: &a\n    image: i\n    platform: linux/arm64\n"
                        "    build: {context: /x, additional_contexts: {c: 'service:b', d: /y},\n"
                        "      secrets: [{source: s}], ssh: ['k: /z'], sbom: true, tags: [t],\n"
                        "      ulimits: {u: {soft: 1, hard: 2}}, extra_hosts: ['h=1', 'h=2']}\n"
                        "  b: *a\n  i: {<<: *a, profiles: []}\n"
                        "secrets: {s: {environment: E}}\n");
    ARC_TRY(arc_buf_check(&text, "the answer", err));
    ARC_TRY(arc_compose_targets(root, &text, NULL, &targets, err));
    countdown = 0;
    *answer = json_dumps(targets, JSON_SORT_KEYS);

    return ARC_OK;
}

static int call_lint(char **answer, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *document = NULL;
    struct arc_env env = {.cwd = root};
    ARC_AUTO(arc_project) struct arc_project project = {.env = &env};
    int rc = arc_lint(&project, NULL, &document, err);
    if (!rc) {
        countdown = 0; /* the test's own use of memory */
        *answer = json_dumps(document, JSON_SORT_KEYS);
    }
    return rc;
}

static int call_rules(char **answer, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *document = NULL;
    struct arc_env env = {.cwd = root};
    ARC_AUTO(arc_project) struct arc_project project = {.env = &env};
    int rc = arc_lint_rules(&project, NULL, &document, err);
    if (!rc) {
        countdown = 0;
        *answer = json_dumps(document, JSON_SORT_KEYS);
    }
    return rc;
}

static int call_scan(char **answer, struct arc_error *err)
{
    ARC_AUTO(arc_scan) struct arc_scan scan = {.document = NULL};
    char report[300], old[300];
    char vex[] = "a.json", folder[] = "lib", id[] = "CVE-9", path[] = "**", reason[] = "why";
    char *lists[][2] = {{vex, NULL}, {folder, NULL}};
    struct arc_scan_ignore entry = {.id = id, .path = path, .reason = reason};
    struct arc_scan_settings settings = {
        .vex = lists[0], .skip_dirs = lists[1], .ignores = &entry, .ignore_count = 1};
    struct arc_env env = {.now = 1};
    snprintf(report, sizeof report, "flash@linux/amd64=%s/report.json", root);
    snprintf(old, sizeof old, "flash=%s/old.json", root);
    ARC_AUTO_JSON json_t *reports = json_pack("[s]", report);
    ARC_AUTO_JSON json_t *baselines = json_pack("[s]", old);
    if (!reports || !baselines)
        return arc_error_nomem(err);
    struct arc_scan_options options = {.policy = {.severities = 31},
                                       .reports = reports,
                                       .baselines = baselines,
                                       .ignore_name = "ignore",
                                       .ignore_text = "CVE-2 exp:2026-01-01\nDS002\n",
                                       .settings = &settings,
                                       .settings_from = "arc-ci.yaml",
                                       .sarif = true,
                                       .issues = true};
    int rc = arc_scan(&options, &env, &scan, err);
    countdown = rc ? countdown : 0;
    ARC_AUTO_JSON json_t *all = json_pack(
        "{s:O?, s:O?, s:O?, s:s, s:s}", "document", scan.document, "sarif", scan.sarif, "issues",
        scan.issues, "human", arc_buf_text(&scan.human), "summary", arc_buf_text(&scan.summary));
    if (!rc)
        *answer = json_dumps(all, JSON_SORT_KEYS);
    return rc;
}

static int call_release(char **answer, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *requests = NULL;
    char tag[] = "a/v1.0.0";
    const struct arc_version_info version = {.tag = tag, .latest = true};
    static const struct arc_release_asset assets[] = {
        {.name = "build.json", .path = "x", .later = true}, {.name = "b", .data = "y", .len = 1}};
    struct arc_release_options options = {.repository = "o/r",
                                          .version = &version,
                                          .revision = "0123456789abcdef0123456789abcdef01234567",
                                          .body = "notes",
                                          .mode = ARC_BODY_APPEND,
                                          .assets = assets,
                                          .asset_count = 2};
    int rc = arc_release_requests(&options, &requests, err);
    countdown = rc ? countdown : 0;
    if (!rc)
        *answer = json_dumps(requests, JSON_SORT_KEYS);
    return rc;
}

static int report_with(const json_t *facts, char **answer, struct arc_error *err)
{
    char group[] = "g", title[] = "T", revision[] = "01", platform[] = "p", digest[] = "sha256:0";
    char a[] = "a", b[] = "b", c[] = "c", reason[] = "same", *none[] = {NULL};
    struct arc_planned_service services[] = {{.service = a, .reason = reason, .selected = true},
                                             {.service = b, .reason = reason, .selected = true},
                                             {.service = c, .reason = reason}};
    struct arc_cell cell = {.service = a, .platform = platform};
    struct arc_plan plan = {.group = group,
                            .title = title,
                            .revision = revision,
                            .any = true,
                            .services = services,
                            .service_count = 3,
                            .cells = &cell,
                            .cell_count = 1};
    struct arc_built_cell built = {.platform = platform, .size = 1234567, .attestations = none};
    struct arc_built_service entry = {
        .service = a, .digest = digest, .tags = none, .cells = &built, .cell_count = 1};
    struct arc_ledger build = {.services = &entry, .service_count = 1};
    ARC_AUTO(arc_changes_info) struct arc_changes_info changes;
    struct arc_scan_info scan;
    ARC_TRY(arc_changes_read(json_object_get(facts, "changes"), &changes, err));
    ARC_TRY(arc_scan_read(json_object_get(facts, "scan"), &scan, err));
    struct arc_report_facts given = {.plan = &plan,
                                     .changes = &changes,
                                     .build = &build,
                                     .base = &build,
                                     .scan = &scan,
                                     .jobs = json_object_get(facts, "jobs"),
                                     .run_url = "https://run"};
    ARC_AUTO_JSON json_t *report = NULL;
    struct arc_transport *transport = NULL;
    int rc = arc_report(&given, &report, err);
    for (int kind = ARC_REPORT_STATUS; !rc && kind <= ARC_REPORT_CHECK; kind++) {
        struct arc_report_target target = {.repository = "o/r",
                                           .revision = "0123456789abcdef",
                                           .kind = (enum arc_report_kind)kind,
                                           .environment = "e",
                                           .pull = 7};
        rc = arc_transport_describe(&transport, err);
        if (!rc)
            rc = arc_report_post(report, &target, transport, err);
        if (!rc && kind == ARC_REPORT_CHECK) {
            countdown = 0;
            json_object_set_new(report, "sent", json_deep_copy(arc_transport_described(transport)));
            *answer = json_dumps(report, JSON_SORT_KEYS);
        }
        arc_transport_free(transport);
        transport = NULL;
    }
    return rc;
}

static int call_report(char **answer, struct arc_error *err)
{
    static const char text[] =
        "{\"changes\": {\"document\": \"changes\", \"format\": 1, \"filters\": {\"a\": "
        "{\"matched\": true, \"count\": 2, \"files\": [{\"path\": \"x\", \"rule\": \"y\"}]}}}, "
        "\"scan\": {\"document\": \"scan\", \"format\": 1, \"verdict\": \"findings\", \"gate\": "
        "\"fail\", \"reason\": \"r\", \"counts\": "
        "{\"HIGH\": 1}}, \"jobs\": {\"build-b\": \"failure\"}}";
    ARC_AUTO_JSON json_t *facts = json_loads(text, 0, NULL);
    return facts ? report_with(facts, answer, err) : arc_error_nomem(err);
}

/* Every allocation of the first `each`, then one of every `step`. */
static void torture(call *function, bool later, long each, long step)
{
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_FREE char *right = NULL;
    countdown = counted = 0;
    all_later = later;
    if (function(&right, &err))
        fail_msg("%s", arc_error_text(&err));
    long total = counted, noticed = 0;
    arc_error_clear(&err);
    for (long n = 1; n <= total; n += n < each ? 1 : step) {
        ARC_AUTO_FREE char *answer = NULL;
        countdown = n;
        int rc = function(&answer, &err);
        countdown = 0;
        size_t same = 0;
        while (rc == ARC_OK && answer && answer[same] && answer[same] == right[same])
            same++;
        if (rc == ARC_OK && (!answer || answer[same] != right[same]))
            fail_msg("allocation %ld of %ld: '%.200s' instead of '%.200s'", n, total,
                     answer ? answer + same : "", right + same);
        if (rc != ARC_OK && rc != ARC_ENOMEM)
            fail_msg("allocation %ld of %ld: code %d: %s", n, total, rc, arc_error_text(&err));
        noticed += rc != ARC_OK;
        arc_error_clear(&err);
    }
    assert_true(noticed > 0);
}

static void test_yaml(void **state)
{
    (void)state;
    torture(call_yaml, false, 1000, 1);
    torture(call_yaml, true, 1000, 1);
}

static void test_config(void **state)
{
    (void)state;
    torture(call_config, false, 200, 3);
    torture(call_config, true, 200, 3);
    torture(call_rich, false, 5000, 1);
}

static void test_described(void **state)
{
    (void)state;
    torture(call_files, false, 5000, 1);
    torture(call_files, true, 5000, 1);
    torture(call_compose, false, 5000, 1);
    torture(call_compose, true, 5000, 1);
}

static void test_lint(void **state)
{
    (void)state;
    torture(call_lint, false, 100, 11);
    torture(call_lint, true, 20, 97);
}

static void test_scan(void **state)
{
    (void)state;
    torture(call_scan, false, 1000, 1);
    torture(call_scan, true, 1000, 1);
}

static void test_release(void **state)
{
    (void)state;
    torture(call_release, false, 2000, 1);
    torture(call_release, true, 2000, 1);
}

static void test_report(void **state)
{
    (void)state;
    torture(call_report, false, 3000, 1);
    torture(call_report, true, 3000, 1);
}

static void test_rules(void **state)
{
    (void)state;
    torture(call_rules, false, 50, 11);
    torture(call_rules, true, 50, 31);
}

/* An error's own text may be lost, its code not. */
static void test_yaml_error(void **state)
{
    (void)state;
    ARC_AUTO_FREE char *right = NULL;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    countdown = counted = 0;
    all_later = false;
    assert_int_equal(call_yaml_error(&right, &err), ARC_OK);
    long total = counted;
    for (long n = 1; n <= total; n++) {
        ARC_AUTO_FREE char *answer = NULL;
        countdown = n;
        int rc = call_yaml_error(&answer, &err);
        countdown = 0;
        assert_true(rc == ARC_OK || rc == ARC_ENOMEM);
        arc_error_clear(&err);
    }
}

static int prefixed(struct arc_error *err)
{
    ARC_TRY_PREFIX(arc_error_nomem(err), err, "a file");
    return ARC_OK;
}

/* A caller may want the code alone. */
static void test_a_prefix_keeps_the_code(void **state)
{
    (void)state;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    assert_int_equal(prefixed(&err), ARC_ENOMEM);
    assert_string_equal(arc_error_text(&err), "a file: out of memory");
    assert_int_equal(prefixed(NULL), ARC_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaml),      cmocka_unit_test(test_yaml_error),
        cmocka_unit_test(test_config),    cmocka_unit_test(test_scan),
        cmocka_unit_test(test_described), cmocka_unit_test(test_lint),
        cmocka_unit_test(test_rules),     cmocka_unit_test(test_release),
        cmocka_unit_test(test_report),    cmocka_unit_test(test_a_prefix_keeps_the_code),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
