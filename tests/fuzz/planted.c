/* A small parser with a bug put in on purpose, in no product: the fuzzers must find it, or they
   find nothing. It copies the name behind "/h/" and forgets the room for NUL. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAME_MAX_BYTES = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char scheme[] = "https://";
    const uint8_t *name = NULL, *end;
    char *copy;
    size_t len;

    if (size < sizeof(scheme) - 1 || memcmp(data, scheme, sizeof(scheme) - 1) != 0)
        return 0;
    name = memmem(data, size, "/h/", 3);
    if (name == NULL)
        return 0;
    name += 3;
    end = memchr(name, '#', size - (size_t)(name - data));
    if (end == NULL)
        return 0;
    len = (size_t)(end - name);
    copy = calloc(1, NAME_MAX_BYTES);
    if (copy != NULL && len <= NAME_MAX_BYTES) {
        memcpy(copy, name, len);
#ifdef HANDOFF_PLANTED_BUG
        *(volatile char *)(copy + len) = '\0';
#endif
    }
    free(copy);
    return 0;
}
