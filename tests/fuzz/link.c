/* Any text as a link: it parses or is refused, and what parses is written and read back the same.
 */
#include "vault/protocol/link.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct link l, again;
    char text[LINK_TEXT_MAX];

    if (sodium_init() < 0)
        abort();
    if (link_parse(&l, (const char *)data, size) != LINK_OK)
        return 0;
    link_format(text, &l);
    if (link_parse(&again, text, strlen(text)) != LINK_OK || again.repaired ||
        strcmp(l.base, again.base) != 0 || memcmp(l.id, again.id, sizeof(l.id)) != 0 ||
        memcmp(l.key, again.key, sizeof(l.key)) != 0)
        abort();
    return 0;
}
