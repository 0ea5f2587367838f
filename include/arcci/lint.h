/* `lint`: checks services, make files, compose files and workflows.
 *
 * The built-in rules hold for every repository and read `.github/arc-ci.yaml`, the services'
 * service.yaml, Dockerfiles, compose files and make files; `.github/arc-ci-lint.yaml`
 * (docs/schema/arc-ci-lint.schema.json) sets what they expect and adds rules of the project's own.
 * docs/configuration.md describes both.
 */
#ifndef ARCCI_LINT_H
#define ARCCI_LINT_H

#include "arcci/api.h"
#include "arcci/project.h"
#include <jansson.h>

ARC_API_BEGIN

/* Checks the work tree (arc_project_root()) by the rules file (NULL: .github/arc-ci-lint.yaml, which
 * may be missing) and makes lint.json (docs/schema/lint.schema.json):
 *   ok (bool), files and rules (how many were looked at), findings: array of {file, line, rule,
 *   message}, by file and line. A file that is missing or does not parse is a finding.
 * *out is a new reference. ARC_EINPUT if the rules file itself is wrong; ARC_ENOTFOUND if
 * `rules` names a file that does not exist. */
int arc_lint(struct arc_project *project, const char *rules, json_t **out, struct arc_error *err);

/* Lists the rules: *out is an array of {name, summary, from}: the built-in ones, then the rules
 * file's. */
int arc_lint_rules(struct arc_project *project, const char *rules, json_t **out,
                   struct arc_error *err);

ARC_API_END

#endif
