/* What releases left at GitHub. */
#ifndef ARC_STEER_RECORD_H
#define ARC_STEER_RECORD_H

#include "arcci/steer.h"
#include "arcci/transport.h"
#include "steer/survey.h"

/* Releases that are asked for once each. */
struct records {
    struct arc_transport *github; /* NULL: nobody is asked, and nothing known */
    const char *repository;
    json_t *releases; /* tag → its published release, or null */
};

/* Opens GitHub where the project knows what is published there. */
int records_open(const struct arc_project *project, struct records *out, struct arc_error *err);
void records_free(struct records *records);

/* Reads a JSON document among the files of a tag's published release; *out is a new reference, NULL where
 * there is no such release or file. ARC_EFAILED when the file is empty or gone. */
int records_find(struct records *records, const char *tag, const char *name, json_t **out,
                 struct arc_error *err);

/* The `record` of a group's row: what its last published release says of its scan and, with
 * options->builds, of its build. What cannot be read is the record's `problem`. *out is a new
 * reference; null where neither was asked for, or GitHub does not tell. */
int records_describe(struct records *records, const struct arc_project *project,
                     const struct survey_group *group, const struct arc_status_options *options,
                     json_t **out, struct arc_error *err);

#endif
