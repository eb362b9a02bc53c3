// rust-embedding/pkg and rust-embedding/pkg/tokens in headless Chromium.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from '../shared/chromium.js';

let chromium;

before(async () => {
  const directories = ['/rust-embedding/pkg/', '/rust-embedding/vectors/', '/rust-bindings/typescript/tests/'];
  chromium = await openChromium({ directories });
});

after(() => chromium?.close());

test('in a page', async (t) => {
  const page = await chromium.browser.newPage();
  await page.goto(chromium.origin);
  const outcomes = await page.evaluate(async () => {
    const api = await import('/rust-embedding/pkg/rust_embedding.js');
    const tokens = await import('/rust-embedding/pkg/tokens/rust_tokens.js');
    await Promise.all([api.default(), tokens.default()]);
    const { VECTORS, embeddingChecks, tokenChecks } = await import('/rust-bindings/typescript/tests/embedding/checks.js');
    const vectors = {};
    for (const name of VECTORS) vectors[name] = await (await fetch(`/rust-embedding/vectors/${name}.json`)).json();
    const outcomes = [];
    for (const [name, run] of [...embeddingChecks(api, vectors), ...tokenChecks(tokens, vectors)]) {
      try {
        await run();
        outcomes.push({ name });
      } catch (error) {
        outcomes.push({ name, error: String(error) });
      }
    }
    return outcomes;
  });
  assert.ok(outcomes.length > 60);
  for (const { name, error } of outcomes) await t.test(name, () => { if (error) throw new Error(error); });
  await page.close();
});
