/*
 * Prints the lifecycle's decisions as the table that the model of a handoff's life looks them up
 * in, so that the model decides nothing by itself.
 *
 * usage: model-table [--list] [--sabotage NAME]
 *
 * What the model knows of a handoff (a "fact", numbered as it is reached): its state; why the bytes
 * went; whether it was ever claimed, opened, revoked; whether receipts are kept, and one by the
 * claimant; whether it burns on claim; whether a code is part of the key. What is collapsed:
 *   - times: whether the next time that is due has come is a property of the call (time-due or
 *     time-early). Every other call is judged with nothing due, since time is judged before it;
 *   - a receipt's own time is the vault's, within the 90 days: the other refusals change nothing;
 *   - receipts: none, or some that are not yet too many;
 *   - tries: a claim meets a lock, or none. Addresses are the call's.
 * A call that cannot be made (by the claimant, where nobody has claimed) is marked impossible.
 * Each verdict is asked for twice, with other numbers behind the same fact: if the two differ, the
 * abstraction is wrong and there is no table.
 */
#include "vault/lifecycle/lifecycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FACTS_MAX = 250, IMPOSSIBLE = 255, START = 1000000, LEASE = 600 };

enum call_class {
    CALL_TIME_EARLY,
    CALL_TIME_DUE,
    CALL_CLAIM_SAME, /* by the claimant that took it */
    CALL_CLAIM_OTHER,
    CALL_CLAIM_WRONG,
    CALL_CLAIM_WRONG_CODE,
    CALL_CLAIM_LOCKED,
    CALL_OPEN_SAME,
    CALL_OPEN_OTHER,
    CALL_OPEN_WRONG,
    CALL_RECEIPT_SAME_CONFIRMED,
    CALL_RECEIPT_SAME_REJECTED,
    CALL_RECEIPT_CONFIRMED, /* that shows no claimant */
    CALL_RECEIPT_REJECTED,
    CALL_RECEIPT_REPEATED,
    CALL_RECEIPT_WRONG, /* another key, or another claimant is shown */
    CALL_REVOKE,
    CALL_REVOKE_WRONG,
    CALL_RESTORE,
    CALLS
};

static const char *const call_names[CALLS] = {
    [CALL_TIME_EARLY] = "TIME_EARLY",
    [CALL_TIME_DUE] = "TIME_DUE",
    [CALL_CLAIM_SAME] = "CLAIM_SAME",
    [CALL_CLAIM_OTHER] = "CLAIM_OTHER",
    [CALL_CLAIM_WRONG] = "CLAIM_WRONG",
    [CALL_CLAIM_WRONG_CODE] = "CLAIM_WRONG_CODE",
    [CALL_CLAIM_LOCKED] = "CLAIM_LOCKED",
    [CALL_OPEN_SAME] = "OPEN_SAME",
    [CALL_OPEN_OTHER] = "OPEN_OTHER",
    [CALL_OPEN_WRONG] = "OPEN_WRONG",
    [CALL_RECEIPT_SAME_CONFIRMED] = "RECEIPT_SAME_CONFIRMED",
    [CALL_RECEIPT_SAME_REJECTED] = "RECEIPT_SAME_REJECTED",
    [CALL_RECEIPT_CONFIRMED] = "RECEIPT_CONFIRMED",
    [CALL_RECEIPT_REJECTED] = "RECEIPT_REJECTED",
    [CALL_RECEIPT_REPEATED] = "RECEIPT_REPEATED",
    [CALL_RECEIPT_WRONG] = "RECEIPT_WRONG",
    [CALL_REVOKE] = "REVOKE",
    [CALL_REVOKE_WRONG] = "REVOKE_WRONG",
    [CALL_RESTORE] = "RESTORE",
};

static const char *const effect_names[] = {"COUNT_TRY",    "COUNT_REFUSED", "TAKE",
                                           "HAND_OUT",     "RECORD_OPENED", "RECORD_LAPSED",
                                           "KEEP_RECEIPT", "BURN",          "MARK_REVOKED"};

enum { EFFECTS = sizeof(effect_names) / sizeof(effect_names[0]) };

struct fact {
    enum lifecycle_state state;
    enum lifecycle_cause cause;
    bool claimed, opened, revoked, receipts, by_claimant, burn_on_claim, code;
};

struct entry {
    bool possible;
    enum answer answer;
    unsigned effects;
    unsigned next;
};

static struct fact facts[FACTS_MAX];
static struct entry table[FACTS_MAX][CALLS];
static unsigned facts_len;

static void die(const char *what)
{
    fprintf(stderr, "model-table: %s\n", what);
    exit(2);
}

/* ---- between facts and numbers ---- */

/* Two sets of numbers behind every fact: in the second, all that was collapsed is different. */
static struct lifecycle_facts concrete(const struct fact *f, bool second)
{
    const int64_t claimed_at = START + (second ? 299 : 0);
    struct lifecycle_facts c = {
        .state = f->state,
        .cause = f->cause,
        .code = f->code,
        .burn_on_claim = f->burn_on_claim,
        .expires_at = START + (second ? 300 : 7 * 86400),
        .lease_s = LEASE,
        .changed_at = claimed_at,
        .opened = f->opened,
        .revoked = f->revoked,
        .receipts = f->receipts ? (second ? LIFECYCLE_RECEIPTS_MAX - 1 : 1) : 0,
        .receipt_by_claimant = f->by_claimant,
        .tries = second ? LIFECYCLE_TRIES - 1 : 0,
        .tried_at = second ? START : 0,
    };

    if (f->claimed) {
        c.claimed_at = claimed_at;
        c.lease_until = claimed_at + LEASE;
    }
    return c;
}

static struct fact abstract(const struct lifecycle_facts *c)
{
    return (struct fact){
        .state = c->state,
        .cause = c->cause,
        .claimed = c->claimed_at != 0,
        .opened = c->opened,
        .revoked = c->revoked,
        .receipts = c->receipts > 0,
        .by_claimant = c->receipt_by_claimant,
        .burn_on_claim = c->burn_on_claim,
        .code = c->code,
    };
}

static bool same_fact(const struct fact *a, const struct fact *b)
{
    return a->state == b->state && a->cause == b->cause && a->claimed == b->claimed &&
           a->opened == b->opened && a->revoked == b->revoked && a->receipts == b->receipts &&
           a->by_claimant == b->by_claimant && a->burn_on_claim == b->burn_on_claim &&
           a->code == b->code;
}

/* A fact's number; a new one is put at the end, to be judged in its turn. */
static unsigned number_of(const struct fact *f)
{
    for (unsigned i = 0; i < facts_len; i++)
        if (same_fact(&facts[i], f))
            return i;
    if (facts_len == FACTS_MAX)
        die("too many facts");
    facts[facts_len] = *f;
    return facts_len++;
}

static bool due_ever(const struct fact *f)
{
    const struct lifecycle_facts c = concrete(f, false);

    return lifecycle_due_at(&c) != 0;
}

/* ---- calls ---- */

static bool possible(const struct fact *f, enum call_class class)
{
    switch ((int)class) {
    case CALL_TIME_DUE:
        return due_ever(f);
    case CALL_CLAIM_SAME:
    case CALL_OPEN_SAME:
    case CALL_RECEIPT_SAME_CONFIRMED:
    case CALL_RECEIPT_SAME_REJECTED:
        return f->claimed;
    case CALL_CLAIM_WRONG_CODE:
    case CALL_CLAIM_LOCKED:
        return f->code;
    case CALL_RECEIPT_REPEATED:
        return f->receipts;
    default:
        return true;
    }
}

static enum lifecycle_op op_of(enum call_class class)
{
    if (class <= CALL_TIME_DUE)
        return LIFECYCLE_TIME;
    if (class <= CALL_CLAIM_LOCKED)
        return LIFECYCLE_CLAIM;
    if (class <= CALL_OPEN_WRONG)
        return LIFECYCLE_OPEN;
    if (class <= CALL_RECEIPT_WRONG)
        return LIFECYCLE_RECEIPT;
    return class == CALL_RESTORE ? LIFECYCLE_RESTORE : LIFECYCLE_REVOKE;
}

static struct lifecycle_call call_of(const struct lifecycle_facts *c, enum call_class class,
                                     bool second)
{
    const int64_t due_at = lifecycle_due_at(c);
    struct lifecycle_call call = {
        .op = op_of(class),
        .now = START + (second ? 299 : 100),
        .link_shown = class != CALL_CLAIM_WRONG,
        .proof = class != CALL_CLAIM_WRONG && class != CALL_CLAIM_WRONG_CODE &&
                 class != CALL_OPEN_WRONG && class != CALL_RECEIPT_WRONG &&
                 class != CALL_REVOKE_WRONG,
        .claimant_shown = class == CALL_CLAIM_SAME || class == CALL_OPEN_SAME ||
                          class == CALL_RECEIPT_SAME_CONFIRMED ||
                          class == CALL_RECEIPT_SAME_REJECTED,
        .repeated = class == CALL_RECEIPT_REPEATED,
        .outcome = class == CALL_RECEIPT_SAME_REJECTED || class == CALL_RECEIPT_REJECTED
                       ? RECEIPT_REJECTED
                       : RECEIPT_CONFIRMED,
    };

    if (class == CALL_TIME_DUE)
        call.now = due_at + (second ? 86400 : 0);
    else if (due_at != 0 && second)
        call.now = due_at - 1;
    if (class == CALL_CLAIM_LOCKED) {
        call.address_tries = LIFECYCLE_TRIES_PER_ADDRESS;
        call.address_tried_at = call.now;
    }
    call.at = call.now;
    return call;
}

static struct entry judge(const struct fact *f, enum call_class class, bool second,
                          struct fact *after)
{
    const struct lifecycle_facts c = concrete(f, second);
    const struct lifecycle_call call = call_of(&c, class, second);
    const struct lifecycle_verdict v = lifecycle_decide(&c, &call);
    const struct lifecycle_facts d = lifecycle_apply(&c, &call, &v);

    *after = abstract(&d);
    return (struct entry){.possible = true, .answer = v.answer, .effects = v.effects};
}

static void fill(unsigned n)
{
    const struct fact f = facts[n];

    for (enum call_class class = 0; class < CALLS; class ++) {
        struct entry *e = &table[n][class], other;
        struct fact after, other_after;

        if (!possible(&f, class))
            continue;
        *e = judge(&f, class, false, &after);
        other = judge(&f, class, true, &other_after);
        if (e->answer != other.answer || e->effects != other.effects ||
            !same_fact(&after, &other_after))
            die("what was collapsed makes a difference");
        e->next = number_of(&after);
    }
}

/* The facts of a handoff that was just accepted come first: both burn modes, without and with a
   code. */
static void explore(void)
{
    for (unsigned i = 0; i < 4; i++) {
        const struct fact f = {.state = LIFECYCLE_AVAILABLE, .burn_on_claim = i & 1, .code = i & 2};

        (void)number_of(&f);
    }
    for (unsigned n = 0; n < facts_len; n++)
        fill(n);
}

/* ---- sabotage: what the model must notice ---- */

static unsigned available_again(const struct fact *f)
{
    return (f->burn_on_claim ? 1U : 0U) + (f->code ? 2U : 0U);
}

static bool bend(const char *name, const struct fact *f, struct entry row[CALLS])
{
    const bool held = f->state == LIFECYCLE_CLAIMED && f->cause == LIFECYCLE_CAUSE_NONE;

    if (strcmp(name, "lapse-reopens") == 0) {
        if (held)
            row[CALL_TIME_DUE] = (struct entry){.possible = true,
                                                .answer = ANSWER_OK,
                                                .effects = LIFECYCLE_RECORD_LAPSED,
                                                .next = available_again(f)};
    } else if (strcmp(name, "second-claimant") == 0) {
        if (held)
            row[CALL_CLAIM_OTHER] = row[CALL_CLAIM_SAME];
    } else if (strcmp(name, "restore-reopens") == 0) {
        if (f->state == LIFECYCLE_AVAILABLE)
            row[CALL_RESTORE].effects = 0, row[CALL_RESTORE].next = available_again(f);
    } else if (strcmp(name, "opened-keeps-bytes") == 0) {
        row[CALL_OPEN_SAME].effects &= ~(unsigned)LIFECYCLE_BURN;
    } else if (strcmp(name, "burned-handed-out") == 0) {
        if (f->state == LIFECYCLE_CLAIMED && f->cause == LIFECYCLE_CAUSE_ON_CLAIM)
            row[CALL_CLAIM_SAME] = (struct entry){.possible = true,
                                                  .answer = ANSWER_REPEATED,
                                                  .effects = LIFECYCLE_HAND_OUT,
                                                  .next = row[CALL_CLAIM_SAME].next};
    } else if (strcmp(name, "anyone-opens") == 0) {
        if (f->claimed)
            row[CALL_OPEN_OTHER] = row[CALL_OPEN_SAME];
    } else if (strcmp(name, "repeat-refused") == 0) {
        if (held)
            row[CALL_CLAIM_SAME] = row[CALL_CLAIM_OTHER];
    } else if (strcmp(name, "late-opening-denied") == 0) {
        if (f->state == LIFECYCLE_LAPSED)
            row[CALL_OPEN_SAME] = row[CALL_OPEN_WRONG];
    } else if (strcmp(name, "refused-without-why") == 0) {
        if (held)
            row[CALL_CLAIM_OTHER] = row[CALL_CLAIM_WRONG];
    } else if (strcmp(name, "lapse-without-cause") == 0) {
        if (held) {
            const struct fact after = {.state = LIFECYCLE_LAPSED, .claimed = true};

            row[CALL_TIME_DUE].next = number_of(&after);
        }
    } else if (strcmp(name, "never-due") == 0) {
        if (row[CALL_TIME_DUE].possible)
            row[CALL_TIME_DUE] = row[CALL_TIME_EARLY];
    } else {
        return false;
    }
    return true;
}

/* ---- printing ---- */

static const char *due_name(const struct fact *f)
{
    if (!due_ever(f))
        return "NOTHING_DUE";
    return f->state == LIFECYCLE_AVAILABLE ? "EXPIRY_DUE" : "LEASE_DUE";
}

static void print_flags(const char *name, bool (*flag)(const struct fact *))
{
    printf("    static const unsigned char %s[] = {", name);
    for (unsigned n = 0; n < facts_len; n++)
        printf("%s%d,", n % 32 == 0 ? "\n        " : "", flag(&facts[n]));
    printf("\n    };\n");
}

static void print_column(const char *type, const char *name,
                         unsigned (*value)(const struct entry *))
{
    printf("    static const %s %s[FACTS][CALLS] = {\n", type, name);
    for (unsigned n = 0; n < facts_len; n++) {
        printf("        {");
        for (unsigned i = 0; i < CALLS; i++)
            printf("%u%s", value(&table[n][i]), i + 1 < CALLS ? "," : "},\n");
    }
    printf("    };\n");
}

static unsigned next_value(const struct entry *e)
{
    return e->possible ? e->next : IMPOSSIBLE;
}

static unsigned answer_value(const struct entry *e)
{
    return e->possible ? e->answer : IMPOSSIBLE;
}

static unsigned effects_value(const struct entry *e)
{
    return e->effects;
}

static bool is_claimed(const struct fact *f)
{
    return f->claimed;
}

static bool is_opened(const struct fact *f)
{
    return f->opened;
}

static bool is_revoked(const struct fact *f)
{
    return f->revoked;
}

static void print_names(void)
{
    printf("#define FACTS %u\n#define CALLS %u\n#define IMPOSSIBLE %u\n", facts_len,
           (unsigned)CALLS, (unsigned)IMPOSSIBLE);
    for (unsigned i = 0; i < LIFECYCLE_STATES; i++)
        printf("#define STATE_%s %u\n", lifecycle_state_name(i), i);
    for (unsigned i = 0; i < CALLS; i++)
        printf("#define CALL_%s %u\n", call_names[i], i);
    for (unsigned i = 0; i < EFFECTS; i++)
        printf("#define EFFECT_%s %u\n", effect_names[i], 1U << i);
    printf("#define OK %u\n#define REPEATED %u\n", (unsigned)ANSWER_OK, (unsigned)ANSWER_REPEATED);
    /* The answers that say to whom it went, or why the bytes are gone. */
    printf("#define WHY_FIRST %u\n#define WHY_LAST %u\n", (unsigned)ANSWER_TAKEN,
           (unsigned)ANSWER_REVOKED);
    printf("#define NOTHING_DUE 0\n#define EXPIRY_DUE 1\n#define LEASE_DUE 2\n");
}

static void print_promela(void)
{
    print_names();
    printf("c_decl {\n    static const unsigned char state_of[] = {");
    for (unsigned n = 0; n < facts_len; n++)
        printf("%s%u,", n % 32 == 0 ? "\n        " : "", (unsigned)facts[n].state);
    printf("\n    };\n    static const unsigned char cause_of[] = {");
    for (unsigned n = 0; n < facts_len; n++)
        printf("%s%u,", n % 32 == 0 ? "\n        " : "", (unsigned)facts[n].cause);
    printf("\n    };\n    static const unsigned char due_of[] = {");
    for (unsigned n = 0; n < facts_len; n++)
        printf("%s%s,", n % 8 == 0 ? "\n        " : " ", due_name(&facts[n]));
    printf("\n    };\n");
    print_flags("claimed_of", is_claimed);
    print_flags("opened_of", is_opened);
    print_flags("revoked_of", is_revoked);
    print_column("unsigned char", "next_of", next_value);
    print_column("unsigned char", "answer_of", answer_value);
    print_column("unsigned short", "effects_of", effects_value);
    printf("}\n");
}

/* A line for each entry: fact, state, cause, mode, call, answer, new state, effects. */
static void print_list(void)
{
    for (unsigned n = 0; n < facts_len; n++)
        for (unsigned i = 0; i < CALLS; i++) {
            const struct entry *e = &table[n][i];

            printf("%u %s %s%s%s%s%s %s ", n, lifecycle_state_name(facts[n].state),
                   lifecycle_cause_name(facts[n].cause), facts[n].claimed ? "+claimed" : "",
                   facts[n].opened ? "+opened" : "", facts[n].revoked ? "+revoked" : "",
                   facts[n].by_claimant ? "+word" : "", call_names[i]);
            if (!e->possible) {
                printf("impossible - -\n");
                continue;
            }
            printf("%s %s ", answer_name(e->answer), lifecycle_state_name(facts[e->next].state));
            for (unsigned k = 0; k < EFFECTS; k++)
                if (e->effects & 1U << k)
                    printf("%s+", effect_names[k]);
            printf(".\n");
        }
}

int main(int argc, char **argv)
{
    bool list = false;

    explore();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0) {
            list = true;
        } else if (strcmp(argv[i], "--sabotage") == 0 && i + 1 < argc) {
            i++;
            for (unsigned n = 0; n < facts_len; n++)
                if (!bend(argv[i], &facts[n], table[n]))
                    die("no such sabotage");
        } else {
            die("usage: model-table [--list] [--sabotage NAME]");
        }
    }
    if (list)
        print_list();
    else
        print_promela();
    return 0;
}
