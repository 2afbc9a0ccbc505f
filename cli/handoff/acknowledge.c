#include "cli/handoff/acknowledge.h"

#include "cli/io/terminal.h"
#include "cli/log/trust.h"
#include "cli/net/problem.h"
#include "cli/net/service.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/text.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

enum { BY_MAX = 200, NOTE_MAX = 1000, SALT_BYTES = 16 };

static bool fits(const char *text, size_t max)
{
    const size_t len = strlen(text);

    return len > 0 && len <= max && encoding_utf8_valid(text, len);
}

enum exit_code acknowledge_check(const char *by, const char *note)
{
    if (!fits(by, BY_MAX))
        terminal_say("A name takes 1 to %d bytes of UTF-8.", (int)BY_MAX);
    else if (note != NULL && !fits(note, NOTE_MAX))
        terminal_say("A note takes 1 to %d bytes of UTF-8.", (int)NOTE_MAX);
    else
        return EXIT_DONE;
    terminal_hint("Nothing was done.");
    return EXIT_USAGE;
}

/* The salt keeps an erased name from being guessed back out of the statement's hash. */
static void format_details(struct text *t, const struct acknowledgement *a)
{
    uint8_t salt[SALT_BYTES];

    randombytes_buf(salt, sizeof salt);
    text_add(t, "{\"by\":");
    text_json_string(t, a->by, strlen(a->by));
    if (a->note != NULL) {
        text_add(t, ",\"note\":");
        text_json_string(t, a->note, strlen(a->note));
    }
    text_add(t, ",\"salt\":\"");
    text_base64url(t, salt, sizeof salt);
    text_add(t, "\"}");
}

enum exit_code acknowledge(struct client *c, const struct acknowledgement *a)
{
    char details[RECEIPT_DETAILS_MAX];
    struct text t = text_into(details, sizeof details);
    struct receipt r = {.outcome = a->outcome, .at = time(NULL), .details = details};
    struct client_reply reply;
    enum exit_code rc = EXIT_DONE;

    format_details(&t, a);
    if (t.overflow) {
        terminal_say("Name and note are too long once control characters are escaped. Nothing was "
                     "done.");
        return EXIT_USAGE;
    }
    r.details_len = t.len;
    memcpy(r.id, a->id, sizeof r.id);
    memcpy(r.envelope_hash, a->envelope_hash, sizeof r.envelope_hash);
    if (service_receipt(c, &r, a->receipt_seed, a->claimant, &reply)) {
        terminal_say("The sender can see now that you %s it.",
                     a->outcome == RECEIPT_CONFIRMED ? "confirmed" : "rejected");
        rc = trust_reply(c, &reply);
    } else {
        rc = problem_say(c, &reply,
                         reply.perhaps_done
                             ? "It is not known whether the receipt was recorded; giving it again "
                               "does no harm."
                             : "The receipt was not recorded.");
    }
    client_reply_clear(&reply);
    return rc;
}
