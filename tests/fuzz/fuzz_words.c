/* Short texts of others: patterns of tags, platforms, revisions, repository names, prefixes of branches, ignore files of
 * a scan, a comment that a person edited, release asset patterns. */
#include "arcci/scan.h"
#include "arcci/version.h"
#include "base/auto.h"
#include "base/markdown.h"
#include "base/platform.h"
#include "base/text.h"
#include "github/github.h"
#include "github/options.h"
#include "os/hash.h"
#include "registry/registry.h"
#include "registry/trust.h"
#include "release/release.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void read_ignore_file(const char *text)
{
    const struct arc_env env = {.vars = (const char *const[]){NULL}, .now = 1};
    ARC_AUTO(arc_scan) struct arc_scan scan = {.document = NULL};
    ARC_AUTO(arc_error) struct arc_error err = {0};
    struct arc_scan_options options = {.policy = {.severities = 31},
                                       .ignore_name = "ignore",
                                       .ignore_text = text,
                                       .issues = true,
                                       .sarif = true};
    int rc = arc_scan(&options, &env, &scan, &err);
    if (rc != err.code || (!rc && scan.gate == ARC_GATE_PASS))
        abort(); /* nobody looked */
}

/* What would leave a path of two segments: a segment of dots alone leads elsewhere, "a..b" is a name like any other. */
static bool leads_elsewhere(const char *name)
{
    const char *slash = strchr(name, '/');

    return !slash || strchr(slash + 1, '/') || strpbrk(name, "?#% \n") || *name == '.' ||
           strcmp(slash, "/.") == 0 || strcmp(slash, "/..") == 0;
}

static void read_names(const char *text)
{
    const char *vars[] = {"ARC_CI_INSECURE_REGISTRIES=", NULL};
    const struct arc_env env = {.vars = vars};
    char platform[ARC_PLATFORM_SIZE];
    const char *why = NULL;
    unsigned severities;
    arc_platform_normalize(text, platform);
    if (strlen(platform) >= sizeof platform)
        abort();
    if (!arc_tag_pattern_valid(text, &why) && !why)
        abort();
    arc_severity_set(text, &severities, NULL);
    if (arc_repository_name_valid(text) && leads_elsewhere(text))
        abort();
    arc_digest_known(text);
    arc_registry_insecure(&env, text);
    registry_url_insecure(&env, text);
}

static void read_bodies(const char *text)
{
    release_draft_made(text);
    release_draft_untouched("n", text);
    free(release_body(ARC_BODY_APPEND, text, "ours"));
    arc_markdown_same(text, "x");
    ARC_AUTO_FREE char *secret = strdup(text);
    if (secret && strlen(secret) > 40)
        arc_github_mask(secret, "0123456789");
    if (secret && strlen(secret) > 40 && strstr(secret, "0123456789"))
        abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    ARC_AUTO_FREE char *text = calloc(size + 1, 1);
    ARC_AUTO(arc_buf) struct arc_buf shown = {0};
    if (!text)
        return 0;
    memcpy(text, data, size);
    read_names(text);
    read_bodies(text);
    read_ignore_file(text);
    arc_text_visible(&shown, text, strlen(text));
    if (!arc_utf8_valid(arc_buf_text(&shown), shown.len) ||
        strpbrk(arc_buf_text(&shown), "\x1b\n\r\x7f"))
        abort();
    return 0;
}
