// A network between the servers of test roots and the machine: a bridge in a network namespace without
// a name, one cable to the machine and one to each server. Nothing leads out of it.
//
//     const network = await testNetwork(t);
//     const service = await startService(t, { host: network.host });    // the machine's address in it
//     const one = await root.run(t, { network, name: 'one', … });       // one reaches two by its name
//     const two = await root.run(t, { network, name: 'two', … });
//
// The addresses are from 198.18.0.0/15, which is kept for tests of networks and routed nowhere.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { poll } from '../service/service.mjs';
import { collect, ended, own, wanted } from './spaces.mjs';

const script = join(dirname(fileURLToPath(import.meta.url)), 'switch');
const prefix = 26; // 2048 networks of 62 addresses
const tries = 20;
const readyMs = 10000;

// A network that ends with the test.
export const testNetwork = (t) => TestNetwork.start(t);

export class TestNetwork {
    #child;
    #ended;
    #first;
    #names = new Map(); // by address

    static async start(t) {
        wanted();
        const network = new TestNetwork();
        t.after(() => network.stop());
        let said;
        for (let n = 0; n < tries; n++) {
            said = await network.#open(randomInt(0, 2048));
            if (said === '')
                return network;
        }
        assert.fail(`no network could be made:\n${said}`);
    }

    // The machine's name for a network is a claim on its addresses: two cannot have the same.
    async #open(number) {
        this.#first = ((198 << 24) | (18 << 16)) + number * 2 ** (32 - prefix);
        this.#names = new Map([[this.#at(1), 'machine']]);
        const argv = own(['net'], [script, `handoff${number}`, `${this.host}/${prefix}`]);
        const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
        this.#child = child;
        this.#ended = ended(child);
        let [out, words, over] = ['', '', false];
        child.stdout.on('data', (data) => (out += data));
        child.stderr.on('data', (data) => (words += data));
        child.on('close', () => (over = true));
        await poll('the network to be there', () => out === 'ready\n' || over, readyMs);
        return over ? words || 'it ended without a word' : '';
    }

    #at(n) {
        const number = this.#first + n;
        return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
    }

    // The machine's own address: what is to be reached by servers listens here.
    get host() {
        return this.#at(1);
    }

    // An address for a server that is started later, and its name among the others.
    reserve(name) {
        const n = this.#names.size + 1;
        assert.ok(n < 2 ** (32 - prefix) - 1, 'a network has room for 60 servers');
        assert.ok(![...this.#names.values()].includes(name), `one server alone is named ${name}`);
        this.#names.set(this.#at(n), name ?? `server${n}`);
        return this.#at(n);
    }

    nameOf(address) {
        return this.#names.get(address);
    }

    hosts() {
        const lines = [...this.#names].map(([address, name]) => `${address} ${name}`);
        return ['127.0.0.1 localhost', '::1 localhost', ...lines].join('\n');
    }

    #port(address) {
        assert.ok(this.#names.has(address), `${address} was reserved in this network`);
        return `port${[...this.#names.keys()].indexOf(address)}`;
    }

    get #space() {
        return `/proc/${this.#child.pid}/ns/net`;
    }

    // What the script enter needs to plug in a server. Its hardware address follows from its address: its
    // neighbours know it at once when it starts again.
    plug(address) {
        const hex = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
        const hardware = ['02', '00', ...hex].join('-');
        return [`${address}/${prefix}`, hardware, this.#port(address), this.#space, this.host].join(':');
    }

    // Sets the bridge's end of a server's cable up or down.
    async cable(address, state) {
        const { status, said } = await collect(
            spawn('nsenter', [`--net=${this.#space}`, 'ip', 'link', 'set', this.#port(address), state]),
        );
        assert.equal(status, 0, said);
    }

    async stop() {
        this.#child?.kill('SIGKILL');
        await this.#ended;
    }
}
