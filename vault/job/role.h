/* Who may call: tokens, and the role that each has. */
#ifndef HANDOFF_VAULT_JOB_ROLE_H
#define HANDOFF_VAULT_JOB_ROLE_H

#include "vault/job/job.h"

#include <stdint.h>

/* Stored as numbers: never renumber. */
enum vault_role { VAULT_SENDER, VAULT_TEAM, VAULT_AUDITOR, VAULT_OPERATOR, VAULT_ROLES };

/* "sender" …; static. */
const char *role_name(enum vault_role role);

struct vault_token {
    enum vault_role role;
    char name[VAULT_TEXT_MAX + 1];
    char team[VAULT_TEXT_MAX + 1]; /* of VAULT_TEAM; empty otherwise */
    int64_t created_at;
    int64_t expires_at; /* 0: never */
    int64_t revoked_at; /* 0: it was not */
};

#endif
