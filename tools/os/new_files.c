#include "os/new_files.h"
#include "base/auto.h"
#include "base/json.h"
#include "os/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes a folder below the root unless it exists; it must not be a link. */
static int make_folder(const char *root, const char *path, json_t *made, struct arc_error *err)
{
    ARC_AUTO_FREE char *full = arc_file_join(root, path);
    ARC_TRY_ALLOC(full, err);
    ARC_TRY(arc_json_append(made, json_string(path), err));

    int why = mkdir(full, 0777) == 0 ? 0 : errno;
    if (why)
        json_array_remove(made, json_array_size(made) - 1);
    if (why && why != EEXIST)
        return arc_error_set(err, ARC_EWORLD, "cannot make the folder %s: %s", path, strerror(why));

    if (!arc_file_is_folder(full))
        return arc_error_set(err, ARC_EINPUT, "%s is not a folder of the repository", path);

    return ARC_OK;
}

static int make_folders(const char *root, const char *path, json_t *made, struct arc_error *err)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        ARC_AUTO_FREE char *folder = strndup(path, (size_t)(slash - path));
        ARC_TRY_ALLOC(folder, err);
        ARC_TRY(make_folder(root, folder, made, err));
    }

    return ARC_OK;
}

static int write_new(const char *root, const json_t *file, json_t *made, struct arc_error *err)
{
    const char *path = arc_json_text_of(file, "path"), *text = arc_json_text_of(file, "text");
    ARC_TRY(make_folders(root, path, made, err));
    ARC_TRY(arc_json_append(made, json_string(path), err));

    int fd = arc_file_open_in(root, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
    bool written = fd >= 0 && arc_file_write_all(fd, text, strlen(text));
    int why = errno;

    if (fd < 0)
        json_array_remove(made, json_array_size(made) - 1);
    if (fd >= 0 && close(fd) != 0 && written) {
        written = false;
        why = errno;
    }

    if (!written)
        return arc_error_set(err, ARC_EWORLD, "cannot write %s: %s", path, strerror(why));

    return ARC_OK;
}

int arc_files_make(const char *root, const json_t *files, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *made = json_array();
    int rc = ARC_OK;

    ARC_TRY_ALLOC(made, err);
    arc_json_each (file, files)
        rc = arc_or(rc, write_new(root, file, made, err));

    for (size_t left = json_array_size(made); rc && left--;) {
        ARC_AUTO_FREE char *full =
            arc_file_join(root, json_string_value(json_array_get(made, left)));
        if (full)
            (void)remove(full);
    }

    return rc;
}
