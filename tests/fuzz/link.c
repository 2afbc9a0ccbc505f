/* Any text as a link, or as a follow link: it parses as one of them or is refused, and what parses
   is written and read back the same. */
#include "vault/protocol/handoff/link.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void follow(const char *data, size_t size)
{
    struct link_follow f, again;
    char text[LINK_FOLLOW_TEXT_MAX];

    if (link_parse_follow(&f, data, size) != LINK_OK)
        return;
    link_format_follow(text, &f);
    if (!link_is_follow(data, size) || !link_is_follow(text, strlen(text)) ||
        link_parse_follow(&again, text, strlen(text)) != LINK_OK || again.repaired ||
        strcmp(f.base, again.base) != 0 || memcmp(f.id, again.id, sizeof(f.id)) != 0 ||
        memcmp(f.manage_key, again.manage_key, sizeof(f.manage_key)) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct link l, again;
    char text[LINK_TEXT_MAX];

    if (sodium_init() < 0)
        abort();
    follow((const char *)data, size);
    if (link_parse(&l, (const char *)data, size) != LINK_OK)
        return 0;
    if (link_is_follow((const char *)data, size))
        abort();
    link_format(text, &l);
    if (link_parse(&again, text, strlen(text)) != LINK_OK || again.repaired ||
        strcmp(l.base, again.base) != 0 || memcmp(l.id, again.id, sizeof(l.id)) != 0 ||
        memcmp(l.key, again.key, sizeof(l.key)) != 0)
        abort();
    return 0;
}
