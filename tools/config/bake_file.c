#include "config/bake_file.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "config/bases.h"
#include "config/build.h"
#include "config/path.h"
#include "config/service.h"
#include "os/process.h"
#include <string.h>

#define WORDS_MAX 128

/* ---- asking bake ---------------------------------------------------------------------------- */

/* "NAME=value" with the version's members filled in; NULL when one has no value here. */
static char *fill_variable(const struct arc_pair *pair, const json_t *version)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 65536};
    arc_buf_printf(&out, "%s=", pair->name);
    for (const char *at = pair->value; *at;) {
        size_t len = *at == '{' ? strcspn(at + 1, "{}") : 0;
        char name[32] = "";
        if (!len || len >= sizeof name || at[1 + len] != '}') {
            arc_buf_putc(&out, *at++);
            continue;
        }
        memcpy(name, at + 1, len);
        const json_t *value = json_object_get(version, name);
        if (json_is_boolean(value))
            arc_buf_puts(&out, json_is_true(value) ? "true" : "false");
        else if (json_is_string(value))
            arc_buf_puts(&out, json_string_value(value));
        else
            return NULL;
        at += len + 2;
    }
    return arc_buf_steal(&out);
}

/* The child's environment: what finds docker, and the variables that the configuration gives. */
static size_t choose_environment(const struct arc_env *env, const struct arc_group *group,
                                 const json_t *version, char *out[WORDS_MAX])
{
    static const char *const needed[] = {"PATH",        "HOME",          "DOCKER_CONFIG",
                                         "DOCKER_HOST", "BUILDX_CONFIG", "TMPDIR"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        const char *value = arc_env_get(env, needed[i]);
        ARC_AUTO(arc_buf) struct arc_buf pair = {.max = 65536};
        arc_buf_printf(&pair, "%s=%s", needed[i], value ? value : "");
        if (value)
            out[count] = arc_buf_steal(&pair), count += out[count] != NULL;
    }
    for (const struct arc_pair *pair = group->bake_variables; pair && pair->name; pair++) {
        char *filled = count + 1 < WORDS_MAX ? fill_variable(pair, version) : NULL;
        if (filled)
            out[count++] = filled;
    }
    return count;
}

static int run_bake(const struct arc_env *env, const char *root, const struct arc_group *group,
                    const json_t *version, struct arc_process_result *result, struct arc_error *err)
{
    const char *argv[WORDS_MAX] = {"docker", "buildx", "bake", "--print"};
    char *environment[WORDS_MAX] = {0};
    size_t words = 4;
    size_t wanted = 4;
    for (char **file = group->bake_files; *file; file++)
        wanted += 2;
    for (char **target = group->bake_targets; target && *target; target++)
        wanted++;
    if (wanted >= WORDS_MAX)
        return arc_error_set(err, ARC_ELIMIT, "group %s: more than %d bake files and targets",
                             group->name, WORDS_MAX);
    for (char **file = group->bake_files; *file && words + 3 < WORDS_MAX; file++) {
        argv[words++] = "--file";
        argv[words++] = *file;
    }
    for (char **target = group->bake_targets; target && *target && words + 1 < WORDS_MAX; target++)
        argv[words++] = *target;
    size_t count = choose_environment(env, group, version, environment);
    struct arc_env there = *env;
    there.cwd = root;
    struct arc_process process = {.argv = argv,
                                  .env = &there,
                                  .environment = (const char *const *)environment,
                                  .timeout = 60};
    int rc = arc_process_run(&process, result, err);
    while (count)
        free(environment[--count]);
    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EWORLD,
                             "group %s is described by %s, and there is no docker on PATH that "
                             "could read it; install docker with buildx",
                             group->name, group->bake_files[0]);
    if (rc || !result->status)
        return rc;
    ARC_AUTO(arc_buf) struct arc_buf said = {.max = 8192};
    const char *errors = arc_buf_text(&result->errors), *found = strstr(errors, "ERROR: ");
    found = found ? found + strlen("ERROR: ") : errors;
    arc_text_visible(&said, found, strcspn(found, "\n"));
    return arc_error_set(err, ARC_EINPUT, "group %s: docker buildx bake refuses %s: %s",
                         group->name, group->bake_files[0], arc_buf_text(&said));
}

/* ---- a target as a service ------------------------------------------------------------------ */

static char *codename_of(const char *target)
{
    char *text = strdup(target);
    for (char *c = text; c && *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
        else if (*c == '_')
            *c = '-';
    }
    return text;
}

static int add_texts(char ***list, const json_t *texts, struct arc_error *err)
{
    size_t i;
    json_t *text;
    json_array_foreach (texts, i, text)
        if (json_is_string(text))
            ARC_TRY(arc_list_add(list, json_string_value(text), err));
    return ARC_OK;
}

static int take_text(const json_t *target, const char *name, char **out, struct arc_error *err)
{
    const char *text = json_string_value(json_object_get(target, name));
    if (text && !(*out = strdup(text)))
        return arc_error_nomem(err);
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
    if (!*out)
        return arc_error_nomem(err);
    json_object_foreach ((json_t *)object, name, value) {
        struct arc_pair *pair = &(*out)[count];
        const char *text = json_string_value(value);
        if (!text)
            continue;
        pair->name = strdup(name);
        if (contexts && strncmp(text, "target:", 7) == 0) {
            ARC_AUTO_FREE char *codename = codename_of(text + 7);
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

static int take_recipe(const json_t *target, struct arc_recipe *build, struct arc_error *err)
{
    const char *context = json_string_value(json_object_get(target, "context"));
    context = context ? context : ".";
    if (arc_context_is_remote(context))
        build->context = strdup(context);
    else
        ARC_TRY(arc_path_resolve("", context, &build->context, err));
    if (!build->context)
        return arc_error_set(err, ARC_EINPUT, "the context '%.200s' leads out of the repository",
                             context);
    ARC_TRY(take_text(target, "dockerfile", &build->dockerfile, err));
    ARC_TRY(take_text(target, "dockerfile-inline", &build->dockerfile_inline, err));
    if (build->dockerfile_inline)
        free(arc_steal(&build->dockerfile));
    ARC_TRY(take_text(target, "target", &build->target, err));
    ARC_TRY(take_text(target, "network", &build->network, err));
    ARC_TRY(take_text(target, "shm-size", &build->shm_size, err));
    ARC_TRY(take_pairs(json_object_get(target, "args"), false, &build->args, err));
    ARC_TRY(take_pairs(json_object_get(target, "labels"), false, &build->labels, err));
    ARC_TRY(
        take_pairs(json_object_get(target, "contexts"), true, &build->additional_contexts, err));
    ARC_TRY(add_texts(&build->secrets, json_object_get(target, "secret"), err));
    ARC_TRY(add_texts(&build->ssh, json_object_get(target, "ssh"), err));
    ARC_TRY(add_texts(&build->platforms, json_object_get(target, "platforms"), err));
    ARC_TRY(add_texts(&build->cache_from, json_object_get(target, "cache-from"), err));
    ARC_TRY(add_texts(&build->cache_to, json_object_get(target, "cache-to"), err));
    ARC_TRY(add_texts(&build->ulimits, json_object_get(target, "ulimits"), err));
    build->no_cache = json_is_true(json_object_get(target, "no-cache"));
    build->pull = json_is_true(json_object_get(target, "pull"));
    return ARC_OK;
}

/* A tag with the version's text as its placeholder, so that it is known for this version's own. */
static char *mark_version(const char *tag, const json_t *version)
{
    const char *text = arc_json_text_of(version, "version");
    const char *found = *text ? strstr(tag, text) : NULL;
    struct arc_buf out = {0};
    if (!found)
        return strdup(tag);
    arc_buf_printf(&out, "%.*s{version}%s", (int)(found - tag), tag, found + strlen(text));
    return arc_buf_steal(&out);
}

/* Every image of a service gets every tag of it: a target that gives its images different ones would move tags that nobody
 * asked for. */
static int check_images(const json_t *tags, const struct arc_service *service,
                        struct arc_error *err)
{
    size_t images = 0, names = 0;
    while (service->images[images])
        images++;
    while (service->image_tags[names].name)
        names++;
    if (images * names == json_array_size(tags))
        return ARC_OK;
    return arc_error_set(err, ARC_EINPUT,
                         "target '%.100s': its images do not all have the same tags; give each "
                         "image a target of its own (inherits shares the rest)",
                         service->codename);
}

/* What a target says and a plan cannot carry is refused, not dropped. */
static int check_members(const char *name, const json_t *target, struct arc_error *err)
{
    static const char *const known[] = {"annotations", "args",       "attest",
                                        "cache-from",  "cache-to",   "context",
                                        "contexts",    "dockerfile", "dockerfile-inline",
                                        "labels",      "network",    "no-cache",
                                        "output",      "platforms",  "pull",
                                        "secret",      "shm-size",   "ssh",
                                        "tags",        "target",     "ulimits",
                                        NULL};
    const char *key;
    json_t *value;
    size_t i;
    json_object_foreach ((json_t *)target, key, value) {
        size_t k = 0;
        while (known[k] && strcmp(known[k], key) != 0)
            k++;
        if (!known[k] || strcmp(key, "annotations") == 0)
            return arc_error_set(err, ARC_EINPUT,
                                 "target '%.100s': '%.100s' of a bake file is not supported; "
                                 "take it out",
                                 name, key);
    }
    json_array_foreach (json_object_get(target, "attest"), i, value)
        if (json_is_string(value) && strstr(json_string_value(value), "type=sbom"))
            return arc_error_set(err, ARC_EINPUT,
                                 "target '%.100s': an SBOM is asked for with 'arc-ci build "
                                 "--sbom', not by 'attest'",
                                 name);
    return ARC_OK;
}

static int take_tags(const json_t *tags, const json_t *version, struct arc_service *service,
                     struct arc_error *err)
{
    size_t i, count = 0;
    json_t *item;
    service->image_tags = calloc(json_array_size(tags) + 1, sizeof *service->image_tags);
    if (!service->image_tags)
        return arc_error_nomem(err);
    json_array_foreach (tags, i, item) {
        const char *ref = json_is_string(item) ? json_string_value(item) : "";
        const char *slash = strrchr(ref, '/'), *colon = strchr(slash ? slash : ref, ':');
        ARC_AUTO_FREE char *image = strndup(ref, colon ? (size_t)(colon - ref) : strlen(ref));
        ARC_AUTO_FREE char *tag = mark_version(colon ? colon + 1 : "latest", version);
        if (!image || !tag)
            return arc_error_nomem(err);
        ARC_TRY(arc_list_add(&service->images, image, err));
        size_t k = 0;
        while (k < count && strcmp(service->image_tags[k].name, tag) != 0)
            k++;
        if (k == count)
            service->image_tags[count++].name = arc_steal(&tag);
    }
    ARC_TRY(check_images(tags, service, err));
    const char *slash = strrchr(service->images[0], '/');
    service->name = strdup(slash ? slash + 1 : service->images[0]);
    return service->name ? ARC_OK : arc_error_nomem(err);
}

static int add_target(struct arc_group *group, const char *name, const json_t *target,
                      const json_t *version, struct arc_error *err)
{
    ARC_AUTO(arc_service_reading) struct arc_service_reading reading = {0};
    struct arc_service *service = &reading.service;
    ARC_TRY(check_members(name, target, err));
    service->codename = codename_of(name);
    ARC_TRY(take_tags(json_object_get(target, "tags"), version, service, err));
    ARC_TRY(take_recipe(target, &service->build, err));
    for (char **file = group->bake_files; *file; file++)
        ARC_TRY(arc_list_add(&service->build.files, *file, err));
    ARC_TRY(arc_service_complete(&reading, group, err));
    struct arc_service *grown =
        realloc(group->services, (group->service_count + 1) * sizeof *grown);
    if (!grown)
        return arc_error_nomem(err);
    group->services = grown;
    grown[group->service_count] = *service;
    grown[group->service_count++].line = group->line;
    *service = (struct arc_service){0};
    return ARC_OK;
}

/* A context that is another target must be one of the services. */
static int check_contexts(const struct arc_group *group, struct arc_error *err)
{
    for (size_t i = 0; i < group->service_count; i++) {
        const struct arc_pair *pair = group->services[i].build.additional_contexts;
        for (; pair && pair->name; pair++) {
            const char *wanted = strncmp(pair->value, "target:", 7) == 0 ? pair->value + 7 : NULL;
            size_t k = 0;
            while (wanted && k < group->service_count &&
                   strcmp(group->services[k].codename, wanted) != 0)
                k++;
            if (wanted && k == group->service_count)
                return arc_error_set(err, ARC_EINPUT,
                                     "group %s: target '%.100s' builds on target '%.100s', which "
                                     "has no tags; give it one, so that it is a service too",
                                     group->name, group->services[i].codename, wanted);
        }
    }
    return ARC_OK;
}

int arc_bake_resolve(const struct arc_env *env, const char *root, struct arc_group *group,
                     const json_t *version, struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    if (!group->bake_files)
        return ARC_OK;
    ARC_TRY(run_bake(env, root, group, version, &result, err));
    ARC_AUTO_JSON json_t *printed =
        json_loadb(arc_buf_text(&result.output), result.output.len, 0, NULL);
    const char *name;
    json_t *target;
    if (!printed)
        return arc_error_set(err, ARC_EWORLD,
                             "group %s: docker buildx bake --print printed no JSON", group->name);
    for (size_t i = 0; i < group->service_count; i++)
        arc_service_free(&group->services[i]);
    group->service_count = 0;
    json_object_foreach (json_object_get(printed, "target"), name, target)
        if (json_array_size(json_object_get(target, "tags")))
            ARC_TRY(add_target(group, name, target, version, err));
    if (!group->service_count)
        return arc_error_set(err, ARC_EINPUT, "group %s: no target of %s has tags", group->name,
                             group->bake_files[0]);
    ARC_TRY(check_contexts(group, err));
    return arc_bases_link(root, group, err);
}
