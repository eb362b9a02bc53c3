// Checks the local model, in the thread and in a worker, with the toy model of rust-embedding/vectors. Runs unchanged in Node and in a page.
import { toHex } from '../shared/hex.js';

const WEIGHTS = 'model.safetensors';
export const TOY_FILES = [
  'config.json', 'modules.json', '1_Pooling/config.json', 'sentence_bert_config.json', 'tokenizer.json', WEIGHTS,
];

function assert(condition, text = 'does not hold') {
  if (!condition) throw new Error(text);
}

function equal(found, expected, text = '') {
  assert(Object.is(found, expected) || JSON.stringify(found) === JSON.stringify(expected),
    `${text} expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}

async function refused(api, code, work, more = {}) {
  let error;
  try {
    await work();
  } catch (thrown) {
    error = thrown;
  }
  assert(error instanceof api.EmbeddingError, `expected ${code}, found ${error}`);
  equal(error.code, code);
  for (const [name, value] of Object.entries(more)) equal(error[name], value, name);
  return error;
}

const sha256 = async (bytes) => toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
/** The bits of each number, as vectors/model.json has them. */
const bits = (vector) => Array.from(new Uint32Array(vector.slice().buffer), (bits) => bits.toString(16).padStart(8, '0')).join('');

/** SHA-256 of vectors one behind the other, little-endian. */
export async function digestOf(data) {
  return sha256(data.slice().buffer);
}

/**
 * `[name, run]` for each check. `files` has the bytes of the toy model, `base` is where they lie, `expected` is vectors/model.json.
 */
export function modelChecks(api, { files, base, expected }) {
  const data = () => Object.fromEntries(TOY_FILES.map((name) => [name, { data: files[name] }]));
  const digests = async () => Object.fromEntries(await Promise.all(
    TOY_FILES.map(async (name) => [name, { sha256: await sha256(files[name]), size: files[name].length }])));
  const vectors = expected.texts.filter(({ vector }) => vector);
  const tooLong = 'cat '.repeat(100);

  return [
    ['part 8: vectors are those of the native engine, to the last bit', async () => {
      const model = await api.LocalModel.load(data());
      for (const { text, vector, ids } of vectors) {
        const found = model.encode(text);
        assert(found instanceof Float32Array);
        equal(bits(found), vector, JSON.stringify(text));
        equal(model.countTokens(text), ids.length);
      }
      const texts = vectors.map(({ text }) => text);
      equal(model.encodeBatch(texts).map(bits), vectors.map(({ vector }) => vector));
      equal(await digestOf(model.encodeBatchFlat(texts).data), expected.digests['int8-canonical-1']);
      equal(model.encodeBatch([]), []);
      equal(model.space.engine, 'int8-canonical-1');
      equal(await sha256(model.spaceBytes), model.space.id);
      equal(await sha256(files[WEIGHTS]), model.space.weights);
      model.free();
      await refused(api, 'INVALID_ARGUMENT', async () => model.encode('a'));
      const exact = await api.LocalModel.load(data(), { precision: 'f32' });
      equal(await digestOf(exact.encodeBatchFlat(texts).data), expected.digests['f32-1']);
      exact.free();
    }],
    ['part 8: text over the limit is refused, or truncated and marked', async () => {
      const model = await api.LocalModel.load(data());
      const error = await refused(api, 'TEXT_TOO_LONG', async () => model.encodeBatch(['a', tooLong]), { index: 1 });
      assert(!error.message.includes('cat'));
      assert(model.countTokens(tooLong) > model.maxTokens);
      model.free();
      const truncating = await api.LocalModel.load(data(), { truncates: true });
      const { vector, tokens, truncated } = truncating.encodeDetailed(tooLong);
      equal([tokens, truncated, vector.length], [truncating.maxTokens, true, truncating.dimensions]);
      equal(truncating.encodeDetailed('cat').truncated, false);
      truncating.free();
    }],
    ['a lone surrogate is the replacement character, an empty text has a vector', async () => {
      const model = await api.LocalModel.load(data());
      equal(bits(model.encode('a\ud800b')), bits(model.encode('a\ufffdb')));
      equal(model.encode('').length, model.dimensions);
      model.free();
    }],
    ['from urls, each file with its SHA-256, with progress', async () => {
      const source = api.modelAt(base, await digests());
      const seen = [];
      const model = await api.LocalModel.load(source, { cache: false, progress: (progress) => seen.push(progress) });
      const total = TOY_FILES.reduce((sum, name) => sum + files[name].length, 0);
      equal(seen.at(-1), { file: WEIGHTS, loaded: total, total, isKept: false });
      assert(seen.every(({ loaded }, i) => i === 0 || loaded >= seen[i - 1].loaded));
      equal(bits(model.encode(vectors[0].text)), vectors[0].vector);
      model.free();
      for (const name of ['config.json', WEIGHTS]) {
        const wrong = { ...source, [name]: { ...source[name], sha256: '0'.repeat(64) } };
        const error = await refused(api, 'MODEL_FILE_DIGEST', () => api.LocalModel.load(wrong, { cache: false }), { file: name });
        assert(error.message.includes('0'.repeat(64)) && error.message.includes(await sha256(files[name])), error.message);
        const short = { ...source, [name]: { ...source[name], size: source[name].size - 1 } };
        await refused(api, 'MODEL_FILE_TOO_LARGE', () => api.LocalModel.load(short, { cache: false }), { file: name });
      }
      const nowhere = { ...source, 'tokenizer.json': { ...source['tokenizer.json'], url: `${source['tokenizer.json'].url}.none` } };
      const code = String(base).startsWith('http') ? 'MODEL_FILE_UNREADABLE' : 'MODEL_FILE_MISSING';
      await refused(api, code, () => api.LocalModel.load(nowhere, { cache: false }), { file: 'tokenizer.json' });
    }],
    ['damaged files are named', async () => {
      const load = (change) => () => api.LocalModel.load({ ...data(), ...change });
      const { [WEIGHTS]: _, ...weightless } = data();
      await refused(api, 'MODEL_FILE_MALFORMED', () => api.LocalModel.load(weightless), { file: WEIGHTS });
      const { 'config.json': __, ...unconfigured } = data();
      await refused(api, 'MODEL_FILE_MISSING', () => api.LocalModel.load(unconfigured), { file: 'config.json' });
      await refused(api, 'MODEL_FILE_MALFORMED', load({ 'config.json': { data: new Uint8Array([123]) } }), { file: 'config.json' });
      for (const length of [0, 7, 100, files[WEIGHTS].length - 1]) {
        const cut = { [WEIGHTS]: { data: files[WEIGHTS].slice(0, length) } };
        await refused(api, 'MODEL_FILE_MALFORMED', load(cut), { file: WEIGHTS });
      }
      const infinite = files[WEIGHTS].slice();
      new DataView(infinite.buffer).setFloat32(infinite.length - 4, Infinity, true);
      await refused(api, 'MODEL_TENSOR', load({ [WEIGHTS]: { data: infinite } }), { file: WEIGHTS });
      const config = new TextEncoder().encode(new TextDecoder().decode(files['config.json']).replace('gelu', 'relu'));
      const error = await refused(api, 'MODEL_UNSUPPORTED', load({ 'config.json': { data: config } }), { file: 'config.json' });
      assert(error.message.includes('hidden_act must be gelu, found relu'), error.message);
      const model = await api.LocalModel.load(data()); // nothing of it has done any harm
      model.free();
    }],
    ['sources that are none', async () => {
      const url = String(base);
      const wrong = [
        undefined, 'model', { 'config.json': {} }, { 'config.json': null }, { 'config.json': { url, data: new Uint8Array() } },
        { 'config.json': { url } }, { 'config.json': { url, sha256: 'abc' } }, { 'config.json': { data: 'text' } },
        { 'config.json': { data: new Uint8Array(), size: -1 } }, { 'config.json': { url: 'http://', sha256: '0'.repeat(64) } },
      ];
      for (const source of wrong) await refused(api, 'INVALID_ARGUMENT', () => api.LocalModel.load(source));
      await refused(api, 'MODEL_FILE_UNKNOWN', () => api.LocalModel.load({ '../config.json': { data: new Uint8Array() } }));
      await refused(api, 'INVALID_ARGUMENT', () => api.LocalModel.load(data(), { precision: 'f16' }));
      await refused(api, 'INVALID_ARGUMENT', () => api.LocalModel.load(data(), { progress: true }));
    }],
    ['loading is given up', async () => {
      const source = api.modelAt(base, await digests());
      for (const load of [api.LocalModel.load, api.createWorkerModel]) {
        const early = await load(source, { signal: AbortSignal.abort('early') }).catch((reason) => reason);
        equal(early, 'early');
        const controller = new AbortController();
        const progress = ({ file }) => { if (file === WEIGHTS) controller.abort('late'); };
        equal(await load(source, { cache: false, signal: controller.signal, progress }).catch((reason) => reason), 'late');
      }
    }],
    ['in a worker: the same bits, the same errors', async () => {
      const model = await api.createWorkerModel(data());
      const texts = vectors.map(({ text }) => text);
      equal((await model.encodeBatch(texts)).map(bits), vectors.map(({ vector }) => vector));
      equal(await digestOf((await model.encodeBatchFlat(texts)).data), expected.digests['int8-canonical-1']);
      equal(bits(await model.encode(vectors[1].text)), vectors[1].vector);
      equal(await model.countTokens(vectors[1].text), vectors[1].ids.length);
      equal([model.dimensions, model.space.engine], [vectors[0].vector.length / 8, 'int8-canonical-1']);
      await refused(api, 'TEXT_TOO_LONG', () => model.encode(tooLong), { index: undefined });
      await refused(api, 'TEXT_TOO_LONG', () => model.encodeBatch([...Array(40).fill('a'), tooLong]), { index: 40 });
      await refused(api, 'INVALID_ARGUMENT', () => model.encodeBatch('a'));
      await refused(api, 'INVALID_ARGUMENT', () => model.encodeBatch(['a', 1]));
      await refused(api, 'INVALID_ARGUMENT', () => model.encodeBatch([() => {}]));
      const controller = new AbortController();
      const given = model.encodeBatch(Array(2000).fill('cat'), { signal: controller.signal }).catch((reason) => reason);
      controller.abort('enough');
      equal(await given, 'enough');
      equal((await model.encodeBatch(['cat'])).length, 1);
      const open = model.encode('cat');
      model.close();
      await refused(api, 'embedding/closed', () => open);
      await refused(api, 'embedding/closed', () => model.encode('cat'));
      const wrong = { ...data(), 'config.json': { data: files['config.json'], sha256: '0'.repeat(64) } };
      await refused(api, 'MODEL_FILE_DIGEST', () => api.createWorkerModel(wrong), { file: 'config.json' });
      await refused(api, 'WORKER_UNAVAILABLE', () => api.createWorkerModel(data(), { worker: () => { throw new Error('none'); } }));
    }],
    ['the service works with it, in the thread and in a worker, in one space', async () => {
      const models = [await api.LocalModel.load(data()), await api.createWorkerModel(data())];
      const found = [];
      for (const model of models) {
        const service = await api.EmbeddingService.create({ providers: [{ provider: 'local', model }] });
        const outcomes = await service.embedBatchDetailed([vectors[1].text, tooLong, vectors[2].text]);
        equal(outcomes.map(({ vector }) => vector && bits(vector)), [vectors[1].vector, undefined, vectors[2].vector]);
        assert(outcomes[1].error instanceof api.EmbeddingError);
        equal(outcomes[0].spaceId, model.space.id);
        equal(service.providers()[0].dimensions, model.dimensions);
        found.push(outcomes[0].spaceId);
        service.free();
      }
      equal(found[0], found[1]);
      models[0].free();
      models[1].close();
      await refused(api, 'INVALID_ARGUMENT', () => api.EmbeddingService.create({ providers: [{ provider: 'local', model: models[0] }] }));
    }],
  ];
}
