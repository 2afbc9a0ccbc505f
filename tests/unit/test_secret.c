/*
 * Goal: secret buffers hold, bound, lock and wipe; what could not be locked is told; the heap for
 * libraries wipes each block before it goes.
 */
#include "tests/unit/sanitized.h"
#include "tests/unit/unit.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/handoff/keys.h"

#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what free() is given ---- */

/* While this is set, each block is searched for it before it goes. */
static struct {
    const char *marker;
    unsigned blocks, found;
} watch;

/* The linker gives these their names. */
void __real_free(void *block);
void __wrap_free(void *block);

void __wrap_free(void *block)
{
    if (watch.marker != NULL && block != NULL) {
        watch.blocks++;
        if (memmem(block, malloc_usable_size(block), watch.marker, strlen(watch.marker)) != NULL)
            watch.found++;
    }
    __real_free(block);
}

static void begin_watch(const char *marker)
{
    watch.blocks = watch.found = 0;
    watch.marker = marker;
}

static void test_heap_wipes_what_it_frees(void **state)
{
    static const char marker[] = "correct horse battery staple";
    char *volatile ordinary; /* or the compiler leaves it all out */
    char *block, *other;

    (void)state;
    begin_watch(marker);
    ordinary = strdup(marker);
    assert_non_null(ordinary);
    free(ordinary);
    assert_int_equal(watch.found, 1); /* the control: an ordinary block is freed as it is */

    begin_watch(marker);
    block = secret_heap_alloc(100);
    memcpy(block + 40, marker, sizeof(marker));
    secret_heap_free(block);
    block = secret_heap_strdup(marker);
    other = secret_heap_realloc(block, 4096); /* moves */
    assert_string_equal(other, marker);
    other = secret_heap_realloc(other, 5); /* shrinks */
    assert_memory_equal(other, marker, 5);
    secret_heap_free(other);
    watch.marker = NULL;
    assert_int_equal(watch.blocks, 4);
    assert_int_equal(watch.found, 0);
}

static void test_heap_keeps_mallocs_contracts(void **state)
{
    char *block = secret_heap_realloc(NULL, 3), *zeros = secret_heap_calloc(3, 5);

    (void)state;
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
    memcpy(block, "ab", 3);
    block = secret_heap_realloc(block, 100000);
    assert_string_equal(block, "ab");
    assert_true(sodium_is_zero((const uint8_t *)zeros, 15));
    assert_null(secret_heap_calloc(SIZE_MAX / 2, 3));
    assert_null(secret_heap_alloc(SIZE_MAX - 4));
    assert_null(secret_heap_realloc(block, SIZE_MAX - 4));
    assert_string_equal(block, "ab"); /* a growth that failed leaves the block */
    secret_heap_free(block);
    secret_heap_free(zeros);
    secret_heap_free(NULL);
}

/* ---- buffers ---- */

static void test_bounds(void **state)
{
    struct secret *s = secret_new(4), *none = secret_new(0);

    (void)state;
    assert_int_equal(secret_len(s), 0);
    assert_int_equal(secret_capacity(s), 4);
    assert_int_equal(secret_append(s, "abcd", 4), 0);
    assert_int_equal(secret_append(s, "e", 1), -1);
    assert_int_equal(secret_append(s, "e", SIZE_MAX), -1);
    assert_int_equal(secret_append(s, NULL, 0), 0);
    assert_int_equal(secret_len(s), 4);
    assert_int_equal(secret_resize(s, 5), -1);
    assert_int_equal(secret_resize(s, 1), 0);
    assert_memory_equal(secret_bytes(s), "a\0\0\0", 4); /* what was cut off is wiped */
    assert_int_equal(secret_append(none, "a", 1), -1);
    assert_null(secret_new(SIZE_MAX));
    secret_free(none);
    secret_free(s);
    secret_free(NULL);
}

/* Whether the mapping that holds address has a flag ("lo" locked, "dd" not dumped). */
static bool has_flag(const void *address, const char *flag)
{
    FILE *f = fopen("/proc/self/smaps", "r");
    const uintptr_t wanted = (uintptr_t)address;
    bool inside = false, found = false;
    char line[512];

    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        unsigned long from, to;

        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = wanted >= from && wanted < to;
        if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, flag) != NULL;
    }
    fclose(f);
    return found;
}

static void test_locked_and_not_dumped(void **state)
{
    static const uint8_t zeros[32], id[16];
    struct secret *s = secret_new(100);
    struct keys *keys = keys_derive(zeros, id, NULL);
    void *plain = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(plain != MAP_FAILED);
    assert_false(has_flag(plain, " lo")); /* the control: an ordinary mapping has neither */
    assert_false(has_flag(plain, " dd"));
    assert_true(has_flag(secret_bytes(s), " dd"));
    assert_true(has_flag(keys, " dd"));
    assert_int_equal(has_flag(secret_bytes(s), " lo"), secret_all_locked() && !SANITIZED);
    assert_int_equal(has_flag(keys, " lo"), secret_all_locked() && !SANITIZED);
    munmap(plain, 4096);
    keys_free(keys);
    keys_free(NULL);
    secret_free(s);
}

/* In a child that may lock nothing: the buffer serves, and the failure is told. */
static void test_a_failed_lock_is_told(void **state)
{
    enum { NOBODY = 65534 };
    const struct rlimit none = {0, 0};
    pid_t child;
    int status;

    (void)state;
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct secret *s;

        if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(NOBODY) != 0))
            _exit(2);
        s = secret_new(64);
        if (s == NULL || secret_append(s, "abc", 3) != 0)
            _exit(3);
        _exit(secret_all_locked() == SANITIZED ? 0 : 4);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_dumps_are_forbidden(void **state)
{
    pid_t child;
    int status;

    (void)state;
    assert_int_equal(prctl(PR_GET_DUMPABLE), 1); /* the control */
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit;

        if (secret_forbid_dumps() != 0 || prctl(PR_GET_DUMPABLE) != 0)
            _exit(2);
        _exit(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 ? 0 : 3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heap_wipes_what_it_frees),
        cmocka_unit_test(test_heap_keeps_mallocs_contracts),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_locked_and_not_dumped),
        cmocka_unit_test(test_a_failed_lock_is_told),
        cmocka_unit_test(test_dumps_are_forbidden),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
