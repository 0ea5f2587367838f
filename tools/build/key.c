#include "arcci/glob.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "build/run.h"
#include "config/build.h"
#include "os/file.h"
#include "os/folder.h"

/* To be changed if builds change in a way that their inputs do not show. */
#define KEY_FORMAT 4

/* The hash of a file or folder; "" for a missing .dockerignore, and before the step that makes the
 * place: its build then says what is missing. */
static int hash_place(const struct arc_build_options *options, const char *place,
                      char hash[ARC_SHA256_HEX], struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = (size_t)16 << 20};
    ARC_AUTO_FREE char *full = arc_file_join(options->env->cwd, place);

    *hash = '\0';
    ARC_TRY_ALLOC(full, err);
    enum arc_file_kind kind = arc_file_kind_in(options->env->cwd, place);
    if (kind == ARC_FILE_NONE &&
        (arc_text_ends(place, ".dockerignore") || arc_glob_any(options->plan->generated, place)))
        return ARC_OK;
    if (kind != ARC_FILE_REGULAR)
        return arc_folder_hash(full, hash, err);

    ARC_TRY(arc_file_read_in(options->env->cwd, place, text.max, &text, err));
    return arc_sha256(arc_buf_text(&text), text.len, hash, err);
}

/* Adds how a service, or a base of one, is built to a list. */
static int add_part(const struct arc_planned_service *part, json_t *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *recipe = NULL;
    if (part->recipe)
        ARC_TRY(arc_recipe_json(part->recipe, &recipe, err));

    return arc_json_append(out,
                           json_pack("{s:s, s:s?, s:o, s:O?}", "context", part->context,
                                     "dockerfile", part->dockerfile, "args",
                                     arc_pairs_json(part->build_args), "recipe", recipe),
                           err);
}

/* How a service and its bases are built, and the hashes of the files and folders that they are
 * built from. `known` caches these, since services may share a context. */
static int hash_inputs(const struct arc_build_options *options,
                       const struct arc_planned_service *service, json_t *known, json_t *how,
                       json_t *out, struct arc_error *err)
{
    const struct arc_plan *plan = options->plan;
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    bool *parts = arc_arena_array(&memory, plan->service_count, sizeof *parts);
    char **places = NULL;

    ARC_TRY_ALLOC(parts && how && out, err);
    arc_planned_mark(plan, service, parts);

    arc_each (part, plan->services, plan->service_count) {
        if (!parts[part - plan->services])
            continue;
        ARC_TRY(add_part(part, how, err));
        ARC_TRY(arc_recipe_places(options->env->cwd, part->context, part->dockerfile,
                                  arc_planned_contexts(part), &memory, &places, err));
    }

    for (char **place = places; place && *place; place++) {
        if (!json_object_get(known, *place)) {
            char hash[ARC_SHA256_HEX];
            ARC_TRY(hash_place(options, *place, hash, err));
            ARC_TRY(arc_json_set(known, *place, json_string(hash), err));
        }
        json_t *hash = json_object_get(known, *place);
        if (json_string_length(hash))
            ARC_TRY(arc_json_set(out, *place, json_incref(hash), err));
    }

    return ARC_OK;
}

static int make_key(const struct arc_build_options *options,
                    const struct arc_planned_service *service, json_t *known,
                    struct arc_arena *memory, char **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *files = json_object(), *how = json_array();

    ARC_TRY_PREFIX(hash_inputs(options, service, known, how, files, err), err,
                   "the build context of %s", service->service);

    ARC_AUTO_JSON json_t *inputs =
        json_pack("{s:i, s:s, s:O, s:O, s:o, s:o, s:b, s:s}", "format", KEY_FORMAT, "service",
                  service->service, "how", how, "files", files, "labels",
                  arc_pairs_json(service->labels), "platforms", arc_texts_json(service->platforms),
                  "sbom", options->sbom, "created", options->plan->created);
    ARC_AUTO_FREE char *text = arc_json_dumps(inputs, JSON_SORT_KEYS | JSON_COMPACT);
    char hex[ARC_SHA256_HEX];
    ARC_TRY_ALLOC(inputs && text, err);
    ARC_TRY(arc_sha256(text, strlen(text), hex, err));
    *out = arc_arena_printf(memory, "sha256:%s", hex);

    return arc_arena_check(memory, err);
}

int arc_build_keys(const struct arc_build_options *options, const struct arc_cell **cells,
                   struct arc_arena *memory, char ***out, struct arc_error *err)
{
    const struct arc_plan *plan = options->plan;
    ARC_AUTO_JSON json_t *known = json_object();
    *out = arc_arena_array(memory, plan->service_count, sizeof **out);
    ARC_TRY_ALLOC(*out, err);

    for (size_t i = 0; i < plan->service_count; i++)
        if (cells ? cells[i] != NULL : plan->services[i].selected)
            ARC_TRY(make_key(options, &plan->services[i], known, memory, &(*out)[i], err));

    return ARC_OK;
}

/* Whether the engine has an image with that name and digest: the docker driver prefers local
 * ones. */
static bool engine_has(const struct arc_build_options *options, const char *ref, const char *digest)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    const char *const argv[] = {"docker", "image", "inspect", "--format", "{{json .RepoDigests}}",
                                "--",     ref,     NULL};
    struct arc_process process = {.argv = argv, .env = options->env, .timeout = 30};
    if (arc_process_run(&process, &result, NULL) || result.status)
        return false;
    return strstr(arc_buf_text(&result.output), digest) != NULL;
}

static int base_moved(const struct arc_build_options *options, struct arc_registry *registry,
                      bool local, const struct arc_base_image *base, bool *moved,
                      struct arc_error *err)
{
    char digest[ARC_DIGEST_LEN + 1] = "";
    const char *ref = base->ref;
    *moved = false;
    if (strstr(ref, "sha256:") || (local && engine_has(options, ref, base->digest)))
        return ARC_OK;

    /* "nats:2.10-alpine" → "nats", "2.10-alpine". */
    const char *colon = strchr(arc_path_name(ref), ':');
    ARC_AUTO_FREE char *image = colon ? strndup(ref, (size_t)(colon - ref)) : strdup(ref);
    const char *tag = colon ? colon + 1 : "latest";
    ARC_TRY_ALLOC(image, err);

    /* An unknown base means a rebuild, which is slower but never wrong. */
    *moved = arc_registry_resolve(registry, image, tag, digest, NULL) ||
             strcmp(digest, base->digest) != 0;

    return ARC_OK;
}

int arc_build_find(const struct arc_build_options *options, const struct arc_verify *verify,
                   const char *key, bool local, struct arc_arena *memory,
                   struct arc_built_service *built, bool *found, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    bool moved = false;
    *found = false;
    int rc = arc_verify_index(verify, memory, built, NULL, &problem);
    bool hidden = rc == ARC_EWORLD && arc_registry_hides(verify->registry);
    if (rc == ARC_ENOTFOUND || rc == ARC_EFAILED || hidden)
        return ARC_OK;
    ARC_TRY(arc_error_pass(rc, &problem, err));
    if (!built->key || strcmp(built->key, key) != 0)
        return ARC_OK;

    for (size_t i = 0; !moved && i < built->base_count; i++)
        ARC_TRY(base_moved(options, verify->registry, local, &built->base_images[i], &moved, err));
    built->built = false;
    *found = !moved;

    return ARC_OK;
}
