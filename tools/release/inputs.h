/* A release from files: what `arc-ci release` does. */
#pragma once

#include "arcci/project.h"
#include "arcci/release.h"
#include "github/options.h"
#include "project/needs.h"

/* Everything is borrowed; NULL: not given. */
struct arc_release_files {
    struct arc_needs_files documents;
    struct arc_github_settings github;
    const json_t *assets;    /* ["[NAME=]FILE"], or NULL */
    bool checksums;          /* attach SHA256SUMS of the assets */
    bool no_gate;            /* with documents.needs: release without a scan.json */
    const char *make_latest; /* "auto", "own", "never"; NULL: as the group says */
    int (*warn)(void *context, char weight, const char *text, struct arc_error *err);
    void *warn_context; /* for warnings about notes that are made here: see arc_notes_warn() */
    struct arc_release_options
        options; /* the release's options. repository, version, body, make_latest and assets are
                    filled in; so are NULL `revision` (the build's, else the plan's) and `name` (the
                    notes' title) */
};

/* The policy of "auto", "own" or "never"; of NULL, "auto". */
enum arc_make_latest arc_make_latest_of(const char *word);

/* Reads the documents and makes the release. Without notes, makes them from the repository that
 * env->cwd is in (unless the mode keeps the body). An available build.json becomes an asset. *out
 * is release.json, or for a dry run {"dry-run": true, "requests": […]}; a new reference. */
int arc_release_files(struct arc_project *project, const struct arc_release_files *files,
                      json_t **out, struct arc_error *err);
