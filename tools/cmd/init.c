#include "arcci/init.h"
#include "base/json.h"
#include "base/template.h"
#include "base/text.h"
#include "cli/command.h"

ARC_TEXT(cmd_init);

/* Shows a new file as a unified diff that `git apply` accepts. */
static void add_diff(const char *path, const char *text, struct arc_buf *out)
{
    size_t lines = 0;

    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    arc_buf_printf(out, "--- /dev/null\n+++ b/%s\n@@ -0,0 +1,%zu @@\n", path, lines);

    arc_each_piece (line, text, "\n") {
        arc_buf_putc(out, '+');
        arc_text_visible(out, line.text, line.len);
        arc_buf_putc(out, '\n');
    }
}

static int run_init(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    const struct arc_init_options options = {.source = option_value(inv, "source"),
                                             .write = option_flag(inv, "write")};
    ARC_TRY(arc_init(inv->project, &options, &report->document, err));
    arc_json_each (file, options.write ? NULL : json_object_get(report->document, "files"))
        add_diff(arc_json_text_of(file, "path"), arc_json_text_of(file, "text"), &report->human);
    return report_show(report, arc_embedded_cmd_init, err);
}

const struct command cmd_init = {
    .name = "init",
    .summary = "propose a configuration and workflows for a repository",
    .description =
        "Reads the files that git tracks, without running any, and the repository's tags. It "
        "understands Dockerfiles, bake and compose files, GoReleaser's images, versions in files, "
        "'docker build' and 'bake' in workflows, Makefiles and shell scripts, and workflows that "
        "use build-push-action (or another action or workflow with the inputs context and image), "
        "metadata-action, bake-action, paths-filter, changed-files, trivy-action, attest or a "
        "release action, or that sign with cosign. If none of these says what is published, it "
        "asks about other descriptions of builds, such as Skaffold's or GitLab's.\n\n"
        "Proposes .github/arc-ci.yaml and two workflows that call arc-ci's, as a diff for 'git "
        "apply', and lists what it found and the questions that you must answer; the questions "
        "are in the file, too. Existing workflows are not changed: delete the jobs that the new "
        "ones replace.\n\n"
        "Exit status 2 if one of the files already exists, 3 if there is no image to release.",
    .options =
        OPTIONS(FLAG("write", "Write all files or none. Existing files are not overwritten."),
                VALUE("source", "OWNER/REPOSITORY@COMMIT",
                      "The repository and commit of arc-ci whose workflows to call.")),
    .examples =
        EXAMPLES({"arc-ci init", "Show what would be written, as a diff, and the open questions."},
                 {"arc-ci init | git apply", "Apply the proposal to the work tree."}),
    .run = run_init,
};
