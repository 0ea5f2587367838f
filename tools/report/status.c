#include "report/status.h"
#include "arcci/documents.h"
#include "base/auto.h"
#include "base/text.h"
#include "project/needs.h"
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

const char *report_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

const json_t *report_built(const json_t *build, const char *service)
{
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(build, "services"), i, entry)
        if (strcmp(report_text(entry, "service"), service) == 0)
            return entry;
    return NULL;
}

/* The job that builds a service: one of its own, "build-<codename>", or "build" for all. */
struct job {
    char name[300];
    const char *result; /* NULL: there is no such job */
    bool shared;
};

static struct job find_job(const struct arc_report_facts *facts, const char *service)
{
    struct job job = {.result = NULL};
    snprintf(job.name, sizeof job.name, "build-%.250s", service);
    job.result = json_string_value(json_object_get(facts->jobs, job.name));
    if (!job.result) {
        job = (struct job){.name = "build", .shared = true};
        job.result = json_string_value(json_object_get(facts->jobs, job.name));
    }
    return job;
}

json_int_t report_size(const json_t *built)
{
    size_t i;
    json_t *cell;
    json_int_t sum = 0;
    const json_t *cells = json_object_get(built, "cells");
    json_array_foreach (cells, i, cell) {
        const json_t *size = json_object_get(cell, "size");
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return -1;
        sum += json_integer_value(size);
    }
    return json_array_size(cells) ? sum : -1;
}

/* ---- verdicts ------------------------------------------------------------------------------- */

/* How many of the service's planned platforms build.json has. */
static void count_platforms(const struct arc_report_facts *facts, const char *service,
                            const json_t *built, size_t *planned, size_t *found)
{
    size_t i, k;
    json_t *cell, *other;
    *planned = *found = 0;
    json_array_foreach (json_object_get(facts->plan, "cells"), i, cell) {
        if (strcmp(report_text(cell, "service"), service) != 0)
            continue;
        ++*planned;
        json_array_foreach (json_object_get(built, "cells"), k, other)
            *found += strcmp(report_text(cell, "platform"), report_text(other, "platform")) == 0;
    }
}

static void judge_built(const struct arc_report_facts *facts, const char *service,
                        const json_t *built, struct verdict *out)
{
    size_t planned, found;
    const char *digest = report_text(built, "digest");
    json_int_t size = report_size(built);
    count_platforms(facts, service, built, &planned, &found);
    out->state = found < planned ? "failure" : "success";
    if (found < planned)
        arc_buf_printf(&out->why, "%zu of %zu platforms were built", found, planned);
    else
        arc_buf_printf(&out->why, "%zu platform%s", found, found == 1 ? "" : "s");
    if (size >= 0) {
        arc_buf_puts(&out->why, ", ");
        arc_text_size(&out->why, size, report_size(report_built(facts->base, service)));
    }
    if (*digest)
        arc_buf_printf(&out->why, ", %.19s", digest);
}

static const char *trouble_of(const struct arc_report_facts *facts, const char *job)
{
    return arc_job_trouble(facts->jobs, job, facts->plan, facts->changes);
}

static const char *state_of(const char *trouble)
{
    return strcmp(trouble, "failure") == 0 ? "failure" : "error";
}

/* What is neither built nor left out, and whose job is none of those that were needed. */
static void judge_missing(const struct arc_report_facts *facts, struct verdict *out)
{
    bool asked = json_object_size(facts->jobs) > 0;
    out->state = facts->build ? "failure" : asked ? "error" : "pending";
    arc_buf_puts(&out->why, facts->build ? "build.json does not have it"
                            : asked      ? "none of the jobs that were needed built it"
                                         : "to be built");
}

static void judge(const struct arc_report_facts *facts, const json_t *service, struct verdict *out)
{
    const char *name = report_text(service, "service");
    const struct job job = find_job(facts, name);
    const char *trouble = job.result ? trouble_of(facts, job.name) : NULL;
    const json_t *built = report_built(facts->build, name);
    bool left = !json_is_true(json_object_get(service, "selected"));
    if (trouble && !(job.shared && (built || left))) {
        out->state = state_of(trouble);
        arc_buf_printf(&out->why, "the job %s ended as %s", job.name, trouble);
    } else if (built) {
        judge_built(facts, name, built, out);
    } else if (left) {
        out->state = "success";
        arc_buf_printf(&out->why, "not built: %s", report_text(service, "reason"));
    } else if (job.result) {
        out->state = "success";
        arc_buf_puts(&out->why, "built, not pushed");
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
        const char *trouble = trouble_of(facts, job);
        if (trouble && strcmp(trouble, "skipped") != 0)
            return job;
    }
    return NULL;
}

/* A gate that could not look has failed. */
static void judge_gate(const struct arc_report_facts *facts, struct verdict *out)
{
    const char *gate = report_text(facts->scan, "gate");
    const char *verdict = report_text(facts->scan, "verdict");
    if (!facts->scan) {
        const char *trouble = trouble_of(facts, "security");
        const char *cause = trouble && strcmp(trouble, "skipped") == 0 ? find_broken(facts) : NULL;
        out->state = trouble ? state_of(trouble) : "success";
        if (cause)
            arc_buf_printf(&out->why, "not scanned: the job %.60s ended as %s", cause,
                           trouble_of(facts, cause));
        else
            arc_buf_printf(&out->why, "the job security ended as %s",
                           report_text(facts->jobs, "security"));
        return;
    }
    const char *trouble =
        json_object_get(facts->jobs, "security") ? trouble_of(facts, "security") : NULL;
    bool looked = strcmp(verdict, "clean") == 0 || strcmp(verdict, "findings") == 0;
    bool passed = strcmp(gate, "pass") == 0 || strcmp(gate, "report-only") == 0;
    if (looked && passed && trouble) { /* something of it failed after it had written that */
        out->state = state_of(trouble);
        arc_buf_printf(&out->why, "the job security ended as %s, with the gate passed", trouble);
        return;
    }
    out->state = !looked ? "error" : passed ? "success" : "failure";
    arc_buf_printf(&out->why, "%s: %s", verdict, report_text(facts->scan, "reason"));
}

/* ---- statuses ------------------------------------------------------------------------------- */

/* At most ARC_DESCRIPTION_MAX characters, cut between two of them. */
static json_t *description(const struct arc_buf *text)
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
static json_t *context_of(const struct arc_report_facts *facts, const char *name)
{
    const char *group = report_text(facts->plan, "group");
    if (!facts->event)
        return json_sprintf("%s / %s", group, name);
    return json_sprintf("%s / %s (%s)", group, name, facts->event);
}

static int add_status(json_t *statuses, const struct arc_report_facts *facts, const char *name,
                      const struct verdict *verdict, struct arc_error *err)
{
    int rc = arc_buf_check(&verdict->why, "a status", err);
    if (rc)
        return rc;
    json_t *row = json_pack("{s:o, s:s, s:o}", "context", context_of(facts, name), "state",
                            verdict->state, "description", description(&verdict->why));
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
    size_t i;
    json_t *service;
    json_array_foreach (json_object_get(facts->plan, "services"), i, service) {
        const struct job own = find_job(facts, report_text(service, "service"));
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
        const char *trouble = trouble_of(facts, job);
        if (!trouble || has_status(facts, job))
            continue;
        if (report_severity(state_of(trouble)) > report_severity(all->state))
            all->state = state_of(trouble);
        arc_buf_printf(&all->why, "the job %.60s ended as %.20s; ", job, trouble);
    }
}

static int add_services(const struct arc_report_facts *facts, json_t *statuses,
                        struct arc_error *err)
{
    size_t i, good = 0;
    json_t *service;
    const json_t *services = json_object_get(facts->plan, "services");
    ARC_AUTO(verdict) struct verdict all = {.state = "success"};
    json_array_foreach (services, i, service) {
        ARC_AUTO(verdict) struct verdict one = {0};
        judge(facts, service, &one);
        int rc = add_status(statuses, facts, report_text(service, "service"), &one, err);
        if (rc)
            return rc;
        good += report_severity(one.state) == 0;
        if (report_severity(one.state) > report_severity(all.state))
            all.state = one.state;
    }
    add_other_jobs(facts, &all);
    arc_buf_printf(&all.why, "%zu of %zu services are as they should be", good,
                   json_array_size(services));
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
    const char *group = report_text(facts->plan, "group");
    if (!*group || !json_is_array(json_object_get(facts->plan, "services")))
        return arc_error_set(err, ARC_EINPUT, "the plan has no group or no services");
    int rc = statuses ? add_services(facts, statuses, err) : arc_error_nomem(err);
    if (!rc)
        rc = add_gate(facts, statuses, err);
    if (!rc)
        rc = report_body(facts, statuses, &body, err);
    if (rc)
        return rc;
    *out = json_pack("{s:s, s:i, s:s, s:O?, s:O, s:s%}", "document", "report", "format",
                     ARC_DOCUMENT_FORMAT, "group", group, "revision",
                     json_object_get(facts->plan, "revision"), "statuses", statuses, "body",
                     arc_buf_text(&body), body.len);
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
    return json_array_append_new(refusals, text) ? arc_error_nomem(err) : ARC_OK;
}

int arc_report_post(json_t *report, const struct arc_report_target *target,
                    struct arc_transport *transport, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error local = {0};
    struct arc_error *why = err ? err : &local;
    int rc = ARC_OK;
    if (target->kind == ARC_REPORT_STATUS)
        rc = report_post_statuses(report, target, transport, why);
    else if (target->kind == ARC_REPORT_CHECK)
        rc = report_post_checks(report, target, transport, why);
    if (rc && target->statuses_optional)
        rc = tolerate(report, transport, why);
    if (!rc && (json_object_set_new(report, "comment", json_null()) ||
                json_object_set_new(report, "deployment", json_null())))
        rc = arc_error_nomem(why);
    if (!rc && target->environment)
        rc = report_post_deployment(report, target, transport, why);
    if (!rc && target->pull) {
        rc = report_post_comment(report, target, transport, why);
        if (rc && target->comment_optional)
            rc = tolerate(report, transport, why);
    }
    if (!rc &&
        json_object_set_new(report, "requests", json_integer((json_int_t)transport->requests)))
        rc = arc_error_nomem(why);
    return rc;
}
