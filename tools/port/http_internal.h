/* What the parts of port/http share. */
#ifndef ARCCI_PORT_HTTP_INTERNAL_H
#define ARCCI_PORT_HTTP_INTERNAL_H

#include "port/http.h"
#include "port/http_curl.h"

struct arc_http {
    struct arc_curl curl;
    struct arc_http_options options;
    CURL *easy; /* keeps its connections and DNS cache from request to request */
    char message[CURL_ERROR_SIZE];
};

/* An absolute URL taken apart by libcurl. */
struct http_place {
    char *scheme, *host, *port; /* port always set */
};

/* Takes a URL apart. ARC_EINPUT for anything but a clean http(s) URL without a user name. */
int http_locate(struct arc_http *http, const char *text, struct http_place *out,
                struct arc_error *err);
void http_place_free(struct http_place *place);

/* Scheme, host and port are the same. */
bool http_same_origin(const struct http_place *a, const struct http_place *b);
/* Whether the host is this machine. */
bool http_loopback(const char *host);
/* Whether credentials may go there. */
bool http_place_safe(const struct http_place *place);

#endif
