// The facade over rust-embedding/pkg/tokens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getNativeTokenizer, getNativeTokenizerError, getTokenizerBackend, initTokenizer } from 'chrysalis-native/tokens';

test('AF: there is a tokenizer after it was loaded, unless it is disabled', async () => {
  assert.equal(getNativeTokenizer(), null);
  assert.equal(getTokenizerBackend(), 'none');
  process.env.TOKENIZER_RS_DISABLE_NATIVE = 'TRUE';
  assert.equal(await initTokenizer(), null);
  assert.match(getNativeTokenizerError().message, /TOKENIZER_RS_DISABLE_NATIVE/);
  delete process.env.TOKENIZER_RS_DISABLE_NATIVE;
  const tokenizer = await initTokenizer();
  assert.equal(tokenizer, getNativeTokenizer());
  assert.equal(tokenizer.countTokens('hello world', 'gpt-4o'), 2);
  assert.deepEqual([getTokenizerBackend(), getNativeTokenizerError()], ['wasm', null]);
});
