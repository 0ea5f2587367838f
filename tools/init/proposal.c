#include "init/proposal.h"
#include "base/auto.h"
#include "base/path.h"
#include "base/platform.h"
#include "base/text.h"
#include "config/fields.h"
#include "os/file.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- memory --------------------------------------------------------------------------------- */

char *init_cut(struct init_proposal *proposal, const char *text, size_t len)
{
    return arc_arena_printf(&proposal->arena, "%.*s", (int)len, text);
}

char *init_hold(struct init_proposal *proposal, const struct arc_buf *text)
{
    proposal->arena.failed |= text->failed == ARC_ENOMEM;
    return arc_arena_text(&proposal->arena, arc_buf_text(text));
}

json_t *init_made(struct init_proposal *proposal, json_t *value)
{
    proposal->arena.failed |= !value;
    return value;
}

void init_set(struct init_proposal *proposal, json_t *object, const char *name, json_t *value)
{
    bool right = value && (!object || !json_object_set(object, name, value));
    proposal->arena.failed |= !right;
    json_decref(value);
}

void init_push(struct init_proposal *proposal, json_t *list, json_t *value)
{
    proposal->arena.failed |= json_array_append_new(list, value) != 0;
}

json_t *init_copy(struct init_proposal *proposal, const json_t *object)
{
    json_t *copy = init_made(proposal, json_object());
    init_update(proposal, copy, object);
    return copy; /* json_copy() leaves members out when memory runs out */
}

void init_update(struct init_proposal *proposal, json_t *object, const json_t *more)
{
    if (json_is_object(more))
        proposal->arena.failed |= json_object_update(object, (json_t *)more) != 0;
}

bool init_allows(struct init_proposal *proposal, bool (*check)(const char *, struct arc_buf *),
                 const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf why = {0};
    bool allowed = check(text, &why);
    (void)init_succeeds(proposal, why.failed);
    return allowed;
}

bool init_succeeds(struct init_proposal *proposal, int rc)
{
    proposal->arena.failed |= rc == ARC_ENOMEM;
    return rc == ARC_OK;
}

/* ---- paths ---------------------------------------------------------------------------------- */

const char *init_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *init_directory(struct init_proposal *proposal, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return arc_arena_text(&proposal->arena, ".");
    return init_cut(proposal, path, (size_t)(slash - path));
}

char *init_join(struct init_proposal *proposal, const char *directory, const char *name)
{
    if (strcmp(directory, ".") == 0)
        return arc_arena_text(&proposal->arena, name);
    return arc_arena_printf(&proposal->arena, "%s/%s", directory, name);
}

char *init_resolve(struct init_proposal *proposal, const char *base, const char *path)
{
    ARC_AUTO_FREE char *resolved = NULL;
    if (!init_succeeds(proposal, arc_path_resolve(base, path, &resolved, NULL)) || !resolved)
        return NULL;
    return arc_arena_text(&proposal->arena, resolved);
}

/* ---- tracked files -------------------------------------------------------------------------- */

/* The first path that is not before `text` in byte order. */
static size_t lower_bound(const struct init_proposal *proposal, const char *text)
{
    size_t low = 0, high = proposal->file_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(proposal->files[middle], text) < 0)
            low = middle + 1;
        else
            high = middle;
    }

    return low;
}

bool init_has_file(const struct init_proposal *proposal, const char *path)
{
    size_t at = lower_bound(proposal, path);
    return at < proposal->file_count && strcmp(proposal->files[at], path) == 0;
}

bool init_is_below(const char *path, const char *directory)
{
    size_t len = strlen(directory);
    return strcmp(directory, ".") == 0 || (strncmp(path, directory, len) == 0 && path[len] == '/');
}

bool init_is_at(const struct init_proposal *proposal, size_t index, const char *directory)
{
    return index < proposal->file_count && init_is_below(proposal->files[index], directory);
}

size_t init_first_below(struct init_proposal *proposal, const char *directory)
{
    if (strcmp(directory, ".") == 0)
        return 0;
    size_t at = lower_bound(proposal, init_join(proposal, directory, ""));
    return init_is_at(proposal, at, directory) ? at : proposal->file_count;
}

bool init_has_directory(struct init_proposal *proposal, const char *path)
{
    return init_first_below(proposal, path) < proposal->file_count;
}

const char *init_read(struct init_proposal *proposal, const char *path)
{
    ARC_AUTO(arc_buf) struct arc_buf raw = {.max = INIT_BYTES_MAX}, text = {0};
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    json_t *known = json_object_get(proposal->texts, path);

    if (known)
        return json_string_value(known);

    if (proposal->bytes_read > INIT_READ_MAX)
        init_ask(proposal, NULL, 0,
                 "files after the first %zu MiB were not read: add their images by hand",
                 INIT_READ_MAX >> 20);
    else if (!init_succeeds(proposal,
                            arc_file_read_in(proposal->root, path, INIT_BYTES_MAX, &raw, &problem)))
        init_ask(proposal, path, 0, "it could not be read: %s", arc_error_text(&problem));
    else {
        arc_text_visible_lines(&text, arc_buf_text(&raw), raw.len);
        known = init_made(proposal, text.failed ? NULL : json_string(arc_buf_text(&text)));
    }

    proposal->bytes_read += raw.len;
    init_set(proposal, proposal->texts, path, known ? known : json_null());

    return json_string_value(known);
}

bool init_read_yaml(struct init_proposal *proposal, const char *path, struct arc_yaml *out)
{
    const char *text = init_has_file(proposal, path) ? init_read(proposal, path) : NULL;
    return text && init_succeeds(proposal, arc_yaml_parse(text, strlen(text), path,
                                                          ARC_YAML_ANY_TAG, out, NULL));
}

/* ---- remarks -------------------------------------------------------------------------------- */

/* The text with what is not known as '*', on one line, and no longer than a remark may be. */
static char *make_showable(struct init_proposal *proposal, struct arc_buf *text)
{
    ARC_AUTO(arc_buf) struct arc_buf visible = {.failed = text->failed};

    for (size_t i = 0; i < text->len; i++)
        text->data[i] = (char)(text->data[i] == INIT_UNKNOWN ? '*' : text->data[i]);
    arc_text_visible(&visible, arc_buf_text(text), text->len);
    char *whole = init_hold(proposal, &visible);
    size_t len = visible.len < INIT_REMARK_BYTES ? visible.len : INIT_REMARK_BYTES;
    while (len && (whole[len] & 0xC0) == 0x80)
        len--; /* no character is cut in two */

    return init_cut(proposal, whole, len);
}

/* Adds a file to the remark of that text. False when there is none. */
static bool join_remark(struct init_proposal *proposal, struct init_remark *list, size_t count,
                        const struct init_remark *said)
{
    for (size_t i = 0; i < count && said->file; i++) {
        struct init_remark *same = &list[i];
        if (!same->file || strcmp(same->text, said->text) != 0)
            continue;
        if (same->more < INIT_NAMED_MAX)
            same->others =
                arc_arena_printf(&proposal->arena, "%s%s%s", same->others ? same->others : "",
                                 same->others ? ", " : "", said->file);
        same->more++;
        return true;
    }

    return false;
}

char *init_remark_text(struct init_proposal *proposal, const struct init_remark *remark)
{
    if (!remark->more)
        return remark->text;
    if (remark->more <= INIT_NAMED_MAX)
        return arc_arena_printf(&proposal->arena, "%s (and: %s)", remark->text, remark->others);
    return arc_arena_printf(&proposal->arena, "%s (and: %s, %zu more)", remark->text,
                            remark->others, remark->more - INIT_NAMED_MAX);
}

__attribute__((format(printf, 5, 0))) static void
add_remark(struct init_proposal *proposal, struct init_remark **list, size_t *count,
           struct init_remark remark, const char *format, va_list args)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0}, name = {0};

    if (*count > INIT_REMARKS_MAX)
        return;

    arc_buf_vprintf(&text, format, args);
    remark.text = make_showable(proposal, &text);
    arc_buf_puts(&name, remark.file ? remark.file : "");
    remark.file = remark.file ? make_showable(proposal, &name) : NULL;

    const char *both =
        arc_arena_printf(&proposal->arena, "%s\n%s", remark.file ? remark.file : "", remark.text);
    if (json_object_get(proposal->said, both))
        return; /* a cell of a matrix, or another job, says it again */
    init_set(proposal, proposal->said, both, json_true());
    if (join_remark(proposal, *list, *count, &remark))
        return;

    if (*count == INIT_REMARKS_MAX)
        remark = (struct init_remark){.text = "there is more of that: only the first are listed"};
    struct init_remark *slot = arc_arena_append(&proposal->arena, list, count, sizeof *slot);
    if (slot)
        *slot = remark;
}

void init_ask(struct init_proposal *proposal, const char *file, unsigned line, const char *format,
              ...)
{
    va_list args;
    va_start(args, format);
    add_remark(proposal, &proposal->questions, &proposal->question_count,
               (struct init_remark){.file = file, .line = line}, format, args);
    va_end(args);
}

static void ask_of(struct init_proposal *proposal, struct init_remark remark, const char *format,
                   ...) __attribute__((format(printf, 3, 4)));

static void ask_of(struct init_proposal *proposal, struct init_remark remark, const char *format,
                   ...)
{
    va_list args;
    va_start(args, format);
    add_remark(proposal, &proposal->questions, &proposal->question_count, remark, format, args);
    va_end(args);
}

void init_ask_values(struct init_proposal *proposal, const struct init_image *image, json_t *names)
{
    ARC_AUTO(arc_buf) struct arc_buf list = {.max = 4096};
    size_t i;
    json_t *name;

    json_array_foreach (names, i, name)
        arc_buf_printf(&list, "%s%s", i ? ", " : "", json_string_value(name));
    init_push(proposal, proposal->kept, json_incref(names));
    ask_of(
        proposal, (struct init_remark){.file = image->dockerfile, .image = image, .names = names},
        "which values does %s have? There is no default and no value in the repository. One goes "
        "under 'args'; for an image of each use 'variants'",
        init_hold(proposal, &list));
}

void init_note(struct init_proposal *proposal, const char *file, unsigned line, const char *format,
               ...)
{
    va_list args;
    va_start(args, format);
    add_remark(proposal, &proposal->found, &proposal->found_count,
               (struct init_remark){.file = file, .line = line}, format, args);
    va_end(args);
}

bool init_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool init_is_among(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcasecmp(word, *list) == 0)
            return true;
    return false;
}

bool init_is_owner(const struct init_proposal *proposal, const char *registry)
{
    return proposal->owner && strcasecmp(init_base(registry), proposal->owner) == 0;
}

size_t init_count_alike(const struct init_proposal *proposal, const struct init_image *image)
{
    size_t count = 0;
    for (size_t i = 0; i < proposal->image_count; i++)
        count += image->name && init_same_text(image->name, proposal->images[i]->name);
    return count;
}

/* ---- images --------------------------------------------------------------------------------- */

struct init_group *init_add_group(struct init_proposal *proposal, const char *name)
{
    struct init_group *group = arc_arena_array(&proposal->arena, 1, sizeof *group);
    const char *plain = init_codename(proposal, name);

    plain = *plain ? plain : "images";
    if (!group)
        return NULL;
    group->name = arc_arena_text(&proposal->arena, plain);

    for (size_t i = 0, n = 2; i < proposal->group_count; i++)
        if (strcmp(proposal->groups[i]->name, group->name) == 0) {
            group->name = arc_arena_printf(&proposal->arena, "%.56s-%zu", plain, n++);
            i = (size_t)-1; /* the new name may be taken, too */
        }

    struct init_group **slot =
        arc_arena_append(&proposal->arena, &proposal->groups, &proposal->group_count, sizeof *slot);
    if (!slot)
        return NULL;
    *slot = group;

    return group;
}

struct init_image *init_add_image(struct init_proposal *proposal, enum init_origin from,
                                  const char *file, unsigned line)
{
    if (proposal->image_count == INIT_IMAGES_MAX)
        return NULL;
    struct init_image *image = arc_arena_array(&proposal->arena, 1, sizeof *image);
    struct init_image **slot = image ? arc_arena_append(&proposal->arena, &proposal->images,
                                                        &proposal->image_count, sizeof *slot)
                                     : NULL;
    if (!slot)
        return NULL;
    *image = (struct init_image){.from = from, .line = line};
    image->file = arc_arena_text(&proposal->arena, file);
    *slot = image;

    return image;
}

/* Sets a member in a copy of the map, which others may have, too. */
static void set_member(struct init_proposal *proposal, json_t **map, const char *name,
                       json_t *value)
{
    json_t *copy = init_copy(proposal, *map);
    init_set(proposal, copy, name, value);
    init_push(proposal, proposal->kept, copy);
    *map = copy;
}

json_t *init_make_place(struct init_proposal *proposal, const char *file, const char *key,
                        const char *name)
{
    return init_made(proposal, key ? json_pack("{s:s, s:[s, s]}", "file", file, "at", key, name)
                                   : json_pack("{s:s, s:s}", "file", file, "at", name));
}

bool init_is_development(const char *stage)
{
    static const char *const words[] = {"dev",     "development", "debug",   "test",   "tests",
                                        "testing", "local",       "builder", "lint",   "linter",
                                        "export",  "artifact",    "docs",    "binary", NULL};
    return init_is_among(stage, words);
}

void init_add_pair(struct init_proposal *proposal, json_t **pairs, const char *name,
                   const char *value, const char *file, const char *key)
{
    if (!init_allows(proposal, arc_check_build_arg, name))
        return;
    set_member(proposal, pairs, name,
               value ? json_string(value) : init_make_place(proposal, file, key, name));
}

void init_add_text(struct init_proposal *proposal, char ***texts, const char *text)
{
    for (char **at = *texts; at && *at; at++)
        if (strcmp(*at, text) == 0)
            return;
    (void)arc_texts_add(&proposal->arena, texts, text, NULL); /* sticky in the arena */
}

void init_add_platform(struct init_proposal *proposal, struct init_image *image, const char *file,
                       unsigned line, const char *text)
{
    static const char *const names[][2] = {
        {"armv7", "arm/v7"}, {"armhf", "arm/v6"}, {"i386", "386"}};
    char platform[ARC_PLATFORM_SIZE];
    ARC_AUTO(arc_buf) struct arc_buf why = {.max = 4096};
    char **known = image->platforms;
    const char *whole = text;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        whole = strcmp(text, names[i][0]) == 0 ? names[i][1] : whole;
    if (whole != text || !strchr(text, '/'))
        whole = arc_arena_printf(&proposal->arena, "linux/%s", whole);

    if (!arc_platform_normalize(whole, platform) || !arc_check_platform(platform, &why)) {
        if (arc_text_is_visible(text))
            init_ask(proposal, file, line, "which platform is meant? '%.100s' %s", text,
                     why.len ? arc_buf_text(&why) : "is not one");
        return;
    }

    image->platforms = NULL;
    for (; known && *known && strcmp(*known, platform) < 0; known++)
        init_add_text(proposal, &image->platforms, *known);
    init_add_text(proposal, &image->platforms, platform);
    for (; known && *known; known++)
        init_add_text(proposal, &image->platforms, *known);
}

void init_add_tag(struct init_proposal *proposal, json_t **tags, const char *name, const char *when)
{
    const char *known = json_string_value(json_object_get(*tags, name));

    if (*name && arc_text_is_visible(name) && init_allows(proposal, arc_check_image_tag, name))
        set_member(proposal, tags, name, json_string(known && *when ? known : when));
}

static bool is_host(const char *text, size_t len)
{
    return memchr(text, '.', len) || memchr(text, ':', len) ||
           (len == 9 && strncmp(text, "localhost", 9) == 0);
}

bool init_take_reference(struct init_proposal *proposal, const char *reference,
                         struct init_image *image)
{
    const char *at = strchr(reference, '@'), *last = strrchr(reference, '/');
    size_t len = at ? (size_t)(at - reference) : strlen(reference);
    const char *tag = strchr(last ? last : reference, ':');

    if (tag && (size_t)(tag - reference) < len)
        len = (size_t)(tag - reference);
    char *whole = init_cut(proposal, reference, len);
    for (char *c = whole; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    char *slash = strrchr(whole, '/');
    char *name = slash ? slash + 1 : whole;
    if (!init_allows(proposal, arc_check_name, name))
        return false;

    if (slash) {
        *slash = '\0';
        size_t first = strcspn(whole, "/");
        char *registry = is_host(whole, first)
                             ? whole
                             : arc_arena_printf(&proposal->arena, "docker.io/%s", whole);
        if (!init_allows(proposal, arc_check_registry, registry))
            return false;
        init_add_text(proposal, &image->registries, registry);
    }

    image->name = name;

    return true;
}

char *init_codename(struct init_proposal *proposal, const char *text)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 4096};

    for (; *text; text++) {
        unsigned char c = (unsigned char)tolower((unsigned char)*text);
        if (c < 128 && (isalpha(c) || (out.len && isdigit(c))))
            arc_buf_putc(&out, (char)c);
        else if (out.len && out.data[out.len - 1] != '-')
            arc_buf_putc(&out, '-');
        if (out.len == 64)
            break;
    }

    while (out.len && out.data[out.len - 1] == '-')
        out.data[--out.len] = '\0';

    return init_hold(proposal, &out);
}
