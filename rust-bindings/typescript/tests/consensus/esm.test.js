// The package rust-consensus/pkg in Node, as an ES module.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import init, * as api from 'rust-consensus/pkg';
import initSimulation, * as simulation from 'rust-consensus/pkg/simulation';
import { consensusChecks } from './checks.js';

const read = (name) => JSON.parse(readFileSync(new URL(`../../../../rust-consensus/vectors/${name}.json`, import.meta.url)));

const { memory } = await init();
await initSimulation();
const files = { agreement: read('agreement'), traces: read('sim-traces'), aggregation: read('aggregation') };
for (const [name, run] of consensusChecks(api, simulation, files)) test(name, run);

test('a process has one instance however it is imported', () => {
  const require = createRequire(import.meta.url);
  assert.equal(require('rust-consensus/pkg').ConsensusError, api.ConsensusError);
  assert.equal(require('rust-consensus/pkg/simulation').SimCluster, simulation.SimCluster);
});

test('a signing key is wiped when its member is freed', () => {
  const signingKey = randomBytes(32);
  const validators = read('agreement').sets[0].set;
  const member = new api.ByzantineConsensus({ chain: 'test', validators: Buffer.from(validators, 'hex'), signingKey });
  const all = () => Buffer.from(memory.buffer);
  assert.ok(all().includes(signingKey), 'a live key is in memory, so the search finds what is there');
  member.handle({ type: 'start' });
  member.free();
  assert.ok(!all().includes(signingKey) && !all().includes(signingKey.subarray(0, 16)));
});

test('the example of the readme runs as it stands', () => {
  const text = readFileSync(new URL('../../../../rust-consensus/README.md', import.meta.url), 'utf8');
  const [, example] = /```js\n(.*?)```/s.exec(text);
  const flags = ['--input-type=module', '--eval', example];
  const lines = execFileSync(process.execPath, flags, { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' }).trim().split('\n');
  assert.match(lines[0], /^[0-9a-f]{64} 1 .* true$/);
  assert.ok(lines.includes('log') && lines.includes('decide'));
});
