/*
 * How the service judges a call: time first, then what table.pml says, then its effects in their
 * order. All of it works on the transaction's copy of the row.
 */

inline look_up()
{
    answer = c_expr { answer_of[now.work.fact][now.call] };
    effects = c_expr { effects_of[now.work.fact][now.call] };
    next = c_expr { next_of[now.work.fact][now.call] };
    assert(P_IN_THE_TABLE)
}

/* The effects, in their order. */
inline carry_out()
{
    touched = touched || (effects & ~EFFECT_HAND_OUT);
    if
    :: effects & EFFECT_HAND_OUT ->
        assert(P_BURNED_IS_NOT_HANDED_OUT);
        assert(P_BYTES_ARE_THERE)
    :: else
    fi;
    if
    :: effects & EFFECT_TAKE ->
        work.holder = who + 1;
        lease_over = 0
    :: else
    fi;
    if
    :: effects & EFFECT_BURN -> burn()
    :: else
    fi;
    work.fact = next
}

inline burn()
{
#ifdef BURN_APART
    skip
#else
    work.bytes = 0
#endif
}

inline pass_time()
{
    due = c_expr { due_of[now.work.fact] };
    if
    :: (due == EXPIRY_DUE && expired) || (due == LEASE_DUE && lease_over) -> call = CALL_TIME_DUE
    :: else -> call = CALL_TIME_EARLY
    fi;
    look_up();
    carry_out()
}

inline forget_call()
{
    who = 0;
    call = 0;
    answer = 0;
    next = 0;
    due = 0;
    effects = 0
}

inline judge_submit()
{
    if
    :: work.fact == NOWHERE ->
        work.fact = MODE;
        work.bytes = 1;
        touched = 1
    :: else -> pass_time()
    fi;
    ready = ready | SUBMITTED;
    forget_call()
}

inline judge_claim(i)
{
    pass_time();
    assert(P_DUE_IS_REFUSED);
    who = i;
    call = (CLAIMED(work) && work.holder == i + 1 -> CALL_CLAIM_SAME : CALL_CLAIM_OTHER);
    due = (call == CALL_CLAIM_SAME && STATE(work) == STATE_claimed && !BURNED(work));
    look_up();
    assert(P_REPEAT_GETS_THE_BYTES);
    carry_out();
    if
    :: effects & EFFECT_HAND_OUT -> ready = ready | BYTES(i)
    :: else ->
        assert(P_REFUSAL_SAYS_WHY);
        ready = ready | GONE(i)
    fi;
    forget_call()
}

inline judge_open(i)
{
    pass_time();
    who = i;
    due = (CLAIMED(work) && work.holder == i + 1);
    call = (due -> CALL_OPEN_SAME : CALL_OPEN_OTHER);
    look_up();
    assert(P_HOLDER_LEARNS);
    assert(due || P_STRANGER_CHANGES_NOTHING);
    carry_out();
    if
    :: ACCEPTED -> ready = ready | OPENED(i)
    :: SAYS_WHY -> ready = ready | TOO_LATE(i)
    :: else
    fi;
    forget_call()
}

/* One that shows the wrong claimant proves nothing; before any claim there is none to show. */
inline judge_receipt(k)
{
    pass_time();
    if
    :: k < 2 && CLAIMED(work) && work.holder != k + 1 -> call = CALL_RECEIPT_WRONG
    :: else ->
        if
        :: work.kept & (1 << k) -> call = CALL_RECEIPT_REPEATED
        :: else ->
            if
            :: k == 2 -> call = CALL_RECEIPT_REJECTED
            :: k < 2 && CLAIMED(work) -> call = CALL_RECEIPT_SAME_CONFIRMED
            :: else -> call = CALL_RECEIPT_CONFIRMED
            fi
        fi
    fi;
    look_up();
    carry_out();
    if
    :: effects & EFFECT_KEEP_RECEIPT -> work.kept = work.kept | (1 << k)
    :: else
    fi;
    if
    :: ACCEPTED -> ready = ready | KEPT(k)
    :: else
    fi;
    forget_call()
}

inline judge_revoke()
{
    pass_time();
    call = CALL_REVOKE;
    look_up();
    carry_out();
    if
    :: ACCEPTED -> ready = ready | REVOKED
    :: else -> assert(P_REFUSAL_SAYS_WHY)
    fi;
    forget_call()
}

inline stranger(wrong)
{
    call = wrong;
    look_up();
    assert(!ACCEPTED && P_STRANGER_CHANGES_NOTHING)
}

/* Whoever proves nothing: all that he can try, at once, since it changes nothing. */
inline judge_strangers()
{
    pass_time();
    stranger(CALL_CLAIM_WRONG);
    stranger(CALL_OPEN_WRONG);
    stranger(CALL_RECEIPT_WRONG);
    stranger(CALL_REVOKE_WRONG);
    if
    :: MODE >= 2 ->
        stranger(CALL_CLAIM_WRONG_CODE);
        stranger(CALL_CLAIM_LOCKED)
    :: else
    fi;
    forget_call()
}
