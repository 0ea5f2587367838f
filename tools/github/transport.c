/* Shared by all transports; the recording and the describing transport. */
#include "arcci/transport.h"
#include "base/json.h"
#include "base/text.h"
#include "os/file.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGES_MAX    1000
#define PATH_MAX_LEN 8192

void arc_reply_free(struct arc_reply *reply)
{
    json_decref(reply->body);
    free(reply->next);
    *reply = (struct arc_reply){0};
}

void arc_transport_free(struct arc_transport *transport)
{
    if (transport)
        transport->close(transport);
}

int arc_transport_vsend(struct arc_transport *transport, struct arc_request request,
                        struct arc_reply *reply, struct arc_error *err, const char *format,
                        va_list args)
{
    ARC_AUTO(arc_buf) struct arc_buf path = {.max = PATH_MAX_LEN};
    bool bodiless = strcmp(request.method, "GET") == 0 || strcmp(request.method, "DELETE") == 0;

    arc_buf_vprintf(&path, format, args);
    ARC_TRY(arc_buf_check(&path, "the address", err));
    if (!bodiless && !request.body && !request.file && !request.data)
        return arc_error_nomem(err);
    request.path = arc_buf_text(&path);

    return transport->send(transport, &request, reply, err);
}

int arc_transport_send(struct arc_transport *transport, struct arc_request request,
                       struct arc_reply *reply, struct arc_error *err, const char *format, ...)
{
    int rc;
    ARC_WITH_ARGS(format, rc = arc_transport_vsend(transport, request, reply, err, format, args));
    return rc;
}

char *arc_url_encode(const char *text)
{
    struct arc_buf out = {0};
    arc_text_encode(&out, text);
    return arc_buf_steal(&out);
}

static int visit_page(const struct arc_reply *reply, const char *member, const char *path,
                      int (*visit)(void *, json_t *, struct arc_error *), void *context,
                      struct arc_error *err)
{
    json_t *list = member ? json_object_get(reply->body, member) : reply->body;

    if (!json_is_array(list))
        return arc_error_set(err, ARC_EWORLD, "GET %s: the answer is not a list", path);

    arc_json_each (element, list)
        ARC_TRY(visit(context, element, err));

    return ARC_OK;
}

/* Gets a page. If the first one is too large (releases with hundreds of assets each), also for
 * GitHub, which then answers 502 or 504, pages of ten items take its place, and *limit grows. A page
 * that stays too large is ARC_EWORLD: ARC_ELIMIT means more pages. */
static int get_page(struct arc_transport *transport, char *at, const char *why, unsigned page,
                    unsigned *limit, struct arc_reply *reply, struct arc_error *err)
{
    const struct arc_request request = {.method = "GET", .path = at, .why = why};
    char *size = page ? NULL : strstr(at, "per_page=100");
    int rc = transport->send(transport, &request, reply, err);

    if (size && (rc == ARC_ELIMIT || (rc && (reply->status == 502 || reply->status == 504)))) {
        char *digit = size + strlen("per_page=10");
        memmove(digit, digit + 1, strlen(digit));
        *limit *= 10;
        arc_error_clear(err);
        rc = transport->send(transport, &request, reply, err);
    }
    if (rc != ARC_ELIMIT || !err)
        return rc == ARC_ELIMIT ? ARC_EWORLD : rc;
    ARC_AUTO(arc_error) struct arc_error cause = arc_steal(err);

    return arc_error_set(err, ARC_EWORLD, "%s", arc_error_text(&cause));
}

int arc_transport_each(struct arc_transport *transport, const char *member, const char *why,
                       unsigned max_pages,
                       int (*visit)(void *context, json_t *element, struct arc_error *err),
                       void *context, struct arc_error *err, const char *format, ...)
{
    ARC_AUTO(arc_buf) struct arc_buf first = {.max = PATH_MAX_LEN};
    unsigned limit = arc_or(max_pages, PAGES_MAX);

    ARC_WITH_ARGS(format, arc_buf_vprintf(&first, format, args));
    ARC_TRY(arc_buf_check(&first, "the address", err));
    const char *path = arc_buf_text(&first);
    ARC_AUTO_FREE char *at = strdup(path);
    int rc = arc_error_unless(at, err);

    for (unsigned page = 0; !rc && at; page++) {
        ARC_AUTO(arc_reply) struct arc_reply reply = {0};
        if (page == limit)
            return arc_error_set(err, ARC_ELIMIT, "GET %s has more than %u pages", path, limit);
        rc = get_page(transport, at, why, page, &limit, &reply, err);
        if (!rc && !transport->describes)
            rc = visit_page(&reply, member, path, visit, context, err);
        free(at);
        at = arc_steal(&reply.next);
    }

    return rc > 0 ? ARC_OK : rc;
}

/* ---- recording ------------------------------------------------------------------------------ */

struct recorder {
    struct arc_transport base;
    struct arc_transport *inner;
    unsigned count;
    char dir[];
};

static json_t *body_of(const struct arc_request *request)
{
    if (request->body)
        return json_deep_copy(request->body);
    if (request->file)
        return json_pack("{s:s}", "file", request->file);
    return request->data ? json_pack("{s:I}", "bytes", (json_int_t)request->len) : json_null();
}

static int write_record(const char *path, const json_t *record, struct arc_error *err)
{
    int fd = arc_file_open_in(NULL, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    int failed = fd < 0 || json_dumpfd(record, fd, JSON_INDENT(2) | JSON_ENCODE_ANY) != 0 ||
                 write(fd, "\n", 1) != 1;
    int saved = errno;

    if (fd >= 0 && close(fd) != 0 && !failed)
        failed = 1, saved = errno;
    if (!failed)
        return ARC_OK;

    return arc_error_set(err, ARC_EWORLD, "--record: cannot write %s: %s", path, strerror(saved));
}

/* A record that cannot be written must not turn a completed request into a failure: the next
 * request fails instead, before it is sent. */
static int send_recorded(struct arc_transport *self, const struct arc_request *request,
                         struct arc_reply *reply, struct arc_error *err)
{
    struct recorder *recorder = (struct recorder *)self;
    struct arc_error *why = err ? err : &(struct arc_error){0};
    ARC_AUTO(arc_buf) struct arc_buf path = {0};

    arc_buf_printf(&path, "%s/%03u-%s.json", recorder->dir, ++recorder->count, request->method);
    int rc = arc_buf_check(&path, "--record", why);
    if (!rc)
        rc = write_record(arc_buf_text(&path), json_null(), why);
    if (rc)
        return rc;
    rc = recorder->inner->send(recorder->inner, request, reply, why);
    self->requests = recorder->inner->requests;
    self->refused = recorder->inner->refused;
    ARC_AUTO_JSON json_t *record =
        json_pack("{s:s, s:s, s:s?, s:o, s:i, s:O?, s:s?}", "method", request->method, "path",
                  request->path, "why", request->why, "body", body_of(request), "status",
                  reply->status, "reply", reply->body, "error", rc ? arc_error_text(why) : NULL);
    if (record)
        write_record(arc_buf_text(&path), record, NULL);
    if (!err)
        arc_error_clear(why);

    return rc;
}

static void close_recorder(struct arc_transport *self)
{
    struct recorder *recorder = (struct recorder *)self;
    arc_transport_free(recorder->inner);
    free(recorder);
}

int arc_transport_record(struct arc_transport *inner, const char *dir, struct arc_transport **out,
                         struct arc_error *err)
{
    if (arc_file_kind_in(NULL, dir) == ARC_FILE_OTHER)
        return arc_error_set(err, ARC_EINPUT,
                             "--record: %s leads out of this directory through a symbolic link: it "
                             "is not followed",
                             dir);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return arc_error_set(err, ARC_EWORLD, "--record: cannot make %s: %s", dir, strerror(errno));
    struct recorder *recorder = calloc(1, sizeof *recorder + strlen(dir) + 1);
    ARC_TRY_ALLOC(recorder, err);
    memcpy(recorder->dir, dir, strlen(dir) + 1);
    recorder->base = (struct arc_transport){
        .send = send_recorded, .close = close_recorder, .clock = inner->clock};
    recorder->inner = inner;
    *out = &recorder->base;

    return ARC_OK;
}

/* ---- describing ----------------------------------------------------------------------------- */

struct describer {
    struct arc_transport base;
    json_t *requests;
};

/* Imagines the requested object as if it had just been created. */
static json_t *imagine(const struct arc_request *request)
{
    json_t *made = request->body ? json_deep_copy(request->body) : json_object();
    json_t *more = json_pack("{s:s, s:s, s:s, s:s, s:[]}", "id", "{release_id}", "upload_url",
                             "{upload_url}{?name,label}", "html_url", "{html_url}", "state",
                             "uploaded", "assets");
    bool failed = !made || !more;

    arc_json_each_pair (name, value, more) /* json_object_update_missing() hides a failure */
        failed = failed || (!json_object_get(made, name) && json_object_set(made, name, value));
    json_decref(more);
    if (!failed)
        return made;
    json_decref(made);

    return NULL;
}

static int send_described(struct arc_transport *self, const struct arc_request *request,
                          struct arc_reply *reply, struct arc_error *err)
{
    struct describer *describer = (struct describer *)self;
    bool read = strcmp(request->method, "GET") == 0;

    arc_reply_free(reply);
    self->requests++;
    json_t *row = json_pack("{s:s, s:s, s:o, s:s?}", "method", request->method, "path",
                            request->path, "body", body_of(request), "why", request->why);
    ARC_TRY(arc_json_append(describer->requests, row, err));

    if (read && !strstr(request->path, "per_page=")) {
        reply->status = 404;
        return arc_error_set(err, ARC_ENOTFOUND, "%s: nothing is there yet", request->path);
    }

    reply->status = read ? 200 : 201;
    reply->body = read ? json_array() : imagine(request);

    return arc_error_unless(reply->body, err);
}

static void close_describer(struct arc_transport *self)
{
    struct describer *describer = (struct describer *)self;
    json_decref(describer->requests);
    free(describer);
}

int arc_transport_describe(struct arc_transport **out, struct arc_error *err)
{
    struct describer *describer = calloc(1, sizeof *describer);

    ARC_TRY_ALLOC(describer, err);
    describer->requests = json_array();
    describer->base = (struct arc_transport){.send = send_described,
                                             .close = close_describer,
                                             .clock = arc_clock_impatient(),
                                             .describes = true};

    if (!describer->requests) {
        free(describer);
        return arc_error_nomem(err);
    }
    *out = &describer->base;

    return ARC_OK;
}

const json_t *arc_transport_described(const struct arc_transport *transport)
{
    return ((const struct describer *)transport)->requests;
}
