/* Finds statuses, check runs and the comment, then creates or updates them. */
#include "base/json.h"
#include "base/markdown.h"
#include "base/text.h"
#include "report/status.h"

/* How GitHub lists a commit's statuses and check runs. */
static const struct listing {
    const char *part, *member, *key; /* of the URL; the array; an item's name */
    const char *texts[4];            /* the members to compare */
} listings[] = {
    [ARC_REPORT_STATUS] = {"status", "statuses", "context", {"state", "description", "target_url"}},
    [ARC_REPORT_CHECK] = {"check-runs", "check_runs", "name", {"status", "conclusion"}}};

/* What already exists, by name. */
struct found {
    json_t *by_name; /* context or name → the API's object */
    const char *key; /* the member with its name */
};

static int keep_first(void *context, json_t *element, struct arc_error *err)
{
    struct found *found = context;
    const char *name = arc_json_text_of(element, found->key);
    if (json_object_get(found->by_name, name))
        return ARC_OK;
    return arc_json_set(found->by_name, name, json_incref(element), err);
}

/* Whether the existing one has the wanted texts; a missing member counts as "". */
static bool is_same(const json_t *now, const json_t *want, const char *const *members)
{
    for (; *members; members++)
        if (strcmp(arc_json_text_of(now, *members), arc_json_text_of(want, *members)) != 0)
            return false;
    return true;
}

/* Sends a request. A change whose answer was lost is not an error, but sets *again: look again. *out
 * (may be NULL) is the answer, or the first item of a list, a new reference; NULL for none. */
__attribute__((format(printf, 6, 7))) static int send_call(const struct report_posting *p,
                                                           struct arc_request request, json_t **out,
                                                           bool *again, struct arc_error *err,
                                                           const char *format, ...)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    int rc;

    ARC_WITH_ARGS(format,
                  rc = arc_transport_vsend(p->transport, request, &reply, err, format, args));
    *again = *again || (rc && reply.doubtful);
    if (rc)
        return reply.doubtful ? ARC_OK : rc;
    if (out && !request.body && !json_is_array(reply.body))
        return arc_error_set(err, ARC_EWORLD, "GitHub's answer is not a list: %s", request.why);
    if (out)
        *out = json_incref(json_is_array(reply.body) ? json_array_get(reply.body, 0) : reply.body);

    return ARC_OK;
}

static json_t *status_body(const struct report_posting *p, const json_t *status)
{
    json_t *body = json_pack("{s:s, s:s, s:s}", "context", arc_json_text_of(status, "context"),
                             "state", arc_json_text_of(status, "state"), "description",
                             arc_json_text_of(status, "description"));
    if (p->target->run_url)
        arc_json_put(&body, "target_url", json_string(p->target->run_url));
    return body;
}

static json_t *check_body(const struct report_posting *p, const json_t *status)
{
    const char *state = arc_json_text_of(status, "state");
    const char *progress = "completed", *conclusion = "failure";

    if (strcmp(state, "success") == 0)
        conclusion = "success";

    if (strcmp(state, "pending") == 0) {
        progress = "in_progress";
        conclusion = NULL;
    }

    json_t *body = json_pack(
        "{s:s, s:s, s:s, s:{s:s, s:s}}", "name", arc_json_text_of(status, "context"), "head_sha",
        p->target->revision, "status", progress, "output", "title",
        arc_json_text_of(status, "description"), "summary", arc_json_text_of(p->report, "body"));
    if (conclusion)
        arc_json_put(&body, "conclusion", json_string(conclusion));
    if (p->target->run_url)
        arc_json_put(&body, "details_url", json_string(p->target->run_url));

    return body;
}

/* A commit's statuses are a list that only grows, and the newest of a context counts; a check run
 * is one object, which is updated. */
static int post_status(const struct report_posting *p, json_t *status, const json_t *now,
                       bool *again, struct arc_error *err)
{
    bool check = p->target->kind == ARC_REPORT_CHECK;
    ARC_AUTO_JSON json_t *body = check ? check_body(p, status) : status_body(p, status);
    const char *action = now ? "updated" : "created";

    ARC_TRY_ALLOC(body, err);

    const json_t *output = json_object_get(now, "output");
    const json_t *wanted = json_object_get(body, "output");
    if (now && is_same(now, body, listings[p->target->kind].texts) &&
        is_same(output, wanted, ARC_WORDS("title")) &&
        arc_markdown_same(arc_json_text_of(output, "summary"),
                          arc_json_text_of(wanted, "summary"))) {
        if (json_object_get(status, "action"))
            return ARC_OK;
        return arc_json_set(status, "action", json_string("unchanged"), err);
    }

    ARC_TRY(arc_json_set(status, "action", json_string(action), err));

    if (!check)
        return send_call(p, ARC_POST(body, "set the status"), NULL, again, err,
                         "/repos/%s/statuses/%s", p->target->repository, p->target->revision);
    if (!now)
        return send_call(p, ARC_POST(body, "create the check run"), NULL, again, err,
                         "/repos/%s/check-runs", p->target->repository);

    json_object_del(body, "head_sha");
    return send_call(p, ARC_PATCH(body, "update the check run"), NULL, again, err,
                     "/repos/%s/check-runs/%lld", p->target->repository,
                     (long long)arc_json_number_of(now, "id"));
}

static int post_statuses(const struct report_posting *p, struct arc_error *err)
{
    const struct listing *listing = &listings[p->target->kind];

    for (int looks = 0; looks < REPORT_LOOKS; looks++) {
        ARC_AUTO_JSON json_t *known = json_object();
        struct found found = {.by_name = known, .key = listing->key};
        bool again = false;

        ARC_TRY_ALLOC(known, err);
        ARC_TRY(arc_transport_each(p->transport, listing->member, "see which of them stand already",
                                   100, keep_first, &found, err,
                                   "/repos/%s/commits/%s/%s?per_page=100", p->target->repository,
                                   p->target->revision, listing->part));
        arc_json_each (status, json_object_get(p->report, "statuses")) {
            const char *context = arc_json_text_of(status, "context");
            int rc = post_status(p, status, json_object_get(known, context), &again, err);
            if (rc) /* it has no action */
                json_object_del(status, "action");
            ARC_TRY(rc);
        }
        if (!again)
            return ARC_OK;
        p->transport->clock->wait(p->transport->clock->context, (int64_t)1000 << looks);
    }

    return arc_error_prefix(err, "given up after looking %d times", REPORT_LOOKS);
}

/* ---- the deployment: one for a group and an environment, its newest status kept true ----- */

static int find_deployment(const struct report_posting *p, json_t **out, bool *again,
                           struct arc_error *err)
{
    const char *name = arc_json_text_of(p->report, "group");
    ARC_AUTO_FREE char *environment = arc_url_encode(p->target->environment);
    ARC_AUTO_FREE char *group = arc_url_encode(name);

    ARC_TRY_ALLOC(environment && group, err);
    int rc = send_call(p, ARC_GET("find the deployment of an earlier run"), out, again, err,
                       "/repos/%s/deployments?sha=%s&task=deploy%%3A%s&environment=%s&per_page=1",
                       p->target->repository, p->target->revision, group, environment);
    if (rc || *out)
        return rc;

    /* Deploys the commit as it is: merges nothing into it and requires no checks. */
    ARC_AUTO_JSON json_t *body =
        json_pack("{s:s, s:o, s:s, s:b, s:[], s:s}", "ref", p->target->revision, "task",
                  json_sprintf("deploy:%s", name), "environment", p->target->environment,
                  "auto_merge", 0, "required_contexts", "description", "by arc-ci");
    ARC_TRY_ALLOC(body, err);

    return send_call(p, ARC_POST(body, "create the deployment"), out, again, err,
                     "/repos/%s/deployments", p->target->repository);
}

/* A deployment's statuses are a list that only grows; the newest counts. */
static int set_status(const struct report_posting *p, const json_t *deployment, const char **action,
                      bool *again, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {0};
    ARC_AUTO_JSON json_t *now = NULL;
    const json_t *id = json_object_get(deployment, "id"), *worst = NULL;

    /* Of two with equal severity the later one: the summaries come last. */
    arc_json_each (status, json_object_get(p->report, "statuses"))
        if (!worst || report_severity(arc_json_text_of(status, "state")) >=
                          report_severity(arc_json_text_of(worst, "state")))
            worst = status;

    const char *state = arc_json_text_of(worst, "state");
    if (strcmp(state, "pending") == 0)
        state = "in_progress";
    ARC_AUTO_JSON json_t *want = json_pack("{s:s, s:s}", "state", state, "description",
                                           arc_json_text_of(worst, "description"));
    if (p->target->run_url)
        arc_json_put(&want, "log_url", json_string(p->target->run_url));

    arc_buf_printf(&path, "/repos/%s/deployments/", p->target->repository);
    if (json_is_integer(id))
        arc_buf_printf(&path, "%lld", (long long)json_integer_value(id));
    else
        arc_buf_puts(&path, "{deployment_id}");
    arc_buf_puts(&path, "/statuses");
    ARC_TRY_ALLOC(want && !path.failed, err);

    ARC_TRY(send_call(p, ARC_GET("see whether its status is there already"), &now, again, err,
                      "%s?per_page=1", path.data));
    if (now && is_same(now, want, ARC_WORDS("state", "description", "log_url")))
        return ARC_OK;
    *action = now ? "updated" : "created";

    return send_call(p, ARC_POST(want, "set the deployment's status"), NULL, again, err, "%s",
                     path.data);
}

static int post_deployment(const struct report_posting *p, struct arc_error *err)
{
    const char *action = "unchanged";

    for (int looks = 0; looks < REPORT_LOOKS; looks++) {
        ARC_AUTO_JSON json_t *deployment = NULL;
        bool again = false;
        ARC_TRY(find_deployment(p, &deployment, &again, err));
        if (!again)
            ARC_TRY(set_status(p, deployment, &action, &again, err));
        if (!again) {
            json_t *row = json_pack("{s:s, s:s, s:s}", "environment", p->target->environment,
                                    "action", action, "url", arc_json_text_of(deployment, "url"));
            return arc_json_set(p->report, "deployment", row, err);
        }
        p->transport->clock->wait(p->transport->clock->context, (int64_t)1000 << looks);
    }

    return arc_error_prefix(err, "the deployment to %.100s: given up after looking %d times",
                            p->target->environment, REPORT_LOOKS);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Turns the refusal of an optional request into a text; any other error stays an error. */
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
    struct arc_error *why = arc_or(err, &local);
    const struct report_posting posting = {report, target, transport};

    int rc = target->kind == ARC_REPORT_NONE ? ARC_OK : post_statuses(&posting, why);
    if (rc && target->statuses_optional)
        rc = tolerate(report, transport, why);
    ARC_TRY(rc);
    ARC_TRY(arc_json_set(report, "comment", json_null(), why));
    ARC_TRY(arc_json_set(report, "deployment", json_null(), why));

    if (target->environment)
        ARC_TRY(post_deployment(&posting, why));
    if (target->pull)
        rc = report_post_comment(&posting, why);
    if (rc && target->comment_optional)
        rc = tolerate(report, transport, why);
    ARC_TRY(rc);

    return arc_json_set(report, "requests", json_integer((json_int_t)transport->requests), why);
}
