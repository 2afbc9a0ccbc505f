// A process of claimants for the race: connects its sockets beforehand, is given requests, waits for
// the word, and sends them all at once. Speaks with its parent by messages.

import { Raw } from './http.mjs';

let sockets = [];
let requests = [];

const handlers = {
    async connect({ service, count }) {
        sockets = Array.from({ length: count }, () => new Raw(service));
        await Promise.all(sockets.map(({ connected }) => connected));
        return {};
    },
    async load(message) {
        requests = message.requests;
        return {};
    },
    async go() {
        sockets.forEach((socket, i) => socket.write(requests[i]));
        const answers = await Promise.all(sockets.map((socket) => socket.answer(60000)));
        return { answers: answers.map((a) => a && { status: a.status, body: a.body }) };
    },
    async end() {
        sockets.forEach((socket) => socket.destroy());
        process.disconnect();
        return null;
    },
};

process.on('message', async (message) => {
    const reply = await handlers[message.do](message);
    if (reply)
        process.send(reply);
});
