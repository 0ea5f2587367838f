/* A server's answer: header values of WWW-Authenticate, Link, Retry-After and the rate limits, and a
 * Location. Whatever they hold, a wait is bounded and a URL that comes out can be asked again. */
#include "base/auto.h"
#include "http/http.h"
#include "registry/call.h"
#include <stdlib.h>
#include <string.h>

#define NOW 1800000000

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void read_challenge(const char *value)
{
    struct arc_challenge challenge = {0};
    if (arc_challenge_read(value, &challenge, NULL))
        abort();
    if (challenge.kind == ARC_CHALLENGE_BEARER && !challenge.realm)
        abort();
    arc_challenge_free(&challenge);
}

static void read_headers(const char *value)
{
    static const char *const names[] = {"link", "retry-after", "x-ratelimit-remaining",
                                        "x-ratelimit-reset", "www-authenticate"};
    static const struct arc_http_retry retry = {.max_wait = 60};
    struct arc_http_response response = {.fate = ARC_HTTP_ANSWERED, .status = 429};
    ARC_AUTO_FREE char *next = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        arc_buf_add(&response.headers, names[i], strlen(names[i]) + 1);
        arc_buf_add(&response.headers, value, strlen(value) + 1);
    }
    if (arc_http_link(&response, &next, NULL))
        abort();
    if (arc_http_asked_wait(&response, NOW) < -1)
        abort();
    for (unsigned attempt = 1; attempt < 8; attempt++) {
        int64_t wait =
            arc_http_retry_wait(&retry, &response, attempt, NOW, (uint32_t)attempt * 0x9e3779b9);
        if (wait < -1 || wait >= 61 * 1000) /* what was asked for, and less than a second more */
            abort();
    }
    arc_http_response_free(&response);
}

static void resolve(const char *reference)
{
    static struct arc_http *http;
    ARC_AUTO_FREE char *url = NULL;
    ARC_AUTO_FREE char *again = NULL;
    if (!http && arc_http_new(NULL, &http, NULL))
        abort();
    if (arc_http_resolve(http, "https://registry.test/v2/a?b=c", reference, &url, NULL))
        return;
    arc_http_check_safe(http, url, NULL);
    if (arc_http_resolve(http, url, url, &again, NULL) || strcmp(url, again) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    ARC_AUTO_FREE char *text = calloc(size + 1, 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    read_challenge(text);
    read_headers(text);
    resolve(text);
    return 0;
}
