/*
 * Goal: what one key sealed opens under it alone, also while others are there; a new key is taken
 * in from the file and seals from then on; destroyed ones open nothing and are not in the file;
 * tags stay the same; a file that is not as it must be is refused, with the reason.
 */
#include "tests/unit/unit.h"
#include "vault/keys/keyring.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char dir[64];
    struct keyfile_place file;
};

static void open_place(struct place *p)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(p->dir, sizeof(p->dir), "%s/handoff-unit-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(p->dir));
    p->file = (struct keyfile_place){.dir_fd = open(p->dir, O_RDONLY | O_DIRECTORY)};
    assert_true(p->file.dir_fd >= 0);
}

static void close_place(struct place *p)
{
    unlinkat(p->file.dir_fd, "master.key", 0);
    unlinkat(p->file.dir_fd, "other.key", 0);
    close(p->file.dir_fd);
    rmdir(p->dir);
}

static struct keyring *opened(const struct place *p, bool may_create)
{
    char why[256];
    struct keyring *k = keyring_open(&p->file, may_create, why, sizeof(why));

    if (k == NULL)
        fail_msg("%s", why);
    return k;
}

static size_t read_file(const struct place *p, const char *name, char *out, size_t size)
{
    const int fd = openat(p->file.dir_fd, name, O_RDONLY);
    ssize_t n;

    assert_true(fd >= 0);
    n = read(fd, out, size - 1);
    assert_true(n >= 0);
    close(fd);
    out[n] = '\0';
    return (size_t)n;
}

static const uint8_t text[] = "a secret of some length";
static const uint8_t ad[4] = "abc";

struct sealed {
    uint32_t id;
    uint8_t bytes[sizeof(text) + KEYRING_OVERHEAD];
};

static struct sealed seal(const struct keyring *k)
{
    struct sealed s;

    s.id = keyring_seal(k, KEYRING_ENVELOPES, ad, sizeof(ad), text, sizeof(text), s.bytes);
    return s;
}

static bool opens(const struct keyring *k, const struct sealed *s)
{
    uint8_t out[sizeof(text)];

    return keyring_unseal(k, s->id, KEYRING_ENVELOPES, ad, sizeof(ad), s->bytes, sizeof(s->bytes),
                          out) == 0 &&
           memcmp(out, text, sizeof(text)) == 0;
}

static void test_seal_and_unseal(void **state)
{
    struct place p;
    struct keyring *k;
    struct sealed s;
    uint8_t out[sizeof(text)];

    (void)state;
    open_place(&p);
    k = opened(&p, true);
    s = seal(k);
    assert_int_equal(s.id, keyring_current(k));
    assert_true(opens(k, &s));
    assert_int_equal(
        keyring_unseal(k, s.id, KEYRING_DETAILS, ad, sizeof(ad), s.bytes, sizeof(s.bytes), out),
        -1);
    assert_int_equal(
        keyring_unseal(k, s.id, KEYRING_ENVELOPES, ad, 3, s.bytes, sizeof(s.bytes), out), -1);
    assert_int_equal(keyring_unseal(k, s.id + 1, KEYRING_ENVELOPES, ad, sizeof(ad), s.bytes,
                                    sizeof(s.bytes), out),
                     -1);
    for (size_t i = 0; i < sizeof(s.bytes); i++) {
        s.bytes[i] ^= 1;
        assert_false(opens(k, &s));
        s.bytes[i] ^= 1;
    }
    keyring_close(k);
    k = opened(&p, false); /* the file gives the same key again */
    assert_true(opens(k, &s));
    keyring_close(k);
    close_place(&p);
}

static void test_life_of_two_keys(void **state)
{
    struct place p;
    struct keyring *k;
    struct sealed old, new;
    uint8_t tag[16], again[16], check[32], wrapped[KEYRING_WRAPPED];
    char before[256], why[256];

    (void)state;
    open_place(&p);
    k = opened(&p, true);
    assert_int_equal(keyring_first_tag_key(k, 1), 0);
    keyring_tag(k, "team:", "a", tag);
    keyring_tag(k, "name:", "a", again);
    assert_memory_not_equal(tag, again, sizeof(tag));
    assert_int_equal(keyring_check(k, 1, check), 0);
    old = seal(k);
    read_file(&p, "master.key", before, sizeof(before));
    assert_int_equal(keyring_reload(k, &p.file, why, sizeof(why)), 0);

    assert_int_equal(keyring_extend(&p.file, why, sizeof(why)), 2);
    assert_int_equal(keyring_current(k), 1); /* not before it was told */
    assert_int_equal(keyring_reload(k, &p.file, why, sizeof(why)), 1);
    assert_int_equal(keyring_reload(k, &p.file, why, sizeof(why)), 0);
    assert_int_equal(keyring_current(k), 2);
    assert_int_equal(keyring_count(k), 2);
    new = seal(k);
    assert_int_equal(new.id, 2);
    assert_true(opens(k, &old));
    assert_true(opens(k, &new));
    assert_int_equal(keyring_find(k, check), 1);
    keyring_wrap_tag_key(k, wrapped);

    assert_int_equal(keyring_shrink(k, &p.file), 0);
    assert_int_equal(keyring_count(k), 1);
    assert_false(opens(k, &old));
    assert_true(opens(k, &new));
    assert_int_equal(keyring_find(k, check), 0);
    keyring_close(k);

    k = opened(&p, false);
    assert_int_equal(keyring_current(k), 2);
    assert_false(opens(k, &old));
    assert_true(opens(k, &new));
    assert_int_equal(keyring_unwrap_tag_key(k, wrapped), 0);
    keyring_tag(k, "team:", "a", again);
    assert_memory_equal(tag, again, sizeof(tag));
    keyring_close(k);
    {
        char after[256];

        read_file(&p, "master.key", after, sizeof(after));
        before[strlen(before) - 1] = '\0';
        assert_null(strstr(after, strrchr(before, ' ') + 1));
    }
    close_place(&p);
}

static void test_no_more_keys_than_there_is_room_for(void **state)
{
    struct place p;
    struct keyring *k;
    char why[256];

    (void)state;
    open_place(&p);
    k = opened(&p, true);
    for (uint32_t id = 2; id <= KEYFILE_KEYS; id++)
        assert_int_equal(keyring_extend(&p.file, why, sizeof(why)), id);
    assert_int_equal(keyring_extend(&p.file, why, sizeof(why)), 0);
    assert_non_null(strstr(why, "rotation is under way"));
    assert_int_equal(keyring_reload(k, &p.file, why, sizeof(why)), 1);
    assert_int_equal(keyring_current(k), KEYFILE_KEYS);
    keyring_close(k);
    close_place(&p);
}

static void put(const struct place *p, const char *name, const char *content, mode_t mode);

/* Two keys of one number: what was sealed under the first must not be lost for the second. */
static void test_another_key_of_the_same_number_is_refused(void **state)
{
    struct place p;
    struct keyring *k;
    struct sealed s;
    char why[256], whole[128], other[256];

    (void)state;
    open_place(&p);
    k = opened(&p, true);
    read_file(&p, "master.key", whole, sizeof(whole));
    assert_int_equal(keyring_extend(&p.file, why, sizeof(why)), 2);
    assert_int_equal(keyring_reload(k, &p.file, why, sizeof(why)), 1);
    s = seal(k);
    snprintf(other, sizeof(other), "%shandoff-master-key-1 2 %043d\n", whole, 0);
    other[strlen(other) - 2] = 'A'; /* canonical: the last character has no stray bits */
    put(&p, "master.key", other, 0600);
    assert_int_equal(keyring_reload(k, &p.file, why, sizeof(why)), -1);
    assert_non_null(strstr(why, "another key under a number"));
    assert_int_equal(keyring_shrink(k, &p.file), -1);
    assert_true(opens(k, &s));
    assert_int_equal(keyring_count(k), 2);
    keyring_close(k);
    close_place(&p);
}

static void put(const struct place *p, const char *name, const char *content, mode_t mode)
{
    int fd;

    unlinkat(p->file.dir_fd, name, 0);
    fd = openat(p->file.dir_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void assert_refused(const struct place *p, const char *words)
{
    char why[256] = "";

    assert_null(keyring_open(&p->file, false, why, sizeof(why)));
    if (strstr(why, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why, words);
}

#define KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void test_files_that_are_refused(void **state)
{
    static const char *const damaged[] = {
        "",
        "\n",
        "handoff-master-key-1 1 " KEY,
        "handoff-master-key-2 1 " KEY "\n",
        "handoff-master-key-1  1 " KEY "\n",
        "handoff-master-key-1 0 " KEY "\n",
        "handoff-master-key-1 01 " KEY "\n",
        "handoff-master-key-1 4294967296 " KEY "\n",
        "handoff-master-key-1 1 " KEY "A\n",
        "handoff-master-key-1 1 " KEY "\n\n",
        "handoff-master-key-1 1 " KEY "\r\n",
        "handoff-master-key-1 2 " KEY "\nhandoff-master-key-1 2 " KEY "\n",
        "handoff-master-key-1 2 " KEY "\nhandoff-master-key-1 1 " KEY "\n",
    };
    struct place p;
    char path[128];

    (void)state;
    open_place(&p);
    assert_refused(&p, "is missing");
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        put(&p, "master.key", damaged[i], 0600);
        assert_refused(&p, "is damaged");
    }
    put(&p, "master.key", "handoff-master-key-1 1 " KEY "\n", 0640);
    assert_refused(&p, "only its owner can read");
    put(&p, "other.key", "handoff-master-key-1 1 " KEY "\n", 0600);
    unlinkat(p.file.dir_fd, "master.key", 0);
    assert_int_equal(symlinkat("other.key", p.file.dir_fd, "master.key"), 0);
    assert_refused(&p, "cannot be read");

    /* A credential may be readable by the service's group, and by nobody else. */
    snprintf(path, sizeof(path), "%s/other.key", p.dir);
    p.file.path = path;
    assert_int_equal(chmod(path, 0440), 0);
    keyring_close(opened(&p, false));
    assert_int_equal(chmod(path, 0444), 0);
    assert_refused(&p, "only its owner can read");
    {
        char why[256];

        assert_int_equal(chmod(path, 0400), 0);
        assert_int_equal(keyring_extend(&p.file, why, sizeof(why)), 0);
        assert_non_null(strstr(why, "not the service's own to write"));
    }
    close_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal_and_unseal),
        cmocka_unit_test(test_life_of_two_keys),
        cmocka_unit_test(test_no_more_keys_than_there_is_room_for),
        cmocka_unit_test(test_another_key_of_the_same_number_is_refused),
        cmocka_unit_test(test_files_that_are_refused),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
