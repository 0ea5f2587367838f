/* Reads an image's graph and judges it: tags by name and age; everything reached from a tag that
 * stays, stays. */
#include "base/json.h"
#include "base/text.h"
#include "build/verify.h"
#include "plan/tags.h"
#include "steer/prune.h"

/* Indexes of indexes, and signatures of signatures. */
#define DEPTH_MAX 16

/* Manifests that are read in parallel. */
#define BATCH ((size_t)64)

void prune_image_free(struct prune_image *image)
{
    arc_arena_free(&image->memory);
    json_decref(image->numbers);
    json_decref(image->names);
    json_decref(image->removals);
    json_decref(image->stay);
    arc_error_clear(&image->problem);
    *image = (struct prune_image){0};
}

/* ---- nodes --------------------------------------------------------------------------------- */

const struct prune_node *prune_find_node(const struct prune_image *image, const char *digest)
{
    const json_t *number = json_object_get(image->numbers, digest);
    const struct prune_node *node = number ? &image->nodes[json_integer_value(number)] : NULL;
    return node && !node->missing ? node : NULL;
}

int prune_node_of(struct prune_image *image, const char *digest, size_t *out, struct arc_error *err)
{
    const json_t *known = json_object_get(image->numbers, digest);
    *out = known ? (size_t)json_integer_value(known) : image->node_count;
    if (known)
        return ARC_OK;
    ARC_APPEND(&image->memory, image->nodes, image->node_count, err,
               (struct prune_node){.digest = arc_arena_text(&image->memory, digest),
                                   .subject = SIZE_MAX,
                                   .newest = INT64_MIN});
    return arc_json_set(image->numbers, digest, json_integer((json_int_t)*out), err);
}

static int add_edges(struct prune_image *image, size_t number, const json_t *document,
                     struct arc_error *err)
{
    const char *about = arc_json_text_of(json_object_get(document, "subject"), "digest");
    size_t child, subject;

    arc_json_each (item, json_object_get(document, "manifests")) {
        const char *digest = arc_json_text_of(item, "digest");
        if (!arc_digest_known(digest))
            continue;
        ARC_TRY(prune_node_of(image, digest, &child, err));
        struct prune_node *node = &image->nodes[number];
        ARC_APPEND(&image->memory, node->children, node->child_count, err, child);
    }

    if (arc_digest_known(about)) {
        ARC_TRY(prune_node_of(image, about, &subject, err));
        image->nodes[number].subject = subject;
    }

    return ARC_OK;
}

/* ---- when it was made ---------------------------------------------------------------------- */

static void note_time(struct prune_node *node, const char *text)
{
    int64_t time;
    if (arc_time_parse(text, &time) && time > node->time)
        node->time = time;
}

/* A small JSON blob; NULL if it cannot be read, since only its time matters. */
static int read_blob(struct prune_image *image, const json_t *descriptor, json_t **out,
                     struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    const char *digest = arc_json_text_of(descriptor, "digest");
    *out = NULL;

    if (!arc_digest_known(digest) ||
        arc_json_number_of(descriptor, "size") > (json_int_t)ARC_MANIFEST_MAX)
        return ARC_OK;

    int rc = arc_registry_blob(image->registry, image->name, digest, out, &problem);
    if (rc == ARC_EWORLD || rc == ARC_ENOMEM)
        return arc_error_pass(rc, &problem, err);

    return ARC_OK;
}

static int read_times(struct prune_image *image, struct prune_node *node, const json_t *document,
                      struct arc_error *err)
{
    static const char created[] = "org.opencontainers.image.created";
    const json_t *config = json_object_get(document, "config");
    ARC_AUTO_JSON json_t *settings = NULL;

    note_time(node, arc_annotation(document, created));

    if (strstr(arc_json_text_of(config, "mediaType"), "image.config") ||
        strstr(arc_json_text_of(config, "mediaType"), "container.image"))
        ARC_TRY(read_blob(image, config, &settings, err));

    note_time(node, arc_json_text_of(settings, "created"));

    arc_json_each (layer, json_object_get(document, "layers")) {
        ARC_AUTO_JSON json_t *statement = NULL;
        note_time(node, arc_annotation(layer, "buildkit/createdat"));
        if (!arc_is_provenance(layer))
            continue;
        ARC_TRY(read_blob(image, layer, &statement, err));

        /* When a provenance says its build ended (SLSA v0.2, v1). */
        const json_t *predicate = json_object_get(statement, "predicate");
        const json_t *details = json_object_get(predicate, "runDetails");
        note_time(node,
                  arc_json_text_of(json_object_get(predicate, "metadata"), "buildFinishedOn"));
        note_time(node, arc_json_text_of(json_object_get(details, "metadata"), "finishedOn"));
    }

    return ARC_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Reads a node's manifest. `dated`: its time is needed, and unknown from the packages API. */
static int read_node(struct prune_image *image, size_t number, bool dated, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest manifest = {0};

    int rc = arc_registry_manifest(image->registry, image->name, image->nodes[number].digest,
                                   &manifest, err);
    image->nodes[number].missing = rc == ARC_ENOTFOUND;
    if (rc)
        return arc_error_except(ARC_ENOTFOUND, rc, err);
    ARC_TRY(add_edges(image, number, manifest.document, err));

    return dated ? read_times(image, &image->nodes[number], manifest.document, err) : ARC_OK;
}

/* Reads the manifests of up to BATCH tags (NULL: nodes) from `at` on in parallel, if a batch begins
 * there; the first one begins at `start`. */
static int read_ahead(const struct prune_image *image, char **tags, size_t start, size_t at,
                      size_t end, struct arc_error *err)
{
    struct arc_registry_item items[BATCH];
    size_t part = ARC_MIN(end - at, BATCH);

    if ((at - start) % BATCH != 0)
        return ARC_OK;
    for (size_t i = 0; i < part; i++)
        items[i] = (struct arc_registry_item){ARC_REGISTRY_MANIFEST, image->name,
                                              tags ? tags[at + i] : image->nodes[at + i].digest};

    return arc_registry_read_ahead(image->registry, items, part, err);
}

/* Reads the remaining nodes, which come last, level by level. */
static int read_nodes(struct prune_image *image, bool dated, struct arc_error *err)
{
    for (unsigned depth = 0; image->seen < image->node_count; depth++) {
        if (depth == DEPTH_MAX)
            return arc_error_set(err, ARC_ELIMIT, "%s: its indexes are nested more than %d deep",
                                 image->name, DEPTH_MAX);
        size_t start = image->seen, end = image->node_count;
        for (; image->seen < end; image->seen++) {
            ARC_TRY(read_ahead(image, NULL, start, image->seen, end, err));
            ARC_TRY(read_node(image, image->seen, dated, err));
        }
    }

    return ARC_OK;
}

/* "sha256-<64 hex>" and any suffix: a signature, or referrers in a registry that cannot list them
 * (distribution spec 1.1, "Referrers Tag Schema"; cosign). */
static bool about_of(const char *tag, char digest[ARC_DIGEST_LEN + 1])
{
    size_t algorithm = strcspn(tag, "-");
    size_t hex = tag[algorithm] ? strspn(tag + algorithm + 1, "0123456789abcdef") : 0;
    if (algorithm + 1 + hex > ARC_DIGEST_LEN)
        return false;
    snprintf(digest, ARC_DIGEST_LEN + 1, "%.*s:%.*s", (int)algorithm, tag, (int)hex,
             tag + algorithm + 1);
    return arc_digest_known(digest);
}

static int add_tag(struct prune_image *image, const char *name, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest manifest = {0};
    char about[ARC_DIGEST_LEN + 1];
    size_t node;
    int rc = arc_registry_manifest(image->registry, image->name, name, &manifest, err);

    if (rc) /* missing: gone meanwhile, or a stale name in the registry */
        return arc_error_except(ARC_ENOTFOUND, rc, err);
    ARC_TRY(prune_node_of(image, manifest.digest, &node, err));
    struct prune_tag *tag =
        arc_arena_append(&image->memory, &image->tags, &image->tag_count, sizeof *tag);
    ARC_TRY_ALLOC(tag, err);
    ARC_TRY(arc_json_set(image->names, name, json_string(manifest.digest), err));

    *tag = (struct prune_tag){.name = arc_arena_text(&image->memory, name),
                              .kind = PRUNE_PUBLIC,
                              .node = node,
                              .about = SIZE_MAX};
    for (char **pull = image->pulls; pull && *pull && tag->kind == PRUNE_PUBLIC; pull++)
        if (arc_tag_is_pull(*pull, name, &tag->pull))
            tag->kind = PRUNE_PULL;
    if (arc_tag_is_staging(name)) {
        tag->kind = PRUNE_STAGING;
    } else if (arc_tag_is_cache(name)) {
        tag->kind = PRUNE_CACHE;
    } else if (about_of(name, about)) {
        tag->kind = PRUNE_ABOUT;
        ARC_TRY(prune_node_of(image, about, &tag->about, err));
        image->nodes[node].about = true;
    }

    return ARC_OK;
}

static int read_tags(struct prune_image *image, struct arc_error *err)
{
    char **names;

    ARC_TRY(arc_registry_tags(image->registry, image->name, &image->memory, &names, err));
    size_t count = arc_texts_count(names);
    for (size_t i = 0; i < count; i++) {
        ARC_TRY(read_ahead(image, names, 0, i, count, err));
        ARC_TRY(add_tag(image, names[i], err));
    }

    return arc_arena_check(&image->memory, err);
}

/* GitHub also answers 404 if the token may not list the versions, so the registry shows whether
 * there are any. */
static int list_versions(struct prune_image *image, struct arc_transport *github,
                         struct arc_error *err)
{
    char **names;
    int rc = prune_read_versions(image, github, err);

    if (rc != ARC_ENOTFOUND)
        return rc;
    int hidden = arc_registry_tags(image->registry, image->name, &image->memory, &names, NULL);
    ARC_TRY(arc_error_memory(hidden, err));
    if (hidden || !*names)
        return rc;
    arc_error_clear(err);

    return arc_error_set(err, ARC_EWORLD,
                         "%s is in the registry, but GitHub does not let this token list its "
                         "versions: it needs packages: write, and the role Admin in the package's "
                         "settings",
                         image->name);
}

int prune_read(struct prune_image *image, struct arc_transport *github, struct arc_error *err)
{
    size_t node;

    image->numbers = json_object();
    image->names = json_object();
    ARC_TRY_ALLOC(image->numbers && image->names, err);
    image->versions = prune_is_package(image->name);
    if (image->versions)
        ARC_TRY(list_versions(image, github, err));
    ARC_TRY(read_tags(image, err));

    arc_json_each (seed, image->seeds)
        ARC_TRY(prune_node_of(image, json_string_value(seed), &node, err));

    return read_nodes(image, !image->versions, err);
}

int prune_unchanged(struct prune_image *image, bool *same, struct arc_error *err)
{
    ARC_AUTO(prune_image)
    struct prune_image now = {.registry = image->registry, .name = image->name};
    now.numbers = json_object();
    now.names = json_object();
    ARC_TRY_ALLOC(now.numbers && now.names, err);
    ARC_TRY(read_tags(&now, err));
    *same = json_equal(image->names, now.names);
    return ARC_OK;
}

/* ---- judging ------------------------------------------------------------------------------- */

/* Finds the newest time of a node and all that it lists, since an index has no time of its own. An
 * index whose children are missing, left by a killed run, is useless and counts as old. */
static int64_t newest_time(const struct prune_image *image, size_t number, unsigned depth)
{
    struct prune_node *node = &image->nodes[number];
    if (node->newest != INT64_MIN)
        return node->newest;

    node->newest = node->missing ? 1 : node->time;

    for (size_t i = 0; depth < DEPTH_MAX && i < node->child_count; i++) {
        int64_t below = newest_time(image, node->children[i], depth + 1);
        node->newest = ARC_MAX(below, node->newest);
    }

    return node->newest;
}

/* The tags of one build stay or go together: "staging-<commit>-linux-arm64" belongs to its
 * commit. */
struct prune_build {
    enum prune_kind kind;
    int64_t time;
    size_t rank; /* number of newer builds of its kind */
};

static int newer_first(const void *a, const void *b)
{
    const struct prune_build *x = *(struct prune_build *const *)a;
    const struct prune_build *y = *(struct prune_build *const *)b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (x->time < y->time) - (x->time > y->time);
}

static int find_builds(struct prune_image *image, struct arc_error *err)
{
    size_t room = image->tag_count + 1, count = 0, first = 0;
    ARC_AUTO_JSON json_t *numbers = json_object();
    struct prune_build *builds = arc_arena_array(&image->memory, room, sizeof *builds);
    struct prune_build **order = arc_arena_array(&image->memory, room, sizeof *order);
    ARC_TRY_ALLOC(numbers && builds && order, err);

    arc_each (tag, image->tags, image->tag_count) {
        size_t len = strlen(tag->name), start = strlen("staging-");
        if (tag->kind == PRUNE_STAGING)
            len = start + strcspn(tag->name + start, "-");
        else if (tag->kind != PRUNE_CACHE)
            continue;
        char *name = arc_arena_cut(&image->memory, tag->name, len);
        const json_t *known = json_object_get(numbers, name);
        size_t number = known ? (size_t)json_integer_value(known) : count++;
        int64_t time = newest_time(image, tag->node, 0);
        ARC_TRY(arc_json_set(numbers, name, json_integer((json_int_t)number), err));
        tag->build = order[number] = &builds[number];
        tag->build->kind = tag->kind;
        tag->build->time = ARC_MAX(time, tag->build->time);
    }

    qsort(order, count, sizeof *order, newer_first);
    for (size_t i = 1; i < count; i++) {
        bool same = order[i]->kind == order[i - 1]->kind;
        first = same ? first : i;
        order[i]->rank = i - first;
        if (same && order[i]->time == order[i - 1]->time)
            order[i]->rank = order[i - 1]->rank;
    }

    return arc_arena_check(&image->memory, err);
}

static bool is_open(const struct prune_image *image, const struct prune_tag *tag)
{
    char commit[ARC_SHORT_SHA + 1];
    snprintf(commit, sizeof commit, "%.*s", ARC_SHORT_SHA, tag->name + strlen("staging-"));
    return arc_json_lists(image->rules->open, commit);
}

static int judge_tags(struct prune_image *image, struct arc_error *err)
{
    ARC_TRY(find_builds(image, err));

    arc_each (tag, image->tags, image->tag_count) {
        if (tag->kind == PRUNE_ABOUT)
            continue;
        int64_t time = tag->build ? tag->build->time : newest_time(image, tag->node, 0);
        char number[32];
        snprintf(number, sizeof number, "%lld", (long long)tag->pull);
        if (tag->kind == PRUNE_PUBLIC || image->foreign)
            tag->kept = "a name of its own";
        else if (tag->kind == PRUNE_STAGING && is_open(image, tag))
            tag->kept = "its release is in progress";
        else if (tag->kind == PRUNE_PULL && json_object_get(image->rules->pulls, number))
            tag->kept = "its pull request is open";
        else if (!time)
            tag->kept = "its age is unknown";
        else if (time >= image->rules->before)
            tag->kept = "not old enough";
        else if (tag->build && tag->build->rank < image->rules->keep)
            tag->kept = "one of the newest";
    }

    return ARC_OK;
}

static bool keep_node(struct prune_image *image, size_t number)
{
    struct prune_node *node = &image->nodes[number];
    bool news = !node->kept;
    node->kept = true;
    return news;
}

/* Spreads "kept" one step; true if it reached anything. Referrers of a kept manifest are kept, and
 * its subject too, since either may be requested through the other. */
static bool spread(struct prune_image *image)
{
    bool news = false;

    for (size_t i = 0; i < image->node_count; i++) {
        const struct prune_node *node = &image->nodes[i];
        bool about = node->subject != SIZE_MAX;
        if (about && image->nodes[node->subject].kept)
            news |= keep_node(image, i);
        if (!node->kept)
            continue;
        if (about)
            news |= keep_node(image, node->subject);
        for (size_t k = 0; k < node->child_count; k++)
            news |= keep_node(image, node->children[k]);
    }

    arc_each (tag, image->tags, image->tag_count) {
        if (tag->about == SIZE_MAX || tag->kept || !image->nodes[tag->about].kept)
            continue;
        tag->kept = "belongs to an image that stays";
        keep_node(image, tag->node);
        news = true;
    }

    return news;
}

static int ask_referrers(struct prune_image *image, size_t number, struct arc_error *err)
{
    char **found;
    size_t node;
    int rc = arc_registry_referrers(image->registry, image->name, image->nodes[number].digest,
                                    &image->memory, &found, err);

    image->no_referrers = rc == ARC_ENOTFOUND;
    if (rc)
        return arc_error_except(ARC_ENOTFOUND, rc, err);

    for (char **digest = found; *digest; digest++)
        if (arc_digest_known(*digest))
            ARC_TRY(prune_node_of(image, *digest, &node, err));

    return ARC_OK;
}

/* The subject of a signature may be in another image (cosign's COSIGN_REPOSITORY). */
static int keep_subject_elsewhere(struct prune_image *image, size_t number, struct arc_error *err)
{
    const struct prune_rules *rules = image->rules;
    const struct prune_node *node = number == SIZE_MAX ? NULL : &image->nodes[number];
    bool stays = false;

    if (!node || !node->missing || node->kept)
        return ARC_OK;
    ARC_TRY(rules->stays_elsewhere(rules->context, image, node->digest, &stays, err));
    if (stays)
        keep_node(image, number);
    return ARC_OK;
}

/* A digest that exists but is only named by a tag "sha256-…": somebody pulls it by digest. (On GHCR
 * the packages API gives its age.) */
static int keep_subjects(struct prune_image *image, struct arc_error *err)
{
    arc_each (node, image->nodes, image->node_count)
        ARC_TRY(keep_subject_elsewhere(image, node->subject, err));
    arc_each (tag, image->tags, image->tag_count)
        ARC_TRY(keep_subject_elsewhere(image, tag->about, err));
    if (image->versions)
        return ARC_OK;

    bool *reached = arc_arena_array(&image->memory, image->node_count + 1, sizeof *reached);
    ARC_TRY_ALLOC(reached, err);
    arc_each (node, image->nodes, image->node_count)
        arc_each (child, node->children, node->child_count)
            reached[*child] = true;
    arc_each (tag, image->tags, image->tag_count)
        reached[tag->node] = true;
    arc_each (tag, image->tags, image->tag_count)
        if (tag->about != SIZE_MAX && !reached[tag->about] && !image->nodes[tag->about].missing)
            keep_node(image, tag->about);

    return ARC_OK;
}

/* Puts a node above one that goes before it; false if it is there already. */
static bool lift(struct prune_node *node, const struct prune_node *before)
{
    bool low = node->depth <= before->depth;
    if (low)
        node->depth = before->depth + 1;
    return low;
}

/* Computes the height of each node to remove: children and referrers go first, so that a killed run
 * leaves nothing unreachable. */
static void find_depths(struct prune_image *image)
{
    bool news = true;
    for (unsigned round = 0; news && round < 2 * DEPTH_MAX; round++) {
        news = false;
        arc_each (node, image->nodes, image->node_count) {
            for (size_t k = 0; k < node->child_count; k++) {
                const struct prune_node *child = &image->nodes[node->children[k]];
                news |= !child->kept && lift(node, child);
            }
            if (!node->kept && node->subject != SIZE_MAX)
                news |= lift(&image->nodes[node->subject], node);
        }
    }

    /* A tag "sha256-…" also refers to the digest in its name. */
    arc_each (tag, image->tags, image->tag_count)
        if (tag->about != SIZE_MAX)
            lift(&image->nodes[tag->about], &image->nodes[tag->node]);
    arc_each (node, image->nodes, image->node_count)
        image->deepest = ARC_MAX(image->deepest, node->depth);
}

int prune_judge(struct prune_image *image, struct arc_error *err)
{
    ARC_TRY(judge_tags(image, err));

    arc_each (tag, image->tags, image->tag_count)
        if (tag->kept)
            keep_node(image, tag->node);

    for (size_t i = 0; i < image->node_count; i++) {
        const struct prune_node *node = &image->nodes[i];
        bool young = image->versions && node->time >= image->rules->before;
        bool signs = node->about || node->subject != SIZE_MAX;
        if (young || (image->foreign && !signs && !node->missing))
            keep_node(image, i);
    }

    ARC_TRY(keep_subjects(image, err));
    while (spread(image))
        continue;

    /* Adds unknown referrers of what may go: they go with it. All that one round of requests finds
     * is read together. On GHCR, whose list of referrers is often busy, all versions are known. */
    for (size_t i = 0; i < image->node_count;) {
        for (size_t end = image->node_count; i < end; i++)
            if (!image->versions && !image->no_referrers && !image->nodes[i].kept)
                ARC_TRY(ask_referrers(image, i, err));
        ARC_TRY(read_nodes(image, false, err));
    }

    while (spread(image))
        continue;
    find_depths(image);
    image->judged = true;

    return arc_arena_check(&image->memory, err);
}
