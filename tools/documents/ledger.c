#include "base/text.h"
#include "documents/record.h"

static const struct arc_member base_fields[] = {
    {"ref", ARC_MEMBER_TEXT, AT(arc_base_image, ref)},
    {"digest", ARC_MEMBER_TEXT, AT(arc_base_image, digest), .form = &arc_form_digest},
    {0},
};

static const struct arc_record base_record = RECORD(arc_base_image, base_fields);

static const struct arc_member cell_fields[] = {
    {"platform", ARC_MEMBER_TEXT, AT(arc_built_cell, platform), .key = true},
    {"digest", ARC_MEMBER_TEXT, AT(arc_built_cell, digest), .optional = true,
     .form = &arc_form_digest},
    {"size", ARC_MEMBER_SIZE, AT(arc_built_cell, size), .optional = true},
    {"unpacked", ARC_MEMBER_SIZE, AT(arc_built_cell, unpacked), .optional = true},
    {"started", ARC_MEMBER_NUMBER, AT(arc_built_cell, started), .optional = true},
    {"duration", ARC_MEMBER_NUMBER, AT(arc_built_cell, duration), .optional = true},
    {"cached", ARC_MEMBER_STATE, AT(arc_built_cell, cached), .optional = true},
    {"attestations", ARC_MEMBER_TEXTS, AT(arc_built_cell, attestations), .form = &arc_form_digest},
    {0},
};

static const struct arc_record cell_record = RECORD(arc_built_cell, cell_fields);

static const struct arc_member service_fields[] = {
    {"service", ARC_MEMBER_TEXT, AT(arc_built_service, service), .key = true},
    {"image", ARC_MEMBER_TEXT, AT(arc_built_service, image)},
    {"digest", ARC_MEMBER_TEXT, AT(arc_built_service, digest), .optional = true,
     .form = &arc_form_digest},
    {"key", ARC_MEMBER_TEXT, AT(arc_built_service, key), .optional = true,
     .form = &arc_form_digest},
    {"tags", ARC_MEMBER_TEXTS, AT(arc_built_service, tags)},
    {"built", ARC_MEMBER_FLAG, AT(arc_built_service, built)},
    {"generated", ARC_MEMBER_TEXTS, AT(arc_built_service, generated)},
    {"base-images", ARC_MEMBER_LIST, AT(arc_built_service, base_images),
     LIST(base_record, arc_built_service, base_count)},
    {"cells", ARC_MEMBER_LIST, AT(arc_built_service, cells),
     LIST(cell_record, arc_built_service, cell_count)},
    {0},
};

static const struct arc_record service_record = RECORD(arc_built_service, service_fields);

static const struct arc_member fields[] = {
    {"group", ARC_MEMBER_TEXT, AT(arc_ledger, group)},
    {"revision", ARC_MEMBER_TEXT, AT(arc_ledger, revision), .form = &arc_form_revision},
    {"pushed", ARC_MEMBER_FLAG, AT(arc_ledger, pushed)},
    {"dirty", ARC_MEMBER_FLAG, AT(arc_ledger, dirty)},
    {"services", ARC_MEMBER_LIST, AT(arc_ledger, services),
     LIST(service_record, arc_ledger, service_count)},
    {0},
};

static const struct arc_record record = {"build", sizeof(struct arc_ledger), fields};

int arc_ledger_read(const json_t *json, struct arc_ledger *out, struct arc_error *err)
{
    return arc_document_load(&record, json, out, err);
}

int arc_ledger_write(const struct arc_ledger *ledger, json_t **out, struct arc_error *err)
{
    return arc_record_write(&record, ledger, out, err);
}

void arc_ledger_free(struct arc_ledger *ledger)
{
    arc_document_free(ledger, sizeof *ledger);
}

int arc_ledger_begin(const struct arc_plan *plan, struct arc_ledger *out, struct arc_error *err)
{
    *out = (struct arc_ledger){.pushed = plan->push};
    out->group = arc_arena_text(&out->memory, plan->group);
    out->revision = arc_arena_text(&out->memory, plan->revision);
    out->services = arc_arena_array(&out->memory, plan->service_count, sizeof *out->services);
    return arc_or_free(arc_ledger, out, arc_arena_check(&out->memory, err));
}

int arc_built_copy(const struct arc_built_service *built, struct arc_arena *memory,
                   struct arc_built_service *out, struct arc_error *err)
{
    return arc_record_copy(&service_record, built, memory, out, err);
}

struct arc_built_service *arc_ledger_service(const struct arc_ledger *ledger, const char *service)
{
    return ledger ? arc_find(ledger->services, ledger->service_count, service, service) : NULL;
}

const struct arc_built_cell *arc_built_on(const struct arc_built_service *built,
                                          const char *platform)
{
    return built ? arc_find(built->cells, built->cell_count, platform, platform) : NULL;
}

int arc_ledger_check_plan(const struct arc_ledger *build, const struct arc_plan *plan,
                          struct arc_error *err)
{
    if (strcmp(plan->revision, build->revision) != 0)
        return arc_error_set(err, ARC_EINPUT,
                             "build.json is about commit %.12s, the plan about %.12s",
                             build->revision, plan->revision);

    if (strcmp(plan->group, build->group) != 0)
        return arc_error_set(err, ARC_EINPUT, "build.json is about group %s, the plan about %s",
                             build->group, plan->group);

    arc_each (built, build->services, build->service_count) {
        const struct arc_planned_service *planned = arc_plan_service(plan, built->service);
        if (!planned || strcmp(planned->image, built->image) != 0)
            return arc_error_set(
                err, ARC_EINPUT, "build.json is of another plan: it has %s as %s, the plan %s",
                built->service, built->image, planned ? planned->image : "has no such service");
    }

    return ARC_OK;
}
