/* Finding and creating the release; of several, every job chooses the same. */
#include "arcci/repository.h"
#include "base/json.h"
#include "base/text.h"
#include "release/release.h"
#include <inttypes.h>

#define PAGES_MAX 100 /* the listing ends at 10,000 releases */
#define TAG_DEPTH 8   /* annotated tags of annotated tags */

/* ---- the tag -------------------------------------------------------------------------------- */

static int keep_commit(struct release_run *run, const char *sha, struct arc_error *err)
{
    const char *want = run->o->revision;
    if (want && sha && strcmp(want, sha) != 0)
        return arc_error_set(err, ARC_EFAILED,
                             "the tag %s points to %.64s, but %s was built: the tag was moved, or "
                             "these are the documents of another build",
                             run->tag, sha, want);
    run->commit = arc_arena_text(&run->memory, arc_or(want, sha));
    return arc_arena_check(&run->memory, err);
}

int release_check_tag(struct release_run *run, struct arc_error *err)
{
    const char *repository = run->o->repository;
    const char *look = "check that the tag points to the commit that was built";
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    ARC_AUTO(arc_error) struct arc_error why = {0};
    ARC_AUTO_FREE char *tag = arc_url_encode(run->tag);

    ARC_TRY_ALLOC(tag, err);
    int rc = arc_transport_send(run->t, ARC_GET(look), &reply, run->t->describes ? &why : err,
                                "/repos/%s/git/ref/tags%%2F%s", repository, tag);
    if (run->t->describes)
        return rc == ARC_ENOMEM ? arc_error_nomem(err) : keep_commit(run, NULL, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(
            err, rc,
            "%s has no tag %s: push it first (git push origin tag %s); without it, "
            "publishing would make a tag of its own (GitHub says the same of a "
            "repository that the token may not see)",
            repository, run->tag, run->tag);

    for (int depth = 0; !rc; depth++) {
        const json_t *object = json_object_get(reply.body, "object");
        const char *type = arc_json_text_of(object, "type");
        ARC_AUTO_FREE char *sha = strdup(arc_json_text_of(object, "sha"));
        ARC_TRY_ALLOC(sha, err);
        if (strcmp(type, "commit") == 0)
            return keep_commit(run, sha, err);
        if (strcmp(type, "tag") != 0 || !arc_text_is_hex(sha, strlen(sha)) || depth == TAG_DEPTH)
            return arc_error_set(err, ARC_EFAILED, "the tag %s does not point to a commit",
                                 run->tag);
        rc = arc_transport_send(run->t, ARC_GET("follow the annotated tag"), &reply, err,
                                "/repos/%s/git/tags/%s", repository, sha);
    }

    return rc;
}

/* ---- finding -------------------------------------------------------------------------------- */

/* A higher version that went public while ours was built stays the latest. */
static void yield_latest(struct release_run *run, const json_t *release)
{
    const char *tag = arc_json_text_of(release, "tag_name");
    bool above;

    if (!run->latest || arc_json_true_of(release, "draft") ||
        arc_json_true_of(release, "prerelease") ||
        ARC_STARTS(arc_json_text_of(release, "body"), ARC_WITHDRAWN_MARK) ||
        !release_is_sibling(run, tag, &above) || !above)
        return;
    run->latest = false;
    release_say(run, "%s is not the latest release: %s is out", run->tag, tag);
}

static int consider_release(void *context, json_t *release, struct arc_error *err)
{
    struct release_run *run = context;
    json_t *rival = release;

    if (!arc_json_says(release, "tag_name", run->tag)) {
        yield_latest(run, release);
        return ARC_OK;
    }

    if (!run->release) {
        run->release = json_incref(release);
        return ARC_OK;
    }

    if (arc_json_number_of(release, "id") ==
        arc_json_number_of(run->release, "id")) /* the listing shifted while we read it */
        return ARC_OK;

    /* Prefer a published release, then the lower id, so that every job chooses the same. */
    bool before = arc_json_number_of(release, "id") < arc_json_number_of(run->release, "id");
    if (arc_json_true_of(release, "draft") != arc_json_true_of(run->release, "draft"))
        before = !arc_json_true_of(release, "draft");

    if (before) {
        rival = run->release;
        run->release = release;
    }

    json_incref(release); /* run->release and the list of rivals each hold a reference */
    ARC_AUTO_JSON json_t *held = rival;
    if (arc_json_true_of(rival, "draft") &&
        release_draft_untouched(arc_json_text_of(rival, "name"), arc_json_text_of(rival, "body")))
        return arc_json_append(run->rivals, json_incref(held), err);

    release_say(run, "release %" PRIdMAX " has the tag %s too; it is a person's and stays",
                (intmax_t)arc_json_number_of(rival, "id"), run->tag);
    return ARC_OK;
}

static int list_releases(struct release_run *run, const char *from, unsigned pages,
                         struct arc_error *err)
{
    const char *why = "find the release of the tag, drafts included";

    if (run->own)
        why = "see that the draft is the only one and has every asset, whole";
    return arc_transport_each(run->t, NULL, why, pages, consider_release, run, err,
                              "/repos/%s/releases?per_page=100%s", run->o->repository, from);
}

static int get_release(struct release_run *run, const char *part, const char *why,
                       struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    int rc = arc_transport_send(run->t, ARC_GET(why), &reply, err, "/repos/%s/releases/%s",
                                run->o->repository, part);

    return rc ? arc_error_except(ARC_ENOTFOUND, rc, err) : consider_release(run, reply.body, err);
}

int release_find(struct release_run *run, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *last = arc_steal(&run->release);

    json_array_clear(run->rivals);
    int rc = list_releases(run, "", 1, err);
    bool draft = !run->release || arc_json_true_of(run->release, "draft");
    bool more = rc == ARC_ELIMIT;
    ARC_TRY(arc_error_except(ARC_ELIMIT, rc, err));

    /* Rivals are created moments apart for one commit, so they are neighbours in the listing
     * however it is sorted: after them, the rest need not be read. A published release can be found
     * by its tag; also one that a listing left out, so that ours could not be published. */
    if (draft && (more || run->troubles)) {
        ARC_AUTO_FREE char *part = NULL, *tag = arc_url_encode(run->tag);
        ARC_TRY_ALLOC(tag, err);
        ARC_TRY(arc_text_print(&part, err, "tags/%s", tag));
        ARC_TRY(get_release(run, part, "find a published release", err));
    }

    if (more && !run->release) {
        rc = list_releases(run, "&page=2", PAGES_MAX - 1, err);
        if (rc == ARC_ELIMIT)
            release_say(run, "the listing ends at 10,000 releases; drafts beyond it are not seen");
        ARC_TRY(arc_error_except(ARC_ELIMIT, rc, err));
    }

    if (run->release || !run->own)
        return ARC_OK;

    if (run->t->describes) {
        run->release = arc_steal(&last);
        return ARC_OK;
    }

    /* Our new draft is not in the listing: either the listing lags, or another job deleted the
     * draft as a rival. */
    ARC_TRY(get_release(run, run->own, "see whether the new draft is still there", err));
    if (!run->release)
        run->own = NULL;

    return ARC_OK;
}

/* ---- creating and deleting ------------------------------------------------------------------ */

int release_create(struct release_run *run, struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    const struct arc_release_options *o = run->o;
    const char *name = arc_or(o->name, run->tag);
    ARC_AUTO_FREE char *body = NULL;

    ARC_TRY(release_draft_body(o->mode, name, NULL, o->body, &body, err));
    /* No target_commitish: GitHub does not need it for an existing tag, and with it refuses a token
     * without `workflows` if the commit's workflow files are on no branch. */
    ARC_AUTO_JSON json_t *fields =
        json_pack("{s:s, s:s, s:s, s:b, s:b}", "tag_name", run->tag, "name", name, "body", body,
                  "draft", 1, "prerelease", run->prerelease);
    int rc = arc_transport_send(run->t, ARC_POST(fields, "create the release as a draft"), &reply,
                                err, "/repos/%s/releases", o->repository);
    if (rc && release_name_burned(&reply))
        return release_refuse_name(run, err);
    if (rc)
        return reply.status != 404 && release_look_again(run, &reply, err) ? ARC_OK : rc;
    run->release = arc_steal(&reply.body);
    run->own = release_id(run, run->release);
    ARC_TRY(arc_arena_check(&run->memory, err));
    release_say(run, "created draft release %s of %s", run->own, run->tag);

    return ARC_OK;
}

int release_delete(struct release_run *run, const json_t *release, const char *why,
                   struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    const char *id = release_id(run, release);
    ARC_TRY(arc_arena_check(&run->memory, err));
    int rc = arc_transport_send(run->t, ARC_DELETE(why), &reply, err, "/repos/%s/releases/%s",
                                run->o->repository, id);

    return arc_error_except(ARC_ENOTFOUND, rc, err);
}

int release_remove_rivals(struct release_run *run, struct arc_error *err)
{
    arc_json_each (rival, run->rivals) {
        ARC_TRY(release_delete(run, rival, "delete a second draft of this tag", err));
        release_say(run, "deleted draft %" PRIdMAX ", a second one of %s",
                    (intmax_t)arc_json_number_of(rival, "id"), run->tag);
    }
    return ARC_OK;
}
