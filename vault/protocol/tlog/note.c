#include "vault/protocol/tlog/note.h"

#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/sha256.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { ID_BYTES = 4, TYPED_BYTES = 33, SIGNED_BYTES = ID_BYTES + crypto_sign_BYTES };

static const uint8_t ed25519 = 0x01;
static const char dash[] = "\xe2\x80\x94 ";

/* The code points with the property White_Space above ASCII, and what else breaks a line. */
static bool is_wide_space(const uint8_t *p)
{
    static const char *const spaces[] = {
        "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\xa8",
        "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
    };

    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
        if (strncmp((const char *)p, spaces[i], strlen(spaces[i])) == 0)
            return true;
    /* U+2000 to U+200A */
    return p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0x80 && p[2] <= 0x8a;
}

bool note_name_valid(const char *name)
{
    const size_t len = strlen(name);

    if (len == 0 || len > NOTE_NAME_MAX || !encoding_utf8_valid(name, len))
        return false;
    for (const uint8_t *p = (const uint8_t *)name; *p != 0; p++)
        if (*p <= ' ' || *p == 0x7f || *p == '+' || is_wide_space(p))
            return false;
    return true;
}

static void typed_key(uint8_t out[TYPED_BYTES], const struct note_key *k)
{
    out[0] = ed25519;
    memcpy(out + 1, k->public_key, sizeof(k->public_key));
}

static void key_id(uint8_t id[ID_BYTES], const struct note_key *k)
{
    const size_t name_len = strlen(k->name);
    uint8_t data[NOTE_NAME_MAX + 1 + TYPED_BYTES], hash[SHA256_BYTES];

    memcpy(data, k->name, name_len);
    data[name_len] = '\n';
    typed_key(data + name_len + 1, k);
    sha256(hash, data, name_len + 1 + TYPED_BYTES);
    memcpy(id, hash, ID_BYTES);
}

void note_key_format(char out[NOTE_KEY_MAX], const struct note_key *k)
{
    char hex[2 * ID_BYTES + 1], encoded[ENCODING_BASE64_LEN(TYPED_BYTES) + 1];
    uint8_t id[ID_BYTES], typed[TYPED_BYTES];

    key_id(id, k);
    typed_key(typed, k);
    sodium_bin2hex(hex, sizeof(hex), id, sizeof(id));
    encoding_base64(encoded, typed, sizeof(typed));
    snprintf(out, NOTE_KEY_MAX, "%s+%s+%s", k->name, hex, encoded);
}

int note_key_parse(struct note_key *k, const char *text, size_t len)
{
    const char *plus = memchr(text, '+', len);
    uint8_t typed[TYPED_BYTES];
    char again[NOTE_KEY_MAX];
    size_t name_len, rest;

    if (plus == NULL || (size_t)(plus - text) > NOTE_NAME_MAX)
        return -1;
    name_len = (size_t)(plus - text);
    rest = len - name_len;
    if (memchr(text, 0, len) != NULL || rest <= 2 * ID_BYTES + 2 ||
        encoding_base64_exact(typed, sizeof(typed), plus + 2 * ID_BYTES + 2,
                              rest - (2 * ID_BYTES + 2)) != 0 ||
        typed[0] != ed25519)
        return -1;
    memset(k, 0, sizeof(*k));
    memcpy(k->name, text, name_len);
    memcpy(k->public_key, typed + 1, sizeof(k->public_key));
    /* One key has one text: what is written from it must be what was read, key id included. */
    note_key_format(again, k);
    return note_name_valid(k->name) && strlen(again) == len && memcmp(again, text, len) == 0 ? 0
                                                                                             : -1;
}

bool note_key_equal(const struct note_key *a, const struct note_key *b)
{
    return strcmp(a->name, b->name) == 0 &&
           memcmp(a->public_key, b->public_key, sizeof(a->public_key)) == 0;
}

void note_key_of(struct note_key *k, const char *name, const uint8_t seed[32])
{
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];

    memset(k, 0, sizeof(*k));
    snprintf(k->name, sizeof(k->name), "%s", name);
    crypto_sign_seed_keypair(k->public_key, secret_key, seed);
    sodium_memzero(secret_key, sizeof(secret_key));
}

void note_sign(struct text *t, const struct note_key *k, const uint8_t seed[32])
{
    uint8_t public_key[32], secret_key[crypto_sign_SECRETKEYBYTES], signature[SIGNED_BYTES];

    crypto_sign_seed_keypair(public_key, secret_key, seed);
    key_id(signature, k);
    crypto_sign_detached(signature + ID_BYTES, NULL, (const uint8_t *)t->data, t->len, secret_key);
    sodium_memzero(secret_key, sizeof(secret_key));
    text_add(t, "\n");
    text_add(t, dash);
    text_add(t, k->name);
    text_add(t, " ");
    text_base64(t, signature, sizeof(signature));
    text_add(t, "\n");
}

/* Where the last empty line begins, or NULL: what is before it, with its LF, is the text. */
static const char *last_empty_line(const char *note, size_t len)
{
    for (size_t i = len; i >= 2; i--)
        if (note[i - 1] == '\n' && note[i - 2] == '\n')
            return note + i - 1;
    return NULL;
}

static bool characters_valid(const char *note, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)note[i] < ' ' && note[i] != '\n')
            return false;
    return encoding_utf8_valid(note, len);
}

/* Takes a signature line without its LF apart. *name_len is the name's; *decoded the bytes behind
   it, at most NOTE_BYTES. Returns 0 or -1. */
static int take_line(const char *line, size_t len, const char **name, size_t *name_len,
                     uint8_t *decoded, size_t *decoded_len)
{
    const size_t dash_len = sizeof(dash) - 1;
    char text[NOTE_NAME_MAX + 1];
    const char *space;

    if (len < dash_len || memcmp(line, dash, dash_len) != 0)
        return -1;
    *name = line + dash_len;
    space = memchr(*name, ' ', len - dash_len);
    if (space == NULL || (size_t)(space - *name) > NOTE_NAME_MAX)
        return -1;
    *name_len = (size_t)(space - *name);
    memcpy(text, *name, *name_len);
    text[*name_len] = '\0';
    if (!note_name_valid(text) ||
        encoding_base64_decode(decoded, NOTE_BYTES, decoded_len, space + 1,
                               (size_t)(line + len - (space + 1))) != 0)
        return -1;
    return *decoded_len > ID_BYTES ? 0 : -1;
}

enum note_verdict note_open(const char *note, size_t len, const struct note_key *k,
                            size_t *text_len)
{
    const char *gap, *line, *end = note + len;
    uint8_t id[ID_BYTES], decoded[NOTE_BYTES];
    enum note_verdict verdict = NOTE_UNSIGNED;
    unsigned lines = 0;

    if (len == 0 || len > NOTE_BYTES || end[-1] != '\n' || !characters_valid(note, len))
        return NOTE_MALFORMED;
    gap = last_empty_line(note, len);
    if (gap == NULL || gap + 1 == end)
        return NOTE_MALFORMED;
    *text_len = (size_t)(gap - note);
    key_id(id, k);
    for (line = gap + 1; line < end; lines++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line)), *name;
        size_t name_len, decoded_len;

        if (lines == NOTE_SIGNATURES_MAX ||
            take_line(line, (size_t)(stop - line), &name, &name_len, decoded, &decoded_len) != 0)
            return NOTE_MALFORMED;
        line = stop + 1;
        if (name_len != strlen(k->name) || memcmp(name, k->name, name_len) != 0 ||
            memcmp(decoded, id, ID_BYTES) != 0)
            continue;
        if (decoded_len != SIGNED_BYTES ||
            crypto_sign_verify_detached(decoded + ID_BYTES, (const uint8_t *)note, *text_len,
                                        k->public_key) != 0)
            return NOTE_FORGED;
        verdict = NOTE_GOOD;
    }
    return verdict;
}
