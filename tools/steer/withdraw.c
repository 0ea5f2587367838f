/* A rollback's part at GitHub: who is the latest release, and what withdrawn ones say. */
#include "base/auto.h"
#include "base/json.h"
#include "base/markdown.h"
#include "base/warn.h"
#include "project/documents.h"
#include "project/train.h"
#include "steer/released.h"
#include "steer/rollback.h"
#include <inttypes.h>
#include <string.h>

/* Most characters of a release's text (GitHub's own limit). */
#define BODY_MAX 125000

int withdraw_open(struct rollback *rollback, struct arc_error *err)
{
    rollback->ledger = rollback->options->build;
    ARC_TRY(released_open_github(rollback->project, &rollback->records.github,
                                 &rollback->records.repository, err));
    if (rollback->records.github || rollback->options->withdraw == ARC_WITHDRAW_NOTHING)
        return ARC_OK;

    return arc_error_set(err, ARC_EINPUT,
                         "--withdraw marks releases at GitHub: set GITHUB_REPOSITORY "
                         "(owner/name) and GITHUB_TOKEN");
}

/* ---- looking ------------------------------------------------------------------------------- */

/* What the release built: what was given, else its own file. */
static int read_ledger(struct rollback *rollback, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *build = NULL;

    if (rollback->ledger)
        return ARC_OK;
    if (records_find(&rollback->records, rollback->tag.text, "build.json", &build, err))
        return arc_error_prefix(err, "without --build");
    if (!build)
        return ARC_OK;
    if (arc_ledger_read(build, &rollback->asset, err))
        return arc_error_prefix(err, "build.json of the release %s", rollback->tag.text);
    rollback->ledger = &rollback->asset;

    return ARC_OK;
}

/* Which releases a train was made of: what was given, else its release's own file. */
static int read_lock(struct rollback *rollback, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *lock = NULL;
    ARC_AUTO_FREE char *name = arc_train_lock_name(rollback->group->name);

    if (!rollback->group->includes && !rollback->options->lock)
        return ARC_OK;
    ARC_TRY_ALLOC(name, err);
    if (rollback->options->lock)
        ARC_TRY(arc_document_read(rollback->options->lock, &lock, err));
    else
        ARC_TRY(records_find(&rollback->records, rollback->tag.text, name, &lock, err));
    if (!lock)
        return ARC_OK;

    if (!arc_json_says(lock, "tag", rollback->tag.text))
        return arc_error_set(err, ARC_EINPUT, "the lock file is of '%.200s', not of %s",
                             arc_json_text_of(lock, "tag"), rollback->tag.text);
    rollback->lock = arc_json_dumps(lock, JSON_COMPACT);
    ARC_TRY_ALLOC(rollback->lock, err);

    return ARC_OK;
}

static int ask_releases(struct rollback *rollback, struct arc_error *err)
{
    if (!rollback->records.github)
        return ARC_OK;
    ARC_TRY(records_release(&rollback->records, rollback->tag.text, &rollback->release, err));

    if (!rollback->release)
        return arc_error_set(err, ARC_EFAILED,
                             "%s has no published release of %s: it was never released, or is a "
                             "draft",
                             rollback->records.repository, rollback->tag.text);

    for (size_t i = 0; i < rollback->taken_count; i++) {
        struct taken_back *taken = &rollback->taken[i];
        ARC_TRY(records_release(&rollback->records, taken->tag, &taken->release, err));
        taken->marked = strncmp(arc_json_text_of(taken->release, "body"), ARC_WITHDRAWN_MARK,
                                strlen(ARC_WITHDRAWN_MARK)) == 0;
    }

    ARC_AUTO_JSON json_t *latest = NULL;
    const struct arc_request request = {.why = "see whose release is the latest"};

    ARC_TRY(records_get(&rollback->records, request, &latest, err, "/repos/%s/releases/latest",
                        rollback->records.repository));
    const char *tag = arc_json_text_of(latest, "tag_name");
    rollback->latest = *tag ? arc_arena_text(&rollback->memory, tag) : NULL;
    for (size_t i = 0; i < rollback->taken_count; i++)
        rollback->latest_moves |= strcmp(rollback->taken[i].tag, tag) == 0;

    return ARC_OK;
}

int withdraw_look(struct rollback *rollback, struct arc_error *err)
{
    ARC_TRY(ask_releases(rollback, err));
    ARC_TRY(read_ledger(rollback, err));
    ARC_TRY(read_lock(rollback, err));

    /* What is trusted for want of a record. */
    const char *tag = rollback->tag.text;
    const char *why = rollback->records.github ? "its release has none" : "GitHub is not asked";
    if (rollback->group->includes && !rollback->lock)
        ARC_TRY(arc_warn(&rollback->warnings, err,
                         "no lock file says what %s took (%s): the release tags behind it do; "
                         "--lock names one",
                         tag, why));
    if (rollback->ledger)
        return ARC_OK;

    return arc_warn(&rollback->warnings, err,
                    "no build.json says what %s built (%s): what its version's tags name now is "
                    "taken for it; --build names a record",
                    tag, why);
}

/* ---- doing --------------------------------------------------------------------------------- */

static int patch(struct rollback *rollback, const json_t *release, const json_t *fields,
                 const char *why, struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    const struct arc_request request = {
        .method = "PATCH", .body = fields, .repeatable = true, .why = why};
    int rc = arc_transport_send(rollback->records.github, request, &reply, err,
                                "/repos/%s/releases/%" PRIdMAX, rollback->records.repository,
                                (intmax_t)arc_json_number_of(release, "id"));
    if (!rc)
        return ARC_OK;

    return arc_error_prefix(err, "the images are rolled back, GitHub's releases are not; run it "
                                 "again");
}

/* The notes behind what people must read first; their end goes where GitHub takes no more. */
static char *make_body(const struct rollback *rollback, const json_t *release)
{
    ARC_AUTO(arc_buf) struct arc_buf body = {0};
    const char *notes = arc_json_text_of(release, "body");
    const char *reason = rollback->options->reason;

    arc_buf_puts(&body, ARC_WITHDRAWN_MARK "\n> [!CAUTION]\n> **Withdrawn.** Use [");
    arc_markdown_text(&body, rollback->tag.text, strlen(rollback->tag.text));
    arc_buf_puts(&body, "](");
    const char *url = arc_json_text_of(rollback->release, "html_url");
    arc_markdown_url(&body, url, strlen(url));
    arc_buf_puts(&body, ") instead.");

    if (reason) {
        arc_buf_putc(&body, ' ');
        arc_markdown_text(&body, reason, strlen(reason));
    }

    arc_buf_puts(&body, "\n\n");

    size_t len = strlen(notes), room = body.len < BODY_MAX ? BODY_MAX - body.len : 0;
    if (len > room)
        for (len = room; len && notes[len - 1] != '\n';)
            len--;

    arc_buf_add(&body, notes, len);

    return arc_buf_steal(&body);
}

int withdraw_do(struct rollback *rollback, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *fields = json_pack("{s:s}", "make_latest", "true");
    ARC_TRY_ALLOC(fields, err);

    if (rollback->latest_moves) {
        ARC_TRY(
            patch(rollback, rollback->release, fields, "make it the latest release again", err));
        rollback_say(rollback, "%s is GitHub's latest release again", rollback->tag.text);
    }

    for (size_t i = 0; i < rollback->taken_count; i++) {
        struct taken_back *taken = &rollback->taken[i];
        if (rollback->options->withdraw == ARC_WITHDRAW_NOTHING || !taken->release || taken->marked)
            continue;

        /* A published one says of `latest` that it is not; a draft cannot be. */
        bool draft = rollback->options->withdraw == ARC_WITHDRAW_DRAFT;
        ARC_AUTO_FREE char *body = make_body(rollback, taken->release);
        ARC_TRY_ALLOC(body, err);
        ARC_AUTO_JSON json_t *mark =
            json_pack("{s:s, s:b, s:s}", "body", body, draft ? "draft" : "prerelease", 1,
                      "make_latest", "false");
        ARC_TRY(patch(rollback, taken->release, mark, "mark a release as withdrawn", err));
        rollback_say(rollback, "%s is marked as withdrawn", taken->tag);
    }

    return ARC_OK;
}

json_t *withdraw_describe(const struct rollback *rollback)
{
    json_t *list = json_array();
    bool asked = rollback->options->withdraw != ARC_WITHDRAW_NOTHING;

    for (size_t i = 0; i < rollback->taken_count; i++) {
        const struct taken_back *taken = &rollback->taken[i];
        const char *url = json_string_value(json_object_get(taken->release, "html_url"));
        const char *action = "none";
        if (taken->marked)
            action = "unchanged";
        else if (asked && taken->release)
            action = "withdrawn";
        arc_json_push(
            &list, json_pack("{s:s, s:s?, s:s}", "tag", taken->tag, "url", url, "action", action));
    }

    return list;
}
