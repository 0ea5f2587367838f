/* Which commands a scan runs. */
#include "arcci/scan.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "os/file.h"
#include "scan/findings.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Where the scanner's container finds things. */
#define INSIDE_REPORTS     "/reports"
#define INSIDE_TARGET      "/target"
#define INSIDE_CREDENTIALS "/root/.docker/config.json"
#define INSIDE_SETTINGS    "/settings"
#define CACHE_VOLUME       "arc-ci-trivy:/cache"

/* One target on one platform. */
struct job {
    const char *service;  /* or NULL */
    const char *platform; /* or NULL */
    const char *target;
    char *file; /* the report's name, owned */
};

/* A word of an argv, which is NULL once one could not be added. */
static void add_word(json_t **argv, const char *word)
{
    arc_json_push(argv, json_string(word));
}

static void add_pair(json_t **argv, const char *option, const char *value)
{
    add_word(argv, option);
    add_word(argv, value);
}

static void add_joined(json_t **argv, const char *option, const char *first, const char *second)
{
    add_word(argv, option);
    arc_json_push(argv, json_sprintf("%s%s", first, second));
}

static bool is_pinned(const char *image)
{
    const char *at = strstr(image, "@sha256:");
    return at && arc_text_is_hex(at + 8, 64);
}

static int add_docker(const struct arc_scan_run *run, json_t **argv, struct arc_error *err)
{
    bool folder = strcmp(run->type, "fs") == 0;

    if (!is_pinned(run->docker_image))
        return arc_error_set(err, ARC_EINPUT,
                             "the scanner's image %s is not pinned: give it as NAME@sha256:…, "
                             "since whoever moves its tag would decide what the gate sees",
                             run->docker_image);

    add_word(argv, "docker");
    add_word(argv, "run");
    add_word(argv, "--rm");
    add_pair(argv, "--env", "TRIVY_CACHE_DIR=/cache");
    add_pair(argv, "--volume", CACHE_VOLUME);
    add_joined(argv, "--volume", run->report_dir, ":" INSIDE_REPORTS);
    if (run->policy || run->vex_count)
        add_joined(argv, "--volume", run->work_dir, ":" INSIDE_SETTINGS ":ro");
    if (folder)
        add_joined(argv, "--volume", run->target, ":" INSIDE_TARGET ":ro");
    if (run->docker_config)
        add_joined(argv, "--volume", run->docker_config, ":" INSIDE_CREDENTIALS ":ro");
    add_word(argv, run->docker_image);

    return ARC_OK;
}

/* What the project sets, in files beside which Trivy runs. */
static void add_settings(const struct arc_scan_run *run, json_t **argv)
{
    const char *folder = run->docker_image ? INSIDE_SETTINGS : run->work_dir;
    for (size_t i = 0; i < run->vex_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "/vex-%zu", i);
        add_joined(argv, "--vex", folder, name);
    }
    if (run->policy)
        add_joined(argv, "--ignore-policy", folder, "/policy.rego");
}

static void add_scanners(unsigned scanners, json_t **argv)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    for (unsigned bit = ARC_SCANNER_VULN; bit <= ARC_SCANNER_LICENSE; bit <<= 1)
        if (scanners & bit)
            arc_buf_printf(&text, "%s%s", text.len ? "," : "",
                           arc_scanner_name((enum arc_scanner)bit));
    add_word(argv, "--scanners");
    arc_json_push(argv, text.failed ? NULL : json_string(arc_buf_text(&text)));
}

/* Flags win over TRIVY_ variables. */
static void add_trivy(const struct arc_scan_run *run, const struct job *job, json_t **argv)
{
    const char *reports = run->docker_image ? INSIDE_REPORTS : run->report_dir;
    bool inside = run->docker_image && strcmp(run->type, "fs") == 0;

    add_word(argv, run->type);
    add_pair(argv, "--format", "json");
    add_word(argv, "--output");
    arc_json_push(argv, json_sprintf("%s/%s", reports, job->file));
    add_scanners(run->scanners, argv);
    add_pair(argv, "--severity", "UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL");
    add_word(argv, "--ignore-unfixed=false");
    add_word(argv, "--list-all-pkgs");
    add_word(argv, "--show-suppressed");
    add_word(argv, "--quiet=false");
    add_settings(run, argv);
    add_pair(argv, "--ignorefile", "/dev/null");
    add_pair(argv, "--exit-code", "0");
    add_word(argv, "--no-progress");
    add_word(argv, "--timeout");
    arc_json_push(argv, json_sprintf("%us", run->timeout));
    if (job->platform)
        add_pair(argv, "--platform", job->platform);
    add_word(argv, "--");
    add_word(argv, inside ? INSIDE_TARGET : job->target);
}

static void add_file_name(struct arc_buf *out, const char *text)
{
    for (; *text; text++)
        arc_buf_putc(
            out, strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *text)
                     ? *text
                     : '-');
}

/* Whether a command before has that report: two names may differ in what no file's name holds. */
static bool is_taken(const json_t *commands, const char *file)
{
    arc_json_each (command, commands) {
        const char *report = json_string_value(json_object_get(command, "report"));
        if (strcmp(strrchr(report, '/') + 1, file) == 0)
            return true;
    }
    return false;
}

static int name_report(struct job *job, const json_t *commands, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {0};
    add_file_name(&name, job->service ? job->service : "report");

    if (job->platform) {
        arc_buf_putc(&name, '-');
        add_file_name(&name, job->platform);
    }

    size_t stem = name.len;
    arc_buf_puts(&name, ".json");

    for (size_t n = 2; !name.failed && is_taken(commands, arc_buf_text(&name)); n++) {
        name.len = stem;
        arc_buf_printf(&name, "-%zu.json", n);
    }

    job->file = arc_buf_steal(&name);

    return job->file ? ARC_OK : arc_error_nomem(err);
}

static int add_job(const struct arc_scan_run *run, struct job job, json_t *commands,
                   struct arc_error *err)
{
    if (json_array_size(commands) == TARGETS_MAX)
        return arc_error_set(err, ARC_ELIMIT,
                             "more than %d targets in one scan; --service takes a part of them",
                             TARGETS_MAX);

    ARC_AUTO_JSON json_t *argv = json_array();
    ARC_TRY(name_report(&job, commands, err));
    ARC_AUTO_FREE char *file = job.file;

    if (run->docker_image)
        ARC_TRY(add_docker(run, &argv, err));
    else
        add_word(&argv, "trivy");
    add_trivy(run, &job, &argv);
    if (!argv)
        return arc_error_set(err, ARC_EINPUT, "%s: its name is not valid UTF-8", job.target);

    json_t *command = json_pack("{s:s?, s:s?, s:s, s:o, s:O}", "service", job.service, "platform",
                                job.platform, "target", job.target, "report",
                                json_sprintf("%s/%s", run->report_dir, file), "argv", argv);
    return arc_json_append(commands, command, err);
}

/* Whether --service asks for it. */
static bool is_wanted(const struct arc_scan_run *run, const char *name)
{
    return json_array_size(run->services) == 0 || arc_json_lists(run->services, name);
}

/* A cell by its image and what follows it: "@" a digest, ":" a tag. */
static int add_cell(const struct arc_scan_run *run, const char *service, const char *platform,
                    const char *image, const char *separator, const char *reference,
                    json_t *commands, struct arc_error *err)
{
    ARC_AUTO_FREE char *target = NULL;
    if (!reference)
        return arc_error_set(err, ARC_EINPUT,
                             "%s on %s has no digest in the document: it was not pushed", service,
                             platform);

    ARC_TRY(arc_text_print(&target, err, "%s%s%s", image, separator, reference));
    struct job job = {.service = service, .platform = platform, .target = target};
    return add_job(run, job, commands, err);
}

/* Nothing that was built is passed over in silence. */
static int refuse_empty(const char *service, struct arc_error *err)
{
    return arc_error_set(err, ARC_EINPUT,
                         "%s has no cell in the document: nothing of it would be scanned", service);
}

static int add_ledger(const struct arc_scan_run *run, json_t *commands, struct arc_error *err)
{
    for (size_t i = 0; i < run->build->service_count; i++) {
        const struct arc_built_service *service = &run->build->services[i];
        if (!is_wanted(run, service->service))
            continue;
        if (!service->cell_count)
            return refuse_empty(service->service, err);
        for (size_t k = 0; k < service->cell_count; k++)
            ARC_TRY(add_cell(run, service->service, service->cells[k].platform, service->image, "@",
                             service->cells[k].digest, commands, err));
    }

    return ARC_OK;
}

/* By the service's staging tag, which is an index of all platforms once it is built, be it at once
 * or cell by cell. */
static int add_plan(const struct arc_scan_run *run, json_t *commands, struct arc_error *err)
{
    const struct arc_plan *plan = run->plan;
    for (size_t i = 0; i < plan->service_count; i++) {
        const struct arc_planned_service *service = &plan->services[i];
        size_t before = json_array_size(commands);
        if (!service->selected || !is_wanted(run, service->service))
            continue;
        for (size_t k = 0; k < plan->cell_count; k++)
            if (strcmp(plan->cells[k].service, service->service) == 0)
                ARC_TRY(add_cell(run, service->service, plan->cells[k].platform, service->image,
                                 ":", service->staging, commands, err));
        if (json_array_size(commands) == before)
            return refuse_empty(service->service, err);
    }

    return ARC_OK;
}

/* Every --service is one of the document. */
static int check_services(const struct arc_scan_run *run, struct arc_error *err)
{
    arc_json_each (wanted, run->services) {
        const char *name = json_string_value(wanted);
        const struct arc_planned_service *planned =
            run->build ? NULL : arc_plan_service(run->plan, name);
        if (!planned && !(run->build && arc_ledger_service(run->build, name)))
            return arc_error_set(err, ARC_EINPUT, "--service: %s is not a service of the document",
                                 name);
        if (planned && !planned->selected)
            return arc_error_set(
                err, ARC_EINPUT,
                "--service: the plan builds nothing of %s, so there is nothing to scan", name);
    }

    return ARC_OK;
}

/* A folder. Trivy takes it for a root file system, and passes over `proc`, `sys` and `dev` in it
 * (pkg/fanal/walker/walk.go): where the tree has those, they are targets of their own. */
static int add_folder(const struct arc_scan_run *run, struct job job, json_t *commands,
                      struct arc_error *err)
{
    static const char *const skipped[] = {"proc", "sys", "dev"};
    const char *target = job.target;

    ARC_TRY(add_job(run, job, commands, err));
    if (run->docker_image || strcmp(target, "/") == 0)
        return ARC_OK;

    for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++) {
        struct stat st;
        ARC_AUTO_FREE char *folder = arc_file_join(target, skipped[i]);
        ARC_TRY_ALLOC(folder, err);
        if (lstat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
            continue;
        if (json_array_size(commands) == SERVICE_TARGETS_MAX)
            return arc_error_set(err, ARC_ELIMIT, "%s: more than %d folders within each other",
                                 run->target, SERVICE_TARGETS_MAX);
        job.target = folder;
        ARC_TRY(add_folder(run, job, commands, err));
    }

    return ARC_OK;
}

static int add_target(const struct arc_scan_run *run, const char *service, json_t *commands,
                      struct arc_error *err)
{
    struct job job = {.service = service, .target = run->target};

    if (strcmp(run->type, "fs") == 0)
        return add_folder(run, job, commands, err);
    if (json_array_size(run->platforms) == 0)
        return add_job(run, job, commands, err);

    arc_json_each (platform, run->platforms) {
        job.platform = json_string_value(platform);
        ARC_TRY(add_job(run, job, commands, err));
    }

    return ARC_OK;
}

int arc_scan_commands(const struct arc_scan_run *run, const char *service, json_t **out,
                      struct arc_error *err)
{
    ARC_AUTO_JSON json_t *commands = json_array();
    ARC_TRY_ALLOC(commands, err);
    if (!run->target && (run->build || run->plan))
        ARC_TRY(check_services(run, err));

    if (run->target)
        ARC_TRY(add_target(run, service, commands, err));
    else if (run->build)
        ARC_TRY(add_ledger(run, commands, err));
    else if (run->plan)
        ARC_TRY(add_plan(run, commands, err));
    *out = arc_steal(&commands);

    return ARC_OK;
}
