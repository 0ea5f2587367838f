#include "dockerfile/inputs.h"
#include "base/json.h"
#include "base/path.h"
#include "base/platform.h"
#include "dockerfile/ignore.h"
#include "dockerfile/stages.h"
#include "os/file.h"
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOCKERFILE_MAX ((size_t)1 << 20)
#define NO_TARGET      ARC_ENOTFOUND /* within this file */
#define LINKS_MAX      40            /* followed on the way to one source, as Linux does */
#define WORK_MAX       1000000 /* budget: names compared with wildcards while following links */
#define LINK_COST      100     /* of that budget, per link */

/* A context directory with its ignore rules. */
struct folder {
    char *name;        /* of the additional context; NULL: the build's own */
    char *directory;   /* its real path from the root, "" for the root */
    char *given;       /* its path as given, if that leads through links; else NULL */
    char *ignore_file; /* the one that applies, existing or not */
    struct arc_ignore ignore;
    bool is_read; /* a source is in it */
};

/* A source that is read from a context. */
struct entry {
    struct arc_input input;
    size_t folder;
    char *path;
    struct arc_path_pattern *pattern;
    struct arc_ignore without; /* rules of --exclude, below the first `above` components */
    size_t above;
    bool linked; /* the target of a link: if missing, not reported */
};

/* An entry, sorted by `start`. `up` is the last one before it whose start is a prefix of its
 * own. */
struct start {
    const struct entry *entry;
    const struct start *up; /* NULL: none */
};

struct arc_inputs {
    struct arc_arena memory; /* of all of it */
    char *root;
    char *dockerfile; /* NULL for an inline one */
    char *own_ignore; /* "X.Dockerfile.dockerignore", existing or not; NULL for an inline one */
    struct arc_input by_dockerfile, by_ignore_file;
    struct folder *folders;
    size_t folder_count;
    struct entry *entries;
    size_t entry_count;
    struct start *starts; /* one per entry, sorted */
    size_t work;          /* out of WORK_MAX */
    struct arc_inputs_facts facts;
};

/* ---- memory -------------------------------------------------------------------------------- */

/* Forgets which names the Dockerfile has, since it may have others. */
static void forget(json_t **names)
{
    json_decref(*names);
    *names = NULL;
}

static void forget_all(struct arc_inputs_facts *facts)
{
    forget(&facts->args);
    forget(&facts->secrets);
    forget(&facts->names);
}

void arc_inputs_free(struct arc_inputs **inputs)
{
    if (*inputs) {
        forget_all(&(*inputs)->facts);
        arc_arena_free(&(*inputs)->memory);
    }
    free(*inputs);
    *inputs = NULL;
}

static char *join_path(struct arc_inputs *in, const char *directory, const char *path)
{
    return arc_arena_printf(&in->memory, "%s%s%s", directory, *directory && *path ? "/" : "", path);
}

static int clean_path(struct arc_inputs *in, const char *path, char **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf clean = {.max = (size_t)64 << 10};
    arc_path_clean(path, strlen(path), true, &clean);
    ARC_TRY(arc_buf_check(&clean, "a path", err));
    *out = arc_arena_text(&in->memory, arc_buf_text(&clean));
    return arc_arena_check(&in->memory, err);
}

/* ---- files --------------------------------------------------------------------------------- */

/* Reads the ignore file of a folder, if it is there. If BuildKit would refuse it, nothing is
 * ignored. */
static int read_ignore(struct arc_inputs *in, char *path, struct folder *folder,
                       struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = DOCKERFILE_MAX};
    folder->ignore_file = path;
    ARC_TRY(arc_arena_check(&in->memory, err));
    if (arc_file_kind_in(in->root, path) == ARC_FILE_NONE)
        return ARC_OK;
    ARC_TRY(arc_file_read_in(in->root, path, DOCKERFILE_MAX, &text, err));
    int rc = arc_ignore_parse(&in->memory, arc_buf_text(&text), &folder->ignore);
    return arc_error_memory(rc, err);
}

static int add_folder(struct arc_inputs *in, const char *name, const char *directory,
                      struct arc_error *err)
{
    struct folder *folder =
        arc_arena_append(&in->memory, &in->folders, &in->folder_count, sizeof *folder);
    ARC_TRY_ALLOC(folder, err);
    folder->name = arc_arena_text(&in->memory, name);
    ARC_TRY(clean_path(in, directory, &folder->directory, err));

    ARC_AUTO_FREE char *real = arc_file_follow(in->root, folder->directory);
    if (!real)
        return ARC_OK;
    folder->given = folder->directory;

    return clean_path(in, real, &folder->directory, err);
}

/* The build's own context: "X.Dockerfile.dockerignore" replaces ".dockerignore". */
static int read_own_ignore(struct arc_inputs *in, struct arc_error *err)
{
    struct folder *own = &in->folders[0];

    if (in->dockerfile) {
        in->own_ignore = arc_arena_printf(&in->memory, "%s.dockerignore", in->dockerfile);
        ARC_TRY(arc_arena_check(&in->memory, err));
        if (arc_file_kind_in(in->root, in->own_ignore) != ARC_FILE_NONE)
            return read_ignore(in, in->own_ignore, own, err);
    }

    return read_ignore(in, join_path(in, own->directory, ".dockerignore"), own, err);
}

/* Adds additional contexts that are directories; others have no files in the repository. */
static int add_contexts(struct arc_inputs *in, const json_t *contexts, struct arc_error *err)
{
    arc_json_each_pair (name, value, contexts) {
        const char *directory = json_string_value(value);
        if (!directory || strchr(directory, ':'))
            continue;
        ARC_TRY(add_folder(in, name, directory, err));
        struct folder *folder = &in->folders[in->folder_count - 1];
        char *path = join_path(in, folder->directory, ".dockerignore");
        ARC_TRY(read_ignore(in, path, folder, err));
    }

    return ARC_OK;
}

/* ---- entries ------------------------------------------------------------------------------- */

static bool is_known(const struct arc_inputs *in, size_t folder, const char *path, unsigned line)
{
    arc_each (entry, in->entries, in->entry_count) {
        if (entry->folder == folder && entry->input.line == line && !strcmp(entry->path, path))
            return true;
    }
    return false;
}

/* Keeps the first reason why the whole context counts. */
static void note_doubt(struct arc_inputs *in, const struct arc_source *source, const char *why)
{
    if (in->facts.doubt)
        return;
    in->facts.doubt = arc_arena_printf(&in->memory, "%s: %s", source->text, why);
    in->facts.doubt_line = source->line;
}

/* Appends a literal name to a pattern. */
static void add_name(struct arc_buf *pattern, const char *name)
{
    for (; *name; name++)
        arc_buf_printf(pattern, "%s%c", strchr("*?[\\", *name) ? "\\" : "", *name);
}

/* Adds a source at a path of a folder; the path is literal if no line of the Dockerfile names it. For
 * a malformed pattern, which BuildKit refuses or which matches nothing, the whole folder counts. */
static int add_entry(struct arc_inputs *in, const struct arc_source *source, size_t folder,
                     const char *path, bool linked, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf pattern = {.max = (size_t)64 << 10};

    if (is_known(in, folder, path, source->line))
        return ARC_OK;
    if (source->line)
        arc_buf_puts(&pattern, path);
    else
        add_name(&pattern, path);
    ARC_TRY(arc_buf_check(&pattern, "a path", err));

    struct entry *entry =
        arc_arena_append(&in->memory, &in->entries, &in->entry_count, sizeof *entry);
    ARC_TRY_ALLOC(entry, err);
    in->folders[folder].is_read = true;
    *entry = (struct entry){.folder = folder,
                            .linked = linked,
                            .path = arc_arena_text(&in->memory, path),
                            .input = {.what = arc_arena_text(&in->memory, source->text),
                                      .file = in->dockerfile,
                                      .line = source->line}};

    const char *fixed = arc_buf_text(&pattern);
    entry->input.start = join_path(in, in->folders[folder].directory,
                                   arc_arena_cut(&in->memory, fixed, strcspn(fixed, "*?[\\")));

    if (arc_path_pattern_new(&in->memory, fixed, source->parents, &entry->pattern)) {
        note_doubt(in, source, "it is not a valid pattern");
        entry->input.start = in->folders[folder].directory;
        int rc = arc_path_pattern_new(&in->memory, "", false, &entry->pattern);
        ARC_TRY(arc_error_memory(rc, err));
    }

    entry->above = source->parents ? source->pivot : arc_path_depth(path);
    /* If it is malformed, nothing is excluded; nor below a link, whose components differ. */
    if (source->without && !(linked && source->parents) &&
        arc_ignore_parse(&in->memory, source->without, &entry->without) == ARC_ENOMEM)
        return arc_error_nomem(err);

    return arc_arena_check(&in->memory, err);
}

static int follow_links(struct arc_inputs *in, const struct arc_source *source, size_t folder,
                        const char *path, unsigned links, struct arc_error *err);

/* The first `prefix` bytes of the path are a link: adds the link and its target, with the rest of
 * the path. */
static int follow_one(struct arc_inputs *in, const struct arc_source *source, size_t folder,
                      const char *path, size_t prefix, const char *to, unsigned links,
                      struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = (size_t)64 << 10};
    const char *link = arc_arena_cut(&in->memory, path, prefix);
    size_t parent = prefix;
    char *clean;

    while (parent && path[parent - 1] != '/')
        parent--;
    if (*to != '/')
        arc_buf_add(&text, path, parent);
    if (source->line)
        add_name(&text, to);
    else
        arc_buf_puts(&text, to);
    arc_buf_puts(&text, path + prefix);
    ARC_TRY(arc_buf_check(&text, "a path", err));
    ARC_TRY(clean_path(in, arc_buf_text(&text), &clean, err));
    ARC_TRY(add_entry(in, source, folder, link, true, err));
    if (is_known(in, folder, clean, source->line)) /* links in a circle, or to one place */
        return ARC_OK;
    ARC_TRY(add_entry(in, source, folder, clean, true, err));

    return follow_links(in, source, folder, clean, links + 1, err);
}

/* Reads the link at the first `len` bytes of a path of a folder into `to`, of PATH_MAX bytes; "" if
 * it is not a link. */
static int read_link(const struct arc_inputs *in, size_t folder, const char *path, size_t len,
                     char *to, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf name = {.max = (size_t)64 << 10};

    arc_buf_printf(&name, "%s%s/%.*s", in->root, in->folders[folder].directory, (int)len, path);
    ARC_TRY(arc_buf_check(&name, "a path", err));
    ssize_t read = readlink(arc_buf_text(&name), to, PATH_MAX - 1);
    to[read > 0 ? read : 0] = '\0';

    return ARC_OK;
}

/* Follows all links that match the wildcard between `start` and `end` of the path. */
static int follow_matches(struct arc_inputs *in, const struct arc_source *source, size_t folder,
                          const char *path, size_t start, size_t end, unsigned links,
                          struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    const char *part = arc_arena_cut(&memory, path + start, end - start);
    const char *parent = arc_arena_printf(&memory, "%s%s/%.*s", in->root,
                                          in->folders[folder].directory, (int)start, path);
    ARC_AUTO(arc_buf) struct arc_buf match = {.max = (size_t)64 << 10};
    ARC_AUTO_JSON json_t *names = NULL;
    size_t prefix;
    struct arc_path_pattern *pattern;
    char to[PATH_MAX];

    ARC_TRY(arc_arena_check(&memory, err));
    if (arc_path_pattern_new(&memory, part, false, &pattern) || arc_file_list(parent, &names, NULL))
        return ARC_OK; /* already reported by add_entry() */

    arc_json_each (item, names) {
        const char *name = json_string_value(item);
        size_t len = strlen(name);
        if (in->work++ > WORK_MAX)
            return arc_error_set(err, ARC_ELIMIT, "line %u: its wildcards match too many links",
                                 source->line);
        if (!arc_path_pattern_match(pattern, name, len))
            continue;

        arc_buf_reset(&match);
        arc_buf_printf(&match, "%.*s%s", (int)start, path, name);
        ARC_TRY(arc_buf_check(&match, "a path", err));
        ARC_TRY(read_link(in, folder, match.data, start + len, to, err));
        if (!*to)
            continue;
        in->work += LINK_COST;

        match.len = start;
        add_name(&match, name);
        prefix = match.len;
        arc_buf_puts(&match, path + end);
        ARC_TRY(arc_buf_check(&match, "a path", err));
        ARC_TRY(follow_one(in, source, folder, match.data, prefix, to, links, err));
    }

    return ARC_OK;
}

/* BuildKit follows links on the way to a source within the context, up to and including the first
 * component with a wildcard. */
static int follow_links(struct arc_inputs *in, const struct arc_source *source, size_t folder,
                        const char *path, unsigned links, struct arc_error *err)
{
    size_t literal = strcspn(path, "*?[\\");
    char to[PATH_MAX];

    if (links == LINKS_MAX)
        return ARC_OK;

    for (size_t start = 0, end; path[start]; start = end + (path[end] == '/')) {
        end = start + strcspn(path + start, "/");
        if (literal < end && (source->parents || !source->line)) /* the link itself, or a name */
            return ARC_OK;
        if (literal < end)
            return follow_matches(in, source, folder, path, start, end, links, err);
        ARC_TRY(read_link(in, folder, path, end, to, err));
        if (*to)
            return follow_one(in, source, folder, path, end, to, links, err);
    }

    return ARC_OK;
}

/* Adds a source, unless its context is not a directory of the repository. */
static int add_source(struct arc_inputs *in, const struct arc_source *source, struct arc_error *err)
{
    const char *context = source->context;

    for (size_t i = 0; i < in->folder_count; i++) {
        const char *name = in->folders[i].name;
        if (context ? !name || strcmp(name, context) != 0 : name != NULL)
            continue;
        if (source->doubt)
            note_doubt(in, source, source->doubt);
        ARC_TRY(add_entry(in, source, i, source->path, false, err));
        return follow_links(in, source, i, source->path, 0, err);
    }

    return ARC_OK;
}

static int add_names(struct arc_inputs *in, const struct arc_stages *stages, struct arc_error *err)
{
    json_t *names = in->facts.names;
    bool known = names;

    if (known && stages->frontend)
        ARC_TRY(arc_json_set(names, stages->frontend, json_true(), err));

    arc_each (stage, stages->items, known ? stages->count : 0) {
        known &= *stage->base != '\0';
        arc_each (source, stage->sources, stage->count) {
            known &= !source->doubt;
            if (source->context)
                ARC_TRY(arc_json_set(names, source->context, json_true(), err));
        }
        arc_json_each (image, stage->images)
            ARC_TRY(arc_json_set(names, json_string_value(image), json_true(), err));
    }

    if (!known)
        forget(&in->facts.names);

    return ARC_OK;
}

static int add_stages(struct arc_inputs *in, const struct arc_inputs_request *request,
                      const char *text, const char *platform, struct arc_error *err)
{
    ARC_AUTO(arc_stages) struct arc_stages stages = {0};
    struct arc_stages_request read = {.text = text,
                                      .args = request->args,
                                      .contexts = request->contexts,
                                      .platform = platform,
                                      .target = request->target};

    ARC_TRY(arc_stages_read(&read, &stages, err));
    forget(&in->facts.args); /* the same for each platform */
    forget(&in->facts.secrets);
    in->facts.args = json_incref(stages.args);
    if (!json_object_get(stages.secrets, ""))
        in->facts.secrets = json_incref(stages.secrets);
    ARC_TRY(add_names(in, &stages, err));
    const struct arc_stage *target = stages.target;
    if (!target)
        return arc_error_set(err, NO_TARGET, "%s has no stage '%.200s', the target",
                             arc_or(in->dockerfile, "the Dockerfile"), request->target);

    if (!in->facts.pinned && target->built_for && platform) {
        char wanted[ARC_PLATFORM_SIZE], pinned[ARC_PLATFORM_SIZE];
        arc_platform_normalize(platform, wanted);
        arc_platform_normalize(target->built_for, pinned);
        if (strcmp(wanted, pinned) != 0) {
            in->facts.pinned_line = target->platform_line;
            in->facts.pinned = arc_arena_text(&in->memory, target->platform);
        }
    }

    arc_each (stage, stages.needed, stages.needed_count) {
        if ((*stage)->lacks) {
            in->facts.lacking = arc_arena_text(&in->memory, (*stage)->ref);
            in->facts.lacking_line = (*stage)->line;
        }
        if ((*stage)->fixed && !in->facts.fixed) {
            in->facts.fixed = arc_arena_text(&in->memory, (*stage)->fixed);
            in->facts.fixed_line = (*stage)->fixed_line;
        }
        arc_each (source, (*stage)->sources, (*stage)->count)
            ARC_TRY(add_source(in, source, err));
    }

    return ARC_OK;
}

static int add_platforms(struct arc_inputs *in, const struct arc_inputs_request *request,
                         const char *text, struct arc_error *err)
{
    const char *const *platform = request->platforms;
    ARC_AUTO(arc_error) struct arc_error why = {0};
    int rc = ARC_OK;

    if (!platform || !*platform)
        rc = add_stages(in, request, text, NULL, &why);
    for (; !rc && platform && *platform; platform++)
        rc = add_stages(in, request, text, *platform, &why);

    if (!rc && request->triggers)
        rc = arc_error_set(&why, ARC_ELIMIT, "its base has ONBUILD triggers");
    /* It cannot be read as BuildKit would, so the whole context counts. */
    if (rc == ARC_EINPUT || rc == ARC_ELIMIT) {
        struct arc_source all = {.text = "whole context", .path = ""};
        in->facts.doubt = arc_arena_text(&in->memory, arc_error_text(&why));
        in->facts.refused = rc == ARC_EINPUT;
        forget_all(&in->facts);
        for (size_t i = 0; i < in->folder_count; i++)
            ARC_TRY(add_entry(in, &all, i, "", false, err));
        return ARC_OK;
    }

    if (rc == NO_TARGET)
        rc = ARC_EINPUT;
    return arc_error_pass(rc, &why, err);
}

/* Adds the links on the way to a context, whose files are then read at their real path. */
static int add_context_links(struct arc_inputs *in, size_t root, const char *path,
                             struct arc_error *err)
{
    static const struct arc_source context = {.text = "context"};
    char to[PATH_MAX];

    for (size_t start = 0, end; path[start]; start = end + (path[end] == '/')) {
        end = start + strcspn(path + start, "/");
        ARC_TRY(read_link(in, root, path, end, to, err));
        const char *link = *to ? arc_arena_cut(&in->memory, path, end) : NULL;
        if (link)
            ARC_TRY(add_entry(in, &context, root, link, true, err));
    }

    return arc_arena_check(&in->memory, err);
}

/* The Dockerfile and its ignore file may be links: their targets count too. */
static int follow_own(struct arc_inputs *in, struct arc_error *err)
{
    struct arc_source dockerfile = {.text = "Dockerfile"}, ignore_file = {.text = "ignore file"};
    size_t root = in->folder_count;

    ARC_TRY(add_folder(in, NULL, ".", err));
    if (in->dockerfile)
        ARC_TRY(follow_links(in, &dockerfile, root, in->dockerfile, 0, err));

    for (size_t i = 0; i < root; i++) {
        if (in->folders[i].given)
            ARC_TRY(add_context_links(in, root, in->folders[i].given, err));
        ARC_TRY(follow_links(in, &ignore_file, root, in->folders[i].ignore_file, 0, err));
    }

    return ARC_OK;
}

static int compare_starts(const void *a, const void *b)
{
    const struct start *one = a, *other = b;
    return strcmp(one->entry->input.start, other->entry->input.start);
}

/* Sorts the entries by their starts, so that a path is compared with few patterns. */
static int sort_starts(struct arc_inputs *in, struct arc_error *err)
{
    in->starts = arc_arena_array(&in->memory, in->entry_count, sizeof *in->starts);
    ARC_TRY_ALLOC(in->starts, err);

    for (size_t i = 0; i < in->entry_count; i++)
        in->starts[i].entry = &in->entries[i];
    if (in->entry_count)
        qsort(in->starts, in->entry_count, sizeof *in->starts, compare_starts);

    for (size_t i = 1; i < in->entry_count; i++) {
        struct start *start = &in->starts[i];
        start->up = start - 1;
        while (start->up &&
               !arc_text_after(start->entry->input.start, start->up->entry->input.start))
            start->up = start->up->up;
    }

    return ARC_OK;
}

static int read_inputs(struct arc_inputs *in, const struct arc_inputs_request *request,
                       struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = DOCKERFILE_MAX};

    in->root = arc_arena_printf(&in->memory, "%s/", arc_or(request->root, "."));
    in->by_dockerfile.what = "Dockerfile";
    in->by_ignore_file.what = "ignore file";

    if (request->text)
        arc_buf_puts(&text, request->text);
    else {
        ARC_TRY(clean_path(in, request->dockerfile, &in->dockerfile, err));
        ARC_TRY(arc_file_read_in(request->root, in->dockerfile, DOCKERFILE_MAX, &text, err));
    }

    in->facts.names = json_object();
    ARC_TRY_ALLOC(in->facts.names, err);
    ARC_TRY(arc_buf_check(&text, "the Dockerfile", err));
    ARC_TRY(add_folder(in, NULL, request->context, err));
    ARC_TRY(read_own_ignore(in, err));
    ARC_TRY(add_contexts(in, request->contexts, err));

    ARC_TRY(add_platforms(in, request, arc_buf_text(&text), err));
    ARC_TRY(follow_own(in, err));
    ARC_TRY(sort_starts(in, err));

    return arc_arena_check(&in->memory, err);
}

int arc_inputs_read(const struct arc_inputs_request *request, struct arc_inputs **out,
                    struct arc_error *err)
{
    *out = calloc(1, sizeof **out);
    ARC_TRY_ALLOC(*out, err);
    return arc_or_free(arc_inputs, out, read_inputs(*out, request, err));
}

/* ---- asking -------------------------------------------------------------------------------- */

/* Whether --exclude excludes the path; it never excludes the source itself. */
static bool is_excluded(const struct entry *entry, const char *path, size_t len)
{
    const char *end = path + len;

    for (size_t i = 0; i < entry->above; i++) {
        const char *slash = memchr(path, '/', (size_t)(end - path));
        path = slash ? slash + 1 : end;
    }

    return path < end && arc_ignore_match(&entry->without, path, (size_t)(end - path));
}

static bool is_same(const char *name, const char *path, size_t len)
{
    return name && arc_text_is(path, len, name);
}

static bool is_input(const struct arc_inputs *inputs, const struct entry *entry, const char *path,
                     size_t len)
{
    const struct folder *folder = &inputs->folders[entry->folder];
    return arc_path_enter(folder->directory, &path, &len) &&
           arc_path_pattern_match(entry->pattern, path, len) && !is_excluded(entry, path, len) &&
           !arc_ignore_match(&folder->ignore, path, len);
}

/* Returns the last start that does not sort after the path: it and its chain of `up` include every
 * start that is a prefix of the path. */
static const struct start *last_start(const struct arc_inputs *inputs, const char *path, size_t len)
{
    size_t low = 0, high = inputs->entry_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *start = inputs->starts[middle].entry->input.start;
        int order = strncmp(start, path, len);
        if (order > 0 || (!order && start[len]))
            high = middle;
        else
            low = middle + 1;
    }

    return low ? &inputs->starts[low - 1] : NULL;
}

/* Returns the first start below the path, which has, or had, a link or a file where a source needs
 * a directory; NULL if there is none. */
static const struct start *start_below(const struct arc_inputs *inputs, const char *path,
                                       size_t len)
{
    size_t low = 0, high = inputs->entry_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *start = inputs->starts[middle].entry->input.start;
        int order = strncmp(start, path, len);
        if (order < 0 || (!order && (unsigned char)start[len] < '/'))
            low = middle + 1;
        else
            high = middle;
    }

    const struct start *found = inputs->starts + low;
    const char *rest = low < inputs->entry_count ? found->entry->input.start : "";

    return strncmp(rest, path, len) == 0 && rest[len] == '/' ? found : NULL;
}

const struct arc_input *arc_inputs_find(const struct arc_inputs *inputs, const char *path,
                                        size_t len)
{
    if (is_same(inputs->dockerfile, path, len))
        return &inputs->by_dockerfile;
    if (is_same(inputs->own_ignore, path, len))
        return &inputs->by_ignore_file;
    arc_each (folder, inputs->folders, inputs->folder_count) {
        bool counts = folder == inputs->folders || folder->is_read;
        if (counts && is_same(folder->ignore_file, path, len))
            return &inputs->by_ignore_file;
    }

    const struct entry *first = NULL;
    for (const struct start *at = last_start(inputs, path, len); at; at = at->up)
        if ((!first || at->entry < first) && is_input(inputs, at->entry, path, len))
            first = at->entry;
    const struct start *below = first ? NULL : start_below(inputs, path, len);
    if (below)
        first = below->entry;

    return first ? &first->input : NULL;
}

/* Whether the pattern of an entry can match below a path, judging by as many of its first components
 * as the path has. True if in doubt. */
static bool can_match_below(const struct entry *entry, const char *path, size_t len)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct arc_path_pattern *pattern = NULL;
    const char *end = entry->path;

    for (size_t i = 0; i <= len; i++)
        if (i == len || path[i] == '/') {
            end = strchr(end + (end != entry->path), '/');
            if (!end)
                return arc_path_pattern_match(entry->pattern, path, len);
        }

    const char *start = arc_arena_cut(&memory, entry->path, (size_t)(end - entry->path));
    return strstr(entry->path, "**") || !start ||
           arc_path_pattern_new(&memory, start, false, &pattern) ||
           arc_path_pattern_match(pattern, path, len);
}

static bool takes_in(const struct arc_ignore *ignore)
{
    arc_each (rule, ignore->rules, ignore->count)
        if (rule->takes_in)
            return true;
    return false;
}

/* Whether `name` is the path or is below it. */
static bool lies_in(const char *name, const char *path, size_t len)
{
    return name && strncmp(name, path, len) == 0 && (!name[len] || name[len] == '/');
}

bool arc_inputs_below(const struct arc_inputs *inputs, const char *path, size_t len)
{
    if (lies_in(inputs->dockerfile, path, len))
        return true;
    arc_each (folder, inputs->folders, inputs->folder_count)
        if (lies_in(folder->ignore_file, path, len))
            return true;

    arc_each (entry, inputs->entries, inputs->entry_count) {
        const struct folder *folder = &inputs->folders[entry->folder];
        size_t rest = len;
        const char *name = path;
        if (lies_in(folder->directory, path, len))
            return true;
        if (arc_path_enter(folder->directory, &name, &rest) && can_match_below(entry, name, rest) &&
            (takes_in(&folder->ignore) || !arc_ignore_match(&folder->ignore, name, rest)))
            return true;
    }

    return false;
}

const char *arc_inputs_next_link(const struct arc_inputs *inputs, size_t *at)
{
    while (*at < inputs->entry_count) {
        const struct entry *entry = &inputs->entries[(*at)++];
        if (entry->linked && entry->folder + 1 == inputs->folder_count) /* added by follow_own() */
            return entry->path;
    }

    return NULL;
}

const struct arc_inputs_facts *arc_inputs_facts(const struct arc_inputs *inputs)
{
    return &inputs->facts;
}

/* Returns 1 if the source of an entry is missing in its context, else 0 or an error. *there: it
 * exists but is ignored. */
static int is_missing(const struct arc_inputs *inputs, const struct entry *entry, bool *there)
{
    const struct folder *folder = &inputs->folders[entry->folder];
    ARC_AUTO(arc_buf) struct arc_buf name = {.max = (size_t)64 << 10};
    struct stat st;
    if (entry->linked || strpbrk(entry->path, "*?[\\")) /* a pattern */
        return 0;

    arc_buf_printf(&name, "%s%s/%s", inputs->root, folder->directory, entry->path);
    if (name.failed == ARC_ENOMEM)
        return ARC_ENOMEM;
    *there = !name.failed && lstat(arc_buf_text(&name), &st) == 0;
    /* "!" may include the files of a directory again, and a whole context may be empty */
    bool open = *there && S_ISDIR(st.st_mode) && (takes_in(&folder->ignore) || !*entry->path);

    return !*there ||
           (!open && arc_ignore_match(&folder->ignore, entry->path, strlen(entry->path)));
}

/* Whether an entry before number `i` reported the same, since each platform reads the same lines. */
static bool told_before(const struct arc_inputs *inputs, size_t i, bool there)
{
    const struct arc_input *input = &inputs->entries[i].input;
    bool before;

    for (size_t k = 0; k < i; k++)
        if (inputs->entries[k].input.line == input->line &&
            strcmp(inputs->entries[k].input.what, input->what) == 0 &&
            is_missing(inputs, &inputs->entries[k], &before) == 1 && before == there)
            return true;

    return false;
}

int arc_inputs_missing(const struct arc_inputs *inputs,
                       int (*each)(void *context, const struct arc_input *input, bool ignored),
                       void *context)
{
    bool there;

    for (size_t i = 0; i < inputs->entry_count; i++) {
        int rc = is_missing(inputs, &inputs->entries[i], &there);
        if (rc < 0)
            return rc;
        if (!rc || told_before(inputs, i, there))
            continue;
        ARC_TRY(each(context, &inputs->entries[i].input, there));
    }

    return 0;
}
