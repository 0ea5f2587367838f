#include "arcci/build.h"
#include "arcci/documents.h"
#include "arcci/plan.h"
#include "arcci/semver.h"
#include "base/auto.h"
#include "base/json.h"
#include "build/run.h"
#include "build/verify.h"
#include <string.h>

/* One tag of one service. */
struct move {
    const char *codename;
    const char *image;
    const char *tag;
    const char *kind;                 /* as plan.json says: version, commit, floating, moving */
    const struct arc_manifest *index; /* where it is to point */
    struct arc_manifest before;       /* where it points; no digest when there was no such tag */
    bool there;                       /* points there already */
    bool held;                        /* stays where it is: a higher version has it */
    bool tried;                       /* was sent to the registry */
    bool moved;                       /* and the registry said that it has it */
};

/* All of it: what is promoted, and what was done so far. */
struct promotion {
    const struct arc_promote_options *options;
    struct arc_registry *registry;
    json_t *services;             /* entries of build.json */
    struct arc_manifest *indexes; /* of services[i] */
    struct move *moves;           /* from `floating` on: those that others have had */
    size_t index_count, move_count, floating;
};

static void promotion_free(struct promotion *promotion)
{
    for (size_t i = 0; i < promotion->index_count; i++)
        arc_manifest_free(&promotion->indexes[i]);
    for (size_t i = 0; i < promotion->move_count; i++)
        arc_manifest_free(&promotion->moves[i].before);
    free(promotion->indexes);
    free(promotion->moves);
    json_decref(promotion->services);
    arc_registry_free(promotion->registry);
}

static void tell(const struct promotion *promotion, const struct move *move, const char *format)
{
    ARC_AUTO(arc_buf) struct arc_buf step = {.max = 1024};
    if (!promotion->options->on_event)
        return;
    arc_buf_printf(&step, "%s:%s %s", move->image, move->tag, format);
    struct arc_build_event event = {.service = move->codename,
                                    .platform = "",
                                    .step = arc_buf_text(&step),
                                    .state = ARC_STEP_DONE};
    promotion->options->on_event(promotion->options->context, &event);
}

/* ---- what is promoted ---------------------------------------------------------------------- */

static json_t *built_entry(const json_t *build, const char *codename)
{
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(build, "services"), i, entry)
        if (strcmp(arc_json_text_of(entry, "service"), codename) == 0)
            return entry;
    return NULL;
}

/* The digest that the ledger has, else the staging tag. */
static int reference_of(const struct arc_promote_options *options, const json_t *service,
                        const char **out, struct arc_error *err)
{
    const char *codename = arc_json_text_of(service, "service");
    const json_t *entry = built_entry(options->build, codename);
    *out =
        options->build ? arc_json_text_of(entry, "digest") : arc_json_text_of(service, "staging");
    if (**out)
        return ARC_OK;
    return arc_error_set(err, ARC_EFAILED,
                         "build.json has no pushed image of %s: build it before promoting",
                         codename);
}

/* Whether the ledger, which the gate read, has the same image for every platform as the index: what
 * is promoted is what was scanned. */
static int check_cells(const json_t *built, const json_t *entry, struct arc_error *err)
{
    size_t i, k;
    json_t *cell, *other;
    const json_t *cells = json_object_get(entry, "cells"), *known = json_object_get(built, "cells");
    json_array_foreach (cells, i, cell) {
        const char *digest = "no image";
        json_array_foreach (known, k, other)
            if (json_equal(json_object_get(cell, "platform"), json_object_get(other, "platform")))
                digest = arc_json_text_of(other, "digest");
        if (strcmp(digest, arc_json_text_of(cell, "digest")) != 0)
            return arc_error_set(err, ARC_EFAILED,
                                 "build.json has %.100s for %s of %s, the index %.100s: they do "
                                 "not belong together, and the gate has not seen what would be "
                                 "promoted",
                                 digest, arc_json_text_of(cell, "platform"),
                                 arc_json_text_of(entry, "service"),
                                 arc_json_text_of(cell, "digest"));
    }
    if (json_array_size(known) == json_array_size(cells))
        return ARC_OK;
    return arc_error_set(err, ARC_EFAILED,
                         "build.json has %zu images of %s, the index %zu: they do not belong "
                         "together",
                         json_array_size(known), arc_json_text_of(entry, "service"),
                         json_array_size(cells));
}

/* Verifies a service's index once more: what is promoted is what was seen. */
static int read_service(struct promotion *promotion, const struct arc_verify *verify,
                        struct arc_error *err)
{
    const json_t *service = verify->service;
    const char *codename = arc_json_text_of(service, "service");
    json_t *entry = NULL;
    int rc = arc_verify_index(verify, &promotion->indexes[promotion->index_count++], &entry, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EFAILED, "%s:%s is not in the registry: build %s first",
                             arc_json_text_of(service, "image"), verify->reference, codename);
    if (rc)
        return rc;
    const json_t *built = built_entry(promotion->options->build, codename);
    if (built) { /* the ledger knows the durations too */
        rc = check_cells(built, entry, err);
        json_decref(entry);
        if (rc)
            return rc;
        entry = json_deep_copy(built);
    }
    return json_array_append_new(promotion->services, entry) ? arc_error_nomem(err) : ARC_OK;
}

/* What is to be verified of every selected service. */
static int list_services(struct promotion *promotion, struct arc_verify *verifies, size_t *count,
                         struct arc_error *err)
{
    const struct arc_promote_options *options = promotion->options;
    size_t i;
    json_t *service;
    json_array_foreach (json_object_get(options->plan, "services"), i, service) {
        if (!json_is_true(json_object_get(service, "selected")))
            continue;
        struct arc_verify *verify = &verifies[(*count)++];
        *verify = (struct arc_verify){.registry = promotion->registry,
                                      .service = service,
                                      .platforms = json_object_get(options->plan, "platforms"),
                                      .details = !options->build};
        int rc = reference_of(options, service, &verify->reference, err);
        if (rc)
            return rc;
    }
    return ARC_OK;
}

static int read_services(struct promotion *promotion, struct arc_error *err)
{
    size_t room = json_array_size(json_object_get(promotion->options->plan, "services")) + 1;
    struct arc_verify *verifies = calloc(room, sizeof *verifies);
    size_t count = 0;
    promotion->indexes = calloc(room, sizeof *promotion->indexes);
    int rc = verifies && promotion->indexes ? list_services(promotion, verifies, &count, err)
                                            : arc_error_nomem(err);
    if (!rc)
        rc = arc_verify_ahead(verifies, count, err);
    for (size_t i = 0; !rc && i < count; i++)
        rc = read_service(promotion, &verifies[i], err);
    free(verifies);
    return rc;
}

/* ---- what the tags are now ----------------------------------------------------------------- */

static bool is_kind(const char *kind, const char *wanted)
{
    return strcmp(kind, wanted) == 0;
}

/* Tags that others have had before, and may have again. */
static bool goes_on(const char *kind)
{
    return is_kind(kind, "floating") || is_kind(kind, "moving");
}

/* Whether what has the tag now says that it is a higher version than ours, a stable one or, for a
 * prerelease, any: another release came in between. */
static bool higher_has_it(const json_t *plan, const struct arc_manifest *now)
{
    const char *ours = arc_json_text_of(json_object_get(plan, "version"), "version");
    const char *theirs = arc_json_text_of(json_object_get(now->document, "annotations"),
                                          "org.opencontainers.image.version");
    struct arc_semver a, b;
    return *ours && arc_semver_parse(ours, strlen(ours), &a, NULL) == 0 &&
           arc_semver_parse(theirs, strlen(theirs), &b, NULL) == 0 &&
           (arc_semver_is_prerelease(&a) || !arc_semver_is_prerelease(&b)) &&
           arc_semver_compare(&b, &a) > 0;
}

static int look_up(struct promotion *promotion, struct move *move, struct arc_error *err)
{
    const struct arc_promote_options *options = promotion->options;
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    int rc =
        arc_registry_manifest(promotion->registry, move->image, move->tag, &move->before, &problem);
    if (rc)
        return rc == ARC_ENOTFOUND ? ARC_OK
                                   : arc_error_set(err, rc, "%s", arc_error_text(&problem));
    move->there = strcmp(move->before.digest, move->index->digest) == 0;
    if (move->there || options->force)
        return ARC_OK;
    if (is_kind(move->kind, "version"))
        return arc_error_set(err, ARC_EFAILED,
                             "%s:%s exists and is %s, not %s; a version's tag is never rewritten "
                             "without --force",
                             move->image, move->tag, move->before.digest, move->index->digest);
    move->held = is_kind(move->kind, "floating") && higher_has_it(options->plan, &move->before);
    return ARC_OK;
}

/* Adds the tags that move: the floating ones, or the others. */
static void add_moves(struct promotion *promotion, bool floating)
{
    const json_t *plan = promotion->options->plan;
    size_t i, k, at = 0;
    json_t *service, *tag;
    json_array_foreach (json_object_get(plan, "services"), i, service) {
        if (!json_is_true(json_object_get(service, "selected")))
            continue;
        json_array_foreach (json_object_get(service, "tags"), k, tag) {
            const char *kind = arc_json_text_of(tag, "kind");
            if (!json_is_true(json_object_get(tag, "move")) || goes_on(kind) != floating)
                continue;
            promotion->moves[promotion->move_count++] =
                (struct move){.codename = arc_json_text_of(service, "service"),
                              .image = arc_json_text_of(service, "image"),
                              .tag = arc_json_text_of(tag, "tag"),
                              .kind = kind,
                              .index = &promotion->indexes[at]};
        }
        at++;
    }
}

/* Looks up the tags from..to, asked for side by side. *at: the one that could not be. */
static int look_up_between(struct promotion *promotion, size_t from, size_t to, size_t *at,
                           struct arc_error *err)
{
    struct arc_registry_item *items = calloc(to - from + 1, sizeof *items);
    *at = from;
    if (!items)
        return arc_error_nomem(err);
    for (size_t i = from; i < to; i++)
        items[i - from] = (struct arc_registry_item){
            ARC_REGISTRY_MANIFEST, promotion->moves[i].image, promotion->moves[i].tag};
    int rc = arc_registry_read_ahead(promotion->registry, items, to - from, err);
    for (; !rc && *at < to; *at += !rc)
        rc = look_up(promotion, &promotion->moves[*at], err);
    free(items);
    return rc;
}

static int plan_moves(struct promotion *promotion, struct arc_error *err)
{
    size_t i, count = 1;
    json_t *service;
    json_array_foreach (json_object_get(promotion->options->plan, "services"), i, service)
        count += json_array_size(json_object_get(service, "tags"));
    promotion->moves = calloc(count, sizeof *promotion->moves);
    if (!promotion->moves)
        return arc_error_nomem(err);
    add_moves(promotion, false);
    promotion->floating = promotion->move_count;
    add_moves(promotion, true);
    return look_up_between(promotion, 0, promotion->floating, &i, err);
}

/* ---- moving -------------------------------------------------------------------------------- */

/* Puts a tag back where it was. */
static int put_back(struct promotion *promotion, const struct move *move)
{
    struct arc_error problem = {0};
    int rc =
        move->before.media_type
            ? arc_registry_put(promotion->registry, move->image, move->tag, &move->before, &problem)
            : arc_registry_untag(promotion->registry, move->image, move->tag, &problem);
    arc_error_clear(&problem);
    return rc;
}

/* Whether a tag moved after all, though the registry did not say so: its answer may be lost. */
static bool moved_after_all(struct promotion *promotion, const struct move *move)
{
    char now[ARC_DIGEST_LEN + 1] = "";
    struct arc_error problem = {0};
    int rc = arc_registry_resolve(promotion->registry, move->image, move->tag, now, &problem);
    arc_error_clear(&problem);
    return !rc && strcmp(now, move->index->digest) == 0;
}

/* Puts back what moved before `stuck` could not, the last first. */
static int undo(struct promotion *promotion, const struct move *stuck, struct arc_error *cause,
                struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf left = {.max = 16384};
    size_t count = 0;
    for (size_t i = promotion->move_count; i-- > 0;) {
        const struct move *move = &promotion->moves[i];
        if (!move->tried || (!move->moved && !moved_after_all(promotion, move)))
            continue;
        if (put_back(promotion, move) == ARC_OK)
            count++;
        else
            arc_buf_printf(&left, "%s %s:%s", left.len ? "," : "", move->image, move->tag);
    }
    return arc_error_set(err, cause->code == ARC_ENOMEM ? ARC_ENOMEM : ARC_EFAILED,
                         "cannot move %s:%s: %s; %zu %s put back%s%s", stuck->image, stuck->tag,
                         arc_error_text(cause), count, count == 1 ? "tag was" : "tags were",
                         left.len ? "; NOT put back, they point to the new image:" : "",
                         arc_buf_text(&left));
}

/* Sends the moves from..to side by side. */
static int send_moves(struct promotion *promotion, size_t from, size_t to, struct arc_error *err)
{
    struct arc_registry_put *puts = calloc(to - from + 1, sizeof *puts);
    size_t count = 0;
    if (!puts)
        return arc_error_nomem(err);
    for (size_t i = from; i < to; i++) {
        struct move *move = &promotion->moves[i];
        move->tried = !move->there && !move->held;
        if (move->tried)
            puts[count++] = (struct arc_registry_put){move->image, move->tag, move->index, false};
    }
    int rc = arc_registry_put_all(promotion->registry, puts, count, err);
    count = 0;
    for (size_t i = from; i < to; i++)
        promotion->moves[i].moved = promotion->moves[i].tried && puts[count++].done;
    free(puts);
    return rc;
}

/* Makes sure of a move: what did not come through at once is sent again by itself. */
static int finish_move(struct promotion *promotion, struct move *move, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error cause = {0};
    if (!move->tried) {
        tell(promotion, move, move->there ? "is there already" : "stays: it is a higher version's");
        return ARC_OK;
    }
    if (!move->moved &&
        arc_registry_put(promotion->registry, move->image, move->tag, move->index, &cause))
        return undo(promotion, move, &cause, err);
    move->moved = true;
    tell(promotion, move, "moved");
    return ARC_OK;
}

static int move_between(struct promotion *promotion, size_t from, size_t to, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error cause = {0};
    int rc = ARC_OK;
    if (from < to && send_moves(promotion, from, to, &cause))
        return undo(promotion, &promotion->moves[from], &cause, err);
    for (size_t i = from; !rc && i < to; i++)
        rc = finish_move(promotion, &promotion->moves[i], err);
    return rc;
}

/* The floating tags come last, and are looked up only then: the shorter it is between the look and
 * the move, the less another release can come in between. */
static int move_all(struct promotion *promotion, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error cause = {0};
    size_t floating = promotion->floating, count = promotion->move_count, at;
    int rc = move_between(promotion, 0, floating, err);
    if (rc)
        return rc;
    if (look_up_between(promotion, floating, count, &at, &cause))
        return undo(promotion, &promotion->moves[at], &cause, err);
    return move_between(promotion, floating, count, err);
}

/* ---- the ledger ---------------------------------------------------------------------------- */

static int note_tags(struct promotion *promotion, struct arc_error *err)
{
    size_t i;
    json_t *entry;
    json_array_foreach (promotion->services, i, entry)
        if (json_object_set_new(entry, "tags", json_array()))
            return arc_error_nomem(err);
    for (size_t k = 0; k < promotion->move_count; k++) {
        const struct move *move = &promotion->moves[k];
        json_array_foreach (promotion->services, i, entry)
            if (!move->held && strcmp(arc_json_text_of(entry, "service"), move->codename) == 0 &&
                json_array_append_new(json_object_get(entry, "tags"), json_string(move->tag)))
                return arc_error_nomem(err);
    }
    return ARC_OK;
}

static int check_ledger(const struct arc_promote_options *options, struct arc_error *err)
{
    const char *planned = arc_json_text_of(options->plan, "revision");
    const char *built = options->build ? arc_json_text_of(options->build, "revision") : planned;
    if (!json_is_true(json_object_get(options->plan, "push")))
        return arc_error_set(err, ARC_EINPUT, "the plan pushes nothing, so no tag can move");
    if (*planned && strcmp(planned, built) == 0)
        return ARC_OK;
    return arc_error_set(err, ARC_EINPUT, "build.json is about commit %.12s, the plan about %.12s",
                         built, planned);
}

int arc_promote(const struct arc_promote_options *options, json_t **out, struct arc_error *err)
{
    struct promotion promotion = {.options = options, .services = json_array()};
    int rc = promotion.services ? arc_plan_check(options->plan, err) : arc_error_nomem(err);
    if (!rc)
        rc = check_ledger(options, err);
    if (!rc)
        rc = arc_registry_new(options->env, options->clock, &promotion.registry, err);
    struct arc_build_listener listener = {options->on_event, options->context};
    if (!rc)
        arc_registry_on_wait(promotion.registry, arc_build_tell_wait, &listener);
    if (!rc)
        rc = read_services(&promotion, err);
    if (!rc)
        rc = plan_moves(&promotion, err);
    if (!rc)
        rc = move_all(&promotion, err);
    if (!rc)
        rc = note_tags(&promotion, err);
    if (!rc) {
        *out = json_pack("{s:s, s:i, s:O, s:O, s:b, s:O}", "document", "build", "format",
                         ARC_DOCUMENT_FORMAT, "group", json_object_get(options->plan, "group"),
                         "revision", json_object_get(options->plan, "revision"), "pushed", true,
                         "services", promotion.services);
        rc = *out ? ARC_OK : arc_error_nomem(err);
    }
    promotion_free(&promotion);
    return rc;
}
