#include "vault/keeper.h"

#include "vault/figures.h"

bool keeper_behind(const struct keeper *k, const struct ledger *l)
{
    return k->size != l->head.next;
}

int keeper_keep(struct keeper *k, const struct ledger *l)
{
    const int64_t now_ms = figures_now_us() / 1000;
    struct checkpoint checkpoint;
    char note[NOTE_BYTES];
    struct text t = text_into(note, sizeof(note));
    bool failed;

    if (!keeper_behind(k, l) || now_ms < k->at_ms)
        return 0;
    k->at_ms = now_ms + KEEPER_MS;
    checkpoint = checkpoint_of(&l->tree);
    failed = logkey_sign(k->logkey, l->store, &checkpoint, &t) != 0;
    if (failed && !k->told)
        k->vault->report(k->vault->report_ctx, VAULT_REPORT_ERROR,
                         "log.key is not there: the log's checkpoints are not signed", 0);
    k->told = failed;
    if (failed)
        return 0;
    k->size = l->head.next;
    return store_keep_checkpoint(l->store, l->head.next, l->now, t.data, t.len);
}
