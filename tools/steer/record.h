/* Releases at GitHub and their files. */
#pragma once

#include "arcci/steer.h"
#include "arcci/transport.h"

/* A cache of releases, each requested once. Initialize with {0}. */
struct records {
    struct arc_transport *github; /* owned; NULL: GitHub is not asked, and nothing is known */
    const char *repository;
    json_t *releases; /* owned: tag → its published release, or null */
};

void records_free(struct records *records);

/* GETs a path, formatted as by printf(); *out is a new reference, NULL for a 404. */
int records_get(const struct records *records, struct arc_request request, json_t **out,
                struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The published release of a tag; *out is borrowed, NULL if there is none or GitHub is not
 * asked. */
int records_release(struct records *records, const char *tag, const json_t **out,
                    struct arc_error *err);

/* Reads a JSON asset of a tag's published release; *out is a new reference, NULL if there is no
 * such release or file. ARC_EFAILED if the file is empty or gone. */
int records_find(struct records *records, const char *tag, const char *name, json_t **out,
                 struct arc_error *err);
