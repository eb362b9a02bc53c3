// The package through `require`, synchronously and without init. Run with --no-experimental-require-module, so that
// nothing but real CommonJS passes.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const api = require('rust-crypto/pkg');

const digest = api.blake3_hex(new Uint8Array());
const pkg = path.resolve(__dirname, '../../../../rust-crypto/pkg');

test('it works as soon as it is loaded', () => {
  assert.equal(digest.slice(0, 8), 'af1349b9');
});

test('every path leads to the same module', () => {
  for (const name of ['rust-crypto/pkg/chrysalis_crypto', 'rust-crypto/pkg/rust_crypto.cjs', pkg, path.join(pkg, 'chrysalis_crypto')]) {
    assert.equal(require(name), name.includes('chrysalis') ? require(path.join(pkg, 'chrysalis_crypto.js')) : api);
    assert.equal(require(name).CryptoError, api.CryptoError);
  }
});

test('vectors and behaviour', async (t) => {
  const { VECTORS, allChecks } = await import('./run.js');
  const files = Object.fromEntries(VECTORS.map((name) => [name, require(`../../../../rust-crypto/vectors/${name}.json`)]));
  for (const [name, run] of allChecks(api, api.init, files)) await t.test(name, run);
});

test('an engine without SIMD is told so', () => {
  const script = `WebAssembly.validate = () => false;
    try { require('rust-crypto/pkg') } catch (error) { console.log(error.name, error.code, error.message) }`;
  const output = execFileSync(process.execPath, ['-e', script], { cwd: __dirname, encoding: 'utf8' });
  assert.equal(output.trim(), 'CryptoError WASM_UNAVAILABLE WebAssembly with SIMD is not available in this engine');
});
