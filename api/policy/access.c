#include "api/policy/access.h"

#include "api/base/service.h"
#include "api/policy/limits.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/handoff/keys.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char malformed[] =
    "Nothing was changed. Authorization: Bearer takes a manage key (43 characters) or a token "
    "(hof_, its role, _ and 43 characters).";
static const char unknown[] =
    "Nothing was changed. This service knows no such token. Check that it was copied whole and is "
    "of this service.";
static const char expired[] =
    "Nothing was changed. The token has expired: ask the operator for a new "
    "one.";
static const char revoked[] = "Nothing was changed. The token was revoked: ask the operator.";
static const char key_not_token[] =
    "Nothing was changed. A manage key is of no use here: this call needs a token.";

static const unsigned allowed[ACCESS_ACTS] = {
    [ACCESS_SUBMIT] = 1U << VAULT_SENDER,
    [ACCESS_REDEEM] = 1U << VAULT_TEAM,
    [ACCESS_LIST] = 1U << VAULT_TEAM | 1U << VAULT_AUDITOR | 1U << VAULT_OPERATOR,
    [ACCESS_READ_EVENTS] = 1U << VAULT_TEAM | 1U << VAULT_AUDITOR | 1U << VAULT_OPERATOR,
    [ACCESS_READ_LOG] = 1U << VAULT_AUDITOR | 1U << VAULT_OPERATOR,
};

/* The refusal of a token of another role, by act. */
static const char *const forbidden[ACCESS_ACTS] = {
    [ACCESS_SUBMIT] = "Nothing was stored. Submitting needs a token of the role sender.",
    [ACCESS_REDEEM] =
        "Nothing was changed. Redeeming needs no token; one that is shown must be a team's.",
    [ACCESS_LIST] = "Listing needs a token of the role team, auditor or operator.",
    [ACCESS_READ_EVENTS] =
        "Reading events needs the manage key, or a token of the role team, auditor or operator.",
    [ACCESS_READ_LOG] = "Reading the whole log needs a token of the role auditor or operator.",
};

bool access_allowed(enum vault_role role, enum access_act act)
{
    return (allowed[act] >> role & 1) != 0;
}

static int refuse(struct request *r, enum problem_code code, const char *detail)
{
    request_refuse(r, code, detail);
    return -1;
}

/* Splits "hof_<role>_<43 characters>". Returns 0 or -1. */
static int parse_token(const char *text, size_t len, enum vault_role *role, uint8_t token[32])
{
    static const char prefix[] = "hof_";
    const size_t prefix_len = sizeof(prefix) - 1;

    if (len <= prefix_len || strncmp(text, prefix, prefix_len) != 0)
        return -1;
    text += prefix_len;
    len -= prefix_len;
    for (enum vault_role i = VAULT_SENDER; i < VAULT_ROLES; i++) {
        const char *name = vault_role_name(i);
        const size_t name_len = strlen(name);

        if (len > name_len && strncmp(text, name, name_len) == 0 && text[name_len] == '_') {
            *role = i;
            return encoding_base64url_exact(token, 32, text + name_len + 1, len - name_len - 1);
        }
    }
    return -1;
}

/* Looks a token up, and whether it holds. */
static int check_token(struct request *r, enum vault_role role, const uint8_t token[32],
                       struct vault_token *out)
{
    enum answer answer;
    uint8_t hash[32];

    keys_hash(hash, token);
    if (!limits_token(r, hash))
        return -1;
    answer = vault_token(r->service->vault, role, token, out);
    if (answer != ANSWER_OK)
        return refuse(r, answer == ANSWER_NOT_FOUND ? PROBLEM_UNAUTHORIZED : PROBLEM_UNAVAILABLE,
                      answer == ANSWER_NOT_FOUND ? unknown : NULL);
    if (out->revoked_at != 0)
        return refuse(r, PROBLEM_UNAUTHORIZED, revoked);
    if (out->expires_at != 0 && out->expires_at <= vault_now(r->service->vault))
        return refuse(r, PROBLEM_UNAUTHORIZED, expired);
    snprintf(r->job.token, sizeof(r->job.token), "%s", out->name);
    return 0;
}

/* Reads what comes after "Bearer ". */
static int read_bearer(struct request *r, const char *text, size_t len, struct access *out)
{
    uint8_t token[32];
    enum vault_role role;
    int rc;

    if (encoding_base64url_exact(out->key, sizeof(out->key), text, len) == 0) {
        out->kind = ACCESS_KEY;
        return 0;
    }
    if (parse_token(text, len, &role, token) != 0)
        return refuse(r, PROBLEM_UNAUTHORIZED, malformed);
    out->kind = ACCESS_TOKEN;
    rc = check_token(r, role, token, &out->token);
    sodium_memzero(token, sizeof(token));
    return rc;
}

int access_read(struct request *r, struct access *out)
{
    static const char scheme[] = "Bearer ";
    const size_t scheme_len = sizeof(scheme) - 1;
    const char *value =
        MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Authorization");
    /* The field stands in the connection's own memory, which we may write: wiped at once. */
    char *field = (char *)(uintptr_t)value;
    size_t len;
    int rc;

    memset(out, 0, sizeof(*out));
    if (value == NULL)
        return 0;
    len = strlen(field);
    if (len > scheme_len && strncasecmp(field, scheme, scheme_len) == 0)
        rc = read_bearer(r, field + scheme_len, len - scheme_len, out);
    else
        rc = refuse(r, PROBLEM_UNAUTHORIZED, malformed);
    sodium_memzero(field, len);
    return rc;
}

int access_for(struct request *r, enum access_act act, struct access *out)
{
    if (access_read(r, out) != 0)
        return -1;
    if (out->kind == ACCESS_KEY && act != ACCESS_READ_EVENTS) {
        sodium_memzero(out->key, sizeof(out->key));
        return refuse(r, PROBLEM_UNAUTHORIZED, key_not_token);
    }
    if (out->kind == ACCESS_TOKEN && !access_allowed(out->token.role, act))
        return refuse(r, PROBLEM_FORBIDDEN, forbidden[act]);
    return 0;
}
