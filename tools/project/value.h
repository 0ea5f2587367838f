/* A value in a file at a commit. */
#pragma once

#include "arcci/project.h"
#include "config/file_value.h"
#include "git/git.h"

/* Reads the value at a place in a commit (NULL: the work tree) of an open project. *out, owned by
 * the caller, is NULL if there is no such file or value, or it is in Git LFS. ARC_EWORLD if the
 * clone lacks the file and cannot fetch it. */
int arc_project_value_at(struct arc_project *project, const struct arc_file_place *place,
                         const struct arc_oid *commit, char **out, struct arc_error *err);
