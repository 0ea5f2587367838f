/* GitHub Actions' files and workflow commands.
 * Source: GitHub docs, "Workflow commands for GitHub Actions". */
#pragma once

#include "arcci/buf.h"
#include "arcci/env.h"

/* Whether this run is a step of a workflow (GITHUB_ACTIONS is "true"). */
bool arc_actions_active(const struct arc_env *env);

/* Appends `name=value` in the form of GITHUB_OUTPUT. A value of several lines is enclosed in random
 * delimiters, so that it cannot end its block and start another output. */
int arc_actions_format_output(struct arc_buf *out, const char *name, const char *value, size_t len,
                              struct arc_error *err);

/* Appends the text as a whole to the file that the variable names (GITHUB_OUTPUT,
 * GITHUB_STEP_SUMMARY). Does nothing if the variable is not set or the text is empty. ARC_EWORLD if
 * the file cannot be written. */
int arc_actions_append(const struct arc_env *env, const char *variable, const struct arc_buf *text,
                       struct arc_error *err);

/* Appends the text to the file that GITHUB_STEP_SUMMARY names, cut at a line within GitHub's
 * limit. */
int arc_actions_summarize(const struct arc_env *env, const struct arc_buf *text,
                          struct arc_error *err);

/* Appends a workflow command line, `::error file=…,line=…::message`, escaped. `place`
 * and `title` may be NULL. */
void arc_actions_annotation(struct arc_buf *out, const char *level, const struct arc_place *place,
                            const char *title, const char *message);

/* Appends the text with nothing left in it that a runner would obey: "::command::" at the start of
 * a line, and "##[command]" anywhere in it (actions/runner, src/Runner.Common/ActionCommand.cs).
 * `hash` stands for the first "#" of the latter: "\\x23" in text, "\\u0023" in JSON. */
void arc_actions_disarm(const struct arc_buf *text, const char *hash, struct arc_buf *out);
