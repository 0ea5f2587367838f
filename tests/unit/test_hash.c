/* SHA-256 against the examples of FIPS 180-4 (NIST, "SHA-256 examples"). */
#include "base/auto.h"
#include "os/hash.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_known(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char hex[ARC_SHA256_HEX];
        assert_int_equal(arc_sha256(table[i][0], strlen(table[i][0]), hex, NULL), 0);
        assert_string_equal(hex, table[i][1]);
    }
}

/* One million times 'a', in pieces that do not fit the block size, and from a file. */
static void test_pieces_and_file(void **state)
{
    (void)state;
    static const char want[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    char hex[ARC_SHA256_HEX], path[] = "/tmp/arcci-hash-XXXXXX", piece[1000];
    struct arc_hash *hash = NULL;
    size_t size = 0;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    memset(piece, 'a', sizeof piece);
    assert_int_equal(arc_hash_new(&hash, NULL), 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(arc_hash_add(hash, piece, sizeof piece, NULL), 0);
        assert_int_equal(write(fd, piece, sizeof piece), sizeof piece);
    }
    assert_int_equal(arc_hash_hex(hash, hex, NULL), 0);
    arc_hash_free(hash);
    assert_string_equal(hex, want);
    close(fd);
    memset(hex, 0, sizeof hex);
    assert_int_equal(arc_sha256_file(path, hex, &size, NULL), 0);
    assert_string_equal(hex, want);
    assert_int_equal(size, 1000000);
    unlink(path);
    assert_int_equal(arc_sha256_file(path, hex, NULL, NULL), ARC_ENOTFOUND);
    assert_int_equal(arc_sha256_file("/tmp", hex, NULL, NULL), ARC_EINPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known),
                                       cmocka_unit_test(test_pieces_and_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
