// Runs the real handoff command as a person with a machine of their own: own state, own service,
// with pipes or at a terminal (through script of util-linux).

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { checkReports, handoff, scratch } from './service.mjs';

const limitMs = 60000;

const quote = (word) => `'${word.replaceAll("'", `'\\''`)}'`;

export class Person {
    // options: env
    constructor(t, url, options = {}) {
        this.dir = scratch(t);
        this.url = url;
        this.options = options;
        this.home = join(this.dir, 'state');
        mkdirSync(this.home);
    }

    env(more = {}) {
        const env = { ...process.env, XDG_STATE_HOME: this.home, XDG_CONFIG_HOME: this.dir };
        return { ...env, HANDOFF_URL: this.url, ...this.options.env, ...more };
    }

    // options: stdin (string or Buffer; nothing by default), env, wrapper, onStart(pid)
    async run(args, options = {}) {
        const argv = [...(options.wrapper ?? []), handoff, ...args];
        const child = spawn(argv[0], argv.slice(1), {
            env: this.env(options.env),
            cwd: this.dir,
            detached: true, // and so without a terminal, wherever the test runs
            stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
        });
        options.onStart?.(child.pid, child);
        if (options.stdin !== undefined) {
            child.stdin.on('error', () => {});
            child.stdin.end(options.stdin);
        }
        return this.#finish(child);
    }

    // At a terminal: dialogue is pairs of what must be seen and what is then typed.
    async tty(args, dialogue = [], options = {}) {
        const command = [handoff, ...args].map(quote).join(' ');
        const child = spawn('script', ['-qec', command, '/dev/null'], {
            env: this.env({ TERM: 'dumb', ...options.env }),
            cwd: this.dir,
            detached: true,
            stdio: ['pipe', 'pipe', 'pipe'],
        });
        let seen = '';
        const steps = [...dialogue];
        child.stdin.on('error', () => {});
        child.stdout.on('data', (data) => {
            seen += data;
            while (steps.length && steps[0][0].test(seen)) {
                seen = '';
                child.stdin.write(steps.shift()[1]);
            }
        });
        const result = await this.#finish(child);
        child.stdin.end();
        return { ...result, missed: steps.map(([pattern]) => String(pattern)) };
    }

    async #finish(child) {
        const [out, words] = [[], []];
        child.stdout.on('data', (data) => out.push(data));
        child.stderr.on('data', (data) => words.push(data));
        const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), limitMs);
        const { code, signal } = await new Promise((resolve, reject) => {
            child.on('error', reject);
            child.on('close', (code, signal) => resolve({ code, signal }));
        });
        clearTimeout(timer);
        const err = Buffer.concat(words).toString('utf8');
        checkReports(child.pid, err);
        const bytes = Buffer.concat(out);
        const status = signal ?? code;
        return { status, bytes, out: bytes.toString('utf8'), err, said: `${status}\n${err}` };
    }

    // A file of this person's, by its path.
    file(name, content) {
        const path = join(this.dir, name);
        writeFileSync(path, content);
        return path;
    }

    // The state files of a role ("sent", "received").
    states(role) {
        try {
            const dir = join(this.home, 'handoff', role);
            return readdirSync(dir).map((name) => join(dir, name));
        } catch {
            return [];
        }
    }

    // The manage key of a handoff that this person sent.
    manageKey(id) {
        const path = this.states('sent').find((name) => name.includes(id));
        return JSON.parse(readFileSync(path, 'utf8')).manage_key;
    }
}

// The id in a link.
export const idOf = (link) => /\/h\/([0-9a-f-]{36})/.exec(link)[1];
