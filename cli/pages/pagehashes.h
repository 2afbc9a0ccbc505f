/* What the pages of this build are, to hold a server's against. The build makes the table. */
#ifndef HANDOFF_CLI_PAGES_PAGEHASHES_H
#define HANDOFF_CLI_PAGES_PAGEHASHES_H

#include <stddef.h>
#include <stdint.h>

struct page_hash {
    const char *name;     /* "submit.html"; "assets/style.<hash>.css" */
    const char *language; /* of a page; NULL: an asset, the same in all languages */
    uint32_t len;         /* bytes, uncompressed */
    uint8_t sha256[32];   /* of these bytes */
};

extern const struct page_hash page_hashes[];
extern const size_t page_hashes_len;

#endif
