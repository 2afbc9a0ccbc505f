// What the tests of the sender's page have in common: a sender who follows a handoff, and the
// parties to it, each with a browser's name and an address of its own, who act over HTTP.

import { openBrowser, state } from './browser.mjs';
import { Client, Handoff, done, newClaimant } from '../http/http.mjs';
import { makeHandoff } from './pages.mjs';
import { deriveKeys } from '../protocol/protocol.mjs';

export const firefox =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0';
export const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 '
    + '(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';
export const scanner = 'Mozilla/5.0 (compatible; LinkChecker/10.2; +https://checker.example)';

// A client that says who it is.
class Device extends Client {
    call(method, path, body, headers = {}) {
        const all = { ...headers, 'user-agent': this.options.agentName };
        return super.call(method, path, body, all);
    }
}

// A party with the link: { claim, wrongCode, opened, take (both), receipt }.
export function party(t, service, made, { agent = firefox, address } = {}) {
    const client = new Device(service, { agentName: agent, localAddress: address });
    t.after(() => client.close());
    const handoff = new Handoff(made);
    const claimant = newClaimant();
    const claim = () => handoff.claim(client, claimant);
    const opened = async () => done(await handoff.opened(client, claimant));
    return {
        handoff,
        claimant,
        claim,
        opened,
        wrongCode: (code = 'WRNG-CODE') =>
            handoff.claim(client, claimant, deriveKeys(made.key, made.id, code)),
        async take() {
            done(await claim());
            await opened();
        },
        // shown: with the claimant, which shows that it is the party that opened it.
        async receipt(outcome, by, note, { shown = true, at } = {}) {
            const words = { by, note, salt: 'c2FsdC1zYWx0LXNhbHQtcw' };
            return done(await handoff.receipt(client, {
                outcome,
                details: JSON.stringify(words),
                at,
                claimant: shown ? claimant : undefined,
            }), 201);
        },
        revoke: () => handoff.revoke(client),
    };
}

// A new handoff with its recipient.
export async function handOver(t, service, own = {}, base = service.url) {
    const made = await makeHandoff(service, own, base);
    return { made, recipient: party(t, service, made) };
}

// The sender, who follows it in a browser of her own.
export async function follow(t, made, options = {}) {
    const person = await openBrowser(t, options);
    await person.page.goto(made.follow);
    await state(person.page, 'follow');
    return person;
}

export const headline = (page, words) =>
    page.waitForSelector(`#headline:has-text(${JSON.stringify(words)})`);

export const alarmSays = (page, words) =>
    page.waitForSelector(`#alarm:visible:has-text(${JSON.stringify(words)})`);

export const timeline = (page) =>
    page.locator('#timeline li:not(.waiting) .what').allTextContents();

export const steps = (page) => page.locator('#alarm-steps li').allTextContents();

// Lets the service's answers to what matches arrive changed. change: their text to another.
export const rewrite = (context, pattern, change) => context.route(pattern, async (route) => {
    try {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, body: change(await answer.text()) });
    } catch {
        // The test is over, and the service with it.
    }
});
