#include "vault/protocol/tlog/checkpoint.h"

#include "vault/protocol/encoding/encoding.h"

#include <string.h>

static const char proof_magic[] = "c2sp.org/tlog-proof@v1";
static const char index_word[] = "index ";
static const char extra_word[] = "extra ";

/* Lines taken one after the other. */
struct lines {
    const char *at;
    size_t left;
};

/* Takes a line that ends in LF; *len is without it. NULL when there is none. */
static const char *take(struct lines *l, size_t *len)
{
    const char *line = l->at;
    const char *end = memchr(line, '\n', l->left);

    if (end == NULL)
        return NULL;
    *len = (size_t)(end - line);
    l->left -= *len + 1;
    l->at = end + 1;
    return line;
}

struct checkpoint checkpoint_of(const struct merkle_frontier *f)
{
    struct checkpoint c = {.size = f->size};

    merkle_root(c.root, f);
    return c;
}

bool checkpoint_fits(const struct checkpoint *c, const struct merkle_frontier *f)
{
    const struct checkpoint of = checkpoint_of(f);

    return c->size == of.size && memcmp(c->root, of.root, sizeof(of.root)) == 0;
}

void checkpoint_sign(struct text *t, const struct checkpoint *c, const struct note_key *k,
                     const uint8_t seed[32])
{
    text_add(t, k->name);
    text_add(t, "\n");
    text_i64(t, (int64_t)c->size);
    text_add(t, "\n");
    text_base64(t, c->root, sizeof(c->root));
    text_add(t, "\n");
    note_sign(t, k, seed);
}

int checkpoint_parse(struct checkpoint *c, const char *text, size_t len, const char *origin)
{
    struct lines l = {.at = text, .left = len};
    size_t line_len = 0;
    const char *line = take(&l, &line_len);

    if (line == NULL || line_len != strlen(origin) || memcmp(line, origin, line_len) != 0)
        return -1;
    line = take(&l, &line_len);
    if (line == NULL || encoding_u64(&c->size, line, line_len, INT64_MAX) != 0)
        return -1;
    line = take(&l, &line_len);
    return line != NULL && encoding_base64_exact(c->root, sizeof(c->root), line, line_len) == 0 &&
                   l.left == 0
               ? 0
               : -1;
}

int checkpoint_read(struct checkpoint *c, const char *note, size_t len)
{
    const char *gap = memmem(note, len, "\n\n", 2);
    const char *end = gap != NULL ? memchr(note, '\n', len) : NULL;
    char origin[NOTE_NAME_MAX + 1];

    if (end == NULL || end - note > NOTE_NAME_MAX)
        return -1;
    memcpy(origin, note, (size_t)(end - note));
    origin[end - note] = '\0';
    return checkpoint_parse(c, note, (size_t)(gap + 1 - note), origin);
}

enum note_verdict checkpoint_open(struct checkpoint *c, const char *note, size_t len,
                                  const struct note_key *k)
{
    size_t text_len;
    const enum note_verdict verdict = note_open(note, len, k, &text_len);

    if (verdict != NOTE_GOOD)
        return verdict;
    return checkpoint_parse(c, note, text_len, k->name) == 0 ? NOTE_GOOD : NOTE_MALFORMED;
}

void checkpoint_proof_format(struct text *t, uint64_t index, const struct merkle_proof *p)
{
    text_add(t, proof_magic);
    text_add(t, "\n");
    text_add(t, index_word);
    text_i64(t, (int64_t)index);
    text_add(t, "\n");
    for (size_t i = 0; i < p->count; i++) {
        text_base64(t, p->hash[i], MERKLE_HASH_BYTES);
        text_add(t, "\n");
    }
    text_add(t, "\n");
}

/* Skips a line of extra data, which has no meaning here and must only be well-formed. */
static const char *skip_extra(struct lines *l, const char *line, size_t *len)
{
    const size_t word = sizeof(extra_word) - 1;
    uint8_t decoded[NOTE_BYTES];
    size_t decoded_len;

    if (line == NULL || *len < word || memcmp(line, extra_word, word) != 0)
        return line;
    if (encoding_base64_decode(decoded, sizeof(decoded), &decoded_len, line + word, *len - word) !=
        0)
        return NULL;
    return take(l, len);
}

int checkpoint_proof_parse(uint64_t *index, struct merkle_proof *p, const char **note,
                           size_t *note_len, const char *text, size_t len)
{
    const size_t word = sizeof(index_word) - 1;
    struct lines l = {.at = text, .left = len};
    const char *line;
    size_t line_len = 0;

    p->count = 0;
    if (len > CHECKPOINT_PROOF_MAX)
        return -1;
    line = take(&l, &line_len);
    if (line == NULL || line_len != sizeof(proof_magic) - 1 ||
        memcmp(line, proof_magic, line_len) != 0)
        return -1;
    line = take(&l, &line_len);
    line = skip_extra(&l, line, &line_len);
    if (line == NULL || line_len < word || memcmp(line, index_word, word) != 0 ||
        encoding_u64(index, line + word, line_len - word, INT64_MAX) != 0)
        return -1;
    while ((line = take(&l, &line_len)) != NULL && line_len > 0)
        if (p->count == MERKLE_PROOF_MAX ||
            encoding_base64_exact(p->hash[p->count++], MERKLE_HASH_BYTES, line, line_len) != 0)
            return -1;
    *note = l.at;
    *note_len = l.left;
    return line != NULL && l.left > 0 ? 0 : -1;
}
