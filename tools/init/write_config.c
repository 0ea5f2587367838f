/* The text of arc-ci.yaml: short where the repository is regular. */
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "init/expression.h"
#include "init/sources.h"
#include <string.h>

/* ---- YAML ----------------------------------------------------------------------------------- */

/* Whether YAML reads the text back as this string without quotes, in flow style too. */
static bool is_plain(const char *text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./_-@+=";
    static const char *const words[] = {"true", "false", "null", "yes",  "no",
                                        "on",   "off",   ".inf", ".nan", NULL};

    if (!*text || text[strspn(text, letters)] || strchr("-0123456789+=@", *text) ||
        init_is_among(text, words))
        return false;

    return strspn(text, ".0123456789eE_+-") != strlen(text) || strcmp(text, ".") == 0;
}

void init_add_scalar(struct arc_buf *out, const char *text)
{
    if (is_plain(text)) {
        arc_buf_puts(out, text);
        return;
    }

    ARC_AUTO_JSON json_t *string = json_string(text);
    ARC_AUTO(arc_buf) struct arc_buf visible = {0};
    arc_text_visible(&visible, text, strlen(text));
    bool strange = strcmp(arc_buf_text(&visible), text) != 0;
    size_t flags = JSON_ENCODE_ANY | (strange ? JSON_ENSURE_ASCII : 0);
    ARC_AUTO_FREE char *quoted = string ? arc_json_dumps(string, flags) : NULL;
    arc_buf_puts(out, quoted ? quoted : "\"\"");
}

/* A value in flow style. */
static void add_flow(struct arc_buf *out, const json_t *value)
{
    bool is_list = json_is_array(value);
    const char *key;
    json_t *item;
    size_t i, count = 0;

    if (json_is_string(value)) {
        init_add_scalar(out, json_string_value(value));
        return;
    }

    arc_buf_putc(out, is_list ? '[' : '{');

    json_array_foreach (value, i, item) {
        arc_buf_puts(out, i ? ", " : "");
        add_flow(out, item);
    }

    json_object_foreach ((json_t *)value, key, item) {
        arc_buf_puts(out, count++ ? ", " : "");
        init_add_scalar(out, key);
        arc_buf_puts(out, ": ");
        add_flow(out, item);
    }

    arc_buf_putc(out, is_list ? ']' : '}');
}

/* ---- what proposals hold, as JSON (NULL: nothing; else a new reference) ----------------------- */

static json_t *list_texts(char *const *texts)
{
    json_t *list = texts && *texts ? json_array() : NULL;
    for (; list && *texts; texts++)
        json_array_append_new(list, json_string(*texts));
    return list;
}

static json_t *text_or_list(char *const *texts)
{
    return texts && *texts && !texts[1] ? json_string(*texts) : list_texts(texts);
}

static json_t *list_tags(const json_t *tags)
{
    json_t *list = tags ? json_array() : NULL, *when;
    const char *name;

    json_object_foreach ((json_t *)tags, name, when) {
        bool always = !*json_string_value(when);
        json_array_append_new(list, always ? json_string(name)
                                           : json_pack("{s:s, s:O}", "name", name, "when", when));
    }

    return list;
}

/* ---- services ------------------------------------------------------------------------------- */

static bool same_texts(char *const *a, char *const *b)
{
    size_t i = 0;
    for (; a && b && a[i] && b[i]; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return (!a || !a[i]) && (!b || !b[i]);
}

/* The Dockerfile as its context names it; NULL: that is the default. */
static char *below_context(struct init_proposal *proposal, const struct init_image *image,
                           const char *directory)
{
    const char *path = image->dockerfile;
    if (strcmp(path, init_join(proposal, directory ? directory : image->context, "Dockerfile")) ==
        0)
        return NULL;

    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 65536};
    char *context = image->context;
    while (strcmp(context, ".") != 0) {
        if (init_is_below(path, context)) {
            path += strlen(context) + 1;
            break;
        }
        arc_buf_puts(&out, "../");
        context = init_directory(proposal, context);
    }

    arc_buf_puts(&out, path);

    return arc_arena_text(&proposal->arena, arc_buf_text(&out));
}

/* All that is to be said of an image where the group says nothing but its registries. With a directory
 * a glob behind it leaves that one out. */
static json_t *describe_service(struct init_proposal *proposal, const struct init_image *image,
                                char *const *registries, const char *directory)
{
    bool named = image->name && strcmp(image->name, image->codename) != 0;
    char *elsewhere = NULL;
    json_t *version = NULL;

    if (image->registries && !same_texts(image->registries, registries))
        elsewhere = arc_arena_printf(&proposal->arena, "%s/{name}", image->registries[0]);
    if (image->version_file)
        version = json_pack("{s:s, s:o*}", "file", image->version_file, "at",
                            text_or_list(image->version_at));
    json_t *build =
        json_pack("{s:s*, s:s*, s:s*, s:O*, s:o*}", "context",
                  directory && strcmp(directory, image->context) == 0 ? NULL : image->context,
                  "dockerfile", below_context(proposal, image, directory), "target", image->target,
                  "args", image->args, "platforms", list_texts(image->platforms));

    return json_pack("{s:s, s:s*, s:s*, s:s*, s:o*, s:o*, s:o*, s:o*}", "codename", image->codename,
                     "name", named ? image->name : NULL, "directory", directory, "image", elsewhere,
                     "build", build, "paths", list_texts(image->paths), "image-tags",
                     list_tags(image->tags), "version", version);
}

/* ---- what a group's images share ------------------------------------------------------------ */

/* A group's images; what all of them say is said by the group. */
struct shared {
    char *const *registries; /* of most of them */
    const char *name;        /* of all, and they are several; NULL: they differ */
    json_t *platforms;       /* of all that have some; NULL: they differ, or the default; owned */
    json_t *tags;            /* NULL: they differ; owned */
    json_t *build;           /* context and args of all; owned */
};

static void shared_free(struct shared *shared)
{
    json_decref(shared->platforms);
    json_decref(shared->tags);
    json_decref(shared->build);
}

/* Whether a change in the directory of an image says little: others have their Dockerfiles there, or
 * what they are built of lies elsewhere. */
static bool share_directories(const struct init_group *group)
{
    size_t own = 0;

    for (size_t i = 0; i < group->count; i++) {
        if (strcmp(group->images[i]->context, group->images[i]->directory) != 0)
            continue;
        own++;
        for (size_t j = 0; j < i; j++)
            if (strcmp(group->images[i]->directory, group->images[j]->directory) == 0 &&
                strcmp(group->images[i]->dockerfile, group->images[j]->dockerfile) != 0)
                return true;
    }

    return own && own < group->count;
}

static char *const *choose_registries(const struct init_group *group)
{
    char *const *chosen = NULL;
    size_t most = 0;

    for (size_t i = 0; i < group->count; i++) {
        size_t same = 0;
        for (size_t j = 0; j < group->count; j++)
            same += same_texts(group->images[i]->registries, group->images[j]->registries);
        if (same > most) {
            most = same;
            chosen = group->images[i]->registries;
        }
    }

    return chosen;
}

/* What all images say under a key of their build or, without one, of themselves; with `lax` those count
 * that say something. A new reference; NULL when they differ. */
static json_t *find_common(const json_t *services, const char *within, const char *key, bool lax)
{
    json_t *service, *first = NULL;
    size_t i;

    json_array_foreach (services, i, service) {
        json_t *value = json_object_get(within ? json_object_get(service, within) : service, key);
        if (lax && !value)
            continue;
        if (first ? !json_equal(first, value) : !value || (i && !lax))
            return NULL;
        first = value;
    }

    return json_incref(first);
}

static void find_shared(struct init_proposal *proposal, const struct init_group *group,
                        struct shared *shared)
{
    ARC_AUTO_JSON json_t *services = json_array();

    shared->registries = choose_registries(group);
    shared->name = group->count > 1 ? group->images[0]->name : NULL;

    for (size_t i = 0; i < group->count; i++) {
        shared->name = init_same_text(shared->name, group->images[i]->name) ? shared->name : NULL;
        json_array_append_new(
            services, describe_service(proposal, group->images[i], shared->registries, NULL));
    }

    shared->platforms = find_common(services, "build", "platforms", true);
    shared->tags = find_common(services, NULL, "image-tags", false);
    json_t *context = find_common(services, "build", "context", false);
    if (group->count < 2 || !json_is_string(context) ||
        strcmp(json_string_value(context), ".") != 0) {
        json_decref(context);
        context = NULL;
    }
    shared->build = json_pack("{s:o*, s:o*}", "context", context, "args",
                              find_common(services, "build", "args", false));
}

/* What the group says is not said again. */
static json_t *describe_rest(struct init_proposal *proposal, const struct init_image *image,
                             const struct shared *shared, const char *directory)
{
    json_t *service = describe_service(proposal, image, shared->registries, directory);
    json_t *build = json_object_get(service, "build"), *value;
    const char *key;

    json_object_foreach (shared->build, key, value)
        json_object_del(build, key);
    if (shared->platforms)
        json_object_del(build, "platforms");
    if (!json_object_size(build))
        json_object_del(service, "build");
    if (shared->name)
        json_object_del(service, "name");
    if (shared->tags)
        json_object_del(service, "image-tags");

    return service;
}

/* Whether its directory is all there is to say. */
static bool is_alone(struct init_proposal *proposal, const struct init_image *image,
                     const struct shared *shared)
{
    const char *directory = image->directory;
    ARC_AUTO_JSON json_t *service = describe_rest(proposal, image, shared, NULL);
    ARC_AUTO_JSON json_t *plain = json_pack("{s:s, s:{s:s}}", "codename", init_base(directory),
                                            "build", "context", directory);

    if (!json_equal(service, plain) || strcmp(directory, ".") == 0 ||
        strpbrk(directory, "*?[]{}!") ||
        init_has_file(proposal, init_join(proposal, directory, "service.yaml")))
        return false;

    for (size_t i = 0; i < proposal->image_count; i++)
        if (proposal->images[i] != image && strcmp(proposal->images[i]->directory, directory) == 0)
            return false;

    return true;
}

/* Whether "PARENT/\*" takes those of the group that lie there, and no other directory. */
static bool glob_fits(struct init_proposal *proposal, const struct init_group *group,
                      const char *parent)
{
    size_t alone = 0, len = strcmp(parent, ".") == 0 ? 0 : strlen(parent) + 1;

    if (strpbrk(parent, "*?[]{}!") || !len)
        return false;

    for (size_t i = init_first_below(proposal, parent); init_is_at(proposal, i, parent); i++) {
        const char *path = proposal->files[i];
        const char *slash = strchr(path + len, '/');
        if (!slash || (strcmp(slash, "/Dockerfile") != 0 && strcmp(slash, "/service.yaml") != 0))
            continue;
        bool known = false;
        for (size_t j = 0; j < group->count && !known; j++)
            known = strlen(group->images[j]->directory) == (size_t)(slash - path) &&
                    strncmp(group->images[j]->directory, path, (size_t)(slash - path)) == 0;
        if (!known)
            return false;
    }

    for (size_t j = 0; j < group->count; j++)
        alone += group->images[j]->alone &&
                 strcmp(init_directory(proposal, group->images[j]->directory), parent) == 0;

    return alone > 1;
}

static json_t *list_services(struct init_proposal *proposal, const struct init_group *group,
                             const struct shared *shared)
{
    ARC_AUTO_JSON json_t *globs = json_object();
    json_t *services = json_array(), *plain = json_array(), *fits;
    const char *parent;

    for (size_t i = 0; i < group->count; i++)
        group->images[i]->alone = is_alone(proposal, group->images[i], shared);
    for (size_t i = 0; i < group->count; i++) {
        parent = init_directory(proposal, group->images[i]->directory);
        if (!json_object_get(globs, parent))
            json_object_set_new(globs, parent, json_boolean(glob_fits(proposal, group, parent)));
    }

    for (size_t i = 0; i < group->count; i++) {
        const struct init_image *image = group->images[i];
        parent = init_directory(proposal, image->directory);
        bool in_glob = json_is_true(json_object_get(globs, parent));
        if (!image->alone)
            json_array_append_new(services, describe_rest(proposal, image, shared,
                                                          in_glob ? image->directory : NULL));
        else if (!in_glob)
            json_array_append_new(plain, json_string(image->directory));
    }

    json_object_foreach (globs, parent, fits)
        if (json_is_true(fits))
            json_array_append_new(services, json_sprintf("%s/%c", parent, '*'));
    json_array_extend(services, plain);
    json_decref(plain);

    return services;
}

/* ---- groups --------------------------------------------------------------------------------- */

/* All platforms of images that differ in them; NULL when one has the default. */
static json_t *join_platforms(struct init_proposal *proposal, const struct init_group *group)
{
    char **all = NULL;

    for (size_t i = 0; i < group->count; i++) {
        char **platforms = group->images[i]->platforms;
        if (!platforms)
            return NULL;
        for (; *platforms; platforms++)
            init_add_text(proposal, &all, *platforms);
    }

    return list_texts(all);
}

/* A pull request builds what a release does, as build-push-action would, unless that is more than a
 * matrix holds. */
static json_t *describe_platforms(struct init_proposal *proposal, const struct init_group *group,
                                  const struct shared *shared)
{
    ARC_AUTO_JSON json_t *usual = json_pack("[s, s]", "linux/amd64", "linux/arm64");
    ARC_AUTO_JSON json_t *joined = shared->platforms ? NULL : join_platforms(proposal, group);
    json_t *platforms = shared->platforms ? shared->platforms : usual;
    bool usual_release = json_equal(platforms, usual);
    platforms = joined ? joined : platforms;
    bool fits = group->count * json_array_size(platforms) <= INIT_CELLS_MAX;

    if (usual_release && !fits)
        return NULL; /* as it is without a word */

    return json_pack("{s:O*, s:O*}", "ci", fits ? platforms : NULL, "release",
                     usual_release ? NULL : platforms);
}

/* The groups that a train takes its releases from: those that have some. */
static json_t *list_includes(const struct init_proposal *proposal)
{
    json_t *includes = json_array();

    for (size_t i = 0; i < proposal->group_count; i++) {
        const struct init_group *group = proposal->groups[i];
        if (!group->is_train && group->is_released) /* it would wait for the first one of others */
            json_array_append_new(includes, json_string(group->name));
    }

    return includes;
}

/* What there is to build, beside what every group says. */
static json_t *describe_content(struct init_proposal *proposal, const struct init_group *group,
                                const struct shared *shared)
{
    if (group->source) /* the file describes the images */
        return json_pack("{s:o*, s:{s:s, s:O*}}", "image-tags", list_tags(group->image_tags),
                         group->key, "files", group->source, "variables", group->variables);
    if (group->is_train)
        return json_pack("{s:o}", "includes", list_includes(proposal));

    json_t *tags = json_incref(shared->tags);
    if (!tags && (!group->tags || strchr("v{", *group->tags[0])))
        tags = json_pack("[s, s]", "{version}", "latest");

    return json_pack("{s:o*, s:o*, s:s*, s:O*, s:o}", "image-tags", tags, "platforms",
                     describe_platforms(proposal, group, shared), "inputs",
                     share_directories(group) ? "dockerfile" : NULL, "build",
                     json_object_size(shared->build) ? shared->build : NULL, "services",
                     list_services(proposal, group, shared));
}

static void add_group(struct init_proposal *proposal, const struct init_group *group,
                      struct arc_buf *out)
{
    ARC_AUTO(shared) struct shared shared = {0};
    const char *image = NULL, *key;
    json_t *value, *service;
    size_t i;

    find_shared(proposal, group, &shared);
    if (shared.name)
        image = arc_arena_printf(&proposal->arena, "{registry}/%s", shared.name);
    ARC_AUTO_JSON json_t *content = describe_content(proposal, group, &shared);
    ARC_AUTO_JSON json_t *said =
        json_pack("{s:o*, s:s*, s:o*, s:s*}", "registry", text_or_list(shared.registries), "image",
                  image, "tag", text_or_list(group->tags), "versioning", group->versioning);
    json_object_update(said, content);

    arc_buf_puts(out, "  ");
    init_add_scalar(out, group->name);
    arc_buf_puts(out, ":\n");

    json_object_foreach (said, key, value) {
        bool is_list = strcmp(key, "services") == 0;
        arc_buf_printf(out, "    %s:%s", key, is_list ? "\n" : " ");
        json_array_foreach (is_list ? value : NULL, i, service) {
            arc_buf_puts(out, "      - ");
            add_flow(out, service);
            arc_buf_putc(out, '\n');
        }
        if (is_list)
            continue;
        add_flow(out, value);
        arc_buf_putc(out, '\n');
    }
}

int init_write_config(struct init_proposal *proposal, struct arc_buf *out, struct arc_error *err)
{
    arc_buf_puts(out,
                 "# Proposed by arc-ci init. Answer the questions, then ask 'arc-ci plan' what a "
                 "release would build.\n");

    for (size_t i = 0; i < proposal->question_count; i++) {
        const struct init_remark *question = &proposal->questions[i];
        arc_buf_printf(out, "# QUESTION: %s%s%s\n", question->file ? question->file : "",
                       question->file ? ": " : "", question->text);
    }

    arc_buf_puts(out, "groups:\n");

    for (size_t i = 0; i < proposal->group_count; i++)
        if (proposal->groups[i]->count || proposal->groups[i]->source ||
            proposal->groups[i]->is_train)
            add_group(proposal, proposal->groups[i], out);

    ARC_TRY(arc_arena_check(&proposal->arena, err));

    return arc_buf_check(out, ".github/arc-ci.yaml", err);
}
