/*
 * The room job/ holds what the vault's rooms hand to each other, as plain structs: the writing
 * calls, the events as they are read, what is counted, and how the operator is told. It decides
 * nothing and stores nothing; vault/vault.h gives all of it to the world.
 *
 * A job is one writing call with its result. It goes from its caller through the vault's hands and
 * back to the caller's completion queue.
 */
#ifndef HANDOFF_VAULT_JOB_JOB_H
#define HANDOFF_VAULT_JOB_JOB_H

#include "vault/job/details.h"
#include "vault/lifecycle/answer.h"
#include "vault/lifecycle/lifecycle.h"
#include "vault/protocol/handoff/receipt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VAULT_EXPIRES_MIN_S = 60,
    VAULT_EXPIRES_DEFAULT_S = 7 * 86400,
    VAULT_EXPIRES_MAX_S = 30 * 86400,
    VAULT_LEASE_MIN_S = 60,
    VAULT_LEASE_DEFAULT_S = 600,
    VAULT_LEASE_MAX_S = 86400,
    VAULT_TEXT_MAX = 200,   /* bytes of a label, recipient or reference */
    VAULT_PAYER_MAX = 256,  /* with NUL */
    VAULT_ADDRESS_MAX = 64, /* with NUL */
    VAULT_AGENT_MAX = 128   /* with NUL */
};

enum vault_op {
    VAULT_SUBMIT,
    VAULT_CLAIM,
    VAULT_OPENED,
    VAULT_RECEIPT,
    VAULT_REVOKE,
    VAULT_PROBE /* commits a row that is no event: proves that an event could be written */
};

/* The optional texts of a submission, in the order in which their details stand in the event. */
enum vault_text { VAULT_LABEL, VAULT_SHOWN_LABEL, VAULT_RECIPIENT, VAULT_REF, VAULT_TEXTS };

/* The texts' names: as members of the request and as details of the event. */
extern const char *const vault_text_names[VAULT_TEXTS];

struct vault_submission {
    uint8_t *envelope; /* from secret_heap_alloc; the job owns it */
    size_t envelope_len;
    uint8_t claim_hash[32], opened_hash[32], receipt_key[32], manage_hash[32];
    uint8_t link_hash[32]; /* where code is set; zeros otherwise */
    bool code;
    bool burn_on_claim;
    uint32_t expires_in_s, lease_s;              /* within the bounds above */
    char texts[VAULT_TEXTS][VAULT_TEXT_MAX + 1]; /* UTF-8; empty: absent */
    /* Who is charged for it as long as it lives ("token:NAME", "address:NETWORK"), and the most
       that may live at once at that one's charge; 0: no limit. */
    char payer[VAULT_PAYER_MAX];
    uint64_t payer_live_max, payer_bytes_max;
};

struct vault_claim {
    uint8_t token[32], claimant[32], link_token[32];
    bool has_link_token;
};

struct vault_opening {
    uint8_t opened_token[32], claimant[32];
};

struct vault_receipt {
    enum receipt_outcome outcome;
    int64_t at;
    bool has_details;
    char *details; /* JSON text, from secret_heap_alloc, details_len bytes; the job owns it */
    size_t details_len;
    uint8_t signature[RECEIPT_SIGNATURE_BYTES];
    uint8_t claimant[32];
    bool has_claimant;
};

struct vault_result {
    enum answer answer;
    enum lifecycle_state state; /* after the call, where the handoff exists */
    int64_t event;              /* index of the event that records it, or -1 */
    char *line;                 /* and its line (not of a claim's), or NULL; the job owns it */
    size_t line_len;
    int64_t at;                     /* for the answers that carry a time */
    unsigned tries_left;            /* ANSWER_WRONG_CODE */
    unsigned retry_after_s;         /* ANSWER_TOO_MANY_TRIES, ANSWER_BUSY */
    int64_t created_at, expires_at; /* VAULT_SUBMIT */
    int64_t lease_until;            /* VAULT_CLAIM */
    uint8_t *envelope;              /* VAULT_CLAIM: from secret_heap_alloc; the job owns it */
    size_t envelope_len;
};

struct vault_job;

/* Where finished jobs go back to, many at once: one of each caller. */
struct completion_queue {
    /* Gets those of a batch that stood side by side, linked by next: they are the caller's again.
       On the committer's thread (but see vault_post); must not block. */
    void (*answered)(struct completion_queue *completions, struct vault_job *jobs);
};

struct vault_job {
    enum vault_op op;
    uint8_t id[16];
    char address[VAULT_ADDRESS_MAX]; /* the client's, text; empty: unknown */
    char agent[VAULT_AGENT_MAX];     /* its User-Agent, printable ASCII; empty: unknown */
    char token[VAULT_TEXT_MAX + 1];  /* the name of the token that was used; empty: none */
    union {
        struct vault_submission submit;
        struct vault_claim claim;
        struct vault_opening opened;
        struct vault_receipt receipt;
        uint8_t manage_key[32]; /* VAULT_REVOKE */
    } in;
    struct vault_result result;
    struct { /* the vault's: what vault_post works out on the caller's thread */
        uint8_t hash[4][32];
        uint8_t address_tag[16], recipient_tag[16], payer_tag[16];
        uint32_t key_id; /* under which sealed lies */
        uint8_t *sealed;
        size_t sealed_len;
        bool proof;
        struct details details; /* of the event that the call brings about; data: heap */
        int64_t appended;       /* the last event that this job appended, or -1 */
        int64_t line_n;         /* whose line the result has, or -1 */
    } own;
    struct completion_queue *completions; /* outlives the job's time in the vault */
    void *owner;                          /* the caller's, untouched */
    struct vault_job *next;               /* the vault's, while it has the job */
};

/* Somebody who waits for the events of one handoff. */
struct vault_watch {
    uint8_t id[16];
    void (*wake)(struct vault_watch *w); /* on the committer's thread; must not block nor add or
                                            remove watches; may be called more than once */
    void *owner;
    struct vault_watch *next, **link; /* the vault's */
};

#endif
