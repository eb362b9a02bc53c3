// Checks the package and its entry for tokens against the vectors of rust-embedding. Runs unchanged in Node and in a page.
import { toHex } from '../shared/hex.js';

export const VECTORS = ['deterministic', 'similarity', 'tokens'];

function assert(condition, text) {
  if (!condition) throw new Error(text);
}

function equal(found, expected, text = '') {
  assert(Object.is(found, expected) || JSON.stringify(found) === JSON.stringify(expected),
    `${text} expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}

/** Runs `work`, which must throw an `EmbeddingError` with this code, and with this text if there is one. */
function throws(api, code, work, text) {
  try {
    work();
  } catch (error) {
    assert(error instanceof api.EmbeddingError && error.name === 'EmbeddingError', `threw ${error}`);
    equal(error.code, code);
    if (text !== undefined) equal(error.message, text);
    return;
  }
  throw new Error(`expected ${code}, nothing was thrown`);
}

/** `[name, run]` for each check of `rust-embedding/pkg`. */
export function embeddingChecks(api, { deterministic, similarity }) {
  const vectors = deterministic.vectors.flatMap((vector) => ['avx512', 'avx2'].map((reduction) => [
    `part 2: ${vector.dimension} numbers of ${JSON.stringify(vector.text)}, ${reduction}`, async () => {
      const found = api.deterministicVector(vector.text, { dimension: vector.dimension, reduction });
      assert(found instanceof Float32Array && found.length === vector.dimension);
      equal(toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', found.buffer))), vector[reduction]);
    }]));
  const rows = similarity.texts.map((text) => api.deterministicVector(text, { dimension: similarity.dimension }));
  const matrix = Float32Array.from(rows.flatMap((row) => [...row]));
  const query = api.deterministicVector(similarity.query, { dimension: similarity.dimension });
  const ranking = Object.entries(similarity.ranks).flatMap(([metric, expected]) => [
    [`part 11: rows nearest by ${metric}, to the last bit`, () => {
      const hits = api.topK(query, matrix, { k: expected.length, metric });
      equal(hits.map(({ row, score }) => [row, score]), expected);
      equal(api.topKBatch([...query, ...query], similarity.dimension, matrix, { k: expected.length, metric }), [hits, hits]);
    }],
    [`part 11: entries nearest by ${metric}, to the last bit`, () => {
      const index = new api.VectorIndex({ dimension: similarity.dimension, metric });
      rows.forEach((row, place) => index.add(`${place}`, row, place));
      equal(index.search(query, { limit: expected.length }).map(({ metadata, score }) => [metadata, score]), expected);
      index.free();
    }],
  ]);
  return [...vectors, ...ranking,
    ['part 13: cosine as the originals assert it', () => {
      const close = (found, expected) => assert(Math.abs(found - expected) < 1e-10, `${found}`);
      close(api.cosineSimilarity([1, 2, 3], [1, 2, 3]), 1);
      close(api.cosineSimilarity([1, 0], [0, 1]), 0);
      close(api.cosineSimilarity(new Float32Array([1, 0]), new Float64Array([-1, 0])), -1);
      throws(api, 'similarity/dimension-mismatch', () => api.cosineSimilarity([1], [1, 2]), 'Vectors must have same dimension');
      equal(api.cosineSimilarity([0, 0], [1, 2]), 0);
      equal(api.cosineSimilarityOrZero([1], [1, 2]), 0);
      equal(api.euclideanDistance([0, 0], [3, 4]), 5);
      equal(api.dot([1, 2], [3, 4]), 11);
      equal([...api.normalize([3, 4])], [0.6, 0.8]);
      equal(api.cosineSimilarityBatch([1, 0], [[1, 0], new Float32Array([0, 2])]), [1, 0]);
      equal(api.cosineSimilarityBatch([1, 0], []), []);
      assert(Number.isNaN(api.cosineSimilarity([NaN, 1], [1, 1])));
    }],
    ['part 11: the index of the original', () => {
      const index = new api.VectorIndex({ dimension: 2, maxEntries: 2 });
      throws(api, 'similarity/embedding-dimension', () => index.add('a', [1]), 'Embedding dimension mismatch: expected 2, got 1');
      index.add('a', [1, 0], { first: true });
      index.add('b', [0, 1]);
      index.add('a', [1, 1], { first: false });
      equal(index.getIds(), ['a', 'b']);
      equal(index.get('a').metadata, { first: false });
      equal([...index.get('a').embedding], [1, 1]);
      index.add('c', [1, 0], 'third');
      equal([index.size, index.has('a'), index.has('c'), index.get('a')], [2, false, true, undefined]);
      throws(api, 'similarity/query-dimension', () => index.search([1]), 'Query embedding dimension mismatch: expected 2, got 1');
      equal(index.search([1, 0]), [{ id: 'c', score: 1, metadata: 'third' }, { id: 'b', score: 0, metadata: undefined }]);
      equal(index.search([1, 0], { limit: 0 }), []);
      equal(index.search([1, 0], { limit: -1 }), []);
      equal(index.search([1, 0], { filter: (id) => id === 'b' }).map(({ id }) => id), ['b']);
      equal(index.search([1, 0], { threshold: 0.5 }).length, 1);
      equal([index.remove('c'), index.remove('c')], [true, false]);
      index.clear();
      equal(index.size, 0);
      index.free();
      index.free();
      throws(api, 'INVALID_ARGUMENT', () => index.size);
    }],
    ['smaller forms find the nearest', () => {
      for (const form of ['f16', 'int8', 'binary']) {
        const index = new api.VectorIndex({ dimension: similarity.dimension, form });
        rows.forEach((row, place) => index.add(`${place}`, row));
        const [hit] = index.search(rows[3]);
        equal(hit.id, '3');
        assert(Math.abs(hit.score - 1) < 0.02, `${form} ${hit.score}`);
      }
    }],
    ['the hash provider of the original', async () => {
      const provider = api.createHashEmbeddingProvider();
      const [first, second] = await provider.embedBatch(['a', 'b']);
      equal(first.length, 384);
      assert(Math.abs(first.reduce((sum, x) => sum + x * x, 0) - 1) < 1e-12);
      equal(await provider.embed('a'), first);
      assert(first[0] !== second[0]);
    }],
    ['part 10: payloads', () => {
      const text = 'a line of some log, and another one\n'.repeat(200);
      const payload = api.compressPayloadZstd(text);
      equal([payload.encoding, payload.originalBytes, payload.compressedBytes], ['zstd', text.length, payload.data.length]);
      equal(payload.compressionRatio, payload.compressedBytes / payload.originalBytes);
      equal([...payload.data.subarray(0, 4)], [0x28, 0xb5, 0x2f, 0xfd]);
      equal(new TextDecoder().decode(api.decompressPayloadZstd(payload.data)), text);
      equal(api.compressPayloadZstd('short'), null);
      equal(api.compressPayloadZstd(crypto.getRandomValues(new Uint8Array(4096))), null);
      equal(api.compressPayloadZstd({ text }, 0, 19).originalBytes, JSON.stringify({ text }).length);
      equal(api.decompressPayloadZstd(new Uint8Array([1, 2, 3])), null);
      throws(api, 'compress/limit-exceeded', () => api.decompressZstd(payload.data, 100));
      throws(api, 'compress/malformed', () => api.decompressZstd(payload.data.subarray(0, 20)));
      const standard = Uint8Array.from(atob(similarity.frame.data), (byte) => byte.charCodeAt(0));
      equal(new TextDecoder().decode(api.decompressZstd(standard)), similarity.frame.text.repeat(similarity.frame.repeat));
    }],
    ['stored vectors', () => {
      equal([...api.readVectorBlob(new Uint8Array(new Float32Array([1.5, -2]).buffer), 'f32')], [1.5, -2]);
      equal([...api.readVectorBlob(new Uint8Array(new Float64Array([0.1]).buffer), 'f64')], [0.1]);
      equal([...api.readVectorBlob(new TextEncoder().encode('[0.1, 2]'), 'json')], [0.1, 2]);
      throws(api, 'similarity/invalid-blob', () => api.readVectorBlob(new Uint8Array(3), 'f32'));
    }],
    ['wrong arguments', () => {
      const wrong = [
        () => api.cosineSimilarity('ab', [1]), () => api.cosineSimilarity([1], ['1']), () => api.cosineSimilarity([1], null),
        () => api.topK([1], [1], { k: -1 }), () => api.topK([1], [1], { metric: 'taxi' }), () => api.topK([1], [1], { filter: 1 }),
        () => api.topK([1], [1], { filter() { throw new Error('no'); } }), () => new api.VectorIndex({ dimension: 2, form: 'f8' }),
        () => new api.VectorIndex({ dimension: 2 }).add(1, [1, 2]), () => api.deterministicVector(1), () => api.hashVector('a', 1.5),
        () => api.compressPayloadZstd(undefined), () => api.decompressZstd('x'), () => api.readVectorBlob(new Uint8Array(4), 'f16'),
      ];
      for (const call of wrong) throws(api, 'INVALID_ARGUMENT', call);
      for (const dimension of [0, 1 << 17]) throws(api, 'similarity/dimension-out-of-range', () => new api.VectorIndex({ dimension }));
      throws(api, 'similarity/no-capacity', () => new api.VectorIndex({ dimension: 2, maxEntries: 0 }));
      throws(api, 'similarity/ragged-matrix', () => api.topK([1, 2], [1, 2, 3]));
    }],
  ];
}

/** `[name, run]` for each check of `rust-embedding/pkg/tokens`. */
export function tokenChecks(api, { tokens }) {
  const encodings = { cl100k: 'cl100k_base', o200k: 'o200k_base' };
  const vectors = tokens.vectors.flatMap((vector) => Object.entries(encodings).map(([name, model]) => [
    `part 9: ${vector.repeat} times ${JSON.stringify(vector.text)}, ${model}`, () => {
      const text = vector.text.repeat(vector.repeat);
      const ids = api.encode(text, model);
      assert(ids instanceof Uint32Array);
      equal([ids.length, api.countTokens(text, model)], [vector[name].count, vector[name].count]);
      equal([...ids.subarray(0, vector[name].first.length)], vector[name].first);
      equal(api.countTokens(text, model, { allowSpecial: true }), vector[name].allowed);
      assert(api.decode(ids, model) === text);
      equal(api.countTillLimit(text, ids.length, model), ids.length);
    }]));
  return [...vectors,
    ['part 9: models and special tokens', () => {
      equal(['gpt-4', 'gpt-4o-mini', 'gpt-oss-20b', 'o200k_base'].map(api.encodingForModel),
        ['cl100k_base', 'o200k_base', 'o200k_harmony', 'o200k_base']);
      throws(api, 'tokens/unknown-model', () => api.countTokens('a', 'claude'));
      equal(api.countTokensOrEstimate('abcde', 'claude'), { count: 2, approximate: true, encoding: null });
      equal(api.countTokensOrEstimate('hello world', 'gpt-4'), { count: 2, approximate: false, encoding: 'cl100k_base' });
      const text = 'a<|endoftext|>';
      equal(api.countTokens(text, 'gpt-4'), 8);
      equal([...api.encode(text, 'gpt-4', { allowSpecial: ['<|endoftext|>'] })], [64, 100257]);
      throws(api, 'tokens/special-token', () => api.encode(text, 'gpt-4', { rejectSpecial: true }));
      throws(api, 'tokens/unknown-special', () => api.encode(text, 'gpt-4', { allowSpecial: ['<|nothing|>'] }));
      throws(api, 'tokens/unknown-token', () => api.decode([100256], 'gpt-4'));
      equal([...api.decodeBytes([9468], 'gpt-4')], [0xf0, 0x9f]);
    }],
    ['part 9: batches, JSON, estimates, lone surrogates', () => {
      equal(api.countTokensBatch(['hello world', '', 'Hello, world!'], 'gpt-4o'), [2, 0, 4]);
      equal(api.estimateJsonTokens({ b: 1.0, a: [1e21] }, 'gpt-4'), api.countTokens('{"b":1,"a":[1e+21]}', 'gpt-4'));
      equal(api.approximateTokens('\u{1f642}'.repeat(5)), 2);
      equal(api.countTokens('a\ud800b', 'gpt-4'), api.countTokens('a\ufffdb', 'gpt-4'));
    }],
    ['cutting', () => {
      equal(api.splitAtTokens('hello world again', 2, 'gpt-4'), ['hello world', ' again']);
      equal(api.countTillLimit('hello world', 1, 'gpt-4'), undefined);
      equal(api.truncateToTokens('hello world again', 1, 'gpt-4'), '...');
      const text = '\u{1f642} one\ntwo\nthree\n';
      const chunks = api.chunkText(text, { maxTokens: 5, model: 'gpt-4' });
      for (const chunk of chunks) equal(text.slice(chunk.start, chunk.start + chunk.text.length), chunk.text);
      equal(chunks.map((chunk) => chunk.text).join(''), text);
    }],
    ['AF: growing text and ledger', () => {
      const growing = new api.GrowingText('gpt-4o');
      for (const part of ['hel', 'lo wor', 'ld', " it's"]) growing.append(part);
      equal(growing.count, api.countTokens("hello world it's", 'gpt-4o'));
      const ledger = new api.TokenLedger('gpt-4');
      equal([api.append(ledger, 'hello world'), ledger.append('Hello, world!')], [0, 1]);
      ledger.extendLast('!');
      equal([ledger.length, api.countRange(ledger, 0, 1), ledger.countRange(0, 2)], [2, 2, ledger.total]);
      throws(api, 'tokens/out-of-range', () => ledger.countRange(1, 3));
      ledger.free();
      throws(api, 'INVALID_ARGUMENT', () => api.append(ledger, 'a'));
    }],
    ['AF: a conversation is fitted', () => {
      const messages = [
        { role: 'system', content: 'You help.' },
        { role: 'user', content: 'word '.repeat(400), extra: 1 },
        { role: 'assistant', toolCalls: [{ id: 'c', name: 'f', arguments: {} }] },
        { role: 'tool', toolResults: [{ callId: 'c', result: { a: 1 } }] },
        { role: 'user', content: 'And now?' },
      ];
      const left = api.compressContext(messages, 300, 1);
      equal(left.selectedIndices, [0, 1, 2, 3, 4]);
      assert(left.totalTokens <= 300 && !left.overBudget && left.removedCount === 0);
      assert(left.messages[1].content.endsWith('...') && left.messages[1].extra === 1 && messages[1].content.length === 2000);
      assert(left.messages[2] === messages[2]);
      equal(api.compressContext(messages, 30, 1).selectedIndices, [0, 4]);
      equal(api.compressContext(messages, 10_000, 0).compressionRatio, 0);
    }],
    ['wrong arguments', () => {
      const wrong = [
        () => api.countTokens(1, 'gpt-4'), () => api.countTokens('a', 4), () => api.countTokensBatch('a', 'gpt-4'),
        () => api.countTokens('a', 'gpt-4', { allowSpecial: 'all' }), () => api.countTokens('a', 'gpt-4', { allowSpecial: true, rejectSpecial: true }),
        () => api.decode([-1], 'gpt-4'), () => api.decode('a', 'gpt-4'), () => api.splitAtTokens('a', -1, 'gpt-4'),
        () => api.estimateJsonTokens(undefined, 'gpt-4'), () => api.compressContext({}, 1, 1), () => api.chunkText('a', 1),
      ];
      for (const call of wrong) throws(api, 'INVALID_ARGUMENT', call);
      throws(api, 'tokens/invalid-json', () => api.compressContext([{ role: 'robot' }], 1, 1));
      const circle = {};
      circle.circle = circle;
      throws(api, 'INVALID_ARGUMENT', () => api.estimateJsonTokens(circle, 'gpt-4'));
    }],
  ];
}
