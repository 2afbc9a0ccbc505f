/* Goal: a made password is of the length asked for, holds all four classes, has no character that
   is taken for another, and no position or character is favoured. */
#include "cli/handoff/generate.h"
#include "tests/unit/unit.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>

enum { ROUNDS = 4000, ALPHABET = 24 + 24 + 8 + 10 };

static void check_classes(const uint8_t *p, size_t len)
{
    unsigned seen = 0;

    for (size_t i = 0; i < len; i++) {
        assert_true(p[i] > ' ' && p[i] < 0x7f);
        assert_null(strchr("Il1O0o|\"'`\\<>&", p[i]));
        seen |= isupper(p[i]) ? 1u : islower(p[i]) ? 2u : isdigit(p[i]) ? 4u : 8u;
    }
    assert_int_equal(seen, 15);
}

static void lengths(void **state)
{
    (void)state;
    for (size_t len = GENERATE_MIN; len <= GENERATE_MAX; len++) {
        struct secret *s = generate_password(len);

        assert_non_null(s);
        assert_int_equal(secret_len(s), len);
        check_classes(secret_bytes(s), len);
        secret_free(s);
    }
}

static void all_differ(void **state)
{
    struct secret *a = generate_password(GENERATE_MIN);
    struct secret *b = generate_password(GENERATE_MIN);

    (void)state;
    assert_memory_not_equal(secret_bytes(a), secret_bytes(b), GENERATE_MIN);
    secret_free(a);
    secret_free(b);
}

/* Pearson's chi-squared over a long password's characters: 65 degrees of freedom; above 150 has a
   chance below one in ten million. A class that is forced into place would show, as would a
   modulo. */
static void no_favourites(void **state)
{
    unsigned counts[256] = {0};
    const double expected = (double)ROUNDS * GENERATE_MAX / ALPHABET;
    double chi = 0;
    unsigned distinct = 0;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct secret *s = generate_password(GENERATE_MAX);

        for (size_t j = 0; j < GENERATE_MAX; j++)
            counts[secret_bytes(s)[j]]++;
        secret_free(s);
    }
    for (unsigned c = 0; c < 256; c++) {
        distinct += counts[c] > 0;
        if (counts[c] > 0)
            chi += (counts[c] - expected) * (counts[c] - expected) / expected;
    }
    assert_int_equal(distinct, ALPHABET);
    assert_true(chi < 150);
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lengths), cmocka_unit_test(all_differ),
                                       cmocka_unit_test(no_favourites)};

    return cmocka_run_group_tests(tests, start, NULL);
}
