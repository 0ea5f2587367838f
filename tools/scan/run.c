#define _GNU_SOURCE /* strcasestr */
#include "arcci/clock.h"
#include "base/json.h"
#include "base/platform.h"
#include "base/text.h"
#include "os/fault.h"
#include "os/file.h"
#include "os/folder.h"
#include "os/process.h"
#include "registry/docker_config.h"
#include "registry/registry.h"
#include "scan/judged.h"
#include "scan/trivy.h"
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* Limit of parallel scans, and the stack size of the thread that waits for one. */
#define JOBS_MAX   32
#define STACK_SIZE ((size_t)1 << 20)
#define WAITS_MAX  4 /* of all scans, half a minute */

/* ---- scans --------------------------------------------------------------------------------- */

/* A command and its result. */
struct job {
    const json_t *command;
    bool done;               /* it was run, and *problem is its result */
    struct arc_buf warnings; /* its stderr */
    struct arc_error problem;
};

/* All of them. */
struct pool {
    struct job *jobs;
    size_t count;
    atomic_size_t next; /* the next one to run */
    unsigned waits;     /* before repetitions */
    const struct arc_scan_run *run;
};

/* Runs a command; beside others with the databases of the first scan, so that no two write to the
 * cache. Trivy only tells with --debug which files of a folder it cannot parse: a lock file with a
 * byte order mark is one. */
static void run_job(struct job *job, const struct pool *pool, bool beside)
{
    static const char *const more[] = {"--skip-db-update", "--skip-java-db-update",
                                       "--cache-backend", "memory"};
    bool folder = strcmp(pool->run->type, "fs") == 0;
    ARC_AUTO(arc_buf) struct arc_buf output = {0}; /* the report is a file */
    ARC_AUTO_JSON json_t *argv = json_array();

    arc_error_clear(&job->problem);
    arc_json_each (word, json_object_get(job->command, "argv")) {
        bool end = strcmp(json_string_value(word), "--") == 0;
        if (end && folder)
            arc_json_push(&argv, json_string("--debug"));
        for (size_t i = 0; end && beside && i < ARC_COUNT(more); i++)
            arc_json_push(&argv, json_string(more[i]));
        arc_json_push(&argv, json_incref(word));
    }

    if (argv)
        arc_trivy_run(pool->run->env, argv, pool->run->work_dir, pool->run->timeout, &output,
                      &job->warnings, &job->problem);
    else
        arc_error_nomem(&job->problem);
    job->done = true;
}

static void *work(void *data)
{
    struct pool *pool = data;

    for (size_t i; (i = atomic_fetch_add(&pool->next, 1)) < pool->count;)
        run_job(&pool->jobs[i], pool, true);

    return NULL;
}

/* Runs one command by itself, and again if it fails, since a busy registry may refuse temporarily:
 * more than once after a wait, if the fault passes by itself. Trivy's time limit does not. */
static void run_alone(struct job *job, struct pool *pool)
{
    const struct arc_clock *clock = arc_clock_system();

    for (unsigned runs = job->done; !job->done || job->problem.code == ARC_EFAILED; runs++) {
        const char *said = arc_error_text(&job->problem);
        bool passes =
            job->done && arc_fault_passes(said) && !strstr(said, "context deadline exceeded");
        if (passes && pool->waits < WAITS_MAX)
            clock->wait(clock->context, arc_fault_wait("", ++pool->waits));
        else if (runs > 1)
            return;
        run_job(job, pool, false);
    }
}

/* The first command, by itself, updates the databases; the others run in parallel; failed ones are
 * repeated by themselves. */
static void run_jobs(struct pool *pool)
{
    struct job *jobs = pool->jobs;
    pthread_t threads[JOBS_MAX];
    pthread_attr_t attributes;
    size_t started = 0, wanted = pool->run->jobs;

    if (pool->count)
        run_alone(&jobs[0], pool);

    pool->next = 1;
    if (wanted >= pool->count)
        wanted = pool->count ? pool->count - 1 : 0;

    if (wanted > 1 && jobs[0].problem.code != ARC_ENOTFOUND &&
        pthread_attr_init(&attributes) == 0) {
        pthread_attr_setstacksize(&attributes, STACK_SIZE);
        for (; started < wanted && started < JOBS_MAX; started++)
            if (pthread_create(&threads[started], &attributes, work, pool) != 0)
                break;
        pthread_attr_destroy(&attributes);
        for (size_t i = 0; i < started; i++)
            pthread_join(threads[i], NULL);
    }

    for (size_t i = 1; i < pool->count; i++)
        run_alone(&jobs[i], pool);
}

/* ---- what they said ------------------------------------------------------------------------ */

/* Warnings that do not mean that something was not scanned, or that the report covers. A message
 * about a failure is never one, whatever file name it contains. */
static bool is_harmless(const char *message)
{
    static const char *const grave[] = {"fail", "error", "unable", "cannot", "could not"};
    const char *end = *message == '[' ? strstr(message, "] ") : NULL; /* "[npm] What went wrong" */

    /* licenses, the severity of a vulnerability that is reported, and what a dependency is for */
    if (ARC_STARTS(
            end ? end + 2 : message, "Unable to find python `site-packages`",
            "Unable to get vulnerability details", "Unable to parse composer.json to identify",
            "Unable to parse pyproject.toml to identify", "Unable to parse Cargo.toml to identify",
            "Unable to parse package.json to remove dev"))
        return true;
    arc_each_in (sign, grave)
        if (strcasestr(message, *sign))
            return false;

    return ARC_HOLDS(message, "Using severities from other vendors", "icense", "is deprecated",
                     "is ignored because", "Unsupported os", "No OS package is detected",
                     "e.g. files under", "no longer supported by the distribution",
                     "security updates are not provided", "scanned file is too large",
                     "Invalid UTF-8 sequences");
}

/* Trivy's lines are "TIME\tLEVEL\tMESSAGE\tKEY=\"VALUE\" …". Its warnings show what it could not
 * read. */
static int read_warnings(struct scan_judged *judged, const char *name, const char *text,
                         struct arc_error *err)
{
    arc_each_piece (row, text, "\n") {
        const char *level = memchr(row.text, '\t', row.len);
        bool warns =
            level && (ARC_STARTS(level, "\tWARN\t", "\tERROR\t") || arc_trivy_skipped(level));
        if (!warns)
            continue;
        ARC_AUTO_FREE char *line = strndup(level + 1, row.len - (size_t)(level + 1 - row.text));
        ARC_TRY_ALLOC(line, err);
        char *said = strchr(line, '\t') + 1;
        ARC_AUTO_FREE char *message = strndup(said, strcspn(said, "\t"));
        ARC_TRY_ALLOC(message, err);
        for (char *tab = said; (tab = strchr(tab, '\t'));)
            *tab = ' ';
        const char *gap = is_harmless(message) ? NULL : SCAN_GAP_WARNING;
        ARC_TRY(scan_miss(judged, gap, err, "%s: Trivy warns: %.1000s", name, said));
    }

    return ARC_OK;
}

/* Reads the report. Those of earlier runs were removed before, so it is from this run. */
static int read_job(struct scan_judged *judged, struct job *job, size_t target,
                    struct arc_error *err)
{
    struct findings *findings = &judged->findings;
    const char *name = arc_json_text_of(job->command, "target");

    if (!job->problem.code)
        scan_report_file(findings, target, arc_json_text_of(job->command, "report"), &job->problem);
    if (job->problem.code) {
        arc_error_prefix(&job->problem, "%s", name);
        return findings_target_error(findings, target, &job->problem, err);
    }

    struct scan_target *read = &findings->targets[target];
    read->ours = true;
    if (strcmp(judged->options->run->type, "fs") == 0)
        read->artifact = findings_string(findings, name);
    ARC_TRY_ALLOC(!findings->failed, err);

    return read_warnings(judged, name, arc_buf_text(&job->warnings), err);
}

static int ask_version(struct scan_judged *judged, const struct arc_scan_run *run,
                       struct arc_error *err)
{
    const char *image = run->docker_image;
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    ARC_AUTO(arc_buf) struct arc_buf text = {0}, errors = {0};
    ARC_AUTO_JSON json_t *argv = NULL;

    if (image)
        argv = json_pack("[s, s, s, s, s, s, s, s, s, s, s]", "docker", "run", "--rm", "--env",
                         "TRIVY_CACHE_DIR=/cache", "--volume", "arc-ci-trivy:/cache", image,
                         "version", "--format", "json");
    else
        argv = json_pack("[s, s, s, s]", "trivy", "version", "--format", "json");
    ARC_TRY_ALLOC(argv, err);
    int rc = arc_trivy_run(run->env, argv, run->work_dir, 60, &text, &errors, &problem);
    if (!rc)
        rc = scan_scanner_parse(arc_buf_text(&text), text.len, "trivy version", &judged->scanner,
                                &problem);

    ARC_TRY(arc_error_memory(rc, err));

    if (rc)
        return scan_warn(judged, err, "the scanner does not report its version: %s",
                         arc_error_text(&problem));

    return ARC_OK;
}

/* ---- what is scanned ------------------------------------------------------------------------ */

/* Limit of documents read to find an image's platforms. */
#define DOCUMENTS_MAX 256

/* Appends what an index lists. An entry without a platform has it in its configuration, or is
 * another index. */
static int read_index(struct arc_registry *registry, const char *name, const char *reference,
                      unsigned *documents, json_t *platforms, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest manifest = {.document = NULL};

    bool inner = ++*documents > 1;
    if (*documents > DOCUMENTS_MAX)
        return ARC_ELIMIT;

    ARC_TRY(arc_registry_manifest(registry, name, reference, &manifest, err));
    const json_t *listed = json_object_get(manifest.document, "manifests");
    const char *kind = arc_json_text_of(json_object_get(manifest.document, "config"), "mediaType");
    bool image = ARC_AMONG(kind, "application/vnd.oci.image.config.v1+json",
                           "application/vnd.docker.container.image.v1+json");
    if (!listed && inner && image) /* otherwise it is an artifact, not an image */
        return arc_json_append(platforms, json_sprintf("@%s@%s", name, reference), err);

    arc_json_each (entry, listed) {
        const json_t *platform = json_object_get(entry, "platform");
        const char *digest = arc_json_text_of(entry, "digest");
        const char *os = arc_json_text_of(platform, "os");
        char text[ARC_PLATFORM_SIZE];

        /* Attestations are entries for unknown/unknown (BuildKit docs, "Image attestation
         * storage"). */
        if (strcmp(os, "unknown") == 0)
            continue;

        if (!platform) {
            int rc = read_index(registry, name, digest, documents, platforms, NULL);
            ARC_TRY(arc_error_memory(rc, err));
            if (rc) /* the scanner says why it cannot look at it */
                ARC_TRY(arc_json_append(platforms, json_sprintf("@%s@%s", name, digest), err));
            continue;
        }

        arc_platform_join(os, arc_json_text_of(platform, "architecture"),
                          arc_json_text_of(platform, "variant"), text);

        /* If two images are for one platform (versions of Windows, compressions), a scanner uses
         * the first; it does not read nested indexes. */
        bool again = inner || arc_json_lists(platforms, text);
        json_t *item = again ? json_sprintf("%s@%s@%s", text, name, digest) : json_string(text);
        ARC_TRY(arc_json_append(platforms, item, err));
    }

    return ARC_OK;
}

/* The platforms of the index that `target` names: *out is a new array of "linux/amd64", with
 * "@NAME@DIGEST" appended for a second image of that platform, or "@NAME@DIGEST" alone without a
 * platform; empty if `target` is a single image. If the registry does not answer, as for a local
 * image, warns and leaves *out NULL. */
static int find_platforms(struct scan_judged *judged, const struct arc_env *env, const char *target,
                          json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    ARC_AUTO_JSON json_t *platforms = json_array();
    ARC_AUTO_FREE char *name = NULL;
    ARC_AUTO_HANDLE(arc_registry) struct arc_registry *registry = NULL;
    const char *tag = target + scan_name_length(target), *digest = strchr(target, '@');
    const char *reference = *tag ? tag + 1 : "latest";
    unsigned documents = 0;

    ARC_TRY_ALLOC(platforms, err);
    name = strndup(target, (size_t)(tag - target));
    ARC_TRY_ALLOC(name, err);
    if (digest)
        reference = digest + 1;

    int rc = arc_registry_new(env, NULL, &registry, &problem);
    if (!rc)
        rc = read_index(registry, name, reference, &documents, platforms, &problem);
    ARC_TRY(arc_error_memory(rc, err));

    if (rc)
        return scan_warn(judged, err,
                         "%s: the registry does not show its platforms, so only the one that the "
                         "scanner chooses is scanned; name others with --platform: %s",
                         target, arc_error_text(&problem));
    *out = arc_steal(&platforms);

    return ARC_OK;
}

/* ---- where they run ------------------------------------------------------------------------ */

/* Writes the files that the settings name to the scanner's folder, since their text may differ from
 * the tree's. */
static int write_settings(const struct arc_scan_options *options, struct arc_scan_run *run,
                          struct arc_error *err)
{
    for (size_t i = 0; i <= options->vex_count; i++) {
        bool last = i == options->vex_count;
        const struct arc_buf *file = last ? options->policy_file : &options->vex[i];
        ARC_AUTO_FREE char *path = NULL;
        if (!file)
            continue;
        if (last)
            ARC_TRY(arc_text_print(&path, err, "%s/policy.rego", run->work_dir));
        else
            ARC_TRY(arc_text_print(&path, err, "%s/vex-%zu", run->work_dir, i));
        ARC_TRY(arc_file_write(path, arc_buf_text(file), file->len, err));
    }

    run->policy = options->policy_file != NULL;
    run->vex_count = options->vex_count;

    return ARC_OK;
}

/* Adds all targets before the first scan, so that limits are reported first. */
static int run_all(struct scan_judged *judged, struct arc_scan_run *run, struct arc_error *err)
{
    struct findings *findings = &judged->findings;
    size_t first = findings->target_count;
    ARC_AUTO_JSON json_t *commands = NULL;
    ARC_AUTO_FREE char *reports = NULL;
    int rc = ARC_OK;

    if (run->report_dir)
        ARC_TRY(arc_trivy_folder(run->report_dir, &reports, err));
    run->report_dir = arc_or(reports, run->work_dir);
    ARC_TRY(write_settings(judged->options, run, err));
    ARC_TRY(arc_scan_commands(run, judged->options->service, &commands, err));
    size_t count = json_array_size(commands);
    ARC_AUTO_FREE struct job *jobs = calloc(count + 1, sizeof *jobs);
    ARC_TRY_ALLOC(jobs, err);

    for (size_t i = 0; i < count; i++) {
        jobs[i].command = json_array_get(commands, i);
        ARC_TRY(findings_add_target(findings, arc_json_text_of(jobs[i].command, "service"),
                                    arc_json_text_of(jobs[i].command, "platform"),
                                    arc_json_text_of(jobs[i].command, "report"), err));
    }

    for (size_t i = 0; i < count; i++) /* of earlier runs */
        unlink(arc_json_text_of(jobs[i].command, "report"));
    struct pool pool = {.jobs = jobs, .count = count, .run = run};
    run_jobs(&pool);
    bool answered = false;
    for (size_t i = 0; i < count; i++) {
        answered = answered || !jobs[i].problem.code;
        if (!rc)
            rc = read_job(judged, &jobs[i], first + i, err);
        arc_buf_free(&jobs[i].warnings);
        arc_error_clear(&jobs[i].problem);
    }

    ARC_TRY(rc);
    if (count && strcmp(run->type, "fs") == 0)
        ARC_TRY(scan_find_inline(judged, run->target, err));
    if (answered && !judged->scanner.version)
        return ask_version(judged, run, err);
    return ARC_OK;
}

int scan_run_all(struct scan_judged *judged, const struct arc_env *env, struct arc_error *err)
{
    struct arc_scan_run run = *judged->options->run;
    ARC_AUTO_FREE char *target = NULL, *credentials = NULL, *folder = NULL, *work_dir = NULL;
    ARC_AUTO_JSON json_t *platforms = NULL;
    struct arc_signals held;

    run.env = env;
    for (const char *const *variable = env->vars; variable && *variable; variable++)
        if (arc_trivy_withholds(*variable))
            ARC_TRY(scan_warn(judged, err,
                              "%.*s is not passed to Trivy, since it could hide findings; a "
                              "project's settings belong under scan: in .github/arc-ci.yaml",
                              (int)strcspn(*variable, "="), *variable));

    if (run.target && strcmp(run.type, "fs") == 0) { /* the scanner does not run in the tree */
        ARC_AUTO_FREE char *path = arc_file_join(env->cwd, run.target);
        target = path ? realpath(path, NULL) : NULL;
        if (!target)
            return arc_error_set(err, ARC_EINPUT, "there is nothing at %s to scan", run.target);
        run.target = target;
    }

    if (run.docker_image) { /* its container gets Docker's logins, since images may be private */
        int rc = arc_docker_file(env, "config.json", &credentials, err);
        ARC_TRY(arc_error_except(ARC_ENOTFOUND, rc, err));
        if (!rc && *credentials == '/' && arc_file_kind(credentials) == ARC_FILE_REGULAR)
            run.docker_config = credentials;
    }

    if (run.target && strcmp(run.type, "image") == 0 && json_array_size(run.platforms) == 0)
        ARC_TRY(find_platforms(judged, env, run.target, &platforms, err));
    run.platforms = arc_or(platforms, run.platforms);

    /* Runs the scans in an empty folder without files of the tree. It is removed afterwards, even
     * if a signal ends this process. */
    arc_signals_hold(&held);
    int rc = arc_folder_temporary(env, &folder, err);
    if (!rc) {
        run.work_dir = work_dir = realpath(folder, NULL);
        rc = work_dir ? run_all(judged, &run, err) : arc_error_nomem(err);
    }
    if (work_dir)
        arc_folder_remove(work_dir);
    arc_signals_release(&held);

    return rc;
}
