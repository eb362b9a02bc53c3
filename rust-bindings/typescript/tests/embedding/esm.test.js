// rust-embedding/pkg and rust-embedding/pkg/tokens in Node, as ES modules.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import init, * as api from 'rust-embedding/pkg';
import initTokens, * as tokens from 'rust-embedding/pkg/tokens';
import { VECTORS, embeddingChecks, tokenChecks } from './checks.js';

const vectors = Object.fromEntries(VECTORS.map((name) => {
  const file = new URL(`../../../../rust-embedding/vectors/${name}.json`, import.meta.url);
  return [name, JSON.parse(readFileSync(file))];
}));

await Promise.all([init(), initTokens()]);
for (const [name, run] of embeddingChecks(api, vectors)) test(name, run);
for (const [name, run] of tokenChecks(tokens, vectors)) test(name, run);

test('a process has one instance however it is imported', () => {
  const require = createRequire(import.meta.url);
  assert.equal(require('rust-embedding/pkg').VectorIndex, api.VectorIndex);
  assert.equal(require('rust-embedding/pkg/tokens').TokenLedger, tokens.TokenLedger);
});
