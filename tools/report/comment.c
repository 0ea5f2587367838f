/* The one comment of a group in a pull request. */
#include "base/json.h"
#include "base/markdown.h"
#include "base/text.h"
#include "github/github.h"
#include "report/status.h"

/* Our comments: the first one is kept; another job may have created the others. */
struct comments {
    const char *mark;
    json_t *first;
    json_t *others; /* array */
    json_int_t own; /* id of the one that this run created, or 0 */
    char *login;    /* the token's user, once known */
    bool stranger;  /* an untrusted user's comment has our mark: that user may be us */
    bool asked;
};

static void comments_free(struct comments *comments)
{
    json_decref(comments->first);
    json_decref(comments->others);
    free(comments->login);
}

/* Anybody can write the mark into a comment. We trust the one that this run created, and those of a
 * bot, of a person with write access to the repository, and of the token's own user. */
static bool is_trusted(const struct comments *comments, const json_t *comment)
{
    const char *login = arc_json_text_of(json_object_get(comment, "user"), "login");

    if (comments->own && arc_json_number_of(comment, "id") == comments->own)
        return true;
    if (comments->login && *login && strcmp(comments->login, login) == 0)
        return true;
    return arc_github_is_insider(comment);
}

static int keep_ours(void *context, json_t *comment, struct arc_error *err)
{
    struct comments *found = context;
    const char *body = arc_json_text_of(comment, "body");

    if (!ARC_STARTS(body, found->mark))
        return ARC_OK;

    if (!is_trusted(found, comment)) {
        found->stranger = true;
        return ARC_OK;
    }

    if (!found->first) {
        found->first = json_incref(comment);
        return ARC_OK;
    }

    return arc_json_append(found->others, json_incref(comment), err);
}

static int list_comments(const struct report_posting *p, struct comments *found,
                         struct arc_error *err)
{
    json_decref(found->first);
    found->first = NULL;
    json_array_clear(found->others);
    return arc_transport_each(p->transport, NULL, "find the comment of an earlier run", 0,
                              keep_ours, found, err, "/repos/%s/issues/%lld/comments?per_page=100",
                              p->target->repository, (long long)p->target->pull);
}

/* Asks for the token's user if an untrusted user's comment has our mark: it may be a bot account
 * without a role. A workflow's token has no user. */
static int ask_login(const struct report_posting *p, struct comments *found, struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    ARC_AUTO(arc_error) struct arc_error refused = {0};

    found->asked = true;
    if (arc_transport_send(p->transport, ARC_GET("see whether the comment is this token's"), &reply,
                           &refused, "/user"))
        return arc_error_memory(refused.code, err);
    return arc_text_copy(arc_json_text_of(reply.body, "login"), &found->login, err);
}

static int set_comment(json_t *report, const char *action, const json_t *comment,
                       struct arc_error *err)
{
    json_t *row = /* `action` may belong to the member that it replaces, so copy it first */
        json_pack("{s:s, s:s}", "action", action, "url", arc_json_text_of(comment, "html_url"));
    return arc_json_set(report, "comment", row, err);
}

static int send_body(const struct report_posting *p, const json_t *now, const char *body,
                     struct arc_reply *reply, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *fields = json_pack("{s:s}", "body", body);
    const char *repository = p->target->repository;

    if (now)
        return arc_transport_send(p->transport, ARC_PATCH(fields, "update the comment"), reply, err,
                                  "/repos/%s/issues/comments/%lld", repository,
                                  (long long)arc_json_number_of(now, "id"));

    return arc_transport_send(p->transport, ARC_POST(fields, "comment"), reply, err,
                              "/repos/%s/issues/%lld/comments", repository,
                              (long long)p->target->pull);
}

/* Lists the comments once and acts on them. Sets *done if the comment exists and is the only
 * one. */
static int settle_once(const struct report_posting *p, struct comments *found, bool *done,
                       struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    const char *body = arc_json_text_of(p->report, "body");

    ARC_TRY(list_comments(p, found, err));

    if (!found->first && found->stranger && !found->asked) {
        ARC_TRY(ask_login(p, found, err));
        if (found->login)
            ARC_TRY(list_comments(p, found, err));
    }

    arc_json_each (comment, found->others) {
        ARC_AUTO(arc_reply) struct arc_reply deleted = {0};
        int rc =
            arc_transport_send(p->transport, ARC_DELETE("delete a second comment of this group"),
                               &deleted, err, "/repos/%s/issues/comments/%lld",
                               p->target->repository, (long long)arc_json_number_of(comment, "id"));
        ARC_TRY(arc_error_except(ARC_ENOTFOUND, rc, err));
    }

    if (found->first && arc_markdown_same(arc_json_text_of(found->first, "body"), body)) {
        const char *action = arc_json_text_of(json_object_get(p->report, "comment"), "action");
        *done = true;
        return set_comment(p->report, arc_text_or(action, "unchanged"), found->first, err);
    }

    int rc = send_body(p, found->first, body, &reply, err);
    if (rc && reply.status == 403 && strstr(arc_json_text_of(reply.body, "message"), "locked")) {
        arc_error_clear(err);
        *done = true;
        return set_comment(p->report, "locked", found->first, err);
    }

    bool gone = found->first && (reply.status == 404 || reply.status == 410);
    if (rc && !reply.doubtful && !gone)
        return rc;
    if (!rc && !found->first)
        found->own = arc_json_number_of(reply.body, "id");
    *done = p->transport->describes || (found->first && !rc);
    arc_error_clear(err);

    return set_comment(p->report, found->first ? "updated" : "created", reply.body, err);
}

int report_post_comment(const struct report_posting *p, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf mark = {0};
    ARC_AUTO(comments) struct comments found = {.others = json_array()};
    bool done = false;

    report_mark(&mark, arc_json_text_of(p->report, "group"));
    found.mark = arc_buf_text(&mark);
    ARC_TRY(arc_buf_check(&mark, "the mark", err));
    ARC_TRY_ALLOC(found.others, err);

    for (int looks = 0; !done; looks++) {
        if (looks == REPORT_LOOKS)
            return arc_error_set(err, ARC_EWORLD,
                                 "the comment in pull request %lld does not stay as it was written "
                                 "after %d looks",
                                 (long long)p->target->pull, REPORT_LOOKS);
        if (looks > 1)
            p->transport->clock->wait(p->transport->clock->context, (int64_t)1000 << looks);
        ARC_TRY(settle_once(p, &found, &done, err));
    }

    return ARC_OK;
}
