#include "vault/job/event.h"

static const char *const kind_names[VAULT_KINDS] = {
    [VAULT_KIND_CREATED] = "handoff.created",   [VAULT_KIND_ACCEPTED] = "claim.accepted",
    [VAULT_KIND_REFUSED] = "claim.refused",     [VAULT_KIND_WRONG_CODE] = "claim.wrong-code",
    [VAULT_KIND_OPENED] = "handoff.opened",     [VAULT_KIND_LAPSED] = "handoff.lapsed",
    [VAULT_KIND_BURNED] = "handoff.burned",     [VAULT_KIND_CONFIRMED] = "receipt.confirmed",
    [VAULT_KIND_REJECTED] = "receipt.rejected", [VAULT_KIND_VAULT_OPENED] = "vault.opened",
    [VAULT_KIND_TOKEN_ADDED] = "token.added",   [VAULT_KIND_TOKEN_REVOKED] = "token.revoked",
    [VAULT_KIND_KEY_ROTATED] = "key.rotated",   [VAULT_KIND_BACKED_UP] = "vault.backed-up",
    [VAULT_KIND_RESTORED] = "vault.restored",   [VAULT_KIND_LOG_KEY_ROTATED] = "log-key.rotated",
    [VAULT_KIND_ERASED] = "details.erased",
};

const char *event_kind_name(enum vault_kind kind)
{
    return kind_names[kind];
}
