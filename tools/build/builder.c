/* The buildx builder that runs the build. */
#include "base/json.h"
#include "base/platform.h"
#include "base/text.h"
#include "build/run.h"
#include "project/documents.h"
#include "registry/docker_config.h"

/* Without a choice, or with an empty name, the builder is the engine itself. */
static bool builder_chosen(const struct arc_build_options *options)
{
    ARC_AUTO_JSON json_t *current = NULL;
    ARC_AUTO_FREE char *path = NULL; /* names the one chosen by `docker buildx use` */

    if (options->builder || arc_env_nonempty(options->env, "BUILDX_BUILDER"))
        return true;
    int rc = arc_buildx_file(options->env, "current", &path, NULL);
    if (!rc)
        rc = arc_document_read(path, &current, NULL);
    return rc != ARC_ENOTFOUND && (rc || *arc_json_text_of(current, "Name"));
}

int arc_docker_run(const struct arc_process *process, struct arc_process_result *out,
                   struct arc_error *err)
{
    int rc = arc_process_run(process, out, err);
    if (rc != ARC_ENOTFOUND)
        return rc;
    return arc_error_set(err, ARC_EWORLD,
                         "there is no docker on PATH; install docker with buildx (arc-ci doctor)");
}

/* Runs docker; a failure is an error. */
static int ask_docker(const struct arc_build_options *options, const char *const *argv,
                      struct arc_process_result *out, struct arc_error *err)
{
    struct arc_process process = {.argv = argv, .env = options->env, .timeout = 60};

    ARC_TRY(arc_docker_run(&process, out, err));
    if (!out->status)
        return ARC_OK;
    const char *said = arc_buf_text(&out->errors);

    return arc_error_set(err, ARC_EWORLD, "docker %s %s failed: %.*s", argv[1], argv[2],
                         (int)strcspn(said, "\n"), said);
}

/* The output of `docker buildx inspect`: "Name: value" lines for the builder and each node. */
static int inspect(const struct arc_build_options *options, struct arc_process_result *out,
                   struct arc_error *err)
{
    const char *const argv[] = {"docker", "buildx", "inspect", options->builder, NULL};
    return ask_docker(options, argv, out, err);
}

int arc_build_buildx_version(const struct arc_build_options *options, struct arc_buf *out,
                             struct arc_error *err)
{
    static const char *const argv[] = {"docker", "buildx", "version", NULL};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};

    ARC_TRY(ask_docker(options, argv, &result, err));
    arc_buf_add(out, arc_buf_text(&result.output), result.output.len);

    return arc_buf_check(out, "the version of buildx", err);
}

int arc_build_engine_platform(const struct arc_build_options *options, struct arc_arena *memory,
                              const char **out, struct arc_error *err)
{
    static const char *const argv[] = {"docker", "version", "--format",
                                       "{{.Server.Os}}/{{.Server.Arch}}", NULL};
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    char plain[ARC_PLATFORM_SIZE];

    ARC_TRY(ask_docker(options, argv, &result, err));
    const char *text = arc_buf_text(&result.output);
    ARC_AUTO_FREE char *said = strndup(text, strcspn(text, "\r\n"));
    ARC_TRY_ALLOC(said, err);
    if (!arc_platform_normalize(said, plain))
        return arc_error_set(err, ARC_EWORLD, "docker version names no platform of its engine");
    *out = arc_arena_text(memory, plain);

    return arc_arena_check(memory, err);
}

int arc_build_is_engine(const struct arc_build_options *options, bool *engine,
                        struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    ARC_AUTO(arc_buf) struct arc_buf driver = {0};
    *engine = true;
    if (!builder_chosen(options))
        return ARC_OK;
    ARC_TRY(inspect(options, &result, err));
    arc_inspect_values(arc_buf_text(&result.output), "Driver:", &driver);
    ARC_TRY(arc_buf_check(&driver, "the builder's driver", err));
    if (!driver.len)
        return arc_error_set(err, ARC_EWORLD, "docker buildx inspect names no driver");
    *engine = strcmp(driver.data, "docker") == 0;

    return ARC_OK;
}

void arc_build_explain_foreign(const struct arc_build_options *options, const char *platform,
                               struct arc_buf *out)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    ARC_AUTO(arc_error) struct arc_error unknown = {0};
    ARC_AUTO(arc_buf) struct arc_buf list = {0};
    bool asked = *platform && inspect(options, &result, &unknown) == ARC_OK;

    arc_inspect_values(asked ? arc_buf_text(&result.output) : "", "Platforms:", &list);
    if (arc_platform_listed(arc_buf_text(&list), platform)) {
        arc_buf_printf(out,
                       ": exec format error, though the builder runs %s: a program in the "
                       "image is for another platform",
                       platform);
        return;
    }

    const char *architecture = strchr(platform, '/');
    architecture = architecture ? architecture + 1 : "all";
    const char *runs_none =
        asked ? "no node of the builder runs" : "the builder does not seem to run";
    platform = arc_text_or(platform, "the platform");
    arc_buf_printf(out,
                   ": exec format error: %s %s, and emulation is not installed; run: docker run "
                   "--privileged --rm tonistiigi/binfmt --install "
                   "%.*s (on Debian and Ubuntu: apt-get install qemu-user-static), or add a "
                   "node of that platform: docker buildx create --append",
                   runs_none, platform, (int)strcspn(architecture, "/"), architecture);
}
