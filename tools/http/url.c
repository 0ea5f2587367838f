/* URLs: taken apart by libcurl, compared, and judged fit for credentials. */
#include "base/auto.h"
#include "base/text.h"
#include "http/internal.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#define URL_MAX 8192

static int bad_url(const char *url, const char *why, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 2048};
    arc_text_visible(&shown, url, strnlen(url, 300));
    return arc_error_set(err, ARC_EINPUT, "'%s' is not a URL that can be requested: %s",
                         arc_buf_text(&shown), why);
}

static bool clean_url(const char *url)
{
    size_t len = strnlen(url, URL_MAX + 1);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)url[i] <= ' ' || url[i] == 0x7f)
            return false;
    return len && len <= URL_MAX;
}

void http_place_free(struct http_place *place)
{
    free(place->scheme);
    free(place->host);
    free(place->port);
    *place = (struct http_place){0};
}

/* libcurl's strings are given back to libcurl; ours are plain. */
static char *url_part(struct arc_http *http, CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    if (http->curl.url_get(url, part, &text, flags) != CURLUE_OK)
        return NULL;
    char *copy = strdup(text);
    http->curl.free(text);
    return copy;
}

int arc_http_resolve(struct arc_http *http, const char *base, const char *reference, char **out,
                     struct arc_error *err)
{
    if (!clean_url(base) || !clean_url(reference))
        return bad_url(reference, "it is empty, too long or holds a space or control character",
                       err);

    CURLU *url = http->curl.url();
    ARC_TRY_ALLOC(url, err);
    CURLUcode code = http->curl.url_set(url, CURLUPART_URL, base, CURLU_DISALLOW_USER);
    if (code == CURLUE_OK && reference != base)
        code = http->curl.url_set(url, CURLUPART_URL, reference, CURLU_DISALLOW_USER);
    char *whole = code == CURLUE_OK ? url_part(http, url, CURLUPART_URL, 0) : NULL;
    http->curl.url_cleanup(url);
    if (code == CURLUE_USER_NOT_ALLOWED)
        return bad_url("…", "it holds a user name or a password", err);
    if (code != CURLUE_OK)
        return bad_url(reference, "it does not parse", err);
    ARC_TRY_ALLOC(whole, err);
    *out = whole;

    return ARC_OK;
}

int http_locate(struct arc_http *http, const char *text, struct http_place *out,
                struct arc_error *err)
{
    if (!clean_url(text))
        return bad_url(text, "it is empty, too long or holds a space or control character", err);
    CURLU *url = http->curl.url();
    ARC_TRY_ALLOC(url, err);
    CURLUcode code = http->curl.url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER);
    if (code == CURLUE_OK) {
        out->scheme = url_part(http, url, CURLUPART_SCHEME, 0);
        out->host = url_part(http, url, CURLUPART_HOST, 0);
        out->port = url_part(http, url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    }

    http->curl.url_cleanup(url);
    if (code == CURLUE_USER_NOT_ALLOWED)
        return bad_url("…", "it holds a user name or a password", err);
    bool known = out->scheme && (strcmp(out->scheme, "https") == 0 || //
                                 strcmp(out->scheme, "http") == 0);
    if (code != CURLUE_OK || !known || !out->host || !out->port)
        return bad_url(text, "only http:// and https:// are", err);

    return ARC_OK;
}

bool http_same_origin(const struct http_place *a, const struct http_place *b)
{
    return strcmp(a->scheme, b->scheme) == 0 && strcasecmp(a->host, b->host) == 0 &&
           strcmp(a->port, b->port) == 0;
}

bool http_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    char bare[64] = "";
    size_t len = strlen(host);

    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (len < 3 || len >= sizeof bare || host[0] != '[')
        return false;
    memcpy(bare, host + 1, len - 2);

    return inet_pton(AF_INET6, bare, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool http_place_safe(const struct http_place *place)
{
    return strcmp(place->scheme, "https") == 0 || http_loopback(place->host);
}

bool arc_http_safe(struct arc_http *http, const char *url)
{
    ARC_AUTO(http_place) struct http_place place = {0};
    return http_locate(http, url, &place, NULL) == ARC_OK && http_place_safe(&place);
}
