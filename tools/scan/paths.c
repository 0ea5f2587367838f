#include "scan/paths.h"
#include "base/text.h"
#include "os/file.h"
#include <limits.h>

/* The absolute path, links resolved, of what was scanned; for a file, of its folder. False if it is
 * not here. */
static bool locate_target(const char *artifact, const struct arc_env *env, char out[PATH_MAX])
{
    ARC_AUTO_FREE char *path = arc_file_join(env->cwd, artifact);
    if (!path || !realpath(path, out))
        return false;
    if (arc_file_kind(out) != ARC_FILE_DIRECTORY)
        *strrchr(out, '/') = '\0';
    return true;
}

int scan_find_prefixes(struct findings *findings, const char *root, const struct arc_env *env,
                       struct arc_error *err)
{
    char top[PATH_MAX];
    const char *place = arc_or(root, env->cwd);
    bool rooted = realpath(arc_or(place, "."), top) != NULL;

    arc_each (target, findings->targets, findings->target_count) {
        const char *artifact = target->artifact;
        char path[PATH_MAX];
        bool inside = true;
        ARC_AUTO(arc_buf) struct arc_buf text = {.max = PATH_MAX};
        if (target->error || !findings_is_folder(target))
            continue;

        /* The path from the root to what was scanned, links resolved; "" if unknown, since it may
         * have been scanned elsewhere. */
        if (locate_target(artifact, env, path)) {
            size_t len = rooted ? strlen(top) : 0;
            if (rooted && strncmp(path, top, len) == 0 && (!path[len] || path[len] == '/'))
                inside = arc_text_path(&text, path + len);
        } else if (*artifact != '/' && !strstr(artifact, "://")) {
            inside = arc_text_path(&text, artifact);
        }
        if (!inside)
            arc_buf_reset(&text);

        ARC_TRY(arc_buf_check(&text, target->report, err));
        target->prefix = findings_string(findings, arc_buf_text(&text));
        bool here = rooted && strcmp(artifact, top) == 0;
        if (*artifact == '/' && (text.len || here))
            target->artifact = findings_string(findings, here ? "." : arc_buf_text(&text));
        ARC_TRY_ALLOC(!findings->failed, err);
    }

    return ARC_OK;
}

size_t scan_name_length(const char *reference)
{
    size_t len = strcspn(reference, "@"), name = len;
    while (name > 0 && reference[name - 1] != '/')
        name--;
    const char *colon = memchr(reference + name, ':', len - name); /* before it, one is a port's */
    return colon ? (size_t)(colon - reference) : len;
}

void scan_add_uri(struct arc_buf *out, const char *path)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    arc_text_path(&text, path);
    const char *at = arc_buf_text(&text);
    while (ARC_STARTS(at, "../"))
        at += 3;

    arc_text_encode_except(out, *at && strcmp(at, "..") != 0 ? at : ".", "-._~/@+");
    out->failed = arc_or(out->failed, text.failed);
}
