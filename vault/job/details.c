#include "vault/job/details.h"

#include "vault/protocol/encoding/encoding.h"

#include <string.h>

size_t details_data_size(const char *field, size_t len)
{
    return strlen(field) + 1 + COMMITMENT_SALT_BYTES + DETAILS_LENGTH_BYTES + len;
}

size_t details_text_size(const char *field)
{
    return strlen(field) + sizeof(",\"\":\"\"") + ENCODING_BASE64URL_LEN(COMMITMENT_BYTES);
}

static void put(struct details *d, const void *data, size_t len)
{
    if (d->overflow || len > d->size - d->len) {
        d->overflow = true;
        return;
    }
    memcpy(d->data + d->len, data, len);
    d->len += len;
}

void details_add(struct details *d, const uint8_t salt[COMMITMENT_SALT_BYTES], const char *field,
                 const void *value, size_t len)
{
    const uint8_t length[DETAILS_LENGTH_BYTES] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16),
                                                  (uint8_t)(len >> 8), (uint8_t)len};
    uint8_t hash[COMMITMENT_BYTES];

    put(d, field, strlen(field) + 1);
    put(d, salt, COMMITMENT_SALT_BYTES);
    put(d, length, sizeof(length));
    put(d, value, len);

    commitment(hash, salt, field, value, len);
    text_add(&d->committed, d->committed.len > 0 ? ",\"" : "\"");
    text_add(&d->committed, field);
    text_add(&d->committed, "\":\"");
    text_base64url(&d->committed, hash, sizeof(hash));
    text_add(&d->committed, "\"");
}
