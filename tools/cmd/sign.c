#include "arcci/sign.h"
#include "base/template.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/project_options.h"
#include "github/options.h"
#include "project/documents.h"
#include "project/needs.h"

ARC_TEXT(cmd_sign);

static int run_sign(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_needs) struct arc_needs found = {0};
    struct build_progress progress = {.quiet = inv->quiet};
    ARC_AUTO_HANDLE(arc_transport) struct arc_transport *github = NULL;

    struct arc_needs_files files = project_documents(inv);

    ARC_TRY(project_explain_plan(inv, arc_needs_read(&files, &found, err), err));
    ARC_TRY(arc_needs_check(&found, found.plan, "nothing is signed", err));
    if (!found.plan)
        return arc_error_set(err, ARC_EINPUT, "there is no plan: give --plan");

    if (!found.build)
        return arc_error_set(
            err, ARC_EINPUT,
            "there is no build.json: give --build or --needs; " ARC_OUTPUT_DROPPED);

    ARC_TRY(arc_needs_check_gate(&found, "nothing is signed", err));

    struct arc_github_settings settings = {.token_file = option_value(inv, "token-file")};
    if (found.plan->sign && found.plan->sign->attest)
        ARC_TRY(arc_github_open(inv->env, &settings, &github, err));
    else if (settings.token_file)
        return arc_error_set(err, ARC_EINPUT,
                             "--token-file is for `attest: github`, which the plan does not have");

    struct arc_sign_options options = {.env = inv->env,
                                       .root = arc_project_root(inv->project),
                                       .plan = found.plan,
                                       .build = found.build,
                                       .github = github,
                                       .listener = {build_progress_event, &progress}};
    int rc = arc_sign(&options, &report->document, err);
    build_progress_end(&progress);
    ARC_TRY(rc);
    return report_show(report, arc_embedded_cmd_sign, err);
}

const struct command cmd_sign = {
    .name = "sign",
    .summary = "sign the built images, by digest, before their tags move",
    .description =
        "For groups with `sign: cosign`. Signs every index of build.json, and the images, SBOM and "
        "provenance that it lists, in the registry and its mirrors, with the program cosign (3 or "
        "later): either without a key, with the job's OIDC token (`permissions: id-token: "
        "write`), or with the group's key or KMS. The bundles are stored in the registry with the "
        "images.\n\n"
        "It skips what already has the expected signature, and verifies each new one. After that, "
        "`build --promote` moves tags only to images with such a signature. With `attest: github` "
        "the provenance is also stored by GitHub's API (`permissions: attestations: write`).\n\n"
        "A key's password (COSIGN_PASSWORD), a key in the environment (env://NAME) and access to "
        "a token are passed only to cosign, and only for signing.",
    .options = OPTIONS(
        VALUE("build", "FILE", "build.json of the build, with the digests to sign."),
        VALUE("needs", "JSON",
              "toJSON(needs), or a file with it: build.json is taken from the outputs of "
              "the jobs. A failed job stops the signing."),
        VALUE_OR("plan", "FILE", "plan.json", "The plan, which names the signer; '-' for stdin."),
        VALUE("token-file", "FILE",
              "With `attest: github`: contains the token, instead of GITHUB_TOKEN or GH_TOKEN.")),
    .examples = EXAMPLES({"arc-ci sign --plan=plan.json --build=build.json",
                          "Sign, between the gate and the "
                          "promotion."}),
    .token = true,
    .run = run_sign,
};
