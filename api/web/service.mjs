// The calls of the service. Every one of them is safe to repeat, so where an answer does not come it
// is asked for again, patiently, and the person is told why it takes so long.

const page = new URL('.', location.href);
// What stands before the page's own path: a proxy may serve under a prefix.
export const base = new URL(document.documentElement.dataset.root || '.', page).href.slice(0, -1);

const limitedMs = 20000; // what is limited for longer is told to the person instead
const pausesMs = [300, 700, 1500, 3000, 5000, 8000];
const answerMs = 30000;

// Why a call came to nothing. kind: 'refused' (the service said no: code, status, problem),
// 'gaveup' (no answer for as long as the call's patience lasts), 'ended' (by the caller's signal).
export class ServiceError extends Error {
    constructor(kind, more = {}) {
        super(`${kind} ${more.code ?? ''}`.trim());
        Object.assign(this, { kind, code: null, status: 0, problem: {}, perhaps: false }, more);
    }
}

const sleep = (ms, signal) => new Promise((resolve, reject) => {
    const done = () => {
        clearTimeout(timer);
        removeEventListener('online', done);
        signal?.removeEventListener('abort', done);
        return signal?.aborted ? reject(new ServiceError('ended')) : resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done); // the network is back: no use in waiting on
    signal?.addEventListener('abort', done);
    if (signal?.aborted)
        done();
});

// One attempt. Returns the answer, or { again: why, waitMs? } where another may fare better.
async function attempt(path, options, { text, signal, waitMs }) {
    const limit = new AbortController();
    const end = () => limit.abort();
    const timer = setTimeout(end, answerMs + waitMs);
    signal?.addEventListener('abort', end);
    try {
        const answer = await fetch(base + path, { ...options, signal: limit.signal });
        const body = await answer.text(); // an answer that breaks off is none
        if (answer.ok)
            return { status: answer.status, body: text ? body : JSON.parse(body), answer };
        return refusal(answer, body);
    } catch (error) {
        if (signal?.aborted)
            throw new ServiceError('ended');
        if (error instanceof ServiceError)
            throw error;
        return { again: navigator.onLine === false ? 'offline' : 'down' };
    } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
    }
}

function refusal(answer, body) {
    let problem = {};
    try {
        problem = JSON.parse(body);
    } catch {
        // Not the service's own words: something on the way answered.
    }
    const code = typeof problem?.code === 'string' ? problem.code : null;
    const retryAfter = Number(problem?.retry_after ?? answer.headers.get('Retry-After'));
    const waitMs = retryAfter > 0 ? retryAfter * 1000 : undefined;
    if (code === 'rate-limited')
        return { again: 'limited', waitMs, code, status: answer.status, problem };
    if (answer.status === 408 || (answer.status >= 500 && answer.status !== 501))
        return { again: 'down', waitMs };
    throw new ServiceError('refused', { code, status: answer.status, problem });
}

// Calls. options: method, body (an object), bearer, text (the answer is no JSON), signal, patienceMs (how long it is
// tried again; 0: once), onTrouble({ why: 'offline' | 'down' | 'limited', waitMs } or null when it is
// over), waitMs (how long the service itself may take: long-polls).
export async function call(path, own = {}) {
    const { method = 'GET', body, bearer, signal, patienceMs = 120000, waitMs = 0 } = own;
    const onTrouble = own.onTrouble ?? (() => {});
    const options = {
        method,
        headers: {
            ...(body ? { 'Content-Type': 'application/json' } : {}),
            ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}),
        },
        body: body && JSON.stringify(body),
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
    };
    const end = performance.now() + patienceMs;
    let perhaps = false;
    for (let tries = 0; ; tries++) {
        const got = await attempt(path, options, { text: own.text, signal, waitMs });
        if (!got.again) {
            if (tries > 0)
                onTrouble(null);
            return got;
        }
        perhaps ||= got.again !== 'limited';
        const pause = got.waitMs ?? pausesMs[Math.min(tries, pausesMs.length - 1)];
        const tooLong = got.again === 'limited' && pause > limitedMs;
        if (tooLong || performance.now() + pause > end) {
            onTrouble(null);
            if (got.again === 'limited')
                throw new ServiceError('refused', got);
            throw new ServiceError('gaveup', { why: got.again, perhaps });
        }
        onTrouble({ why: got.again, waitMs: pause });
        await sleep(pause, signal);
    }
}

// ---- the service's calls: docs/protocol.md section 7 ----

const at = (id) => `/v1/handoffs/${id}`;

export const readService = (more) => call('/v1/service', more);
export const readHandoff = (id, more) => call(at(id), more);
export const submit = (id, body, token, more) =>
    call(at(id), { ...more, method: 'PUT', body, bearer: token || undefined });
export const claim = (id, body, more) => call(`${at(id)}/claim`, { ...more, method: 'POST', body });
export const opened = (id, body, more) =>
    call(`${at(id)}/opened`, { ...more, method: 'POST', body });
export const sendReceipt = (id, body, more) =>
    call(`${at(id)}/receipts`, { ...more, method: 'POST', body });
export const revoke = (id, manage, more) =>
    call(at(id), { ...more, method: 'DELETE', bearer: manage });
// wait: seconds for which the service may hold the answer back until something happens.
export const readEvents = (id, manage, after, wait, more) =>
    call(`${at(id)}/events?after=${after}&wait=${wait}`,
        { ...more, bearer: manage, waitMs: wait * 1000 });

// All events of a handoff from behind `after`.
export async function readAllEvents(id, manage, after, more) {
    const events = [];
    for (let next = after; ;) {
        const { body } = await readEvents(id, manage, next, 0, more);
        if (body.events.length === 0)
            return { state: body.state, next, events };
        events.push(...body.events);
        next = body.next;
    }
}

export const readLogKeys = (more) => call('/v1/audit/keys', more);
export const readCheckpoint = (more) => call('/v1/audit/checkpoint', { ...more, text: true });
export const readProof = (index, size, more) =>
    call(`/v1/audit/proof/${index}?size=${size}`, { ...more, text: true });
