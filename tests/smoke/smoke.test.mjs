// Goal: after any change one sees within seconds whether the whole thing still works: a credential
// goes from a sender to a team by the real service and command line, once, and is confirmed; and the
// pages come with all that they name. The levels e2e and browser are about everything else.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { named } from '../support/pages/weight.mjs';
import { Person, idOf } from '../support/service/cli.mjs';
import { startService } from '../support/service/service.mjs';

const user = 'practiceprotect@contoso.onmicrosoft.com';
const password = 'Zx9#mQ2!vKe7';

async function succeeds(person, args, stdin) {
    const { status, out, err } = await person.run(args, { stdin });
    assert.equal(status, 0, `handoff ${args[0]}: ${err}`);
    return out;
}

test('sent, redeemed once, confirmed, and the sender sees it', async (t) => {
    const service = await startService(t);
    const [sender, team, stranger] = [1, 2, 3].map(() => new Person(t, service.url));
    const link = (await succeeds(sender, ['send', '--username', user], `${password}\n`)).trim();
    const opened = await succeeds(team, ['redeem', link]);
    assert.match(opened, new RegExp(`^username: ${user}$`, 'm'));
    assert.ok(opened.includes(`password: ${password}\n`));
    const second = await stranger.run(['redeem', link]);
    assert.equal(second.status, 5, second.err);
    await succeeds(team, ['confirm', link, '--as', 'Ada', '--note', 'signed in, works']);
    const seen = await succeeds(sender, ['status', idOf(link)]);
    for (const words of [/confirmed/i, /Ada/, /signed in, works/])
        assert.match(seen, words);
});

for (const path of ['/', '/h/01a207a9-06ac-7cc4-bfe9-7b64f6ed5519', '/s/01a207a9-06ac-7cc4-bfe9-7b64f6ed5519'])
    test(`the page ${path.slice(0, 3)} comes, and all that it names`, async (t) => {
        const service = await startService(t);
        const page = await fetch(service.url + path);
        assert.equal(page.status, 200);
        const html = await page.text();
        const names = named(html, service.url + path).filter((url) => /\.(mjs|css|svg)$/.test(url));
        for (const ending of ['.mjs', '.css'])
            assert.ok(names.some((url) => url.endsWith(ending)), `it names something ${ending}`);
        for (const url of names) {
            const answer = await fetch(url);
            assert.equal(answer.status, 200, url);
            assert.ok((await answer.arrayBuffer()).byteLength > 0, url);
        }
    });
