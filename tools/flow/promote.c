#include "arcci/build.h"
#include "arcci/plan.h"
#include "arcci/semver.h"
#include "base/auto.h"
#include "base/json.h"
#include "flow/build_verify.h"
#include <string.h>

/* One tag of one service. */
struct move {
    const char *codename;
    const char *image;
    const char *tag;
    const struct arc_manifest *index; /* where it is to point */
    struct arc_manifest before;       /* where it points; no digest when there was no such tag */
    bool there;                       /* points there already */
    bool held;                        /* stays where it is: a higher version has it */
};

/* All of it: what is promoted, and what was done so far. */
struct promotion {
    const struct arc_promote_options *options;
    struct arc_registry *registry;
    json_t *services;             /* entries of build.json */
    struct arc_manifest *indexes; /* of services[i] */
    struct move *moves;
    size_t index_count, move_count;
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

/* Reads a service's index and verifies it once more: what is promoted is what was seen. */
static int read_service(struct promotion *promotion, const json_t *service, struct arc_error *err)
{
    const struct arc_promote_options *options = promotion->options;
    json_t *entry = NULL;
    struct arc_verify verify = {.registry = promotion->registry,
                                .service = service,
                                .platforms = json_object_get(options->plan, "platforms")};
    int rc = reference_of(options, service, &verify.reference, err);
    if (!rc)
        rc = arc_verify_index(&verify, &promotion->indexes[promotion->index_count++], &entry, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EFAILED, "%s:%s is not in the registry: build %s first",
                             arc_json_text_of(service, "image"), verify.reference,
                             arc_json_text_of(service, "service"));
    if (rc)
        return rc;
    const json_t *built = built_entry(options->build, arc_json_text_of(service, "service"));
    if (built) { /* the ledger knows the durations too */
        json_decref(entry);
        entry = json_deep_copy(built);
    }
    return json_array_append_new(promotion->services, entry) ? arc_error_nomem(err) : ARC_OK;
}

static int read_services(struct promotion *promotion, struct arc_error *err)
{
    const json_t *services = json_object_get(promotion->options->plan, "services");
    promotion->indexes = calloc(json_array_size(services) + 1, sizeof *promotion->indexes);
    if (!promotion->indexes)
        return arc_error_nomem(err);
    int rc = ARC_OK;
    size_t i;
    json_t *service;
    json_array_foreach (services, i, service) {
        bool selected = json_is_true(json_object_get(service, "selected"));
        rc = rc || !selected ? rc : read_service(promotion, service, err);
    }
    return rc;
}

/* ---- what the tags are now ----------------------------------------------------------------- */

/* Whether a tag is this version's own: it holds the whole version, as an image tag writes it. */
static bool names_version(const json_t *plan, const char *tag)
{
    ARC_AUTO(arc_buf) struct arc_buf version = {.max = 512};
    for (const char *c = arc_json_text_of(json_object_get(plan, "version"), "version"); *c; c++)
        arc_buf_putc(&version, *c == '+' ? '-' : *c);
    return version.len && !version.failed && strstr(tag, arc_buf_text(&version));
}

/* Whether what has the tag now says that it is a higher stable version than ours: another release
 * came in between. */
static bool higher_has_it(const json_t *plan, const struct arc_manifest *now)
{
    const char *ours = arc_json_text_of(json_object_get(plan, "version"), "version");
    const char *theirs = arc_json_text_of(json_object_get(now->document, "annotations"),
                                          "org.opencontainers.image.version");
    struct arc_semver a, b;
    return *ours && arc_semver_parse(ours, strlen(ours), &a, NULL) == 0 &&
           arc_semver_parse(theirs, strlen(theirs), &b, NULL) == 0 &&
           !arc_semver_is_prerelease(&b) && arc_semver_compare(&b, &a) > 0;
}

static int look_up(struct promotion *promotion, struct move *move, struct arc_error *err)
{
    const struct arc_promote_options *options = promotion->options;
    struct arc_error missing = {0};
    int rc =
        arc_registry_manifest(promotion->registry, move->image, move->tag, &move->before, &missing);
    if (rc == ARC_ENOTFOUND) {
        arc_error_clear(&missing);
        return ARC_OK;
    }
    if (rc) {
        rc = arc_error_set(err, missing.code, "%s", arc_error_text(&missing));
        arc_error_clear(&missing);
        return rc;
    }
    move->there = strcmp(move->before.digest, move->index->digest) == 0;
    if (move->there || options->force)
        return ARC_OK;
    bool own = names_version(options->plan, move->tag);
    if (own)
        return arc_error_set(err, ARC_EFAILED,
                             "%s:%s exists and is %s, not %s; a version's tag is never rewritten "
                             "without --force",
                             move->image, move->tag, move->before.digest, move->index->digest);
    move->held = strncmp(move->tag, "sha-", 4) != 0 && higher_has_it(options->plan, &move->before);
    return ARC_OK;
}

static int add_moves(struct promotion *promotion, bool latest, struct arc_error *err)
{
    size_t i, k, at = 0;
    json_t *service, *tag;
    int rc = ARC_OK;
    json_array_foreach (json_object_get(promotion->options->plan, "services"), i, service) {
        if (!json_is_true(json_object_get(service, "selected")))
            continue;
        json_array_foreach (json_object_get(service, "tags"), k, tag) {
            bool moves = json_is_true(json_object_get(tag, "move"));
            if (rc || !moves || (strcmp(arc_json_text_of(tag, "tag"), "latest") == 0) != latest)
                continue;
            struct move *move = &promotion->moves[promotion->move_count++];
            *move = (struct move){.codename = arc_json_text_of(service, "service"),
                                  .image = arc_json_text_of(service, "image"),
                                  .tag = arc_json_text_of(tag, "tag"),
                                  .index = &promotion->indexes[at]};
            rc = look_up(promotion, move, err);
        }
        at++;
    }
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
    int rc = add_moves(promotion, false, err);
    return rc ? rc : add_moves(promotion, true, err);
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

/* Whether the tag that could not be moved moved after all: its answer may have been lost. */
static bool moved_after_all(struct promotion *promotion, const struct move *move)
{
    char now[ARC_DIGEST_LEN + 1] = "";
    struct arc_error problem = {0};
    int rc = arc_registry_resolve(promotion->registry, move->image, move->tag, now, &problem);
    arc_error_clear(&problem);
    return !rc && strcmp(now, move->index->digest) == 0;
}

static int undo(struct promotion *promotion, size_t failed, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf left = {.max = 16384};
    size_t count = 0;
    for (size_t i = failed + 1; i-- > 0;) {
        const struct move *move = &promotion->moves[i];
        if (move->there || move->held || (i == failed && !moved_after_all(promotion, move)))
            continue;
        if (put_back(promotion, move) == ARC_OK)
            count++;
        else
            arc_buf_printf(&left, "%s %s:%s", left.len ? "," : "", move->image, move->tag);
    }
    struct arc_error cause = *err;
    *err = (struct arc_error){0};
    const struct move *stuck = &promotion->moves[failed];
    int rc = arc_error_set(err, cause.code == ARC_ENOMEM ? ARC_ENOMEM : ARC_EFAILED,
                           "cannot move %s:%s: %s; %zu %s put back%s%s", stuck->image, stuck->tag,
                           arc_error_text(&cause), count, count == 1 ? "tag was" : "tags were",
                           left.len ? "; NOT put back, they point to the new image:" : "",
                           arc_buf_text(&left));
    arc_error_clear(&cause);
    return rc;
}

static int move_all(struct promotion *promotion, struct arc_error *err)
{
    struct arc_error own = {0};
    for (size_t i = 0; i < promotion->move_count; i++) {
        const struct move *move = &promotion->moves[i];
        if (move->there || move->held) {
            tell(promotion, move,
                 move->there ? "is there already" : "stays: it is a higher version's");
            continue;
        }
        int rc = arc_registry_put(promotion->registry, move->image, move->tag, move->index, &own);
        if (rc) {
            rc = undo(promotion, i, &own);
            arc_error_clear(err);
            if (err)
                *err = own;
            else
                arc_error_clear(&own);
            return rc;
        }
        tell(promotion, move, "moved");
    }
    return ARC_OK;
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
    if (!rc)
        rc = read_services(&promotion, err);
    if (!rc)
        rc = plan_moves(&promotion, err);
    if (!rc)
        rc = move_all(&promotion, err);
    if (!rc)
        rc = note_tags(&promotion, err);
    if (!rc) {
        *out = json_pack("{s:O, s:O, s:b, s:O}", "group", json_object_get(options->plan, "group"),
                         "revision", json_object_get(options->plan, "revision"), "pushed", true,
                         "services", promotion.services);
        rc = *out ? ARC_OK : arc_error_nomem(err);
    }
    promotion_free(&promotion);
    return rc;
}
