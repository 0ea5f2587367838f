/* Removes from registries what is no longer needed. */
#include "steer/prune.h"
#include "base/json.h"
#include "git/fetch.h"
#include "plan/tags.h"
#include "steer/released.h"

/* The state of a prune. */
struct pruning {
    struct arc_project *project;
    const struct arc_prune_options *options;
    struct arc_registry *registry;
    struct arc_transport *github; /* NULL: GitHub is not asked */
    json_t *seeds;                /* owned: what goes from the other images, for the last one */
    struct arc_arena memory;
    struct prune_rules rules;   /* its `pulls` and `open` are owned */
    struct prune_image *images; /* the one that holds all signatures comes last */
    size_t image_count;
    size_t removed, refused;
};

static void pruning_free(struct pruning *pruning)
{
    arc_each (image, pruning->images, pruning->image_count)
        prune_image_free(image);
    arc_registry_free(pruning->registry);
    if (pruning->github)
        arc_transport_free(pruning->github);
    json_decref(pruning->rules.open);
    json_decref(pruning->rules.pulls);
    json_decref(pruning->seeds);
    arc_arena_free(&pruning->memory);
}

/* ---- releases under way -------------------------------------------------------------------- */

static int add_commit(struct pruning *pruning, const char *hex, struct arc_error *err)
{
    char digits[ARC_SHORT_SHA + 1];
    snprintf(digits, sizeof digits, "%.*s", ARC_SHORT_SHA, hex);
    if (arc_json_lists(pruning->rules.open, digits))
        return ARC_OK;
    return arc_json_append(pruning->rules.open, json_string(digits), err);
}

/* Collects release tags without a published release: a draft, or a run in progress. */
static int add_tags(struct pruning *pruning, struct arc_error *err)
{
    struct arc_project *project = pruning->project;
    const struct arc_repository *repository = &project->repository;

    arc_json_each (name, repository->tags) {
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

static int add_pull(void *context, json_t *pull, struct arc_error *err)
{
    struct pruning *pruning = context;
    char number[32];
    snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, arc_json_number_of(pull, "number"));
    return arc_json_set(pruning->rules.pulls, number, json_true(), err);
}

/* Reads the open pull requests; all others are closed. */
static int find_pulls(struct pruning *pruning, const char *name, struct arc_error *err)
{
    if (!pruning->options->closed_pulls)
        return ARC_OK;
    if (!pruning->github)
        return arc_error_set(err, ARC_EWORLD,
                             "--closed-pulls asks GitHub which pull requests are closed: set "
                             "GITHUB_REPOSITORY (owner/name) and GITHUB_TOKEN (pull-requests: "
                             "read)");

    pruning->rules.pulls = json_object();
    ARC_TRY_ALLOC(pruning->rules.pulls, err);

    return arc_transport_each(pruning->github, NULL, "see which pull requests are open", 0,
                              add_pull, pruning, err, "/repos/%s/pulls?state=open&per_page=100",
                              name);
}

static int find_open(struct pruning *pruning, struct arc_error *err)
{
    struct arc_project *project = pruning->project;
    static const char *const states[] = {"in_progress", "queued", "waiting", "pending",
                                         "requested"};
    const char *name;

    pruning->rules.open = json_array();
    ARC_TRY_ALLOC(pruning->rules.open, err);
    ARC_TRY_PREFIX(released_open_github(project, &pruning->github, &name, err), err,
                   "which releases are under way is not known");
    ARC_TRY(find_pulls(pruning, name, err));
    if (!pruning->github)
        return ARC_OK;
    ARC_TRY(arc_project_load_tags(project, err));
    if (project->repository.tags_unknown)
        return arc_error_set(err, ARC_EWORLD, "it is unknown which releases are in progress: %s",
                             project->repository.tags_unknown);
    ARC_TRY(add_tags(pruning, err));

    arc_each_in (state, states)
        ARC_TRY(arc_transport_each(pruning->github, "workflow_runs", "see which runs are under way",
                                   0, add_run, pruning, err,
                                   "/repos/%s/actions/runs?status=%s&per_page=100", name, *state));

    return ARC_OK;
}

/* ---- removing ------------------------------------------------------------------------------ */

/* Records something that is, or would be, removed. `reason`: why it is kept after all; NULL:
 * nothing prevents it. */
static void note(struct pruning *pruning, struct prune_image *image, const char *kind,
                 const char *name, size_t node, const char *reason)
{
    json_t *tags = json_array();

    for (size_t i = 0; i < image->tag_count; i++)
        if (image->tags[i].node == node && strcmp(kind, "tag") != 0)
            arc_json_push(&tags, json_string(image->tags[i].name));

    const char *action = pruning->options->apply ? "removed" : "would be removed";
    pruning->removed += !reason;
    pruning->refused += reason != NULL;
    arc_json_push(&image->removals,
                  json_pack("{s:s, s:s, s:o, s:s, s:s?}", "kind", kind, "name", name, "tags", tags,
                            "action", reason ? "left" : action, "reason", reason));
}

/* Removes one manifest, if anything is to be removed. A registry's refusal becomes the reason why it
 * stays, not an error. */
static int remove_node(struct pruning *pruning, struct prune_image *image, struct prune_node *node,
                       struct arc_error *refused, const char **reason, struct arc_error *err)
{
    *reason = node->spared ? "an image that stays needs it" : NULL;
    if (*reason || !pruning->options->apply)
        return ARC_OK;

    int rc = image->versions
                 ? prune_delete_version(image, pruning->github, node, refused)
                 : arc_registry_remove(pruning->registry, image->name, node->digest, refused);
    rc = arc_error_except(ARC_ENOTFOUND, rc, refused);
    node->removed = !rc;
    if (rc && rc != ARC_EFAILED)
        return arc_error_pass(rc, refused, err);
    *reason = rc ? arc_error_text(refused) : NULL;

    return ARC_OK;
}

/* Marks what a manifest that cannot be removed lists, and what refers to it. */
static void spare(struct prune_image *image, size_t number)
{
    const struct prune_node *node = &image->nodes[number];

    for (size_t i = 0; i < node->child_count; i++)
        image->nodes[node->children[i]].spared = true;
    arc_each (other, image->nodes, image->node_count)
        other->spared |= other->subject == number;
    arc_each (tag, image->tags, image->tag_count)
        if (tag->about == number)
            image->nodes[tag->node].spared = true;
}

/* Removes children and referrers first; then, in reverse order, what a registry refused while
 * something referred to it. GitHub's versions go indexes first: it keeps those of more than 5,000
 * downloads, which without their images would be broken. */
static int remove_nodes(struct pruning *pruning, struct prune_image *image, struct arc_error *err)
{
    bool twice = pruning->options->apply && !image->versions;
    unsigned steps = (twice + 1U) * (image->deepest + 1);

    for (unsigned step = 0; step < steps; step++) {
        bool again = step > image->deepest, down = again || image->versions;
        unsigned depth = down ? steps - 1 - step : step;
        for (size_t i = 0; i < image->node_count; i++) {
            ARC_AUTO(arc_error) struct arc_error refused = {0};
            struct prune_node *node = &image->nodes[i];
            const char *reason;
            bool lacks = node->missing || (image->versions && !node->version);
            if (node->kept || lacks || node->depth != depth || node->removed)
                continue;
            ARC_TRY(remove_node(pruning, image, node, &refused, &reason, err));
            if (reason && image->versions)
                spare(image, i);
            if (!reason || !twice || again)
                note(pruning, image, image->versions ? "version" : "manifest", node->digest, i,
                     reason);
        }
    }

    return ARC_OK;
}

/* Removes tags whose manifests stay, but only if the registry removes nothing but the tag. */
static int remove_tags(struct pruning *pruning, struct prune_image *image, struct arc_error *err)
{
    static const char stays[] = "the registry would remove the image with its tag, but other "
                                "tags need it";
    bool probed = false, alone = !image->versions;

    arc_each (tag, image->tags, image->tag_count) {
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
            int rc = arc_registry_remove(pruning->registry, image->name, tag->name, &refused);
            if (rc && rc != ARC_ENOTFOUND && rc != ARC_EFAILED)
                return arc_error_pass(rc, &refused, err);
            reason = rc == ARC_EFAILED ? arc_error_text(&refused) : NULL;
        }
        note(pruning, image, "tag", tag->name, tag->node, reason);
    }

    return ARC_OK;
}

/* Whether the image failed; one that its registry does not have did not. */
static bool has_failed(const struct prune_image *image)
{
    return image->rc && image->rc != ARC_ENOTFOUND;
}

/* ---- what has signatures elsewhere ----------------------------------------------------------- */

static struct prune_image *find_image(const struct pruning *pruning, const char *name)
{
    arc_each (image, pruning->images, pruning->image_count)
        if (strcmp(image->name, name) == 0)
            return image;
    return NULL;
}

/* Adds the registries' errors for images that were not read. */
static int ask_others(struct pruning *pruning, const struct prune_image *image, const char *digest,
                      bool *stays, struct arc_error *err)
{
    const struct arc_config *config = &pruning->project->config;
    char found[ARC_DIGEST_LEN + 1];

    arc_each (group, config->groups, config->group_count)
        arc_each (service, group->services, group->service_count)
            for (char **name = service->images; *name && !*stays; name++) {
                const struct prune_image *known = find_image(pruning, *name);
                if (known && (known->judged || known == image))
                    continue;
                int rc = arc_registry_resolve(pruning->registry, *name, digest, found, err);
                ARC_TRY(arc_error_except(ARC_ENOTFOUND, rc, err));
                *stays = !rc;
            }

    return ARC_OK;
}

/* See struct prune_rules. In the image with all signatures, a signature is kept unless its subject
 * is removed in this run. */
static int stays_elsewhere(void *context, const struct prune_image *image, const char *digest,
                           bool *stays, struct arc_error *err)
{
    struct pruning *pruning = context;
    bool goes = false, unread = false;
    *stays = false;

    arc_each (other, pruning->images, pruning->image_count) {
        const struct prune_node *node = other->judged ? prune_find_node(other, digest) : NULL;
        goes = goes || (node && !node->kept);
        unread = unread || has_failed(other);
        *stays = *stays || (node && node->kept);
    }

    if (!image->signatures)
        return goes || *stays ? ARC_OK : ask_others(pruning, image, digest, stays, err);
    *stays = *stays || !goes || unread;

    return ARC_OK;
}

/* ---- one image ----------------------------------------------------------------------------- */

static int judge_image(struct pruning *pruning, struct prune_image *image, struct arc_error *err)
{
    /* Collects what goes from the other images and may have signatures in this one. */
    for (size_t i = 0; image->signatures && i < pruning->image_count; i++) {
        const struct prune_image *other = &pruning->images[i];
        for (size_t k = 0; other->judged && k < other->node_count; k++) {
            const struct prune_node *node = &other->nodes[k];
            bool stays = true;
            if (!node->missing)
                ARC_TRY(stays_elsewhere(pruning, image, node->digest, &stays, err));
            if (!stays)
                ARC_TRY(arc_json_append(pruning->seeds, json_string(node->digest), err));
        }
    }

    ARC_TRY(prune_read(image, pruning->github, err));
    return prune_judge(image, err);
}

static int clear_image(struct pruning *pruning, struct prune_image *image, struct arc_error *err)
{
    bool same = true;

    /* Nobody may have tagged one of these between the reading and the removal. */
    if (pruning->options->apply)
        ARC_TRY(prune_unchanged(image, &same, err));
    if (!same)
        return arc_error_set(err, ARC_EFAILED,
                             "%s: its tags changed while they were read, so nothing was removed: "
                             "run it again",
                             image->name);

    ARC_TRY(remove_nodes(pruning, image, err));
    ARC_TRY(remove_tags(pruning, image, err));

    arc_each (tag, image->tags, image->tag_count)
        if (tag->kept && tag->kind != PRUNE_PUBLIC)
            arc_json_push(&image->stay,
                          json_pack("{s:s, s:s}", "tag", tag->name, "reason", tag->kept));

    return ARC_OK;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static int add_image(struct pruning *pruning, const char *name, struct arc_error *err)
{
    if (find_image(pruning, name))
        return ARC_OK;
    if (prune_is_package(name) && !pruning->github)
        return arc_error_set(err, ARC_EWORLD,
                             "%s: versions on ghcr.io can only be deleted with GitHub's API: set "
                             "GITHUB_REPOSITORY (owner/name) and GITHUB_TOKEN (packages: write)",
                             name);

    ARC_APPEND(&pruning->memory, pruning->images, pruning->image_count, err,
               (struct prune_image){.registry = pruning->registry,
                                    .name = name,
                                    .rules = &pruning->rules,
                                    .removals = json_array(),
                                    .stay = json_array()});
    return ARC_OK;
}

/* Lists the images, and the one that holds all signatures (cosign's COSIGN_REPOSITORY). */
static int list_images(struct pruning *pruning, struct arc_error *err)
{
    const struct arc_config *config = &pruning->project->config;
    const char *last = arc_env_nonempty(pruning->project->env, "COSIGN_REPOSITORY");
    char *const *names = pruning->options->groups;
    bool configured = false, has_pulls = false;

    arc_each (group, config->groups, config->group_count)
        arc_each (service, group->services, group->service_count)
            for (char **image = service->images; *image; image++) {
                bool signatures = last && strcmp(*image, last) == 0;
                configured = configured || signatures;
                bool wanted = !*names || arc_texts_have(names, group->name);
                if (wanted && !signatures)
                    ARC_TRY(add_image(pruning, *image, err));

                /* The template of its pull requests' tags; several services may share an image. */
                struct prune_image *added = wanted ? find_image(pruning, *image) : NULL;
                if (added && pruning->rules.pulls)
                    ARC_TRY(arc_tag_pulls(group, service, *image, &pruning->memory, &added->pulls,
                                          err));
                has_pulls = has_pulls || (added && added->pulls);
            }

    if (pruning->rules.pulls && !has_pulls)
        return arc_error_set(err, ARC_EINPUT,
                             "--closed-pulls: no image here has names of pull requests, such as "
                             "'pr-{pr}' among its image-tags ({pr} beside two letters or more)");
    if (!last)
        return ARC_OK;
    ARC_TRY(add_image(pruning, last, err));
    struct prune_image *image = &pruning->images[pruning->image_count - 1];
    image->signatures = true;
    image->foreign = !configured;
    image->seeds = pruning->seeds;

    return ARC_OK;
}

/* Makes the images' rows; returns the code of the first failure. */
static json_t *describe_images(const struct pruning *pruning, int *failed)
{
    json_t *rows = json_array();
    *failed = ARC_OK;

    arc_each (image, pruning->images, pruning->image_count) {
        bool wrong = has_failed(image);
        arc_json_push(&rows, json_pack("{s:s, s:b, s:O, s:O, s:s?}", "image", image->name, "there",
                                       image->rc != ARC_ENOTFOUND, "removals", image->removals,
                                       "kept", image->stay, "problem",
                                       wrong ? arc_error_text(&image->problem) : NULL));
        if (wrong && !*failed)
            *failed = image->rc;
    }

    return rows;
}

int arc_prune(struct arc_project *project, const struct arc_prune_options *options, json_t **out,
              int *failed, struct arc_error *err)
{
    ARC_AUTO(pruning)
    struct pruning pruning = {.project = project,
                              .options = options,
                              .seeds = json_array(),
                              .rules = {.before = project->env->now - options->older_than,
                                        .keep = options->keep,
                                        .stays_elsewhere = stays_elsewhere,
                                        .context = &pruning}};
    const struct arc_group *group;

    ARC_TRY_ALLOC(pruning.seeds, err);
    ARC_TRY(arc_project_open(project, err));
    ARC_TRY(arc_project_load_config(project, err));
    for (char *const *name = options->groups; *name; name++)
        ARC_TRY(released_find_group(&project->config, *name, &group, err));
    ARC_TRY(arc_registry_new(project->env, NULL, &pruning.registry, err));
    ARC_TRY(find_open(&pruning, err));
    ARC_TRY(list_images(&pruning, err));

    /* Reads and judges all images before the first removal; removes signatures before what they
     * sign. An image that failed is left alone, and the others continue. */
    arc_each (image, pruning.images, pruning.image_count)
        image->rc = judge_image(&pruning, image, &image->problem);

    for (size_t i = pruning.image_count; i-- > 0;) {
        struct prune_image *image = &pruning.images[i];
        if (!image->rc)
            image->rc = clear_image(&pruning, image, &image->problem);
        ARC_TRY(arc_error_memory(image->rc, err));
    }

    *out = json_pack("{s:s, s:i, s:b, s:b, s:i, s:i, s:o}", "document", "prune", "format",
                     ARC_DOCUMENT_FORMAT, "applied", options->apply, "releases-known",
                     pruning.github != NULL, "removed", (int)pruning.removed, "left",
                     (int)pruning.refused, "images", describe_images(&pruning, failed));
    return arc_error_unless(*out, err);
}
