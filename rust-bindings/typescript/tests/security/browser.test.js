// The package rust-security in headless Chromium, and its worker for passwords.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from '../shared/chromium.js';

const HEAD = `<!doctype html><link rel="icon" href="data:,"><script type="importmap">{"imports":{
  "rust-crypto/pkg":"/rust-crypto/pkg/rust_crypto.js","rust-security/pkg":"/rust-security/pkg/rust_security.js"}}</script>`;

let chromium;

before(async () => {
  const directories = ['/rust-crypto/pkg/', '/rust-security/pkg/', '/rust-security/vectors/', '/rust-crypto/vectors/', '/rust-bindings/typescript/'];
  chromium = await openChromium({ directories, index: HEAD });
});

after(() => chromium?.close());

/** Each check's outcome becomes a test of its own. */
async function report(t, outcomes) {
  assert.ok(outcomes.length > 40, `${outcomes.length} checks`);
  for (const { name, error } of outcomes) await t.test(name, () => { if (error) throw new Error(error); });
}

test('in a page', async (t) => {
  const page = await chromium.browser.newPage();
  await page.goto(chromium.origin);
  await report(t, await page.evaluate(async () => {
    const api = await import('rust-security/pkg');
    const { runAll } = await import('/rust-bindings/typescript/tests/security/checks.js');
    return runAll(api);
  }));
  await page.close();
});

test('in a worker, which has a worker of its own', async (t) => {
  const page = await chromium.browser.newPage();
  await page.goto(chromium.origin);
  await report(t, await page.evaluate(() => new Promise((resolve, reject) => {
    const worker = new Worker('/rust-bindings/typescript/tests/security/worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  })));
  await page.close();
});

test('the facade opens a wallet by the worker of the package, which blocks nothing', async () => {
  const page = await chromium.browser.newPage();
  const workers = [];
  page.on('worker', (worker) => workers.push(new URL(worker.url()).pathname));
  await page.goto(chromium.origin);
  const state = await page.evaluate(async () => {
    const { ApiKeyWallet, SecurityContext, initSecurity } = await import('/rust-bindings/typescript/dist/security.js');
    await initSecurity();
    const wallet = new ApiKeyWallet();
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await wallet.initialize('Blue-Kettle-42-Rain');
    clearInterval(timer);
    wallet.lock();
    const refused = await wallet.unlock('wrong').then(() => 'opened', (error) => error.message);
    await wallet.unlock('Blue-Kettle-42-Rain');
    const state = await new SecurityContext().export_state_async('Blue-Kettle-42-Rain');
    return [refused, wallet.getState(), turns >= 3, state.length > 84];
  });
  assert.deepEqual(state, ['Invalid password', 'unlocked', true, true]);
  assert.deepEqual(workers, Array(4).fill('/rust-security/pkg/rust_security_worker.js'));
  await page.close();
});

test('where a policy forbids workers, the same is done in place', async () => {
  const page = await chromium.browser.newPage();
  await page.goto(chromium.origin);
  const exported = await page.evaluate(async () => {
    const policy = Object.assign(document.createElement('meta'), { httpEquiv: 'Content-Security-Policy', content: "worker-src 'none'" });
    document.head.append(policy);
    const { SecurityContext, default: init } = await import('rust-security/pkg');
    await init();
    const context = new SecurityContext();
    const state = await context.export_state_async('Blue-Kettle-42-Rain');
    return (await SecurityContext.import_state_async(state, 'Blue-Kettle-42-Rain')).storage_key_id();
  });
  assert.equal(exported, 1);
  await page.close();
});
