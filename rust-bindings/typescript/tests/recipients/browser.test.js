// The entry rust-crypto/pkg/recipients in headless Chromium.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from '../shared/chromium.js';

let chromium;

before(async () => {
  const directories = ['/rust-crypto/pkg/', '/rust-crypto/vectors/', '/rust-bindings/typescript/tests/'];
  chromium = await openChromium({ directories });
});

after(() => chromium?.close());

test('in a page', async (t) => {
  const page = await chromium.browser.newPage();
  await page.goto(chromium.origin);
  const outcomes = await page.evaluate(async () => {
    const api = await import('/rust-crypto/pkg/recipients/rust_recipients.js');
    await api.default();
    const { recipientChecks } = await import('/rust-bindings/typescript/tests/recipients/checks.js');
    const vectors = await (await fetch('/rust-crypto/vectors/envelope.json')).json();
    return recipientChecks(api, vectors).map(([name, run]) => {
      try {
        run();
        return { name };
      } catch (error) {
        return { name, error: String(error) };
      }
    });
  });
  assert.ok(outcomes.length > 10);
  for (const { name, error } of outcomes) await t.test(name, () => { if (error) throw new Error(error); });
  await page.close();
});
