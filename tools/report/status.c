#include "report/status.h"
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "project/needs.h"
#include <stdio.h>
#include <string.h>

/* What a status says. */
struct verdict {
    const char *state;
    struct arc_buf why;
};

static void verdict_free(struct verdict *verdict)
{
    arc_buf_free(&verdict->why);
}

const struct arc_built_service *report_built(const struct arc_ledger *build, const char *service)
{
    return build ? arc_ledger_service(build, service) : NULL;
}

int64_t report_size(const struct arc_built_service *built)
{
    int64_t sum = 0;
    if (!built || !built->cell_count)
        return -1;

    for (size_t i = 0; i < built->cell_count; i++) {
        if (built->cells[i].size < 0)
            return -1;
        sum += built->cells[i].size;
    }

    return sum;
}

/* ---- jobs ----------------------------------------------------------------------------------- */

/* The job that builds a service: one of its own, "build-<codename>", or "build" for all. */
struct job {
    char name[300];
    bool there, shared;
    const char *trouble; /* how it ended, where that is not fine */
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

/* How many of the service's planned platforms the ledger has. */
static void count_platforms(const struct arc_plan *plan, const struct arc_built_service *built,
                            size_t *planned, size_t *found)
{
    *planned = *found = 0;
    for (size_t i = 0; i < plan->cell_count; i++) {
        if (strcmp(plan->cells[i].service, built->service) != 0)
            continue;
        ++*planned;
        *found += arc_built_on(built, plan->cells[i].platform) != NULL;
    }
}

static void judge_built(const struct arc_report_facts *facts, const struct arc_built_service *built,
                        struct verdict *out)
{
    size_t planned, found;
    int64_t size = report_size(built);

    count_platforms(facts->plan, built, &planned, &found);

    if (found < planned) {
        out->state = "failure";
        arc_buf_printf(&out->why, "%zu of %zu platforms were built", found, planned);
    } else {
        out->state = "success";
        arc_buf_printf(&out->why, "%zu platform%s", found, found == 1 ? "" : "s");
    }

    if (size >= 0) {
        arc_buf_puts(&out->why, ", ");
        arc_text_size(&out->why, size, report_size(report_built(facts->base, built->service)));
    }

    if (built->digest)
        arc_buf_printf(&out->why, ", %.19s", built->digest);
}

static void set_verdict(struct verdict *out, const char *state, const char *why)
{
    out->state = state;
    arc_buf_puts(&out->why, why);
}

/* What is neither built nor left out, and whose job is none of those that were needed. */
static void judge_missing(const struct arc_report_facts *facts, struct verdict *out)
{
    if (facts->build)
        set_verdict(out, "failure", "build.json does not have it");
    else if (json_object_size(facts->jobs))
        set_verdict(out, "error", "none of the jobs that were needed built it");
    else
        set_verdict(out, "pending", "to be built");
}

static void judge(const struct arc_report_facts *facts, const struct arc_planned_service *service,
                  struct verdict *out)
{
    const struct job job = find_job(facts, service->service);
    const struct arc_built_service *built = report_built(facts->build, service->service);

    if (job.trouble && !(job.shared && (built || !service->selected))) {
        out->state = state_of_trouble(job.trouble);
        arc_buf_printf(&out->why, "the job %s ended as %s", job.name, job.trouble);
    } else if (built) {
        judge_built(facts, built, out);
    } else if (!service->selected) {
        out->state = "success";
        arc_buf_printf(&out->why, "not built: %s", service->reason);
    } else if (job.there && !(facts->build && facts->build->pushed)) {
        set_verdict(out, "success", "built, not pushed");
    } else {
        judge_missing(facts, out);
    }
}

/* The first job that did not do its work, and so let those after it be skipped; or NULL. */
static const char *find_broken(const struct arc_report_facts *facts)
{
    const char *job;
    json_t *result;
    json_object_foreach ((json_t *)facts->jobs, job, result) {
        const char *trouble = find_trouble(facts, job);
        if (trouble && strcmp(trouble, "skipped") != 0)
            return job;
    }
    return NULL;
}

/* Without a scan the job that was to make it is all there is to say. */
static void judge_unscanned(const struct arc_report_facts *facts, const char *trouble,
                            struct verdict *out)
{
    const char *cause = trouble && strcmp(trouble, "skipped") == 0 ? find_broken(facts) : NULL;
    out->state = trouble ? state_of_trouble(trouble) : "success";
    if (cause)
        arc_buf_printf(&out->why, "not scanned: the job %.60s ended as %s", cause,
                       find_trouble(facts, cause));
    else
        arc_buf_printf(&out->why, "the job security ended as %s",
                       arc_json_text_of(facts->jobs, "security"));
}

/* A gate that could not look has failed. */
static void judge_gate(const struct arc_report_facts *facts, struct verdict *out)
{
    const char *gate = arc_json_text_of(facts->scan, "gate");
    const char *verdict = arc_json_text_of(facts->scan, "verdict");
    const char *trouble = has_job(facts, "security") ? find_trouble(facts, "security") : NULL;

    if (!facts->scan) {
        judge_unscanned(facts, trouble, out);
        return;
    }

    bool looked = strcmp(verdict, "clean") == 0 || strcmp(verdict, "findings") == 0;
    bool passed = strcmp(gate, "pass") == 0 || strcmp(gate, "report-only") == 0;
    if (looked && passed && trouble) { /* something of it failed after it had written that */
        out->state = state_of_trouble(trouble);
        arc_buf_printf(&out->why, "the job security ended as %s, with the gate passed", trouble);
        return;
    }

    out->state = "error";
    if (looked)
        out->state = passed ? "success" : "failure";
    arc_buf_printf(&out->why, "%s: %s", verdict, arc_json_text_of(facts->scan, "reason"));
}

/* ---- statuses ------------------------------------------------------------------------------- */

/* At most ARC_DESCRIPTION_MAX characters, cut between two of them. */
static json_t *cut_description(const struct arc_buf *text)
{
    size_t at = 0, count = 0, step;
    const char *bytes = arc_buf_text(text);

    while (at < text->len && count < ARC_DESCRIPTION_MAX - 1 &&
           (step = arc_utf8_length(bytes + at, text->len - at))) {
        at += step;
        count += step == 4 ? 2 : 1;
    }

    if (at == text->len)
        return json_stringn(bytes, at);

    return json_sprintf("%.*s…", (int)at, bytes);
}

/* The statuses of a commit are one list for all runs: that of a push must not overwrite what a pull
 * request with the same head, which compares with another base, has found. */
static json_t *make_context(const struct arc_report_facts *facts, const char *name)
{
    const char *group = facts->plan->group;
    if (!facts->event)
        return json_sprintf("%s / %s", group, name);
    return json_sprintf("%s / %s (%s)", group, name, facts->event);
}

static int add_status(json_t *statuses, const struct arc_report_facts *facts, const char *name,
                      const struct verdict *verdict, struct arc_error *err)
{
    ARC_TRY(arc_buf_check(&verdict->why, "a status", err));
    json_t *row = json_pack("{s:o, s:s, s:o}", "context", make_context(facts, name), "state",
                            verdict->state, "description", cut_description(&verdict->why));
    return row && !json_array_append_new(statuses, row) ? ARC_OK : arc_error_nomem(err);
}

unsigned report_severity(const char *state)
{
    static const char *const order[] = {"success", "pending", "failure", "error"};
    unsigned i = 0;
    while (i < 3 && strcmp(order[i], state) != 0)
        i++;
    return i;
}

/* Whether a job is the gate's, or of one service: those have a status of their own. */
static bool has_status(const struct arc_report_facts *facts, const char *job)
{
    for (size_t i = 0; i < facts->plan->service_count; i++) {
        const struct job own = find_job(facts, facts->plan->services[i].service);
        if (!own.shared && strcmp(own.name, job) == 0)
            return true;
    }
    return strcmp(job, "security") == 0;
}

/* A job of any other name that did not do its work makes the whole doubtful: nobody knows what
 * would have been built if the one that looks for changes had not failed. */
static void add_other_jobs(const struct arc_report_facts *facts, struct verdict *all)
{
    const char *job;
    json_t *result;

    json_object_foreach ((json_t *)facts->jobs, job, result) {
        const char *trouble = find_trouble(facts, job);
        if (!trouble || has_status(facts, job))
            continue;
        if (report_severity(state_of_trouble(trouble)) > report_severity(all->state))
            all->state = state_of_trouble(trouble);
        arc_buf_printf(&all->why, "the job %.60s ended as %.20s; ", job, trouble);
    }
}

static int add_services(const struct arc_report_facts *facts, json_t *statuses,
                        struct arc_error *err)
{
    size_t good = 0, count = facts->plan->service_count;
    ARC_AUTO(verdict) struct verdict all = {.state = "success"};

    for (size_t i = 0; i < count; i++) {
        const struct arc_planned_service *service = &facts->plan->services[i];
        ARC_AUTO(verdict) struct verdict one = {0};
        judge(facts, service, &one);
        ARC_TRY(add_status(statuses, facts, service->service, &one, err));
        good += report_severity(one.state) == 0;
        if (report_severity(one.state) > report_severity(all.state))
            all.state = one.state;
    }

    add_other_jobs(facts, &all);
    arc_buf_printf(&all.why, "%zu of %zu services are as they should be", good, count);

    return add_status(statuses, facts, "images", &all, err);
}

static int add_gate(const struct arc_report_facts *facts, json_t *statuses, struct arc_error *err)
{
    ARC_AUTO(verdict) struct verdict gate = {0};
    if (!facts->scan && !json_object_get(facts->jobs, "security"))
        return ARC_OK;
    judge_gate(facts, &gate);
    return add_status(statuses, facts, "gate", &gate, err);
}

int arc_report(const struct arc_report_facts *facts, json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf body = {0};
    ARC_AUTO_JSON json_t *statuses = json_array();

    ARC_TRY_ALLOC(statuses, err);
    ARC_TRY(add_services(facts, statuses, err));
    ARC_TRY(add_gate(facts, statuses, err));
    ARC_TRY(report_body(facts, statuses, &body, err));
    *out = json_pack("{s:s, s:i, s:s, s:s, s:O, s:s%}", "document", "report", "format",
                     ARC_DOCUMENT_FORMAT, "group", facts->plan->group, "revision",
                     facts->plan->revision, "statuses", statuses, "body", arc_buf_text(&body),
                     body.len);
    return *out ? ARC_OK : arc_error_nomem(err);
}

/* What is optional and was refused becomes a text; any other error stays one. */
static int tolerate(json_t *report, const struct arc_transport *transport, struct arc_error *err)
{
    if (!transport->refused)
        return err->code;
    json_t *refusals = json_object_get(report, "refusals");
    if (!refusals && json_object_set_new(report, "refusals", refusals = json_array()))
        return arc_error_nomem(err);
    json_t *text = json_string(arc_error_text(err));
    arc_error_clear(err);
    return arc_json_append(refusals, text, err);
}

int arc_report_post(json_t *report, const struct arc_report_target *target,
                    struct arc_transport *transport, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error local = {0};
    struct arc_error *why = err ? err : &local;
    const struct report_posting posting = {report, target, transport};
    int rc = ARC_OK;

    if (target->kind == ARC_REPORT_STATUS)
        rc = report_post_statuses(&posting, why);
    else if (target->kind == ARC_REPORT_CHECK)
        rc = report_post_checks(&posting, why);

    if (rc && target->statuses_optional)
        rc = tolerate(report, transport, why);
    if (!rc && (json_object_set_new(report, "comment", json_null()) ||
                json_object_set_new(report, "deployment", json_null())))
        rc = arc_error_nomem(why);

    if (!rc && target->environment)
        rc = report_post_deployment(&posting, why);
    if (!rc && target->pull) {
        rc = report_post_comment(&posting, why);
        if (rc && target->comment_optional)
            rc = tolerate(report, transport, why);
    }

    if (!rc &&
        json_object_set_new(report, "requests", json_integer((json_int_t)transport->requests)))
        rc = arc_error_nomem(why);

    return rc;
}
