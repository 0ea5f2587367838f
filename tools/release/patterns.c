#include "release/patterns.h"
#include "arcci/glob.h"
#include "base/auto.h"
#include "base/json.h"
#include "os/file.h"
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX   32
#define ENTRIES_MAX 100000

/* A pattern being followed. */
struct search {
    struct arc_glob *glob; /* of what stands behind `root` */
    const char *root;      /* the folders that the pattern names outright: "dist/" */
    json_t *found;         /* paths below it */
    size_t entries;
};

static void close_folder(DIR **folder)
{
    if (*folder)
        closedir(*folder);
}

static int walk_folder(struct search *search, const char *below, unsigned depth,
                       struct arc_error *err);

static int visit_entry(struct search *search, const char *path, unsigned depth,
                       struct arc_error *err)
{
    struct stat info;
    ARC_AUTO(arc_buf) struct arc_buf full = {.max = 8192};

    arc_buf_printf(&full, "%s%s", search->root, path);
    ARC_TRY(arc_buf_check(&full, "a path", err));

    if (++search->entries > ENTRIES_MAX || depth > DEPTH_MAX)
        return arc_error_set(err, ARC_ELIMIT, "more than %d entries, or %d levels, below %s",
                             ENTRIES_MAX, DEPTH_MAX, *search->root ? search->root : ".");

    if (lstat(arc_buf_text(&full), &info) != 0)
        return ARC_OK;
    if (S_ISDIR(info.st_mode))
        return walk_folder(search, path, depth + 1, err);
    if (!S_ISREG(info.st_mode) || !arc_glob_match(search->glob, path, strlen(path)))
        return ARC_OK;
    json_t *item = json_string(path);
    if (!item)
        return arc_error_set(err, ARC_EINPUT, "--asset: a file's name below %s is not UTF-8",
                             search->root);

    return arc_json_append(search->found, item, err);
}

/* `below` is a folder below the root, "" for the root itself. */
static int walk_folder(struct search *search, const char *below, unsigned depth,
                       struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {.max = 8192};
    arc_buf_printf(&path, "%s%s", *search->root || *below ? search->root : ".", below);
    ARC_TRY(arc_buf_check(&path, "a path", err));
    __attribute__((cleanup(close_folder))) DIR *folder = opendir(arc_buf_text(&path));

    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        arc_buf_reset(&path);
        arc_buf_printf(&path, "%s%s%s", below, *below ? "/" : "", entry->d_name);
        ARC_TRY(arc_buf_check(&path, "a path", err));
        ARC_TRY(visit_entry(search, arc_buf_text(&path), depth, err));
    }

    return ARC_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Appends what was found, sorted, with the name in front. */
static int add_found(const struct search *search, const char *name, size_t name_len, json_t *out,
                     struct arc_error *err)
{
    size_t count = json_array_size(search->found), i;
    json_t *item;
    ARC_AUTO_FREE const char **paths = calloc(count + 1, sizeof *paths);

    ARC_TRY_ALLOC(paths, err);
    json_array_foreach (search->found, i, item)
        paths[i] = json_string_value(item);
    qsort(paths, count, sizeof *paths, by_bytes);

    for (i = 0; i < count; i++)
        ARC_TRY(arc_json_append(
            out, json_sprintf("%.*s%s%s", (int)name_len, name, search->root, paths[i]), err));

    return ARC_OK;
}

int release_expand(const char *text, json_t *out, struct arc_error *err)
{
    const char *equals = strchr(text, '='), *slash = strchr(text, '/');
    const char *pattern = equals && (!slash || equals < slash) ? equals + 1 : text;
    size_t plain = strcspn(pattern, "*?[{");

    if (!pattern[plain] || arc_file_kind(pattern) != ARC_FILE_NONE)
        return arc_json_append(out, json_string(text), err);

    while (plain && pattern[plain - 1] != '/')
        plain--;
    ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
    ARC_AUTO_FREE char *root = strndup(pattern, plain);
    ARC_AUTO_JSON json_t *found = json_array();
    ARC_TRY_ALLOC(root && found, err);
    if (arc_glob_compile(pattern + plain, strlen(pattern + plain), &glob, err))
        return arc_error_prefix(err, "--asset");
    struct search search = {.glob = glob, .root = root, .found = found};
    ARC_TRY(walk_folder(&search, "", 0, err));
    size_t count = json_array_size(found);
    if (!count)
        return arc_error_set(err, ARC_EINPUT, "--asset: the pattern '%.300s' matches no file",
                             pattern);

    if (pattern != text && count > 1)
        return arc_error_set(err, ARC_EINPUT,
                             "--asset: '%.300s' matches %zu files, which cannot have one name",
                             text, count);

    return add_found(&search, text, (size_t)(pattern - text), out, err);
}
