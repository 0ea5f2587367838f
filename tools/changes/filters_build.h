/* Building filters, whether of YAML or of the configuration. */
#pragma once

#include "arcci/filters.h"

/* The statuses of a rule that names none. */
#define ARC_STATUS_ANY 127u

/* Each appends to *filters. ARC_ELIMIT beyond the maxima; ARC_ENOMEM. */
int arc_filters_add(struct arc_filters *filters, const char *name, struct arc_error *err);
/* A rule without patterns, of the last filter. */
int arc_filters_add_rule(struct arc_filters *filters, unsigned statuses, unsigned line,
                         unsigned column, struct arc_error *err);
/* A pattern of the last rule. ARC_EINPUT, ARC_ELIMIT as arc_glob_compile(). */
int arc_filters_add_pattern(struct arc_filters *filters, const char *pattern,
                            struct arc_error *err);
/* A rule of the last filter: everything in a folder; "." is the root. */
int arc_filters_add_folder(struct arc_filters *filters, const char *directory, unsigned line,
                           struct arc_error *err);
