/* SQLite's memory: pages and values of slots pass through it, so what it gives back is wiped. */
#include "vault/protocol/encoding/secret.h"
#include "vault/store/sqlite.h"

#include <pthread.h>

static void *allocate(int size)
{
    return secret_heap_alloc((size_t)size);
}

static void *reallocate(void *block, int size)
{
    return secret_heap_realloc(block, (size_t)size);
}

static int size_of(void *block)
{
    return (int)secret_heap_size(block);
}

static int round_up(int size)
{
    return (size + 7) & ~7;
}

static int init(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void shut_down(void *unused)
{
    (void)unused;
}

/* Memory that SQLite keeps for itself and hands out again, it does not wipe: it gets none. */
static void configure(void)
{
    static const sqlite3_mem_methods methods = {
        .xMalloc = allocate,
        .xFree = secret_heap_free,
        .xRealloc = reallocate,
        .xSize = size_of,
        .xRoundup = round_up,
        .xInit = init,
        .xShutdown = shut_down,
    };

    (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
    (void)sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
    /* Nobody asks how much it has: that would be a lock, and a sum, at each block. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite_wal_register();
}

void sqlite_set_up(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, configure);
}
