/* Starting libgit2, without its network.
 *
 * arc-ci fetches by running git itself, so libgit2's transports are never used; but they cost:
 * starting their TLS parses the whole CA bundle (4–5 ms on Debian, more than the rest of a
 * `changes` run), and they bring in HTTP, SSH and Kerberos. The programs are linked with --wrap for
 * the places where libgit2 refers to them (GIT2_OFFLINE in CMakeLists.txt), so that these stand
 * there instead and none of that code is in the program. Names and types: libgit2's src/libgit2/
 * {transport,settings}.c, streams/{mbedtls,openssl}.h, transports/{ssh,http}.h. */
#include "git/lib.h"

#define UNUSED __attribute__((unused))

/* A stub that does nothing and returns `code`. */
#define OFFLINE(code, name, ...)                                                                   \
    int __wrap_##name(__VA_ARGS__);                                                                \
    int __wrap_##name(__VA_ARGS__)                                                                 \
    {                                                                                              \
        return code;                                                                               \
    }

OFFLINE(0, git_mbedtls_stream_global_init, void)
OFFLINE(0, git_openssl_stream_global_init, void)
OFFLINE(0, git_transport_ssh_global_init, void)
OFFLINE(0, git_transport_ssh_libssh2_global_init, void)
OFFLINE(GIT_ERROR, git_mbedtls__set_cert_location, UNUSED const char *file, UNUSED const char *path)
OFFLINE(GIT_ERROR, git_openssl__set_cert_location, UNUSED const char *file, UNUSED const char *path)
OFFLINE(GIT_ERROR, git_transport_new, UNUSED void **out, UNUSED void *owner, UNUSED const char *url)

extern bool git_http__expect_continue;

/* A variable, since linkers crash on --wrap of one. Weak, so that libgit2's own wins if it is
 * linked too; hidden, so that a shared libgit2 keeps its own. */
__attribute__((weak, visibility("hidden"))) bool git_http__expect_continue = false;

/* Extensions of the repository format that do not affect readers of objects and refs
 * (actions/checkout sets the first two for `filter:` and `sparse-checkout:`), and two whose values
 * git/open.c checks. */
static const char *const harmless_extensions[] = {
    "partialclone",        "worktreeconfig",     "preciousobjects", "relativeworktrees",
    "submodulepathconfig", "compatobjectformat", "objectformat",    "refstorage"};

int arc_git_start(struct arc_error *err)
{
    int rc = git_libgit2_init();
    ARC_TRY(arc_git_check(err, rc, "starting libgit2"));

    /* Like git, do not recompute names when reading objects. */
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0); /* done by git/open.c */
    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, harmless_extensions, ARC_COUNT(harmless_extensions));

    return ARC_OK;
}
