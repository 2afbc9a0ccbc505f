/* Any bytes as a target, and as a header field cut in two: refused or not, but never a crash, and
   what is let through holds nothing that a proxy could read otherwise. */
#include "api/http/guard.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_target(const char *text, size_t len)
{
    char *target = malloc(len + 1);

    if (target == NULL)
        abort();
    memcpy(target, text, len);
    target[len] = '\0';
    if (guard_target(target) == NULL) {
        const size_t path = strcspn(target, "?");

        for (size_t i = 0; target[i] != '\0'; i++) {
            const char *c = target + i;

            if (*c <= ' ' || *c == '\\' || *c == 0x7f ||
                (*c == '%' && (i < path || !isxdigit((unsigned char)c[1]) ||
                               !isxdigit((unsigned char)c[2]) || strncmp(c, "%00", 3) == 0)))
                abort();
        }
    }
    free(target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *colon = size > 0 ? memchr(text, ':', size) : NULL;
    struct guard_state g = {0};

    check_target(text, size);
    if (colon == NULL)
        return 0;
    guard_field(&g, text, (size_t)(colon - text), colon + 1, size - (size_t)(colon + 1 - text));
    if (g.fields.objection == NULL &&
        (memchr(text, '\n', size) != NULL || memchr(text, '\0', size) != NULL))
        abort();
    return 0;
}
