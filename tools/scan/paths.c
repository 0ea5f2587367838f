#include "scan/paths.h"
#include "base/auto.h"
#include "os/file.h"
#include <limits.h>
#include <string.h>

bool scan_is_folder(const struct scan_target *target)
{
    return strcmp(target->kind, "filesystem") == 0 || strcmp(target->kind, "repository") == 0;
}

/* The absolute path of what was scanned, without links; false where it is not here (a report that
 * was made elsewhere). A file stands for its folder. */
static bool locate(const char *artifact, const struct arc_env *env, char out[PATH_MAX])
{
    ARC_AUTO_FREE char *path = arc_file_join(env->cwd, artifact);
    if (!path || !realpath(path, out))
        return false;
    if (arc_file_kind(out) != ARC_FILE_DIRECTORY)
        *strrchr(out, '/') = '\0';
    return true;
}

/* "./services//x/" as "services/x"; NULL when it leads elsewhere. */
static int clean(struct arc_buf *out, const char *path)
{
    for (size_t len; *path; path += len) {
        path += strspn(path, "/");
        len = strcspn(path, "/");
        if (len == 2 && memcmp(path, "..", 2) == 0)
            return -1;
        if (len && !(len == 1 && *path == '.'))
            arc_buf_printf(out, "%.*s/", (int)len, path);
    }
    return 0;
}

static int find_prefix(const struct scan_target *target, const char *root,
                       const struct arc_env *env, struct arc_buf *out)
{
    char path[PATH_MAX];
    size_t len = root ? strlen(root) : 0;
    bool here = locate(target->artifact, env, path);
    if (!here)
        return *target->artifact == '/' || strstr(target->artifact, "://")
                   ? 0
                   : clean(out, target->artifact);
    if (!root || strncmp(path, root, len) != 0 || (path[len] && path[len] != '/'))
        return 0;
    return clean(out, path + len);
}

int scan_find_prefixes(struct scan_judged *judged, const struct arc_env *env, struct arc_error *err)
{
    struct findings *findings = &judged->findings;
    char root[PATH_MAX];
    const char *place = judged->options->root ? judged->options->root : env->cwd;
    bool rooted = realpath(place ? place : ".", root) != NULL;
    for (size_t t = 0; t < findings->target_count; t++) {
        struct scan_target *target = &findings->targets[t];
        ARC_AUTO(arc_buf) struct arc_buf text = {.max = PATH_MAX};
        if (target->error || !scan_is_folder(target))
            continue;
        if (find_prefix(target, rooted ? root : NULL, env, &text))
            arc_buf_reset(&text);
        ARC_TRY(arc_buf_check(&text, target->report, err));
        target->prefix = findings_string(findings, arc_buf_text(&text));
        if (text.len)
            text.data[text.len - 1] = '\0';
        bool here = strcmp(target->artifact, root) == 0;
        if (*target->artifact == '/' && (text.len || here))
            target->artifact = findings_string(findings, here ? "." : arc_buf_text(&text));
        if (!target->prefix || !target->artifact)
            return arc_error_nomem(err);
    }
    return ARC_OK;
}

void scan_add_uri(struct arc_buf *out, const char *path)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/@+";
    path += strspn(path, "/");
    for (const unsigned char *at = (const unsigned char *)path; *at; at++)
        if (strchr(plain, *at))
            arc_buf_putc(out, (char)*at);
        else
            arc_buf_printf(out, "%%%02X", *at);
}
