#include "config/bake_file.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/path.h"
#include "base/platform.h"
#include "base/text.h"
#include "config/build.h"
#include "config/fields.h"
#include "config/service.h"
#include <string.h>

/* ---- a target as a service ------------------------------------------------------------------ */

/* Adds "NAME=VALUE" as a field of CSV, which buildx reads these texts as. */
static void add_field(struct arc_buf *out, const char *name, const char *value)
{
    bool quoted = strpbrk(value, ",\"") != NULL;
    arc_buf_printf(out, "%s%s%s=", out->len ? "," : "", quoted ? "\"" : "", name);
    for (; *value; value++)
        arc_buf_printf(out, "%s%c", *value == '"' ? "\"" : "", *value);
    arc_buf_puts(out, quoted ? "\"" : "");
}

/* buildx prints a cache, a secret or an attestation as text, since 0.20 as an object. */
static int add_item(char ***list, const json_t *item, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 65536};
    const char *name, *id = json_string_value(json_object_get(item, "id"));
    const json_t *paths = json_object_get(item, "paths");
    json_t *value;

    if (json_is_string(item))
        return arc_list_add(list, json_string_value(item), err);

    if (id && (paths || json_object_size(item) == 1)) { /* of ssh */
        const char *path = json_string_value(json_array_get(paths, 0));
        arc_buf_printf(&text, "%s%s%s", id, path ? "=" : "", path ? path : "");
    } else
        json_object_foreach ((json_t *)item, name, value)
            if (json_is_string(value))
                add_field(&text, name, json_string_value(value));

    ARC_TRY(arc_buf_check(&text, "a target's text", err));

    return text.len ? arc_list_add(list, arc_buf_text(&text), err) : ARC_OK;
}

static int add_texts(char ***list, const json_t *texts, struct arc_error *err)
{
    arc_json_each (text, texts)
        ARC_TRY(add_item(list, text, err));
    return ARC_OK;
}

/* Pairs of an object; the names of contexts and their local paths take the form that we keep. */
static int take_pairs(const json_t *object, bool contexts, struct arc_pair **out,
                      struct arc_error *err)
{
    const char *name;
    json_t *value;
    size_t count = 0;
    *out = calloc(json_object_size(object) + 1, sizeof **out);
    ARC_TRY_ALLOC(*out, err);

    json_object_foreach ((json_t *)object, name, value) {
        struct arc_pair *pair = &(*out)[count];
        const char *text = json_string_value(value);
        if (!text)
            continue;
        pair->name = strdup(name);
        if (contexts && strncmp(text, "target:", 7) == 0) {
            ARC_AUTO_FREE char *codename = arc_codename_of(text + 7);
            struct arc_buf target = {0};
            arc_buf_printf(&target, "target:%s", codename ? codename : "");
            pair->value = arc_buf_steal(&target);
        } else if (contexts && !arc_context_is_remote(text))
            ARC_TRY(arc_path_resolve("", text, &pair->value, err));
        else
            pair->value = strdup(text);
        count += pair->name && pair->value;
        if (!pair->name || !pair->value)
            return arc_error_set(err, ARC_EINPUT,
                                 "the context '%.200s' leads out of the repository", text);
    }

    return ARC_OK;
}

/* "type=sbom,generator=x": what a recipe has as its sbom, "generator=x". A later one counts. */
static int take_attestation(const char *text, struct arc_recipe *build, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf rest = {.max = 65536};
    const char *type = "", *value = "true";
    size_t type_len = 0;

    for (const char *at = text; *at; at += *at == ',') {
        size_t len = strcspn(at, ",");
        if (strncmp(at, "type=", 5) == 0) {
            type = at + 5;
            type_len = len - 5;
        } else if (strncmp(at, "disabled=", 9) == 0) {
            if (len == 13 && strncmp(at + 9, "true", 4) == 0)
                value = "false";
        } else {
            arc_buf_printf(&rest, "%s%.*s", rest.len ? "," : "", (int)len, at);
        }
        at += len;
    }

    bool sbom = type_len == 4 && strncmp(type, "sbom", 4) == 0;
    if (!sbom && !(type_len == 10 && strncmp(type, "provenance", 10) == 0))
        return arc_error_set(err, ARC_EINPUT,
                             "the attestation '%.200s' is neither provenance nor an SBOM", text);

    char **out = sbom ? &build->sbom : &build->provenance;
    free(*out);
    return arc_text_copy(rest.len && strcmp(value, "true") == 0 ? arc_buf_text(&rest) : value, out,
                         err);
}

static int take_attestations(const json_t *items, struct arc_recipe *build, struct arc_error *err)
{
    ARC_AUTO_TEXTS char **texts = NULL;
    ARC_TRY(add_texts(&texts, items, err));
    for (char **text = texts; text && *text; text++)
        ARC_TRY(take_attestation(*text, build, err));
    return ARC_OK;
}

enum member_kind {
    TEXT,
    TEXTS,
    PAIRS,
    FLAG,
    ELSEWHERE, /* read by itself, or for a person */
};

#define AT(member) offsetof(struct arc_recipe, member)

/* What a target may say (docs.docker.com/build/bake/reference). */
static const struct member {
    const char *key;
    enum member_kind kind;
    size_t offset;
} members[] = {
    {"dockerfile", TEXT, AT(dockerfile)},
    {"dockerfile-inline", TEXT, AT(dockerfile_inline)},
    {"target", TEXT, AT(target)},
    {"network", TEXT, AT(network)},
    {"shm-size", TEXT, AT(shm_size)},
    {"args", PAIRS, AT(args)},
    {"labels", PAIRS, AT(labels)},
    {"contexts", PAIRS, AT(additional_contexts)},
    {"extra-hosts", PAIRS, AT(extra_hosts)},
    {"secret", TEXTS, AT(secrets)},
    {"ssh", TEXTS, AT(ssh)},
    {"cache-from", TEXTS, AT(cache_from)},
    {"cache-to", TEXTS, AT(cache_to)},
    {"ulimits", TEXTS, AT(ulimits)},
    {"annotations", TEXTS, AT(annotations)},
    {"no-cache", FLAG, AT(no_cache)},
    {"pull", FLAG, AT(pull)},
    {"attest", ELSEWHERE, 0},
    {"context", ELSEWHERE, 0},
    {"description", ELSEWHERE, 0},
    {"output", ELSEWHERE, 0},
    {"platforms", ELSEWHERE, 0},
    {"tags", ELSEWHERE, 0},
};

/* What a plan cannot carry is refused, not dropped. */
static int take_member(const char *key, const json_t *value, struct arc_recipe *build,
                       struct arc_error *err)
{
    size_t i = 0, count = sizeof members / sizeof *members;
    while (i < count && strcmp(members[i].key, key) != 0)
        i++;

    if (i == count)
        return arc_error_set(err, ARC_EINPUT,
                             "'%.100s' of a bake file is not supported; take it out", key);

    void *slot = (char *)build + members[i].offset;
    switch (members[i].kind) {
    case TEXT:
        return arc_text_copy(json_string_value(value), slot, err);
    case TEXTS:
        return add_texts(slot, value, err);
    case PAIRS:
        return take_pairs(value, strcmp(key, "contexts") == 0, slot, err);
    case FLAG:
        *(bool *)slot = json_is_true(value);
        return ARC_OK;
    case ELSEWHERE:
        return ARC_OK;
    }

    return ARC_OK;
}

/* The platforms in the one spelling, each once; one that is none is refused here, not by an engine. */
static int take_platforms(const json_t *list, char ***out, struct arc_error *err)
{
    arc_json_each (item, list) {
        ARC_AUTO(arc_buf) struct arc_buf why = {.max = 4096};
        char plain[ARC_PLATFORM_SIZE];
        const char *text = json_string_value(item);
        if (!text || !arc_check_platform(text, &why))
            return arc_error_set(err, ARC_EINPUT, "platforms: '%.100s' %s", text ? text : "",
                                 arc_buf_text(&why));
        arc_platform_normalize(text, plain);
        ARC_TRY(arc_list_add(out, plain, err));
    }

    return ARC_OK;
}

static int take_recipe(const json_t *target, struct arc_recipe *build, struct arc_error *err)
{
    const char *key, *context = json_string_value(json_object_get(target, "context"));
    json_t *value;

    context = context ? context : ".";
    json_object_foreach ((json_t *)target, key, value)
        ARC_TRY(take_member(key, value, build, err));
    ARC_TRY(take_platforms(json_object_get(target, "platforms"), &build->platforms, err));

    if (arc_context_is_remote(context))
        ARC_TRY(arc_text_copy(context, &build->context, err));
    else
        ARC_TRY(arc_path_resolve("", context, &build->context, err));

    if (!build->context)
        return arc_error_set(err, ARC_EINPUT, "the context '%.200s' leads out of the repository",
                             context);

    if (build->dockerfile_inline)
        free(arc_steal(&build->dockerfile));

    return take_attestations(json_object_get(target, "attest"), build, err);
}

/* Whether a version stands for itself at `at` of a tag: "3" in "v3" and "x-3", not in "py3.13". */
static bool stands_alone(const char *tag, const char *at, size_t len)
{
    static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.";
    bool v = at > tag && at[-1] == 'v' && (at == tag + 1 || !strchr(word, at[-2]));
    bool starts = at == tag || v || !strchr(word, at[-1]);
    return starts && (!at[len] || !strchr(word, at[len]));
}

/* A tag with the version's text as its placeholder, so that it is known for this version's own. */
static char *mark_version(const char *tag, const json_t *version)
{
    const char *text = arc_json_text_of(version, "version"), *found = *text ? tag : NULL;
    struct arc_buf out = {0};
    size_t len = strlen(text);

    while (found && (found = strstr(found, text)) && !stands_alone(tag, found, len))
        found++;
    if (!found)
        return strdup(tag);
    arc_buf_printf(&out, "%.*s{version}%s", (int)(found - tag), tag, found + len);
    return arc_buf_steal(&out);
}

/* ---- tags ----------------------------------------------------------------------------------- */

/* The image and the tag of a reference; both are owned by the caller. No *tag: it has no value in
 * this plan ("app:${VERSION}"). */
static int split_reference(const char *ref, const json_t *version, char **image, char **tag,
                           struct arc_error *err)
{
    const char *slash = strrchr(ref, '/'), *colon = strchr(slash ? slash : ref, ':');
    *image = strndup(ref, colon ? (size_t)(colon - ref) : strlen(ref));
    bool empty = colon && !colon[1];
    if (!empty)
        *tag = mark_version(colon ? colon + 1 : "latest", version);
    return *image && (*tag || empty) ? ARC_OK : arc_error_nomem(err);
}

static int add_tag(struct arc_service *service, size_t *count, const char *name, const char *image,
                   struct arc_error *err)
{
    for (size_t i = 0; image && i < *count; i++)
        if (strcmp(service->image_tags[i].name, name) == 0 &&
            strcmp(service->image_tags[i].image, image) == 0)
            return ARC_OK;

    struct arc_image_tag *grown =
        realloc(service->image_tags, (*count + 2) * sizeof *service->image_tags);
    ARC_TRY_ALLOC(grown, err);
    service->image_tags = grown;
    grown[*count] = (struct arc_image_tag){0};
    grown[*count + 1] = (struct arc_image_tag){0};
    ARC_TRY(arc_text_copy(name, &grown[*count].name, err));

    return arc_text_copy(image, &grown[(*count)++].image, err);
}

/* The group's own image-tags, where it has any, beside those of the file. */
static int add_given_tags(const struct arc_group *group, struct arc_service *service, size_t *count,
                          struct arc_error *err)
{
    for (const struct arc_image_tag *tag = group->image_tags; group->tags_given && tag->name;
         tag++) {
        ARC_TRY(add_tag(service, count, tag->name, NULL, err));
        struct arc_image_tag *own = &service->image_tags[*count - 1];
        own->when = tag->when;
        for (char **branch = tag->branches; branch && *branch; branch++)
            ARC_TRY(arc_list_add(&own->branches, *branch, err));
    }

    return ARC_OK;
}

/* Each tag is for the image that it was written with. */
static int take_tags(const struct arc_group *group, const json_t *tags, const json_t *version,
                     struct arc_service *service, struct arc_error *err)
{
    size_t count = 0;

    service->image_tags = calloc(1, sizeof *service->image_tags);
    ARC_TRY_ALLOC(service->image_tags, err);

    arc_json_each (item, tags) {
        const char *ref = json_is_string(item) ? json_string_value(item) : "";
        ARC_AUTO_FREE char *image = NULL, *tag = NULL;
        ARC_TRY(split_reference(ref, version, &image, &tag, err));
        ARC_TRY(arc_list_add(&service->images, image, err));
        if (tag)
            ARC_TRY(add_tag(service, &count, tag, image, err));
    }

    ARC_TRY(add_given_tags(group, service, &count, err));
    const char *slash = strrchr(service->images[0], '/');
    return arc_text_copy(slash ? slash + 1 : service->images[0], &service->name, err);
}

/* A target without tags: published where the group says, or linked only. */
static int make_names(const struct arc_group *group, bool linked, struct arc_service *service,
                      struct arc_error *err)
{
    ARC_TRY(arc_text_copy(service->codename, &service->name, err));
    if (!linked)
        return arc_service_make_images(service, group->image, group->registries, group->name, err);
    service->image_tags = calloc(1, sizeof *service->image_tags);
    return service->image_tags ? arc_list_add(&service->images, service->codename, err)
                               : arc_error_nomem(err);
}

/* ---- the service ---------------------------------------------------------------------------- */

int arc_bake_add_target(struct arc_group *group, const char *name, const json_t *target,
                        bool linked, char *const *files, const json_t *version,
                        struct arc_error *err)
{
    ARC_AUTO(arc_service_reading) struct arc_service_reading reading = {0};
    struct arc_service *service = &reading.service;
    const json_t *tags = json_object_get(target, "tags");

    service->codename = arc_codename_of(name);
    service->linked = linked;
    ARC_TRY_ALLOC(service->codename, err);

    if (!linked && json_array_size(tags))
        ARC_TRY(take_tags(group, tags, version, service, err));
    else
        ARC_TRY(make_names(group, linked, service, err));

    int rc = take_recipe(target, &service->build, err);
    if (rc == ARC_EINPUT)
        return arc_error_prefix(err, "target %s", name);
    ARC_TRY(rc);
    for (; *files; files++)
        ARC_TRY(arc_list_add(&service->build.files, *files, err));
    ARC_TRY(arc_service_complete(&reading, group, err));

    service->line = group->line;

    return arc_group_take_service(group, service, err);
}
