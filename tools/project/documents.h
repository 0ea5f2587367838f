/* Documents of stages, from files or given as text. */
#pragma once

#include "arcci/buf.h"
#include <jansson.h>

/* Longest document that is read, in bytes. */
#define ARC_DOCUMENT_MAX ((size_t)64 << 20)

/* A document as one job passes it to the next: on one line, packed (gzip, base64) if that is long,
 * since GitHub accepts 1 MiB for all outputs of a job. *out is a new string. */
int arc_document_pack(const json_t *document, char **out, struct arc_error *err);

/* Appends the text of a document, unpacked if necessary. */
int arc_document_unpack(const char *text, size_t len, struct arc_buf *out, struct arc_error *err);

/* Reads a JSON object, packed or not. `where` is the object itself if it starts like one (outputs
 * of other jobs arrive in the environment), "-" for stdin, else a file's path. ARC_ENOTFOUND if
 * there is no such file; ARC_EINPUT with file:line:column if it is not a JSON object or has
 * duplicate names; ARC_ELIMIT beyond ARC_DOCUMENT_MAX. *out is a new reference. */
int arc_document_read(const char *where, json_t **out, struct arc_error *err);

/* The same for the document of a stage; if there is no such file, the error names the command that
 * writes it. */
int arc_document_of_stage(const char *command, const char *where, json_t **out,
                          struct arc_error *err);

/* Reads an event's payload from a file. Errors as arc_event_load(). *out is a new reference, set even
 * if it is no object. */
int arc_event_payload(const char *path, json_t **out, struct arc_error *err);

/* Why an earlier job's output may be missing (runner, JobExtension.cs). */
#define ARC_OUTPUT_DROPPED                                                                             \
    "where that job's log says \"Skip output … since it may contain secret\", GitHub dropped it: a " \
    "secret's value stands in it, often a common word such as true or a registry's name"
