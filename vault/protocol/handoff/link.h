/*
 * Links: <base>/h/<id>#<fragment>, fragment = base64url(0x01 ‖ link key), 44 characters. And the
 * sender's own, by which a handoff is followed and revoked: <base>/s/<id>#<base64url of the manage
 * key>, 43 characters.
 *
 * People paste links out of mails and chats, so link_parse first undoes what mail programs are
 * known to do where only one reading is possible (white space and line breaks, <> and quotes around
 * it, punctuation after it, percent-encoding, a wrapping "safe link" that carries it in a
 * parameter), and says so. Everything that is then not exactly a link is refused, with the reason.
 */
#ifndef HANDOFF_VAULT_PROTOCOL_HANDOFF_LINK_H
#define HANDOFF_VAULT_PROTOCOL_HANDOFF_LINK_H

#include "vault/protocol/handoff/keys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINK_BASE_MAX = 512, /* bytes of the base URL, with NUL */
    LINK_FRAGMENT = 44,  /* characters */
    LINK_TEXT_MAX = LINK_BASE_MAX + 3 + 36 + 1 + LINK_FRAGMENT + 1,
    LINK_FOLLOW_FRAGMENT = 43,
    LINK_FOLLOW_TEXT_MAX = LINK_TEXT_MAX - 1,
    LINK_INPUT_MAX = 8192 /* characters that link_parse looks at; more is refused */
};

enum link_error {
    LINK_OK = 0,
    LINK_EMPTY,
    LINK_TOO_LONG,
    LINK_NOT_URL,         /* no http:// or https:// and host */
    LINK_NOT_HANDOFF,     /* a URL, but its path does not end in /h/<id> */
    LINK_BAD_ID,          /* what follows /h/ is not a UUIDv7 in lower case */
    LINK_NO_FRAGMENT,     /* nothing after the id: the part with the key is missing */
    LINK_FRAGMENT_SHORT,  /* fewer than 44 characters: cut off */
    LINK_FRAGMENT_LONG,   /* more than 44, and not by known punctuation */
    LINK_FRAGMENT_BAD,    /* 44 characters that are not base64url: altered on the way */
    LINK_FRAGMENT_VERSION /* a fragment of a kind this program does not know */
};

struct link {
    char base[LINK_BASE_MAX]; /* scheme, authority and path prefix, no slash at the end, NUL */
    uint8_t id[16];
    uint8_t key[KEYS_LINK_KEY_BYTES];
    bool repaired; /* something a mail program added was taken away */
};

/* Reads a link out of text (len characters). Returns LINK_OK and fills *out, which the caller wipes
   with sodium_memzero and best keeps in secret memory; or says what is wrong, with *out zeroed. */
enum link_error link_parse(struct link *out, const char *text, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* A stable short code ("fragment-short") and a sentence for a person, static text. */
const char *link_error_code(enum link_error error);
const char *link_error_text(enum link_error error);

/* What a sender needs to follow and to revoke; it opens nothing. */
struct link_follow {
    char base[LINK_BASE_MAX];
    uint8_t id[16];
    uint8_t manage_key[KEYS_BYTES];
    bool repaired;
};

/* Whether a text is meant to be a follow link, whole or damaged: of /h/ and /s/ the last one in its
   path is /s/. link_parse takes none of these. */
bool link_is_follow(const char *text, size_t len) __attribute__((nonnull, warn_unused_result));

/* The same for a follow link as link_parse; never LINK_FRAGMENT_VERSION. */
enum link_error link_parse_follow(struct link_follow *out, const char *text, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* The sentence where a follow link was meant. */
const char *link_error_follow_text(enum link_error error);

/* Checks a base URL and copies it without trailing slashes: http or https, a host, no user, no
   query, no fragment. Returns 0 or -1. */
int link_base(char out[LINK_BASE_MAX], const char *url)
    __attribute__((nonnull, warn_unused_result));

/* Whether a base URL's host is loopback: localhost, 127.0.0.0/8 or [::1]. */
bool link_base_is_loopback(const char *base) __attribute__((nonnull));

/* Writes the link and a NUL. */
void link_format(char out[LINK_TEXT_MAX], const struct link *link) __attribute__((nonnull));
void link_format_follow(char out[LINK_FOLLOW_TEXT_MAX], const struct link_follow *link)
    __attribute__((nonnull));

#endif
