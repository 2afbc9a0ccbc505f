/*
 * The C protocol behind a pipe, for the tests of other languages: a JSON request a line on stdin,
 * an answer a line on stdout. {"op":"seal","id","link_key","code"|null,"plaintext"} → {"envelope"};
 * {"op":"open", …,"envelope"} → {"plaintext"} or {"error"}.
 */
#include "vault/protocol/encoding.h"
#include "vault/protocol/envelope.h"
#include "vault/protocol/keys.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1 << 20, BYTES_MAX = 1 << 19 };

static uint8_t input[BYTES_MAX], output[BYTES_MAX];
static char text[ENCODING_BASE64URL_LEN(BYTES_MAX) + 1];

static int bytes_of(const json_t *request, const char *name, uint8_t *out, size_t size, size_t *len)
{
    const json_t *value = json_object_get(request, name);

    if (!json_is_string(value))
        return -1;
    return encoding_base64url_decode(out, size, len, json_string_value(value),
                                     json_string_length(value));
}

static struct keys *keys_of(const json_t *request, uint8_t id[16])
{
    const json_t *code = json_object_get(request, "code");
    const char *id_text = json_string_value(json_object_get(request, "id"));
    struct secret *normalised = NULL;
    struct keys *keys;
    uint8_t link_key[32];
    const char *why;
    size_t len;

    if (id_text == NULL || encoding_id_parse(id, id_text, strlen(id_text)) != 0 ||
        bytes_of(request, "link_key", link_key, sizeof(link_key), &len) != 0 || len != 32)
        return NULL;
    if (json_is_string(code)) {
        normalised = keys_code_normalise(json_string_value(code), json_string_length(code), &why);
        if (normalised == NULL)
            return NULL;
    }
    keys = keys_derive(link_key, id, normalised);
    secret_free(normalised);
    return keys;
}

static void answer(const char *name, const uint8_t *data, size_t len)
{
    encoding_base64url(text, data, len);
    printf("{\"%s\":\"%s\"}\n", name, text);
}

static int seal(const json_t *request, const struct keys *keys, const uint8_t id[16])
{
    size_t len;

    if (bytes_of(request, "plaintext", input, sizeof(input), &len) != 0 ||
        envelope_size(len) > sizeof(output) ||
        envelope_seal(output, keys, id, input, len, NULL) != 0)
        return -1;
    answer("envelope", output, envelope_size(len));
    return 0;
}

static int open_envelope(const json_t *request, const struct keys *keys, const uint8_t id[16])
{
    struct secret *plain;
    size_t len;

    if (bytes_of(request, "envelope", input, sizeof(input), &len) != 0)
        return -1;
    plain = envelope_open(keys, id, input, len);
    if (plain == NULL)
        return -1;
    answer("plaintext", secret_bytes(plain), secret_len(plain));
    secret_free(plain);
    return 0;
}

static int serve(const char *line)
{
    json_t *request = json_loads(line, 0, NULL);
    const char *op = json_string_value(json_object_get(request, "op"));
    uint8_t id[16];
    struct keys *keys = request != NULL ? keys_of(request, id) : NULL;
    int rc = -1;

    if (keys != NULL && op != NULL && strcmp(op, "seal") == 0)
        rc = seal(request, keys, id);
    else if (keys != NULL && op != NULL && strcmp(op, "open") == 0)
        rc = open_envelope(request, keys, id);
    keys_free(keys);
    json_decref(request);
    return rc;
}

int main(void)
{
    static char line[LINE_MAX_BYTES];

    if (sodium_init() < 0)
        return 1;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (serve(line) != 0)
            puts("{\"error\":true}");
        fflush(stdout);
    }
    return 0;
}
