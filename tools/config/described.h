/* Groups whose services are defined by a bake file or a compose file. */
#pragma once

#include "config/fields.h"

/* Fills the services of a group that has a `bake` or `compose` section from what `docker buildx
 * bake --print` or `docker compose config` says: a target with tags, a service with a build section
 * and an image, is one. What others start from and what has no tag becomes one that is linked only.
 * Variables get values from `version` (version.json, with `revision`, `sha` and `sha7` beside it;
 * NULL: they keep their defaults); the child sees no other variable of the environment than it
 * needs, since such a file prints what it is given. Services that are there are made anew.
 * ARC_EWORLD without docker; ARC_EINPUT when docker refuses the file, or it says what a plan cannot
 * carry. */
int arc_described_resolve(const struct arc_loading *l, const struct arc_env *env,
                          struct arc_group *group, const json_t *version);

/* Whether a target is among those asked for, the keys of an object; without any, all are. */
static inline bool arc_described_asks(const json_t *asked, const char *name)
{
    return !json_object_size(asked) || json_object_get(asked, name);
}

/* Reads what `docker compose config` printed: each service that is asked for or started from, and
 * has a build section, becomes a target as `docker buildx bake --print` has it, under Compose's
 * names and with its meaning: `image` and `build.tags` are its tags, `platform` is its platform
 * where the build has none, paths are relative to `root` again. *out is a new reference. ARC_EINPUT
 * for what a plan cannot carry. */
int arc_compose_targets(const char *root, const struct arc_buf *text, const json_t *asked,
                        json_t **out, struct arc_error *err);

/* Whether this is docker's error for a missing plugin, buildx or compose, in the words of any
 * version. */
bool arc_docker_lacks_plugin(const char *said);

/* Whether buildx treats a file as a bake file because of its name; any other may be a compose
 * file. */
bool arc_bake_is_hcl(const char *file);

/* Adds the files that these include or extend, and the .env beside the first one (`by_bake`: in the
 * root), whose changes count too. `given` (may be NULL) receives files for containers' variables
 * and labels, which builds do not use. ARC_EINPUT for a file outside the repository, by path or
 * link. */
int arc_compose_files(const struct arc_loading *l, bool by_bake, char ***files, char ***given);

/* Lists the existing files that define a group's services and, as arc_compose_files(), what else
 * Compose reads. The list is valid even after an error. */
int arc_described_files(const struct arc_loading *l, const struct arc_group *group, char ***files,
                        char ***given);

/* Escapes every string below a value for a bake file: HCL expands "${" and "%{" in JSON strings
 * unless "$" and "%" are doubled (HCL's JSON syntax specification, "Expressions"). `back`:
 * unescapes. Returns 0, or another value when out of memory. */
int arc_bake_escape(json_t *value, bool back);

/* The attributes, with their type, of a target's output that is an image; else NULL. buildx prints
 * text, "type=image,name=…", since 0.20 an object. Owned by the loading's memory. */
char *arc_bake_image_output(const struct arc_loading *l, const json_t *output);

/* Appends a target (from bake --print) to the group's services. `linked`: it gets no tag, since it
 * was not requested. `files` define it, so a change of them changes it. ARC_EINPUT for what a plan
 * cannot represent. */
int arc_bake_add_target(const struct arc_loading *l, struct arc_group *group, const char *name,
                        const json_t *target, bool linked, char **files, const json_t *version);
