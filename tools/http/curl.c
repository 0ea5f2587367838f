#include "http/curl.h"
#include "http/http.h"

#ifdef ARCCI_STANDALONE

int arc_curl_load(struct arc_curl *out, struct arc_error *err)
{
    (void)err;
#define ARC_CURL_ROW(name) out->name = curl_##name;
    ARC_CURL_FUNCTIONS(ARC_CURL_ROW)
#undef ARC_CURL_ROW
    return 0;
}

#else

#include <dlfcn.h>
#include <string.h>

/* Debian's two builds of the library, either of which works, and macOS's own. */
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib"};

static int resolve(void *library, const char *symbol, void *slot, struct arc_error *err)
{
    void *found = dlsym(library, symbol);
    if (!found)
        return arc_error_set(err, ARC_EWORLD,
                             "libcurl has no %s: it is older than 7.66; install a newer one",
                             symbol);
    memcpy(slot, &found, sizeof found); /* ISO C does not allow a cast from an object to a function
                                         * pointer */
    return ARC_OK;
}

int arc_curl_load(struct arc_curl *out, struct arc_error *err)
{
    void *library = NULL;
    for (size_t i = 0; !library && i < ARC_COUNT(names); i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    if (!library)
        return arc_error_set(err, ARC_EWORLD,
                             "libcurl.so.4 cannot be loaded, and a request must be sent: install "
                             "the package libcurl4 (Debian, Ubuntu), libcurl (Alpine, Fedora)");

    int rc = ARC_OK;
#define ARC_CURL_ROW(name)                                                                         \
    if (!rc)                                                                                       \
        rc = resolve(library, "curl_" #name, &out->name, err);
    ARC_CURL_FUNCTIONS(ARC_CURL_ROW)
#undef ARC_CURL_ROW
    if (rc)
        dlclose(library);

    return rc;
}

#endif

const char *arc_http_library(void)
{
    struct arc_curl curl;
    if (arc_curl_load(&curl, NULL))
        return NULL;
    return curl.version_info(CURLVERSION_NOW)->version;
}
