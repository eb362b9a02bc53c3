// What no vector says: errors, wrong arguments, lifetimes. Runs unchanged in Node, in a page and in a worker.

const bytes = (length, value = 7) => new Uint8Array(length).fill(value);

/** The kinds of arguments every function takes. */
const SIGNATURES = {
  hash: ['bytes', 'integer'],
  hash_hex: ['bytes', 'integer'],
  sha384: ['bytes'],
  sha384_hex: ['bytes'],
  blake3_hash: ['bytes'],
  blake3_hex: ['bytes'],
  ed25519_verify: ['bytes', 'bytes', 'bytes'],
  ed25519_verify_hex: ['text', 'bytes', 'text'],
  compute_agent_fingerprint: ['text', 'text', 'text'],
  compute_state_hash: ['text'],
  constant_time_eq: ['bytes', 'bytes'],
  random_bytes: ['integer'],
  random_hex: ['integer'],
  generate_token: ['integer'],
  generate_token_base64: ['integer'],
  xchacha20poly1305_encrypt: ['bytes', 'bytes', 'bytes'],
  xchacha20poly1305_decrypt: ['bytes', 'bytes', 'bytes'],
  verify_record_proof: ['bytes'],
  batch_hash: ['list', 'integer'],
  batch_verify: ['list', 'list', 'list'],
  blake3_keyed: ['bytes', 'bytes'],
  blake3_derive_key: ['text', 'bytes'],
  blake3_xof: ['bytes', 'integer'],
  hmac_sha256: ['bytes', 'bytes'],
  hmac_sha384: ['bytes', 'bytes'],
  hmac_sha512: ['bytes', 'bytes'],
  hkdf_sha256: ['bytes', 'bytes', 'bytes', 'integer'],
  pbkdf2_sha256_derive_key: ['bytes', 'bytes', 'integer', 'integer'],
  scrypt_derive_key: ['bytes', 'bytes', 'integer'],
  argon2id_derive_key: ['bytes', 'bytes', 'options'],
  encrypt_with_password: ['bytes', 'secret'],
  decrypt_with_password: ['bytes', 'secret', 'options'],
  encrypt_with_password_bytes: ['bytes', 'bytes', 'options'],
  decrypt_with_password_bytes: ['bytes', 'bytes', 'options'],
  aes_gcm_encrypt: ['bytes', 'bytes'],
  aes_gcm_decrypt: ['bytes', 'bytes'],
  aes_gcm_encrypt_aad: ['bytes', 'bytes', 'bytes'],
  aes_gcm_decrypt_aad: ['bytes', 'bytes', 'bytes'],
  aes_gcm_siv_encrypt: ['bytes', 'bytes', 'bytes'],
  aes_gcm_siv_decrypt: ['bytes', 'bytes', 'bytes'],
  compute_agent_fingerprint_v2: ['text', 'text', 'text'],
  compute_state_hash_canonical: ['text'],
  verify_state_hash: ['text', 'text'],
  generate_token_base64url: ['integer'],
  generate_aes_key: [],
  generate_salt: [],
  seal: ['bytes', 'bytes', 'bytes', 'options'],
  open: ['bytes', 'bytes', 'bytes'],
  seal_with_password: ['bytes', 'secret', 'bytes', 'options'],
  open_with_password: ['bytes', 'secret', 'bytes'],
  seal_with_password_bytes: ['bytes', 'bytes', 'bytes', 'options'],
  open_with_password_bytes: ['bytes', 'bytes', 'bytes', 'options'],
  describe_envelope: ['bytes'],
  validate_key_format: ['secret', 'options'],
  redact_for_logging: ['secret'],
  validate_key_format_bytes: ['bytes', 'options'],
  redact_for_logging_bytes: ['bytes', 'options'],
  redact_text: ['text'],
};

/** What has a twin that does not block. */
const LATER = ['argon2id_derive_key', 'decrypt_with_password', 'encrypt_with_password', 'scrypt_derive_key'];

const VALID = { bytes: bytes(32), text: '00', secret: '00', integer: 0, list: [], options: undefined };

/** Values of many kinds, and the kind each is valid for. */
const VALUES = [
  [undefined], [null], [true], [10n], [Symbol('s')], [() => 1], [{}], [[], 'list'], [[1, 2]], [[bytes(1)], 'list'], [['text']], [{ length: 4e9 }], [new Date(0)],
  ['', 'text'], ['text', 'text'], ['\ud800', 'text'], [new String('text')],
  [0, 'integer'], [-1], [1.5], [NaN], [Infinity], [2 ** 32], [new Number(1)],
  [bytes(2), 'bytes'], [new ArrayBuffer(4)], [new Float64Array(2)], [new Uint8ClampedArray(2)], [new DataView(new ArrayBuffer(4))],
  [new Proxy(bytes(2), {})], [Object.create(Uint8Array.prototype)], [{ [Symbol.toStringTag]: 'Uint8Array', length: 3 }],
  [{ get length() { throw new Error('getter'); } }],
];

/** What is no options object. */
const NO_OPTIONS = [null, true, 10n, Symbol('s'), () => 1, '', 'text', 0, 1.5];

function assert(condition, text) {
  if (!condition) throw new Error(text);
}

function throws(api, code, run, text = code) {
  try {
    run();
  } catch (error) {
    assert(error instanceof api.CryptoError && error instanceof Error, `${text}: threw ${error}`);
    assert(error.name === 'CryptoError' && error.code === code, `${text}: threw ${error.code} ${error.message}`);
    assert(String(error) === `CryptoError: ${error.message}`, String(error));
    return error;
  }
  throw new Error(`${text}: nothing was thrown`);
}

function works(api) {
  assert(api.blake3_hex(new Uint8Array()).startsWith('af1349b9f5f9a1a6'), 'the module no longer works');
}

/** `[name, run]` for each behaviour. */
export function behaviourChecks(api, init) {
  return Object.entries(CHECKS).map(([name, check]) => [name, async () => {
    await check(api, init);
    works(api);
  }]);
}

const CHECKS = {
  async 'init may be called any number of times'(api, init) {
    const [first, second, third] = await Promise.all([init(), init(), init({ module_or_path: 'elsewhere.wasm' })]);
    assert(first === second && second === third && first === (await init()), 'the exports differ');
    assert(first.memory.buffer.byteLength > 0, 'no memory');
    assert(api.initSync(new Uint8Array()) === first, 'initSync differs');
  },

  'every function is listed here'(api) {
    const functions = Object.keys(api).filter((name) => typeof api[name] === 'function' && !/^[A-Z]/.test(name));
    const listed = [...Object.keys(SIGNATURES), ...LATER.map((name) => `${name}_async`), 'init', 'initSync'].sort();
    assert(functions.filter((name) => name !== 'default').sort().join() === listed.join(), functions.join());
  },

  'arguments of a wrong type or range throw INVALID_ARGUMENT'(api) {
    for (const [name, kinds] of Object.entries(SIGNATURES)) {
      for (const [position, kind] of kinds.entries()) {
        for (const [value, ...valid] of kind === 'options' ? NO_OPTIONS.map((value) => [value]) : VALUES) {
          if (valid.includes(kind) || (kind === 'secret' && (valid.includes('text') || valid.includes('bytes')))) continue;
          const args = kinds.map((other, i) => (i === position ? value : VALID[other]));
          throws(api, 'INVALID_ARGUMENT', () => api[name](...args), `${name}, argument ${position}, ${typeof value}`);
        }
      }
      if (kinds.length > 0) throws(api, 'INVALID_ARGUMENT', () => api[name](), `${name} without arguments`);
    }
    for (const make of [api.Ed25519KeyPair.from_secret, api.Ed25519KeyPair.from_pkcs8, api.SecureBuffer.from]) {
      for (const [value, valid] of VALUES) if (valid !== 'bytes') throws(api, 'INVALID_ARGUMENT', () => make(value));
    }
    for (const [value, valid] of VALUES) {
      if (valid === 'integer') continue;
      throws(api, 'INVALID_ARGUMENT', () => new api.IncrementalHasher(value));
      throws(api, 'INVALID_ARGUMENT', () => new api.SecureBuffer(value));
      throws(api, 'INVALID_ARGUMENT', () => api.SecureBuffer.random(value));
    }
  },

  'lengths have limits that are checked before allocation'(api) {
    for (const name of ['random_bytes', 'random_hex', 'generate_token', 'generate_token_base64', 'generate_token_base64url']) {
      throws(api, 'INVALID_ARGUMENT', () => api[name](2 ** 30 + 1));
      assert(api[name](0).length === 0, name);
    }
    throws(api, 'INVALID_ARGUMENT', () => api.random_hex(2 ** 30));
    throws(api, 'INVALID_ARGUMENT', () => api.SecureBuffer.random(2 ** 32 - 1));
    throws(api, 'UNSUPPORTED', () => api.hash(bytes(1), 7));
    throws(api, 'UNSUPPORTED', () => new api.IncrementalHasher(99));
  },

  'errors hold lengths and positions, no content'(api) {
    const key = throws(api, 'INVALID_KEY_LENGTH', () => api.ed25519_verify(bytes(31), bytes(1), bytes(64)));
    assert(key.message === 'Invalid key length: expected 32, got 31', key.message);
    const hex = throws(api, 'INVALID_HEX', () => api.ed25519_verify_hex('00zz', bytes(1), ''));
    assert(hex.message === 'Invalid hex encoding: Invalid character at position 2', hex.message);
    throws(api, 'INVALID_SIGNATURE', () => api.ed25519_verify(bytes(32), bytes(1), bytes(63)));
    throws(api, 'DATA_TOO_SHORT', () => api.xchacha20poly1305_decrypt(bytes(39), bytes(32), bytes(0)));
    throws(api, 'DECRYPT_FAILED', () => api.xchacha20poly1305_decrypt(bytes(40), bytes(32), bytes(0)));
    throws(api, 'MALFORMED', () => api.verify_record_proof(bytes(500)));
  },

  'the module survives ten thousand errors'(api) {
    for (let i = 0; i < 10_000; i += 1) {
      throws(api, 'DECRYPT_FAILED', () => api.xchacha20poly1305_decrypt(bytes(64), bytes(32), bytes(0)));
    }
  },

  'results are the caller\'s own and arguments are left alone'(api) {
    const data = bytes(100);
    const sealed = api.xchacha20poly1305_encrypt(data, bytes(32), bytes(0));
    const opened = api.xchacha20poly1305_decrypt(sealed, bytes(32), bytes(0));
    for (const result of [sealed, opened, api.random_bytes(10), api.blake3_hash(data)]) {
      assert(result instanceof Uint8Array && result.byteOffset === 0 && result.buffer.byteLength === result.length, 'a view');
    }
    assert(data.every((byte) => byte === 7), 'the argument changed');
    const view = new Uint8Array(new Uint8Array([9, 9, 1, 2, 9]).buffer, 2, 2);
    assert(api.blake3_hex(view) === api.blake3_hex(new Uint8Array([1, 2])), 'an offset view');
  },

  'a finished hasher throws until it is reset, a freed one always'(api) {
    const hasher = new api.IncrementalHasher(api.HashAlgorithm.Sha256);
    hasher.finalize();
    throws(api, 'HASHER_FINALIZED', () => hasher.update(bytes(1)));
    throws(api, 'HASHER_FINALIZED', () => hasher.finalize());
    throws(api, 'HASHER_FINALIZED', () => hasher.finalize_hex());
    hasher.reset();
    assert(hasher.finalize_hex() === api.hash_hex(bytes(0), 0), 'reset');
    hasher.free();
    hasher.free();
    throws(api, 'INVALID_ARGUMENT', () => hasher.update(bytes(1)));
    throws(api, 'INVALID_ARGUMENT', () => hasher.clone());
    throws(api, 'INVALID_ARGUMENT', () => api.IncrementalHasher.prototype.update.call({}, bytes(1)));
  },

  'a key pair signs, hides itself and can be wiped'(api) {
    const pair = new api.Ed25519KeyPair();
    const message = bytes(10);
    assert(api.ed25519_verify(pair.public_key(), message, pair.sign(message)), 'its signature');
    const secret = pair.secret_key();
    assert(api.Ed25519KeyPair.from_secret(secret).public_key_hex() === pair.public_key_hex(), 'its secret');
    for (const text of [String(pair), JSON.stringify({ pair }), `${pair}`]) assert(text.includes('[REDACTED]'), text);
    pair.wipe();
    pair.wipe();
    for (const name of ['sign', 'sign_hex', 'public_key', 'public_key_hex', 'secret_key', 'to_pkcs8']) {
      throws(api, 'INVALID_ARGUMENT', () => pair[name](message), name);
    }
    pair.free();
    throws(api, 'INVALID_ARGUMENT', () => pair.public_key());
  },

  'secrets as bytes do what they do as strings, and are zeroed unless that is not wanted'(api) {
    const [text, place] = [bytes(20), bytes(3)];
    const encode = (secret) => new TextEncoder().encode(secret);
    const cost = { mKiB: 8192, t: 1, p: 1 };
    const secret = 'pass \u{1f98b} word';
    const older = api.encrypt_with_password(text, secret);
    const envelope = api.seal_with_password(text, secret, place, cost);
    const key = ['sk', 'ant', 'api03', 'not', 'a', 'key', 'that', 'opens', 'anything'].join('-');
    const twins = {
      encrypt_with_password: [secret, (given, options, name) => api.decrypt_with_password(api[name](text, given, options), secret).join()],
      decrypt_with_password: [secret, (given, options, name) => api[name](older, given, options).join()],
      seal_with_password: [secret, (given, options, name) => api.open_with_password(api[name](text, given, place, { ...cost, ...options }), secret, place).plaintext.join()],
      open_with_password: [secret, (given, options, name) => api[name](envelope, given, place, options).plaintext.join()],
      validate_key_format: [key, (given, options, name) => JSON.stringify(api[name](given, options))],
      redact_for_logging: [key, (given, options, name) => api[name](given, options)],
    };
    for (const [name, [given, run]] of Object.entries(twins)) {
      const expected = run(given, undefined, name);
      for (const [options, kept] of [[undefined, false], [{}, false], [{ wipe: true }, false], [{ wipe: false }, true]]) {
        const lent = encode(given);
        assert(run(lent, options, `${name}_bytes`) === expected, name);
        assert(lent.some((byte) => byte !== 0) === kept, `${name} ${JSON.stringify(options)}`);
      }
      const lent = encode(given);
      for (const wipe of [null, 0, 'no', {}]) throws(api, 'INVALID_ARGUMENT', () => run(lent, { wipe }, `${name}_bytes`), name);
    }
    const wrong = encode('another');
    throws(api, 'DECRYPT_FAILED', () => api.open_with_password_bytes(envelope, wrong, place));
    assert(wrong.every((byte) => byte === 0), 'zeroed after a failure too');
  },

  async 'a secure buffer hides itself, lends its bytes and can be wiped'(api) {
    const source = bytes(16, 65);
    const kept = api.SecureBuffer.from(source, { wipeSource: false });
    assert(source[0] === 65, 'the source was wiped');
    const buffer = api.SecureBuffer.from(source);
    assert(source.every((byte) => byte === 0), 'the source was not wiped');
    throws(api, 'INVALID_ARGUMENT', () => api.SecureBuffer.from(source, { wipeSource: 1 }));
    throws(api, 'INVALID_ARGUMENT', () => api.SecureBuffer.from(source, 'no'));

    assert(buffer.length === 16 && buffer.isLocked === false, 'properties');
    assert(buffer.equals(kept) && buffer.equals(buffer) && !buffer.equals(new api.SecureBuffer(16)), 'equality');
    for (const other of [undefined, {}, source, new api.Ed25519KeyPair()]) throws(api, 'INVALID_ARGUMENT', () => buffer.equals(other));
    for (const text of [String(buffer), JSON.stringify({ buffer })]) {
      assert(text.includes('[REDACTED]') && !text.includes('AAAA') && !text.includes('65'), text);
    }

    let lent;
    assert(buffer.use((copy) => (lent = copy).length) === 16 && lent.every((byte) => byte === 0), 'wiped after use');
    try { buffer.use((copy) => { lent = copy; throw new Error('mine'); }); } catch (error) { assert(error.message === 'mine', 'rethrown'); }
    assert(lent.every((byte) => byte === 0), 'wiped after a throw');
    const first = await buffer.use(async (copy) => { lent = copy; await null; return copy[0]; });
    assert(first === 65 && lent.every((byte) => byte === 0), 'wiped after a promise');
    throws(api, 'INVALID_ARGUMENT', () => buffer.use('work'));

    buffer.wipe();
    assert(buffer.length === 0 && buffer.expose().length === 0, 'wiped');
    buffer.free();
    kept.free();
    throws(api, 'INVALID_ARGUMENT', () => buffer.length);
    throws(api, 'INVALID_ARGUMENT', () => new api.SecureBuffer(1).equals(kept));
  },

  async 'passwords become keys in a worker, with the bytes and errors of the functions that block'(api) {
    const encode = (text) => new TextEncoder().encode(text);
    const [password, salt] = [encode('a password'), bytes(16, 7)];
    const key = api.scrypt_derive_key(password, salt, 48);
    const later = api.scrypt_derive_key_async(password, salt, 48);
    password.fill(0); // inputs are taken as they are at the call
    const same = (a, b, text) => assert(a instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i]), text);
    same(await later, key, 'scrypt');
    const options = { mKiB: 8192, t: 1, p: 1, length: 20 };
    same(await api.argon2id_derive_key_async(key, salt, options), api.argon2id_derive_key(key, salt, options), 'Argon2id');
    const sealed = await api.encrypt_with_password_async(bytes(100, 3), 'pässword');
    same(api.decrypt_with_password(sealed, 'pässword'), bytes(100, 3), 'sealed');
    same(await api.decrypt_with_password_async(sealed, 'pässword'), bytes(100, 3), 'opened');
    // Nothing else waits: turns of the event loop pass meanwhile.
    let turns = 0;
    const turn = () => (turns += 1);
    const channel = new MessageChannel();
    channel.port1.onmessage = () => turn() && channel.port2.postMessage(0);
    channel.port2.postMessage(0);
    await api.argon2id_derive_key_async(key, salt, { mKiB: 65536, t: 2, p: 1 });
    channel.port1.close();
    assert(turns > 3, `${turns} turns`);
    const rejects = async (code, work) => {
      const error = await work.then(() => undefined, (error) => error);
      assert(error instanceof api.CryptoError && error.code === code, `expected ${code}, got ${error}`);
    };
    await rejects('DECRYPT_FAILED', api.decrypt_with_password_async(sealed, 'another'));
    await rejects('DATA_TOO_SHORT', api.decrypt_with_password_async(bytes(10), 'password'));
    await rejects('INVALID_SCRYPT_PARAMS', api.scrypt_derive_key_async(key, salt, 0));
    await rejects('UNSUPPORTED', api.argon2id_derive_key_async(key, salt, { mKiB: 1 }));
    for (const value of [undefined, 7, 'text', Symbol('s'), () => 0]) {
      await rejects('INVALID_ARGUMENT', api.scrypt_derive_key_async(value, salt, 32));
      await rejects('INVALID_ARGUMENT', api.argon2id_derive_key_async(key, value));
      await rejects('INVALID_ARGUMENT', api.encrypt_with_password_async(value, 'password'));
      await rejects('INVALID_ARGUMENT', api.decrypt_with_password_async(sealed, value === 'text' ? undefined : value));
    }
  },
};
