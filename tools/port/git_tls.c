/* libgit2's network is never used (fetches run git itself), but git_libgit2_init() sets its TLS
 * stack up: it parses the whole CA bundle, 4–5 ms on Debian, more than the rest of a `changes` run.
 * The programs are linked with --wrap for these two initialisers, so libgit2 calls these instead.
 * Names and return value: libgit2 src/libgit2/streams/{mbedtls,openssl}.h. */
int __wrap_git_mbedtls_stream_global_init(void);
int __wrap_git_openssl_stream_global_init(void);

int __wrap_git_mbedtls_stream_global_init(void)
{
    return 0;
}

int __wrap_git_openssl_stream_global_init(void)
{
    return 0;
}
