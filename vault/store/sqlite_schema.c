#include "vault/store/sqlite.h"

enum {
    APPLICATION_ID = 0x48616e64, /* "Hand" */
    BASE_VERSION = 1
};

const char store_unbuilt[] = "tree-unbuilt"; /* given by step 3 */

/* Version 1, as the first release made it. What came later is a step of its own below. */
static const char *const base =
    "CREATE TABLE handoff("
    /* what never changes */
    " id BLOB PRIMARY KEY NOT NULL, code INTEGER NOT NULL, burn_on_claim INTEGER NOT NULL,"
    " shown_label INTEGER NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
    " lease_s INTEGER NOT NULL, claim_hash BLOB NOT NULL, opened_hash BLOB NOT NULL,"
    " receipt_key BLOB NOT NULL, manage_hash BLOB NOT NULL, link_hash BLOB,"
    " body_hash BLOB NOT NULL, envelope_hash BLOB NOT NULL, key_id INTEGER NOT NULL,"
    " sealed_len INTEGER NOT NULL, created_n INTEGER NOT NULL,"
    /* what does */
    " state INTEGER NOT NULL, cause INTEGER NOT NULL, claimed_at INTEGER NOT NULL,"
    " lease_until INTEGER NOT NULL, changed_at INTEGER NOT NULL, due_at INTEGER,"
    " claimant_hash BLOB, slot INTEGER NOT NULL, claimed_n INTEGER NOT NULL,"
    " opened_n INTEGER NOT NULL, revoked_n INTEGER NOT NULL, last_n INTEGER NOT NULL,"
    " receipts INTEGER NOT NULL, receipt_by_claimant INTEGER NOT NULL, tries INTEGER NOT NULL,"
    " tried_at INTEGER NOT NULL, refused_events INTEGER NOT NULL,"
    " refused_pending INTEGER NOT NULL, refused_flush_at INTEGER NOT NULL,"
    " wrong_events INTEGER NOT NULL, wrong_pending INTEGER NOT NULL,"
    " wrong_flush_at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX handoff_due ON handoff(due_at) WHERE due_at IS NOT NULL;"
    "CREATE TABLE event("
    " n INTEGER PRIMARY KEY, time INTEGER NOT NULL, prev INTEGER NOT NULL,"
    " leaf BLOB NOT NULL, line TEXT NOT NULL);"
    "CREATE TABLE detail(n INTEGER PRIMARY KEY, key_id INTEGER NOT NULL, sealed BLOB NOT NULL);"
    "CREATE TABLE tries("
    " id BLOB NOT NULL, tag BLOB NOT NULL, tries INTEGER NOT NULL, tried_at INTEGER NOT NULL,"
    " PRIMARY KEY(id, tag)) WITHOUT ROWID;"
    "CREATE TABLE receipt("
    " id BLOB NOT NULL, statement_hash BLOB NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY(id, statement_hash)) WITHOUT ROWID;"
    "CREATE TABLE value(name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE slot_class("
    " class INTEGER PRIMARY KEY, free INTEGER NOT NULL, slots INTEGER NOT NULL);";

/* What brings version BASE_VERSION + i to the next. A new database is made by the same steps, so
   that it cannot differ from one that was brought forward. Released steps never change. */
static const char *const steps[] = {
    /* 2: tokens, who a handoff is for, who is charged for it. The row of no payer is the sum. */
    "ALTER TABLE handoff ADD COLUMN recipient_tag BLOB;"
    "ALTER TABLE handoff ADD COLUMN payer BLOB;"
    "CREATE INDEX handoff_created ON handoff(created_n);"
    "CREATE INDEX handoff_recipient ON handoff(recipient_tag, created_n)"
    " WHERE recipient_tag IS NOT NULL;"
    "CREATE TABLE token("
    " hash BLOB PRIMARY KEY NOT NULL, name_tag BLOB NOT NULL UNIQUE, role INTEGER NOT NULL,"
    " created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER NOT NULL,"
    " key_id INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE charge("
    " payer BLOB PRIMARY KEY NOT NULL, live INTEGER NOT NULL, bytes INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "INSERT INTO charge SELECT x'', count(*), ifnull(sum(sealed_len - 40), 0)"
    " FROM handoff WHERE slot<>0;"
    "INSERT INTO value SELECT 'recipients-untagged', x'' FROM handoff LIMIT 1;",
    /* 3: the log's tree: event.leaf is the leaf's hash and those of the nodes that it completes. */
    "CREATE TABLE checkpoint("
    " size INTEGER PRIMARY KEY, time INTEGER NOT NULL, note TEXT NOT NULL);"
    "CREATE TABLE log_key(n INTEGER PRIMARY KEY, proof TEXT NOT NULL);"
    "INSERT INTO value SELECT 'tree-unbuilt', x'' FROM event LIMIT 1;",
    /* 4: fewer pages a transaction. Handoffs lie in the order of their first events, with a slim
       index by id, whoever chose it; fixed is claim_hash, opened_hash, receipt_key, manage_hash,
       link_hash, body_hash and envelope_hash, of 32 bytes each; rare is the numbers that are mostly
       zero, or NULL where all are. An event's details lie in its row. */
    "CREATE TABLE handoff_4("
    " created_n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, code INTEGER NOT NULL,"
    " burn_on_claim INTEGER NOT NULL, shown_label INTEGER NOT NULL, created_at INTEGER NOT NULL,"
    " expires_at INTEGER NOT NULL, lease_s INTEGER NOT NULL, fixed BLOB NOT NULL,"
    " sealed_len INTEGER NOT NULL, payer BLOB, recipient_tag BLOB, key_id INTEGER NOT NULL,"
    " state INTEGER NOT NULL, cause INTEGER NOT NULL, claimed_at INTEGER NOT NULL,"
    " lease_until INTEGER NOT NULL, changed_at INTEGER NOT NULL, due_at INTEGER,"
    " claimant_hash BLOB, slot INTEGER NOT NULL, claimed_n INTEGER NOT NULL,"
    " opened_n INTEGER NOT NULL, revoked_n INTEGER NOT NULL, last_n INTEGER NOT NULL, rare TEXT);"
    "INSERT INTO handoff_4 SELECT created_n, id, code, burn_on_claim, shown_label, created_at,"
    " expires_at, lease_s, CAST(claim_hash || opened_hash || receipt_key || manage_hash"
    "  || ifnull(link_hash, zeroblob(32)) || body_hash || envelope_hash AS BLOB),"
    " sealed_len, payer, recipient_tag, key_id, state, cause, claimed_at, lease_until, changed_at,"
    " due_at, claimant_hash, slot, claimed_n, opened_n, revoked_n, last_n,"
    " CASE WHEN receipts | tries | refused_events | refused_pending | wrong_events | wrong_pending"
    "  THEN receipts || ' ' || receipt_by_claimant || ' ' || tries || ' ' || tried_at || ' ' ||"
    "   refused_events || ' ' || refused_pending || ' ' || refused_flush_at || ' ' ||"
    "   wrong_events || ' ' || wrong_pending || ' ' || wrong_flush_at END"
    " FROM handoff ORDER BY created_n;"
    "DROP TABLE handoff;"
    "ALTER TABLE handoff_4 RENAME TO handoff;"
    "CREATE INDEX handoff_due ON handoff(due_at) WHERE due_at IS NOT NULL;"
    "CREATE INDEX handoff_recipient ON handoff(recipient_tag) WHERE recipient_tag IS NOT NULL;"
    "CREATE TABLE event_4("
    " n INTEGER PRIMARY KEY, time INTEGER NOT NULL, prev INTEGER NOT NULL, key_id INTEGER,"
    " leaf BLOB NOT NULL, line TEXT NOT NULL, sealed BLOB);"
    "INSERT INTO event_4 SELECT event.n, time, prev, key_id, leaf, line, sealed"
    " FROM event LEFT JOIN detail ON detail.n=event.n ORDER BY event.n;"
    "DROP TABLE event;"
    "DROP TABLE detail;"
    "ALTER TABLE event_4 RENAME TO event;",
};

enum { STEPS = sizeof(steps) / sizeof(steps[0]), VERSION = BASE_VERSION + STEPS };

static int make_base(struct store *s)
{
    if (sqlite_script(s, base) != 0 || sqlite_slots_create(s) != 0)
        return -1;
    return sqlite_set_pragma(s, "application_id", APPLICATION_ID);
}

/* Does one step towards VERSION. Returns 0, STORE_NONE when there is none left, or -1 with *why. */
static int step(struct store *s, bool may_change, const char **why)
{
    int64_t version = 0, application = 0, objects = 0;
    int rc;

    *why = "the database cannot be read or written";
    if (sqlite_script(s, "BEGIN IMMEDIATE") != 0)
        return -1;
    if (sqlite_number(s, "PRAGMA user_version", &version) != 0 ||
        sqlite_number(s, "PRAGMA application_id", &application) != 0 ||
        sqlite_number(s, "SELECT count(*) FROM sqlite_schema", &objects) != 0)
        goto fail;
    if (objects != 0 && (application != APPLICATION_ID || version < BASE_VERSION)) {
        *why = "the file is another program's database; name another data directory";
        goto fail;
    }
    if (version > VERSION) {
        *why = "the database was made by a newer handoffd: use that one, or a newer one still; "
               "nothing was changed";
        goto fail;
    }
    if (objects != 0 && version == VERSION) {
        (void)sqlite_script(s, "ROLLBACK");
        return STORE_NONE;
    }
    if (!may_change) {
        *why = "the database was made by an older handoffd: restart the service first, so that it "
               "brings it forward";
        goto fail;
    }
    if (objects == 0)
        rc = make_base(s);
    else
        rc = sqlite_script(s, steps[version - BASE_VERSION]);
    version = objects == 0 ? BASE_VERSION : version + 1;
    if (rc != 0 || sqlite_set_pragma(s, "user_version", (int)version) != 0 ||
        sqlite_script(s, "COMMIT") != 0)
        goto fail;
    return 0;

fail:
    (void)sqlite_script(s, "ROLLBACK");
    return -1;
}

int sqlite_settle_schema(struct store *s, bool may_change, const char **why)
{
    int rc;

    do
        rc = step(s, may_change, why);
    while (rc == 0);
    return rc == STORE_NONE ? 0 : -1;
}
