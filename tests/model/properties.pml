/* What the model is held against: each property has a number, which run.mjs names. */

/* The checker prints a violated assertion's text, in which run.mjs looks for the number. Where the
   model is broken on purpose, ONLY the property that is to notice it is held against it. */
#ifndef ONLY
#define HOLDS(number, what) (number && (what))
#else
#define HOLDS(number, what) (number && (ONLY != number || (what)))
#endif

#define P_AT_MOST_ONE_HOLDER HOLDS(101, !((answers & BYTES(0)) && (answers & BYTES(1))))
#define P_NEVER_AVAILABLE_AGAIN HOLDS(102, !(taken && STATE(work) == STATE_available))
#define P_BURNED_STAYS_BURNED HOLDS(103, !(burned && work.bytes))
#define P_BURNED_IS_NOT_HANDED_OUT HOLDS(104, !burned)
#define P_BYTES_ARE_THERE HOLDS(105, work.bytes)
#define P_GONE_FOR_A_CAUSE HOLDS(106, BURNED(work) == !work.bytes)
#define P_ENDED_MEANS_BURNED HOLDS(107, STATE(work) < STATE_lapsed || BURNED(work))
#define P_SUBMISSION_STAYS HOLDS(108, !(answers & SUBMITTED) || work.fact != NOWHERE)
#define P_CLAIM_STAYS(i) HOLDS(109, \
    !(answers & BYTES(i)) || restored || (CLAIMED(work) && work.holder == i + 1))
#define P_OPENING_STAYS(i) HOLDS(110, \
    !(answers & OPENED(i)) || restored || (IS_OPENED(work) && work.holder == i + 1))
#define P_REVOKE_STAYS HOLDS(111, !(answers & REVOKED) || restored || IS_REVOKED(work))
#define P_RECEIPT_STAYS(k) HOLDS(112, !(answers & KEPT(k)) || restored || (work.kept & (1 << k)))
#define P_REPEAT_GETS_THE_BYTES HOLDS(113, !due || (effects & EFFECT_HAND_OUT))
#define P_HOLDER_LEARNS HOLDS(114, !(answers & BYTES(who)) || ACCEPTED || SAYS_WHY)
#define P_DUE_IS_REFUSED HOLDS(115, !(expired && STATE(work) == STATE_available))
#define P_STRANGER_CHANGES_NOTHING HOLDS(116, \
    next == work.fact && !(effects & ~EFFECT_COUNT_TRY))
#define P_REFUSAL_SAYS_WHY HOLDS(117, SAYS_WHY)
#define P_IN_THE_TABLE HOLDS(118, answer != IMPOSSIBLE)

/* Of what the service sees, before it judges. What was lost with the disk is not held against it:
   a restore forgets what came after the backup. It must not hand out again what was taken. */
inline promises()
{
    assert(P_AT_MOST_ONE_HOLDER);
    assert(P_SUBMISSION_STAYS);
    if
    :: work.fact != NOWHERE ->
        assert(P_NEVER_AVAILABLE_AGAIN);
        assert(P_BURNED_STAYS_BURNED);
        assert(P_GONE_FOR_A_CAUSE);
        assert(P_ENDED_MEANS_BURNED);
        assert(P_CLAIM_STAYS(0));
        assert(P_CLAIM_STAYS(1));
        assert(P_OPENING_STAYS(0));
        assert(P_OPENING_STAYS(1));
        assert(P_REVOKE_STAYS);
        assert(P_RECEIPT_STAYS(0));
        assert(P_RECEIPT_STAYS(1));
        assert(P_RECEIPT_STAYS(2))
    :: else
    fi
}
