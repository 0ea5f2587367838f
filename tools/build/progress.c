#include "build/progress.h"
#include "base/json.h"
#include "base/text.h"
#include "os/base64.h"

#define VALUE_MAX ((size_t)16 << 20)
#define TEXT_KEPT ((size_t)64 << 10)
#define LOG_MAX   ((size_t)4 << 20)
#define STEP_MAX  ((size_t)1023)

/* A step that has started. */
struct vertex {
    const char *service, *platform; /* "": none */
    const char *step;
    const char *error; /* its last error; NULL: none */
    enum arc_step_state state;
    bool foreign; /* it printed "exec format error" */
};

/* The times of a cell's steps. */
struct span {
    const char *service, *platform;
    double started, completed;
    bool cached; /* all of them */
};

struct arc_progress {
    struct arc_progress_options options;
    struct arc_arena memory;
    struct vertex *vertexes;
    size_t vertex_count;
    json_t *numbers; /* digest → index of the vertex */
    size_t failed;   /* the first that failed, counted from 1; 0: none */
    struct span *spans;
    size_t span_count;
    json_t *news;             /* service → digest of its index, not passed to on_pushed yet */
    const char *only_service; /* if there is a single target */
    struct arc_buf value;     /* the JSON value being read */
    struct arc_buf text;
    unsigned depth; /* of braces and brackets; 0 between values */
    bool in_string, escaped, line_start;
};

int arc_progress_new(const struct arc_progress_options *options, struct arc_progress **out,
                     struct arc_error *err)
{
    struct arc_progress *progress = calloc(1, sizeof *progress);
    ARC_TRY_ALLOC(progress, err);
    *progress = (struct arc_progress){.options = *options,
                                      .numbers = json_object(),
                                      .news = json_object(),
                                      .value.max = VALUE_MAX,
                                      .text.max = 2 * TEXT_KEPT,
                                      .line_start = true};
    json_t *targets = json_object_get(options->definition, "target");
    if (json_object_size(targets) == 1)
        progress->only_service = json_object_iter_key(json_object_iter(targets));

    if (!progress->numbers || !progress->news) {
        arc_progress_free(progress);
        return arc_error_nomem(err);
    }
    *out = progress;

    return ARC_OK;
}

void arc_progress_free(struct arc_progress *progress)
{
    if (!progress)
        return;
    arc_arena_free(&progress->memory);
    json_decref(progress->numbers);
    json_decref(progress->news);
    arc_buf_free(&progress->value);
    arc_buf_free(&progress->text);
    free(progress);
}

/* ---- a vertex's name ----------------------------------------------------------------------- */

static const json_t *target_of(const struct arc_progress *progress, const char *name)
{
    return json_object_get(json_object_get(progress->options.definition, "target"), name);
}

/* Whether it is a step of a Dockerfile: "2/3 RUN …", "builder 1/2 COPY …". */
static bool is_numbered(const char *step)
{
    const char *number = strpbrk(step, "0123456789");
    size_t digits = number ? strspn(number, "0123456789") : 0;
    const char *space = strchr(step, ' ');
    bool early = number && (number == step || (space && number == space + 1));
    return early && number[digits] == '/' && strchr("123456789", number[digits + 1]);
}

/* Fills in the parts of "[flash linux/arm64 2/2] RUN …". */
static void parse_name(struct arc_progress *progress, const char *text, struct vertex *out)
{
    const char *end = *text == '[' ? strchr(text, ']') : NULL;
    ARC_AUTO(arc_buf) struct arc_buf step = {0};
    const json_t *platforms;

    out->service = arc_or(progress->only_service, "");
    out->platform = "";
    for (const char *word = end ? text + 1 : NULL; word && word < end;) {
        size_t len = strcspn(word, " ]");
        char copy[128];
        snprintf(copy, sizeof copy, "%.*s", (int)len, word);
        platforms = json_object_get(target_of(progress, out->service), "platforms");
        if (!step.len && target_of(progress, copy))
            out->service = arc_arena_text(&progress->memory, copy);
        else if (!*out->platform && arc_json_lists(platforms, copy))
            out->platform = arc_arena_text(&progress->memory, copy);
        else
            arc_buf_printf(&step, "%s ", copy);
        word += len + strspn(word + len, " ");
    }

    arc_buf_puts(&step, end ? end + 1 + strspn(end + 1, " ") : text);
    progress->memory.failed |= step.failed != ARC_OK;
    out->step = arc_arena_cut(&progress->memory, arc_buf_text(&step), ARC_MIN(step.len, STEP_MAX));

    /* If the platform is omitted, it is the only one. */
    platforms = json_object_get(target_of(progress, out->service), "platforms");
    if (!*out->platform && json_array_size(platforms) == 1 && is_numbered(out->step))
        out->platform = json_string_value(json_array_get(platforms, 0));
}

/* ---- vertexes ------------------------------------------------------------------------------ */

/* "2026-11-23T22:07:03.647616875Z" in seconds since 1970; 0 for none. */
static double time_of(const json_t *vertex, const char *key)
{
    const char *text = arc_json_text_of(vertex, key), *dot = strchr(text, '.');
    int64_t seconds;
    if (!arc_time_parse(text, &seconds))
        return 0;
    return (double)seconds + (dot ? strtod(dot, NULL) : 0);
}

static struct vertex *find_vertex(const struct arc_progress *progress, const char *digest)
{
    const json_t *number = json_object_get(progress->numbers, digest);
    return number ? &progress->vertexes[json_integer_value(number)] : NULL;
}

static struct span *find_span(const struct arc_progress *progress, const char *service,
                              const char *platform)
{
    arc_each (span, progress->spans, progress->span_count)
        if (strcmp(span->service, service) == 0 && strcmp(span->platform, platform) == 0)
            return span;
    return NULL;
}

static int widen_span(struct arc_progress *progress, const struct vertex *vertex, double started,
                      double completed, struct arc_error *err)
{
    if (!*vertex->platform)
        return ARC_OK;
    struct span *span = find_span(progress, vertex->service, vertex->platform);
    if (!span) {
        ARC_APPEND(&progress->memory, progress->spans, progress->span_count, err,
                   (struct span){vertex->service, vertex->platform, started, completed, true});
        span = &progress->spans[progress->span_count - 1];
    }
    span->started = ARC_MIN(span->started, started);
    span->completed = ARC_MAX(span->completed, completed);

    /* Metadata and FROM always run; only the other numbered steps show whether the cache was
     * used. */
    if (is_numbered(vertex->step) && vertex->state != ARC_STEP_CACHED &&
        !strstr(vertex->step, " FROM "))
        span->cached = false;

    return ARC_OK;
}

static void tell(const struct arc_progress *progress, const struct arc_build_event *event)
{
    const struct arc_build_listener *listener = &progress->options.listener;
    if (listener->on_event)
        listener->on_event(listener->context, event);
}

static int see_vertex(struct arc_progress *progress, const json_t *item, struct arc_error *err)
{
    const char *digest = arc_json_text_of(item, "digest"), *error = arc_json_text_of(item, "error");
    double started = time_of(item, "started"), completed = time_of(item, "completed");
    enum arc_step_state state = ARC_STEP_RUNNING;
    struct arc_arena *memory = &progress->memory;

    if (*error)
        state = ARC_STEP_FAILED;
    else if (completed > 0)
        state = arc_json_true_of(item, "cached") ? ARC_STEP_CACHED : ARC_STEP_DONE;
    if (started <= 0 && state == ARC_STEP_RUNNING)
        return ARC_OK; /* only announced */
    struct vertex *vertex = find_vertex(progress, digest);
    if (vertex && vertex->state == state)
        return ARC_OK;

    if (!vertex) {
        json_int_t number = (json_int_t)progress->vertex_count;
        vertex =
            arc_arena_append(memory, &progress->vertexes, &progress->vertex_count, sizeof *vertex);
        ARC_TRY_ALLOC(vertex, err);
        ARC_TRY(arc_json_set(progress->numbers, digest, json_integer(number), err));
    }

    parse_name(progress, arc_json_text_of(item, "name"), vertex);
    vertex->state = state;
    if (*error)
        vertex->error = arc_arena_text(memory, error);
    ARC_TRY(arc_arena_check(memory, err));

    /* Later failed steps were cancelled because of the first. */
    if (state == ARC_STEP_FAILED && !progress->failed && !strstr(error, "context canceled"))
        progress->failed = (size_t)(vertex - progress->vertexes) + 1;
    struct arc_build_event event = {
        .service = vertex->service,
        .platform = vertex->platform,
        .step = vertex->step,
        .state = state,
        .duration = completed > started && started > 0 ? completed - started : 0};
    tell(progress, &event);
    if (state == ARC_STEP_RUNNING)
        return ARC_OK;

    return widen_span(progress, vertex, started, completed, err);
}

static void see_log(const struct arc_progress *progress, const json_t *log)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = LOG_MAX};
    struct vertex *vertex = find_vertex(progress, arc_json_text_of(log, "vertex"));

    if (!vertex || arc_base64_decode(arc_json_text_of(log, "data"), &text, NULL) || text.failed)
        return; /* an unreadable log line must not end the build */
    if (strstr(arc_buf_text(&text), "exec format error"))
        vertex->foreign = true;
    struct arc_build_event event = {.service = vertex->service,
                                    .platform = vertex->platform,
                                    .step = vertex->step,
                                    .state = vertex->state,
                                    .log = arc_buf_text(&text),
                                    .log_len = text.len};
    tell(progress, &event);
}

/* The exporter pushes an index after what it lists ("pushing manifest for IMAGE@sha256:…"). */
static int see_status(struct arc_progress *progress, const json_t *status, struct arc_error *err)
{
    const char *id = arc_json_text_of(status, "id"), *digest = strrchr(id, '@');
    const struct vertex *vertex = find_vertex(progress, arc_json_text_of(status, "vertex"));
    const char *service = vertex ? vertex->service : "";

    if (!ARC_STARTS(id, "pushing manifest for ") || !digest ||
        !*arc_json_text_of(status, "completed") || !target_of(progress, service))
        return ARC_OK;

    return arc_json_set(progress->news, service, json_string(digest + 1), err);
}

/* ---- the stream ---------------------------------------------------------------------------- */

static int end_value(struct arc_progress *progress, struct arc_error *err)
{
    ARC_TRY(arc_buf_check(&progress->value, "a progress report of buildx", err));
    ARC_AUTO_JSON json_t *status =
        arc_json_load(progress->value.data, progress->value.len, 0, NULL);
    arc_buf_reset(&progress->value);

    arc_json_each (item, json_object_get(status, "vertexes"))
        ARC_TRY(see_vertex(progress, item, err));
    arc_json_each (item, json_object_get(status, "logs"))
        see_log(progress, item);
    arc_json_each (item, json_object_get(status, "statuses"))
        ARC_TRY(see_status(progress, item, err));

    return ARC_OK;
}

static void add_text(struct arc_progress *progress, char c)
{
    struct arc_buf *text = &progress->text;
    if (text->len >= 2 * TEXT_KEPT - 1) { /* keep the last half */
        memmove(text->data, text->data + TEXT_KEPT, text->len - TEXT_KEPT);
        text->len -= TEXT_KEPT;
        text->data[text->len] = '\0';
    }
    arc_buf_putc(text, c ? c : ' ');
}

static int add_value(struct arc_progress *progress, char c, struct arc_error *err)
{
    arc_buf_putc(&progress->value, c);

    if (progress->in_string) {
        bool ends = c == '"' && !progress->escaped;
        progress->escaped = c == '\\' && !progress->escaped;
        progress->in_string = !ends;
        return ARC_OK;
    }

    if (c == '"')
        progress->in_string = true;
    else if (c == '{' || c == '[')
        progress->depth++;
    else if ((c == '}' || c == ']') && --progress->depth == 0)
        return end_value(progress, err);

    return ARC_OK;
}

int arc_progress_feed(struct arc_progress *progress, const char *data, size_t len,
                      struct arc_error *err)
{
    int rc = ARC_OK;
    for (size_t i = 0; !rc && i < len; i++) {
        bool begins = progress->line_start && data[i] == '{';
        bool value = progress->depth || begins;
        if (value)
            rc = add_value(progress, data[i], err);
        else if (data[i] != '\n' || !progress->line_start) /* empty lines separate the values */
            add_text(progress, data[i]);
        progress->line_start = data[i] == '\n' || (value && !progress->depth);
        if (!rc && progress->value.failed)
            rc = arc_buf_check(&progress->value, "a progress report of buildx", err);
    }

    /* Reports all that one piece of output brought together, since the callback may take a
     * while. */
    const struct arc_progress_options *options = &progress->options;
    if (!rc && options->on_pushed && json_object_size(progress->news))
        options->on_pushed(options->context, progress->news);
    json_object_clear(progress->news);

    return rc;
}

/* ---- what was seen ------------------------------------------------------------------------- */

const char *arc_progress_text(const struct arc_progress *progress)
{
    return arc_buf_text(&progress->text);
}

void arc_progress_time(const struct arc_progress *progress, const char *service,
                       struct arc_built_cell *cell)
{
    const struct span *seen = find_span(progress, service, cell->platform);
    if (!seen)
        return;
    cell->started = seen->started;
    cell->duration = seen->completed - seen->started;
    cell->cached = seen->cached;
}

const char *arc_progress_failure(const struct arc_progress *progress, const char **service,
                                 const char **platform, bool *foreign)
{
    if (!progress->failed)
        return NULL;

    const struct vertex *failed = &progress->vertexes[progress->failed - 1];
    *service = failed->service;
    *platform = failed->platform;
    *foreign = failed->foreign;
    return failed->error;
}

size_t arc_progress_done(const struct arc_progress *progress)
{
    size_t count = 0;
    arc_each (vertex, progress->vertexes, progress->vertex_count)
        count += vertex->state != ARC_STEP_RUNNING;
    return count;
}
