/* Any bytes as a request's body: read as each call would, nothing crashes, and an objection is
   always a problem that can be written. */
#include "api/http/fields.h"
#include "api/http/problem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char buffer[PROBLEM_TEXT_MAX], text[201];
    struct text t = text_into(buffer, sizeof(buffer));
    uint8_t bytes[32];
    struct fields f;
    size_t len;

    fields_begin(&f, data, size);
    fields_bytes(&f, "token", bytes, sizeof(bytes));
    if (fields_has(&f, "code") && fields_bool(&f, "code"))
        fields_bytes(&f, "link_token", bytes, sizeof(bytes));
    if (fields_has(&f, "at"))
        (void)fields_integer(&f, "at", 0, INT64_MAX / 2);
    if (fields_has(&f, "details"))
        (void)fields_string(&f, "details", &len);
    fields_text(&f, "label", text, sizeof(text) - 1);
    if (!fields_end(&f)) {
        problem_write(&t, &f.problem);
        if (f.problem.code == PROBLEM_NONE || t.overflow)
            abort();
    }
    return 0;
}
