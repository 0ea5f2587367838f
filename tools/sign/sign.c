#include "arcci/sign.h"
#include "arcci/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "os/base64.h"
#include "os/fault.h"
#include "os/file.h"
#include "os/folder.h"
#include "sign/cosign.h"

#define PREDICATE  "https://slsa.dev/provenance/v1"
#define BUNDLE_MAX ((size_t)4 << 20)
#define PAGES_MAX  10 /* of 100 stored attestations */
#define LOOKS_MAX  6  /* for a new signature, in a minute */

/* One digest in one image. */
struct target {
    const char *image;
    const char *digest;
    const char *kind; /* "index", "attestation", "image" */
};

/* Calls `each` for everything to sign of a service, in all of its images; with `whole` also for the
 * image of each platform. The index names that by digest, so its signature is proof enough, but
 * some clients ask for a signature of what they pull. */
static int each_target(const struct arc_built_service *built, char *const *images, bool whole,
                       int (*each)(void *context, const struct target *target,
                                   struct arc_error *err),
                       void *context, struct arc_error *err)
{
    for (; *images; images++) {
        struct target target = {*images, built->digest, "index"};
        ARC_TRY(each(context, &target, err));
        arc_each (cell, built->cells, built->cell_count) {
            target = (struct target){*images, cell->digest, "image"};
            if (whole && cell->digest)
                ARC_TRY(each(context, &target, err));
            for (char **one = cell->attestations; one && *one; one++) {
                target = (struct target){*images, *one, "attestation"};
                ARC_TRY(each(context, &target, err));
            }
        }
    }

    return ARC_OK;
}

static int verify_target(void *context, const struct target *target, struct arc_error *err)
{
    return cosign_verify(context, target->image, target->digest, err);
}

int arc_sign_verify(const struct arc_sign_check *check, struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    ARC_AUTO(cosign) struct cosign cosign = {0};
    char **images = NULL;

    if (!check->plan->sign)
        return ARC_OK;
    ARC_TRY(arc_planned_images(check->service, &memory, &images, err));
    ARC_TRY(cosign_open(check->env, check->root, check->plan->sign, &cosign, err));
    int rc = each_target(check->built, images, false, verify_target, &cosign, err);
    if (rc == ARC_EFAILED)
        return arc_error_prefix(err, "%s is not signed as it should be", check->built->service);

    return rc;
}

/* The service being signed. */
struct signing {
    const struct arc_sign_options *options;
    struct cosign *cosign;
    const struct arc_built_service *built;
    json_t *images;
    json_t *attestations;
};

static void tell(const struct signing *signing, const char *what, const char *digest)
{
    arc_build_tell(&signing->options->listener, signing->built->service, "%s %.19s", what, digest);
}

/* Docker Hub and others list a new signature only after some seconds. */
static int verify_new(const struct signing *signing, const struct target *target,
                      struct arc_error *err)
{
    const struct arc_clock *clock = arc_clock_system();

    for (unsigned i = 1;; i++) {
        int rc = cosign_verify(signing->cosign, target->image, target->digest, err);
        if (rc != ARC_EFAILED || i == LOOKS_MAX)
            return rc;
        tell(signing, "waits until the registry lists the signature of", target->digest);
        clock->wait(clock->context, arc_fault_wait("", i));
    }
}

static int sign_target(void *context, const struct target *target, struct arc_error *err)
{
    struct signing *signing = context;
    int rc = cosign_verify(signing->cosign, target->image, target->digest, err);
    bool there = rc == ARC_OK;

    ARC_TRY(arc_error_except(ARC_EFAILED, rc, err));

    if (!there) {
        ARC_TRY(cosign_sign(signing->cosign, target->image, target->digest, err));
        ARC_TRY(verify_new(signing, target, err));
    }

    const char *action = there ? "unchanged" : "signed";
    tell(signing, action, target->digest);
    json_t *item =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "service", signing->built->service, "image",
                  target->image, "digest", target->digest, "kind", target->kind, "action", action);
    return arc_json_append(signing->images, item, err);
}

/* ---- what GitHub keeps (`attest: github`) ---------------------------------------------------- */

/* A variable set by GitHub for the run. */
static const char *of_run(const struct signing *signing, const char *name)
{
    return arc_text_or(arc_env_get(signing->options->env, name), "");
}

/* SLSA provenance 1.0 with the build type of GitHub's workflows
 * (actions.github.io/buildtypes/workflow/v1). */
static json_t *make_predicate(const struct signing *signing)
{
    const char *server = of_run(signing, "GITHUB_SERVER_URL");
    const char *repository = of_run(signing, "GITHUB_REPOSITORY");
    const char *ref = of_run(signing, "GITHUB_REF");
    const char *path = of_run(signing, "GITHUB_WORKFLOW_REF");
    size_t len = strlen(repository);

    /* "owner/name/.github/workflows/file.yml@ref" */
    if (strncmp(path, repository, len) == 0 && path[len] == '/')
        path += len + 1;

    /* clang-format off */
    return json_pack(
        "{s:{s:s, s:{s:{s:s, s:o, s:o}}, s:{s:{s:s, s:s, s:s, s:s}}, s:[{s:o, s:{s:s}}]}, s:{s:{s:s}, s:{s:o}}}",
        "buildDefinition",
            "buildType", "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters", "workflow",
                "ref", ref,
                "repository", json_sprintf("%s/%s", server, repository),
                "path", json_stringn(path, strcspn(path, "@")),
            "internalParameters", "github",
                "event_name", of_run(signing, "GITHUB_EVENT_NAME"),
                "repository_id", of_run(signing, "GITHUB_REPOSITORY_ID"),
                "repository_owner_id", of_run(signing, "GITHUB_REPOSITORY_OWNER_ID"),
                "runner_environment", of_run(signing, "RUNNER_ENVIRONMENT"),
            "resolvedDependencies",
                "uri", json_sprintf("git+%s/%s@%s", server, repository, ref),
                "digest", "gitCommit", signing->options->plan->revision,
        "runDetails",
            "builder", "id", signing->options->plan->sign->identity,
            "metadata", "invocationId",
                json_sprintf("%s/%s/actions/runs/%s/attempts/%s", server, repository,
                             of_run(signing, "GITHUB_RUN_ID"),
                             of_run(signing, "GITHUB_RUN_ATTEMPT")));
    /* clang-format on */
}

/* The attestation to find, and the file to pass to cosign. */
struct search {
    const struct signing *signing;
    const char *folder;
    bool found;
};

/* Whether a stored attestation is ours: its claims are signed by the signer that it names. That
 * ends the search. */
static int check_stored(void *context, json_t *stored, struct arc_error *err)
{
    struct search *search = context;
    const struct signing *signing = search->signing;
    const json_t *bundle = json_object_get(stored, "bundle");
    const char *payload = arc_json_text_of(json_object_get(bundle, "dsseEnvelope"), "payload");
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = BUNDLE_MAX};

    if (arc_base64_decode(payload, &text, NULL))
        return ARC_OK;
    ARC_AUTO_JSON json_t *statement = arc_json_load(arc_buf_text(&text), text.len, 0, NULL);
    const json_t *details = json_object_get(json_object_get(statement, "predicate"), "runDetails");
    const char *builder = arc_json_text_of(json_object_get(details, "builder"), "id");
    if (strcmp(arc_json_text_of(statement, "predicateType"), PREDICATE) != 0 ||
        strcmp(builder, signing->options->plan->sign->identity) != 0)
        return ARC_OK;

    ARC_AUTO_FREE char *file = arc_file_join(search->folder, "stored.json");
    if (!file || json_dump_file(bundle, file, JSON_COMPACT))
        return arc_error_set(err, ARC_EWORLD, "cannot write the stored bundle to %s",
                             search->folder);
    int rc = cosign_verify_bundle(signing->cosign, signing->built->digest, PREDICATE, file, err);
    search->found = !rc;
    return rc ? arc_error_except(ARC_EFAILED, rc, err) : 1;
}

/* Attests unless already done. Others may have stored any number of attestations: if ours is not
 * found within the limit, stores it again. */
static int attest_in(const struct signing *signing, const char *folder, const char **action,
                     struct arc_error *err)
{
    const char *repository = of_run(signing, "GITHUB_REPOSITORY");
    struct search search = {signing, folder, false};
    int rc =
        arc_transport_each(signing->options->github, "attestations",
                           "look for the image's attestation", PAGES_MAX, check_stored, &search,
                           err, "/repos/%s/attestations/%s?per_page=100&predicate_type=provenance",
                           repository, signing->built->digest);

    ARC_TRY(arc_error_except(ARC_ENOTFOUND, arc_error_except(ARC_ELIMIT, rc, err), err));
    if (search.found)
        return ARC_OK;

    ARC_AUTO_FREE char *predicate = arc_file_join(folder, "predicate.json");
    ARC_AUTO_FREE char *bundle = arc_file_join(folder, "bundle.json");
    ARC_AUTO_JSON json_t *document = make_predicate(signing);
    if (!predicate || !bundle || !document || json_dump_file(document, predicate, JSON_COMPACT))
        return arc_error_set(err, ARC_EWORLD, "cannot write the provenance to %s", folder);
    ARC_TRY(cosign_attest(signing->cosign, signing->built->image, signing->built->digest, PREDICATE,
                          predicate, bundle, err));
    *action = "attested";

    ARC_AUTO(arc_buf) struct arc_buf text = {.max = BUNDLE_MAX};
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    ARC_TRY(arc_file_read(bundle, "cosign's bundle", BUNDLE_MAX, &text, err));
    ARC_AUTO_JSON json_t *made = arc_json_load(arc_buf_text(&text), text.len, 0, NULL);
    if (!json_is_object(json_object_get(made, "dsseEnvelope")))
        return arc_error_set(err, ARC_EFAILED,
                             "cosign wrote no Sigstore bundle: version 3 or later is needed");

    ARC_AUTO_JSON json_t *body = json_pack("{s:O}", "bundle", made);
    return arc_transport_send(signing->options->github,
                              ARC_POST(body, "store the image's attestation"), &reply, err,
                              "/repos/%s/attestations", repository);
}

/* Attests the provenance of the index in the registry and by GitHub's API, in the form of
 * actions/attest-build-provenance, unless GitHub has it from the same signer. *action: "attested",
 * "unchanged". */
static int attest(const struct signing *signing, const char **action, struct arc_error *err)
{
    ARC_AUTO_FREE char *folder = NULL;
    *action = "unchanged";

    if (!*of_run(signing, "GITHUB_REPOSITORY") || !*of_run(signing, "GITHUB_RUN_ID"))
        return arc_error_set(err, ARC_EINPUT,
                             "'attest: github' states which workflow built the images: run it in "
                             "one, or take the key out of the configuration");

    ARC_TRY(arc_folder_temporary(signing->options->env, &folder, err));
    int rc = attest_in(signing, folder, action, err);
    arc_folder_remove(folder);

    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int sign_service(struct signing *signing, const struct arc_planned_service *service,
                        struct arc_error *err)
{
    const struct arc_sign_options *options = signing->options;
    const struct arc_built_service *built = arc_ledger_service(options->build, service->service);
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    char **images = NULL;
    const char *action;

    if (!built || !built->digest)
        return arc_error_set(err, ARC_EFAILED,
                             "build.json has no pushed image of %s: build it before signing",
                             service->service);

    signing->built = built;
    ARC_TRY(arc_planned_images(service, &memory, &images, err));
    ARC_TRY(each_target(built, images, true, sign_target, signing, err));
    if (!options->plan->sign->attest)
        return ARC_OK;

    ARC_TRY(attest(signing, &action, err));
    tell(signing, strcmp(action, "attested") == 0 ? "attested" : "attestation unchanged",
         built->digest);
    json_t *item = json_pack("{s:s, s:s, s:s, s:s}", "service", service->service, "image",
                             service->image, "digest", built->digest, "action", action);
    return arc_json_append(signing->attestations, item, err);
}

int arc_sign(const struct arc_sign_options *options, json_t **out, struct arc_error *err)
{
    const struct arc_plan *plan = options->plan;
    ARC_AUTO(cosign) struct cosign cosign = {0};
    ARC_AUTO_JSON json_t *images = json_array(), *attestations = json_array(), *signer = NULL;

    if (!options->build->pushed)
        return arc_error_set(err, ARC_EINPUT, "build.json is of images that were not pushed");
    ARC_TRY(arc_ledger_check_plan(options->build, plan, err));
    if (plan->sign) {
        ARC_TRY(cosign_open(options->env, options->root, plan->sign, &cosign, err));
        ARC_TRY(arc_signing_json(plan->sign, &signer, err));
    }

    struct signing signing = {options, &cosign, NULL, images, attestations};
    for (size_t i = 0; plan->sign && i < plan->service_count; i++)
        if (plan->services[i].selected)
            ARC_TRY(sign_service(&signing, &plan->services[i], err));

    *out =
        json_pack("{s:s, s:i, s:s, s:s?, s:s, s:O?, s:O, s:O}", "document", "sign", "format",
                  ARC_DOCUMENT_FORMAT, "group", plan->group, "tag", plan->tag, "revision",
                  plan->revision, "sign", signer, "images", images, "attestations", attestations);
    return arc_error_unless(*out, err);
}
