/*
 * The vault keeps one-time secrets, and this header is the only door for requests; an operator's
 * commands go through vault/admin.h. Nothing here knows HTTP or JSON requests.
 *
 * The top of vault/ puts the rooms below together (vault.c), reads for callers on their own threads
 * (reading.c, proofs.c), and serves commands (admin.c, restore.c).
 *
 * Writing calls are jobs: the caller fills one in, vault_post() queues it, one committer thread
 * applies what has queued in one transaction, and the job is given back on that thread after the
 * commit is on disk (or has failed). Reads run on the caller's thread with a database connection of
 * their own and never wait for the writer.
 *
 * Times are Unix seconds. The vault's clock never runs backwards: see vault_now.
 */
#ifndef HANDOFF_VAULT_VAULT_H
#define HANDOFF_VAULT_VAULT_H

#include "vault/job/event.h"
#include "vault/job/figures.h"
#include "vault/job/job.h"
#include "vault/job/reporter.h"
#include "vault/job/role.h"
#include "vault/lifecycle/answer.h"
#include "vault/lifecycle/lifecycle.h"
#include "vault/protocol/tlog/checkpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vault;

struct vault_options {
    const char *dir; /* the data directory; made 0700 when absent */
    const char *key; /* the master key's file; NULL: DIR/master.key, made when absent */
    /* The most that may live at once, of handoffs and bytes of envelopes; 0: no limit. */
    uint64_t live_max, live_bytes_max;
    /* The log's name, in its key and its checkpoints: what it must be (NULL: any), and what a new
       key is given where that is not said (NULL: "handoff"). */
    const char *log_name, *log_name_usual;
    /* Personal details are erased when they are so old; 0: never. */
    int64_t erase_after_s;
    unsigned readers; /* reading connections: one per thread that reads */
    /* Called with constant text and an errno-like number (or 0) about what an operator should know;
       from any thread; never given anything of a client. NULL: nobody wants to know. */
    void (*report)(void *ctx, int level, const char *what, int64_t number);
    void *report_ctx;
};

/* Makes the data directory, mode 0700, where it is absent, and looks whether it is one that
   vault_open takes: for who has to know it before. Returns 0, or -1 with a sentence in why. */
int vault_make_dir(const char *dir, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Opens or makes the data directory and starts the vault's threads. Returns the vault; or NULL with
   a sentence in why (why_size bytes) that says what is wrong and what to do. */
struct vault *vault_open(const struct vault_options *options, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Answers every queued job, empties the write-ahead log, stops the threads, frees. No thread may be
   inside another call. NULL is nothing. */
void vault_close(struct vault *v);

/* The vault's time: the larger of the wall clock and the time of the last event. */
int64_t vault_now(struct vault *v) __attribute__((nonnull));

/* ---- writing ---- */

/* Queues jobs, linked by next, all at once and in this order; the vault holds each until its
   completion queue has got it. Never blocks on the disk. What finds the queue full or the vault
   closing goes back at once, on this thread, with ANSWER_BUSY; what cannot be prepared goes back
   with ANSWER_UNAVAILABLE. */
void vault_post(struct vault *v, struct vault_job *jobs) __attribute__((nonnull));

/* Posts a job (completions, owner and next are overwritten) and waits for it. */
void vault_call(struct vault *v, struct vault_job *job) __attribute__((nonnull));

/* Wipes a job and frees what it owns. A zeroed job is nothing. */
void vault_job_clear(struct vault_job *job) __attribute__((nonnull));

/* ---- reading ---- */

struct vault_view {
    enum lifecycle_state state; /* as of now, even before the sweeper came by */
    bool burned;
    bool code;
    uint8_t envelope_hash[32];
    int64_t created_at, expires_at, changed_at;
    int64_t lease_until;                  /* 0 where there is none (yet) */
    char shown_label[VAULT_TEXT_MAX + 1]; /* empty: none */
};

/* Reads one handoff. ANSWER_OK, ANSWER_NOT_FOUND or ANSWER_UNAVAILABLE. */
enum answer vault_read(struct vault *v, const uint8_t id[16], struct vault_view *out)
    __attribute__((nonnull, warn_unused_result));

struct vault_timeline {
    enum lifecycle_state state;
    int64_t next; /* what to pass as after to go on */
};

/* Whether manage_key is the one registered for id. ANSWER_OK, ANSWER_NOT_FOUND, ANSWER_FORBIDDEN
   or ANSWER_UNAVAILABLE. */
enum answer vault_check_manage_key(struct vault *v, const uint8_t id[16],
                                   const uint8_t manage_key[32])
    __attribute__((nonnull, warn_unused_result));

/* Calls each for the handoff's events with an index above after (-1: all), in order, at most limit
   of them, with the details that may be disclosed by now. Stops early when each returns false.
   ANSWER_OK (also for none), ANSWER_NOT_FOUND or ANSWER_UNAVAILABLE. */
enum answer vault_events(struct vault *v, const uint8_t id[16], int64_t after, unsigned limit,
                         bool (*each)(void *ctx, const struct vault_event *event), void *ctx,
                         struct vault_timeline *out)
    __attribute__((nonnull(1, 2, 5, 7), warn_unused_result));

/* Whether a handoff is addressed to a team (its recipient). As vault_check_manage_key. */
enum answer vault_check_team(struct vault *v, const uint8_t id[16], const char *team)
    __attribute__((nonnull, warn_unused_result));

struct vault_filter {
    const char *recipient; /* a team's name; NULL: any */
    int state;             /* of enum lifecycle_state; -1: any */
    int64_t since, until;  /* created at or after, before; 0: any */
    int64_t before;        /* only those whose created event is older than this index; -1: any */
    unsigned limit;        /* the most rows */
};

struct vault_row {
    uint8_t id[16];
    struct vault_view view;
    char label[VAULT_TEXT_MAX + 1], recipient[VAULT_TEXT_MAX + 1], ref[VAULT_TEXT_MAX + 1];
    char token[VAULT_TEXT_MAX + 1]; /* by which it was submitted; empty: none */
    int64_t event;                  /* its created event's index */
    unsigned refused, wrong;        /* late claims and wrong codes so far: the alarm */
};

enum { VAULT_LIST_EXAMINED = 5000 };

/* Calls each for handoffs, newest first. *next: what to pass as before to go on, or -1 when there
   is no more; a page may hold fewer rows than limit, since no more than VAULT_LIST_EXAMINED are
   looked at. ANSWER_OK or ANSWER_UNAVAILABLE. */
enum answer vault_list(struct vault *v, const struct vault_filter *filter,
                       void (*each)(void *ctx, const struct vault_row *row), void *ctx,
                       int64_t *next) __attribute__((nonnull(1, 2, 3, 5), warn_unused_result));

/* ---- the log ---- */

enum { VAULT_TILE_HASHES = 256, VAULT_ENTRIES_MAX = 1000 };

/* Whether a log can be called so: 1 to 200 bytes of UTF-8, no control character or space, none of
   + " and \\. */
bool vault_log_name_valid(const char *name) __attribute__((nonnull));

/* The key that signs the log's checkpoints now. */
enum answer vault_log_key(struct vault *v, struct note_key *out)
    __attribute__((nonnull, warn_unused_result));

/* Writes the signed checkpoint of the log's first size events (-1: of all there are) into t, which
   is empty. ANSWER_NOT_FOUND when there are fewer. */
enum answer vault_checkpoint(struct vault *v, int64_t size, struct text *t)
    __attribute__((nonnull, warn_unused_result));

/* Writes the tlog-proof of an event against that checkpoint into t, which is empty. */
enum answer vault_proof(struct vault *v, int64_t index, int64_t size, struct text *t)
    __attribute__((nonnull, warn_unused_result));

/* Proves that the log's first from events are the beginning of its first to (-1: of all). *to: the
   size that was taken. ANSWER_NOT_FOUND when there are fewer, or from > to. */
enum answer vault_consistency(struct vault *v, int64_t from, int64_t *to, struct merkle_proof *p)
    __attribute__((nonnull, warn_unused_result));

/* Hashes of a tile (C2SP tlog-tiles): width of them, from node (8 · level, 256 · n) on. */
enum answer vault_tile(struct vault *v, unsigned level, uint64_t n, unsigned width,
                       uint8_t hashes[VAULT_TILE_HASHES][32])
    __attribute__((nonnull, warn_unused_result));

/* Calls each for the log's events from index start on, at most limit of them (and
   VAULT_ENTRIES_MAX), as vault_events does; details: with those that any auditor may see.
   ANSWER_OK also for none; ANSWER_NOT_FOUND when the event at start is missing though there are
   later ones: then somebody has been at the database. */
enum answer vault_entries(struct vault *v, int64_t start, unsigned limit, bool details,
                          bool (*each)(void *ctx, const struct vault_event *event), void *ctx)
    __attribute__((nonnull(1, 5), warn_unused_result));

/* How the log's key came to be replaced: for each time, the event's index, its line, and its
   tlog-proof signed by the old key (empty where that was lost). In order. */
enum answer vault_log_keys(struct vault *v,
                           void (*each)(void *ctx, int64_t index, const char *line, size_t line_len,
                                        const char *proof, size_t proof_len),
                           void *ctx) __attribute__((nonnull(1, 2), warn_unused_result));

/* ---- tokens ---- */

/* "sender" …; static. */
const char *vault_role_name(enum vault_role role);

/* Finds a token by its 32 bytes, whether it still holds or not. ANSWER_OK, ANSWER_NOT_FOUND (also
   when the role is another's) or ANSWER_UNAVAILABLE. */
enum answer vault_token(struct vault *v, enum vault_role role, const uint8_t token[32],
                        struct vault_token *out) __attribute__((nonnull, warn_unused_result));

/* ---- figures ---- */

/* "handoff.created" …, as in an event's line; static. */
const char *vault_kind_name(enum vault_kind kind);

/* Reads all of it; may take a millisecond. Returns 0, or -1 when the database cannot be read (what
   needs it is zero then). */
int vault_stats(struct vault *v, struct vault_stats *out)
    __attribute__((nonnull, warn_unused_result));

/* ---- waiting for events ---- */

/* Calls w->wake after each commit that appended an event to w->id, until it is removed. To miss
   nothing: add, then read. */
void vault_watch_add(struct vault *v, struct vault_watch *w) __attribute__((nonnull));

/* Afterwards wake is not running and will not be called. */
void vault_watch_remove(struct vault *v, struct vault_watch *w) __attribute__((nonnull));

#endif
