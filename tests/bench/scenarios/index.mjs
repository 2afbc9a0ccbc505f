// The scenarios, in the order in which they run: each has a name, a title, and run(bench), which
// starts what it needs, compares sides (bench.compare), and says what it measured for a goal.

import { cli } from './cli.mjs';
import { envelopes, creates, reads, tls } from './beside.mjs';
import { generator } from './generator.mjs';
import { growth } from './growth.mjs';
import { handoffs } from './handoffs.mjs';
import { longpolls } from './longpolls.mjs';
import { page } from './page.mjs';
import { redeem } from './redeem.mjs';
import { scrub } from './scrub.mjs';
import { startup } from './startup.mjs';
import { sweep } from './sweep.mjs';

export const scenarios = [generator, handoffs, creates, envelopes, tls, scrub, cli, page, startup, growth,
    reads, redeem, longpolls, sweep];
