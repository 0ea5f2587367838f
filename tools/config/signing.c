#include "config/reading.h"
#include "os/file.h"

#define GITHUB_ISSUER "https://token.actions.githubusercontent.com"

static bool check_with(const char *text, struct arc_buf *why)
{
    return strcmp(text, "cosign") == 0 ||
           arc_check_fails(why, "is not a way to sign; there is 'cosign'");
}

/* For any other scheme cosign would run a program of that name (sigstore-kms-NAME). */
static bool check_key(const char *text, struct arc_buf *why)
{
    static const char *const schemes[] = {"awskms", "gcpkms", "azurekms", "hashivault", "k8s"};
    const char *rest = strstr(text, "://");
    size_t len = rest ? (size_t)(rest - text) : 0;

    if (arc_text_is(text, len, "env")) { /* cosign gets variables with this name */
        ARC_AUTO(arc_buf) struct arc_buf unused = {0};
        return arc_check_build_arg(rest + 3, &unused) ||
               arc_check_fails(why, "is not a name of a variable: letters, digits and '_'");
    }

    if (!rest && !ARC_STARTS(text, "pkcs11:"))
        return arc_check_path(text, why);

    for (size_t i = 0; rest && i < ARC_COUNT(schemes); i++)
        if (arc_text_is(text, len, schemes[i]) && rest[3])
            return arc_check_line(text, why);

    return arc_check_fails(why, "is not a key: a file, env://NAME, awskms://…, gcpkms://…, "
                                "azurekms://…, hashivault://… or k8s://…");
}

static bool check_issuer(const char *text, struct arc_buf *why)
{
    static const char local[] = "http://127.0.0.1"; /* for tests; a port or path ends the host */
    bool is_local = strncmp(text, local, strlen(local)) == 0 && strchr(":/", text[strlen(local)]);
    if (!ARC_STARTS(text, "https://") && !is_local)
        return arc_check_fails(why, "is not an issuer: an https:// address");
    return arc_check_line(text, why);
}

#define AT(member) offsetof(struct arc_signing, member)

static const struct arc_field fields[] = {
    {"with", FIELD_TEXT, AT(with), .required = true, .check = check_with},
    {"key", FIELD_TEXT, AT(key), .check = check_key},
    {"public-key", FIELD_TEXT, AT(public_key), .check = arc_check_path},
    {"identity", FIELD_TEXT, AT(identity), .check = arc_check_line},
    {"issuer", FIELD_TEXT, AT(issuer), .check = check_issuer},
    {"trusted-root", FIELD_TEXT, AT(trusted_root), .check = arc_check_path},
    {"signing-config", FIELD_TEXT, AT(signing_config), .check = arc_check_path},
    {"unlogged", FIELD_FLAG, .offset = AT(unlogged)},
    {0},
};
static const struct arc_table table = {"'sign'", fields, .brief = "sign"};

static const char *find_conflict(const struct arc_signing *signing)
{
    if (signing->key && (signing->identity || signing->issuer))
        return "'identity' and 'issuer' are for signing without a key";
    if (signing->key && !signing->public_key && !arc_signing_in_kms(signing->key))
        return "a key needs its 'public-key', by which everybody checks";
    if (!signing->key && signing->public_key)
        return "'public-key' goes with a key";
    if (!signing->key && signing->unlogged)
        return "without a key, what was signed cannot be checked later unless it is logged";

    if (!signing->signing_config != !signing->trusted_root && !signing->key)
        return "'signing-config' and 'trusted-root' belong together: where one signs is where it "
               "is checked";

    if (signing->signing_config && signing->unlogged)
        return "'signing-config' says itself whether there is a log: leave 'unlogged' out";

    return NULL;
}

int arc_signing_read(const struct arc_loading *l, const struct arc_yaml_node *node,
                     struct arc_signing *out)
{
    static const char *const files[] = {"public-key", "trusted-root", "signing-config"};

    if (!node)
        return ARC_OK;
    ARC_TRY(arc_fields_read(l, node, &table, out));
    const char *conflict = find_conflict(out);
    if (conflict)
        return arc_yaml_error(node, l->err, "%s", conflict);

    arc_each_in (name, files) {
        const struct arc_yaml_node *file = arc_yaml_get(node, *name);
        if (file && arc_file_kind_in(l->root, file->text) != ARC_FILE_REGULAR)
            return arc_yaml_error(file, l->err, "%s: there is no file %s", *name, file->text);
    }

    if (out->issuer || !out->identity)
        return ARC_OK;
    if (!ARC_STARTS(out->identity, "https://github.com/"))
        return arc_yaml_error(node, l->err, "'sign' needs the 'issuer' that vouches for '%.200s'",
                              out->identity);
    out->issuer = arc_arena_text(l->memory, GITHUB_ISSUER); /* the form of GitHub's identities */

    return arc_arena_check(l->memory, l->err);
}
