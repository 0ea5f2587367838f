/* Where arc-ci itself lives. */
#ifndef ARC_BASE_OWN_H
#define ARC_BASE_OWN_H

/* The repository of its actions and reusable workflows. */
#define ARC_OWN_REPOSITORY "arc-framework/arc-platform"

#endif
