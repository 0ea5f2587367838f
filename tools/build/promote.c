#include "arcci/sign.h"
#include "base/json.h"
#include "base/text.h"
#include "build/run.h"
#include "git/fetch.h"

/* Generations of commits to fetch first, to find which of two is later. */
#define FETCH_DEPTH 50

/* One tag of one service. */
struct move {
    const char *codename;
    const char *image; /* the service's, or a mirror */
    const char *tag;
    const char *name; /* as the ledger lists it: the tag, in a mirror its whole reference */
    enum arc_tag_kind kind;
    bool prereleases;                 /* have it, too */
    struct arc_built_service *built;  /* receives the name once it moved */
    const struct arc_manifest *index; /* its new target */
    struct arc_manifest before;       /* its current target; without a digest if it did not exist */
    bool there;                       /* already has its target */
    const char *held;                 /* whose it is, if it stays because of that */
    bool tried;                       /* was sent to the registry */
    bool moved;                       /* confirmed by the registry */
};

/* The state of a promotion. */
struct promotion {
    const struct arc_promote_options *options;
    struct arc_registry *registry;
    struct arc_ledger *ledger;    /* the promoted images, in the end with their tags */
    struct arc_manifest *indexes; /* of ledger->services[i] */
    struct move *moves;           /* floating tags last */
    size_t move_count;
    struct arc_arena memory; /* owns both, and outlives the ledger if something fails */
    const char *asked;       /* the last commit compared by git, and the answer */
    bool later;
    const char *probed; /* the last image on which it was tried whether a tag goes alone */
    bool alone;
};

static void promotion_free(struct promotion *promotion)
{
    for (size_t i = 0; promotion->indexes && i < promotion->options->plan->service_count; i++)
        arc_manifest_free(&promotion->indexes[i]);
    arc_each (move, promotion->moves, promotion->move_count)
        arc_manifest_free(&move->before);
    arc_registry_free(promotion->registry);
    arc_arena_free(&promotion->memory);
}

static void tell(const struct promotion *promotion, const struct move *move, const char *what)
{
    arc_build_tell(&promotion->options->listener, move->codename, "%s:%s %s", move->image,
                   move->tag, what);
}

/* ---- what is promoted ---------------------------------------------------------------------- */

/* Checks that the ledger, which the gate read, has the same images as the index: only what was
 * scanned is promoted. */
static int check_cells(const struct arc_built_service *known, const struct arc_built_service *found,
                       struct arc_error *err)
{
    arc_each (cell, found->cells, found->cell_count) {
        const struct arc_built_cell *seen = arc_built_on(known, cell->platform);
        const char *digest = seen ? seen->digest : NULL;
        if (!digest || strcmp(digest, cell->digest) != 0)
            return arc_error_set(
                err, ARC_EFAILED,
                "build.json has %.100s for %s of %s, the index %.100s: they do not belong "
                "together, and the gate did not check what would be promoted",
                arc_or(digest, "no image"), cell->platform, found->service, cell->digest);
    }

    if (known->cell_count == found->cell_count)
        return ARC_OK;

    return arc_error_set(
        err, ARC_EFAILED,
        "build.json has %zu images of %s, the index %zu: they do not belong together",
        known->cell_count, found->service, found->cell_count);
}

/* Checks that every mirror has what the index lists: not every registry checks that, and an index
 * that was already built may never have been pushed there. */
static int check_mirrors(struct promotion *promotion, const struct arc_planned_service *service,
                         const struct arc_manifest *index, struct arc_error *err)
{
    const json_t *listed = json_object_get(index->document, "manifests");
    struct arc_registry_item *items = NULL;
    size_t count = 0;

    for (char **mirror = service->mirrors; *mirror; mirror++)
        arc_json_each (entry, listed)
            ARC_APPEND(&promotion->memory, items, count, err,
                       (struct arc_registry_item){ARC_REGISTRY_MANIFEST, *mirror,
                                                  arc_json_text_of(entry, "digest")});
    ARC_TRY(arc_registry_read_ahead(promotion->registry, items, count, err));

    arc_each (item, items, count) {
        ARC_AUTO(arc_manifest) struct arc_manifest there = {0};
        ARC_AUTO(arc_error) struct arc_error why = {0};
        int rc =
            arc_registry_manifest(promotion->registry, item->image, item->reference, &there, &why);
        if (rc == ARC_ENOTFOUND)
            return arc_error_set(err, ARC_EFAILED,
                                 "nothing was moved: %s lacks %.100s, which the index of %s lists; "
                                 "build it again with --rebuild, which pushes to every registry",
                                 item->image, item->reference, service->service);
        ARC_TRY(arc_error_pass(rc, &why, err));
    }

    return ARC_OK;
}

/* Verifies all indexes again, since only what was verified is promoted. */
static int read_services(struct promotion *promotion, struct arc_error *err)
{
    const struct arc_promote_options *options = promotion->options;
    struct arc_ledger *ledger = promotion->ledger;
    promotion->indexes = arc_arena_array(&promotion->memory, options->plan->service_count,
                                         sizeof *promotion->indexes);
    ARC_TRY_ALLOC(promotion->indexes, err);
    ARC_TRY(arc_verify_plan(promotion->registry, options->plan, options->build, &options->listener,
                            ledger, promotion->indexes, err));

    arc_each (entry, ledger->services, ledger->service_count) {
        const struct arc_built_service *known = arc_ledger_service(options->build, entry->service);
        if (known)
            ARC_TRY(check_cells(known, entry, err));
        const struct arc_planned_service *service = arc_plan_service(options->plan, entry->service);
        size_t at = (size_t)(entry - ledger->services);
        ARC_TRY(check_mirrors(promotion, service, &promotion->indexes[at], err));
        const struct arc_sign_check check = {options->env, options->root, options->plan, service,
                                             entry};
        ARC_TRY(arc_sign_verify(&check, err));
        if (known) /* it also has the durations */
            ARC_TRY(arc_built_copy(known, &ledger->memory, entry, err));
    }

    return ARC_OK;
}

/* ---- what the tags are now ----------------------------------------------------------------- */

/* Whether the tag moves from one image to the next. */
static bool goes_on(enum arc_tag_kind kind)
{
    return kind == ARC_TAG_FLOATING || kind == ARC_TAG_MOVING;
}

/* Whether the tag's current image has a higher version than ours (a stable one or, for a
 * prerelease or a name that prereleases have too, any), from another release in between. */
static bool higher_has_it(const struct arc_plan *plan, const struct move *move)
{
    const char *ours = plan->version ? plan->version->version : "";
    const char *theirs = arc_annotation(move->before.document, "org.opencontainers.image.version");
    /* The plan does not contain the group's versioning; dates are read as loose versions. */
    static const enum arc_versioning kinds[] = {ARC_VERSIONING_SEMVER, ARC_VERSIONING_LOOSE};
    struct arc_release_version a, b;
    bool read = false;

    theirs += *theirs == 'v'; /* a custom label */
    for (size_t i = 0; !read && i < ARC_COUNT(kinds); i++)
        read = arc_release_version_parse(ours, strlen(ours), kinds[i], &a, NULL) == 0 &&
               arc_release_version_parse(theirs, strlen(theirs), kinds[i], &b, NULL) == 0;

    bool counts = read && (move->prereleases || a.prerelease || !b.prerelease);
    return counts && arc_release_version_compare(&b, &a) > 0;
}

/* Whether a commit is later on the branch than the plan's; true if git cannot tell. A commit no
 * longer on the branch is not later. */
static bool is_later(const struct promotion *promotion, const char *revision)
{
    struct arc_project *project = promotion->options->project;
    const struct arc_oid ours = arc_oid_of(promotion->options->plan->revision);
    const struct arc_oid theirs = arc_oid_of(revision);
    struct arc_oid tip = theirs;
    bool listed = false, passed = false;

    if (arc_project_open(project, NULL) || arc_project_load_event(project, NULL))
        return true;

    const char *branch = arc_event_branch(&project->event, ours.hex);
    arc_git_allow_fetching(project->git, FETCH_DEPTH);
    if (branch && arc_git_fetch(project->git, branch, &ours, 1, &tip, NULL))
        tip = theirs;

    return arc_git_find_ancestors(project->git, &tip, &theirs, 1, &listed, NULL) ||
           arc_git_find_ancestors(project->git, &theirs, &ours, 1, &passed, NULL) ||
           (listed && passed);
}

/* Whether the tag's current image was built from a later commit of the branch, since an older
 * run may end last or be repeated. Runs git only if the commits' times suggest it, and once per
 * commit. */
static bool later_has_it(struct promotion *promotion, const struct arc_manifest *now)
{
    const struct arc_plan *plan = promotion->options->plan;
    const char *revision = arc_annotation(now->document, "org.opencontainers.image.revision");
    const char *created = arc_annotation(now->document, "org.opencontainers.image.created");
    int64_t before, after;

    if (plan->tag || !promotion->options->project || !arc_event_is_sha(plan->revision) ||
        !arc_event_is_sha(revision) || !arc_time_parse(plan->created, &before) ||
        !arc_time_parse(created, &after) || before >= after)
        return false;

    if (!promotion->asked || strcmp(promotion->asked, revision) != 0) {
        promotion->later = is_later(promotion, revision);
        promotion->asked = arc_arena_text(&promotion->memory, revision);
    }

    return promotion->later;
}

static int look_up(struct promotion *promotion, struct move *move, struct arc_error *err)
{
    const struct arc_promote_options *options = promotion->options;
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    int rc =
        arc_registry_manifest(promotion->registry, move->image, move->tag, &move->before, &problem);

    if (rc == ARC_ENOTFOUND)
        return ARC_OK;
    ARC_TRY(arc_error_pass(rc, &problem, err));

    move->there = strcmp(move->before.digest, move->index->digest) == 0;
    if (move->there || options->force)
        return ARC_OK;

    if (move->kind == ARC_TAG_VERSION)
        return arc_error_set(
            err, ARC_EFAILED,
            "%s:%s exists and is %s, not %s; a version's tag is never rewritten without --force: "
            "release what was built now as a new version, or run the failed jobs of the first run "
            "again",
            move->image, move->tag, move->before.digest, move->index->digest);

    /* The image under a train's tag has its own group's version, which does not matter here. */
    if (move->kind == ARC_TAG_FLOATING && !arc_plan_is_train(options->plan) &&
        higher_has_it(options->plan, move))
        move->held = "a higher version's";
    else if (goes_on(move->kind) && later_has_it(promotion, &move->before))
        move->held = "a later commit's";

    return ARC_OK;
}

/* Adds the tags to move: the floating ones, or the others. */
static int add_moves(struct promotion *promotion, bool floating, struct arc_error *err)
{
    const struct arc_plan *plan = promotion->options->plan;
    size_t at = 0;

    arc_each (service, plan->services, plan->service_count) {
        if (!service->selected)
            continue;
        arc_each (tag, service->tags, service->tag_count) {
            const char *name = arc_or(tag->ref, tag->tag);
            if (tag->move && goes_on(tag->kind) == floating)
                ARC_APPEND(&promotion->memory, promotion->moves, promotion->move_count, err,
                           (struct move){.codename = service->service,
                                         .image = arc_planned_image(service, tag),
                                         .tag = tag->tag,
                                         .name = name,
                                         .kind = tag->kind,
                                         .prereleases = tag->prereleases,
                                         .built = &promotion->ledger->services[at],
                                         .index = &promotion->indexes[at]});
        }
        at++;
    }

    return ARC_OK;
}

/* Looks up the tags from..to in parallel. *at: the one that failed. */
static int look_up_between(struct promotion *promotion, size_t from, size_t to, size_t *at,
                           struct arc_error *err)
{
    struct arc_registry_item *items = arc_arena_array(&promotion->memory, to - from, sizeof *items);
    *at = from;
    ARC_TRY_ALLOC(items, err);

    for (size_t i = from; i < to; i++)
        items[i - from] = (struct arc_registry_item){
            ARC_REGISTRY_MANIFEST, promotion->moves[i].image, promotion->moves[i].tag};

    int rc = arc_registry_read_ahead(promotion->registry, items, to - from, err);
    for (; !rc && *at < to; *at += !rc)
        rc = look_up(promotion, &promotion->moves[*at], err);

    return rc;
}

/* ---- moving -------------------------------------------------------------------------------- */

/* A new tag is removed, unless the registry would remove its image, and its other tags, too. */
static int put_back(struct promotion *promotion, const struct move *move)
{
    struct arc_registry *registry = promotion->registry;
    if (move->before.media_type)
        return arc_registry_put(registry, move->image, move->tag, &move->before, NULL);
    if (!arc_text_same(promotion->probed, move->image))
        ARC_TRY(arc_registry_probe_untag(registry, move->image, &promotion->alone, NULL));
    promotion->probed = move->image;
    return promotion->alone ? arc_registry_remove(registry, move->image, move->tag, NULL)
                            : ARC_EFAILED;
}

/* Whether this run moved a tag, perhaps although the registry did not confirm it, since the answer
 * may have been lost; and no other run moved it on. */
static bool is_ours(struct promotion *promotion, const struct move *move)
{
    char now[ARC_DIGEST_LEN + 1] = "";
    bool known = !arc_registry_resolve(promotion->registry, move->image, move->tag, now, NULL);
    bool there = known && strcmp(now, move->index->digest) == 0;
    bool other = known && !there && strcmp(now, move->before.digest) != 0;

    return there || (move->moved && !other);
}

/* Puts back the tags that moved before `stuck` failed, last one first. */
static int undo(struct promotion *promotion, const struct move *stuck, struct arc_error *cause,
                struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf left = {.max = 16384};
    size_t count = 0;

    for (size_t i = promotion->move_count; i-- > 0;) {
        const struct move *move = &promotion->moves[i];
        if (!move->tried || !is_ours(promotion, move))
            continue;
        if (put_back(promotion, move) == ARC_OK)
            count++;
        else
            arc_text_item(&left, ",", " %s:%s", move->image, move->tag);
    }

    int code = cause->code == ARC_ENOMEM ? ARC_ENOMEM : ARC_EFAILED;
    const char *back = count == 1 ? "tag was" : "tags were";
    const char *rest = left.len ? "; NOT put back, they point to the new image:" : "";
    return arc_error_set(err, code, "cannot move %s:%s: %s; %zu %s put back%s%s", stuck->image,
                         stuck->tag, arc_error_text(cause), count, back, rest, arc_buf_text(&left));
}

/* Sends the moves from..to in parallel, then completes each: one that was not confirmed is sent
 * again by itself. */
static int move_between(struct promotion *promotion, size_t from, size_t to, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error cause = {0};
    struct arc_registry_put *puts = arc_arena_array(&promotion->memory, to - from, sizeof *puts);
    size_t count = 0;

    if (from == to)
        return ARC_OK;
    if (!puts) {
        arc_error_nomem(&cause);
        return undo(promotion, &promotion->moves[from], &cause, err);
    }

    for (size_t i = from; i < to; i++) {
        struct move *move = &promotion->moves[i];
        move->tried = !move->there && !move->held;
        if (move->tried)
            puts[count++] = (struct arc_registry_put){move->image, move->tag, move->index, false};
    }

    int rc = arc_registry_put_all(promotion->registry, puts, count, &cause);
    count = 0;
    for (size_t i = from; i < to; i++)
        promotion->moves[i].moved = promotion->moves[i].tried && puts[count++].done;
    if (rc)
        return undo(promotion, &promotion->moves[from], &cause, err);

    for (size_t i = from; i < to; i++) {
        struct move *move = &promotion->moves[i];
        if (move->tried && !move->moved &&
            arc_registry_put(promotion->registry, move->image, move->tag, move->index, &cause))
            return undo(promotion, move, &cause, err);
        move->moved = move->tried;
        if (move->tried)
            tell(promotion, move, "moved");
        else if (move->there)
            tell(promotion, move, "already points there");
        else
            arc_build_tell(&promotion->options->listener, move->codename, "%s:%s stays: it is %s",
                           move->image, move->tag, move->held);
    }

    return ARC_OK;
}

/* ---- what belongs together ------------------------------------------------------------------- */

/* Checks that the release's tag still points to the plan's commit: it may have been moved or
 * deleted during the build, and nothing from another commit may become public under its name. */
static int check_tag(const struct promotion *promotion, struct arc_error *err)
{
    const struct arc_promote_options *options = promotion->options;
    const char *tag = options->plan->tag, *revision = options->plan->revision;
    ARC_AUTO(arc_error) struct arc_error why = {0};
    struct arc_oid commit;

    if (!tag || !options->project)
        return ARC_OK;

    int rc = arc_project_open(options->project, &why);
    if (rc == ARC_ENOTFOUND) {
        arc_build_tell(&promotion->options->listener, "",
                       "warning: this is not a clone, so whether the release's tag has moved was "
                       "not checked");
        return ARC_OK;
    }

    if (!rc)
        rc = arc_git_ask_tag(options->project->git, tag, &commit, &why);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EFAILED,
                             "nothing was moved: the tag %s is gone (%s); push it again (git "
                             "push origin %s) if you still want this release",
                             tag, arc_error_text(&why), tag);

    if (rc)
        return arc_error_set(err, ARC_EWORLD,
                             "nothing was moved, since it is unknown whether the tag %s still "
                             "points to commit %.12s: %s; run it again",
                             tag, revision, arc_error_text(&why));

    if (strcmp(commit.hex, revision) == 0)
        return ARC_OK;

    return arc_error_set(err, ARC_EFAILED,
                         "nothing was moved: the tag %s now points to commit %.12s, but %.12s "
                         "was built; use a new version for the new commit",
                         tag, commit.hex, revision);
}

/* Warns if not everybody can pull a public repository's images: new packages on GHCR are private,
 * and no API can change that. Never fails a promotion. */
static void look_as_the_public(const struct promotion *promotion)
{
    const struct arc_promote_options *options = promotion->options;
    struct arc_project *project = options->project;

    if (!project || arc_project_load_event(project, NULL) || !project->event.is_public)
        return;

    arc_each (move, promotion->moves, promotion->move_count) {
        ARC_AUTO(arc_error) struct arc_error why = {0};
        const struct move *earlier = promotion->moves;
        bool kept = false;

        while (earlier < move && (earlier->held || strcmp(earlier->image, move->image) != 0))
            earlier++;
        if (move->held || earlier < move) /* each image is checked once */
            continue;
        if (arc_registry_look_anonymously(options->env, options->clock, move->image, move->tag,
                                          &kept, &why))
            arc_build_tell(&options->listener, "",
                           "warning: it is unknown whether %s:%s can be pulled without a login: "
                           "%s",
                           move->image, move->tag, arc_error_text(&why));
        else if (kept)
            arc_build_tell(&options->listener, "",
                           "warning: %s:%s cannot be pulled without a login; if everybody should "
                           "be able to pull it, make the package public in its settings",
                           move->image, move->tag);
    }
}

static int promote_all(struct promotion *promotion, struct arc_error *err)
{
    const struct arc_promote_options *options = promotion->options;
    ARC_AUTO(arc_error) struct arc_error cause = {0};
    size_t at;

    ARC_TRY(arc_build_open_registry(options->env, options->clock, &options->listener,
                                    &promotion->registry, err));
    ARC_TRY(read_services(promotion, err));

    ARC_TRY(add_moves(promotion, false, err));
    size_t floating = promotion->move_count;
    ARC_TRY(add_moves(promotion, true, err));
    ARC_TRY(look_up_between(promotion, 0, floating, &at, err));
    ARC_TRY(check_tag(promotion, err));

    /* Floating tags come last and are looked up only then, to keep the time short in which another
     * release can come in between. */
    size_t count = promotion->move_count;
    ARC_TRY(move_between(promotion, 0, floating, err));
    if (look_up_between(promotion, floating, count, &at, &cause))
        return undo(promotion, &promotion->moves[at], &cause, err);
    ARC_TRY(move_between(promotion, floating, count, err));

    look_as_the_public(promotion);

    struct arc_ledger *ledger = promotion->ledger;
    arc_each (service, ledger->services, ledger->service_count)
        service->tags = NULL;

    arc_each (move, promotion->moves, promotion->move_count)
        if (!move->held)
            ARC_TRY(arc_texts_add(&ledger->memory, &move->built->tags, move->name, err));

    return ARC_OK;
}

int arc_promote(const struct arc_promote_options *options, struct arc_ledger *out,
                struct arc_error *err)
{
    ARC_AUTO(promotion) struct promotion promotion = {.options = options, .ledger = out};
    const struct arc_ledger *build = options->build;
    *out = (struct arc_ledger){0};

    if (!options->plan->push)
        return arc_error_set(err, ARC_EINPUT, "the plan pushes nothing, so no tag can move");

    if (build && build->dirty && !options->allow_dirty)
        return arc_error_set(err, ARC_EINPUT,
                             "build.json is from a work tree that differed from commit %.12s: "
                             "its tags, marked as dirty, are promoted only with --allow-dirty",
                             build->revision);

    if (build)
        ARC_TRY(arc_ledger_check_plan(build, options->plan, err));
    ARC_TRY(arc_ledger_begin(options->plan, out, err));
    return arc_or_free(arc_ledger, out, promote_all(&promotion, err));
}
