/* Bake files: only what they describe is read here; docker resolves them when a plan is made. */
#include "init/sources.h"

/* What one file says, as written. */
struct bake {
    const char *path;
    json_t *targets;   /* name → its attributes as written */
    json_t *variables; /* name → default, or null */
    bool has_default;  /* a group or target "default" says what is built */
};

/* ---- HCL ------------------------------------------------------------------------------------ */

static void read_hcl(struct init *init, struct bake *bake, const char *text)
{
    static const char variable[] = "variable \"";
    struct arc_assignments reader = {.at = text};

    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        const char *name = at + strlen(variable);
        if (ARC_STARTS(at, variable)) /* even without a default */
            init_set(init, bake->variables, init_cut(init, name, strcspn(name, "\"\n")),
                     json_null());
    }

    while (arc_assignments_next(&reader)) {
        bool target = arc_assignment_is(&reader, 0, "target");
        bake->has_default |= reader.count == 2 && arc_assignment_is(&reader, 1, "default");
        if (reader.count != 2 || !(target || arc_assignment_is(&reader, 0, "variable")))
            continue;
        const char *label = init_cut(init, reader.parts[1], reader.lens[1]);
        const char *name = init_cut(init, reader.name, reader.name_len);
        size_t len = reader.value_len, before = len + strspn(reader.value + len, "[( \t\r\n");
        if (len && strchr("[(", reader.value[len - 1]) && reader.value[before] == '"')
            len =
                before + 1 + strcspn(reader.value + before + 1, "\"\n"); /* its first string, too */
        json_t *value = json_string(init_cut(init, reader.value, len));
        if (target && !json_object_get(bake->targets, label))
            init_set(init, bake->targets, label, json_object());
        if (target)
            init_set(init, json_object_get(bake->targets, label), name, value);
        else if (strcmp(name, "default") == 0)
            init_set(init, bake->variables, label, value);
        else
            json_decref(value);
    }
}

/* The same for JSON, read as YAML. */
static void read_json(struct init *init, struct bake *bake)
{
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
    if (!init_read_yaml(init, bake->path, &yaml))
        return;
    ARC_AUTO_JSON json_t *document = init_expand_node(init, yaml.root, NULL);
    json_t *targets = json_object_get(document, "target");

    bake->has_default = json_object_get(targets, "default") ||
                        json_object_get(json_object_get(document, "group"), "default");
    init_update(init, bake->targets, targets);

    arc_json_each_pair (name, variable, json_object_get(document, "variable")) {
        json_t *initial = json_object_get(variable, "default");
        init_set(init, bake->variables, name, initial ? json_incref(initial) : json_null());
    }
}

/* ---- what it means -------------------------------------------------------------------------- */

const char *init_release_value(const char *name, bool bake)
{
    if (init_is_among(name, "VERSION APP_VERSION BUILD_VERSION IMAGE_VERSION RELEASE_VERSION") ||
        (bake && init_is_among(name, "TAG IMAGE_TAG RELEASE")))
        return "{version}";
    if (init_is_among(name,
                      "GIT_COMMIT GIT_SHA COMMIT COMMIT_SHA COMMIT_HASH REVISION VCS_REF GIT_HASH "
                      "GIT_REVISION BUILD_REF SHA SOURCE_COMMIT"))
        return "{revision}";
    return bake && init_is_among(name, "LATEST IS_LATEST TAG_LATEST") ? "{latest}" : NULL;
}

const char *init_as_written(const char *value, const char *usual)
{
    bool letter =
        usual && *usual == 'v' && usual[1] && strchr("0123456789" INIT_UNKNOWN_TEXT, usual[1]);
    return letter && strcmp(value, "{version}") == 0 ? "v{version}" : value;
}

/* Whether contexts are relative to the root, where docker runs: those of a file in a directory may
 * be relative to that. */
static bool is_of_root(struct init *init, const struct bake *bake)
{
    const char *directory = init_directory(init, bake->path);

    if (strcmp(directory, ".") == 0 || json_object_get(init->bakes, bake->path))
        return true;

    arc_json_each_pair (name, target, bake->targets) {
        const char *context = arc_json_text_of(target, "context");
        char *path = init_resolve(init, ".", arc_text_or(context, "."));
        if (!path || strchr(context, '$') || strcmp(path, ".") == 0 ||
            !init_has_directory(init, path))
            return false;
    }

    return true;
}

/* Marks a target's Dockerfiles as described, so that no images are proposed for them. */
static void leave_dockerfiles(struct init *init, const json_t *target)
{
    const char *context = arc_json_text_of(target, "context");
    const char *dockerfile = arc_json_text_of(target, "dockerfile");
    size_t known = strcspn(context, "$"); /* the rest is an expression */
    char *exact =
        init_resolve(init, arc_text_or(context, "."), arc_text_or(dockerfile, "Dockerfile"));
    const char *folder = init_resolve(init, ".", arc_text_or(context, "."));

    arc_json_each_pair (path, variant, init->dockerfile_names) {
        const char *below = folder ? arc_path_below(folder, path) : NULL;
        if ((exact && strcmp(path, exact) == 0) ||
            (context[known] && strncmp(path, context, known) == 0) ||
            (below && strstr(dockerfile, init_print(init, "\"%s\"", below)))) /* "A ? B : C" */
            init_set(init, init->dockerfile_names, path, json_false());
    }
    if (exact)
        (void)json_object_del(init->aside, exact);
}

/* Whether a target has tags or, if a step names the file's images (`named`), whether it is built. */
static bool is_image(const json_t *target, bool named)
{
    const char *tags = arc_json_text_of(target, "tags");
    const char *from = init_first_text(json_object_get(target, "inherits"));
    if (named)
        return json_object_get(target, "context") || json_object_get(target, "dockerfile") ||
               (from && strstr(from, "meta")); /* it takes metadata-action's names over */
    return (*tags && strcmp(tags, "[]") != 0) || json_array_size(json_object_get(target, "tags"));
}

/* Takes over what a step sets for the file's targets: names, unless they have some, and platforms,
 * unless they name theirs, which a matrix only divides. */
static void take_given(struct init *init, struct init_group *group, bool named, bool divided)
{
    group->platforms = divided ? NULL : init->baked.platforms;
    if (!named)
        return;

    if (init->baked_unknown && !group->platforms && !divided)
        init_ask(init, group->source, 0,
                 "which platforms are its images built for? Only a run knows: name them under "
                 "'platforms'");
    group->registries = init->baked.registries;
    group->host = init_cut(init, *group->registries, strcspn(*group->registries, "/"));
    group->image_tags = init->baked.tags;
    if (!init->baked_differ)
        group->image = init_print(init, "{registry}/%s", init->baked.name);
    else
        init_ask(init, group->source, 0,
                 "what are its images called? metadata-action names them; as proposed, each has "
                 "its target's name and the tags of all");
}

/* Whether the targets' image names all differ, so that they can share a tag. */
static bool names_differ(struct init *init, const struct bake *bake, char **targets)
{
    ARC_AUTO_JSON json_t *names = json_object();

    for (char **target = targets; *target; target++) {
        const json_t *build = json_object_get(bake->targets, *target);
        const char *tag = init_first_text(json_object_get(build, "tags"));
        const char *quote = tag ? strchr(tag, '"') : NULL;
        tag = arc_text_or(quote ? quote + 1 : tag, "");
        char *name = init_cut(init, tag, strcspn(tag, "\""));
        char *colon = strchr(arc_path_name(name), ':');
        if (!colon)
            return false;
        *colon = '\0';
        if (json_object_get(names, name))
            return false;
        init_set(init, names, name, json_true());
    }

    return true;
}

static void ask_version(struct init *init, struct init_group *group, const struct bake *bake)
{
    ARC_AUTO_JSON json_t *names = json_array();
    bool differ = names_differ(init, bake, group->codenames);

    arc_json_each_pair (name, value, bake->variables)
        if (!json_object_get(group->variables, name))
            init_push(init, names, json_string(name));
    if (differ)
        init_add_tag(init, &group->image_tags, "{version}", "");
    if (json_array_size(names))
        init_ask(init, bake->path, 0,
                 "which of its variables gets the version of a release? It is not clear from %s: "
                 "name it under 'variables'%s",
                 init_list_names(init, names),
                 differ ? "; as proposed, {version} is one more tag of each image" : "");
}

/* Sets variables with usual names to a release's values, others to those of workflows. Returns
 * whether one of them is the version. */
static bool give_values(struct init *init, struct init_group *group, const struct bake *bake)
{
    ARC_AUTO_JSON json_t *unknown = init_made(init, json_array());
    bool versioned = false;

    arc_json_each_pair (name, value, bake->variables) {
        const char *given = init_release_value(name, true), *usual = json_string_value(value);
        bool own = usual && arc_text_ends(name, "VERSION") && /* not the version of a tool */
                   init_is_among(usual, INIT_MOVING_TAGS);
        given = own ? "{version}" : given;
        const char *set = arc_json_text_of(init->bake_values, name);
        bool is_spelled = given && ARC_HOLDS(set, "{version}", "{image-tag}");
        if (arc_text_is_visible(set) &&
            (is_spelled || (!given && *set && (!strchr(set, '{') || init_says_version(set)))))
            given = set;
        if (!given && *set && !arc_text_is_visible(set))
            init_push(init, unknown, json_string(name));
        versioned = versioned || (given && ARC_HOLDS(given, "{version}", "{image-tag}"));
        if (given && strchr(given, '{') && strcmp(given, "{revision}") != 0 &&
            init_is_among(arc_or(usual, ""), "null"))
            init_ask(init, bake->path, 0,
                     "what is %s outside of a release? %s has no value there: give the variable a "
                     "default in the file, such as \"dev\"",
                     name, given);
        if (given)
            init_add_pair(init, &group->variables, name,
                          json_string(init_as_written(given, usual)));
    }

    if (json_array_size(unknown))
        init_ask(init, bake->path, 0,
                 "which values do workflows give to its variable%s %s? Only a run knows, or they "
                 "differ; as proposed, the file's defaults stay",
                 arc_plural(json_array_size(unknown)), init_list_names(init, unknown));

    return versioned;
}

static void take_bake(struct init *init, const struct bake *bake)
{
    char **tagged = NULL;
    bool named = false, divided = true;

    for (int tries = 0; tries < 2 && !tagged; tries++) {
        named = tries && init->baked.registries && json_object_get(init->bakes, bake->path);
        arc_json_each_pair (name, value, bake->targets) {
            const char *platform = init_first_text(json_object_get(value, "platforms"));
            platform = platform ? platform + strspn(platform, "[( \t\r\n\"") : "";
            if (init_allows(init, arc_check_target, name) && /* docker refuses other names */
                (named || !tries) && is_image(value, named) && !ARC_STARTS(platform, "windows")) {
                init_add_text(init, &tagged, name);
                divided = divided && json_object_get(value, "platforms");
            }
        }
    }

    if (!tagged)
        return; /* its images are named elsewhere; its Dockerfiles are read like others */

    const char *meta = NULL; /* a target that it overwrites, with tags for builds by hand */
    arc_json_each_pair (name, target, bake->targets)
        if (!meta && strstr(name, "meta") && is_image(target, false) && !is_image(target, true))
            meta = name;
    if (meta) {
        init_ask(init, bake->path, 0,
                 "not used: metadata-action replaces the tags of target %s, and arc-ci would "
                 "publish those. Write 'tags = []' there and run 'arc-ci init' again: the group's "
                 "registry, image and image-tags then name what starts from it",
                 meta);
        return;
    }

    if (!is_of_root(init, bake)) {
        init_note(init, bake->path, 0,
                  "not used: its contexts are relative to its own directory, not to the root");
        return;
    }

    struct init_group *group = init_use_file(
        init, "bake", bake->path, init->groups ? init_name_dockerfile(init, bake->path) : NULL,
        arc_texts_count(tagged));
    group->targets = bake->has_default ? NULL : tagged;
    group->codenames = tagged;
    take_given(init, group, named, divided);

    if (!give_values(init, group, bake) && !named)
        ask_version(init, group, bake);

    arc_json_each_pair (name, value, bake->targets)
        leave_dockerfiles(init, value);
}

void init_take_bake_files(struct init *init, const char *list)
{
    json_t *together = init_keep(init, json_array());

    for (char *file; (file = init_next_item(init, &list, ",\n"));) {
        const char *resolved = init_resolve(init, ".", file);
        if (resolved && init_has_file(init, resolved))
            init_push(init, together, json_string(resolved));
    }

    arc_json_each (file, together)
        init_set(init, init->bakes, json_string_value(file), json_incref(together));
}

/* Also reads the files that workflows use with this one. Returns false if a group has them all. */
static bool read_beside(struct init *init, struct bake *bake)
{
    arc_json_each (file, json_object_get(init->bakes, bake->path)) {
        const char *path = json_string_value(file);
        init_each_group (group, init)
            if (arc_text_same(group->source, path))
                return false;
        const char *text = arc_text_ends(path, ".hcl") ? init_read(init, path) : NULL;
        if (text && strcmp(path, bake->path) != 0)
            read_hcl(init, bake, text);
    }
    return true;
}

void init_read_bake_files(struct init *init)
{
    size_t count = 0;
    for (size_t i = 0; i < init->file_count; i++) {
        const char *path = init->files[i], *base = arc_path_name(path);
        bool is_hcl = arc_text_ends(path, ".hcl"), is_json = arc_text_ends(path, ".json");
        bool is_named = strstr(base, is_hcl ? "bake" : "docker-bake") &&
                        !strstr(base, "override") && !init_is_aside(path);
        if (!(is_hcl || is_json) || !(is_named || json_object_get(init->bakes, path)))
            continue;
        struct bake bake = {.path = path,
                            .targets = init_keep(init, json_object()),
                            .variables = init_keep(init, json_object())};
        const char *text = init_read(init, path);
        if (!read_beside(init, &bake))
            continue;
        if (!init_counts(init, &count))
            break;
        if (text && is_hcl)
            read_hcl(init, &bake, text);
        else if (text)
            read_json(init, &bake);
        take_bake(init, &bake);
    }

    if (count && !init->groups)
        init_note(init, NULL, 0, "no bake target has tags, so the Dockerfiles are proposed");
}
