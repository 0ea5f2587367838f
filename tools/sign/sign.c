#include "arcci/sign.h"
#include "base/auto.h"
#include "base/json.h"
#include "sign/attest.h"

/* One digest in one image. */
struct target {
    const char *image;
    const char *digest;
    const char *kind; /* "index", "attestation" */
};

/* Calls `each` for what is signed of a service, in all of its images. */
static int each_target(const struct arc_built_service *built, char *const *images,
                       int (*each)(void *context, const struct target *target,
                                   struct arc_error *err),
                       void *context, struct arc_error *err)
{
    for (; *images; images++) {
        struct target target = {*images, built->digest, "index"};
        ARC_TRY(each(context, &target, err));
        arc_each (cell, built->cells, built->cell_count)
            for (char **one = cell->attestations; one && *one; one++) {
                target = (struct target){*images, *one, "attestation"};
                ARC_TRY(each(context, &target, err));
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
    int rc = each_target(check->built, images, verify_target, &cosign, err);
    if (rc == ARC_EFAILED)
        return arc_error_prefix(err, "%s is not signed as it should be", check->built->service);

    return rc;
}

/* A service under way. */
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

static int sign_target(void *context, const struct target *target, struct arc_error *err)
{
    struct signing *signing = context;
    int rc = cosign_verify(signing->cosign, target->image, target->digest, err);
    bool there = rc == ARC_OK;

    ARC_TRY(arc_error_except(ARC_EFAILED, rc, err));

    if (!there) {
        ARC_TRY(cosign_sign(signing->cosign, target->image, target->digest, err));
        ARC_TRY(cosign_verify(signing->cosign, target->image, target->digest, err));
    }

    const char *action = there ? "unchanged" : "signed";
    tell(signing, action, target->digest);
    json_t *item =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "service", signing->built->service, "image",
                  target->image, "digest", target->digest, "kind", target->kind, "action", action);
    return arc_json_append(signing->images, item, err);
}

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
    ARC_TRY(each_target(built, images, sign_target, signing, err));
    if (!options->plan->sign->attest)
        return ARC_OK;

    struct attestation attestation = {.env = options->env,
                                      .cosign = signing->cosign,
                                      .github = options->github,
                                      .plan = options->plan,
                                      .image = service->image,
                                      .digest = built->digest};
    ARC_TRY(attest_github(&attestation, &action, err));
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
