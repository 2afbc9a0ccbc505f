#include "vault/protocol/jsontext.h"

#include "vault/protocol/secret.h"

#include <string.h>

json_t *jsontext_parse(const char *text, size_t len, size_t flags, json_error_t *error)
{
    json_t *root;

    (void)secret_heap_ran_short();
    root = json_loadb(text, len, flags, error);
    if (!secret_heap_ran_short())
        return root;
    json_decref(root);
    if (error != NULL)
        error->text[JSON_ERROR_TEXT_LENGTH - 1] = json_error_out_of_memory; /* json_error_code */
    return NULL;
}
