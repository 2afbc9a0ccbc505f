/*
 * Goal: the vault does on a real database what the lifecycle decides: hands out once, survives a
 * reopening, records every change as an event whose bytes and commitments check, wakes who waits,
 * and leaves no byte of a burned envelope in any file.
 */
#include "tests/unit/fixture.h"
#include "tests/unit/unit.h"
#include "vault/protocol/encoding/secret.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void assert_answer(enum answer got, enum answer wanted)
{
    assert_string_equal(answer_name(got), answer_name(wanted));
}

static void test_whole_handoff(void **state)
{
    struct fixture f;
    struct party p;
    struct vault_result r;
    struct vault_view view;
    uint8_t stranger[32] = {1};

    (void)state;
    fixture_open(&f);
    party_submit(&f, &p, 100, NULL, NULL);
    assert_answer(vault_read(f.vault, p.id, &view), ANSWER_OK);
    assert_int_equal(view.state, LIFECYCLE_AVAILABLE);
    assert_answer(party_claim(&f, &p, NULL, &r), ANSWER_OK);
    assert_int_equal(r.state, LIFECYCLE_CLAIMED);
    fixture_reopen(&f); /* nothing of it is forgotten */
    assert_answer(party_claim(&f, &p, NULL, &r), ANSWER_REPEATED);
    assert_answer(party_claim(&f, &p, stranger, &r), ANSWER_TAKEN);
    assert_true(r.at > 0);
    assert_answer(party_opened(&f, &p, stranger, &r), ANSWER_BAD_PROOF);
    assert_answer(party_opened(&f, &p, NULL, &r), ANSWER_OK);
    assert_answer(party_opened(&f, &p, NULL, &r), ANSWER_REPEATED);
    assert_answer(party_claim(&f, &p, NULL, &r), ANSWER_DELIVERED);
    assert_answer(party_receipt(&f, &p, RECEIPT_CONFIRMED, true, vault_now(f.vault), &r),
                  ANSWER_OK);
    assert_int_equal(r.state, LIFECYCLE_CONFIRMED);
    assert_answer(party_revoke(&f, &p, &r), ANSWER_DELIVERED);
    assert_answer(vault_read(f.vault, p.id, &view), ANSWER_OK);
    assert_int_equal(view.state, LIFECYCLE_CONFIRMED);
    assert_true(view.burned);
    party_free(&p);
    fixture_close(&f);
}

static void test_same_submission_again(void **state)
{
    struct fixture f;
    struct party p;
    struct vault_job job;
    struct vault_result r;

    (void)state;
    fixture_open(&f);
    party_submit(&f, &p, 100, NULL, NULL);
    for (int burned = 0; burned < 2; burned++) {
        for (uint32_t other = 0; other < 2; other++) {
            job = p.submitted;
            job.in.submit.envelope = secret_heap_alloc(p.envelope_len);
            memcpy(job.in.submit.envelope, p.envelope, p.envelope_len);
            job.in.submit.lease_s += other;
            vault_call(f.vault, &job);
            assert_answer(job.result.answer, other ? ANSWER_CONFLICT : ANSWER_REPEATED);
            assert_int_equal(job.result.event, other ? -1 : 1);
            vault_job_clear(&job);
        }
        assert_int_equal(party_revoke(&f, &p, &r) == ANSWER_OK, burned == 0);
    }
    party_free(&p);
    fixture_close(&f);
}

/* ---- events ---- */

struct collected {
    unsigned count;
    char kinds[16][32];
    unsigned commitments;
    bool opened_hash, receipt_key;
};

/* The commitment that stands in the event's line for a detail must be the one that its salt
   gives. */
static void check_commitment(const struct vault_event *e, const struct vault_detail *d)
{
    crypto_generichash_state hash;
    uint8_t out[32];
    char text[64], wanted[160];

    crypto_generichash_init(&hash, d->salt, 32, 32);
    crypto_generichash_update(&hash, (const uint8_t *)d->field, strlen(d->field) + 1);
    crypto_generichash_update(&hash, d->value, d->value_len);
    crypto_generichash_final(&hash, out, 32);
    sodium_bin2base64(text, sizeof(text), out, 32, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    snprintf(wanted, sizeof(wanted), "\"%s\":\"%s\"", d->field, text);
    assert_non_null(memmem(e->line, e->line_len, wanted, strlen(wanted)));
}

static bool collect_event(void *ctx, const struct vault_event *e)
{
    struct collected *c = ctx;
    const char *kind = memmem(e->line, e->line_len, "\"kind\":\"", 8);
    size_t len = 0;

    assert_non_null(kind);
    kind += 8;
    while (kind[len] != '"' && len < sizeof(c->kinds[0]) - 1)
        len++;
    assert_true(c->count < 16);
    memcpy(c->kinds[c->count], kind, len);
    c->kinds[c->count++][len] = '\0';
    for (size_t i = 0; i < e->details_len; i++) {
        check_commitment(e, &e->details[i]);
        c->commitments++;
        c->opened_hash |= strcmp(e->details[i].field, "opened_hash") == 0;
        c->receipt_key |= strcmp(e->details[i].field, "receipt_key") == 0;
    }
    return true;
}

static void add_texts(struct vault_submission *in)
{
    snprintf(in->texts[VAULT_LABEL], sizeof(in->texts[0]), "Contoso \"Exchange\"");
    snprintf(in->texts[VAULT_SHOWN_LABEL], sizeof(in->texts[0]), "From Ada");
}

static void test_events_and_disclosure(void **state)
{
    static const char *const kinds[] = {"handoff.created", "claim.accepted", "claim.refused",
                                        "handoff.opened",  "handoff.burned", "receipt.rejected"};
    struct fixture f;
    struct party p;
    struct vault_result r;
    struct vault_timeline t;
    struct collected c = {0};
    struct vault_view view;
    uint8_t stranger[32] = {1};

    (void)state;
    fixture_open(&f);
    party_submit(&f, &p, 100, NULL, add_texts);
    assert_answer(vault_read(f.vault, p.id, &view), ANSWER_OK);
    assert_string_equal(view.shown_label, "From Ada");
    assert_answer(vault_events(f.vault, p.id, -1, 100, collect_event, &c, &t), ANSWER_OK);
    assert_int_equal(c.count, 1);
    assert_int_equal(c.commitments, 2); /* the labels; opened hash and receipt key not yet */
    assert_false(c.opened_hash || c.receipt_key);

    (void)party_claim(&f, &p, NULL, &r);
    (void)party_claim(&f, &p, stranger, &r);
    (void)party_opened(&f, &p, NULL, &r);
    (void)party_receipt(&f, &p, RECEIPT_REJECTED, false, vault_now(f.vault), &r);
    memset(&c, 0, sizeof(c));
    assert_answer(vault_events(f.vault, p.id, -1, 100, collect_event, &c, &t), ANSWER_OK);
    assert_int_equal(c.count, sizeof(kinds) / sizeof(kinds[0]));
    for (unsigned i = 0; i < c.count; i++)
        assert_string_equal(c.kinds[i], kinds[i]);
    assert_true(c.opened_hash && c.receipt_key);
    assert_int_equal(t.state, LIFECYCLE_REJECTED);

    /* In pages of two, oldest first. */
    memset(&c, 0, sizeof(c));
    t.next = -1;
    for (unsigned page = 1; page <= 3; page++) {
        assert_answer(vault_events(f.vault, p.id, t.next, 2, collect_event, &c, &t), ANSWER_OK);
        assert_int_equal(c.count, page * 2);
        assert_string_equal(c.kinds[page * 2 - 1], kinds[page * 2 - 1]);
    }
    assert_answer(vault_check_manage_key(f.vault, p.id, p.manage_key), ANSWER_OK);
    assert_answer(vault_check_manage_key(f.vault, p.id, stranger), ANSWER_FORBIDDEN);
    party_free(&p);
    fixture_close(&f);
}

/* Every event's leaf is the hash of its line, indices have no gap, times never go back. */
static void test_log_is_gapless(void **state)
{
    struct fixture f;
    char path[128];
    sqlite3 *db;
    sqlite3_stmt *row;
    int64_t n = 0, last = 0;

    (void)state;
    fixture_open(&f);
    for (int i = 0; i < 20; i++) {
        struct party p;
        struct vault_result r;

        party_submit(&f, &p, 100, NULL, NULL);
        (void)party_claim(&f, &p, NULL, &r);
        (void)party_opened(&f, &p, NULL, &r);
        party_free(&p);
    }
    snprintf(path, sizeof(path), "%s/handoff.db", f.dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT n, time, leaf, line FROM event ORDER BY n", -1, &row, NULL),
        SQLITE_OK);
    for (; sqlite3_step(row) == SQLITE_ROW; n++) {
        crypto_hash_sha256_state hash;
        const uint8_t zero = 0;
        uint8_t leaf[32];

        crypto_hash_sha256_init(&hash);
        crypto_hash_sha256_update(&hash, &zero, 1);
        crypto_hash_sha256_update(&hash, sqlite3_column_text(row, 3),
                                  (unsigned long long)sqlite3_column_bytes(row, 3));
        crypto_hash_sha256_final(&hash, leaf);
        assert_int_equal(sqlite3_column_int64(row, 0), n);
        assert_true(sqlite3_column_int64(row, 1) >= last);
        last = sqlite3_column_int64(row, 1);
        assert_memory_equal(sqlite3_column_blob(row, 2), leaf, sizeof(leaf));
    }
    assert_int_equal(n, 1 + 20 * 4);
    sqlite3_finalize(row);
    sqlite3_close(db);
    fixture_close(&f);
}

/* ---- wrong codes ---- */

static void test_wrong_codes_are_counted_and_locked(void **state)
{
    struct fixture f;
    struct party p, wrong;
    struct vault_result r;

    (void)state;
    fixture_open(&f);
    party_submit(&f, &p, 100, "ABCD-EFGH", NULL);
    wrong = p;
    wrong.keys = keys_derive(p.link_key, p.id, NULL);
    wrong.keys->code = true;
    memcpy(wrong.keys->link_token, p.keys->link_token, 32);
    for (unsigned left = 5; left-- > 0;) {
        assert_answer(party_claim(&f, &wrong, NULL, &r), ANSWER_WRONG_CODE);
        assert_int_equal(r.tries_left, left);
        if (left == 2)
            fixture_reopen(&f); /* counters survive a restart */
    }
    assert_answer(party_claim(&f, &p, NULL, &r), ANSWER_TOO_MANY_TRIES);
    assert_in_range(r.retry_after_s, 290, 300);
    wrong.keys->link_token[0] ^= 1; /* no proof of the link: not counted, no event */
    assert_answer(party_claim(&f, &wrong, NULL, &r), ANSWER_WRONG_TOKEN);
    keys_free(wrong.keys);
    party_free(&p);
    fixture_close(&f);
}

/* ---- waiting ---- */

struct wakeups {
    pthread_mutex_t lock;
    unsigned count;
};

static void count_wakeup(struct vault_watch *w)
{
    struct wakeups *u = w->owner;

    pthread_mutex_lock(&u->lock);
    u->count++;
    pthread_mutex_unlock(&u->lock);
}

static void test_watch_is_woken_by_its_handoff_alone(void **state)
{
    struct fixture f;
    struct party p, other;
    struct vault_result r;
    struct wakeups u = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct vault_watch w = {.wake = count_wakeup, .owner = &u};

    (void)state;
    fixture_open(&f);
    party_submit(&f, &p, 100, NULL, NULL);
    party_submit(&f, &other, 100, NULL, NULL);
    memcpy(w.id, p.id, sizeof(w.id));
    vault_watch_add(f.vault, &w);
    (void)party_claim(&f, &other, NULL, &r);
    assert_int_equal(u.count, 0);
    (void)party_claim(&f, &p, NULL, &r); /* waking comes before answering */
    assert_int_equal(u.count, 1);
    vault_watch_remove(f.vault, &w);
    (void)party_opened(&f, &p, NULL, &r);
    assert_int_equal(u.count, 1);
    party_free(&p);
    party_free(&other);
    fixture_close(&f);
}

/* ---- nothing left ---- */

/* The at-rest form of a live envelope, out of its slot. */
static size_t at_rest(const struct fixture *f, const uint8_t id[16], uint8_t *out, size_t size)
{
    char path[128], text[128];
    sqlite3 *db;
    sqlite3_stmt *row;
    int64_t slot;
    size_t len;

    snprintf(path, sizeof(path), "%s/handoff.db", f->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_prepare_v2(db, "SELECT slot, sealed_len FROM handoff WHERE id=?", -1, &row, NULL);
    sqlite3_bind_blob(row, 1, id, 16, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    slot = sqlite3_column_int64(row, 0);
    len = (size_t)sqlite3_column_int64(row, 1);
    sqlite3_finalize(row);
    assert_true(len <= size);
    for (unsigned k = 0, found = 0; !found; k++) {
        snprintf(text, sizeof(text), "SELECT data FROM slot_%u WHERE slot=?", k);
        assert_int_equal(sqlite3_prepare_v2(db, text, -1, &row, NULL), SQLITE_OK);
        sqlite3_bind_int64(row, 1, slot);
        if (sqlite3_step(row) == SQLITE_ROW && (size_t)sqlite3_column_bytes(row, 0) >= len + 8) {
            memcpy(out, (const uint8_t *)sqlite3_column_blob(row, 0) + 8, len);
            found = 1;
        }
        sqlite3_finalize(row);
    }
    sqlite3_close(db);
    return len;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Churn with mixed sizes: what SQLite leaves behind when it rebuilds pages shows only so. */
static void test_burned_bytes_leave_every_file(void **state)
{
    enum { COUNT = 300, FORM = 32 };
    static uint8_t forms[COUNT][FORM];
    static struct party parties[COUNT];
    struct fixture f;
    uint8_t sealed[20000];
    int64_t deadline;
    size_t left;

    (void)state;
    fixture_open(&f);
    for (int i = 0; i < COUNT; i++) {
        size_t len;

        party_submit(&f, &parties[i], (size_t)(i * 7919 % 9000), NULL, NULL);
        len = at_rest(&f, parties[i].id, sealed, sizeof(sealed));
        memcpy(forms[i], sealed + len / 2, FORM);
        assert_true(fixture_search(&f, forms[i], FORM) > 0); /* the search finds what is there */
        if (i % 3 == 2) { /* burn the one before the last, so that slots are reused */
            struct vault_result r;

            (void)party_claim(&f, &parties[i - 1], NULL, &r);
            assert_answer(party_opened(&f, &parties[i - 1], NULL, &r), ANSWER_OK);
        }
    }
    for (int i = 0; i < COUNT; i++) {
        struct vault_result r;

        if (i % 3 == 1)
            continue;
        (void)party_claim(&f, &parties[i], NULL, &r);
        assert_answer(party_opened(&f, &parties[i], NULL, &r), ANSWER_OK);
    }
    deadline = now_ms() + 60000; /* one look at all takes seconds where sanitizers slow it down */
    do {
        poll(NULL, 0, 100);
        left = 0;
        for (int i = 0; i < COUNT; i++)
            left += fixture_search(&f, forms[i], FORM);
    } while (left > 0 && now_ms() < deadline);
    assert_int_equal(left, 0);
    for (int i = 0; i < COUNT; i++)
        party_free(&parties[i]);
    fixture_close(&f);
}

/* ---- keys and directory ---- */

static void refuse_to_open(struct fixture *f, const char *wanted)
{
    const struct vault_options options = {.dir = f->dir, .readers = 1};
    char why[256];

    assert_null(vault_open(&options, why, sizeof(why)));
    assert_non_null(strstr(why, wanted));
}

static void test_wrong_keys_and_second_daemon_are_refused(void **state)
{
    struct fixture f;
    char key[128], kept[128];
    int fd;

    (void)state;
    fixture_open(&f);
    refuse_to_open(&f, "another handoffd");
    vault_close(f.vault);
    f.vault = NULL;
    snprintf(key, sizeof(key), "%s/master.key", f.dir);
    snprintf(kept, sizeof(kept), "%s/kept.key", f.dir);

    assert_int_equal(chmod(key, 0640), 0);
    refuse_to_open(&f, "only its owner can read");
    assert_int_equal(chmod(key, 0600), 0);
    assert_int_equal(rename(key, kept), 0);
    refuse_to_open(&f, "is missing");
    fd = open(key, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "handoff-master-key-1 1 short\n", 29), 29);
    close(fd);
    refuse_to_open(&f, "is damaged");
    fd = open(key, O_WRONLY | O_TRUNC);
    assert_int_equal(
        write(fd, "handoff-master-key-1 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", 67), 67);
    close(fd);
    refuse_to_open(&f, "is not the key");
    assert_int_equal(rename(kept, key), 0);
    fixture_reopen(&f);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_handoff),
        cmocka_unit_test(test_same_submission_again),
        cmocka_unit_test(test_events_and_disclosure),
        cmocka_unit_test(test_log_is_gapless),
        cmocka_unit_test(test_wrong_codes_are_counted_and_locked),
        cmocka_unit_test(test_watch_is_woken_by_its_handoff_alone),
        cmocka_unit_test(test_burned_bytes_leave_every_file),
        cmocka_unit_test(test_wrong_keys_and_second_daemon_are_refused),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("vault", tests, NULL, NULL);
}
