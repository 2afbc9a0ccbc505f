#include "vault/job/role.h"

static const char *const role_names[VAULT_ROLES] = {
    [VAULT_SENDER] = "sender",
    [VAULT_TEAM] = "team",
    [VAULT_AUDITOR] = "auditor",
    [VAULT_OPERATOR] = "operator",
};

const char *role_name(enum vault_role role)
{
    return role < VAULT_ROLES ? role_names[role] : "unknown";
}
