/* Going back to a released version: its images are verified, the floating tags moved, and GitHub
 * told. */
#include "steer/rollback.h"
#include "arcci/build.h"
#include "arcci/version.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/platform.h"
#include "build/verify.h"
#include "steer/released.h"
#include <string.h>

static void rollback_free(struct rollback *rollback)
{
    records_free(&rollback->records);
    free(rollback->lock);
    arc_registry_free(rollback->registry);
    json_decref(rollback->moves);
    json_decref(rollback->warnings);
    arc_ledger_free(&rollback->asset);
    arc_plan_free(&rollback->plan);
    arc_tag_free(&rollback->tag);
    arc_arena_free(&rollback->memory);
}

/* ---- which versions ------------------------------------------------------------------------ */

/* A tag of the group, given as "1.2.2" or whole. */
static int parse_given(struct rollback *rollback, const char *text, struct arc_tag *out,
                       struct arc_error *err)
{
    const json_t *tags = rollback->project->repository.tags;
    const char *name = arc_tag_name_version(rollback->group, text, &rollback->memory);

    ARC_TRY(arc_arena_check(&rollback->memory, err));
    if (!name || (!arc_json_lists(tags, name) && arc_json_lists(tags, text)))
        name = text;
    if (!arc_json_lists(tags, name))
        return arc_error_set(err, ARC_EINPUT, "there is no tag '%.200s' of %s", name,
                             rollback->group->name);

    return arc_tag_parse(name, rollback->group, out, err);
}

/* Takes a release back, once. */
static int take_back(struct rollback *rollback, const struct arc_tag *tag, struct arc_error *err)
{
    struct taken_back *taken = arc_arena_append(&rollback->memory, &rollback->taken,
                                                &rollback->taken_count, sizeof *taken);
    ARC_TRY_ALLOC(taken, err);
    taken->tag = arc_arena_text(&rollback->memory, tag->text);
    return arc_arena_check(&rollback->memory, err);
}

static bool is_above(const struct rollback *rollback, const struct arc_tag *tag)
{
    return tag->service == rollback->tag.service &&
           arc_release_version_compare(&tag->version, &rollback->tag.version) > 0;
}

static int take_given(struct rollback *rollback, struct arc_error *err)
{
    for (char *const *given = rollback->options->from; *given; given++) {
        ARC_AUTO(arc_tag) struct arc_tag tag = {0};
        ARC_TRY(parse_given(rollback, *given, &tag, err));
        if (!is_above(rollback, &tag))
            return arc_error_set(err, ARC_EINPUT,
                                 "%s is not above %s: from there is no way back to it", tag.text,
                                 rollback->tag.text);
        ARC_TRY(take_back(rollback, &tag, err));
    }

    return ARC_OK;
}

/* Every stable version above, but those that were withdrawn before. */
static int take_higher(struct rollback *rollback, struct arc_error *err)
{
    const struct arc_repository *repository = &rollback->project->repository;

    arc_json_each (name, repository->tags) {
        ARC_AUTO(arc_tag) struct arc_tag tag = {0};
        if (arc_tag_parse(json_string_value(name), rollback->group, &tag, NULL) ||
            tag.version.prerelease || !is_above(rollback, &tag) ||
            arc_json_lists(repository->withdrawn, tag.text))
            continue;
        ARC_TRY(take_back(rollback, &tag, err));
    }

    return ARC_OK;
}

/* ---- the plan ------------------------------------------------------------------------------ */

/* All tags but those of releases that are taken back, now or earlier. */
static json_t *remaining_tags(const struct rollback *rollback)
{
    const struct arc_repository *repository = &rollback->project->repository;
    json_t *left = json_array();

    arc_json_each (name, repository->tags) {
        bool gone = arc_json_lists(repository->withdrawn, json_string_value(name));
        for (size_t k = 0; !gone && k < rollback->taken_count; k++)
            gone = strcmp(rollback->taken[k].tag, json_string_value(name)) == 0;
        if (!gone)
            arc_json_push(&left, json_incref(name));
    }

    return left;
}

static bool goes_back(const struct arc_planned_tag *tag)
{
    return tag->move && (tag->kind == ARC_TAG_FLOATING || tag->kind == ARC_TAG_MOVING);
}

static int no_image(const struct rollback *rollback, const struct arc_planned_service *service,
                    const char *where, struct arc_error *err)
{
    return arc_error_set(err, ARC_EFAILED,
                         "%s has no %s of %s. If the service is newer than that release, check out "
                         "%s first: the configuration is then the release's own",
                         where, service->service, rollback->tag.text, rollback->tag.text);
}

/* What was built is what the version's own tag names. */
static int check_expected(const struct rollback *rollback, const struct released_tag *tag,
                          struct arc_error *err)
{
    const struct arc_built_service *built =
        arc_ledger_service(rollback->ledger, tag->service->service);

    if (!*tag->expected)
        return no_image(rollback, tag->service, tag->service->image, err);
    if (rollback->ledger && (!built || !built->digest))
        return no_image(rollback, tag->service, "build.json", err);
    if (!built || strcmp(built->digest, tag->expected) == 0)
        return ARC_OK;

    return arc_error_set(err, ARC_EFAILED,
                         "%s of %s is %s now, the release built %s: it is not what was released",
                         tag->service->image, rollback->tag.text, tag->expected, built->digest);
}

/* Where the tags are now, and where they go. */
static int list_moves(struct rollback *rollback, struct arc_error *err)
{
    struct released_tag *tags;
    size_t count;

    ARC_TRY(released_look_up(rollback->registry, &rollback->plan, &rollback->memory, &tags, &count,
                             err));
    rollback->moves = json_array();
    ARC_TRY_ALLOC(rollback->moves, err);

    for (size_t i = 0; i < count; i++) {
        const struct released_tag *tag = &tags[i];
        ARC_TRY(check_expected(rollback, tag, err));
        if (!goes_back(tag->planned))
            continue;
        json_t *move = json_pack("{s:s, s:s, s:s, s:s?, s:s, s:b}", "service",
                                 tag->service->service, "image", tag->image, "tag",
                                 tag->planned->tag, "from", *tag->digest ? tag->digest : NULL, "to",
                                 tag->expected, "moves", strcmp(tag->digest, tag->expected) != 0);
        ARC_TRY(arc_json_append(rollback->moves, move, err));
    }

    if (json_array_size(rollback->moves))
        return ARC_OK;

    return arc_error_set(err, ARC_EINPUT, "nothing goes back to %s: %s", rollback->tag.text,
                         rollback->plan.version->latest_reason);
}

/* The platforms that the version's index has: the configuration's may be others by now. */
static int read_platforms(struct rollback *rollback, struct arc_planned_service *service,
                          const char *reference, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest index = {0};

    ARC_TRY(arc_registry_manifest(rollback->registry, service->image, reference, &index, err));
    service->platforms = arc_arena_array(&rollback->memory, 1, sizeof *service->platforms);

    arc_json_each (item, json_object_get(index.document, "manifests")) {
        char platform[ARC_PLATFORM_SIZE];
        arc_platform_text(json_object_get(item, "platform"), platform);
        if (!arc_is_attestation(item))
            ARC_TRY(arc_texts_add(&rollback->memory, &service->platforms, platform, err));
    }

    return arc_arena_check(&rollback->memory, err);
}

/* Leaves of the plan what can be held against the release: its commit and its version, not titles
 * that may read otherwise today; and of the tags those that go back. */
static int reduce_service(struct rollback *rollback, struct arc_planned_service *service,
                          struct arc_error *err)
{
    struct arc_pair *kept = service->labels;

    for (struct arc_pair *label = service->labels; label->name; label++)
        if (strcmp(label->name, "org.opencontainers.image.revision") == 0 ||
            strcmp(label->name, "org.opencontainers.image.version") == 0)
            *kept++ = *label;
    *kept = (struct arc_pair){0};

    service->staging = NULL;

    for (size_t i = 0; i < service->tag_count; i++) {
        struct arc_planned_tag *tag = &service->tags[i];
        if (tag->kind == ARC_TAG_VERSION && tag->move && !tag->ref && !service->staging)
            service->staging = tag->tag;
        tag->move = goes_back(tag);
    }

    return read_platforms(rollback, service, service->staging, err);
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void on_event(void *context, const struct arc_build_event *event)
{
    const struct rollback *rollback = context;
    rollback_say(rollback, "%s", event->step);
}

static int load(struct rollback *rollback, struct arc_error *err)
{
    struct arc_project *project = rollback->project;
    ARC_TRY(arc_project_open(project, err));
    ARC_TRY(arc_project_load_config(project, err));
    ARC_TRY(released_find_group(&project->config, project->wanted.group, &rollback->group, err));
    ARC_TRY(arc_project_load_tags(project, err));

    if (!project->repository.tags)
        return arc_error_set(err, ARC_EWORLD, "the release tags are not known: %s",
                             project->repository.tags_unknown);

    ARC_TRY(withdraw_open(rollback, err));
    ARC_TRY(parse_given(rollback, rollback->options->version, &rollback->tag, err));

    if (rollback->tag.version.prerelease)
        return arc_error_set(err, ARC_EINPUT, "%s is a prerelease: no floating tag goes back to it",
                             rollback->tag.text);

    if (arc_json_lists(project->repository.withdrawn, rollback->tag.text))
        return arc_error_set(err, ARC_EINPUT,
                             "%s was withdrawn itself: its release says so in its first lines",
                             rollback->tag.text);

    ARC_TRY(rollback->options->from ? take_given(rollback, err) : take_higher(rollback, err));
    ARC_TRY(withdraw_look(rollback, err));

    return released_load(project, rollback->tag.text, rollback->lock, err);
}

int arc_rollback(struct arc_project *project, const struct arc_rollback_options *options,
                 json_t **out, struct arc_error *err)
{
    ARC_AUTO(rollback)
    struct rollback rollback = {.project = project, .options = options, .warnings = json_array()};
    ARC_AUTO(arc_ledger) struct arc_ledger done = {0};
    struct arc_plan *plan = &rollback.plan;

    ARC_TRY_ALLOC(rollback.warnings, err);
    ARC_TRY(load(&rollback, err));
    ARC_TRY(arc_registry_new(project->env, NULL, &rollback.registry, err));
    ARC_AUTO_JSON json_t *tags = remaining_tags(&rollback);
    ARC_TRY_ALLOC(tags, err);
    ARC_TRY(released_plan(project, rollback.group, rollback.tag.text, tags, plan, err));
    ARC_TRY(released_signing(project, options->identity, plan, err));
    ARC_TRY(list_moves(&rollback, err));

    for (size_t i = 0; i < plan->service_count; i++)
        if (plan->services[i].selected)
            ARC_TRY(reduce_service(&rollback, &plan->services[i], err));

    /* Verifies every image, and moves the tags; without a tag to move it verifies only. */
    for (size_t s = 0; options->dry_run && s < plan->service_count; s++)
        for (size_t t = 0; t < plan->services[s].tag_count; t++)
            plan->services[s].tags[t].move = false;
    const struct arc_promote_options moving = {.env = project->env,
                                               .root = project->repository.root,
                                               .plan = plan,
                                               .build = rollback.ledger,
                                               .force = true,
                                               .listener = {on_event, &rollback}};
    ARC_TRY(arc_promote(&moving, &done, err));
    if (!options->dry_run)
        ARC_TRY(withdraw_do(&rollback, err));

    *out =
        json_pack("{s:s, s:i, s:s, s:s, s:b, s:O, s:o, s:s?, s:b, s:O}", "document", "rollback",
                  "format", ARC_DOCUMENT_FORMAT, "group", rollback.group->name, "tag",
                  rollback.tag.text, "dry-run", rollback.options->dry_run, "moves", rollback.moves,
                  "releases", withdraw_describe(&rollback), "latest", rollback.latest,
                  "latest-moves", rollback.latest_moves, "warnings", rollback.warnings);
    return *out ? ARC_OK : arc_error_nomem(err);
}
