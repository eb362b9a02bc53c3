// The package as an ES module in Node.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';
import init, * as api from 'rust-crypto/pkg';
import { VECTORS, allChecks } from './run.js';

const read = (name) => JSON.parse(readFileSync(new URL(`../../../../rust-crypto/vectors/${name}.json`, import.meta.url)));
const files = Object.fromEntries(VECTORS.map((name) => [name, read(name)]));

for (const [name, run] of allChecks(api, init, files)) test(name, run);

test('bytes of another realm are bytes', () => {
  const foreign = vm.runInNewContext('new Uint8Array([1, 2, 3])');
  assert.ok(!(foreign instanceof Uint8Array));
  assert.equal(api.blake3_hex(foreign), api.blake3_hex(Uint8Array.of(1, 2, 3)));
  assert.equal(api.blake3_hex(Buffer.from([1, 2, 3])), api.blake3_hex(foreign));
});

test('an argument larger than memory is refused', () => {
  assert.throws(() => api.blake3_hash(new Uint8Array(2 ** 31)), { name: 'CryptoError', code: 'INVALID_ARGUMENT' });
  assert.ok(api.blake3_hex(new Uint8Array()));
});

test('a process has one instance however it is imported', async () => {
  const commonJs = (await import('../../../../rust-crypto/pkg/rust_crypto.cjs')).default;
  const old = (await import('../../../../rust-crypto/pkg/chrysalis_crypto.js')).default;
  assert.equal(commonJs.Ed25519KeyPair, api.Ed25519KeyPair);
  assert.equal(old.Ed25519KeyPair, api.Ed25519KeyPair);
});

test('the web entry works in Node when it is imported by its path', async () => {
  const web = await import('../../../../rust-crypto/pkg/rust_crypto.js');
  assert.throws(() => web.initSync(new Uint8Array(8)), { name: 'CryptoError', code: 'WASM_UNAVAILABLE' });
  await assert.rejects(web.default(new URL('file:///nowhere.wasm')), { name: 'CryptoError', code: 'WASM_UNAVAILABLE' });
  const [first, second] = await Promise.all([web.default(), web.default()]);
  assert.equal(first, second);
  assert.equal(web.blake3_hex(Uint8Array.of(1)), api.blake3_hex(Uint8Array.of(1)));
});
