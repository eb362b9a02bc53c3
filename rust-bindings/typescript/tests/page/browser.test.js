// The vault's page as a person uses it: what `make vault-page` serves, in headless Chromium.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createApiKeyWallet } from 'chrysalis-native/security';
import { openChromium } from '../shared/chromium.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const PASSWORD = 'Blue-Kettle-42-Rain';
const NEXT_PASSWORD = 'Green-Anvil-77-Snow';
// Of the shapes that providers give; they open nothing.
const BODY = 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B8c9D0e1F2g3H4i5J6k7L8m9N0o1P2q3R4s5T6u';
const ANTHROPIC = `sk-ant-api03-${BODY.slice(0, 93)}AA`;
const GROQ = `gsk_${BODY.slice(0, 52)}`;
const NEWER_GROQ = `gsk_${BODY.slice(20, 72)}`;
const SECRETS = [PASSWORD, NEXT_PASSWORD, ANTHROPIC, GROQ, NEWER_GROQ, BODY.slice(0, 52)];

let chromium;
let server;
let address;
/** Everything that must not happen on any page: violations of the policy, errors, requests that leave. */
const mishaps = [];

before(async () => {
  server = spawn(process.env.PYTHON ?? 'python3', [`${ROOT}scripts/serve_page.py`, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(server.stdout), 'line');
  address = /http:\S+/.exec(line)[0];
  chromium = await openChromium({ directories: [] });
  await chromium.browser.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(address).origin });
  // Of workers too.
  chromium.browser.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !url.startsWith(`blob:${address}`)) mishaps.push(`request to ${url}`);
    if (request.method() !== 'GET' || request.postData()) mishaps.push(`${request.method()} to ${url}`);
  });
});

after(async () => {
  await chromium?.close();
  server?.kill();
});

async function openPage(time = Date.now()) {
  const page = await chromium.browser.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) mishaps.push(message.text());
  });
  page.on('pageerror', (error) => mishaps.push(String(error)));
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => console.error(`violates ${event.violatedDirective}: ${event.blockedURI}`));
  });
  await page.clock.install({ time });
  await page.goto(address);
  return page;
}

/** That view and no other is shown. */
const shows = (page, view) => page.waitForSelector(`#view-${view}:not([hidden])`);
const error = async (page, id, pattern) => {
  await page.waitForFunction((id) => document.getElementById(id).textContent !== '', id);
  assert.match(await page.textContent(`#${id}`), pattern);
};
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());
const row = (page, name) => page.locator('.key', { has: page.locator('.name b', { hasText: name }) });

async function unlock(page, password) {
  await page.fill('#unlock-password', password);
  await page.press('#unlock-password', 'Enter');
}

async function addKey(page, key, { provider, name } = {}) {
  await page.click('#add-open');
  await page.fill('#key-secret', key);
  if (provider !== undefined) await page.fill('#key-provider', provider);
  if (name) await page.fill('#key-name', name);
  await page.click('#key-submit');
}

/** No secret is in the document, in a field, or in what the browser keeps. */
async function holdsNoSecret(page) {
  const texts = await page.evaluate(async () => {
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open('chrysalis-vault');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const kept = await new Promise((resolve) => {
      const request = database.transaction('vault').objectStore('vault').getAll();
      request.onsuccess = () => resolve(request.result);
    });
    database.close();
    return {
      document: document.documentElement.outerHTML,
      fields: [...document.querySelectorAll('input')].map(({ value }) => value).join('\n'),
      kept: JSON.stringify(kept),
      local: JSON.stringify({ ...localStorage, ...sessionStorage }),
    };
  });
  for (const [where, text] of Object.entries(texts)) for (const secret of SECRETS) assert.ok(!text.includes(secret), `a secret in ${where}`);
}

async function download(page, selector) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click(selector)]);
  assert.match(file.suggestedFilename(), /^vault-\d{4}-\d\d-\d\d\.json$/);
  return readFileSync(await file.path(), 'utf8');
}

async function openFile(page, selector, text) {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.click(selector)]);
  await chooser.setFiles({ name: 'vault.json', mimeType: 'application/json', buffer: Buffer.from(text) });
}

test('the vault', async (t) => {
  const page = await openPage();
  let file;

  await t.test('its policy is in the page and in the headers, and lets nobody frame it', async () => {
    const response = await page.goto(address);
    const sent = response.headers()['content-security-policy'];
    const own = await page.getAttribute('meta[http-equiv]', 'content');
    assert.equal(sent, `${own}; frame-ancestors 'none'`);
    for (const part of ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "form-action 'none'", "base-uri 'none'"]) assert.ok(own.includes(part), part);
    for (const [name, value] of [['x-content-type-options', 'nosniff'], ['referrer-policy', 'no-referrer']]) assert.equal(response.headers()[name], value);
  });

  await t.test('every field has a name and every button a text', async () => {
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('input:not([hidden]), select, button')]
        .filter((element) => !(element.labels?.length || element.getAttribute('aria-label') || element.textContent.trim()))
        .map(({ id }) => id),
    );
    // What these say is known when they are shown.
    assert.deepEqual(nameless, ['toast-action', 'confirm-submit']);
  });

  await t.test('a weak password and a mistyped one are refused', async () => {
    await shows(page, 'start');
    await page.fill('#create-password', 'password');
    await page.click('#create button');
    await error(page, 'create-error', /shorter than 12 characters/);
    await page.fill('#create-password', PASSWORD);
    await page.fill('#create-repeat', `${PASSWORD}x`);
    await page.click('#create button');
    await error(page, 'create-error', /differ/);
  });

  await t.test('it is created', async () => {
    await page.fill('#create-repeat', PASSWORD);
    const [worker] = await Promise.all([page.waitForEvent('worker'), page.press('#create-repeat', 'Enter')]);
    assert.equal(worker.url(), `${address}rust_security_worker.js`);
    await shows(page, 'open');
    assert.ok(await page.isVisible('#no-keys'));
    await holdsNoSecret(page);
  });

  await t.test('keys are recognised, refused where they cannot be one, and shown redacted', async () => {
    await page.click('#add-open');
    await page.fill('#key-secret', ANTHROPIC);
    assert.equal(await page.inputValue('#key-provider'), 'anthropic');
    assert.match(await page.textContent('#key-hint'), /Anthropic/);
    await page.fill('#key-provider', 'openai');
    await page.click('#key-submit');
    await error(page, 'key-error', /key of anthropic/);
    await page.fill('#key-secret', 'your-api-key');
    await page.click('#key-submit');
    await error(page, 'key-error', /placeholder/);
    await page.press('#key-secret', 'Escape');
    await page.waitForSelector('#key-dialog:not([open])', { state: 'attached' });
    await holdsNoSecret(page);
    await addKey(page, `  ${ANTHROPIC}\n`, { name: 'drafts' });
    await row(page, 'drafts').waitFor();
    await addKey(page, GROQ);
    await row(page, 'groq key').waitFor();
    assert.equal(await row(page, 'drafts').locator('code').textContent(), `sk-...${ANTHROPIC.slice(-4)}`);
    await holdsNoSecret(page);
  });

  await t.test('a key is copied, and the clipboard emptied after half a minute', async () => {
    await row(page, 'drafts').locator('[data-do=copy]').click();
    await page.waitForFunction(() => document.getElementById('toast-text').textContent.startsWith('Copied'));
    assert.equal(await clipboard(page), ANTHROPIC);
    await page.clock.runFor(29_000);
    assert.equal(await clipboard(page), ANTHROPIC);
    await page.clock.runFor(2_000);
    await page.waitForFunction(() => document.getElementById('toast-text').textContent.includes('was emptied'));
    assert.equal(await clipboard(page), '');
    assert.match(await row(page, 'drafts').locator('.times').textContent(), /used just now/);
    await row(page, 'groq key').locator('[data-do=copy]').click();
    await page.click('#toast-action');
    await page.waitForFunction(() => document.getElementById('toast-text').textContent.includes('was emptied'));
    assert.equal(await clipboard(page), '');
  });

  await t.test('it locks, and a wrong password does not open it', async () => {
    await page.click('#lock');
    await shows(page, 'locked');
    assert.equal(await page.locator('.key').count(), 0);
    assert.equal(await page.isVisible('#locked-why'), false);
    await unlock(page, NEXT_PASSWORD);
    await error(page, 'unlock-error', /does not open/);
    assert.equal(await page.inputValue('#unlock-password'), '');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'unlock-password');
    await unlock(page, PASSWORD);
    await shows(page, 'open');
    assert.equal(await page.locator('.key').count(), 2);
  });

  await t.test('it is there after the page was loaded again, locked', async () => {
    await page.reload();
    await shows(page, 'locked');
    assert.match(await page.textContent('#locked-about'), /2 keys/);
    await unlock(page, PASSWORD);
    await shows(page, 'open');
  });

  await t.test('it locks itself after half an hour without use', async () => {
    await page.clock.fastForward(29 * 60_000);
    assert.match(await page.textContent('#deadline'), /^Locks in/);
    await page.clock.fastForward(61_000);
    await shows(page, 'locked');
    assert.match(await page.textContent('#locked-why'), /locked itself/);
    await unlock(page, PASSWORD);
    await shows(page, 'open');
  });

  await t.test('a key is replaced, made the default, and removed', async () => {
    await row(page, 'groq key').locator('[data-do=rotate]').click();
    await page.fill('#key-secret', ANTHROPIC);
    await page.click('#key-submit');
    await error(page, 'key-error', /key of anthropic/);
    await page.fill('#key-secret', NEWER_GROQ);
    await page.click('#key-submit');
    await row(page, 'groq key').locator('code', { hasText: NEWER_GROQ.slice(-4) }).waitFor();
    await row(page, 'groq key').locator('[data-do=copy]').click();
    await page.waitForFunction(() => document.getElementById('toast-text').textContent.startsWith('Copied'));
    assert.equal(await clipboard(page), NEWER_GROQ);
    await row(page, 'groq key').locator('[data-do=default]').click();
    await row(page, 'groq key').locator('.tag', { hasText: 'Default' }).waitFor();
    await addKey(page, 'a-key-of-something-else-0123456789', { provider: 'my-own-service', name: 'spare' });
    await row(page, 'spare').locator('[data-do=remove]').click();
    await page.click('#confirm-dialog [data-close]');
    assert.equal(await page.locator('.key').count(), 3);
    await row(page, 'spare').locator('[data-do=remove]').click();
    await page.click('#confirm-submit');
    await row(page, 'spare').waitFor({ state: 'detached' });
  });

  await t.test('settings are kept, and one asks for the password before a key is copied', async () => {
    await page.click('#settings-open');
    await page.selectOption('#auto-lock', '5');
    await page.check('#ask-password');
    await page.click('#settings-form button:not([type])');
    await page.waitForSelector('#settings-dialog:not([open])', { state: 'attached' });
    await page.evaluate(() => navigator.clipboard.writeText('what was there'));
    await row(page, 'drafts').locator('[data-do=copy]').click();
    await page.fill('#confirm-password', NEXT_PASSWORD);
    await page.click('#confirm-submit');
    await error(page, 'confirm-error', /does not open/);
    assert.equal(await clipboard(page), 'what was there');
    await page.fill('#confirm-password', PASSWORD);
    await page.click('#confirm-submit');
    await page.waitForFunction(() => document.getElementById('toast-text').textContent.startsWith('Copied'));
    assert.equal(await clipboard(page), ANTHROPIC);
    await page.click('#settings-open');
    await page.uncheck('#ask-password');
    await page.click('#settings-form button:not([type])');
    await page.click('#confirm-dialog [data-close]');
    await page.keyboard.press('Escape');
    await page.click('#settings-open');
    assert.ok(await page.isChecked('#ask-password'), 'it is off without the password');
    await page.uncheck('#ask-password');
    await page.click('#settings-form button:not([type])');
    await page.fill('#confirm-password', PASSWORD);
    await page.click('#confirm-submit');
    await page.waitForSelector('#settings-dialog:not([open])', { state: 'attached' });
    await page.clock.fastForward(5 * 60_000 + 1000);
    await shows(page, 'locked');
    await unlock(page, PASSWORD);
    await shows(page, 'open');
  });

  await t.test('the password is changed', async () => {
    await page.click('#settings-open');
    for (const old of [NEXT_PASSWORD, PASSWORD]) {
      await page.fill('#password-old', old);
      await page.fill('#password-new', NEXT_PASSWORD);
      await page.fill('#password-repeat', NEXT_PASSWORD);
      await page.click('#password-form button:not([type])');
      if (old === NEXT_PASSWORD) await error(page, 'password-error', /does not open/);
    }
    await page.waitForSelector('#settings-dialog:not([open])', { state: 'attached' });
    await page.click('#lock');
    await unlock(page, PASSWORD);
    await error(page, 'unlock-error', /does not open/);
    await unlock(page, NEXT_PASSWORD);
    await shows(page, 'open');
    await holdsNoSecret(page);
  });

  await t.test('the downloaded file opens elsewhere, with the keys in it', async () => {
    assert.match(await page.textContent('#backup-state'), /this browser only/);
    file = await download(page, '#view-open [data-download]');
    await page.waitForFunction(() => document.getElementById('backup-state').textContent.includes('up to date'));
    for (const secret of SECRETS) assert.ok(!file.includes(secret));
    const wallet = createApiKeyWallet();
    await wallet.load(file);
    await wallet.unlock(NEXT_PASSWORD);
    assert.equal(wallet.getKeyForProvider('anthropic'), ANTHROPIC);
    assert.equal(wallet.getKeyForProvider('groq'), NEWER_GROQ);
    wallet.destroy();
  });

  await t.test('without a network', async () => {
    await chromium.browser.setOffline(true);
    const before = mishaps.length;
    await page.click('#lock');
    await unlock(page, NEXT_PASSWORD);
    await shows(page, 'open');
    await addKey(page, 'a-key-of-something-else-0123456789', { provider: 'my-own-service', name: 'offline' });
    await row(page, 'offline').waitFor();
    await chromium.browser.setOffline(false);
    // That the worker's file could not be fetched is said by the browser, and is no harm.
    const others = mishaps.splice(before).filter((text) => !text.includes('ERR_INTERNET_DISCONNECTED'));
    mishaps.push(...others);
  });

  await t.test('two tabs lose nothing of each other', async () => {
    const other = await openPage(await page.evaluate(() => Date.now()));
    await shows(other, 'locked');
    await unlock(other, NEXT_PASSWORD);
    await shows(other, 'open');
    await Promise.all([
      addKey(page, 'a-key-of-something-else-0123456781', { provider: 'one', name: 'from the first' }),
      addKey(other, 'a-key-of-something-else-0123456782', { provider: 'two', name: 'from the second' }),
    ]);
    for (const tab of [page, other]) for (const name of ['from the first', 'from the second']) await row(tab, name).waitFor();
    await page.click('#lock');
    await shows(other, 'locked');
    await unlock(other, NEXT_PASSWORD);
    await shows(other, 'open');
    assert.equal(await other.locator('.key').count(), 5);
    await other.close();
    // Leaving one tab does not lock another.
    await unlock(page, NEXT_PASSWORD);
    await shows(page, 'open');
    const third = await openPage(await page.evaluate(() => Date.now()));
    await third.close();
    assert.ok(await page.isVisible('#view-open'));
  });

  await t.test('files that are no vault change nothing', async () => {
    const { wallet_refused: refused } = JSON.parse(readFileSync(`${ROOT}rust-security/vectors/security.json`, 'utf8'));
    const malformed = refused.filter(({ error }) => error === 'WALLET_LOAD');
    assert.ok(malformed.length > 0);
    for (const text of ['', '{}', 'no json', ...malformed.map((item) => item.file)]) {
      await page.evaluate(() => (document.getElementById('open-error').textContent = ''));
      await page.click('#settings-open');
      await openFile(page, '#settings-dialog [data-open-file]', text);
      await error(page, 'open-error', /no vault|later program|older program/);
    }
    assert.equal(await page.locator('.key').count(), 5);
  });

  await t.test('an older file asks before it takes the place of the vault, and the vault is removed on request', async () => {
    await page.click('#lock');
    await openFile(page, '#view-locked [data-open-file]', file);
    await page.waitForSelector('#confirm-dialog[open]');
    assert.match(await page.textContent('#confirm-text'), /older copy of this vault, with 2 keys/);
    assert.match(await page.textContent('#confirm-warning'), /since the last download are lost/);
    await page.click('#confirm-submit');
    await page.waitForFunction(() => document.getElementById('locked-about').textContent.includes('2 keys'));
    await page.click('#view-locked [data-forget]');
    await page.click('#confirm-submit');
    await shows(page, 'start');
    await page.reload();
    await shows(page, 'start');
  });

  await t.test('files of the other languages open, and changed ones do not', async () => {
    const { wallet } = JSON.parse(readFileSync(`${ROOT}rust-security/vectors/security.json`, 'utf8'));
    const full = wallet.find(({ name }) => name === 'full');
    const changed = JSON.parse(full.file);
    changed.entries[0].entry.name = 'another name';
    const vectors = [...wallet, { ...full, file: JSON.stringify(changed), error: 'WALLET_TAMPERED' }];
    assert.ok(vectors.length >= 5 && full.keys.length > 0);
    for (const { file, password, keys, error: code } of vectors) {
      await openFile(page, '#view-start [data-open-file]', file);
      await shows(page, 'locked');
      assert.equal(await page.isVisible('#unlock'), password !== undefined);
      assert.equal(await page.isVisible('#locked-keyless'), password === undefined);
      if (password) await unlock(page, password);
      if (code) await error(page, 'unlock-error', /was changed/);
      else if (password) {
        await shows(page, 'open');
        assert.equal(await page.locator('.key').count(), keys.length);
        await page.click('#lock');
      }
      await page.click('#view-locked [data-forget]');
      await page.click('#confirm-submit');
      await shows(page, 'start');
    }
  });

  await t.test('wallets of older programs are taken over, and it is said what became of each key', async () => {
    const { legacy_wallet: older } = JSON.parse(readFileSync(`${ROOT}rust-security/vectors/security.json`, 'utf8'));
    assert.deepEqual(older.map(({ shape }) => shape).sort(), ['rust-v1', 'typescript-v1', 'ui-v1', 'ui-v2']);
    for (const { file, password, imported, shape, unrecoverable } of older) {
      const isClear = shape === 'ui-v1';
      await openFile(page, '#view-start [data-open-file]', file);
      await page.waitForSelector('#import-dialog[open]');
      assert.match(await page.textContent('#import-about'), /with 1 key\./, shape);
      assert.deepEqual([await page.isVisible('#import-password'), await page.isVisible('#import-choose')], [!isClear, isClear], shape);
      if (isClear) {
        assert.match(await page.textContent('#import-warning'), /in clear/);
        await page.fill('#import-choose', 'password');
        await page.click('#import-submit');
        await error(page, 'import-error', /stronger/);
        await page.fill('#import-choose', PASSWORD);
        await page.fill('#import-repeat', PASSWORD);
      } else {
        await page.fill('#import-password', 'another password');
        await page.click('#import-submit');
        await error(page, 'import-error', /does not open/);
        await page.fill('#import-password', password);
      }
      await page.click('#import-submit');
      await page.waitForSelector('#report-dialog[open]');
      await shows(page, 'open');
      const report = await page.textContent('#report');
      assert.match(report, new RegExp(`${imported.length} keys? (is|are) in the vault`), shape);
      assert.equal(/is lost: it was sealed under a key that was never stored/.test(report), unrecoverable > 0, shape);
      if (isClear) assert.match(report, /in clear until now/);
      await page.click('#report-dialog [data-close]');
      assert.equal(await page.locator('.key').count(), imported.length, shape);
      if (imported.length > 0) {
        await page.locator('.key [data-do=copy]').click();
        await page.waitForFunction(() => document.getElementById('toast-text').textContent.startsWith('Copied'));
        assert.equal(await clipboard(page), imported[0].key, shape);
        await page.click('#toast-action');
      }
      // It is a vault like any other from here on.
      await page.click('#lock');
      await unlock(page, isClear ? PASSWORD : password);
      await shows(page, 'open');
      await page.click('#lock');
      await page.click('#view-locked [data-forget]');
      await page.click('#confirm-submit');
      await shows(page, 'start');
    }
  });

  await t.test('how far it is is shown for a wallet of several keys', async () => {
    const record = (await import('rust-security/pkg')).encrypt_record_with_password;
    const keys = [0, 1, 2].map((number) => ({
      id: `key_${number}`, provider: 'groq', isDefault: false, createdAt: 1, usageCount: 0,
      encryptedApiKey: record(new TextEncoder().encode(`test-key-${number}-0123456789`), 'the older password'),
    }));
    await page.evaluate(() => {
      globalThis.seen = [];
      new MutationObserver(() => globalThis.seen.push(document.getElementById('import-done').textContent))
        .observe(document.getElementById('import-done'), { childList: true, characterData: true, subtree: true });
    });
    keys.push({ ...keys[0], id: 'key_3', encryptedApiKey: { ...keys[0].encryptedApiKey, version: 9 } });
    const file = JSON.stringify({ version: 2, keys, passwordHash: '', createdAt: 1 });
    // Cancelled in between: the worker ends at once, and nothing is taken over.
    const long = JSON.stringify({ version: 2, keys: Array(1000).fill(keys[0]), passwordHash: '', createdAt: 1 });
    await openFile(page, '#view-start [data-open-file]', long);
    await page.fill('#import-password', 'the older password');
    const [worker] = await Promise.all([page.waitForEvent('worker'), page.press('#import-password', 'Enter')]);
    await page.waitForSelector('#import-progress:not([hidden])');
    await Promise.all([worker.waitForEvent('close', { timeout: 5000 }), page.click('#import-dialog [data-close]')]);
    await page.waitForSelector('#import-submit:not([disabled])', { state: 'attached' });
    assert.ok(await page.isVisible('#view-start'));
    assert.equal(await page.textContent('#import-error'), '');
    await page.evaluate(() => globalThis.seen.splice(0));
    await openFile(page, '#view-start [data-open-file]', file);
    await page.fill('#import-password', 'the older password');
    await page.press('#import-password', 'Enter');
    await page.waitForSelector('#report-dialog[open]');
    assert.match(await page.textContent('#report'), /3 keys are in the vault now\..*The 4th key could not be read \(UNSUPPORTED_VERSION\)/);
    const seen = await page.evaluate(() => globalThis.seen);
    assert.equal(seen[0], '0 of 4 keys');
    assert.equal(seen.at(-1), '4 of 4 keys');
    await page.click('#report-dialog [data-close]');
    assert.equal(await page.locator('.key').count(), 3);
  });

  await t.test('what the older program left in this browser is found, and removed once it is taken over', async () => {
    const older = JSON.stringify({ keys: [{ id: 'key_1', provider: 'groq', apiKey: GROQ, isDefault: true, createdAt: 1, usageCount: 0 }] });
    await page.evaluate((older) => localStorage.setItem('chrysalis_wallet', older), older);
    await page.reload();
    await page.click('#view-locked [data-forget]');
    await page.click('#confirm-submit');
    await shows(page, 'start');
    await page.click('#import-found');
    assert.match(await page.textContent('#import-about'), /^This browser has/);
    await page.fill('#import-choose', PASSWORD);
    await page.fill('#import-repeat', PASSWORD);
    await page.click('#import-submit');
    await page.waitForSelector('#report-dialog[open]');
    assert.match(await page.textContent('#report'), /removed from this browser/);
    await page.click('#report-dialog [data-close]');
    await holdsNoSecret(page);
    assert.equal(await page.evaluate(() => localStorage.getItem('chrysalis_wallet')), null);
    assert.equal(await page.isVisible('#import-found'), false);
    // A vault that is there asks before an older wallet takes its place.
    await page.click('#settings-open');
    await openFile(page, '#settings-dialog [data-open-file]', older);
    await page.waitForSelector('#confirm-dialog[open]');
    assert.match(await page.textContent('#confirm-text'), /wallet of an older program, with 1 key\./);
    await page.click('#confirm-dialog [data-close]');
    assert.equal(await page.locator('.key').count(), 1);
  });

  await t.test('on the way, nothing broke the policy and no request left', async () => {
    assert.deepEqual(mishaps, []);
    // That it would have been seen. The page is told of a violation after the call that made it has failed.
    const told = (text) => page.waitForEvent('console', (message) => message.text().includes(text));
    await Promise.all([
      told('violates connect-src: https://example.com/'),
      told("requires 'TrustedScript'"),
      page.evaluate(() => {
        fetch('https://example.com/').catch(() => {});
        document.body.append(Object.assign(document.createElement('script'), { textContent: '0' }));
      }).catch(() => {}),
    ]);
    assert.ok(mishaps.length >= 2);
  });
});
