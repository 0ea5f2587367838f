/* The deployment of a commit to an environment: one for a group, its newest status kept true. */
#include "base/auto.h"
#include "base/json.h"
#include "report/status.h"
#include <string.h>

/* Answers *out, a list's first element or what was made, as a new reference; NULL for none. */
static int send_call(struct arc_transport *transport, const char *path, const json_t *body,
                     const char *why, json_t **out, bool *lost, struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    struct arc_request request = {
        .method = body ? "POST" : "GET", .path = path, .body = body, .why = why};
    int rc = transport->send(transport, &request, &reply, err);
    *lost = rc && reply.doubtful;
    if (*lost)
        arc_error_clear(err);
    else if (!rc && !body && !json_is_array(reply.body))
        return arc_error_set(err, ARC_EWORLD, "GET %s: the answer is not a list", path);
    else if (!rc)
        *out = json_incref(json_is_array(reply.body) ? json_array_get(reply.body, 0) : reply.body);

    return *lost ? ARC_OK : rc;
}

/* The group's deployment: the newest one, else one that is made. */
static int find_deployment(const struct report_posting *p, json_t **out, bool *lost,
                           struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {0};
    const char *name = arc_json_text_of(p->report, "group");
    ARC_AUTO_FREE char *environment = arc_url_encode(p->target->environment);
    ARC_AUTO_FREE char *group = arc_url_encode(name);

    ARC_TRY_ALLOC(environment && group, err);
    arc_buf_printf(&path, "/repos/%s/deployments", p->target->repository);
    size_t base = path.len;
    arc_buf_printf(&path, "?sha=%s&task=deploy%%3A%s&environment=%s&per_page=1",
                   p->target->revision, group, environment);
    ARC_TRY_ALLOC(!path.failed, err);
    int rc = send_call(p->transport, arc_buf_text(&path), NULL,
                       "find the deployment of an earlier run", out, lost, err);
    if (rc || *out)
        return rc;

    /* The commit as it is: nothing is merged into it, and no check has to have passed. */
    ARC_AUTO_JSON json_t *body =
        json_pack("{s:s, s:o, s:s, s:b, s:[], s:s}", "ref", p->target->revision, "task",
                  json_sprintf("deploy:%s", name), "environment", p->target->environment,
                  "auto_merge", 0, "required_contexts", "description", "by arc-ci");
    ARC_TRY_ALLOC(body, err);
    path.data[base] = '\0';

    return send_call(p->transport, path.data, body, "create the deployment", out, lost, err);
}

/* A deployment's statuses are a list that only grows; the newest counts. */
static int set_status(const struct report_posting *p, const json_t *deployment, const char **action,
                      bool *lost, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {0};
    ARC_AUTO_JSON json_t *now = NULL;
    ARC_AUTO_JSON json_t *made = NULL;
    const json_t *id = json_object_get(deployment, "id"), *worst = NULL;

    /* Of two alike the later one: the summing-up ones come last. */
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
    size_t base = path.len;
    arc_buf_puts(&path, "?per_page=1");
    ARC_TRY_ALLOC(want && !path.failed, err);

    int rc = send_call(p->transport, path.data, NULL, "see whether its status is there already",
                       &now, lost, err);
    if (rc || (now && report_same(now, want, "state", "description", "log_url")))
        return rc;
    path.data[base] = '\0';
    *action = now ? "updated" : "created";

    return send_call(p->transport, path.data, want, "set the deployment's status", &made, lost,
                     err);
}

int report_post_deployment(const struct report_posting *p, struct arc_error *err)
{
    const char *action = "unchanged";

    for (int looks = 0; looks < REPORT_LOOKS; looks++) {
        ARC_AUTO_JSON json_t *deployment = NULL;
        bool lost = false;
        int rc = find_deployment(p, &deployment, &lost, err);
        if (!rc && !lost)
            rc = set_status(p, deployment, &action, &lost, err);
        ARC_TRY(rc);
        if (!lost) {
            json_t *row = json_pack("{s:s, s:s, s:s}", "environment", p->target->environment,
                                    "action", action, "url", arc_json_text_of(deployment, "url"));
            return arc_json_set(p->report, "deployment", row, err);
        }
        p->transport->clock->wait(p->transport->clock->context, (int64_t)1000 << looks);
    }

    return arc_error_set(err, ARC_EWORLD,
                         "the deployment to %.100s: given up after looking %d times",
                         p->target->environment, REPORT_LOOKS);
}
