/* Builds filters, from YAML or from the configuration. */
#pragma once

#include "arcci/filters.h"

/* The statuses of a rule without statuses. */
#define ARC_STATUS_ANY 127u

/* Append to *filters. ARC_ELIMIT beyond the maxima; ARC_ENOMEM. */
int arc_filters_add(struct arc_filters *filters, const char *name, struct arc_error *err);
/* Adds a rule without patterns to the last filter. */
int arc_filters_add_rule(struct arc_filters *filters, unsigned statuses, unsigned line,
                         unsigned column, struct arc_error *err);
/* Adds a pattern to the last rule. ARC_EINPUT, ARC_ELIMIT as arc_glob_compile(). */
int arc_filters_add_pattern(struct arc_filters *filters, const char *pattern,
                            struct arc_error *err);
/* Adds a filter for everything in a folder, by a name. */
int arc_filters_add_folder(struct arc_filters *filters, const char *name, const char *folder,
                           struct arc_error *err);
