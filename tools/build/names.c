#include "build/names.h"
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 16

/* Members of an index, a manifest, a descriptor and an image's configuration (OCI image spec 1.1).
 * The configuration's own "config" has names with capitals, of which "Labels" is read here. */
static const char *const known[] = {
    "schemaVersion", "mediaType", "artifactType", "manifests",    "config",
    "layers",        "subject",   "digest",       "platform",     "urls",
    "annotations",   "data",      "os",           "architecture", "os.version",
    "os.features",   "variant",   "rootfs",       "diff_ids",     "Labels",
    "Entrypoint",    "Cmd",       "User"};

/* Maps whose names are the user's own. */
static bool is_free(const char *name)
{
    static const char *const names[] = {"annotations", "Labels", "Volumes", "ExposedPorts"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static int check_name(const char *name, struct arc_error *err)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcasecmp(known[i], name) == 0 && strcmp(known[i], name) != 0)
            return arc_error_set(err, ARC_EFAILED,
                                 "has a member '%s', which docker reads as '%s': no image is "
                                 "promoted that means something else there",
                                 name, known[i]);
    return ARC_OK;
}

static int check(const json_t *value, unsigned depth, struct arc_error *err)
{
    const char *name;
    json_t *member;
    size_t i;
    int rc = ARC_OK;
    if (depth > DEPTH_MAX)
        return arc_error_set(err, ARC_EFAILED, "is nested more than %d deep", DEPTH_MAX);
    json_object_foreach ((json_t *)value, name, member) {
        rc = rc ? rc : check_name(name, err);
        rc = rc || is_free(name) ? rc : check(member, depth + 1, err);
    }
    json_array_foreach (value, i, member)
        rc = rc ? rc : check(member, depth + 1, err);
    return rc;
}

int arc_names_check(const json_t *document, struct arc_error *err)
{
    return check(document, 0, err);
}
