/* Where arc-ci itself is published. */
#pragma once

/* The repository of its actions and reusable workflows. */
#define ARC_OWN_REPOSITORY "arc-framework/arc-platform"
