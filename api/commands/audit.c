#include "api/commands/command.h"
#include "vault/protocol/encoding/encoding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int run_erase(const struct command_call *call)
{
    struct admin *a;
    char why[COMMAND_WHY_MAX];
    uint8_t id[ENCODING_ID_BYTES];
    int64_t events;
    int status = COMMAND_FAILED;

    if (call->word == NULL || encoding_id_parse(id, call->word, strlen(call->word)) != 0)
        return command_usage("audit erase takes a handoff's whole id, as handoff status and the "
                             "log show it");
    a = command_admin(call, false);
    if (a == NULL)
        return COMMAND_FAILED;
    if (admin_erase(a, id, &events, why, sizeof(why)) != 0) {
        status = command_fail(why);
    } else {
        if (events > 0)
            fprintf(stderr,
                    "Erased: names, notes, labels and addresses in %" PRId64
                    " events, recorded as an event of its own. The log verifies as before. Copies "
                    "in backups and with those who read them are not reached.\n",
                    events);
        else
            fprintf(stderr, "There was nothing left to erase.\n");
        status = COMMAND_DONE;
    }
    admin_close(a);
    return status;
}

static int run_key(const struct command_call *call)
{
    struct admin *a = command_admin(call, false);
    char why[COMMAND_WHY_MAX], text[NOTE_KEY_MAX];
    struct note_key key;
    int status = COMMAND_FAILED;

    if (a == NULL)
        return COMMAND_FAILED;
    if (admin_log_key(a, &key, why, sizeof(why)) != 0) {
        status = command_fail(why);
    } else {
        note_key_format(text, &key);
        printf("%s\n", text);
        status = command_printed();
    }
    admin_close(a);
    return status;
}

const struct command command_audit_erase = {
    .name = "audit",
    .verb = "erase",
    .word = "HANDOFF",
    .summary = "Erases what is personal in a handoff's events: names, notes, labels, addresses. "
               "The log still verifies.",
    .run = run_erase,
};

const struct command command_audit_key = {
    .name = "audit",
    .verb = "key",
    .summary = "Prints the public part of the key that signs the log's checkpoints, for auditors.",
    .run = run_key,
};
