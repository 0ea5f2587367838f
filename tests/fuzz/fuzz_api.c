/* The GitHub API's answers, in every stage that asks for some. The first byte chooses the stage. */
#include "arcci/release.h"
#include "arcci/report.h"
#include "github/github.h"
#include "report/status.h"
#include "scan/publish.h"
#include "world.h"

/* The token begins with no hexadecimal digit: an escape (\x9c) could spell that. */
static const char *const vars[] = {"GITHUB_API_URL=https://api.test", "GITHUB_TOKEN=stapled-horse",
                                   NULL};
static const struct arc_env env = {.vars = vars};
static const char revision[] = "0123456789abcdef0123456789abcdef01234567";

static int release(struct arc_transport *transport, struct arc_error *err)
{
    static const struct arc_release_asset assets[] = {{.name = "b", .data = "y", .len = 1}};
    static char tag[] = "a/v1.0.0";
    static const struct arc_version_info version = {.tag = tag, .latest = true};
    ARC_AUTO_JSON json_t *out = NULL;
    struct arc_release_options options = {.repository = "o/r",
                                          .version = &version,
                                          .revision = revision,
                                          .body = "notes",
                                          .mode = ARC_BODY_APPEND,
                                          .make_latest = ARC_LATEST_OWN,
                                          .assets = assets,
                                          .asset_count = 1};
    int rc = arc_release(&options, transport, &out, err);
    if (!rc && strcmp(json_string_value(json_object_get(out, "tag")), "a/v1.0.0") != 0)
        abort();
    return rc;
}

/* A plan of one selected service. */
static void make_plan(struct arc_plan *plan, struct arc_planned_service services[1])
{
    static char group[] = "g", title[] = "T", codename[] = "a", why[] = "changed", *none[] = {NULL};
    static char head[] = "0123456789abcdef0123456789abcdef01234567";
    services[0] = (struct arc_planned_service){
        .service = codename, .name = codename, .reason = why, .selected = true, .platforms = none};
    *plan = (struct arc_plan){.group = group,
                              .title = title,
                              .revision = head,
                              .platforms = none,
                              .generated = none,
                              .any = true,
                              .services = services,
                              .service_count = 1};
}

static int report(struct arc_transport *transport, enum arc_report_kind kind, struct arc_error *err)
{
    struct arc_planned_service services[1];
    struct arc_plan plan;
    make_plan(&plan, services);
    struct arc_report_facts facts = {.plan = &plan, .run_url = "https://run"};
    struct arc_report_target target = {
        .repository = "o/r", .revision = revision, .kind = kind, .environment = "e", .pull = 7};
    ARC_AUTO_JSON json_t *out = NULL;
    if (arc_report(&facts, &out, err))
        abort();
    return arc_report_post(out, &target, transport, err);
}

static int publish(struct arc_transport *transport, bool sarif, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *wanted = json_pack("[{s:s, s:i, s:s, s:s, s:s}]", "service", "a", "count",
                                             1, "marker", "<!-- m -->", "title", "t", "body", "b");
    ARC_AUTO_JSON json_t *log = json_pack("{s:[{s:[]}]}", "runs", "results");
    ARC_AUTO_JSON json_t *out = NULL;
    struct arc_scan_publish options = {
        .repository = "o/r", .ref = "refs/heads/main", .commit = revision, .sarif = true};
    return sarif ? scan_upload(&options, log, SIZE_MAX, transport, &out, err)
                 : scan_file_issues(&options, wanted, transport, &out, err);
}

static int read_run(struct arc_transport *transport, struct arc_error *err)
{
    struct arc_planned_service services[1];
    struct arc_plan plan;
    make_plan(&plan, services);
    ARC_AUTO_JSON json_t *jobs = NULL;
    return report_read_run(transport, "o/r", "77", &plan, &jobs, err);
}

static void use(unsigned choice)
{
    struct arc_transport *transport = NULL;
    ARC_AUTO_JSON json_t *files = NULL;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    struct arc_github_options options = {.env = &env, .clock = &world_clock};
    if (arc_transport_github(&options, &transport, NULL))
        return;
    int rc = choice % 8 == 0   ? arc_github_pull_files(transport, "o/r", 7, revision,
                                                       (choice >> 3) % 4 - 1, &files, &err)
             : choice % 8 == 1 ? read_run(transport, &err)
             : choice % 8 <= 3 ? release(transport, &err)
             : choice % 8 <= 5 ? report(transport, (enum arc_report_kind)(choice % 8 - 4), &err)
                               : publish(transport, choice % 8 == 6, &err);
    world_check(rc, &err);
    if (strstr(arc_error_text(&err), "stapled-horse"))
        abort();
    arc_transport_free(transport);
}

FUZZ_WORLD(use)
