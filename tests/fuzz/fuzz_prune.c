/* What a registry and GitHub say of an image that is cleaned up. Whatever they say, what a kept tag reaches is kept. */
#include "steer/prune.h"
#include "world.h"

static const char *const vars[] = {"GITHUB_API_URL=https://api.test", "GITHUB_TOKEN=correct-horse",
                                   "HOME=/nonexistent", "PATH=/nonexistent", NULL};
static const struct arc_env env = {.vars = vars};

static void check_kept(const struct prune_image *image)
{
    for (size_t i = 0; i < image->tag_count; i++)
        if (image->tags[i].kept && !image->nodes[image->tags[i].node].kept)
            abort();
    for (size_t i = 0; i < image->node_count; i++)
        for (size_t j = 0; image->nodes[i].kept && j < image->nodes[i].child_count; j++)
            if (!image->nodes[image->nodes[i].children[j]].kept)
                abort();
}

static void use(unsigned choice)
{
    struct arc_registry *registry = NULL;
    struct arc_transport *github = NULL;
    struct arc_github_options options = {.env = &env, .clock = &world_clock};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_JSON json_t *open = json_pack("[s]", "0123456");
    struct prune_rules rules = {.before = 1700000000, .keep = choice >> 4, .open = open};
    if (arc_transport_github(&options, &github, NULL) ||
        arc_registry_new(&env, &world_clock, &registry, NULL))
        abort();

    ARC_AUTO(prune_image)
    struct prune_image image = {.registry = registry,
                                .name = choice % 2 ? "ghcr.io/o/arc-a" : "registry.test/o/arc-a",
                                .rules = &rules};
    int rc = prune_read(&image, github, &err);
    if (!rc)
        rc = prune_judge(&image, &err);
    world_check(rc, &err);
    if (!rc)
        check_kept(&image);
    arc_registry_free(registry);
    arc_transport_free(github);
}

FUZZ_WORLD(use)
