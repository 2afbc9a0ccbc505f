// Reads what the taps noted in a directory, and says in TAP: no answer was other than declared, and
// each declared answer was given at least once.
//
// usage: node tests/support/openapi/verdict.mjs DIRECTORY

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { declared } from './openapi.mjs';

const [directory] = process.argv.slice(2);

const records = (kind) =>
    readdirSync(directory)
        .filter((name) => name.startsWith(`${kind}-`))
        .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').filter(Boolean))
        .map((line) => JSON.parse(line));

const violations = new Map(records('violation').map((v) => [JSON.stringify(v), v]));
const seen = records('seen');
const given = new Set(seen);
let number = 0;
let bad = 0;

function say(ok, words) {
    console.log(`${ok ? 'ok' : 'not ok'} ${++number} - ${words}`);
    bad += !ok;
}

say(seen.length > 1000, `the taps saw ${seen.length} declared answers`);
say(violations.size === 0, 'no answer is other than declared');
for (const { method, path, status, violation, text } of violations.values())
    console.log(`# ${method} ${path} ${status}: ${violation} (${text.slice(0, 200)})`);
for (const name of declared())
    say(given.has(name), `given: ${name}`);
console.log(`1..${number}`);
process.exitCode = bad ? 1 : 0;
