/* What stood in a file at a commit. */
#pragma once

#include "arcci/project.h"
#include "config/file_value.h"
#include "git/git.h"

/* The value in a place of a commit (NULL: of the work tree); *out (owned by the caller) is NULL
 * where there was no such file or value, or Git LFS has it. The project is open. ARC_EWORLD when
 * the clone lacks the file and it cannot be fetched. */
int arc_project_value_at(struct arc_project *project, const struct arc_file_place *place,
                         const struct arc_oid *commit, char **out, struct arc_error *err);
