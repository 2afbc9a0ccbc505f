/*
 * Goal: what the database deletes as a row, and not by overwriting it, leaves no bytes either: the
 * second line behind everything that is wiped on purpose. And what a connection remembers of the
 * rows that it wrote is never older than what another has committed, nor newer than what it has.
 */
#include "tests/unit/fixture.h"
#include "tests/unit/unit.h"
#include "vault/keys/keyring.h"
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

static struct store *open_store(const struct fixture *f, enum store_mode mode)
{
    char path[96], why[256];
    struct store *s;

    snprintf(path, sizeof(path), "%s/handoff.db", f->dir);
    s = store_open(path, mode, why, sizeof(why));
    if (s == NULL)
        fail_msg("%s", why);
    return s;
}

/* Closes a fixture whose vault was closed before. */
static void end(struct fixture *f)
{
    char why[256];

    f->vault = vault_open(&f->options, why, sizeof(why));
    assert_non_null(f->vault);
    fixture_close(f);
}

static void test_deleted_rows_leave_nothing(void **state)
{
    enum { VALUES = 20 };
    struct fixture f;
    struct store *s;
    uint8_t bytes[VALUES][64];
    char name[16];

    (void)state;
    fixture_open(&f);
    vault_close(f.vault);
    s = open_store(&f, STORE_WRITER);

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
    end(&f);
}

static void make_handoff(struct store *s, struct store_handoff *h)
{
    uint8_t sealed[KEYRING_OVERHEAD + 297] = {0};

    *h = (struct store_handoff){.created_at = 1, .key_id = 1, .sealed_len = sizeof(sealed)};
    h->facts = (struct lifecycle_facts){.state = LIFECYCLE_AVAILABLE, .expires_at = INT64_MAX};
    h->created_n = h->last_n = 0; /* the event of the vault's opening */
    h->claimed_n = h->opened_n = h->revoked_n = -1;
    randombytes_buf(h->id, sizeof(h->id));
    randombytes_buf(h->claim_hash, sizeof(h->claim_hash));
    assert_int_equal(store_insert(s, h, sealed), 0);
}

/* The tries that a connection finds noted. */
static unsigned find_tries(struct store *s, const uint8_t id[16])
{
    struct store_handoff h;

    assert_int_equal(store_find(s, id, &h), 0);
    return h.facts.tries;
}

static void note_tries(struct store *s, const uint8_t id[16], unsigned tries)
{
    struct store_handoff h;

    assert_int_equal(store_find(s, id, &h), 0);
    h.facts.tries = tries;
    assert_int_equal(store_update(s, &h), 0);
}

static void test_remembered_rows_are_the_newest(void **state)
{
    struct fixture f;
    struct store *own, *other;
    struct store_handoff h, found;

    (void)state;
    fixture_open(&f);
    vault_close(f.vault);
    own = open_store(&f, STORE_WRITER);
    other = open_store(&f, STORE_GUEST);

    begin(own);
    make_handoff(own, &h);
    assert_int_equal(store_find(own, h.id, &found), 0);
    assert_memory_equal(found.claim_hash, h.claim_hash, sizeof(h.claim_hash));
    assert_int_equal(store_commit(own), 0);

    begin(other); /* somebody else writes: it counts at once */
    note_tries(other, h.id, 3);
    assert_int_equal(store_commit(other), 0);
    begin(own);
    assert_int_equal(find_tries(own, h.id), 3);
    note_tries(own, h.id, 4);
    assert_int_equal(find_tries(own, h.id), 4);
    store_rollback(own); /* and what is taken back does not */
    begin(own);
    assert_int_equal(find_tries(own, h.id), 3);
    note_tries(own, h.id, 5);
    assert_int_equal(store_burn(own, &h), 0);
    assert_int_equal(store_commit(own), 0);
    begin(other);
    assert_int_equal(find_tries(other, h.id), 5);
    store_rollback(other);

    store_close(other);
    store_close(own);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deleted_rows_leave_nothing),
        cmocka_unit_test(test_remembered_rows_are_the_newest),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
