#include "build/verify.h"
#include "base/json.h"
#include "base/text.h"
#include "documents/record.h"

void arc_platform_text(const json_t *platform, char out[ARC_PLATFORM_SIZE])
{
    arc_platform_join(arc_json_text_of(platform, "os"), arc_json_text_of(platform, "architecture"),
                      arc_json_text_of(platform, "variant"), out);
}

bool arc_is_attestation(const json_t *descriptor)
{
    const char *type = arc_annotation(descriptor, "vnd.docker.reference.type");
    return strcmp(type, "attestation-manifest") == 0;
}

static int differs(const struct arc_verify *verify, const char *platform, struct arc_error *err)
{
    const char *mark = strchr(verify->reference, ':') ? "@" : ":"; /* a digest, or a tag */
    return arc_error_prefix(err, "%s%s%s%s%s", verify->service->image, mark, verify->reference,
                            *platform ? " " : "", platform);
}

/* Refuses a manifest that is both an index and an image: which of the two is pulled depends on the
 * client, and only one was checked and scanned (CVE-2021-41190). */
static int check_kind(const json_t *document, struct arc_error *err)
{
    bool image = json_object_get(document, "config") || json_object_get(document, "layers");
    if (!image || !json_object_get(document, "manifests"))
        return ARC_OK;
    return arc_error_set(err, ARC_EFAILED,
                         "is both an index and an image: what is pulled depends on the client");
}

/* ---- names ---------------------------------------------------------------------------------- */

#define DEPTH_MAX 16

/* Members of an index, a manifest, a descriptor and an image's configuration (OCI image spec 1.1).
 * The configuration's "config" has capitalized names, of which "Labels" is used here. */
static const char *const known[] = {
    "schemaVersion", "mediaType", "artifactType", "manifests",    "config",
    "layers",        "subject",   "digest",       "platform",     "urls",
    "annotations",   "data",      "os",           "architecture", "os.version",
    "os.features",   "variant",   "rootfs",       "diff_ids",     "Labels",
    "Entrypoint",    "Cmd",       "User",         "size",         "Env",
    "WorkingDir",    "Volumes",   "ExposedPorts", "StopSignal",   "type",
    "created",       "author",    "history"};

/* Whether Go's encoding/json, which docker uses, treats two names as equal: ignoring the case of
 * letters, and for the two other characters that fold to ASCII letters. */
static bool is_same_to_docker(const char *known_name, const char *name)
{
    static const char long_s[] = "\xc5\xbf", kelvin[] = "\xe2\x84\xaa";

    while (*known_name && *name) {
        char letter = *known_name++;
        if (strncasecmp(&letter, name, 1) == 0)
            name++;
        else if ((letter == 's' || letter == 'S') && strncmp(name, long_s, 2) == 0)
            name += 2;
        else if ((letter == 'k' || letter == 'K') && strncmp(name, kelvin, 3) == 0)
            name += 3;
        else
            return false;
    }

    return !*known_name && !*name;
}

/* docker and containerd (Go's encoding/json) read "Manifests" as "manifests", and the last of two
 * wins: refuses a member whose name differs only by case from one that they read. */
static int check_names(const json_t *value, unsigned depth, struct arc_error *err)
{
    if (depth > DEPTH_MAX)
        return arc_error_set(err, ARC_EFAILED, "is nested more than %d deep", DEPTH_MAX);

    arc_json_each_pair (name, member, value) {
        for (size_t i = 0; i < ARC_COUNT(known); i++)
            if (strcmp(known[i], name) != 0 && is_same_to_docker(known[i], name))
                return arc_error_set(err, ARC_EFAILED,
                                     "has a member '%s', which docker reads as '%s': an image "
                                     "that docker reads differently is not promoted",
                                     name, known[i]);

        bool users = ARC_AMONG(name, "annotations", "Labels", "Volumes", "ExposedPorts");
        if (!users) /* other objects have the user's own names */
            ARC_TRY(check_names(member, depth + 1, err));
    }

    arc_json_each (item, value)
        ARC_TRY(check_names(item, depth + 1, err));

    return ARC_OK;
}

/* ---- one image ----------------------------------------------------------------------------- */

static int check_labels(const struct arc_pair *planned, const json_t *config, struct arc_error *err)
{
    const json_t *labels = json_object_get(json_object_get(config, "config"), "Labels");

    for (; planned->name; planned++) {
        const json_t *found = json_object_get(labels, planned->name);
        if (!found)
            return arc_error_set(err, ARC_EFAILED, "has no label %s", planned->name);
        if (!json_is_string(found) || strcmp(json_string_value(found), planned->value) != 0)
            return arc_error_set(err, ARC_EFAILED,
                                 "label %s is '%.200s' instead of '%.200s': built from another "
                                 "commit or by another build",
                                 planned->name,
                                 json_is_string(found) ? json_string_value(found) : "no text",
                                 planned->value);
    }

    return ARC_OK;
}

/* More than any registry stores, and exact in every JSON reader. */
#define IMAGE_SIZE_MAX ((json_int_t)1 << 50)

/* Adds the size in a descriptor; false if it is impossible. */
static bool add_size(const json_t *descriptor, json_int_t *sum)
{
    json_int_t size = json_integer_value(json_object_get(descriptor, "size"));
    if (size < 0 || size > IMAGE_SIZE_MAX - *sum)
        return false;
    *sum += size;
    return true;
}

/* The compressed size of an image: its configuration and layers. */
static int image_size(const json_t *manifest, json_int_t *out, struct arc_error *err)
{
    *out = 0;
    bool possible = add_size(json_object_get(manifest, "config"), out);

    arc_json_each (layer, json_object_get(manifest, "layers"))
        possible = possible && add_size(layer, out);
    if (possible)
        return ARC_OK;
    return arc_error_set(err, ARC_EFAILED, "claims a size that no image has");
}

static bool is_gzip(const json_t *layer)
{
    const char *type = arc_json_text_of(layer, "mediaType");
    return arc_text_ends(type, ".tar+gzip") || arc_text_ends(type, ".tar.gzip");
}

/* The size of a layer's tar archive; -1 if unknown. A gzip file ends with its uncompressed length
 * modulo 2^32 (RFC 1952 section 2.3.1, ISIZE), but of its last member only. So it is used only if
 * it is plausible for a whole archive: a multiple of 512, not smaller than the compressed size
 * (less deflate's overhead for incompressible data), and not larger than deflate's best ratio
 * allows. From 1 GiB compressed on, 4 GiB are too likely. */
static int64_t layer_unpacked(const struct arc_registry *registry, const json_t *layer)
{
    json_int_t size = json_integer_value(json_object_get(layer, "size"));
    uint32_t tail;

    if (arc_text_ends(arc_json_text_of(layer, "mediaType"), ".tar"))
        return size;

    if (!is_gzip(layer) || size <= 0 || size >= (json_int_t)1 << 30 ||
        !arc_registry_tail(registry, arc_json_text_of(layer, "digest"), &tail))
        return -1;

    int64_t unpacked = tail;
    bool whole = unpacked % 512 == 0 && unpacked + unpacked / 1000 + 64 >= size;
    return whole && unpacked <= size * 1032 ? unpacked : -1;
}

static int64_t image_unpacked(const struct arc_registry *registry, const json_t *manifest)
{
    int64_t sum = 0;

    arc_json_each (layer, json_object_get(manifest, "layers")) {
        int64_t unpacked = layer_unpacked(registry, layer);
        if (unpacked < 0)
            return -1;
        sum += unpacked;
    }

    return sum;
}

/* Checks that the layers exist: a registry may lose layers but keep the manifest. Foreign layers
 * are elsewhere. */
static int check_layers(const struct arc_verify *verify, const json_t *manifest,
                        struct arc_error *err)
{
    arc_json_each (layer, verify->details ? json_object_get(manifest, "layers") : NULL) {
        const char *digest = arc_json_text_of(layer, "digest");
        bool lacks = false;
        if (!json_object_get(layer, "urls"))
            ARC_TRY(
                arc_registry_lacks(verify->registry, verify->service->image, digest, &lacks, err));
        if (lacks)
            return arc_error_set(err, ARC_EFAILED, "lists the layer %.200s, which is missing",
                                 digest);
    }

    return ARC_OK;
}

/* An index being read. */
struct reading {
    const struct arc_verify *verify;
    struct arc_arena *memory;
    struct arc_built_service *built;
    json_t *layers; /* per built->cells: an array of descriptors */
};

/* Checks that an image has its descriptor's type and size, since docker requires both. */
static int check_descriptor(const json_t *descriptor, const struct arc_manifest *manifest,
                            struct arc_error *err)
{
    json_int_t size = json_integer_value(json_object_get(descriptor, "size"));
    const char *type = arc_json_text_of(descriptor, "mediaType");

    if (size == (json_int_t)manifest->bytes.len && strcmp(type, manifest->media_type) == 0)
        return ARC_OK;

    return arc_error_set(err, ARC_EFAILED,
                         "is listed as %.200s of %" JSON_INTEGER_FORMAT " bytes, but is %.200s "
                         "of %zu: nobody could "
                         "pull it",
                         type, size, manifest->media_type, manifest->bytes.len);
}

static int check_image(const struct reading *reading, const json_t *descriptor,
                       const char *platform, struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest manifest = {0};
    ARC_AUTO_JSON json_t *config = NULL;
    const struct arc_verify *verify = reading->verify;
    const char *image = verify->service->image, *digest = arc_json_text_of(descriptor, "digest");
    char built[ARC_PLATFORM_SIZE];
    int rc = arc_registry_manifest(verify->registry, image, digest, &manifest, err);

    const json_t *named = json_object_get(manifest.document, "config");
    if (!rc && !named)
        return arc_error_set(err, ARC_EFAILED, "is not an image: %s has no configuration", digest);
    if (!rc)
        rc = arc_registry_blob(verify->registry, image, arc_json_text_of(named, "digest"), &config,
                               err);

    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EFAILED, "is listed, but %s is missing", digest);
    ARC_TRY(rc);

    ARC_TRY(check_kind(manifest.document, err));
    ARC_TRY(check_descriptor(descriptor, &manifest, err));
    ARC_TRY(check_names(manifest.document, 0, err));
    ARC_TRY(check_names(config, 0, err));
    ARC_TRY(check_layers(verify, manifest.document, err));
    arc_platform_text(config, built);
    if (strcmp(built, platform) != 0)
        return arc_error_set(err, ARC_EFAILED, "is an image for %s", built);

    json_int_t size;
    ARC_TRY(check_labels(verify->service->labels, config, err));
    ARC_TRY(image_size(manifest.document, &size, err));
    struct arc_built_cell *cell = arc_arena_append(reading->memory, &reading->built->cells,
                                                   &reading->built->cell_count, sizeof *cell);
    json_t *layers = json_object_get(manifest.document, "layers");
    if (!cell ||
        json_array_append_new(reading->layers, layers ? json_incref(layers) : json_array()))
        return arc_error_nomem(err);

    *cell = (struct arc_built_cell){
        .platform = arc_arena_text(reading->memory, platform),
        .digest = arc_arena_text(reading->memory, digest),
        .size = size,
        .unpacked = image_unpacked(verify->registry, manifest.document),
        .started = -1,
        .duration = -1,
        .cached = -1,
    };

    return arc_arena_check(reading->memory, err);
}

/* ---- doubts -------------------------------------------------------------------------------- */

/* Warns about layers that are the same for two platforms: they contain no programs, or programs for
 * the wrong platform, as from a last stage FROM --platform=… */
static void tell_of_same_layers(const struct reading *reading)
{
    const struct arc_built_service *built = reading->built;

    if (!reading->verify->listener)
        return;

    for (size_t i = 1; i < built->cell_count; i++) {
        size_t other = 0;
        const json_t *own = json_array_get(reading->layers, i);
        while (other < i && !json_equal(json_array_get(reading->layers, other), own))
            other++;
        if (other == i || !json_array_size(own))
            continue;
        arc_build_tell(reading->verify->listener, built->service,
                       "warning: %s and %s have the same layers: right for files without programs; "
                       "otherwise look for --platform in the FROM of the last stage",
                       built->cells[other].platform, built->cells[i].platform);
    }
}

/* ---- the set of platforms ------------------------------------------------------------------ */

static int check_images(const struct reading *reading, const json_t *index, struct arc_error *err)
{
    const struct arc_verify *verify = reading->verify;

    arc_json_each (item, json_object_get(index, "manifests")) {
        char platform[ARC_PLATFORM_SIZE];
        if (arc_is_attestation(item))
            continue;
        const json_t *named = json_object_get(item, "platform");
        if (named)
            arc_platform_text(named, platform);
        else
            snprintf(platform, sizeof platform, "without a platform");
        int rc = ARC_OK;
        if (!arc_texts_have(verify->platforms, platform))
            rc = arc_error_set(err, ARC_EFAILED, "was not planned");
        else if (arc_built_on(reading->built, platform))
            rc = arc_error_set(err, ARC_EFAILED, "is listed twice");
        if (!rc)
            rc = check_image(reading, item, platform, err);
        if (rc)
            return differs(verify, platform, err);
    }

    for (char *const *platform = verify->platforms; *platform; platform++)
        if (!arc_built_on(reading->built, *platform)) {
            arc_error_set(err, ARC_EFAILED, "is missing from the index");
            return differs(verify, *platform, err);
        }

    return ARC_OK;
}

/* ---- attestations -------------------------------------------------------------------------- */

/* "pkg:docker/nats@2.10.24-alpine?platform=…" → "nats:2.10.24-alpine" (purl-spec, type docker); with
 * its digest if the Dockerfile has that (BuildKit, util/purl). */
static int add_base(const struct reading *reading, const json_t *material, struct arc_error *err)
{
    const char *name = arc_text_after(arc_json_text_of(material, "uri"), "pkg:docker/");
    const char *digest = arc_json_text_of(json_object_get(material, "digest"), "sha256");
    struct arc_built_service *built = reading->built;

    if (!name || !arc_text_is_hex(digest, 64))
        return ARC_OK;

    ARC_AUTO(arc_buf) struct arc_buf ref = {.max = 1024};
    for (const char *c = name; *c && *c != '?'; c++) {
        unsigned code;
        bool coded = *c == '%' && strspn(c + 1, "0123456789abcdefABCDEF") >= 2;
        if (coded && sscanf(c + 1, "%2x", &code) == 1 && code > 32 && code < 127) {
            arc_buf_putc(&ref, (char)code);
            c += 2;
        } else {
            arc_buf_putc(&ref, *c == '@' ? ':' : *c);
        }
    }

    if (strstr(name, "?digest=") || strstr(name, "&digest="))
        arc_buf_printf(&ref, "@sha256:%s", digest);
    if (ref.failed)
        return ARC_OK;

    arc_each (base, built->base_images, built->base_count)
        if (strcmp(base->ref, arc_buf_text(&ref)) == 0 && strcmp(base->digest + 7, digest) == 0)
            return ARC_OK;

    ARC_APPEND(reading->memory, built->base_images, built->base_count, err,
               (struct arc_base_image){arc_arena_text(reading->memory, arc_buf_text(&ref)),
                                       arc_arena_printf(reading->memory, "sha256:%s", digest)});
    return ARC_OK;
}

bool arc_is_provenance(const json_t *layer)
{
    return ARC_STARTS(arc_annotation(layer, "in-toto.io/predicate-type"),
                      "https://slsa.dev/provenance/");
}

/* Adds the base images in a provenance (SLSA v0.2 materials, v1 resolvedDependencies). */
static int read_provenance(const struct reading *reading, const json_t *layer,
                           struct arc_error *err)
{
    ARC_AUTO_JSON json_t *statement = NULL;
    const struct arc_verify *verify = reading->verify;

    if (!verify->details || !arc_is_provenance(layer))
        return ARC_OK;

    ARC_TRY(arc_registry_blob(verify->registry, verify->service->image,
                              arc_json_text_of(layer, "digest"), &statement, err));
    const json_t *predicate = json_object_get(statement, "predicate");
    const json_t *materials = json_object_get(predicate, "materials");
    if (!materials)
        materials =
            json_object_get(json_object_get(predicate, "buildDefinition"), "resolvedDependencies");

    arc_json_each (material, materials)
        ARC_TRY(add_base(reading, material, err));

    return ARC_OK;
}

static int check_attestation(const struct reading *reading, const json_t *descriptor,
                             struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest manifest = {0};
    const struct arc_verify *verify = reading->verify;
    const char *digest = arc_json_text_of(descriptor, "digest");
    const char *subject = arc_annotation(descriptor, "vnd.docker.reference.digest");
    char platform[ARC_PLATFORM_SIZE];

    /* Clients choose by the platform alone, and the gate does not scan attestations. */
    const json_t *named = json_object_get(descriptor, "platform");
    arc_platform_text(named, platform);
    if (strcmp(platform, "unknown/unknown") != 0)
        return arc_error_set(err, ARC_EFAILED,
                             "attestation %s is listed for %s, so it could be pulled as an image",
                             digest, json_is_object(named) ? platform : "no platform");

    struct arc_built_cell *cell =
        arc_find(reading->built->cells, reading->built->cell_count, digest, subject);
    if (!cell)
        return arc_error_set(err, ARC_EFAILED,
                             "attestation %s is about %.100s, which is not an image of the index",
                             digest, subject);
    ARC_TRY(arc_texts_add(reading->memory, &cell->attestations, digest, err));

    int rc =
        arc_registry_manifest(verify->registry, verify->service->image, digest, &manifest, err);
    arc_json_each (layer, json_object_get(manifest.document, "layers"))
        if (!rc)
            rc = read_provenance(reading, layer, err);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EFAILED, "attestation %s, or what it lists, is missing",
                             digest);

    return rc;
}

/* ---- the index ----------------------------------------------------------------------------- */

int arc_verify_index(const struct arc_verify *verify, struct arc_arena *memory,
                     struct arc_built_service *built, struct arc_manifest *index,
                     struct arc_error *err)
{
    ARC_AUTO(arc_manifest) struct arc_manifest own = {0};
    struct arc_manifest *found = arc_or(index, &own);
    const struct arc_planned_service *service = verify->service;
    ARC_AUTO_JSON json_t *layers = json_array();
    struct reading reading = {verify, memory, built, layers};

    *built = (struct arc_built_service){.service = arc_arena_text(memory, service->service),
                                        .image = arc_arena_text(memory, service->image),
                                        .built = true};
    ARC_TRY(arc_registry_manifest(verify->registry, service->image, verify->reference, found, err));

    if (!json_is_array(json_object_get(found->document, "manifests"))) {
        arc_error_set(err, ARC_EFAILED, "is not an index but %.100s", found->media_type);
        return differs(verify, "", err);
    }

    if (check_kind(found->document, err) || check_names(found->document, 0, err))
        return differs(verify, "", err);
    ARC_TRY(check_images(&reading, found->document, err));
    tell_of_same_layers(&reading);

    arc_json_each (item, json_object_get(found->document, "manifests"))
        if (arc_is_attestation(item) && check_attestation(&reading, item, err))
            return differs(verify, "", err);

    const char *key = arc_annotation(found->document, ARC_KEY_ANNOTATION);
    built->digest = arc_arena_text(memory, found->digest);
    built->key = arc_form_digest.holds(key) ? arc_arena_text(memory, key) : NULL;

    return arc_arena_check(memory, err);
}
