// The typed facade of rust-security: promises, events, the idle timer, where keys come from, and the older functions.
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { mock, test } from 'node:test';
import {
  ApiKeyWallet, ChainKeyProvider, EnvKeyProvider, SecurityContext, SecurityError, WalletKeyProvider, createApiKeyRegistry, createApiKeyWallet,
  getApiKeyRegistry, getApiKeyWallet, importLegacyWallet, initSecurity, validatePasswordStrength,
} from '../../dist/security.js';
import * as legacy from '../../dist/security-crypto.js';
import { initializeRustNative } from '../../dist/unified.js';

const PASSWORD = 'Blue-Kettle-42-Rain';
const KEY = 'key-that-opens-nothing-0123456789';

async function open() {
  const wallet = createApiKeyWallet();
  await wallet.initialize(PASSWORD);
  return wallet;
}

test('a wallet keeps its life in promises and events', async () => {
  await initSecurity();
  const wallet = createApiKeyWallet();
  const events = [];
  for (const type of ['unlocked', 'locked', 'key:added', 'key:accessed', 'key:rotated', 'key:removed', 'settings:changed']) {
    wallet.on(type, (event) => events.push(event.type));
  }
  assert.deepEqual([wallet.getState(), wallet.listKeys()], ['uninitialized', []]);
  assert.throws(() => wallet.export(), { message: 'Wallet not initialized' });
  await assert.rejects(wallet.unlock(PASSWORD), { message: 'Wallet not initialized' });
  await wallet.initialize(PASSWORD);
  await assert.rejects(wallet.initialize(PASSWORD), { name: 'SecurityError', message: 'Wallet is already initialized' });
  const id = await wallet.addKey('openai', KEY, { name: 'main' });
  assert.equal(wallet.getKey(id), KEY);
  assert.equal(await wallet.withKey(id, (bytes) => bytes.length), KEY.length);
  assert.equal(wallet.getKeyForProvider('openai'), KEY);
  await wallet.rotateKey(id, `${KEY}2`);
  wallet.updateSettings({ autoLockTimeout: 10 });
  wallet.lock();
  await assert.rejects(wallet.unlock('wrong password'), { message: 'Invalid password' });
  await assert.rejects(wallet.unlock(''), { message: 'Invalid password' });
  await assert.rejects(async () => wallet.getKey(id), { message: 'Wallet is locked' });
  await wallet.unlock(PASSWORD);
  assert.equal(wallet.getKey(id), `${KEY}2`);
  const file = wallet.export();
  wallet.setDefault(id);
  assert.equal(wallet.removeKey(id), true);
  for (const type of ['unlocked', 'locked', 'key:added', 'key:accessed', 'key:rotated', 'key:removed', 'settings:changed']) {
    assert.ok(events.includes(type), type);
  }

  const copy = new ApiKeyWallet();
  await copy.load(file);
  assert.deepEqual([copy.getState(), copy.listKeys()[0].name], ['locked', 'main']);
  await copy.changePassword(PASSWORD, 'another password');
  await assert.rejects(copy.changePassword(PASSWORD, 'x'), { message: 'Invalid password' });
  await copy.unlock('another password');
  assert.equal(copy.getKey(id), `${KEY}2`);
  await assert.rejects(copy.load('{"version":9}'), (error) => error instanceof SecurityError && error.message.startsWith('Failed to load wallet: '));
  copy.destroy();
  wallet.destroy();
  assert.equal(getApiKeyWallet(), getApiKeyWallet());
});

test('what handlers throw is logged without its message, and stops nothing', async () => {
  const wallet = await open();
  const logged = mock.method(console, 'error', () => {});
  const seen = [];
  wallet.on('key:added', () => { throw new Error(KEY); });
  const end = wallet.on('key:added', ({ data }) => seen.push(data.provider));
  await wallet.addKey('groq', KEY);
  end();
  await wallet.addKey('groq', KEY);
  assert.deepEqual(seen, ['groq']);
  assert.equal(logged.mock.callCount(), 2);
  assert.ok(!JSON.stringify(logged.mock.calls.map((call) => call.arguments)).includes(KEY));
  logged.mock.restore();
  wallet.destroy();
});

test('an idle wallet locks itself', async () => {
  const wallet = await open();
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
  wallet.updateSettings({ autoLockTimeout: 2 });
  const id = await wallet.addKey('openai', KEY);
  mock.timers.tick(90_000);
  assert.equal(wallet.getKey(id), KEY);
  mock.timers.tick(90_000);
  assert.equal(wallet.getState(), 'unlocked', 'a key operation begins the time anew');
  mock.timers.tick(31_000);
  assert.equal(wallet.getState(), 'locked');
  mock.timers.reset();
  wallet.destroy();
});

const OLDER = JSON.stringify({ keys: [{ id: 'key_1', provider: 'openai', apiKey: KEY, isDefault: true, createdAt: 1, usageCount: 0 }] });

const UI_PASSWORD = 'correct horse battery staple';
const UI_RECORD = {
  ciphertext: 'LjV2OWLBay/UAVmCqGAg+OglEfPK/JrZkRRbcPd4UsQj0dpvnot2CQ==', iv: 'QEFCQ0RFRkdISUpL', salt: 'gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=',
  algorithm: 'AES-GCM', keyDerivation: 'PBKDF2', iterations: 600_000, version: 1,
};

for (const [name, work] of Object.entries({
  'turning a password into a key': open,
  'importing an older wallet': async () => (await importLegacyWallet(OLDER, PASSWORD)).wallet,
  'exporting and importing the state of a context': async () => {
    const context = new SecurityContext();
    const copy = await SecurityContext.import_state_async(await context.export_state_async(PASSWORD), PASSWORD);
    return { destroy: () => (context.free(), copy.free()) };
  },
  'opening a record of the older browser program': async () => {
    assert.equal(await legacy.decryptWithPasswordToString(UI_RECORD, UI_PASSWORD), 'sk-test-0123456789abcdef');
    return { destroy() {} };
  },
})) {
  test(`${name} does not block`, async () => {
    await work().then((wallet) => wallet.destroy()); // everything is loaded and compiled
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const wallet = await work();
    clearInterval(timer);
    delay.disable();
    wallet.destroy();
    // Not a time: a loop that was blocked for the whole derivation turned once or twice.
    assert.ok(turns >= 3, `${turns} turns of the loop, longest ${delay.max / 1e6} ms`);
  });
}

test('a registry tells by dates who may use what', async () => {
  const [wallet, registry] = [await open(), createApiKeyRegistry()];
  const keyId = await wallet.addKey('openai', KEY);
  const seen = [];
  registry.on('key:registered', ({ payload }) => seen.push(payload));
  registry.register({ id: 'a', provider: 'openai', keyId, scope: 'persona', allowedPersonas: ['ada'], expiresAt: new Date(Date.now() + 1e6) });
  registry.register({ id: 'b', provider: 'groq', keyId, scope: 'global', expiresAt: new Date(1) });
  assert.throws(() => registry.register({ id: 'a', provider: 'openai', keyId, scope: 'global' }), { message: "Key registry id 'a' already exists" });
  assert.ok(registry.get('a').createdAt instanceof Date && registry.get('a').expiresAt instanceof Date);
  assert.deepEqual(await registry.resolveKeysForPersona(wallet, 'ada'), { openai: KEY });
  assert.deepEqual(registry.findAllowedForAgent('x').map(({ id }) => id), ['b']);
  registry.unregister('none');
  assert.equal(registry.get('none'), undefined);
  assert.deepEqual(seen, [{ provider: 'openai', scope: 'persona' }, { provider: 'groq', scope: 'global' }]);
  assert.equal(getApiKeyRegistry(), getApiKeyRegistry());
  wallet.destroy();
});

test('keys come from a wallet, then from the environment', async () => {
  const wallet = await open();
  const env = new EnvKeyProvider({ OPENAI_API_KEY: 'from-env', ANTHROPIC_API_KEY: '' });
  const provider = new WalletKeyProvider(wallet);
  const chain = new ChainKeyProvider(provider, env);
  assert.deepEqual(await chain.getKey('openai'), { key: 'from-env', source: 'env', found: true });
  const changed = [];
  const end = provider.onKeyChange((name) => changed.push(name));
  const id = await wallet.addKey('openai', KEY);
  assert.deepEqual(await chain.getKey('openai'), { key: KEY, source: 'wallet', found: true });
  await wallet.rotateKey(id, `${KEY}2`);
  assert.equal((await provider.getKey('openai')).key, `${KEY}2`, 'not from the cache');
  assert.deepEqual(await env.getProviderStatus(), { openai: true, anthropic: false, ollama: false });
  assert.deepEqual(await provider.getProviderStatus(), { openai: true });
  for (const name of ['anthropic', 'constructor']) assert.deepEqual(await chain.getKey(name), { key: null, source: 'none', found: false });
  assert.equal((await env.getKey('__proto__')).found, false);
  await assert.rejects(chain.getKey('__proto__'), { code: 'INVALID_PROVIDER' });
  end();
  wallet.lock();
  assert.equal(provider.isReady(), false);
  assert.equal((await chain.getKey('openai')).source, 'env');
  assert.deepEqual(changed, ['openai', 'openai']);
  wallet.destroy();
});

test('a key that is gone, rotated or no longer the default is not given out, by whatever name it was asked', async () => {
  const wallet = await open();
  const provider = new WalletKeyProvider(wallet);
  const key = async (name) => (await provider.getKey(name)).key;
  for (const name of ['OpenAI', ' openai ', 'My-Models', 'custom:my-models']) {
    const first = await wallet.addKey(name, KEY, { isDefault: true });
    assert.equal(await key(name), KEY);
    await wallet.rotateKey(first, `${KEY}2`);
    assert.equal(await key(name), `${KEY}2`, `${name}: rotated`);
    const second = await wallet.addKey(name, `${KEY}3`);
    wallet.setDefault(second);
    assert.equal(await key(name), `${KEY}3`, `${name}: another default`);
    wallet.removeKey(first);
    wallet.removeKey(second);
    assert.equal(await key(name), null, `${name}: removed`);
  }
  await wallet.addKey('openai', KEY);
  assert.equal(await key('openai'), KEY);
  wallet.destroy();
  assert.deepEqual(await provider.getKey('openai'), { key: null, source: 'none', found: false });
  await wallet.initialize(PASSWORD);
  assert.equal(await key('openai'), null, 'another wallet in the same object');
  wallet.destroy();
});

test('a provider whose wallet should be locked by now is not ready', async () => {
  const wallet = await open();
  const provider = new WalletKeyProvider(wallet);
  await wallet.addKey('openai', KEY);
  wallet.updateSettings({ autoLockTimeout: 2 });
  const events = [];
  wallet.on('locked', (event) => events.push(event.type));
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 121_000 }); // and the timer has not run
  try {
    assert.equal(provider.isReady(), false);
    assert.deepEqual(events, ['locked']);
    const chain = new ChainKeyProvider(provider, new EnvKeyProvider({ OPENAI_API_KEY: 'from-env' }));
    assert.equal((await chain.getKey('openai')).source, 'env');
    await wallet.unlock(PASSWORD);
    mock.timers.setTime(Date.now() + 121_000);
    await wallet.unlock(PASSWORD);
    assert.equal(wallet.getKeyForProvider('openai'), KEY, 'unlocked anew');
  } finally {
    mock.timers.reset();
  }
  wallet.destroy();
});

test('the functions of the older module', async () => {
  const key = legacy.generateKey();
  assert.ok(Buffer.isBuffer(key) && key.length === 32 && legacy.generateSalt().length === 32 && legacy.generateIV().length === 12);
  assert.match(legacy.generateToken(), /^[0-9a-f]{64}$/);
  const record = legacy.encrypt('text \u{1f98b}', key);
  assert.equal(legacy.decryptToString(record, key), 'text \u{1f98b}');
  assert.throws(() => legacy.decrypt({ ...record, version: 2 }, key), { message: 'Unsupported encryption version: 2' });
  assert.throws(() => legacy.decrypt({ ...record, algorithm: 'rot13' }, key), { message: /^Unsupported algorithm: / });
  assert.throws(() => legacy.decrypt(record, legacy.generateKey()), { code: 'DECRYPT_FAILED' });
  const sealed = await legacy.encryptWithPassword('text', PASSWORD);
  assert.equal(await legacy.decryptWithPasswordToString(sealed, PASSWORD), 'text');
  await assert.rejects(legacy.decryptWithPassword(sealed, 'wrong'), { code: 'DECRYPT_FAILED' });
  const scrypt = mock.method(process.getBuiltinModule('node:crypto'), 'scrypt');
  await assert.rejects(legacy.decryptWithPassword(record, PASSWORD),
    { name: 'CryptoError', code: 'MISSING_SALT', message: 'Encrypted data missing salt for password decryption' });
  await assert.rejects(legacy.decryptWithPassword({ ...sealed, version: 2 }, PASSWORD),
    { name: 'CryptoError', code: 'UNSUPPORTED_VERSION', message: 'Unsupported encryption version: 2' });
  await assert.rejects(legacy.decryptWithPassword({ ...sealed, algorithm: 'rot13' }, PASSWORD), { message: /^Unsupported algorithm: / });
  for (const salt of ['no base64', 7, null]) {
    await assert.rejects(legacy.decryptWithPassword({ ...sealed, salt }, PASSWORD), { name: 'CryptoError' });
  }
  await assert.rejects(legacy.decryptWithPassword(undefined, PASSWORD), { code: 'INVALID_ARGUMENT' });
  assert.equal(scrypt.mock.callCount(), 0, 'no key is made for what cannot be opened');
  scrypt.mock.restore();
  await assert.rejects(legacy.deriveKeyFromPassword(undefined, legacy.generateSalt()), { code: 'INVALID_ARGUMENT' });
  await assert.rejects(legacy.deriveKeyFromPassword(PASSWORD, 'salt'), { code: 'INVALID_ARGUMENT' });
  const salt = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
  assert.equal((await legacy.deriveKeyFromPassword('correct horse battery staple', salt)).toString('hex'),
    'b6f8ea6abacec879df3367a850bf6754b60a5114d68e432d2b1d4303765a5b05');
  const plaintext = new TextEncoder().encode('text');
  const later = legacy.encryptWithPassword(plaintext, PASSWORD);
  plaintext.fill(0);
  const changing = await later;
  const opening = legacy.decryptWithPasswordToString(changing, PASSWORD);
  changing.ciphertext = changing.authTag = '';
  assert.equal(await opening, 'text', 'inputs are taken as they are at the call');
  assert.equal(legacy.hash('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.deepEqual([legacy.secureCompare('same', 'same'), legacy.secureCompare('same', 'sane'), legacy.secureCompare('é', 'e')], [true, false, false]);
  legacy.secureWipe(key);
  assert.ok(key.every((byte) => byte === 0));
  legacy.secureWipe(new Uint8Array());
});

test('the older module refuses what is of a wrong type', async () => {
  const circular = {};
  circular.self = circular;
  const key = legacy.generateKey();
  for (const wrong of [undefined, null, 7, 10n, {}, [], Symbol('s')]) {
    for (const run of [() => legacy.hash(wrong), () => legacy.secureCompare(wrong, wrong), () => legacy.secureCompare('', wrong), () => legacy.secureWipe(wrong),
      () => legacy.encrypt(wrong, key), () => legacy.encrypt('text', wrong)]) {
      assert.throws(run, { name: 'CryptoError', code: 'INVALID_ARGUMENT' }, `${run} ${String(wrong)}`);
    }
    await assert.rejects(legacy.encryptWithPassword(wrong, PASSWORD), { name: 'CryptoError', code: 'INVALID_ARGUMENT' });
    await assert.rejects(legacy.encryptWithPassword('text', wrong), { name: 'CryptoError', code: 'INVALID_ARGUMENT' });
    assert.throws(() => legacy.decrypt(wrong, key), { name: 'CryptoError' });
    await assert.rejects(legacy.decryptWithPassword(wrong, PASSWORD), { name: 'CryptoError' });
  }
  assert.throws(() => legacy.decrypt(circular, key), { name: 'CryptoError', code: 'INVALID_ARGUMENT' });
  await assert.rejects(legacy.decryptWithPassword(circular, PASSWORD), { name: 'CryptoError', code: 'INVALID_ARGUMENT' });
});

test('wallets and registries refuse what is of a wrong type, and go on', async () => {
  const [wallet, registry] = [await open(), createApiKeyRegistry()];
  const refused = { name: 'CryptoError', code: 'INVALID_ARGUMENT' };
  const id = await wallet.addKey('openai', KEY);
  const record = { id: 'a', provider: 'openai', keyId: id, scope: 'global' };
  for (const wrong of [undefined, null, 7, 'text', {}, [], Symbol('s')]) {
    assert.throws(() => registry.register(wrong), refused, String(wrong));
    assert.throws(() => registry.on('key:registered', wrong), refused);
    assert.throws(() => wallet.on('locked', wrong), refused);
    await assert.rejects(wallet.withKey(id, wrong), refused);
    await assert.rejects(registry.resolveKeysForPersona(wrong, 'ada'), refused);
    for (const field of ['createdAt', 'expiresAt']) {
      if (wrong !== undefined) assert.throws(() => registry.register({ ...record, [field]: wrong }), refused, field);
    }
    if (wrong !== 'text') {
      await assert.rejects(wallet.addKey(wrong, KEY), refused);
      await assert.rejects(wallet.changePassword(wrong, PASSWORD), refused);
      await assert.rejects(wallet.load(wrong), refused);
      assert.throws(() => wallet.getKey(wrong), refused);
      assert.throws(() => wallet.getKeyForProvider(wrong), refused);
      assert.throws(() => wallet.setDefault(wrong), refused);
    }
  }
  registry.register(record);
  assert.deepEqual(await registry.resolveKeysForPersona(wallet, 'ada'), { openai: KEY });
  wallet.destroy();
});

test('older wallets are imported, and passwords judged', async () => {
  const { wallet, report } = await importLegacyWallet(OLDER, PASSWORD);
  assert.deepEqual([report.shape, report.imported.length], ['ui-v1', 1]);
  assert.equal(wallet.getKeyForProvider('openai'), KEY);
  const copy = new ApiKeyWallet();
  await copy.load(wallet.export());
  await copy.unlock(PASSWORD);
  assert.equal(copy.getKeyForProvider('openai'), KEY);
  copy.destroy();
  wallet.destroy();
  // What the worker refuses is refused here, as itself.
  await assert.rejects(importLegacyWallet('{}', PASSWORD), (error) => error instanceof SecurityError && error.code === 'WALLET_LOAD');
  await assert.rejects(importLegacyWallet(7, PASSWORD), { name: 'CryptoError', code: 'INVALID_ARGUMENT' });
  await assert.rejects(importLegacyWallet(() => OLDER, PASSWORD), { name: 'CryptoError', code: 'INVALID_ARGUMENT' });
  assert.equal(validatePasswordStrength('password').isValid, false);
  assert.equal(validatePasswordStrength(PASSWORD).isValid, true);
});

test('everything at once', async () => {
  const { crypto, security, embedding, crdt } = await initializeRustNative();
  assert.equal(embedding.cosineSimilarity(new Float32Array([1, 0]), new Float32Array([1, 0])), 1);
  assert.equal(crypto.blake3_hex(new Uint8Array()).length, 64);
  new security.SecurityContext().free();
  const [a, b] = ['a', 'b'].map((node) => new crdt.GCounter().increment(node));
  assert.equal(a.merge(b).value(), 2);
});
