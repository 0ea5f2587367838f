/* The `build` section of services and groups. */
#pragma once

#include "config/fields.h"
#include "config/file_value.h"

/* Reads a `build` section (NULL: none) into *out, which must be zeroed. Converts local paths,
 * relative to the file's directory, to paths from the root; the Dockerfile stays as written until
 * arc_recipe_complete(). ARC_EINPUT with the place for keys that Compose does not have, and for
 * paths outside the repository. */
int arc_recipe_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                    struct arc_recipe *out);

/* Reads the values of a recipe's unknown (NULL) arguments from the files that `args` of the node
 * names. */
int arc_args_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                  struct arc_recipe *recipe);

/* The member of struct arc_recipe for a key of a `build` section; NULL: none. */
const struct arc_field *arc_recipe_field(const char *name);

/* Reads {file, at}, the place of a value, with the file relative to the root, and *value, the value
 * there. `what` names it in messages. */
int arc_place_read(const struct arc_loading *l, const struct arc_yaml_node *node, const char *what,
                   struct arc_file_place *out, char **value);

/* Inherits from `given` what `own` lacks: texts and lists as a whole, mappings pair by pair. Lists
 * that both lack become empty. */
int arc_recipe_inherit(const struct arc_loading *l, struct arc_recipe *own,
                       const struct arc_recipe *given);

/* Replaces the known words, such as {codename}, in the context, the Dockerfile and the target. */
int arc_recipe_place(const struct arc_loading *l, struct arc_recipe *recipe,
                     const struct arc_word *words);

/* The same in the caches of a recipe that has inherited and, with `pairs`, in arguments, labels and
 * additional contexts. */
int arc_recipe_fill(const struct arc_loading *l, struct arc_recipe *recipe,
                    const struct arc_word *words, bool pairs);

/* Fills in defaults for a service in `directory`, and makes the Dockerfile relative to the root: a
 * given name is relative to the context, as in Compose; the default is in the directory. ARC_EINPUT
 * if it is outside the repository. */
int arc_recipe_complete(const struct arc_loading *l, struct arc_recipe *recipe,
                        const char *directory);

/* Converts a path relative to `base` to one from the root; *out is NULL if it is absolute or leaves
 * the repository. */
int arc_path_from_root(const struct arc_loading *l, const char *base, const char *path, char **out);

/* The variable that a secret comes from: "id=npm,env=NPM_TOKEN" or "id=NPM_TOKEN" (docs of buildx,
 * "--secret"); "" for a file. */
#define ARC_VARIABLE_MAX 255
void arc_secret_variable(const char *secret, char out[ARC_VARIABLE_MAX + 1]);

/* Appends a sentence about unset variables of a recipe's secrets, if any: BuildKit would silently
 * make empty secrets of them. */
void arc_recipe_lacks(const struct arc_recipe *recipe, const struct arc_env *env,
                      struct arc_buf *out);

/* A sentence about the part of a recipe (may be NULL) that a buildx of this version silently
 * ignores; NULL if none, or if the version is unknown (0.0.0). `version` is "0.13.1" or the output
 * of `docker buildx version`. */
const char *arc_recipe_ignored(const struct arc_recipe *recipe, const char *version);

/* Adds a path of the work tree `root` to *out, in `memory`, unless another one covers it; and the
 * target of a link. */
int arc_place_add(const char *root, const char *path, struct arc_arena *memory, char ***out,
                  struct arc_error *err);

/* Appends every path of the work tree `root` that goes into an image to *out, in `memory`: its
 * contexts, its Dockerfile and ignore file (existing or not), and targets of links. Remote contexts
 * are not part of the work tree. */
int arc_recipe_places(const char *root, const char *context, const char *dockerfile,
                      const struct arc_pair *other, struct arc_arena *memory, char ***out,
                      struct arc_error *err);

/* Checks that the files of secrets and ssh keys are in the work tree `root`. ARC_EINPUT for one
 * outside, by path or link. */
int arc_recipe_check_files(const char *root, const struct arc_recipe *recipe,
                           struct arc_error *err);

/* Whether BuildKit fetches or makes a context instead of reading its files from the repository. */
bool arc_context_is_remote(const char *context);

/* The folder of a context "oci-layout://FOLDER:TAG" or "oci-layout://FOLDER@DIGEST"; NULL for
 * others. */
char *arc_context_layout(const char *context, struct arc_arena *memory);

/* A context as the definition has it: paths below `base`, and those of cwd:// and oci-layout://, are
 * from the root then. *out is NULL if it leads out of the repository. */
int arc_context_from_root(const struct arc_loading *l, const char *base, const char *context,
                          char **out);

/* Shortens an image's name to its familiar form: arc_image_familiar(). */
void arc_image_familiarize(char *name);
