#include "init/proposal.h"
#include "base/platform.h"
#include "os/file.h"

/* ---- memory --------------------------------------------------------------------------------- */

char *init_hold(struct init *init, const struct arc_buf *text)
{
    const char *held = arc_buf_text(text);
    size_t len = text->len;

    init->arena.failed |= text->failed == ARC_ENOMEM;
    while (text->failed && len && (held[len - 1] & 0x80))
        len--; /* no character is cut in two at a limit */

    return init_cut(init, held, len);
}

json_t *init_made(struct init *init, json_t *value)
{
    init->arena.failed |= !value;
    return value;
}

json_t *init_keep(struct init *init, json_t *value)
{
    if (!json_array_append_new(init->kept, value))
        return value;
    init->arena.failed = true;
    return NULL;
}

void init_set(struct init *init, json_t *object, const char *name, json_t *value)
{
    bool right = value && (!object || !json_object_set(object, name, value));
    init->arena.failed |= !right;
    json_decref(value);
}

void init_set_text(struct init *init, json_t *object, const char *name, const char *text)
{
    init_set(init, object, name, json_string(text));
}

void init_push(struct init *init, json_t *list, json_t *value)
{
    init->arena.failed |= json_array_append_new(list, value) != 0;
}

json_t *init_copy(struct init *init, const json_t *object)
{
    json_t *copy = init_made(init, json_object());
    init_update(init, copy, object);
    return copy; /* json_copy() leaves members out when memory runs out */
}

void init_update(struct init *init, json_t *object, const json_t *more)
{
    if (json_is_object(more))
        init->arena.failed |= json_object_update(object, (json_t *)more) != 0;
}

bool init_allows(struct init *init, arc_check *check, const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf why = {0};
    bool allowed = check(text, &why);
    (void)init_succeeds(init, why.failed);
    return allowed;
}

bool init_succeeds(struct init *init, int rc)
{
    init->arena.failed |= rc == ARC_ENOMEM;
    return rc == ARC_OK;
}

bool init_spend(struct init *init, size_t bytes)
{
    init->spent += bytes;
    if (init->spent <= INIT_SPENT_MAX)
        return true;
    init_ask(init, NULL, 0,
             "which images are not listed here? The workflows, scripts and compose files "
             "describe more than is read (%zu MiB with all matrices, loops and aliases)",
             INIT_SPENT_MAX >> 20);
    return false;
}

/* ---- paths ---------------------------------------------------------------------------------- */

char *init_resolve(struct init *init, const char *base, const char *path)
{
    ARC_AUTO_FREE char *resolved = NULL;
    base = *path == INIT_ROOT ? "." : base;
    path += *path == INIT_ROOT;
    if (!init_succeeds(init, arc_path_resolve(base, path, &resolved, NULL)) || !resolved)
        return NULL;
    return arc_arena_text(&init->arena, resolved);
}

/* ---- tracked files -------------------------------------------------------------------------- */

/* Index of the first path not less than `text` in byte order. */
static size_t lower_bound(const struct init *init, const char *text)
{
    size_t low = 0, high = init->file_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(init->files[middle], text) < 0)
            low = middle + 1;
        else
            high = middle;
    }

    return low;
}

bool init_has_file(const struct init *init, const char *path)
{
    size_t at = lower_bound(init, path);
    return at < init->file_count && strcmp(init->files[at], path) == 0;
}

bool init_is_yaml(const char *path)
{
    return arc_text_ends(path, ".yml") || arc_text_ends(path, ".yaml");
}

size_t init_first_below(struct init *init, const char *directory)
{
    return strcmp(directory, ".") == 0 ? 0 : lower_bound(init, init_join(init, directory, ""));
}

bool init_has_directory(struct init *init, const char *path)
{
    init_each_below (i, init, path)
        return true;
    return false;
}

bool init_counts(struct init *init, size_t *count)
{
    if ((*count)++ < INIT_FILES_MAX)
        return true;
    init_ask(init, NULL, 0,
             "files after the first %d of a kind were not read: add their images by hand",
             INIT_FILES_MAX);
    return false;
}

const char *init_read(struct init *init, const char *path)
{
    ARC_AUTO(arc_buf) struct arc_buf raw = {.max = INIT_BYTES_MAX}, text = {0};
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    json_t *known = json_object_get(init->texts, path);

    if (known)
        return json_string_value(known);

    if (init->bytes_read > INIT_READ_MAX)
        init_ask(init, NULL, 0,
                 "files after the first %zu MiB were not read: add their images by hand",
                 INIT_READ_MAX >> 20);
    else if (!init_succeeds(init,
                            arc_file_read_in(init->root, path, INIT_BYTES_MAX, &raw, &problem)))
        init_ask(init, path, 0, "it could not be read: %s", arc_error_text(&problem));
    else {
        arc_text_visible_lines(&text, arc_buf_text(&raw), raw.len);
        known = init_made(init, text.failed ? NULL : json_string(arc_buf_text(&text)));
    }

    init->bytes_read += raw.len;
    init_set(init, init->texts, path, arc_or(known, json_null()));

    return json_string_value(known);
}

bool init_read_yaml(struct init *init, const char *path, struct arc_yaml *out)
{
    const char *text = init_has_file(init, path) ? init_read(init, path) : NULL;
    return text && init_succeeds(
                       init, arc_yaml_parse(text, strlen(text), path, ARC_YAML_ANY_TAG, out, NULL));
}

/* ---- remarks -------------------------------------------------------------------------------- */

/* The text on one line, with '*' for unknown values, cut to the length of a remark. */
static char *make_showable(struct init *init, struct arc_buf *text)
{
    ARC_AUTO(arc_buf) struct arc_buf visible = {.failed = text->failed};

    for (size_t i = 0; i < text->len; i++)
        text->data[i] = (char)(text->data[i] == INIT_UNKNOWN ? '*' : text->data[i]);
    arc_text_visible(&visible, arc_buf_text(text), text->len);
    char *whole = init_hold(init, &visible);
    size_t len = ARC_MIN(visible.len, INIT_REMARK_BYTES);
    while (len && arc_utf8_continues(whole[len]))
        len--; /* no character is cut in two */

    return init_cut(init, whole, len);
}

char *init_remark_text(struct init *init, const struct init_remark *remark)
{
    if (!remark->more)
        return remark->text;
    if (remark->more <= INIT_NAMED_MAX)
        return init_print(init, "%s (and: %s)", remark->text, remark->others);
    return init_print(init, "%s (and: %s, %zu more)", remark->text, remark->others,
                      remark->more - INIT_NAMED_MAX);
}

void init_add_remark(struct init *init, struct init_remarks *list, struct init_remark remark,
                     const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0}, name = {0};

    if (list->count > INIT_REMARKS_MAX)
        return;

    ARC_WITH_ARGS(format, arc_buf_vprintf(&text, format, args));
    remark.text = make_showable(init, &text);
    arc_buf_puts(&name, arc_or(remark.file, ""));
    remark.file = remark.file ? make_showable(init, &name) : NULL;

    const char *both = init_print(init, "%s\n%s", arc_buf_text(&name), remark.text);
    if (json_object_get(init->said, both))
        return; /* said already, for another cell of the matrix or another job */
    init_set(init, init->said, both, json_true());

    for (size_t i = 0; i < list->count && remark.file; i++) {
        struct init_remark *same = &list->items[i];
        if (!same->file || strcmp(same->text, remark.text) != 0)
            continue;
        if (same->more++ < INIT_NAMED_MAX)
            same->others = same->others ? init_print(init, "%s, %s", same->others, remark.file)
                                        : arc_arena_text(&init->arena, remark.file);
        return;
    }

    if (list->count == INIT_REMARKS_MAX)
        remark = (struct init_remark){.text = "there are more: only the first are listed"};
    struct init_remark *slot =
        arc_arena_append(&init->arena, &list->items, &list->count, sizeof *slot);
    if (slot)
        *slot = remark;
}

char *init_list_names(struct init *init, const json_t *names)
{
    ARC_AUTO(arc_buf) struct arc_buf list = {.max = 4096};
    size_t count = json_array_size(names);

    for (size_t i = 0; i < count && i < INIT_LISTED_MAX; i++)
        arc_text_item(&list, ", ", "%s", json_string_value(json_array_get(names, i)));
    if (count > INIT_LISTED_MAX)
        arc_buf_printf(&list, " and %zu more", count - INIT_LISTED_MAX);

    return init_hold(init, &list);
}

bool init_same_texts(char *const *a, char *const *b)
{
    size_t i = 0;
    for (; a && b && a[i] && b[i]; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return (!a || !a[i]) && (!b || !b[i]);
}

bool init_is_among(const char *word, const char *words)
{
    return arc_text_lists(words, word, strlen(word));
}

const char *init_look_in(const char *const (*rows)[2], size_t count, const char *word)
{
    for (; count; count--, rows++)
        if (strcmp((*rows)[0], word) == 0)
            return (*rows)[1];
    return NULL;
}

char *init_next_variable(struct init *init, const char *text, const char **start, const char **end)
{
    for (*start = strchr(text, '$'); *start; *start = strchr(*end, '$')) {
        bool braced = (*start)[1] == '{';
        const char *name = *start + 1 + braced;
        size_t len = strspn(name, INIT_LETTERS);
        const char *close = braced ? strchr(name, '}') : name + len;
        *end = name + (*name == '$');
        if (!len || !close)
            continue;
        *end = close + braced;
        return init_cut(init, name, len);
    }

    return NULL;
}

bool init_is_owner(const struct init *init, const char *registry)
{
    return init->owner && strcasecmp(arc_path_name(registry), init->owner) == 0;
}

/* ---- images --------------------------------------------------------------------------------- */

struct init_group *init_add_group(struct init *init, const char *name)
{
    struct init_group *group = arc_arena_array(&init->arena, 1, sizeof *group);
    const char *plain = init_codename(init, name);
    struct init_group **end = &init->groups;
    size_t tried = 1;

    if (!group)
        return &init->lost;
    plain = arc_text_or(plain, "images");
    group->name = arc_arena_text(&init->arena, plain);

    while (*end)
        if (strcmp((*end)->name, group->name) == 0) {
            group->name = init_print(init, "%.56s-%zu", plain, ++tried);
            end = &init->groups; /* the new name may be taken, too */
        } else
            end = &(*end)->next;
    *end = group;

    return group;
}

struct init_group *init_use_file(struct init *init, const char *key, const char *path,
                                 const char *name, size_t images)
{
    struct init_group *group = init_add_group(init, arc_or(name, init->repository));

    group->key = key;
    group->source = arc_arena_text(&init->arena, path);
    init_note(init, path, 0, "describes %zu image%s: group %s uses it as it is", images,
              arc_plural(images), group->name);

    return group;
}

struct init_image *init_add_image(struct init *init, const struct init_image *image)
{
    struct init_image **end = &init->images, *added = NULL;

    if (init->image_count < INIT_IMAGES_MAX)
        added = arc_arena_array(&init->arena, 1, sizeof *added);
    else
        init_ask(init, NULL, 0, "images after the first %d are not listed: add them by hand",
                 INIT_IMAGES_MAX);
    if (!added)
        return NULL;

    while (*end)
        end = &(*end)->next;
    *added = *image;
    added->next = NULL;
    *end = added;
    init->image_count++;

    return added;
}

struct init_image *init_find_image(const struct init *init, const char *dockerfile)
{
    init_each_image (image, init)
        if (strcmp(image->dockerfile, dockerfile) == 0)
            return image;
    return NULL;
}

void init_settle(struct init *init)
{
    init_each_image (image, init)
        image->settled = true;
}

/* Sets a member in a copy of the map, since images may share it. */
static void set_member(struct init *init, json_t **map, const char *name, json_t *value)
{
    json_t *copy = init_copy(init, *map);
    (void)init_spend(init, json_object_size(copy) * 64);
    init_set(init, copy, name, value);
    *map = init_keep(init, copy);
}

bool init_is_development(const char *stage)
{
    return init_is_among(stage,
                         "dev development debug test tests testing local builder lint linter "
                         "export artifact docs binary");
}

void init_add_pair(struct init *init, json_t **pairs, const char *name, json_t *value)
{
    if (init_allows(init, arc_check_build_arg, name))
        set_member(init, pairs, name, value);
    else
        json_decref(value);
}

void init_add_text(struct init *init, char ***texts, const char *text)
{
    size_t count = 0;
    for (; *texts && (*texts)[count]; count++)
        if (strcmp((*texts)[count], text) == 0)
            return;
    (void)init_spend(init, (count + 2) * sizeof(char *));
    (void)arc_texts_add(&init->arena, texts, text, NULL); /* sticky in the arena */
}

void init_add_texts(struct init *init, char ***texts, char *const *more)
{
    for (; more && *more; more++)
        init_add_text(init, texts, *more);
}

const char *init_find_platform(const char *name, const char **start)
{
    static const char *const words[][2] = {
        {"amd64", "linux/amd64"},    {"x86_64", "linux/amd64"},    {"arm64", "linux/arm64"},
        {"arm64v8", "linux/arm64"},  {"aarch64", "linux/arm64"},   {"arm", "linux/arm/v7"},
        {"armhf", "linux/arm/v7"},   {"armv7", "linux/arm/v7"},    {"arm32v7", "linux/arm/v7"},
        {"armv6", "linux/arm/v6"},   {"arm32v6", "linux/arm/v6"},  {"386", "linux/386"},
        {"i386", "linux/386"},       {"ppc64le", "linux/ppc64le"}, {"s390x", "linux/s390x"},
        {"riscv64", "linux/riscv64"}};
    size_t len = strlen(name);

    arc_each_in (row, words) {
        const char *at = name + len - ARC_MIN(strlen((*row)[0]), len);
        if (strcasecmp(at, (*row)[0]) != 0 || (at > name && !strchr(".-_", at[-1])))
            continue;
        if (at > name + 6 && strncasecmp(at - 6, "linux", 5) == 0 && strchr(".-_", at[-7]))
            at -= 6;
        *start = at;
        return (*row)[1];
    }

    return NULL;
}

void init_add_platform(struct init *init, struct init_image *image, const char *file, unsigned line,
                       const char *text)
{
    static const char *const names[][2] = {{"armv7", "arm/v7"}, {"armhf", "arm/v6"}};
    char platform[ARC_PLATFORM_SIZE];
    ARC_AUTO(arc_buf) struct arc_buf why = {.max = 4096};
    char **known = image->platforms;
    const char *known_as = init_look_up(names, text), *whole = arc_or(known_as, text);

    if (whole != text || !strchr(text, '/'))
        whole = init_print(init, "linux/%s", whole);

    if (!arc_platform_normalize(whole, platform) || !arc_check_platform(platform, &why)) {
        if (arc_text_is_visible(text))
            init_ask(init, file, line, "which platform is meant? '%.100s' %s", text,
                     why.len ? arc_buf_text(&why) : "is not one");
        return;
    }

    image->platforms = NULL;
    for (; known && *known && strcmp(*known, platform) < 0; known++)
        init_add_text(init, &image->platforms, *known);
    init_add_text(init, &image->platforms, platform);
    init_add_texts(init, &image->platforms, known);
}

void init_add_tag(struct init *init, json_t **tags, const char *name, const char *when)
{
    const char *known = json_string_value(json_object_get(*tags, name));

    if (*name && arc_text_is_visible(name) && init_allows(init, arc_check_image_tag, name))
        set_member(init, tags, name, json_string(known && *when ? known : when));
}

/* Longest name of an image with its registry ("distribution", reference.NameTotalLengthMax). */
#define REFERENCE_MAX 255

bool init_take_reference(struct init *init, const char *reference, struct init_image *image)
{
    const char *at = strchr(reference, '@'), *tag = strchr(arc_path_name(reference), ':');
    size_t len = at ? (size_t)(at - reference) : strlen(reference);

    if (tag && (size_t)(tag - reference) < len)
        len = (size_t)(tag - reference);
    char *whole = init_lower(init, init_cut(init, reference, len));
    char *slash = strrchr(whole, '/');
    char *name = slash ? slash + 1 : whole;
    if (len > REFERENCE_MAX || !init_allows(init, arc_check_name, name))
        return false;

    if (slash) {
        *slash = '\0';
        bool has_host = init_allows(init, arc_check_registry, whole);
        char *registry = has_host ? whole : init_print(init, "docker.io/%s", whole);
        if (!has_host && !init_allows(init, arc_check_registry, registry))
            return false;
        init_add_text(init, &image->registries, registry);
    }

    image->name = name;

    return true;
}

char *init_codename(struct init *init, const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 4096};

    for (text = init_lower(init, text); *text && out.len < 64; text++)
        if (arc_is_alnum(*text) && (out.len || !arc_is_digit(*text)))
            arc_buf_putc(&out, *text);
        else if (out.len && out.data[out.len - 1] != '-')
            arc_buf_putc(&out, '-');

    arc_buf_strip(&out, "-");

    return init_hold(init, &out);
}
