/* Any bytes as a plaintext: they decode or are refused, and what decodes encodes and decodes the
 * same. */
#include "vault/protocol/handoff/credential.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(struct credential_value a, struct credential_value b)
{
    if ((a.data == NULL) != (b.data == NULL) || a.len != b.len ||
        (a.len > 0 && memcmp(a.data, b.data, a.len) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct secret *json, *again;
    struct credential c, d;
    const char *why;

    if (sodium_init() < 0)
        abort();
    json = secret_new(size);
    if (json == NULL || secret_append(json, data, size) != 0)
        abort();
    if (credential_decode(&c, json, &why) == 0) {
        again = credential_encode(&c, &why);
        if (again == NULL || credential_decode(&d, again, &why) != 0)
            abort();
        same(c.username, d.username);
        same(c.password, d.password);
        same(c.url, d.url);
        same(c.note, d.note);
        same(c.text, d.text);
        same(c.name, d.name);
        same(c.data, d.data);
        credential_clear(&d);
        credential_clear(&c);
        secret_free(again);
    }
    secret_free(json);
    return 0;
}
