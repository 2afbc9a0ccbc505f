#include "cli/handoff/generate.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

enum { CLASSES = 4 };

static const char *const classes[CLASSES] = {
    "ABCDEFGHJKLMNPQRSTUVWXYZ",
    "abcdefghijkmnpqrstuvwxyz",
    "23456789",
    "!#%*+-=?@_",
};

static char draw(uint32_t total, unsigned *class)
{
    uint32_t n = randombytes_uniform(total);

    for (*class = 0; *class < CLASSES - 1; (*class)++) {
        const size_t size = strlen(classes[*class]);

        if (n < size)
            break;
        n -= (uint32_t)size;
    }
    return classes[*class][n];
}

/* Drawing again as a whole, instead of mending what lacks a class, keeps all outcomes equally
   likely. */
static bool try_fill(uint8_t *out, size_t len, uint32_t total)
{
    unsigned seen = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned class;

        out[i] = (uint8_t)draw(total, &class);
        seen |= 1u << class;
    }
    return seen == (1u << CLASSES) - 1;
}

struct secret *generate_password(size_t len)
{
    uint32_t total = 0;
    struct secret *s = secret_new(len);

    if (s == NULL || secret_resize(s, len) != 0) {
        secret_free(s);
        return NULL;
    }
    for (unsigned i = 0; i < CLASSES; i++)
        total += (uint32_t)strlen(classes[i]);
    while (!try_fill(secret_data(s), len, total))
        ;
    return s;
}
