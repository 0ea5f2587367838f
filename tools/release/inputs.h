/* A release from files: what `arc-ci release` does. */
#pragma once

#include "arcci/project.h"
#include "arcci/release.h"
#include "github/options.h"
#include "project/needs.h"

/* Everything is borrowed; what is NULL was not given. */
struct arc_release_files {
    struct arc_needs_files documents;
    struct arc_github_settings github;
    const json_t *assets;    /* ["[NAME=]FILE"], or NULL */
    bool checksums;          /* attach SHA256SUMS of the assets */
    bool no_gate;            /* with documents.needs: release without a scan.json */
    const char *make_latest; /* "auto", "own", "never"; NULL: as the group says */
    int (*warn)(void *context, char weight, const char *text, struct arc_error *err);
    void *warn_context; /* what may be wrong with notes that are made here: see arc_notes_warn() */
    struct arc_release_options
        options; /* what is made; repository, version, body, make_latest and assets
                                           are found, so are `revision` (the build's, else the plan's) and
                                           `name` (the notes' title) where they are NULL */
};

/* Reads the documents and releases. Notes that are not given are made from the repository that
 * env->cwd lies in (unless the mode keeps a body). build.json, when there is one, is an asset. *out
 * is release.json, or for a dry run {"dry-run": true, "requests": […]}; a new reference. */
int arc_release_files(struct arc_project *project, const struct arc_release_files *files,
                      json_t **out, struct arc_error *err);
