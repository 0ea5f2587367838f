/* What the parts of reading the commits share. */
#ifndef ARC_NOTES_LOG_H
#define ARC_NOTES_LOG_H

#include "arcci/filters.h"
#include "arcci/notes.h"
#include "git/git.h"

/* The filters that say which files are the group's: those of `changes`, and the folders that its
 * services had at the commit `from` (NULL: there is no previous release). Owned by the caller. */
int notes_make_filters(struct arc_project *project, const struct arc_plan *plan,
                       const struct arc_group *group, const struct arc_oid *from,
                       struct arc_filters *out, struct arc_error *err);

/* Takes over titles and authors of the log's pull requests from GitHub, where the environment says
 * whom to ask about the repository `source` (its page; may be NULL); a refusal goes into
 * log->pulls_unknown. */
int notes_ask_pulls(const struct arc_env *env, const char *source, struct arc_notes_log *log,
                    struct arc_error *err);

/* A text in the log's memory; what is not UTF-8 is made visible. */
char *notes_keep_text(struct arc_notes_log *log, const char *text);

#endif
