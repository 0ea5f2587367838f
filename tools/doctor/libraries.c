/* The libraries linked into the program or loaded by it, with versions. */
#include "base/json.h"
#include "base/text.h"
#include "doctor/doctor.h"
#include "http/http.h"
#include "os/gzip.h"
#include "os/hash.h"
#include "yaml/yaml.h"
#include "json/stream.h"

#ifndef ARCCI_ALLOCATOR /* packaging/dist.py adds what else a released program contains */
#define ARCCI_ALLOCATOR NULL
#define ARCCI_LIBC      NULL
#endif

struct library {
    const char *name;
    const char *version; /* NULL: not available */
};

#define LIBRARIES 9

static void list_libraries(struct library out[LIBRARIES])
{
    const struct library libraries[LIBRARIES] = {
        {"jansson", jansson_version_str()}, {"libcurl", arc_http_library()},
        {"libgit2", arc_git_library()},     {"libyajl", arc_json_stream_library()},
        {"libyaml", arc_yaml_library()},    {"mbedtls", arc_hash_library()},
        {"mimalloc", ARCCI_ALLOCATOR},      {"musl", ARCCI_LIBC},
        {"zlib", arc_gzip_library()},
    };
    memcpy(out, libraries, sizeof libraries);
}

int arc_libraries(json_t **out, struct arc_error *err)
{
    struct library libraries[LIBRARIES];
    json_t *versions = json_object();

    list_libraries(libraries);
    for (size_t i = 0; i < LIBRARIES; i++)
        if (libraries[i].version)
            arc_json_put(&versions, libraries[i].name, json_string(libraries[i].version));

    *out = json_pack("{s:s, s:i, s:s, s:o}", "document", "program", "format", ARC_DOCUMENT_FORMAT,
                     "version", ARCCI_VERSION, "libraries", versions);

    return arc_error_unless(*out, err);
}

void doctor_libraries(struct doctor *doctor, struct doctor_result *result)
{
    struct library libraries[LIBRARIES];
    (void)doctor;

    list_libraries(libraries);
    for (size_t i = 0; i < LIBRARIES; i++)
        if (libraries[i].version)
            arc_text_item(&result->found, ", ", "%s %s", libraries[i].name, libraries[i].version);
}
