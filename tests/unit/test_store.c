/*
 * Goal: what the database deletes as a row, and not by overwriting it, leaves no bytes either: the
 * second line behind everything that is wiped on purpose.
 */
#include "tests/unit/fixture.h"
#include "tests/unit/unit.h"
#include "vault/store/store.h"

#include <sodium.h>
#include <stdio.h>

static void begin(struct store *s)
{
    struct store_head head;

    assert_int_equal(store_begin(s, &head), 0);
}

static void commit_and_scrub(struct store *s)
{
    assert_int_equal(store_commit(s), 0);
    assert_int_equal(store_scrub(s, STORE_SCRUB_FINISH), 0);
}

static void test_deleted_rows_leave_nothing(void **state)
{
    enum { VALUES = 20 };
    struct fixture f;
    struct store *s;
    uint8_t bytes[VALUES][64];
    char path[96], why[256], name[16];

    (void)state;
    fixture_open(&f);
    vault_close(f.vault);
    snprintf(path, sizeof(path), "%s/handoff.db", f.dir);
    s = store_open(path, STORE_WRITER, why, sizeof(why));
    assert_non_null(s);

    randombytes_buf(bytes, sizeof(bytes));
    begin(s);
    for (int i = 0; i < VALUES; i++) {
        snprintf(name, sizeof(name), "value-%d", i);
        assert_int_equal(store_set_value(s, name, bytes[i], sizeof(bytes[i])), 0);
    }
    commit_and_scrub(s);
    for (int i = 0; i < VALUES; i++)
        assert_true(fixture_search(&f, bytes[i], sizeof(bytes[i])) > 0);

    begin(s);
    for (int i = 0; i < VALUES; i++) {
        snprintf(name, sizeof(name), "value-%d", i);
        assert_int_equal(store_drop_value(s, name), 0);
    }
    commit_and_scrub(s);
    for (int i = 0; i < VALUES; i++)
        assert_int_equal(fixture_search(&f, bytes[i], sizeof(bytes[i])), 0);

    store_close(s);
    f.vault = vault_open(&f.options, why, sizeof(why));
    assert_non_null(f.vault);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_deleted_rows_leave_nothing)};

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
