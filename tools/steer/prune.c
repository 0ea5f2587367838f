/* Removing what a registry need not have any more. */
#include "steer/prune.h"
#include "arcci/version.h"
#include "base/auto.h"
#include "base/json.h"
#include "git/fetch.h"
#include "github/github.h"
#include "github/options.h"
#include "plan/tags.h"
#include "project/repository.h"
#include <string.h>

/* A pruning under way. */
struct pruning {
    struct arc_project *project;
    const struct arc_prune_options *options;
    struct arc_registry *registry;
    struct arc_transport *github; /* NULL: not asked */
    json_t *open;                 /* owned: see struct prune_rules */
    json_t *images;               /* owned: what became of each */
    size_t removed, refused;
};

static void pruning_free(struct pruning *pruning)
{
    arc_registry_free(pruning->registry);
    if (pruning->github)
        arc_transport_free(pruning->github);
    json_decref(pruning->open);
    json_decref(pruning->images);
}

/* ---- releases under way -------------------------------------------------------------------- */

static int add_commit(struct pruning *pruning, const char *hex, struct arc_error *err)
{
    char digits[ARC_SHORT_SHA + 1];
    snprintf(digits, sizeof digits, "%.*s", ARC_SHORT_SHA, hex);
    if (arc_json_lists(pruning->open, digits))
        return ARC_OK;
    return json_array_append_new(pruning->open, json_string(digits)) ? arc_error_nomem(err)
                                                                     : ARC_OK;
}

/* Release tags without a published release: it is a draft, or its run is not through. */
static int add_tags(struct pruning *pruning, struct arc_error *err)
{
    struct arc_project *project = pruning->project;
    const struct arc_repository *repository = &project->repository;
    size_t i;
    json_t *name;
    json_array_foreach (repository->tags, i, name) {
        const char *text = json_string_value(name);
        struct arc_oid commit;
        bool ours = false;
        for (size_t g = 0; !ours && g < project->config.group_count; g++) {
            ARC_AUTO(arc_tag) struct arc_tag tag = {0};
            ours = arc_tag_parse(text, &project->config.groups[g], &tag, NULL) == ARC_OK;
        }
        if (!ours || arc_json_lists(repository->published, text) ||
            arc_json_lists(repository->withdrawn, text))
            continue;
        ARC_TRY(arc_git_tag_commit(project->git, text, &commit, err));
        ARC_TRY(add_commit(pruning, commit.hex, err));
    }
    return ARC_OK;
}

static int add_run(void *context, json_t *run, struct arc_error *err)
{
    return add_commit(context, arc_json_text_of(run, "head_sha"), err);
}

static int add_runs(struct pruning *pruning, const char *repository, struct arc_error *err)
{
    static const char *const states[] = {"in_progress", "queued", "waiting", "pending",
                                         "requested"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        ARC_AUTO(arc_buf) struct arc_buf path = {.max = 4096};
        arc_buf_printf(&path, "/repos/%s/actions/runs?status=%s&per_page=100", repository,
                       states[i]);
        ARC_TRY(arc_buf_check(&path, "the address", err));
        ARC_TRY(arc_transport_each(pruning->github, arc_buf_text(&path), "workflow_runs",
                                   "see which runs are under way", 0, add_run, pruning, err));
    }
    return ARC_OK;
}

static int find_open(struct pruning *pruning, struct arc_error *err)
{
    struct arc_project *project = pruning->project;
    struct arc_repository *repository = &project->repository;
    const struct arc_github_options options = {.env = project->env};
    const char *name = arc_env_nonempty(project->env, "GITHUB_REPOSITORY");
    pruning->open = json_array();
    if (!pruning->open)
        return arc_error_nomem(err);
    if (!name || !arc_github_token(project->env, NULL))
        return ARC_OK;
    if (!arc_repository_name_valid(name))
        return arc_error_set(err, ARC_EINPUT, "GITHUB_REPOSITORY '%.100s' is not owner/name", name);
    ARC_TRY(arc_transport_github(&options, &pruning->github, err));
    ARC_TRY(arc_project_load_tags(project, err));
    ARC_TRY(arc_repository_read_published(project->env, repository, err));
    if (!repository->tags || !repository->published)
        return arc_error_set(err, ARC_EWORLD, "which releases are under way is not known: %s",
                             repository->tags ? repository->published_unknown
                                              : repository->tags_unknown);
    ARC_TRY(add_tags(pruning, err));
    return add_runs(pruning, name, err);
}

/* ---- one image ----------------------------------------------------------------------------- */

/* Something that goes, or would. `reason`: why it is left after all; NULL: nothing is in its way. */
static int note(struct pruning *pruning, json_t *rows, const char *kind, const char *name,
                const struct prune_image *image, size_t node, const char *reason,
                struct arc_error *err)
{
    ARC_AUTO_JSON json_t *tags = json_array();
    for (size_t i = 0; i < image->tag_count; i++)
        if (image->tags[i].node == node && strcmp(kind, "tag") != 0 &&
            json_array_append_new(tags, json_string(image->tags[i].name)))
            return arc_error_nomem(err);
    const char *action = pruning->options->apply ? "removed" : "would be removed";
    pruning->removed += !reason;
    pruning->refused += reason != NULL;
    json_t *row = json_pack("{s:s, s:s, s:O, s:s, s:s?}", "kind", kind, "name", name, "tags", tags,
                            "action", reason ? "left" : action, "reason", reason);
    return json_array_append_new(rows, row) ? arc_error_nomem(err) : ARC_OK;
}

/* Removes one manifest; *gone: it is not there any more. The registry's no is a reason, not an end. */
static int remove_node(struct pruning *pruning, struct prune_image *image, size_t number,
                       struct arc_error *refused, struct arc_error *err)
{
    struct prune_node *node = &image->nodes[number];
    if (!pruning->options->apply)
        return ARC_OK;
    arc_error_clear(refused);
    int rc = image->versions
                 ? prune_delete_version(image, pruning->github, node, refused)
                 : arc_registry_remove(pruning->registry, image->name, node->digest, refused);
    if (rc == ARC_ENOTFOUND)
        arc_error_clear(refused);
    node->removed = !rc || rc == ARC_ENOTFOUND;
    if (node->removed || rc == ARC_EFAILED)
        return ARC_OK;
    return arc_error_set(err, rc, "%s", arc_error_text(refused));
}

static bool goes(const struct prune_image *image, const struct prune_node *node)
{
    return !node->kept && !node->missing && (!image->versions || node->version);
}

/* What is listed, and what is about another, first; then, the other way round, what a registry
 * refused as long as something led to it. */
static int remove_nodes(struct pruning *pruning, struct prune_image *image, json_t *rows,
                        struct arc_error *err)
{
    bool apply = pruning->options->apply;
    unsigned deepest = 0;
    for (size_t i = 0; i < image->node_count; i++)
        if (goes(image, &image->nodes[i]) && image->nodes[i].depth > deepest)
            deepest = image->nodes[i].depth;
    for (unsigned step = 0; step <= 2 * deepest + 1; step++) {
        bool second = step > deepest;
        unsigned depth = second ? 2 * deepest + 1 - step : step;
        for (size_t i = 0; i < image->node_count; i++) {
            ARC_AUTO(arc_error) struct arc_error refused = {0};
            struct prune_node *node = &image->nodes[i];
            if (!goes(image, node) || node->depth != depth || (second && node->removed))
                continue;
            if (apply || !second)
                ARC_TRY(remove_node(pruning, image, i, &refused, err));
            if (node->removed || second == apply)
                ARC_TRY(note(pruning, rows, image->versions ? "version" : "manifest", node->digest,
                             image, i, node->removed || !apply ? NULL : arc_error_text(&refused),
                             err));
        }
        if (!apply && step == deepest)
            break;
    }
    return ARC_OK;
}

/* Tags that may go, of images that stay: only where a registry removes a tag and nothing else. */
static int remove_tags(struct pruning *pruning, struct prune_image *image, json_t *rows,
                       struct arc_error *err)
{
    static const char stays[] = "the registry would remove the image with its tag, and other tags "
                                "need that";
    bool probed = false, alone = !image->versions;
    for (size_t i = 0; i < image->tag_count; i++) {
        const struct prune_tag *tag = &image->tags[i];
        ARC_AUTO(arc_error) struct arc_error refused = {0};
        const char *reason = NULL;
        if (tag->kept || !image->nodes[tag->node].kept)
            continue;
        if (pruning->options->apply && alone && !probed) {
            ARC_TRY(arc_registry_probe_untag(pruning->registry, image->name, &alone, err));
            probed = true;
        }
        if (!alone)
            reason = stays;
        else if (pruning->options->apply) {
            int rc = arc_registry_untag(pruning->registry, image->name, tag->name, &refused);
            if (rc && rc != ARC_ENOTFOUND && rc != ARC_EFAILED)
                return arc_error_set(err, rc, "%s", arc_error_text(&refused));
            reason = rc == ARC_EFAILED ? arc_error_text(&refused) : NULL;
        }
        ARC_TRY(note(pruning, rows, "tag", tag->name, image, tag->node, reason, err));
    }
    return ARC_OK;
}

static int list_kept(const struct prune_image *image, json_t *kept, struct arc_error *err)
{
    for (size_t i = 0; i < image->tag_count; i++) {
        const struct prune_tag *tag = &image->tags[i];
        if (!tag->kept || tag->kind == PRUNE_PUBLIC)
            continue;
        json_t *row = json_pack("{s:s, s:s}", "tag", tag->name, "reason", tag->kept);
        if (json_array_append_new(kept, row))
            return arc_error_nomem(err);
    }
    return ARC_OK;
}

/* Between the look and the removal nobody may have given one of these a name. */
static int check_unchanged(struct pruning *pruning, struct prune_image *image,
                           struct arc_error *err)
{
    bool same = true;
    if (pruning->options->apply)
        ARC_TRY(prune_unchanged(image, &same, err));
    if (same)
        return ARC_OK;
    return arc_error_set(
        err, ARC_EFAILED,
        "%s: its tags changed while they were read, and nothing of it was removed: "
        "run it again",
        image->name);
}

static int prune_one(struct pruning *pruning, const char *name, struct arc_error *err)
{
    const struct arc_prune_options *options = pruning->options;
    const struct prune_rules rules = {.before = pruning->project->env->now - options->older_than,
                                      .keep = options->keep,
                                      .open = pruning->open};
    ARC_AUTO(prune_image)
    struct prune_image image = {.registry = pruning->registry, .name = name, .rules = &rules};
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    ARC_AUTO_JSON json_t *rows = json_array(), *kept = json_array();
    if (!rows || !kept)
        return arc_error_nomem(err);
    if (prune_is_package(name) && !pruning->github)
        return arc_error_set(err, ARC_EINPUT,
                             "%s: what goes from ghcr.io goes by GitHub's API: set "
                             "GITHUB_REPOSITORY (owner/name) and GITHUB_TOKEN (packages: write)",
                             name);
    int rc = prune_read(&image, pruning->github, &problem);
    if (rc && rc != ARC_ENOTFOUND)
        return arc_error_set(err, rc, "%s", arc_error_text(&problem));
    if (!rc) {
        ARC_TRY(prune_judge(&image, err));
        ARC_TRY(check_unchanged(pruning, &image, err));
        ARC_TRY(remove_nodes(pruning, &image, rows, err));
        ARC_TRY(remove_tags(pruning, &image, rows, err));
        ARC_TRY(list_kept(&image, kept, err));
    }
    json_t *row = json_pack("{s:s, s:b, s:O, s:O}", "image", name, "there", rc == ARC_OK,
                            "removals", rows, "kept", kept);
    return json_array_append_new(pruning->images, row) ? arc_error_nomem(err) : ARC_OK;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static bool is_wanted(const struct pruning *pruning, const struct arc_group *group)
{
    return !*pruning->options->groups || arc_texts_have(pruning->options->groups, group->name);
}

static int check_groups(const struct pruning *pruning, struct arc_error *err)
{
    for (char *const *name = pruning->options->groups; *name; name++)
        if (!arc_config_group(&pruning->project->config, *name))
            return arc_error_set(err, ARC_EINPUT, "there is no release group '%.100s' in %s", *name,
                                 pruning->project->config.path);
    return ARC_OK;
}

static int prune_all(struct pruning *pruning, struct arc_error *err)
{
    const struct arc_config *config = &pruning->project->config;
    ARC_AUTO_JSON json_t *done = json_object();
    for (size_t g = 0; done && g < config->group_count; g++)
        for (size_t s = 0; s < config->groups[g].service_count; s++)
            for (char **image = config->groups[g].services[s].images; *image; image++) {
                if (!is_wanted(pruning, &config->groups[g]) || json_object_get(done, *image))
                    continue;
                if (json_object_set_new(done, *image, json_true()))
                    return arc_error_nomem(err);
                ARC_TRY(prune_one(pruning, *image, err));
            }
    return done ? ARC_OK : arc_error_nomem(err);
}

int arc_prune(struct arc_project *project, const struct arc_prune_options *options, json_t **out,
              struct arc_error *err)
{
    ARC_AUTO(pruning) struct pruning pruning = {.project = project, .options = options};
    ARC_TRY(arc_project_open(project, err));
    ARC_TRY(arc_project_load_config(project, err));
    ARC_TRY(check_groups(&pruning, err));
    ARC_TRY(arc_registry_new(project->env, NULL, &pruning.registry, err));
    ARC_TRY(find_open(&pruning, err));
    pruning.images = json_array();
    if (!pruning.images)
        return arc_error_nomem(err);
    ARC_TRY(prune_all(&pruning, err));
    *out = json_pack("{s:s, s:i, s:b, s:b, s:i, s:i, s:O}", "document", "prune", "format",
                     ARC_DOCUMENT_FORMAT, "applied", options->apply, "releases-known",
                     pruning.github != NULL, "removed", (int)pruning.removed, "left",
                     (int)pruning.refused, "images", pruning.images);
    return *out ? ARC_OK : arc_error_nomem(err);
}
