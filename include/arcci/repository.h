/* The facts about the repository that versions and plans rest on. */
#ifndef ARCCI_REPOSITORY_H
#define ARCCI_REPOSITORY_H

#include "arcci/env.h"
#include "arcci/error.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Strings and documents are owned. */
struct arc_repository {
    char *root;          /* absolute path of the work tree, no slash at the end */
    char revision[65];   /* the commit, in hexadecimal digits */
    char *revision_from; /* "tag messaging/v0.1.0", "HEAD (the tag does not exist yet)", … */
    int64_t committed;   /* its time, seconds since 1970 */
    char *source;        /* "https://github.com/owner/name" without user or password, or NULL */
    json_t *tags;        /* array of all tag names; NULL when they are not known */
    char *tags_unknown;  /* why they are not known, or NULL */
    bool shallow;        /* history is cut */
};

/* Reads the facts of the repository that env->cwd lies in. The commit is the tag's, if `tag` (may
 * be NULL) exists, else HEAD. The tags are the local ones; a shallow clone, which lacks them
 * (actions/checkout), asks the remote (`git ls-remote --tags origin`), and where that fails they
 * are not known. The source is GITHUB_SERVER_URL/GITHUB_REPOSITORY, else the remote `origin`.
 * ARC_ENOTFOUND when there is no repository or no commit. */
int arc_repository_read(const struct arc_env *env, const char *tag, struct arc_repository *out,
                        struct arc_error *err);
void arc_repository_free(struct arc_repository *repository);

#endif
