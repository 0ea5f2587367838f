/* libcurl, loaded when the first request is sent: a program that sends nothing never pays for it
 * (32 libraries, 4 ms). */
#pragma once

#include "arcci/error.h"
#include <curl/curl.h>

/* The functions of libcurl that we use, with the types of curl's own header. */
#define ARC_CURL_FUNCTIONS(ROW)                                                                    \
    ROW(global_init)                                                                               \
    ROW(version_info)                                                                              \
    ROW(global_cleanup)                                                                            \
    ROW(easy_init)                                                                                 \
    ROW(easy_reset)                                                                                \
    ROW(easy_cleanup)                                                                              \
    ROW(easy_setopt)                                                                               \
    ROW(easy_getinfo)                                                                              \
    ROW(easy_perform)                                                                              \
    ROW(easy_strerror)                                                                             \
    ROW(multi_init)                                                                                \
    ROW(multi_cleanup)                                                                             \
    ROW(multi_setopt)                                                                              \
    ROW(multi_add_handle)                                                                          \
    ROW(multi_remove_handle)                                                                       \
    ROW(multi_perform)                                                                             \
    ROW(multi_poll)                                                                                \
    ROW(multi_info_read)                                                                           \
    ROW(slist_append)                                                                              \
    ROW(slist_free_all)                                                                            \
    ROW(url)                                                                                       \
    ROW(url_cleanup)                                                                               \
    ROW(url_set)                                                                                   \
    ROW(url_get)                                                                                   \
    ROW(free)

struct arc_curl {
#define ARC_CURL_ROW(name) __typeof__(&curl_##name) name;
    ARC_CURL_FUNCTIONS(ARC_CURL_ROW)
#undef ARC_CURL_ROW
};

/* Loads libcurl, which is built into a standalone program, and fills the table. It stays loaded
 * until the program ends, since its TLS library registers exit handlers. ARC_EWORLD, naming the
 * package, if it is not installed. */
int arc_curl_load(struct arc_curl *out, struct arc_error *err);
