#include "cli/log/log_memory.h"

#include "cli/io/input.h"
#include "cli/io/terminal.h"
#include "vault/protocol/encoding/encoding.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 64 * 1024 };

static void *grow(void *array, size_t len, size_t item)
{
    /* Powers of two: there is room until the next one. */
    return len == 0 || (len & (len - 1)) != 0 ? array : realloc(array, 2 * len * item);
}

static int add_root(struct log_memory *m, const struct checkpoint *c)
{
    struct log_memory_root *roots =
        m->roots == NULL ? malloc(sizeof *roots) : grow(m->roots, m->roots_len, sizeof *roots);

    if (roots == NULL)
        return -1;
    m->roots = roots;
    m->roots[m->roots_len].size = c->size;
    memcpy(m->roots[m->roots_len++].root, c->root, sizeof c->root);
    return 0;
}

static int add_leaf(struct log_memory *m, uint64_t index, const struct secret *line)
{
    struct log_memory_leaf *leaves =
        m->leaves == NULL ? malloc(sizeof *leaves) : grow(m->leaves, m->leaves_len, sizeof *leaves);

    if (leaves == NULL)
        return -1;
    m->leaves = leaves;
    m->leaves[m->leaves_len].index = index;
    merkle_leaf(m->leaves[m->leaves_len++].leaf, secret_bytes(line), secret_len(line));
    return 0;
}

static int take_proof(struct log_memory *m, const struct secret *text)
{
    struct merkle_proof p;
    struct checkpoint c;
    const char *note;
    uint64_t index;
    size_t len;

    if (checkpoint_proof_parse(&index, &p, &note, &len, (const char *)secret_bytes(text),
                               secret_len(text)) != 0 ||
        checkpoint_read(&c, note, len) != 0)
        return -1;
    return add_root(m, &c);
}

/* Takes a file of the folder proofs by its name; what has another name is not ours. */
static int take_file(struct log_memory *m, const char *path, const char *name)
{
    const size_t digits = strspn(name, "0123456789");
    const bool proof = strcmp(name + digits, ".tlog-proof") == 0;
    struct secret *text;
    uint64_t index;
    int rc;

    if (encoding_u64(&index, name, digits, INT64_MAX) != 0 ||
        (!proof && strcmp(name + digits, ".event") != 0))
        return 0;
    text = input_file(path, FILE_MAX);
    if (text == NULL) {
        terminal_say("%s cannot be read: %s.", path, strerror(errno));
        return -1;
    }
    rc = proof ? take_proof(m, text) : add_leaf(m, index, text);
    secret_free(text);
    if (rc != 0)
        terminal_say("%s is damaged.", path);
    return rc;
}

static int by_size(const void *a, const void *b)
{
    const struct log_memory_root *x = a, *y = b;

    return x->size < y->size ? -1 : x->size > y->size;
}

static int by_index(const void *a, const void *b)
{
    const struct log_memory_leaf *x = a, *y = b;

    return x->index < y->index ? -1 : x->index > y->index;
}

enum exit_code log_memory_load(struct log_memory *m, const struct trust *t)
{
    char folder[PATH_MAX], path[PATH_MAX];
    const struct dirent *entry;
    DIR *dir;
    int rc = 0;

    *m = (struct log_memory){0};
    if (t->kept && add_root(m, &t->latest) != 0)
        return EXIT_INTERNAL;
    if (snprintf(folder, sizeof folder, "%s/proofs", t->dir) >= (int)sizeof folder)
        return EXIT_INTERNAL;
    dir = opendir(folder);
    if (dir == NULL && errno != ENOENT) {
        terminal_say("%s cannot be read: %s.", folder, strerror(errno));
        return EXIT_INTERNAL;
    }
    while (dir != NULL && rc == 0 && (entry = readdir(dir)) != NULL)
        if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path)
            rc = take_file(m, path, entry->d_name);
    if (dir != NULL)
        (void)closedir(dir);
    if (m->roots_len > 0)
        qsort(m->roots, m->roots_len, sizeof *m->roots, by_size);
    if (m->leaves_len > 0)
        qsort(m->leaves, m->leaves_len, sizeof *m->leaves, by_index);
    return rc == 0 ? EXIT_DONE : EXIT_INTERNAL;
}

void log_memory_clear(struct log_memory *m)
{
    free(m->roots);
    free(m->leaves);
    *m = (struct log_memory){0};
}
