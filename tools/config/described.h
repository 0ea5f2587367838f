/* Groups whose services a file of docker's says: a bake file or a compose file. */
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

/* Reads what `docker compose config` printed: each service with a build section becomes a target as
 * `docker buildx bake --print` has it, under Compose's names and with its meaning: `image` and
 * `build.tags` are its tags, `platform` is its platform where the build has none, paths are
 * relative to `root` again. *out is a new reference. ARC_EINPUT for what a plan cannot carry. */
int arc_compose_targets(const char *root, const struct arc_buf *text, json_t **out,
                        struct arc_error *err);

/* Whether this is what docker says without the plugin that it was to run, buildx or compose; each of
 * its versions has words of its own. */
bool arc_docker_lacks_plugin(const char *said);

/* Whether buildx takes a file for bake's own, by its name; any other may be a compose file. */
bool arc_bake_is_hcl(const char *file);

/* Adds to the files those that they include or extend, and the .env beside the first one
 * (`by_bake`: in the root): what is in them counts as well. `given` (may be NULL) gets those that
 * Compose reads for a container's variables and labels, which no build gets. ARC_EINPUT for one
 * that Compose would read and that lies elsewhere, by its path or by a link. */
int arc_compose_files(const struct arc_loading *l, bool by_bake, char ***files, char ***given);

/* Lists the files that say what a group's services are, and, as arc_compose_files(), what else
 * Compose reads: as far as they are there, whatever it returns. */
int arc_described_files(const struct arc_loading *l, const struct arc_group *group, char ***files,
                        char ***given);

/* Makes every string below a value mean itself in a bake file: HCL expands "${" and "%{" in JSON
 * strings too, unless "$" and "%" are doubled (HCL's JSON syntax specification, "Expressions").
 * `back`: takes that off again. 0, or it is out of memory. */
int arc_bake_escape(json_t *value, bool back);

/* The attributes of an output of a target, if that is an image: with their type. NULL: it is none.
 * buildx prints a text, "type=image,name=…", since 0.20 an object. The loading's memory owns it. */
char *arc_bake_image_output(const struct arc_loading *l, const json_t *output);

/* Appends a target (of bake --print) to the group's services. `linked`: it gets no tag, since
 * nobody asked for it. `files` are where it stands; a change of them is one of its own. ARC_EINPUT
 * for what a plan cannot carry. */
int arc_bake_add_target(const struct arc_loading *l, struct arc_group *group, const char *name,
                        const json_t *target, bool linked, char **files, const json_t *version);
