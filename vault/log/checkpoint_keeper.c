#include "vault/log/checkpoint_keeper.h"

#include "vault/protocol/encoding/clock.h"

bool checkpoint_keeper_behind(const struct checkpoint_keeper *k, const struct ledger *l)
{
    return k->size != l->head.next;
}

int checkpoint_keeper_keep(struct checkpoint_keeper *k, const struct ledger *l)
{
    const int64_t now_ms = clock_monotonic_ms();
    struct checkpoint checkpoint;
    char note[NOTE_BYTES];
    struct text t = text_into(note, sizeof(note));
    bool failed;

    if (!checkpoint_keeper_behind(k, l) || now_ms < k->at_ms)
        return 0;
    k->at_ms = now_ms + CHECKPOINT_KEEPER_MS;
    checkpoint = checkpoint_of(&l->tree);
    failed = logkey_sign(k->logkey, l->store, &checkpoint, &t) != 0;
    if (failed && !k->told)
        reporter_tell(k->reporter, VAULT_REPORT_ERROR,
                      "log.key is not there: the log's checkpoints are not signed", 0);
    k->told = failed;
    if (failed)
        return 0;
    k->size = l->head.next;
    return store_keep_checkpoint(l->store, l->head.next, l->now, t.data, t.len);
}
