#include "vault/erasing.h"

#include "vault/record.h"

/* Events below this index have lost their details to age; 8 bytes, big-endian. */
static const char done_name[] = "details-erased";

int erasing_handoff(struct ledger *l, const uint8_t id[16], int64_t *events)
{
    struct store_handoff h;
    int rc = store_find(l->store, id, &h);
    int64_t n;

    *events = 0;
    if (rc != 0)
        return rc;
    for (n = h.last_n; n >= 0;) {
        rc = ledger_erase(l, n);
        if (rc < 0)
            return -1;
        *events += rc;
        if (store_event_prev(l->store, n, &n) != 0)
            return -1;
    }
    if (*events == 0)
        return 0;
    l->burned = true;
    return record_erased(l, &h, *events);
}

/* Where the next step begins. Returns 0 or -1. */
static int read_done(struct store *store, int64_t *done)
{
    uint8_t bytes[8];
    size_t len = sizeof(bytes);
    const int rc = store_value(store, done_name, bytes, &len);

    *done = 0;
    if (rc == 0)
        for (size_t i = 0; i < len; i++)
            *done = (int64_t)((uint64_t)*done << 8 | bytes[i]);
    return rc < 0 ? -1 : 0;
}

bool erasing_due(struct store *store, int64_t before)
{
    struct store_event e;
    bool due = false;
    int64_t done;

    if (read_done(store, &done) != 0 || store_view_begin(store) != 0)
        return false;
    due = store_event(store, done, &e) == 0 && e.time < before;
    store_view_end(store);
    return due;
}

int erasing_old(struct ledger *l, int64_t before)
{
    const int64_t end = l->head.next;
    int64_t done, events = 0;
    uint8_t bytes[8];

    if (read_done(l->store, &done) != 0)
        return -1;
    for (unsigned i = 0; i < ERASING_STEP_EVENTS && done < end; i++, done++) {
        struct store_event e;
        int rc = store_event(l->store, done, &e);

        if (rc != 0)
            return -1;
        if (e.time >= before)
            break;
        rc = ledger_erase(l, done);
        if (rc < 0)
            return -1;
        events += rc;
    }
    ledger_bind_details(bytes, done);
    if (store_set_value(l->store, done_name, bytes, sizeof(bytes)) != 0)
        return -1;
    if (events == 0)
        return 0;
    l->burned = true;
    return record_erased_old(l, events, done);
}
