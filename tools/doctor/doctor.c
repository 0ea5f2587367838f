#include "doctor/doctor.h"
#include "base/json.h"
#include "base/text.h"
#include "http/http.h"
#include "os/gzip.h"
#include "os/hash.h"
#include "os/process.h"
#include "yaml/yaml.h"
#include "json/stream.h"

#ifndef ARCCI_ALLOCATOR /* packaging/dist.py adds what else a released program contains */
#define ARCCI_ALLOCATOR NULL
#define ARCCI_LIBC      NULL
#endif

/* Timeout of a check in seconds. */
#define PATIENCE 15

/* In this order, since later checks use results of earlier ones. */
static const struct {
    const char *name;
    const char *needed; /* by these purposes */
    doctor_check *check;
} checks[] = {
    {"repository", "plan build release", doctor_repository},
    {"git", "plan build release", doctor_git},
    {"release groups", "plan build release services", doctor_config},
    {"tags", "release", doctor_tags},
    {"docker", "build services", doctor_docker},
    {"buildx", "build", doctor_buildx},
    {"platforms", "build", doctor_platforms},
    {"compose", "services", doctor_compose},
    {"trivy", "scan", doctor_trivy},
    {"cosign", "release", doctor_cosign},
    {"libcurl", "build release", doctor_libcurl},
    {"libraries", "", doctor_libraries},
    {"token", "release", doctor_token},
    {"registry", "build release", doctor_registry},
    {"packages", "release", doctor_packages},
    {"push", "plan build scan release services", doctor_push},
    {"ports", "services", doctor_ports},
    {"network", "services", doctor_network},
    {"volumes", "services", doctor_volumes},
};

static void doctor_free(struct doctor *doctor)
{
    free(doctor->network);
}

static void doctor_result_free(struct doctor_result *result)
{
    arc_buf_free(&result->found);
    arc_buf_free(&result->advice);
    arc_error_clear(&result->err);
}

void doctor_say(struct doctor_result *result, enum doctor_status status, const char *found,
                const char *advice)
{
    result->status = status;
    arc_buf_reset(&result->found);
    arc_buf_puts(&result->found, found);
    arc_buf_puts(&result->advice, arc_or(advice, ""));
}

void doctor_fail(struct doctor_result *result, enum doctor_status status, const char *advice)
{
    doctor_say(result, status, arc_error_text(&result->err), advice);
}

void doctor_advise(struct doctor_result *result, enum doctor_status status, const char *format, ...)
{
    result->status = status;
    arc_text_separate(&result->advice, "; ");
    ARC_WITH_ARGS(format, arc_buf_vprintf(&result->advice, format, args));
}

void doctor_advise_once(struct doctor_result *result, enum doctor_status status, const char *advice)
{
    result->status = status;
    if (!strstr(arc_buf_text(&result->advice), advice))
        doctor_advise(result, status, "%s", advice);
}

bool doctor_skip(struct doctor_result *result, bool lacks, const char *why)
{
    if (lacks)
        doctor_say(result, DOCTOR_SKIPPED, why, NULL);
    return lacks;
}

/* The first non-empty line, safe to print. */
static void first_line(const struct arc_buf *text, struct arc_buf *out)
{
    const char *at = arc_buf_text(text) + strspn(arc_buf_text(text), "\r\n");
    size_t len = strcspn(at, "\r\n");
    arc_text_visible(out, at, ARC_MIN(len, 200));
}

int doctor_read(const struct doctor *doctor, const char *const *argv, struct arc_buf *out,
                struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    struct arc_process process = {.argv = argv,
                                  .env = doctor->project->env,
                                  .timeout = PATIENCE,
                                  .output_max = (size_t)1 << 20};
    ARC_TRY(arc_process_run(&process, &result, err));

    if (result.status == 0) {
        arc_buf_add(out, arc_buf_text(&result.output), result.output.len);
        return ARC_OK;
    }

    ARC_AUTO(arc_buf) struct arc_buf why = {0};
    first_line(result.errors.len ? &result.errors : &result.output, &why);

    return arc_error_set(err, ARC_EFAILED, "%s",
                         why.len ? arc_buf_text(&why) : "it failed and printed nothing");
}

int doctor_ask(const struct doctor *doctor, const char *const *argv, struct arc_buf *out,
               struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    int rc = doctor_read(doctor, argv, &text, err);
    if (!rc)
        first_line(&text, out);
    return rc;
}

/* ---- the libraries linked into the program or loaded by it ---------------------------------- */

/* The versions by name; NULL if out of memory. */
static json_t *list_libraries(void)
{
    const struct {
        const char *name, *version; /* NULL: not available */
    } libraries[] = {
        {"jansson", jansson_version_str()}, {"libcurl", arc_http_library()},
        {"libgit2", arc_git_library()},     {"libyajl", arc_json_stream_library()},
        {"libyaml", arc_yaml_library()},    {"mbedtls", arc_hash_library()},
        {"mimalloc", ARCCI_ALLOCATOR},      {"musl", ARCCI_LIBC},
        {"zlib", arc_gzip_library()},
    };
    json_t *versions = json_object();

    arc_each_in (library, libraries)
        if (library->version)
            arc_json_put(&versions, library->name, json_string(library->version));

    return versions;
}

int arc_libraries(json_t **out, struct arc_error *err)
{
    *out = json_pack("{s:s, s:i, s:s, s:o}", "document", "program", "format", ARC_DOCUMENT_FORMAT,
                     "version", ARCCI_VERSION, "libraries", list_libraries());
    return arc_error_unless(*out, err);
}

void doctor_libraries(struct doctor *doctor, struct doctor_result *result)
{
    ARC_AUTO_JSON json_t *versions = list_libraries();
    (void)doctor;

    result->found.failed = versions ? 0 : ARC_ENOMEM;
    arc_json_each_pair (name, version, versions)
        arc_text_item(&result->found, ", ", "%s %s", name, json_string_value(version));
}

/* ---- all checks ----------------------------------------------------------------------------- */

int arc_doctor(struct arc_project *project, const struct arc_doctor_options *options, json_t **out,
               struct arc_error *err)
{
    static const char *const states[] = {"ok", "warning", "missing", "skipped"};
    ARC_AUTO(doctor) struct doctor doctor = {.project = project, .options = options};
    ARC_AUTO_JSON json_t *list = json_array();
    const char *name = arc_or(options->purpose, "plan");
    bool all = strcmp(name, "all") == 0, ok = true;

    if (!ARC_AMONG(name, "plan", "build", "scan", "release", "services", "all"))
        return arc_error_set(err, ARC_EINPUT, "'%s' is not a purpose", name);

    arc_each_in (check, checks) {
        ARC_AUTO(doctor_result) struct doctor_result result = {0};
        bool needed = all ? *check->needed : arc_text_lists(check->needed, name, strlen(name));
        if (check->check == doctor_push && !options->push)
            continue;
        check->check(&doctor, &result);
        ok = ok && !(needed && result.status == DOCTOR_MISSING);
        ARC_TRY(arc_buf_check(&result.found, check->name, err));
        ARC_TRY(arc_buf_check(&result.advice, check->name, err));
        const char *advice = result.advice.len ? arc_buf_text(&result.advice) : NULL;
        json_t *row = json_pack("{s:s, s:s, s:s, s:s?, s:b}", "name", check->name, "status",
                                states[result.status], "found", arc_buf_text(&result.found),
                                "advice", advice, "needed", needed);
        ARC_TRY(arc_json_append(list, row, err));
    }

    *out = json_pack("{s:s, s:i, s:s, s:b, s:O}", "document", "doctor", "format",
                     ARC_DOCUMENT_FORMAT, "for", name, "ok", ok, "checks", list);
    return arc_error_unless(*out, err);
}
