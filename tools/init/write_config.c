/* Writes arc-ci.yaml, as short as the repository's regularity allows. */
#include "init/sources.h"

/* ---- YAML ----------------------------------------------------------------------------------- */

void init_add_scalar(struct arc_buf *out, const char *text)
{
    bool is_number = strspn(text, ".0123456789eE_+-") == strlen(text) && strcmp(text, ".") != 0;

    if (*text && !text[strspn(text, ARC_ALNUM "./_-@+=")] && !strchr("-0123456789+=@", *text) &&
        !is_number && !init_is_among(text, "true false null yes no on off .inf .nan")) {
        arc_buf_puts(out, text); /* needs no quotes, even in flow style */
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
    size_t count = 0;

    if (json_is_boolean(value)) {
        arc_buf_puts(out, arc_true_or_false(json_is_true(value)));
        return;
    }

    if (json_is_string(value)) {
        init_add_scalar(out, json_string_value(value));
        return;
    }

    arc_buf_putc(out, is_list ? '[' : '{');

    arc_json_each (item, value) {
        arc_buf_puts(out, item_at ? ", " : "");
        add_flow(out, item);
    }

    arc_json_each_pair (key, item, value) {
        arc_buf_puts(out, count++ ? ", " : "");
        init_add_scalar(out, key);
        arc_buf_puts(out, ": ");
        add_flow(out, item);
    }

    arc_buf_putc(out, is_list ? ']' : '}');
}

/* ---- what is proposed, as JSON that is kept (NULL: nothing) --------------------------------- */

/* Sets a member unless the value is NULL. */
static void put(struct init *init, json_t *object, const char *name, json_t *value)
{
    if (value)
        init_set(init, object, name, json_incref(value));
}

/* A text that may be "true" or "false". */
static void put_scalar(struct init *init, json_t *object, const char *name, const char *text)
{
    bool is_true = arc_text_same(text, "true");
    if (is_true || arc_text_same(text, "false"))
        put(init, object, name, json_boolean(is_true));
    else if (text)
        init_set_text(init, object, name, text);
}

static void put_text(struct init *init, json_t *object, const char *name, const char *text)
{
    if (text)
        init_set_text(init, object, name, text);
}

static json_t *list_texts(struct init *init, char *const *texts)
{
    json_t *list = texts && *texts ? init_keep(init, json_array()) : NULL;
    for (; list && *texts; texts++)
        init_push(init, list, json_string(*texts));
    return list;
}

/* One text as a string, several as a list. */
static json_t *text_or_list(struct init *init, char *const *texts)
{
    json_t *list = list_texts(init, texts);
    return json_array_size(list) == 1 ? json_array_get(list, 0) : list;
}

static json_t *list_tags(struct init *init, const json_t *tags)
{
    json_t *list = tags ? init_keep(init, json_array()) : NULL;

    arc_json_each_pair (name, when, tags) {
        bool always = !*json_string_value(when);
        init_push(init, list,
                  always ? json_string(name) : json_pack("{s:s, s:O}", "name", name, "when", when));
    }

    return list;
}

/* ---- services ------------------------------------------------------------------------------- */

/* What the images of a group have in common, which the group then says once. */
struct shared {
    char *const *registries; /* of most of them */
    const char *name;        /* shared by all of several images; NULL: they differ */
    json_t *said;            /* in the form of a service */
};

/* Everything to say about an image. `directory` is set if a glob covers the image's directory, which
 * is then left out. */
static json_t *describe_service(struct init *init, const struct init_image *image,
                                const struct shared *shared, const char *directory)
{
    static char *const group[] = {"{registry}", NULL};
    ARC_AUTO(arc_buf) struct arc_buf path = {.max = 65536};
    bool named = image->name && strcmp(image->name, image->codename) != 0 && !shared->name;
    bool elsewhere = image->registries && !init_same_texts(image->registries, shared->registries);
    bool inside = directory && strcmp(directory, image->context) == 0;
    const char *name = arc_or(shared->name, "{name}");
    json_t *service = init_keep(init, json_object()), *build = init_keep(init, json_object());
    json_t *version = image->version_file ? init_keep(init, json_object()) : NULL;

    put_text(init, build, "context", inside ? NULL : image->context);
    const char *usual = init_join(init, arc_or(directory, image->context), "Dockerfile");
    arc_path_relative(image->context, image->dockerfile, &path);
    if (strcmp(image->dockerfile, usual) != 0) /* it is not the default */
        put_text(init, build, "dockerfile", init_hold(init, &path));
    put_text(init, build, "target", image->target);
    put(init, build, "args", image->args);
    put(init, build, "platforms", list_texts(init, image->platforms));
    put_scalar(init, build, "provenance", image->provenance);
    put_scalar(init, build, "sbom", image->sbom);
    put_text(init, version, "file", image->version_file);
    put(init, version, "at", text_or_list(init, image->version_at));
    put_text(init, service, "codename", image->codename);
    put_text(init, service, "name", named ? image->name : NULL);
    put_text(init, service, "directory", directory);
    if (elsewhere || image->others || image->pattern ||
        shared->name) { /* anything but REGISTRY/NAME */
        char *const *registries = elsewhere ? image->registries : group;
        char **names = NULL;
        for (; *registries; registries++)
            init_add_text(init, &names, init_join(init, *registries, arc_or(image->pattern, name)));
        init_add_texts(init, &names, image->others);
        put(init, service, "image", text_or_list(init, names));
    }
    put(init, service, "build", build);
    put(init, service, "variants", image->variants);
    put(init, service, "paths", list_texts(init, image->paths));
    put(init, service, "image-tags", list_tags(init, image->tags));
    put(init, service, "version", version);

    return service;
}

/* ---- what a group's images share ------------------------------------------------------------ */

/* The value that all services have for a key, within `within` (NULL: the service itself). `lax`:
 * services without the key do not count. Borrowed; NULL if they differ. */
static json_t *find_common(const json_t *services, const char *within, const char *key, bool lax)
{
    json_t *first = NULL;

    arc_json_each (service, services) {
        json_t *value = json_object_get(within ? json_object_get(service, within) : service, key);
        if (lax && !value)
            continue;
        if (first ? !json_equal(first, value) : !value || (service_at && !lax))
            return NULL;
        first = value;
    }

    return first;
}

static void find_shared(struct init *init, const struct init_group *group, struct shared *shared)
{
    json_t *services = init_keep(init, json_array()), *build = init_keep(init, json_object());

    shared->said = init_keep(init, json_object());
    shared->registries = group->registries;
    shared->name = group->count > 1 ? group->images->name : NULL;

    init_each_peer (image, group)
        shared->name = arc_text_same(shared->name, image->name) ? shared->name : NULL;
    init_each_peer (image, group)
        init_push(init, services, json_incref(describe_service(init, image, shared, NULL)));

    const json_t *context = find_common(services, "build", "context", false);
    if (group->count > 1 && context && strcmp(json_string_value(context), ".") == 0)
        put_text(init, build, "context", ".");
    put(init, build, "args", find_common(services, "build", "args", false));
    put(init, build, "platforms", find_common(services, "build", "platforms", true));
    put(init, build, "provenance", find_common(services, "build", "provenance", false));
    put(init, build, "sbom", find_common(services, "build", "sbom", false));
    put(init, shared->said, "build", build);
    put(init, shared->said, "image", find_common(services, NULL, "image", false));
    put(init, shared->said, "image-tags", find_common(services, NULL, "image-tags", false));
}

/* What is left to say about an image besides what its group says. */
static json_t *describe_rest(struct init *init, const struct init_image *image,
                             const struct shared *shared, const char *directory)
{
    json_t *service = describe_service(init, image, shared, directory);
    json_t *build = json_object_get(service, "build");

    arc_json_each_pair (key, value, json_object_get(shared->said, "build"))
        json_object_del(build, key);
    arc_json_each_pair (key, value, shared->said)
        if (strcmp(key, "build") != 0 || !json_object_size(build))
            json_object_del(service, key);

    return service;
}

/* What is left to say about an image that gets its codename and context from its directory; {} if
 * nothing. NULL if its name differs from the directory's or it shares the directory. */
static json_t *describe_kind(struct init *init, const struct init_image *image,
                             const struct shared *shared)
{
    const char *directory = image->directory;
    json_t *service = describe_rest(init, image, shared, directory);
    json_t *build = json_object_get(service, "build"),
           *version = json_object_get(service, "version");
    const char *file = arc_json_text_of(version, "file");

    if (strcmp(image->codename, arc_path_name(directory)) != 0 ||
        json_object_get(build, "context") || strcmp(directory, ".") == 0 ||
        strpbrk(directory, "*?[]{}!") || json_object_get(service, "name") ||
        init_has_file(init, init_join(init, directory, "service.yaml")))
        return NULL;

    init_each_image (other, init)
        if (other != image && strcmp(other->directory, directory) == 0)
            return NULL;

    json_object_del(service, "codename");
    json_object_del(service, "directory");
    if (!json_object_size(build))
        json_object_del(service, "build");
    const char *below = arc_path_below(directory, file);
    if (below && *below)
        init_set(init, version, "file", json_sprintf("{directory}/%s", below));

    return service;
}

/* What most directories below `parent` have in common; NULL if the glob "PARENT/\*" would match more
 * than the group's directories. */
static json_t *choose_kind(struct init *init, const struct init_group *group, const char *parent)
{
    json_t *chosen = NULL;
    size_t most = 1;

    if (strpbrk(parent, "*?[]{}!") || strcmp(parent, ".") == 0)
        return NULL;

    init_each_below (i, init, parent) {
        const char *path = init->files[i], *name = arc_path_name(path);
        char *directory = init_directory(init, path);
        bool known = strcmp(name, "Dockerfile") != 0 && strcmp(name, "service.yaml") != 0;
        if (strcmp(init_directory(init, directory), parent) != 0)
            continue;
        init_each_peer (image, group)
            known = known || strcmp(image->directory, directory) == 0;
        if (!known)
            return NULL;
    }

    init_each_peer (image, group) {
        size_t same = 0;
        for (const struct init_image *other = image; image->kind && other; other = other->peer)
            same += json_equal(image->kind, other->kind) &&
                    strcmp(init_directory(init, other->directory), parent) == 0;
        if (same > most) {
            most = same;
            chosen = image->kind;
        }
    }

    return chosen;
}

static json_t *list_services(struct init *init, const struct init_group *group,
                             const struct shared *shared)
{
    json_t *globs = init_keep(init, json_object()), *plain = init_keep(init, json_array());
    json_t *services = init_keep(init, json_array());

    init_each_peer (image, group)
        image->kind = describe_kind(init, image, shared);

    init_each_peer (image, group) {
        const char *parent = init_directory(init, image->directory);
        json_t *glob = json_object_get(globs, parent);
        if (!glob) {
            glob = choose_kind(init, group, parent);
            glob = arc_or(glob, json_null());
            put(init, globs, parent, glob);
        }
        bool is_glob = json_is_object(glob);
        if (is_glob && json_equal(image->kind, glob))
            continue;
        if (image->kind && !json_object_size(image->kind) && !is_glob)
            init_push(init, plain, json_string(image->directory));
        else
            init_push(
                init, services,
                json_incref(describe_rest(init, image, shared, is_glob ? image->directory : NULL)));
    }

    arc_json_each_pair (parent, taken, globs) {
        const char *pattern = init_print(init, "%s/%c", parent, '*');
        json_t *service = init_made(init, json_pack("{s:s}", "directory", pattern));
        init_update(init, service, taken);
        if (json_object_size(taken))
            init_push(init, services, json_incref(service));
        else if (json_is_object(taken))
            init_push(init, services, json_string(pattern));
        json_decref(service);
    }
    init->arena.failed |= json_array_extend(services, plain) != 0;

    return services;
}

/* ---- groups --------------------------------------------------------------------------------- */

/* The platforms of a group's images together; NULL if one of them has none. `checked`: those that
 * pull requests build. */
static json_t *join_platforms(struct init *init, const struct init_group *group, bool checked)
{
    char **all = NULL;

    init_each_peer (image, group) {
        char **own = checked ? image->checked : image->platforms;
        if (!own)
            return NULL;
        init_add_texts(init, &all, own);
    }

    return all ? list_texts(init, all) : NULL;
}

/* A pull request builds what it has built so far or, if no workflow builds for pull requests, the
 * same platforms as a release; unless a matrix cannot hold them. */
static json_t *describe_platforms(struct init *init, const struct init_group *group, json_t *said)
{
    json_t *usual = init_keep(init, json_pack("[s, s]", "linux/amd64", "linux/arm64"));
    bool usual_release = !said || json_equal(said, usual);
    json_t *joined = said ? NULL : join_platforms(init, group, false);
    json_t *platforms = arc_or(joined, usual_release ? usual : said);
    json_t *ci = arc_or(join_platforms(init, group, true), platforms);

    bool fits = group->count * json_array_size(ci) <= INIT_CELLS_MAX;
    if (usual_release && !fits)
        return NULL; /* the default */

    json_t *described = init_keep(init, json_object());
    put(init, described, "ci", fits ? ci : NULL);
    put(init, described, "release", usual_release ? NULL : platforms);

    return described;
}

/* Describes a group by its file and those that workflows use with it or, without any, those that
 * docker reads by default after docker-bake.hcl. */
static void describe_file(struct init *init, const struct init_group *group, json_t *said)
{
    static const char *const over[] = {"docker-bake.override.json", "docker-bake.override.hcl"};
    json_t *file = init_keep(init, json_object());
    json_t *files = json_object_get(init->bakes, group->source);
    bool is_alone = json_array_size(files) <= 1;

    if (is_alone)
        files = init_keep(init, json_pack("[s]", group->source));
    arc_each_in (name, over) {
        const char *path = init_join(init, init_directory(init, group->source), *name);
        if (is_alone && ARC_STARTS(arc_path_name(group->source), "docker-bake.") &&
            init_has_file(init, path))
            init_push(init, files, json_string(path));
    }

    put(init, file, "files", json_array_size(files) > 1 ? files : json_array_get(files, 0));
    put(init, file, "targets", list_texts(init, group->targets));
    put(init, file, "variables", group->variables);
    json_t *platforms = list_texts(init, group->platforms);
    if (platforms)
        init_set(init, said, "platforms",
                 json_pack("{s:O, s:O}", "ci", platforms, "release", platforms));
    put_text(init, said, "image", group->image);
    put(init, said, "image-tags", list_tags(init, group->image_tags));
    put(init, said, group->key, file);
}

/* Describes a group by what its images share, and each image. */
static void describe_images(struct init *init, const struct init_group *group,
                            const struct shared *shared, json_t *said)
{
    json_t *build = json_object_get(shared->said, "build");
    json_t *tags = json_object_get(shared->said, "image-tags");
    json_t *services = list_services(init, group, shared);
    size_t own = 0;
    bool is_vague =
        false; /* directories say little about changes: several have Dockerfiles in one */

    init_each_peer (image, group) {
        if (strcmp(image->context, image->directory) != 0)
            continue; /* it is built from files elsewhere */
        own++;
        init_each_peer (other, group)
            is_vague |= strcmp(image->directory, other->directory) == 0 &&
                        strcmp(image->dockerfile, other->dockerfile) != 0;
    }

    if (!tags && (!group->tags || strchr("v{", *group->tags[0])))
        tags = init_keep(init, json_pack("[s, s]", "{version}", "latest"));
    put(init, said, "image-tags", tags);
    put(init, said, "platforms",
        describe_platforms(init, group, json_object_get(build, "platforms")));
    put_text(init, said, "inputs", is_vague || (own && own < group->count) ? "dockerfile" : NULL);
    json_object_del(build, "platforms");
    put(init, said, "build", json_object_size(build) ? build : NULL);
    put(init, said, "services", services);
}

static void add_group(struct init *init, const struct init_group *group, struct arc_buf *out)
{
    struct shared shared = {0};
    json_t *said = init_keep(init, json_object());
    bool is_guess = group->count > 0;

    find_shared(init, group, &shared);
    put(init, said, "registry", text_or_list(init, shared.registries));
    put(init, said, "image", json_object_get(shared.said, "image"));
    put(init, said, "tag", text_or_list(init, group->tags));
    put_text(init, said, "versioning", group->versioning);

    if (group->source)
        describe_file(init, group, said);
    else if (group->is_train) {
        json_t *includes = json_array();
        init_each_group (other, init)
            if (!other->is_train &&
                other->is_released) /* a train would wait for its first release */
                init_push(init, includes, json_string(other->name));
        init_set(init, said, "includes", includes);
    } else
        describe_images(init, group, &shared, said);
    if (!group->is_train) {
        put_text(init, said, "sign", init->signs ? "cosign" : NULL);
        put_text(init, said, "attest", init->attests ? "github" : NULL);
    }

    init_each_peer (image, group)
        is_guess = is_guess && !image->platforms && !image->variants;
    arc_buf_puts(out, "  ");
    init_add_scalar(out, group->name);
    arc_buf_puts(out, ":\n");

    arc_json_each_pair (key, value, said) {
        arc_buf_printf(out, "    %s:", key);
        if (strcmp(key, "services") == 0) {
            arc_json_each (service, value) { /* one per line */
                arc_buf_puts(out, "\n      - ");
                add_flow(out, service);
            }
        } else {
            arc_buf_putc(out, ' ');
            add_flow(out, value);
        }
        if (strcmp(key, "platforms") == 0 && is_guess && !init->remarked) {
            arc_buf_puts(out, " # a guess: no file names them; without this line pushes and pull "
                              "requests build linux/amd64 alone");
            init->remarked = true;
        }
        arc_buf_putc(out, '\n');
    }
}

void init_write_config(struct init *init, struct arc_buf *out)
{
    arc_buf_puts(
        out,
        "# Proposed by arc-ci init. Answer the questions, then run 'arc-ci plan' to see what a "
        "release would build.\n");

    arc_each (question, init->questions.items, init->questions.count) {
        const char *of = question->file ? init_print(init, "%s: ", question->file) : "";
        arc_buf_printf(out, "# QUESTION: %s%s\n", of, init_remark_text(init, question));
        if (!question->names)
            continue;

        const struct shared shared = {.registries = question->image->registries};
        json_t *service = describe_service(init, question->image, &shared, NULL);
        json_t *variants = json_object();
        arc_json_each (name, question->names)
            init_set(init, variants, json_string_value(name),
                     json_pack("[s, s]", "VALUE", "VALUE"));
        init_set(init, service, "variants", variants);
        arc_buf_puts(out, "#   - "); /* a line to edit */
        add_flow(out, service);
        arc_buf_puts(out, " # an image for each value\n");
    }

    arc_buf_puts(out, "groups:\n");
    init_each_group (group, init)
        if (group->count || group->source || group->is_train)
            add_group(init, group, out);
}
