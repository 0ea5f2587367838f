#include "base/json.h"
#include "base/text.h"
#include "build/verify.h"

#define DEPTH_MAX 16

/* Members of an index, a manifest, a descriptor and an image's configuration (OCI image spec 1.1).
 * The configuration's "config" has capitalized names, of which "Labels" is used here. */
static const char *const known[] = {
    "schemaVersion", "mediaType", "artifactType", "manifests",    "config",
    "layers",        "subject",   "digest",       "platform",     "urls",
    "annotations",   "data",      "os",           "architecture", "os.version",
    "os.features",   "variant",   "rootfs",       "diff_ids",     "Labels",
    "Entrypoint",    "Cmd",       "User",         "size",         "Env",
    "WorkingDir",    "Volumes",   "ExposedPorts", "StopSignal",   "type",
    "created",       "author",    "history"};

/* Whether Go's encoding/json, which docker uses, treats two names as equal: ignoring the case of
 * letters, and for the two other characters that fold to ASCII letters. */
static bool is_same_to_docker(const char *known_name, const char *name)
{
    static const char long_s[] = "\xc5\xbf", kelvin[] = "\xe2\x84\xaa";

    while (*known_name && *name) {
        char letter = *known_name++;
        if (strncasecmp(&letter, name, 1) == 0)
            name++;
        else if ((letter == 's' || letter == 'S') && strncmp(name, long_s, 2) == 0)
            name += 2;
        else if ((letter == 'k' || letter == 'K') && strncmp(name, kelvin, 3) == 0)
            name += 3;
        else
            return false;
    }

    return !*known_name && !*name;
}

static int check(const json_t *value, unsigned depth, struct arc_error *err)
{
    if (depth > DEPTH_MAX)
        return arc_error_set(err, ARC_EFAILED, "is nested more than %d deep", DEPTH_MAX);

    arc_json_each_pair (name, member, value) {
        for (size_t i = 0; i < ARC_COUNT(known); i++)
            if (strcmp(known[i], name) != 0 && is_same_to_docker(known[i], name))
                return arc_error_set(err, ARC_EFAILED,
                                     "has a member '%s', which docker reads as '%s': an image "
                                     "that docker reads differently is not promoted",
                                     name, known[i]);

        bool users = ARC_AMONG(name, "annotations", "Labels", "Volumes", "ExposedPorts");
        if (!users) /* other objects have the user's own names */
            ARC_TRY(check(member, depth + 1, err));
    }

    arc_json_each (item, value)
        ARC_TRY(check(item, depth + 1, err));

    return ARC_OK;
}

int arc_names_check(const json_t *document, struct arc_error *err)
{
    return check(document, 0, err);
}
