/* The data directory: who owns it, who has it locked, what lies in it. */
#ifndef HANDOFF_VAULT_MAINTENANCE_DATADIR_H
#define HANDOFF_VAULT_MAINTENANCE_DATADIR_H

#include <stdbool.h>
#include <stddef.h>

/* Opens dir, made 0700 when absent, and checks that nobody else can write to it. Returns a file
   descriptor, or -1 with a sentence in why. */
int datadir_open(const char *dir, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Takes the lock that a daemon holds as long as it runs, and a command that must be alone; released
   when fd is closed. Returns whether it was free. */
bool datadir_lock(int fd) __attribute__((warn_unused_result));

/* The path of the database in dir. Returns 0, or -1 with a sentence in why. */
int datadir_database(char *out, size_t size, const char *dir, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

#endif
