#include "scan/run.h"
#include "base/auto.h"
#include "os/file.h"
#include "os/process.h"
#include "scan/trivy.h"
#include <stdlib.h>
#include <string.h>

/* A report of an earlier run must not be taken for one of this run. */
static int run_one(struct scan_judged *judged, const struct arc_env *env, const json_t *command,
                   struct arc_error *err)
{
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    struct findings *findings = &judged->findings;
    const char *report = json_string_value(json_object_get(command, "report"));
    const json_t *service = json_object_get(command, "service");
    const json_t *platform = json_object_get(command, "platform");
    int rc = findings_add_target(findings, json_string_value(service), json_string_value(platform),
                                 report, err);
    if (rc)
        return rc;
    rc = arc_trivy_run(env, json_object_get(command, "argv"), judged->options->run->timeout, NULL,
                       &problem);
    if (!rc)
        rc = scan_report_file(findings, report, &problem);
    if (!rc)
        return ARC_OK;
    arc_error_prefix(&problem, "%s", json_string_value(json_object_get(command, "target")));
    return findings_target_error(findings, &problem, err);
}

/* `trivy version`, by the same program or image as the scans. */
static int ask_version(struct scan_judged *judged, const struct arc_env *env, struct arc_error *err)
{
    const char *image = judged->options->run->docker_image;
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    ARC_AUTO_JSON json_t *argv =
        image ? json_pack("[s, s, s, s, s, s, s, s, s, s, s]", "docker", "run", "--rm", "--env",
                          "TRIVY_CACHE_DIR=/cache", "--volume", "arc-ci-trivy:/cache", image,
                          "version", "--format", "json")
              : json_pack("[s, s, s, s]", "trivy", "version", "--format", "json");
    if (!argv)
        return arc_error_nomem(err);
    int rc = arc_trivy_run(env, argv, 60, &text, &problem);
    if (!rc)
        rc = scan_scanner_parse(arc_buf_text(&text), text.len, "trivy version", &judged->scanner,
                                &problem);
    if (rc == ARC_ENOMEM)
        return arc_error_nomem(err);
    return rc ? scan_warn(judged, err, "the scanner does not tell its version: %s",
                          arc_error_text(&problem))
              : ARC_OK;
}

static int run_all(struct scan_judged *judged, const struct arc_env *env, const json_t *commands,
                   struct arc_error *err)
{
    size_t i;
    json_t *command;
    int rc = ARC_OK;
    arc_trivy_remove(commands, NULL);
    json_array_foreach (commands, i, command) {
        if (!rc)
            rc = run_one(judged, env, command, err);
    }
    bool answered = false;
    for (i = 0; i < judged->findings.target_count; i++)
        answered = answered || !judged->findings.targets[i].error;
    if (!rc && answered && !judged->scanner.version)
        rc = ask_version(judged, env, err);
    return rc;
}

/* What complete() found out; owned. */
struct found {
    char *target, *credentials;
    json_t *platforms;
};

static void found_free(struct found *found)
{
    free(found->target);
    free(found->credentials);
    json_decref(found->platforms);
}

/* The scanner's container needs absolute paths. */
static int absolute_target(const struct arc_scan_run *run, char **out, struct arc_error *err)
{
    bool folder = run->docker_image && run->target && strcmp(run->type, "fs") == 0;
    *out = folder ? realpath(run->target, NULL) : NULL;
    if (folder && !*out)
        return arc_error_set(err, ARC_EINPUT, "there is nothing at %s to scan", run->target);
    return ARC_OK;
}

/* Docker's credentials, for the scanner's container: the images may be private. NULL for none. */
static int find_credentials(const struct arc_env *env, char **out, struct arc_error *err)
{
    const char *config = arc_env_nonempty(env, "DOCKER_CONFIG");
    const char *home = arc_env_nonempty(env, "HOME");
    ARC_AUTO(arc_buf) struct arc_buf path = {0};
    arc_buf_printf(&path, "%s%s/config.json",
                   config ? config
                   : home ? home
                          : "",
                   config ? "" : "/.docker");
    *out = arc_buf_steal(&path);
    if (!*out)
        return arc_error_nomem(err);
    if (arc_file_kind(*out) != ARC_FILE_REGULAR || **out != '/')
        free(arc_steal(out));
    return ARC_OK;
}

/* What the commands rest on and the caller did not say. */
static int complete(struct scan_judged *judged, const struct arc_env *env, struct arc_scan_run *run,
                    struct found *found, struct arc_error *err)
{
    bool image = strcmp(run->type, "image") == 0;
    int rc = absolute_target(run, &found->target, err);
    run->target = found->target ? found->target : run->target;
    if (!rc && run->docker_image)
        rc = find_credentials(env, &found->credentials, err);
    run->docker_config = found->credentials;
    if (!rc && image && run->target && json_array_size(run->platforms) == 0)
        rc = scan_platforms(judged, env, run->target, &found->platforms, err);
    run->platforms = found->platforms ? found->platforms : run->platforms;
    return rc;
}

/* Runs them, with a folder for the reports. A folder of its own is gone afterwards, even when a
 * signal ends this process. */
static int run_in_folder(struct scan_judged *judged, const struct arc_env *env,
                         struct arc_scan_run *run, struct arc_error *err)
{
    bool temporary = run->report_dir == NULL;
    ARC_AUTO_FREE char *folder = NULL;
    ARC_AUTO_JSON json_t *commands = NULL;
    struct arc_signals held;
    arc_signals_hold(&held);
    int rc = arc_trivy_folder(env, run->report_dir, &folder, err);
    run->report_dir = folder;
    if (!rc)
        rc = arc_scan_commands(run, judged->options->service, &commands, err);
    if (!rc)
        rc = run_all(judged, env, commands, err);
    if (folder && temporary)
        arc_trivy_remove(commands, folder);
    arc_signals_release(&held);
    return rc;
}

int scan_run_all(struct scan_judged *judged, const struct arc_env *env, struct arc_error *err)
{
    struct arc_scan_run run = *judged->options->run;
    ARC_AUTO(found) struct found found = {.target = NULL};
    int rc = complete(judged, env, &run, &found, err);
    return rc ? rc : run_in_folder(judged, env, &run, err);
}
