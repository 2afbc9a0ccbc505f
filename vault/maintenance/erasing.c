#include "vault/maintenance/erasing.h"

#include "vault/log/record.h"

/* Events below this index have lost their details to age. */
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

bool erasing_due(struct store *store, int64_t before)
{
    struct store_event e;
    bool due = false;
    int64_t done;

    if (store_number(store, done_name, &done) < 0 || store_view_begin(store) != 0)
        return false;
    due = store_event(store, done, &e) == 0 && e.time < before;
    store_view_end(store);
    return due;
}

int erasing_old(struct ledger *l, int64_t before)
{
    const int64_t end = l->head.next;
    int64_t done, events = 0;

    if (store_number(l->store, done_name, &done) < 0)
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
    if (store_set_number(l->store, done_name, done) != 0)
        return -1;
    if (events == 0)
        return 0;
    l->burned = true;
    return record_erased_old(l, events, done);
}
