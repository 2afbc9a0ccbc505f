// For the tests of the pages: handoffs made over HTTP, looked at and redeemed without a browser, and
// a network between browser and service that loses replies.

import { Client } from '../http/http.mjs';
import { b64u, decodePayload, deriveKeys, makeSubmission, open, receiptStatement, sha256, signReceipt }
    from '../protocol/protocol.mjs';
import { Proxy } from '../http/proxy.mjs';

export const login = {
    type: 'credential',
    username: 'practiceprotect@contoso.onmicrosoft.com',
    password: 'Zx9#mQ2!vKe7_Tr4%Wp8',
    url: 'https://login.microsoftonline.com/',
    note: 'Exchange Administrator',
};

async function json(url, options = {}) {
    const answer = await fetch(url, {
        ...options,
        headers: { 'Content-Type': 'application/json', ...options.headers },
    });
    return { status: answer.status, body: await answer.json() };
}

// Hands something over. own: as makeSubmission's (payload, code, shown_label, expires_in, lease, …).
// base: what the links begin with, where a proxy stands before the service.
export async function makeHandoff(service, own = {}, base = service.url) {
    const made = makeSubmission({ payload: login, ...own });
    const put = await json(`${service.url}/v1/handoffs/${made.id}`,
        { method: 'PUT', body: JSON.stringify(made.body) });
    if (put.status !== 201)
        throw new Error(`PUT: ${put.status} ${JSON.stringify(put.body)}`);
    return {
        ...made,
        code: own.code,
        manage: b64u(made.manageKey),
        link: made.link(base),
        follow: `${base}/s/${made.id}#${b64u(made.manageKey)}`,
    };
}

export const stateOf = async (service, id) =>
    (await json(`${service.url}/v1/handoffs/${id}`)).body.state;

// The events of a handoff, lines parsed.
export async function eventsOf(service, { id, manage }) {
    const { body } = await json(`${service.url}/v1/handoffs/${id}/events`,
        { headers: { Authorization: `Bearer ${manage}` } });
    return body.events.map((event) => ({ ...event, line: JSON.parse(event.line) }));
}

export const kindsOf = async (service, handoff) =>
    (await eventsOf(service, handoff)).map((event) => event.line.kind);

// Claims (with opened: also opens) as another party would. Returns the claim's answer and the payload.
export async function redeemByHttp(service, made, { claimant = b64u(Buffer.alloc(32, 7)),
    opened = true, code = made.code } = {}) {
    const keys = deriveKeys(made.key, made.id, code);
    const at = `${service.url}/v1/handoffs/${made.id}`;
    const post = (what, body) => json(`${at}/${what}`, { method: 'POST', body: JSON.stringify(body) });
    const claim = await post('claim', {
        token: b64u(keys.claimToken),
        claimant,
        ...(keys.linkToken ? { link_token: b64u(keys.linkToken) } : {}),
    });
    if (claim.status !== 200)
        return { claim };
    const payload = decodePayload(open(keys, made.id, Buffer.from(claim.body.envelope, 'base64url')));
    if (opened)
        await post('opened', { opened_token: b64u(keys.openedToken), claimant });
    return { claim, payload, claimant, keys };
}

// A proxy before a service, which can lose replies: proxy.break(/^POST .*claim/, 'before the reply', 1).
export async function proxied(t, service) {
    const proxy = await new Proxy({ host: service.host, port: service.port }).listen();
    t.after(() => proxy.close());
    return proxy;
}

export { Client };

// Gives a receipt as whoever redeemed it would (claimed: what redeemByHttp gave).
export async function giveReceipt(service, made, { keys, claim, claimant }, outcome, by, note) {
    const details = JSON.stringify({ by, ...(note ? { note } : {}), salt: 'c2FsdC1zYWx0LXNhbHQ' });
    const at = Math.floor(Date.now() / 1000);
    const statement = receiptStatement({
        id: made.id,
        outcome,
        envelopeHash: sha256(Buffer.from(claim.body.envelope, 'base64url')),
        at,
        details,
    });
    const signature = b64u(signReceipt(statement, keys.receiptSeed));
    const given = await json(`${service.url}/v1/handoffs/${made.id}/receipts`, {
        method: 'POST',
        body: JSON.stringify({ outcome, at, details, signature, claimant }),
    });
    if (given.status !== 201)
        throw new Error(`receipt: ${given.status} ${JSON.stringify(given.body)}`);
    return given.body;
}
