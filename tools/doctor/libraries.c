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

/* The versions by name; NULL if out of memory. */
static json_t *list_libraries(void)
{
    const struct {
        const char *name, *version; /* NULL: not available */
    } libraries[] = {
        {"jansson", jansson_version_str()}, {"libcurl", arc_http_library()},
        {"libgit2", arc_git_library()},     {"libyajl", arc_json_stream_library()},
        {"libyaml", arc_yaml_library()},    {"mbedtls", arc_hash_library()},
        {"mimalloc", ARCCI_ALLOCATOR},      {"musl", ARCCI_LIBC},
        {"zlib", arc_gzip_library()},
    };
    json_t *versions = json_object();

    arc_each_in (library, libraries)
        if (library->version)
            arc_json_put(&versions, library->name, json_string(library->version));

    return versions;
}

int arc_libraries(json_t **out, struct arc_error *err)
{
    *out = json_pack("{s:s, s:i, s:s, s:o}", "document", "program", "format", ARC_DOCUMENT_FORMAT,
                     "version", ARCCI_VERSION, "libraries", list_libraries());
    return arc_error_unless(*out, err);
}

void doctor_libraries(struct doctor *doctor, struct doctor_result *result)
{
    ARC_AUTO_JSON json_t *versions = list_libraries();
    (void)doctor;

    result->found.failed = versions ? 0 : ARC_ENOMEM;
    arc_json_each_pair (name, version, versions)
        arc_text_item(&result->found, ", ", "%s %s", name, json_string_value(version));
}
