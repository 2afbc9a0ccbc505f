// The design's table of a handoff's life, written by hand, and what of the generated one differs.

const live = ['available', 'claimed'];
const settled = ['delivered', 'confirmed', 'rejected'];
const never = ['expired', 'revoked'];
const states = [...live, 'lapsed', ...settled, ...never];
const gone = (e) => [settled.includes(e.state) ? 'delivered' : e.state, e.state];

// What each call must come to: [answer, new state, effects], of an entry {state, cause, flags}.
const expected = {
    TIME_EARLY: (e) => ['ok', e.state, ''],
    TIME_DUE: (e) =>
        e.state === 'available'
            ? ['ok', 'expired', 'BURN']
            : ['ok', 'lapsed', `RECORD_LAPSED${e.cause === 'none' ? '+BURN' : ''}`],
    CLAIM_SAME: (e) =>
        e.state === 'claimed' && e.cause === 'none'
            ? ['repeated', 'claimed', 'HAND_OUT']
            : expected.CLAIM_OTHER(e),
    CLAIM_OTHER: (e) => {
        if (e.state === 'available')
            return ['ok', 'claimed', `TAKE+HAND_OUT${e.onClaim ? '+BURN' : ''}`];
        if (e.state === 'claimed')
            return ['taken', 'claimed', 'COUNT_REFUSED'];
        return [...gone(e), 'COUNT_REFUSED'];
    },
    CLAIM_WRONG: (e) => ['wrong-token', e.state, ''],
    CLAIM_WRONG_CODE: (e) => ['wrong-code', e.state, 'COUNT_TRY'],
    CLAIM_LOCKED: (e) => ['too-many-tries', e.state, ''],
    OPEN_SAME: (e) => {
        if (e.flags.includes('opened'))
            return ['repeated', e.state, ''];
        const burn = e.cause === 'none' ? '+BURN' : '';
        return ['ok', settled.includes(e.state) ? e.state : 'delivered', `RECORD_OPENED${burn}`];
    },
    OPEN_OTHER: (e) => {
        if (e.flags.includes('claimed'))
            return ['bad-proof', e.state, ''];
        return e.state === 'available' ? ['not-claimed', e.state, ''] : [...gone(e), ''];
    },
    OPEN_WRONG: (e) => ['bad-proof', e.state, ''],
    RECEIPT_SAME_CONFIRMED: (e) => receipt(e, 'confirmed', true),
    RECEIPT_SAME_REJECTED: (e) => receipt(e, 'rejected', true),
    RECEIPT_CONFIRMED: (e) => receipt(e, 'confirmed', false),
    RECEIPT_REJECTED: (e) => receipt(e, 'rejected', false),
    RECEIPT_REPEATED: (e) => ['repeated', e.state, ''],
    RECEIPT_WRONG: (e) => ['bad-proof', e.state, ''],
    REVOKE: (e) => {
        if (e.flags.includes('revoked'))
            return ['repeated', e.state, ''];
        if (e.state === 'available')
            return ['ok', 'revoked', 'BURN+MARK_REVOKED'];
        if (e.state === 'claimed')
            return ['ok', 'lapsed',
                `RECORD_LAPSED+${e.cause === 'none' ? 'BURN+' : ''}MARK_REVOKED`];
        return [...gone(e), ''];
    },
    REVOKE_WRONG: (e) => ['forbidden', e.state, ''],
    RESTORE: (e) =>
        live.includes(e.state)
            ? ['ok', 'lapsed', `RECORD_LAPSED${e.cause === 'none' ? '+BURN' : ''}`]
            : ['ok', e.state, ''],
};

// One by the claimant outranks one without; a lapse is settled by the claimant alone.
function receipt(e, outcome, byClaimant) {
    if (e.state === 'available')
        return ['not-claimed', e.state, ''];
    if (!e.flags.includes('claimed'))
        return [...gone(e), ''];
    if (e.state === 'claimed')
        return ['not-opened', e.state, ''];
    const counts = byClaimant || (e.state !== 'lapsed' && !e.flags.includes('word'));
    return ['ok', counts ? outcome : e.state, 'KEEP_RECEIPT'];
}

// Calls that a state cannot meet: nobody has claimed, nothing comes due any more, nothing is kept.
function cannot(state, call) {
    if (call === 'TIME_DUE')
        return !live.includes(state);
    if (/_SAME/.test(call))
        return state === 'available' || never.includes(state);
    return call === 'RECEIPT_REPEATED' && (live.includes(state) || never.includes(state));
}

function entries(text) {
    return text.trim().split('\n').map((line) => {
        const [fact, state, cause, call, answer, next, effects] = line.split(' ');
        const [why, ...flags] = cause.split('+');
        return { line, fact: Number(fact), state, cause: why, flags, call, answer, next,
            effects: effects.replace(/\+?\.$/, '') };
    });
}

// Returns the checks as {name, problems}.
export function checkTable(text) {
    const all = entries(text);
    const differ = [];
    const missing = [];
    const strange = [];
    for (const e of all.filter((x) => x.answer !== 'impossible')) {
        e.onClaim = e.effects.includes('BURN');
        const want = expected[e.call]?.(e);
        const got = [e.answer, e.next, e.effects];
        if (want?.join(' ') !== got.join(' '))
            differ.push(`${e.line}: expected ${want}`);
        if (cannot(e.state, e.call))
            strange.push(e.line);
    }
    // The first four facts are those of a new handoff; the second and the fourth burn on claim.
    for (const e of all.filter((x) => x.fact < 4 && x.call === 'CLAIM_OTHER'))
        if (e.state !== 'available' || e.onClaim !== (e.fact % 2 === 1))
            differ.push(e.line);
    for (const state of states)
        for (const call of Object.keys(expected))
            if (!cannot(state, call) &&
                !all.some((e) => e.state === state && e.call === call && e.answer !== 'impossible'))
                missing.push(`${state}, ${call}`);
    const facts = new Set(all.map((e) => e.fact)).size;
    const judged = all.filter((e) => e.answer !== 'impossible').length;
    return [
        { name: `the table is the design's: ${facts} facts, ${judged} verdicts`, problems: differ },
        { name: 'every state meets every call that it can meet', problems: missing },
        { name: 'and none that it cannot', problems: strange },
    ];
}
