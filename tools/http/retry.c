/* When to retry a request, and how long to wait. */
#define _GNU_SOURCE /* strcasestr, strptime */
#include "base/text.h"
#include "http/http.h"
#include <time.h>

#define ATTEMPTS       6
#define MAX_WAIT       900
#define SECONDARY_WAIT 60

/* Reads "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7); strptime() accepts English in
 * every locale. */
static bool http_date(const char *text, int64_t *out)
{
    struct tm tm = {0};
    const char *end = text ? strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm) : NULL;
    if (!end || *end)
        return false;
    *out = (int64_t)timegm(&tm);
    return true;
}

/* GitHub's limit on bursts, by 403 or 429 (GitHub docs, "Rate limits for the REST API"). */
static bool secondary(const struct arc_http_response *response)
{
    const char *body = arc_buf_text(&response->body);
    return strcasestr(body, "secondary rate limit") || strcasestr(body, "abuse detection");
}

bool arc_http_rate_limited(const struct arc_http_response *response)
{
    if (response->fate != ARC_HTTP_ANSWERED)
        return false;
    if (response->status == 429)
        return true;
    const char *left = arc_http_header(response, "x-ratelimit-remaining");
    return response->status == 403 && (arc_http_header(response, "retry-after") ||
                                       (left && strcmp(left, "0") == 0) || secondary(response));
}

int64_t arc_http_asked_wait(const struct arc_http_response *response, int64_t now)
{
    int64_t value;

    if (response->fate != ARC_HTTP_ANSWERED)
        return -1;
    const char *after = arc_http_header(response, "retry-after");
    const char *left = arc_http_header(response, "x-ratelimit-remaining");
    if (arc_text_number(after, 15, &value))
        return value;
    if (http_date(after, &value))
        return value > now ? value - now : 0;
    bool limited = arc_http_rate_limited(response);
    if (limited && left && strcmp(left, "0") == 0 &&
        arc_text_number(arc_http_header(response, "x-ratelimit-reset"), 15, &value))
        return value > now ? value - now + 1 : 1; /* the clocks differ by less than that */

    return -1;
}

int64_t arc_http_retry_wait(const struct arc_http_retry *retry,
                            const struct arc_http_response *response, unsigned attempt, int64_t now,
                            uint32_t random)
{
    int64_t max = arc_or(retry->max_wait, MAX_WAIT);
    bool limited = arc_http_rate_limited(response);
    bool unsent = response->fate == ARC_HTTP_UNSENT;
    int status = response->fate == ARC_HTTP_ANSWERED ? response->status : 0;
    /* From 520 on: a proxy that did not reach its server (Cloudflare, in front of many registries). */
    bool doubtful = response->fate == ARC_HTTP_LOST || status == 408 || status == 500 ||
                    (status >= 502 && status <= 504) || status >= 520;

    if (attempt >= arc_or(retry->attempts, ATTEMPTS))
        return -1;
    if (!(limited || unsent || (doubtful && !retry->create)))
        return -1;
    int64_t seconds = arc_http_asked_wait(response, now);
    if (seconds < 0 && limited && (response->status == 403 || secondary(response)))
        seconds = (int64_t)SECONDARY_WAIT << (attempt - 1);
    if (seconds > max)
        return -1;

    /* A requested wait gets a little longer, never shorter. Half of our own wait is random, so that
     * jobs that failed together do not retry together. */
    if (seconds >= 0)
        return seconds * 1000 + (int64_t)(random % 1000);

    int64_t step = (int64_t)500 << ARC_MIN(attempt, 6);
    return step / 2 + (int64_t)(random % (uint32_t)(step / 2));
}

bool arc_http_wait_again(const struct arc_http_retry *retry,
                         const struct arc_http_response *response, unsigned attempt)
{
    const struct arc_clock *clock = arc_or(retry->clock, arc_clock_system());
    int64_t now = clock->now(clock->context);
    int64_t wait =
        arc_http_retry_wait(retry, response, attempt, now, clock->random(clock->context));

    if (wait < 0)
        return false;
    if (retry->on_wait && arc_http_asked_wait(response, now) > 0)
        retry->on_wait(retry->context, response->url, response->status, wait / 1000);
    clock->wait(clock->context, wait);

    return true;
}

int arc_http_send_retrying(struct arc_http *http, const struct arc_http_request *request,
                           const struct arc_http_retry *retry, struct arc_http_response *response,
                           struct arc_error *err)
{
    for (unsigned attempt = 1;; attempt++) {
        int rc = arc_http_send(http, request, response, err);
        bool final = rc && rc != ARC_EWORLD;
        if (final || !arc_http_wait_again(retry, response, attempt))
            return rc;
        if (rc && err)
            arc_error_clear(err);
    }
}

/* ---- Link ----------------------------------------------------------------------------------- */

/* Whether a link's parameters up to `end`, `; rel="next prev"; …`, include rel=next. */
static bool is_next(const char *at, const char *end)
{
    for (; at < end; at++) {
        if (strncasecmp(at, "rel=", 4) != 0)
            continue;
        bool quoted = at[4] == '"';
        const char *value = at + 4 + quoted;
        at = value + strcspn(value, quoted ? "\";," : "\" ;,");
        arc_each_piece (word, value, " \";,") {
            if (word.text >= at)
                break;
            if (arc_text_is_caseless(word.text, word.len, "next"))
                return true;
        }
    }

    return false;
}

/* Returns the target of a header's first rel=next link, of *len bytes; NULL if there is none. */
static const char *find_link(const char *header, size_t *len)
{
    const char *at = header;

    while ((at = strchr(at, '<'))) {
        const char *close = strchr(at, '>');
        if (!close)
            break;
        const char *end = close + 1; /* the parameters end at a comma outside quotes */
        for (bool quoted = false; *end && (quoted || *end != ','); end++)
            quoted ^= *end == '"';
        *len = (size_t)(close - at - 1);
        if (is_next(close + 1, end))
            return at + 1;
        at = end;
    }

    return NULL;
}

int arc_http_link(const struct arc_http_response *response, char **out, struct arc_error *err)
{
    const char *header = NULL, *target = NULL;
    size_t len = 0;

    *out = NULL;
    while (!target && (header = arc_http_header_next(response, "link", header)))
        target = find_link(header, &len);
    if (!target)
        return ARC_OK;
    *out = strndup(target, len);

    return arc_error_unless(*out, err);
}
