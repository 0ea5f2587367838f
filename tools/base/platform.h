/* Platforms in BuildKit's spelling. */
#pragma once

#include "arcci/buf.h"

/* Longest platform, with its NUL. */
#define ARC_PLATFORM_SIZE 128

/* Joins the parts as containerd normalizes them (containerd/platforms, "Normalize"): x86_64 is
 * amd64, aarch64 and arm64/v8 are arm64, arm is arm/v7, armel is arm/v6. `variant` may be "".
 * Unknown names stay as they are. */
void arc_platform_join(const char *os, const char *architecture, const char *variant,
                       char out[ARC_PLATFORM_SIZE]);

/* The same for "linux/arm64/v8". The default operating system is linux. Returns false, with *out as
 * "", if the text has another form or is too long. */
bool arc_platform_normalize(const char *text, char out[ARC_PLATFORM_SIZE]);

/* Whether a line of `docker buildx inspect`, "linux/amd64*, linux/arm64", lists the platform; "*"
 * marks those that the user set. */
bool arc_platform_listed(const char *line, const char *platform);

/* Appends the values of the lines "Name: value" of `docker buildx inspect`, which has one for each
 * node of the builder. `name` ends with the colon. */
void arc_inspect_values(const char *text, const char *name, struct arc_buf *out);
