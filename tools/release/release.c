#include "release/release.h"
#include "arcci/repository.h"
#include "base/json.h"
#include "base/markdown.h"
#include "base/text.h"
#include "github/options.h"

/* Most rounds of looking and repairing. Lost answers and other jobs may require extra rounds. */
#define ROUNDS 12

static void release_run_free(struct release_run *run)
{
    arc_arena_free(&run->memory);
    json_decref(run->release);
    json_decref(run->rivals);
    json_decref(run->holder);
    arc_tag_free(&run->own_tag);
    arc_error_clear(&run->trouble);
}

/* ---- options -------------------------------------------------------------------------------- */

static int check_options(struct release_run *run, struct arc_error *err)
{
    const struct arc_release_options *o = run->o;
    run->tag = o->version->tag;
    run->prerelease = o->version->prerelease;
    run->latest = o->version->latest;
    ARC_TRY(arc_error_memory(arc_tag_parse(run->tag, o->group, &run->own_tag, NULL), err));

    if (!o->repository || !arc_repository_name_valid(o->repository))
        return arc_error_set(err, ARC_EINPUT, "'%.100s' is not a repository: expected owner/name",
                             arc_or(o->repository, ""));

    if (o->revision && !arc_text_is_hex(o->revision, 40) && !arc_text_is_hex(o->revision, 64))
        return arc_error_set(
            err, ARC_EINPUT,
            "'%.100s' is not a commit: expected 40 (SHA-256: 64) hexadecimal digits", o->revision);

    if (arc_text_utf16(o->body, strlen(o->body)) > ARC_RELEASE_BODY_MAX)
        return arc_error_set(err, ARC_ELIMIT,
                             "the notes have %zu characters; a release has room for %d ('arc-ci "
                             "notes' shortens them)",
                             arc_text_utf16(o->body, strlen(o->body)), ARC_RELEASE_BODY_MAX);

    return ARC_OK;
}

/* ---- the release's own fields --------------------------------------------------------------- */

static bool is_draft_now(const struct release_run *run)
{
    return arc_json_true_of(run->release, "draft");
}

/* Leave publishing a person's draft to that person. */
static bool stays_draft(const struct release_run *run)
{
    return run->o->draft || (!run->o->publish && is_draft_now(run) &&
                             !release_draft_made(arc_json_text_of(run->release, "body")));
}

/* Makes the wanted body; *out is a new string. A draft of ours that stays a draft keeps its mark:
 * recomputed if nobody edited the text, unchanged if a person did. */
static int want_body(const struct release_run *run, const char *name, bool untouched, bool publish,
                     char **out, struct arc_error *err)
{
    const struct arc_release_options *o = run->o;
    const char *now = arc_json_text_of(run->release, "body");
    const char *existing = untouched && *o->body ? NULL : now;
    bool marked = is_draft_now(run) && !publish && release_draft_made(now);

    if (marked && (untouched || (o->mode == ARC_BODY_REPLACE && *o->body)))
        return release_draft_body(o->mode, name, existing, o->body, out, err);
    *out = release_body(o->mode, existing, o->body);
    ARC_TRY_ALLOC(*out, err);
    if (!marked)
        return ARC_OK;
    ARC_AUTO_FREE char *text = arc_steal(out);
    return arc_text_print(out, err, "%.*s%s", (int)strcspn(now, "\n") + 1, now, text);
}

/* Says once what the release keeps, although this run would have set it differently. */
static void say_kept(struct release_run *run, const char *want, bool prerelease)
{
    const char *ours = run->o->body;

    if (!run->said && prerelease && !run->prerelease)
        release_say(run,
                    "%s is marked as a prerelease, and stays one: --body-mode=replace changes it",
                    run->tag);

    if (!run->said && *ours && run->o->mode <= ARC_BODY_KEEP && !arc_markdown_same(want, ours))
        release_say(run,
                    "the text of %s is not what was written now, and stays: --body-mode=replace, "
                    "prepend or append changes it",
                    run->tag);

    if (!run->said && run->o->draft && !is_draft_now(run))
        release_say(run, "%s is published, and stays as it is: --draft changes nothing public",
                    run->tag);

    run->said = true;
}

/* Finds the fields to change; *out is NULL if there are none. Publishing sends all fields, so that
 * the same request removes the hidden mark. Only what makes a stable release public says whether it
 * is the latest: a person may have chosen another since. */
static int find_differences(struct release_run *run, json_t **out, struct arc_error *err)
{
    const char *name_now = arc_json_text_of(run->release, "name");
    const char *now = arc_json_text_of(run->release, "body");
    bool draft = is_draft_now(run), publish = draft && !stays_draft(run);
    bool untouched = draft && release_draft_untouched(name_now, now);
    bool kept = run->o->mode != ARC_BODY_REPLACE; /* keep what a person changed */
    bool marked = arc_json_true_of(run->release, "prerelease");
    bool prerelease = run->prerelease || (kept && marked);
    const char *name = arc_or(run->o->name, run->tag);
    ARC_AUTO_FREE char *want = NULL;

    /* GitHub shows the tag for an empty title. */
    if (*name_now && (!run->o->name || (kept && !untouched && strcmp(name_now, run->tag) != 0)))
        name = name_now;

    ARC_TRY(want_body(run, name, untouched, publish, &want, err));
    say_kept(run, want, prerelease);

    if (draft && !publish && !run->o->draft && !run->waits) {
        release_say(run,
                    "%s stays a draft: a person made it, or its tag was deleted, which makes a "
                    "draft of a published release; --publish publishes it",
                    run->tag);
        run->waits = true;
    }

    if (arc_text_utf16(want, strlen(want)) > ARC_RELEASE_BODY_LIMIT)
        return arc_error_set(err, ARC_ELIMIT,
                             "the notes and the text of %s have %zu characters together; GitHub "
                             "takes %d (--body-mode=auto leaves the text as it is)",
                             run->tag, arc_text_utf16(want, strlen(want)), ARC_RELEASE_BODY_LIMIT);

    bool same = strcmp(name_now, name) == 0 && arc_markdown_same(now, want) && prerelease == marked;
    bool withdrawn = ARC_STARTS(now, ARC_WITHDRAWN_MARK);
    *out = NULL;
    if ((same || withdrawn) && !publish)
        return ARC_OK;
    *out = json_pack("{s:s, s:s, s:b}", "name", name, "body", want, "prerelease", prerelease);
    if (draft)
        arc_json_put(out, "tag_name", json_string(run->tag));
    if (publish || (marked && !prerelease))
        arc_json_put(out, "make_latest",
                     json_string(arc_true_or_false(run->latest && !prerelease)));
    if (publish)
        arc_json_put(out, "draft", json_false());

    return arc_error_unless(*out, err);
}

/* ---- whose release is the latest -------------------------------------------------------------- */

/* *tag receives the tag of GitHub's latest release, which is in *reply; "" if there is none. */
static int find_latest(struct release_run *run, const char *why, struct arc_reply *reply,
                       const char **tag, struct arc_error *err)
{
    int none = arc_transport_send(run->t, ARC_GET(why), reply, err, "/repos/%s/releases/latest",
                                  run->o->repository);

    ARC_TRY(arc_error_except(ARC_ENOTFOUND, none, err));
    *tag = none ? "" : arc_json_text_of(reply->body, "tag_name");
    return ARC_OK;
}

/* Leaves "Latest" to who has it, by the group's rule. */
static int yield_latest(struct release_run *run, struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    const char *tag, *before = run->o->group ? run->o->group->predecessor : NULL;
    bool above;

    run->latest = run->latest && run->o->make_latest != ARC_LATEST_NEVER;
    if (!run->latest || run->prerelease || run->o->draft || run->o->make_latest == ARC_LATEST_AUTO)
        return ARC_OK;
    ARC_TRY(find_latest(run, "see whose release is the latest", &reply, &tag, err));
    if (!*tag || arc_text_same(tag, before) || release_is_sibling(run, tag, &above))
        return ARC_OK;

    release_say(run, "%s stays the latest release: it is not this group's", tag);
    run->latest = false;

    return ARC_OK;
}

/* Notes who has "Latest" before a release is published that shall not take it. */
static int note_holder(struct release_run *run, struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    const char *tag;

    if (run->latest || run->prerelease || run->holder || run->t->describes)
        return ARC_OK;
    ARC_TRY(find_latest(run, "see whose release is the latest", &reply, &tag, err));
    run->holder = *tag ? arc_steal(&reply.body) : NULL;

    return ARC_OK;
}

/* If no release was ever made the latest, GitHub takes the one that was published last, even with
 * make_latest=false: gives it back. */
static int give_latest_back(struct release_run *run, struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0}, given = {0};
    ARC_AUTO_JSON json_t *fields = json_pack("{s:s}", "make_latest", "true");
    const char *tag;

    if (!run->holder)
        return ARC_OK;
    ARC_TRY(find_latest(run, "see that another release is still the latest", &reply, &tag, err));
    if (strcmp(tag, run->tag) != 0)
        return ARC_OK;

    const char *id = release_id(run, run->holder);
    ARC_TRY(arc_arena_check(&run->memory, err));
    ARC_TRY(arc_transport_send(run->t, ARC_PATCH(fields, "make it the latest release again"),
                               &given, err, "/repos/%s/releases/%s", run->o->repository, id));
    release_say(run, "%s is the latest release again: GitHub had taken %s for it",
                arc_json_text_of(run->holder, "tag_name"), run->tag);

    return ARC_OK;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* Takes the answer as the release; the next round checks it. */
static int patch_release(struct release_run *run, const json_t *fields, bool publish, bool *done,
                         struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    const char *id = release_id(run, run->release);
    const struct arc_request request = {.method = "PATCH",
                                        .body = fields,
                                        .why = publish ? "publish: everything is in place"
                                                       : "bring the release up to date"};

    ARC_TRY(arc_arena_check(&run->memory, err));
    if (publish)
        ARC_TRY(note_holder(run, err));
    int rc = arc_transport_send(run->t, request, &reply, err, "/repos/%s/releases/%s",
                                run->o->repository, id);

    if (rc && release_name_burned(&reply)) { /* no run can ever publish it: delete our draft */
        ARC_AUTO(arc_error) struct arc_error left = {0};
        bool ours =
            is_draft_now(run) && release_draft_untouched(arc_json_text_of(run->release, "name"),
                                                         arc_json_text_of(run->release, "body"));
        if (ours &&
            release_delete(run, run->release, "delete the draft that can't be published", &left))
            release_say(run, "the draft of %s stays: %s", run->tag, arc_error_text(&left));
        return release_refuse_name(run, err);
    }

    if (rc)
        return release_look_again(run, &reply, err) ? ARC_OK : rc;
    run->updated = true;

    if (!run->t->describes) {
        json_decref(run->release);
        run->release = arc_steal(&reply.body);
        rc = release_compare_assets(run, err);
    }

    *done = !rc && release_assets_complete(run) &&
            (run->t->describes || !publish || !is_draft_now(run));
    if (!rc)
        release_say(run, publish ? "published %s" : "updated %s", run->tag);

    return rc;
}

/* One round: look, then do what is missing; *done if nothing was. A new draft and new assets are
 * looked at once more before publishing. */
static int round_once(struct release_run *run, bool *done, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *fields = NULL;

    ARC_TRY(release_find(run, err));
    bool create = !run->release;
    if (create)
        ARC_TRY(release_create(run, err));
    if (!run->release)
        return ARC_OK;

    ARC_TRY(release_remove_rivals(run, err));
    ARC_TRY(release_compare_assets(run, err));
    ARC_TRY(
        find_differences(run, &fields, err)); /* fails, if it must, before anything is uploaded */

    /* Its images may differ from these, and `build --promote` refuse them: change nothing before. */
    *done = run->o->draft && !is_draft_now(run) &&
            (release_assets_complete(run) || !arc_json_true_of(run->release, "immutable"));
    if (*done)
        return ARC_OK;

    if (create || !release_assets_complete(run)) {
        run->updated = true;
        return release_upload(run, err);
    }
    *done = !fields;
    if (*done)
        return ARC_OK;

    return patch_release(run, fields, json_is_false(json_object_get(fields, "draft")), done, err);
}

/* ---- release.json --------------------------------------------------------------------------- */

static int make_document(struct release_run *run, json_t **out, struct arc_error *err)
{
    const char *id = release_id(run, run->release);
    ARC_AUTO_JSON json_t *assets = json_array();
    const char *action = run->updated ? "updated" : "unchanged";

    if (run->own && strcmp(run->own, id) == 0)
        action = "created";

    arc_each (asset, run->assets, run->o->asset_count) {
        const char *done = asset->replaced ? "replaced" : "uploaded";
        if (!asset->uploads)
            done = "kept";
        if (!asset->stored) /* --draft left the release as it is */
            continue;
        json_t *row = json_pack("{s:s, s:I, s:s, s:s, s:s?}", "name", asset->given->name, "size",
                                (json_int_t)asset->size, "sha256", asset->sha256, "action", done,
                                "url", asset->url);
        ARC_TRY(arc_json_append(assets, row, err));
    }

    ARC_TRY_ALLOC(assets && !run->memory.failed, err);
    bool prerelease = arc_json_true_of(run->release, "prerelease");
    *out = json_pack(
        "{s:s, s:i, s:I, s:s, s:s, s:s, s:s?, s:b, s:b, s:b, s:s, s:O, s:i}", "document", "release",
        "format", ARC_DOCUMENT_FORMAT, "id", arc_json_number_of(run->release, "id"), "url",
        arc_json_text_of(run->release, "html_url"), "tag", run->tag, "name",
        arc_json_text_of(run->release, "name"), "target", run->commit, "draft", is_draft_now(run),
        "prerelease", prerelease, "make-latest", run->latest && !prerelease, "action", action,
        "assets", assets, "requests", (int)run->t->requests);
    return arc_error_unless(*out, err);
}

static int repeat_rounds(struct release_run *run, struct arc_error *err)
{
    bool done = false;

    for (unsigned round = 0; !done && round < ROUNDS; round++) {
        unsigned troubles = run->troubles;
        ARC_AUTO_JSON json_t *last = json_incref(run->release);
        int rc = round_once(run, &done, err);
        if (rc && !run->release) /* it could not be looked at */
            run->release = arc_steal(&last);
        ARC_TRY(rc);
        if (run->troubles > troubles)
            run->t->clock->wait(run->t->clock->context, (int64_t)500 << ARC_MIN(run->troubles, 6));
    }

    if (done)
        return ARC_OK;
    if (!run->troubles)
        return arc_error_set(
            err, ARC_EFAILED,
            "release %s does not stay as it was made: another job may be changing it", run->tag);

    return arc_error_set(err, ARC_EWORLD, "release %s: given up after looking %d times; last: %s",
                         run->tag, ROUNDS, arc_error_text(&run->trouble));
}

int arc_release(const struct arc_release_options *options, struct arc_transport *transport,
                json_t **out, struct arc_error *err)
{
    ARC_AUTO(release_run)
    struct release_run run = {.o = options, .t = transport, .rivals = json_array()};
    ARC_AUTO(arc_error) struct arc_error local = {0};
    struct arc_error *why = arc_or(err, &local);

    ARC_TRY_ALLOC(run.rivals, why);
    ARC_TRY(check_options(&run, why));
    ARC_TRY(release_prepare_assets(&run, why));
    ARC_TRY(release_check_tag(&run, why));
    ARC_TRY(yield_latest(&run, why));

    int rc = repeat_rounds(&run, why);
    if (!rc)
        ARC_TRY_PREFIX(give_latest_back(&run, why), why,
                       "%s is published, but GitHub may take it for the latest release", run.tag);
    if (!rc)
        return make_document(&run, out, why);
    if (rc == ARC_ENOMEM || run.final || !run.release || !is_draft_now(&run) || stays_draft(&run))
        return rc;

    /* The release is still a draft, although image tags may have moved already. */
    ARC_AUTO(arc_error) struct arc_error cause = arc_steal(why);
    return arc_error_set(why, rc,
                         "%s; the release of %s is still a draft, and image tags that moved stay "
                         "moved; run again: `arc-ci release` publishes the draft",
                         arc_error_text(&cause), run.tag);
}

int arc_release_requests(const struct arc_release_options *options, json_t **out,
                         struct arc_error *err)
{
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *transport = NULL;
    ARC_AUTO_JSON json_t *document = NULL;

    ARC_TRY(arc_transport_describe(&transport, err));
    ARC_TRY(arc_release(options, transport, &document, err));
    *out = json_deep_copy(arc_transport_described(transport));

    return arc_error_unless(*out, err);
}
