/* Releases at GitHub, and the documents among their files. */
#ifndef ARC_STEER_ASSETS_H
#define ARC_STEER_ASSETS_H

#include "arcci/transport.h"

/* Reads the published release of a tag; *out is a new reference, NULL where there is none. */
int assets_read_release(struct arc_transport *github, const char *repository, const char *tag,
                        json_t **out, struct arc_error *err);

/* Reads a JSON document among a release's files; *out is a new reference, NULL where it lists none of
 * that name. ARC_EFAILED when it lists one that is empty or gone. */
int assets_read(struct arc_transport *github, const json_t *release, const char *name, json_t **out,
                struct arc_error *err);

/* GET of a path, put together as by printf(); *out is a new reference, NULL where there is no such thing. */
int assets_get(struct arc_transport *github, struct arc_request request, json_t **out,
               struct arc_error *err, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
