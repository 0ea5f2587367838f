/* What a released service's Dockerfile must show. */
#include "dockerfile/dockerfile.h"
#include "base/auto.h"
#include "config/build.h"
#include "lint/rule.h"
#include "project/inputs.h"
#include <string.h>
#include <strings.h>

/* What was read of a Dockerfile. */
struct reading {
    json_t *args;   /* ARG defaults before the first FROM: name → value */
    json_t *stages; /* names of the stages so far */
    json_t *labels; /* of the last stage */
    char *user;     /* of the last stage, or NULL */
    char *stage;    /* the last stage's name, or NULL */
    unsigned user_line, from_line, label_line;
    bool failed;
};

static void reading_free(struct reading *reading)
{
    json_decref(reading->args);
    json_decref(reading->stages);
    json_decref(reading->labels);
    free(reading->user);
    free(reading->stage);
}

/* The words "NAME=value" of an instruction. */
static void add_pairs(struct reading *r, const char *args, json_t *pairs)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {0};
    size_t equals;

    while (arc_dockerfile_word(&args, &word, &equals)) {
        r->failed = r->failed || word.failed;
        if (word.failed || equals >= word.len)
            continue;
        word.data[equals] = '\0';
        if (json_object_set_new(pairs, word.data, json_string(word.data + equals + 1)))
            r->failed = true;
    }
}

/* Whether a reference says which version it means. */
static bool is_pinned(const char *ref)
{
    if (strstr(ref, "@sha256:"))
        return true;
    const char *slash = strrchr(ref, '/');
    const char *tag = strchr(slash ? slash : ref, ':');
    return tag && tag[1] && strcmp(tag, ":latest") != 0;
}

static void check_base(struct lint *lint, struct reading *r, const char *file,
                       const struct arc_instruction *in, const char *base)
{
    ARC_AUTO(arc_buf) struct arc_buf ref = {0};
    bool known = arc_dockerfile_expand(base, r->args, &ref);
    const char *text = lint_content(lint, &ref);

    if (strcmp(text, "scratch") == 0 || json_object_get(r->stages, text))
        return;

    if (!known)
        lint_find(lint, LINT_BASE_PINNED, file, in->line,
                  "the base '%s' uses an ARG without a default before it", base);
    else if (!is_pinned(text))
        lint_find(lint, LINT_BASE_PINNED, file, in->line,
                  "the base '%s' is not pinned: name a version (not latest) or a digest", text);
}

static void on_from(struct lint *lint, struct reading *r, const char *file,
                    const struct arc_instruction *in)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {0};
    const char *args = in->args, *stage = NULL;
    bool base = false;

    while (arc_dockerfile_word(&args, &word, NULL)) {
        if (!base && strncmp(lint_content(lint, &word), "--", 2) != 0) {
            check_base(lint, r, file, in, lint_content(lint, &word));
            base = true;
        } else if (strcasecmp(lint_content(lint, &word), "AS") == 0 &&
                   arc_dockerfile_word(&args, &word, NULL)) {
            stage = lint_content(lint, &word);
            free(r->stage);
            r->stage = strdup(stage);
            if (!r->stage || json_object_set_new(r->stages, stage, json_true()))
                r->failed = true;
        }
    }

    if (!stage) {
        free(r->stage);
        r->stage = NULL;
    }

    json_object_clear(r->labels);
    free(r->user);
    r->user = NULL;
    r->user_line = r->label_line = 0;
    r->from_line = in->line;
}

static void on_user(struct reading *r, const struct arc_instruction *in)
{
    free(r->user);
    r->user = strdup(in->args);
    r->failed = r->failed || !r->user;
    r->user_line = in->line;
}

static void check_user(struct lint *lint, const struct reading *r, const char *file)
{
    if (!r->user) {
        lint_find(lint, LINT_NON_ROOT, file, r->from_line,
                  "no USER in the last stage: the image runs as whatever its base says");
        return;
    }

    size_t name = strcspn(r->user, ":");
    bool root =
        (name == 4 && memcmp(r->user, "root", 4) == 0) || (name && strspn(r->user, "0") == name);
    if (root)
        lint_find(lint, LINT_NON_ROOT, file, r->user_line,
                  "the last USER is '%s'; the image must not run as root", r->user);
}

static void check_labels(struct lint *lint, const struct reading *r, const char *file,
                         const struct arc_group *group, const struct arc_service *service)
{
    for (const struct arc_pair *label = lint->settings.labels; label && label->name; label++) {
        ARC_AUTO(arc_buf) struct arc_buf expected = {0};
        lint_expand(&expected, label->value, service, group);
        const char *found = json_string_value(json_object_get(r->labels, label->name));
        const char *wanted = lint_content(lint, &expected);
        unsigned line = r->label_line ? r->label_line : r->from_line;
        if (!found)
            lint_find(lint, LINT_LABELS, file, line, "the label %s is missing; it must be '%s'",
                      label->name, wanted);
        else if (strcmp(found, wanted) != 0)
            lint_find(lint, LINT_LABELS, file, line, "the label %s is '%s'; it must be '%s'",
                      label->name, found, wanted);
    }
}

/* Reads up to the end of the target's stage. */
static void read_instructions(struct lint *lint, struct reading *r, const char *file,
                              const struct arc_service *service, const char *text)
{
    ARC_AUTO(arc_dockerfile) struct arc_dockerfile dockerfile = {.at = text, .line = 1};
    const char *target = service->build.target;
    struct arc_instruction in;

    while (arc_dockerfile_next(&dockerfile, &in)) {
        bool from = strcmp(in.keyword, "FROM") == 0;
        if (from && target && r->stage && strcasecmp(r->stage, target) == 0)
            break;
        if (strcmp(in.keyword, "ARG") == 0 && !r->from_line)
            add_pairs(r, in.args, r->args);
        else if (from)
            on_from(lint, r, file, &in);
        else if (strcmp(in.keyword, "USER") == 0)
            on_user(r, &in);
        else if (strcmp(in.keyword, "LABEL") == 0) {
            r->label_line = in.line;
            add_pairs(r, in.args, r->labels);
        }
    }

    r->failed = r->failed || dockerfile.args.failed;
}

/* ---- what the build reads ------------------------------------------------------------------- */

/* Whose sources are looked at. */
struct place {
    struct lint *lint;
    const char *file;
};

static int find_missing(void *context, const struct arc_input *input, bool ignored)
{
    const struct place *place = context;
    lint_find(place->lint, LINT_COPY, place->file, input->line, "%s: %s", input->what,
              ignored ? "the ignore file leaves it out of the context"
                      : "there is no such file in the context");
    return 0;
}

static void check_inputs(struct lint *lint, const struct arc_group *group,
                         const struct arc_service *service, const char *file)
{
    ARC_AUTO(arc_inputs) struct arc_inputs *inputs = NULL;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    struct place place = {lint, file};
    unsigned line = 0;

    if (arc_service_inputs(lint->root, group, service, &inputs, &err)) {
        lint_find_error(lint, lint_rule_name(LINT_DOCKERFILE), file, &err);
        return;
    }

    if (!inputs)
        return;
    if (arc_inputs_missing(inputs, find_missing, &place))
        lint->failed = ARC_ENOMEM;
    const char *pinned = arc_inputs_pinned(inputs, &line);
    if (pinned)
        lint_find(lint, LINT_PLATFORM, file, line,
                  "--platform=%s holds for the last stage: every platform of the image would get "
                  "the same files; leave it out, or say it for the stages that compile",
                  pinned);
}

void lint_dockerfile(struct lint *lint, const struct arc_group *group,
                     const struct arc_service *service)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(reading)
    struct reading r = {.args = json_object(), .stages = json_object(), .labels = json_object()};
    const char *file = service->build.dockerfile;

    if (!file || arc_context_is_remote(service->build.context))
        return;
    if (!lint_read(lint, LINT_DOCKERFILE, file, &text))
        return;
    read_instructions(lint, &r, file, service, lint_content(lint, &text));
    if (r.failed)
        lint->failed = ARC_ENOMEM;

    if (!r.from_line) {
        lint_find(lint, LINT_DOCKERFILE, file, 1, "there is no FROM");
        return;
    }

    check_user(lint, &r, file);
    check_labels(lint, &r, file, group, service);
    check_inputs(lint, group, service, file);
}
