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
    size_t flags = JSON_ENCODE_ANY | (arc_text_is_visible(text) ? 0 : JSON_ENSURE_ASCII);
    ARC_AUTO_FREE char *quoted = string ? arc_json_dumps(string, flags) : NULL;
    if (quoted)
        arc_buf_puts(out, quoted);
    else
        out->failed = ARC_ENOMEM;
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

/* Sets a member, unless there is nothing to say. */
static void put(struct init_proposal *proposal, json_t *object, const char *name, json_t *value)
{
    if (value)
        init_set(proposal, object, name, value);
}

static json_t *tell_text(struct init_proposal *proposal, const char *text)
{
    return text ? init_made(proposal, json_string(text)) : NULL;
}

static json_t *list_texts(struct init_proposal *proposal, char *const *texts)
{
    json_t *list = texts && *texts ? init_made(proposal, json_array()) : NULL;
    for (; list && *texts; texts++)
        init_push(proposal, list, json_string(*texts));
    return list;
}

static json_t *text_or_list(struct init_proposal *proposal, char *const *texts)
{
    return texts && *texts && !texts[1] ? tell_text(proposal, *texts) : list_texts(proposal, texts);
}

static json_t *list_tags(struct init_proposal *proposal, const json_t *tags)
{
    json_t *list = tags ? init_made(proposal, json_array()) : NULL, *when;
    const char *name;

    json_object_foreach ((json_t *)tags, name, when) {
        bool always = !*json_string_value(when);
        init_push(proposal, list,
                  always ? json_string(name) : json_pack("{s:s, s:O}", "name", name, "when", when));
    }

    return list;
}

/* ---- services ------------------------------------------------------------------------------- */

/* What the images of a group share; what all of them say is said by the group. */
struct shared {
    char *const *registries; /* of most of them */
    const char *name;        /* of all, and they are several; NULL: they differ */
    json_t *said;            /* as a service says it; owned */
    bool is_guess;           /* none of them says its platforms */
};

static void shared_free(struct shared *shared)
{
    json_decref(shared->said);
}

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

    return init_hold(proposal, &out);
}

/* What an image is called where that is not REGISTRY/NAME of its group. */
static char *find_template(struct init_proposal *proposal, const struct init_image *image,
                           const struct shared *shared)
{
    bool elsewhere = image->registries && !same_texts(image->registries, shared->registries);
    const char *name = shared->name ? shared->name : "{name}";

    if (!elsewhere && !image->pattern && !shared->name)
        return NULL;

    return arc_arena_printf(&proposal->arena, "%s/%s",
                            elsewhere ? image->registries[0] : "{registry}",
                            image->pattern ? image->pattern : name);
}

/* All that is to be said of an image. With a directory a glob behind it leaves that one out. */
static json_t *describe_service(struct init_proposal *proposal, const struct init_image *image,
                                const struct shared *shared, const char *directory)
{
    bool named = image->name && strcmp(image->name, image->codename) != 0 && !shared->name;
    bool inside = directory && strcmp(directory, image->context) == 0;
    json_t *service = init_made(proposal, json_object());
    json_t *build = init_made(proposal, json_object()), *version = NULL;

    put(proposal, build, "context", tell_text(proposal, inside ? NULL : image->context));
    put(proposal, build, "dockerfile",
        tell_text(proposal, below_context(proposal, image, directory)));
    put(proposal, build, "target", tell_text(proposal, image->target));
    put(proposal, build, "args", json_incref(image->args));
    put(proposal, build, "platforms", list_texts(proposal, image->platforms));

    if (image->version_file) {
        version = init_made(proposal, json_pack("{s:s}", "file", image->version_file));
        put(proposal, version, "at", text_or_list(proposal, image->version_at));
    }

    put(proposal, service, "codename", tell_text(proposal, image->codename));
    put(proposal, service, "name", tell_text(proposal, named ? image->name : NULL));
    put(proposal, service, "directory", tell_text(proposal, directory));
    put(proposal, service, "image", tell_text(proposal, find_template(proposal, image, shared)));
    put(proposal, service, "build", build);
    put(proposal, service, "variants", json_incref(image->variants));
    put(proposal, service, "paths", list_texts(proposal, image->paths));
    put(proposal, service, "image-tags", list_tags(proposal, image->tags));
    put(proposal, service, "version", version);

    return service;
}

/* ---- what a group's images share ------------------------------------------------------------ */

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

/* What all say under a key of their build or, without one, of themselves; with `lax` those count that
 * say something. Borrowed; NULL when they differ. */
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

    return first;
}

static void find_shared(struct init_proposal *proposal, const struct init_group *group,
                        struct shared *shared)
{
    ARC_AUTO_JSON json_t *services = init_made(proposal, json_array());
    json_t *build = init_made(proposal, json_object());

    shared->said = init_made(proposal, json_object());
    shared->registries = choose_registries(group);
    shared->name = group->count > 1 ? group->images[0]->name : NULL;

    for (size_t i = 0; i < group->count; i++)
        shared->name = init_same_text(shared->name, group->images[i]->name) ? shared->name : NULL;
    for (size_t i = 0; i < group->count; i++)
        init_push(proposal, services, describe_service(proposal, group->images[i], shared, NULL));

    json_t *context = find_common(services, "build", "context", false);
    if (group->count > 1 && context && strcmp(json_string_value(context), ".") == 0)
        put(proposal, build, "context", json_incref(context));
    put(proposal, build, "args", json_incref(find_common(services, "build", "args", false)));
    put(proposal, build, "platforms",
        json_incref(find_common(services, "build", "platforms", true)));
    put(proposal, shared->said, "build", build);
    put(proposal, shared->said, "image", json_incref(find_common(services, NULL, "image", false)));
    put(proposal, shared->said, "image-tags",
        json_incref(find_common(services, NULL, "image-tags", false)));
}

/* What the group says is not said again. */
static json_t *describe_rest(struct init_proposal *proposal, const struct init_image *image,
                             const struct shared *shared, const char *directory)
{
    json_t *service = describe_service(proposal, image, shared, directory);
    json_t *build = json_object_get(service, "build"), *value;
    const char *key;

    json_object_foreach (json_object_get(shared->said, "build"), key, value)
        json_object_del(build, key);
    json_object_foreach (shared->said, key, value)
        if (strcmp(key, "build") != 0 || !json_object_size(build))
            json_object_del(service, key);

    return service;
}

/* What there is to say beside its directory, from which it has its codename and context: {} for nothing.
 * NULL when it is not called as the directory, or shares it. */
static json_t *describe_kind(struct init_proposal *proposal, const struct init_image *image,
                             const struct shared *shared)
{
    const char *directory = image->directory;
    size_t len = strlen(directory);
    json_t *service = describe_rest(proposal, image, shared, directory);
    json_t *build = json_object_get(service, "build"),
           *version = json_object_get(service, "version");
    const char *file = arc_json_text_of(version, "file");
    bool alone = strcmp(image->codename, init_base(directory)) == 0 &&
                 !json_object_get(build, "context") && strcmp(directory, ".") != 0 &&
                 !strpbrk(directory, "*?[]{}!") &&
                 !init_has_file(proposal, init_join(proposal, directory, "service.yaml"));

    for (size_t i = 0; i < proposal->image_count && alone; i++)
        alone =
            proposal->images[i] == image || strcmp(proposal->images[i]->directory, directory) != 0;

    if (!alone) {
        json_decref(service);
        return NULL;
    }

    json_object_del(service, "codename");
    json_object_del(service, "directory");
    if (!json_object_size(build))
        json_object_del(service, "build");
    if (*file && init_is_below(file, directory))
        init_set(proposal, version, "file", json_sprintf("{directory}%s", file + len));

    return service;
}

/* Whether "PARENT/\*" takes those of the group that lie there, and no other directory. */
static bool glob_fits(struct init_proposal *proposal, const struct init_group *group,
                      const char *parent)
{
    size_t len = strcmp(parent, ".") == 0 ? 0 : strlen(parent) + 1;

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

    return true;
}

/* What most of the directories below one have in common; NULL when no glob is to take them. Borrowed
 * of the kinds, one for each image. */
static const json_t *choose_kind(struct init_proposal *proposal, const struct init_group *group,
                                 const json_t *kinds, const char *parent)
{
    const json_t *chosen = NULL;
    size_t most = 1;

    if (!glob_fits(proposal, group, parent))
        return NULL;

    for (size_t i = 0; i < group->count; i++) {
        const json_t *kind = json_array_get(kinds, i);
        size_t same = 0;
        for (size_t j = i; j < group->count; j++)
            same += json_is_object(kind) && json_equal(kind, json_array_get(kinds, j)) &&
                    strcmp(init_directory(proposal, group->images[j]->directory), parent) == 0;
        if (same > most) {
            most = same;
            chosen = kind;
        }
    }

    return chosen;
}

/* A directory, or a glob, with what is to be said of it. A new reference. */
static json_t *add_directory(struct init_proposal *proposal, const char *directory,
                             const json_t *kind)
{
    if (!json_object_size(kind))
        return json_string(directory);
    json_t *service = init_made(proposal, json_pack("{s:s}", "directory", directory));
    init_update(proposal, service, kind);
    return service;
}

static json_t *list_services(struct init_proposal *proposal, const struct init_group *group,
                             const struct shared *shared)
{
    ARC_AUTO_JSON json_t *kinds = init_made(proposal, json_array());
    ARC_AUTO_JSON json_t *globs = init_made(proposal, json_object());
    ARC_AUTO_JSON json_t *plain = init_made(proposal, json_array());
    json_t *services = init_made(proposal, json_array()), *taken;
    const char *parent;

    for (size_t i = 0; i < group->count; i++) {
        json_t *kind = describe_kind(proposal, group->images[i], shared);
        init_push(proposal, kinds, kind ? kind : json_null());
    }

    for (size_t i = 0; i < group->count; i++) {
        const struct init_image *image = group->images[i];
        json_t *kind = json_array_get(kinds, i);
        parent = init_directory(proposal, image->directory);
        if (!json_object_get(globs, parent)) {
            const json_t *chosen = choose_kind(proposal, group, kinds, parent);
            init_set(proposal, globs, parent, chosen ? json_incref((json_t *)chosen) : json_null());
        }
        json_t *glob = json_object_get(globs, parent);
        if (json_is_object(glob) && json_equal(kind, glob))
            continue;
        if (json_is_object(kind) && !json_object_size(kind) && !json_is_object(glob))
            init_push(proposal, plain, json_string(image->directory));
        else
            init_push(proposal, services,
                      describe_rest(proposal, image, shared,
                                    json_is_object(glob) ? image->directory : NULL));
    }

    json_object_foreach (globs, parent, taken)
        if (json_is_object(taken))
            init_push(proposal, services,
                      add_directory(proposal,
                                    arc_arena_printf(&proposal->arena, "%s/%c", parent, '*'),
                                    taken));
    proposal->arena.failed |= json_array_extend(services, plain) != 0;

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

    return list_texts(proposal, all);
}

/* A pull request builds what a release does, as build-push-action would, unless that is more than a
 * matrix holds. */
static json_t *describe_platforms(struct init_proposal *proposal, const struct init_group *group,
                                  const json_t *said)
{
    ARC_AUTO_JSON json_t *usual =
        init_made(proposal, json_pack("[s, s]", "linux/amd64", "linux/arm64"));
    ARC_AUTO_JSON json_t *joined = said ? NULL : join_platforms(proposal, group);
    bool usual_release = !said || json_equal(said, usual);
    json_t *platforms = usual_release ? usual : (json_t *)said;
    platforms = joined ? joined : platforms;
    bool fits = group->count * json_array_size(platforms) <= INIT_CELLS_MAX;

    if (usual_release && !fits)
        return NULL; /* as it is without a word */

    json_t *described = init_made(proposal, json_object());
    put(proposal, described, "ci", fits ? json_incref(platforms) : NULL);
    put(proposal, described, "release", usual_release ? NULL : json_incref(platforms));

    return described;
}

/* The groups that a train takes its releases from: those that have some. */
static json_t *list_includes(struct init_proposal *proposal)
{
    json_t *includes = init_made(proposal, json_array());

    for (size_t i = 0; i < proposal->group_count; i++) {
        const struct init_group *group = proposal->groups[i];
        if (!group->is_train && group->is_released) /* it would wait for the first one of others */
            init_push(proposal, includes, json_string(group->name));
    }

    return includes;
}

/* What there is to build, beside what every group says. */
static void describe_content(struct init_proposal *proposal, const struct init_group *group,
                             const struct shared *shared, json_t *said)
{
    json_t *build = json_object_get(shared->said, "build");
    json_t *tags = json_incref(json_object_get(shared->said, "image-tags"));

    if (group->source) { /* the file describes the images */
        json_t *file = init_made(proposal, json_pack("{s:s}", "files", group->source));
        put(proposal, file, "targets", list_texts(proposal, group->targets));
        put(proposal, file, "variables", json_incref(group->variables));
        put(proposal, said, "image-tags", list_tags(proposal, group->image_tags));
        put(proposal, said, group->key, file);
        return;
    }

    if (group->is_train) {
        put(proposal, said, "includes", list_includes(proposal));
        return;
    }

    if (!tags && (!group->tags || strchr("v{", *group->tags[0])))
        tags = init_made(proposal, json_pack("[s, s]", "{version}", "latest"));

    put(proposal, said, "image-tags", tags);
    put(proposal, said, "platforms",
        describe_platforms(proposal, group, json_object_get(build, "platforms")));
    put(proposal, said, "inputs",
        tell_text(proposal, share_directories(group) ? "dockerfile" : NULL));
    put(proposal, said, "services", list_services(proposal, group, shared));
    json_object_del(build, "platforms");
    put(proposal, said, "build", json_object_size(build) ? json_incref(build) : NULL);
}

/* A key of a group and its value: services in a line each. */
static void add_key(const char *key, const json_t *value, struct arc_buf *out)
{
    size_t i;
    json_t *service;

    arc_buf_printf(out, "    %s:", key);

    if (strcmp(key, "services") != 0) {
        arc_buf_putc(out, ' ');
        add_flow(out, value);
        return;
    }

    json_array_foreach (value, i, service) {
        arc_buf_puts(out, "\n      - ");
        add_flow(out, service);
    }
}

/* A line to start from, of the image that values are asked for. */
static void add_sample(struct init_proposal *proposal, const struct init_remark *question,
                       struct arc_buf *out)
{
    const struct shared shared = {.registries = question->image->registries};
    ARC_AUTO_JSON json_t *service = describe_service(proposal, question->image, &shared, NULL);
    ARC_AUTO_JSON json_t *variants = init_made(proposal, json_object());
    size_t i;
    json_t *name;

    json_array_foreach (question->names, i, name)
        init_set(proposal, variants, json_string_value(name),
                 json_pack("[s, s]", "VALUE", "VALUE"));
    init_set(proposal, service, "variants", json_incref(variants));
    arc_buf_puts(out, "#   - ");
    add_flow(out, service);
    arc_buf_puts(out, " # an image for each value\n");
}

static void add_group(struct init_proposal *proposal, const struct init_group *group,
                      struct arc_buf *out)
{
    static const char *const keys[] = {"registry",   "image",     "tag",    "versioning",
                                       "image-tags", "platforms", "inputs", "bake",
                                       "compose",    "includes",  "build",  "services"};
    ARC_AUTO(shared) struct shared shared = {0};
    ARC_AUTO_JSON json_t *said = init_made(proposal, json_object());

    find_shared(proposal, group, &shared);
    shared.is_guess = group->count > 0;
    for (size_t i = 0; i < group->count; i++)
        shared.is_guess &= !group->images[i]->platforms && !group->images[i]->variants;
    put(proposal, said, "registry", text_or_list(proposal, shared.registries));
    put(proposal, said, "image", json_incref(json_object_get(shared.said, "image")));
    put(proposal, said, "tag", text_or_list(proposal, group->tags));
    put(proposal, said, "versioning", tell_text(proposal, group->versioning));
    describe_content(proposal, group, &shared, said);

    arc_buf_puts(out, "  ");
    init_add_scalar(out, group->name);
    arc_buf_puts(out, ":\n");

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *value = json_object_get(said, keys[i]);
        if (!value)
            continue;
        add_key(keys[i], value, out);
        if (strcmp(keys[i], "platforms") == 0 && shared.is_guess && !proposal->remarked) {
            arc_buf_puts(out, " # a guess, no file says which; without this line pushes and pull "
                              "requests build linux/amd64 alone");
            proposal->remarked = true;
        }
        arc_buf_putc(out, '\n');
    }
}

void init_write_config(struct init_proposal *proposal, struct arc_buf *out)
{
    arc_buf_puts(
        out,
        "# Proposed by arc-ci init. Answer the questions, then run 'arc-ci plan' to see what a "
        "release would build.\n");

    for (size_t i = 0; i < proposal->question_count; i++) {
        const struct init_remark *question = &proposal->questions[i];
        arc_buf_printf(out, "# QUESTION: %s%s%s\n", question->file ? question->file : "",
                       question->file ? ": " : "", init_remark_text(proposal, question));
        if (question->names)
            add_sample(proposal, question, out);
    }

    arc_buf_puts(out, "groups:\n");

    for (size_t i = 0; i < proposal->group_count; i++)
        if (proposal->groups[i]->count || proposal->groups[i]->source ||
            proposal->groups[i]->is_train)
            add_group(proposal, proposal->groups[i], out);
}
