// The package as an ES module in Node.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';
import init, * as api from 'rust-crdt/pkg';
import { VECTORS, allChecks } from './run.js';

const read = (name) => JSON.parse(readFileSync(new URL(`../../../../rust-crdt/vectors/${name}.json`, import.meta.url)));
const files = Object.fromEntries(VECTORS.map((name) => [name, read(name)]));

for (const [name, run] of allChecks(api, init, files)) test(name, run);

test('values of another realm are values', () => {
  const foreign = vm.runInNewContext('({ bytes: new Uint8Array([1, 2]), list: [1, { a: null }] })');
  assert.ok(api.GSet.empty().add(foreign).has({ list: [1, { a: null }], bytes: Buffer.from([1, 2]) }));
});
