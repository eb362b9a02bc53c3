// The package and its entry for tokens through `require`, without init. Run with --no-experimental-require-module.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const api = require('rust-embedding/pkg');
const tokens = require('rust-embedding/pkg/tokens');

const count = tokens.countTokens('hello world', 'gpt-4o');

test('they work as soon as they are loaded', () => {
  assert.equal(count, 2);
  assert.equal(api.cosineSimilarity([1, 0], [2, 0]), 1);
});

test('vectors and behaviour', async (t) => {
  const { VECTORS, embeddingChecks, tokenChecks } = await import('./checks.js');
  const vectors = Object.fromEntries(VECTORS.map((name) => [name, require(`../../../../rust-embedding/vectors/${name}.json`)]));
  for (const [name, run] of embeddingChecks(api, vectors)) await t.test(name, run);
  for (const [name, run] of tokenChecks(tokens, vectors)) await t.test(name, run);
});
