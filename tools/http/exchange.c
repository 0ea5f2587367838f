#include "base/text.h"
#include "http/internal.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int arc_http_new(const struct arc_http_options *options, struct arc_http **out,
                 struct arc_error *err)
{
    struct arc_http *http = calloc(1, sizeof *http);
    ARC_TRY_ALLOC(http, err);
    if (options)
        http->options = *options;
    int rc = arc_curl_load(&http->curl, err);
    if (!rc && (http->curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
                !(http->easy = http->curl.easy_init())))
        rc = arc_error_set(err, ARC_EWORLD, "libcurl could not be initialized");
    if (rc) {
        free(http);
        return rc;
    }
    *out = http;

    return ARC_OK;
}

void arc_http_free(struct arc_http *http)
{
    if (!http)
        return;
    if (http->multi)
        http->curl.multi_cleanup(http->multi);
    http->curl.easy_cleanup(http->easy);
    http->curl.global_cleanup();
    free(http);
}

void arc_http_response_free(struct arc_http_response *response)
{
    free(response->url);
    arc_buf_free(&response->body);
    arc_buf_free(&response->headers);
    *response = (struct arc_http_response){0};
}

const char *arc_http_header_next(const struct arc_http_response *response, const char *name,
                                 const char *value)
{
    const char *start = arc_buf_text(&response->headers);
    const char *end = start + response->headers.len;
    const char *at = value ? value + strlen(value) + 1 : start;

    while (at < end) {
        const char *found = at + strlen(at) + 1;
        if (strcmp(at, name) == 0)
            return found;
        at = found + strlen(found) + 1;
    }

    return NULL;
}

const char *arc_http_header(const struct arc_http_response *response, const char *name)
{
    return arc_http_header_next(response, name, NULL);
}

/* ---- libcurl's callbacks -------------------------------------------------------------------- */

static size_t read_body(char *out, size_t size, size_t count, void *context)
{
    struct http_exchange *x = context;
    size_t room = size * count;

    if (x->fd >= 0) {
        ssize_t got;
        do
            got = read(x->fd, out, room);
        while (got < 0 && errno == EINTR);
        x->sent += got > 0 ? (size_t)got : 0;
        if (got > 0 || (got == 0 && (int64_t)x->sent == x->length))
            return (size_t)got;
        x->failed = arc_error_set(x->err, ARC_EWORLD, "cannot read %s: %s", x->request->body_file,
                                  got < 0 ? strerror(errno) : "it became shorter");
        return CURL_READFUNC_ABORT;
    }

    size_t left = x->request->body_len - x->sent;
    size_t len = ARC_MIN(left, room);
    if (len)
        memcpy(out, (const char *)x->request->body + x->sent, len);
    x->sent += len;

    return len;
}

static size_t write_body(char *bytes, size_t size, size_t count, void *context)
{
    struct http_exchange *x = context;
    struct arc_buf *body = &x->response->body;
    size_t len = size * count;

    arc_buf_add(body, bytes, len);
    if (body->failed == ARC_ELIMIT)
        x->failed =
            arc_error_set(x->err, ARC_ELIMIT, "%s answers with more than the limit of %zu bytes",
                          x->request->url, body->max);
    else if (body->failed)
        x->failed = arc_error_nomem(x->err);

    return x->failed ? len + 1 : len; /* any count except len stops libcurl */
}

/* A status line starts the headers of a new answer: 100, then 200. */
static size_t write_header(char *bytes, size_t size, size_t count, void *context)
{
    struct http_exchange *x = context;
    struct arc_buf *headers = &x->response->headers;
    size_t len = size * count, name = 0;

    if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        arc_buf_reset(headers);
        return len;
    }

    while (name < len && bytes[name] != ':')
        name++;
    if (name == len || memchr(bytes, '\0', len))
        return len;
    for (size_t i = 0; i < name; i++)
        arc_buf_putc(headers, (char)tolower((unsigned char)bytes[i]));
    arc_buf_putc(headers, '\0');
    size_t from = name + 1;
    while (from < len && (bytes[from] == ' ' || bytes[from] == '\t'))
        from++;
    arc_buf_add(headers, bytes + from, arc_text_strip(bytes + from, len - from, " \t\r\n"));
    arc_buf_putc(headers, '\0');
    if (headers->failed && !x->failed)
        x->failed = arc_buf_check(headers, "the answer's headers", x->err);

    return x->failed ? len + 1 : len;
}

/* ---- one exchange --------------------------------------------------------------------------- */

static int add_header(struct arc_http *http, struct curl_slist **list, const char *text,
                      struct arc_error *err)
{
    if (strpbrk(text, "\r\n"))
        return arc_error_set(err, ARC_EINPUT, "a header of a request holds a line break");
    struct curl_slist *grown = http->curl.slist_append(*list, text);
    ARC_TRY_ALLOC(grown, err);
    *list = grown;
    return ARC_OK;
}

static const char *either(const struct arc_env *env, const char *a, const char *b)
{
    const char *value = env ? arc_env_nonempty(env, a) : NULL;
    return value || !env ? value : arc_env_nonempty(env, b);
}

/* Returns the variable that names the proxy for a place, or NULL. HTTP_PROXY in capitals is not
 * read: in a CGI program the client sets it ("httpoxy"). */
static const char *find_proxy(const struct arc_env *env, const struct http_place *place)
{
    static const char *const https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    static const char *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    const char *const *names = strcmp(place->scheme, "https") == 0 ? https : http;

    if (!env || arc_http_loopback(place->host, strlen(place->host)))
        return NULL;

    for (size_t i = 0; i < 4 && names[i]; i++)
        if (arc_env_nonempty(env, names[i]))
            return names[i];

    return NULL;
}

/* Translates NO_PROXY from docker's syntax (golang.org/x/net/http/httpproxy) to libcurl's: "*.lan"
 * matches hosts that end with ".lan", and "host:5000" only that port. */
static void list_direct(const char *list, const struct http_place *place, struct arc_buf *out)
{
    arc_each_piece (item, list, ", \t") {
        const char *end = item.text + item.len;
        const char *host = *item.text == '[' ? strchr(item.text, ']') : item.text;
        const char *colon = host && host < end ? memchr(host, ':', (size_t)(end - host)) : NULL;
        bool port = colon && !memchr(colon + 1, ':', (size_t)(end - colon - 1)); /* no IPv6 */
        bool any = ARC_STARTS(item.text, "*.");

        if (port && !arc_text_is(colon + 1, (size_t)(end - colon - 1), place->port))
            continue;
        if (item.len > any)
            arc_text_item(out, ",", "%.*s", (int)((port ? colon : end) - item.text - any),
                          item.text + any);
    }
}

/* Where a standalone program finds the certificate authorities that this machine trusts: Debian and
 * Alpine, Fedora, openSUSE, NixOS, the BSDs and macOS. NULL: libcurl's built-in path. */
static const char *find_ca_bundle(void)
{
#ifdef ARCCI_STANDALONE
    static const char *const places[] = {
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem", "/etc/ssl/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
    arc_each_in (place, places)
        if (access(*place, R_OK) == 0)
            return *place;

#endif
    return NULL;
}

#define SET(option, value) (ok = ok && http->curl.easy_setopt(easy, option, value) == CURLE_OK)

static bool set_connection(struct http_exchange *x)
{
    struct arc_http *http = x->http;
    const struct arc_http_request *request = x->request;
    const struct arc_http_options *o = &http->options;
    CURL *easy = x->easy;
    ARC_AUTO(arc_buf) struct arc_buf direct = {0};
    const char *ca_file = either(o->env, "SSL_CERT_FILE", "CURL_CA_BUNDLE");
    const char *ca_dir = either(o->env, "SSL_CERT_DIR", "SSL_CERT_DIR");
    bool ok = true;

    if (!ca_file && !ca_dir)
        ca_file = find_ca_bundle();
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_SSL_VERIFYPEER, x->hop.insecure ? 0L : 1L);
    SET(CURLOPT_SSL_VERIFYHOST, x->hop.insecure ? 0L : 2L);
    const char *proxy = find_proxy(o->env, &x->hop.place);
    SET(CURLOPT_PROXY, proxy ? arc_env_get(o->env, proxy) : "");
    list_direct(arc_or(either(o->env, "no_proxy", "NO_PROXY"), ""), &x->hop.place, &direct);
    ok = ok && !direct.failed;
    SET(CURLOPT_NOPROXY, arc_buf_text(&direct));
    SET(CURLOPT_CONNECTTIMEOUT, (long)arc_or(o->connect_timeout, 15));
    SET(CURLOPT_LOW_SPEED_LIMIT, 8L);
    SET(CURLOPT_LOW_SPEED_TIME, (long)arc_or(o->idle_timeout, 60));
    SET(CURLOPT_TIMEOUT, (long)request->timeout);
    SET(CURLOPT_USERAGENT, "arc-ci/" ARCCI_VERSION);
    if (ca_file)
        SET(CURLOPT_CAINFO, ca_file);
    if (ca_dir)
        SET(CURLOPT_CAPATH, ca_dir);
    if (!request->raw)
        SET(CURLOPT_ACCEPT_ENCODING, "gzip");
    http->curl.easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    http->curl.easy_setopt(easy, CURLOPT_PIPEWAIT, 1L); /* HTTP/2: share one connection */

    return ok;
}

/* Sets no seek function. libcurl resends a request by itself if a reused connection turns out to be
 * dead; without that function it cannot once it has sent any of the body. */
static bool set_exchange(struct http_exchange *x)
{
    struct arc_http *http = x->http;
    CURL *easy = x->easy;
    bool ok = true;

    SET(CURLOPT_URL, x->hop.url);
    SET(CURLOPT_HTTPHEADER, x->headers);
    SET(CURLOPT_PRIVATE, x);
    SET(CURLOPT_ERRORBUFFER, x->message);
    SET(CURLOPT_WRITEFUNCTION, write_body);
    SET(CURLOPT_WRITEDATA, x);
    SET(CURLOPT_HEADERFUNCTION, write_header);
    SET(CURLOPT_HEADERDATA, x);
    if (strcmp(x->hop.method, "HEAD") == 0)
        SET(CURLOPT_NOBODY, 1L);

    if (x->body) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_READFUNCTION, read_body);
        SET(CURLOPT_READDATA, x);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->length);
    }

    SET(CURLOPT_CUSTOMREQUEST, x->hop.method);

    return ok;
}
#undef SET

/* In doubt, the request counts as sent: if libcurl has read any of the body, or would have to
 * rewind it. */
static enum arc_http_fate fate_of(const struct http_exchange *x, CURLcode code)
{
    struct arc_http *http = x->http;
    long sent = 0;

    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
        return ARC_HTTP_BARRED;
    default:
        break;
    }

    http->curl.easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &sent);

    return sent || x->sent || code == CURLE_SEND_FAIL_REWIND ? ARC_HTTP_LOST : ARC_HTTP_UNSENT;
}

/* The error also says that a proxy is set and may be wrong, or that none is set. libcurl's message
 * names who did not answer: the proxy or, because of NO_PROXY, the host itself. */
static int no_answer(struct http_exchange *x, CURLcode code)
{
    struct arc_http *http = x->http;
    ARC_AUTO(arc_buf) struct arc_buf hint = {.max = 512};

    x->response->fate = fate_of(x, code);
    if (x->failed)
        return x->failed;
    const char *why = arc_text_or(x->message, http->curl.easy_strerror(code));
    const char *host = x->hop.place.host, *name = find_proxy(http->options.env, &x->hop.place);
    bool unreached = code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT;
    bool by_proxy = code == CURLE_COULDNT_RESOLVE_PROXY || strstr(why, "proxy") ||
                    strstr(why, "CONNECT tunnel") || (unreached && !strstr(why, host));
    bool https = strcmp(x->hop.place.scheme, "https") == 0;

    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        arc_buf_puts(&hint,
                     "; if a company's own authority signs it, name its file in SSL_CERT_FILE");
    else if (name && by_proxy)
        arc_buf_printf(&hint, "; that is the proxy that %s names: is it the right one?", name);
    else if (!name && unreached && !arc_http_loopback(host, strlen(host)))
        arc_buf_printf(&hint, "; behind a proxy, set %s", https ? "HTTPS_PROXY" : "http_proxy");

    if (strstr(why, "proxy syntax")) /* the message quotes the proxy's URL, which may contain a
                                      * password */
        why = "no address of a proxy";
    return arc_error_set(x->err, ARC_EWORLD, "%s %.*s: %s%s", x->request->method,
                         arc_http_shown(x->hop.url), x->hop.url, why, arc_buf_text(&hint));
}

int http_begin(struct http_exchange *x)
{
    const struct arc_http_request *request = x->request;
    const char *path = request->body_file;
    struct curl_slist **list = &x->headers;
    struct stat st;

    arc_buf_reset(&x->response->body);
    arc_buf_reset(&x->response->headers);
    x->http->curl.easy_reset(x->easy);
    x->message[0] = '\0';
    x->response->fate = ARC_HTTP_BARRED;

    ARC_TRY(add_header(x->http, list, "Expect:", x->err));
    for (const char *const *h = request->headers; h && *h; h++)
        if (x->body || strncasecmp(*h, "Content-", 8) != 0)
            ARC_TRY(add_header(x->http, list, *h, x->err));

    if (x->hop.credentials) {
        ARC_AUTO_FREE char *text = NULL;
        ARC_TRY(arc_text_print(&text, x->err, "Authorization: %s", request->authorization));
        ARC_TRY(add_header(x->http, list, text, x->err));
    }

    x->length = (int64_t)request->body_len;
    x->sent = 0;
    if (x->body && path) {
        x->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (x->fd < 0)
            return arc_error_set(x->err, ARC_EWORLD, "cannot read %s: %s", path, strerror(errno));
        if (fstat(x->fd, &st) != 0 || !S_ISREG(st.st_mode))
            return arc_error_set(x->err, ARC_EINPUT, "%s is not a regular file", path);
        x->length = st.st_size;
    }

    if (!(set_connection(x) && set_exchange(x)))
        return arc_error_set(x->err, ARC_EWORLD, "libcurl refused an option of %s %.*s",
                             x->hop.method, arc_http_shown(x->hop.url), x->hop.url);

    return ARC_OK;
}

int http_end(struct http_exchange *x, CURLcode code)
{
    long status = 0;
    if (code != CURLE_OK)
        return no_answer(x, code);
    x->http->curl.easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    x->response->status = (int)status;
    x->response->fate = ARC_HTTP_ANSWERED;
    return ARC_OK;
}

void http_release(struct http_exchange *x)
{
    x->http->curl.slist_free_all(x->headers);
    x->headers = NULL;
    if (x->fd >= 0)
        close(x->fd);
    x->fd = -1;
}
