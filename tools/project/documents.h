/* Stage documents read from files, or given as text. */
#pragma once

#include "arcci/buf.h"
#include <jansson.h>

/* Longest document that is read, in bytes. */
#define ARC_DOCUMENT_MAX ((size_t)64 << 20)

/* A document as one job hands it to the next: on one line, and packed (gzip, base64) where that is
 * long, since GitHub takes 1 MiB of all outputs of a job. *out is a new string. */
int arc_document_pack(const json_t *document, char **out, struct arc_error *err);

/* Appends the text of a document, unpacked where it was packed. */
int arc_document_unpack(const char *text, size_t len, struct arc_buf *out, struct arc_error *err);

/* Reads a JSON object, packed or not: `where` is the object itself if it starts like one (an output
 * of another job reaches a command by its environment), stdin for "-", else a file's path.
 * ARC_ENOTFOUND if there is no such file; ARC_EINPUT with file:line:column if it is no JSON object
 * (duplicate names included); ARC_ELIMIT beyond ARC_DOCUMENT_MAX. *out is a new reference. */
int arc_document_read(const char *where, json_t **out, struct arc_error *err);

/* The same for the document of a stage; where there is no such file, says which command writes
 * it. */
int arc_document_of_stage(const char *command, const char *where, json_t **out,
                          struct arc_error *err);

/* Why an output of an earlier job may be missing (runner, JobExtension.cs). */
#define ARC_OUTPUT_DROPPED                                                                             \
    "where that job's log says \"Skip output … since it may contain secret\", GitHub dropped it: a " \
    "secret's value stands in it, often a common word such as true or a registry's name"
