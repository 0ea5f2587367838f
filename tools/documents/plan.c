#include "base/text.h"
#include "documents/record.h"

static const char *const modes[] = {"ci", "release", NULL};
static const char *const tag_kinds[] = {"version", "commit", "floating", "moving", NULL};

static const struct arc_member tag_fields[] = {
    {"tag", ARC_MEMBER_TEXT, AT(arc_planned_tag, tag)},
    {"ref", ARC_MEMBER_TEXT, AT(arc_planned_tag, ref), .sparse = true},
    {"kind", ARC_MEMBER_CHOICE, AT(arc_planned_tag, kind), .words = tag_kinds},
    {"move", ARC_MEMBER_FLAG, AT(arc_planned_tag, move)},
    {"prereleases", ARC_MEMBER_FLAG, AT(arc_planned_tag, prereleases), .sparse = true},
    {"reason", ARC_MEMBER_TEXT, AT(arc_planned_tag, reason)},
    {0},
};

static const struct arc_record tag_record = RECORD(arc_planned_tag, tag_fields);

/* Members that are written only if not empty. */
#define SPARSE(name, kind, type, member)                                                           \
    {                                                                                              \
        name, kind, AT(type, member), .sparse = true                                               \
    }
#define OPTION(name, kind, member)  SPARSE(name, kind, arc_recipe, member)
#define SIGNING(name, kind, member) SPARSE(name, kind, arc_signing, member)

static const struct arc_member recipe_fields[] = {
    OPTION("dockerfile-inline", ARC_MEMBER_TEXT, dockerfile_inline),
    OPTION("target", ARC_MEMBER_TEXT, target),
    OPTION("contexts", ARC_MEMBER_PAIRS, additional_contexts),
    OPTION("secrets", ARC_MEMBER_TEXTS, secrets),
    OPTION("ssh", ARC_MEMBER_TEXTS, ssh),
    OPTION("network", ARC_MEMBER_TEXT, network),
    OPTION("shm-size", ARC_MEMBER_TEXT, shm_size),
    OPTION("ulimits", ARC_MEMBER_TEXTS, ulimits),
    OPTION("extra-hosts", ARC_MEMBER_PAIRS, extra_hosts),
    OPTION("cache-from", ARC_MEMBER_TEXTS, cache_from),
    OPTION("cache-to", ARC_MEMBER_TEXTS, cache_to),
    OPTION("annotations", ARC_MEMBER_TEXTS, annotations),
    OPTION("provenance", ARC_MEMBER_TEXT, provenance),
    OPTION("sbom", ARC_MEMBER_TEXT, sbom),
    OPTION("output", ARC_MEMBER_TEXT, output),
    OPTION("no-cache", ARC_MEMBER_FLAG, no_cache),
    OPTION("pull", ARC_MEMBER_FLAG, pull),
    {0},
};

static const struct arc_record recipe_record = RECORD(arc_recipe, recipe_fields);

static const struct arc_member release_fields[] = {
    {"group", ARC_MEMBER_TEXT, AT(arc_planned_release, group)},
    {"tag", ARC_MEMBER_TEXT, AT(arc_planned_release, tag)},
    {"version", ARC_MEMBER_TEXT, AT(arc_planned_release, version)},
    {"revision", ARC_MEMBER_TEXT, AT(arc_planned_release, revision), .form = &arc_form_revision},
    {0},
};

static const struct arc_record release_record = RECORD(arc_planned_release, release_fields);

static const struct arc_member service_fields[] = {
    {"service", ARC_MEMBER_TEXT, AT(arc_planned_service, service), .key = true},
    {"name", ARC_MEMBER_TEXT, AT(arc_planned_service, name)},
    {"description", ARC_MEMBER_TEXT, AT(arc_planned_service, description), .optional = true},
    {"tech", ARC_MEMBER_TEXT, AT(arc_planned_service, tech), .optional = true},
    {"directory", ARC_MEMBER_TEXT, AT(arc_planned_service, directory)},
    {"context", ARC_MEMBER_TEXT, AT(arc_planned_service, context)},
    {"dockerfile", ARC_MEMBER_TEXT, AT(arc_planned_service, dockerfile), .optional = true},
    {"platforms", ARC_MEMBER_TEXTS, AT(arc_planned_service, platforms)},
    {"image", ARC_MEMBER_TEXT, AT(arc_planned_service, image)},
    {"mirrors", ARC_MEMBER_TEXTS, AT(arc_planned_service, mirrors), .sparse = true},
    {"selected", ARC_MEMBER_FLAG, AT(arc_planned_service, selected)},
    {"reason", ARC_MEMBER_TEXT, AT(arc_planned_service, reason)},
    {"staging", ARC_MEMBER_TEXT, AT(arc_planned_service, staging)},
    {"build-args", ARC_MEMBER_PAIRS, AT(arc_planned_service, build_args)},
    {"recipe", ARC_MEMBER_OBJECT, AT(arc_planned_service, recipe), .sparse = true,
     .record = &recipe_record},
    {"released", ARC_MEMBER_OBJECT, AT(arc_planned_service, released), .sparse = true,
     .record = &release_record},
    {"labels", ARC_MEMBER_PAIRS, AT(arc_planned_service, labels)},
    {"tags", ARC_MEMBER_LIST, AT(arc_planned_service, tags),
     LIST(tag_record, arc_planned_service, tag_count)},
    {0},
};

static const struct arc_record service_record = RECORD(arc_planned_service, service_fields);

static const struct arc_member cell_fields[] = {
    {"service", ARC_MEMBER_TEXT, AT(arc_cell, service), .key = true},
    {"platform", ARC_MEMBER_TEXT, AT(arc_cell, platform), .key = true},
    {"runner", ARC_MEMBER_TEXT, AT(arc_cell, runner)},
    {"staging", ARC_MEMBER_TEXT, AT(arc_cell, staging)},
    {0},
};

static const struct arc_record cell_record = RECORD(arc_cell, cell_fields);

static const struct arc_member signing_fields[] = {
    {"with", ARC_MEMBER_TEXT, AT(arc_signing, with)},
    SIGNING("key", ARC_MEMBER_TEXT, key),
    SIGNING("public-key", ARC_MEMBER_TEXT, public_key),
    SIGNING("identity", ARC_MEMBER_TEXT, identity),
    SIGNING("issuer", ARC_MEMBER_TEXT, issuer),
    SIGNING("repository", ARC_MEMBER_TEXT, repository),
    SIGNING("trusted-root", ARC_MEMBER_TEXT, trusted_root),
    SIGNING("signing-config", ARC_MEMBER_TEXT, signing_config),
    SIGNING("attest", ARC_MEMBER_TEXT, attest),
    SIGNING("unlogged", ARC_MEMBER_FLAG, unlogged),
    {0},
};

static const struct arc_record signing_record = RECORD(arc_signing, signing_fields);

static const struct arc_member fields[] = {
    {"group", ARC_MEMBER_TEXT, AT(arc_plan, group)},
    {"mode", ARC_MEMBER_CHOICE, AT(arc_plan, mode), .words = modes},
    {"title", ARC_MEMBER_TEXT, AT(arc_plan, title)},
    {"description", ARC_MEMBER_TEXT, AT(arc_plan, description), .optional = true},
    {"push", ARC_MEMBER_FLAG, AT(arc_plan, push)},
    {"tag", ARC_MEMBER_TEXT, AT(arc_plan, tag), .optional = true},
    {"version", ARC_MEMBER_OBJECT, AT(arc_plan, version), .optional = true,
     .record = &arc_version_record},
    {"revision", ARC_MEMBER_TEXT, AT(arc_plan, revision), .form = &arc_form_revision},
    {"created", ARC_MEMBER_TEXT, AT(arc_plan, created)},
    {"source", ARC_MEMBER_TEXT, AT(arc_plan, source), .optional = true},
    {"sign", ARC_MEMBER_OBJECT, AT(arc_plan, sign), .sparse = true, .record = &signing_record},
    {"platforms", ARC_MEMBER_TEXTS, AT(arc_plan, platforms)},
    {"generated", ARC_MEMBER_TEXTS, AT(arc_plan, generated)},
    {"unreleased", ARC_MEMBER_TEXTS, AT(arc_plan, unreleased), .sparse = true},
    {"any", ARC_MEMBER_FLAG, AT(arc_plan, any)},
    {"services", ARC_MEMBER_LIST, AT(arc_plan, services),
     LIST(service_record, arc_plan, service_count)},
    {"cells", ARC_MEMBER_LIST, AT(arc_plan, cells), LIST(cell_record, arc_plan, cell_count)},
    {0},
};

static const struct arc_record record = {"plan", sizeof(struct arc_plan), fields};

/* Cells must name a service of the plan. */
static int check_cells(const struct arc_plan *plan, struct arc_error *err)
{
    for (size_t i = 0; i < plan->cell_count; i++)
        if (!arc_plan_service(plan, plan->cells[i].service))
            return arc_error_set(
                err, ARC_EINPUT,
                "plan.json: cells[%zu] is of '%s', which is not among the services", i,
                plan->cells[i].service);

    return ARC_OK;
}

int arc_plan_read(const json_t *json, struct arc_plan *out, struct arc_error *err)
{
    ARC_TRY(arc_document_load(&record, json, out, err));
    return arc_or_free(arc_plan, out, check_cells(out, err));
}

int arc_plan_write(const struct arc_plan *plan, json_t **out, struct arc_error *err)
{
    return arc_record_write(&record, plan, out, err);
}

void arc_plan_free(struct arc_plan *plan)
{
    arc_document_free(plan, sizeof *plan);
}

const struct arc_planned_service *arc_plan_service(const struct arc_plan *plan, const char *service)
{
    return arc_find(plan->services, plan->service_count, service, service);
}

const struct arc_pair *arc_planned_contexts(const struct arc_planned_service *service)
{
    static const struct arc_pair none = {NULL, NULL};
    const struct arc_recipe *recipe = service->recipe;
    return recipe && recipe->additional_contexts ? recipe->additional_contexts : &none;
}

const struct arc_planned_service *arc_planned_base(const struct arc_plan *plan, const char *context)
{
    const char *name = arc_text_after(context, "target:");
    return name ? arc_plan_service(plan, name) : NULL;
}

void arc_planned_mark(const struct arc_plan *plan, const struct arc_planned_service *service,
                      bool *marked)
{
    const struct arc_pair *context = arc_planned_contexts(service);
    bool *own = &marked[service - plan->services];

    if (*own)
        return;
    *own = true;

    for (; context->name; context++) {
        const struct arc_planned_service *base = arc_planned_base(plan, context->value);
        if (base)
            arc_planned_mark(plan, base, marked);
    }
}

const struct arc_cell *arc_plan_cell(const struct arc_plan *plan, const char *service,
                                     const char *platform)
{
    arc_each (cell, plan->cells, plan->cell_count)
        if (strcmp(cell->service, service) == 0 && strcmp(cell->platform, platform) == 0)
            return cell;
    return NULL;
}

const struct arc_planned_tag *arc_planned_own_tag(const struct arc_planned_service *service)
{
    const struct arc_planned_tag *found = NULL;

    arc_each (tag, service->tags, service->tag_count) {
        if (tag->move && tag->kind == ARC_TAG_VERSION)
            return tag;
        if (tag->move && !found)
            found = tag;
    }

    return found;
}

const char *arc_planned_image(const struct arc_planned_service *service,
                              const struct arc_planned_tag *tag)
{
    for (char **mirror = service->mirrors; tag->ref && *mirror; mirror++) {
        const char *rest = arc_text_after(arc_text_after(tag->ref, *mirror), ":");
        if (rest && strcmp(rest, tag->tag) == 0)
            return *mirror;
    }
    return service->image;
}

int arc_planned_images(const struct arc_planned_service *service, struct arc_arena *memory,
                       char ***out, struct arc_error *err)
{
    ARC_TRY(arc_texts_add(memory, out, service->image, err));
    for (char **mirror = service->mirrors; mirror && *mirror; mirror++)
        ARC_TRY(arc_texts_add(memory, out, *mirror, err));
    return ARC_OK;
}

bool arc_plan_is_train(const struct arc_plan *plan)
{
    return plan->service_count && plan->services[0].released;
}

int arc_recipe_json(const struct arc_recipe *recipe, json_t **out, struct arc_error *err)
{
    return arc_record_write(&recipe_record, recipe, out, err);
}

bool arc_signing_is_github(const struct arc_signing *signing)
{
    static const char path[] = "/_services/token";
    size_t len = signing->issuer ? strlen(signing->issuer) : 0, end = strlen(path);
    return len > end && (ARC_STARTS(signing->issuer, "https://token.actions.") ||
                         strcmp(signing->issuer + len - end, path) == 0);
}

bool arc_signing_in_kms(const char *key)
{
    return strstr(key, "://") && !ARC_STARTS(key, "env://");
}

int arc_signing_json(const struct arc_signing *signing, json_t **out, struct arc_error *err)
{
    return arc_record_write(&signing_record, signing, out, err);
}
