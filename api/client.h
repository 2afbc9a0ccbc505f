/* Placeholder until engineer 3's file is here: overwrite it. */
#ifndef HANDOFF_API_CLIENT_H
#define HANDOFF_API_CLIENT_H

#include "vault/vault.h"

#include <stdio.h>

struct client {
    char text[VAULT_ADDRESS_MAX];
    uint8_t network[16];
    bool known;
};

static inline void client_payer(const struct client *c, char *out, size_t size)
{
    snprintf(out, size, "address:%s", c->text);
}

#endif
