#include "steer/record.h"
#include "base/auto.h"
#include "base/json.h"

void records_free(struct records *records)
{
    if (records->github)
        arc_transport_free(records->github);
    json_decref(records->releases);
}

int records_get(const struct records *records, struct arc_request request, json_t **out,
                struct arc_error *err, const char *format, ...)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};

    int rc;
    ARC_WITH_ARGS(format,
                  rc = arc_transport_vsend(records->github, request, &reply, err, format, args));
    *out = rc ? NULL : arc_steal(&reply.body);

    return arc_error_except(ARC_ENOTFOUND, rc, err);
}

int records_release(struct records *records, const char *tag, const json_t **out,
                    struct arc_error *err)
{
    ARC_AUTO_FREE char *name = arc_url_encode(tag);
    json_t *release = json_object_get(records->releases, tag);

    if (records->github && !release) {
        ARC_TRY_ALLOC(name, err);
        ARC_TRY(records_get(records, ARC_GET("read a release"), &release, err,
                            "/repos/%s/releases/tags/%s", records->repository, name));
        release = arc_or(release, json_null());
        if (!records->releases)
            records->releases = json_object();
        ARC_TRY(arc_json_set(records->releases, tag, release, err));
    }
    *out = json_is_object(release) ? release : NULL;

    return ARC_OK;
}

int records_find(struct records *records, const char *tag, const char *name, json_t **out,
                 struct arc_error *err)
{
    const json_t *release;

    *out = NULL;
    ARC_TRY(records_release(records, tag, &release, err));

    const json_t *asset = arc_json_find(json_object_get(release, "assets"), "name", name);
    struct arc_request request = ARC_GET("read what the release was made of");

    if (!asset)
        return ARC_OK;
    request.accept = "application/octet-stream";
    ARC_TRY(records_get(records, request, out, err, "%s", arc_json_text_of(asset, "url")));
    if (*out)
        return ARC_OK;

    return arc_error_set(err, ARC_EFAILED,
                         "%s of the release %s is empty or gone, so it is unknown what was "
                         "released: upload it again",
                         name, arc_json_text_of(release, "tag_name"));
}
