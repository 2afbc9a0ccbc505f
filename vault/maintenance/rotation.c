#include "vault/maintenance/rotation.h"

#include "vault/log/record.h"
#include "vault/log/token.h"
#include "vault/maintenance/key_binding.h"
#include "vault/protocol/encoding/secret.h"

#include <sodium.h>
#include <string.h>

/* Seals one event's details again. */
static int renew_details(struct ledger *l, struct store_event *e, uint8_t *sealed, uint8_t *plain)
{
    const size_t len = e->details_len - KEYRING_OVERHEAD;
    uint8_t ad[8];

    ledger_bind_details(ad, e->n);
    if (keyring_unseal(l->keyring, e->key_id, KEYRING_DETAILS, ad, sizeof(ad), sealed,
                       e->details_len, plain) != 0)
        return -1;
    e->key_id = keyring_seal(l->keyring, KEYRING_DETAILS, ad, sizeof(ad), plain, len, sealed);
    return store_rewrite_details(l->store, e);
}

static int step_details(struct rotation *r, struct ledger *l)
{
    uint8_t sealed[LEDGER_DETAILS_BYTES + KEYRING_OVERHEAD], plain[LEDGER_DETAILS_BYTES];
    const uint32_t id = keyring_current(l->keyring);
    int64_t after = r->begun ? r->event : -1;
    int rc = 0;

    for (unsigned i = 0; i < ROTATION_STEP_ROWS && rc == 0; i++) {
        struct store_event e;

        rc = store_next_details(l->store, after, id, sealed, sizeof(sealed), &e);
        if (rc != 0)
            break;
        rc = e.details_len >= KEYRING_OVERHEAD ? renew_details(l, &e, sealed, plain) : -1;
        after = e.n;
    }
    sodium_memzero(plain, sizeof(plain));
    if (rc < 0)
        return -1;
    r->begun = true;
    r->event = after;
    if (rc == STORE_NONE) {
        r->phase = ROTATION_ENVELOPES;
        r->begun = false;
    }
    return 0;
}

/* Seals one envelope again. */
static int renew_envelope(struct ledger *l, struct store_handoff *h)
{
    const size_t len = h->sealed_len - KEYRING_OVERHEAD;
    uint8_t *sealed = secret_heap_alloc(h->sealed_len);
    uint8_t *plain = secret_heap_alloc(h->sealed_len);
    int rc = -1;

    if (sealed != NULL && plain != NULL && store_envelope(l->store, h, sealed) == 0 &&
        keyring_unseal(l->keyring, h->key_id, KEYRING_ENVELOPES, h->id, sizeof(h->id), sealed,
                       h->sealed_len, plain) == 0) {
        h->key_id =
            keyring_seal(l->keyring, KEYRING_ENVELOPES, h->id, sizeof(h->id), plain, len, sealed);
        rc = store_rewrite(l->store, h, sealed);
    }
    secret_heap_free(sealed);
    secret_heap_free(plain);
    return rc;
}

static int step_envelopes(struct rotation *r, struct ledger *l)
{
    struct store_handoff handoffs[ROTATION_STEP_ROWS];
    const uint32_t id = keyring_current(l->keyring);
    size_t count;

    if (store_walk(l->store, r->begun ? r->id : NULL, handoffs, ROTATION_STEP_ROWS, &count) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (handoffs[i].slot != 0 && handoffs[i].key_id != id &&
            renew_envelope(l, &handoffs[i]) != 0)
            return -1;
    if (count < ROTATION_STEP_ROWS) {
        r->phase = ROTATION_FINISH;
        return 0;
    }
    memcpy(r->id, handoffs[count - 1].id, sizeof(r->id));
    r->begun = true;
    return 0;
}

/* The tokens, which are few, and the database's own. */
static int finish(struct rotation *r, struct ledger *l)
{
    struct store_token t;
    uint8_t *after = NULL, hash[32];
    uint32_t from;
    int rc;

    while ((rc = store_next_token(l->store, after, &t)) == 0) {
        if (token_renew(l->keyring, &t) != 0 || store_put_token(l->store, &t) != 0)
            return -1;
        memcpy(hash, t.hash, sizeof(hash));
        after = hash;
    }
    if (rc < 0 || key_binding_rebind(l->store, l->keyring, &from) != 0)
        return -1;
    if (from != keyring_current(l->keyring) &&
        record_key_rotated(l, from, keyring_current(l->keyring)) != 0)
        return -1;
    l->burned = true; /* the older forms go from the files like burned bytes */
    r->phase = ROTATION_DONE;
    return 0;
}

int rotation_step(struct rotation *r, struct ledger *l)
{
    switch (r->phase) {
    case ROTATION_DETAILS:
        return step_details(r, l);
    case ROTATION_ENVELOPES:
        return step_envelopes(r, l);
    case ROTATION_FINISH:
        return finish(r, l);
    case ROTATION_DONE:
        break;
    }
    return 0;
}

/* ---- the watch ---- */

bool rotation_wanted(struct rotation_watch *w)
{
    char why[256];
    const int rc = keyring_reload(w->keyring, w->file, why, sizeof(why));

    if (rc < 0 && !w->file_bad)
        reporter_tell(w->reporter, VAULT_REPORT_ERROR,
                      "the key file cannot be read; the keys that were read before are still used",
                      0);
    w->file_bad = rc < 0;
    if (rc > 0)
        reporter_tell(w->reporter, VAULT_REPORT_INFO,
                      "a new master key: what is at rest is sealed again",
                      keyring_current(w->keyring));
    return keyring_count(w->keyring) > 1 && keyring_current(w->keyring) != w->rotated_to;
}

void rotation_destroy(struct rotation_watch *w)
{
    w->rotated_to = keyring_current(w->keyring);
    if (keyring_shrink(w->keyring, w->file) == 0)
        reporter_tell(w->reporter, VAULT_REPORT_INFO,
                      "the old master key is destroyed; the current one is", w->rotated_to);
    else
        reporter_tell(
            w->reporter, VAULT_REPORT_WARNING,
            "nothing is under the old master key any more: take it out of the key file, which "
            "is not the service's own to write; the current one is",
            w->rotated_to);
}
