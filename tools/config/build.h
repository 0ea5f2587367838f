/* The `build` section of services and groups. */
#pragma once

#include "config/fields.h"
#include "config/file_value.h"

/* Where a file says that something lies. */
struct arc_place_base {
    const char *folder;    /* of the file itself, "" for the root: paths are relative to it */
    const char *directory; /* of the service, for {directory} in a value's file; NULL: not known */
};

/* Reads a `build` section (NULL: none) into *out, which is zeroed. Local paths, which the file has
 * relative to its own directory, become relative to the root; the
 * Dockerfile stays as it is written until arc_recipe_complete(). ARC_EINPUT with the place for what
 * Compose does not know, and for a path out of the repository. */
int arc_recipe_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                    const struct arc_place_base *base, struct arc_recipe *out);

/* Gives the arguments of a recipe that are not known yet (NULL) the values that stand in files, as
 * `args` of the node says. */
int arc_args_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                  const struct arc_place_base *base, struct arc_recipe *recipe);

/* What a `build` section may say under this name, a member of struct arc_recipe; NULL: nothing. */
const struct arc_field *arc_recipe_field(const char *name);

/* Reads {file, at}: where a value stands; the file is made relative to the root. *value is the one
 * that stands there; `what` names it in messages. */
int arc_place_read(const struct arc_loading *l, const struct arc_yaml_node *node, const char *what,
                   const struct arc_place_base *base, struct arc_file_place *out, char **value);

/* Takes over what `own` does not say from `given`: texts and whole lists, single pairs. Lists that
 * neither has become empty. */
int arc_recipe_inherit(const struct arc_loading *l, struct arc_recipe *own,
                       const struct arc_recipe *given);

/* Puts the service's names for {codename}, {name} and {directory} in the context, the Dockerfile
 * and the target; ones that are not known yet are NULL and stay. */
int arc_recipe_place(const struct arc_loading *l, struct arc_recipe *recipe, const char *codename,
                     const char *name, const char *directory);

/* The same in the caches, of which each variant of a service has its own. */
int arc_recipe_place_caches(const struct arc_loading *l, struct arc_recipe *recipe,
                            const char *codename, const char *name, const char *directory);

/* Fills in what was left out for a service that lies in `directory`, and makes the Dockerfile
 * relative to the root: a name that was given is below the context, as Compose has it, one that was
 * not is the directory's. ARC_EINPUT when it leads out of the repository. */
int arc_recipe_complete(const struct arc_loading *l, struct arc_recipe *recipe,
                        const char *directory);

/* A path relative to `base` from the root; *out is NULL where it is absolute or leads out of the
 * repository. */
int arc_path_from_root(const struct arc_loading *l, const char *base, const char *path, char **out);

/* The variable that a secret comes from, "" for one of a file: "id=npm,env=NPM_TOKEN", or
 * "id=NPM_TOKEN" (docs of buildx, "--secret"). */
#define ARC_VARIABLE_MAX 255
void arc_secret_variable(const char *secret, char out[ARC_VARIABLE_MAX + 1]);

/* Appends a sentence about the variables without a value that a recipe's secrets come from: of
 * those BuildKit makes empty secrets, without a word. Nothing where there are none. */
void arc_recipe_lacks(const struct arc_recipe *recipe, const struct arc_env *env,
                      struct arc_buf *out);

/* Everything of the work tree `root` that goes into an image: its context, its Dockerfile and the
 * ignore file of that, there or not, its other contexts, and what these are links to. Appended to
 * *out, in `memory`. What BuildKit fetches is no matter of the work tree. */
int arc_recipe_places(const char *root, const char *context, const char *dockerfile,
                      const struct arc_pair *other, struct arc_arena *memory, char ***out,
                      struct arc_error *err);

/* Whether the files of secrets and ssh keys lie in the work tree `root`. ARC_EINPUT for one that
 * leads out of it, by its path or by a link. */
int arc_recipe_check_files(const char *root, const struct arc_recipe *recipe,
                           struct arc_error *err);

/* Whether a context is fetched or made by BuildKit rather than lying in the repository. */
bool arc_context_is_remote(const char *context);

/* Shortens an image's name to what arc_image_familiar() says of it. */
void arc_image_familiarize(char *name);
