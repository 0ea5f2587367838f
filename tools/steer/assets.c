#include "steer/assets.h"
#include "base/auto.h"
#include "base/json.h"
#include <string.h>

int assets_get(struct arc_transport *github, struct arc_request request, json_t **out,
               struct arc_error *err, const char *format, ...)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    va_list args;

    request.method = "GET";
    va_start(args, format);
    int rc = arc_transport_vsend(github, request, &reply, err, format, args);
    va_end(args);
    *out = rc ? NULL : arc_steal(&reply.body);

    return arc_error_except(ARC_ENOTFOUND, rc, err);
}

int assets_read_release(struct arc_transport *github, const char *repository, const char *tag,
                        json_t **out, struct arc_error *err)
{
    ARC_AUTO_FREE char *name = arc_url_encode(tag);
    ARC_TRY_ALLOC(name, err);
    return assets_get(github, (struct arc_request){.why = "read a release"}, out, err,
                      "/repos/%s/releases/tags/%s", repository, name);
}

int assets_read(struct arc_transport *github, const json_t *release, const char *name, json_t **out,
                struct arc_error *err)
{
    *out = NULL;

    arc_json_each (asset, json_object_get(release, "assets")) {
        if (strcmp(arc_json_text_of(asset, "name"), name) != 0)
            continue;
        const struct arc_request request = {.accept = "application/octet-stream",
                                            .why = "read what the release was made of"};
        ARC_TRY(assets_get(github, request, out, err, "%s", arc_json_text_of(asset, "url")));
        if (!*out)
            return arc_error_set(err, ARC_EFAILED,
                                 "%s of the release %s is empty or gone, so what was released is "
                                 "not known: upload it again",
                                 name, arc_json_text_of(release, "tag_name"));
        return ARC_OK;
    }

    return ARC_OK;
}
