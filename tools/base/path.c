#include "base/path.h"
#include "arcci/buf.h"
#include "base/auto.h"
#include "base/text.h"
#include <string.h>

/* Takes the last part away; false when there is none left. */
static bool climb(struct arc_buf *path)
{
    if (!path->len)
        return false;
    char *slash = strrchr(path->data, '/');
    path->len = slash ? (size_t)(slash - path->data) : 0;
    path->data[path->len] = '\0';
    return true;
}

/* Walks along a relative path; false when it leaves the root. */
static bool walk_parts(struct arc_buf *at, const char *path)
{
    while (*path) {
        size_t part = strcspn(path, "/");
        bool up = part == 2 && memcmp(path, "..", 2) == 0;
        bool here = !part || (part == 1 && *path == '.');
        if (up && !climb(at))
            return false;
        if (!up && !here)
            arc_buf_printf(at, "%s%.*s", at->len ? "/" : "", (int)part, path);
        path += part + (path[part] == '/');
    }

    return true;
}

int arc_path_resolve(const char *base, const char *path, char **out, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf at = {.max = 8192};
    *out = NULL;
    if (*path == '/' || !walk_parts(&at, base) || !walk_parts(&at, path))
        return ARC_OK;
    ARC_TRY(arc_buf_check(&at, "a path", err));
    return arc_text_copy(at.len ? at.data : ".", out, err);
}
