#include "report/status.h"
#include "base/json.h"
#include "base/text.h"
#include "project/needs.h"
#include <stdio.h>

/* A status: its state and description. */
struct verdict {
    const char *state;
    struct arc_buf why;
};

/* Sets the state, and appends to the description. */
#define set_verdict(out, value, ...)                                                               \
    ((out)->state = (value), arc_buf_printf(&(out)->why, __VA_ARGS__))

static void verdict_free(struct verdict *verdict)
{
    arc_buf_free(&verdict->why);
}

/* The bytes of all cells of a service (may be NULL), or -1 if unknown. */
static int64_t size_of(const struct arc_built_service *built)
{
    int64_t sum = 0;
    if (!built || !built->cell_count)
        return -1;

    arc_each (cell, built->cells, built->cell_count) {
        if (cell->size < 0)
            return -1;
        sum += cell->size;
    }

    return sum;
}

/* ---- jobs ----------------------------------------------------------------------------------- */

/* The job that builds a service: one of its own, "build-<codename>", or "build" for all. */
struct job {
    char name[300];
    bool there, shared;
    const char *trouble; /* its result unless it succeeded */
};

static const char *find_trouble(const struct arc_report_facts *facts, const char *job)
{
    return arc_job_trouble(facts->jobs, job, facts->plan, facts->changes);
}

static bool has_job(const struct arc_report_facts *facts, const char *job)
{
    return json_is_string(json_object_get(facts->jobs, job));
}

static struct job find_job(const struct arc_report_facts *facts, const char *service)
{
    struct job job = {.shared = false};
    snprintf(job.name, sizeof job.name, "build-%.250s", service);
    job.there = has_job(facts, job.name);

    if (!job.there) {
        job = (struct job){.name = "build", .shared = true};
        job.there = has_job(facts, job.name);
    }

    if (job.there)
        job.trouble = find_trouble(facts, job.name);

    return job;
}

static const char *state_of_trouble(const char *trouble)
{
    return strcmp(trouble, "failure") == 0 ? "failure" : "error";
}

/* ---- verdicts ------------------------------------------------------------------------------- */

static void judge_built(const struct arc_report_facts *facts, const struct arc_built_service *built,
                        struct verdict *out)
{
    const struct arc_plan *plan = facts->plan;
    size_t planned = 0, found = 0;
    int64_t size = size_of(built);

    arc_each (cell, plan->cells, plan->cell_count) {
        if (strcmp(cell->service, built->service) != 0)
            continue;
        planned++;
        found += arc_built_on(built, cell->platform) != NULL;
    }

    if (found < planned)
        set_verdict(out, "failure", "%zu of %zu platforms were built", found, planned);
    else
        set_verdict(out, "success", "%zu platform%s", found, arc_plural(found));

    if (size >= 0) {
        arc_buf_puts(&out->why, ", ");
        arc_text_size(&out->why, size, size_of(arc_ledger_service(facts->base, built->service)));
    }

    if (built->digest)
        arc_buf_printf(&out->why, ", %.19s", built->digest);
}

static void judge(const struct arc_report_facts *facts, const struct arc_planned_service *service,
                  struct verdict *out)
{
    const struct job job = find_job(facts, service->service);
    const struct arc_built_service *built = arc_ledger_service(facts->build, service->service);

    if (job.trouble && !(job.shared && (built || !service->selected)))
        set_verdict(out, state_of_trouble(job.trouble), "the job %s ended as %s", job.name,
                    job.trouble);
    else if (built)
        judge_built(facts, built, out);
    else if (!service->selected)
        set_verdict(out, "success", "not built: %s", service->reason);
    else if (job.there && !(facts->build && facts->build->pushed))
        set_verdict(out, "success", facts->plan->push ? "its job ended well" : "built, not pushed");
    else if (facts->build)
        set_verdict(out, "failure", "build.json does not have it");
    else if (json_object_size(facts->jobs))
        set_verdict(out, "error", "none of the jobs that were needed built it");
    else
        set_verdict(out, "pending", "to be built");
}

/* A gate that could not scan has failed. Without a scan, the status shows the scan's job or, if
 * that was skipped, the first job that failed before it. */
static void judge_gate(const struct arc_report_facts *facts, struct verdict *out)
{
    const char *trouble = has_job(facts, "security") ? find_trouble(facts, "security") : NULL;
    const char *cause = NULL;

    if (facts->scan) {
        bool looked = facts->scan->verdict <= ARC_VERDICT_FINDINGS;
        bool passed = facts->scan->gate != ARC_GATE_FAIL;
        if (looked && passed && trouble) { /* the job failed after it had written the scan */
            set_verdict(out, state_of_trouble(trouble),
                        "the job security ended as %s, with the gate passed", trouble);
            return;
        }

        out->state = "error";
        if (looked)
            out->state = passed ? "success" : "failure";
        arc_buf_printf(&out->why, "%s: %s", arc_verdict_name(facts->scan->verdict),
                       facts->scan->reason);
        return;
    }

    arc_json_each_pair (job, result, facts->jobs) {
        const char *end = find_trouble(facts, job);
        if (!cause && end && strcmp(end, "skipped") != 0)
            cause = job;
    }

    out->state = trouble ? state_of_trouble(trouble) : "success";
    if (cause && trouble && strcmp(trouble, "skipped") == 0)
        arc_buf_printf(&out->why, "not scanned: the job %.60s ended as %s", cause,
                       find_trouble(facts, cause));
    else
        arc_buf_printf(&out->why, "the job security ended as %s",
                       arc_json_text_of(facts->jobs, "security"));
}

/* ---- statuses ------------------------------------------------------------------------------- */

/* A commit's statuses are one list for all runs: a push must not overwrite the status of a pull
 * request with the same head, which compares with another base. */
static int add_status(json_t *statuses, const struct arc_report_facts *facts, const char *name,
                      const struct verdict *verdict, struct arc_error *err)
{
    ARC_AUTO_FREE char *context = NULL;

    if (facts->event)
        ARC_TRY(
            arc_text_print(&context, err, "%s / %s (%s)", facts->plan->group, name, facts->event));
    else
        ARC_TRY(arc_text_print(&context, err, "%s / %s", facts->plan->group, name));
    ARC_TRY(arc_buf_check(&verdict->why, "a status", err));

    /* At most ARC_DESCRIPTION_MAX characters, cut between two of them. */
    const char *why = arc_buf_text(&verdict->why);
    size_t at = 0, count = 0, step, len = verdict->why.len;
    while (at < len && count < ARC_DESCRIPTION_MAX - 1 &&
           (step = arc_utf8_length(why + at, len - at))) {
        at += step;
        count += step == 4 ? 2 : 1;
    }
    json_t *row =
        json_pack("{s:s, s:s, s:o}", "context", context, "state", verdict->state, "description",
                  json_sprintf("%.*s%s", (int)at, why, at < len ? "…" : ""));

    return arc_json_append(statuses, row, err);
}

unsigned report_severity(const char *state)
{
    static const char *const order[] = {"success", "pending", "failure", "error"};
    unsigned i = 0;
    while (i < 3 && strcmp(order[i], state) != 0)
        i++;
    return i;
}

/* Whether a job is the gate's or one service's: those have their own status. */
static bool has_status(const struct arc_report_facts *facts, const char *job)
{
    for (size_t i = 0; i < facts->plan->service_count; i++) {
        const struct job own = find_job(facts, facts->plan->services[i].service);
        if (!own.shared && strcmp(own.name, job) == 0)
            return true;
    }
    return strcmp(job, "security") == 0;
}

static void worsen(struct verdict *all, const char *state)
{
    if (report_severity(state) > report_severity(all->state))
        all->state = state;
}

static int add_services(const struct arc_report_facts *facts, json_t *statuses,
                        struct arc_error *err)
{
    size_t good = 0, count = facts->plan->service_count;
    ARC_AUTO(verdict) struct verdict all = {.state = "success"};

    arc_each (service, facts->plan->services, count) {
        ARC_AUTO(verdict) struct verdict one = {0};
        judge(facts, service, &one);
        ARC_TRY(add_status(statuses, facts, service->service, &one, err));
        good += report_severity(one.state) == 0;
        worsen(&all, one.state);
    }

    /* A failed job of any other name is an error of the whole: if the job that finds the changes
     * failed, nobody knows what should have been built. */
    arc_json_each_pair (job, result, facts->jobs) {
        const char *trouble = find_trouble(facts, job);
        if (!trouble || has_status(facts, job))
            continue;
        worsen(&all, state_of_trouble(trouble));
        arc_buf_printf(&all.why, "the job %.60s ended as %.20s; ", job, trouble);
    }

    arc_buf_printf(&all.why, "%zu of %zu services are as they should be", good, count);

    return add_status(statuses, facts, "images", &all, err);
}

int arc_report(const struct arc_report_facts *facts, json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf body = {0};
    ARC_AUTO(verdict) struct verdict gate = {0};
    ARC_AUTO_JSON json_t *statuses = json_array();

    ARC_TRY_ALLOC(statuses, err);
    ARC_TRY(add_services(facts, statuses, err));

    if (facts->scan || json_object_get(facts->jobs, "security")) {
        judge_gate(facts, &gate);
        ARC_TRY(add_status(statuses, facts, "gate", &gate, err));
    }

    ARC_TRY(report_body(facts, statuses, &body, err));
    *out = json_pack("{s:s, s:i, s:s, s:s, s:O, s:s%}", "document", "report", "format",
                     ARC_DOCUMENT_FORMAT, "group", facts->plan->group, "revision",
                     facts->plan->revision, "statuses", statuses, "body", arc_buf_text(&body),
                     body.len);

    return arc_error_unless(*out, err);
}
