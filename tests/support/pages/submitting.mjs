// For the tests of the page on which something is handed over: a form that is open, what is on the
// result's page, and how the command line and the operator see it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { openBrowser, state } from './browser.mjs';
import { handoff, handoffd, scratch } from '../service/service.mjs';

export const user = 'practiceprotect@contoso.onmicrosoft.com';
export const secret = 'Zx9#mQ2!vKe7';

// Opens the form of a service; options as openBrowser's, and url where another one is meant.
export async function begin(t, service, { url = `${service.url}/`, ...options } = {}) {
    const person = await openBrowser(t, options);
    await person.page.goto(url);
    await state(person.page, 'form');
    return person;
}

export async function linkAndCode(page) {
    await state(page, 'result');
    const isThere = await page.isVisible('#result-code');
    const code = isThere ? await page.textContent('#result-code') : null;
    return { link: await page.textContent('#result-link'), code };
}

// Hands a login over.
export async function sendLogin(page, password = secret) {
    await page.fill('#password', password);
    await page.click('#send');
    return linkAndCode(page);
}

// Copies the link and is done.
export async function done(page) {
    await page.click('#result-copy');
    await page.waitForSelector('#result-copy[data-t="copy.done"]');
    await page.click('#result-done');
    await state(page, 'form');
}

// The same where the page came through a proxy, as whoever reaches the service itself has it: while
// a program runs to its end, nothing in this process answers.
export const directly = ({ link, code }, service) =>
    ({ link: service.url + new URL(link).pathname + new URL(link).hash, code });

// Redeems on the command line; the code, if any, from a file. Gives the output's bytes.
export function redeem(t, { link, code }, ...more) {
    const dir = scratch(t);
    const options = [...more];
    if (code) {
        writeFileSync(join(dir, 'code'), code, { mode: 0o600 });
        options.push('--code-file', join(dir, 'code'));
    }
    const run = spawnSync(handoff, ['redeem', ...options, link], {
        env: { PATH: process.env.PATH, HOME: dir, XDG_STATE_HOME: dir },
    });
    assert.equal(run.status, 0, String(run.stderr));
    return run.stdout;
}

export const passwordIn = (t, made) =>
    redeem(t, made, '--field', 'password').toString().replace(/\n$/, '');

function operate(service, ...args) {
    const run = spawnSync(handoffd, [...args, '--data', service.data], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    return run.stdout.trim();
}

export const makeToken = (service, role, name = `a ${role}`) =>
    operate(service, 'token', 'add', '--role', role, '--name', name);

export const revokeToken = (service, name) => operate(service, 'token', 'revoke', name);

const operators = new WeakMap(); // service → token

// The handoffs that a service has, as its operator sees them.
export async function handoffsOf(service) {
    if (!operators.has(service))
        operators.set(service, makeToken(service, 'operator'));
    const token = operators.get(service);
    const answer = await fetch(`${service.url}/v1/handoffs?limit=100`,
        { headers: { Authorization: `Bearer ${token}` } });
    return (await answer.json()).handoffs;
}

export const count = async (service) => (await handoffsOf(service)).length;

export const puts = (requests) => requests.filter((r) => r.method === 'PUT');
