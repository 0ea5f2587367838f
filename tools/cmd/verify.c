#include "arcci/steer.h"
#include "base/auto.h"
#include "base/template.h"
#include "cli/command.h"
#include "cli/project_options.h"

ARC_TEXT(cmd_verify);

static int run_verify(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error other = {0};
    bool whole = false;

    ARC_TRY(arc_verify_release(inv->project, option_value(inv, "sign-identity"), &report->document,
                               &whole, err));
    report->failed = whole ? ARC_OK : ARC_EFAILED;

    /* What is expected comes from what is checked out, which may be configured otherwise. */
    int rc = arc_project_check_tag(inv->project, true, &other);
    ARC_TRY(arc_error_memory(rc, err));
    if (rc == ARC_EINPUT)
        report_warn(report, "%s", arc_error_text(&other));

    const char *unknown = inv->project->repository.published_unknown;
    if (unknown)
        report_warn(report, "the digests are not compared with the release's build.json: %s",
                    unknown);

    return report_show(report, arc_embedded_cmd_verify, err);
}

const struct command cmd_verify = {
    .name = "verify",
    .summary = "check a release's images: their labels, platforms and signatures",
    .argument = "TAG",
    .description =
        "Reads every image of the release by its version's tag, from every registry, and compares "
        "it with the commit: exactly the planned platforms, the commit's labels, every "
        "attestation about an image of the index. With GITHUB_REPOSITORY and a token, its digest "
        "must be that of the release's build.json. Services, platforms and signer are those of "
        "the work tree, so check out the tag; it warns if another commit is checked out. If the "
        "group has `sign`, each index, its SBOM and its provenance must be signed by the expected "
        "identity or key, in every registry.\n\n"
        "Prints for each image the command with which anybody can verify the signature with "
        "cosign, and with `attest: github` the one for `gh attestation`. Exit status 1 if "
        "anything is wrong.",
    .options = OPTIONS(
        CONFIG_OPTION, VALUE("group", "GROUP", "The release group, where several have such tags."),
        SIGN_IDENTITY_OPTION("; outside of one, any workflow of this repository that "
                             "ran for the release's tag")),
    .examples = EXAMPLES(
        {"arc-ci verify messaging/v1.2.3", "Check that its images are what was built and signed."}),
    .run = run_verify,
};
