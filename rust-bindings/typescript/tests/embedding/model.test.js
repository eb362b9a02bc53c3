// The local model and the service of rust-embedding/pkg in Node: the checks that pages run too, real sockets, the real model.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';
import * as api from 'rust-embedding/pkg';
import { TOY_FILES, modelChecks } from './model-checks.js';
import { serviceChecks } from './service-checks.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const VECTORS = path.join(ROOT, 'rust-embedding/vectors');
const PACKAGE = new URL('../../../../rust-embedding/pkg/rust_embedding.mjs', import.meta.url).href;
const TOY = path.join(VECTORS, 'toy-model');
const MODEL = process.env.CHRYSALIS_MODEL || path.join(ROOT, '.tools/model/all-MiniLM-L6-v2');

const files = Object.fromEntries(TOY_FILES.map((name) => [name, new Uint8Array(readFileSync(path.join(TOY, name)))]));
const expected = JSON.parse(readFileSync(path.join(VECTORS, 'model.json')));
for (const [name, run] of modelChecks(api, { files, base: TOY, expected })) test(name, run);
for (const [name, run] of serviceChecks(api)) test(name, run);

/** The source of the real model; says how to get it where it is not. */
function realModel() {
  assert.ok(existsSync(path.join(MODEL, 'model.safetensors')), `no model in ${MODEL}; run: make setup`);
  return api.modelAt(MODEL);
}

test('one digest: sentences.txt has the vectors that it has everywhere, in the thread and in a worker', async () => {
  const sentences = JSON.parse(readFileSync(path.join(VECTORS, 'sentences.json')));
  const text = readFileSync(path.join(VECTORS, 'sentences.txt'), 'utf8');
  const lines = text.trimEnd().split('\n');
  const digest = (data) => createHash('sha256').update(new Uint8Array(data.buffer)).digest('hex');
  const model = await api.LocalModel.load(realModel());
  const worker = await api.createWorkerModel(realModel());
  for (const each of [model, worker]) {
    const { data, dimensions } = await each.encodeBatchFlat(lines);
    assert.deepEqual([dimensions, each.space.id, each.space.weights, digest(data)],
      [sentences.dimensions, sentences.space, sentences.weights, sentences.digest]);
  }
  model.free();
  worker.close();
});

test('a model of 91 MB takes less than 40 in the module and nothing beside it', () => {
  realModel();
  const code = `
    const { LocalModel, modelAt } = await import(${JSON.stringify(PACKAGE)});
    const model = await LocalModel.load(modelAt(${JSON.stringify(MODEL)}));
    model.encode('a text');
    gc();
    console.log(process.memoryUsage().external);`;
  const out = execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', code], { encoding: 'utf8' });
  assert.ok(Number(out) < 40e6, `${out} bytes`);
});

test('a program ends by itself, whatever was made and asked', () => {
  const code = `
    const api = await import(${JSON.stringify(PACKAGE)});
    const service = await api.EmbeddingService.create({
      providers: [{ provider: 'custom', dimensions: 1, embed: async (texts) => texts.map(() => [1]) }],
    });
    console.log((await service.embed('a')).length);
    const model = await api.createWorkerModel(api.modelAt(${JSON.stringify(TOY)}, ${JSON.stringify(Object.fromEntries(
      TOY_FILES.map((name) => [name, { sha256: createHash('sha256').update(files[name]).digest('hex') }])))}));
    console.log((await model.encode('a')).length);`;
  const started = Date.now();
  assert.equal(execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', timeout: 30_000 }), '1\n32\n');
  assert.ok(Date.now() - started < 20_000);
});

test('a key is not in the module’s memory once the service is freed', async () => {
  const { memory } = await api.default();
  const key = ['sk', 'planted', '5d0c7a91e2'].join('-');
  const has = () => Buffer.from(memory.buffer).includes(key);
  const fetch = async () => new Response(JSON.stringify({ data: [{ index: 0, embedding: [1, 2, 3] }] }));
  const client = await api.EmbeddingService.create({ providers: [{ provider: 'openai', apiKey: key, model: 'm', dimensions: 3 }] }, { fetch });
  await client.embed('a');
  assert.ok(has(), 'it is there while it is needed');
  client.free();
  assert.ok(!has());
});

/** A server on this machine that answers as `answer` says; gives its address. */
async function serve(context, answer) {
  const server = http.createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${server.address().port}/v1`;
}

const service = (baseUrl, more) => api.EmbeddingService.create({
  providers: [{ provider: 'openai', apiKey: 'sk-test', model: 'm', dimensions: 3, baseUrl, maxRetries: 0, ...more }],
});
const good = JSON.stringify({ data: [{ index: 0, embedding: [1, 2, 3] }] });

test('real sockets: an answer, a drip, one that is cut, one that is refused, one that hangs', async (t) => {
  let closed;
  const steps = {
    '/v1/embeddings': (request, response) => {
      assert.equal(request.headers.authorization, 'Bearer sk-test');
      assert.equal(request.headers['accept-encoding'], 'identity');
      response.end(good);
    },
    '/drip/embeddings': (request, response) => {
      const bytes = [...Buffer.from(good)];
      const drip = () => (bytes.length ? (response.write(Buffer.from([bytes.shift()])), setImmediate(drip)) : response.end());
      drip();
    },
    '/cut/embeddings': (request, response) => { response.writeHead(200, { 'content-length': 100 }); response.write('{'); response.destroy(); },
    '/reset/embeddings': (request) => request.socket.resetAndDestroy(),
    '/redirect/embeddings': (request, response) => response.writeHead(307, { location: '/v1/embeddings' }).end(),
    '/hang/embeddings': (request) => { closed = once(request.socket, 'close'); },
  };
  const base = (await serve(t, (request, response) => steps[request.url](request, response))).replace('/v1', '');
  for (const way of ['v1', 'drip']) {
    const client = await service(`${base}/${way}`);
    assert.deepEqual([...await client.embed('a')], [1, 2, 3]);
    client.free();
  }
  for (const [way, code] of [['cut', 'embedding/network'], ['reset', 'embedding/network'], ['redirect', 'embedding/provider']]) {
    const client = await service(`${base}/${way}`);
    await assert.rejects(client.embed('a'), { name: 'EmbeddingError', code });
    client.free();
  }
  const refused = await service('http://127.0.0.1:1/v1');
  await assert.rejects(refused.embed('a'), { code: 'embedding/network' });
  refused.free();
  const client = await service(`${base}/hang`);
  const controller = new AbortController();
  const waiting = client.embed('a', { signal: controller.signal });
  while (!closed) await new Promise((resolve) => setImmediate(resolve));
  controller.abort(new Error('enough'));
  await assert.rejects(waiting, { message: 'enough' });
  await closed; // the server sees the caller go
  client.free();
});

test('a decompression bomb is not inflated beyond what an answer can be', async (t) => {
  const bomb = zlib.gzipSync(Buffer.alloc(200 << 20, 0x20));
  const base = await serve(t, (request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
  const before = process.memoryUsage.rss();
  const client = await service(base);
  await assert.rejects(client.embed('a'), { code: 'embedding/provider' });
  assert.ok(process.memoryUsage.rss() - before < 100 << 20);
  client.free();
});

test('a thousand texts in flight over real sockets: none lost, none doubled, in order', async (t) => {
  let requests = 0;
  const base = await serve(t, async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    requests += 1;
    if (requests % 20 === 0) return response.writeHead(503).end();
    const { input } = JSON.parse(Buffer.concat(chunks));
    const data = [input].flat().map((text, index) => ({ index, embedding: [Number(text), 0, 1] }));
    return response.end(JSON.stringify({ data }));
  });
  const client = await service(base, { maxRetries: 5, initialBackoff: 0.001, textsPerRequest: 4 });
  const texts = Array.from({ length: 1000 }, (_, i) => `${i}`);
  const batches = await Promise.all([client.embedBatch(texts), ...texts.map((text) => client.embed(text))]);
  batches[0].forEach((vector, i) => assert.equal(vector[0], i));
  batches.slice(1).forEach((vector, i) => assert.equal(vector[0], i));
  assert.deepEqual(client.load(), { calls: 0, texts: 0, requests: 0 });
  client.free();
});
