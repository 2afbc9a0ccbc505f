/* A vault on a data directory of its own, and the calls of its three parties, for the unit
   tests. */
#ifndef HANDOFF_TESTS_UNIT_FIXTURE_H
#define HANDOFF_TESTS_UNIT_FIXTURE_H

#include "vault/protocol/handoff/keys.h"
#include "vault/vault.h"

struct fixture {
    char dir[64];
    struct vault_options options; /* by which it is opened */
    struct vault *vault;
};

/* One handoff as its parties see it. */
struct party {
    uint8_t id[16], link_key[32], manage_key[32], claimant[32];
    struct keys *keys;
    uint8_t *envelope;
    size_t envelope_len;
    struct vault_job submitted; /* without its envelope: for submitting it again */
};

/* Makes a directory and opens a vault in it; fails the test when it cannot. The second with the
   most that may live at once; 0: no limit. */
void fixture_open(struct fixture *f);
void fixture_open_limited(struct fixture *f, uint64_t live_max, uint64_t live_bytes_max);

/* Closes and opens the vault again. */
void fixture_reopen(struct fixture *f);

/* Closes the vault and removes the directory. */
void fixture_close(struct fixture *f);

/* Runs a shell-free search: how often needle (len bytes) stands in all files of the directory. */
size_t fixture_search(const struct fixture *f, const void *needle, size_t len);

/* Makes a handoff of a plaintext of size bytes, with a code where code is not NULL, and submits it
   with options set by prepare (may be NULL). The second returns the answer, the first insists on
   OK. */
void party_submit(struct fixture *f, struct party *p, size_t size, const char *code,
                  void (*prepare)(struct vault_submission *in));
enum answer party_try(struct fixture *f, struct party *p, size_t size, const char *code,
                      void (*prepare)(struct vault_submission *in));
void party_free(struct party *p);

/* The calls; claimant NULL is the party's own. Each returns the answer and leaves the result in
 *out (its envelope, where there is one, is compared with the one submitted and freed). */
enum answer party_claim(struct fixture *f, const struct party *p, const uint8_t *claimant,
                        struct vault_result *out);
enum answer party_opened(struct fixture *f, const struct party *p, const uint8_t *claimant,
                         struct vault_result *out);
enum answer party_receipt(struct fixture *f, const struct party *p, enum receipt_outcome outcome,
                          bool with_claimant, int64_t at, struct vault_result *out);
enum answer party_revoke(struct fixture *f, const struct party *p, struct vault_result *out);

#endif
