/* Statuses, check runs and the comment: looked for, then created or updated. */
#include "base/auto.h"
#include "base/json.h"
#include "base/markdown.h"
#include "base/text.h"
#include "report/status.h"
#include <string.h>

/* How GitHub lists what stands at a commit. */
static const struct listing {
    const char *part, *member, *key; /* of the address; the array; what names an element of it */
    const char *texts[4];            /* what must be the same */
} listings[] = {
    [ARC_REPORT_STATUS] = {"status", "statuses", "context", {"state", "description", "target_url"}},
    [ARC_REPORT_CHECK] = {"check-runs", "check_runs", "name", {"status", "conclusion"}}};

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

bool report_same_texts(const json_t *now, const json_t *want, const char *const *members)
{
    for (; *members; members++)
        if (strcmp(arc_json_text_of(now, *members), arc_json_text_of(want, *members)) != 0)
            return false;
    return true;
}

/* Sends a create or an update. A lost answer is no error: *again asks for another look. */
__attribute__((format(printf, 5, 6))) static int send_change(struct arc_transport *transport,
                                                             struct arc_request request,
                                                             bool *again, struct arc_error *err,
                                                             const char *format, ...)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};

    int rc;
    ARC_WITH_ARGS(format, rc = arc_transport_vsend(transport, request, &reply, err, format, args));
    if (!rc || !reply.doubtful)
        return rc;
    *again = true;

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
 * is one thing that changes. */
static int post_status(const struct report_posting *p, json_t *status, const json_t *now,
                       bool *again, struct arc_error *err)
{
    bool check = p->target->kind == ARC_REPORT_CHECK;
    ARC_AUTO_JSON json_t *body = check ? check_body(p, status) : status_body(p, status);
    const char *action = now ? "updated" : "created";

    ARC_TRY_ALLOC(body, err);

    const json_t *output = json_object_get(now, "output");
    const json_t *wanted = json_object_get(body, "output");
    if (now && report_same_texts(now, body, listings[p->target->kind].texts) &&
        report_same(output, wanted, "title") &&
        arc_markdown_same(arc_json_text_of(output, "summary"),
                          arc_json_text_of(wanted, "summary"))) {
        if (json_object_get(status, "action"))
            return ARC_OK;
        return arc_json_set(status, "action", json_string("unchanged"), err);
    }

    ARC_TRY(arc_json_set(status, "action", json_string(action), err));

    if (!check)
        return send_change(p->transport, ARC_POST(body, "set the status"), again, err,
                           "/repos/%s/statuses/%s", p->target->repository, p->target->revision);
    if (!now)
        return send_change(p->transport, ARC_POST(body, "create the check run"), again, err,
                           "/repos/%s/check-runs", p->target->repository);

    json_object_del(body, "head_sha");
    return send_change(p->transport, ARC_PATCH(body, "update the check run"), again, err,
                       "/repos/%s/check-runs/%lld", p->target->repository,
                       (long long)arc_json_number_of(now, "id"));
}

int report_post_statuses(const struct report_posting *p, struct arc_error *err)
{
    const struct listing *listing = &listings[p->target->kind];
    ARC_AUTO_FREE char *path = NULL;

    ARC_TRY(arc_text_print(&path, err, "/repos/%s/commits/%s/%s?per_page=100",
                           p->target->repository, p->target->revision, listing->part));

    for (int looks = 0; looks < REPORT_LOOKS; looks++) {
        ARC_AUTO_JSON json_t *known = json_object();
        struct found found = {.by_name = known, .key = listing->key};
        bool again = false;

        ARC_TRY_ALLOC(known, err);
        ARC_TRY(arc_transport_each(p->transport, path, listing->member,
                                   "see which of them stand already", 100, keep_first, &found,
                                   err));
        arc_json_each (status, json_object_get(p->report, "statuses"))
            ARC_TRY(post_status(p, status,
                                json_object_get(known, arc_json_text_of(status, "context")), &again,
                                err));
        if (!again)
            return ARC_OK;
        p->transport->clock->wait(p->transport->clock->context, (int64_t)1000 << looks);
    }

    return arc_error_prefix(err, "given up after looking %d times", REPORT_LOOKS);
}
