// The entry rust-crypto/pkg/tls in Node, as an ES module and as CommonJS.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import init, * as api from 'rust-crypto/pkg/tls';
import { tlsChecks } from './checks.js';

const vectors = JSON.parse(readFileSync(new URL('../../../../rust-crypto/vectors/tls.json', import.meta.url)));

await init();
for (const [name, run] of tlsChecks(api, vectors)) test(name, run);

test('a process has one instance however it is imported', () => {
  assert.equal(createRequire(import.meta.url)('rust-crypto/pkg/tls').CertError, api.CertError);
});
