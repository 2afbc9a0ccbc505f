/* Goal: statements and signatures are those of the vectors, and none that differs is taken. */
#include "tests/unit/vectors.h"
#include "vault/protocol/handoff/receipt.h"

#include <sodium.h>
#include <string.h>

static void check_receipt(const json_t *v)
{
    struct receipt r = {.at = json_integer_value(json_object_get(v, "at")),
                        .outcome = strcmp(vectors_text(v, "outcome"), "confirmed") == 0
                                       ? RECEIPT_CONFIRMED
                                       : RECEIPT_REJECTED,
                        .details = vectors_text(v, "details")};
    char statement[RECEIPT_STATEMENT_MAX];
    uint8_t seed[32], public_key[32], signature[64];
    size_t len;

    r.details_len = r.details != NULL ? strlen(r.details) : 0;
    vectors_id(v, r.id);
    vectors_bytes(v, "envelope_hash", r.envelope_hash, 32);
    vectors_bytes(v, "receipt_seed", seed, 32);
    len = receipt_statement(statement, &r);
    assert_int_equal(len, strlen(vectors_text(v, "statement")));
    assert_memory_equal(statement, vectors_text(v, "statement"), len);
    receipt_sign(signature, statement, len, seed);
    vectors_assert_bytes(v, "signature", signature, sizeof(signature));
    keys_receipt_public(public_key, seed);
    vectors_assert_bytes(v, "receipt_key", public_key, 32);
    assert_true(receipt_verify(signature, statement, len, public_key));
    statement[len - 2] ^= 1;
    assert_false(receipt_verify(signature, statement, len, public_key));
}

static void test_receipts(void **state)
{
    (void)state;
    vectors_each("receipts.json", "good", check_receipt, 3);
}

static void check_refused_receipt(const json_t *v)
{
    const char *statement = vectors_text(v, "statement");
    uint8_t public_key[32], signature[64];

    assert_int_equal(vectors_bytes(v, "receipt_key", public_key, 32), 32);
    assert_int_equal(vectors_bytes(v, "signature", signature, 64), 64);
    if (receipt_verify(signature, statement, strlen(statement), public_key))
        fail_msg("%s: taken", vectors_text(v, "why"));
}

static void test_receipts_refused(void **state)
{
    (void)state;
    vectors_each("receipts.json", "refused", check_refused_receipt, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receipts),
        cmocka_unit_test(test_receipts_refused),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("receipt", tests, NULL, NULL);
}
