/* A reader of documents: any JSON is a document that is written as it was read, or is refused. */
#ifndef FUZZ_DOCUMENT_H
#define FUZZ_DOCUMENT_H

#include "arcci/documents.h"
#include <stdlib.h>

/* Defines the target for a struct and its three functions. */
#define FUZZ_DOCUMENT(type, read, write, release)                                                  \
    int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)                             \
    {                                                                                              \
        json_t *json = json_loadb((const char *)data, size, 0, NULL), *first = NULL,               \
               *again = NULL;                                                                      \
        struct arc_error err = {0};                                                                \
        struct type document;                                                                      \
        int rc = read(json, &document, &err);                                                      \
        if (rc != err.code)                                                                        \
            abort();                                                                               \
        if (!rc) {                                                                                 \
            struct type copy;                                                                      \
            if (write(&document, &first, NULL) || read(first, &copy, NULL) ||                      \
                write(&copy, &again, NULL) || !json_equal(first, again))                           \
                abort();                                                                           \
            release(&copy);                                                                        \
            release(&document);                                                                    \
        }                                                                                          \
        json_decref(again);                                                                        \
        json_decref(first);                                                                        \
        json_decref(json);                                                                         \
        arc_error_clear(&err);                                                                     \
        return 0;                                                                                  \
    }

#endif
