/* Any text as a verifier key, a signed note, a checkpoint and a proof: refused, or read; nothing is
   good that the key did not sign, and what is read is written the same. */
#include "vault/protocol/tlog/checkpoint.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the key has signed: anything else that passes is a forgery. */
static const char signed_text[] = "fuzz.example\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

static void check_note(const char *text, size_t size)
{
    static const uint8_t seed[32] = {1};
    struct checkpoint c;
    struct note_key k;
    char buffer[NOTE_BYTES];
    struct text t = text_into(buffer, sizeof(buffer));
    size_t len;

    note_key_of(&k, "fuzz.example", seed);
    text_add(&t, signed_text);
    note_sign(&t, &k, seed);
    /* The input as the whole note, and behind a good one's signature. */
    if (note_open(text, size, &k, &len) == NOTE_GOOD &&
        (len != sizeof(signed_text) - 1 || memcmp(text, signed_text, len) != 0))
        abort();
    text_bytes(&t, text, size);
    if (checkpoint_open(&c, t.data, t.len, &k) == NOTE_GOOD && c.size != 5)
        abort();
}

static void check_key(const char *text, size_t size)
{
    char again[NOTE_KEY_MAX];
    struct note_key k;

    if (note_key_parse(&k, text, size) != 0)
        return;
    note_key_format(again, &k);
    if (strlen(again) != size || memcmp(again, text, size) != 0)
        abort();
}

static void check_proof(const char *text, size_t size)
{
    char buffer[CHECKPOINT_PROOF_MAX];
    struct text t = text_into(buffer, sizeof(buffer));
    struct merkle_proof p;
    const char *note;
    uint64_t index;
    size_t note_len;

    if (checkpoint_proof_parse(&index, &p, &note, &note_len, text, size) != 0)
        return;
    if (note + note_len != text + size)
        abort();
    checkpoint_proof_format(&t, index, &p);
    if (memcmp(text, "c2sp.org/tlog-proof@v1\nindex", 28) == 0 &&
        (t.overflow || t.len != size - note_len || memcmp(t.data, text, t.len) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of just this length, so that a byte read behind it is noticed. */
    char *text = malloc(size > 0 ? size : 1);

    if (sodium_init() < 0 || text == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    check_note(text, size);
    check_key(text, size);
    check_proof(text, size);
    free(text);
    return 0;
}
