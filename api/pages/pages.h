/*
 * The room of the pages and what they load, as bytes of the program: api/web/assemble.mjs makes the
 * table. Each file is there as it is and in two compressed forms.
 */
#ifndef HANDOFF_API_PAGES_PAGES_H
#define HANDOFF_API_PAGES_PAGES_H

#include <stddef.h>
#include <stdint.h>

enum pages_coding { PAGES_IDENTITY, PAGES_GZIP, PAGES_BROTLI, PAGES_CODINGS };

struct pages_form {
    uint32_t offset, len; /* in pages_bytes */
};

struct pages_file {
    const char *name;     /* "submit.html"; "assets/style.<hash>.css" */
    const char *language; /* of a page; NULL: an asset, the same in all languages */
    const char *type;     /* the media type */
    struct pages_form form[PAGES_CODINGS];
};

/* Made at build time. */
extern const unsigned char pages_bytes[];
extern const struct pages_file pages_files[];
extern const size_t pages_files_len;

/* The name of a coding in Content-Encoding; NULL for the identity. */
const char *pages_coding_name(enum pages_coding coding) __attribute__((warn_unused_result));

/* The form that a client should get, by its Accept-Encoding (NULL: it sent none). */
enum pages_coding pages_coding_for(const char *accept) __attribute__((warn_unused_result));

/* A page in the language that was asked for, else in the one that Accept-Language likes best, else
   in English; asked and accept may be NULL. NULL when there is no such page. */
const struct pages_file *pages_page(const char *name, const char *asked, const char *accept)
    __attribute__((nonnull(1), warn_unused_result));

/* An asset by its name, without "assets/"; NULL when there is none. */
const struct pages_file *pages_asset(const char *name) __attribute__((nonnull, warn_unused_result));

#endif
