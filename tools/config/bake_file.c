#include "base/json.h"
#include "base/path.h"
#include "config/described.h"
#include "config/reading.h"
#include <stdio.h>

/* ---- a target as a service ------------------------------------------------------------------ */

/* Adds "NAME=VALUE" as a field of CSV, as buildx parses these texts. */
static void add_field(struct arc_buf *out, const char *name, const char *value)
{
    bool quoted = strpbrk(value, ",\"") != NULL;
    if (out->len)
        arc_buf_putc(out, ',');
    arc_buf_printf(out, "%s%s=", quoted ? "\"" : "", name);
    for (; *value; value++)
        arc_buf_printf(out, "%s%c", *value == '"' ? "\"" : "", *value);
    arc_buf_puts(out, quoted ? "\"" : "");
}

/* buildx prints caches, secrets, keys of `ssh` and attestations as text, since 0.20 as objects. */
static int add_texts(const struct arc_loading *l, bool ssh, char ***list, const json_t *items)
{
    arc_json_each (item, items) {
        ARC_AUTO(arc_buf) struct arc_buf text = {.max = 65536};

        if (json_is_string(item)) {
            arc_buf_puts(&text, json_string_value(item));
        } else if (ssh) {
            arc_buf_puts(&text, arc_json_text_of(item, "id"));
            arc_json_each (path, json_object_get(item, "paths"))
                arc_buf_printf(&text, "%c%s", path_at ? ',' : '=',
                               arc_or(json_string_value(path), ""));
        } else
            arc_json_each_pair (name, value, item)
                if (json_is_string(value) || json_is_true(value))
                    add_field(&text, name, arc_or(json_string_value(value), "true"));

        ARC_TRY(arc_buf_check(&text, "a target's text", l->err));
        if (text.len || json_is_string(item))
            ARC_TRY(arc_texts_add_once(l, list, arc_buf_text(&text)));
    }

    return ARC_OK;
}

/* A local path or a remote context, in the form of a recipe. */
static int take_context(const struct arc_loading *l, const char *text, char **out)
{
    ARC_TRY(arc_context_from_root(l, "", text, out));
    if (!*out)
        return arc_error_set(l->err, ARC_EINPUT, "the context '%.200s' leads out of the repository",
                             text);
    return ARC_OK;
}

/* The pairs of an object; names and local paths of contexts are normalized. */
static int take_pairs(const struct arc_loading *l, const json_t *object, bool contexts,
                      struct arc_pair **out)
{
    size_t count = 0;
    *out = arc_arena_array(l->memory, json_object_size(object) + 1, sizeof **out);
    ARC_TRY_ALLOC(*out, l->err);

    arc_json_each_pair (name, value, object) {
        struct arc_pair *pair = &(*out)[count];
        const char *text = json_string_value(value);
        if (!text)
            continue;
        if (contexts && ARC_STARTS(text, "target:"))
            pair->value = arc_arena_printf(l->memory, "target:%s",
                                           arc_codename_of_target(l->memory, text + 7));
        else if (contexts)
            ARC_TRY(take_context(l, text, &pair->value));
        else
            pair->value = arc_arena_text(l->memory, text);
        pair->name = arc_arena_text(l->memory, name);
        count++;
    }

    return arc_arena_check(l->memory, l->err);
}

/* Converts "type=sbom,generator=x" to a recipe's sbom, "generator=x". A later one wins. */
static int take_attestation(const struct arc_loading *l, const char *text, struct arc_recipe *build)
{
    ARC_AUTO(arc_buf) struct arc_buf rest = {.max = 65536};
    struct arc_piece type = {0};
    bool disabled = false;

    arc_each_piece (field, text, ",")
        if (ARC_STARTS(field.text, "type="))
            type = field;
        else if (ARC_STARTS(field.text, "disabled="))
            disabled |= ARC_STARTS(field.text, "disabled=1", "disabled=t", "disabled=T");
        else
            arc_text_item(&rest, ",", "%.*s", (int)field.len, field.text);

    bool sbom = arc_text_is(type.text, type.len, "type=sbom");
    if (!sbom && !arc_text_is(type.text, type.len, "type=provenance"))
        return arc_error_set(l->err, ARC_EINPUT,
                             "the attestation '%.200s' is neither provenance nor an SBOM", text);

    char **out = sbom ? &build->sbom : &build->provenance;
    if (disabled || !rest.len) {
        *out = arc_arena_text(l->memory, disabled ? "false" : "true");
        return arc_arena_check(l->memory, l->err);
    }

    return arc_buf_keep(l, &rest, "an attestation", out);
}

char *arc_bake_image_output(const struct arc_loading *l, const json_t *output)
{
    ARC_AUTO(arc_buf) struct arc_buf whole = {.max = 65536};

    arc_json_each_pair (name, value, output)
        if (json_is_string(value))
            arc_text_item(&whole, ",", "%s=%s", name, json_string_value(value));
    const char *text = arc_or(json_string_value(output), arc_buf_text(&whole));
    const char *type = strstr(text, "type=");
    bool image = type && ARC_STARTS(type + strlen("type="), "image", "registry", "docker", "oci");

    return image ? arc_arena_text(l->memory, text) : NULL;
}

/* How the image is written, preferring an output to a registry. The plan decides where. */
static int take_outputs(const struct arc_loading *l, const json_t *outputs,
                        struct arc_recipe *build)
{
    ARC_AUTO(arc_buf) struct arc_buf how = {.max = 65536}, why = {.max = 1024};
    const char *chosen = "";
    bool pushed = false;

    arc_json_each (output, outputs) {
        const char *text = arc_or(arc_bake_image_output(l, output), "");
        bool is_pushed = ARC_HOLDS(text, "type=image", "type=registry");
        if (!*chosen || (is_pushed && !pushed))
            chosen = text;
        pushed |= is_pushed;
    }

    arc_each_piece (field, chosen, ",") {
        bool where = ARC_STARTS(field.text + (*field.text == '"'), "type=", "name=", "push",
                                "name-canonical=", "dest=", "tar=", "store=", "unpack=",
                                "registry.insecure=", "oci-mediatypes=true",
                                "context=", "dangling-name-prefix=");
        if (!where && memchr(field.text, '=', field.len)) /* the rest: further names */
            arc_text_item(&how, ",", "%.*s", (int)field.len, field.text);
    }

    if (!how.len)
        return ARC_OK;
    if (!arc_check_output(arc_buf_text(&how), &why))
        return arc_error_set(l->err, ARC_EINPUT, "the output '%.200s' %s", arc_buf_text(&how),
                             arc_buf_text(&why));
    return arc_buf_keep(l, &how, "an output", &build->output);
}

/* A target has the keys of a build section, with '-' for '_' and two other names
 * (docs.docker.com/build/bake/reference). What a plan cannot represent is refused, not dropped. */
static int take_member(const struct arc_loading *l, const char *key, const json_t *value,
                       struct arc_recipe *build)
{
    char name[32];

    if (ARC_AMONG(key, "attest", "context", "platforms", "tags", /* handled separately */
                  "description", "call"))
        return ARC_OK;
    if (strcmp(key, "output") == 0)
        return take_outputs(l, value, build);

    const char *before = strcmp(key, "contexts") == 0 ? "additional_" : "";
    const char *behind = strcmp(key, "secret") == 0 ? "s" : "";
    snprintf(name, sizeof name, "%s%s%s", before, key, behind);
    for (char *c = name; *c; c++)
        *c = *c == '-' ? '_' : *c;
    const struct arc_field *field = arc_recipe_field(name);
    if (!field)
        return arc_error_set(l->err, ARC_EINPUT,
                             "'%.100s' of a bake file is not supported; take it out", key);

    void *slot = (char *)build + field->offset;
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_SCALAR:
        *(char **)slot = arc_arena_text(l->memory, json_string_value(value));
        return arc_arena_check(l->memory, l->err);
    case FIELD_FLAG:
        arc_field_set_flag(field, build, json_is_true(value));
        return ARC_OK;
    case FIELD_ARGS:
    case FIELD_KEYED:
    case FIELD_HOSTS:
        return take_pairs(l, value, slot == &build->additional_contexts, slot);
    default:
        return add_texts(l, slot == &build->ssh, slot, value);
    }
}

/* buildx adds this to a target with `network: host` since 0.17. */
static bool is_implied(const json_t *target, const char *key, const json_t *value)
{
    const char *first = json_string_value(json_array_get(value, 0));
    return strcmp(key, "entitlements") == 0 && json_array_size(value) == 1 && first &&
           strcmp(first, "network.host") == 0 &&
           strcmp(arc_json_text_of(target, "network"), "host") == 0;
}

static int take_recipe(const struct arc_loading *l, const json_t *target, struct arc_recipe *build)
{
    const char *context = json_string_value(json_object_get(target, "context"));
    char **attestations = NULL;

    arc_json_each_pair (key, value, target)
        if (!is_implied(target, key, value))
            ARC_TRY(take_member(l, key, value, build));
    arc_json_each (platform, json_object_get(target, "platforms"))
        ARC_TRY(arc_platform_add(l, &build->platforms, json_string_value(platform)));
    ARC_TRY(take_context(l, arc_or(context, "."), &build->context));
    if (build->dockerfile_inline)
        build->dockerfile = NULL;

    ARC_TRY(add_texts(l, false, &attestations, json_object_get(target, "attest")));
    for (char **text = attestations; text && *text; text++)
        ARC_TRY(take_attestation(l, *text, build));

    return ARC_OK;
}

/* Whether the text at `at` of a tag is a version by itself: "3" in "v3" and "x-3", not in
 * "py3.13". */
static bool stands_alone(const char *tag, const char *at, size_t len)
{
    static const char word[] = ARC_ALNUM ".";
    bool v = at > tag && at[-1] == 'v' && (at == tag + 1 || !strchr(word, at[-2]));
    bool starts = at == tag || v || !strchr(word, at[-1]);
    return starts && (!at[len] || !strchr(word, at[len]));
}

/* The tag with the version, or its line ("1.2" or "1"), replaced by placeholders, so that it counts
 * as the version's own tag, or moves only up its line. */
static char *mark_version(const struct arc_loading *l, const char *tag, const json_t *version)
{
    const char *major = arc_json_text_of(version, "major");
    const char *minor = arc_json_text_of(version, "minor");
    const struct arc_word parts[] = {
        {"{version}", arc_json_text_of(version, "version")},
        {"{image-tag}", arc_json_text_of(version, "image-tag")}, /* with '-' for a '+' */
        {"{major}.{minor}", *minor ? arc_arena_printf(l->memory, "%s.%s", major, minor) : ""},
        {"{major}", major},
    };

    arc_each_in (part, parts) {
        const char *found = *part->value ? tag : NULL;
        size_t len = strlen(part->value);
        while (found && (found = strstr(found, part->value)) && !stands_alone(tag, found, len))
            found++;
        if (found)
            return arc_arena_printf(l->memory, "%.*s%s%s", (int)(found - tag), tag, part->name,
                                    found + len);
    }

    return arc_arena_text(l->memory, tag);
}

/* ---- tags ----------------------------------------------------------------------------------- */

/* Adds a tag to a list with room for it, once per image. */
static void add_tag(struct arc_image_tag *tags, const struct arc_image_tag *tag)
{
    for (; tags->name; tags++)
        if (tag->image && strcmp(tags->name, tag->name) == 0 &&
            strcmp(tags->image, tag->image) == 0)
            return;
    *tags = *tag;
}

/* Tags that no engine pushes, although bake and compose print them. */
static int check_ref(const struct arc_loading *l, const char *ref, size_t image)
{
    const char *slash = strchr(ref, '/'), *path = arc_or(slash, ref);
    size_t fine = strcspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZ@");
    const char *why = NULL;

    if (strpbrk(ref, "{}")) /* the plan would take it for a placeholder */
        why = "no name has a '{' or '}'";
    else if (path + fine < ref + image && path[fine] == '@')
        why = "a digest is known behind the build only";
    else if (path + fine < ref + image)
        why = "behind the host it has lower-case letters only";

    if (!why)
        return ARC_OK;
    return arc_error_set(l->err, ARC_EINPUT,
                         "'%.300s' cannot be the name of an image that is built: %s", ref, why);
}

/* Each tag belongs to the image that it was written with; one without a value in this plan
 * ("app:${VERSION}") is skipped. The group's own image-tags are added to those of the file. */
static int take_tags(const struct arc_loading *l, const struct arc_group *group, const json_t *refs,
                     const json_t *version, struct arc_service *service)
{
    static const struct arc_image_tag none[1];
    const struct arc_image_tag *given = group->tags_given ? group->image_tags : none;
    size_t count = json_array_size(refs) + 1;

    for (const struct arc_image_tag *tag = given; tag->name; tag++)
        count++;
    service->image_tags = arc_arena_array(l->memory, count, sizeof *service->image_tags);
    ARC_TRY_ALLOC(service->image_tags, l->err);

    arc_json_each (item, refs) {
        const char *ref = json_is_string(item) ? json_string_value(item) : "";
        const char *name = arc_path_name(ref), *colon = strchr(name, ':');
        size_t len = colon ? (size_t)(colon - ref) : strlen(ref);
        ARC_TRY(check_ref(l, ref, len));
        const struct arc_image_tag tag = {
            .image = arc_arena_cut(l->memory, ref, len),
            .printed = arc_arena_text(l->memory, colon ? colon + 1 : "latest"),
            .name = mark_version(l, colon ? colon + 1 : "latest", version)};
        ARC_TRY(arc_texts_add_once(l, &service->images, tag.image));
        if (!service->name) /* last component of the first image's name */
            service->name = tag.image + (name - ref);
        if (*tag.name)
            add_tag(service->image_tags, &tag);
    }

    for (; given->name; given++)
        add_tag(service->image_tags, given);

    return arc_arena_check(l->memory, l->err);
}

/* ---- the service ---------------------------------------------------------------------------- */

/* The target as text for comparison, without what plans do not represent. */
static int keep_definition(const struct arc_loading *l, const json_t *target, const char *output,
                           char **out)
{
    ARC_AUTO_JSON json_t *copy = arc_json_copy(target);
    json_object_del(copy, "description");
    json_object_del(copy, "output");
    if (output)
        ARC_TRY(arc_json_set(copy, "output", json_string(output), l->err));
    ARC_AUTO_FREE char *text = copy ? arc_json_dumps(copy, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
    ARC_TRY_ALLOC(text, l->err);
    *out = arc_arena_text(l->memory, text);
    return arc_arena_check(l->memory, l->err);
}

int arc_bake_add_target(const struct arc_loading *l, struct arc_group *group, const char *name,
                        const json_t *target, bool linked, char **files, const json_t *version)
{
    struct arc_service_reading reading = {0};
    struct arc_service *service = &reading.service;
    const json_t *tags = json_object_get(target, "tags");

    service->codename = arc_codename_of_target(l->memory, name);
    service->linked = linked;
    service->line = group->line;
    service->build.files = files;

    if (!linked && json_array_size(tags))
        ARC_TRY(take_tags(l, group, tags, version, service));
    else {
        service->name = service->codename;
        if (linked) { /* not published */
            service->image_tags = arc_arena_array(l->memory, 1, sizeof *service->image_tags);
            arc_texts_inherit(&service->images, NULL);
        } else
            ARC_TRY(arc_service_make_images(l, service, group->image, group));
    }

    int rc = take_recipe(l, target, &service->build);
    if (rc == ARC_EINPUT)
        return arc_error_prefix(l->err, "target %s", name);
    ARC_TRY(rc);
    ARC_TRY(keep_definition(l, target, service->build.output, &service->definition));
    ARC_TRY(arc_service_complete(l, &reading, group));

    ARC_APPEND(l->memory, group->services, group->service_count, l->err, *service);

    return ARC_OK;
}
