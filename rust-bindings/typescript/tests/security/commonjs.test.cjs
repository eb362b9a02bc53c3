// The package through `require`, synchronously and without init. Run with --no-experimental-require-module, so that
// nothing but real CommonJS passes.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const api = require('rust-security/pkg');

const context = new api.SecurityContext();

test('it works as soon as it is loaded', () => {
  assert.equal(context.storage_key_id(), 1);
  context.free();
});

test('vectors and behaviour', async (t) => {
  const { securityChecks } = await import('./checks.js');
  const [vectors, envelopes] = [require('../../../../rust-security/vectors/security.json'), require('../../../../rust-crypto/vectors/envelope.json')];
  for (const [name, run] of securityChecks(api, vectors, envelopes)) await t.test(name, run);
});
