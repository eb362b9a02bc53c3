// The package rust-security in headless Chromium, and the facade's worker for passwords.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from '../shared/chromium.js';

const HEAD = `<!doctype html><link rel="icon" href="data:,"><script type="importmap">{"imports":{
  "rust-crypto/pkg":"/rust-crypto/pkg/rust_crypto.js","rust-security/pkg":"/rust-security/pkg/rust_security.js"}}</script>`;

let chromium;

before(async () => {
  const directories = ['/rust-crypto/pkg/', '/rust-security/pkg/', '/rust-security/vectors/', '/rust-bindings/typescript/'];
  chromium = await openChromium({ directories, index: HEAD });
});

after(() => chromium?.close());

test('in a page', async (t) => {
  const page = await chromium.browser.newPage();
  await page.goto(chromium.origin);
  const outcomes = await page.evaluate(async () => {
    const api = await import('rust-security/pkg');
    await api.default();
    const { securityChecks } = await import('/rust-bindings/typescript/tests/security/checks.js');
    const vectors = await (await fetch('/rust-security/vectors/security.json')).json();
    const results = [];
    for (const [name, run] of securityChecks(api, vectors)) {
      results.push(await Promise.resolve().then(run).then(() => ({ name }), (error) => ({ name, error: String(error) })));
    }
    return results;
  });
  assert.ok(outcomes.length > 40);
  for (const { name, error } of outcomes) await t.test(name, () => { if (error) throw new Error(error); });
  await page.close();
});

test('the facade opens a wallet, and says so where a worker cannot import by name', async () => {
  const page = await chromium.browser.newPage();
  await page.goto(chromium.origin);
  const state = await page.evaluate(async () => {
    const { ApiKeyWallet, initSecurity } = await import('/rust-bindings/typescript/dist/security.js');
    await initSecurity();
    const wallet = new ApiKeyWallet();
    await wallet.initialize('Blue-Kettle-42-Rain');
    wallet.lock();
    const refused = await wallet.unlock('wrong').then(() => 'opened', (error) => error.message);
    await wallet.unlock('Blue-Kettle-42-Rain');
    return [refused, wallet.getState()];
  });
  assert.deepEqual(state, ['Invalid password', 'unlocked']);
  await page.close();
});
