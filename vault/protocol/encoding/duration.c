#include "vault/protocol/encoding/duration.h"

#include "vault/protocol/encoding/encoding.h"

#include <string.h>

static uint64_t unit_seconds(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return 7 * 86400;
    default:
        return 0;
    }
}

int duration_parse(uint64_t *seconds, const char *text, uint64_t min, uint64_t max)
{
    const size_t len = strlen(text);
    uint64_t count;
    uint64_t unit;

    if (len < 2)
        return -1;
    unit = unit_seconds(text[len - 1]);
    if (unit == 0 || encoding_u64(&count, text, len - 1, max / unit) != 0 || count * unit < min)
        return -1;
    *seconds = count * unit;
    return 0;
}
