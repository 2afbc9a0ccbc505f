/*
 * Goal: the key that the database names signs, and no other; a replacement that was interrupted
 * anywhere leaves a log that can be signed; a file that is not right is refused and left as it is.
 */
#include "tests/unit/unit.h"
#include "vault/log/logkey.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char dir[128];
    int fd;
    struct store *store;
    char why[512];
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    const char *tmp = getenv("TMPDIR");
    char path[256];

    snprintf(p->dir, sizeof(p->dir), "%s/handoff-unit-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(p->dir) == NULL)
        return -1;
    p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(path, sizeof(path), "%s/db", p->dir);
    p->store = store_open(path, STORE_WRITER, p->why, sizeof(p->why));
    *state = p;
    return p->store != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"db", "db-wal", "db-shm", "log.key", "log.key.new"};
    struct place *p = *state;

    store_close(p->store);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)unlinkat(p->fd, names[i], 0);
    close(p->fd);
    assert_int_equal(rmdir(p->dir), 0);
    free(p);
    return 0;
}

static struct logkey *opened(struct place *p)
{
    struct logkey *k = logkey_open(p->fd, p->why, sizeof(p->why));

    assert_non_null(k);
    return k;
}

static void settle(struct place *p, struct logkey *k, const char *name)
{
    assert_int_equal(logkey_settle(k, p->store, name, p->why, sizeof(p->why)), 0);
}

static void assert_signs(struct place *p, struct logkey *k, const struct note_key *key)
{
    const struct checkpoint c = {.size = 7};
    char note[NOTE_BYTES];
    struct text t = text_into(note, sizeof(note));
    struct checkpoint read;

    assert_int_equal(logkey_sign(k, p->store, &c, &t), 0);
    assert_int_equal(checkpoint_open(&read, t.data, t.len, key), NOTE_GOOD);
}

static void bind_key(struct place *p, const struct note_key *key)
{
    struct store_head head;

    assert_int_equal(store_begin(p->store, &head), 0);
    assert_int_equal(logkey_bind(p->store, key), 0);
    assert_int_equal(store_commit(p->store), 0);
}

static size_t lines_of(const struct place *p)
{
    char text[2048];
    const int fd = openat(p->fd, "log.key", O_RDONLY);
    const ssize_t n = read(fd, text, sizeof(text));
    size_t lines = 0;

    close(fd);
    for (ssize_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    return lines;
}

static void test_made_once_and_found_again(void **state)
{
    struct place *p = *state;
    struct logkey *k = opened(p);
    struct note_key first, again;
    struct stat st;

    assert_int_equal(logkey_current(k, p->store, &first), -1);
    settle(p, k, "log.example");
    assert_int_equal(logkey_current(k, p->store, &first), 0);
    assert_string_equal(first.name, "log.example");
    assert_int_equal(fstatat(p->fd, "log.key", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    logkey_close(k);

    k = opened(p);
    settle(p, k, "another name that is not asked for");
    assert_int_equal(logkey_current(k, p->store, &again), 0);
    assert_true(note_key_equal(&first, &again));
    assert_signs(p, k, &first);
    logkey_close(k);
}

/* At each step a second process, such as the service beside the command, still signs. */
static void test_replaced_step_by_step(void **state)
{
    struct place *p = *state;
    struct logkey *k = opened(p), *service;
    struct note_key old, new, left;

    settle(p, k, "log.example");
    service = opened(p);
    assert_int_equal(logkey_current(service, p->store, &old), 0);

    assert_int_equal(logkey_extend(k, p->store, "log.example", false, &new, p->why, 512), 0);
    assert_int_equal(lines_of(p), 2);
    assert_signs(p, service, &old);
    /* Killed here, and begun again: the key that is there is taken. */
    assert_int_equal(logkey_extend(k, p->store, "log.example", false, &left, p->why, 512), 0);
    assert_true(note_key_equal(&new, &left));
    assert_int_equal(lines_of(p), 2);
    /* With another name it is another key, and the file does not grow. */
    assert_int_equal(logkey_extend(k, p->store, "other.example", false, &new, p->why, 512), 0);
    assert_false(note_key_equal(&new, &left));
    assert_int_equal(lines_of(p), 2);

    bind_key(p, &new);
    assert_signs(p, service, &new);
    assert_signs(p, k, &new);
    /* Killed here: the next one shrinks, or extends over the key that is of no use any more. */
    assert_int_equal(logkey_shrink(k, p->store, p->why, sizeof(p->why)), 0);
    assert_int_equal(lines_of(p), 1);
    assert_signs(p, service, &new);
    logkey_close(service);
    logkey_close(k);
}

static void test_killed_before_the_old_key_is_destroyed(void **state)
{
    struct place *p = *state;
    struct logkey *k = opened(p);
    struct note_key second, third;

    settle(p, k, "log.example");
    assert_int_equal(logkey_extend(k, p->store, "log.example", false, &second, p->why, 512), 0);
    bind_key(p, &second);
    logkey_close(k);
    k = opened(p);
    settle(p, k, "log.example");
    assert_int_equal(lines_of(p), 1);
    assert_signs(p, k, &second);
    assert_int_equal(logkey_extend(k, p->store, "log.example", false, &third, p->why, 512), 0);
    assert_false(note_key_equal(&second, &third));
    assert_signs(p, k, &second);
    bind_key(p, &third);
    assert_signs(p, k, &third);
    logkey_close(k);
}

static void put(const struct place *p, const char *text, mode_t mode)
{
    int fd;

    (void)unlinkat(p->fd, "log.key", 0);
    fd = openat(p->fd, "log.key", O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

#define SEED "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void test_files_that_are_refused(void **state)
{
    static const char *const damaged[] = {
        "",
        "\n",
        "handoff-log-key-1 a " SEED,
        "handoff-log-key-2 a " SEED "\n",
        "handoff-log-key-1  " SEED "\n",
        "handoff-log-key-1 a+b " SEED "\n",
        "handoff-log-key-1 a " SEED "A\n",
        "handoff-log-key-1 a " SEED "\n\n",
        "handoff-log-key-1 a " SEED "\nhandoff-log-key-1 b " SEED "\nhandoff-log-key-1 c " SEED
        "\n",
    };
    struct place *p = *state;

    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        put(p, damaged[i], 0600);
        assert_null(logkey_open(p->fd, p->why, sizeof(p->why)));
        assert_non_null(strstr(p->why, "damaged"));
    }
    put(p, "handoff-log-key-1 a " SEED "\n", 0644);
    assert_null(logkey_open(p->fd, p->why, sizeof(p->why)));
    assert_non_null(strstr(p->why, "chmod 600"));
}

static void test_another_key_does_not_sign(void **state)
{
    struct place *p = *state;
    struct logkey *k = opened(p);
    struct note_key key, fresh;

    settle(p, k, "log.example");
    logkey_close(k);
    put(p, "handoff-log-key-1 log.example " SEED "\n", 0600);
    k = opened(p);
    assert_int_equal(logkey_settle(k, p->store, "log.example", p->why, sizeof(p->why)), -1);
    assert_non_null(strstr(p->why, "rotate-log --lost"));
    assert_int_equal(logkey_current(k, p->store, &key), -1);
    /* What is lost is replaced by a new key, never by the wrong one that lies there. */
    note_key_of(&key, "log.example", (const uint8_t[32]){0});
    assert_int_equal(logkey_extend(k, p->store, "log.example", true, &fresh, p->why, 512), 0);
    assert_false(note_key_equal(&key, &fresh));
    assert_int_equal(lines_of(p), 1);
    logkey_close(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made_once_and_found_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replaced_step_by_step, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_killed_before_the_old_key_is_destroyed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_files_that_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_key_does_not_sign, set_up, tear_down),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("logkey", tests, NULL, NULL);
}
