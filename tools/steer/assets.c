#include "steer/assets.h"
#include "base/auto.h"
#include "base/json.h"
#include <string.h>

int assets_get(struct arc_transport *github, const struct arc_request *request, json_t **out,
               struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    int rc = github->send(github, request, &reply, err);
    *out = rc ? NULL : arc_steal(&reply.body);
    return arc_error_except(ARC_ENOTFOUND, rc, err);
}

int assets_read_release(struct arc_transport *github, const char *repository, const char *tag,
                        json_t **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {.max = 4096};
    ARC_AUTO_FREE char *name = arc_url_encode(tag);

    ARC_TRY_ALLOC(name, err);
    arc_buf_printf(&path, "/repos/%s/releases/tags/%s", repository, name);
    ARC_TRY(arc_buf_check(&path, "the address", err));
    const struct arc_request request = {
        .method = "GET", .path = arc_buf_text(&path), .why = "read a release"};
    return assets_get(github, &request, out, err);
}

int assets_read(struct arc_transport *github, const json_t *release, const char *name, json_t **out,
                struct arc_error *err)
{
    *out = NULL;

    arc_json_each (asset, json_object_get(release, "assets")) {
        if (strcmp(arc_json_text_of(asset, "name"), name) != 0)
            continue;
        const struct arc_request request = {.method = "GET",
                                            .path = arc_json_text_of(asset, "url"),
                                            .accept = "application/octet-stream",
                                            .why = "read what the release was made of"};
        ARC_TRY(assets_get(github, &request, out, err));
        if (!*out)
            return arc_error_set(err, ARC_EFAILED,
                                 "%s of the release %s is empty or gone, so what was released is "
                                 "not known: upload it again",
                                 name, arc_json_text_of(release, "tag_name"));
        return ARC_OK;
    }

    return ARC_OK;
}
