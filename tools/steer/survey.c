#include "steer/survey.h"
#include "base/json.h"
#include "base/text.h"
#include "changes/match.h"
#include "changes/services.h"
#include "git/fetch.h"
#include "git/history.h"
#include "git/message.h"
#include "project/repository.h"
#include "steer/released.h"

/* At most this many generations are fetched first in a shallow clone. */
#define FETCH_DEPTH 200

/* A service of this group, for a filter. */
struct owner {
    size_t filter, group, slot;
    const struct arc_service *service;
};

/* The state of a survey. Slot 2g is the last release of group g, 2g + 1 its last stable one; slots
 * of services with tags of their own follow. */
struct walk {
    struct arc_project *project;
    struct survey *out;
    struct arc_filters filters;
    struct arc_changes changes; /* the matcher writes here for each commit */
    struct arc_match match;
    struct arc_last_good *releases;
    struct owner *owners;
    size_t owner_count, slot_count;
    bool *asked;     /* per filter: whether its group lacks the commit */
    uint64_t *lacks; /* of the commit in `asked` */
    struct arc_error *err;
};

static void walk_free(struct walk *walk)
{
    for (size_t i = 0; walk->releases && i < walk->slot_count; i++)
        free(walk->releases[i].tag);
    free(walk->releases);
    arc_match_free(&walk->match);
    if (walk->changes.filters)
        arc_changes_free(&walk->changes);
    arc_filters_free(&walk->filters);
}

void survey_free(struct survey *survey)
{
    for (size_t g = 0; survey->groups && g < survey->group_count; g++) {
        json_decref(survey->groups[g].lock);
        arc_each (tag, survey->groups[g].tags, survey->groups[g].tag_count)
            arc_tag_free(tag);
    }
    arc_history_free(&survey->history);
    arc_arena_free(&survey->memory);
    *survey = (struct survey){0};
}

/* ---- one commit ---------------------------------------------------------------------------- */

static bool lacked(const uint64_t *lacks, size_t slot)
{
    return lacks[slot / 64] >> slot % 64 & 1;
}

/* For old commits only groups without a recent release matter: folders of others are not
 * entered. */
static void ask_lacking(struct walk *walk, const uint64_t *lacks)
{
    size_t words = (walk->slot_count + 63) / 64;
    if (memcmp(walk->lacks, lacks, words * sizeof *lacks) == 0)
        return;
    memcpy(walk->lacks, lacks, words * sizeof *lacks);
    memset(walk->asked, 0, walk->filters.count * sizeof *walk->asked);

    arc_each (owner, walk->owners, walk->owner_count)
        walk->asked[owner->filter] |= lacked(lacks, owner->slot) || lacked(lacks, owner->slot + 1);
    walk->asked[walk->filters.count - 1] = true; /* the configuration */

    arc_match_only(&walk->match, walk->asked);
}

static int note_touches(struct walk *walk, const uint64_t *lacks, struct arc_error *err)
{
    struct survey *out = walk->out;

    arc_each (owner, walk->owners, walk->owner_count) {
        struct survey_group *group = &out->groups[owner->group];
        bool last = lacked(lacks, owner->slot), stable = lacked(lacks, owner->slot + 1);
        bool by_file = owner->service && owner->service->version_file && !group->last;
        if (!walk->changes.results[owner->filter].matched || !(last || stable) || by_file)
            continue; /* what a push releases by its version in a file needs no tag */
        struct survey_touch *touch = group->count ? &group->touches[group->count - 1] : NULL;
        if (!touch || touch->commit != out->commit_count - 1)
            touch = arc_arena_append(&out->memory, &group->touches, &group->count, sizeof *touch);
        ARC_TRY_ALLOC(touch, err);
        touch->commit = out->commit_count - 1;
        touch->since_last |= last; /* its services may have releases of their own */
        touch->since_stable |= stable;
        ARC_APPEND(&out->memory, touch->services, touch->service_count, err,
                   arc_arena_text(&out->memory, walk->filters.items[owner->filter].name));
    }

    return ARC_OK;
}

static int on_commit(void *context, const struct arc_oid *oid, const uint64_t *lacks)
{
    struct walk *walk = context;
    struct survey *out = walk->out;
    ARC_AUTO(arc_git_commit) struct arc_git_commit commit = {0};
    bool any = false;

    ARC_TRY(arc_git_commit(walk->project->git, oid, &commit, walk->err));
    ask_lacking(walk, lacks);
    int rc = arc_services_commit(walk->project, &walk->match, &walk->project->config, &commit,
                                 false, &any, walk->err);
    out->complete &= !rc;
    if (rc || !any)
        return arc_error_except(ARC_ENOTFOUND, rc, walk->err);

    struct survey_commit *kept =
        arc_arena_append(&out->memory, &out->commits, &out->commit_count, sizeof *kept);
    ARC_TRY_ALLOC(kept, walk->err);
    *kept = (struct survey_commit){.oid = commit.oid,
                                   .subject = arc_arena_utf8(&out->memory, commit.subject),
                                   .time = commit.time,
                                   .merge = commit.parents > 1};
    arc_conventional_parse(&commit, &kept->says);
    const char *back = arc_message_takes_back(commit.subject, commit.body);
    kept->takes_back = back ? arc_arena_text(&out->memory, back) : NULL;

    return note_touches(walk, lacks, walk->err);
}

/* ---- all of them --------------------------------------------------------------------------- */

static int find_owners(struct walk *walk, struct arc_error *err)
{
    const struct arc_config *config = &walk->project->config;
    walk->slot_count = 2 * config->group_count;

    for (size_t i = 0; i < walk->filters.count; i++)
        for (size_t g = 0; g < config->group_count; g++)
            for (size_t s = 0; s < config->groups[g].service_count; s++) {
                const char *codename = config->groups[g].services[s].codename;
                if (strcmp(codename, walk->filters.items[i].name) != 0)
                    continue;
                struct owner owner = {i, g, 2 * g, &config->groups[g].services[s]};
                if (arc_tag_names_service(&config->groups[g])) {
                    owner.slot = walk->slot_count;
                    walk->slot_count += 2;
                }
                ARC_APPEND(&walk->out->memory, walk->owners, walk->owner_count, err, owner);
            }

    return ARC_OK;
}

/* Adds the folders of services that were moved or removed since a group's last stable release; not
 * for tags of single services. */
static int find_gone(struct walk *walk, struct arc_error *err)
{
    ARC_AUTO(arc_earlier_configs) struct arc_earlier_configs configs = {0};
    const struct arc_config *config = &walk->project->config;
    struct survey *out = walk->out;

    for (size_t g = 0; g < config->group_count; g++) {
        const struct arc_group *group = &config->groups[g];
        const struct arc_oid *base = &walk->releases[2 * g + 1].base;
        size_t first = walk->filters.count, count = 0;
        if (!*base->hex || arc_tag_names_service(group))
            continue;

        const char **there =
            arc_arena_array(&out->memory, 2 * group->service_count + 1, sizeof *there);
        ARC_TRY_ALLOC(there, err);
        arc_each (service, group->services, group->service_count) {
            if (service->directory)
                there[count++] = service->directory;
            if (service->file)
                there[count++] = service->file;
        }
        ARC_TRY(arc_services_add_gone(walk->project->git, &configs, base, &out->head, config->path,
                                      group->name, there, &walk->filters, err));

        for (size_t i = first; i < walk->filters.count; i++)
            ARC_APPEND(&out->memory, walk->owners, walk->owner_count, err,
                       ((struct owner){.filter = i, .group = g, .slot = 2 * g}));
    }

    return ARC_OK;
}

/* For a group without a release, its predecessor's tag counts as one: the survey starts there. */
static int find_predecessors(struct walk *walk, struct arc_error *err)
{
    arc_each (release, walk->releases, walk->slot_count) {
        const struct arc_group *group = release->group;
        struct survey_group *out = &walk->out->groups[group - walk->project->config.groups];
        if (release->tag || !group->predecessor)
            continue;
        int rc = arc_git_tag_commit(walk->project->git, group->predecessor, &release->base, NULL);
        ARC_TRY(arc_error_memory(rc, err));
        if (!rc && !out->stable)
            out->predecessor = group->predecessor;
    }

    return ARC_OK;
}

int survey_list_tags(struct survey *survey, struct survey_group *group, struct arc_error *err)
{
    size_t start = arc_tag_prefix(group->group); /* those of other groups mostly begin otherwise */

    arc_json_each (name, survey->project->repository.tags) {
        ARC_AUTO(arc_tag) struct arc_tag tag = {0};
        const char *text = json_string_value(name);
        if (strncmp(text, *group->group->tags, start) != 0)
            continue;
        int rc = arc_tag_parse(text, group->group, &tag, NULL);
        ARC_TRY(arc_error_memory(rc, err));
        if (!rc)
            ARC_APPEND(&survey->memory, group->tags, group->tag_count, err, arc_steal(&tag));
    }

    return ARC_OK;
}

/* Adds a stable release to a group's, once. */
static int add_release(struct walk *walk, struct survey_group *group,
                       const struct arc_last_good *last, struct arc_error *err)
{
    struct arc_arena *memory = &walk->out->memory;

    if (!last[1].tag || arc_find(group->releases, group->release_count, stable, last[1].tag))
        return ARC_OK;
    ARC_APPEND(memory, group->releases, group->release_count, err,
               (struct survey_release){arc_arena_text(memory, last[0].tag),
                                       arc_arena_text(memory, last[1].tag)});

    return arc_arena_check(memory, err);
}

static int list_releases(struct walk *walk, struct arc_error *err)
{
    struct survey *out = walk->out;

    arc_each (owner, walk->owners, walk->owner_count)
        if (owner->slot >= 2 * out->group_count)
            ARC_TRY(
                add_release(walk, &out->groups[owner->group], &walk->releases[owner->slot], err));

    for (size_t g = 0; g < out->group_count; g++)
        if (!out->groups[g].release_count)
            ARC_TRY(add_release(walk, &out->groups[g], &walk->releases[2 * g], err));

    return ARC_OK;
}

static int find_releases(struct walk *walk, struct arc_error *err)
{
    struct survey *out = walk->out;
    const struct arc_config *config = &walk->project->config;
    const struct arc_event local = {.name = (char[]){"local"}};
    const struct arc_base_request request = {.project = walk->project,
                                             .git = walk->project->git,
                                             .event = &local,
                                             .fetch_depth = FETCH_DEPTH};

    out->group_count = config->group_count;
    out->groups = arc_arena_array(&out->memory, config->group_count, sizeof *out->groups);
    walk->releases = calloc(walk->slot_count + 1, sizeof *walk->releases);
    ARC_TRY_ALLOC(out->groups && walk->releases, err);

    for (size_t i = 0; i < 2 * config->group_count; i++)
        walk->releases[i] =
            (struct arc_last_good){.group = &config->groups[i / 2], .stable = i % 2};

    arc_each (owner, walk->owners, walk->owner_count)
        for (size_t k = 0; owner->slot >= 2 * config->group_count && k < 2; k++)
            walk->releases[owner->slot + k] = (struct arc_last_good){
                .group = &config->groups[owner->group], .service = owner->service, .stable = k};

    /* The remote's tags or, if it does not answer, the clone's, which is enough for a survey. */
    struct arc_repository *repository = &walk->project->repository;
    ARC_TRY(arc_project_load_tags(walk->project, err));
    if (!repository->tags)
        ARC_TRY(arc_git_tags(walk->project->git, NULL, &repository->tags, err));
    ARC_TRY(arc_repository_read_published(walk->project->env, repository, err));
    ARC_TRY(
        arc_services_find_releases(&request, walk->releases, walk->slot_count, &out->head, err));

    for (size_t g = 0; g < config->group_count; g++) {
        struct survey_group *group = &out->groups[g];
        ARC_AUTO(arc_git_commit) struct arc_git_commit commit = {0};
        int rc = ARC_OK;
        group->group = &config->groups[g];
        ARC_TRY(arc_project_check_predecessor(walk->project, group->group, err));
        group->last = arc_arena_text(&out->memory, walk->releases[2 * g].tag);
        group->stable = arc_arena_text(&out->memory, walk->releases[2 * g + 1].tag);
        if (group->last)
            rc = arc_git_commit(walk->project->git, &walk->releases[2 * g].base, &commit, NULL);
        group->last_time = commit.time;
        ARC_TRY(arc_error_memory(rc, err));
    }

    ARC_TRY(list_releases(walk, err));

    return find_predecessors(walk, err);
}

static int list_merged(void *context, const char *hash, json_t *names, struct arc_error *err)
{
    const struct survey *survey = context;
    ARC_AUTO(arc_git_commit) struct arc_git_commit commit = {0};
    const struct arc_oid oid = arc_oid_of(hash);
    struct arc_git_log_range range = {.from = &commit.parent, .to = &commit.merged};

    ARC_TRY(arc_git_commit(survey->project->git, &oid, &commit, err));
    return commit.parents > 1 ? arc_git_log_names(survey->history, &range, names, err) : ARC_OK;
}

int survey_cancel_pairs(struct survey *survey, const struct survey_group *group,
                        struct arc_error *err)
{
    ARC_AUTO_FREE struct arc_message_commit *all = calloc(group->count + 1, sizeof *all);
    struct arc_message_reverts reverts = {
        .commits = all, .list_merged = list_merged, .context = survey};
    const struct arc_message_commit *next = all;

    ARC_TRY_ALLOC(all, err);
    arc_each (touch, group->touches, group->count) {
        const struct survey_commit *commit = &survey->commits[touch->commit];
        if (touch->since_stable)
            all[reverts.count++] = (struct arc_message_commit){.hash = commit->oid.hex,
                                                               .subject = commit->subject,
                                                               .pull = commit->says.pull,
                                                               .takes_back = commit->takes_back};
    }
    ARC_TRY(arc_message_cancel(&reverts, err));

    arc_each (touch, group->touches, group->count)
        touch->undone = touch->since_stable && next++->undone;

    return ARC_OK;
}

/* Finds HEAD, the tip of the default branch, and whether HEAD is on it: commits that were not pushed
 * are, and a branch that was cut from an older commit is not. */
static int find_default(struct arc_project *project, struct survey *out, struct arc_error *err)
{
    const struct arc_git *git = project->git;
    ARC_AUTO_FREE char *recorded = NULL, *current = NULL;

    ARC_TRY(arc_git_head(git, &out->head, &current, err));
    ARC_TRY(arc_git_remote_head(git, &recorded, err));
    ARC_TRY(arc_error_memory(arc_project_load_event(project, NULL), err));
    const char *told = arc_text_or(project->event.default_branch, arc_text_or(recorded, ""));
    const char *branches[] = {told, "main", "master"};
    for (size_t i = 0; i < ARC_COUNT(branches) && !*out->default_tip.hex; i++) {
        ARC_AUTO(arc_buf) struct arc_buf ref = {0};
        arc_buf_printf(&ref, "refs/remotes/%s/%s", git->remote, branches[i]);
        ARC_TRY(arc_buf_check(&ref, "the default branch's name", err));
        if (arc_git_resolve_ref(git, ref.data, &out->default_tip, NULL))
            out->default_tip = (struct arc_oid){0};
        else
            out->on_default = strcmp(out->default_tip.hex, out->head.hex) == 0 ||
                              strcmp(arc_or(current, ""), branches[i]) == 0;
    }

    return ARC_OK;
}

int survey_take(struct arc_project *project, struct survey *out, struct arc_error *err)
{
    ARC_AUTO(walk) struct walk walk = {.project = project, .out = out};
    *out = (struct survey){.project = project};
    ARC_TRY(arc_project_open(project, err));
    ARC_TRY(arc_project_load_config(project, err));
    ARC_TRY(find_default(project, out, err));
    ARC_TRY(arc_filters_find(project, NULL, &walk.filters, err));
    walk.changes.filters = &walk.filters;
    ARC_TRY(find_owners(&walk, err));
    ARC_TRY(find_releases(&walk, err));
    ARC_TRY(find_gone(&walk, err));
    const char *path = project->config.path;
    ARC_TRY(arc_filters_add_folder(&walk.filters, path, path, err));
    out->complete = !arc_git_is_shallow(project->git);

    struct arc_oid *bases = arc_arena_array(&out->memory, walk.slot_count, sizeof *bases);
    walk.asked = arc_arena_array(&out->memory, walk.filters.count + 1, sizeof *walk.asked);
    walk.lacks = arc_arena_array(&out->memory, walk.slot_count / 64 + 1, sizeof *walk.lacks);
    ARC_TRY_ALLOC(bases && walk.asked && walk.lacks, err);
    for (size_t i = 0; i < walk.slot_count; i++)
        bases[i] = walk.releases[i].base;
    ARC_TRY(arc_match_start(&walk.match, &walk.changes, ARC_QUANTIFIER_SOME_EXCLUDE, true, err));
    ARC_TRY(arc_history_new(project->git, &out->history, err));
    walk.err = err;
    ARC_TRY(
        arc_history_since(out->history, &out->head, bases, walk.slot_count, on_commit, &walk, err));

    arc_each (group, out->groups, out->group_count)
        ARC_TRY(survey_cancel_pairs(out, group, err));

    return arc_arena_check(&out->memory, err);
}

int survey_take_group(struct arc_project *project, bool prerelease, struct survey *out,
                      struct survey_group **group, struct arc_error *err)
{
    const char *name = project->wanted.group;

    ARC_TRY(survey_take(project, out, err));
    if (!name && out->group_count != 1)
        return arc_error_set(err, ARC_EINPUT, "%s has %zu release groups: name one",
                             project->config.path, out->group_count);

    const struct arc_group *found = out->groups[0].group;
    if (name)
        ARC_TRY(released_find_group(&project->config, name, &found, err));
    *group = &out->groups[found - project->config.groups];
    ARC_TRY(survey_list_tags(out, *group, err));

    return survey_find_rides(out, *group, prerelease, err);
}
