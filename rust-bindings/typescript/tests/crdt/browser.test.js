// The package in headless Chromium, in a page and in a worker; and two tabs of the example page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from '../shared/chromium.js';

const HEAD = '<!doctype html><link rel="icon" href="data:,"><script type="importmap">{"imports":{"rust-crdt/pkg":"/rust-crdt/pkg/rust_crdt.js"}}</script>';

let chromium;

before(async () => {
  const directories = ['/rust-crdt/pkg/', '/rust-crdt/page/', '/rust-crdt/vectors/', '/rust-bindings/typescript/tests/'];
  chromium = await openChromium({ directories, index: HEAD });
});

after(() => chromium?.close());

async function open(path = '') {
  const page = await chromium.browser.newPage();
  page.mishaps = [];
  page.on('pageerror', (error) => page.mishaps.push(String(error)));
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && page.mishaps.push(message.text()));
  await page.goto(chromium.origin + path);
  return page;
}

/** Each check's outcome becomes a test of its own. */
async function report(t, outcomes) {
  assert.ok(outcomes.length > 100, `${outcomes.length} checks`);
  for (const { name, error } of outcomes) await t.test(name, () => { if (error) throw new Error(error); });
}

test('in a page', async (t) => {
  const page = await open();
  await report(t, await page.evaluate(async () => {
    const api = await import('rust-crdt/pkg');
    const { runAll } = await import('/rust-bindings/typescript/tests/crdt/run.js');
    return runAll(api);
  }));
  await page.close();
});

test('in a worker', async (t) => {
  const page = await open();
  await report(t, await page.evaluate(() => new Promise((resolve, reject) => {
    const worker = new Worker('/rust-bindings/typescript/tests/crdt/worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  })));
  await page.close();
});

// --- The example: two tabs over a BroadcastChannel.

const digest = (page) => page.locator('#digest').getAttribute('data-whole');
const texts = (page) => page.locator('#items input[type=text]').evaluateAll((inputs) => inputs.map((input) => input.value));

async function add(page, text) {
  await page.fill('#new', text);
  await page.press('#new', 'Enter');
}

/** Waits until both pages show one digest and this many items. */
async function settle(one, two, items) {
  await one.waitForFunction((items) => document.querySelectorAll('#items li').length === items, items);
  await two.waitForFunction((items) => document.querySelectorAll('#items li').length === items, items);
  await two.waitForFunction((whole) => document.getElementById('digest').dataset.whole === whole, await digest(one));
  for (const page of [one, two]) await page.locator('#peers .equal').first().waitFor();
}

test('two tabs share a checklist, offline and on again', async () => {
  const [one, two] = [await open('/rust-crdt/page/index.html'), await open('/rust-crdt/page/index.html')];
  await add(one, 'Water the plants');
  await add(two, 'Write to Ada');
  await settle(one, two, 2);
  assert.deepEqual(await texts(one), await texts(two));

  // Each goes its way: one is offline, both edit, one removes what the other keeps working on.
  await two.uncheck('#online');
  await one.locator('#alone').waitFor();
  await add(one, 'Only here at first');
  await two.fill('#board', 'This week');
  await two.press('#board', 'Tab');
  await two.locator('#items li', { has: two.getByLabel('Done: Write to Ada') }).getByRole('checkbox').check();
  await one.getByRole('button', { name: 'Remove Write to Ada' }).click();
  await two.getByRole('button', { name: 'Remove Water the plants' }).click();
  assert.notEqual(await digest(one), await digest(two));
  assert.deepEqual([await texts(one), await texts(two)], [['Water the plants', 'Only here at first'], ['Write to Ada']]);
  await two.screenshot({ path: process.env.SCREENSHOTS && `${process.env.SCREENSHOTS}/offline.png` });

  await two.check('#online');
  await settle(one, two, 2);
  assert.deepEqual(await texts(one), ['Write to Ada', 'Only here at first']);
  assert.equal(await one.inputValue('#board'), 'This week');
  assert.ok(await one.getByLabel('Done: Write to Ada').isChecked());

  // A tab that comes later has everything, and the others see it go.
  const three = await open('/rust-crdt/page/index.html');
  await settle(one, three, 2);
  await one.waitForFunction(() => document.querySelectorAll('#peers .equal').length === 2);
  await one.screenshot({ path: process.env.SCREENSHOTS && `${process.env.SCREENSHOTS}/online.png` });
  await three.close({ runBeforeUnload: true });
  await one.waitForFunction(() => document.querySelectorAll('#peers li').length === 1);
  assert.match(await one.locator('footer').innerText(), /outside this package/);
  assert.deepEqual([...one.mishaps, ...two.mishaps], []);
  for (const page of [one, two]) await page.close();
});
