// Goal: what bash, zsh and fish offer behind handoffd and handoff is what the programs take: every
// command, and behind each its options, asked of the program itself.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { operated } from '../support/operator.mjs';
import { handoff, handoffd, scratch } from '../support/service.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folders = { handoffd: 'api', handoff: 'cli' };
const file = (program, name) => join(root, folders[program], 'completions', name);

function run(program, script, t) {
    const env = {
        ...process.env,
        PATH: `${dirname(handoffd)}:${dirname(handoff)}:${process.env.PATH}`,
        HOME: scratch(t),
        XDG_CONFIG_HOME: scratch(t),
        XDG_DATA_HOME: scratch(t),
    };
    const { status, stdout, stderr } = spawnSync(program[0], [...program.slice(1), script], {
        encoding: 'utf8',
        env,
    });
    assert.equal(status, 0, `${program[0]}: ${stderr}`);
    return new Set(stdout.split('\n').map((line) => line.split('\t')[0].trim()).filter(Boolean));
}

const quote = (words) => words.map((word) => `'${word}'`).join(' ');

// What each shell offers for the last of these words.
const shells = {
    bash: (words, t) =>
        run(
            ['bash', '--norc', '-c'],
            `complete() { :; }; . ${file(words[0], `${words[0]}.bash`)}; COMP_WORDS=(${quote(words)});
             COMP_CWORD=${words.length - 1}; _${words[0]}; printf '%s\\n' "\${COMPREPLY[@]}"`,
            t,
        ),
    zsh: (words, t) =>
        run(
            ['zsh', '-f', '-c'],
            `words=(${quote(words)}); CURRENT=${words.length};
             compadd() { [[ $1 == -- ]] && shift; print -l -- "$@" }; _files() { print FILES };
             . ${file(words[0], `_${words[0]}`)}`,
            t,
        ),
    fish: (words, t) =>
        run(
            ['fish', '--no-config', '-c'],
            `source ${file(words[0], `${words[0]}.fish`)}; complete -C "${words.join(' ')}"`,
            t,
        ),
};

async function optionsOf(...command) {
    const { stdout } = await operated([...command, '--help']);
    return [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, name]) => name);
}

for (const [shell, complete] of Object.entries(shells)) {
    test(`${shell}: commands and verbs`, (t) => {
        const first = complete(['handoffd', ''], t);
        for (const word of ['token', 'key', 'backup', 'restore', 'check'])
            assert.ok(first.has(word), word);
        assert.deepEqual([...complete(['handoffd', 'token', ''], t)].sort(), ['add', 'list', 'revoke']);
        assert.deepEqual([...complete(['handoffd', 'key', ''], t)], ['rotate']);
    });

    test(`${shell}: all options of the service and of each command`, async (t) => {
        const commands = [[], ['token', 'add'], ['token', 'list'], ['token', 'revoke'], ['key', 'rotate'], ['check']];
        for (const command of commands) {
            const offered = complete(['handoffd', ...command, '--'], t);
            for (const option of await optionsOf(...command))
                assert.ok(offered.has(option), `${command.join(' ')} ${option} of ${[...offered]}`);
        }
    });

    test(`${shell}: handoff: all commands, and all options of each`, (t) => {
        const help = (...args) => spawnSync(handoff, ['help', ...args], { encoding: 'utf8' }).stdout;
        const commands = [...help().matchAll(/^ {2}([a-z]+) {2}/gm)].map(([, name]) => name);
        assert.ok(commands.includes('inbox'));
        const first = complete(['handoff', ''], t);
        for (const command of commands) {
            assert.ok(first.has(command), command);
            const offered = complete(['handoff', command, '--'], t);
            for (const [, option] of help(command).matchAll(/^ {2}(--[a-z-]+)/gm))
                assert.ok(offered.has(option), `${command} ${option} of ${[...offered]}`);
        }
        assert.ok(complete(['handoff', 'inbox', '--state', ''], t).has('delivered'));
    });

    test(`${shell}: values that are one of a few`, (t) => {
        const roles = complete(['handoffd', 'token', 'add', '--role', ''], t);
        for (const role of ['sender', 'team', 'auditor', 'operator'])
            assert.ok(roles.has(role), role);
    });
}
