// The package through `require`, synchronously and without init. Run with --no-experimental-require-module, so that
// nothing but real CommonJS passes.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const api = require('rust-crdt/pkg');

const values = api.ORSet.empty().addMany(['b', 'a']).values();

test('it works as soon as it is loaded', () => {
  assert.deepEqual(values, ['a', 'b']);
  assert.equal(require(path.resolve(__dirname, '../../../../rust-crdt/pkg')), api);
});

test('vectors, script and behaviour', async (t) => {
  const { VECTORS, allChecks } = await import('./run.js');
  const files = Object.fromEntries(VECTORS.map((name) => [name, require(`../../../../rust-crdt/vectors/${name}.json`)]));
  for (const [name, run] of allChecks(api, api.init, files)) await t.test(name, run);
});

test('an engine without SIMD is told so', () => {
  const script = `WebAssembly.validate = () => false;
    try { require('rust-crdt/pkg') } catch (error) { console.log(error.name, error.code, error.message) }`;
  const output = execFileSync(process.execPath, ['-e', script], { cwd: __dirname, encoding: 'utf8' });
  assert.equal(output.trim(), 'CrdtError WASM_UNAVAILABLE WebAssembly with SIMD is not available in this engine');
});
