#include "vault/protocol/encoding/jsontext.h"

#include "vault/protocol/encoding/secret.h"

#include <sodium.h>
#include <stdint.h>
#include <string.h>

enum {
    PIECE = 256,               /* bytes that jansson gets at a time */
    PIECE_NEEDS = 128 * PIECE, /* beyond twice the longest string, for the rest of a piece */
    STACK_BYTES = 8 * 1024     /* jansson reads through a buffer of 1 KiB on its stack */
};

struct source {
    const char *text;
    size_t left;
};

/* The text piece by piece; its end, as soon as memory is short. */
static size_t give(void *buffer, size_t size, void *ctx)
{
    struct source *s = ctx;
    const size_t most = size < PIECE ? size : PIECE, len = s->left < most ? s->left : most;

    if (secret_heap_ran_short())
        return 0;
    memcpy(buffer, s->text, len);
    s->text += len;
    s->left -= len;
    return len;
}

static void say_short(json_error_t *error)
{
    if (error != NULL)
        error->text[JSON_ERROR_TEXT_LENGTH - 1] = json_error_out_of_memory; /* json_error_code */
}

json_t *jsontext_parse(const char *text, size_t len, size_t flags, json_error_t *error)
{
    struct source s = {text, len};
    json_t *root;

    if (len > SIZE_MAX / 8 || secret_heap_reserve(4 * len + PIECE_NEEDS) != 0) {
        say_short(error);
        return NULL;
    }
    root = json_load_callback(give, &s, flags, error);
    sodium_stackzero(STACK_BYTES);
    if (secret_heap_ran_short()) {
        json_decref(root);
        root = NULL;
        say_short(error);
    }
    secret_heap_release();
    return root;
}
