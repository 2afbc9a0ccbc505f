#include "api/commands/command.h"

#include <stdio.h>
#include <time.h>

enum { LOOK_MS = 200, TELL_EVERY = 25 };

static const char elsewhere[] =
    "the master key's file is given by --master-key or as a credential, so it is not the service's "
    "own to write. To rotate: add a second line to it, with the next number and 32 new random "
    "bytes "
    "as base64url, and restart the service; it seals everything again, says so in its log, and "
    "then "
    "the first line can go";

/* Carries a rotation on until it is done. Returns 0, or -1 with why. */
static int carry_on(struct admin *a, struct admin_rotation *r, char *why, size_t why_size)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};

    for (unsigned i = 1; !r->done; i++) {
        if (admin_rotate(a, r, why, why_size) != 0)
            return -1;
        if (r->done || !admin_beside_service(a))
            continue;
        if (i % TELL_EVERY == 0)
            fprintf(stderr,
                    "The service is at it; this command may be ended, the rotation goes on.\n");
        nanosleep(&pause, NULL);
    }
    return 0;
}

static int run(const struct command_call *call)
{
    struct admin *a = command_admin(call, false);
    struct admin_rotation r;
    char why[COMMAND_WHY_MAX];
    int status = COMMAND_FAILED;

    if (a == NULL)
        return COMMAND_FAILED;
    if (admin_begin_rotation(a, &r, why, sizeof(why)) != 0) {
        status = command_fail(why);
    } else if (r.elsewhere) {
        status = command_fail(elsewhere);
    } else {
        fprintf(stderr, "Master key %u is made; what is at rest is sealed again under it.\n", r.to);
        if (carry_on(a, &r, why, sizeof(why)) != 0) {
            status = command_fail(why);
        } else {
            fprintf(stderr, "Done: the old master key is destroyed. Keep a copy of the new "
                            "master.key apart; backups made before need the old one.\n");
            status = COMMAND_DONE;
        }
    }
    admin_close(a);
    return status;
}

const struct command command_key_rotate = {
    .name = "key",
    .verb = "rotate",
    .summary = "Replaces the master key: seals everything at rest again and destroys the old one.",
    .run = run,
};

enum log_option { NAME, LOST, LOG_OPTIONS };

static const struct command_option log_options[LOG_OPTIONS] = {
    [NAME] = {"name", "NAME", "the log's name from now on (as it is)"},
    [LOST] = {"lost", NULL, "log.key is lost: go on without its signature"},
};

static int run_log(const struct command_call *call)
{
    const char *name = call->value[NAME];
    const bool lost = call->value[LOST] != NULL;
    struct admin *a;
    struct admin_log_key k;
    char why[COMMAND_WHY_MAX], text[NOTE_KEY_MAX];
    int status = COMMAND_FAILED;

    if (name != NULL && !vault_log_name_valid(name))
        return command_usage(
            "--name takes 1 to 200 bytes of UTF-8 without spaces, quotes, backslashes and +");
    a = command_admin(call, false);
    if (a == NULL)
        return COMMAND_FAILED;
    if (admin_rotate_log_key(a, name, lost, &k, why, sizeof(why)) != 0) {
        status = command_fail(why);
    } else {
        note_key_format(text, &k.to);
        printf("%s\n", text);
        fprintf(stderr,
                lost ? "This key signs the log from now on, and event %lld says that the old one "
                       "was lost: whoever trusted that one must be told this one anew. "
                     : "This key signs the log from now on; the old one has signed event %lld, "
                       "which says so, and is destroyed. What it signed before stays valid. ",
                (long long)k.event);
        fprintf(stderr, "Keep a copy of log.key apart.\n");
        status = command_printed();
    }
    admin_close(a);
    return status;
}

const struct command command_key_rotate_log = {
    .name = "key",
    .verb = "rotate-log",
    .summary = "Replaces the key that signs the log's checkpoints; prints the new one's public "
               "part.",
    .options = log_options,
    .options_len = LOG_OPTIONS,
    .run = run_log,
};
