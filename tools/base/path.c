#include "base/path.h"
#include "base/text.h"

int arc_path_resolve(const char *base, const char *path, char **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf whole = {.max = 8192}, at = {.max = 8192};

    *out = NULL;
    arc_buf_printf(&whole, "%s/%s", base, path);
    bool within = *path != '/' && arc_text_path(&at, arc_buf_text(&whole));
    ARC_TRY(arc_buf_check(&whole, "a path", err));
    ARC_TRY(arc_buf_check(&at, "a path", err));

    if (!within)
        return ARC_OK;
    return arc_text_copy(at.len ? at.data : ".", out, err);
}

const char *arc_path_below(const char *directory, const char *path)
{
    size_t len = strlen(directory);

    if (strcmp(directory, ".") == 0)
        return path;
    if (strncmp(path, directory, len) != 0 || (path[len] && path[len] != '/'))
        return NULL;

    return path + len + (path[len] == '/');
}

bool arc_path_enter(const char *directory, const char **path, size_t *len)
{
    size_t own = strlen(directory);

    if (!own)
        return true;
    if (*len <= own + 1 || strncmp(*path, directory, own) != 0 || (*path)[own] != '/')
        return false;
    *path += own + 1;
    *len -= own + 1;

    return true;
}

void arc_path_relative(const char *directory, const char *path, struct arc_buf *out)
{
    size_t len = strcmp(directory, ".") == 0 ? 0 : strlen(directory);

    while (len && (strncmp(path, directory, len) != 0 || path[len] != '/')) {
        arc_buf_puts(out, "../");
        while (len && directory[--len] != '/') /* its parent */
            ;
    }

    arc_buf_puts(out, len ? path + len + 1 : path);
}

bool arc_path_goes_up(const char *path)
{
    arc_each_piece (part, path, "/")
        if (arc_text_is(part.text, part.len, ".."))
            return true;
    return false;
}

const char *arc_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *arc_path_parent(struct arc_arena *memory, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return arc_arena_text(memory, ".");
    return arc_arena_cut(memory, path, (size_t)(slash - path));
}

char *arc_path_join(struct arc_arena *memory, const char *directory, const char *name)
{
    if (strcmp(directory, ".") == 0)
        return arc_arena_text(memory, name);
    return arc_arena_printf(memory, "%s/%s", directory, name);
}

bool arc_path_is_ssh(const char *path)
{
    size_t user = 0, host = 0;

    while (arc_is_word(path[user]) || path[user] == '-')
        user++;
    if (!user || path[user] != '@')
        return false;

    path += user + 1;
    while (arc_is_alnum(path[host]) || path[host] == '-' || path[host] == '.')
        host++;

    return host && path[host] == ':';
}

void arc_path_to_glob(struct arc_buf *out, const char *path)
{
    for (; *path; path++)
        if (*path == '\\') /* two of them are one in some patterns, and none in others */
            arc_buf_puts(out, "[\\\\]");
        else
            arc_buf_printf(out, strchr("*?[]{}()!+@|^$\"", *path) ? "\\%c" : "%c", *path);
}
