/* What a released service's Dockerfile must show. */
#include "dockerfile/dockerfile.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "config/build.h"
#include "lint/rule.h"
#include "project/inputs.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define MEANT_MAX 4096   /* bytes of a text with its variables */
#define TAKEN_MAX 100000 /* values and labels that stages take over from one another */

/* What was read of a Dockerfile. */
struct reading {
    struct lint *lint;
    const char *file;
    json_t *given;    /* what the build sets: its arguments, and a platform's; name → value */
    json_t *args;     /* ARG defaults before the first FROM: name → value */
    json_t *stages;   /* name of a stage so far, in small letters → what starts from it has: user,
                          line of that, values, labels */
    json_t *values;   /* ARG and ENV of the last stage: name → value */
    json_t *labels;   /* of the last stage */
    const char *base; /* of the last stage, or NULL */
    const char *user; /* of it, or NULL */
    const char *stage; /* the last stage's name, in small letters, or NULL */
    unsigned user_line, from_line, label_line;
    size_t taken; /* towards TAKEN_MAX */
};

static void reading_free(struct reading *reading)
{
    json_decref(reading->given);
    json_decref(reading->args);
    json_decref(reading->stages);
    json_decref(reading->values);
    json_decref(reading->labels);
}

/* A text with its variables, as far as they are known; `room` is for it. A longer one stays as it is:
 * `ENV A=$A$A` doubles it line by line. */
static const char *expand(struct reading *r, const char *text, struct arc_buf *room)
{
    room->max = MEANT_MAX;
    bool known = arc_dockerfile_expand(text, r->from_line ? r->values : r->args, room);
    const char *meant = lint_content(r->lint, room);
    return known && !room->failed ? meant : text;
}

static void set_pair(struct reading *r, json_t *pairs, const char *name, const char *value)
{
    ARC_AUTO(arc_buf) struct arc_buf meant = {0};
    lint_set(r->lint, pairs, name, json_string(expand(r, value, &meant)));
}

/* The words "NAME=value" of an ARG, ENV or LABEL. An ARG has the value that the build sets, else
 * its own, else the one that is set before the first FROM; a mere NAME of the others the rest of
 * the line. */
static void add_pairs(struct reading *r, const struct arc_instruction *in, json_t *pairs)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {0};
    const char *args = in->args;
    bool arg = strcmp(in->keyword, "ARG") == 0;
    size_t equals;

    while (arc_dockerfile_word(&args, &word, &equals)) {
        bool own = equals < word.len;
        if (own)
            word.data[equals] = '\0';
        const char *name = lint_content(r->lint, &word);
        const char *given = arg ? json_string_value(json_object_get(r->given, name)) : NULL;
        const char *set = arg ? json_string_value(json_object_get(r->args, name)) : NULL;
        if (given) {
            lint_set(r->lint, pairs, name, json_string(given));
        } else if (own) {
            set_pair(r, pairs, name, word.data + equals + 1);
        } else if (set) {
            lint_set(r->lint, pairs, name, json_string(set));
        } else if (!arg) {
            set_pair(r, pairs, name, args + strspn(args, " \t"));
            return;
        }
    }
}

static const char *name_stage(struct reading *r, const char *text)
{
    char *name = lint_text(r->lint, "%s", text);
    for (char *c = name; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return arc_or(name, "");
}

/* Keeps what a stage that starts from the last one has, and empties that. */
static void keep_stage(struct reading *r)
{
    if (r->stage)
        lint_set(r->lint, r->stages, r->stage,
                 json_pack("{s:s?, s:i, s:O, s:O}", "user", r->user, "line", (int)r->user_line,
                           "values", r->values, "labels", r->labels));
    json_decref(r->values);
    json_decref(r->labels);
    r->values = json_object();
    r->labels = json_object();
    r->lint->memory.failed |= !r->values || !r->labels;
}

static void start_from(struct reading *r, const json_t *stage)
{
    const char *user = json_string_value(json_object_get(stage, "user"));
    r->user = user ? lint_text(r->lint, "%s", user) : NULL;
    r->user_line = (unsigned)json_integer_value(json_object_get(stage, "line"));
    r->taken += json_object_size(json_object_get(stage, "values")) +
                json_object_size(json_object_get(stage, "labels"));
    if (r->taken > TAKEN_MAX)
        return;
    r->lint->memory.failed |=
        json_object_update(r->values, json_object_get(stage, "values")) != 0 ||
        json_object_update(r->labels, json_object_get(stage, "labels")) != 0;
}

/* Whether a base says which version it means; one that is a stage is started from. */
static void check_base(struct reading *r, const struct arc_instruction *in, const char *base)
{
    ARC_AUTO(arc_buf) struct arc_buf ref = {.max = MEANT_MAX};
    bool known = arc_dockerfile_expand(base, r->args, &ref) && !ref.failed;
    const char *text = lint_content(r->lint, &ref), *slash = strrchr(text, '/');
    const char *tag = strchr(arc_or(slash, text), ':');
    bool pinned = strstr(text, "@sha256:") || (tag && tag[1] && strcmp(tag, ":latest") != 0);

    const json_t *stage = json_object_get(r->stages, name_stage(r, text));

    r->base = lint_text(r->lint, "%s", text);
    if (stage)
        start_from(r, stage);
    if (stage || strcmp(text, "scratch") == 0)
        return;

    if (!known)
        lint_find(r->lint, LINT_BASE_PINNED, r->file, in->line,
                  "the base '%s' uses an ARG without a default before it", base);
    else if (!pinned)
        lint_find(r->lint, LINT_BASE_PINNED, r->file, in->line,
                  "the base '%s' is not pinned: name a version (not latest) or a digest", text);
}

static void on_from(struct reading *r, const struct arc_instruction *in)
{
    ARC_AUTO(arc_buf) struct arc_buf word = {0};
    const char *args = in->args;
    bool base = false;

    keep_stage(r);
    r->stage = r->user = NULL;
    r->user_line = r->label_line = 0;
    r->from_line = in->line;

    while (arc_dockerfile_word(&args, &word, NULL)) {
        const char *text = lint_content(r->lint, &word);
        if (!base && !ARC_STARTS(text, "--")) {
            check_base(r, in, text);
            base = true;
        } else if (strcasecmp(text, "AS") == 0 && arc_dockerfile_word(&args, &word, NULL)) {
            r->stage = name_stage(r, lint_content(r->lint, &word));
        }
    }
}

bool lint_is_root(const char *user)
{
    size_t name = strcspn(user, ":");
    return arc_text_is(user, name, "root") || (name && strspn(user, "0") == name);
}

static void check_user(const struct reading *r)
{
    if (!r->user && r->base && ARC_HOLDS(r->base, "nonroot", "unprivileged", "rootless"))
        return; /* as the base's name has it */

    if (!r->user) {
        lint_find(r->lint, LINT_NON_ROOT, r->file, r->from_line,
                  "no USER in the last stage: the image runs as whatever its base says");
        return;
    }

    if (lint_is_root(r->user))
        lint_find(r->lint, LINT_NON_ROOT, r->file, r->user_line,
                  "the last USER is '%s'; the image must not run as root", r->user);
}

static void check_labels(const struct reading *r, const struct arc_group *group,
                         const struct arc_service *service)
{
    const struct arc_pair *label = r->lint->settings.labels;

    for (; label && label->name; label++) {
        const char *wanted = lint_expand(r->lint, label->value, service, group);
        const char *found = json_string_value(json_object_get(r->labels, label->name));
        unsigned line = arc_or(r->label_line, r->from_line);
        if (!found)
            lint_find(r->lint, LINT_LABELS, r->file, line,
                      "the label %s is missing; it must be '%s'", label->name, wanted);
        else if (strcmp(found, wanted) != 0)
            lint_find(r->lint, LINT_LABELS, r->file, line, "the label %s is '%s'; it must be '%s'",
                      label->name, found, wanted);
    }
}

static void on_user(struct reading *r, const struct arc_instruction *in)
{
    ARC_AUTO(arc_buf) struct arc_buf user = {0};
    r->user = lint_text(r->lint, "%s", expand(r, in->args, &user));
    r->user_line = in->line;
}

/* Reads up to the end of the target's stage. */
static void read_instructions(struct reading *r, const char *target, const char *text)
{
    ARC_AUTO(arc_dockerfile) struct arc_dockerfile dockerfile = {.at = text, .line = 1};
    struct arc_instruction in;

    while (arc_dockerfile_next(&dockerfile, &in)) {
        bool from = strcmp(in.keyword, "FROM") == 0;
        if (from && target && r->stage && strcasecmp(r->stage, target) == 0)
            break;
        if (from)
            on_from(r, &in);
        else if (ARC_AMONG(in.keyword, "ARG", "ENV"))
            add_pairs(r, &in, r->from_line ? r->values : r->args);
        else if (strcmp(in.keyword, "USER") == 0)
            on_user(r, &in);
        else if (strcmp(in.keyword, "LABEL") == 0) {
            r->label_line = in.line;
            add_pairs(r, &in, r->labels);
        }
    }

    r->lint->memory.failed |= dockerfile.args.failed == ARC_ENOMEM;
}

/* ---- what the build reads ------------------------------------------------------------------- */

static int find_missing(void *context, const struct arc_input *input, bool ignored)
{
    const struct reading *r = context;
    lint_find(r->lint, LINT_COPY, r->file, input->line, "%s: %s", input->what,
              ignored ? "the ignore file leaves it out of the context"
                      : "there is no such file in the context");
    return 0;
}

static void check_inputs(struct reading *r, const struct arc_group *group,
                         const struct arc_service *service)
{
    ARC_AUTO(arc_inputs) struct arc_inputs *inputs = NULL;
    ARC_AUTO(arc_error) struct arc_error err = {0};
    unsigned line = 0;

    if (arc_service_inputs(r->lint->root, group, service, &inputs, &err)) {
        lint_find_error(r->lint, lint_rule_name(LINT_DOCKERFILE), r->file, &err);
        return;
    }

    if (!inputs)
        return;
    if (arc_inputs_missing(inputs, find_missing, r))
        r->lint->memory.failed = true;
    const char *pinned = arc_inputs_pinned(inputs, &line);
    if (pinned)
        lint_find(r->lint, LINT_PLATFORM, r->file, line,
                  "--platform=%s holds for the last stage: every platform of the image would get "
                  "the same files; leave it out, or say it for the stages that compile",
                  pinned);
}

/* What BuildKit sets for the first platform that the service is built for, and its arguments. */
static void set_given(struct reading *r, const struct arc_group *group,
                      const struct arc_service *service)
{
    static const char *const names[] = {"OS", "ARCH", "VARIANT"};
    char *const *own = service->build.platforms, *const *shared = group->platforms_release;
    char *const *platforms = own && *own ? own : shared;
    const char *platform = platforms && *platforms ? *platforms : "linux/amd64";

    lint_set(r->lint, r->args, "TARGETPLATFORM", json_string(platform));
    lint_set(r->lint, r->args, "BUILDPLATFORM", json_string(platform));
    arc_each_in (name, names) {
        size_t len = strcspn(platform, "/");
        lint_set(r->lint, r->args, lint_text(r->lint, "TARGET%s", *name),
                 json_stringn(platform, len));
        lint_set(r->lint, r->args, lint_text(r->lint, "BUILD%s", *name),
                 json_stringn(platform, len));
        platform += len + (platform[len] == '/');
    }

    for (const struct arc_pair *arg = service->build.args; arg && arg->name; arg++)
        lint_set(r->lint, r->given, arg->name, json_string(arg->value));
}

void lint_dockerfile(struct lint *lint, const struct arc_group *group,
                     const struct arc_service *service)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(reading)
    struct reading r = {.lint = lint,
                        .file = service->build.dockerfile,
                        .given = json_object(),
                        .args = json_object(),
                        .stages = json_object(),
                        .values = json_object(),
                        .labels = json_object()};

    if (!r.file || arc_context_is_remote(service->build.context) ||
        !lint_read(lint, LINT_DOCKERFILE, r.file, &text))
        return;
    set_given(&r, group, service);
    read_instructions(&r, service->build.target, lint_content(lint, &text));

    if (!r.from_line) {
        lint_find(lint, LINT_DOCKERFILE, r.file, 1, "there is no FROM");
        return;
    }

    check_user(&r);
    check_labels(&r, group, service);
    check_inputs(&r, group, service);
}
