// The package through `require`, synchronously and without init. Run with --no-experimental-require-module, so that
// nothing but real CommonJS passes.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { test } = require('node:test');
const api = require('rust-consensus/pkg');
const simulation = require('rust-consensus/pkg/simulation');

const { agreement, traces, aggregation } = {
  agreement: require('../../../../rust-consensus/vectors/agreement.json'),
  traces: require('../../../../rust-consensus/vectors/sim-traces.json'),
  aggregation: require('../../../../rust-consensus/vectors/aggregation.json'),
};
const digest = api.valueDigest(new Uint8Array(3));

test('it works as soon as it is loaded', () => {
  assert.equal(digest.length, 32);
});

test('vectors and behaviour', async (t) => {
  const { consensusChecks } = await import('./checks.js');
  for (const [name, run] of consensusChecks(api, simulation, { agreement, traces, aggregation })) await t.test(name, run);
});

test('an engine without SIMD is told so', () => {
  const script = `WebAssembly.validate = () => false;
    try { require('rust-consensus/pkg') } catch (error) { console.log(error.name, error.code, error.message) }`;
  const output = execFileSync(process.execPath, ['-e', script], { cwd: __dirname, encoding: 'utf8' });
  assert.equal(output.trim(), 'ConsensusError WASM_UNAVAILABLE WebAssembly with SIMD is not available in this engine');
});
