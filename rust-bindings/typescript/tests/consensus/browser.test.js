// The package rust-consensus/pkg in headless Chromium.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from '../shared/chromium.js';

let chromium;

before(async () => {
  const directories = ['/rust-consensus/pkg/', '/rust-consensus/vectors/', '/rust-bindings/typescript/tests/'];
  chromium = await openChromium({ directories });
});

after(() => chromium?.close());

test('in a page', async (t) => {
  const page = await chromium.browser.newPage();
  await page.goto(chromium.origin);
  const outcomes = await page.evaluate(async () => {
    const api = await import('/rust-consensus/pkg/rust_consensus.js');
    const simulation = await import('/rust-consensus/pkg/simulation/rust_simulation.js');
    await Promise.all([api.default(), simulation.default()]);
    const { consensusChecks } = await import('/rust-bindings/typescript/tests/consensus/checks.js');
    const read = async (name) => (await fetch(`/rust-consensus/vectors/${name}.json`)).json();
    const files = { agreement: await read('agreement'), traces: await read('sim-traces'), aggregation: await read('aggregation') };
    return consensusChecks(api, simulation, files).map(([name, run]) => {
      try {
        run();
        return { name };
      } catch (error) {
        return { name, error: String(error) };
      }
    });
  });
  assert.ok(outcomes.length > 50);
  for (const { name, error } of outcomes) await t.test(name, () => { if (error) throw new Error(error); });
  await page.close();
});
