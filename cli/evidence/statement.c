#include "cli/evidence/statement.h"

#include "vault/protocol/encoding/encoding.h"

#include <string.h>

bool statement_hidden(const json_t *line, const json_t *details)
{
    return json_object_get(details, "details") == NULL &&
           json_object_get(json_object_get(line, "details"), "details") != NULL;
}

bool statement_fits(const json_t *statement, const struct receipt *r, bool hidden)
{
    char expected[RECEIPT_STATEMENT_MAX];
    const size_t len = receipt_statement(expected, r);
    size_t compared = len;

    if (hidden)
        for (compared--; compared > 0 && expected[compared - 1] != '\n';)
            compared--;
    return json_is_string(statement) && (hidden || json_string_length(statement) == len) &&
           json_string_length(statement) >= compared &&
           memcmp(json_string_value(statement), expected, compared) == 0;
}

bool statement_signed(const json_t *statement, const json_t *signature,
                      const uint8_t receipt_key[32])
{
    uint8_t bytes[RECEIPT_SIGNATURE_BYTES];

    return json_is_string(statement) && json_is_string(signature) &&
           encoding_base64url_exact(bytes, sizeof bytes, json_string_value(signature),
                                    json_string_length(signature)) == 0 &&
           receipt_verify(bytes, json_string_value(statement), json_string_length(statement),
                          receipt_key);
}
