/*
 * Goal: what lives is charged to whoever submitted it, in number and bytes, and to the whole;
 * beyond a limit nothing is taken, and what was refused leaves nothing. A burn of any kind gives
 * the charge back, and a restart forgets none of it.
 */
#include "tests/unit/fixture.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL = 100, ENVELOPE = 297 };

static void by_ada(struct vault_submission *in)
{
    snprintf(in->payer, sizeof(in->payer), "token:Ada");
    in->payer_live_max = 3;
    in->payer_bytes_max = 3 * ENVELOPE;
}

static void by_bob(struct vault_submission *in)
{
    snprintf(in->payer, sizeof(in->payer), "token:Bob");
    in->payer_live_max = 100;
}

static void by_ada_for_a_moment(struct vault_submission *in)
{
    by_ada(in);
    in->burn_on_claim = true;
}

static void assert_try(struct fixture *f, size_t size, void (*who)(struct vault_submission *in),
                       enum answer wanted)
{
    struct party p;

    assert_string_equal(answer_name(party_try(f, &p, size, NULL, who)), answer_name(wanted));
    party_free(&p);
}

static void assert_lives(struct fixture *f, uint64_t live, uint64_t bytes)
{
    struct vault_stats stats;

    assert_int_equal(vault_stats(f->vault, &stats), 0);
    assert_int_equal(stats.live, live);
    assert_int_equal(stats.live_bytes, bytes);
}

static void test_number_of_a_payer(void **state)
{
    struct fixture f;
    struct party ada[3];
    struct vault_result r;

    (void)state;
    fixture_open(&f);
    for (int i = 0; i < 3; i++)
        party_submit(&f, &ada[i], SMALL, NULL, by_ada);
    assert_try(&f, SMALL, by_ada, ANSWER_QUOTA);
    assert_try(&f, SMALL, by_bob, ANSWER_OK); /* each has its own */
    assert_try(&f, SMALL, NULL, ANSWER_OK);
    assert_lives(&f, 5, 5 * ENVELOPE);
    fixture_reopen(&f);
    assert_try(&f, SMALL, by_ada, ANSWER_QUOTA);

    /* Claimed it lives still; opened it does not. */
    assert_int_equal(party_claim(&f, &ada[0], NULL, &r), ANSWER_OK);
    assert_try(&f, SMALL, by_ada, ANSWER_QUOTA);
    assert_int_equal(party_opened(&f, &ada[0], NULL, &r), ANSWER_OK);
    assert_lives(&f, 4, 4 * ENVELOPE);
    assert_try(&f, SMALL, by_ada, ANSWER_OK);
    assert_try(&f, SMALL, by_ada, ANSWER_QUOTA);
    /* Nor does a revoked one. */
    assert_int_equal(party_revoke(&f, &ada[1], &r), ANSWER_OK);
    assert_try(&f, SMALL, by_ada, ANSWER_OK);
    assert_try(&f, SMALL, by_ada, ANSWER_QUOTA);
    for (int i = 0; i < 3; i++)
        party_free(&ada[i]);
    fixture_close(&f);
}

static void test_bytes_of_a_payer(void **state)
{
    struct fixture f;
    struct party p;

    (void)state;
    fixture_open(&f);
    party_submit(&f, &p, SMALL, NULL, by_ada);
    assert_try(&f, 600, by_ada, ANSWER_QUOTA); /* 809 bytes: with the first too many */
    assert_try(&f, SMALL, by_ada, ANSWER_OK);
    assert_lives(&f, 2, 2 * ENVELOPE);
    party_free(&p);
    fixture_close(&f);
}

static void test_whole(void **state)
{
    struct fixture f;
    struct party p;
    struct vault_result r;

    (void)state;
    fixture_open_limited(&f, 2, 0);
    party_submit(&f, &p, SMALL, NULL, NULL);
    assert_try(&f, SMALL, by_bob, ANSWER_OK);
    assert_try(&f, SMALL, by_ada, ANSWER_QUOTA);
    assert_int_equal(party_revoke(&f, &p, &r), ANSWER_OK);
    assert_try(&f, SMALL, by_ada, ANSWER_OK);
    party_free(&p);
    fixture_close(&f);

    fixture_open_limited(&f, 0, ENVELOPE + ENVELOPE - 1);
    assert_try(&f, SMALL, NULL, ANSWER_OK);
    assert_try(&f, SMALL, NULL, ANSWER_QUOTA);
    fixture_close(&f);
}

/* A repeat is no second handoff, even where there is no room for one. */
static void test_repeat_is_not_charged(void **state)
{
    struct fixture f;
    struct party p;
    struct vault_job job;

    (void)state;
    fixture_open_limited(&f, 1, 0);
    party_submit(&f, &p, SMALL, NULL, NULL);
    job = p.submitted;
    job.in.submit.envelope = malloc(p.envelope_len);
    assert_non_null(job.in.submit.envelope);
    memcpy(job.in.submit.envelope, p.envelope, p.envelope_len);
    vault_call(f.vault, &job);
    assert_int_equal(job.result.answer, ANSWER_REPEATED);
    free(job.in.submit.envelope);
    job.in.submit.envelope = NULL;
    vault_job_clear(&job);
    assert_lives(&f, 1, ENVELOPE);
    party_free(&p);
    fixture_close(&f);
}

static void test_burned_at_the_claim(void **state)
{
    struct fixture f;
    struct party p;
    struct vault_result r;

    (void)state;
    fixture_open(&f);
    party_submit(&f, &p, SMALL, NULL, by_ada_for_a_moment);
    assert_lives(&f, 1, ENVELOPE);
    assert_int_equal(party_claim(&f, &p, NULL, &r), ANSWER_OK);
    assert_lives(&f, 0, 0);
    party_free(&p);
    fixture_close(&f);
}

/* More payers in a transaction than are kept at hand. */
static void test_many_payers(void **state)
{
    struct fixture f;
    struct party parties[100];
    struct vault_result r;

    (void)state;
    fixture_open(&f);
    for (int i = 0; i < 100; i++)
        party_submit(&f, &parties[i], SMALL, NULL, i % 2 ? by_bob : NULL);
    assert_lives(&f, 100, 100 * ENVELOPE);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(party_revoke(&f, &parties[i], &r), ANSWER_OK);
        party_free(&parties[i]);
    }
    assert_lives(&f, 0, 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number_of_a_payer),
        cmocka_unit_test(test_bytes_of_a_payer),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_repeat_is_not_charged),
        cmocka_unit_test(test_burned_at_the_claim),
        cmocka_unit_test(test_many_payers),
    };

    return cmocka_run_group_tests_name("charges", tests, NULL, NULL);
}
