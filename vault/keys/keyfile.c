#include "vault/keys/keyfile.h"

#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/text.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char magic[] = "handoff-master-key-1 ";

static struct secretfile file_of(const struct keyfile_place *file)
{
    return (struct secretfile){.dir_fd = file->dir_fd, .name = "master.key", .path = file->path};
}

struct secret *keyfile_new(void)
{
    struct secret *s = secret_new(sizeof(struct keyfile));

    if (s == NULL || secret_resize(s, sizeof(struct keyfile)) == 0)
        return s;
    secret_free(s);
    return NULL;
}

struct keyfile *keyfile_of(struct secret *s)
{
    return (struct keyfile *)(void *)secret_data(s);
}

/* ---- reading ---- */

/* Reads the id and the key out of one line, without its LF. */
static int parse_line(struct keyfile_key *key, const char *line, size_t len)
{
    const size_t magic_len = sizeof(magic) - 1;
    const char *number = line + magic_len, *space;
    uint64_t id;

    if (len < magic_len || memcmp(line, magic, magic_len) != 0)
        return -1;
    space = memchr(number, ' ', len - magic_len);
    if (space == NULL || encoding_u64(&id, number, (size_t)(space - number), UINT32_MAX) != 0 ||
        id == 0)
        return -1;
    key->id = (uint32_t)id;
    return encoding_base64url_exact(key->bytes, KEYFILE_KEY_BYTES, space + 1,
                                    (size_t)(line + len - (space + 1)));
}

/* Reads all lines; their ids must rise. */
static int parse(struct keyfile *f, const char *text, size_t len)
{
    f->count = 0;
    while (len > 0) {
        const char *end = memchr(text, '\n', len);

        if (end == NULL || f->count == KEYFILE_KEYS ||
            parse_line(&f->keys[f->count], text, (size_t)(end - text)) != 0)
            return -1;
        if (f->count > 0 && f->keys[f->count].id <= f->keys[f->count - 1].id)
            return -1;
        f->count++;
        len -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    return f->count > 0 ? 0 : -1;
}

int keyfile_read(const struct keyfile_place *file, struct keyfile *out, char *why, size_t why_size)
{
    const struct secretfile f = file_of(file);
    struct secret *text;
    int rc = secretfile_read(&f, &text, &out->identity, why, why_size);

    if (rc != 0)
        return rc;
    rc = parse(out, (const char *)secret_bytes(text), secret_len(text));
    if (rc != 0)
        snprintf(why, why_size, "%s is damaged: restore it from where it is kept safe",
                 secretfile_name(&f));
    secret_free(text);
    return rc;
}

bool keyfile_same(const struct keyfile_place *file, const struct keyfile *read)
{
    const struct secretfile f = file_of(file);

    return secretfile_same(&f, &read->identity);
}

/* ---- writing ---- */

int keyfile_add(struct keyfile *f)
{
    struct keyfile_key *key;

    if (f->count == KEYFILE_KEYS)
        return -1;
    key = &f->keys[f->count];
    key->id = f->count > 0 ? f->keys[f->count - 1].id + 1 : 1;
    if (key->id == 0)
        return -1;
    randombytes_buf(key->bytes, sizeof(key->bytes));
    f->count++;
    return 0;
}

int keyfile_write(const struct keyfile_place *file, const struct keyfile *f, char *why,
                  size_t why_size)
{
    const struct secretfile target = file_of(file);
    struct secret *out = secret_new(SECRETFILE_MAX);
    struct text t;
    int rc = -1;

    snprintf(why, why_size, "out of memory");
    if (out == NULL)
        return -1;
    t = text_into((char *)secret_data(out), secret_capacity(out));
    for (size_t i = 0; i < f->count; i++) {
        text_add(&t, magic);
        text_i64(&t, f->keys[i].id);
        text_add(&t, " ");
        text_base64url(&t, f->keys[i].bytes, KEYFILE_KEY_BYTES);
        text_add(&t, "\n");
    }
    if (!t.overflow && secret_resize(out, t.len) == 0)
        rc = secretfile_write(&target, out, why, why_size);
    secret_free(out);
    return rc;
}
