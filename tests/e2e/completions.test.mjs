// Goal: what bash, zsh and fish offer behind handoffd and handoff is what the programs take: every
// command, also those of two words, and behind each its options, asked of the program itself; and files
// or directories where they take one.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { operated } from '../support/service/operator.mjs';
import { handoff, handoffd, scratch } from '../support/service/service.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folders = { handoffd: 'api', handoff: 'cli' };
const file = (program, name) => join(root, folders[program], 'completions', name);

// A folder with both programs, each of which answers by itself the first time that it is asked
// something, and in the same words from then on: the shells ask a thousand times.
function remembering(dir) {
    for (const [name, program] of Object.entries({ handoffd, handoff })) {
        const script = `#!/bin/sh
IFS=_
kept="${dir}/${name}-$*"
if ! [ -e "$kept.status" ]; then
    "${program}" "$@" >"$kept.out.$$" 2>"$kept.err.$$"
    echo $? >"$kept.status.$$"
    for part in out err status; do mv "$kept.$part.$$" "$kept.$part"; done
fi
cat "$kept.out"
cat "$kept.err" >&2
read -r status <"$kept.status"
exit "$status"
`;
        writeFileSync(join(dir, name), script, { mode: 0o755 });
    }
    return dir;
}

const endings = [];
let programs;

before(() => {
    programs = remembering(scratch({ after: (end) => endings.push(end) }));
});

after(async () => {
    for (const end of endings)
        await end();
});

// In a directory with one file and one folder.
function run(program, script, t) {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'a-file'), '');
    mkdirSync(join(cwd, 'a-folder'));
    const env = {
        ...process.env,
        PATH: `${programs}:${process.env.PATH}`,
        HOME: scratch(t),
        XDG_CONFIG_HOME: scratch(t),
        XDG_DATA_HOME: scratch(t),
    };
    const { status, stdout, stderr } = spawnSync(program[0], [...program.slice(1), script], {
        encoding: 'utf8',
        env,
        cwd,
    });
    assert.equal(status, 0, `${program[0]}: ${stderr}`);
    assert.equal(stderr, '', program[0]);
    const names = stdout.split('\n').map((line) => line.split('\t')[0].trim());
    return new Set(names.map((name) => name.replace(/\/$/, '')).filter(Boolean));
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
             compadd() { [[ $1 == -- ]] && shift; print -l -- "$@" };
             _files() { print a-folder; [[ $1 == -/ ]] || print a-file };
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

// ---- what the programs say that they take ----

async function optionsOf(...command) {
    const { stdout } = await operated([...command, '--help']);
    return [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, name]) => name);
}

// Each with its verb, where it has one.
function commandsOfService() {
    const { stderr } = spawnSync(handoffd, ['help'], { encoding: 'utf8' });
    return [...stderr.matchAll(/^ {2}handoffd ([a-z]+)(?: ([a-z-]+))?/gm)].map(([, name, verb]) =>
        verb ? [name, verb] : [name],
    );
}

const help = (...args) => spawnSync(handoff, ['help', ...args], { encoding: 'utf8' }).stdout;

function commandsOfClient() {
    return [...help().matchAll(/^ {2}([a-z-]+)(?: ([a-z]+))? {2}/gm)].map(([, name, second]) =>
        second ? [name, second] : [name],
    );
}

// The words that may come first, and those that may come behind one.
const firsts = (commands) => [...new Set(commands.map(([first]) => first))].sort();
const seconds = (commands, word) =>
    commands.filter(([first, second]) => first === word && second).map(([, second]) => second).sort();

// What is offered among files: which of the two that are there.
const filesOf = (offered) => ['a-file', 'a-folder'].filter((name) => offered.has(name));
const wanted = { FILE: ['a-file', 'a-folder'], KEY: ['a-file', 'a-folder'], DIR: ['a-folder'] };

test('the programs tell their commands', () => {
    const words = (commands) => commands.map((command) => command.join(' '));
    for (const command of ['token add', 'key rotate', 'key rotate-log', 'audit erase', 'check'])
        assert.ok(words(commandsOfService()).includes(command), command);
    for (const command of ['send', 'audit events', 'audit verify', 'evidence', 'verify', 'verify-page'])
        assert.ok(words(commandsOfClient()).includes(command), command);
});

for (const [shell, complete] of Object.entries(shells)) {
    test(`${shell}: handoffd: commands and verbs`, (t) => {
        const commands = commandsOfService();
        const first = complete(['handoffd', ''], t);
        for (const word of firsts(commands)) {
            assert.ok(first.has(word), word);
            const verbs = seconds(commands, word);
            if (verbs.length)
                assert.deepEqual([...complete(['handoffd', word, ''], t)].sort(), verbs);
        }
    });

    test(`${shell}: all options of the service and of each command`, async (t) => {
        for (const command of [[], ...commandsOfService()]) {
            const offered = complete(['handoffd', ...command, '--'], t);
            for (const option of await optionsOf(...command))
                assert.ok(offered.has(option), `${command.join(' ')} ${option} of ${[...offered]}`);
        }
    });

    test(`${shell}: handoffd: files and directories where they are taken`, async (t) => {
        const { stderr } = spawnSync(handoffd, ['help'], { encoding: 'utf8' });
        for (const [, command] of stderr.matchAll(/^ {2}handoffd ([a-z]+) FILE/gm))
            assert.deepEqual(filesOf(complete(['handoffd', command, ''], t)), wanted.FILE, command);
        assert.deepEqual(filesOf(complete(['handoffd', 'check', ''], t)), []);
        const { stdout } = await operated(['--help']);
        for (const [, option, value] of stdout.matchAll(/^ {2}(--[a-z-]+) (FILE|DIR) /gm))
            assert.deepEqual(filesOf(complete(['handoffd', option, ''], t)), wanted[value], option);
    });

    test(`${shell}: handoff: all commands, and all options of each`, (t) => {
        const commands = commandsOfClient();
        const first = complete(['handoff', ''], t);
        assert.deepEqual([...first].sort(), [...firsts(commands), 'help'].sort());
        assert.deepEqual([...complete(['handoff', 'help', ''], t)].sort(), firsts(commands));
        for (const words of [['audit'], ['help', 'audit']])
            assert.deepEqual([...complete(['handoff', ...words, ''], t)].sort(), seconds(commands, 'audit'));
        for (const command of commands) {
            const offered = complete(['handoff', ...command, '--'], t);
            for (const [, option] of help(...command).matchAll(/^ {2}(--[a-z-]+)/gm))
                assert.ok(offered.has(option), `${command.join(' ')} ${option} of ${[...offered]}`);
        }
        assert.ok(complete(['handoff', 'inbox', '--state', ''], t).has('delivered'));
        assert.ok(complete(['handoff', 'redeem', '--field', ''], t).has('text'));
    });

    test(`${shell}: handoff: files and directories where they are taken, and nowhere else`, (t) => {
        for (const command of commandsOfClient()) {
            const text = help(...command);
            const argument = /^Usage: .*(?: |\[)(FILE|DIR)\b/.exec(text)?.[1];
            const offered = filesOf(complete(['handoff', ...command, ''], t));
            assert.deepEqual(offered, wanted[argument] ?? [], command.join(' '));
            for (const [, option, value] of text.matchAll(/^ {2}(--[a-z-]+) ([A-Z]+) /gm)) {
                const values = complete(['handoff', ...command, option, ''], t);
                assert.deepEqual(filesOf(values), wanted[value] ?? [], `${command.join(' ')} ${option}`);
                assert.ok(!values.has(option), `${command.join(' ')} ${option} takes a value`);
            }
        }
    });

    test(`${shell}: values that are one of a few`, (t) => {
        const roles = complete(['handoffd', 'token', 'add', '--role', ''], t);
        for (const role of ['sender', 'team', 'auditor', 'operator'])
            assert.ok(roles.has(role), role);
        assert.ok(complete(['handoffd', '--log-format', ''], t).has('json'));
        assert.ok(complete(['handoffd', '--sandbox', ''], t).has('required'));
        assert.ok(complete(['handoffd', '--user', ''], t).has('nobody'));
    });
}
