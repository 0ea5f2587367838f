#include "documents/record.h"
#include "base/json.h"
#include "base/text.h"
#include <stdio.h>

/* The largest size: the sum of thousands still fits into an int64_t. */
#define SIZE_LIMIT ((int64_t)1 << 48)

static bool is_digest(const char *text)
{
    const char *hex = arc_text_after(text, "sha256:");
    return hex && arc_text_is_hex(hex, 64);
}

static bool is_revision(const char *text)
{
    return arc_text_is_hex(text, 40) || arc_text_is_hex(text, 64);
}

const struct arc_form arc_form_digest = {is_digest, "a digest, sha256:<64 hexadecimal digits>"};
const struct arc_form arc_form_revision = {is_revision, "a commit, 40 or 64 hexadecimal digits"};

/* Accesses a pointer to any struct without an lvalue of the wrong type. */
static void store_pointer(void *at, const void *pointer)
{
    memcpy(at, &pointer, sizeof pointer);
}

static const char *load_pointer(const void *at)
{
    const char *pointer;
    memcpy(&pointer, at, sizeof pointer);
    return pointer;
}

/* ---- kind and format ------------------------------------------------------------------------ */

int arc_document_check(const json_t *json, const char *kind, struct arc_error *err)
{
    const char *found = json_string_value(json_object_get(json, "document"));
    const json_t *format = json_object_get(json, "format");
    char command[32] = "arc-ci";

    if (ARC_AMONG(kind, "version", "changes", "plan", "build", "scan", "notes"))
        snprintf(command, sizeof command, "arc-ci %s --json", kind);

    if (!found)
        return arc_error_set(err, ARC_EINPUT,
                             "not %s.json: it does not say \"document\": \"%s\"; make one with "
                             "'%s'",
                             kind, kind, command);

    if (strcmp(found, kind) != 0)
        return arc_error_set(err, ARC_EINPUT,
                             "a document of kind '%.40s', but %s.json is expected; make one with "
                             "'%s'",
                             found, kind, command);

    if (json_is_integer(format) && json_integer_value(format) == ARC_DOCUMENT_FORMAT)
        return ARC_OK;
    ARC_AUTO_FREE char *shown =
        format ? arc_json_dumps(format, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;

    return arc_error_set(err, ARC_EINPUT,
                         "%s.json has the format %.40s, and this arc-ci reads format %d; make it "
                         "again with '%s'",
                         kind, arc_or(shown, "(none)"), ARC_DOCUMENT_FORMAT, command);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* The document being read, and the position in it. */
struct reading {
    struct arc_arena *memory;
    const char *document; /* "plan" */
    struct arc_buf path;  /* ".services[2].image" */
    struct arc_error *err;
};

static int refuse(struct reading *reading, const json_t *value, const char *expected)
{
    static const char *const kinds[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",  [JSON_STRING] = "a text",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
    };
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    const char *path = arc_buf_text(&reading->path);

    path += *path == '.';

    if (json_is_string(value))
        arc_buf_printf(&shown, "'%.100s'", json_string_value(value));
    else
        arc_buf_puts(&shown, value ? kinds[json_typeof(value)] : "missing");

    return arc_error_set(reading->err, ARC_EINPUT, "%s.json: %s%s%s; expected %s",
                         reading->document, path, *path ? " is " : "it is ", arc_buf_text(&shown),
                         expected);
}

static int read_object(struct reading *reading, const struct arc_record *record, const json_t *json,
                       void *out);

static int read_text(struct reading *reading, const struct arc_member *field, const json_t *value,
                     char **out)
{
    if (!json_is_string(value))
        return refuse(reading, value, field->form ? field->form->expected : "a text");
    if (field->form && !field->form->holds(json_string_value(value)))
        return refuse(reading, value, field->form->expected);

    *out = arc_arena_text(reading->memory, json_string_value(value));
    return ARC_OK;
}

static int read_choice(struct reading *reading, const struct arc_member *field, const json_t *value,
                       unsigned *out)
{
    ARC_AUTO(arc_buf) struct arc_buf words = {0};
    for (unsigned i = 0; field->words[i]; i++) {
        if (json_is_string(value) && strcmp(json_string_value(value), field->words[i]) == 0) {
            *out = i;
            return ARC_OK;
        }
        arc_buf_printf(&words, "%s%s", i ? ", " : "one of ", field->words[i]);
    }

    return refuse(reading, value, arc_buf_text(&words));
}

/* Refuses an item whose keys another one in `seen` has; adds them. */
static int check_keys(struct reading *reading, const struct arc_record *record, const json_t *item,
                      json_t *seen)
{
    ARC_AUTO(arc_buf) struct arc_buf keys = {0};

    for (const struct arc_member *field = record->fields; field->name; field++)
        if (field->key)
            arc_text_item(&keys, " on ", "%s", arc_json_text_of(item, field->name));
    ARC_TRY(arc_buf_check(&keys, "what tells an item apart", reading->err));
    if (!keys.len)
        return ARC_OK;
    if (json_object_get(seen, keys.data))
        return arc_error_set(reading->err, ARC_EINPUT, "%s.json: %s is '%.200s' again",
                             reading->document, arc_buf_text(&reading->path) + 1, keys.data);

    return arc_json_set(seen, keys.data, json_true(), reading->err);
}

/* Reads a list of texts, which will end with NULL, or of objects. */
static int read_items(struct reading *reading, const struct arc_member *field, const json_t *value,
                      void *out, size_t *count)
{
    size_t len = reading->path.len;
    size_t size = field->record ? field->record->size : sizeof(char *);
    ARC_AUTO_JSON json_t *seen = json_object();

    ARC_TRY_ALLOC(seen, reading->err);
    if (!json_is_array(value))
        return refuse(reading, value, field->record ? "a list" : "a list of texts");

    char *items = arc_arena_array(reading->memory, json_array_size(value) + 1, size);
    ARC_TRY_ALLOC(items, reading->err);

    arc_json_each (item, value) {
        void *at = items + item_at * size;
        arc_buf_printf(&reading->path, "[%zu]", item_at);
        if (field->record) {
            ARC_TRY(read_object(reading, field->record, item, at));
            ARC_TRY(check_keys(reading, field->record, item, seen));
        } else
            ARC_TRY(read_text(reading, field, item, at));
        reading->path.data[reading->path.len = len] = '\0';
    }

    store_pointer(out, items);
    if (field->record)
        *count = json_array_size(value);

    return ARC_OK;
}

static int read_pairs(struct reading *reading, const json_t *value, struct arc_pair **out)
{
    size_t count = 0;

    if (!json_is_object(value))
        return refuse(reading, value, "an object of texts");

    struct arc_pair *pairs =
        arc_arena_array(reading->memory, json_object_size(value) + 1, sizeof *pairs);
    ARC_TRY_ALLOC(pairs, reading->err);

    arc_json_each_pair (name, text, value) {
        if (!json_is_string(text))
            return refuse(reading, text, "texts alone in it");
        pairs[count++] =
            (struct arc_pair){arc_arena_text(reading->memory, name),
                              arc_arena_text(reading->memory, json_string_value(text))};
    }
    *out = pairs;

    return ARC_OK;
}

/* Reads a member that is missing or null. */
static int read_nothing(struct reading *reading, const struct arc_member *field, void *at)
{
    if (!field->optional && !field->sparse)
        return refuse(reading, NULL, "it, as docs/schema has it");

    if (field->kind == ARC_MEMBER_SIZE)
        *(int64_t *)at = -1;
    else if (field->kind == ARC_MEMBER_NUMBER)
        *(double *)at = -1;
    else if (field->kind == ARC_MEMBER_STATE)
        *(int *)at = -1;

    if (field->kind != ARC_MEMBER_TEXTS && field->kind != ARC_MEMBER_PAIRS)
        return ARC_OK;
    size_t end = field->kind == ARC_MEMBER_TEXTS ? sizeof(char *) : sizeof(struct arc_pair);
    void *empty = arc_arena_array(reading->memory, 1, end); /* lists are never NULL */
    store_pointer(at, empty);

    return arc_error_unless(empty, reading->err);
}

static int read_member(struct reading *reading, const struct arc_member *field, const json_t *value,
                       char *out)
{
    void *at = out + field->offset;

    if (!value || (json_is_null(value) && (field->optional || field->sparse)))
        return read_nothing(reading, field, at);

    switch (field->kind) {
    case ARC_MEMBER_TEXT:
        return read_text(reading, field, value, at);
    case ARC_MEMBER_FLAG:
        *(bool *)at = json_is_true(value);
        return json_is_boolean(value) ? ARC_OK : refuse(reading, value, "true or false");
    case ARC_MEMBER_STATE:
        *(int *)at = json_is_true(value);
        return json_is_boolean(value) ? ARC_OK : refuse(reading, value, "true, false or null");
    case ARC_MEMBER_CHOICE:
        return read_choice(reading, field, value, at);
    case ARC_MEMBER_SIZE:
        *(int64_t *)at = json_integer_value(value);
        return json_is_integer(value) && *(int64_t *)at >= 0 && *(int64_t *)at <= SIZE_LIMIT
                   ? ARC_OK
                   : refuse(reading, value, "a whole number from 0 to 2^48");
    case ARC_MEMBER_NUMBER:
        *(double *)at = json_number_value(value);
        return json_is_number(value) && *(double *)at >= 0
                   ? ARC_OK
                   : refuse(reading, value, "a number, 0 or more");
    case ARC_MEMBER_PAIRS:
        return read_pairs(reading, value, at);
    case ARC_MEMBER_TEXTS:
    case ARC_MEMBER_LIST:
        return read_items(reading, field, value, at, (size_t *)(void *)(out + field->count));
    case ARC_MEMBER_OBJECT:
        break;
    }

    void *object = arc_arena_array(reading->memory, 1, field->record->size);
    ARC_TRY_ALLOC(object, reading->err);
    store_pointer(at, object);

    return read_object(reading, field->record, value, object);
}

static int read_object(struct reading *reading, const struct arc_record *record, const json_t *json,
                       void *out)
{
    size_t len = reading->path.len;

    if (!json_is_object(json))
        return refuse(reading, json, "an object");
    if (record->document)
        ARC_TRY(arc_document_check(json, record->document, reading->err));

    for (const struct arc_member *field = record->fields; field->name; field++) {
        arc_buf_printf(&reading->path, ".%s", field->name);
        ARC_TRY(arc_buf_check(&reading->path, "the path of a member", reading->err));
        ARC_TRY(read_member(reading, field, json_object_get(json, field->name), out));
        reading->path.data[reading->path.len = len] = '\0';
    }

    arc_json_each_pair (name, value, json) {
        const struct arc_member *field = record->fields;
        while (field->name && strcmp(field->name, name) != 0)
            field++;
        if (field->name || (record->document && ARC_AMONG(name, "document", "format")))
            continue;
        arc_buf_printf(&reading->path, ".%.60s", name);
        return refuse(reading, value, "no member of that name");
    }

    return ARC_OK;
}

/* Fills *out, which the caller has zeroed. All of its memory belongs to the arena. */
static int read_record(const struct arc_record *record, const json_t *json,
                       struct arc_arena *memory, void *out, struct arc_error *err)
{
    struct reading reading = {
        .memory = memory, .document = arc_text_or(record->document, "part"), .err = err};
    int rc = read_object(&reading, record, json, out);
    arc_buf_free(&reading.path);
    return arc_or(rc, arc_arena_check(memory, err));
}

_Static_assert(!offsetof(struct arc_version_info, memory) && !offsetof(struct arc_plan, memory) &&
                   !offsetof(struct arc_ledger, memory) &&
                   !offsetof(struct arc_changes_info, memory),
               "a document starts with its memory");

int arc_document_load(const struct arc_record *record, const json_t *json, void *out,
                      struct arc_error *err)
{
    memset(out, 0, record->size);
    int rc = read_record(record, json, out, out, err);
    if (rc)
        arc_document_free(out, record->size);
    return rc;
}

void arc_document_free(void *document, size_t size)
{
    if (!document)
        return;
    arc_arena_free(document);
    memset(document, 0, size);
}

/* ---- writing -------------------------------------------------------------------------------- */

static json_t *make_object(const struct arc_record *record, const char *in);

json_t *arc_texts_json(char *const *texts)
{
    json_t *list = json_array();
    for (; texts && *texts; texts++)
        arc_json_push(&list, json_string(*texts));
    return list;
}

json_t *arc_pairs_json(const struct arc_pair *pair)
{
    json_t *object = json_object();
    for (; pair && pair->name; pair++)
        arc_json_put(&object, pair->name, json_string(pair->value));
    return object;
}

bool arc_texts_have(char *const *texts, const char *text)
{
    for (; texts && *texts; texts++)
        if (strcmp(*texts, text) == 0)
            return true;
    return false;
}

static json_t *make_member(const struct arc_member *field, const char *in)
{
    const void *at = in + field->offset;
    json_t *list;

    switch (field->kind) {
    case ARC_MEMBER_TEXT:
        return *(char *const *)at ? json_string(*(char *const *)at) : json_null();
    case ARC_MEMBER_FLAG:
        return json_boolean(*(const bool *)at);
    case ARC_MEMBER_STATE:
        return *(const int *)at < 0 ? json_null() : json_boolean(*(const int *)at);
    case ARC_MEMBER_CHOICE:
        return json_string(field->words[*(const unsigned *)at]);
    case ARC_MEMBER_SIZE:
        return *(const int64_t *)at < 0 ? json_null() : json_integer(*(const int64_t *)at);
    case ARC_MEMBER_NUMBER:
        return *(const double *)at < 0 ? json_null() : json_real(*(const double *)at);
    case ARC_MEMBER_TEXTS:
        return arc_texts_json(*(char **const *)at);
    case ARC_MEMBER_PAIRS:
        return arc_pairs_json(*(struct arc_pair *const *)at);
    case ARC_MEMBER_LIST:
        list = json_array();
        for (size_t i = 0; i < *(const size_t *)(const void *)(in + field->count); i++)
            arc_json_push(&list,
                          make_object(field->record, load_pointer(at) + i * field->record->size));
        return list;
    case ARC_MEMBER_OBJECT:
        break;
    }

    const char *object = load_pointer(at);
    return object ? make_object(field->record, object) : json_null();
}

/* Whether a sparse member is empty; an object is if all its members are. */
static bool is_empty(const struct arc_member *field, const char *in)
{
    const char *pointer;
    if (!field->sparse)
        return false;
    if (field->kind == ARC_MEMBER_FLAG)
        return !*(const bool *)(const void *)(in + field->offset);
    pointer = load_pointer(in + field->offset);
    if (!pointer || field->kind == ARC_MEMBER_TEXT)
        return !pointer;
    if (field->kind != ARC_MEMBER_OBJECT)
        return !load_pointer(pointer);

    const struct arc_member *member = field->record->fields;
    while (member->name && is_empty(member, pointer))
        member++;
    return !member->name;
}

static json_t *make_object(const struct arc_record *record, const char *in)
{
    json_t *object = record->document ? json_pack("{s:s, s:i}", "document", record->document,
                                                  "format", ARC_DOCUMENT_FORMAT)
                                      : json_object();

    for (const struct arc_member *field = record->fields; field->name; field++)
        if (!is_empty(field, in))
            arc_json_put(&object, field->name, make_member(field, in));

    return object;
}

int arc_record_write(const struct arc_record *record, const void *in, json_t **out,
                     struct arc_error *err)
{
    *out = make_object(record, in);
    return arc_error_unless(*out, err);
}

int arc_record_copy(const struct arc_record *record, const void *in, struct arc_arena *memory,
                    void *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *json = NULL;
    memset(out, 0, record->size);
    ARC_TRY(arc_record_write(record, in, &json, err));
    return read_record(record, json, memory, out, err);
}
