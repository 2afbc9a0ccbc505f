/* Who waits for events of which handoff: a table of watches by id. */
#ifndef HANDOFF_VAULT_WRITER_WATCH_H
#define HANDOFF_VAULT_WRITER_WATCH_H

#include "vault/job/job.h"

struct watch_table;

struct watch_table *watch_table_new(void) __attribute__((warn_unused_result));
void watch_table_free(struct watch_table *t);

void watch_add(struct watch_table *t, struct vault_watch *w) __attribute__((nonnull));
void watch_remove(struct watch_table *t, struct vault_watch *w) __attribute__((nonnull));

/* Wakes all that watch id. */
void watch_wake(struct watch_table *t, const uint8_t id[16]) __attribute__((nonnull));

#endif
