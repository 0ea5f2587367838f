#include "arcci/doctor.h"
#include "base/auto.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/project_options.h"

#define COLUMN 25 /* where the findings start */

static const char *colour(const char *status)
{
    if (*status == 'o')
        return "\x1b[32m";
    return *status == 'm' ? "\x1b[31m" : "\x1b[33m";
}

/* Wraps text for a person; a program gets unbroken lines. */
static void add_words(struct arc_buf *out, const char *text, size_t column, bool terminal)
{
    if (terminal)
        help_wrap(out, text, column, column);
    else
        arc_buf_puts(out, text);
    arc_buf_putc(out, '\n');
}

static void add_row(const struct invocation *inv, const json_t *check, struct arc_buf *out)
{
    const char *status = arc_json_text_of(check, "status"),
               *advice = arc_json_text_of(check, "advice");
    bool needed = arc_json_true_of(check, "needed");
    ARC_AUTO(arc_buf) struct arc_buf found = {0};

    arc_buf_printf(&found, "%s%s", arc_json_text_of(check, "found"),
                   strcmp(status, "missing") == 0 && !needed ? " (not needed here)" : "");
    const char *off = inv->colour ? "\x1b[0m" : "";
    arc_buf_printf(out, "%-15s %s%-8s%s ", arc_json_text_of(check, "name"),
                   inv->colour ? colour(status) : "", status, off);
    add_words(out, arc_buf_text(&found), COLUMN, inv->terminal);

    if (*advice) {
        arc_buf_printf(out, "%*s→ ", COLUMN, "");
        add_words(out, advice, COLUMN + 2, inv->terminal);
    }
}

static int run_doctor(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    struct arc_doctor_options options = {
        .purpose = option_value(inv, "for"),
        .offline = option_flag(inv, "offline"),
        .push = option_flag(inv, "push"),
    };

    ARC_TRY(arc_doctor(inv->project, &options, &report->document, err));
    arc_json_each (check, json_object_get(report->document, "checks"))
        add_row(inv, check, &report->human);
    bool ok = arc_json_true_of(report->document, "ok");
    arc_buf_printf(&report->human, "\n%s: %s\n", options.purpose,
                   ok ? "nothing that it needs is missing" : "something that it needs is missing");
    report->failed = ok ? ARC_OK : ARC_EWORLD;

    report_flag(report, "ok", ok);

    return ARC_OK;
}

const struct command cmd_doctor = {
    .name = "doctor",
    .summary = "check what works on this machine, and say how to fix what does not",
    .description =
        "Checks the repository, git, the release groups, Docker with buildx, compose "
        "and the platforms that its builder can build, trivy, cosign, libcurl, a token, "
        "the registries, the ports and volumes of the services and the platform's network. "
        "Each is ok, a warning, missing or skipped, with advice if there is something "
        "to do. Exit status 3 if something that --for needs is missing.\n\n"
        "It changes nothing. It only checks that a token exists, and neither sends nor "
        "shows it. With --push the registries get docker's login, as for a push.",
    .options =
        OPTIONS(CHOICE("for", "PURPOSE", "plan|build|scan|release|services|all", "plan",
                       "The machine's purpose: plan (also version, changes, notes, dry-run), "
                       "build images, scan them, publish a release, or run the services."),
                FLAG("offline", "Skip what needs the network (registries)."),
                FLAG("push",
                     "Also ask every image's registry whether docker's login may push "
                     "there: this opens and cancels an upload, and stores nothing.",
                     .without = "offline"),
                CONFIG_ELSEWHERE_OPTION(NULL)),
    .outputs = OUTPUTS({"ok", "true if nothing that the purpose needs is missing."}),
    .examples = EXAMPLES({"arc-ci doctor --offline", "Check without the network."}),
    .run = run_doctor,
};
