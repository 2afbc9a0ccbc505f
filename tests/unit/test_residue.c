/*
 * Goal: no part of the protocol's work leaves a password, code, key or token behind: not in any
 * memory of the process, nor on the stack that the part ran on. Each search is shown to find what
 * is there.
 */
#include "tests/unit/sanitized.h"
#include "tests/unit/unit.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/handoff/credential.h"
#include "vault/protocol/handoff/envelope.h"
#include "vault/protocol/handoff/keys.h"
#include "vault/protocol/handoff/link.h"
#include "vault/protocol/handoff/receipt.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

/* ---- searching ---- */

enum { MASK = 0xa5, NEEDLE = 24, NEEDLES = 8 };

/* What is looked for, kept masked so that the search does not find itself. */
struct needle {
    const char *name;
    uint8_t masked[NEEDLE];
};

static void make_needle(struct needle *n, const char *name, const uint8_t *secret)
{
    n->name = name;
    for (size_t i = 0; i < NEEDLE; i++)
        n->masked[i] = secret[i] ^ MASK;
}

static const uint8_t *find(const struct needle *n, const uint8_t *from, size_t len)
{
    const uint8_t *at = from, *const end = from + len;

    while ((size_t)(end - at) >= NEEDLE) {
        size_t i = 0;

        at = memchr(at, n->masked[0] ^ MASK, (size_t)(end - at) - NEEDLE + 1);
        if (at == NULL)
            return NULL;
        while (i < NEEDLE && (at[i] ^ MASK) == n->masked[i])
            i++;
        if (i == NEEDLE)
            return at;
        at++;
    }
    return NULL;
}

/* Searches all memory that this process can read and write. Returns the name of the mapping in
   which the needle lies, or NULL. */
static const char *residue(const struct needle *n, char where[256])
{
    FILE *f = fopen("/proc/self/maps", "r");
    const char *found = NULL;
    char line[512];

    assert_non_null(f);
    while (found == NULL && fgets(line, sizeof(line), f) != NULL) {
        unsigned long from, to;
        char mode[5], name[256] = "anonymous";

        if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %255s", &from, &to, mode, name) < 3 ||
            strncmp(mode, "rw", 2) != 0)
            continue;
        if (find(n, (const uint8_t *)from, to - from) != NULL) {
            memcpy(where, name, sizeof(name));
            found = where;
        }
    }
    fclose(f);
    return found;
}

/* One handoff's secrets, all of them in secret memory. */
struct bench {
    struct secret *typed_link, *typed_code, *code, *password, *json, *sealed;
    struct link *link;
    struct keys *keys;
    struct needle needles[NEEDLES];
};

/* The parts of the work, each of which leaves what it makes in the bench. */

static void parse_link(struct bench *b)
{
    char *const text = (char *)secret_data(b->typed_link);

    assert_int_equal(link_parse(b->link, text, secret_len(b->typed_link)), LINK_OK);
    link_format(text, b->link);
}

static void normalise_code(struct bench *b)
{
    const char *why;

    b->code = keys_code_normalise((const char *)secret_bytes(b->typed_code),
                                  secret_len(b->typed_code), &why);
    assert_non_null(b->code);
}

static void derive_keys(struct bench *b)
{
    b->keys = keys_derive(b->link->key, b->link->id, b->code);
    assert_non_null(b->keys);
}

static void encode(struct bench *b)
{
    struct credential c = {.type = CREDENTIAL_LOGIN};
    const char *why;

    c.password = (struct credential_value){secret_bytes(b->password), secret_len(b->password)};
    b->json = credential_encode(&c, &why);
    assert_non_null(b->json);
}

static void seal(struct bench *b)
{
    assert_int_equal(secret_resize(b->sealed, ENVELOPE_MIN), 0);
    assert_int_equal(envelope_seal(secret_data(b->sealed), b->keys, b->link->id,
                                   secret_bytes(b->json), secret_len(b->json), NULL),
                     0);
}

static void open_and_decode(struct bench *b)
{
    struct secret *plain =
        envelope_open(b->keys, b->link->id, secret_bytes(b->sealed), secret_len(b->sealed));
    struct credential read;
    const char *why;

    assert_non_null(plain);
    assert_int_equal(credential_decode(&read, plain, &why), 0);
    credential_clear(&read);
    secret_free(plain);
}

static void sign(struct bench *b)
{
    uint8_t signature[RECEIPT_SIGNATURE_BYTES];

    receipt_sign(signature, "statement", 9, b->keys->receipt_seed);
}

static void make_receipt_key(struct bench *b)
{
    uint8_t public_key[32];

    keys_receipt_public(public_key, b->keys->receipt_seed);
}

static void hash_tokens(struct bench *b)
{
    uint8_t hash[32];

    keys_hash(hash, b->keys->claim_token);
    keys_hash(hash, b->keys->opened_token);
}

static const struct part {
    const char *name;
    void (*work)(struct bench *b);
} parts[] = {
    {"parsing the link", parse_link},
    {"normalising the code", normalise_code},
    {"deriving the keys", derive_keys},
    {"encoding the credential", encode},
    {"sealing", seal},
    {"opening and decoding", open_and_decode},
    {"signing", sign},
    {"making the receipt key", make_receipt_key},
    {"hashing tokens", hash_tokens},
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static struct secret *random_letters(size_t len)
{
    struct secret *s = secret_new(len);

    assert_non_null(s);
    assert_int_equal(secret_resize(s, len), 0);
    for (size_t i = 0; i < len; i++)
        secret_data(s)[i] = (uint8_t)('A' + randombytes_uniform(26));
    return s;
}

static void begin_bench(struct bench *b)
{
    static const char base[] = "https://handoff.example.com";

    memset(b, 0, sizeof(*b));
    b->link = sodium_malloc(sizeof(*b->link));
    b->typed_link = secret_new(LINK_TEXT_MAX);
    b->typed_code = random_letters(NEEDLE);
    b->password = random_letters(NEEDLE);
    b->sealed = secret_new(ENVELOPE_MIN);
    assert_true(b->link != NULL && b->typed_link != NULL && b->sealed != NULL);
    memset(b->link, 0, sizeof(*b->link));
    memcpy(b->link->base, base, sizeof(base));
    encoding_id_new(b->link->id, 1700000000000);
    randombytes_buf(b->link->key, sizeof(b->link->key));
    link_format((char *)secret_data(b->typed_link), b->link);
    assert_int_equal(
        secret_resize(b->typed_link, strlen((const char *)secret_bytes(b->typed_link))), 0);
}

static void make_needles(struct bench *b)
{
    const char *fragment = strchr((const char *)secret_bytes(b->typed_link), '#');
    struct keys *keys = keys_derive(b->link->key, b->link->id, b->typed_code);

    assert_true(keys != NULL && fragment != NULL);
    make_needle(&b->needles[0], "the password", secret_bytes(b->password));
    make_needle(&b->needles[1], "the code", secret_bytes(b->typed_code));
    make_needle(&b->needles[2], "the link key", b->link->key);
    make_needle(&b->needles[3], "the fragment", (const uint8_t *)fragment + 2);
    make_needle(&b->needles[4], "the content key", keys->content_key);
    make_needle(&b->needles[5], "the claim token", keys->claim_token);
    make_needle(&b->needles[6], "the receipt seed", keys->receipt_seed);
    make_needle(&b->needles[7], "the opened token", keys->opened_token);
    keys_free(keys);
}

static void end_bench(struct bench *b)
{
    keys_free(b->keys);
    sodium_free(b->link);
    secret_free(b->typed_link);
    secret_free(b->typed_code);
    secret_free(b->code);
    secret_free(b->password);
    secret_free(b->json);
    secret_free(b->sealed);
}

static void test_nothing_is_left_in_memory(void **state)
{
    char where[256];
    struct bench b;
    volatile uint8_t left[NEEDLE];

    (void)state;
    begin_bench(&b);
    make_needles(&b);
    for (size_t i = 0; i < PARTS; i++)
        parts[i].work(&b);
    end_bench(&b);
    for (size_t i = 0; i < NEEDLES; i++)
        if (!SANITIZED && residue(&b.needles[i], where) != NULL)
            fail_msg("%s is still in memory: %s", b.needles[i].name, where);

    /* The control: what is left on purpose is found. */
    for (size_t i = 0; i < NEEDLE; i++)
        left[i] = b.needles[0].masked[i] ^ MASK;
    assert_true(SANITIZED || residue(&b.needles[0], where) != NULL);
    assert_int_equal(left[0], b.needles[0].masked[0] ^ MASK);
}

/* ---- each part's own stack ---- */

/* A part that runs on a stack of its own, which is then searched as it was left. */
static struct {
    void (*work)(struct bench *b);
    struct bench *bench;
} running;

static void run_part(void)
{
    running.work(running.bench);
}

static void run_on_stack(void (*work)(struct bench *b), struct bench *b, uint8_t *stack,
                         size_t size)
{
    ucontext_t here, there;

    running.work = work;
    running.bench = b;
    if (SANITIZED) { /* they do not follow a change of stacks */
        run_part();
        return;
    }
    memset(stack, 0, size);
    assert_int_equal(getcontext(&there), 0);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = size;
    there.uc_link = &here;
    makecontext(&there, run_part, 0);
    assert_int_equal(swapcontext(&here, &there), 0);
}

/* The control: a part that leaves the password on its stack. */
static void be_careless(struct bench *b)
{
    volatile uint8_t copy[NEEDLE];

    for (size_t i = 0; i < NEEDLE; i++)
        copy[i] = secret_bytes(b->password)[i];
    assert_int_equal(copy[0], secret_bytes(b->password)[0]);
}

static void test_nothing_is_left_on_a_stack(void **state)
{
    enum { SIZE = 1 << 20 };
    uint8_t *stack =
        mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    struct bench b;

    (void)state;
    assert_true(stack != MAP_FAILED);
    begin_bench(&b);
    make_needles(&b);
    for (size_t i = 0; i < PARTS; i++) {
        run_on_stack(parts[i].work, &b, stack, SIZE);
        for (size_t k = 0; k < NEEDLES; k++)
            if (!SANITIZED && find(&b.needles[k], stack, SIZE) != NULL)
                fail_msg("%s left %s on the stack", parts[i].name, b.needles[k].name);
    }
    run_on_stack(be_careless, &b, stack, SIZE);
    assert_true(SANITIZED || find(&b.needles[0], stack, SIZE) != NULL);
    end_bench(&b);
    munmap(stack, SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_left_in_memory),
        cmocka_unit_test(test_nothing_is_left_on_a_stack),
    };

    if (sodium_init() < 0)
        return 1;
    json_set_alloc_funcs(secret_heap_alloc, secret_heap_free);
    return cmocka_run_group_tests_name("residue", tests, NULL, NULL);
}
