/* port/http against a scripted server on the loopback interface: what is sent, where credentials
 * go, what is tried again, which answers end how. */
#include "base/auto.h"
#include "http/http.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "headers.h"

/* ---- the server ------------------------------------------------------------------------------ */

/* Gives its answers one after another, each on a connection of its own, and keeps what came. */
struct server {
    int listener;
    uint16_t port;
    const char *const *answers; /* NULL-terminated; "" closes without a word */
    char seen[8][4096];
    size_t count;
    pthread_t thread;
};

static size_t content_length(const char *head)
{
    const char *field = strstr(head, "Content-Length: ");
    return field ? (size_t)atoi(field + 16) : 0;
}

static void read_request(int fd, char *out, size_t size)
{
    size_t len = 0;
    ssize_t got;
    while (len + 1 < size && (got = read(fd, out + len, size - 1 - len)) > 0) {
        len += (size_t)got;
        out[len] = '\0';
        const char *end = strstr(out, "\r\n\r\n");
        if (end && len - (size_t)(end + 4 - out) >= content_length(out))
            break;
    }
    out[len] = '\0';
}

static void *serve(void *context)
{
    struct server *server = context;
    for (const char *const *answer = server->answers; *answer; answer++) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            break;
        read_request(fd, server->seen[server->count], sizeof server->seen[0]);
        server->count++;
        if (write(fd, *answer, strlen(*answer)) < 0)
            break;
        close(fd);
    }
    return NULL;
}

static void start(struct server *server, const char *const *answers)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t len = sizeof address;
    *server = (struct server){.answers = answers};
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

#define OK_CLOSE "HTTP/1.1 200 OK\r\nConnection: close\r\n"

static struct arc_http *http;

static int set_up(void **state)
{
    static const struct arc_http_options options = {.connect_timeout = 60, .idle_timeout = 60};
    (void)state;
    return arc_http_new(&options, &http, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    arc_http_free(http);
    return 0;
}

/* A request to `path` of the server; the response is the caller's to free. */
static int ask(struct server *server, struct arc_http_request request, const char *path,
               struct arc_http_response *response, struct arc_error *err)
{
    char url[256];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", server->port, path);
    request.url = url;
    request.method = request.method ? request.method : "GET";
    return arc_http_send(http, &request, response, err);
}

/* ---- plain exchanges ------------------------------------------------------------------------- */

static void test_get(void **state)
{
    (void)state;
    static const char *const answers[] = {"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" OK_CLOSE
                                          "X-Name:  some value \r\nEtag: \"a\"\r\n"
                                          "Content-Length: 5\r\n\r\nhello",
                                          NULL};
    static const char *const headers[] = {"Accept: text/x", NULL};
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    struct server server;
    start(&server, answers);
    struct arc_http_request request = {.headers = headers, .authorization = "Bearer t0p"};
    assert_int_equal(ask(&server, request, "/a?b=c", &response, NULL), 0);
    stop(&server);
    assert_int_equal(response.fate, ARC_HTTP_ANSWERED);
    assert_int_equal(response.status, 200);
    assert_string_equal(arc_buf_text(&response.body), "hello");
    assert_string_equal(arc_http_header(&response, "x-name"), "some value");
    assert_null(arc_http_header(&response, "x-early"));
    assert_null(arc_http_header(&response, "x-none"));
    assert_memory_equal(server.seen[0], "GET /a?b=c HTTP/1.1\r\n", 21);
    assert_non_null(strstr(server.seen[0], "\r\nAccept: text/x\r\n"));
    assert_non_null(strstr(server.seen[0], "\r\nAuthorization: Bearer t0p\r\n"));
    assert_non_null(strstr(server.seen[0], "\r\nUser-Agent: arc-ci/"));
}

static void test_post(void **state)
{
    (void)state;
    static const char *const answers[] = {OK_CLOSE "Content-Length: 0\r\n\r\n",
                                          OK_CLOSE "Content-Length: 0\r\n\r\n", NULL};
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    char path[] = "/tmp/arcci-http-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "from a file", 11), 11);
    close(fd);
    struct server server;
    start(&server, answers);
    struct arc_http_request memory = {.method = "POST", .body = "a\0b", .body_len = 3};
    struct arc_http_request file = {.method = "PUT", .body_file = path};
    assert_int_equal(ask(&server, memory, "/m", &response, NULL), 0);
    assert_int_equal(ask(&server, file, "/f", &response, NULL), 0);
    stop(&server);
    unlink(path);
    assert_non_null(strstr(server.seen[0], "POST /m"));
    assert_non_null(strstr(server.seen[0], "Content-Length: 3\r\n"));
    assert_null(strstr(server.seen[0], "Expect"));
    assert_memory_equal(strstr(server.seen[0], "\r\n\r\n") + 4, "a\0b", 3);
    assert_non_null(strstr(server.seen[1], "PUT /f"));
    assert_string_equal(strstr(server.seen[1], "\r\n\r\n") + 4, "from a file");
}

static void test_body_limit(void **state)
{
    (void)state;
    static const char *const answers[] = {OK_CLOSE "Content-Length: 5\r\n\r\nhello",
                                          OK_CLOSE "\r\nhello", OK_CLOSE "\r\nhello", NULL};
    struct server server;
    start(&server, answers);
    for (size_t max = 4; max < 7; max++) {
        ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
        ARC_AUTO(arc_error) struct arc_error err = {0};
        struct arc_http_request request = {.max = max};
        int rc = ask(&server, request, "/", &response, &err);
        assert_int_equal(rc, max < 5 ? ARC_ELIMIT : ARC_OK);
    }
    stop(&server);
}

/* ---- what can go wrong ----------------------------------------------------------------------- */

static void test_lost(void **state)
{
    (void)state;
    static const char *const answers[] = {"", OK_CLOSE "Content-Length: 50\r\n\r\nhello",
                                          "HTTP/1.1 2", NULL};
    struct server server;
    start(&server, answers);
    for (int i = 0; i < 3; i++) {
        ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
        ARC_AUTO(arc_error) struct arc_error err = {0};
        struct arc_http_request request = {.method = "POST", .body = "x", .body_len = 1};
        assert_int_equal(ask(&server, request, "/", &response, &err), ARC_EWORLD);
        assert_int_equal(response.fate, ARC_HTTP_LOST);
    }
    stop(&server);
}

static void test_unsent(void **state)
{
    (void)state;
    static const char *const answers[] = {NULL};
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    struct server server;
    start(&server, answers);
    stop(&server); /* nobody listens there now */
    struct arc_http_request request = {.method = "POST", .body = "x", .body_len = 1};
    assert_int_equal(ask(&server, request, "/", &response, &err), ARC_EWORLD);
    assert_int_equal(response.fate, ARC_HTTP_UNSENT);
}

static void test_barred(void **state)
{
    (void)state;
    static const struct {
        const char *url, *authorization, *header, *part;
    } table[] = {
        {"", NULL, NULL, "is not a URL"},
        {"ftp://127.0.0.1/", NULL, NULL, "only http:// and https://"},
        {"file:///etc/passwd", NULL, NULL, "is not a URL"},
        {"https://user:secret@127.0.0.1/", NULL, NULL, "a user name or a password"},
        {"https://127.0.0.1/a b", NULL, NULL, "a space"},
        {"https://127.0.0.1/\r\nX: y", NULL, NULL, "control character"},
        {"http://192.0.2.1/", "Bearer s3cret", NULL, "over https only"},
        {"http://127.0.0.1.example/", "Bearer s3cret", NULL, "over https only"},
        {"http://localhost.example/", "Bearer s3cret", NULL, "over https only"},
        {"http://127.0.0.1:9/", "a\r\nX: y", NULL, "line break"},
        {"http://127.0.0.1:9/", NULL, "A: b\r\nX: y", "line break"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
        ARC_AUTO(arc_error) struct arc_error err = {0};
        const char *const headers[] = {table[i].header, NULL};
        struct arc_http_request request = {.method = "GET",
                                           .url = table[i].url,
                                           .headers = headers,
                                           .authorization = table[i].authorization};
        assert_int_equal(arc_http_send(http, &request, &response, &err), ARC_EINPUT);
        assert_int_equal(response.fate, ARC_HTTP_BARRED);
        if (!strstr(arc_error_text(&err), table[i].part) ||
            strstr(arc_error_text(&err), "s3cret") || strstr(arc_error_text(&err), "user:secret"))
            fail_msg("%s", arc_error_text(&err));
    }
}

static void test_safe(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool safe;
    } table[] = {
        {"https://api.github.com", true},  {"http://127.0.0.1:80/", true},
        {"http://127.255.0.9/", true},     {"http://[::1]:5000/v2/", true},
        {"http://localhost:5000/", true},  {"http://LOCALHOST/", true},
        {"http://128.0.0.1/", false},      {"http://example.org/", false},
        {"http://[::2]/", false},          {"http://127.0.0.1.nip.example/", false},
        {"http://localhost@evil/", false}, {"http://[::ffff:8.8.8.8]/", false},
        {"gopher://127.0.0.1/", false},    {"", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if ((arc_http_check_safe(http, table[i].url, NULL) == ARC_OK) != table[i].safe)
            fail_msg("%s", table[i].url);
}

/* ---- redirects ------------------------------------------------------------------------------- */

/* Answers with a redirect from one server to another; returns what the second one saw. */
static int redirect(const char *status, struct arc_http_request request, struct server *first,
                    struct server *second, struct arc_http_response *response)
{
    static const char *const done[] = {OK_CLOSE "Content-Length: 0\r\n\r\n", NULL};
    char answer[256];
    const char *const answers[] = {answer, NULL};
    start(second, done);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 %s X\r\nConnection: close\r\nLocation: http://127.0.0.1:%u/there\r\n"
             "Content-Length: 0\r\n\r\n",
             status, second->port);
    start(first, answers);
    request.redirects = 3;
    request.authorization = "Bearer s3cret";
    int rc = ask(first, request, "/here", response, NULL);
    stop(first);
    stop(second);
    return rc;
}

static void test_redirect_to_another_origin(void **state)
{
    (void)state;
    static const struct {
        const char *status, *method;
        const char *there; /* how the request arrives, without a body; NULL: it does not */
    } table[] = {
        {"301", "GET", "GET /there"}, {"302", "HEAD", "HEAD /there"}, {"307", "GET", "GET /there"},
        {"308", "GET", "GET /there"}, {"303", "POST", "GET /there"},  {"301", "POST", NULL},
        {"302", "PUT", NULL},         {"307", "POST", NULL},          {"308", "PUT", NULL},
        {"304", "GET", NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
        struct server first, second;
        bool read = strcmp(table[i].method, "GET") == 0 || strcmp(table[i].method, "HEAD") == 0;
        struct arc_http_request request = {
            .method = table[i].method, .body = read ? NULL : "payload", .body_len = 7};
        assert_int_equal(redirect(table[i].status, request, &first, &second, &response), 0);
        assert_non_null(strstr(first.seen[0], "Bearer s3cret"));
        assert_int_equal(response.status, table[i].there ? 200 : atoi(table[i].status));
        assert_int_equal(second.count, table[i].there ? 1 : 0);
        if (!table[i].there)
            continue;
        assert_memory_equal(second.seen[0], table[i].there, strlen(table[i].there));
        assert_null(strstr(second.seen[0], "s3cret"));
        assert_null(strstr(second.seen[0], "payload"));
    }
}

/* The place that a registry or GitHub redirects to has a signature in its query. */
static void test_no_signature_in_errors(void **state)
{
    (void)state;
    static const char *const places[] = {"http://127.0.0.1:1/there?sig=s3cret",
                                         "http://u:p@127.0.0.1/there?sig=s3cret",
                                         "ftp://127.0.0.1/there?sig=s3cret"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
        ARC_AUTO(arc_error) struct arc_error err = {0};
        struct server server;
        char answer[256];
        const char *const answers[] = {answer, NULL};
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 307 X\r\nConnection: close\r\nLocation: %s\r\n"
                 "Content-Length: 0\r\n\r\n",
                 places[i]);
        start(&server, answers);
        struct arc_http_request request = {.method = "GET", .redirects = 1};
        assert_int_not_equal(ask(&server, request, "/here", &response, &err), 0);
        stop(&server);
        assert_null(strstr(arc_error_text(&err), "s3cret"));
    }
}

static void test_redirect_at_home(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 307 X\r\nConnection: close\r\nLocation: ../b?c\r\nContent-Length: 0\r\n\r\n",
        OK_CLOSE "Content-Length: 0\r\n\r\n", NULL};
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    struct server server;
    start(&server, answers);
    struct arc_http_request request = {.method = "POST",
                                       .body = "payload",
                                       .body_len = 7,
                                       .authorization = "Bearer t",
                                       .redirects = 1};
    assert_int_equal(ask(&server, request, "/x/y/a", &response, NULL), 0);
    stop(&server);
    assert_int_equal(response.status, 200);
    assert_memory_equal(server.seen[1], "POST /x/b?c ", 12);
    assert_non_null(strstr(server.seen[1], "Bearer t"));
    assert_string_equal(strstr(server.seen[1], "\r\n\r\n") + 4, "payload");
}

static void test_redirect_loop(void **state)
{
    (void)state;
    static const char loop[] =
        "HTTP/1.1 302 X\r\nConnection: close\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n";
    static const char *const answers[] = {loop, loop, loop, NULL};
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    struct server server;
    start(&server, answers);
    struct arc_http_request request = {.redirects = 2};
    assert_int_equal(ask(&server, request, "/", &response, NULL), 0);
    stop(&server);
    assert_int_equal(response.status, 302); /* the third is the answer */
    assert_int_equal(server.count, 3);
}

/* ---- several at once ------------------------------------------------------------------------- */

static bool was_asked_for(const struct server *server, const char *line)
{
    for (size_t i = 0; i < server->count; i++)
        if (strncmp(server->seen[i], line, strlen(line)) == 0)
            return true;
    return false;
}

/* One is redirected, one loses its answer, one is not a URL; the rest does not suffer from it. */
static void test_several(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 307 Temporary Redirect\r\nConnection: close\r\nLocation: /there\r\n"
        "Content-Length: 0\r\n\r\n",
        "", OK_CLOSE "Content-Length: 5\r\n\r\nhello", OK_CLOSE "Content-Length: 5\r\n\r\nhello",
        NULL};
    struct arc_http_response responses[4] = {{0}};
    struct arc_http_request requests[4] = {{0}};
    char urls[4][64];
    struct server server;
    start(&server, answers);
    for (int i = 0; i < 4; i++) {
        snprintf(urls[i], sizeof urls[i], "http://127.0.0.1:%u/%d", server.port, i);
        requests[i] = (struct arc_http_request){.method = "GET", .url = urls[i], .redirects = 1};
    }
    requests[3].url = "ftp://127.0.0.1/";
    assert_int_equal(arc_http_send_all(http, requests, responses, 4, NULL), 0);
    stop(&server);
    int good = 0, lost = 0;
    for (int i = 0; i < 3; i++) {
        good +=
            responses[i].status == 200 && strcmp(arc_buf_text(&responses[i].body), "hello") == 0;
        lost += responses[i].status == 0;
        arc_http_response_free(&responses[i]);
    }
    assert_int_equal(good, 2);
    assert_int_equal(lost, 1);
    assert_int_equal(responses[3].status, 0);
    arc_http_response_free(&responses[3]);
    assert_true(was_asked_for(&server, "GET /0 ") && was_asked_for(&server, "GET /1 ") &&
                was_asked_for(&server, "GET /2 ") && was_asked_for(&server, "GET /there "));
}

/* ---- tries ----------------------------------------------------------------------------------- */

struct fake_clock {
    int64_t now, waited;
    unsigned waits;
};

static int64_t fake_now(void *context)
{
    return ((struct fake_clock *)context)->now;
}

static void fake_wait(void *context, int64_t milliseconds)
{
    struct fake_clock *clock = context;
    clock->waited += milliseconds;
    clock->waits++;
}

static uint32_t fake_random(void *context)
{
    (void)context;
    return 0;
}

/* Appends what a person is told. */
static void note_wait(void *context, const char *url, int status, int64_t seconds)
{
    arc_buf_printf(context, "%s %d %d; ", strrchr(url, '/'), status, (int)seconds);
}

static void test_retry(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 503 X\r\nConnection: close\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", "",
        "HTTP/1.1 429 X\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n",
        OK_CLOSE "Content-Length: 2\r\n\r\nok", NULL};
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    struct fake_clock time = {.now = 1000};
    struct arc_clock clock = {fake_now, fake_wait, fake_random, &time};
    ARC_AUTO(arc_buf) struct arc_buf told = {0};
    struct arc_http_retry retry = {.clock = &clock, .on_wait = note_wait, .context = &told};
    struct server server;
    char url[64];
    start(&server, answers);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/x", server.port);
    struct arc_http_request request = {.method = "GET", .url = url};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    assert_int_equal(arc_http_send_retrying(http, &request, &retry, &response, &err), 0);
    stop(&server);
    assert_int_equal(err.code, 0);
    assert_string_equal(arc_buf_text(&response.body), "ok");
    assert_int_equal(time.waits, 3);
    assert_int_equal(time.waited, 7000 + 1000 + 5000);
    assert_string_equal(arc_buf_text(&told), "/x 503 7; /x 429 5; ");
}

/* A create is not repeated once it may have arrived. */
static void test_no_blind_retry(void **state)
{
    (void)state;
    static const char *const answers[] = {"", NULL};
    ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
    struct fake_clock time = {0};
    struct arc_clock clock = {fake_now, fake_wait, fake_random, &time};
    struct arc_http_retry retry = {.clock = &clock, .create = true};
    struct server server;
    char url[64];
    start(&server, answers);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", server.port);
    struct arc_http_request request = {.method = "POST", .url = url, .body = "x", .body_len = 1};
    assert_int_equal(arc_http_send_retrying(http, &request, &retry, &response, NULL), ARC_EWORLD);
    stop(&server);
    assert_int_equal(server.count, 1);
    assert_int_equal(time.waits, 0);
}

static void test_retry_wait(void **state)
{
    (void)state;
    static const struct {
        enum arc_http_fate fate;
        int status;
        const char *headers, *body;
        bool create;
        unsigned attempt;
        int64_t wait;
    } table[] = {
        {ARC_HTTP_ANSWERED, 200, "", "", false, 1, -1},
        {ARC_HTTP_ANSWERED, 404, "", "", false, 1, -1},
        {ARC_HTTP_ANSWERED, 403, "", "no", false, 1, -1},
        {ARC_HTTP_BARRED, 0, "", "", false, 1, -1},
        {ARC_HTTP_UNSENT, 0, "", "", true, 1, 500},
        {ARC_HTTP_UNSENT, 0, "", "", true, 2, 1000},
        {ARC_HTTP_UNSENT, 0, "", "", true, 6, -1},
        {ARC_HTTP_LOST, 0, "", "", false, 1, 500},
        {ARC_HTTP_LOST, 0, "", "", true, 1, -1},
        {ARC_HTTP_ANSWERED, 500, "", "", false, 3, 2000},
        {ARC_HTTP_ANSWERED, 502, "", "", true, 1, -1},
        {ARC_HTTP_ANSWERED, 522, "", "", false, 1, 500},
        {ARC_HTTP_ANSWERED, 507, "", "", false, 1, -1},
        {ARC_HTTP_ANSWERED, 501, "", "", false, 1, -1},
        {ARC_HTTP_ANSWERED, 503, "retry-after: 30", "", false, 1, 30000},
        {ARC_HTTP_ANSWERED, 429, "retry-after: 30", "", true, 1, 30000},
        {ARC_HTTP_ANSWERED, 429, "", "", true, 1, 500},
        {ARC_HTTP_ANSWERED, 429, "", "You have exceeded a secondary rate limit", true, 1, 60000},
        {ARC_HTTP_ANSWERED, 429, "retry-after: 901", "", true, 1, -1},
        {ARC_HTTP_ANSWERED, 429, "retry-after: Thu, 01 Jan 1970 00:16:50 GMT", "", true, 1, 10000},
        {ARC_HTTP_ANSWERED, 429, "retry-after: Thu, 01 Jan 1970 00:16:30 GMT", "", true, 1, 0},
        {ARC_HTTP_ANSWERED, 429, "retry-after: soon", "", true, 1, 500},
        {ARC_HTTP_ANSWERED, 403, "x-ratelimit-remaining: 0\nx-ratelimit-reset: 1100", "", true, 1,
         101000},
        {ARC_HTTP_ANSWERED, 403, "x-ratelimit-remaining: 0\nx-ratelimit-reset: 900", "", true, 1,
         1000},
        {ARC_HTTP_ANSWERED, 403, "x-ratelimit-remaining: 9\nx-ratelimit-reset: 1100", "", true, 1,
         -1},
        {ARC_HTTP_ANSWERED, 403, "", "You have exceeded a secondary RATE limit", true, 1, 60000},
        {ARC_HTTP_ANSWERED, 403, "", "You have exceeded a secondary rate limit", true, 3, 240000},
        {ARC_HTTP_ANSWERED, 403, "retry-after: 9", "", true, 1, 9000},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
        struct arc_http_retry retry = {.create = table[i].create};
        response.fate = table[i].fate;
        response.status = table[i].status;
        set_headers(&response, table[i].headers);
        arc_buf_puts(&response.body, table[i].body);
        int64_t wait = arc_http_retry_wait(&retry, &response, table[i].attempt, 1000, 0);
        if (wait != table[i].wait)
            fail_msg("row %zu: %lld", i, (long long)wait);
        int64_t more = arc_http_retry_wait(&retry, &response, table[i].attempt, 1000, UINT32_MAX);
        assert_true(wait < 0 ? more == wait : more >= wait);
    }
}

static void test_link(void **state)
{
    (void)state;
    static const struct {
        const char *header, *next;
    } table[] = {
        {"<https://a/?page=2>; rel=\"next\", <https://a/?page=9>; rel=\"last\"",
         "https://a/?page=2"},
        {"<https://a/1>; rel=\"prev\", <https://a/3>; rel=\"next\"", "https://a/3"},
        {"<https://a/,;>; title=\"a, b\"; rel=next", "https://a/,;"},
        {"<https://a/>; rel=\"first next\"", "https://a/"},
        {"<https://a/>;rel=next", "https://a/"},
        {"<https://a/>;rel=prev,<https://b/>;rel=next", "https://b/"},
        {"<https://a/>; REL=\"NEXT\"", "https://a/"},
        {"</style.css>; rel=preload\nlink: <https://a/2>; rel=next", "https://a/2"},
        {"<https://a/>; rel=\"nextish\"", NULL},
        {"<https://a/>; rel=\"prev\"", NULL},
        {"<https://a/; rel=\"next\"", NULL},
        {"nonsense", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ARC_AUTO(arc_http_response) struct arc_http_response response = {0};
        ARC_AUTO_FREE char *next = NULL;
        ARC_AUTO_FREE char *header = malloc(strlen(table[i].header) + 8);
        sprintf(header, "link: %s", table[i].header);
        set_headers(&response, header);
        assert_int_equal(arc_http_link(&response, &next, NULL), 0);
        if (!table[i].next)
            assert_null(next);
        else
            assert_string_equal(next, table[i].next);
    }
}

static void test_resolve(void **state)
{
    (void)state;
    static const struct {
        const char *base, *reference, *want;
    } table[] = {
        {"https://a/b/c", "d", "https://a/b/d"},
        {"https://a/b/c", "/d", "https://a/d"},
        {"https://a/b/c", "//x/d", "https://x/d"},
        {"https://a/b/c?q", "?r", "https://a/b/c?r"},
        {"https://a/b/c", "http://x:81/d", "http://x:81/d"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ARC_AUTO_FREE char *got = NULL;
        assert_int_equal(arc_http_resolve(http, table[i].base, table[i].reference, &got, NULL), 0);
        assert_string_equal(got, table[i].want);
    }
    static const char *const bad[] = {
        "", "a b", "a\x7f", "a\nb", "\x1f", "file:///etc/passwd", "ftp://b/c"};
    char *none = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(arc_http_resolve(http, "https://a/", bad[i], &none, NULL), ARC_EINPUT);
    assert_int_equal(arc_http_resolve(http, "", "b", &none, NULL), ARC_EINPUT);
    assert_null(none);
}

static void test_longest_url(void **state)
{
    (void)state;
    char reference[8194];
    memset(reference, 'a', sizeof reference);
    for (size_t len = 8191; len <= 8193; len++) {
        ARC_AUTO_FREE char *got = NULL;
        reference[len] = '\0';
        assert_int_equal(arc_http_resolve(http, "https://a/", reference, &got, NULL),
                         len > 8192 ? ARC_EINPUT : 0);
        assert_int_equal(got ? strlen(got) : 0, len > 8192 ? 0 : len + strlen("https://a/"));
        reference[len] = 'a';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_post),
        cmocka_unit_test(test_body_limit),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_unsent),
        cmocka_unit_test(test_barred),
        cmocka_unit_test(test_safe),
        cmocka_unit_test(test_redirect_to_another_origin),
        cmocka_unit_test(test_no_signature_in_errors),
        cmocka_unit_test(test_redirect_at_home),
        cmocka_unit_test(test_redirect_loop),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_no_blind_retry),
        cmocka_unit_test(test_retry_wait),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_longest_url),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
