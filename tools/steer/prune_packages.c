/* GHCR cannot delete manifests by the distribution API; GitHub's API deletes package versions
 * (GitHub docs, "REST API endpoints for packages"). */
#include "base/json.h"
#include "base/text.h"
#include "steer/prune.h"
#include <inttypes.h>

static const char host[] = "ghcr.io/";

bool prune_is_package(const char *image)
{
    return ARC_STARTS(image, host);
}

static int add_version(void *context, json_t *version, struct arc_error *err)
{
    struct prune_image *image = context;
    const char *digest = arc_json_text_of(version, "name");
    int64_t created = 0, updated = 0;
    size_t number;

    if (!arc_digest_known(digest))
        return ARC_OK;
    ARC_TRY(prune_node_of(image, digest, &number, err));

    /* A version of unknown age counts as new. */
    if (!arc_time_parse(arc_json_text_of(version, "created_at"), &created) ||
        !arc_time_parse(arc_json_text_of(version, "updated_at"), &updated))
        created = INT64_MAX;

    image->nodes[number].version = arc_json_number_of(version, "id");
    image->nodes[number].time = ARC_MAX(updated, created);

    return ARC_OK;
}

/* Finds the path of the package's versions, for an organization or a user. */
static int read_owned(struct prune_image *image, struct arc_transport *github, const char *kind,
                      struct arc_error *err)
{
    const char *name = image->name + strlen(host), *slash = strchr(name, '/');
    ARC_AUTO_FREE char *package = slash ? arc_url_encode(slash + 1) : NULL;

    if (!slash)
        return arc_error_set(err, ARC_EINPUT, "%s: a package of ghcr.io has an owner", image->name);
    ARC_TRY_ALLOC(package, err);
    image->path = arc_arena_printf(&image->memory, "/%s/%.*s/packages/container/%s/versions", kind,
                                   (int)(slash - name), name, package);
    ARC_TRY(arc_arena_check(&image->memory, err));

    return arc_transport_each(github, NULL, "list the versions of a package", 0, add_version, image,
                              err, "%s?per_page=100", image->path);
}

int prune_read_versions(struct prune_image *image, struct arc_transport *github,
                        struct arc_error *err)
{
    int rc = read_owned(image, github, "orgs", err);
    ARC_TRY(arc_error_except(ARC_ENOTFOUND, rc, err));
    return rc ? read_owned(image, github, "users", err) : ARC_OK;
}

/* GitHub also answers 404 if the token may not delete it, so reading it shows whether it is
 * gone. */
int prune_delete_version(struct prune_image *image, struct arc_transport *github,
                         const struct prune_node *node, struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    int rc = arc_transport_send(github, ARC_DELETE("delete a version that no tag needs"), &reply,
                                err, "%s/%" PRId64, image->path, node->version);

    if (rc != ARC_ENOTFOUND)
        return rc;
    arc_error_clear(err);
    ARC_TRY(arc_transport_send(github, ARC_GET("see whether it is gone"), &reply, err,
                               "%s/%" PRId64, image->path, node->version));

    return arc_error_set(err, ARC_EWORLD,
                         "%s: GitHub does not let this token delete %s: it needs packages: write, "
                         "and the role Admin in the package's settings",
                         image->name, node->digest);
}
