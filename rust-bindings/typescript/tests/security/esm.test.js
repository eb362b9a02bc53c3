// The package rust-security in Node, as an ES module and as CommonJS.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import init, * as api from 'rust-security/pkg';
import { securityChecks } from './checks.js';

const read = (name) => JSON.parse(readFileSync(new URL(`../../../../${name}.json`, import.meta.url)));
const [vectors, envelopes] = ['rust-security/vectors/security', 'rust-crypto/vectors/envelope'].map(read);

await init();
for (const [name, run] of securityChecks(api, vectors, envelopes)) test(name, run);

test('a process has one instance however it is imported', () => {
  assert.equal(createRequire(import.meta.url)('rust-security/pkg').SecurityContext, api.SecurityContext);
});
