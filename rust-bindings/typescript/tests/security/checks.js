// The package rust-security against vectors and wrong arguments. Runs unchanged in Node and in a page.
import { fromHex, toHex } from '../shared/hex.js';

const encode = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder().decode(bytes);
const PASSWORD = 'Blue-Kettle-42-Rain';
const KEY = ['sk', 'ant', 'api03', 'not', 'a', 'key', 'that', 'opens', 'anything', '0123456789'].join('-');

function assert(condition, text) {
  if (!condition) throw new Error(text);
}

function equal(found, expected, text) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${text}: expected ${b}, found ${a}`);
}

const NAMES = ['CryptoError', 'SecurityError', 'ValidationError'];

function throws(api, code, run, text = code) {
  try {
    run();
  } catch (error) {
    assert(NAMES.some((name) => error instanceof api[name] && error.name === name), `${text}: threw ${error}`);
    assert(error.code === code, `${text}: threw ${error.code} ${error.message}`);
    for (const secret of [KEY, PASSWORD, KEY.slice(-9)]) assert(!String(error).includes(secret), 'a secret in an error');
    return error;
  }
  throw new Error(`${text}: nothing was thrown`);
}

/** `throws` for a promise. */
async function rejects(api, code, promise, text = code) {
  const outcome = await promise.then(() => () => {}, (error) => () => { throw error; });
  return throws(api, code, outcome, text);
}

/** The records of every older format, under `KEY_OF_RECORDS` or `PASSWORD_OF_RECORDS`. */
const KEY_OF_RECORDS = Uint8Array.from({ length: 32 }, (_, i) => i);
const [TEXT_OF_RECORDS, PASSWORD_OF_RECORDS] = ['sk-test-0123456789abcdef', 'correct horse battery staple'];
const F1 = fromHex('404142434445464748494a4b91d28357434ff32efdf52505af51256c41ff333ed4516a4569b4e9671899fe2627bc8daeb6571fe3');
const F2 = fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f404142434445464748494a4bf40f2e75cbae7ce7c134e14559036a25712bb798761aa68c8a78ab2fbd56f7ba90ff0f4ad3060142');
const F3 = JSON.stringify({ ciphertext: 'tpRJPM8/sC0QpySrxmHDCqKOJdRNPvyb', iv: 'UFFSU1RVVldYWVpbXF1eXw==', authTag: 'zbwMiJ+sOpJ3pzbR6GSTjw==', algorithm: 'aes-256-gcm', version: 1 });
const F3_PASSWORD = JSON.stringify({ ciphertext: '99x0XpJ3JmJDs6YF6AeZXEBwuEZKgW/5', iv: 'UFFSU1RVVldYWVpbXF1eXw==', authTag: 'W2am5r/4nhNH2qbjd1u9lA==', salt: 'gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=', algorithm: 'aes-256-gcm', version: 1 });
const F4 = JSON.stringify({ ciphertext: 'kdKDV0NP8y799SUFr1ElbEH/Mz7UUWpF', iv: 'QEFCQ0RFRkdISUpL', auth_tag: 'abTpZxiZ/iYnvI2utlcf4w==', algorithm: 'aes-256-gcm', version: 1 });
const F5 = JSON.stringify({ ciphertext: 'LjV2OWLBay/UAVmCqGAg+OglEfPK/JrZkRRbcPd4UsQj0dpvnot2CQ==', iv: 'QEFCQ0RFRkdISUpL', salt: 'gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=', algorithm: 'AES-GCM', keyDerivation: 'PBKDF2', iterations: 600000, version: 1 });
const RECORDS = [['F1', F1, KEY_OF_RECORDS], ['F2', F2, PASSWORD_OF_RECORDS], ['F3', F3, KEY_OF_RECORDS], ['F3', F3_PASSWORD, PASSWORD_OF_RECORDS], ['F4', F4, KEY_OF_RECORDS], ['F5', F5, PASSWORD_OF_RECORDS]];

/** `[name, run]` for each check; `legacy_record` are the records of older systems among the envelopes of rust-crypto. */
export function securityChecks(api, vectors, { legacy_record }) {
  return [...vectorChecks(api, vectors), ...recordChecks(api, legacy_record), ...Object.entries(CHECKS).map(([name, run]) => [name, () => run(api)])];
}

/** Runs every check in a browser and gives the outcomes as plain data. */
export async function runAll(api) {
  await api.default();
  const vectors = await (await fetch('/rust-security/vectors/security.json')).json();
  const outcomes = [];
  const envelopes = await (await fetch('/rust-crypto/vectors/envelope.json')).json();
  for (const [name, run] of securityChecks(api, vectors, envelopes)) {
    outcomes.push(await Promise.resolve().then(run).then(() => ({ name }), (error) => ({ name, error: String(error) })));
  }
  return outcomes;
}

function vectorChecks(api, { wallet, wallet_refused, state, legacy_wallet, password_strength, provider }) {
  const open = (item) => {
    const opened = new api.ApiKeyWallet();
    opened.load(item.file);
    if (item.hostKey) opened.unlock_with_host_key(fromHex(item.hostKey));
    else opened.unlock(item.password);
    return opened;
  };
  return [
    ...wallet.map((item) => [`wallet: ${item.name}`, () => {
      const opened = open(item);
      equal(opened.get_settings().autoLockTimeout, item.autoLockTimeout, 'settings');
      equal(opened.list_keys().length, item.keys.length, 'entries');
      for (const { id, key, provider, name } of item.keys) {
        const entry = opened.list_keys().find((entry) => entry.id === id);
        equal(opened.get_key(id), entry.expiresAt < Date.now() ? null : key, 'key');
        equal([entry.provider.replace(/^custom:/, ''), entry.name], [provider, name], 'entry');
      }
      opened.free();
    }]),
    ...wallet_refused.map((item) => [`wallet refused: ${item.name}`, () => throws(api, item.error, () => open(item).free())]),
    ...state.map((item) => [`state: ${item.name}`, () => {
      const context = api.SecurityContext.import_state(fromHex(item.state), item.password);
      for (const [name, key] of Object.entries(item.apiKeys)) equal(context.get_api_key(name), key, 'key');
      equal(context.storage_key_id(), item.storageKeyId, 'storage key');
      for (const { context: place, envelope, text } of item.storage) {
        equal(decode(context.decrypt_from_storage(fromHex(envelope), place)), text, 'storage');
      }
      equal(context.session_key_version('session'), item.sessionVersion, 'session key');
      for (const { context: place, envelope, text } of item.session) {
        equal(decode(context.decrypt_from_session('session', fromHex(envelope), place)), text, 'session');
      }
      throws(api, 'DECRYPT_FAILED', () => api.SecurityContext.import_state(fromHex(item.state), 'another password'));
      context.free();
    }]),
    ...legacy_wallet.map((item) => [`older wallet: ${item.shape}`, () => {
      const { wallet: opened, report } = api.import_legacy_wallet(item.file, item.password);
      equal(report.shape, item.shape, 'shape');
      equal(report.unrecoverable.length, item.unrecoverable, 'unrecoverable');
      assert(report.unrecoverable.every((entry) => entry.unrecoverable === true), 'said so');
      equal(report.imported.map(({ id, provider }) => ({ key: opened.get_key(id), provider })), item.imported, 'imported');
      opened.free();
    }]),
    ...password_strength.map((item) => [`password strength: ${item.score}`, () => {
      const { password, ...expected } = item;
      const sorted = ({ isValid, score, problems }) => ({ isValid, score, problems });
      equal(sorted(api.validate_password_strength(password)), sorted(expected), password);
    }]),
    // Some names look like keys, which is why they are refused; they are not shown.
    ...provider.map(({ text, context: expected }, at) => [`provider ${at}: ${expected.error ?? expected.name}`, () => {
      const context = new api.SecurityContext();
      if (expected.error) throws(api, expected.error, () => context.store_api_key(text, KEY));
      else {
        context.store_api_key(text, KEY);
        equal(context.list_providers(), [expected.name], 'name');
      }
      context.free();
    }]),
  ];
}

function recordChecks(api, records) {
  return records.map(({ name, json, key, password, expected, error }) => [`older record: ${name}`, () => {
    const [format, secret] = key === null ? ['F5', password] : ['F3', fromHex(key)];
    const context = new api.SecurityContext();
    const ways = [
      () => context.decrypt_legacy(format, json, secret),
      () => context.decrypt_legacy(format, encode(json), secret),
      () => (key === null ? api.decrypt_record_with_password : api.decrypt_record)(json, secret),
    ];
    for (const open of ways) {
      if (error) throws(api, error, open, name);
      else equal(toHex(open()), expected, name);
    }
    context.free();
  }]);
}

const CHECKS = {
  async 'keys are kept, used in place, described and removed'(api) {
    const context = new api.SecurityContext();
    context.store_api_key(' Anthropic ', KEY);
    equal(context.get_api_key('anthropic'), KEY, 'key');
    equal(decode(context.get_api_key_bytes('anthropic')), KEY, 'bytes');
    let lent;
    equal(context.with_api_key('anthropic', (bytes) => { lent = bytes; return bytes.length; }), KEY.length, 'lent');
    assert(lent.every((byte) => byte === 0), 'wiped after use');
    await context.with_api_key('anthropic', async (bytes) => { lent = bytes; await null; assert(bytes[0] !== 0, 'not yet'); });
    assert(lent.every((byte) => byte === 0), 'wiped after a promise');
    throws(api, 'INVALID_ARGUMENT', () => context.with_api_key('anthropic', 'work'));
    const headers = new Map();
    context.attach_authorization('anthropic', headers);
    equal([...headers], [['x-api-key', KEY]], 'header');
    equal(Object.keys(context.sign_request('anthropic', 'POST', '/v1', encode('{}'))).length, 3, 'signed');
    equal(context.sign_with_api_key('anthropic', encode('data')).length, 32, 'signature');
    const described = context.describe_api_key('anthropic');
    assert(described.redacted.startsWith('sk-...') && !JSON.stringify(described).includes(KEY.slice(0, 12)), 'redacted');
    const missing = throws(api, 'KEY_NOT_FOUND', () => context.get_api_key('openai'));
    equal(missing.message, 'No API key stored for provider: openai', 'message');
    throws(api, 'INVALID_PROVIDER', () => context.has_api_key('no such/provider'));
    equal([context.has_api_key('anthropic'), context.remove_api_key('anthropic'), context.remove_api_key('anthropic')], [true, true, false], 'removed');
    const source = encode(KEY);
    context.store_api_key_bytes('openai', source);
    assert(source.every((byte) => byte === 0), 'the source was not wiped');
    const kept = encode(KEY);
    context.store_api_key_bytes('openai', kept, { wipe: false });
    assert(kept[0] !== 0, 'the source was wiped');
    for (const text of [String(context), JSON.stringify({ context }), JSON.stringify(context.audit())]) assert(!text.includes(KEY), text);
    assert(context.audit().length > 5, 'audit');
    context.free();
    throws(api, 'INVALID_ARGUMENT', () => context.list_providers());
  },

  'storage keys rotate and retire'(api) {
    const context = api.SecurityContext.new();
    const sealed = context.encrypt_for_storage(encode('draft'), 'documents/7');
    equal(context.rotate_storage_key(), 2, 'number');
    equal(decode(context.decrypt_from_storage(sealed, encode('documents/7'))), 'draft', 'old key');
    throws(api, 'DECRYPT_FAILED', () => context.decrypt_from_storage(sealed, 'documents/8'));
    throws(api, 'DECRYPT_FAILED', () => context.decrypt_from_storage(sealed));
    const rewrapped = context.rewrap(sealed, 'documents/7');
    const [again] = context.rewrap_many([sealed], ['documents/7']);
    throws(api, 'INVALID_ARGUMENT', () => context.rewrap_many([sealed], []));
    throws(api, 'DECRYPT_FAILED', () => context.rewrap_many([sealed], ['elsewhere']));
    context.set_min_decryption_key_id(2);
    throws(api, 'KEY_RETIRED', () => context.decrypt_from_storage(sealed, 'documents/7'));
    for (const envelope of [rewrapped, again]) equal(decode(context.decrypt_from_storage(envelope, 'documents/7')), 'draft', 'new key');
    const other = new api.SecurityContext();
    other.rotate_storage_key();
    other.rotate_storage_key();
    throws(api, 'UNKNOWN_KEY_ID', () => context.decrypt_from_storage(other.encrypt_for_storage(new Uint8Array())));
    equal(context.decrypt_from_storage(context.encrypt_for_storage(new Uint8Array())).length, 0, 'nothing');
    context.free();
    other.free();
  },

  'session keys rotate, retire and end'(api) {
    const context = new api.SecurityContext();
    equal(context.session_key_version('s'), null, 'no session');
    throws(api, 'SESSION_NOT_FOUND', () => context.encrypt_for_session('s', encode('x')));
    equal(context.rotate_session_key('s'), 1, 'first');
    const first = context.encrypt_for_session('s', encode('x'), 'c');
    equal(context.rotate_session_key('s'), 2, 'second');
    equal(decode(context.decrypt_from_session('s', first, 'c')), 'x', 'old version');
    throws(api, 'DECRYPT_FAILED', () => context.decrypt_from_session('s', first));
    equal(context.retire_session_keys('s', 2), 1, 'retired');
    throws(api, 'KEY_RETIRED', () => context.decrypt_from_session('s', first, 'c'));
    equal([context.end_session('s'), context.end_session('s')], [true, false], 'ended');
    for (const id of ['', 'x'.repeat(257), 7]) throws(api, 'INVALID_ARGUMENT', () => context.rotate_session_key(id));
    context.free();
  },

  'a context is exported, imported, locked and unlocked'(api) {
    const context = new api.SecurityContext();
    context.store_api_key('openai', KEY);
    throws(api, 'PASSWORD_NOT_SET', () => context.lock());
    const state = context.export_state(PASSWORD);
    const twin = api.SecurityContext.import_state(state, PASSWORD);
    equal(twin.get_api_key('openai'), KEY, 'imported');
    throws(api, 'DECRYPT_FAILED', () => api.SecurityContext.import_state(state, 'wrong'));
    for (const at of [0, 5, 40, 60, state.length - 1]) {
      const changed = state.slice();
      changed[at] ^= 1;
      try {
        api.SecurityContext.import_state(changed, PASSWORD);
      } catch (error) {
        assert(NAMES.includes(error.name), String(error));
        continue;
      }
      throw new Error(`a change at ${at} was accepted`);
    }
    context.lock();
    assert(context.isLocked, 'locked');
    throws(api, 'CONTEXT_LOCKED', () => context.get_api_key('openai'));
    throws(api, 'DECRYPT_FAILED', () => context.unlock('wrong'));
    context.unlock(PASSWORD);
    equal(context.get_api_key('openai'), KEY, 'unlocked');
    context.free();
    twin.free();
  },

  'what older systems sealed opens'(api) {
    const key = KEY_OF_RECORDS;
    const context = new api.SecurityContext();
    for (const [format, data, secret] of RECORDS) equal(decode(context.decrypt_legacy(format, data, secret)), TEXT_OF_RECORDS, format);
    throws(api, 'UNSUPPORTED', () => context.decrypt_legacy('F9', F1, key));
    throws(api, 'DECRYPT_FAILED', () => context.decrypt_legacy('F1', F1, new Uint8Array(32)));
    throws(api, 'UNSUPPORTED_VERSION', () => context.decrypt_legacy('F3', F3.replace('"version":1', '"version":2'), key));
    context.free();
    const record = api.encrypt_record(encode('text'), key);
    equal([record.algorithm, record.version], ['aes-256-gcm', 1], 'record');
    equal(decode(api.decrypt_record(JSON.stringify(record), key)), 'text', 'record');
    const sealed = api.encrypt_record_with_password(encode('text'), PASSWORD);
    equal(decode(api.decrypt_record_with_password(JSON.stringify(sealed), PASSWORD)), 'text', 'record under a password');
  },

  async 'contexts do what takes long in a worker'(api) {
    const context = new api.SecurityContext();
    context.store_api_key('openai', KEY);
    const state = await context.export_state_async(PASSWORD);
    equal(api.SecurityContext.import_state(state, PASSWORD).get_api_key('openai'), KEY, 'one format');
    const bytes = context.export_state(PASSWORD);
    const importing = api.SecurityContext.import_state_async(bytes, PASSWORD);
    bytes.fill(0); // inputs are taken as they are at the call
    const twin = await importing;
    equal(twin.get_api_key('openai'), KEY, 'imported');
    await rejects(api, 'DECRYPT_FAILED', api.SecurityContext.import_state_async(state, 'wrong'));
    await rejects(api, 'INVALID_ARGUMENT', api.SecurityContext.import_state_async(state, ''));
    await rejects(api, 'DATA_TOO_SHORT', api.SecurityContext.import_state_async(state.slice(0, 20), PASSWORD));
    await rejects(api, 'DECRYPT_FAILED', api.SecurityContext.import_state_async(context.encrypt_for_storage(bytes), PASSWORD));
    context.lock(); // the first export gave a password to lock with
    await rejects(api, 'CONTEXT_LOCKED', context.export_state_async(PASSWORD));
    await rejects(api, 'CONTEXT_LOCKED', context.set_password_async(PASSWORD));
    await rejects(api, 'DECRYPT_FAILED', context.unlock_async('wrong'));
    await rejects(api, 'INVALID_ARGUMENT', context.unlock_async(''));
    assert(context.isLocked, 'locked');
    await Promise.all([context.unlock_async(PASSWORD), context.unlock_async(PASSWORD)]);
    await context.unlock_async('whatever, for it is open');
    await context.set_password_async('another');
    context.lock();
    await rejects(api, 'DECRYPT_FAILED', context.unlock_async(PASSWORD));
    await context.unlock_async('another');
    equal(context.get_api_key('openai'), KEY, 'unlocked');
    for (const value of [undefined, 7, {}, Symbol('s')]) {
      for (const name of ['export_state_async', 'set_password_async', 'unlock_async']) await rejects(api, 'INVALID_ARGUMENT', context[name](value), name);
      await rejects(api, 'INVALID_ARGUMENT', api.SecurityContext.import_state_async(value, PASSWORD));
      await rejects(api, 'INVALID_ARGUMENT', api.SecurityContext.import_state_async(state, value));
      await rejects(api, 'INVALID_ARGUMENT', context.decrypt_legacy_async('F2', value, PASSWORD));
    }
    const late = context.export_state_async(PASSWORD);
    context.free();
    await rejects(api, 'INVALID_ARGUMENT', late, 'freed meanwhile');
    await rejects(api, 'INVALID_ARGUMENT', context.unlock_async(PASSWORD), 'freed');
    twin.free();
  },

  async 'what older systems sealed opens in a worker, or by WebCrypto'(api) {
    const context = new api.SecurityContext();
    for (const [format, data, secret] of RECORDS) {
      equal(decode(await context.decrypt_legacy_async(format, data, secret)), TEXT_OF_RECORDS, format);
      if (format > 'F2') equal(decode(await context.decrypt_legacy_async(format, encode(data), secret)), TEXT_OF_RECORDS, `${format} as bytes`);
    }
    for (const record of [F3_PASSWORD, F5]) {
      equal(decode(await api.decrypt_record_with_password_async(record, PASSWORD_OF_RECORDS)), TEXT_OF_RECORDS, 'record');
      await rejects(api, 'DECRYPT_FAILED', api.decrypt_record_with_password_async(record, 'wrong'));
    }
    await rejects(api, 'DECRYPT_FAILED', context.decrypt_legacy_async('F1', F1, new Uint8Array(32)));
    await rejects(api, 'DECRYPT_FAILED', context.decrypt_legacy_async('F5', F5, 'wrong'));
    await rejects(api, 'UNSUPPORTED', context.decrypt_legacy_async('F9', F1, KEY_OF_RECORDS));
    await rejects(api, 'MISSING_SALT', api.decrypt_record_with_password_async(F3, PASSWORD));
    // What WebCrypto would take, and a strict reader does not.
    for (const changed of [F5.replace('600000', '600000.5'), F5.replace('600000', '"600000"'), F5.replace('600000', '99999'), F5.replace('{', '{"version":1,'),
      F5.replace('np8=', 'np9='), F5.replace('"salt":"gIGC', '"salt":"'), F5.replace('version":1', 'version":2')]) {
      const expected = await Promise.resolve().then(() => api.decrypt_record_with_password(changed, PASSWORD_OF_RECORDS)).then(() => 'opened', ({ code }) => code);
      await rejects(api, expected, api.decrypt_record_with_password_async(changed, PASSWORD_OF_RECORDS), changed);
    }
    const salt = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
    equal(toHex(await api.derive_record_key_async(PASSWORD_OF_RECORDS, salt)), 'b6f8ea6abacec879df3367a850bf6754b60a5114d68e432d2b1d4303765a5b05', 'scrypt');
    equal(toHex(api.derive_record_key(PASSWORD_OF_RECORDS, salt)), 'b6f8ea6abacec879df3367a850bf6754b60a5114d68e432d2b1d4303765a5b05', 'scrypt');
    context.free();
  },

  async 'wallets are opened and imported by a worker'(api) {
    const wallet = new api.ApiKeyWallet();
    const kdf = wallet.make_password_kdf();
    wallet.initialize_with_derived_key(kdf, await api.derive_wallet_key_async(PASSWORD, kdf));
    equal(toHex(await api.derive_wallet_key_async(PASSWORD, kdf)), toHex(api.derive_wallet_key(PASSWORD, kdf)), 'key');
    const json = JSON.stringify({ keys: [{ id: 'key_1', provider: 'openai', apiKey: KEY, isDefault: true, createdAt: 1, usageCount: 0 }] });
    const [told, toldHere] = [[], []];
    const { wallet: imported, report } = await api.import_legacy_wallet_async(json, PASSWORD, (...progress) => told.push(progress));
    api.import_legacy_wallet(json, PASSWORD, (...progress) => { toldHere.push(progress); throw new Error('passed over'); }).wallet.free();
    equal([told, toldHere], [[[0, 1], [1, 1]], [[0, 1], [1, 1]]], 'progress');
    equal([report.shape, imported.get_key_for_provider('openai')], ['ui-v1', KEY], 'imported');
    await rejects(api, 'WALLET_LOAD', api.import_legacy_wallet_async('{}', PASSWORD));
    for (const value of [undefined, 7, Symbol('s')]) {
      await rejects(api, 'INVALID_ARGUMENT', api.import_legacy_wallet_async(value, PASSWORD));
      await rejects(api, 'INVALID_ARGUMENT', api.derive_wallet_key_async(value, kdf));
      await rejects(api, 'INVALID_ARGUMENT', api.derive_wallet_key_async(PASSWORD, value));
      await rejects(api, 'INVALID_ARGUMENT', api.derive_record_key_async(value, kdf.salt));
      await rejects(api, 'INVALID_ARGUMENT', api.decrypt_record_with_password_async(value, PASSWORD));
    }
    imported.free();
    wallet.free();
  },

  async 'an import that is not wanted any more ends, and its worker with it'(api) {
    const sealed = { // opens with another password, after a second's work
      ciphertext: 'LjV2OWLBay/UAVmCqGAg+OglEfPK/JrZkRRbcPd4UsQj0dpvnot2CQ==', iv: 'QEFCQ0RFRkdISUpL', salt: 'gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=',
      algorithm: 'AES-GCM', keyDerivation: 'PBKDF2', iterations: 10_000_000, version: 1,
    };
    const keys = Array.from({ length: 1000 }, (_, i) => ({ id: `key_${i}`, provider: 'groq', encryptedApiKey: sealed, isDefault: false, createdAt: 1, usageCount: 0 }));
    const json = JSON.stringify({ version: 2, keys, createdAt: 1 });
    const closed = new AbortController();
    const reason = new Error('not wanted');
    const told = [];
    const tell = (...progress) => (told.push(progress), closed.abort(reason));
    const fault = await api.import_legacy_wallet_async(json, PASSWORD, tell, closed.signal).catch((error) => error);
    equal([fault === reason, told], [true, [[0, 1000]]], 'ended at the first word');
    const before = await api.import_legacy_wallet_async(json, PASSWORD, tell, closed.signal).catch((error) => error);
    equal([before === reason, told.length], [true, 1], 'never begun');
    await rejects(api, 'INVALID_ARGUMENT', api.import_legacy_wallet_async(json, PASSWORD, tell, {}));
  },

  'a wallet lives through everything'(api) {
    const wallet = new api.ApiKeyWallet();
    equal(wallet.get_state(), 'uninitialized', 'state');
    throws(api, 'WALLET_UNINITIALIZED', () => wallet.export());
    wallet.initialize(PASSWORD);
    equal(throws(api, 'WALLET_EXISTS', () => wallet.initialize(PASSWORD)).message, 'Wallet is already initialized', 'message');
    const id = wallet.add_key('anthropic', KEY, { name: 'main', isDefault: true, metadata: { team: 'a' }, expiresAt: Date.now() + 1e6 });
    const second = wallet.add_key('anthropic', encode(KEY));
    assert(/^[0-9a-f]{32}$/.test(id), id);
    equal(wallet.get_key(id), KEY, 'key');
    equal(decode(wallet.get_key_bytes(second)), KEY, 'bytes');
    equal(wallet.get_key('0'.repeat(32)), null, 'unknown');
    const [entry] = wallet.list_keys('anthropic');
    equal([entry.name, entry.isDefault, entry.keyPrefix, entry.metadata], ['main', true, `${KEY.slice(0, 8)}...`, { team: 'a' }], 'entry');
    wallet.set_default(second);
    wallet.rotate_key(id, `${KEY}2`);
    equal(wallet.get_key(id), `${KEY}2`, 'rotated');
    wallet.update_settings({ autoLockTimeout: 5 });
    equal(wallet.get_settings().autoLockTimeout, 5, 'settings');
    assert(wallet.lock_deadline_ms() > Date.now(), 'deadline');
    throws(api, 'INVALID_PASSWORD', () => wallet.change_password('wrong', 'new'));
    wallet.change_password(PASSWORD, 'another password');
    wallet.lock();
    equal(throws(api, 'WALLET_LOCKED', () => wallet.get_key(id)).message, 'Wallet is locked', 'message');
    assert(wallet.list_keys().every(({ keyPrefix }) => keyPrefix.startsWith('sk-...')), 'redacted while locked');
    equal(throws(api, 'INVALID_PASSWORD', () => wallet.unlock(PASSWORD)).message, 'Invalid password', 'message');
    wallet.unlock('another password');
    const types = wallet.take_events().map(({ type }) => type);
    for (const type of ['unlocked', 'key:added', 'key:rotated', 'settings:changed', 'locked', 'key:accessed']) assert(types.includes(type), type);
    const file = wallet.export();
    equal(JSON.parse(file).version, 2, 'version');
    assert(!file.includes(KEY) && !file.includes(KEY.slice(-9)), 'a key in the file');
    equal([wallet.remove_key(id), wallet.remove_key(id)], [true, false], 'removed');
    throws(api, 'WALLET_TAMPERED', () => {
      const changed = new api.ApiKeyWallet();
      changed.load(file.replace('"main"', '"mine"'));
      changed.unlock('another password');
    });
    const hostKey = new Uint8Array(32).fill(9);
    const host = wallet.add_host_key('test', hostKey);
    const copy = new api.ApiKeyWallet();
    copy.load(wallet.export());
    copy.unlock_with_host_key(hostKey);
    equal(copy.host_keys(), [{ id: host, label: 'test' }], 'host keys');
    assert(copy.remove_host_key(host), 'removed');
    for (const text of [String(wallet), JSON.stringify(wallet)]) assert(text.includes('[REDACTED]'), text);
    wallet.destroy();
    equal(wallet.get_state(), 'uninitialized', 'destroyed');
    wallet.free();
    copy.free();
    throws(api, 'INVALID_ARGUMENT', () => wallet.export());
  },

  'keys made from passwords elsewhere open the wallet'(api) {
    const wallet = new api.ApiKeyWallet();
    const kdf = wallet.make_password_kdf();
    wallet.initialize_with_derived_key(kdf, api.derive_wallet_key(PASSWORD, kdf));
    const id = wallet.add_key('openai', KEY);
    wallet.lock();
    equal(JSON.stringify(wallet.password_kdf()), JSON.stringify(kdf), 'parameters');
    throws(api, 'INVALID_PASSWORD', () => wallet.unlock_with_derived_key(new Uint8Array(32)));
    wallet.unlock_with_derived_key(api.derive_wallet_key(PASSWORD, wallet.password_kdf()));
    equal(wallet.get_key(id), KEY, 'key');
    const next = wallet.make_password_kdf();
    wallet.change_password_with_derived_keys(api.derive_wallet_key(PASSWORD, kdf), next, api.derive_wallet_key('new password', next));
    wallet.lock();
    throws(api, 'INVALID_PASSWORD', () => wallet.unlock(PASSWORD));
    wallet.unlock('new password');
    for (const bad of [undefined, {}, { ...kdf, mKiB: 1 }, { ...kdf, salt: new Uint8Array(15) }, { ...kdf, t: 'x' }]) {
      try { api.derive_wallet_key(PASSWORD, bad); } catch (error) { assert(error.name === 'CryptoError', String(error)); continue; }
      throw new Error('bad parameters were accepted');
    }
    wallet.free();
  },

  'a registry knows who may use what'(api) {
    const [registry, wallet] = [new api.ApiKeyRegistry(), new api.ApiKeyWallet()];
    wallet.initialize_with_host_key(new Uint8Array(32).fill(3));
    const keyId = wallet.add_key('openai', KEY);
    registry.register({ id: 'a', provider: 'openai', keyId, scope: 'global', rateLimit: { rpm: 5 }, tags: ['x'] });
    registry.register({ id: 'b', provider: 'groq', keyId, scope: 'persona', allowedPersonas: ['ada'], expiresAt: 1 });
    equal(throws(api, 'REGISTRY_ID_EXISTS', () => registry.register({ id: 'a', provider: 'openai', keyId, scope: 'global' })).message,
      "Key registry id 'a' already exists", 'message');
    equal(registry.list().map(({ id }) => id), ['a', 'b'], 'list');
    equal(registry.find_by_provider('openai').length, 1, 'provider');
    equal([registry.find_allowed_for_persona('ada').length, registry.find_allowed_for_agent('ada').length], [2, 1], 'allowed');
    equal(registry.resolve_keys_for_persona(wallet, 'ada'), { openai: KEY }, 'without the expired');
    equal(registry.get('a').rateLimit, { rpm: 5 }, 'limit');
    equal([registry.get('c'), registry.unregister('a'), registry.unregister('a')], [null, true, false], 'removed');
    equal(registry.take_events().map(({ type }) => type), ['key:registered', 'key:registered', 'key:unregistered'], 'events');
    for (const record of [undefined, null, 7, {}, { id: 'x' }, { id: 'x', provider: 'openai', keyId, scope: 'all' }, { id: 7, provider: 'openai', keyId, scope: 'global' }]) {
      throws(api, 'INVALID_ARGUMENT', () => registry.register(record));
    }
    for (const other of [undefined, {}, registry]) throws(api, 'INVALID_ARGUMENT', () => registry.resolve_keys_for_persona(other, 'ada'));
    registry.free();
    wallet.free();
  },

  'arguments of a wrong type throw INVALID_ARGUMENT, and everything works afterwards'(api) {
    const wrong = [undefined, null, true, 10n, Symbol('s'), () => 1, {}, [], 1.5, -1, NaN, new Date(0)];
    const context = new api.SecurityContext();
    const wallet = new api.ApiKeyWallet();
    wallet.initialize_with_host_key(new Uint8Array(32));
    const optional = new Set(['list_keys', 'audit']);
    const registry = new api.ApiKeyRegistry();
    for (const [object, type] of [[context, api.SecurityContext], [wallet, api.ApiKeyWallet], [registry, api.ApiKeyRegistry]]) {
      for (const name of Object.getOwnPropertyNames(type.prototype)) {
        const method = Object.getOwnPropertyDescriptor(type.prototype, name).value;
        if (typeof method !== 'function' || method.length === 0 || name.endsWith('_async') || ['constructor', 'free', 'destroy', 'lock'].includes(name) || optional.has(name)) continue;
        for (const value of wrong) throws(api, 'INVALID_ARGUMENT', () => object[name](value, value, value, value), `${name}(${typeof value})`);
      }
    }
    for (const name of ['validate_password_strength', 'encrypt_record', 'encrypt_record_with_password', 'decrypt_record', 'decrypt_record_with_password', 'import_legacy_wallet', 'derive_wallet_key', 'derive_record_key']) {
      for (const value of wrong) throws(api, 'INVALID_ARGUMENT', () => api[name](value, value), name);
    }
    for (const json of ['', '{', '[]', '{"version":2}', 'x'.repeat(100)]) throws(api, 'WALLET_LOAD', () => wallet.load(json));
    for (const key of ['', 'short', 'with a space in it', 'x'.repeat(9000), '\ud800'.repeat(10)]) {
      try { context.store_api_key('openai', key); } catch (error) { assert(NAMES.includes(error.name), String(error)); continue; }
      throw new Error('a bad key was accepted');
    }
    for (const value of wrong) {
      for (const name of ['import_state', 'import_state_with_derived_key', 'state_kdf']) throws(api, 'INVALID_ARGUMENT', () => api.SecurityContext[name](value, value), name);
    }
    context.store_api_key('openai', KEY);
    equal(context.get_api_key('openai'), KEY, 'still works');
    equal(registry.list(), [], 'still works');
    registry.free();
    context.free();
    wallet.free();
  },
};
