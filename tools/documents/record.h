/* Structs as JSON objects and back, by a table of their members. */
#pragma once

#include "arcci/documents.h"

enum arc_member_kind {
    ARC_MEMBER_TEXT,   /* char * */
    ARC_MEMBER_FLAG,   /* bool */
    ARC_MEMBER_CHOICE, /* enum: an index of `words`, which end with NULL */
    ARC_MEMBER_SIZE,   /* int64_t, 0 or more; -1: null */
    ARC_MEMBER_NUMBER, /* double, 0 or more; -1: null */
    ARC_MEMBER_STATE,  /* int, 1 or 0 for true and false; -1: null */
    ARC_MEMBER_TEXTS,  /* char **, a list of texts */
    ARC_MEMBER_PAIRS,  /* struct arc_pair *, an object of texts */
    ARC_MEMBER_OBJECT, /* pointer to a struct of `record` */
    ARC_MEMBER_LIST,   /* pointer to structs of `record`, their number at `count` */
};

/* What a text has to look like. */
struct arc_form {
    bool (*holds)(const char *text);
    const char *expected; /* "a digest, sha256:<64 hex>" */
};

struct arc_member {
    const char *name;
    enum arc_member_kind kind;
    bool optional; /* null, or not there, is "none" or "not known" */
    bool sparse;   /* optional, and not written when there is nothing */
    size_t offset;
    size_t count;                    /* offset of a list's number of elements */
    const struct arc_record *record; /* of an object or of each element */
    const char *const *words;
    const struct arc_form *form; /* of a text, or of each text of a list; NULL: any */
};

struct arc_record {
    const char *document; /* kind of the document; NULL for a part of one */
    size_t size;
    const struct arc_member *fields; /* in the order in which they are written; end with {0} */
};

/* For the tables: where a member is; what a list is of, and where its number of elements is; a part
 * of a document. */
#define AT(type, member)       .offset = offsetof(struct type, member)
#define LIST(of, type, number) .record = &(of), .count = offsetof(struct type, number)
#define RECORD(type, table)                                                                        \
    {                                                                                              \
        .size = sizeof(struct type), .fields = (table)                                             \
    }

extern const struct arc_record arc_version_record; /* a plan holds one, too */

extern const struct arc_form arc_form_digest;   /* "sha256:<64 hex>" */
extern const struct arc_form arc_form_revision; /* 40 or 64 hexadecimal digits */

/* Fills *out, which starts with its memory, need not be zeroed, and is on an error. ARC_EINPUT with the
 * member's path for what is missing, unknown, or not of its type and form. */
int arc_document_load(const struct arc_record *record, const json_t *json, void *out,
                      struct arc_error *err);

/* Frees what such a struct points to; NULL is fine. */
void arc_document_free(void *document, size_t size);

/* Fills *out, which need not be zeroed, with a copy of all of *in. */
int arc_record_copy(const struct arc_record *record, const void *in, struct arc_arena *memory,
                    void *out, struct arc_error *err);

/* *out is a new reference. */
int arc_record_write(const struct arc_record *record, const void *in, json_t **out,
                     struct arc_error *err);
