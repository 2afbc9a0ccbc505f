#include "vault/maintenance/upgrade.h"

#include "vault/calls/apply.h"
#include "vault/log/record.h"
#include "vault/log/token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROWS = 64, LEAVES = 1024 };

static const char untagged[] = "recipients-untagged";

/* One pass over all handoffs. each returns 0 or -1; it may count in r. */
struct pass {
    struct store *store;
    const struct keyring *keyring;
    struct ledger ledger;
    int64_t counted;
    int (*each)(struct pass *p, struct store_handoff *h);
};

static int begin(struct pass *p)
{
    struct store_head head;

    if (store_begin(p->store, &head) != 0)
        return -1;
    if (ledger_start(&p->ledger, p->store, p->keyring, &head, (int64_t)time(NULL)) == 0)
        return 0;
    store_rollback(p->store);
    return -1;
}

/* Does the ROWS handoffs after *after in a transaction. Returns 1 when there are more, 0 or -1. */
static int some(struct pass *p, uint8_t id[16], bool *begun)
{
    struct store_handoff handoffs[ROWS];
    size_t count, i;

    if (begin(p) != 0)
        return -1;
    if (store_walk(p->store, *begun ? id : NULL, handoffs, ROWS, &count) != 0)
        goto fail;
    for (i = 0; i < count; i++)
        if (p->each(p, &handoffs[i]) != 0)
            goto fail;
    if (count > 0)
        memcpy(id, handoffs[count - 1].id, 16);
    *begun = true;
    return store_commit(p->store) == 0 ? count == ROWS : -1;

fail:
    store_rollback(p->store);
    return -1;
}

static int all(struct pass *p)
{
    uint8_t id[16] = {0};
    bool begun = false;
    int rc;

    do
        rc = some(p, id, &begun);
    while (rc > 0);
    return rc;
}

/* Ends a pass: its mark goes, in the transaction of its event where there is one. */
static int end(struct pass *p, const char *mark, bool restored)
{
    if (begin(p) != 0)
        return -1;
    if ((restored && record_restored(&p->ledger, p->counted) != 0) ||
        store_drop_value(p->store, mark) != 0) {
        store_rollback(p->store);
        return -1;
    }
    return store_commit(p->store) == 0 ? 0 : -1;
}

static bool marked(struct store *store, const char *mark)
{
    uint8_t value[STORE_VALUE_MAX];
    size_t len = sizeof(value);

    return store_value(store, mark, value, &len) == 0;
}

static int burn_restored(struct pass *p, struct store_handoff *h)
{
    const enum lifecycle_state state = h->facts.state;

    if (state == LIFECYCLE_AVAILABLE || state == LIFECYCLE_CLAIMED) {
        if (apply_restore(&p->ledger, h) != 0)
            return -1;
        p->counted++;
    } else if (h->facts.cause == LIFECYCLE_CAUSE_RESTORED) {
        p->counted++; /* by a pass that was interrupted */
    }
    return 0;
}

static int tag_recipient(struct pass *p, struct store_handoff *h)
{
    static const char field[] = "recipient";
    struct vault_detail details[VAULT_DETAILS_PER_EVENT];
    uint8_t buffer[LEDGER_DETAILS_BYTES];
    char team[VAULT_TEXT_MAX + 1];
    struct store_event e;
    int count, rc = 0;

    if (h->has_recipient || store_event(p->store, h->created_n, &e) != 0)
        return 0;
    count = ledger_open_details(p->keyring, &e, buffer, details, VAULT_DETAILS_PER_EVENT);
    for (int i = 0; i < count; i++)
        if (strcmp(details[i].field, field) == 0 && details[i].value_len < sizeof(team)) {
            memcpy(team, details[i].value, details[i].value_len);
            team[details[i].value_len] = '\0';
            token_team_tag(p->keyring, team, h->recipient_tag);
            h->has_recipient = true;
            rc = store_rewrite(p->store, h, NULL);
        }
    sodium_memzero(buffer, sizeof(buffer));
    return count < 0 ? -1 : rc;
}

/* ---- the tree of a log from before it ---- */

static int add_leaf(struct store *store, struct merkle_frontier *f)
{
    uint8_t nodes[MERKLE_LEVELS][MERKLE_HASH_BYTES];
    struct store_event e;

    if (store_event(store, (int64_t)f->size, &e) != 0)
        return -1;
    e.nodes = nodes[0];
    e.nodes_len = merkle_append(f, e.leaf, nodes) * (size_t)MERKLE_HASH_BYTES;
    return e.nodes_len > 0 ? store_set_nodes(store, &e) : 0;
}

/* Does the next LEAVES leaves in a transaction. Returns 1 when there are more, 0 or -1. */
static int build_some(struct store *store)
{
    const struct merkle_source source = ledger_source(store);
    struct merkle_frontier f;
    struct store_head head;
    int64_t size;

    if (store_begin(store, &head) != 0)
        return -1;
    if (store_number(store, store_unbuilt, &size) != 0 ||
        merkle_frontier_read(&f, &source, (uint64_t)size) != 0)
        goto fail;
    while (f.size < (uint64_t)head.next && f.size < (uint64_t)size + LEAVES)
        if (add_leaf(store, &f) != 0)
            goto fail;
    if (f.size == (uint64_t)head.next
            ? store_drop_value(store, store_unbuilt) != 0
            : store_set_number(store, store_unbuilt, (int64_t)f.size) != 0)
        goto fail;
    return store_commit(store) == 0 ? f.size < (uint64_t)head.next : -1;

fail:
    store_rollback(store);
    return -1;
}

static int build_tree(struct store *store)
{
    int rc;

    do
        rc = build_some(store);
    while (rc > 0);
    return rc;
}

int upgrade(struct store *store, const struct keyring *keyring, char *why, size_t why_size)
{
    struct pass p = {.store = store, .keyring = keyring};

    p.each = tag_recipient;
    if ((marked(store, store_unbuilt) && build_tree(store) != 0) ||
        (marked(store, untagged) && (all(&p) != 0 || end(&p, untagged, false) != 0))) {
        snprintf(why, why_size,
                 "the database cannot be brought forward; is the disk full? Nothing "
                 "is lost: start again when it is mended");
        return -1;
    }
    p.each = burn_restored;
    if (marked(store, store_restored) && (all(&p) != 0 || end(&p, store_restored, true) != 0)) {
        snprintf(why, why_size,
                 "what lived in the backup cannot be burned; is the disk full? "
                 "Start again when it is mended");
        return -1;
    }
    return 0;
}
