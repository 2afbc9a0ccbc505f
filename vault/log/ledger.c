#include "vault/log/ledger.h"

#include <sodium.h>
#include <string.h>

static int read_node(void *ctx, unsigned level, uint64_t index, uint8_t hash[MERKLE_HASH_BYTES])
{
    return store_node(ctx, level, index, hash) == 0 ? 0 : -1;
}

struct merkle_source ledger_source(struct store *store)
{
    return (struct merkle_source){.node = read_node, .ctx = store};
}

int ledger_start(struct ledger *l, struct store *store, const struct keyring *keyring,
                 const struct store_head *head, int64_t now)
{
    const struct merkle_source source = ledger_source(store);
    const bool known = l->tree.size == (uint64_t)head->next && l->head.next == head->next &&
                       memcmp(l->head.leaf, head->leaf, sizeof(head->leaf)) == 0;

    /* A leaf names its index, its time and random salts: the same one stands on the same log. */
    if (!known && merkle_frontier_read(&l->tree, &source, (uint64_t)head->next) != 0) {
        l->tree.size = UINT64_MAX;
        return -1;
    }
    l->store = store;
    l->keyring = keyring;
    l->head = *head;
    l->now = now > head->time ? now : head->time;
    l->burned = false;
    l->random_left = 0; /* a machine that is copied while it runs draws anew */
    memset(l->kinds, 0, sizeof(l->kinds));
    memset(l->causes, 0, sizeof(l->causes));
    return 0;
}

void ledger_begin(struct ledger *l, enum vault_kind kind, const uint8_t *id)
{
    l->kind = kind;
    l->text = text_into(l->line, sizeof(l->line));
    l->gathered = (struct details){.data = l->gathered_data, .size = sizeof(l->gathered_data)};
    l->gathered.committed = text_into(l->gathered_text, sizeof(l->gathered_text));
    l->details = &l->gathered;

    text_add(&l->text, "{\"v\":1,\"n\":");
    text_i64(&l->text, l->head.next);
    text_add(&l->text, ",\"t\":");
    text_i64(&l->text, l->now);
    text_add(&l->text, ",\"kind\":\"");
    text_add(&l->text, event_kind_name(kind));
    text_add(&l->text, "\"");
    if (id != NULL) {
        text_add(&l->text, ",\"id\":\"");
        text_id(&l->text, id);
        text_add(&l->text, "\"");
    }
}

/* Bytes that nobody else gets; until the next call. */
static const uint8_t *draw(struct ledger *l, size_t len)
{
    if (l->random_left < len) {
        randombytes_buf(l->random, sizeof(l->random));
        l->random_left = sizeof(l->random);
    }
    l->random_left -= len;
    return l->random + l->random_left;
}

void ledger_detail(struct ledger *l, const char *field, const void *value, size_t len)
{
    if (len > 0)
        details_add(&l->gathered, draw(l, COMMITMENT_SALT_BYTES), field, value, len);
}

void ledger_details(struct ledger *l, const struct details *details)
{
    l->details = details;
}

void ledger_bind_details(uint8_t ad[8], int64_t n)
{
    for (int i = 0; i < 8; i++)
        ad[i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
}

int64_t ledger_end(struct ledger *l, int64_t prev)
{
    struct store_event e = {.n = l->head.next, .time = l->now, .prev = prev};
    const struct details *d = l->details;
    uint8_t ad[8];

    text_add(&l->text, ",\"details\":{");
    text_bytes(&l->text, d->committed.data, d->committed.len);
    text_add(&l->text, "}}");
    if (l->text.overflow || d->committed.overflow || d->overflow || d->len > LEDGER_DETAILS_BYTES)
        return -1;

    e.line = l->text.data;
    e.line_len = l->text.len;
    merkle_leaf(e.leaf, e.line, e.line_len);
    e.nodes_len = merkle_append(&l->tree, e.leaf, l->nodes) * (size_t)MERKLE_HASH_BYTES;
    e.nodes = &l->nodes[0][0];
    if (d->len > 0) {
        ledger_bind_details(ad, e.n);
        memcpy(l->sealed, draw(l, KEYRING_NONCE), KEYRING_NONCE);
        e.key_id = keyring_seal_with(l->keyring, KEYRING_DETAILS, ad, sizeof(ad), d->data, d->len,
                                     l->sealed);
        e.details = l->sealed;
        e.details_len = d->len + KEYRING_OVERHEAD;
    }
    if (store_append(l->store, &e) != 0)
        return -1;
    l->head.next++;
    l->head.time = e.time;
    memcpy(l->head.leaf, e.leaf, sizeof(e.leaf));
    l->kinds[l->kind]++;
    return e.n;
}

/* Takes one detail off the front of data. Returns the bytes taken, or 0 when it is malformed. */
static size_t take_detail(struct vault_detail *out, const uint8_t *data, size_t len)
{
    const uint8_t *end = memchr(data, 0, len);
    size_t head, value_len = 0;

    if (end == NULL)
        return 0;
    head = (size_t)(end - data) + 1 + COMMITMENT_SALT_BYTES + DETAILS_LENGTH_BYTES;
    if (head > len)
        return 0;
    for (int i = DETAILS_LENGTH_BYTES; i > 0; i--)
        value_len = value_len << 8 | data[head - (size_t)i];
    if (value_len > len - head)
        return 0;
    out->field = (const char *)data;
    memcpy(out->salt, end + 1, COMMITMENT_SALT_BYTES);
    out->value = data + head;
    out->value_len = value_len;
    return head + value_len;
}

int ledger_open_details(const struct keyring *k, const struct store_event *e, uint8_t *buffer,
                        struct vault_detail *details, size_t max)
{
    size_t count = 0, len, at = 0;
    uint8_t ad[8];

    if (e->details == NULL)
        return 0;
    if (e->details_len < KEYRING_OVERHEAD ||
        e->details_len > LEDGER_DETAILS_BYTES + KEYRING_OVERHEAD)
        return -1;
    ledger_bind_details(ad, e->n);
    if (keyring_unseal(k, e->key_id, KEYRING_DETAILS, ad, sizeof(ad), e->details, e->details_len,
                       buffer) != 0)
        return -1;
    len = e->details_len - KEYRING_OVERHEAD;
    while (at < len && buffer[at] != 0 && count < max) {
        const size_t taken = take_detail(&details[count], buffer + at, len - at);

        if (taken == 0)
            return -1;
        at += taken;
        count++;
    }
    return (int)count;
}

/* What an erased event keeps: it proves, and names nobody. */
static bool survives(const struct vault_detail *d)
{
    static const char *const fields[] = {"opened_hash", "receipt_key", "statement", "signature"};

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (strcmp(d->field, fields[i]) == 0)
            return true;
    return false;
}

/* Moves the details that survive to the front of plain (len bytes), and fills up with zeros.
   Returns 1 when there were others, 0 when not, or -1. */
static int keep_survivors(uint8_t *plain, size_t len)
{
    size_t at = 0, kept = 0;
    int erased = 0;

    while (at < len && plain[at] != 0) {
        struct vault_detail d;
        const size_t taken = take_detail(&d, plain + at, len - at);

        if (taken == 0)
            return -1;
        if (survives(&d)) {
            memmove(plain + kept, plain + at, taken);
            kept += taken;
        } else {
            erased = 1;
        }
        at += taken;
    }
    memset(plain + kept, 0, len - kept);
    return erased;
}

int ledger_erase(struct ledger *l, int64_t n)
{
    uint8_t plain[LEDGER_DETAILS_BYTES], ad[8];
    struct store_event e;
    size_t len;
    int rc = store_event(l->store, n, &e);

    if (rc != 0)
        return -1;
    if (e.details == NULL)
        return 0;
    if (e.details_len < KEYRING_OVERHEAD || e.details_len > sizeof(l->sealed))
        return -1;
    len = e.details_len - KEYRING_OVERHEAD;
    ledger_bind_details(ad, n);
    if (keyring_unseal(l->keyring, e.key_id, KEYRING_DETAILS, ad, sizeof(ad), e.details,
                       e.details_len, plain) != 0)
        return -1;
    rc = keep_survivors(plain, len);
    if (rc > 0) {
        e.key_id = keyring_seal(l->keyring, KEYRING_DETAILS, ad, sizeof(ad), plain, len, l->sealed);
        e.details = l->sealed;
        if (store_rewrite_details(l->store, &e) != 0)
            rc = -1;
    }
    sodium_memzero(plain, sizeof(plain));
    return rc;
}
