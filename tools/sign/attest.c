#include "sign/attest.h"
#include "base/json.h"
#include "base/text.h"
#include "os/base64.h"
#include "os/file.h"
#include "os/folder.h"

#define PREDICATE  "https://slsa.dev/provenance/v1"
#define BUNDLE_MAX ((size_t)4 << 20)
#define PAGES_MAX  10 /* of 100 stored attestations */

/* A variable of the run, which GitHub sets. */
static const char *of_run(const struct attestation *attestation, const char *name)
{
    const char *value = arc_env_nonempty(attestation->env, name);
    return arc_or(value, "");
}

/* SLSA provenance 1.0 of the build type of GitHub's workflows
 * (actions.github.io/buildtypes/workflow/v1). */
static json_t *make_predicate(const struct attestation *attestation)
{
    const char *server = of_run(attestation, "GITHUB_SERVER_URL");
    const char *repository = of_run(attestation, "GITHUB_REPOSITORY");
    const char *ref = of_run(attestation, "GITHUB_REF");
    const char *path = of_run(attestation, "GITHUB_WORKFLOW_REF");
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
                "event_name", of_run(attestation, "GITHUB_EVENT_NAME"),
                "repository_id", of_run(attestation, "GITHUB_REPOSITORY_ID"),
                "repository_owner_id", of_run(attestation, "GITHUB_REPOSITORY_OWNER_ID"),
                "runner_environment", of_run(attestation, "RUNNER_ENVIRONMENT"),
            "resolvedDependencies",
                "uri", json_sprintf("git+%s/%s@%s", server, repository, ref),
                "digest", "gitCommit", attestation->plan->revision,
        "runDetails",
            "builder", "id", attestation->plan->sign->identity,
            "metadata", "invocationId",
                json_sprintf("%s/%s/actions/runs/%s/attempts/%s", server, repository,
                             of_run(attestation, "GITHUB_RUN_ID"),
                             of_run(attestation, "GITHUB_RUN_ATTEMPT")));
    /* clang-format on */
}

/* What is looked for, and where cosign is given what is found. */
struct search {
    const struct attestation *attestation;
    const char *folder;
    bool found;
};

/* Whether a stored attestation is ours: what its words say is signed by whom they name. That ends
 * the search. */
static int check_stored(void *context, json_t *stored, struct arc_error *err)
{
    struct search *search = context;
    const struct attestation *attestation = search->attestation;
    const json_t *bundle = json_object_get(stored, "bundle");
    const char *payload = arc_json_text_of(json_object_get(bundle, "dsseEnvelope"), "payload");
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = BUNDLE_MAX};

    if (arc_base64_decode(payload, &text, NULL))
        return ARC_OK;
    ARC_AUTO_JSON json_t *statement = json_loadb(arc_buf_text(&text), text.len, 0, NULL);
    const json_t *details = json_object_get(json_object_get(statement, "predicate"), "runDetails");
    const char *builder = arc_json_text_of(json_object_get(details, "builder"), "id");
    if (strcmp(arc_json_text_of(statement, "predicateType"), PREDICATE) != 0 ||
        strcmp(builder, attestation->plan->sign->identity) != 0)
        return ARC_OK;

    ARC_AUTO_FREE char *file = arc_file_join(search->folder, "stored.json");
    if (!file || json_dump_file(bundle, file, JSON_COMPACT))
        return arc_error_set(err, ARC_EWORLD, "cannot write the stored bundle to %s",
                             search->folder);
    int rc = cosign_verify_bundle(attestation->cosign, attestation->digest, PREDICATE, file, err);
    search->found = !rc;
    return rc ? arc_error_except(ARC_EFAILED, rc, err) : 1;
}

/* Looks, then attests. Others may have stored any number of attestations: what is not met within
 * the limit is stored once more. */
static int attest_in(const struct attestation *attestation, const char *folder, const char **action,
                     struct arc_error *err)
{
    const char *repository = of_run(attestation, "GITHUB_REPOSITORY");
    struct search search = {attestation, folder, false};
    int rc =
        arc_transport_each(attestation->github, "attestations", "look for the image's attestation",
                           PAGES_MAX, check_stored, &search, err,
                           "/repos/%s/attestations/%s?per_page=100&predicate_type=provenance",
                           repository, attestation->digest);

    ARC_TRY(arc_error_except(ARC_ENOTFOUND, arc_error_except(ARC_ELIMIT, rc, err), err));
    if (search.found)
        return ARC_OK;

    ARC_AUTO_FREE char *predicate = arc_file_join(folder, "predicate.json");
    ARC_AUTO_FREE char *bundle = arc_file_join(folder, "bundle.json");
    ARC_AUTO_JSON json_t *document = make_predicate(attestation);
    if (!predicate || !bundle || !document || json_dump_file(document, predicate, JSON_COMPACT))
        return arc_error_set(err, ARC_EWORLD, "cannot write the provenance to %s", folder);
    ARC_TRY(cosign_attest(attestation->cosign, attestation->image, attestation->digest, PREDICATE,
                          predicate, bundle, err));
    *action = "attested";

    ARC_AUTO(arc_buf) struct arc_buf text = {.max = BUNDLE_MAX};
    ARC_AUTO(arc_reply) struct arc_reply reply = {0};
    ARC_TRY(arc_file_read(bundle, "cosign's bundle", BUNDLE_MAX, &text, err));
    ARC_AUTO_JSON json_t *made = json_loadb(arc_buf_text(&text), text.len, 0, NULL);
    if (!json_is_object(json_object_get(made, "dsseEnvelope")))
        return arc_error_set(err, ARC_EFAILED,
                             "cosign wrote no Sigstore bundle: version 3 or later is needed");

    ARC_AUTO_JSON json_t *body = json_pack("{s:O}", "bundle", made);
    return arc_transport_send(attestation->github, ARC_POST(body, "store the image's attestation"),
                              &reply, err, "/repos/%s/attestations", repository);
}

int attest_github(const struct attestation *attestation, const char **action, struct arc_error *err)
{
    ARC_AUTO_FREE char *folder = NULL;
    *action = "unchanged";

    if (!*of_run(attestation, "GITHUB_REPOSITORY") || !*of_run(attestation, "GITHUB_RUN_ID"))
        return arc_error_set(err, ARC_EINPUT,
                             "'attest: github' states which workflow built the images: run it in "
                             "one, or take the key out of the configuration");

    ARC_TRY(arc_folder_temporary(attestation->env, &folder, err));
    int rc = attest_in(attestation, folder, action, err);
    arc_folder_remove(folder);

    return rc;
}
