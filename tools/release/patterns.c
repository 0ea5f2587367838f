/* Patterns of assets. */
#include "arcci/glob.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "os/file.h"
#include "release/release.h"
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX   32
#define ENTRIES_MAX 100000

/* A pattern being followed. */
struct search {
    struct arc_glob *glob; /* of what stands behind `root` */
    const char *root;      /* the folders that the pattern names outright: "dist/" */
    bool hidden;           /* names that start with a dot are meant, too, as in a shell */
    json_t *found;         /* paths below it */
    size_t entries;
};

static void close_folder(DIR **folder)
{
    if (*folder)
        closedir(*folder);
}

/* `below` is a folder below the root, "" for the root itself. A link to a file below the root counts
 * as one; what another leads to is not published by a pattern. */
static int walk_folder(struct search *search, const char *below, unsigned depth,
                       struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {.max = 8192}, full = {.max = 8192};
    const char *top = *search->root ? search->root : ".";
    arc_buf_printf(&full, "%s%s", *below ? search->root : top, below);
    ARC_TRY(arc_buf_check(&full, "a path", err));
    __attribute__((cleanup(close_folder))) DIR *folder = opendir(arc_buf_text(&full));

    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        struct stat info;
        bool hidden = *entry->d_name == '.' && !search->hidden;
        if (hidden || ARC_AMONG(entry->d_name, ".", ".."))
            continue;
        arc_buf_reset(&path);
        arc_buf_reset(&full);
        arc_buf_printf(&path, "%s%s%s", below, *below ? "/" : "", entry->d_name);
        arc_buf_printf(&full, "%s%s", search->root, arc_buf_text(&path));
        ARC_TRY(arc_buf_check(&path, "a path", err));
        ARC_TRY(arc_buf_check(&full, "a path", err));

        if (++search->entries > ENTRIES_MAX || depth > DEPTH_MAX)
            return arc_error_set(err, ARC_ELIMIT, "more than %d entries, or %d levels, below %s",
                                 ENTRIES_MAX, DEPTH_MAX, top);
        if (lstat(arc_buf_text(&full), &info) != 0)
            continue;
        if (S_ISDIR(info.st_mode))
            ARC_TRY(walk_folder(search, arc_buf_text(&path), depth + 1, err));
        if (arc_file_kind_in(search->root, arc_buf_text(&path)) != ARC_FILE_REGULAR ||
            !arc_glob_match(search->glob, arc_buf_text(&path), path.len))
            continue;

        json_t *item = json_string(arc_buf_text(&path));
        if (!item)
            return arc_error_set(err, ARC_EINPUT, "--asset: a file's name below %s is not UTF-8",
                                 search->root);
        ARC_TRY(arc_json_append(search->found, item, err));
    }

    return ARC_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
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
    struct search search = {.glob = glob,
                            .root = root,
                            .hidden = pattern[plain] == '.' || strstr(pattern + plain, "/."),
                            .found = found};
    ARC_TRY(walk_folder(&search, "", 0, err));
    size_t count = json_array_size(found);
    ARC_AUTO_FREE const char **paths = calloc(count + 1, sizeof *paths);
    ARC_TRY_ALLOC(paths, err);
    if (!count)
        return arc_error_set(err, ARC_EINPUT, "--asset: the pattern '%.300s' matches no file",
                             pattern);

    if (pattern != text && count > 1)
        return arc_error_set(err, ARC_EINPUT,
                             "--asset: '%.300s' matches %zu files, which cannot have one name",
                             text, count);

    for (size_t i = 0; i < count; i++)
        paths[i] = json_string_value(json_array_get(found, i));
    qsort(paths, count, sizeof *paths, by_bytes);

    for (size_t i = 0; i < count; i++) /* with the name in front */
        ARC_TRY(arc_json_append(
            out, json_sprintf("%.*s%s%s", (int)(pattern - text), text, root, paths[i]), err));

    return ARC_OK;
}
