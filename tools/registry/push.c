#define _GNU_SOURCE /* strcasestr */
/* Checks before a build whether the login may push (distribution spec 1.1, "Pushing blobs"). */
#include "base/text.h"
#include "registry/call.h"

bool registry_keeps_tags(const char *reason)
{
    return strcasestr(reason, "not allow updating") || /* Nexus */
           strcasestr(reason, "immutab"); /* "immutable", or Google's "tag immutability" */
}

const char *registry_push_advice(const struct arc_http_response *answer, const char *reason)
{
    int status = answer->status;
    bool full = strcasestr(reason, "quota") || strcasestr(reason, "storage limit") ||
                strcasestr(reason, "upper limit"); /* Harbor */
    bool frozen = strcasestr(reason, "read only") || strcasestr(reason, "read-only");
    if ((full && status != 429) || status == 413 || status == 507)
        return "the registry is full: remove images ('arc-ci prune') or raise the quota";
    if (ARC_HOLDS(arc_buf_text(&answer->body), "BLOB_UNKNOWN\"", "MANIFEST_UNKNOWN\""))
        return NULL; /* the refusal concerns the content, or its cause is known */
    if (registry_keeps_tags(reason))
        return "the tag is immutable in the registry: allow it to move there, or remove it from "
               "image-tags";

    if (strcasestr(reason, "organization package")) /* GHCR */
        return "the workflow needs packages: write, and the organization must allow new packages "
               "(its settings, Packages) and workflows that write (Actions, Workflow "
               "permissions); the token of a GitHub App cannot push";

    switch (frozen ? 405 : status) {
    case 401:
        return "docker has no login here that may push: run 'docker login' as a user who may";
    case 403:
        return "this login may not push: it needs write access (on ghcr.io: packages: write in the "
               "workflow, and the role Write for the repository in the package's settings)";
    case 404:
        return "there is no such repository, and this login may not create one by pushing: "
               "create it first, or correct the name";
    case 405:
        return "it does not accept uploads: it is read-only, or a cache of another registry";
    default:
        return NULL;
    }
}

static struct registry_call open_call(const char *image)
{
    return (struct registry_call){
        .method = "POST", .image = image, .kind = "blobs/uploads", .reference = ""};
}

/* Makes the call that cancels an opened upload, with its URL in `memory`; false if there is
 * none. */
static bool drop_call(const struct arc_registry *registry, const struct registry_call *opened,
                      const struct arc_http_response *answer, struct arc_arena *memory,
                      struct registry_call *out)
{
    const char *place = answer->status == 202 ? arc_http_header(answer, "location") : NULL;
    ARC_AUTO_FREE char *url = registry_follow(registry, opened, answer, place);

    *out = *opened;
    out->method = "DELETE";
    out->url = arc_arena_text(memory, url);
    return url != NULL;
}

/* Repeats a refused check by itself, with retries, for its reason. */
static void ask_alone(struct arc_registry *registry, struct arc_registry_push *item)
{
    ARC_AUTO(arc_http_response) struct arc_http_response answer = {0}, dropped = {0};
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    ARC_AUTO(arc_buf) struct arc_buf reason = {.max = 4096};
    struct registry_call call = open_call(item->image), drop;

    if (registry_send(registry, &call, &answer, &item->problem)) {
        item->advice = answer.status == 401 ? registry_push_advice(&answer, "") : NULL;
        arc_error_prefix(&item->problem, "%s", item->image);
        return;
    }

    if (answer.status / 100 != 2) {
        registry_reason(&answer, registry->logins, NULL, &reason);
        item->advice = registry_push_advice(&answer, arc_buf_text(&reason));
        arc_error_set(&item->problem, ARC_EWORLD, "%s: the registry answers %d%s", item->image,
                      answer.status, arc_buf_text(&reason));
    }

    if (drop_call(registry, &call, &answer, &memory, &drop))
        registry_send(registry, &drop, &dropped, NULL);
}

/* Cancels the opened uploads; the registry ends others by itself. */
static int drop_all(struct arc_registry *registry, const struct registry_call *opened,
                    const struct arc_http_response *answers, size_t count, struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct registry_call *calls = arc_arena_array(&memory, count, sizeof *calls);
    struct arc_http_response *dropped = arc_arena_array(&memory, count, sizeof *dropped);
    size_t sent = 0;

    for (size_t i = 0; calls && i < count; i++)
        sent += drop_call(registry, &opened[i], &answers[i], &memory, &calls[sent]);

    ARC_TRY(arc_arena_check(&memory, err));
    ARC_TRY(registry_send_all(registry, calls, dropped, sent, err));
    for (size_t i = 0; i < sent; i++)
        arc_http_response_free(&dropped[i]);

    return ARC_OK;
}

int arc_registry_may_push(struct arc_registry *registry, struct arc_registry_push *items,
                          size_t count, struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct registry_call *calls = arc_arena_array(&memory, count, sizeof *calls);
    struct arc_http_response *answers = arc_arena_array(&memory, count, sizeof *answers);

    ARC_TRY(arc_arena_check(&memory, err));
    for (size_t i = 0; i < count; i++)
        calls[i] = open_call(items[i].image);
    int rc = registry_send_all(registry, calls, answers, count, err);
    if (!rc)
        rc = drop_all(registry, calls, answers, count, err);

    for (size_t i = 0; i < count; i++) {
        if (!rc && answers[i].status / 100 != 2)
            ask_alone(registry, &items[i]);
        arc_http_response_free(&answers[i]);
    }

    return rc;
}
