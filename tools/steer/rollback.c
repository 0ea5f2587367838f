/* Goes back to a released version: verifies its images, moves the floating tags, and updates
 * GitHub. */
#include "arcci/build.h"
#include "arcci/steer.h"
#include "base/json.h"
#include "base/markdown.h"
#include "base/platform.h"
#include "base/text.h"
#include "base/warn.h"
#include "build/verify.h"
#include "git/fetch.h"
#include "project/documents.h"
#include "project/repository.h"
#include "project/train.h"
#include "steer/released.h"
#include <inttypes.h>

/* A release being withdrawn. */
struct taken_back {
    char *tag;
    const json_t *release; /* GitHub's release; NULL: none, or not asked */
    bool marked;           /* already marked as withdrawn */
    const char *body;      /* the text that marks it; NULL: it is left alone */
};

struct rollback {
    struct arc_project *project;
    const struct arc_rollback_options *options;
    const struct arc_group *group;
    struct arc_tag tag; /* the release to go back to */
    struct taken_back *taken;
    size_t taken_count;
    struct arc_arena memory;

    struct arc_registry *registry;
    struct arc_plan plan;
    struct arc_ledger asset;         /* the release's build.json */
    const struct arc_ledger *ledger; /* given by option, else `asset`; NULL: none */
    json_t *moves, *warnings;
    char *lock; /* its lock file's text; NULL: not a train, or unknown */

    struct records records;
    const json_t *release; /* of `tag` */
    char *latest;          /* tag of GitHub's latest release; or NULL */
    bool latest_moves;     /* a withdrawn release is "Latest" */
};

#define rollback_say(rollback, ...)                                                                \
    arc_tell((rollback)->options->progress, (rollback)->options->progress_context, __VA_ARGS__)

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

/* ---- looking ------------------------------------------------------------------------------- */

/* Reads the release's ledger: given by option, else its asset. */
static int read_ledger(struct rollback *rollback, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *build = NULL;

    if (rollback->ledger)
        return ARC_OK;
    ARC_TRY_PREFIX(records_find(&rollback->records, rollback->tag.text, "build.json", &build, err),
                   err, "without --build");
    if (!build)
        return ARC_OK;
    ARC_TRY_PREFIX(arc_ledger_read(build, &rollback->asset, err), err,
                   "build.json of the release %s", rollback->tag.text);
    rollback->ledger = &rollback->asset;

    return ARC_OK;
}

/* Reads a train's lock file: given by option, else its release's asset. */
static int read_lock(struct rollback *rollback, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *lock = NULL;
    ARC_AUTO_FREE char *name = arc_train_lock_name(rollback->group->name);

    if (!rollback->group->includes && !rollback->options->lock)
        return ARC_OK;
    ARC_TRY_ALLOC(name, err);
    if (rollback->options->lock) {
        ARC_TRY(arc_document_read(rollback->options->lock, &lock, err));
        ARC_TRY_PREFIX(arc_document_check(lock, "lock", err), err, "--lock");
    } else {
        ARC_TRY(records_find(&rollback->records, rollback->tag.text, name, &lock, err));
    }
    if (!lock)
        return ARC_OK;

    if (!arc_json_says(lock, "tag", rollback->tag.text))
        return arc_error_set(err, ARC_EINPUT, "the lock file is of '%.200s', not of %s",
                             arc_json_text_of(lock, "tag"), rollback->tag.text);
    rollback->lock = arc_json_dumps(lock, JSON_COMPACT);

    return arc_error_unless(rollback->lock, err);
}

/* GitHub's limit for a release's text, in characters. */
#define BODY_MAX 125000

/* The release's text as it will be: the notice, then the notes, cut at GitHub's limit. */
static int make_body(struct rollback *rollback, struct taken_back *taken, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf body = {0};
    const char *notes = arc_json_text_of(taken->release, "body");
    const char *reason = arc_or(rollback->options->reason, "");

    arc_buf_puts(&body, ARC_WITHDRAWN_MARK "\n> [!CAUTION]\n> **Withdrawn.** Use [");
    arc_markdown_text(&body, rollback->tag.text, strlen(rollback->tag.text));
    arc_buf_puts(&body, "](");
    const char *url = arc_json_text_of(rollback->release, "html_url");
    arc_markdown_url(&body, url, strlen(url));
    arc_buf_puts(&body, *reason ? ") instead. " : ") instead.");
    arc_markdown_text(&body, reason, strlen(reason));
    arc_buf_puts(&body, "\n\n");

    size_t len = strlen(notes), used = arc_text_utf16(arc_buf_text(&body), body.len);
    if (used > BODY_MAX)
        return arc_error_set(err, ARC_EINPUT,
                             "--reason is too long: a release's text has at most %d characters",
                             BODY_MAX);

    size_t room = BODY_MAX - used;
    if (arc_text_utf16(notes, len) > room)
        for (len = arc_text_cut(notes, len, room);
             len && (notes[len - 1] != '\n' || arc_text_utf16(notes, len) > room);)
            len--;

    arc_buf_add(&body, notes, len);
    taken->body = arc_arena_text(&rollback->memory, body.data);

    return arc_buf_check(&body, "the text of a withdrawn release", err);
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

    arc_each (taken, rollback->taken, rollback->taken_count) {
        ARC_TRY(records_release(&rollback->records, taken->tag, &taken->release, err));
        taken->marked = ARC_STARTS(arc_json_text_of(taken->release, "body"), ARC_WITHDRAWN_MARK);
        if (!taken->marked && rollback->options->withdraw == ARC_WITHDRAW_DRAFT &&
            arc_json_true_of(taken->release, "immutable"))
            return arc_error_set(err, ARC_EINPUT,
                                 "the release of %s is immutable, so GitHub makes no draft of it: "
                                 "--withdraw=prerelease",
                                 taken->tag);
        if (taken->release && !taken->marked && rollback->options->withdraw != ARC_WITHDRAW_NOTHING)
            ARC_TRY(make_body(rollback, taken, err));
    }

    ARC_AUTO_JSON json_t *latest = NULL;
    ARC_TRY(records_get(&rollback->records, ARC_GET("see whose release is the latest"), &latest,
                        err, "/repos/%s/releases/latest", rollback->records.repository));
    const char *tag = arc_json_text_of(latest, "tag_name");
    rollback->latest = *tag ? arc_arena_text(&rollback->memory, tag) : NULL;
    for (size_t i = 0; i < rollback->taken_count; i++)
        rollback->latest_moves |= strcmp(rollback->taken[i].tag, tag) == 0;

    return ARC_OK;
}

/* Reads the releases, and the target's ledger and lock file; warns if it has none. ARC_EFAILED if
 * it is not published. */
static int withdraw_look(struct rollback *rollback, struct arc_error *err)
{
    ARC_TRY(ask_releases(rollback, err));
    ARC_TRY(read_ledger(rollback, err));
    ARC_TRY(read_lock(rollback, err));

    /* Warns about what is trusted without a record. */
    const char *tag = rollback->tag.text;
    const char *why = rollback->records.github ? "its release has none" : "GitHub is not asked";
    if (rollback->group->includes && !rollback->lock)
        ARC_TRY(arc_warn(&rollback->warnings, err,
                         "no lock file shows what %s included (%s): using the release tags that "
                         "are its ancestors; or give --lock",
                         tag, why));
    if (rollback->ledger)
        return ARC_OK;

    return arc_warn(&rollback->warnings, err,
                    "no build.json shows what %s built (%s): using what its version's tags point "
                    "to now; or give --build",
                    tag, why);
}

/* ---- doing --------------------------------------------------------------------------------- */

static int patch(struct rollback *rollback, const json_t *release, const json_t *fields,
                 const char *why, struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    ARC_TRY_PREFIX(arc_transport_send(rollback->records.github, ARC_PATCH(fields, why), &reply, err,
                                      "/repos/%s/releases/%" PRIdMAX, rollback->records.repository,
                                      (intmax_t)arc_json_number_of(release, "id")),
                   err, "the images are rolled back, GitHub's releases are not; run it again");
    return ARC_OK;
}

/* Moves "Latest", then marks the releases, skipping what is already done. */
static int withdraw_do(struct rollback *rollback, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *fields = json_pack("{s:s}", "make_latest", "true");
    ARC_TRY_ALLOC(fields, err);

    if (rollback->latest_moves) {
        ARC_TRY(
            patch(rollback, rollback->release, fields, "make it the latest release again", err));
        rollback_say(rollback, "%s is GitHub's latest release again", rollback->tag.text);
    }

    arc_each (taken, rollback->taken, rollback->taken_count) {
        if (!taken->body)
            continue;

        /* A published release is unmarked explicitly; a draft cannot be "Latest". */
        bool draft = rollback->options->withdraw == ARC_WITHDRAW_DRAFT;
        ARC_AUTO_JSON json_t *mark =
            json_pack("{s:s, s:b, s:s}", "body", taken->body, draft ? "draft" : "prerelease", 1,
                      "make_latest", "false");
        if (draft) /* without it GitHub calls a draft untagged-… */
            arc_json_put(&mark, "tag_name", json_string(taken->tag));
        ARC_TRY(patch(rollback, taken->release, mark, "mark a release as withdrawn", err));
        rollback_say(rollback, "%s is marked as withdrawn", taken->tag);
    }

    return ARC_OK;
}

/* The releases for the document; a new reference, or NULL. */
static json_t *withdraw_describe(const struct rollback *rollback)
{
    json_t *list = json_array();

    arc_each (taken, rollback->taken, rollback->taken_count) {
        const char *url = json_string_value(json_object_get(taken->release, "html_url"));
        const char *action = "none";
        if (taken->marked)
            action = "unchanged";
        else if (taken->body)
            action = "withdrawn";
        arc_json_push(
            &list, json_pack("{s:s, s:s?, s:s}", "tag", taken->tag, "url", url, "action", action));
    }

    return list;
}

/* ---- which versions ------------------------------------------------------------------------ */

/* A tag of the group, given as "1.2.2" or whole. */
static int parse_given(struct rollback *rollback, const char *text, struct arc_tag *out,
                       struct arc_error *err)
{
    const json_t *tags = rollback->project->repository.tags;
    const char *name = arc_tag_name_version(rollback->group, text, &rollback->memory);

    ARC_TRY(arc_arena_check(&rollback->memory, err));
    const char *advice = name ? "" : ", whose tags name one service each: give the whole tag";
    if (!name || (!arc_json_lists(tags, name) && arc_json_lists(tags, text)))
        name = text;
    if (!arc_json_lists(tags, name))
        return arc_error_set(err, ARC_EINPUT, "there is no tag '%.200s' of %s%s", name,
                             rollback->group->name, advice);

    return arc_tag_parse(name, rollback->group, out, err);
}

/* Does nothing if the release is taken back already. */
static int take_back(struct rollback *rollback, const struct arc_tag *tag, struct arc_error *err)
{
    arc_each (taken, rollback->taken, rollback->taken_count)
        if (strcmp(taken->tag, tag->text) == 0)
            return ARC_OK;
    ARC_APPEND(&rollback->memory, rollback->taken, rollback->taken_count, err,
               (struct taken_back){.tag = arc_arena_text(&rollback->memory, tag->text)});
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
                                 "%s is not above %s, so it cannot be rolled back to it", tag.text,
                                 rollback->tag.text);
        ARC_TRY(take_back(rollback, &tag, err));
    }

    return ARC_OK;
}

/* Adds every higher stable version that is not withdrawn yet. A release that a person marked as a
 * prerelease counts as withdrawn; it is named if releases should be marked. */
static int take_higher(struct rollback *rollback, struct arc_error *err)
{
    const struct arc_repository *repository = &rollback->project->repository;

    arc_json_each (name, repository->tags) {
        ARC_AUTO(arc_tag) struct arc_tag tag = {0};
        if (arc_tag_parse(json_string_value(name), rollback->group, &tag, NULL) ||
            tag.version.prerelease || !is_above(rollback, &tag) ||
            arc_json_lists(repository->withdrawn, tag.text))
            continue;

        bool marked = arc_json_lists(repository->marked, tag.text);
        if (marked && rollback->options->withdraw != ARC_WITHDRAW_NOTHING)
            ARC_TRY(arc_warn(&rollback->warnings, err,
                             "%s is marked as a prerelease, so it is not withdrawn: name it with "
                             "--from to withdraw it",
                             tag.text));
        if (marked)
            continue;
        ARC_TRY(take_back(rollback, &tag, err));
    }

    return ARC_OK;
}

/* ---- the plan ------------------------------------------------------------------------------ */

/* Lists all tags except those of withdrawn releases, earlier or now. */
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

/* Checks that the version's own tag names what was built. */
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

/* Whether a name that any build or prerelease moves, such as `edge`, is another's than that of a
 * release that is taken back. A train's images name their own groups' commits. */
static bool is_anothers(const struct rollback *rollback, const struct released_tag *tag)
{
    bool ours = *tag->digest && !*tag->revision; /* unless somebody knows better */

    arc_each (taken, rollback->taken, rollback->taken_count) {
        struct arc_oid commit;
        ours |= !arc_git_tag_commit(rollback->project->git, taken->tag, &commit, NULL) &&
                strcmp(commit.hex, tag->revision) == 0;
    }

    bool shared = tag->planned->kind == ARC_TAG_MOVING || tag->planned->prereleases;
    return shared && !rollback->group->includes && !ours && strcmp(tag->digest, tag->expected) != 0;
}

/* Finds the floating tags' current and new targets. */
static int list_moves(struct rollback *rollback, struct arc_error *err)
{
    struct released_tag *tags;
    size_t count, left = 0;

    ARC_TRY(released_look_up(rollback->registry, &rollback->plan, &rollback->memory, &tags, &count,
                             err));
    rollback->moves = json_array();
    ARC_TRY_ALLOC(rollback->moves, err);

    arc_each (tag, tags, count) {
        ARC_TRY(check_expected(rollback, tag, err));
        if (!goes_back(tag->planned))
            continue;
        if (is_anothers(rollback, tag)) {
            left++;
            tag->planned->move = false;
            if (*tag->digest)
                ARC_TRY(arc_warn(&rollback->warnings, err,
                                 "%s:%s stays: it is not the image of a release that is taken back",
                                 tag->image, tag->planned->tag));
            continue;
        }
        json_t *move =
            json_pack("{s:s, s:s, s:s, s:s?, s:s, s:b}", "service", tag->service->service, "image",
                      tag->image, "tag", tag->planned->tag, "from", arc_text_or(tag->digest, NULL),
                      "to", tag->expected, "moves", strcmp(tag->digest, tag->expected) != 0);
        ARC_TRY(arc_json_append(rollback->moves, move, err));
    }

    if (json_array_size(rollback->moves) || left)
        return ARC_OK;

    return arc_error_set(err, ARC_EINPUT, "no tag moves back to %s: %s", rollback->tag.text,
                         rollback->plan.version->latest_reason);
}

static bool has_name(const struct arc_plan *plan, const char *name)
{
    arc_each (service, plan->services, plan->service_count)
        arc_each (tag, service->tags, service->tag_count)
            if (tag->move && strcmp(tag->tag, name) == 0)
                return true;
    return false;
}

/* Warns of the floating names of a release that is taken back, such as 1.3, which the one to go
 * back to does not have: they still lead to the former. */
static int warn_of_names(struct rollback *rollback, const char *tag, struct arc_error *err)
{
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    ARC_AUTO(arc_buf) struct arc_buf list = {0};
    char **names = NULL;
    int rc = released_plan(rollback->project, rollback->group, tag,
                           rollback->project->repository.tags, &plan, NULL);

    ARC_TRY(arc_error_memory(rc, err)); /* a configuration that went on may not fit the release */
    arc_each (service, plan.services, rc ? 0 : plan.service_count)
        arc_each (name, service->tags, service->tag_count)
            if (name->move && name->kind == ARC_TAG_FLOATING &&
                !has_name(&rollback->plan, name->tag) && !arc_texts_have(names, name->tag))
                ARC_TRY(arc_texts_add(&rollback->memory, &names, name->tag, err));
    for (size_t i = 0; i < arc_texts_count(names); i++)
        arc_text_item(&list, ", ", "%s", names[i]);
    ARC_TRY(arc_buf_check(&list, "the names of a release", err));
    if (!list.len)
        return ARC_OK;

    return arc_warn(&rollback->warnings, err, "%s: still of %s, since %s has no such name",
                    arc_buf_text(&list), tag, rollback->tag.text);
}

/* Takes the platforms from the version's index, since the configuration may have changed. */
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

/* Reduces the plan to what can be verified against the release: commit and version, not titles that
 * may have changed; and of the tags, those that move. */
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

    arc_each (tag, service->tags, service->tag_count) {
        if (tag->kind == ARC_TAG_VERSION && tag->move && !tag->ref && !service->staging)
            service->staging = tag->tag;
        tag->move = goes_back(tag) && !rollback->options->dry_run; /* else it is only verified */
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
    ARC_TRY(arc_project_read_config(project, err));
    ARC_TRY(released_find_group(&project->config, project->wanted.group, &rollback->group, err));
    ARC_TRY(arc_project_load_group(project, rollback->group, err));
    ARC_TRY(arc_project_load_tags(project, err));

    if (project->repository.tags_unknown)
        return arc_error_set(err, ARC_EWORLD, "the release tags are unknown: %s",
                             project->repository.tags_unknown);

    struct records *records = &rollback->records;
    rollback->ledger = rollback->options->build;
    ARC_TRY(released_open_github(project, &records->github, &records->repository, err));
    if (!records->github && rollback->options->withdraw != ARC_WITHDRAW_NOTHING)
        return arc_error_set(err, ARC_EWORLD,
                             "--withdraw marks releases at GitHub: set GITHUB_REPOSITORY "
                             "(owner/name) and GITHUB_TOKEN");

    ARC_TRY(parse_given(rollback, rollback->options->version, &rollback->tag, err));

    if (rollback->tag.version.prerelease)
        return arc_error_set(err, ARC_EINPUT,
                             "%s is a prerelease: no floating tag can move back "
                             "to it",
                             rollback->tag.text);

    if (arc_json_lists(project->repository.withdrawn, rollback->tag.text))
        return arc_error_set(err, ARC_EINPUT,
                             "%s was withdrawn itself: its release says so in its first lines",
                             rollback->tag.text);

    if (rollback->options->from)
        ARC_TRY(take_given(rollback, err));
    else
        ARC_TRY(take_higher(rollback, err));
    ARC_TRY(withdraw_look(rollback, err));

    /* The project of the release; of a train, by its lock file. */
    ARC_TRY(released_find_repository(project, rollback->tag.text, &project->repository, err));
    project->wanted.tag = rollback->tag.text;
    project->wanted.lock = rollback->lock;

    return arc_project_load(project, err);
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
    for (size_t i = 0; i < rollback.taken_count && !rollback.group->includes; i++)
        ARC_TRY(warn_of_names(&rollback, rollback.taken[i].tag, err));

    arc_each (service, plan->services, plan->service_count)
        if (service->selected)
            ARC_TRY(reduce_service(&rollback, service, err));

    /* Verifies every image and moves the tags, if any. */
    const struct arc_promote_options moving = {.env = project->env,
                                               .root = project->repository.root,
                                               .plan = plan,
                                               .build = rollback.ledger,
                                               .force = true,
                                               .listener = {on_event, &rollback}};
    ARC_TRY(arc_promote(&moving, &done, err));
    if (!options->dry_run)
        ARC_TRY(withdraw_do(&rollback, err));

    *out = json_pack("{s:s, s:i, s:s, s:s, s:b, s:O, s:o, s:s?, s:b, s:O}", "document", "rollback",
                     "format", ARC_DOCUMENT_FORMAT, "group", rollback.group->name, "tag",
                     rollback.tag.text, "dry-run", options->dry_run, "moves", rollback.moves,
                     "releases", withdraw_describe(&rollback), "latest", rollback.latest,
                     "latest-moves", rollback.latest_moves, "warnings", rollback.warnings);
    return arc_error_unless(*out, err);
}
