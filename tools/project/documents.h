/* Stage documents read from files, or given as text. */
#ifndef ARC_PROJECT_DOCUMENTS_H
#define ARC_PROJECT_DOCUMENTS_H

#include "arcci/error.h"
#include <jansson.h>

/* Longest document that is read, in bytes. */
#define ARC_DOCUMENT_MAX ((size_t)64 << 20)

/* Reads a JSON object: `where` is the object itself if it starts with '{' (an output of another job
 * reaches a command by its environment), stdin for "-", else a file's path. ARC_ENOTFOUND if there
 * is no such file; ARC_EINPUT with file:line:column if it is no JSON object (duplicate names
 * included); ARC_ELIMIT beyond ARC_DOCUMENT_MAX. *out is a new reference. */
int arc_document_read(const char *where, json_t **out, struct arc_error *err);

#endif
