#include "vault/protocol/encoding/secret.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

struct secret {
    uint8_t *data; /* from sodium_malloc: guarded, and wiped when freed */
    size_t len, capacity;
};

static atomic_bool lock_failed;

struct secret *secret_new(size_t capacity)
{
    struct secret *s = malloc(sizeof(*s));

    if (s == NULL)
        return NULL;
    s->len = 0;
    s->capacity = capacity;
    s->data = sodium_malloc(capacity > 0 ? capacity : 1);
    if (s->data == NULL) {
        free(s);
        return NULL;
    }
    /* sodium_malloc locks too, but does not say when it could not. */
    if (sodium_mlock(s->data, capacity) != 0)
        atomic_store(&lock_failed, true);
    sodium_memzero(s->data, capacity);
    return s;
}

void secret_free(struct secret *s)
{
    if (s == NULL)
        return;
    sodium_free(s->data);
    free(s);
}

uint8_t *secret_data(struct secret *s)
{
    return s->data;
}

const uint8_t *secret_bytes(const struct secret *s)
{
    return s->data;
}

size_t secret_len(const struct secret *s)
{
    return s->len;
}

size_t secret_capacity(const struct secret *s)
{
    return s->capacity;
}

int secret_resize(struct secret *s, size_t len)
{
    if (len > s->capacity)
        return -1;
    if (len < s->len)
        sodium_memzero(s->data + len, s->len - len);
    s->len = len;
    return 0;
}

int secret_append(struct secret *s, const void *data, size_t len)
{
    if (len > s->capacity - s->len)
        return -1;
    if (len > 0)
        memcpy(s->data + s->len, data, len);
    s->len += len;
    return 0;
}

bool secret_all_locked(void)
{
    return !atomic_load(&lock_failed);
}

int secret_forbid_dumps(void)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return -1;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -1;
}

/* Before each block of the heap: its size, padded so that the block keeps malloc's alignment. */
union header {
    size_t size;
    max_align_t align;
};

static _Thread_local struct {
    uint8_t *block; /* NULL: there is none */
    size_t size, used;
} reserve;

int secret_heap_reserve(size_t size)
{
    reserve.block = malloc(size);
    reserve.size = size;
    reserve.used = 0;
    return reserve.block != NULL ? 0 : -1;
}

bool secret_heap_ran_short(void)
{
    return reserve.used > 0;
}

void secret_heap_release(void)
{
    if (reserve.used > 0)
        sodium_memzero(reserve.block, reserve.used);
    free(reserve.block);
    reserve.block = NULL;
    reserve.used = 0;
}

static bool is_of_reserve(const void *block)
{
    return reserve.block != NULL && (uintptr_t)block - (uintptr_t)reserve.block < reserve.size;
}

static void *take_of_reserve(size_t size)
{
    const size_t whole =
        (size + sizeof(union header) - 1) / sizeof(union header) * sizeof(union header);
    void *taken = reserve.block != NULL ? reserve.block + reserve.used : NULL;

    if (taken == NULL || whole < size || whole > reserve.size - reserve.used)
        return NULL;
    reserve.used += whole;
    return taken;
}

void *secret_heap_alloc(size_t size)
{
    union header *h = size <= SIZE_MAX - sizeof(*h) ? malloc(sizeof(*h) + size) : NULL;

    if (h == NULL && size <= SIZE_MAX - sizeof(*h))
        h = take_of_reserve(sizeof(*h) + size);
    if (h == NULL)
        return NULL;
    h->size = size;
    return h + 1;
}

void *secret_heap_calloc(size_t count, size_t size)
{
    void *block;

    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    block = secret_heap_alloc(count * size);
    if (block != NULL)
        memset(block, 0, count * size);
    return block;
}

size_t secret_heap_size(const void *block)
{
    return block != NULL ? ((const union header *)block - 1)->size : 0;
}

void secret_heap_free(void *block)
{
    union header *h;

    if (block == NULL)
        return;
    h = (union header *)block - 1;
    sodium_memzero(block, h->size);
    if (!is_of_reserve(h))
        free(h);
}

void *secret_heap_realloc(void *block, size_t size)
{
    void *larger = secret_heap_alloc(size);

    if (block == NULL || larger == NULL)
        return larger;
    memcpy(larger, block,
           ((union header *)block - 1)->size < size ? ((union header *)block - 1)->size : size);
    secret_heap_free(block);
    return larger;
}

char *secret_heap_strdup(const char *string)
{
    const size_t size = strlen(string) + 1;
    char *copy = secret_heap_alloc(size);

    if (copy != NULL)
        memcpy(copy, string, size);
    return copy;
}
