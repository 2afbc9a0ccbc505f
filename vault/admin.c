#include "vault/admin.h"

#include "vault/log/logkey.h"
#include "vault/log/record.h"
#include "vault/log/token.h"
#include "vault/maintenance/datadir.h"
#include "vault/maintenance/erasing.h"
#include "vault/maintenance/key_binding.h"
#include "vault/maintenance/log_verify.h"
#include "vault/maintenance/rotation.h"
#include "vault/maintenance/upgrade.h"
#include "vault/protocol/handoff/keys.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct admin {
    int dir_fd;
    bool alone; /* we hold the lock: no service runs */
    char path[4096];
    struct keyfile_place key_file;
    struct keyring *keyring;
    struct logkey *logkey;
    struct store *store;
    struct ledger ledger;
    struct rotation rotation;
};

static const char busy[] =
    "the database cannot be written now; is the disk full? Nothing was changed, try again";

static int fail(char *why, size_t why_size, const char *words)
{
    snprintf(why, why_size, "%s", words);
    return -1;
}

/* ---- opening ---- */

static int open_store(struct admin *a, const struct admin_options *options, char *why,
                      size_t why_size)
{
    const bool settle = a->alone && !options->look;

    if (!options->may_create && access(a->path, F_OK) != 0) {
        snprintf(why, why_size, "%s: %s; name the service's data directory with --data", a->path,
                 strerror(errno));
        return -1;
    }
    a->store = store_open(a->path, settle ? STORE_WRITER : STORE_GUEST, why, why_size);
    if (a->store == NULL)
        return -1;
    a->keyring = key_binding_open(a->store, &a->key_file, why, why_size);
    if (a->keyring == NULL)
        return -1;
    a->logkey = logkey_open(a->dir_fd, why, why_size);
    if (a->logkey == NULL)
        return -1;
    return settle ? upgrade(a->store, a->keyring, why, why_size) : 0;
}

struct admin *admin_open(const struct admin_options *options, char *why, size_t why_size)
{
    struct admin *a = calloc(1, sizeof(*a));
    struct stat st;

    if (a == NULL) {
        (void)fail(why, why_size, "out of memory");
        return NULL;
    }
    a->dir_fd = -1;
    if (stat(options->dir, &st) != 0) {
        snprintf(why, why_size, "%s: %s; name the service's data directory with --data",
                 options->dir, strerror(errno));
        goto failed;
    }
    a->dir_fd = datadir_open(options->dir, why, why_size);
    if (a->dir_fd < 0 ||
        datadir_database(a->path, sizeof(a->path), options->dir, why, why_size) != 0)
        goto failed;
    a->alone = datadir_lock(a->dir_fd);
    a->key_file = (struct keyfile_place){.dir_fd = a->dir_fd, .path = options->key};
    if (open_store(a, options, why, why_size) == 0)
        return a;
failed:
    admin_close(a);
    return NULL;
}

void admin_close(struct admin *a)
{
    if (a == NULL)
        return;
    store_close(a->store);
    logkey_close(a->logkey);
    keyring_close(a->keyring);
    if (a->dir_fd >= 0)
        close(a->dir_fd);
    free(a);
}

bool admin_beside_service(const struct admin *a)
{
    return !a->alone;
}

/* Begins a transaction, with the keys as they are at its beginning: a rotation that ended before
   must not leave anything under a destroyed key. */
static int begin(struct admin *a, char *why, size_t why_size)
{
    struct store_head head;

    if (store_begin(a->store, &head) != 0)
        return fail(why, why_size, busy);
    if (keyring_reload(a->keyring, &a->key_file, why, why_size) < 0) {
        store_rollback(a->store);
        return -1;
    }
    if (ledger_start(&a->ledger, a->store, a->keyring, &head, (int64_t)time(NULL)) == 0)
        return 0;
    store_rollback(a->store);
    return fail(why, why_size, "the log's tree cannot be read: handoffd check tells more");
}

static int commit(struct admin *a, char *why, size_t why_size)
{
    switch (store_commit(a->store)) {
    case 0:
        return 0;
    case STORE_UNKNOWN:
        return fail(why, why_size,
                    "it is unknown whether this was recorded: look before you try again");
    default:
        return fail(why, why_size, busy);
    }
}

static int roll_back(struct admin *a, char *why, size_t why_size, const char *words)
{
    store_rollback(a->store);
    return fail(why, why_size, words);
}

/* ---- tokens ---- */

int admin_add_token(struct admin *a, struct vault_token *t, uint8_t token[32], char *why,
                    size_t why_size)
{
    struct store_token row, other;
    uint8_t tag[16];

    if (begin(a, why, why_size) != 0)
        return -1;
    token_name_tag(a->keyring, t->name, tag);
    if (store_token(a->store, NULL, tag, &other) != STORE_NONE)
        return roll_back(
            a, why, why_size,
            "there is, or was, a token of this name: choose another one, since the log "
            "tells by it who did what");
    t->created_at = a->ledger.now;
    t->revoked_at = 0;
    if (t->expires_at != 0 && t->expires_at <= t->created_at)
        return roll_back(a, why, why_size, "the token would have expired already");
    randombytes_buf(token, 32);
    if (token_seal(a->keyring, t, token, &row) != 0)
        return roll_back(a, why, why_size, "name and team are too long together");
    if (record_token_added(&a->ledger, t) != 0 || store_put_token(a->store, &row) != 0)
        return roll_back(a, why, why_size, busy);
    return commit(a, why, why_size);
}

int admin_revoke_token(struct admin *a, const char *name, char *why, size_t why_size)
{
    struct vault_token t;
    struct store_token row;
    uint8_t tag[16];
    int rc;

    if (begin(a, why, why_size) != 0)
        return -1;
    token_name_tag(a->keyring, name, tag);
    rc = store_token(a->store, NULL, tag, &row);
    if (rc == STORE_NONE)
        return roll_back(
            a, why, why_size,
            "there is no token of this name; handoffd token list shows those there are");
    if (rc != 0 || token_open(a->keyring, &row, &t) != 0)
        return roll_back(a, why, why_size, "the database cannot be read");
    if (row.revoked_at != 0) {
        store_rollback(a->store);
        return 0; /* it holds no more, and the log says since when */
    }
    row.revoked_at = a->ledger.now;
    if (record_token_revoked(&a->ledger, &t) != 0 || store_put_token(a->store, &row) != 0)
        return roll_back(a, why, why_size, busy);
    return commit(a, why, why_size);
}

int admin_tokens(struct admin *a, void (*each)(void *ctx, const struct vault_token *t), void *ctx,
                 char *why, size_t why_size)
{
    struct store_token row;
    struct vault_token t;
    uint8_t *after = NULL, hash[32];
    int rc;

    while ((rc = store_next_token(a->store, after, &row)) == 0) {
        /* A rotation may have gone on since the keys were read. */
        if (token_open(a->keyring, &row, &t) != 0 &&
            (keyring_reload(a->keyring, &a->key_file, why, why_size) < 0 ||
             token_open(a->keyring, &row, &t) != 0))
            return fail(why, why_size, "a token cannot be read: handoffd check tells more");
        each(ctx, &t);
        memcpy(hash, row.hash, sizeof(hash));
        after = hash;
    }
    return rc < 0 ? fail(why, why_size, "the database cannot be read") : 0;
}

/* ---- keys ---- */

int admin_begin_rotation(struct admin *a, struct admin_rotation *out, char *why, size_t why_size)
{
    *out = (struct admin_rotation){.from = keyring_current(a->keyring),
                                   .to = keyring_current(a->keyring)};
    if (a->key_file.path != NULL) {
        out->elsewhere = true;
        return 0;
    }
    /* In a transaction, so that of two commands at once the second finds the first one's key: two
       keys of one number would cost what was sealed under the one that the file lost. */
    if (begin(a, why, why_size) != 0)
        return -1;
    out->to = keyring_current(a->keyring);
    if (keyring_count(a->keyring) == 1)
        out->to = keyring_extend(&a->key_file, why, why_size);
    store_rollback(a->store);
    return out->to != 0 ? 0 : -1;
}

/* One step by ourselves; after the last one the old keys are destroyed. */
static int rotate_alone(struct admin *a, struct admin_rotation *out, char *why, size_t why_size)
{
    if (begin(a, why, why_size) != 0)
        return -1;
    if (rotation_step(&a->rotation, &a->ledger) != 0)
        return roll_back(
            a, why, why_size,
            "the rotation cannot go on: handoffd check tells more; nothing is lost, both "
            "keys are in the key file");
    if (commit(a, why, why_size) != 0)
        return -1;
    if (a->rotation.phase != ROTATION_DONE)
        return 0;
    if (store_scrub(a->store, STORE_SCRUB_FINISH) < 0 ||
        keyring_shrink(a->keyring, &a->key_file) != 0)
        return fail(why, why_size, "the old key cannot be taken out of the key file: try again");
    out->done = true;
    return 0;
}

int admin_rotate(struct admin *a, struct admin_rotation *out, char *why, size_t why_size)
{
    struct keyring *now;

    if (a->alone)
        return rotate_alone(a, out, why, why_size);
    now = keyring_open(&a->key_file, false, why, why_size);
    if (now == NULL)
        return -1;
    out->done = keyring_count(now) == 1;
    keyring_close(now);
    return 0;
}

/* ---- the log's key ---- */

static const char no_log_key[] =
    "there is no log key that signs this log: a service's first start makes one; if log.key was "
    "lost, handoffd key rotate-log --lost --name NAME makes a new one";

int admin_log_key(struct admin *a, struct note_key *out, char *why, size_t why_size)
{
    if (logkey_current(a->logkey, a->store, out) == 0)
        return 0;
    return fail(why, why_size, no_log_key);
}

/* Records the replacement, has the old key sign the log up to and with that record, and binds the
   new one: all in the transaction that has begun. */
static int replace_log_key(struct admin *a, const struct admin_log_key *k, bool lost)
{
    const struct merkle_source source = ledger_source(a->store);
    char from[NOTE_KEY_MAX] = "", to[NOTE_KEY_MAX], buffer[CHECKPOINT_PROOF_MAX];
    struct text t = text_into(buffer, sizeof(buffer)), note;
    struct checkpoint c;
    struct merkle_proof p;

    if (!lost)
        note_key_format(from, &k->from);
    note_key_format(to, &k->to);
    if (record_log_key_rotated(&a->ledger, from, to, lost) != 0)
        return -1;
    if (!lost) {
        c = checkpoint_of(&a->ledger.tree);
        if (merkle_prove_inclusion(&p, &source, (uint64_t)k->event, c.size) != 0)
            return -1;
        checkpoint_proof_format(&t, (uint64_t)k->event, &p);
        note = text_into(buffer + t.len, sizeof(buffer) - t.len);
        if (logkey_sign(a->logkey, a->store, &c, &note) != 0)
            return -1;
        t.len += note.len;
    }
    return store_add_log_key(a->store, k->event, t.data, t.len) == 0 &&
                   logkey_bind(a->store, &k->to) == 0
               ? 0
               : -1;
}

/* Within the transaction: which key signs, and whether that fits what was asked for. */
static int check_old_key(struct admin *a, const char *name, bool lost, struct admin_log_key *out,
                         char *why, size_t why_size)
{
    const bool there = logkey_current(a->logkey, a->store, &out->from) == 0;

    if (!there && !lost)
        return fail(why, why_size, no_log_key);
    if (there && lost)
        return fail(why, why_size, "log.key is there and signs this log: rotate it without --lost");
    if (name == NULL && lost)
        return fail(why, why_size, "name the log with --name: what it was called is lost too");
    return 0;
}

/* Destroys the old key; in a transaction, so that no other command stands between its new key and
   its commit. */
static int destroy_old_keys(struct admin *a, char *why, size_t why_size)
{
    int rc;

    if (begin(a, why, why_size) != 0)
        return -1;
    rc = logkey_shrink(a->logkey, a->store, why, why_size);
    store_rollback(a->store);
    return rc;
}

int admin_rotate_log_key(struct admin *a, const char *name, bool lost, struct admin_log_key *out,
                         char *why, size_t why_size)
{
    *out = (struct admin_log_key){.event = -1};
    if (begin(a, why, why_size) != 0)
        return -1;
    if (check_old_key(a, name, lost, out, why, why_size) != 0 ||
        logkey_extend(a->logkey, a->store, name != NULL ? name : out->from.name, lost, &out->to,
                      why, why_size) != 0) {
        store_rollback(a->store);
        return -1;
    }
    out->event = a->ledger.head.next;
    if (replace_log_key(a, out, lost) != 0)
        return roll_back(a, why, why_size, busy);
    if (commit(a, why, why_size) != 0)
        return -1;
    return destroy_old_keys(a, why, why_size);
}

/* ---- privacy ---- */

enum { SCRUB_TRIES = 50, SCRUB_PAUSE_MS = 100 };

/* Brings what was overwritten out of the write-ahead log; a reader may be in the way for a moment.
   Where a service runs, it does the same by itself. */
static int scrub(struct admin *a)
{
    const struct timespec pause = {.tv_nsec = SCRUB_PAUSE_MS * 1000000L};
    int rc = STORE_NONE;

    for (int i = 0; i < SCRUB_TRIES && rc == STORE_NONE; i++) {
        if (i > 0)
            nanosleep(&pause, NULL);
        rc = store_scrub(a->store, STORE_SCRUB_FINISH);
    }
    return rc;
}

int admin_erase(struct admin *a, const uint8_t id[16], int64_t *events, char *why, size_t why_size)
{
    int rc;

    if (begin(a, why, why_size) != 0)
        return -1;
    rc = erasing_handoff(&a->ledger, id, events);
    if (rc == STORE_NONE)
        return roll_back(a, why, why_size, "this service never had a handoff of this id");
    if (rc < 0)
        return roll_back(a, why, why_size,
                         "its details cannot be read or written: handoffd check tells more; "
                         "nothing was changed");
    if (commit(a, why, why_size) != 0)
        return -1;
    if (scrub(a) != 0)
        return fail(why, why_size,
                    "the details are erased, but older copies of them may still be in the "
                    "write-ahead log: run the command again, or restart the service");
    return 0;
}

/* ---- backup ---- */

int admin_backup(struct admin *a, const char *path, struct admin_backup *out, char *why,
                 size_t why_size)
{
    struct store_backup made;

    if (access(path, F_OK) == 0) {
        snprintf(why, why_size, "%s: is there already, and is not overwritten", path);
        return -1;
    }
    if (begin(a, why, why_size) != 0)
        return -1;
    if (record_backed_up(&a->ledger) != 0)
        return roll_back(a, why, why_size, busy);
    if (commit(a, why, why_size) != 0 || store_backup(a->path, path, &made, why, why_size) != 0)
        return -1;
    *out = (struct admin_backup){made.events, made.handoffs, made.live};
    return 0;
}

/* ---- health ---- */

int admin_verify(struct admin *a, struct admin_verdict *out, char *why, size_t why_size)
{
    int rc = store_verify(a->store, why, why_size);
    struct log_verify_count count = {0};

    if (rc == 0)
        rc = log_verify(a->store, a->logkey, &count, why, why_size);
    *out = (struct admin_verdict){.events = count.events, .checkpoints = count.checkpoints};
    if (rc == 0)
        rc = store_verify_tables(a->store, why, why_size);
    return rc == STORE_NONE ? 1 : rc < 0 ? fail(why, why_size, "the database cannot be read") : 0;
}

int admin_health(struct admin *a, struct admin_health *out, char *why, size_t why_size)
{
    struct store_head head;
    struct store_charge all;

    *out = (struct admin_health){.keys = keyring_count(a->keyring),
                                 .key = keyring_current(a->keyring)};
    if (store_head(a->store, &head) != 0 || store_charge(a->store, NULL, &all) != 0 ||
        store_count_due(a->store, (int64_t)time(NULL), 1000, &out->due) != 0)
        return fail(why, why_size, "the database cannot be read");
    out->next = (uint64_t)head.next;
    out->last_event_at = head.time;
    out->live = (uint64_t)all.live;
    out->live_bytes = (uint64_t)all.bytes;
    return 0;
}
