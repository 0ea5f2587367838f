/* Checks the Dockerfile of a released service. */
#include "arcci/glob.h"
#include "base/json.h"
#include "config/bases.h"
#include "config/build.h"
#include "dockerfile/stages.h"
#include "lint/rule.h"
#include "project/inputs.h"

/* An image under inspection. */
struct reading {
    struct lint *lint;
    const struct arc_group *group;
    const struct arc_service *service;
    const char *file;
};

/* Whether a base is an additional context of the build, or an image of the group, which the same run
 * builds; also that of a stage which the image does not need. */
static bool is_built_here(const struct reading *r, const char *base)
{
    const struct arc_loading l = {.memory = &r->lint->memory};
    const struct arc_pair *context = r->service->build.additional_contexts;
    size_t len = arc_image_familiar(&base);
    const char *name = arc_arena_cut(l.memory, base, len);
    const struct arc_service *found = name ? arc_bases_find(&l, r->group, name) : NULL;

    if (found && found != r->service)
        return true;
    for (; context && context->name; context++)
        if (arc_text_is(base, len, context->name))
            return true;

    return false;
}

static bool is_pinned(const char *image)
{
    const char *tag = strchr(arc_path_name(image), ':');
    return strstr(image, "@sha256:") || (tag && tag[1] && strcmp(tag, ":latest") != 0);
}

/* The images of COPY --from and RUN --mount=from=: a misspelled stage is one, too. */
static void check_taken(const struct reading *r, const struct arc_stage *stage)
{
    arc_json_each (item, stage->images) {
        const char *image = json_string_value(item);
        if (!is_pinned(image) && !strchr(image, '$') && strcmp(image, stage->base) != 0 &&
            !is_built_here(r, image))
            lint_find(r->lint, LINT_BASE_PINNED, r->file, stage->line,
                      "the stage takes files of '%s', which is no stage above it but an image, and "
                      "not pinned: name a version (not latest) or a digest",
                      image);
    }
}

static void check_base(const struct reading *r, const struct arc_stage *stage)
{
    const char *base = stage->base;

    if (!*stage->ref || stage->from != SIZE_MAX || strcmp(base, "scratch") == 0 ||
        is_built_here(r, base))
        return;

    if (!stage->told)
        lint_find(r->lint, LINT_BASE_PINNED, r->file, stage->line,
                  "the base '%s' uses an ARG without a default before it", stage->ref);
    else if (!is_pinned(base))
        lint_find(r->lint, LINT_BASE_PINNED, r->file, stage->line,
                  "the base '%s' is not pinned: name a version (not latest) or a digest", base);
}

bool lint_is_root(const char *user)
{
    size_t name = strcspn(user, ":");
    return arc_text_is(user, name, "root") || (name && strspn(user, "0") == name);
}

static void check_user(const struct reading *r, const struct arc_stage *stages,
                       const struct arc_stage *stage)
{
    const struct arc_stage *first = stage;
    while (first->from != SIZE_MAX)
        first = &stages[first->from];

    if (!stage->user && (ARC_HOLDS(first->base, "nonroot", "unprivileged", "rootless") ||
                         is_built_here(r, first->base)))
        return; /* as the base's name has it, or as is checked where it is built */

    if (!stage->user)
        lint_find(r->lint, LINT_NON_ROOT, r->file, stage->line,
                  "no USER in the last stage: the image runs as its base's user");
    else if (lint_is_root(stage->user))
        lint_find(r->lint, LINT_NON_ROOT, r->file, stage->user_line,
                  "the last USER is '%s'; the image must not run as root", stage->user);
}

static void check_labels(const struct reading *r, const struct arc_stage *stage)
{
    const struct arc_pair *label = r->lint->settings.labels;
    unsigned line = arc_or(stage->label_line, stage->line);

    for (; label && label->name; label++) {
        const char *wanted = lint_expand(r->lint, label->value, r->service, r->group);
        const char *found = json_string_value(json_object_get(stage->labels, label->name));
        if (!found)
            lint_find(r->lint, LINT_LABELS, r->file, line,
                      "the label %s is missing; it must be '%s'", label->name, wanted);
        else if (strcmp(found, wanted) != 0)
            lint_find(r->lint, LINT_LABELS, r->file, line, "the label %s is '%s'; it must be '%s'",
                      label->name, found, wanted);
    }
}

/* ---- what the build reads ------------------------------------------------------------------- */

static int find_missing(void *context, const struct arc_input *input, bool ignored)
{
    const struct reading *r = context;
    if (!ignored && arc_glob_any(r->group->generated, input->start)) /* by an earlier step */
        return 0;
    lint_find(r->lint, LINT_COPY, r->file, input->line, "%s: %s", input->what,
              ignored ? "the ignore file excludes it from the context"
                      : "the context has no such file");
    return 0;
}

static void check_inputs(struct reading *r)
{
    ARC_AUTO(arc_inputs) struct arc_inputs *inputs = NULL;
    ARC_AUTO(arc_error) struct arc_error err = {0};

    if (arc_service_inputs(r->lint->root, r->group, r->service, &inputs, &err)) {
        lint_find_error(r->lint, LINT_DOCKERFILE, r->file, &err);
        return;
    }

    if (!inputs)
        return;
    if (arc_inputs_missing(inputs, find_missing, r))
        r->lint->memory.failed = true;
    const struct arc_inputs_facts *facts = arc_inputs_facts(inputs);
    if (facts->pinned)
        lint_find(r->lint, LINT_PLATFORM, r->file, facts->pinned_line,
                  "--platform=%s is set for the last stage: every platform of the image would "
                  "get the same files; remove it, or set it for the stages that compile",
                  facts->pinned);
    if (facts->fixed)
        lint_find(r->lint, LINT_PLATFORM, r->file, facts->fixed_line,
                  "ARG %s has this value for every platform of the image: a default hides what "
                  "BuildKit gives; write ARG %.*s",
                  facts->fixed, (int)strcspn(facts->fixed, "="), facts->fixed);
}

/* Reads the stages up to the service's own, for the first platform that it is built for. */
static bool read_stages(const struct reading *r, struct arc_stages *out)
{
    const struct arc_recipe *build = &r->service->build;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    ARC_AUTO_JSON json_t *args = arc_pairs_json(build->args);
    char *const *own = build->platforms;
    char *const *platforms = own && *own ? own : r->group->platforms_release;
    const char *platform = platforms && *platforms ? *platforms : "linux/amd64";

    r->lint->memory.failed |= !args;
    if (!lint_read(r->lint, LINT_DOCKERFILE, r->file, &text))
        return false;

    const struct arc_stages_request request = {.text = lint_content(r->lint, &text),
                                               .args = args,
                                               .platform = platform,
                                               .builder = platform,
                                               .target = build->target,
                                               .lenient = true};
    int rc = arc_stages_read(&request, out, &err);
    if (rc)
        lint_find_error(r->lint, LINT_DOCKERFILE, r->file, &err);

    return rc == ARC_OK;
}

void lint_dockerfile(struct lint *lint, const struct arc_group *group,
                     const struct arc_service *service)
{
    ARC_AUTO(arc_stages) struct arc_stages stages = {0};
    struct reading r = {lint, group, service, service->build.dockerfile};

    if (!r.file || arc_context_is_remote(service->build.context) ||
        arc_service_waits(lint->root, group, service) || !read_stages(&r, &stages))
        return;

    const struct arc_stage *last = arc_stages_target(&stages, service->build.target);
    last = arc_or(last, arc_stages_target(&stages, NULL));
    for (const struct arc_stage *stage = stages.items; stage <= last; stage++) {
        check_base(&r, stage);
        check_taken(&r, stage);
    }
    check_user(&r, stages.items, last);
    check_labels(&r, last);
    check_inputs(&r);
}
