/* `verify`: checks a release's images against its commit and signer. */
#include "arcci/plan.h"
#include "arcci/sign.h"
#include "arcci/steer.h"
#include "base/json.h"
#include "build/verify.h"
#include "plan/planned.h"
#include "steer/released.h"

/* A release being verified. */
struct looking {
    struct arc_project *project;
    struct arc_registry *registry;
    const struct arc_plan *plan;
    struct records records;
    struct arc_ledger ledger; /* the release's build.json; empty without one */
    json_t *services;
    bool whole; /* no problem so far */
};

static void looking_free(struct looking *looking)
{
    arc_registry_free(looking->registry);
    records_free(&looking->records);
    arc_ledger_free(&looking->ledger);
}

/* Reads what the release says that it built, if GitHub answers. */
static int read_ledger(struct looking *looking, struct arc_error *err)
{
    const struct arc_env *env = looking->project->env;
    const struct arc_github_options options = {.env = env};
    const char *tag = looking->project->tag.text;
    ARC_AUTO_JSON json_t *build = NULL;

    if (!looking->project->repository.published)
        return ARC_OK;
    looking->records.repository = arc_env_get(env, "GITHUB_REPOSITORY");
    ARC_TRY(arc_transport_github(&options, &looking->records.github, err));
    ARC_TRY(records_find(&looking->records, tag, "build.json", &build, err));
    if (!build)
        return ARC_OK;
    ARC_TRY_PREFIX(arc_ledger_read(build, &looking->ledger, err), err,
                   "build.json of the release %s", tag);

    return ARC_OK;
}

/* Commands with which anybody can check the image; NULL when out of memory. */
static json_t *list_commands(const struct looking *looking, const char *image, const char *digest)
{
    const struct arc_signing *sign = looking->plan->sign;
    ARC_AUTO(arc_buf) struct arc_buf reference = {.max = 2048};
    json_t *commands = json_array();

    if (!sign || !digest)
        return commands;
    arc_buf_printf(&reference, "%s@%s", image, digest);
    if (reference.failed) {
        json_decref(commands);
        return NULL;
    }

    const char *name = arc_buf_text(&reference);
    arc_json_push(&commands, arc_sign_command(sign, looking->project->repository.root, name));
    json_t *attested = arc_sign_attest_command(sign, name);
    if (attested)
        arc_json_push(&commands, attested);

    return commands;
}

/* Reads the tag in every registry. All must agree, since somebody may have moved it in one mirror
 * only. A tag with a `ref` exists in that registry only. */
static int read_back(const struct looking *looking, const struct arc_planned_service *service,
                     const struct arc_planned_tag *tag, struct arc_arena *memory,
                     struct arc_built_service *built, struct arc_error *err)
{
    struct arc_planned_service there = *service;
    const struct arc_verify verify = {.registry = looking->registry,
                                      .service = &there,
                                      .platforms = service->platforms,
                                      .reference = tag->tag};
    int rc = arc_verify_index(&verify, memory, built, NULL, err);

    for (char **mirror = service->mirrors; !rc && !tag->ref && mirror && *mirror; mirror++) {
        struct arc_built_service copy = {0};
        there.image = *mirror;
        rc = arc_verify_index(&verify, memory, &copy, NULL, err);
        if (!rc && strcmp(copy.digest, built->digest) != 0)
            return arc_error_set(err, ARC_EFAILED, "%s:%s is %s; %s has %s", *mirror, tag->tag,
                                 copy.digest, service->image, built->digest);
    }

    if (rc == ARC_ENOTFOUND)
        return arc_error_set(err, ARC_EFAILED, "%s:%s is not in the registry", there.image,
                             tag->tag);
    ARC_TRY(rc);

    const struct arc_built_service *released =
        arc_ledger_service(&looking->ledger, service->service);
    if (released && released->digest && strcmp(released->digest, built->digest) != 0)
        return arc_error_set(err, ARC_EFAILED,
                             "%s:%s is %s now, the release built %s: it is not what was released",
                             service->image, tag->tag, built->digest, released->digest);

    return ARC_OK;
}

static int look_at(struct looking *looking, const struct arc_planned_service *service,
                   struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    struct arc_built_service built = {0};
    const struct arc_planned_tag *tag = arc_planned_own_tag(service);
    int rc = tag ? read_back(looking, service, tag, &memory, &built, &problem)
                 : arc_error_set(&problem, ARC_EFAILED, "no tag moves with it");

    const char *digest = rc ? NULL : built.digest;
    const struct arc_sign_check check = {looking->project->env, looking->project->repository.root,
                                         looking->plan, service, &built};
    if (!rc)
        rc = arc_sign_verify(&check, &problem);
    if (rc && rc != ARC_EFAILED)
        return arc_error_pass(rc, &problem, err);

    looking->whole = looking->whole && !rc;
    json_t *is_signed = looking->plan->sign && digest ? json_boolean(!rc) : json_null();
    const char *what = rc ? arc_error_text(&problem) : NULL;
    json_t *row = json_pack("{s:s, s:s, s:s?, s:s?, s:o, s:s?, s:o}", "service", service->service,
                            "image", service->image, "tag", tag ? tag->tag : NULL, "digest", digest,
                            "signed", is_signed, "problem", what, "commands",
                            list_commands(looking, service->image, digest));
    return arc_json_append(looking->services, row, err);
}

int arc_verify_release(struct arc_project *project, const char *identity, json_t **out, bool *whole,
                       struct arc_error *err)
{
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    ARC_AUTO_JSON json_t *services = json_array();
    ARC_AUTO(looking)
    struct looking looking = {
        .project = project, .plan = &plan, .services = services, .whole = true};

    ARC_TRY(arc_project_load_release(project, err));
    ARC_TRY(read_ledger(&looking, err));
    ARC_TRY(released_find_repository(project, project->tag.text, &project->repository, err));
    const struct arc_plan_options wanted = {.push = true, .moment.past = true};
    ARC_TRY(arc_planned(project, &wanted, identity, &plan, err));
    if (identity || !arc_env_nonempty(project->env, "GITHUB_WORKFLOW_REF"))
        ARC_TRY(released_signing(project, identity, &plan, err));

    ARC_TRY(arc_registry_new(project->env, NULL, &looking.registry, err));
    arc_each (service, plan.services, plan.service_count)
        if (service->selected)
            ARC_TRY(look_at(&looking, service, err));

    *whole = looking.whole;
    *out = json_pack("{s:s, s:i, s:s, s:s, s:s, s:O}", "document", "verify", "format",
                     ARC_DOCUMENT_FORMAT, "group", plan.group, "tag", plan.tag, "revision",
                     plan.revision, "services", services);
    return arc_error_unless(*out, err);
}
