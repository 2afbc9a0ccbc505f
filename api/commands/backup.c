#include "api/commands/command.h"

#include <inttypes.h>
#include <stdio.h>

static int run_backup(const struct command_call *call)
{
    struct admin *a = command_admin(call, false);
    struct admin_backup made;
    char why[COMMAND_WHY_MAX];
    int status = COMMAND_DONE;

    if (a == NULL)
        return COMMAND_FAILED;
    if (admin_backup(a, call->word, &made, why, sizeof(why)) != 0)
        status = command_fail(why);
    else
        fprintf(stderr,
                "%s holds %" PRId64 " events and %" PRId64 " handoffs, no envelope: the %" PRId64
                " that live would come back burned. It is of use with its master.key and "
                "log.key alone: keep them apart.\n",
                call->word, made.events, made.handoffs, made.live);
    admin_close(a);
    return status;
}

const struct command command_backup = {
    .name = "backup",
    .word = "FILE",
    .summary = "Writes all but the envelopes to FILE, also while the service runs.",
    .run = run_backup,
};

static int run_restore(const struct command_call *call)
{
    char why[COMMAND_WHY_MAX];

    if (admin_restore(call->config.data, call->word, why, sizeof(why)) != 0)
        return command_fail(why);
    fprintf(
        stderr,
        "Restored into %s. Put the master.key and log.key of that backup there (mode 600, owned by "
        "the service's user) and start the service. What lived when the backup was made is then "
        "burned, cause restored: its senders must change those passwords. Tokens that were revoked "
        "since hold again: handoffd token list, and revoke them anew.\n",
        call->config.data);
    return COMMAND_DONE;
}

const struct command command_restore = {
    .name = "restore",
    .word = "FILE",
    .summary = "Makes the database of an empty data directory from a backup.",
    .run = run_restore,
};
