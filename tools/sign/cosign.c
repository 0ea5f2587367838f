#include "sign/cosign.h"
#include "arcci/clock.h"
#include "arcci/sign.h"
#include "base/json.h"
#include "base/text.h"
#include "os/fault.h"
#include "os/file.h"
#include "os/process.h"
#include "registry/registry.h"

#define WORDS_MAX 24
#define ROOT_MAX  ((size_t)1 << 20) /* size of a trusted root */
#define ATTEMPTS  5                 /* Sigstore's servers are often busy for half a minute */

void cosign_free(struct cosign *cosign)
{
    arc_arena_free(&cosign->memory);
}

/* ---- what there is ------------------------------------------------------------------------- */

/* The absolute path of a repository's file, since cosign runs elsewhere; the URI of a KMS is
 * unchanged. */
static int locate(struct cosign *cosign, const char *root, const char *path, bool needed,
                  const char **out, struct arc_error *err)
{
    *out = path;
    if (!path || strstr(path, "://"))
        return ARC_OK;

    ARC_AUTO_FREE char *whole = arc_file_join(root, path);
    ARC_TRY_ALLOC(whole, err);

    if (needed && arc_file_kind_in(root, path) != ARC_FILE_REGULAR)
        return arc_error_set(err, ARC_EINPUT, "sign: there is no file %s below %s", path,
                             arc_or(root, "."));
    *out = arc_arena_text(&cosign->memory, whole);

    return arc_arena_check(&cosign->memory, err);
}

/* A private Sigstore has no transparency log, certificate log or timestamps unless its trusted root
 * names them. */
static int read_root(struct cosign *cosign, const char *root, struct arc_error *err)
{
    const char *path = cosign->signing->trusted_root;
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = ROOT_MAX};

    if (!path)
        return ARC_OK;
    ARC_TRY(arc_file_read_in(root, path, ROOT_MAX, &text, err));
    ARC_AUTO_JSON json_t *document = arc_json_load(arc_buf_text(&text), text.len, 0, NULL);
    if (!json_is_object(document))
        return arc_error_set(err, ARC_EINPUT, "%s is not a trusted root of Sigstore", path);

    cosign->no_log = !json_array_size(json_object_get(document, "tlogs"));
    cosign->no_sct = !json_array_size(json_object_get(document, "ctlogs"));
    cosign->stamped = json_array_size(json_object_get(document, "timestampAuthorities")) > 0;

    return ARC_OK;
}

int cosign_open(const struct arc_env *env, const char *root, const struct arc_signing *signing,
                struct cosign *out, struct arc_error *err)
{
    *out = (struct cosign){.env = env, .signing = signing, .no_log = signing->unlogged};
    root = arc_or(root, env->cwd);

    if (!signing->key && signing->identity && !signing->issuer)
        return arc_error_set(err, ARC_EINPUT,
                             "which issuer vouches for '%.200s' is not known: give it as `issuer` "
                             "in the group's `sign`",
                             signing->identity);

    if (!signing->key && !signing->identity)
        return arc_error_set(err, ARC_EINPUT,
                             "the plan does not say who signs: give `identity` and `issuer` in the "
                             "group's `sign`, or run 'arc-ci plan' in the workflow that signs");

    if (!signing->key && !signing->repository && arc_signing_is_github(signing))
        return arc_error_set(
            err, ARC_EINPUT,
            "whose workflow must have signed is not known, and any repository may call %s: set "
            "GITHUB_REPOSITORY (owner/name), or give the clone its remote 'origin'",
            signing->identity);

    ARC_TRY(locate(out, root, signing->public_key, true, &out->public_key, err));
    ARC_TRY(locate(out, root, signing->trusted_root, true, &out->trusted_root, err));
    ARC_TRY(locate(out, root, signing->signing_config, true, &out->signing_config, err));
    ARC_TRY(read_root(out, root, err));
    if (!out->public_key)
        out->public_key = signing->key;

    return locate(out, root, signing->key, false, &out->key, err); /* only for signing */
}

/* ---- a call -------------------------------------------------------------------------------- */

/* The words of a call; texts are in the arena. */
struct call {
    struct cosign *cosign;
    const char *words[WORDS_MAX + 1];
    size_t count;
};

static void add(struct call *call, const char *word)
{
    if (call->count < WORDS_MAX)
        call->words[call->count++] = word;
}

static void add_value(struct call *call, const char *option, const char *value)
{
    if (value)
        add(call, arc_arena_printf(&call->cosign->memory, "%s=%s", option, value));
}

/* The required signer of a signature. */
static void add_expected(struct call *call, const char *public_key)
{
    const struct arc_signing *signing = call->cosign->signing;
    const char *identity = signing->identity;
    if (signing->key) {
        add_value(call, "--key", public_key);
        return;
    }

    if (identity && strchr(identity, '*')) {
        /* "https://github.com/acme/" + any text, as Go's regular expression. Text before an '@'
         * must not contain another: a branch may be called "x@refs/tags/v1", which "*@refs/tags/v1"
         * must not match. */
        ARC_AUTO(arc_buf) struct arc_buf pattern = {.max = 8192};
        for (const char *c = identity; *c; c++) {
            if (*c != '*' && strchr("\\.+?()[]{}|^$", *c))
                arc_buf_putc(&pattern, '\\');
            if (*c == '*')
                arc_buf_puts(&pattern, strchr(c, '@') ? "[^@]" : ".");
            arc_buf_putc(&pattern, *c);
        }
        if (pattern.failed) /* matches without checking anything */
            call->cosign->memory.failed = true;
        add(call, arc_arena_printf(&call->cosign->memory, "--certificate-identity-regexp=^%s$",
                                   arc_buf_text(&pattern)));
    } else {
        add_value(call, "--certificate-identity", identity);
    }

    add_value(call, "--certificate-oidc-issuer", signing->issuer);
    add_value(call, "--certificate-github-workflow-repository", signing->repository);
}

static void add_checking(struct call *call)
{
    const struct cosign *cosign = call->cosign;
    if (cosign->no_log)
        add(call, "--insecure-ignore-tlog=true");
    if (cosign->signing->key)
        return;
    if (cosign->no_sct)
        add(call, "--insecure-ignore-sct=true");
    if (cosign->no_log && cosign->stamped)
        add(call, "--use-signed-timestamps");
}

static void add_signing(struct call *call)
{
    const struct cosign *cosign = call->cosign;
    add(call, "--yes");
    add_value(call, "--key", cosign->key);
    add_value(call, "--signing-config", cosign->signing_config);
    if (!cosign->signing->unlogged)
        return;
    add(call, "--use-signing-config=false");
    add(call, "--tlog-upload=false");
}

/* Runs a call about `reference` (NULL: none), again if a fault passes by itself; of the environment
 * it gets only what any program gets, and `passes`. */
static int run_cosign(struct call *call, const char *reference, const char *const *passes,
                      struct arc_process_result *result, struct arc_error *err)
{
    static const char *const prefaces[] = {"error during command execution: ", NULL};
    const struct arc_clock *clock = arc_clock_system();
    struct cosign *cosign = call->cosign;
    if (reference && cosign->insecure) {
        add(call, "--allow-insecure-registry");
        add(call, "--allow-http-registry");
    }

    if (reference)
        add(call, reference);
    call->words[call->count] = NULL;
    ARC_TRY(arc_arena_check(&cosign->memory, err));

    struct arc_process process = {
        .argv = call->words, .env = cosign->env, .passes = passes, .timeout = 300};
    const char *said = "";
    bool again = true;
    int rc = ARC_OK;
    for (unsigned i = 0; again && i < ATTEMPTS; i++) {
        if (i)
            clock->wait(clock->context, arc_fault_wait(said, i));
        arc_process_result_free(result);
        rc = arc_process_run(&process, result, err);
        said = rc ? "" : arc_fault_text(arc_buf_text(&result->errors), prefaces);
        again = !rc && result->status && arc_fault_passes(said);
    }

    if (rc == ARC_ENOTFOUND)
        return arc_error_set(
            err, ARC_EWORLD,
            "there is no cosign on PATH: install version 3 or later (github.com/sigstore/cosign)");

    if (rc || !result->status)
        return rc;

    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 8192};
    size_t len = arc_text_strip(said, strlen(said), "\n\r ");
    arc_text_visible(&shown, said, ARC_MIN(len, (size_t)1500));
    if (!len)
        arc_buf_printf(&shown, "exit status %d", result->status);

    return arc_error_set(err, again ? ARC_EWORLD : ARC_EFAILED, "cosign %s %s: %s", call->words[1],
                         arc_or(reference, ""), arc_buf_text(&shown));
}

static const char *begin(struct call *call, const char *verb, const char *image, const char *digest)
{
    struct cosign *cosign = call->cosign;
    cosign->insecure = arc_registry_insecure(cosign->env, image);
    add(call, "cosign");
    add(call, verb);
    return arc_arena_printf(&cosign->memory, "%s@%s", image, digest);
}

/* ---- what it does -------------------------------------------------------------------------- */

/* The variables that a call gets besides those for any program: the authorities' keys and the login
 * to a KMS; for signing, the password of a key or access to an OIDC token. */
static const char *const *variables(struct cosign *cosign, bool signs)
{
    static const char *const checking[] = {
        "SIGSTORE_ROOT_FILE",
        "SIGSTORE_REKOR_PUBLIC_KEY",
        "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE",
        "SIGSTORE_NO_CACHE",
        "SIGSTORE_TSA_CERTIFICATE_FILE",
        "TUF_ROOT",
        "TUF_MIRROR",
        "TUF_ROOT_JSON",
        "COSIGN_REPOSITORY",
    };
    static const char *const tokens[] = {"ACTIONS_ID_TOKEN_REQUEST_*", "SIGSTORE_ID_TOKEN",
                                         "BUILDKITE_AGENT_*", "SPIFFE_ENDPOINT_SOCKET"};
    enum { CHECKING = ARC_COUNT(checking), TOKENS = ARC_COUNT(tokens) };
    const char *key = signs ? cosign->key : cosign->public_key;
    const char **names = arc_arena_array(&cosign->memory, CHECKING + TOKENS + 1, sizeof *names);

    if (!names)
        return NULL;

    const char **next = names;
    for (size_t i = 0; i < CHECKING; i++)
        *next++ = checking[i];
    for (size_t i = 0; !key && signs && i < TOKENS; i++)
        *next++ = tokens[i];
    if (arc_text_after(key, "hashivault://"))
        *next++ = "VAULT_*";
    if (key && signs && !arc_signing_in_kms(key))
        *next++ = "COSIGN_PASSWORD";
    const char *variable = arc_text_after(key, "env://");
    if (variable && signs)
        *next++ = variable;

    return names;
}

int cosign_verify(struct cosign *cosign, const char *image, const char *digest,
                  struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    struct call call = {.cosign = cosign};
    const char *reference = begin(&call, "verify", image, digest);

    add(&call, "--output=json");
    add_expected(&call, cosign->public_key);
    add_value(&call, "--trusted-root", cosign->trusted_root);
    add_checking(&call);
    ARC_TRY(run_cosign(&call, reference, variables(cosign, false), &result, err));

    /* cosign verifies any statement about a digest; require one that says "signed". */
    ARC_AUTO_JSON json_t *found =
        arc_json_load(arc_buf_text(&result.output), result.output.len, 0, NULL);
    arc_json_each (item, found) {
        const json_t *critical = json_object_get(item, "critical");
        const json_t *of = json_object_get(critical, "image");
        if (ARC_AMONG(arc_json_text_of(critical, "type"), "https://sigstore.dev/cosign/sign/v1",
                      "cosign container image signature") &&
            strcmp(arc_json_text_of(of, "docker-manifest-digest"), digest) == 0)
            return ARC_OK;
    }

    return arc_error_set(err, ARC_EFAILED,
                         "%s has statements of that identity, but none is a signature", reference);
}

int cosign_sign(struct cosign *cosign, const char *image, const char *digest, struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    struct call call = {.cosign = cosign};
    const char *reference = begin(&call, "sign", image, digest);
    add_signing(&call);
    return run_cosign(&call, reference, variables(cosign, true), &result, err);
}

int cosign_attest(struct cosign *cosign, const char *image, const char *digest, const char *type,
                  const char *predicate, const char *bundle, struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    struct call call = {.cosign = cosign};
    const char *reference = begin(&call, "attest", image, digest);
    add_signing(&call);
    add_value(&call, "--type", type);
    add_value(&call, "--predicate", predicate);
    add_value(&call, "--bundle", bundle);
    return run_cosign(&call, reference, variables(cosign, true), &result, err);
}

int cosign_verify_bundle(struct cosign *cosign, const char *digest, const char *type,
                         const char *bundle, struct arc_error *err)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    struct call call = {.cosign = cosign};
    const char *colon = strchr(digest, ':');

    if (!colon)
        return arc_error_set(err, ARC_EINPUT, "'%.200s' is not a digest", digest);
    add(&call, "cosign");
    add(&call, "verify-blob-attestation");
    add_value(&call, "--bundle", bundle);
    add_value(&call, "--type", type);
    add_value(&call, "--digest", colon + 1);
    add_value(&call, "--digestAlg",
              arc_arena_cut(&cosign->memory, digest, (size_t)(colon - digest)));
    add_expected(&call, cosign->public_key);
    add_value(&call, "--trusted-root", cosign->trusted_root);
    add_checking(&call);

    return run_cosign(&call, NULL, variables(cosign, false), &result, err);
}

json_t *arc_sign_command(const struct arc_signing *signing, const char *root, const char *reference)
{
    ARC_AUTO(cosign) struct cosign cosign = {.signing = signing, .no_log = signing->unlogged};
    struct call call = {.cosign = &cosign};
    json_t *words = json_array();

    read_root(&cosign, root, NULL);
    add(&call, "cosign");
    add(&call, "verify");
    add_expected(&call, arc_or(signing->public_key, signing->key));
    add_value(&call, "--trusted-root", signing->trusted_root);
    add_checking(&call);
    add(&call, reference);

    for (size_t i = 0; i < call.count; i++)
        arc_json_push(&words, json_string(call.words[i]));

    return words;
}

json_t *arc_sign_attest_command(const struct arc_signing *signing, const char *reference)
{
    ARC_AUTO_JSON json_t *words =
        json_pack("[s, s, s, o, s, s?]", "gh", "attestation", "verify",
                  json_sprintf("oci://%s", reference), "--repo", signing->repository);

    if (!signing->attest || !signing->repository)
        return NULL;

    if (signing->identity && !strchr(signing->identity, '*')) {
        ARC_AUTO_JSON json_t *more = json_pack("[s, s]", "--cert-identity", signing->identity);
        if (json_array_extend(words, more))
            return NULL;
    }

    return arc_steal(&words);
}
