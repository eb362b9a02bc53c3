// The package in headless Chromium: in a page through an import map, and in a module worker by its address.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SERVED = ['/rust-crypto/pkg/', '/rust-crypto/vectors/', '/rust-bindings/typescript/tests/'];
const TYPES = { '.js': 'text/javascript', '.json': 'application/json', '.wasm': 'application/wasm' };
const HEAD = '<!doctype html><link rel="icon" href="data:,"><script type="importmap">{"imports":{"rust-crypto/pkg":"/rust-crypto/pkg/rust_crypto.js"}}</script>';

let server, browser, profile, origin;

before(async () => {
  const executablePath = process.env.CHROMIUM;
  assert.ok(executablePath, 'set CHROMIUM to the path of a Chromium or Chrome; `make test-ts` finds it');
  server = http.createServer(serve).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
  profile = mkdtempSync(path.join(tmpdir(), 'browser-profile-'));
  browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  });
  browser.setDefaultTimeout(60_000);
});

after(async () => {
  await browser?.close();
  server?.close();
  if (profile) rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
});

/** Serves the directories above and the empty page, and nothing else. */
async function serve(request, response) {
  try {
    const { pathname } = new URL(request.url, origin);
    if (pathname === '/') return response.writeHead(200, { 'content-type': 'text/html' }).end(HEAD);
    if (!SERVED.some((directory) => pathname.startsWith(directory))) return response.writeHead(404).end();
    const body = await readFile(path.join(ROOT, pathname));
    return response.writeHead(200, { 'content-type': TYPES[path.extname(pathname)] ?? 'text/plain' }).end(body);
  } catch {
    return response.writeHead(404).end();
  }
}

async function open() {
  const page = await browser.newPage();
  page.on('pageerror', (error) => { throw error; });
  await page.goto(origin);
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
    const { runAll } = await import('/rust-bindings/typescript/tests/run.js');
    return runAll(api);
  }));
  await page.close();
});

test('in a worker', async (t) => {
  const page = await open();
  await report(t, await page.evaluate(() => new Promise((resolve, reject) => {
    const worker = new Worker('/rust-bindings/typescript/tests/worker.js', { type: 'module' });
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
