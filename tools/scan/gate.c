#include "base/json.h"
#include "base/platform.h"
#include "base/text.h"
#include "os/file.h"
#include "scan/judged.h"
#include <limits.h>

enum arc_gate arc_scan_gate(const struct arc_scan_policy *policy, enum arc_verdict verdict,
                            enum arc_severity worst)
{
    switch (verdict) {
    case ARC_VERDICT_CLEAN:
        return ARC_GATE_PASS;
    case ARC_VERDICT_FINDINGS:
        if (worst < policy->fail_on)
            return ARC_GATE_PASS;
        return policy->block ? ARC_GATE_FAIL : ARC_GATE_REPORT_ONLY;
    case ARC_VERDICT_INCOMPLETE:
    case ARC_VERDICT_STALE_DATABASE:
    case ARC_VERDICT_SCANNER_ERROR:
        break;
    }

    return !policy->block && policy->tolerate_no_answer ? ARC_GATE_REPORT_ONLY : ARC_GATE_FAIL;
}

int scan_miss(struct scan_judged *judged, const char *gap, struct arc_error *err,
              const char *format, ...)
{
    ARC_AUTO_FREE char *text = NULL;
    ARC_WITH_ARGS(format, text = arc_warn_text(format, args));
    ARC_TRY_ALLOC(text, err);
    if (!gap)
        return scan_warn(judged, err, "%s", text);

    /* "os-not-scanned", or "os-not-scanned:fedora" with a part of its text. */
    for (char **accept = judged->accept; accept && *accept; accept++) {
        const char *rest = arc_text_after(*accept, gap);
        if (rest && (!*rest || (*rest == ':' && strstr(text, rest + 1))))
            return scan_warn(judged, err, "accepted (%s): %s", gap, text);
    }

    return arc_json_append(judged->missed, json_pack("{s:s, s:s}", "reason", gap, "text", text),
                           err);
}

/* The absolute path, links resolved, of what was scanned; for a file, of its folder. False if it is
 * not here. */
static bool locate_target(const char *artifact, const struct arc_env *env, char out[PATH_MAX])
{
    ARC_AUTO_FREE char *path = arc_file_join(env->cwd, artifact);
    if (!path || !realpath(path, out))
        return false;
    if (arc_file_kind(out) != ARC_FILE_DIRECTORY)
        *strrchr(out, '/') = '\0';
    return true;
}

/* Sets each target's prefix below `root` (NULL: the current directory): in a scan of the folder
 * `services`, `cache/a.py` is the repository's `services/cache/a.py`. */
static int find_prefixes(struct findings *findings, const char *root, const struct arc_env *env,
                         struct arc_error *err)
{
    char top[PATH_MAX];
    const char *place = arc_or(root, env->cwd);
    bool rooted = realpath(arc_or(place, "."), top) != NULL;

    arc_each (target, findings->targets, findings->target_count) {
        const char *artifact = target->artifact;
        char path[PATH_MAX];
        bool inside = true;
        ARC_AUTO(arc_buf) struct arc_buf text = {.max = PATH_MAX};
        if (target->error || !findings_is_folder(target))
            continue;

        /* The path from the root to what was scanned, links resolved; "" if unknown, since it may
         * have been scanned elsewhere. */
        if (locate_target(artifact, env, path)) {
            size_t len = rooted ? strlen(top) : 0;
            if (rooted && strncmp(path, top, len) == 0 && (!path[len] || path[len] == '/'))
                inside = arc_text_path(&text, path + len);
        } else if (*artifact != '/' && !strstr(artifact, "://")) {
            inside = arc_text_path(&text, artifact);
        }
        if (!inside)
            arc_buf_reset(&text);

        ARC_TRY(arc_buf_check(&text, target->report, err));
        target->prefix = findings_string(findings, arc_buf_text(&text));
        bool here = rooted && strcmp(artifact, top) == 0;
        if (*artifact == '/' && (text.len || here))
            target->artifact = findings_string(findings, here ? "." : arc_buf_text(&text));
        ARC_TRY_ALLOC(!findings->failed, err);
    }

    return ARC_OK;
}

/* "[SERVICE[@PLATFORM]=]FILE". A service's name has no slash, which distinguishes it from a
 * path. */
static int add_target(struct findings *findings, const char *spec, const char *service,
                      const char **file, struct arc_error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t name_len = strspn(spec, letters);
    size_t end = name_len;

    if (spec[end] == '@')
        end += strcspn(spec + end, "=");

    if (name_len == 0 || spec[end] != '=') {
        *file = spec;
        return findings_add_target(findings, service, NULL, spec, err);
    }

    ARC_AUTO_FREE char *name = strndup(spec, name_len);
    ARC_AUTO_FREE char *platform =
        strndup(spec + name_len + (end > name_len), end > name_len ? end - name_len - 1 : 0);
    *file = spec + end + 1;
    ARC_TRY_ALLOC(name && platform, err);

    return findings_add_target(findings, name, platform, *file, err);
}

/* Reads the reports; a failure is recorded in its target and affects the verdict. */
static int read_targets(struct findings *findings, const json_t *specs,
                        const struct arc_scan_options *options, struct arc_error *err)
{
    arc_json_each (spec, specs) {
        ARC_AUTO(arc_error) struct arc_error problem = {0};
        const char *file;
        ARC_TRY(add_target(findings, json_string_value(spec), options->service, &file, err));
        if (options->sarif_file && arc_file_same(options->sarif_file, file))
            return arc_error_set(err, ARC_EINPUT,
                                 "--sarif: %s is a report that is read; name another",
                                 options->sarif_file);
        size_t target = findings->target_count - 1;
        if (scan_report_file(findings, target, file, &problem))
            ARC_TRY(findings_target_error(findings, target, &problem, err));
    }

    return ARC_OK;
}

/* Drops findings that do not count: ignored, unfixed, of other severities. */
static void drop_uncounted(struct scan_judged *judged)
{
    const struct arc_scan_policy *policy = &judged->options->policy;
    struct findings *findings = &judged->findings;
    size_t kept = 0;

    arc_each (finding, findings->list, findings->count) {
        bool unfixed = policy->ignore_unfixed && finding->kind == VULNERABILITY && !*finding->fixed;
        if (finding->severity == SCAN_LEFT_OUT)
            judged->ignored++;
        else if (unfixed)
            judged->unfixed++;
        else if (policy->severities >> finding->severity & 1)
            findings->list[kept++] = *finding;
        else
            judged->other++;
    }

    findings->count = kept;
    arc_each (target, findings->targets, findings->target_count)
        judged->suppressed += target->suppressed;
}

static const char *first_error(const struct findings *findings)
{
    arc_each (target, findings->targets, findings->target_count)
        if (target->error)
            return target->error;
    return NULL;
}

/* Warns if no baseline is of a service that a report is of, so that they are compared with nothing. */
static int check_services(struct scan_judged *judged, const struct findings *before,
                          struct arc_error *err)
{
    const struct findings *now = &judged->findings;

    arc_each (old, before->targets, before->target_count)
        arc_each (target, now->targets, now->target_count)
            if (strcmp(old->service, target->service) == 0)
                return ARC_OK;
    if (!now->target_count)
        return ARC_OK;

    return scan_warn(judged, err,
                     "no baseline is of a service of the reports ('%s', '%s'), so all findings "
                     "count as new: give both the same SERVICE=",
                     before->targets->service, now->targets->service);
}

/* Marks findings that the previous release's reports lack. If the baseline cannot be read, the
 * number of new findings is unknown. */
static int compare_baseline(struct scan_judged *judged, struct findings *before,
                            const struct arc_env *env, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *known = json_object();
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    if (!before->target_count)
        return ARC_OK;
    if (first_error(before))
        return scan_warn(judged, err, "new findings cannot be told from old ones: %s",
                         first_error(before));

    ARC_TRY(check_services(judged, before, err));
    ARC_TRY(find_prefixes(before, judged->options->root, env, err));
    ARC_TRY(findings_join(before, err));

    arc_each (finding, before->list, before->count) {
        findings_identity(finding, &text);
        if (text.failed ||
            json_object_set_new_nocheck(known, arc_buf_text(&text), json_true()) != 0)
            return arc_error_nomem(err);
    }

    arc_each (finding, judged->findings.list, judged->findings.count) {
        findings_identity(finding, &text);
        ARC_TRY(arc_buf_check(&text, "a finding's identity", err));
        finding->fresh = !json_object_get(known, arc_buf_text(&text));
        judged->fresh += finding->fresh;
    }

    judged->baseline = true;

    return ARC_OK;
}

static bool is_stale(struct scan_judged *judged)
{
    const struct arc_scan_policy *policy = &judged->options->policy;
    int64_t age = judged->scanner.updated_at ? judged->now - judged->scanner.updated_at : -1;
    int64_t limit = policy->database_age_max;
    bool unknown = !judged->scanner.updated_at && policy->database_age_required;

    /* A report contains nothing newer than itself, so its age is a lower bound of the
     * database's. */
    arc_each (target, judged->findings.targets, judged->findings.target_count) {
        int64_t made;
        const char *created = target->created;
        if (arc_time_parse(created, &made) && judged->now - made > age)
            age = judged->now - made;
    }

    if (limit && age > limit)
        arc_buf_printf(&judged->reason,
                       "the scanner's database is %lld hours old; the limit is %lld",
                       (long long)(age / 3600), (long long)(limit / 3600));
    else if (limit && unknown)
        arc_buf_puts(&judged->reason,
                     "the age of the scanner's database is unknown, but a limit was set");

    return limit && (unknown || age > limit);
}

/* Warns if jars were looked up in an old index: Trivy updates it in a scan that finds one, and only the
 * first of several scans updates anything. Its age is no verdict, since upstream skips weeks. */
static int check_java(struct scan_judged *judged, struct arc_error *err)
{
    int64_t made = judged->scanner.java_at, limit = judged->options->policy.database_age_max;

    if (!made || !limit || judged->now - made <= limit)
        return ARC_OK;
    arc_each (result, judged->findings.results, judged->findings.result_count)
        if (strcmp(result->type, "jar") == 0)
            return scan_warn(judged, err,
                             "the scanner's Java database, by which it knows what a jar holds, is "
                             "%lld hours old: `trivy image --download-java-db-only` updates it",
                             (long long)((judged->now - made) / 3600));

    return ARC_OK;
}

void scan_add_left_out(struct arc_buf *out, const struct scan_judged *judged)
{
    const struct {
        size_t count;
        const char *what;
    } parts[] = {{judged->ignored, "ignored"},
                 {judged->unfixed, "without a fix left out"},
                 {judged->suppressed, "left out by VEX documents or policies"},
                 {judged->other, "of severities that do not count"}};
    arc_each_in (part, parts)
        if (part->count)
            arc_buf_printf(out, "; %zu %s", part->count, part->what);
}

static void choose_verdict(struct scan_judged *judged)
{
    const struct arc_scan_policy *policy = &judged->options->policy;
    const struct findings *findings = &judged->findings;
    struct arc_buf *reason = &judged->reason;
    const char *error = first_error(findings);
    size_t at_or_above = 0;

    for (unsigned i = policy->fail_on; i < ARC_SEVERITIES; i++)
        at_or_above += judged->counts[i];
    if (!error && !findings->target_count)
        error = "there was nothing to scan: give it --build, --scan-target or --report";

    if (error) {
        judged->verdict = ARC_VERDICT_SCANNER_ERROR;
        arc_buf_printf(reason, "the scan gave no answer: %s", error);
    } else if (is_stale(judged)) {
        judged->verdict = ARC_VERDICT_STALE_DATABASE;
    } else if (json_array_size(judged->missed)) {
        const json_t *first = json_array_get(judged->missed, 0);
        size_t more = json_array_size(judged->missed) - 1;
        judged->verdict = ARC_VERDICT_INCOMPLETE;
        arc_buf_printf(reason, "not everything was scanned: %s (%s)",
                       arc_json_text_of(first, "text"), arc_json_text_of(first, "reason"));
        if (more)
            arc_buf_printf(reason, "; and %zu more", more);
    } else if (judged->total) {
        judged->verdict = ARC_VERDICT_FINDINGS;
        arc_buf_printf(reason, "%zu finding%s, ", judged->total, arc_plural(judged->total));
        if (at_or_above)
            arc_buf_printf(reason, "%zu", at_or_above);
        else
            arc_buf_puts(reason, "none");
        arc_buf_printf(reason, " of %s or above", arc_severity_name(policy->fail_on));
    } else {
        judged->verdict = ARC_VERDICT_CLEAN;
        arc_buf_puts(reason,
                     "everything that the scanner recognizes was scanned, and nothing was found");
        scan_add_left_out(reason, judged);
    }

    judged->gate = arc_scan_gate(policy, judged->verdict, judged->worst);
}

/* "linux/arm" of "linux/arm/v7". */
static void cut_variant(char platform[ARC_PLATFORM_SIZE])
{
    char *slash = strchr(platform, '/');
    slash = slash ? strchr(slash + 1, '/') : NULL;
    if (slash)
        *slash = '\0';
}

/* Whether the scanned image is for another platform than requested: Trivy takes whatever the local
 * engine has under that name, or the only image of a registry. Variants are not compared, since
 * many configurations omit them. */
static bool is_other_platform(const struct scan_target *target, char seen[ARC_PLATFORM_SIZE])
{
    char wanted[ARC_PLATFORM_SIZE];

    arc_platform_join(arc_text_or(target->image_os, "linux"), target->architecture, "", seen);
    cut_variant(seen);
    if (!*target->architecture || !arc_platform_normalize(target->platform, wanted))
        return false;
    cut_variant(wanted);

    return strcmp(wanted, seen) != 0;
}

/* Checks how much of a target was scanned. Trivy lists packages since its reports contain its
 * version; before, an empty list means nothing. */
static int check_target(struct scan_judged *judged, const struct scan_target *target,
                        struct arc_error *err)
{
    const char *name = arc_text_or(target->artifact, target->report);
    bool partly = target->only_elsewhere && !target->ours;
    bool packages = judged->options->policy.packages && !partly;
    bool lists = *target->scanner || target->lists_packages;
    char seen[ARC_PLATFORM_SIZE];

    if (target->error)
        return ARC_OK;

    if (is_other_platform(target, seen))
        ARC_TRY(scan_miss(judged, SCAN_GAP_PLATFORM, err,
                          "%s: the scanner scanned an image for %s instead of %s; if the local "
                          "engine has an image of that name, set TRIVY_IMAGE_SRC=remote",
                          name, seen, target->platform));

    if (target->end_of_life)
        ARC_TRY(scan_miss(judged,
                          judged->options->policy.end_of_life_fails ? SCAN_GAP_END_OF_LIFE : NULL,
                          err, "%s: %s no longer gets security advisories", name, target->os));

    if (packages && target->has_os && !target->os_result)
        return scan_miss(judged, SCAN_GAP_OS, err,
                         "%s: the scanner did not scan the packages of the operating system %s",
                         name, target->os);

    if (partly && judged->options->policy.packages && target->has_os)
        return scan_warn(judged, err,
                         "%s: the report is about secrets, settings or licenses alone; if the "
                         "packages of %s were to be scanned too, they were not",
                         name, target->os);

    if (packages && target->os_result && !target->os_listed && lists)
        return scan_miss(
            judged, SCAN_GAP_PACKAGES, err,
            "%s: no package of the operating system %s was found; is its package database gone?",
            name, target->os);

    if (packages && target->hollow)
        return scan_miss(judged, SCAN_GAP_PACKAGES, err,
                         "%s: the list of packages in '%s' is empty", name, target->hollow);

    if (!target->results)
        return scan_warn(judged, err, "%s: the scanner recognized nothing in it", name);

    return ARC_OK;
}

static void judged_free(struct scan_judged *judged)
{
    findings_free(&judged->findings);
    scan_scanner_free(&judged->scanner);
    arc_buf_free(&judged->reason);
    json_decref(judged->warnings);
    json_decref(judged->missed);
}

static int look_at_targets(struct scan_judged *judged, const struct arc_env *env,
                           struct arc_error *err)
{
    const struct arc_scan_options *options = judged->options;
    struct findings *findings = &judged->findings;
    ARC_AUTO(findings) struct findings before = {0};

    /* now: the scan may write over its baseline */
    ARC_TRY(read_targets(&before, options->baselines, options, err));
    ARC_TRY(read_targets(findings, options->reports, options, err));
    if (options->settings_problem)
        ARC_TRY(scan_warn(judged, err, "%s", options->settings_problem));
    if (options->scanner_info)
        ARC_TRY(scan_scanner_read(options->scanner_info, &judged->scanner, err));
    if (options->run)
        ARC_TRY(scan_run_all(judged, env, err));
    ARC_TRY(find_prefixes(findings, options->root, env, err));
    ARC_TRY(findings_join(findings, err));
    ARC_TRY(scan_ignore_apply(judged, err));
    drop_uncounted(judged);
    findings_sort(findings);
    ARC_TRY(compare_baseline(judged, &before, env, err));
    arc_each (target, findings->targets, findings->target_count)
        ARC_TRY(check_target(judged, target, err));

    arc_each (finding, findings->list, findings->count) {
        judged->counts[finding->severity]++;
        judged->fixable += *finding->fixed != '\0';
        if ((enum arc_severity)finding->severity > judged->worst)
            judged->worst = (enum arc_severity)finding->severity;
    }
    judged->total = findings->count;

    ARC_TRY(check_java(judged, err));
    choose_verdict(judged);
    ARC_TRY(arc_buf_check(&judged->reason, "the verdict's reason", err));
    if (judged->verdict != ARC_VERDICT_SCANNER_ERROR && !judged->scanner.updated_at &&
        options->policy.database_age_max)
        return scan_warn(judged, err,
                         "the age of the scanner's database is unknown: --scanner-info names it");

    return ARC_OK;
}

int arc_scan(const struct arc_scan_options *options, const struct arc_env *env,
             struct arc_scan *out, struct arc_error *err)
{
    const struct arc_scan_policy *policy = &options->policy;
    ARC_AUTO(judged)
    struct scan_judged judged = {.options = options,
                                 .now = env->now,
                                 .accept = options->settings ? options->settings->accept : NULL,
                                 .warnings = json_array(),
                                 .missed = json_array()};
    *out = (struct arc_scan){.verdict = ARC_VERDICT_SCANNER_ERROR, .gate = ARC_GATE_FAIL};
    ARC_TRY_ALLOC(judged.warnings && judged.missed, err);

    /* Refuses severities to fail on that are not scanned for: such a gate would never fail. */
    for (unsigned i = policy->fail_on; i < ARC_SEVERITIES; i++)
        if (!(policy->severities >> i & 1))
            return arc_error_set(
                err, ARC_EINPUT,
                "the gate should fail on %s and above, but %s is not among the severities that "
                "count: add it to --severity, or raise --fail-on-severity",
                arc_severity_name(policy->fail_on), arc_severity_name((enum arc_severity)i));

    if (options->service && !arc_utf8_valid(options->service, strlen(options->service)))
        return arc_error_set(err, ARC_EINPUT, "the service's name is not valid UTF-8");

    ARC_TRY(look_at_targets(&judged, env, err));
    out->verdict = judged.verdict;
    out->gate = judged.gate;
    if (judged.verdict != ARC_VERDICT_SCANNER_ERROR && (options->sarif || options->sarif_file))
        ARC_TRY(scan_sarif(&judged, &out->sarif, err));
    if (options->issues)
        ARC_TRY(scan_issues(&judged, &out->issues, err));
    ARC_TRY(scan_document(&judged, &out->document, err)); /* last, so that warnings are complete */
    ARC_TRY(scan_human(&judged, &out->human, err));
    ARC_TRY(scan_summary(&judged, &out->summary, err));
    if (!options->sarif_file || !out->sarif)
        return ARC_OK;

    ARC_AUTO_FREE char *text = arc_json_dumps(out->sarif, JSON_COMPACT);
    ARC_TRY_ALLOC(text, err);

    return arc_file_write(options->sarif_file, text, strlen(text), err);
}

void arc_scan_free(struct arc_scan *scan)
{
    json_decref(scan->document);
    json_decref(scan->sarif);
    json_decref(scan->issues);
    arc_buf_free(&scan->human);
    arc_buf_free(&scan->summary);
    *scan = (struct arc_scan){.document = NULL};
}
