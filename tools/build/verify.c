#include "build/verify.h"
#include "base/auto.h"
#include "base/json.h"
#include "build/names.h"
#include <string.h>

void arc_platform_text(const json_t *platform, char *out, size_t size)
{
    const char *variant = arc_json_text_of(platform, "variant");
    bool usual = strcmp(arc_json_text_of(platform, "architecture"), "arm64") == 0 &&
                 strcmp(variant, "v8") == 0;
    snprintf(out, size, "%.40s/%.40s%s%.40s", arc_json_text_of(platform, "os"),
             arc_json_text_of(platform, "architecture"), *variant && !usual ? "/" : "",
             usual ? "" : variant);
}

bool arc_is_attestation(const json_t *descriptor)
{
    const json_t *annotations = json_object_get(descriptor, "annotations");
    return strcmp(arc_json_text_of(annotations, "vnd.docker.reference.type"),
                  "attestation-manifest") == 0;
}

static int differs(const struct arc_verify *verify, const char *platform, struct arc_error *err)
{
    return arc_error_prefix(err, "%s:%s%s%s", arc_json_text_of(verify->service, "image"),
                            verify->reference, *platform ? " " : "", platform);
}

/* ---- one image ----------------------------------------------------------------------------- */

static int check_labels(const json_t *planned, const json_t *config, struct arc_error *err)
{
    const json_t *labels = json_object_get(json_object_get(config, "config"), "Labels");
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)planned, name, value) {
        const json_t *found = json_object_get(labels, name);
        if (!found)
            return arc_error_set(err, ARC_EFAILED, "has no label %s", name);
        if (!json_equal(found, value))
            return arc_error_set(err, ARC_EFAILED,
                                 "label %s is '%.200s', planned was '%.200s': made from another "
                                 "commit or by another build",
                                 name, json_is_string(found) ? json_string_value(found) : "no text",
                                 json_string_value(value));
    }
    return ARC_OK;
}

/* More than any registry stores, and a number that every reader of JSON keeps whole. */
#define IMAGE_SIZE_MAX ((json_int_t)1 << 50)

/* Adds the size that a descriptor claims; false when that cannot be. */
static bool add_size(const json_t *descriptor, json_int_t *sum)
{
    json_int_t size = json_integer_value(json_object_get(descriptor, "size"));
    if (size < 0 || size > IMAGE_SIZE_MAX - *sum)
        return false;
    *sum += size;
    return true;
}

/* The packed bytes of an image: its configuration and its layers. */
static int image_size(const json_t *manifest, json_int_t *out, struct arc_error *err)
{
    size_t i;
    json_t *layer;
    *out = 0;
    bool possible = add_size(json_object_get(manifest, "config"), out);

    json_array_foreach (json_object_get(manifest, "layers"), i, layer)
        possible = possible && add_size(layer, out);
    if (possible)
        return ARC_OK;
    return arc_error_set(err, ARC_EFAILED, "claims a size that no image has");
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), tail = strlen(end);
    return len >= tail && strcmp(text + len - tail, end) == 0;
}

bool arc_is_gzip(const json_t *layer)
{
    const char *type = arc_json_text_of(layer, "mediaType");
    return ends_with(type, ".tar+gzip") || ends_with(type, ".tar.gzip");
}

/* The bytes of a layer's tar archive, -1 when they cannot be known. A gzip file ends with its
 * unpacked length modulo 2^32 (RFC 1952 section 2.3.1, ISIZE); of several members in one file it
 * is the last one's. So it counts only when it can be that of a whole archive: of blocks of 512
 * bytes, and no shorter than what it was packed to (but for what deflate adds to what does not
 * compress) or longer than deflate can pack. From 1 GiB packed on, 4 GiB unpacked are too near. */
static json_int_t layer_unpacked(const struct arc_registry *registry, const json_t *layer)
{
    json_int_t size = json_integer_value(json_object_get(layer, "size"));
    uint32_t tail;
    if (ends_with(arc_json_text_of(layer, "mediaType"), ".tar"))
        return size;
    if (!arc_is_gzip(layer) || size <= 0 || size >= (json_int_t)1 << 30 ||
        !arc_registry_tail(registry, arc_json_text_of(layer, "digest"), &tail))
        return -1;
    json_int_t unpacked = tail;
    bool whole = unpacked % 512 == 0 && unpacked + unpacked / 1000 + 64 >= size;
    return whole && unpacked <= size * 1032 ? unpacked : -1;
}

static json_t *image_unpacked(const struct arc_registry *registry, const json_t *manifest)
{
    json_int_t sum = 0;
    size_t i;
    json_t *layer;
    json_array_foreach (json_object_get(manifest, "layers"), i, layer) {
        json_int_t unpacked = layer_unpacked(registry, layer);
        if (unpacked < 0)
            return json_null();
        sum += unpacked;
    }
    return json_integer(sum);
}

static int check_image(const struct arc_verify *verify, const json_t *descriptor,
                       const char *platform, json_t *cells, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest manifest = {0};
    ARC_AUTO_JSON json_t *config = NULL;
    const char *image = arc_json_text_of(verify->service, "image"),
               *digest = arc_json_text_of(descriptor, "digest");
    char built[128];
    int rc = arc_registry_manifest(verify->registry, image, digest, &manifest, err);
    if (!rc)
        rc = arc_registry_blob(
            verify->registry, image,
            arc_json_text_of(json_object_get(manifest.document, "config"), "digest"), &config, err);
    if (rc)
        return rc == ARC_ENOTFOUND
                   ? arc_error_set(err, ARC_EFAILED, "is listed, but %s is missing", digest)
                   : rc;
    ARC_TRY(arc_names_check(manifest.document, err));
    ARC_TRY(arc_names_check(config, err));
    arc_platform_text(config, built, sizeof built);
    if (strcmp(built, platform) != 0)
        return arc_error_set(err, ARC_EFAILED, "is an image for %s", built);

    json_int_t size;
    ARC_TRY(check_labels(json_object_get(verify->service, "labels"), config, err));
    ARC_TRY(image_size(manifest.document, &size, err));
    json_t *cell = json_pack("{s:s, s:s, s:I, s:o, s:n, s:n, s:n, s:[]}", "platform", platform,
                             "digest", digest, "size", size, "unpacked",
                             image_unpacked(verify->registry, manifest.document), "started",
                             "duration", "cached", "attestations");
    return json_array_append_new(cells, cell) ? arc_error_nomem(err) : ARC_OK;
}

/* ---- the set of platforms ------------------------------------------------------------------ */

static json_t *cell_of(const json_t *cells, const char *key, const char *value)
{
    size_t i;
    json_t *cell;
    json_array_foreach (cells, i, cell)
        if (strcmp(arc_json_text_of(cell, key), value) == 0)
            return cell;
    return NULL;
}

static bool planned(const json_t *platforms, const char *platform)
{
    size_t i;
    json_t *item;
    json_array_foreach (platforms, i, item)
        if (strcmp(json_string_value(item), platform) == 0)
            return true;
    return false;
}

static int check_images(const struct arc_verify *verify, const json_t *index, json_t *cells,
                        struct arc_error *err)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(index, "manifests"), i, item) {
        char platform[128];
        if (arc_is_attestation(item))
            continue;
        arc_platform_text(json_object_get(item, "platform"), platform, sizeof platform);
        int rc = ARC_OK;
        if (!planned(verify->platforms, platform))
            rc = arc_error_set(err, ARC_EFAILED, "was not planned");
        else if (cell_of(cells, "platform", platform))
            rc = arc_error_set(err, ARC_EFAILED, "is listed twice");
        if (!rc)
            rc = check_image(verify, item, platform, cells, err);
        if (rc)
            return differs(verify, platform, err);
    }
    json_array_foreach (verify->platforms, i, item)
        if (!cell_of(cells, "platform", json_string_value(item))) {
            arc_error_set(err, ARC_EFAILED, "is missing from the index");
            return differs(verify, json_string_value(item), err);
        }
    return ARC_OK;
}

/* ---- attestations -------------------------------------------------------------------------- */

/* "pkg:docker/nats@2.10.24-alpine?platform=…" → "nats:2.10.24-alpine" (purl-spec, type docker). */
static int add_base(json_t *bases, const json_t *material)
{
    const char *uri = arc_json_text_of(material, "uri");
    const char *digest = arc_json_text_of(json_object_get(material, "digest"), "sha256");
    if (strncmp(uri, "pkg:docker/", 11) != 0 || !*digest)
        return 0;
    ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 1024}, full = {.max = 128};
    for (const char *c = uri + 11; *c && *c != '?'; c++) {
        unsigned code;
        if (*c == '%' && sscanf(c + 1, "%2x", &code) == 1 && code > 32 && code < 127) {
            arc_buf_putc(&ref, (char)code);
            c += 2;
        } else {
            arc_buf_putc(&ref, *c == '@' ? ':' : *c);
        }
    }
    arc_buf_printf(&full, "sha256:%s", digest);
    if (ref.failed || full.failed)
        return 0;
    ARC_AUTO_JSON json_t *base =
        json_pack("{s:s, s:s}", "ref", arc_buf_text(&ref), "digest", arc_buf_text(&full));
    size_t i;
    json_t *known;
    json_array_foreach (bases, i, known)
        if (json_equal(known, base))
            return 0;
    return json_array_append(bases, base);
}

bool arc_is_provenance(const json_t *layer)
{
    const char *type =
        arc_json_text_of(json_object_get(layer, "annotations"), "in-toto.io/predicate-type");
    return strncmp(type, "https://slsa.dev/provenance/", 28) == 0;
}

/* The base images that a provenance names (SLSA v0.2 materials, v1 resolvedDependencies). */
static int read_provenance(const struct arc_verify *verify, const json_t *layer, json_t *bases,
                           struct arc_error *err)
{
    ARC_AUTO_JSON json_t *statement = NULL;
    if (!verify->details || !arc_is_provenance(layer))
        return ARC_OK;
    int rc = arc_registry_blob(verify->registry, arc_json_text_of(verify->service, "image"),
                               arc_json_text_of(layer, "digest"), &statement, err);
    if (rc)
        return rc;
    const json_t *predicate = json_object_get(statement, "predicate");
    const json_t *materials = json_object_get(predicate, "materials");
    if (!materials)
        materials =
            json_object_get(json_object_get(predicate, "buildDefinition"), "resolvedDependencies");
    size_t i;
    json_t *material;
    json_array_foreach (materials, i, material)
        if (add_base(bases, material))
            return arc_error_nomem(err);
    return ARC_OK;
}

static int check_attestation(const struct arc_verify *verify, const json_t *descriptor,
                             json_t *cells, json_t *bases, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest manifest = {0};
    const char *digest = arc_json_text_of(descriptor, "digest");
    const char *subject =
        arc_json_text_of(json_object_get(descriptor, "annotations"), "vnd.docker.reference.digest");
    json_t *cell = cell_of(cells, "digest", subject);
    if (!cell)
        return arc_error_set(err, ARC_EFAILED,
                             "attestation %s is about %.100s, which is no image of the index",
                             digest, subject);
    if (json_array_append_new(json_object_get(cell, "attestations"), json_string(digest)))
        return arc_error_nomem(err);
    int rc = arc_registry_manifest(verify->registry, arc_json_text_of(verify->service, "image"),
                                   digest, &manifest, err);
    size_t i;
    json_t *layer;
    json_array_foreach (json_object_get(manifest.document, "layers"), i, layer)
        rc = rc ? rc : read_provenance(verify, layer, bases, err);
    return rc == ARC_ENOTFOUND
               ? arc_error_set(err, ARC_EFAILED, "attestation %s is missing", digest)
               : rc;
}

static int check_attestations(const struct arc_verify *verify, const json_t *index, json_t *cells,
                              json_t *bases, struct arc_error *err)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(index, "manifests"), i, item) {
        int rc =
            arc_is_attestation(item) ? check_attestation(verify, item, cells, bases, err) : ARC_OK;
        if (rc)
            return differs(verify, "", err);
    }
    return ARC_OK;
}

/* ---- the index ----------------------------------------------------------------------------- */

int arc_verify_index(const struct arc_verify *verify, struct arc_manifest *index, json_t **ledger,
                     struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest own = {0};
    ARC_AUTO_JSON json_t *cells = json_array();
    ARC_AUTO_JSON json_t *bases = json_array();
    struct arc_manifest *found = index ? index : &own;
    const json_t *service = verify->service;
    if (!cells || !bases)
        return arc_error_nomem(err);
    int rc = arc_registry_manifest(verify->registry, arc_json_text_of(service, "image"),
                                   verify->reference, found, err);
    if (rc)
        return rc;
    if (!json_is_array(json_object_get(found->document, "manifests"))) {
        arc_error_set(err, ARC_EFAILED, "is no index but %.100s", found->media_type);
        return differs(verify, "", err);
    }
    if (arc_names_check(found->document, err))
        return differs(verify, "", err);
    rc = check_images(verify, found->document, cells, err);
    if (!rc)
        rc = check_attestations(verify, found->document, cells, bases, err);
    if (rc)
        return rc;
    const json_t *annotations = json_object_get(found->document, "annotations");
    *ledger =
        json_pack("{s:O, s:O, s:s, s:O?, s:[], s:b, s:O, s:O}", "service",
                  json_object_get(service, "service"), "image", json_object_get(service, "image"),
                  "digest", found->digest, "key", json_object_get(annotations, "arc.ci.key"),
                  "tags", "built", true, "base-images", bases, "cells", cells);
    return *ledger ? ARC_OK : arc_error_nomem(err);
}
