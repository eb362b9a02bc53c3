// The local model and the service of rust-embedding/pkg in headless Chromium, and the page that shows them.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openChromium } from '../shared/chromium.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const MODEL = process.env.CHRYSALIS_MODEL || path.join(ROOT, '.tools/model/all-MiniLM-L6-v2');
/** As strict as a page with WebAssembly can be, for its workers too. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'";
let chromium;
/** Paths that were asked for below `/model/`. */
const fetched = [];

before(async () => {
  const directories = ['/rust-embedding/pkg/', '/rust-embedding/page/', '/rust-embedding/vectors/', '/rust-bindings/typescript/tests/'];
  const answer = async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname.startsWith('/model/')) fetched.push(pathname);
    if (request.method !== 'POST') return false;
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { input } = JSON.parse(Buffer.concat(chunks));
    const seen = [request.headers.authorization === 'Bearer sk-test', request.headers.cookie === undefined, input === 'abc'];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ data: [{ index: 0, embedding: seen.map(Number) }] }));
    return true;
  };
  const headers = { 'content-security-policy': POLICY };
  chromium = await openChromium({ directories, mounts: { '/model/': MODEL }, answer, headers });
});

after(() => chromium?.close());

/** A page of the server's, whose complaints are kept. */
async function open(pathname = '/') {
  const page = await chromium.browser.newPage();
  page.mishaps = [];
  page.on('pageerror', (error) => page.mishaps.push(String(error)));
  page.on('console', (message) => { if (message.type() === 'error') page.mishaps.push(message.text()); });
  await page.goto(chromium.origin + pathname);
  return page;
}

test('the checks that Node runs', async (t) => {
  const page = await open();
  const outcomes = await page.evaluate(async () => {
    const api = await import('/rust-embedding/pkg/rust_embedding.js');
    await api.default();
    const { TOY_FILES, modelChecks } = await import('/rust-bindings/typescript/tests/embedding/model-checks.js');
    const { serviceChecks } = await import('/rust-bindings/typescript/tests/embedding/service-checks.js');
    const base = new URL('/rust-embedding/vectors/toy-model/', location.href);
    const read = async (name) => [name, new Uint8Array(await (await fetch(new URL(name, base))).arrayBuffer())];
    const files = Object.fromEntries(await Promise.all(TOY_FILES.map(read)));
    const expected = await (await fetch('/rust-embedding/vectors/model.json')).json();
    const outcomes = [];
    for (const [name, run] of [...modelChecks(api, { files, base, expected }), ...serviceChecks(api)]) {
      try {
        await run();
        outcomes.push({ name });
      } catch (error) {
        outcomes.push({ name, error: String(error) });
      }
    }
    return outcomes;
  });
  assert.ok(outcomes.length > 25);
  for (const { name, error } of outcomes) await t.test(name, () => { if (error) throw new Error(error); });
  await page.close();
});

test('a request goes over the browser’s own fetch', async () => {
  const page = await open();
  const vector = await page.evaluate(async () => {
    document.cookie = 'session=1';
    const { default: init, EmbeddingService } = await import('/rust-embedding/pkg/rust_embedding.js');
    await init();
    const service = await EmbeddingService.create({
      providers: [{ provider: 'openai', apiKey: 'sk-test', baseUrl: `${location.origin}/v1`, model: 'm', dimensions: 3 }],
    });
    return [...await service.embed('abc')];
  });
  assert.deepEqual(vector, [1, 1, 1]);
  await page.close();
});

test('one digest: sentences.txt in a worker; the model comes over the network once, and what was damaged there again', async () => {
  assert.ok(existsSync(path.join(MODEL, 'model.safetensors')), `no model in ${MODEL}; run: make setup`);
  const sentences = JSON.parse(readFileSync(path.join(ROOT, 'rust-embedding/vectors/sentences.json')));
  const page = await open();
  const digest = () => page.evaluate(async () => {
    const { createWorkerModel, modelAt } = await import('/rust-embedding/pkg/rust_embedding.js');
    const lines = (await (await fetch('/rust-embedding/vectors/sentences.txt')).text()).trimEnd().split('\n');
    const kept = new Set();
    let last;
    const model = await createWorkerModel(modelAt('/model/'), { progress: (progress) => { kept.add(progress.isKept); last = progress; } });
    const { data } = await model.encodeBatchFlat(lines);
    model.close();
    const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
    return {
      digest: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''), space: model.space.id, kept: [...kept], isAll: last.loaded === last.total,
    };
  });
  const expected = { digest: sentences.digest, space: sentences.space, isAll: true };
  fetched.length = 0;
  assert.deepEqual(await digest(), { ...expected, kept: [false] });
  assert.equal(fetched.length, 6);
  assert.deepEqual(await digest(), { ...expected, kept: [true] });
  assert.equal(fetched.length, 6, 'nothing was fetched again');
  // What the browser keeps is checked like what comes over the network.
  await page.evaluate(async () => {
    const { ALL_MINILM_L6_V2 } = await import('/rust-embedding/pkg/rust_embedding.js');
    const cache = await caches.open('chrysalis-models');
    await cache.put(`https://models.invalid/sha256/${ALL_MINILM_L6_V2['config.json'].sha256}`, new Response('{}'));
  });
  assert.deepEqual(await digest(), { ...expected, kept: [true, false] });
  assert.deepEqual(fetched.slice(6), ['/model/config.json']);
  assert.deepEqual(page.mishaps, []);
  await page.close();
});

test('the page: texts of one’s own are found by meaning', async () => {
  const page = await open('/rust-embedding/page/index.html?model=/model/');
  await page.waitForFunction(() => !document.getElementById('ask').disabled);
  assert.ok(await page.locator('#loading').isHidden());
  const first = () => page.locator('#hits li').first().locator('span').innerText();
  const ask = async (question, answer) => {
    await page.fill('#ask', question);
    await page.waitForFunction((answer) => document.querySelector('#hits li span')?.textContent.includes(answer), answer);
  };
  await ask('feline on the couch', 'The cat sleeps');
  await ask('how long are copies of the data kept?', 'Backups');
  await page.fill('#new', 'The kettle is on.\n\nOctopuses have three hearts.');
  await page.getByRole('button', { name: 'Add' }).click();
  assert.equal(await page.locator('#texts li').count(), 8);
  await ask('boiling water for tea', 'The kettle');
  await page.setInputFiles('#files', { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('Our rent goes up in May.\n\nBees steer by the sun.') });
  await ask('insects finding their way', 'Bees steer');
  await page.screenshot({ path: process.env.SCREENSHOTS && `${process.env.SCREENSHOTS}/search.png`, fullPage: true });
  await page.getByRole('button', { name: 'Remove: Bees' }).click();
  await page.waitForFunction(() => !document.querySelector('#hits li span')?.textContent.includes('Bees'));
  assert.notEqual(await first(), 'Bees steer by the sun.');
  assert.deepEqual(page.mishaps, []);
  await page.close();
});

test('the page: what is said where there is no model', async () => {
  const page = await open('/rust-embedding/page/index.html?model=/nowhere/');
  await page.evaluate(() => caches.delete('chrysalis-models'));
  await page.reload();
  await page.locator('#failed').waitFor();
  assert.match(await page.locator('#failed').innerText(), /config\.json of the model cannot be fetched: HTTP status 404/);
  assert.ok(await page.locator('#ask').isDisabled());
  await page.close();
});
