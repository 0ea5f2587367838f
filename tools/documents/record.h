/* Converts structs to JSON objects and back, by a table of their members. */
#pragma once

#include "arcci/documents.h"

enum arc_member_kind {
    ARC_MEMBER_TEXT,   /* char * */
    ARC_MEMBER_FLAG,   /* bool */
    ARC_MEMBER_CHOICE, /* enum: an index into the NULL-terminated `words` */
    ARC_MEMBER_SIZE,   /* int64_t, 0 or more; -1: null */
    ARC_MEMBER_NUMBER, /* double, 0 or more; -1: null */
    ARC_MEMBER_STATE,  /* int, 1 or 0 for true and false; -1: null */
    ARC_MEMBER_TEXTS,  /* char **, a list of texts */
    ARC_MEMBER_PAIRS,  /* struct arc_pair *, an object of texts */
    ARC_MEMBER_OBJECT, /* pointer to a struct of `record` */
    ARC_MEMBER_LIST,   /* pointer to structs of `record`, with their number at `count` */
};

/* The form of a text. */
struct arc_form {
    bool (*holds)(const char *text);
    const char *expected; /* "a digest, sha256:<64 hex>" */
};

struct arc_member {
    const char *name;
    enum arc_member_kind kind;
    bool optional; /* null or missing means "none" or "unknown" */
    bool sparse;   /* optional, and not written if empty */
    bool key;      /* a text that tells the items of a list apart, alone or with other keys */
    size_t offset;
    size_t count;                    /* offset of a list's length */
    const struct arc_record *record; /* of an object or of each item */
    const char *const *words;
    const struct arc_form *form; /* of a text, or of each text in a list; NULL: any */
};

struct arc_record {
    const char *document; /* the document's kind; NULL for a part of a document */
    size_t size;
    const struct arc_member *fields; /* in the order of writing; end with {0} */
};

/* For the tables: a member's offset; a list's record and the offset of its length; a part of a
 * document. */
#define AT(type, member)       .offset = offsetof(struct type, member)
#define LIST(of, type, number) .record = &(of), .count = offsetof(struct type, number)
#define RECORD(type, table)                                                                        \
    {                                                                                              \
        .size = sizeof(struct type), .fields = (table)                                             \
    }

extern const struct arc_record arc_version_record; /* also part of a plan */

extern const struct arc_form arc_form_digest;   /* "sha256:<64 hex>" */
extern const struct arc_form arc_form_revision; /* 40 or 64 hexadecimal digits */

/* Fills *out, a struct that starts with its arena and need not be zeroed; on an error it is zeroed.
 * ARC_EINPUT, with the member's path, for a missing or unknown member, a wrong type or form, or an
 * item that a list has twice. */
int arc_document_load(const struct arc_record *record, const json_t *json, void *out,
                      struct arc_error *err);

/* Frees what such a struct points to, and zeroes it; may be NULL. */
void arc_document_free(void *document, size_t size);

/* Fills *out, which need not be zeroed, with a deep copy of *in. */
int arc_record_copy(const struct arc_record *record, const void *in, struct arc_arena *memory,
                    void *out, struct arc_error *err);

/* *out is a new reference. */
int arc_record_write(const struct arc_record *record, const void *in, json_t **out,
                     struct arc_error *err);
