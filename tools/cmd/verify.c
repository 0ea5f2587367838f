#include "arcci/steer.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/markdown.h"
#include "cli/command.h"
#include "cli/project_options.h"
#include <string.h>

static void show_command(const json_t *words, struct arc_buf *out)
{
    size_t i;
    json_t *word;

    arc_buf_puts(out, "  ");

    json_array_foreach (words, i, word) {
        const char *text = json_string_value(word);
        arc_buf_puts(out, i ? " " : "");
        arc_markdown_shell(out, text, strlen(text));
    }

    arc_buf_putc(out, '\n');
}

static void show_release(const json_t *document, struct arc_buf *out)
{
    arc_json_each (row, json_object_get(document, "services")) {
        const char *problem = arc_json_text_of(row, "problem");
        const char *fine = json_is_true(json_object_get(row, "signed"))
                               ? "as built, signed"
                               : "as built; the group signs nothing";
        arc_buf_printf(out, "%s  %s:%s%s%s\n  %s\n", arc_json_text_of(row, "service"),
                       arc_json_text_of(row, "image"), arc_json_text_of(row, "tag"),
                       *arc_json_text_of(row, "digest") ? "@" : "", arc_json_text_of(row, "digest"),
                       *problem ? problem : fine);
        arc_json_each (words, json_object_get(row, "commands"))
            show_command(words, out);
    }
}

static int run_verify(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_project) struct arc_project project = {.env = inv->env};
    bool whole = false;

    project.wanted = (struct arc_project_options){.tag = inv->arg_count ? inv->args[0] : NULL,
                                                  .group = option_value(inv, "group"),
                                                  .config = option_value(inv, "config")};
    ARC_TRY(arc_verify_release(&project, option_value(inv, "sign-identity"), &report->document,
                               &whole, err));
    show_release(report->document, &report->human);
    report->failed = whole ? ARC_OK : ARC_EFAILED;

    return ARC_OK;
}

static const struct option options[] = {
    CONFIG_OPTION,
    VALUE("group", "GROUP", "The release group, where several have such tags."),
    SIGN_IDENTITY_OPTION,
    {0},
};

static const struct example examples[] = {
    {"arc-ci verify messaging/v1.2.3", "Whether its images are what was built and signed."},
    {0},
};

const struct command cmd_verify = {
    .name = "verify",
    .summary = "check a release's images: their labels, platforms and signatures",
    .argument = "TAG",
    .arguments_max = 1,
    .description =
        "Reads every image of the release back by its version's tag and compares it with the "
        "commit: exactly the planned platforms, labels of that commit, every attestation about an "
        "image of the index. Where the group has `sign`, each index, its SBOM and its provenance "
        "must be signed by the expected identity or key, in every registry.\n\n"
        "Prints for each image the command by which anybody can check the signature with cosign, "
        "and with `attest: github` the one with `gh attestation`. Status 1 when something is not "
        "as it should be.",
    .options = options,
    .examples = examples,
    .run = run_verify,
};
