// Makes the test roots of all tests that are not there yet.
//
// usage: node tests/support/roots/all.mjs

import { testRoot, webServers } from './roots.mjs';

for (const list of [webServers])
    await testRoot(list);
