/* URLs: splits them with libcurl, compares them, and decides whether credentials may go there. */
#include "base/text.h"
#include "http/internal.h"
#include <arpa/inet.h>
#include <netinet/in.h>

#define URL_MAX 8192

int arc_http_shown(const char *url)
{
    return (int)strcspn(url, "?");
}

static int bad_url(const char *url, const char *why, struct arc_error *err)
{
    return arc_error_set(err, ARC_EINPUT, "'%.*s' is not a URL that can be requested: %s",
                         ARC_MIN(arc_http_shown(url), 300), url, why);
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
    free(place->url);
    *place = (struct http_place){0};
}

/* Copies a part, since libcurl's own strings must be freed by libcurl. */
static char *url_part(struct arc_http *http, CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    if (http->curl.url_get(url, part, &text, flags) != CURLUE_OK)
        return NULL;
    char *copy = strdup(text);
    http->curl.free(text);
    return copy;
}

int http_locate(struct arc_http *http, const char *base, const char *reference,
                struct http_place *out, struct arc_error *err)
{
    const char *shown = arc_or(reference, base);

    if (!clean_url(base) || !clean_url(shown))
        return bad_url(shown, "it is empty, too long or holds a space or control character", err);

    CURLU *url = http->curl.url();
    ARC_TRY_ALLOC(url, err);
    CURLUcode code = http->curl.url_set(url, CURLUPART_URL, base, CURLU_DISALLOW_USER);
    if (code == CURLUE_OK && reference)
        code = http->curl.url_set(url, CURLUPART_URL, reference, CURLU_DISALLOW_USER);
    if (code == CURLUE_OK) {
        out->scheme = url_part(http, url, CURLUPART_SCHEME, 0);
        out->host = url_part(http, url, CURLUPART_HOST, 0);
        out->port = url_part(http, url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
        out->url = url_part(http, url, CURLUPART_URL, 0);
    }
    http->curl.url_cleanup(url);

    if (code == CURLUE_USER_NOT_ALLOWED)
        return bad_url("…", "it holds a user name or a password", err);
    bool other = out->scheme && !ARC_AMONG(out->scheme, "http", "https"); /* file:, for example */
    if (code != CURLUE_OK || other)
        return bad_url(shown, "only http:// and https:// are", err);

    return arc_error_unless(out->scheme && out->host && out->port && out->url, err);
}

int arc_http_resolve(struct arc_http *http, const char *base, const char *reference, char **out,
                     struct arc_error *err)
{
    ARC_AUTO(http_place) struct http_place place = {0};

    *out = NULL;
    ARC_TRY(http_locate(http, base, reference, &place, err));
    *out = arc_steal(&place.url);

    return ARC_OK;
}

bool http_same_origin(const struct http_place *a, const struct http_place *b)
{
    return strcmp(a->scheme, b->scheme) == 0 && strcasecmp(a->host, b->host) == 0 &&
           strcmp(a->port, b->port) == 0;
}

static bool has_usual_port(const struct http_place *place)
{
    return strcmp(place->port, strcmp(place->scheme, "https") == 0 ? "443" : "80") == 0;
}

bool arc_http_same_host(struct arc_http *http, const char *a, const char *b)
{
    ARC_AUTO(http_place) struct http_place one = {0}, other = {0};
    if (http_locate(http, a, NULL, &one, NULL) || http_locate(http, b, NULL, &other, NULL))
        return false;

    return strcasecmp(one.host, other.host) == 0 &&
           (strcmp(one.port, other.port) == 0 || (has_usual_port(&one) && has_usual_port(&other)));
}

bool arc_http_loopback(const char *host, size_t len)
{
    struct in_addr v4;
    struct in6_addr v6;
    char bare[64] = "";
    bool six = len > 2 && host[0] == '[' && host[len - 1] == ']';

    if (len >= sizeof bare)
        return false;
    memcpy(bare, host + six, len - 2 * six);
    if (six)
        return inet_pton(AF_INET6, bare, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    if (inet_pton(AF_INET, bare, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;

    return strcasecmp(bare, "localhost") == 0;
}

bool http_place_safe(const struct http_place *place)
{
    return strcmp(place->scheme, "https") == 0 ||
           arc_http_loopback(place->host, strlen(place->host));
}

int arc_http_check_safe(struct arc_http *http, const char *url, struct arc_error *err)
{
    ARC_AUTO(http_place) struct http_place place = {0};
    ARC_TRY(http_locate(http, url, NULL, &place, err));
    if (http_place_safe(&place))
        return ARC_OK;
    return arc_error_set(err, ARC_EINPUT,
                         "%.*s: credentials are sent over https only (or to this machine)",
                         arc_http_shown(url), url);
}
