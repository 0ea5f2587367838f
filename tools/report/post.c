/* Statuses, check runs and the comment: looked for, then created or updated. */
#include "base/auto.h"
#include "base/json.h"
#include "base/markdown.h"
#include "report/status.h"
#include <stdio.h>
#include <string.h>

#define LOOKS 4

/* What is there already, by name. */
struct found {
    json_t *by_name; /* context or name → the API's object */
    const char *key; /* the member that holds it */
};

static int keep_first(void *context, json_t *element, struct arc_error *err)
{
    struct found *found = context;
    const char *name = arc_json_text_of(element, found->key);
    if (json_object_get(found->by_name, name))
        return ARC_OK;
    return json_object_set(found->by_name, name, element) ? arc_error_nomem(err) : ARC_OK;
}

static int list_known(const struct report_posting *p, const char *part, const char *member,
                      const char *key, json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {0};
    ARC_AUTO_JSON json_t *names = json_object();
    struct found found = {.by_name = names, .key = key};

    arc_buf_printf(&path, "/repos/%s/commits/%s/%s?per_page=100", p->target->repository,
                   p->target->revision, part);
    ARC_TRY_ALLOC(names, err);
    ARC_TRY(arc_buf_check(&path, "the address", err));
    ARC_TRY(arc_transport_each(p->transport, arc_buf_text(&path), member,
                               "see which of them stand already", 100, keep_first, &found, err));
    *out = arc_steal(&names);

    return ARC_OK;
}

static int set_action(json_t *status, const char *action, struct arc_error *err)
{
    return arc_json_set(status, "action", json_string(action), err);
}

static bool is_same_text(const json_t *a, const char *name_a, const json_t *b, const char *name_b)
{
    return strcmp(arc_json_text_of(a, name_a), arc_json_text_of(b, name_b)) == 0;
}

/* Sends a create or an update. A lost answer is no error: *again asks for another look. */
__attribute__((format(printf, 5, 6))) static int send_change(struct arc_transport *transport,
                                                             struct arc_request request,
                                                             bool *again, struct arc_error *err,
                                                             const char *format, ...)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    va_list args;

    va_start(args, format);
    int rc = arc_transport_vsend(transport, request, &reply, err, format, args);
    va_end(args);
    if (!rc || !reply.doubtful)
        return rc;
    *again = true;

    return ARC_OK;
}

/* ---- commit statuses ------------------------------------------------------------------------ */

static bool is_same_status(const json_t *now, const json_t *want, const struct arc_report_target *t)
{
    return now && is_same_text(now, "state", want, "state") &&
           is_same_text(now, "description", want, "description") &&
           strcmp(arc_json_text_of(now, "target_url"), t->run_url ? t->run_url : "") == 0;
}

/* A commit's statuses are a list that only grows; the newest of a context counts. */
static int post_status(const struct report_posting *p, json_t *status, const json_t *now,
                       bool *again, struct arc_error *err)
{
    if (is_same_status(now, status, p->target))
        return json_object_get(status, "action") ? ARC_OK : set_action(status, "unchanged", err);
    ARC_AUTO_JSON json_t *body = json_pack(
        "{s:s, s:s, s:s}", "context", arc_json_text_of(status, "context"), "state",
        arc_json_text_of(status, "state"), "description", arc_json_text_of(status, "description"));
    if (!body || arc_json_set_text(body, "target_url", p->target->run_url))
        return arc_error_nomem(err);
    ARC_TRY(set_action(status, now ? "updated" : "created", err));
    const struct arc_request request = {.method = "POST", .body = body, .why = "set the status"};
    return send_change(p->transport, request, again, err, "/repos/%s/statuses/%s",
                       p->target->repository, p->target->revision);
}

/* ---- check runs ----------------------------------------------------------------------------- */

static json_t *check_body(const struct report_posting *p, const json_t *status)
{
    const char *state = arc_json_text_of(status, "state");
    bool pending = strcmp(state, "pending") == 0;
    const char *conclusion = strcmp(state, "success") == 0 ? "success" : "failure";
    json_t *body = json_pack(
        "{s:s, s:s, s:s, s:{s:s, s:s}}", "name", arc_json_text_of(status, "context"), "head_sha",
        p->target->revision, "status", pending ? "in_progress" : "completed", "output", "title",
        arc_json_text_of(status, "description"), "summary", arc_json_text_of(p->report, "body"));

    if (body && !arc_json_set_text(body, "conclusion", pending ? NULL : conclusion) &&
        !arc_json_set_text(body, "details_url", p->target->run_url))
        return body;

    json_decref(body);

    return NULL;
}

static bool is_same_check(const json_t *now, const json_t *want)
{
    const json_t *output = json_object_get(now, "output");
    const json_t *wanted = json_object_get(want, "output");
    return now && is_same_text(now, "status", want, "status") &&
           is_same_text(now, "conclusion", want, "conclusion") &&
           is_same_text(output, "title", wanted, "title") &&
           arc_markdown_same(arc_json_text_of(output, "summary"),
                             arc_json_text_of(wanted, "summary"));
}

static int post_check(const struct report_posting *p, json_t *status, const json_t *now,
                      bool *again, struct arc_error *err)
{
    char id[32] = "";
    ARC_AUTO_JSON json_t *body = check_body(p, status);

    ARC_TRY_ALLOC(body, err);
    if (is_same_check(now, body))
        return json_object_get(status, "action") ? ARC_OK : set_action(status, "unchanged", err);

    if (now) {
        snprintf(id, sizeof id, "/%lld", (long long)json_integer_value(json_object_get(now, "id")));
        json_object_del(body, "head_sha");
    }

    ARC_TRY(set_action(status, now ? "updated" : "created", err));
    struct arc_request request = {.method = "POST", .body = body, .why = "create the check run"};
    if (now)
        request = (struct arc_request){
            .method = "PATCH", .body = body, .repeatable = true, .why = "update the check run"};
    return send_change(p->transport, request, again, err, "/repos/%s/check-runs%s",
                       p->target->repository, id);
}

/* ---- either --------------------------------------------------------------------------------- */

static int post_all(const struct report_posting *p, const json_t *known, bool *again,
                    struct arc_error *err)
{
    arc_json_each (status, json_object_get(p->report, "statuses")) {
        const json_t *now = json_object_get(known, arc_json_text_of(status, "context"));
        if (p->target->kind == ARC_REPORT_STATUS)
            ARC_TRY(post_status(p, status, now, again, err));
        else
            ARC_TRY(post_check(p, status, now, again, err));
    }

    return ARC_OK;
}

static int post_until_settled(const struct report_posting *p, const char *part, const char *member,
                              const char *key, struct arc_error *err)
{
    for (int looks = 0; looks < LOOKS; looks++) {
        ARC_AUTO_JSON json_t *known = NULL;
        bool again = false;
        int rc = list_known(p, part, member, key, &known, err);
        if (!rc)
            rc = post_all(p, known, &again, err);
        if (rc || !again)
            return rc;
        p->transport->clock->wait(p->transport->clock->context, (int64_t)1000 << looks);
    }

    return arc_error_prefix(err, "given up after looking %d times", LOOKS);
}

int report_post_statuses(const struct report_posting *p, struct arc_error *err)
{
    return post_until_settled(p, "status", "statuses", "context", err);
}

int report_post_checks(const struct report_posting *p, struct arc_error *err)
{
    return post_until_settled(p, "check-runs", "check_runs", "name", err);
}
