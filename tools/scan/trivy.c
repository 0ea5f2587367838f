#include "scan/trivy.h"
#include "base/auto.h"
#include "os/file.h"
#include "os/process.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)16 << 20)

/* The last line that is not blank, where Go programs put what went wrong. */
static const char *last_line(struct arc_buf *text)
{
    while (text->len && strchr(" \t\r\n", text->data[text->len - 1]))
        text->data[--text->len] = '\0';
    const char *all = arc_buf_text(text);
    const char *line = strrchr(all, '\n');
    return line ? line + 1 : all;
}

static int ended(const char *program, struct arc_process_result *result, struct arc_buf *output,
                 struct arc_error *err)
{
    if (output) {
        arc_buf_free(output);
        *output = result->output;
        result->output = (struct arc_buf){0};
    }
    if (result->status == 0)
        return ARC_OK;
    return arc_error_set(err, ARC_EFAILED, "%s ended with status %d: %.500s", program,
                         result->status, last_line(&result->errors));
}

int arc_trivy_run(const struct arc_env *env, const json_t *argv, unsigned timeout,
                  struct arc_buf *output, struct arc_error *err)
{
    size_t count = json_array_size(argv);
    ARC_AUTO_FREE const char **words = calloc(count + 1, sizeof *words);
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    if (!words)
        return arc_error_nomem(err);
    for (size_t i = 0; i < count; i++)
        words[i] = json_string_value(json_array_get(argv, i));
    struct arc_process process = {
        .argv = words, .env = env, .timeout = timeout, .output_max = OUTPUT_MAX};
    int rc = arc_process_run(&process, &result, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_ENOTFOUND,
                             "%s is not on PATH: install it, or give --scanner-image "
                             "NAME@sha256:… to run it with docker",
                             words[0]);
    return rc ? rc : ended(words[0], &result, output, err);
}

static int make(const char *path, struct arc_error *err)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return ARC_OK;
    return arc_error_set(err, ARC_EWORLD, "cannot make the folder %s: %s", path, strerror(errno));
}

static int cannot_make(const char *path, struct arc_error *err)
{
    return arc_error_set(err, ARC_EWORLD, "cannot make the folder %s: %s", path, strerror(errno));
}

int arc_trivy_folder(const struct arc_env *env, const char *path, char **out, struct arc_error *err)
{
    const char *base = arc_env_nonempty(env, "TMPDIR");
    ARC_AUTO(arc_buf) struct arc_buf name = {0};
    if (path) {
        int rc = make(path, err);
        *out = rc ? NULL : realpath(path, NULL);
        return rc || *out ? rc : cannot_make(path, err);
    }
    arc_buf_printf(&name, "%s/arc-ci-scan-XXXXXX", base ? base : "/tmp");
    *out = arc_buf_steal(&name);
    if (!*out)
        return arc_error_nomem(err);
    return mkdtemp(*out) ? ARC_OK : cannot_make(*out, err);
}

void arc_trivy_remove(const json_t *commands, const char *folder)
{
    size_t i;
    json_t *command;
    json_array_foreach (commands, i, command)
        unlink(json_string_value(json_object_get(command, "report")));
    if (folder)
        rmdir(folder);
}
