// The facade in headless Chromium: the async path against the platform's WebCrypto.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from '../shared/chromium.js';

const HEAD = `<!doctype html><link rel="icon" href="data:,">
  <script type="importmap">{"imports":{"rust-crypto/pkg":"/rust-crypto/pkg/rust_crypto.js"}}</script>`;

let chromium;

before(async () => {
  const directories = ['/rust-crypto/pkg/', '/rust-bindings/typescript/'];
  chromium = await openChromium({ directories, index: HEAD });
});

after(() => chromium?.close());

test('in a page', async (t) => {
  const page = await chromium.browser.newPage();
  await page.goto(chromium.origin);
  const outcomes = await page.evaluate(async () => {
    if (!globalThis.crypto.subtle) throw new Error('no WebCrypto here');
    const { ChrysalisCrypto } = await import('/rust-bindings/typescript/dist/crypto.js');
    await ChrysalisCrypto.create();
    const { asyncChecks } = await import('/rust-bindings/typescript/tests/facade/async.js');
    const checks = asyncChecks(await import('rust-crypto/pkg'), await import('/rust-bindings/typescript/dist/crypto-async.js'));
    return Promise.all(checks.map(([name, run]) => run().then(() => ({ name }), (error) => ({ name, error: String(error) }))));
  });
  assert.ok(outcomes.length >= 5);
  for (const { name, error } of outcomes) await t.test(name, () => { if (error) throw new Error(error); });
  await page.close();
});
