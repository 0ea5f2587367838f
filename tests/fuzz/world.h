/* What surrounds the program, as the input has it. The input is parts with a line "---" between them: an answer
 * of a server, what a program printed, or a file's content, in the order in which they are asked for. The linker
 * leads the program's own calls here (tests/CMakeLists.txt), so nothing is sent and nothing is run.
 *
 * An answer starts with a letter for its status; a capital has header lines up to an empty line. A program's
 * output starts with the digit that is its exit status. What is asked for when the input is used up gets none. */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "arcci/clock.h"
#include "base/auto.h"
#include "http/http.h"
#include "os/hash.h"
#include "os/process.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static struct {
    char *at, *end; /* NUL behind it */
    int64_t now;
} world;

static inline void world_begin(char *text, size_t size)
{
    world.at = text;
    world.end = text + size;
    world.now = 1800000000;
}

/* The next part, with a NUL behind it; NULL when there is none. */
static inline char *world_part(size_t *len)
{
    static const char mark[] = "\n---\n";
    char *part = world.at;
    if (!part)
        return NULL;
    char *stop = memmem(part, (size_t)(world.end - part), mark, strlen(mark));
    *len = (size_t)((stop ? stop : world.end) - part);
    part[*len] = '\0';
    world.at = stop ? stop + strlen(mark) : NULL;
    return part;
}

/* Makes a folder in TMPDIR, which whoever runs the target removes. */
static inline bool world_folder(char *out, size_t size)
{
    const char *place = getenv("TMPDIR");
    snprintf(out, size, "%s/arc-ci-fuzz-XXXXXX", place ? place : "/tmp");
    return mkdtemp(out) != NULL;
}

/* ---- servers ------------------------------------------------------------------------------- */

static inline void world_add_header(struct arc_buf *headers, char *line)
{
    char *colon = strchr(line, ':');
    if (!colon)
        return;
    for (char *c = line; c < colon; c++)
        *c = (char)tolower((unsigned char)*c);
    arc_buf_add(headers, line, (size_t)(colon - line));
    arc_buf_putc(headers, '\0');
    arc_buf_add(headers, colon + 1, strlen(colon + 1) + 1);
}

/* Takes the header lines off the answer; the body. */
static inline char *world_headers(char *at, struct arc_buf *headers)
{
    while (*at && *at != '\n') {
        char *line = at;
        at += strcspn(at, "\n");
        if (*at)
            *at++ = '\0';
        world_add_header(headers, line);
    }
    return *at ? at + 1 : at;
}

static inline int world_answer(const struct arc_http_request *request,
                               struct arc_http_response *out, struct arc_error *err)
{
    static const int statuses[26] = {200, 201, 202, 204, 206, 301, 304, 400, 401,
                                     403, 404, 405, 409, 410, 415, 422, 429, 500,
                                     502, 503, 504, 200, 200, 200, 200, 200};
    size_t len = 0;
    char *part = world_part(&len);
    arc_http_response_free(out);
    out->fate = ARC_HTTP_LOST;
    if (!part || !isalpha((unsigned char)*part))
        return arc_error_set(err, ARC_EWORLD, "no answer");
    char *end = part + len, *body = part + 1;
    out->fate = ARC_HTTP_ANSWERED;
    out->status = statuses[tolower((unsigned char)*part) - 'a'];
    out->url = strdup(request->url);
    if (isupper((unsigned char)*part))
        body = world_headers(body, &out->headers);
    arc_buf_add(&out->body, body, (size_t)(end - body));
    return ARC_OK;
}

/* One client for all inputs: making one takes longer than all the rest. */
int __real_arc_http_new(const struct arc_http_options *options, struct arc_http **out,
                        struct arc_error *err);
int __wrap_arc_http_new(const struct arc_http_options *options, struct arc_http **out,
                        struct arc_error *err);
int __wrap_arc_http_new(const struct arc_http_options *options, struct arc_http **out,
                        struct arc_error *err)
{
    static struct arc_http *http;
    (void)options;
    if (!http && __real_arc_http_new(NULL, &http, err))
        abort();
    *out = http;
    return ARC_OK;
}

void __wrap_arc_http_free(struct arc_http *http);
void __wrap_arc_http_free(struct arc_http *http)
{
    (void)http;
}

int __wrap_arc_http_send(struct arc_http *http, const struct arc_http_request *request,
                         struct arc_http_response *response, struct arc_error *err);
int __wrap_arc_http_send(struct arc_http *http, const struct arc_http_request *request,
                         struct arc_http_response *response, struct arc_error *err)
{
    (void)http;
    return world_answer(request, response, err);
}

int __wrap_arc_http_send_all(struct arc_http *http, const struct arc_http_request *requests,
                             struct arc_http_response *answers, size_t count,
                             struct arc_error *err);
int __wrap_arc_http_send_all(struct arc_http *http, const struct arc_http_request *requests,
                             struct arc_http_response *answers, size_t count, struct arc_error *err)
{
    (void)http, (void)err;
    for (size_t i = 0; i < count; i++)
        if (requests[i].url)
            world_answer(&requests[i], &answers[i], NULL);
    return ARC_OK;
}

/* Whatever came is what its digest says: no input could be found otherwise. */
int __wrap_arc_digest_like(const char *like, const void *bytes, size_t len,
                           char out[ARC_DIGEST_MAX + 1], struct arc_error *err);
int __wrap_arc_digest_like(const char *like, const void *bytes, size_t len,
                           char out[ARC_DIGEST_MAX + 1], struct arc_error *err)
{
    (void)bytes, (void)len, (void)err;
    memcpy(out, like, strnlen(like, ARC_DIGEST_MAX));
    out[strnlen(like, ARC_DIGEST_MAX)] = '\0';
    return ARC_OK;
}

/* ---- time ---------------------------------------------------------------------------------- */

static inline int64_t world_now(void *context)
{
    (void)context;
    return world.now;
}

static inline void world_wait(void *context, int64_t milliseconds)
{
    (void)context;
    if (milliseconds < 0 || milliseconds > 86400000)
        abort();
    world.now += milliseconds / 1000;
}

static inline uint32_t world_random(void *context)
{
    (void)context;
    return 4;
}

static const struct arc_clock world_clock = {world_now, world_wait, world_random, NULL};

/* Nor does git's network make anyone wait. */
const struct arc_clock *__wrap_arc_clock_system(void);
const struct arc_clock *__wrap_arc_clock_system(void)
{
    return &world_clock;
}

/* ---- programs ------------------------------------------------------------------------------ */

int __wrap_arc_process_run(const struct arc_process *process, struct arc_process_result *result,
                           struct arc_error *err);
int __wrap_arc_process_run(const struct arc_process *process, struct arc_process_result *result,
                           struct arc_error *err)
{
    size_t len = 0;
    char *part = world_part(&len);
    *result = (struct arc_process_result){0};
    if (!part || !isdigit((unsigned char)*part))
        return arc_error_set(err, ARC_ENOTFOUND, "there is no %s", process->argv[0]);
    result->status = *part - '0';
    if (process->on_output)
        return process->on_output(process->context, ARC_STDERR, part + 1, len - 1);
    arc_buf_add(&result->output, part + 1, len - 1);
    arc_buf_add(&result->errors, part + 1, len - 1);
    return ARC_OK;
}

/* The clone has a remote: libgit2 forgets some memory each time that it looks. */
struct arc_git;
int __wrap_arc_git_remote_url(const struct arc_git *git, char **out, struct arc_error *err);
int __wrap_arc_git_remote_url(const struct arc_git *git, char **out, struct arc_error *err)
{
    (void)git;
    *out = strdup("https://x.test/a");
    return *out ? ARC_OK : arc_error_nomem(err);
}

/* ---- the rest of it ------------------------------------------------------------------------ */

/* A call of the program with the world that the input is; what is given to FUZZ_WORLD(). */
static inline void world_check(int rc, const struct arc_error *err)
{
    if (rc ? !err->code || !*arc_error_text(err) : err->code != 0)
        abort();
}

#define FUZZ_WORLD(call)                                                                           \
    int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)                             \
    {                                                                                              \
        ARC_AUTO_FREE char *text = calloc(size + 1, 1);                                            \
        if (!text || !size)                                                                        \
            return 0;                                                                              \
        memcpy(text, data + 1, size - 1);                                                          \
        world_begin(text, size - 1);                                                               \
        call(data[0]);                                                                             \
        return 0;                                                                                  \
    }

#endif
