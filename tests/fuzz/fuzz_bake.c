/* Any JSON is a plan that gives a definition, or is refused; and buildx's progress means the same
 * however it is cut. */
#include "arcci/build.h"
#include "build/progress.h"
#include <stdlib.h>

struct count {
    size_t events;
    size_t log_bytes;
};

static void on_event(void *context, const struct arc_build_event *event)
{
    struct count *count = context;
    count->events++;
    count->log_bytes += event->log_len;
}

static struct count read_cut(const json_t *definition, const char *text, size_t len, size_t cut)
{
    struct count count = {0};
    struct arc_progress *progress = NULL;
    struct arc_progress_options options = {definition, {on_event, &count}, NULL, NULL};
    if (arc_progress_new(&options, &progress, NULL))
        abort();
    int rc = arc_progress_feed(progress, text, cut, NULL);
    if (!rc)
        arc_progress_feed(progress, text + cut, len - cut, NULL);
    arc_progress_free(progress);
    return count;
}

static void check_progress(const char *text, size_t len)
{
    json_t *definition = json_pack("{s:{s:{s:[s,s]}}}", "target", "flash", "platforms",
                                   "linux/amd64", "linux/arm64");
    struct count whole = read_cut(definition, text, len, 0);
    struct count halves = read_cut(definition, text, len, len / 2);
    if (whole.events != halves.events || whole.log_bytes != halves.log_bytes)
        abort();
    json_decref(definition);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    json_t *plan = json_loadb((const char *)data, size, 0, NULL);
    json_t *out = NULL;
    struct arc_error err = {0};
    struct arc_plan read;
    int rc = arc_plan_read(plan, &read, &err);
    struct arc_bake_options options = {.plan = &read, .cache = "registry", .sbom = true};
    if (!rc)
        rc = arc_bake(&options, &out, &err);
    if (err.code != rc || (rc == ARC_OK) != (out != NULL))
        abort();
    arc_plan_free(&read);
    json_decref(out);
    json_decref(plan);
    arc_error_clear(&err);
    check_progress((const char *)data, size);
    return 0;
}
