/* Goal: signed notes, checkpoints and proofs are C2SP's byte for byte, and nothing else is
   taken. */
#include "vault/protocol/tlog/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* The example of the signed-note specification. */
static const char example_key[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char example_note[] =
    "This is an example message.\n"
    "\n"
    "\xe2\x80\x94 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj"
    "OBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

static const uint8_t seed[32] = {1, 2, 3};

static enum note_verdict open_text(const char *note, const struct note_key *k)
{
    size_t len;

    return note_open(note, strlen(note), k, &len);
}

static void test_example(void **state)
{
    char text[NOTE_KEY_MAX];
    struct note_key k;
    size_t len;

    (void)state;
    assert_int_equal(note_key_parse(&k, example_key, strlen(example_key)), 0);
    assert_string_equal(k.name, "example.com/foo");
    note_key_format(text, &k);
    assert_string_equal(text, example_key);
    assert_int_equal(note_open(example_note, strlen(example_note), &k, &len), NOTE_GOOD);
    assert_int_equal(len, strlen("This is an example message.\n"));
}

static void test_keys_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "+",
        "++",
        "example.com/foo",
        "example.com/foo+530d903a",
        "example.com/foo+530d903a+",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
        "example.com/foo +530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2l",
    };
    struct note_key k;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(note_key_parse(&k, wrong[i], strlen(wrong[i])), -1);
}

static void test_names(void **state)
{
    char longest[NOTE_NAME_MAX + 2];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    longest[NOTE_NAME_MAX] = '\0';
    assert_true(note_name_valid(longest));
    longest[NOTE_NAME_MAX] = 'a';
    longest[NOTE_NAME_MAX + 1] = '\0';
    assert_false(note_name_valid(longest));
    assert_true(note_name_valid("handoff.example.com/log"));
    assert_true(note_name_valid("b\xc3\xbc"
                                "cher.example"));
    assert_false(note_name_valid(""));
    assert_false(note_name_valid("a b"));
    assert_false(note_name_valid("a+b"));
    assert_false(note_name_valid("a\nb"));
    assert_false(note_name_valid("a\xc2\xa0"
                                 "b"));
    assert_false(note_name_valid("a\xe2\x80\x83"
                                 "b"));
    assert_false(note_name_valid("a\xff"));
}

static void test_example_altered(void **state)
{
    char note[sizeof(example_note)];
    struct note_key k;

    (void)state;
    assert_int_equal(note_key_parse(&k, example_key, strlen(example_key)), 0);
    for (size_t i = 0; i < strlen(example_note); i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(note, example_note, sizeof(note));
            note[i] = (char)(note[i] ^ 1 << bit);
            assert_int_not_equal(open_text(note, &k), NOTE_GOOD);
        }
    for (size_t len = 0; len < strlen(example_note); len++) {
        size_t text_len;

        assert_int_not_equal(note_open(example_note, len, &k, &text_len), NOTE_GOOD);
    }
}

/* Several signatures: of others before and behind, of the same key twice. */
static void test_several_signatures(void **state)
{
    static const uint8_t other_seed[32] = {9};
    struct note_key mine, other;
    char buffer[NOTE_BYTES + 1];
    struct text t = text_into(buffer, NOTE_BYTES);
    const char *first_end;

    (void)state;
    note_key_of(&mine, "log.example", seed);
    note_key_of(&other, "witness.example", other_seed);
    text_add(&t, "text\n\nmore\n");
    note_sign(&t, &mine, seed);
    buffer[t.len] = '\0';
    assert_int_equal(open_text(buffer, &mine), NOTE_GOOD);
    assert_int_equal(open_text(buffer, &other), NOTE_UNSIGNED);

    text_add(&t, "\xe2\x80\x94 unknown.example AAAAAAAA\n");
    buffer[t.len] = '\0';
    assert_int_equal(open_text(buffer, &mine), NOTE_GOOD);
    assert_int_equal(open_text(buffer, &other), NOTE_UNSIGNED);

    /* A key of the same name whose id differs is another key. */
    note_key_of(&other, "log.example", other_seed);
    assert_int_equal(open_text(buffer, &other), NOTE_UNSIGNED);

    text_add(&t, "\xe2\x80\x94 no dash of base64\n");
    buffer[t.len] = '\0';
    assert_int_equal(open_text(buffer, &mine), NOTE_MALFORMED);

    /* Seventeen lines are more than anyone needs. */
    first_end = strstr(buffer, "\n\n\xe2\x80\x94");
    t = text_into(buffer, NOTE_BYTES);
    t.len = (size_t)(first_end - buffer) + 1;
    note_sign(&t, &mine, seed);
    for (int i = 0; i < NOTE_SIGNATURES_MAX; i++)
        text_add(&t, "\xe2\x80\x94 unknown.example AAAAAAAA\n");
    buffer[t.len] = '\0';
    assert_int_equal(open_text(buffer, &mine), NOTE_MALFORMED);
}

static void test_checkpoint(void **state)
{
    struct checkpoint c = {.size = 20852163}, read;
    char buffer[NOTE_BYTES + 1];
    struct text t = text_into(buffer, NOTE_BYTES);
    static const char start[] =
        "example.com/log\n20852163\nBwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 "
        "example.com/log ";
    struct note_key k;

    (void)state;
    c.root[0] = 7;
    note_key_of(&k, "example.com/log", seed);
    checkpoint_sign(&t, &c, &k, seed);
    buffer[t.len] = '\0';
    assert_memory_equal(buffer, start, strlen(start));
    assert_int_equal(checkpoint_open(&read, buffer, t.len, &k), NOTE_GOOD);
    assert_int_equal(read.size, c.size);
    assert_memory_equal(read.root, c.root, sizeof(c.root));
}

/* Notes that are well signed and still no checkpoints. */
static void test_checkpoints_refused(void **state)
{
    static const char root[] = "BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    static const char *const wrong[] = {
        "other.example\n5\n",
        "example.com/log\n05\n",
        "example.com/log\n-5\n",
        "example.com/log\n\n",
        "example.com/log\n5 \n",
        "example.com/log\n9223372036854775808\n",
        "example.com/log\n5\n\n",
        "5\n",
        "",
    };
    struct checkpoint read;
    struct note_key k;

    (void)state;
    note_key_of(&k, "example.com/log", seed);
    for (size_t i = 0; i <= sizeof(wrong) / sizeof(wrong[0]); i++) {
        char buffer[NOTE_BYTES];
        struct text t = text_into(buffer, NOTE_BYTES);
        const bool last = i == sizeof(wrong) / sizeof(wrong[0]);

        text_add(&t, last ? "example.com/log\n5\n" : wrong[i]);
        text_add(&t, root);
        if (last)
            text_add(&t, "an extension\n");
        note_sign(&t, &k, seed);
        assert_int_equal(checkpoint_open(&read, buffer, t.len, &k), NOTE_MALFORMED);
    }
}

static struct text proof_text(char *buffer, const struct note_key *k)
{
    struct text t = text_into(buffer, CHECKPOINT_PROOF_MAX), note;
    struct checkpoint c = {.size = 73895};
    struct merkle_proof p = {.count = 3};

    p.hash[1][31] = 1;
    checkpoint_proof_format(&t, 73894, &p);
    note = text_into(buffer + t.len, t.size - t.len);
    checkpoint_sign(&note, &c, k, seed);
    t.len += note.len;
    return t;
}

static void test_proof(void **state)
{
    static const char start[] = "c2sp.org/tlog-proof@v1\n"
                                "index 73894\n"
                                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\n"
                                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                                "\n"
                                "example.com/log\n73895\n";
    char buffer[CHECKPOINT_PROOF_MAX];
    struct merkle_proof p;
    struct checkpoint c;
    struct note_key k;
    struct text t;
    const char *note;
    uint64_t index;
    size_t note_len;

    (void)state;
    note_key_of(&k, "example.com/log", seed);
    t = proof_text(buffer, &k);
    assert_memory_equal(buffer, start, strlen(start));
    assert_int_equal(checkpoint_proof_parse(&index, &p, &note, &note_len, buffer, t.len), 0);
    assert_int_equal(index, 73894);
    assert_int_equal(p.count, 3);
    assert_int_equal(p.hash[1][31], 1);
    assert_int_equal(checkpoint_open(&c, note, note_len, &k), NOTE_GOOD);
    assert_int_equal(c.size, 73895);
}

static void test_proofs_refused(void **state)
{
    static const char hash[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    static const struct {
        const char *text;
        int rc;
    } proofs[] = {
        {"c2sp.org/tlog-proof@v1\nindex 0\n\nnote\n", 0},
        {"c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n\nnote\n", 0},
        {"c2sp.org/tlog-proof@v1\nextra AAA\nindex 0\n\nnote\n", -1},
        {"c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 0\n\nnote\n", -1},
        {"c2sp.org/tlog-proof@v2\nindex 0\n\nnote\n", -1},
        {"c2sp.org/tlog-proof@v1\r\nindex 0\n\nnote\n", -1},
        {"c2sp.org/tlog-proof@v1\nindex 00\n\nnote\n", -1},
        {"c2sp.org/tlog-proof@v1\nindex -1\n\nnote\n", -1},
        {"c2sp.org/tlog-proof@v1\nindex\n\nnote\n", -1},
        {"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nnote\n", -1},
        {"c2sp.org/tlog-proof@v1\nindex 0\n\n", -1},
        {"c2sp.org/tlog-proof@v1\nindex 0\n", -1},
        {"c2sp.org/tlog-proof@v1\n", -1},
        {"", -1},
    };
    char buffer[CHECKPOINT_PROOF_MAX + 1];
    struct text t = text_into(buffer, CHECKPOINT_PROOF_MAX);
    struct merkle_proof p;
    const char *note;
    uint64_t index;
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++)
        assert_int_equal(
            checkpoint_proof_parse(&index, &p, &note, &len, proofs[i].text, strlen(proofs[i].text)),
            proofs[i].rc);
    text_add(&t, "c2sp.org/tlog-proof@v1\nindex 0\n");
    for (int i = 0; i <= MERKLE_PROOF_MAX; i++)
        text_add(&t, hash);
    text_add(&t, "\nnote\n");
    assert_int_equal(checkpoint_proof_parse(&index, &p, &note, &len, buffer, t.len), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_keys_refused),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_example_altered),
        cmocka_unit_test(test_several_signatures),
        cmocka_unit_test(test_checkpoint),
        cmocka_unit_test(test_checkpoints_refused),
        cmocka_unit_test(test_proof),
        cmocka_unit_test(test_proofs_refused),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("note", tests, NULL, NULL);
}
