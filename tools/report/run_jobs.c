/* The jobs of another workflow run: a run with a token that may write reports for one without. */
#include "base/json.h"
#include "base/text.h"
#include "report/status.h"

#define RUN_JOBS_MAX 10000

/* The jobs as listed: [{name, conclusion}], and the first part of their names if all share it. */
struct listing {
    json_t *jobs;
    char *called; /* owned: "images" of "images / build / plan"; "" when names differ; NULL before
                     the first */
};

static void listing_free(struct listing *listing)
{
    json_decref(listing->jobs);
    free(listing->called);
}

/* How long the first part of "build-flash / flash linux/amd64" is, and of the name that GitHub gives
 * a job of a matrix, "build (flash, linux/amd64)". */
static size_t part_length(const char *name)
{
    const char *slash = strstr(name, " / "), *values = strstr(name, " (");
    size_t len = slash ? (size_t)(slash - name) : strlen(name);
    return values ? ARC_MIN(len, (size_t)(values - name)) : len;
}

static int keep_job(void *context, json_t *job, struct arc_error *err)
{
    struct listing *listing = context;
    const char *name = arc_json_text_of(job, "name");
    size_t len = part_length(name);

    len = ARC_STARTS(name + len, " / ") ? len : 0; /* the job of no called workflow */
    if (!listing->called)
        listing->called = strndup(name, len);
    else if (strlen(listing->called) != len || strncmp(listing->called, name, len) != 0)
        *listing->called = '\0';

    if (!listing->called || json_array_append(listing->jobs, job))
        return arc_error_nomem(err);

    return ARC_OK;
}

/* A called workflow succeeded if some of its jobs succeeded and the others were skipped. */
static unsigned weigh_result(const char *result)
{
    if (!result || strcmp(result, "skipped") == 0)
        return 0;
    return strcmp(result, "success") == 0 ? 1 : 2;
}

/* {"build-flash": "success", …}: the worst result of each. Sets *broken if a job failed. */
static int join_jobs(const struct listing *listing, json_t *jobs, bool *broken,
                     struct arc_error *err)
{
    size_t skip = *listing->called ? strlen(listing->called) + 3 : 0;

    arc_json_each (job, listing->jobs) {
        const char *name = arc_json_text_of(job, "name") + skip;
        const char *result = arc_json_text_of(job, "conclusion");
        ARC_AUTO_FREE char *key = strndup(name, part_length(name));
        const char *known =
            key ? json_string_value(json_object_get(jobs, key)) : NULL; /* NULL: none yet */
        *broken = *broken || weigh_result(result) == 2;
        if (!key || ((!known || weigh_result(result) > weigh_result(known)) &&
                     json_object_set_new(jobs, key, json_string(arc_text_or(result, "missing")))))
            return arc_error_nomem(err);
    }

    return ARC_OK;
}

int report_read_run(struct arc_transport *transport, const char *repository, const char *run,
                    struct arc_plan *plan, json_t **jobs, struct arc_error *err)
{
    ARC_AUTO(listing) struct listing listing = {.jobs = json_array()};
    bool broken = false;
    const char *name;
    json_t *result;
    void *next;
    int64_t id;

    if (!arc_text_number(run, 18, &id))
        return arc_error_set(err, ARC_EINPUT, "--run: '%.40s' is not a number", run);

    ARC_TRY(arc_transport_each(transport, "jobs", "see how the run's jobs ended",
                               RUN_JOBS_MAX / 100, keep_job, &listing, err,
                               "/repos/%s/actions/runs/%s/jobs?per_page=100", repository, run));
    if (!listing.called)
        return arc_error_set(err, ARC_EWORLD, "--run: the workflow run %s has no jobs", run);

    json_object_clear(*jobs);
    ARC_TRY(join_jobs(&listing, *jobs, &broken, err));
    if (broken)
        return ARC_OK;

    /* A job was skipped by its own condition then: its service had nothing to do. */
    arc_each (service, plan->services, plan->service_count) {
        ARC_AUTO_FREE char *own = NULL;
        ARC_TRY(arc_text_print(&own, err, "build-%s", service->service));
        const json_t *job = json_object_get(*jobs, own);
        job = arc_or(job, json_object_get(*jobs, "build"));
        if (weigh_result(json_string_value(job)))
            continue;
        service->selected = false;
        service->reason = arc_arena_text(&plan->memory, "its job was skipped");
    }

    json_object_foreach_safe (*jobs, next, name, result)
        if (!weigh_result(json_string_value(result)) && strcmp(name, "security") != 0)
            json_object_del(*jobs, name);

    return arc_arena_check(&plan->memory, err);
}
