/* How a person names a handoff: by its id, by an unambiguous part of one, or by the link. */
#ifndef HANDOFF_CLI_REFERENCE_H
#define HANDOFF_CLI_REFERENCE_H

#include "cli/exit.h"
#include "cli/state.h"
#include "vault/protocol/link.h"
#include "vault/protocol/secret.h"

#include <stdbool.h>

enum { REFERENCE_PART_MIN = 4 };

struct reference {
    bool sent, received; /* what this machine has state of; sent_state, received_state are set */
    struct state *sent_state, *received_state;
    struct link *link; /* NULL where it was no link */
    uint8_t id[16];
};

/* Reads a link: word itself, "-" for stdin, NULL to ask the terminal. Returns it in secret memory
   (sodium_free) or NULL after having said what is wrong. */
struct link *reference_link(const char *word) __attribute__((warn_unused_result));

/* Finds what word means: a link, a part of an id that this machine knows, or any whole id. Says
 * what is wrong itself. Clear *out after EXIT_DONE only. */
enum exit_code reference_find(struct reference *out, const char *word)
    __attribute__((nonnull(1), warn_unused_result));

void reference_clear(struct reference *r) __attribute__((nonnull));

#endif
