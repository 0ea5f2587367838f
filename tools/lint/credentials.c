/* Finds what looks like a committed credential, in the files that git tracks; outside a repository,
 * in everything except .git. */
#include "lint/rule.h"
#include "os/file.h"
#include <ctype.h>

/* A token's prefix, and what follows it. */
static const struct {
    const char *prefix;
    size_t least; /* characters after the prefix */
    const char *alphabet;
    const char *what;
} tokens[] = {
    {"ghp_", 36, ARC_ALNUM, "a GitHub token"},
    {"gho_", 36, ARC_ALNUM, "a GitHub token"},
    {"ghu_", 36, ARC_ALNUM, "a GitHub token"},
    {"ghs_", 36, ARC_ALNUM, "a GitHub token"},
    {"ghr_", 36, ARC_ALNUM, "a GitHub token"},
    {"github_pat_", 60, ARC_ALNUM "_", "a GitHub token"},
    {"glpat-", 20, ARC_ALNUM "_-", "a GitLab token"},
    {"dckr_pat_", 24, ARC_ALNUM "_-", "a Docker Hub token"},
    {"AKIA", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "an AWS access key"},
    {"ASIA", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "an AWS access key"},
    {"AIza", 35, ARC_ALNUM "_-", "a Google API key"},
    {"xoxb-", 20, ARC_ALNUM "-", "a Slack token"},
    {"xoxp-", 20, ARC_ALNUM "-", "a Slack token"},
    {"sk_live_", 20, ARC_ALNUM, "a Stripe key"},
    {"npm_", 36, ARC_ALNUM, "an npm token"},
};

/* One file under inspection. */
struct scan {
    struct lint *lint;
    const char *file;
    unsigned line;
};

void lint_find_credential(struct lint *lint, const char *file, unsigned line, const char *what)
{
    lint_find(lint, LINT_CREDENTIALS, file, line,
              "%s is committed here; revoke it, and pass it as a secret", what);
}

static void report_found(const struct scan *s, const char *what)
{
    lint_find_credential(s->lint, s->file, s->line, what);
}

/* Samples from vendors' documentation (AKIAIOSFODNN7EXAMPLE), and ghp_xxxxxxxx. */
static bool is_sample(const char *token, size_t len)
{
    bool one = true;
    for (size_t i = 1; i < len; i++)
        one = one && token[i] == *token;
    return one || (len >= 7 && ARC_STARTS(token + len - 7, "EXAMPLE"));
}

/* The text after a prefix is checked once: a token that starts within it would end at the same
 * place. */
static void find_tokens(const struct scan *s, const char *line)
{
    arc_each_in (token, tokens)
        for (const char *at = line; (at = strstr(at, token->prefix));) {
            if (at != line && (arc_is_word(at[-1]))) {
                at++;
                continue;
            }
            at += strlen(token->prefix);
            size_t len = strspn(at, token->alphabet);
            if (len >= token->least && !is_sample(at, len))
                report_found(s, token->what);
            at += len;
        }
}

/* RFC 7468's first line of a key, "-----BEGIN [KIND ]PRIVATE KEY-----", with base64 after it, there
 * or on the next line (or a header of RFC 1421): a text about keys has none. */
static void find_private_key(const struct scan *s, const char *line, const char *next)
{
    static const char base64[] = ARC_ALNUM "+/=";
    next += strspn(next, " \t\"'+");

    for (const char *at = line; (at = strstr(at, "-----BEGIN "));) { /* or of a certificate */
        const char *kind = at + 11;
        at = kind + strspn(kind, "ABCDEFGHIJKLMNOPQRSTUVWXYZ ");
        if (at - kind < 11 || !ARC_STARTS(at - 11, "PRIVATE KEY-----"))
            continue;

        const char *rest = at + 5 + strspn(at + 5, "\\nr\"' ");
        if (strspn(rest, base64) >= 16 || strspn(next, base64) >= 16 ||
            ARC_STARTS(next, "Proc-Type:")) {
            report_found(s, "a private key");
            return;
        }
    }
}

/* Hosts where a password is worth nothing: RFC 2606's example names, this machine, and names that
 * are not on the Internet. */
static bool is_example(const char *host)
{
    size_t len = strspn(host, ARC_ALNUM "-.");
    if (len >= 11 && ARC_STARTS(host + len - 11, "example."))
        return true; /* .org, .com, .net */
    return !memchr(host, '.', len) || ARC_STARTS(host, "127.");
}

/* Whether the text before `end` ends with a word for a secret, in any case. */
static bool names_secret(const char *line, const char *end)
{
    static const char *const words[] = {"password",    "passwd",    "secret", "token",
                                        "api_key",     "api-key",   "apikey", "access_key",
                                        "private_key", "secret_key"};

    while (end > line && strchr(" \t\"'", end[-1]))
        end--;

    arc_each_in (word, words) {
        size_t len = strlen(*word);
        if ((size_t)(end - line) >= len && strncasecmp(end - len, *word, len) == 0)
            return true;
    }

    return false;
}

/* Whether two texts differ only in case and in the signs between words: API_KEY and api-key. */
static bool is_same_name(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool gap = strchr("-_. ", a[i]) && strchr("-_. ", b[i]);
        if (!gap && tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]))
            return false;
    }
    return true;
}

/* Whether a value is not a secret but a type, a state, a permission (`id-token: write`), a request
 * for one ("changeme", "your-password-here"), a package's version (`jsonwebtoken: ^9.0.3` in a lock
 * file), or a part of the key. */
static bool is_word(const char *value, size_t len, const char *key, size_t key_len)
{
    static const char *const words[] = {
        "true",      "false",     "null",      "none",     "nil",         "write",      "read",
        "required",  "optional",  "string",    "str",      "str?",        "bool",       "integer",
        "int",       "number",    "text",      "enabled",  "disabled",    "default",    "inherit",
        "generate",  "generated", "random",    "redacted", "placeholder", "example",    "changed",
        "unset",     "empty",     "admin",     "always",   "never",       "auto",       "file",
        "env",       "secret",    "password",  "token",    "passwd",      "changeme",   "change-me",
        "change_me", "changeit",  "replaceme", "dummy",    "todo",        "replace_me", "test",
        "postgres",  "root",      "pass"};
    static const char *const parts[] = {"placeholder", "your_", "your-"};

    while (len && *value == '_') { /* __REPLACE_ME__ */
        value++;
        len--;
    }
    while (len && value[len - 1] == '_')
        len--;
    if (memchr(value, '.', len) && strspn(value, "^~=v0123456789.*") >= len)
        return true;
    arc_each_in (part, parts)
        for (size_t i = 0, size = strlen(*part); i + size < len; i++)
            if (strncasecmp(value + i, *part, size) == 0)
                return true;
    arc_each_in (word, words)
        if (arc_text_is_caseless(value, len, *word))
            return true;

    for (size_t at = 0; at + len <= key_len; at++) /* POSTGRES_PASSWORD: postgres */
        if (is_same_name(key + at, value, len))
            return true;
    return false;
}

/* "https://user:password@host", "redis://:password@host": a password in a URL that is neither a
 * variable nor a placeholder. */
static void find_url_password(const struct scan *s, const char *line)
{
    for (const char *at = line; (at = strstr(at, "://")); at += 3) {
        const char *start = at + 3;
        size_t user = strcspn(start, ":/@ \t\"'<>$%{}");
        if (start[user] != ':')
            continue;
        const char *password = start + user + 1;
        size_t len = strcspn(password, "/@ \t\"'<>$%{}");
        if (password[len] == '@' && len >= 3 && strspn(password, "*x.") < len &&
            !is_word(password, len, start, user) && !is_example(password + len + 1))
            report_found(s, "a password in a URL");
    }
}

/* Whether a value only refers to a secret: a path, a URL, an address, a name in a vault, of a secret
 * or of a variable, SOPS ciphertext. */
static bool is_reference(const char *value, size_t len)
{
    const char *address = strstr(value, "://"), *key = memchr(value, ':', len);
    size_t folder = len; /* up to the last '/' */
    while (folder && value[folder - 1] != '/')
        folder--;
    bool dots = memchr(value, '.', len), signs = memchr(value, '-', len) || memchr(value, '_', len);
    bool in_path = key && memchr(value, '/', (size_t)(key - value));    /* "path/in/vault:key" */
    bool in_file = folder && memchr(value + folder, '.', len - folder); /* docs/secret.md */
    bool item = value[strspn(value, ARC_ALNUM "_.")] == '['; /* ENC[…], os.environ["A"] */

    /* API_TOKEN, process.env.API_TOKEN, my-secret, vault/item:token */
    bool named = strspn(value, ARC_ALNUM "_.") >= len &&
                 (dots || strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") >= len);
    named = named || ((signs || folder || key) && strspn(value, ARC_ALNUM "-_/:") >= len &&
                      strcspn(value, "0123456789") >= len);
    named = named && names_secret(value, value + len);
    bool variable = memchr(value, '_', len) && strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") >= len;

    return in_path || in_file || named || variable || item ||
           ARC_STARTS(value, "vault:", "arn:", "ssm:", "file:", "env:", "./", "../") ||
           (len == 42 && ARC_STARTS(value, "0x")) || /* an account of Ethereum; a key has 66 */
           strchr("/|>~!&*[%@", *value) || strspn(value, "*xX.-_?0") >= len ||
           (address && address < value + len);
}

/* In settings files: "PASSWORD: literal" or "password=literal", but not variables, templates,
 * references to secrets, comments, the rest of a folded text, words, or short values and values with
 * spaces. */
static void find_assignment(const struct scan *s, const char *line)
{
    line += strspn(line, " \t");
    const char *sign = line + strcspn(line, ":=");
    if (!*sign || strchr("#;{\\", *line) || ARC_STARTS(line, "//") || !names_secret(line, sign))
        return;
    size_t key_len = arc_text_strip(line, (size_t)(sign - line), " \t\"'");
    const char *value = sign + 1 + strspn(sign + 1, " \t\"'");
    if (ARC_STARTS(value, "Bearer ", "Basic ")) /* the scheme of a header */
        value += strcspn(value, " ") + 1;
    size_t len = strcspn(value, " \t\"'`\r,;#");
    bool variable = memchr(value, '$', len) || memchr(value, '{', len) || memchr(value, '<', len) ||
                    memchr(value, '(', len);
    variable = variable || ARC_STARTS(sign, ":'"); /* psql's PASSWORD :'variable' */
    const char *rest = value + len + strspn(value + len, " \t");
    bool words = rest > value + len && *rest && !strchr("#;\r", *rest) &&
                 (*sign == ':' || sign[1] == ' '); /* token = await get() */
    const char *last = line + key_len;
    bool named = strncasecmp(line, "existing", 8) == 0 || /* existingSecret: NAME */
                 ARC_STARTS(line, "from_secret") ||       /* Woodpecker's and Drone's */
                 (key_len >= 11 && is_same_name(last - 11, "pull-secret", 11)) ||
                 (key_len >= 10 && strncasecmp(last - 10, "pullSecret", 10) == 0);
    if (len >= 4 && !named && !variable && !words && !is_reference(value, len) &&
        !is_word(value, len, line, key_len))
        report_found(s, "a password, key or token");
}

/* In Dockerfiles: "ARG NPM_TOKEN", whose value comes with the build and stays. */
static void find_argument(const struct scan *s, const char *line)
{
    line += strspn(line, " \t");
    if (strncasecmp(line, "ARG", 3) != 0 || !strchr(" \t", line[3]))
        return;
    line += 3 + strspn(line + 3, " \t");
    size_t len = strspn(line, ARC_ALNUM "_");
    if (len && line[len + strspn(line + len, "=\"' \t\r")] == '\0' &&
        names_secret(line, line + len))
        lint_find(s->lint, LINT_CREDENTIALS, s->file, s->line,
                  "the value of the argument %.*s stays in the image's history, the build's cache "
                  "and its provenance: use docker's RUN --mount=type=secret",
                  (int)len, line);
}

/* Whether a path says that its files' values are made up, as it does for Trivy: one of its words
 * begins like this. */
static bool is_made_up(const char *file)
{
    static const char *const starts[] = {"test", "example", "sample", "fixture", "docs", "e2e"};
    for (const char *at = file; *at; at++)
        arc_each_in (start, starts)
            if ((at == file || !arc_is_alnum(at[-1])) &&
                strncasecmp(at, *start, strlen(*start)) == 0)
                return true;
    return false;
}

static void scan_text(struct lint *lint, const char *file, char *text)
{
    static const char *const ends[] = {".yml",  ".yaml",       ".env", ".ini",
                                       ".conf", ".properties", ".toml"};
    struct scan s = {lint, file, 0};
    const char *name = arc_path_name(file);
    bool dockerfile =
        ARC_STARTS(name, "Dockerfile", "Containerfile") || arc_text_ends(name, "Dockerfile");
    bool settings = dockerfile || ARC_STARTS(name, ".env");

    arc_each_in (end, ends)
        settings = settings || arc_text_ends(file, *end);
    settings = settings && !is_made_up(file);

    for (char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        bool last = !line[len];
        line[len] = '\0';
        s.line++;
        find_tokens(&s, line);
        find_private_key(&s, line, last ? "" : line + len + 1);
        find_url_password(&s, line);
        if (settings)
            find_assignment(&s, line);
        if (settings && dockerfile)
            find_argument(&s, line);
        line += len + !last;
    }
}

/* Skips files that the settings exclude, binary files, files too long to be written by a person, and
 * files missing from the work tree. */
static int scan_file(void *context, const char *file)
{
    struct lint *lint = context;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    for (char **list = lint->settings.credentials_ignore; list && *list; list++) {
        size_t len = arc_text_strip(*list, strlen(*list), "/");
        if (strncmp(file, *list, len) == 0 && (file[len] == '/' || !file[len]))
            return lint->memory.failed;
    }

    int rc = arc_file_read_in(lint->root, file, LINT_FILE_MAX, &text, NULL);
    lint->memory.failed |= rc == ARC_ENOMEM;
    if (rc || !text.len || memchr(text.data, '\0', text.len))
        return lint->memory.failed;
    lint_looked_at(lint, file);
    scan_text(lint, file, text.data);

    return lint->memory.failed;
}

void lint_credentials(struct lint *lint)
{
    lint_each_file(lint, scan_file);
}
