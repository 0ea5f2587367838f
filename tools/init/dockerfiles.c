/* Dockerfiles: which files are Dockerfiles, what their images are called, and their contexts. */
#include "dockerfile/dockerfile.h"
#include "dockerfile/inputs.h"
#include "dockerfile/stages.h"
#include "init/sources.h"

#define CONTEXTS_MAX 16
#define FOLDER_COST  4096 /* of an argument's value */
#define OF_BASE      "a Dockerfile starts from such an image"

/* ---- names ---------------------------------------------------------------------------------- */

/* The part of the name that distinguishes a Dockerfile from others beside it: "ingress" for
 * Dockerfile.ingress and ingress.Dockerfile, "" for Dockerfile. NULL if it is not a Dockerfile's
 * name. */
static char *variant_of(struct init *init, const char *name)
{
    static const char *const words[] = {"Dockerfile", "Containerfile"};
    static const char others[] =
        "dockerignore j2 tmpl tpl template in md orig bak erb gotmpl sh lock "
        "txt json yaml yml";
    static const char code[] = "go py js ts php rb java rs"; /* of programs about Dockerfiles */
    const char *dot = strrchr(name, '.');
    size_t len = strlen(name);

    if (dot && init_is_among(dot + 1, others))
        return NULL;

    arc_each_in (usual, words) {
        size_t word = strlen(*usual);
        if (strcasecmp(name, *usual) == 0)
            return arc_arena_text(&init->arena, "");
        bool is_code = dot && dot > name + word && init_is_among(dot + 1, code);
        if (len > word + 1 && strncasecmp(name, *usual, word) == 0 && strchr(".-_", name[word]) &&
            !is_code)
            return arc_arena_text(&init->arena, name + word + 1);
        if (len > word + 1 && strcasecmp(name + len - word, *usual) == 0 &&
            name[len - word - 1] == '.')
            return init_cut(init, name, len - word - 1);
    }

    return NULL;
}

/* Folders whose names say nothing about the image. */
static const char generic[] =
    "docker dockerfiles dockerfile build builds image images container src "
    "containers deploy deployment ci .docker package packaging .";
/* Folders of third-party code, and of files that are not released. */
static const char foreign[] = "node_modules vendor third_party";
static const char aside[] =
    "test tests testdata fixtures e2e integration example examples sample samples tutorial "
    "tutorials templates template docs hack .github __tests__ testing benchmark benchmarks "
    "demo-data deprecated archived .devcontainer .cursor .gitpod";

static bool lies_in(const char *path, const char *folders)
{
    for (const char *slash; (slash = strchr(path, '/')); path = slash + 1)
        if (arc_text_lists(folders, path, (size_t)(slash - path)) ||
            (*path == '.' && arc_text_lists(folders, path + 1, (size_t)(slash - path - 1))))
            return true;
    return false;
}

bool init_is_aside(const char *path)
{
    return lies_in(path, aside) || lies_in(path, foreign);
}

char *init_name_dockerfile(struct init *init, const char *path)
{
    const char *variant = arc_or(variant_of(init, arc_path_name(path)), "");
    char *directory = init_directory(init, path);

    while (init_is_among(arc_path_name(directory), generic) && strcmp(directory, ".") != 0)
        directory = init_directory(init, directory);
    const char *named = strcmp(directory, ".") != 0 ? arc_path_name(directory) : "";

    char *above =
        init_directory(init, directory); /* it belongs to another image: cuda12 in pytorch */
    bool has_owner = false, is_deep = *named && strcmp(above, ".") != 0;
    arc_json_each_pair (other, told, is_deep ? init->dockerfile_names : NULL)
        has_owner = has_owner || strcmp(init_directory(init, other), above) == 0;
    if (has_owner)
        named = init_print(init, "%s-%s", arc_path_name(above), named);

    for (bool ends = false; arc_is_digit(*named) && !ends; above = init_directory(init, above)) {
        ends = strcmp(above, ".") == 0; /* no codename starts with a digit: postgres-15 */
        named = init_print(init, "%s-%s", ends ? init->repository : arc_path_name(above), named);
    }

    if (!*named && *variant && !*init_codename(init, variant)) /* Dockerfile.21 */
        named = init->repository;
    const char *told = *named && *variant ? init_print(init, "%s-%s", named, variant) : named;
    char *name = init_codename(init, *told ? told : arc_text_or(variant, init->repository));

    return *name ? name : arc_arena_text(&init->arena, "image");
}

/* ---- finding them --------------------------------------------------------------------------- */

/* The next instruction with either keyword; false at the end of the Dockerfile. */
static bool find_instruction(struct init *init, struct arc_dockerfile *file, const char *one,
                             const char *other, struct arc_instruction *out)
{
    while (file->at && arc_dockerfile_next(file, out))
        if (strcmp(out->keyword, one) == 0 || strcmp(out->keyword, other) == 0)
            return true;
    (void)init_succeeds(init, file->args.failed);
    return false;
}

/* Whether the Dockerfile has an instruction with either keyword and without --from. */
static bool has_instruction(struct init *init, const char *path, const char *one, const char *other)
{
    ARC_AUTO(arc_dockerfile)
    struct arc_dockerfile file = {.at = init_read(init, path), .line = 1};
    struct arc_instruction instruction;
    while (find_instruction(init, &file, one, other, &instruction))
        if (!strstr(instruction.args, "--from="))
            return true;
    return false;
}

/* The next word of an instruction; false at the end. */
static bool take_word(struct init *init, const char **text, struct arc_buf *word, size_t *equals)
{
    bool found = arc_dockerfile_word(text, word, equals);
    (void)init_succeeds(init, word->failed);
    return found;
}

/* Whether an action beside a Dockerfile runs in its image, which the runner builds. */
static bool is_of_action(struct init *init, const char *path)
{
    static const char *const names[] = {"action.yml", "action.yaml"};
    const char *folder = init_directory(init, path);
    bool is = false;

    arc_each_in (name, names) {
        ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
        const char *image = "";
        if (init_read_yaml(init, init_join(init, folder, *name), &yaml))
            image = arc_yaml_text_at(arc_yaml_get(yaml.root, "runs"), "image");
        is |= *image && strcmp(arc_or(init_resolve(init, folder, image), ""), path) == 0;
    }

    return is;
}

/* Dockerfiles for tests, examples, development, Windows or actions, judging by folder, name and
 * base, count only if the repository has no others. */
void init_find_dockerfiles(struct init *init)
{
    json_t *all = init_keep(init, json_object());
    size_t passed = 0;

    for (size_t i = 0; i < init->file_count; i++) {
        const char *path = init->files[i];
        char *variant = variant_of(init, arc_path_name(path));
        if (!variant || lies_in(path, foreign))
            continue;
        const char *lower = init_lower(init, path); /* but "sliding-windows/Dockerfile" counts */
        bool is_aside = lies_in(path, aside) || ARC_STARTS(lower, "windows") ||
                        strstr(lower, "/windows") || strstr(arc_path_name(lower), "windows") ||
                        strstr(arc_or(init_read(init, path), ""), "microsoft.com/windows/") ||
                        init_is_among(variant, "dev develop development debug local") ||
                        is_of_action(init, path);
        init_set_text(init, is_aside ? init->aside : all, path, variant);
    }

    for (int tries = 0; tries < 2 && !json_object_size(init->dockerfile_names); tries++) {
        arc_json_each_pair (path, variant, tries ? init->aside : all) {
            if (json_object_size(init->dockerfile_names) == INIT_FILES_MAX)
                passed++;
            else if (has_instruction(init, path, "FROM", "FROM"))
                init_set(init, init->dockerfile_names, path, json_incref(variant));
        }
        if (tries) /* they count */
            json_object_clear(init->aside);
    }

    if (passed)
        init_ask(init, NULL, 0,
                 "%zu Dockerfiles after the first %d were not read: add their images by hand",
                 passed, INIT_FILES_MAX);
}

/* ---- contexts ------------------------------------------------------------------------------- */

static int count_missing(void *context, const struct arc_input *input, bool ignored)
{
    (void)input;
    (void)ignored;
    ++*(size_t *)context;
    return 0;
}

/* How many sources of COPY are missing in a context; 1000 if the Dockerfile cannot be read. */
static size_t missing_in(struct init *init, const struct init_image *image, const char *context,
                         const json_t *args)
{
    static const char *const platforms[] = {"linux/amd64", NULL};
    struct arc_inputs *inputs = NULL;
    struct arc_inputs_request request = {.root = init->root,
                                         .context = context,
                                         .dockerfile = image->dockerfile,
                                         .target = image->target,
                                         .args = args,
                                         .platforms = platforms};
    size_t missing = 0;

    if (!init_succeeds(init, arc_inputs_read(&request, &inputs, NULL)))
        return 1000;
    (void)init_succeeds(init, arc_inputs_missing(inputs, count_missing, &missing));
    arc_inputs_free(&inputs);

    return missing;
}

/* Chooses the Dockerfile's folder or, if more of the copied files are there, one above it. A folder
 * that holds only Dockerfiles is not a context. */
static void choose_context(struct init *init, struct init_image *image)
{
    char *directory = image->directory;
    bool is_generic = init_is_among(arc_path_name(directory), generic), ends = false;
    size_t fewest = (size_t)-1;

    if (is_generic)
        init_each_below (i, init, directory)
            is_generic = is_generic && (json_object_get(init->dockerfile_names, init->files[i]) ||
                                        arc_text_ends(init->files[i], ".dockerignore"));
    if (is_generic && has_instruction(init, image->dockerfile, "COPY", "ADD"))
        directory = init_directory(init, directory);

    for (size_t tries = 0; tries < CONTEXTS_MAX && !ends; tries++) {
        size_t missing = missing_in(init, image, directory, NULL);
        if (missing < fewest) {
            fewest = missing;
            image->context = directory;
        }
        ends = strcmp(directory, ".") == 0;
        directory = init_directory(init, directory);
    }
}

/* ---- build arguments ------------------------------------------------------------------------ */

/* The ARGs of a Dockerfile: name → default, or null if no ARG gives one. A new reference. */
static json_t *read_arguments(struct init *init, const char *path)
{
    ARC_AUTO(arc_dockerfile)
    struct arc_dockerfile file = {.at = init_read(init, path), .line = 1};
    ARC_AUTO(arc_buf) struct arc_buf word = {.max = 65536};
    struct arc_instruction instruction;
    json_t *args = init_made(init, json_object());
    size_t equals;

    while (find_instruction(init, &file, "ARG", "ARG", &instruction)) {
        const char *text = instruction.args;
        while (take_word(init, &text, &word, &equals)) {
            char *name = init_cut(init, arc_buf_text(&word), equals);
            const char *value = equals < word.len ? arc_buf_text(&word) + equals + 1 : NULL;
            if (value || !json_object_get(args, name))
                init_set(init, args, name, value ? json_string(value) : json_null());
        }
    }

    return args;
}

/* Reads NAME.yaml, .yml or .json of a directory, whichever exists; returns its path or NULL. */
static char *read_first(struct init *init, const char *directory, const char *name,
                        struct arc_yaml *out)
{
    static const char *const ends[] = {"yaml", "yml", "json"};

    arc_each_in (end, ends) {
        char *path = init_join(init, directory, init_print(init, "%s.%s", name, *end));
        if (init_read_yaml(init, path, out))
            return path;
    }

    return NULL;
}

bool init_takes_dotenv(struct init *init, struct init_image *image, const char *name)
{
    struct arc_file_place place = {".env", (char *[]){(char *)name, NULL}, 0};
    ARC_AUTO_FREE char *value = NULL;

    if (!json_object_get(init->dotenv, name) ||
        !init_succeeds(init, arc_file_value_in(init->root, &place, &value, NULL)))
        return false;
    init_add_pair(init, &image->args, name, json_pack("{s:s, s:s}", "file", ".env", "at", name));

    return true;
}

/* Looks up values for arguments without a default: in .env, or in an add-on's build file beside the
 * Dockerfile. Asks for the rest. */
static void give_arguments(struct init *init, struct init_image *image)
{
    ARC_AUTO_JSON json_t *args = read_arguments(init, image->dockerfile);
    ARC_AUTO_JSON json_t *left = init_made(init, json_array());
    ARC_AUTO(arc_yaml) struct arc_yaml build = {0};
    const char *file = read_first(init, image->directory, "build", &build);
    const json_t *own = json_object_get(json_array_get(image->variants, 0), "args");

    arc_json_each_pair (name, initial, args) {
        const char *released = init_release_value(name, false);
        const char *baked = json_string_value(json_object_get(init->baked.args, name));
        bool told = arc_yaml_at(build.root, "args", name);
        if (json_object_get(image->args, name) || json_object_get(own, name) ||
            !(told || json_is_null(initial)) || init_is_among(name, INIT_GIVEN_ARGUMENTS))
            continue;
        if (told)
            init_add_pair(init, &image->args, name,
                          json_pack("{s:s, s:[s, s]}", "file", file, "at", "args", name));
        else if (init_takes_dotenv(init, image, name))
            continue;
        else if (released || baked)
            init_add_pair(init, &image->args, name, json_string(arc_or(released, baked)));
        else
            init_push(init, left, json_string(name));
    }

    if (!json_array_size(left))
        return;
    init_push(init, init->kept, json_incref(left));
    init_add_remark(
        init, &init->questions,
        (struct init_remark){.file = image->dockerfile, .image = image, .names = left},
        "which values do the build arguments have: %s? Nothing in the repository sets them. One value "
        "goes under 'args'; several, with an image for each, under 'variants'",
        init_list_names(init, left));
}

/* ---- add-ons: an image for each architecture ------------------------------------------------ */

/* `bases`: the file that names the architecture's base image; NULL: none does. */
static void add_architecture(struct init *init, struct init_image *image, const char *name,
                             const char *bases)
{
    struct init_image one = {0};
    init_add_platform(init, &one, image->dockerfile, 0, name);
    if (!one.platforms || !init_allows(init, arc_check_name, name))
        return;

    ARC_AUTO_JSON json_t *args = read_arguments(init, image->dockerfile);
    json_t *variant = init_made(init, json_pack("{s:s, s:{}, s:[s]}", "suffix", name, "args",
                                                "platforms", one.platforms[0]));
    json_t *values = json_object_get(variant, "args");
    if (bases)
        init_set(init, values, "BUILD_FROM",
                 json_pack("{s:s, s:[s, s]}", "file", bases, "at", "build_from", name));
    if (json_object_get(args, "BUILD_ARCH"))
        init_set(init, values, "BUILD_ARCH", json_string(name));
    if (!json_object_size(values))
        json_object_del(variant, "args");
    if (!image->variants)
        init_push(init, init->kept, image->variants = json_array());
    init_push(init, image->variants, variant);
}

/* Takes the image name of an add-on: "acme/{arch}-addon-samba" or "acme/samba-{arch}". */
static void take_template(struct init *init, struct init_image *image, const char *template)
{
    const char *last = arc_path_name(template), *arch = strstr(last, "{arch}"), *rest = arch + 6;
    const char *own = init_lower(init, arc_path_name(image->directory));
    size_t len = strlen(rest), tail = strlen(own);
    struct init_image named = {0};

    if (last == template || !init_allows(init, arc_check_name, own))
        return;
    if (!init_allows(init, arc_check_name,
                     init_print(init, "%.*sx%s", (int)(arch - last), last, rest))) {
        init_ask(init, image->file, 0, "what are its images called? '%s' is not valid", template);
        return;
    }
    char *registry = init_cut(init, template, (size_t)(last - template));
    if (!init_take_reference(init, init_print(init, "%s%s", registry, own), &named))
        return;

    bool ends = len > tail && strcmp(rest + len - tail, own) == 0;
    len -= ends ? tail : 0;
    image->name = named.name;
    image->registries = named.registries;
    bool starts = !ends && strncmp(last, own, tail) == 0 && strchr("-_.", last[tail]);
    char *same = init_print(init, "%.*s{suffix}%s", (int)(arch - last), last, rest);
    init_each_image (other, init)
        if (other != image && arc_text_same(other->pattern, same)) { /* a copy of this one's */
            init_ask(init, other->dockerfile, 0,
                     "what are its images called? Those of %s are called %s", image->dockerfile,
                     template);
            other->pattern = init_print(init, "{name}-{suffix}");
        }
    last += starts ? tail : 0;
    const char *before = starts ? "{name}" : "";
    image->pattern = init_print(init, "%s%.*s{suffix}%.*s%s", before, (int)(arch - last), last,
                                (int)len, rest, ends ? "{name}" : "");
}

/* A Home Assistant add-on: build.yaml names a base for each architecture, config.yaml the image. */
static void split_by_architectures(struct init *init, struct init_image *image)
{
    ARC_AUTO(arc_yaml) struct arc_yaml build = {0}, about = {0};
    const char *file = read_first(init, image->directory, "build", &build);
    (void)read_first(init, image->directory, "config", &about);
    const struct arc_yaml_node *bases = arc_yaml_get(build.root, "build_from");
    const char *name = arc_yaml_text_at(about.root, "image");
    bool named = strstr(arc_path_name(name), "{arch}");

    arc_yaml_each_pair (base, bases)
        add_architecture(init, image, base->key->text, base->value->text ? file : NULL);
    if (named && !arc_yaml_pairs(bases))
        arc_yaml_each (arch, arc_yaml_get(about.root, "arch"))
            if (arch->text)
                add_architecture(init, image, arch->text, NULL);
    if (named && image->variants)
        take_template(init, image, name);
}

/* ---- one Dockerfile for several stages ------------------------------------------------------- */

/* Reads the Dockerfile's stages; false if it cannot be read. */
static bool read_stages(struct init *init, const char *dockerfile, struct arc_stages *out)
{
    const struct arc_stages_request request = {.text = init_read(init, dockerfile),
                                               .platform = "linux/amd64"};
    return request.text && init_succeeds(init, arc_stages_read(&request, out, NULL));
}

bool init_has_stage(struct init *init, const char *dockerfile, const char *stage)
{
    size_t cost = strlen(arc_or(init_read(init, dockerfile), ""));
    ARC_AUTO(arc_stages) struct arc_stages stages = {0};
    bool is_read = init_spend(init, cost) && read_stages(init, dockerfile, &stages);
    return !is_read || arc_stages_target(&stages, stage);
}

bool init_chooses_base(struct init *init, const char *dockerfile, const char *name)
{
    const char *plain = init_print(init, "$%s", name), *braced = init_print(init, "${%s", name);
    const char *own = init->owner ? init_print(init, "%s/", init_lower(init, init->owner)) : "/";
    ARC_AUTO(arc_stages) struct arc_stages stages = {0};

    if (!read_stages(init, dockerfile, &stages))
        return false;

    arc_each (stage, stages.items, stages.count) /* the default may name the owner */
        if (ARC_HOLDS(stage->ref, plain, braced) &&
            !strstr(init_lower(init, arc_text_or(stage->base, stage->ref)), own))
            return true;

    return false;
}

/* The stages that no other stage needs, without those for development; NULL if there is just the
 * last stage, or that one has no name or a generic one. */
static char **list_final_stages(struct init *init, const struct arc_stages *stages)
{
    const char *last = stages->count ? stages->items[stages->count - 1].name : NULL;
    char **names = NULL;

    if (!last ||
        init_is_among(last, "final prod production release runtime runner default main image"))
        return NULL;

    for (size_t i = 0; i < stages->count; i++) {
        const char *name = stages->items[i].name;
        bool is_needed = false; /* another stage is built on it, or copies from it */
        for (size_t n = 0; n < stages->count; n++)
            arc_json_each (number, stages->items[n].needs)
                is_needed |= (size_t)json_integer_value(number) == i;
        if (name && !init_is_development(name) && !is_needed)
            init_add_text(init, &names, name);
    }

    return names && !names[1] && strcmp(names[0], last) == 0 ? NULL : names;
}

/* Makes one image per final stage, "api" and "worker" for example. */
static void split_by_stages(struct init *init, struct init_image *image)
{
    ARC_AUTO(arc_stages) struct arc_stages stages = {0};
    char **names =
        read_stages(init, image->dockerfile, &stages) ? list_final_stages(init, &stages) : NULL;
    const char *common = NULL, *plain = image->codename;
    size_t count = 0, len = strlen(plain);

    for (char **name = names; name && *name && names[1]; name++) {
        size_t part = strlen(*name);
        bool starts_all = true; /* "app" in "app", "app-slim" */
        for (char **other = names; *other; other++)
            starts_all = starts_all && strncmp(*other, *name, part) == 0 &&
                         (!(*other)[part] || (*other)[part] == '-');
        common = starts_all ? *name : common;
    }

    for (char **name = names; name && *name; name++) {
        const char *rest = common ? *name + strlen(common) + (strcmp(*name, common) != 0) : *name;
        struct init_image *one = count++ ? init_add_image(init, image) : image;
        if (!one)
            return;
        one->target = *name;
        bool is_whole = strncmp(*name, plain, len) == 0 && (*name)[len] == '-'; /* shop-cart */
        const char *told = is_whole ? *name : init_print(init, "%s-%s", plain, rest);
        one->codename = init_codename(init, names[1] && *rest ? told : plain);
    }

    if (count > 1)
        init_ask(init, image->dockerfile, 0,
                 "is each of its final stages an image, as proposed? No other stage uses %s or %s",
                 names[0], names[1]);
}

/* ---- one Dockerfile for several folders ----------------------------------------------------- */

/* Adds an image for each folder the argument may name, if all the copied files exist there. */
static bool add_folders(struct init *init, struct init_image *image, const char *argument,
                        const char *above, const char *initial)
{
    char *directory = init_resolve(init, image->context, above), *folder = NULL;
    const char *named = init_name_dockerfile(init, image->dockerfile);
    bool plain = strcmp(named, init_codename(init, init->repository)) == 0;
    size_t len = !directory || strcmp(directory, ".") == 0 ? 0 : strlen(directory) + 1;
    size_t count = 0, found = 0;

    if (!directory || (*initial && !init_has_directory(init, init_join(init, directory, initial))))
        return false; /* the default names something that an earlier step makes */

    init_each_below (i, init, directory) {
        const char *path = init->files[i] + len, *slash = strchr(path, '/');
        size_t part = slash ? (size_t)(slash - path) : 0;
        if (!slash || (folder && strncmp(folder, path, part) == 0 && !folder[part]))
            continue;
        if (!init_counts(init, &count) || !init_spend(init, FOLDER_COST))
            break;

        folder = init_cut(init, path, part);
        ARC_AUTO_JSON json_t *args = init_made(init, json_pack("{s:s}", argument, folder));
        if (missing_in(init, image, image->context, args))
            continue;
        struct init_image *one = found++ ? init_add_image(init, image) : image;
        if (!one)
            break;
        one->args = NULL;
        if (strcmp(folder, initial) != 0)
            init_add_pair(init, &one->args, argument, json_string(folder));
        one->codename =
            init_codename(init, plain ? folder : init_print(init, "%s-%s", named, folder));
    }

    return found > 0;
}

/* One Dockerfile may build many images: an argument in a source of COPY, "services/${APP}/main",
 * selects the folder. */
static void split_by_folders(struct init *init, struct init_image *image)
{
    ARC_AUTO(arc_dockerfile)
    struct arc_dockerfile file = {.at = init_read(init, image->dockerfile), .line = 1};
    ARC_AUTO_JSON json_t *args = read_arguments(init, image->dockerfile);
    ARC_AUTO(arc_buf) struct arc_buf word = {.max = 65536};
    struct arc_instruction instruction;
    size_t equals;

    while (find_instruction(init, &file, "COPY", "ADD", &instruction)) {
        const char *text = instruction.args, *start, *end;
        while (take_word(init, &text, &word, &equals)) {
            const char *source = arc_buf_text(&word);
            char *argument = init_next_variable(init, source, &start, &end);
            if (!argument || (start > source && start[-1] != '/') || (*end && *end != '/') ||
                !json_object_get(args, argument) || init_is_among(argument, INIT_GIVEN_ARGUMENTS))
                continue;
            if (start == source && !*end)
                continue; /* "${BINARY}" is a file that an earlier step makes */
            char *above = init_cut(init, source, (size_t)(start - source));
            if (add_folders(init, image, argument, above, arc_json_text_of(args, argument)))
                return;
        }
    }
}

/* ---- images --------------------------------------------------------------------------------- */

/* When another Dockerfile starts from a reference with this image's name, its registry is ours if it
 * belongs to the owner, else a guess. "acme/android-base" names the image "base" if acme is the
 * owner. */
static void learn_name(struct init *init, struct init_image *image, const struct init_image *base)
{
    bool ours = init_is_owner(init, base->registries[0]);
    const char *plain = init_codename(init, init->repository), *own = image->codename;
    size_t len = strlen(base->name), repository = strlen(plain);

    if (strcmp(base->name, own) == 0) {
        if (strcmp(base->registries[0], "docker.io") == 0)
            return; /* an official image, which has no owner */
        if (ours || !init->owner)
            init_count_registry(init, base->registries[0]);
        else
            init_guess_registry(init, base->registries[0], OF_BASE);
        return;
    }

    if (strncmp(own, plain, repository) == 0 && own[repository] == '-')
        own += repository + 1; /* "30" of Dockerfile.30 */
    size_t tail = strlen(own);
    if (ours && !image->name && len > tail && strcmp(base->name + len - tail, own) == 0 &&
        base->name[len - tail - 1] == '-') {
        image->name = base->name;
        image->registries = base->registries;
    }
}

/* Learns registries and names from the references that a Dockerfile starts from. */
static void learn_registries(struct init *init, const struct init_image *image)
{
    ARC_AUTO(arc_stages) struct arc_stages stages = {0};

    if (!read_stages(init, image->dockerfile, &stages))
        return;

    for (size_t i = 0; i < stages.count; i++)
        arc_json_each (text, stages.items[i].images) {
            struct init_image base = {0};
            if (!strchr(json_string_value(text), '/') ||
                !init_take_reference(init, json_string_value(text), &base) || !base.registries)
                continue;
            if (init_is_owner(init, base.registries[0]))
                init_guess_registry(init, base.registries[0], OF_BASE);
            if (strcmp(arc_path_name(image->directory), base.name) == 0)
                continue; /* a variant on somebody else's image, named after that */
            init_each_image (other, init)
                if (other != image)
                    learn_name(init, other, &base);
        }
}

/* Proposes the images of a Dockerfile that no other file described. Asks about one for one
 * architecture, by its name or folder: arc-ci makes an index from one Dockerfile only. */
static void take_dockerfile(struct init *init, const char *path)
{
    const char *variant = arc_or(variant_of(init, arc_path_name(path)), "");
    const char *start, *platform = init_find_platform(variant, &start);
    struct init_image image = {.from = FROM_DOCKERFILE,
                               .dockerfile = arc_arena_text(&init->arena, path),
                               .directory = init_directory(init, path),
                               .codename = init_name_dockerfile(init, path)};
    size_t before = init->image_count;
    struct init_image *added = init_add_image(init, &image);

    if (!added)
        return;
    added->file = added->dockerfile;

    const char *folder = arc_path_name(added->directory);
    if (!platform && strpbrk(folder, "0123456789")) /* a folder "arm" may be anything */
        platform = init_find_platform(folder, &start);
    if (platform) {
        init_add_platform(init, added, path, 0, platform);
        init_ask(
            init, path, 0,
            "is it a part of an image for several platforms? Then one Dockerfile has to choose "
            "by TARGETARCH; as proposed, it is an image of its own, for its platform");
    }

    split_by_stages(init, added);

    for (size_t left = init->image_count - before; left--; added = added->next) {
        choose_context(init, added);
        split_by_folders(init, added);
        split_by_architectures(init, added);
    }
}

void init_read_dockerfiles(struct init *init)
{
    const char *first = NULL, *described = init->groups ? init->groups->key : NULL;
    bool pushed = init->pushes && !init->guessed;
    size_t count = 0;

    arc_json_each_pair (path, variant, init->dockerfile_names) {
        if (init_find_image(init, path) || json_is_false(variant) ||
            json_object_get(init->aside, path))
            continue;
        if (described)
            init_ask(init, path, 0, "no %s file names it: is it released?", described);
        else if (pushed)
            init_ask(init, path, 0, "no workflow publishes it: is it released?");
        else
            take_dockerfile(init, path);
    }

    arc_json_each_pair (path, variant, init->aside)
        if (!init_find_image(init, path)) {
            first = arc_or(first, path);
            count++;
        }
    if (count)
        init_ask(init, first, 0,
                 "%zu Dockerfile%s for tests, examples, development, Windows or actions left out: "
                 "is one of them released?",
                 count, arc_plural(count));

    init_each_image (image, init) {
        if (image->from == FROM_WORKFLOW && !image->registries && !image->args)
            split_by_architectures(init, image);
        if (image->from == FROM_DOCKERFILE || image->variants)
            give_arguments(init, image);

        size_t missing = missing_in(init, image, image->context, NULL);
        if (missing == 1000)
            init_ask(init, image->dockerfile, 0,
                     "is '%s' its context? What it copies could not be determined", image->context);
        else if (missing)
            init_ask(
                init, image->dockerfile, 0,
                "some of its COPY sources are not in the repository ('arc-ci plan' names them): "
                "does an earlier step make them? List them under 'generated', and what they are "
                "made of under 'paths', or a change there builds nothing. Or is the context "
                "wrong?");
        learn_registries(init, image);
    }
}
