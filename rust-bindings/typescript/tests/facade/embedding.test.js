// The facade over rust-embedding/pkg.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CachedEmbeddingProvider, QueryCache, RustEmbeddingService, initEmbedding } from 'chrysalis-native/embedding';

/** A provider that counts what it is asked. */
function counting() {
  const asked = [];
  const vector = (text) => [text.length, 0.1];
  return {
    asked,
    dimension: 2,
    async embed(text) { asked.push([text]); return vector(text); },
    async embedBatch(texts) { asked.push(texts); return texts.map(vector); },
  };
}

test('12: RustEmbeddingService has create, embed and embedBatch', async () => {
  await initEmbedding();
  const service = await RustEmbeddingService.create({ providers: [{ provider: 'deterministic', dimensions: 8 }] });
  const [vector] = await service.embedBatch(['empty']);
  assert.deepEqual(vector, await service.embed('empty'));
  assert.equal((await service.embedBatchFlat(['a', 'b'])).data.length, 16);
  service.close();
  await assert.rejects(service.embed('a'), { name: 'EmbeddingError' });
  await assert.rejects(RustEmbeddingService.create({ providers: [] }), { code: 'embedding/no-provider' });
});

test('7.7: the price is exact where the tokens are known, and not guessed elsewhere', async () => {
  const cost = async (provider, text) => {
    const service = await RustEmbeddingService.create({ providers: [provider] });
    try {
      return await service.estimateCostExact(text);
    } finally {
      service.close();
    }
  };
  const openai = { provider: 'openai', apiKey: 'k' };
  assert.equal(await cost(openai, ''), 0);
  // Four tokens of cl100k_base, two words.
  assert.equal(await cost(openai, 'Hello, world!'), 4 / 1000 * 0.00013);
  assert.equal(await cost({ ...openai, model: 'text-embedding-3-small', pricePer1kTokens: 0.00002 }, 'Hello, world!'), 4 / 1000 * 0.00002);
  assert.equal(await cost({ ...openai, model: 'their-own' }, 'Hello, world!'), null);
  assert.equal(await cost({ provider: 'voyage', apiKey: 'k' }, 'Hello, world!'), null);
  assert.equal(await cost({ provider: 'deterministic', dimensions: 8 }, 'Hello, world!'), 0);
  await assert.rejects(cost(openai, 1), { code: 'INVALID_ARGUMENT' });
  process.env.TOKENIZER_RS_DISABLE_NATIVE = '1';
  await assert.rejects(cost(openai, 'a'), /TOKENIZER_RS_DISABLE_NATIVE/);
  delete process.env.TOKENIZER_RS_DISABLE_NATIVE;
});

test('13: one call for equal texts', async () => {
  const inner = counting();
  const cached = new CachedEmbeddingProvider(inner);
  assert.deepEqual([await cached.embed('abc'), await cached.embed('abc')], [[3, 0.1], [3, 0.1]]);
  assert.deepEqual([inner.asked, cached.dimension], [[['abc']], 2]);
});

test('13: text is not normalised by default', async () => {
  const inner = counting();
  const cached = new CachedEmbeddingProvider(inner);
  await cached.embed(' a  b ');
  await cached.embed('a b');
  assert.deepEqual(inner.asked, [[' a  b '], ['a b']]);
});

test('13: text is normalised when that is asked for', async () => {
  const inner = counting();
  const cached = new CachedEmbeddingProvider(inner, { normalizeEmbeddingText: true });
  await cached.embed(' a \n b ');
  await cached.embed('a b');
  assert.deepEqual(inner.asked, [['a b']]);
});

test('13: a batch of equal texts is one call', async () => {
  const inner = counting();
  const cached = new CachedEmbeddingProvider(inner);
  await cached.embed('x');
  assert.deepEqual(await cached.embedBatch(['aa', 'x', 'aa', 'bbb']), [[2, 0.1], [1, 0.1], [2, 0.1], [3, 0.1]]);
  assert.deepEqual(inner.asked, [['x'], ['aa', 'bbb']]);
  assert.deepEqual(await cached.embedBatch([]), []);
});

test('13: concurrent calls share one flight', async () => {
  const inner = counting();
  const cached = new CachedEmbeddingProvider(inner);
  await Promise.all([cached.embed('a'), cached.embedBatch(['a', 'b']), cached.embed('b')]);
  assert.deepEqual(inner.asked, [['a'], ['b']]);
});

test('7.5: what failed, is empty or is not finite is not kept; vectors are copies', async () => {
  const answers = [[], [NaN], new Error('down'), [1, 2]];
  const cached = new CachedEmbeddingProvider({
    dimension: 2,
    async embed() { const answer = answers.shift(); if (answer instanceof Error) throw answer; return answer; },
    async embedBatch() { return []; },
  });
  assert.deepEqual(await cached.embed('a'), []);
  assert.deepEqual(await cached.embed('a'), [NaN]);
  await assert.rejects(cached.embed('a'), /down/);
  (await cached.embed('a'))[0] = 7;
  assert.deepEqual(await cached.embed('a'), [1, 2]);
  await assert.rejects(cached.embedBatch(['b', 'c']), { code: 'embedding/provider' });
  assert.equal(cached.size, 1);
});

test('7.5: limits of number and age', async (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const inner = counting();
  const cached = new CachedEmbeddingProvider(inner, { embeddingCacheMaxEntries: 2, embeddingCacheTtlMs: 1000 });
  for (const text of ['a', 'b', 'a', 'c', 'b']) await cached.embed(text);
  assert.deepEqual(inner.asked, [['a'], ['b'], ['c'], ['b']]);
  t.mock.timers.tick(1000);
  await cached.embed('b');
  assert.equal(inner.asked.length, 5);
  const queries = new QueryCache();
  for (let i = 0; i <= 500; i += 1) queries.set(`${i}`, i);
  assert.deepEqual([queries.get('0'), queries.get('500')], [undefined, 500]);
  t.mock.timers.tick(5000);
  assert.equal(queries.get('500'), undefined);
  assert.throws(() => new QueryCache({ maxEntries: -1 }), RangeError);
  assert.throws(() => new CachedEmbeddingProvider(inner, { embeddingCacheTtlMs: NaN }), RangeError);
});
