#include "arcci/build.h"
#include "base/json.h"
#include "base/template.h"
#include "base/text.h"
#include "build/context.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/project_options.h"
#include "os/folder.h"
#include "project/documents.h"
#include "project/needs.h"
#include <errno.h>
#include <signal.h>
#include <unistd.h>

ARC_TEXT(cmd_build);
ARC_TEXT(cmd_build_summary);

/* ---- signals ------------------------------------------------------------------------------- */

/* A signal handler can only use globals; this one writes to a pipe. */
static int interrupt_pipe[2] = {-1, -1};

static void on_signal(int number)
{
    int saved = errno;
    char byte = (char)number;
    ssize_t ignored = write(interrupt_pipe[1], &byte, 1);
    (void)ignored;
    errno = saved;
}

static int catch_signals(struct arc_error *err)
{
    struct sigaction action = {.sa_handler = on_signal};
    if (pipe(interrupt_pipe) != 0)
        return arc_error_set(err, ARC_EWORLD, "cannot make a pipe: %s", strerror(errno));
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    return ARC_OK;
}

/* ---- outputs ------------------------------------------------------------------------------- */

/* The image's tag in the engine's store. */
static const char *loaded_tag(const struct arc_build_options *options,
                              const struct arc_built_service *built)
{
    const struct arc_plan *plan = options->plan;
    const struct arc_cell *cell =
        options->cell ? arc_plan_cell(plan, built->service, built->cells[0].platform) : NULL;
    return cell ? cell->staging : arc_plan_service(plan, built->service)->staging;
}

/* Adds a service's outputs, their names behind "CODENAME-" or, of the only service, nothing. */
static void add_service(struct report *report, const struct arc_build_options *options,
                        const char *prefix, const struct arc_built_service *built)
{
    struct arc_arena *memory = &report->memory;
    int64_t bytes = 0;
    double seconds = 0;

    arc_each (cell, built->cells, built->cell_count) {
        if (cell->size > 0)
            bytes += cell->size;
        if (cell->duration > seconds)
            seconds = cell->duration;
    }

    bool pushed = options->plan->push && !options->load;
    const char *digest = pushed ? arc_or(built->digest, "") : "";
    const char *ref = built->image;
    if (options->load)
        ref = arc_arena_printf(memory, "%s:%s", ref, loaded_tag(options, built));
    else if (*digest)
        ref = arc_arena_printf(memory, "%s@%s", ref, digest);

    const char *const outputs[][2] = {
        {"image-ref", ref},
        {"image-digest", digest},
        {"image-size", arc_arena_printf(memory, "%lld", (long long)bytes)},
        {"build-duration", arc_arena_printf(memory, "%.1f", seconds)}};
    arc_each_in (output, outputs)
        report_output(report, arc_arena_printf(memory, "%s%s", prefix, (*output)[0]), (*output)[1]);
}

static int add_outputs(struct report *report, const struct arc_build_options *options,
                       const struct arc_ledger *ledger, struct arc_error *err)
{
    ARC_AUTO_FREE char *text = NULL;
    ARC_TRY(arc_document_pack(report->document, &text, err));
    report_output(report, "build", text);
    if (ledger->service_count == 1)
        add_service(report, options, "", &ledger->services[0]);

    arc_each (service, ledger->services, ledger->service_count)
        add_service(report, options, arc_arena_printf(&report->memory, "%s-", service->service),
                    service);

    return ARC_OK;
}

/* ---- what a person sees -------------------------------------------------------------------- */

/* A word for Mermaid, which has no escaping. */
static void add_word(struct arc_buf *out, const char *text)
{
    for (; *text; text++)
        arc_buf_putc(out, strchr(ARC_ALNUM "-_/.", *text) ? *text : '_');
}

/* Draws when each cell of this run was built (mermaid.js.org, "Gantt diagrams"). */
static void draw_times(const struct arc_ledger *ledger, struct arc_buf *out)
{
    ARC_AUTO(arc_buf) struct arc_buf rows = {.max = (size_t)1 << 20};

    arc_each (built, ledger->services, ledger->service_count) {
        arc_buf_puts(&rows, "    section ");
        add_word(&rows, built->service);
        arc_buf_putc(&rows, '\n');
        arc_each (cell, built->cells, built->cell_count) {
            if (cell->started <= 0)
                continue;
            arc_buf_puts(&rows, "    ");
            add_word(&rows, cell->platform);
            arc_buf_printf(&rows, " :%.0f, %.0f\n", cell->started * 1000,
                           (cell->started + cell->duration) * 1000);
        }
    }

    if (!rows.failed && strstr(arc_buf_text(&rows), " :"))
        arc_buf_printf(out,
                       "\n```mermaid\ngantt\n    dateFormat x\n    axisFormat %%M:%%S\n%s```\n",
                       arc_buf_text(&rows));
}

static int show_images(struct report *report, const struct arc_build_options *options,
                       const struct arc_ledger *ledger, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *values = json_deep_copy(report->document);
    const json_t *services = json_object_get(values, "services");

    ARC_TRY_ALLOC(values, err);
    for (size_t i = 0; options->load && i < ledger->service_count; i++) {
        const struct arc_built_service *built = &ledger->services[i];
        json_t *name = json_sprintf("%s:%s", built->image, loaded_tag(options, built));
        ARC_TRY(arc_json_set(json_array_get(services, i), "loaded", name, err));
    }

    ARC_TRY(report_show_values(report, arc_embedded_cmd_build, values, err));
    ARC_TRY(report_fill(arc_embedded_cmd_build_summary, values, &report->summary, err));
    draw_times(ledger, &report->summary);

    return ARC_OK;
}

/* ---- the command --------------------------------------------------------------------------- */

static int describe(struct arc_project *project, const struct arc_build_options *options,
                    struct arc_buf *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *argv = NULL, *definition = NULL;

    ARC_TRY(arc_build_describe(project, options, &argv, &definition, err));
    arc_json_each (word, argv)
        arc_buf_printf(out, word_at ? " %s" : "%s", json_string_value(word));
    ARC_AUTO_FREE char *text = arc_json_dumps(definition, JSON_INDENT(2));
    ARC_TRY_ALLOC(text, err);
    arc_buf_printf(out, " <<'END'\n%s\nEND\n", text);

    return ARC_OK;
}

static int promote(const struct invocation *inv, const struct arc_build_options *options,
                   struct arc_ledger *out, struct arc_error *err)
{
    ARC_AUTO(arc_needs) struct arc_needs found = {0};
    struct arc_needs_files files = {.build = option_value(inv, "build"),
                                    .needs = option_value(inv, "needs")};

    ARC_TRY(arc_needs_read(&files, &found, err));
    ARC_TRY(arc_needs_check(&found, options->plan, "no tag moves", err));
    ARC_TRY(arc_needs_check_gate(&found, "no tag moves", err));

    if (files.needs && !found.build)
        return arc_error_set(
            err, ARC_EINPUT,
            "--needs: no job has build.json among its outputs; " ARC_OUTPUT_DROPPED);

    struct arc_promote_options wanted = {.project = inv->project,
                                         .env = options->env,
                                         .root = arc_project_root(inv->project),
                                         .plan = options->plan,
                                         .build = found.build,
                                         .allow_dirty = option_flag(inv, "allow-dirty"),
                                         .force = option_flag(inv, "force"),
                                         .listener = options->listener};
    return arc_promote(&wanted, out, err);
}

/* Builds, joins or promotes, with progress on stderr. A signal stops a build, but not a promotion:
 * that takes a moment, and stopping it would leave some tags unmoved. */
static int work(const struct invocation *inv, struct arc_build_options *options,
                struct arc_ledger *out, struct arc_error *err)
{
    struct build_progress progress = {
        .logs = option_value(inv, "logs"),
        .live = terminal_redraws(inv->env, STDERR_FILENO),
        .quiet = inv->quiet,
        .colour = terminal_colour(inv->env, option_value(inv, "color"), STDERR_FILENO),
        .group = arc_env_nonempty(inv->env, "GITHUB_ACTIONS") != NULL};
    if (progress.logs)
        ARC_TRY(arc_folder_make(progress.logs, err));
    options->listener = (struct arc_build_listener){build_progress_event, &progress};
    int rc = catch_signals(err);
    options->interrupted_fd = interrupt_pipe[0];

    if (!rc && option_flag(inv, "promote"))
        rc = promote(inv, options, out, err);
    else if (!rc && option_flag(inv, "merge"))
        rc = arc_merge(options, out, err);
    else if (!rc)
        rc = arc_build(inv->project, options, out, err);

    build_progress_end(&progress);
    options->listener = (struct arc_build_listener){0};
    if (!rc && progress.failed)
        rc = arc_error_set(err, ARC_EWORLD, "cannot write the logs to %s", progress.logs);
    return rc;
}

static int check_cache(const struct invocation *inv, struct arc_error *err)
{
    const char *cache = option_value(inv, "cache");
    return strcmp(cache, "none") == 0 ? ARC_OK : arc_bake_check_cache(cache, err);
}

static int read_plan(const char *where, struct arc_plan *out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *json = NULL;
    ARC_TRY(arc_document_of_stage("plan", where, &json, err));
    return arc_plan_read(json, out, err);
}

/* Notes for each service which of its built files are not in the commit; borrowed. */
static void list_generated(const struct arc_plan *plan, const struct arc_context *context,
                           const struct arc_ledger *ledger)
{
    static char *none[] = {NULL};

    arc_each (built, ledger->services, ledger->service_count)
        built->generated = arc_or(built->generated, none);

    for (size_t i = 0; context->generated && i < plan->service_count; i++) {
        struct arc_built_service *built = arc_ledger_service(ledger, plan->services[i].service);
        if (built && context->generated[i])
            built->generated = context->generated[i];
    }
}

static int run_build(const struct invocation *inv, struct report *report, struct arc_error *err)
{
    ARC_AUTO(arc_plan) struct arc_plan plan = {0};
    ARC_AUTO(arc_ledger) struct arc_ledger ledger = {0};
    const char *cache = option_value(inv, "cache");

    ARC_TRY(check_cache(inv, err));
    ARC_TRY(project_explain_plan(inv, read_plan(option_value(inv, "plan"), &plan, err), err));

    struct arc_build_options options = {.env = inv->env,
                                        .plan = &plan,
                                        .cell = option_value(inv, "cell"),
                                        .cache = strcmp(cache, "none") == 0 ? NULL : cache,
                                        .builder = option_value(inv, "builder"),
                                        .load = option_flag(inv, "load"),
                                        .sbom = option_flag(inv, "sbom"),
                                        .rebuild = option_flag(inv, "rebuild"),
                                        .interrupted_fd = -1};
    bool train = arc_plan_is_train(&plan);
    if (train && (options.load || options.cell || options.sbom || options.rebuild))
        return arc_error_set(err, ARC_EINPUT,
                             "--load, --cell, --sbom and --rebuild are for a build, and %s takes "
                             "what is released",
                             plan.group);

    if (option_flag(inv, "dry-run") && train) {
        arc_buf_printf(&report->human, "nothing is built: %s takes what is released\n", plan.group);
        return ARC_OK;
    }

    bool builds = !option_flag(inv, "merge") && !option_flag(inv, "promote") && !train;
    bool allowed = option_flag(inv, "allow-dirty");
    ARC_AUTO(arc_context) struct arc_context context = {.dirty = allowed && !builds};
    if (builds)
        ARC_TRY(arc_context_read(inv->project, &plan, allowed, &context, err));
    if (context.dirty)
        ARC_TRY(arc_plan_mark_dirty(&plan, err));
    if (option_flag(inv, "dry-run"))
        return describe(inv->project, &options, &report->human, err);

    ARC_TRY(work(inv, &options, &ledger, err));
    ledger.dirty = context.dirty;
    list_generated(&plan, &context, &ledger);
    ARC_TRY(arc_ledger_write(&ledger, &report->document, err));
    ARC_TRY(add_outputs(report, &options, &ledger, err));

    return show_images(report, &options, &ledger, err);
}

const struct command cmd_build = {
    .name = "build",
    .summary = "build the plan's images with BuildKit, push them, read them back",
    .description =
        "Runs one `docker buildx bake` for all services and platforms of the plan. If the plan "
        "has `push`, the result is one index per service under its staging tag. arc-ci reads it "
        "back from the registry and compares it with the plan: exactly its platforms, built from "
        "this commit, with the planned labels, and every attestation about an image of the index. "
        "No public tag moves.\n\n"
        "A service whose index already exists, built from the same inputs, is verified instead of "
        "built again, so a killed run can be finished by running it again. Network and registry "
        "errors are retried; a failing Dockerfile is not, and is shown with its file and line.\n\n"
        "On several machines, every job of a matrix builds its cell with --cell, and a later job "
        "joins them with --merge. After the gate, --promote moves the version's tags, sha-… and, "
        "for the highest stable version, latest, each in one request to the same bytes. If one "
        "cannot be moved, those before it are restored. Right before moving the first one, it "
        "asks the remote again and stops if the release's tag was moved or deleted meanwhile, or "
        "if the remote does not answer. It does not rewrite a version's tag that points elsewhere "
        "without --force.",
    .options = OPTIONS(
        FLAG("allow-dirty",
             "Build a ci plan from a work tree that differs from its commit, marked as dirty in "
             "labels and tags; with --merge and --promote, accept such builds. Never for a "
             "release."),
        VALUE("build", "FILE",
              "build.json of the build; without it, the staging tags identify the build.",
              .with = "promote"),
        VALUE("needs", "JSON",
              "toJSON(needs), or a file with it: build.json is taken from the outputs of the jobs.",
              .with = "promote"),
        VALUE("builder", "NAME", "The buildx builder, instead of the current one.",
              .without = "merge|promote"),
        VALUE_OR("cache", "KIND", "none",
                 "Where to cache layers between machines: none; `registry`, in the image's "
                 "repository, under the tag buildcache; local,dir=FOLDER; gha (GitHub Actions); "
                 "s3,region=REGION,bucket=BUCKET. Options of buildx may follow the last two.",
                 .without = "merge|promote"),
        VALUE("cell", "SERVICE/PLATFORM[,…]",
              "Build only these cells of one platform, such as flash/linux/arm64, each under its "
              "own staging tag. They are the `cells` in the matrix of `arc-ci plan`.",
              .without = "merge|promote"),
        FLAG("dry-run",
             "Print the build that would run, and run nothing; what --merge and --promote would do "
             "is in the plan.",
             .without = "merge|promote"),
        FLAG("force",
             "Rewrite a version's tag that points elsewhere, and move a floating tag back from a "
             "higher version or a later commit of the branch.",
             .with = "promote"),
        FLAG("load",
             "Load the images into the local engine, for its platform and under their "
             "staging tags, to try them there; nothing is pushed.",
             .without = "merge|promote"),
        VALUE("logs", "FOLDER", "Write a full log file per cell into this folder.",
              .without = "dry-run"),
        FLAG("merge",
             "Join the cells that other jobs built with --cell into one index per service.",
             .without = "promote"),
        VALUE_OR(
            "plan", "FILE", "plan.json",
            "The plan, as printed by 'arc-ci plan --json'; '-' for stdin, or the text itself."),
        FLAG("promote", "Move the plan's tags to the built images, all or none: the last step."),
        FLAG("rebuild", "Also build what is already in the registry from the same inputs.",
             .without = "merge|promote"),
        FLAG("sbom", "Attach an SBOM to every image, in addition to the provenance.",
             .without = "load|merge|promote")),
    .outputs = OUTPUTS(
        {"build",
         "build.json on one line, for later jobs; compressed (gzip, base64) if it is long."},
        {"image-ref",
         "IMAGE@DIGEST, with --load IMAGE:TAG. This and the next three are set if one service was "
         "built."},
        {"image-digest", "The index's digest; empty if it was not pushed."},
        {"image-size", "Compressed bytes of all platforms together; 0 if it was not pushed."},
        {"build-duration", "Seconds of the slowest platform."},
        {"<service>-image-ref", "The same four for every service, prefixed with its codename."}),
    .examples = EXAMPLES({"arc-ci plan --json messaging/v0.1.0 | arc-ci build --plan - --dry-run",
                          "Show what a release would run."}),
    .token = true,
    .run = run_build,
};
