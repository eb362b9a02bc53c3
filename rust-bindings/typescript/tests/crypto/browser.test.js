// The package in headless Chromium: in a page through an import map, and in a module worker by its address.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from '../shared/chromium.js';

const HEAD = '<!doctype html><link rel="icon" href="data:,"><script type="importmap">{"imports":{"rust-crypto/pkg":"/rust-crypto/pkg/rust_crypto.js"}}</script>';

let chromium;

before(async () => {
  const directories = ['/rust-crypto/pkg/', '/rust-crypto/vectors/', '/rust-bindings/typescript/tests/'];
  chromium = await openChromium({ directories, index: HEAD });
});

after(() => chromium?.close());

async function open() {
  const page = await chromium.browser.newPage();
  page.on('pageerror', (error) => { throw error; });
  await page.goto(chromium.origin);
  return page;
}

/** Each check's outcome becomes a test of its own. */
async function report(t, outcomes) {
  assert.ok(outcomes.length > 200, `${outcomes.length} checks`);
  for (const { name, error } of outcomes) await t.test(name, () => { if (error) throw new Error(error); });
}

test('in a page', async (t) => {
  const page = await open();
  await report(t, await page.evaluate(async () => {
    const api = await import('rust-crypto/pkg');
    const { runAll } = await import('/rust-bindings/typescript/tests/crypto/run.js');
    return runAll(api);
  }));
  await page.close();
});

test('in a worker', async (t) => {
  const page = await open();
  await report(t, await page.evaluate(() => new Promise((resolve, reject) => {
    const worker = new Worker('/rust-bindings/typescript/tests/crypto/worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  })));
  await page.close();
});

test('an engine without SIMD and a missing file are told so, and init may be tried again', async () => {
  const page = await open();
  const outcomes = await page.evaluate(async () => {
    const { default: init, blake3_hex } = await import('rust-crypto/pkg');
    const attempt = async (source) => init(source).then(() => 'loaded', (error) => `${error.name} ${error.code}`);
    const validate = WebAssembly.validate;
    WebAssembly.validate = () => false;
    const withoutSimd = await attempt();
    WebAssembly.validate = validate;
    return [withoutSimd, await attempt('/missing.wasm'), await attempt(), blake3_hex(new Uint8Array()).slice(0, 8)];
  });
  assert.deepEqual(outcomes, ['CryptoError WASM_UNAVAILABLE', 'CryptoError WASM_UNAVAILABLE', 'loaded', 'af1349b9']);
  await page.close();
});
