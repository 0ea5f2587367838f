/* Makes the commands of a scan. */
#include "base/json.h"
#include "base/text.h"
#include "os/file.h"
#include "os/hash.h"
#include "scan/findings.h"
#include "scan/trivy.h"
#include <sys/stat.h>

/* Paths in the scanner's container. */
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
    char *report; /* the path of its report, owned */
};

/* Builds an argv, which is NULL once a word could not be added. */
#define add_words(argv, ...) push_words(argv, (const char *const[]){__VA_ARGS__, NULL})
static void push_words(json_t **argv, const char *const *words)
{
    for (; *words; words++)
        arc_json_push(argv, json_string(*words));
}

static void add_joined(json_t **argv, const char *option, const char *first, const char *second)
{
    add_words(argv, option);
    arc_json_push(argv, json_sprintf("%s%s", first, second));
}

/* Flags take precedence over TRIVY_ variables. */
static void add_trivy(const struct arc_scan_run *run, const struct job *job, json_t **argv)
{
    const char *reports = run->docker_image ? INSIDE_REPORTS : run->report_dir;
    const char *settings = run->docker_image ? INSIDE_SETTINGS : run->work_dir;
    bool inside = run->docker_image && strcmp(run->type, "fs") == 0;
    ARC_AUTO(arc_buf) struct arc_buf scanners = {0};

    for (unsigned bit = ARC_SCANNER_VULN; bit <= ARC_SCANNER_LICENSE; bit <<= 1)
        if (run->scanners & bit)
            arc_text_item(&scanners, ",", "%s", arc_scanner_name((enum arc_scanner)bit));

    add_words(argv, run->type, "--format", "json", "--output");
    arc_json_push(argv, json_sprintf("%s/%s", reports, strrchr(job->report, '/') + 1));
    add_words(argv, "--scanners");
    arc_json_push(argv, arc_json_buf(&scanners));
    add_words(argv, "--severity", "UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL", "--ignore-unfixed=false",
              "--list-all-pkgs", "--show-suppressed", "--quiet=false");

    /* The project's settings, as files in Trivy's working directory. */
    for (size_t i = 0; i < run->vex_count; i++) {
        add_words(argv, "--vex");
        arc_json_push(argv, json_sprintf("%s/vex-%zu", settings, i));
    }
    if (run->policy)
        add_joined(argv, "--ignore-policy", settings, "/policy.rego");

    add_words(argv, "--ignorefile", "/dev/null", "--exit-code", "0", "--no-progress", "--timeout");
    arc_json_push(argv, json_sprintf("%us", run->timeout));
    if (job->platform)
        add_words(argv, "--platform", job->platform);
    /* The variables of an image and the commands that built it are no files. */
    if (strcmp(run->type, "image") == 0 && (run->scanners & ARC_SCANNER_SECRET))
        add_words(argv, "--image-config-scanners", "secret");
    add_words(argv, "--");
    if (inside) /* the folder, or one below it */
        arc_json_push(argv, json_sprintf(INSIDE_TARGET "%s", job->target + strlen(run->target)));
    else
        add_words(argv, job->target);
}

/* By their names, since they may hold passwords. */
static void add_variables(const struct arc_env *env, json_t **argv)
{
    for (const char *const *var = env ? env->vars : NULL; var && *var; var++) {
        if (!arc_trivy_takes_along(*var))
            continue;
        add_words(argv, "--env");
        arc_json_push(argv, json_stringn(*var, strcspn(*var, "=")));
    }
}

static void add_file_name(struct arc_buf *out, const char *text)
{
    for (; *text; text++)
        arc_buf_putc(out, strchr(ARC_ALNUM "._-", *text) ? *text : '-');
}

/* A path of its own: services may differ only in characters that file names cannot contain. */
static int name_report(const struct arc_scan_run *run, struct job *job, const json_t *commands,
                       struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {0};

    arc_buf_printf(&name, "%s/", run->report_dir);
    add_file_name(&name, arc_or(job->service, "report"));

    if (job->platform) {
        arc_buf_putc(&name, '-');
        add_file_name(&name, job->platform);
    }

    size_t stem = name.len;
    arc_buf_puts(&name, ".json");

    /* The first number is free, unless a service is called so: no search even if all are alike. */
    for (size_t n = json_array_size(commands) + 1;
         !name.failed && arc_json_find(commands, "report", arc_buf_text(&name)); n++) {
        name.len = stem;
        arc_buf_printf(&name, "-%zu.json", n);
    }

    job->report = arc_buf_steal(&name);

    return arc_error_unless(job->report, err);
}

static int add_job(const struct arc_scan_run *run, struct job job, json_t *commands,
                   struct arc_error *err)
{
    ARC_AUTO_JSON json_t *argv = json_array();
    const char *image = run->docker_image, *pin = image ? strstr(image, "@sha256:") : NULL;

    if (json_array_size(commands) == TARGETS_MAX)
        return arc_error_set(err, ARC_ELIMIT,
                             "more than %d targets in one scan; select some with --service",
                             TARGETS_MAX);

    ARC_TRY(name_report(run, &job, commands, err));
    ARC_AUTO_FREE char *report = job.report;

    if (image && (!pin || !arc_text_is_hex(pin + 8, 64)))
        return arc_error_set(err, ARC_EINPUT,
                             "the scanner's image %s is not pinned: give it as NAME@sha256:…, "
                             "since whoever can move its tag controls what the gate sees",
                             image);

    if (image) {
        add_words(&argv, "docker", "run", "--rm", "--env", "TRIVY_CACHE_DIR=/cache");
        add_variables(run->env, &argv);
        add_words(&argv, "--volume", CACHE_VOLUME);
        add_joined(&argv, "--volume", run->report_dir, ":" INSIDE_REPORTS);
        if (run->policy || run->vex_count)
            add_joined(&argv, "--volume", run->work_dir, ":" INSIDE_SETTINGS ":ro");
        if (strcmp(run->type, "fs") == 0)
            add_joined(&argv, "--volume", run->target, ":" INSIDE_TARGET ":ro");
        if (run->docker_config)
            add_joined(&argv, "--volume", run->docker_config, ":" INSIDE_CREDENTIALS ":ro");
        add_words(&argv, image);
    } else {
        add_words(&argv, "trivy");
    }
    add_trivy(run, &job, &argv);

    const char *const paths[] = {job.target, run->report_dir, run->work_dir, run->docker_config};
    arc_each_in (path, paths)
        if (*path && !arc_utf8_valid(*path, strlen(*path)))
            return arc_error_set(err, ARC_EINPUT, "%s: its name is not valid UTF-8", *path);

    json_t *command = json_pack("{s:s?, s:s?, s:s, s:s, s:O}", "service", job.service, "platform",
                                job.platform, "target", job.target, "report", report, "argv", argv);
    return arc_json_append(commands, command, err);
}

/* Whether --service selects it. */
static bool is_wanted(const struct arc_scan_run *run, const char *name)
{
    return json_array_size(run->services) == 0 || arc_json_lists(run->services, name);
}

/* The error for a built image that would not be scanned. */
#define EMPTY "%s has no cell in the document, so it would not be scanned"

/* Adds a cell by its image and "@" with a digest or ":" with a tag. */
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

static int add_ledger(const struct arc_scan_run *run, json_t *commands, struct arc_error *err)
{
    arc_each (service, run->build->services, run->build->service_count) {
        if (!is_wanted(run, service->service))
            continue;
        if (!service->cell_count)
            return arc_error_set(err, ARC_EINPUT, EMPTY, service->service);
        arc_each (cell, service->cells, service->cell_count)
            ARC_TRY(add_cell(run, service->service, cell->platform, service->image, "@",
                             cell->digest, commands, err));
    }

    return ARC_OK;
}

/* By the service's staging tag, which is an index of all platforms after the build, even if built
 * cell by cell. */
static int add_plan(const struct arc_scan_run *run, json_t *commands, struct arc_error *err)
{
    const struct arc_plan *plan = run->plan;
    arc_each (service, plan->services, plan->service_count) {
        size_t before = json_array_size(commands);
        if (!service->selected || !is_wanted(run, service->service))
            continue;
        arc_each (cell, plan->cells, plan->cell_count)
            if (strcmp(cell->service, service->service) == 0)
                ARC_TRY(add_cell(run, service->service, cell->platform, service->image, ":",
                                 service->staging, commands, err));
        if (json_array_size(commands) == before)
            return arc_error_set(err, ARC_EINPUT, EMPTY, service->service);
    }

    return ARC_OK;
}

/* A folder. Trivy treats it as a root file system and skips `proc`, `sys` and `dev`
 * (pkg/fanal/walker/walk.go): if the tree has these, they become separate targets. */
static int add_folder(const struct arc_scan_run *run, struct job job, json_t *commands,
                      struct arc_error *err)
{
    static const char *const skipped[] = {"proc", "sys", "dev"};
    const char *target = job.target;

    ARC_TRY(add_job(run, job, commands, err));
    if (strcmp(target, "/") == 0)
        return ARC_OK;

    for (size_t i = 0; i < ARC_COUNT(skipped); i++) {
        struct stat st;
        ARC_AUTO_FREE char *folder = arc_file_join(target, skipped[i]);
        ARC_TRY_ALLOC(folder, err);
        if (lstat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
            continue;
        if (json_array_size(commands) == SERVICE_TARGETS_MAX)
            return arc_error_set(err, ARC_ELIMIT,
                                 "%s: more than %d folders to scan, with those "
                                 "named proc, sys or dev",
                                 run->target, SERVICE_TARGETS_MAX);
        job.target = folder;
        ARC_TRY(add_folder(run, job, commands, err));
    }

    return ARC_OK;
}

int arc_scan_commands(const struct arc_scan_run *run, const char *service, json_t **out,
                      struct arc_error *err)
{
    ARC_AUTO_JSON json_t *commands = json_array();
    struct job job = {.service = service, .target = run->target};
    bool folder = run->target && strcmp(run->type, "fs") == 0;

    ARC_TRY_ALLOC(commands, err);
    if (folder)
        ARC_TRY(add_folder(run, job, commands, err));
    else if (run->target && json_array_size(run->platforms) == 0)
        ARC_TRY(add_job(run, job, commands, err));

    arc_json_each (platform, run->target && !folder ? run->platforms : NULL) {
        /* Only find_platforms() may name an image by digest: an index may give any text as a
         * platform, which must not redirect the scan. */
        const char *text = json_string_value(platform), *at = strrchr(text, '@');
        at = at && arc_digest_known(at + 1) ? strchr(text, '@') : NULL;
        ARC_AUTO_FREE char *name = strndup(text, at ? (size_t)(at - text) : strlen(text));
        ARC_TRY_ALLOC(name, err);
        job.platform = *name ? name : NULL;
        job.target = at ? at + 1 : run->target;
        ARC_TRY(add_job(run, job, commands, err));
    }

    /* Checks that every --service is in the document. */
    arc_json_each (wanted, !run->target && (run->build || run->plan) ? run->services : NULL) {
        const char *name = json_string_value(wanted);
        const struct arc_planned_service *planned =
            run->build ? NULL : arc_plan_service(run->plan, name);
        if (!planned && !(run->build && arc_ledger_service(run->build, name)))
            return arc_error_set(err, ARC_EINPUT, "--service: %s is not a service of the document",
                                 name);
        if (planned && !planned->selected)
            return arc_error_set(
                err, ARC_EINPUT,
                "--service: the plan does not build %s, so there is nothing to scan", name);
    }

    if (!run->target && run->build)
        ARC_TRY(add_ledger(run, commands, err));
    else if (!run->target && run->plan)
        ARC_TRY(add_plan(run, commands, err));
    *out = arc_steal(&commands);

    return ARC_OK;
}
