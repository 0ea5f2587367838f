/* The text of arc-ci.yaml: short where the repository is regular. */
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "init/expression.h"
#include "init/sources.h"
#include <string.h>
#include <strings.h>

/* ---- scalars and lists ---------------------------------------------------------------------- */

/* Whether YAML reads the text back as this string without quotes, in flow style too. */
static bool is_plain(const char *text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./_-@+=";
    static const char *const words[] = {"true", "false", "null", "yes", "no",
                                        "on",   "off",   ".inf", ".nan"};

    if (!*text || text[strspn(text, letters)] || strchr("-0123456789+=@", *text))
        return false;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0)
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

static void add_list(struct arc_buf *out, char *const *texts)
{
    arc_buf_putc(out, '[');
    for (size_t i = 0; texts && texts[i]; i++) {
        arc_buf_puts(out, i ? ", " : "");
        init_add_scalar(out, texts[i]);
    }
    arc_buf_putc(out, ']');
}

static void add_one_or_list(struct arc_buf *out, char *const *texts)
{
    if (texts[1])
        add_list(out, texts);
    else
        init_add_scalar(out, texts[0]);
}

/* ", KEY: " or, as the first of a mapping, "KEY: ". */
static void add_key(struct arc_buf *out, const char *key)
{
    bool first = !out->len || out->data[out->len - 1] == '{';
    arc_buf_puts(out, first ? "" : ", ");
    init_add_scalar(out, key);
    arc_buf_puts(out, ": ");
}

static void add_text(struct arc_buf *out, const char *key, const char *text)
{
    if (!text)
        return;
    add_key(out, key);
    init_add_scalar(out, text);
}

static void add_pairs(struct arc_buf *out, const char *key, const struct init_pair *pairs,
                      size_t count)
{
    if (!count)
        return;
    add_key(out, key);
    arc_buf_putc(out, '{');

    for (size_t i = 0; i < count; i++) {
        add_key(out, pairs[i].name);
        if (pairs[i].value) {
            init_add_scalar(out, pairs[i].value);
            continue;
        }
        arc_buf_puts(out, "{");
        add_text(out, "file", pairs[i].file);
        add_text(out, "at", pairs[i].name);
        arc_buf_puts(out, "}");
    }

    arc_buf_putc(out, '}');
}

static void add_tags(struct arc_buf *out, const struct init_tag *tags, size_t count)
{
    arc_buf_putc(out, '[');

    for (size_t i = 0; i < count; i++) {
        arc_buf_puts(out, i ? ", " : "");
        if (!tags[i].when) {
            init_add_scalar(out, tags[i].name);
            continue;
        }
        arc_buf_puts(out, "{");
        add_text(out, "name", tags[i].name);
        add_text(out, "when", tags[i].when);
        arc_buf_puts(out, "}");
    }

    arc_buf_putc(out, ']');
}

/* ---- what a group's images share ------------------------------------------------------------ */

static bool same_texts(char *const *a, char *const *b)
{
    size_t i = 0;
    for (; a && b && a[i] && b[i]; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return (!a || !a[i]) && (!b || !b[i]);
}

static size_t count_texts(char *const *texts)
{
    size_t count = 0;
    while (texts && texts[count])
        count++;
    return count;
}

static bool same_tags(const struct init_image *a, const struct init_image *b)
{
    if (a->tag_count != b->tag_count)
        return false;
    for (size_t i = 0; i < a->tag_count; i++) {
        if (strcmp(a->tags[i].name, b->tags[i].name) != 0 ||
            !init_same_text(a->tags[i].when, b->tags[i].when))
            return false;
    }
    return true;
}

struct shared {
    char *const *registries;       /* of most of them */
    char *const *platforms;        /* of all that have some; NULL: they differ, or the default */
    const struct init_image *tags; /* one with those of all; NULL: they differ */
    const struct init_image *args; /* the same of build arguments */
    const char *name;              /* of all, and they are several; NULL: they differ */
    bool root;                     /* all have the repository's root as context */
    bool by_dockerfile;            /* a directory is not one image's alone */
};

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

static struct shared find_shared(const struct init_group *group)
{
    struct shared shared = {.root = group->count > 1};
    shared.by_dockerfile = share_directories(group);
    size_t most = 0;
    for (size_t i = 0; i < group->count; i++) {
        size_t same = 0;
        for (size_t j = 0; j < group->count; j++)
            same += same_texts(group->images[i]->registries, group->images[j]->registries);
        if (same > most) {
            most = same;
            shared.registries = group->images[i]->registries;
        }
        shared.root = shared.root && strcmp(group->images[i]->context, ".") == 0;
    }

    for (size_t i = 0; i < group->count && !shared.platforms; i++)
        shared.platforms = group->images[i]->platforms;
    shared.tags = shared.args = group->count ? group->images[0] : NULL;
    shared.name = group->count > 1 ? group->images[0]->name : NULL;

    for (size_t i = 1; i < group->count; i++) {
        if (shared.args && !init_same_pairs(shared.args, group->images[i]))
            shared.args = NULL;
        if (!init_same_text(shared.name, group->images[i]->name))
            shared.name = NULL;
        if (group->images[i]->platforms &&
            !same_texts(shared.platforms, group->images[i]->platforms))
            shared.platforms = NULL;
        if (shared.tags && !same_tags(shared.tags, group->images[i]))
            shared.tags = NULL;
    }

    return shared;
}

/* ---- services ------------------------------------------------------------------------------- */

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

static void add_build(struct init_proposal *proposal, const struct init_image *image,
                      const struct shared *shared, const char *directory, struct arc_buf *out)
{
    bool context = !shared->root && !(directory && strcmp(directory, image->context) == 0);
    ARC_AUTO(arc_buf) struct arc_buf build = {.max = 1 << 20};

    arc_buf_putc(&build, '{');
    if (context)
        add_text(&build, "context", image->context);
    add_text(&build, "dockerfile", below_context(proposal, image, directory));
    add_text(&build, "target", image->target);
    if (!shared->args)
        add_pairs(&build, "args", image->args, image->arg_count);

    if (image->platforms && !same_texts(image->platforms, shared->platforms)) {
        add_key(&build, "platforms");
        add_list(&build, image->platforms);
    }

    if (build.len == 1)
        return;
    add_key(out, "build");
    arc_buf_printf(out, "%s}", arc_buf_text(&build));
}

/* A mapping; with `directory` a glob behind it leaves that one out. */
static void add_service(struct init_proposal *proposal, const struct init_image *image,
                        const struct shared *shared, const char *directory, struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf entry = {.max = 1 << 20};
    arc_buf_putc(&entry, '{');
    add_text(&entry, "codename", image->codename);
    if (image->name && !shared->name && strcmp(image->name, image->codename) != 0)
        add_text(&entry, "name", image->name);
    add_text(&entry, "directory", directory);

    if (!same_texts(image->registries, shared->registries) && image->registries)
        add_text(&entry, "image",
                 arc_arena_printf(&proposal->arena, "%s/{name}", image->registries[0]));

    add_build(proposal, image, shared, directory, &entry);

    if (image->paths) {
        add_key(&entry, "paths");
        add_list(&entry, image->paths);
    }

    if (image->tag_count && !shared->tags) {
        add_key(&entry, "image-tags");
        add_tags(&entry, image->tags, image->tag_count);
    }

    if (image->version_file) {
        add_key(&entry, "version");
        arc_buf_putc(&entry, '{');
        add_text(&entry, "file", image->version_file);
        if (image->version_at) {
            add_key(&entry, "at");
            add_one_or_list(&entry, image->version_at);
        }
        arc_buf_putc(&entry, '}');
    }

    arc_buf_printf(out, "      - %s}\n", arc_buf_text(&entry));
}

/* Whether its directory is all there is to say. */
static bool is_alone(struct init_proposal *proposal, const struct init_image *image,
                     const struct shared *shared)
{
    const char *directory = image->directory;
    if (shared->root || strcmp(directory, ".") == 0 || strpbrk(directory, "*?[]{}!") ||
        strcmp(image->context, directory) != 0 ||
        strcmp(image->dockerfile, init_join(proposal, directory, "Dockerfile")) != 0 ||
        strcmp(image->codename, init_base(directory)) != 0)
        return false;

    if ((image->name && !shared->name && strcmp(image->name, image->codename) != 0) ||
        image->target || (image->arg_count && !shared->args) || image->paths ||
        image->version_file || (image->tag_count && !shared->tags) ||
        !same_texts(image->registries, shared->registries) ||
        (image->platforms && !same_texts(image->platforms, shared->platforms)) ||
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

static void add_item(struct arc_buf *out, const char *text)
{
    arc_buf_puts(out, "      - ");
    init_add_scalar(out, text);
    arc_buf_putc(out, '\n');
}

static void add_services(struct init_proposal *proposal, const struct init_group *group,
                         const struct shared *shared, struct arc_buf *out)
{
    ARC_AUTO_JSON json_t *globs = json_object();
    const char *parent;
    json_t *fits;

    for (size_t i = 0; i < group->count; i++)
        group->images[i]->alone = is_alone(proposal, group->images[i], shared);
    for (size_t i = 0; i < group->count; i++) {
        parent = init_directory(proposal, group->images[i]->directory);
        if (!json_object_get(globs, parent))
            json_object_set_new(globs, parent, json_boolean(glob_fits(proposal, group, parent)));
    }

    arc_buf_puts(out, "    services:\n");

    for (size_t i = 0; i < group->count; i++) {
        const struct init_image *image = group->images[i];
        parent = init_directory(proposal, image->directory);
        bool in_glob = json_is_true(json_object_get(globs, parent));
        if (!image->alone)
            add_service(proposal, image, shared, in_glob ? image->directory : NULL, out);
    }

    json_object_foreach (globs, parent, fits)
        if (json_is_true(fits))
            add_item(out, arc_arena_printf(&proposal->arena, "%s/%c", parent, '*'));

    for (size_t i = 0; i < group->count; i++) {
        const struct init_image *image = group->images[i];
        parent = init_directory(proposal, image->directory);
        if (image->alone && !json_is_true(json_object_get(globs, parent)))
            add_item(out, image->directory);
    }
}

/* ---- groups --------------------------------------------------------------------------------- */

/* The file that describes the images. */
static void add_source(const struct init_group *group, struct arc_buf *out)
{
    if (group->image_tag_count) {
        arc_buf_puts(out, "    image-tags: ");
        add_tags(out, group->image_tags, group->image_tag_count);
        arc_buf_putc(out, '\n');
    }

    arc_buf_printf(out, "    %s: {", group->key);
    add_text(out, "files", group->source);
    add_pairs(out, "variables", group->variables, group->variable_count);
    arc_buf_puts(out, "}\n");
}

/* A pull request builds what a release does, as build-push-action would, unless that is more than a
 * matrix holds. */
static void add_platforms(const struct init_group *group, const struct shared *shared,
                          struct arc_buf *out)
{
    static char *usual[] = {"linux/amd64", "linux/arm64", NULL};
    char *const *platforms = shared->platforms ? shared->platforms : usual;
    bool usual_release = same_texts(platforms, usual);
    bool fits = group->count * count_texts(platforms) <= INIT_CELLS_MAX;

    if (usual_release && !fits)
        return; /* as it is without a word */

    arc_buf_puts(out, "    platforms: {");

    if (fits) {
        add_key(out, "ci");
        add_list(out, platforms);
    }

    if (!usual_release) {
        add_key(out, "release");
        add_list(out, platforms);
    }

    arc_buf_puts(out, "}\n");
}

/* The groups that a train takes its releases from: those that have some. */
static void add_includes(const struct init_proposal *proposal, struct arc_buf *out)
{
    size_t count = 0;

    arc_buf_puts(out, "    includes: [");

    for (size_t i = 0; i < proposal->group_count; i++) {
        const struct init_group *group = proposal->groups[i];
        if (group->is_train || !group->is_released)
            continue; /* a release of the train would wait for its first one */
        arc_buf_puts(out, count++ ? ", " : "");
        init_add_scalar(out, group->name);
    }

    arc_buf_puts(out, "]\n");
}

static void add_names(const struct init_group *group, const struct shared *shared,
                      struct arc_buf *out)
{
    static const struct init_tag usual[] = {{"{version}", NULL}, {"latest", NULL}};
    bool plain = !group->tags || strchr("v{", *group->tags[0]);

    if (shared->tags && shared->tags->tag_count) {
        arc_buf_puts(out, "    image-tags: ");
        add_tags(out, shared->tags->tags, shared->tags->tag_count);
        arc_buf_putc(out, '\n');
    } else if (plain) {
        arc_buf_puts(out, "    image-tags: ");
        add_tags(out, usual, 2);
        arc_buf_putc(out, '\n');
    }
}

static void add_shared_build(const struct shared *shared, struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf build = {.max = 1 << 20};
    arc_buf_putc(&build, '{');
    add_text(&build, "context", shared->root ? "." : NULL);
    if (shared->args)
        add_pairs(&build, "args", shared->args->args, shared->args->arg_count);
    if (build.len > 1)
        arc_buf_printf(out, "    build: %s}\n", arc_buf_text(&build));
}

static void add_group(struct init_proposal *proposal, const struct init_group *group,
                      struct arc_buf *out)
{
    struct shared shared = find_shared(group);

    arc_buf_puts(out, "  ");
    init_add_scalar(out, group->name);
    arc_buf_puts(out, ":\n");

    if (shared.registries) {
        arc_buf_puts(out, "    registry: ");
        add_one_or_list(out, shared.registries);
        arc_buf_putc(out, '\n');
    }

    if (shared.name)
        arc_buf_printf(out, "    image: \"{registry}/%s\"\n", shared.name);

    if (group->tags) {
        arc_buf_puts(out, "    tag: ");
        add_one_or_list(out, group->tags);
        arc_buf_putc(out, '\n');
    }

    if (group->versioning)
        arc_buf_printf(out, "    versioning: %s\n", group->versioning);

    if (group->source) {
        add_source(group, out);
        return;
    }

    if (group->is_train) {
        add_includes(proposal, out);
        return;
    }

    add_names(group, &shared, out);
    add_platforms(group, &shared, out);
    if (shared.by_dockerfile)
        arc_buf_puts(out, "    inputs: dockerfile\n");
    add_shared_build(&shared, out);
    add_services(proposal, group, &shared, out);
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
