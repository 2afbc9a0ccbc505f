/* What the program's exit status says; documented in handoff(1). Never renumber. */
#ifndef HANDOFF_CLI_IO_EXIT_H
#define HANDOFF_CLI_IO_EXIT_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_INTERNAL = 1,  /* something on this machine failed */
    EXIT_USAGE = 2,     /* the command was not understood; nothing was done */
    EXIT_SERVICE = 3,   /* the service could not be reached or failed */
    EXIT_REFUSED = 4,   /* wrong token, wrong code, too many tries, not allowed */
    EXIT_GONE = 5,      /* taken, expired, revoked, burned */
    EXIT_NOT_FOUND = 6, /* no such handoff */
    EXIT_UNVERIFIED = 7 /* does not decrypt or verify */
};

#endif
