/* Groups of images: by the repository's tags, or the versions in its files; and their names. */
#include "arcci/release_version.h"
#include "base/auto.h"
#include "base/text.h"
#include "config/fields.h"
#include "config/file_value.h"
#include "init/sources.h"
#include "yaml/yaml.h"
#include <stdio.h>
#include <string.h>

/* ---- registries ----------------------------------------------------------------------------- */

void init_count_registry(struct init_proposal *proposal, const char *registry)
{
    json_int_t seen = json_integer_value(json_object_get(proposal->registries, registry));
    init_set(proposal, proposal->registries, registry, json_integer(seen + 1));
}

/* Where images are that no file names: where the others are, else GHCR of the repository's owner. */
static const char *usual_registry(struct init_proposal *proposal)
{
    const char *best = NULL, *registry;
    json_int_t most = 0;
    json_t *seen;

    for (size_t i = 0; i < proposal->image_count; i++)
        for (char **at = proposal->images[i]->registries; at && *at; at++)
            init_count_registry(proposal, *at);

    json_object_foreach (proposal->registries, registry, seen) {
        json_int_t weight = json_integer_value(seen);
        weight *= init_is_owner(proposal, registry) ? INIT_FILES_MAX * INIT_FILES_MAX : 1;
        if (weight > most) {
            most = weight;
            best = registry;
        }
    }

    if (best)
        return best;
    if (proposal->guess) {
        init_ask(
            proposal, NULL, 0,
            "which registry? %s is a guess: a Dockerfile starts from an image there that has the "
            "name of one of these",
            proposal->guess);
        return proposal->guess;
    }
    ARC_AUTO(arc_buf) struct arc_buf owner = {0};
    for (const char *c = proposal->owner ? proposal->owner : ""; *c; c++)
        arc_buf_putc(&owner, (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c));
    init_ask(proposal, NULL, 0,
             owner.len ? "which registry? No file names one; ghcr.io/%s is a guess"
                       : "which registry? No file names one; replace ghcr.io/%s with yours",
             owner.len ? arc_buf_text(&owner) : "owner");

    return arc_arena_printf(&proposal->arena, "ghcr.io/%s",
                            owner.len ? arc_buf_text(&owner) : "owner");
}

static void choose_registries(struct init_proposal *proposal)
{
    bool wanted = false;
    for (size_t i = 0; i < proposal->image_count; i++)
        wanted = wanted || !proposal->images[i]->registries;
    if (!wanted)
        return;
    const char *usual = usual_registry(proposal);
    for (size_t i = 0; i < proposal->image_count; i++)
        if (!proposal->images[i]->registries)
            init_add_text(proposal, &proposal->images[i]->registries, usual);
}

/* The workflows log in to one registry for a group. */
static void ask_logins(struct init_proposal *proposal)
{
    for (size_t g = 0; g < proposal->group_count; g++) {
        const struct init_group *group = proposal->groups[g];
        const char *first = NULL, *other = NULL;
        for (size_t i = 0; i < group->count; i++)
            for (char **at = group->images[i]->registries; at && *at; at++) {
                size_t len = strcspn(*at, "/");
                first = first ? first : *at;
                if (strncmp(first, *at, len) != 0 || first[len] != '/')
                    other = *at;
            }
        if (other)
            init_ask(
                proposal, NULL, 0,
                "how do the workflows log in to %.*s? Group %s has images there, and they log in "
                "to %.*s only",
                (int)strcspn(other, "/"), other, group->name, (int)strcspn(first, "/"), first);
    }
}

/* ---- codenames ------------------------------------------------------------------------------ */

static bool is_taken(const struct init_proposal *proposal, const char *codename, size_t before)
{
    for (size_t i = 0; i < before; i++)
        if (strcmp(proposal->images[i]->codename, codename) == 0)
            return true;
    return false;
}

/* Two of one name: the later one takes more of its path, then a number. */
static void tell_apart(struct init_proposal *proposal, size_t index)
{
    struct init_image *image = proposal->images[index];
    image->codename =
        *image->codename ? image->codename : arc_arena_text(&proposal->arena, "image");
    const char *plain = image->codename;
    char *directory = image->directory;
    while (is_taken(proposal, image->codename, index) && strcmp(directory, ".") != 0) {
        directory = init_directory(proposal, directory);
        char *longer = init_codename(
            proposal, arc_arena_printf(&proposal->arena, "%s-%s", init_base(directory), plain));
        image->codename = strcmp(directory, ".") == 0 ? image->codename : longer;
    }

    for (unsigned n = 2; is_taken(proposal, image->codename, index); n++)
        image->codename =
            init_codename(proposal, arc_arena_printf(&proposal->arena, "%.56s-%u", plain, n));
}

/* What stands beside the version in a name, "ad" of "{image-tag}-ad"; NULL for nothing. */
static char *told_by(struct init_proposal *proposal, const char *tag)
{
    static const char *const words[] = {"{version}", "{image-tag}", "latest", "{revision}",
                                        "{sha7}"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *at = strstr(tag, words[i]), *end = at ? at + strlen(words[i]) : NULL;
        if (!at || strchr(end, '{'))
            continue;
        if (at == tag && *end && strchr("-._", *end) && end[1])
            return arc_arena_text(&proposal->arena, end + 1);
        if (!*end && at > tag + 1 && strchr("-._", at[-1]) && *tag != '{')
            return init_cut(proposal, tag, (size_t)(at - 1 - tag));
    }

    return NULL;
}

/* Writes {codename} for the part of the image's names that is its codename. */
static void name_codename(struct init_proposal *proposal, struct init_image *image)
{
    size_t len = strlen(image->codename);
    json_t *tags = image->tags, *when;
    const char *tag;

    image->tags = NULL;

    json_object_foreach (tags, tag, when) {
        size_t whole = strlen(tag), rest = whole - len;
        const char *name = tag;
        if (whole > len && strcmp(tag + rest, image->codename) == 0 && strchr("-._", tag[rest - 1]))
            name = arc_arena_printf(&proposal->arena, "%.*s{codename}", (int)rest, tag);
        else if (whole > len && strncmp(tag, image->codename, len) == 0 && strchr("-._", tag[len]))
            name = arc_arena_printf(&proposal->arena, "{codename}%s", tag + len);
        init_add_tag(proposal, &image->tags, name, json_string_value(when));
    }
}

/* Images of one name are called what their tags tell apart, or as their Dockerfiles; without tags
 * they get some that do. */
static void name_alike(struct init_proposal *proposal)
{
    for (size_t i = 0; i < proposal->image_count; i++) {
        struct init_image *image = proposal->images[i];
        if (init_count_alike(proposal, image) < 2)
            continue;
        char *told = NULL;
        const char *tag;
        json_t *when;
        json_object_foreach (image->tags, tag, when)
            told = told ? told : told_by(proposal, tag);
        if (told && *init_codename(proposal, told))
            image->codename = init_codename(proposal, told);
        else if (image->from == FROM_WORKFLOW)
            image->codename = init_name_dockerfile(proposal, image->dockerfile);
        name_codename(proposal, image);
        if (image->tags)
            continue;
        init_add_tag(proposal, &image->tags, "{version}-{codename}", "");
        init_add_tag(proposal, &image->tags, "latest-{codename}", "");
    }
}

/* ---- families of tags ----------------------------------------------------------------------- */

/* Tags that differ in their version. */
struct family {
    char *prefix; /* "catalog", "" */
    char *before; /* "catalog/v" */
    size_t count;
    bool semver, calver, years;
    bool matched; /* it releases images of ours */
};

#define FAMILIES_MAX 1000

struct families {
    struct family *items;
    size_t count;
};

static bool is_version(const char *text, enum arc_versioning versioning,
                       struct arc_release_version *out)
{
    return arc_release_version_parse(text, strlen(text), versioning, out, NULL) == ARC_OK;
}

/* Where the version of a tag starts: behind a separator or a "v" there; NULL when it has none. */
static const char *version_in(const char *tag)
{
    struct arc_release_version version;

    for (const char *at = tag, *next; at; at = next ? next + 1 : NULL) {
        next = strpbrk(at, "/@-_");
        const char *from = *at == 'v' ? at + 1 : at;
        if (is_version(from, ARC_VERSIONING_SEMVER, &version) ||
            is_version(from, ARC_VERSIONING_CALVER, &version) ||
            (strchr(from, '.') && !strchr(from, '/') &&
             is_version(from, ARC_VERSIONING_LOOSE, &version)))
            return from;
    }

    return NULL;
}

static void add_to_family(struct init_proposal *proposal, struct families *families,
                          const char *tag)
{
    const char *version = version_in(tag);
    size_t before = version ? (size_t)(version - tag) : 0;
    struct arc_release_version parsed;
    struct family *family = NULL;

    if (!version)
        return;

    for (size_t i = 0; i < families->count; i++)
        if (strlen(families->items[i].before) == before &&
            strncmp(families->items[i].before, tag, before) == 0)
            family = &families->items[i];

    char *pattern = arc_arena_printf(&proposal->arena, "%.*s{version}", (int)before, tag);
    if (!arc_text_is_visible(pattern) || !init_allows(proposal, arc_check_tag, pattern))
        return; /* no configuration takes it */

    if (!family && families->count == FAMILIES_MAX) {
        init_ask(proposal, NULL, 0, "tags with more than %d different prefixes were not looked at",
                 FAMILIES_MAX);
        return;
    }

    if (!family) {
        family =
            arc_arena_append(&proposal->arena, &families->items, &families->count, sizeof *family);
        if (!family)
            return;
        family->before = init_cut(proposal, tag, before);
        size_t len = before;
        while (len && strchr("v/@-_", tag[len - 1]))
            len--;
        family->prefix = init_cut(proposal, tag, len);
        family->semver = family->calver = family->years = true;
    }

    family->count++;
    family->semver &= is_version(version, ARC_VERSIONING_SEMVER, &parsed);
    family->calver &= is_version(version, ARC_VERSIONING_CALVER, &parsed);
    long major = strtol(version, NULL, 10);
    family->years &= major >= 2000 && major < 2200;
}

static const char *versioning_of(const struct family *family)
{
    if (family->calver && (family->years || !family->semver))
        return "calver";
    return family->semver ? NULL : "loose";
}

/* ---- which images a family releases --------------------------------------------------------- */

static bool is_named(const struct init_image *image, const char *prefix)
{
    const char *last = init_base(prefix);
    return strcmp(image->codename, last) == 0 || (image->name && strcmp(image->name, last) == 0) ||
           strcmp(init_base(image->directory), last) == 0;
}

static bool is_related(const struct init_image *image, const char *prefix)
{
    const char *last = init_base(prefix);
    size_t len = strlen(last);

    if (strncmp(image->codename, last, len) == 0 && image->codename[len] == '-')
        return true;

    for (const char *part = image->directory; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, last, len) == 0 && (!part[len] || part[len] == '/'))
            return true;
    }

    return false;
}

/* What the images are sorted with: of_image[i] is the group of image i. */
struct sorting {
    struct init_proposal *proposal;
    struct families families;
    struct init_group **of_image;
};

static void add_pattern(struct sorting *sorting, struct init_group *group,
                        const struct family *family)
{
    if (!group)
        return;
    init_add_text(sorting->proposal, &group->tags,
                  arc_arena_printf(&sorting->proposal->arena, "%s{version}", family->before));
    group->versioning = group->versioning ? group->versioning : versioning_of(family);
    group->is_released = true;
}

/* A group for every family whose prefix names images; `match` says how well. */
static void take_named(struct sorting *sorting,
                       bool (*match)(const struct init_image *, const char *))
{
    struct init_proposal *proposal = sorting->proposal;

    for (size_t f = 0; f < sorting->families.count; f++) {
        struct family *family = &sorting->families.items[f];
        struct init_group *group = NULL;
        if (!*family->prefix || family->matched)
            continue;
        for (size_t i = 0; i < proposal->image_count; i++) {
            if (sorting->of_image[i] || !match(proposal->images[i], family->prefix))
                continue;
            group = group ? group : init_add_group(proposal, family->prefix);
            sorting->of_image[i] = group;
        }
        if (group) {
            add_pattern(sorting, group, family);
            family->matched = true;
        }
    }
}

static size_t count_left(const struct sorting *sorting)
{
    size_t left = 0;
    for (size_t i = 0; i < sorting->proposal->image_count; i++)
        left += !sorting->of_image[i];
    return left;
}

static void take_left(struct sorting *sorting, struct init_group *group)
{
    for (size_t i = 0; i < sorting->proposal->image_count; i++)
        if (!sorting->of_image[i])
            sorting->of_image[i] = group;
}

/* Families without a prefix, most used first, release what no other does. */
static void take_plain(struct sorting *sorting)
{
    struct family *first = NULL;

    for (size_t f = 0; f < sorting->families.count; f++) {
        struct family *family = &sorting->families.items[f];
        if (!*family->prefix && (!first || family->count > first->count))
            first = family;
    }

    if (!first || (!count_left(sorting) && sorting->proposal->image_count))
        return;
    struct init_group *group = init_add_group(sorting->proposal, sorting->proposal->repository);
    add_pattern(sorting, group, first);

    for (size_t f = 0; f < sorting->families.count; f++) {
        struct family *family = &sorting->families.items[f];
        if (!*family->prefix && versioning_of(family) == versioning_of(first))
            add_pattern(sorting, group, family);
        family->matched |= !*family->prefix;
    }

    take_left(sorting, group);
}

/* The only family that names nothing releases what is left, unless each family is of one image: then
 * the rest gets tags of its own in that form. */
static void take_rest(struct sorting *sorting, bool each_its_own)
{
    struct init_proposal *proposal = sorting->proposal;
    struct family *spare = NULL, *like = NULL;
    size_t spares = 0;

    for (size_t f = 0; f < sorting->families.count; f++) {
        struct family *family = &sorting->families.items[f];
        if (family->matched)
            like = family;
        else {
            spare = family;
            spares++;
        }
    }

    if (!count_left(sorting))
        return;

    if (spares == 1 && !(each_its_own && like)) {
        struct init_group *group = init_add_group(proposal, spare->prefix);
        add_pattern(sorting, group, spare);
        spare->matched = true;
        take_left(sorting, group);
        return;
    }

    if (!each_its_own || !like) {
        struct init_group *group = init_add_group(proposal, proposal->repository);
        init_add_text(proposal, group ? &group->tags : &(char **){NULL}, "v{version}");
        init_ask(proposal, NULL, 0, "which tags release group %s? v{version} is a guess",
                 group ? group->name : "");
        take_left(sorting, group);
        return;
    }

    size_t len = strlen(like->prefix);
    for (size_t i = 0; i < proposal->image_count; i++) {
        if (sorting->of_image[i])
            continue;
        const char *name = proposal->images[i]->codename;
        sorting->of_image[i] = init_add_group(proposal, name);
        init_add_text(
            proposal, sorting->of_image[i] ? &sorting->of_image[i]->tags : &(char **){NULL},
            arc_arena_printf(&proposal->arena, "%s%s{version}", name, like->before + len));
    }
}

/* ---- versions in files ---------------------------------------------------------------------- */

static void set_place(struct init_proposal *proposal, struct init_image *image, const char *file,
                      char *const *at)
{
    image->version_file = arc_arena_text(&proposal->arena, file);
    for (; at && *at; at++)
        init_add_text(proposal, &image->version_at, *at);
}

/* A list of {image, version}: an image for each. */
static bool take_list(struct init_proposal *proposal, struct init_image *image, const char *file,
                      const struct arc_yaml_node *list)
{
    size_t found = 0;

    for (size_t i = 0; i < proposal->image_count; i++)
        if (init_same_text(proposal->images[i]->version_file, file))
            return false; /* those of another Dockerfile beside it */

    for (size_t i = 0; i < arc_yaml_items(list); i++) {
        const char *key = arc_yaml_get(list->items[i], "image") ? "image" : "name";
        const struct arc_yaml_node *name = arc_yaml_get(list->items[i], key);
        if (!name || !name->text || !arc_text_is_visible(name->text) ||
            !arc_yaml_get(list->items[i], "version"))
            continue;
        struct init_image *one =
            found++ ? init_add_image(proposal, image->from, image->file, 0) : image;
        if (!one)
            break;
        *one = *image;
        one->version_at = NULL;
        one->codename = init_codename(proposal, init_base(name->text));
        (void)init_take_reference(proposal, name->text, one);
        set_place(proposal, one, file,
                  (char *const[]){arc_arena_printf(&proposal->arena, "%s=%s", key, name->text),
                                  "version", NULL});
    }

    return found > 0;
}

/* The platforms that the file of the version lists, as "platforms" or add-ons' "arch", itself, for its
 * first channel or, a bake file, for a target. */
static void take_listed_platforms(struct init_proposal *proposal, struct init_image *image,
                                  const char *file, const struct arc_yaml_node *tree)
{
    static const char *const keys[] = {"platforms", "arch", "architectures"};
    const struct arc_yaml_node *channels = arc_yaml_get(tree, "channels"), *list = NULL;
    const struct arc_yaml_node *first = arc_yaml_items(channels) ? channels->items[0] : NULL;
    struct arc_assignments reader = {.at = tree ? NULL : init_read(proposal, file)};

    for (size_t i = 0; i < sizeof keys / sizeof *keys && !list; i++) {
        list = arc_yaml_get(tree, keys[i]);
        list = list ? list : arc_yaml_get(first, keys[i]);
    }

    for (size_t i = 0; i < arc_yaml_items(list); i++)
        if (list->items[i]->text)
            init_add_platform(proposal, image, file, list->items[i]->line, list->items[i]->text);

    while (reader.at && arc_assignments_next(&reader)) {
        const char *at = reader.value;
        bool named = reader.name_len == 9 && strncmp(reader.name, keys[0], 9) == 0;
        if (!named || *at != '[')
            continue;
        for (at += strcspn(at, "\"]"); *at == '"'; at += strcspn(at, "\"]")) {
            size_t len = strcspn(at + 1, "\"\n");
            init_add_platform(proposal, image, file, 0, init_cut(proposal, at + 1, len));
            at += len + 1 + (at[len + 1] == '"');
        }
    }
}

/* Where versions stand in the files of a directory. */
static char *const version_key[] = {"version", NULL}, *const bake_key[] = {"variable", "VERSION",
                                                                           "default", NULL};
static const struct {
    const char *name;
    char *const *at; /* NULL: it is all of the file */
} version_files[] = {
    {"VERSION", NULL},
    {"VERSION.txt", NULL},
    {"version.txt", NULL},
    {".version", NULL},
    {"metadata.yaml", version_key},
    {"metadata.yml", version_key},
    {"config.yaml", version_key},
    {"config.yml", version_key},
    {"config.json", version_key},
    {"metadata.json", version_key},
    {"envconfig.json", version_key},
    {"version.json", version_key},
    {"version.yaml", version_key},
    {"app.yaml", version_key},
    {"images.json", version_key},
    {"images.yaml", version_key},
    {"docker-bake.hcl", bake_key},
};

/* The version of an image in a file of the directory; of a list of several, those of the other images,
 * which are added. False when there is none. */
static bool find_version(struct init_proposal *proposal, struct init_image *image,
                         const char *directory, bool whole_files)
{
    for (size_t i = 0; i < sizeof version_files / sizeof *version_files; i++) {
        char *const *at = version_files[i].at;
        char *path = init_join(proposal, directory, version_files[i].name);
        struct arc_file_place place = {path, (char **)at};
        ARC_AUTO(arc_yaml) struct arc_yaml tree = {0};
        ARC_AUTO_FREE char *value = NULL;
        if (!init_has_file(proposal, path) || (whole_files && at))
            continue;
        if (at == version_key)
            (void)init_read_yaml(proposal, path, &tree);
        if (init_succeeds(proposal, arc_file_value_in(proposal->root, &place, &value, NULL))) {
            set_place(proposal, image, path, at);
            image->version = arc_arena_text(&proposal->arena, value);
            if (!image->platforms && !image->variants && at)
                take_listed_platforms(proposal, image, path, tree.root);
            return true;
        }
        if (take_list(proposal, image, path, tree.root))
            return true;
    }

    return false;
}

/* What was found is not used: of images that a list added the first `count` are left. */
static void forget_versions(struct init_proposal *proposal, size_t count)
{
    proposal->image_count = count;
    for (size_t i = 0; i < count; i++)
        proposal->images[i]->version_file = NULL;
}

/* Finds the versions of all images in files. True when most have one: beside their Dockerfiles or, where
 * none has, in the root. */
static bool find_versions(struct init_proposal *proposal)
{
    size_t found = 0, count = proposal->image_count;

    for (size_t i = 0; i < count; i++)
        found += proposal->images[i]->version_file ||
                 find_version(proposal, proposal->images[i], proposal->images[i]->directory, false);

    if (!found) /* one for all */
        for (size_t i = 0; i < count; i++)
            found += find_version(proposal, proposal->images[i], ".", true);

    if (found * 2 > count)
        return true;
    forget_versions(proposal, count);

    return false;
}

/* Whether a tag releases one of the versions that files have: they are made of the files then. */
static bool are_tagged(const struct init_proposal *proposal)
{
    for (size_t i = 0; i < proposal->image_count; i++) {
        const char *version = proposal->images[i]->version;
        size_t t;
        json_t *tag;
        json_array_foreach (proposal->git_tags, t, tag)
            if (version && *version && arc_text_ends(json_string_value(tag), version))
                return true;
    }
    return false;
}

/* Whether versions stand in files: there is no tag of a version, or the tags are of something else: of
 * no image and no version of them. */
static bool use_files(struct sorting *sorting)
{
    struct init_proposal *proposal = sorting->proposal;
    size_t count = proposal->image_count;

    for (size_t f = 0; f < sorting->families.count; f++)
        for (size_t i = 0; i < count; i++)
            if (*sorting->families.items[f].prefix &&
                is_named(proposal->images[i], sorting->families.items[f].prefix))
                return false;

    if (!sorting->families.count)
        return true;
    if (count < 2 || !find_versions(proposal))
        return false;

    bool all_in_root =
        strcmp(init_directory(proposal, proposal->images[0]->version_file), ".") == 0;
    if (!all_in_root && !are_tagged(proposal)) {
        init_ask(
            proposal, NULL, 0,
            "what do the tags %s{version} release? The files beside the Dockerfiles have other "
            "versions; as proposed, a change of those is a release",
            sorting->families.items[0].before);
        return true;
    }

    forget_versions(proposal, count);

    return false;
}

/* Versions stand in files, or the first tag is still to come. */
static void sort_by_files(struct sorting *sorting)
{
    struct init_proposal *proposal = sorting->proposal;
    bool found = find_versions(proposal);

    sorting->of_image = arc_arena_array(&proposal->arena, proposal->image_count, sizeof(void *));
    struct init_group *group = init_add_group(proposal, proposal->repository);
    if (!group || !sorting->of_image)
        return;

    take_left(sorting, group);
    group->versioning = found ? "loose" : NULL;

    for (size_t i = 0; i < proposal->image_count && found; i++)
        if (!proposal->images[i]->version_file)
            init_ask(proposal, proposal->images[i]->dockerfile, 0,
                     "which file has its version? The other images have one");

    if (found)
        return;
    init_add_text(proposal, &group->tags, "v{version}");
    init_ask(proposal, NULL, 0,
             "which tags release these images? No tag has a version yet; v{version} is a guess");
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Tags over several groups, of which none releases everything: a train. */
static void add_train(struct sorting *sorting, struct family *family)
{
    struct init_proposal *proposal = sorting->proposal;
    struct init_group *group = init_add_group(proposal, family->prefix);

    if (!group)
        return;
    group->is_train = true;
    add_pattern(sorting, group, family);
    init_ask(
        proposal, NULL, 0,
        "what do the %zu tags %s{version} release? No image has that name; as proposed, group %s "
        "is a release of all groups together",
        family->count, family->before, group->name);
}

/* Whether tags of that name may be of all groups together: the name says so, or is the repository's. */
static bool names_all(const struct init_proposal *proposal, const char *name)
{
    static const char *const words[] = {"platform", "release", "releases",     "stack",
                                        "suite",    "all",     "bundle",       "train",
                                        "system",   "product", "distribution", NULL};
    return init_is_among(name, words) || strcmp(name, proposal->repository) == 0;
}

/* Whether the repository has a directory of that name, whose tags are then its own. */
static bool is_directory_name(const struct init_proposal *proposal, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < proposal->file_count; i++)
        for (const char *part = proposal->files[i]; part; part = strchr(part, '/')) {
            part += *part == '/';
            if (strncmp(part, name, len) == 0 && part[len] == '/')
                return true;
        }
    return false;
}

/* Families that name no image. The only one beside several groups is a train over them, unless tags
 * without a name release all of it. */
static void take_unmatched(struct sorting *sorting)
{
    struct init_proposal *proposal = sorting->proposal;
    struct family *only = NULL;
    size_t unmatched = 0;
    bool plain = false;

    for (size_t f = 0; f < sorting->families.count; f++) {
        plain = plain || !*sorting->families.items[f].prefix;
        if (sorting->families.items[f].matched)
            continue;
        only = &sorting->families.items[f];
        unmatched++;
    }

    if (unmatched == 1 && !plain && proposal->group_count > 1 &&
        names_all(proposal, init_base(only->prefix)) &&
        !is_directory_name(proposal, init_base(only->prefix))) {
        add_train(sorting, only);
        return;
    }

    for (size_t f = 0; f < sorting->families.count; f++) {
        const struct family *family = &sorting->families.items[f];
        if (!family->matched)
            init_ask(proposal, NULL, 0,
                     "what do tags like %s{version} release (%zu so far)? No image has that name",
                     family->before, family->count);
    }
}

static void sort_by_tags(struct sorting *sorting)
{
    struct init_proposal *proposal = sorting->proposal;
    take_named(sorting, is_named);
    size_t own = proposal->group_count;
    take_named(sorting, is_related);
    take_plain(sorting);
    take_rest(sorting, own > 0 && own == proposal->group_count);
    take_unmatched(sorting);
}

/* The first file's images have the plain tags, or the only ones; those of another tags with its
 * name. */
static void give_file_tags(struct sorting *sorting)
{
    struct init_proposal *proposal = sorting->proposal;

    for (size_t f = 0; f < sorting->families.count; f++) {
        struct family *family = &sorting->families.items[f];
        if (*family->prefix && sorting->families.count > 1)
            continue;
        add_pattern(sorting, proposal->groups[0], family);
        family->matched = true;
    }

    for (size_t g = 0; g < proposal->group_count; g++) {
        struct init_group *group = proposal->groups[g];
        if (group->tags)
            continue;
        init_add_text(proposal, &group->tags,
                      g ? arc_arena_printf(&proposal->arena, "%s/v{version}", group->name)
                        : "v{version}");
        init_ask(proposal, group->source, 0, "which tags release group %s? %s is a guess",
                 group->name, group->tags[0]);
    }

    take_unmatched(sorting);
}

/* Images beside those that a file describes: what workflows publish is a group, of the rest is asked. */
static void take_published(struct sorting *sorting)
{
    struct init_proposal *proposal = sorting->proposal;
    const char *key = proposal->groups[0]->key;
    struct init_group *group = NULL;

    for (size_t i = 0; i < proposal->image_count; i++) {
        if (!proposal->images[i]->pushed) {
            init_ask(proposal, proposal->images[i]->dockerfile, 0,
                     "no %s file names it: is it released?", key);
            continue;
        }
        group = group ? group : init_add_group(proposal, "images");
        sorting->of_image[i] = group;
    }

    if (!group)
        return;
    init_add_text(proposal, &group->tags,
                  arc_arena_printf(&proposal->arena, "%s/v{version}", group->name));
    init_ask(proposal, NULL, 0,
             "which tags release group %s, whose images workflows publish? %s is a guess",
             group->name, group->tags ? group->tags[0] : "");
}

void init_make_groups(struct init_proposal *proposal)
{
    struct sorting sorting = {.proposal = proposal};
    size_t i;
    json_t *tag;

    json_array_foreach (proposal->git_tags, i, tag)
        add_to_family(proposal, &sorting.families, json_string_value(tag));
    name_alike(proposal);
    for (i = 0; i < proposal->image_count; i++)
        tell_apart(proposal, i);
    size_t described = proposal->group_count;
    sorting.of_image = arc_arena_array(&proposal->arena, proposal->image_count + 1, sizeof(void *));
    if (proposal->arena.failed)
        return;

    if (described) {
        give_file_tags(&sorting);
        take_published(&sorting);
    } else if (use_files(&sorting))
        sort_by_files(&sorting);
    else
        sort_by_tags(&sorting);

    if (proposal->arena.failed)
        return;
    for (i = 0; i < proposal->image_count; i++)
        tell_apart(proposal, i); /* versions in files may have added some */
    choose_registries(proposal);

    for (i = 0; i < proposal->image_count; i++) {
        struct init_group *group = sorting.of_image[i];
        struct init_image **slot =
            group ? arc_arena_append(&proposal->arena, &group->images, &group->count, sizeof *slot)
                  : NULL;
        if (slot)
            *slot = proposal->images[i];
    }

    ask_logins(proposal);
}
