// People at the command line who keep what a service's log has shown them, and a database edited
// behind the service's back.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Person } from '../service/cli.mjs';
import { addToken } from '../service/operator.mjs';

// Somebody with an auditor's token; the submissions of others need none.
export async function makeAuditor(t, service, name = 'auditor') {
    const token = await addToken(service.data, 'auditor', name);
    const person = new Person(t, service.url);
    const path = join(person.dir, 'token');
    writeFileSync(path, `${token}\n`, { mode: 0o600 });
    person.options = { env: { HANDOFF_TOKEN_FILE: path } };
    return person;
}

// A command that must end with this status.
export async function must(status, person, args, options) {
    const result = await person.run(args, options);
    assert.equal(result.status, status, `handoff ${args.join(' ')}: ${result.said}\n${result.out}`);
    return result;
}

// Sends, redeems and confirms; gives the link.
export async function handOff(sender, team, more = []) {
    const { out } = await must(0, sender, ['send', ...more], { stdin: 'secret' });
    await must(0, team, ['redeem', out.trim(), '--confirm-as', 'Robin Roe']);
    return out.trim();
}

export const leafHash = (line) =>
    createHash('sha256').update(Buffer.from([0])).update(line).digest('hex');

export class Tampered {
    constructor(data) {
        this.file = join(data, 'handoff.db');
    }

    sql(statement) {
        return execFileSync('sqlite3', [this.file, statement], { encoding: 'utf8' }).trimEnd();
    }

    line(n) {
        return this.sql(`SELECT line FROM event WHERE n=${n}`);
    }

    count() {
        return Number(this.sql('SELECT max(n)+1 FROM event'));
    }

    // Puts a line in the place of event n; with its leaf's hash, or without.
    put(n, line, hashed) {
        const text = line.replaceAll("'", "''");
        this.sql(`UPDATE event SET line='${text}' WHERE n=${n}`);
        if (hashed)
            this.sql(
                `UPDATE event SET leaf=CAST(x'${leafHash(line)}' || substr(leaf, 33) AS BLOB) WHERE n=${n}`,
            );
    }

    swap(a, b) {
        const [first, second] = [this.line(a), this.line(b)];
        this.put(a, second, true);
        this.put(b, first, true);
    }

    // Takes the last events away, with all that would tell of them but what was signed.
    cut(left) {
        this.sql(
            `DELETE FROM event WHERE n>=${left};` +
                `DELETE FROM handoff WHERE created_n>=${left};` +
                `UPDATE handoff SET last_n=created_n WHERE last_n>=${left};` +
                "UPDATE charge SET live=(SELECT count(*) FROM handoff WHERE slot<>0)," +
                " bytes=0 WHERE payer=x''",
        );
    }
}
