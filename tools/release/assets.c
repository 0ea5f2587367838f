/* The assets of a release: prepared, compared, uploaded, replaced. */
#include "base/json.h"
#include "base/text.h"
#include "os/file.h"
#include "project/documents.h"
#include "release/release.h"
#include <stdio.h>

#define NAME_MAX_LEN 200

/* ---- ours ----------------------------------------------------------------------------------- */

int release_hash(const struct arc_release_asset *asset, char sha256[ARC_SHA256_HEX], size_t *size,
                 struct arc_error *err)
{
    int rc;
    if (asset->path)
        rc = arc_sha256_file(asset->path, sha256, size, err);
    else
        rc = arc_sha256(asset->data, asset->len, sha256, err);
    return rc ? arc_error_prefix(err, "asset %s", asset->name) : ARC_OK;
}

int release_prepare_assets(struct release_run *run, struct arc_error *err)
{
    size_t count = run->o->asset_count;
    if (count > ARC_RELEASE_ASSETS_MAX)
        return arc_error_set(err, ARC_ELIMIT, "%zu assets; a release holds %d", count,
                             ARC_RELEASE_ASSETS_MAX);

    run->assets = arc_arena_array(&run->memory, count, sizeof *run->assets);
    ARC_TRY_ALLOC(run->assets, err);

    for (size_t i = 0; i < count; i++) {
        struct release_asset *asset = &run->assets[i];
        const struct arc_release_asset *given = &run->o->assets[i];
        asset->given = given;
        asset->size = given->len;

        /* GitHub renames assets with other characters, so a second run would not find them. */
        size_t len = strlen(given->name);
        if (!len || len > NAME_MAX_LEN || strspn(given->name, ARC_ALNUM "._+-") != len ||
            given->name[0] == '.' || given->name[len - 1] == '.')
            return arc_error_set(
                err, ARC_EINPUT,
                "'%.200s' cannot be the name of an asset: GitHub keeps letters, digits, "
                "'_', '+', '-' and, but for both ends, '.', and renames the rest; give one "
                "with NAME=FILE",
                given->name);

        for (size_t k = 0; k < i; k++)
            if (strcmp(run->assets[k].given->name, given->name) == 0)
                return arc_error_set(err, ARC_EINPUT,
                                     "two assets are named %s: give one another name, NAME=FILE",
                                     given->name);
        if (given->later)
            continue;

        ARC_TRY(release_hash(given, asset->sha256, &asset->size, err));
        if (!asset->size)
            return arc_error_set(err, ARC_EINPUT, "asset %s is empty: GitHub does not store that",
                                 given->name);
        if (asset->size >= ARC_RELEASE_ASSET_SIZE_MAX)
            return arc_error_set(err, ARC_ELIMIT, "asset %s has %zu bytes; GitHub's limit is 2 GiB",
                                 given->name, asset->size);
    }

    return ARC_OK;
}

bool release_assets_complete(const struct release_run *run)
{
    arc_each (asset, run->assets, run->o->asset_count)
        if (!asset->stored)
            return false;
    return true;
}

/* ---- theirs --------------------------------------------------------------------------------- */

/* Returns the release's asset with the name of `ours`, or NULL. */
static const json_t *find_stored(const struct release_run *run, const struct release_asset *ours)
{
    return arc_json_find(json_object_get(run->release, "assets"), "name", ours->given->name);
}

static bool is_uploaded(const json_t *asset)
{
    return arc_json_says(asset, "state", "uploaded");
}

/* Documents that differ from run to run, for example by a time. Only these members of the items of
 * `list` must be the same. */
static const struct record {
    const char *kind, *list, *members[3];
} records[] = {
    {"build", "services", {"service", "image", "digest"}},
    {"scan", "targets", {"service", "platform", "artifact"}},
    {NULL, NULL, {NULL}},
};

static bool is_same_member(const json_t *a, const json_t *b, const char *name)
{
    const json_t *left = json_object_get(a, name), *right = json_object_get(b, name);
    return left == right || json_equal(left, right);
}

/* Keeps the stored asset of an immutable release instead of ours. */
static void keep_theirs(struct release_run *run, struct release_asset *ours, const json_t *theirs)
{
    const char *sha256 = arc_text_after(arc_json_text_of(theirs, "digest"), "sha256:");
    if (sha256)
        snprintf(ours->sha256, sizeof ours->sha256, "%s", sha256);
    ours->size = (size_t)arc_json_number_of(theirs, "size");
    ours->stored = true;
    release_say(run, "%s stays as it was released", ours->given->name);
}

/* Refuses the release if its record is another group's, which the same tag releases, too. Keeps that
 * of an earlier run in an immutable release if it has the same images: a new run's differs in its
 * times, and such a release accepts no replacement. */
static int compare_record(struct release_run *run, struct release_asset *ours, const json_t *theirs,
                          struct arc_error *err)
{
    const struct arc_request request = {.method = "GET",
                                        .accept = "application/octet-stream",
                                        .why = "see whether it is a record of the same images"};
    static const char *const heads[] = {"document", "format", "group", "revision"};
    const struct arc_release_asset *given = ours->given;
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = ARC_DOCUMENT_MAX};
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    bool immutable = arc_json_true_of(run->release, "immutable");

    if (!arc_text_ends(given->name, ".json") || ours->size > ARC_DOCUMENT_MAX)
        return ARC_OK;
    if (given->path)
        ARC_TRY(arc_file_read(given->path, NULL, ARC_DOCUMENT_MAX, &text, err));
    else
        arc_buf_add(&text, given->data, given->len);
    ARC_TRY(arc_buf_check(&text, given->name, err));
    ARC_AUTO_JSON json_t *document = arc_json_load(arc_buf_text(&text), text.len, 0, NULL);

    const struct record *record = records;
    while (record->kind && !arc_json_says(document, "document", record->kind))
        record++;
    if (!record->kind)
        return ARC_OK;

    int rc =
        arc_transport_send(run->t, request, &reply, err, "%s", arc_json_text_of(theirs, "url"));
    if (rc && rc != ARC_ENOMEM && !immutable) { /* it is replaced: no JSON, or gone meanwhile */
        arc_error_clear(err);
        return ARC_OK;
    }
    ARC_TRY(rc);

    if (*arc_json_text_of(reply.body, "group") && !is_same_member(document, reply.body, "group"))
        return arc_error_set(err, ARC_EFAILED,
                             "release %s is that of group %s, by its %s: a tag has one release, "
                             "which holds one group; give each group tags of its own (a train "
                             "makes one release of several groups)",
                             run->tag, arc_json_text_of(reply.body, "group"), given->name);
    if (!immutable)
        return ARC_OK;

    const json_t *left = json_object_get(document, record->list);
    const json_t *right = json_object_get(reply.body, record->list);
    bool same = json_array_size(left) == json_array_size(right);
    for (size_t k = 0; k < 4; k++)
        same = same && is_same_member(document, reply.body, heads[k]);
    for (size_t i = 0; same && i < json_array_size(left); i++)
        for (size_t k = 0; k < 3; k++)
            same = same && is_same_member(json_array_get(left, i), json_array_get(right, i),
                                          record->members[k]);
    if (same)
        keep_theirs(run, ours, theirs);

    return ARC_OK;
}

int release_compare_assets(struct release_run *run, struct arc_error *err)
{
    bool kept = false;

    arc_each (ours, run->assets, run->o->asset_count) {
        const json_t *theirs = find_stored(run, ours);
        const char *sha256 = arc_text_after(arc_json_text_of(theirs, "digest"), "sha256:");
        json_int_t size = arc_json_number_of(theirs, "size");

        /* GitHub added `digest` in 2025; older servers only allow comparing sizes. */
        ours->stored = theirs && is_uploaded(theirs) && size >= 0 && (size_t)size == ours->size &&
                       (!sha256 || strcmp(sha256, ours->sha256) == 0);
        if (run->t->describes)
            ours->stored = ours->uploads;
        const char *url = theirs ? arc_json_text_of(theirs, "browser_download_url") : NULL;
        ours->url = arc_arena_text(&run->memory, url);
    }

    /* Assets of an immutable release may differ from ours and still be right: records of an earlier
     * run, and the checksums that include them. */
    arc_each (ours, run->assets, run->o->asset_count) {
        const json_t *theirs = find_stored(run, ours);
        if (ours->stored || !theirs || !is_uploaded(theirs))
            continue;
        if (kept && strcmp(ours->given->name, ARC_RELEASE_SUMS) == 0)
            keep_theirs(run, ours, theirs);
        else
            ARC_TRY(compare_record(run, ours, theirs, err));
        kept = kept || ours->stored;
    }

    return ARC_OK;
}

/* ---- uploading ------------------------------------------------------------------------------ */

static const char *content_type(const char *name)
{
    static const char *const table[][2] = {
        {".json", "application/json"}, {".txt", "text/plain"},
        {".md", "text/markdown"},      {".sarif", "application/json"},
        {".gz", "application/gzip"},   {".tgz", "application/gzip"},
        {".zip", "application/zip"},   {".yaml", "application/yaml"},
        {".html", "text/html"},        {".zst", "application/zstd"},
        {".xz", "application/x-xz"},   {ARC_RELEASE_SUMS, "text/plain"},
    };

    for (size_t i = 0; i < ARC_COUNT(table); i++)
        if (arc_text_ends(name, table[i][0]))
            return table[i][1];

    return "application/octet-stream";
}

static int take_asset_away(struct release_run *run, struct release_asset *ours,
                           const json_t *theirs, struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    const char *id = release_id(run, theirs);
    const char *why = "take away an asset that differs", *since = "it differs";

    if (!is_uploaded(theirs)) {
        why = "take away a half-uploaded asset";
        since = "it was half uploaded";
    }

    ARC_TRY(arc_arena_check(&run->memory, err));
    int rc = arc_transport_send(run->t, ARC_DELETE(why), &reply, err,
                                "/repos/%s/releases/assets/%s", run->o->repository, id);
    ARC_TRY(arc_error_except(ARC_ENOTFOUND, rc, err));
    ours->replaced = true;
    release_say(run, "took away %s: %s", ours->given->name, since);

    return ARC_OK;
}

/* `theirs` may be NULL. */
static int refuse_immutable(struct release_run *run, const struct release_asset *ours,
                            const json_t *theirs, struct arc_error *err)
{
    const char *name = ours->given->name;

    run->final = true;
    if (theirs)
        return arc_error_set(
            err, ARC_EFAILED,
            "release %s is immutable and holds another %s: a new version is needed", run->tag,
            name);
    return arc_error_set(err, ARC_EFAILED,
                         "release %s is immutable and has no asset %s: a new version is needed; "
                         "whoever publishes releases here must leave them drafts",
                         run->tag, name);
}

static int upload_asset(struct release_run *run, struct release_asset *ours, struct arc_error *err)
{
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    const struct arc_release_asset *given = ours->given;
    ARC_AUTO_FREE char *name = arc_url_encode(given->name);
    const char *address =
        arc_json_text_of(run->release, "upload_url"); /* "…/assets{?name,label}" */
    const char *query = strstr(address, "{?");
    size_t len = query ? (size_t)(query - address) : strlen(address);
    const struct arc_request request = {.method = "POST",
                                        .file = given->path,
                                        .data = given->path ? NULL : given->data,
                                        .len = given->len,
                                        .content_type = content_type(given->name),
                                        .why = "upload an asset"};

    ARC_TRY_ALLOC(name, err);
    ours->uploads++;
    int rc =
        arc_transport_send(run->t, request, &reply, err, "%.*s?name=%s", (int)len, address, name);
    run->half = run->half || reply.doubtful;
    if (rc && strstr(arc_json_text_of(reply.body, "message"), "immutable release")) {
        arc_error_clear(err); /* it was published meanwhile */
        return refuse_immutable(run, ours, NULL, err);
    }
    if (rc && release_look_again(run, &reply, err))
        return ARC_OK;

    ARC_TRY(rc);

    const char *stored = arc_json_text_of(reply.body, "name");
    if (*stored && strcmp(stored, given->name) != 0)
        return arc_error_set(err, ARC_EFAILED,
                             "GitHub stored asset %s as %.200s: give it another name, NAME=FILE",
                             given->name, stored);
    release_say(run, "uploaded %s (%zu bytes)", given->name, ours->size);

    return ARC_OK;
}

int release_upload(struct release_run *run, struct arc_error *err)
{
    arc_each (ours, run->assets, run->o->asset_count) {
        if (ours->stored)
            continue;
        if (ours->uploads >= 4)
            return arc_error_set(err, ARC_EFAILED,
                                 "asset %s was uploaded %u times, and each time the release held "
                                 "something else than these %zu bytes with SHA-256 %s",
                                 ours->given->name, ours->uploads, ours->size, ours->sha256);
        const json_t *theirs = find_stored(run, ours);
        if (arc_json_true_of(run->release, "immutable"))
            return refuse_immutable(run, ours, theirs, err);

        /* Another job may be uploading it right now: wait some seconds for a half-uploaded asset
         * that is not ours. */
        if (theirs && !is_uploaded(theirs) && !run->half && run->patience < 3) {
            run->patience++;
            run->t->clock->wait(run->t->clock->context, 5000);
            return ARC_OK;
        }

        unsigned troubles = run->troubles;
        if (theirs)
            ARC_TRY(take_asset_away(run, ours, theirs, err));
        ARC_TRY(upload_asset(run, ours, err));
        if (run->troubles > troubles) /* the release itself may be gone */
            return ARC_OK;
    }

    return ARC_OK;
}
