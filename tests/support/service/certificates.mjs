// Certificates of one test, made by openssl.

import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// A self-signed pair for localhost, or another host, in `dir`: { cert, key } paths, the certificate's text
// as `ca`, and its fingerprint.
export function makePair(dir, name, days = 30, host = 'localhost') {
    const cert = join(dir, `${name}.crt`);
    const key = join(dir, `${name}.key`);
    execFileSync(
        'openssl',
        ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
            '-keyout', key, '-out', cert, '-days', String(days), '-subj', `/CN=${host}`,
            '-addext', `subjectAltName=DNS:${host},IP:127.0.0.1`],
        { stdio: 'pipe' },
    );
    chmodSync(key, 0o600);
    const text = execFileSync('openssl', ['x509', '-in', cert, '-noout', '-fingerprint', '-sha256'], {
        encoding: 'utf8',
    });
    return { cert, key, ca: readFileSync(cert, 'utf8'), fingerprint: text.trim().split('=')[1] };
}
