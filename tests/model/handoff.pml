/*
 * The life of one handoff between a sender, two who have the link, a network that loses, repeats
 * and reorders, and a service that may crash at any point. Checked exhaustively by run.mjs, which
 * explains the macros that choose a configuration, and those that break it on purpose.
 *
 * The service decides nothing here: what it answers, what becomes of a handoff and what has to be
 * done is looked up in table.pml, which tests/model/table.c prints from vault/lifecycle/lifecycle.c. The
 * model adds what vault/calls/apply.c and vault/writer/committer.c do around a decision: time is judged first;
 * a transaction of up to BATCH calls is written, then synced, then answered.
 *
 * The network is a set of calls and a set of answers. Both only grow: what was sent once may be
 * received any number of times, in any order, or never. So losses, repeats (without a bound) and
 * delays need no steps of their own. An answer that asks for a repeat (503, or nothing at all)
 * leaves no trace: the call is there already.
 *
 * Time: the expiry passes at any moment, the lease's end at any moment after a claim. A claim in
 * memory starts its lease anew, even if its transaction comes to nothing.
 */
#include "table.pml"

#ifndef MODE
#define MODE 0 /* of the first four facts: 1 burns on claim, 2 has a code, 3 both */
#endif
#ifndef BATCH
#define BATCH 1
#endif
#ifndef FAULTS
#define FAULTS 2 /* crashes and failed syncs, together */
#endif
#ifndef KEEPS_BYTES
#define KEEPS_BYTES 0 /* of a backup: it holds no envelopes */
#endif

/* Calls. Claimants are 0 and 1; receipt 2 shows no claimant. */
#define SUBMIT     1
#define CLAIM(i)   (2 << (i))
#define OPEN(i)    (8 << (i))
#define REVOKE     32
#define RECEIPT(k) (64 << (k))

/* Answers. */
#define SUBMITTED   1
#define BYTES(i)    (2 << (i))
#define GONE(i)     (8 << (i))
#define OPENED(i)   (32 << (i))
#define TOO_LATE(i) (128 << (i))
#define REVOKED     512
#define KEPT(k)     (1024 << (k))

/* Those that somebody waits for, or that a property speaks of: a thief reads no refusals. */
#ifdef THIEF
#define READ ~(GONE(1) | TOO_LATE(1))
#else
#define READ ~0
#endif

#define NOWHERE 254 /* no row: never submitted */

/* A row, and whether the envelope's bytes are in their slot: one transaction changes both. */
typedef record {
    byte fact = NOWHERE;
    byte holder; /* claimant + 1 */
    byte kept;   /* receipts */
    bit bytes
};

record disk; /* is there whatever happens */
record log;  /* written, and synced or not: after a crash it is this or what the disk has */
record work; /* in memory, of the transaction that is under way */
bit sees_log;

short calls, answers;
short ready; /* answers that wait for the commit */
bit touched; /* the transaction has something to write */
bit expired, lease_over;
byte faults = FAULTS;

/* What has been true once, for the properties alone. */
bit taken, burned, ended, restored;

/* Of the call that is being judged; 0 between two. */
byte who, call, answer, next, due, batch;
short effects;

#define STATE(r) c_expr { state_of[now.r.fact] }
#define BURNED(r) c_expr { cause_of[now.r.fact] != 0 }
#define CLAIMED(r) c_expr { claimed_of[now.r.fact] }
#define IS_OPENED(r) c_expr { opened_of[now.r.fact] }
#define IS_REVOKED(r) c_expr { revoked_of[now.r.fact] }
#define ACCEPTED (answer == OK || answer == REPEATED)
#define SAYS_WHY (answer >= WHY_FIRST && answer <= WHY_LAST)

inline copy(to, from)
{
    to.fact = from.fact;
    to.holder = from.holder;
    to.kept = from.kept;
    to.bytes = from.bytes
}

#include "properties.pml"
#include "judging.pml"

/* ---- the service: transactions, crashes, restores ---- */

#ifdef RESTORES
record backup;
bit backed_up;
/* A backup from before the submission knows nothing of the handoff. Calls do not outlive the
   service that is stopped for a restore, so none can bring it back; the set of calls could. */
#ifdef OLD_BACKUP
#define KNOWN_TO_BACKUP true
#else
#define KNOWN_TO_BACKUP (disk.fact != NOWHERE)
#endif
#endif

inline begin()
{
#if defined(START_UNSYNCED) || defined(REOPENED_SEES)
    if
    :: sees_log -> copy(work, log)
    :: else -> copy(work, disk)
    fi;
#else
    copy(work, disk);
#endif
    promises()
}

inline forget_all()
{
    work.fact = 0;
    work.holder = 0;
    work.kept = 0;
    work.bytes = 0;
    ready = 0;
    touched = 0;
    batch = 0
}

inline synced()
{
    copy(disk, log);
    sees_log = 0;
    if
    :: disk.fact != NOWHERE ->
        taken = taken || STATE(disk) == STATE_claimed;
        burned = burned || BURNED(disk);
        ended = STATE(disk) >= STATE_lapsed
    :: else
    fi
}

/* A killed process leaves what it wrote; without power, either what was synced or more is there. */
inline crash()
{
    faults > 0;
    faults--;
    forget_all();
    if
    :: true
    :: copy(log, disk)
    :: copy(disk, log)
    fi;
#ifdef CLAIM_IN_MEMORY
    if
    :: disk.fact != NOWHERE && STATE(disk) == STATE_claimed ->
        disk.fact = MODE;
        disk.holder = 0;
        copy(log, disk)
    :: else
    fi
#endif
#ifdef HOLDER_IN_MEMORY
    disk.holder = 0;
    log.holder = 0
#endif
#ifdef BURN_IN_MEMORY
    disk.bytes = (disk.fact != NOWHERE);
    log.bytes = (log.fact != NOWHERE)
#endif
}

#define HERE (work.fact != NOWHERE)
#define SENT(c) (calls & (c))

/* What a transaction does: the calls that are there, and the sweep. */
inline judge_one()
{
    if
    :: d_step { SENT(SUBMIT) -> judge_submit() }
    :: d_step { SENT(CLAIM(0)) && HERE -> judge_claim(0) }
    :: d_step { SENT(CLAIM(1)) && HERE -> judge_claim(1) }
    :: d_step { SENT(OPEN(0)) && HERE -> judge_open(0) }
    :: d_step { SENT(OPEN(1)) && HERE -> judge_open(1) }
    :: d_step { SENT(REVOKE) && HERE -> judge_revoke() }
#ifdef RECEIPTS
    :: d_step { SENT(RECEIPT(0)) && HERE -> judge_receipt(0) }
    :: d_step { SENT(RECEIPT(1)) && HERE -> judge_receipt(1) }
    :: d_step { SENT(RECEIPT(2)) && HERE -> judge_receipt(2) }
#endif
    :: d_step { HERE -> judge_strangers() }
    fi
}

/*
 * Reopening: after a failed sync the service opens its database anew and sees nothing of what it
 * had written, since its reading connections keep the index of the write-ahead log, in which it
 * is not. REOPENED_SEES shows what rests on that. A start, with no such connection, does see it, and
 * commits an event of its own before it serves; START_UNSYNCED shows what rests on that.
 */
active proctype service()
{
serving:
    atomic {
        begin();
        if
        :: HERE || SENT(SUBMIT) -> batch = 1; judge_one()
        :: crash(); goto down
#ifdef RESTORES
        :: d_step { !backed_up && KNOWN_TO_BACKUP ->
                copy(backup, disk); backup.bytes = KEEPS_BYTES && disk.bytes; backed_up = 1;
                forget_all() };
            goto serving
#endif
        fi
    };
deciding:
#ifdef ANSWER_FIRST
    answers = answers | (ready & ANSWER_FIRST);
#endif
    atomic {
        if
        :: batch < BATCH -> batch++; judge_one(); goto deciding
        :: touched -> copy(log, work)
        :: !touched -> goto answering
        :: faults > 0 -> faults--; forget_all(); goto serving /* rolled back: 503 */
        :: crash(); goto down
        fi
    };
#ifdef ANSWER_UNSYNCED
    answers = answers | (ready & ANSWER_UNSYNCED);
#endif
    atomic {
        if
        :: synced()
        :: faults > 0 -> /* 503 outcome-unknown; see the note on reopening */
            faults--;
#ifdef REOPENED_SEES
            sees_log = 1;
#endif
            forget_all();
            goto serving
        :: crash(); goto down
        fi
    };
answering:
    atomic {
        if
        :: d_step { answers = answers | (ready & READ); forget_all() }
        :: crash(); goto down
        fi
    };
#ifdef BURN_APART
    atomic {
        if
        :: disk.bytes = disk.bytes && !BURNED(disk); log.bytes = disk.bytes
        :: crash(); goto down
        fi
    };
#endif
    goto serving;

    /* Out of a backup, or not; then the start's own event is committed before anything is served,
       and with it all that was found. What came out of a backup is burned in every start from then
       on: a second time finds nothing that lives. */
down:
    atomic {
        if
        :: true
#ifdef RESTORES
        :: d_step { backed_up && !restored ->
                restored = 1; copy(disk, backup); copy(log, backup) }
#endif
        fi
    };
starting:
    atomic {
        copy(work, log);
        if
#ifdef RESTORES
        :: restored && work.fact != NOWHERE -> call = CALL_RESTORE; look_up(); carry_out();
            copy(log, work)
        :: !restored || work.fact == NOWHERE
#else
        :: true
#endif
        fi;
        forget_call();
        forget_all();
        if
#ifdef START_UNSYNCED
        :: sees_log = 1; goto serving
#else
        :: synced(); goto serving
#endif
        :: crash(); goto starting
        fi
    }
}

/* ---- the others ---- */

active proctype clock()
{
end:
    do
    :: !expired -> expired = 1
    :: d_step { !lease_over && disk.fact != NOWHERE && STATE(disk) == STATE_claimed ->
            lease_over = 1 }
    od
}

active proctype sender()
{
    calls = calls | SUBMIT;
    if
    :: answers & SUBMITTED
    :: goto end /* gives up, or lost every answer */
    fi;
    if
    :: calls = calls | REVOKE
    :: true
    fi;
end:
    skip
}

/* Has the link and a claimant of its own that it stored before it asked, so that it can ask again
   after a crash. */
proctype claimant(byte i)
{
asking:
    calls = calls | CLAIM(i);
waiting:
    if
    :: answers & BYTES(i) -> goto holding
    :: answers & GONE(i) -> goto end
    :: goto end /* gives up */
    fi;
holding:
    if
    :: calls = calls | OPEN(i)
    :: goto asking /* crashed */
    :: goto end
    fi;
    if
    :: answers & OPENED(i)
    :: answers & TOO_LATE(i) -> goto end
    :: goto asking /* crashed */
    :: goto end
    fi;
#ifdef RECEIPTS
    if
    :: calls = calls | RECEIPT(i)
    :: calls = calls | RECEIPT(2)
    :: true
    fi;
#endif
end:
    skip
}

/* Has the link, and sends whatever he likes: but he does not know the other's claimant. */
proctype thief(byte i)
{
end:
    do
    :: !SENT(CLAIM(i)) -> calls = calls | CLAIM(i)
    :: !SENT(OPEN(i)) -> calls = calls | OPEN(i)
#ifdef RECEIPTS
    :: !SENT(RECEIPT(i)) -> calls = calls | RECEIPT(i)
    :: !SENT(RECEIPT(2)) -> calls = calls | RECEIPT(2)
#endif
    od
}

init
{
    atomic {
        run claimant(0);
#ifdef THIEF
        run thief(1)
#else
        run claimant(1)
#endif
    }
}

/* With time passing and the service coming back, what was accepted comes to its end. */
ltl comes_to_its_end { [] ((answers & SUBMITTED) -> <> ended) }
