/* What an open vault consists of; for vault.c, reading.c and proofs.c alone. */
#ifndef HANDOFF_VAULT_INSIDE_H
#define HANDOFF_VAULT_INSIDE_H

#include "vault/calls/readers.h"
#include "vault/job/reporter.h"
#include "vault/keys/keyring.h"
#include "vault/log/checkpoint_cache.h"
#include "vault/log/logkey.h"
#include "vault/writer/committer.h"
#include "vault/writer/scrubber.h"
#include "vault/writer/stats.h"
#include "vault/writer/watch.h"

struct vault {
    struct reporter reporter;
    int dir_fd; /* holds the lock against a second daemon */
    char path[4096];
    struct keyfile_place key_file;
    struct keyring *keyring;
    struct logkey *logkey;
    struct checkpoint_cache *checkpoints;
    struct stats *figures;
    struct watch_table *watches;
    struct readers *readers;
    struct scrubber *scrubber;
    struct committer *committer;
};

#endif
