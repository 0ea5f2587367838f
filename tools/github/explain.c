/* Explains errors of the GitHub API. */
#include "base/json.h"
#include "base/text.h"
#include "github/github.h"
#include <time.h>

/* Appends a message on one line. */
static void add_shown(struct arc_buf *out, const char *text, size_t max)
{
    size_t len = strlen(text);
    const char *end = text + ARC_MIN(len, max);

    while (text < end) {
        size_t line = strcspn(text, "\r\n"), room = (size_t)(end - text);
        arc_text_visible(out, text, ARC_MIN(line, room));
        text += line + strspn(text + line, "\r\n");
        if (text < end)
            arc_buf_putc(out, ' ');
    }

    if (len > max)
        arc_buf_puts(out, "…");
}

/* {"errors": [{"resource": "Release", "field": "tag_name", "code": "already_exists"}]} or strings.
 */
static void add_field_errors(struct arc_buf *out, const json_t *body)
{
    const json_t *errors = json_object_get(body, "errors");

    arc_json_each (one, errors) {
        const char *message =
            json_string_value(json_is_string(one) ? one : json_object_get(one, "message"));
        const char *field = json_string_value(json_object_get(one, "field"));
        const char *code = json_string_value(json_object_get(one, "code"));
        if (one_at == 5)
            break;
        arc_buf_puts(out, one_at ? ", " : " (");
        add_shown(out, arc_or(field, ""), 100);
        arc_buf_puts(out, field ? ": " : "");
        if (!message)
            message = arc_or(code, "unnamed error");
        add_shown(out, message, 200);
    }

    arc_buf_puts(out, json_array_size(errors) ? ")" : "");
}

/* Whether a workflow's `permissions:` has this key, as GitHub's headers spell it. */
static bool is_grantable(const char *name, size_t len)
{
    static const char *const keys[] = {"actions",         "artifact_metadata",
                                       "attestations",    "checks",
                                       "contents",        "deployments",
                                       "discussions",     "id_token",
                                       "issues",          "models",
                                       "packages",        "pages",
                                       "pull_requests",   "statuses",
                                       "security_events", "repository_projects"};
    arc_each_in (key, keys)
        if (arc_text_is(name, len, *key))
            return true;

    return false;
}

/* Appends one alternative of a permissions header, "contents=write,pull_requests=read", as a
 * workflow spells it, without metadata, which every token has. Returns false if a workflow cannot
 * grant it. */
static bool add_alternative(struct arc_buf *out, const char *text, size_t len)
{
    bool grantable = true;

    arc_each_piece (item, text, " ,;") {
        if (item.text >= text + len)
            break;
        if (!item.len || ARC_STARTS(item.text, "metadata="))
            continue;
        grantable &= is_grantable(item.text, strcspn(item.text, "=,;"));
        arc_buf_puts(out, out->len ? ", " : "");
        for (size_t i = 0; i < item.len && i < 100; i++)
            if (item.text[i] == '=')
                arc_buf_puts(out, ": ");
            else if (item.text[i] == '_')
                arc_buf_putc(out, '-');
            else
                arc_text_visible(out, item.text + i, 1);
    }

    return grantable;
}

/* Splits "contents=write; contents=write,workflows=write", alternatives that each suffice for the
 * request, into those that a workflow's `permissions:` can grant and those it cannot. */
static void split_permissions(const char *header, struct arc_buf *gives, struct arc_buf *cannot,
                              const char *open, const char *close)
{
    arc_each_piece (alternative, header, ";") {
        ARC_AUTO(arc_buf) struct arc_buf one = {.max = 1024};
        bool grantable = add_alternative(&one, alternative.text, alternative.len);
        if (one.len)
            arc_text_item(grantable ? gives : cannot, " or ", "%s%s%s", open, arc_buf_text(&one),
                          close);
    }
}

/* Says what the token lacks and how to grant it. */
static void add_permissions(struct arc_buf *out, const char *header, const char *message)
{
    ARC_AUTO(arc_buf) struct arc_buf gives = {.max = 1024}, cannot = {.max = 1024};

    arc_buf_printf(out, "; the token needs %.200s", header);

    if (message && strstr(message, "personal access token")) {
        split_permissions(header, &gives, &gives, "", "");
        arc_buf_printf(out, ": give the token %s (github.com/settings/tokens)",
                       arc_buf_text(&gives));
        return;
    }

    split_permissions(header, &gives, &cannot, "`permissions: {", "}`");
    if (gives.len)
        arc_buf_printf(out, ": add to the job %s", arc_buf_text(&gives));

    if (cannot.len) {
        arc_buf_puts(out, gives.len ? "; where the job has that already, " : ": ");
        if (strstr(header, "workflows="))
            arc_buf_puts(out, "the commit's workflow files are on no branch, which takes the "
                              "permission `workflows`: ");
        arc_buf_puts(out, "no workflow's token has it, a GitHub App's or a person's may");
    }

    if (gives.len)
        arc_buf_puts(
            out, "; the token of a pull request from a fork may not write, whatever the job says");
}

/* Says when a rate limit ends (GitHub docs, "Best practices for using the REST API"). */
static void add_limit(struct arc_buf *out, const struct arc_http_response *answer)
{
    const char *after = arc_http_header(answer, "retry-after");
    const char *reset = arc_http_header(answer, "x-ratelimit-reset");
    const char *left = arc_http_header(answer, "x-ratelimit-remaining");
    time_t end = reset ? (time_t)strtoll(reset, NULL, 10) : 0;
    struct tm parts;
    char text[40];

    arc_buf_puts(out, "; it is a rate limit");

    if (after) {
        bool seconds = !after[strspn(after, "0123456789")];
        arc_buf_puts(out, seconds ? " that lasts " : " that ends at ");
        add_shown(out, after, 40);
        arc_buf_puts(out, seconds ? " s" : "");
    } else if (end > 0 && (!left || strcmp(left, "0") == 0) && gmtime_r(&end, &parts) &&
               strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts))
        arc_buf_printf(out, " that ends at %s", text);

    arc_buf_puts(out, ": run again later; what is done already is kept");
}

static void add_advice(struct arc_buf *out, const struct arc_http_response *answer,
                       const char *message)
{
    const char *permissions = arc_http_header(answer, "x-accepted-github-permissions");
    const char *scopes = arc_http_header(answer, "x-accepted-oauth-scopes");
    const char *sso = arc_http_header(answer, "x-github-sso");

    if (arc_http_rate_limited(answer)) {
        add_limit(out, answer);
        return;
    }

    if (answer->status == 401)
        arc_buf_puts(out, "; the token is wrong or has expired: check GITHUB_TOKEN, GH_TOKEN or "
                          "--token-file");

    if (sso) {
        const char *url = strstr(sso, "url=");
        arc_buf_puts(out, "; the organisation wants single sign-on for this token: ");
        arc_buf_puts(out, url ? "authorise it at " : "");
        add_shown(out, url ? url + 4 : sso, 300);
    }

    /* GitHub names the permission in every answer. It is missing only if the message says so, not
     * if a feature is turned off. */
    bool lacks = answer->status == 404 ||
                 (answer->status == 403 && (!message || strstr(message, "not accessible")));
    if (answer->status == 403 && message && strstr(message, "via a GitHub App"))
        arc_buf_puts(out, "; a workflow's own GITHUB_TOKEN is one of an App, a person's is not");
    else if (permissions && *permissions && lacks)
        add_permissions(out, permissions, message);
    else if ((answer->status == 403 || answer->status == 404) && scopes && *scopes) {
        arc_buf_puts(out, "; a classic token needs one of the scopes ");
        add_shown(out, scopes, 200);
    } else if (answer->status == 404)
        arc_buf_puts(out, "; it does not exist, or the token may not see it");
    else if (answer->status == 403 && !sso && message && strstr(message, "not accessible"))
        arc_buf_puts(out,
                     "; the token may not do this: look at the job's `permissions:`, or at the "
                     "token's own");
}

int arc_github_explain(const char *method, const char *path, const struct arc_http_response *answer,
                       const json_t *body, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = 3900};
    const char *message = json_string_value(json_object_get(body, "message"));
    const char *page = json_string_value(json_object_get(body, "documentation_url"));

    arc_buf_printf(&text, "%s ", method);
    add_shown(&text, path, 400);
    arc_buf_printf(&text, ": %d ", answer->status);

    if (answer->status >= 300 && answer->status < 400) {
        const char *location = arc_or(arc_http_header(answer, "location"), "nowhere");
        arc_buf_puts(&text, "sends the request elsewhere, to ");
        add_shown(&text, location, (size_t)ARC_MIN(arc_http_shown(location), 300));
        arc_buf_puts(&text, "; it was not followed, so that the token goes to no other host: check "
                            "GITHUB_API_URL and the repository's name");
    } else {
        add_shown(&text, arc_or(message, "without a message of GitHub's"), 600);
    }

    add_field_errors(&text, body);

    if (page) {
        arc_buf_puts(&text, ", see ");
        add_shown(&text, page, 300);
    }

    add_advice(&text, answer, message);

    int status = answer->status, code = ARC_EFAILED;
    if (status == 404 || status == 410)
        code = ARC_ENOTFOUND;
    else if (status == 401 || status == 403 || status == 429 || status >= 500)
        code = ARC_EWORLD;

    return arc_error_set(err, code, "%s", arc_buf_text(&text));
}

/* Reads two hexadecimal digits as a byte; -1 for anything else. */
static int read_hex(const char *at, size_t left)
{
    static const char digits[] = "0123456789abcdef";
    const char *high = left >= 2 && at[0] ? strchr(digits, at[0] | 0x20) : NULL;
    const char *low = high && at[1] ? strchr(digits, at[1] | 0x20) : NULL;
    return low ? (int)(high - digits) << 4 | (int)(low - digits) : -1;
}

/* Returns how many bytes of the text spell the secret, with each letter plain, as JSON's \u00NN or
 * as a URL's %NN; 0 if they do not. */
static size_t find_spelling(const char *text, size_t left, const char *secret)
{
    size_t at = 0;

    for (; *secret; secret++) {
        if (at < left && text[at] == *secret) {
            at++;
            continue;
        }
        size_t skip = 0;
        if (left - at >= 6 && ARC_STARTS(text + at, "\\u00"))
            skip = 4;
        else if (left - at >= 3 && text[at] == '%')
            skip = 1;
        if (!skip || read_hex(text + at + skip, left - at - skip) != (unsigned char)*secret)
            return 0;
        at += skip + 2;
    }

    return at;
}

static size_t mask_spellings(char *text, size_t len, const char *secret)
{
    for (size_t at = 0; at < len; at++) {
        size_t found = find_spelling(text + at, len - at, secret);
        if (found < 3)
            continue;
        memset(text + at, '*', 3);
        memmove(text + at + 3, text + at + found, len - at - found + 1);
        len -= found - 3;
        at += 2;
    }

    return len;
}

/* The longest base64 that is masked: of a token that still fits into a request's header. */
#define PART_MAX 16384

/* Writes the letters that base64 gives for the secret after `before` bytes of other text (as in
 * Authorization: Basic), leaving out letters that also depend on the text around it. Allocates
 * nothing: a mask must not be missing when memory runs out. */
static void encode_part(const char *secret, size_t before, char out[static PART_MAX])
{
    size_t first = before ? before + 1 : 0, end = (before + strlen(secret)) / 3 * 4;
    if (end < first + 16 || end > PART_MAX - 1)
        end = first;

    for (size_t at = first; at < end; at++) {
        size_t byte = at * 6 / 8;
        unsigned high = byte < before ? 0 : (unsigned char)secret[byte - before];
        unsigned low = byte + 1 < before ? 0 : (unsigned char)secret[byte + 1 - before];
        *out++ = (ARC_ALNUM "+/")[(high << 8 | low) >> (10 - at * 6 % 8) & 63];
    }
    *out = '\0';
}

size_t arc_github_mask_bytes(char *text, size_t len, const char *secret)
{
    if (!text || !secret || strlen(secret) < 3)
        return len;
    len = mask_spellings(text, len, secret);

    for (size_t before = 0; before < 3; before++) {
        char part[PART_MAX];
        encode_part(secret, before, part);
        if (*part)
            len = mask_spellings(text, len, part);
    }

    return len;
}

void arc_github_mask(char *text, const char *secret)
{
    if (text)
        arc_github_mask_bytes(text, strlen(text), secret);
}

/* Returns the length of a URL's "https://host:port"; *host is the host's offset. */
static size_t find_origin(const char *url, size_t *host)
{
    const char *slashes = strstr(url, "://");
    *host = slashes ? (size_t)(slashes - url) + 3 : 0;
    return *host + strcspn(url + *host, "/?#");
}

bool arc_github_trusted(const char *api, const char *url)
{
    size_t api_host, url_host;
    size_t api_end = find_origin(api, &api_host), url_end = find_origin(url, &url_host);

    if (!api_host || api_host != url_host || memcmp(api, url, api_host) != 0)
        return false;
    if (memchr(url, '@', url_end) || memchr(url, '\\', url_end))
        return false;
    if (api_end == url_end && strncasecmp(api, url, api_end) == 0)
        return true;
    const char *name = api + api_host, *other = url + url_host;
    size_t name_len = api_end - api_host, other_len = url_end - url_host;
    return name_len > 4 && other_len == name_len + 4 && strncasecmp(name, "api.", 4) == 0 &&
           strncasecmp(other, "uploads.", 8) == 0 &&
           strncasecmp(name + 4, other + 8, name_len - 4) == 0;
}
