/* How a person names a handoff: by its id, by an unambiguous part of one, by the link, or by the
   sender's follow link. */
#ifndef HANDOFF_CLI_LOCAL_REFERENCE_H
#define HANDOFF_CLI_LOCAL_REFERENCE_H

#include "cli/io/exit.h"
#include "cli/local/state.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/handoff/link.h"

#include <stdbool.h>

enum { REFERENCE_PART_MIN = 4 };

struct reference {
    bool sent, received; /* what this machine has state of; sent_state, received_state are set */
    struct state *sent_state, *received_state;
    struct link *link;          /* NULL where it was no link */
    struct link_follow *follow; /* NULL where it was no follow link */
    uint8_t id[16];
};

/* Reads a link: word itself, "-" for stdin, NULL to ask the terminal. Returns it in secret memory
   (sodium_free) or NULL after having said what is wrong; a follow link is none. */
struct link *reference_link(const char *word) __attribute__((warn_unused_result));

/* Finds what word means: a link, a follow link, a part of an id that this machine knows, or any
   whole id. What was sent from here with another manage key than a follow link's does not count as
   sent. Says what is wrong itself. Clear *out after EXIT_DONE only. */
enum exit_code reference_find(struct reference *out, const char *word)
    __attribute__((nonnull(1), warn_unused_result));

/* The manage key that this machine or the follow link has; NULL where there is none. */
const uint8_t *reference_manage_key(const struct reference *r)
    __attribute__((nonnull, warn_unused_result));

/* The service that it lies with, as far as state or link tell; NULL: that of the settings. */
const char *reference_base(const struct reference *r) __attribute__((nonnull, warn_unused_result));

/* Says that a follow link does not redeem, confirm or reject: EXIT_USAGE. */
enum exit_code reference_refuse_follow(void);

void reference_clear(struct reference *r) __attribute__((nonnull));

#endif
