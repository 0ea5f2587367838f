/* Stage `notes`: the release notes of a group, as GitHub's markdown.
 *
 * Everything comes from the documents before it (plan.json, build.json, scan.json) and from the
 * group's commits, so the notes cannot say anything else than the build did. Every value is escaped
 * for its place (arcci/template.h); docs/notes.md lists the values a template can use.
 */
#ifndef ARCCI_NOTES_H
#define ARCCI_NOTES_H

#include "arcci/api.h"
#include "arcci/env.h"
#include "arcci/project.h"
#include <jansson.h>

ARC_API_BEGIN

/* GitHub's limit for the body of a release, in characters. */
#define ARC_NOTES_MAX 125000

/* Most commits that are read; a body has room for about 800, the rest is behind the compare link.
 */
#define ARC_NOTES_COMMITS_MAX 2000

/* What the notes rest on. Nothing is owned. */
struct arc_notes_options {
    const json_t *plan;            /* plan.json of a release */
    const json_t *build;           /* build.json; NULL: digests and sizes are not known yet */
    const json_t *scan;            /* scan.json; NULL: the gate has not run */
    const json_t *log;             /* the group's commits (arc_notes_log); NULL: not known */
    const struct arc_group *group; /* for the services' ports; may be NULL */
    const char *root;              /* the work tree, to see which make targets there are, or NULL */
    const char *template_name;     /* for messages; NULL with the built-in template */
    const char *template_text;     /* NULL: the built-in template */
    size_t template_len;
    size_t max; /* most characters of the body; 0: ARC_NOTES_MAX */
};

/* Makes notes.json (docs/schema/notes.schema.json):
 *   group, tag, title, body (markdown), prerelease, latest (bool), previous-tag (or null),
 *   characters (of the body, in UTF-16 units), commits {total, shown, complete: false if there are
 *   more than the total}.
 * A body over the maximum loses its oldest commits, whole, and says how many and where they are.
 * ARC_EINPUT for a plan that is not a release's or a template that does not fit; ARC_ELIMIT if the
 * body is too long without any commit. *out is a new reference. */
int arc_notes(const struct arc_notes_options *options, json_t **out, struct arc_error *err);

/* Reads the commits since the plan's previous tag (all of them, if there is none) that touch the
 * plan's services, where they are now or were at the previous tag, or the shared paths of `group`
 * (may be NULL), from the repository that env->cwd lies in: {"commits": [{"hash", "subject",
 * "author", "date"}, …] newest first, "complete": whether these are all, "unknown": why they are
 * not known, or null}. A repository, tag or history that is not there is no error but such a
 * reason. *out is a new reference. */
int arc_notes_log(struct arc_project *project, const json_t *plan, const struct arc_group *group,
                  json_t **out, struct arc_error *err);

/* The built-in template. */
const char *arc_notes_template(void);

ARC_API_END

#endif
