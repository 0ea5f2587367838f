#include "scan/trivy.h"
#include "base/json.h"
#include "base/text.h"
#include "os/environment.h"
#include "os/file.h"
#include "os/process.h"
#include <errno.h>
#include <sys/stat.h>

#define OUTPUT_MAX ((size_t)16 << 20)

/* What a run prints. */
struct prints {
    struct arc_buf *output, *errors;
    struct arc_buf *line; /* of the errors, that has not ended yet */
};

/* Keeps a line of stderr, but of --debug only what says that a file could not be parsed. */
static void keep_line(struct prints *prints)
{
    const char *line = arc_buf_text(prints->line);
    const char *debug = strstr(line, "\tDEBUG\t");
    if (!debug || arc_trivy_skipped(debug))
        arc_buf_add(prints->errors, line, prints->line->len);
    arc_buf_reset(prints->line);
}

static int take_print(void *context, enum arc_stream stream, const char *data, size_t len)
{
    struct prints *prints = context;

    if (stream == ARC_STDOUT) {
        arc_buf_add(prints->output, data, len);
        return prints->output->failed;
    }

    for (size_t part; len; data += part, len -= part) {
        const char *end = memchr(data, '\n', len);
        part = end ? (size_t)(end - data) + 1 : len;
        arc_buf_add(prints->line, data, part);
        if (end)
            keep_line(prints);
    }

    return arc_or(prints->line->failed, prints->errors->failed);
}

bool arc_trivy_skipped(const char *level)
{
    return ARC_STARTS(level, "\tDEBUG\tWalk error\t", "\tDEBUG\tAnalysis error\t",
                      "\tDEBUG\t[analyzer] Analysis error\t");
}

/* TRIVY_ variables that pass. Others could hide findings: TRIVY_SKIP_DIRS, TRIVY_IGNORE_POLICY,
 * TRIVY_CONFIG, … */
static const char *const passes[] = {
    /* sources and cache of its databases */
    "TRIVY_CACHE_*", "TRIVY_REDIS_*", "TRIVY_DB_REPOSITORY", "TRIVY_JAVA_DB_REPOSITORY",
    "TRIVY_CHECKS_BUNDLE_REPOSITORY", "TRIVY_SKIP_DB_UPDATE", "TRIVY_SKIP_JAVA_DB_UPDATE",
    "TRIVY_SKIP_CHECK_UPDATE", "TRIVY_OFFLINE_SCAN",
    /* access to registries and servers */
    "TRIVY_USERNAME", "TRIVY_PASSWORD", "TRIVY_REGISTRY_TOKEN", "TRIVY_GITHUB_TOKEN",
    "TRIVY_INSECURE", "TRIVY_NON_SSL", "TRIVY_CACERT", "TRIVY_IMAGE_SRC", "TRIVY_DOCKER_HOST",
    "TRIVY_PODMAN_HOST", "TRIVY_SERVER", "TRIVY_TOKEN", "TRIVY_TOKEN_HEADER",
    "TRIVY_CUSTOM_HEADERS", "TRIVY_AUTH_URL",
    /* its behavior */
    "TRIVY_PARALLEL", "TRIVY_DISABLE_TELEMETRY", "TRIVY_SKIP_VERSION_CHECK", NULL};

bool arc_trivy_withholds(const char *variable)
{
    return ARC_STARTS(variable, "TRIVY_") && !arc_environment_has(passes, variable);
}

bool arc_trivy_takes_along(const char *variable)
{
    static const char *const of_machine[] = {"TRIVY_CACHE_*", "TRIVY_CACERT", "TRIVY_DOCKER_HOST",
                                             "TRIVY_PODMAN_HOST", NULL};
    return arc_environment_has(passes, variable) && !arc_environment_has(of_machine, variable);
}

/* The error from its last non-blank line, "TIME\tFATAL\tFatal error\tMESSAGE" or "\t* MESSAGE",
 * with advice if it has none. */
static void show_failure(struct arc_buf *said, int status, struct arc_buf *out)
{
    static const char *const before[] = {"FATAL\t", "ERROR\t", "Fatal error\t", "\t* ", "  - "};
    static const struct {
        const char *sign, *advice;
    } rows[] = {
        {"TOOMANYREQUESTS",
         "a mirror of the databases (TRIVY_DB_REPOSITORY, "
         "TRIVY_JAVA_DB_REPOSITORY) or a persistent cache avoids TOOMANYREQUESTS"},
        {"UNAUTHORIZED", "log in to the image's registry: docker login"},
        {"no space left on device", "the disk is full: set TMPDIR and TRIVY_CACHE_DIR to use "
                                    "another"},
        {"context deadline exceeded", "raise --timeout, if the network is not at fault"},
        {"unknown flag: --", "install a newer Trivy: this one lacks an option that arc-ci gives"},
        {"cache may be in use", "another Trivy uses the same cache: set TRIVY_CACHE_DIR to use "
                                "another"},
    };

    arc_buf_strip(said, " \t\r\n");
    const char *text = arc_buf_text(said), *line = strrchr(text, '\n');
    line = line ? line + 1 : text;
    for (size_t i = 0; i < ARC_COUNT(before); i++) {
        const char *found = strstr(line, before[i]);
        line = found ? found + strlen(before[i]) : line;
    }

    arc_buf_printf(out, "%.500s", line);
    for (char *c = out->data; c && *c; c++)
        *c = *c == '\t' ? ' ' : *c;
    if (status == 128 + 9) { /* earlier output is not the reason */
        arc_text_item(out, "; ", "killed, usually because memory ran out: --jobs=1 needs less");
        return;
    }

    arc_each_in (row, rows) /* the last line may only say that all sources failed */
        if (strstr(text, row->sign))
            arc_buf_printf(out, "; %s", row->advice);
}

int arc_trivy_run(const struct arc_env *env, const json_t *argv, const char *folder,
                  unsigned timeout, struct arc_buf *output, struct arc_buf *errors,
                  struct arc_error *err)
{
    size_t count = json_array_size(argv);
    ARC_AUTO_FREE const char **words = calloc(count + 1, sizeof *words);
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    ARC_AUTO(arc_buf) struct arc_buf line = {.max = OUTPUT_MAX};
    struct prints prints = {output, errors, &line};
    struct arc_env there = *env;

    ARC_TRY_ALLOC(words, err);
    arc_buf_reset(output); /* of an earlier run */
    arc_buf_reset(errors);
    output->max = errors->max = OUTPUT_MAX;
    for (size_t i = 0; i < count; i++)
        words[i] = json_string_value(json_array_get(argv, i));

    there.cwd = arc_or(folder, env->cwd);
    struct arc_process process = {.argv = words,
                                  .env = &there,
                                  .passes = passes,
                                  .timeout = timeout,
                                  .on_output = take_print,
                                  .context = &prints};
    int rc = arc_process_run(&process, &result, err);
    ARC_TRY(arc_buf_check(&line, words[0], err));
    keep_line(&prints); /* one without an end */
    ARC_TRY(arc_buf_check(output, words[0], err));
    ARC_TRY(arc_buf_check(errors, words[0], err));
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_ENOTFOUND,
                             "%s is not on PATH: install it, or give --scanner-image "
                             "NAME@sha256:… to run it with docker",
                             words[0]);

    ARC_TRY(rc);

    if (result.status) {
        ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 2000};
        show_failure(errors, result.status, &shown);
        return arc_error_set(err, ARC_EFAILED, "%s ended with status %d: %s", words[0],
                             result.status, arc_text_or(arc_buf_text(&shown), "no reason given"));
    }

    return ARC_OK;
}

int arc_trivy_folder(const char *path, char **out, struct arc_error *err)
{
    bool made = mkdir(path, 0777) == 0 || errno == EEXIST;

    if (made && arc_file_kind_in(NULL, path) != ARC_FILE_DIRECTORY)
        return arc_error_set(err, ARC_EINPUT,
                             "%s is not a folder of this directory: it is a file, or a symbolic "
                             "link to elsewhere",
                             path);
    *out = made ? realpath(path, NULL) : NULL;
    if (*out)
        return ARC_OK;

    return arc_error_set(err, ARC_EWORLD, "cannot make the folder %s: %s", path, strerror(errno));
}
