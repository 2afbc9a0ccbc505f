// What the redeem page weighs: every byte of the answers, headers too, of all that it ever loads.

import http from 'node:http';
import { brotliDecompressSync } from 'node:zlib';

import { imported, isLate, named } from '../../support/pages/weight.mjs';

// { text, bytes (on the wire), encoding }
function fetchRaw(url, agent) {
    return new Promise((resolve, reject) => {
        http.get(url, { agent, headers: { 'accept-encoding': 'br' } }, (answer) => {
            const chunks = [];
            const head = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n`.length + 2
                + answer.rawHeaders.reduce((sum, text) => sum + text.length + 2, 0);
            answer.on('data', (data) => chunks.push(data));
            answer.on('end', () => {
                const body = Buffer.concat(chunks);
                if (answer.statusCode !== 200)
                    reject(new Error(`${url}: ${answer.statusCode}`));
                resolve({ body, bytes: head + body.length, encoding: answer.headers['content-encoding'] });
            });
        }).on('error', reject);
    });
}

export const page = {
    name: 'page',
    title: 'weight of the redeem page',
    async run(bench) {
        const service = await bench.service();
        const link = `${service.url}/h/0190d5c5-8f6e-7cc0-8000-000000000000`;
        const agent = new http.Agent({ keepAlive: true });
        const text = ({ body, encoding }) => (encoding === 'br' ? brotliDecompressSync(body) : body).toString();
        const seen = new Map();
        const wanted = [link];
        while (wanted.length > 0) {
            const url = wanted.shift();
            if (seen.has(url))
                continue;
            const answer = await fetchRaw(url, agent);
            seen.set(url, answer);
            // A script names what it loads later; the other language's texts are for who asks for them.
            const find = url === link ? named : imported;
            wanted.push(...find(text(answer), url).filter((address) => !/\/strings-/.test(address)));
        }
        agent.destroy();
        const kb = [...seen.values()].reduce((sum, { bytes }) => sum + bytes, 0) / 1000;
        const late = [...seen.keys()].filter((url) => isLate(new URL(url).pathname));
        const { sides } = await bench.compare({
            title: 'all that it loads',
            rounds: 1,
            sides: { page: { title: `${seen.size} answers`, turn: async () => ({ kb }) } },
            notes: () => [`with ${late.length} that come only when they are needed`],
        });
        bench.measure('page', sides.page.kb);
    },
};
