/* Stage documents read from files. */
#ifndef ARCCI_FLOW_DOCUMENTS_H
#define ARCCI_FLOW_DOCUMENTS_H

#include "arcci/error.h"
#include <jansson.h>

/* Longest document that is read, in bytes. */
#define ARC_DOCUMENT_MAX ((size_t)64 << 20)

/* Reads a JSON object from a file, or from stdin for "-". ARC_ENOTFOUND if there is no such file;
 * ARC_EINPUT with file:line:column if it is no JSON object (duplicate names included); ARC_ELIMIT
 * beyond ARC_DOCUMENT_MAX. *out is a new reference. */
int arc_document_read(const char *path, json_t **out, struct arc_error *err);

#endif
