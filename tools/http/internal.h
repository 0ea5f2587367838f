/* Shared by the files of this folder. */
#pragma once

#include "http/curl.h"
#include "http/http.h"

struct arc_http {
    struct arc_curl curl;
    struct arc_http_options options;
    CURL *easy;   /* keeps its connections and DNS cache from request to request */
    CURLM *multi; /* for arc_http_send_all(); NULL until its first call */
};

/* The parts of an absolute URL. */
struct http_place {
    char *scheme, *host, *port; /* port always set */
    char *url;                  /* the whole URL */
};

/* Splits a URL, or a reference (NULL: none) to it. ARC_EINPUT for anything except a valid http(s)
 * URL without a user name. */
int http_locate(struct arc_http *http, const char *base, const char *reference,
                struct http_place *out, struct arc_error *err);
void http_place_free(struct http_place *place);

/* Where a request goes, hop by hop. */
struct http_hop {
    char *url;
    const char *method;
    struct http_place place;
    bool credentials;
    bool insecure; /* the user declared this host as insecure */
};

/* The state of one request, for libcurl's callbacks. */
struct http_exchange {
    struct arc_http *http;
    const struct arc_http_request *request;
    struct arc_http_response *response;
    struct arc_error *err;
    CURL *easy;
    struct curl_slist *headers; /* of this hop */
    struct http_hop hop;
    unsigned redirects; /* followed so far */
    int failed;         /* code of the callback that stopped it, or 0 */
    int fd;             /* of body_file, or -1 */
    size_t sent;        /* bytes of the body */
    bool body;          /* whether this hop still carries the body */
    int64_t length;     /* of the body */
    char message[CURL_ERROR_SIZE];
};

/* http_begin() prepares x->easy for this hop; http_end() takes libcurl's result and frees the hop's
 * resources. */
int http_begin(struct http_exchange *x);
int http_end(struct http_exchange *x, CURLcode code);
void http_release(struct http_exchange *x);

/* Scheme, host and port are the same. */
bool http_same_origin(const struct http_place *a, const struct http_place *b);
/* Whether credentials may go there. */
bool http_place_safe(const struct http_place *place);
