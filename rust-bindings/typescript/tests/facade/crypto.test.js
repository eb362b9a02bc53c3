// The typed facade of rust-crypto: strings and bytes, one load, and the async path's bytes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import * as wasm from 'rust-crypto/pkg';
import { ChrysalisCrypto, getCrypto, initCrypto } from '../../dist/crypto.js';
import { asyncChecks } from './async.js';

test('before it is initialised the module says so', () => {
  const script = `import { getCrypto } from './dist/crypto.js';
    try { getCrypto() } catch (error) { console.log(String(error)) }`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(output.trim(), 'Error: Crypto module not initialized. Call initCrypto() first.');
});

test('concurrent calls share one module', async () => {
  const [first, second] = await Promise.all([initCrypto(), initCrypto()]);
  assert.equal(first, second);
  assert.equal(getCrypto(), first);
});

test('the facade gives what the module gives', async () => {
  const crypto = await ChrysalisCrypto.create();
  const text = new TextEncoder().encode('hello \u{1f98b}');
  assert.equal(crypto.sha384('hello \u{1f98b}'), wasm.sha384_hex(text));
  assert.equal(crypto.blake3(text), wasm.blake3_hex(text));
  assert.equal(crypto.blake3(text.buffer.slice(0)), wasm.blake3_hex(text));
  for (let algorithm = 0; algorithm < 7; algorithm += 1) assert.equal(crypto.hash(text, algorithm), wasm.hash_hex(text, algorithm));

  const pair = crypto.generateKeyPair();
  const signature = crypto.sign(pair, 'message');
  assert.equal(crypto.verify(pair.public_key_hex(), 'message', signature), true);
  assert.equal(crypto.verify(pair.public_key_hex(), 'other', signature), false);
  pair.free();

  assert.equal(crypto.computeAgentFingerprint('agent-001', 'TestAgent', '2024-01-01T00:00:00Z'),
    '64792579433325b74b7bcb927fdca324b5644bee1d802134af7cb59a44230c8b0de329eb80347ae2b4738b9ebf72a0a9');
  assert.equal(crypto.computeStateHash({ a: 1 }), 'd59b6562d7c9b121bc9760873d787890ef4d429aad33a70b405baa0fa08a1f53');
  assert.equal(crypto.randomBytes(12).length, 12);
  assert.match(crypto.randomHex(12), /^[0-9a-f]{24}$/);
  assert.equal(crypto.constantTimeEqual('same', 'same'), true);
  assert.equal(crypto.constantTimeEqual('same', 'sane'), false);

  const key = crypto.generateKey();
  assert.equal(crypto.decryptToString(crypto.encrypt('secret \u{1f98b}', key), key), 'secret \u{1f98b}');
  assert.deepEqual(crypto.decrypt(crypto.encrypt(text, key), key), text);
  const own = (bytes) => bytes.slice().buffer;
  assert.deepEqual(crypto.decrypt(own(crypto.encrypt(own(text), own(key))), own(key)), text);
  assert.equal(crypto.decryptWithPasswordToString(own(crypto.encryptWithPassword('secret', 'password')), 'password'), 'secret');
  assert.equal(crypto.decryptWithPasswordToString(crypto.encryptWithPassword('secret', 'password'), 'password'), 'secret');
  assert.deepEqual(crypto.decryptWithPassword(crypto.encryptWithPassword(text, 'password'), 'password'), text);
  assert.equal(crypto.deriveKey('password', 'salt').length, 32);
  assert.deepEqual(await crypto.deriveKeyAsync('password', 'salt'), crypto.deriveKey('password', 'salt'));
  const sealed = await crypto.encryptWithPasswordAsync('secret', 'password');
  assert.equal(crypto.decryptWithPasswordToString(sealed, 'password'), 'secret');
  assert.equal(await crypto.decryptWithPasswordToStringAsync(own(sealed), 'password'), 'secret');
  assert.deepEqual(await crypto.decryptWithPasswordAsync(sealed, 'password'), crypto.decryptWithPassword(sealed, 'password'));
  await assert.rejects(crypto.decryptWithPasswordAsync(sealed, 'another'), { name: 'CryptoError', code: 'DECRYPT_FAILED' });
  await assert.rejects(crypto.deriveKeyAsync(7, 'salt'), { name: 'CryptoError', code: 'INVALID_ARGUMENT' });
  assert.match(crypto.generateToken(), /^[0-9a-f]{64}$/);
  assert.match(crypto.generateTokenBase64(), /^[A-Za-z0-9+/]{43}=$/);
  const circular = {};
  circular.self = circular;
  for (const run of [() => crypto.sha384(7), () => crypto.sign(undefined, 'text'), () => crypto.sign({ sign_hex: () => '' }, 'text'), () => crypto.computeStateHash(circular),
    () => crypto.computeStateHash(undefined), () => crypto.computeStateHash({ big: 1n }), () => crypto.encrypt('text', 'key'), () => crypto.deriveKey(7, 'salt'),
    () => crypto.encryptWithPassword('text', 7), () => crypto.constantTimeEqual(undefined, undefined), () => crypto.randomBytes('7')]) {
    assert.throws(run, { name: 'CryptoError', code: 'INVALID_ARGUMENT' }, String(run));
  }
});

test('a batch gives booleans', async () => {
  const module = await initCrypto();
  const [a, b] = [new module.Ed25519KeyPair(), new module.Ed25519KeyPair()];
  const message = Uint8Array.of(1, 2, 3);
  const verdicts = module.batch_verify([a.public_key(), b.public_key(), new Uint8Array(5)], [message, message, message],
    [a.sign(message), a.sign(message), a.sign(message)]);
  assert.deepEqual(verdicts, [true, false, false]);
  assert.deepEqual(module.batch_verify([a.public_key()], [message], []), [false]);
});

for (const [name, run] of asyncChecks(wasm, await import('../../dist/crypto-async.js'))) test(`async: ${name}`, run);


function withoutWasm(script) {
  return execFileSync(process.execPath, ['--input-type=module', '-e', `WebAssembly.validate = () => false;
    const { initCrypto } = await import('./dist/crypto.js'); ${script}`], { encoding: 'utf8' }).trim();
}

test('without WebAssembly the facade rejects, and falls back only when asked', () => {
  const output = withoutWasm(`
    console.log(await initCrypto().catch((error) => error.code));
    const module = await initCrypto({ fallback: 'node' });
    for (const name of ['blake3_hex', 'ed25519_verify', 'batch_verify', 'Ed25519KeyPair', 'seal', 'argon2id_derive_key']) {
      try { module[name]; console.log('there'); } catch (error) { console.log(error.name, error.code); }
    }
    try { module.hash(new Uint8Array(), 6) } catch (error) { console.log(error.code) }
  `);
  assert.deepEqual(output.split('\n'), ['WASM_UNAVAILABLE', ...Array(6).fill('CryptoError UNSUPPORTED'), 'UNSUPPORTED']);
});

test('the fallback gives the same bytes and errors', () => {
  const script = (load) => `${load}
    const b = (n, v = 7) => new Uint8Array(n).fill(v);
    const out = [];
    const say = (work) => { try { const r = work(); out.push(r instanceof Uint8Array ? Buffer.from(r).toString('hex') : r); } catch (e) { out.push(e.code + ' ' + e.message); } };
    for (let a = 0; a < 6; a++) { say(() => module.hash(b(100), a)); say(() => module.hash_hex(b(0), a)); say(() => module.batch_hash([b(1), b(2)], a)); }
    say(() => module.sha384(b(3))); say(() => module.sha384_hex(b(3))); say(() => module.sha384('text'));
    for (const f of ['hmac_sha256', 'hmac_sha384', 'hmac_sha512']) { say(() => module[f](b(200), b(5))); say(() => module[f](b(0), b(0))); say(() => module[f](1, b(0))); }
    for (const n of [0, 1, 42, 8160, 8161, -1, 1.5]) say(() => module.hkdf_sha256(b(32), b(0), b(4), n));
    for (const n of [0, 1, 32, 1024, 1025]) { say(() => module.pbkdf2_sha256_derive_key(b(8), b(8), 3, n)); say(() => module.scrypt_derive_key(b(8), b(8), n)); }
    for (const n of [0, 1, 32, 1025, -1, 1.5, 2 ** 32, 'n']) { const later = await module.scrypt_derive_key_async(b(8), b(8), n).then((key) => () => key, (error) => () => { throw error; }); say(later); }
    say(() => module.pbkdf2_sha256_derive_key(b(8), b(8), 0, 32));
    say(() => module.compute_agent_fingerprint('a:b', 'c\\ud800', 'd')); say(() => module.compute_agent_fingerprint('a', 1, 'd'));
    say(() => module.constant_time_eq(b(3), b(3))); say(() => module.constant_time_eq(b(3), b(4))); say(() => module.constant_time_eq(b(3), b(3, 8)));
    const sealed = Uint8Array.from(Buffer.from('404142434445464748494a4b91d28357434ff32efdf52505af51256c41ff333ed4516a4569b4e9671899fe2627bc8daeb6571fe3', 'hex'));
    const key = Uint8Array.from({ length: 32 }, (_, i) => i);
    say(() => module.aes_gcm_decrypt(sealed, key)); say(() => module.aes_gcm_decrypt(sealed, b(32))); say(() => module.aes_gcm_decrypt(sealed, b(31)));
    say(() => module.aes_gcm_decrypt(b(27), key)); say(() => module.aes_gcm_decrypt_aad(module.aes_gcm_encrypt_aad(b(5), key, b(6)), key, b(6)));
    say(() => module.aes_gcm_decrypt_aad(module.aes_gcm_encrypt_aad(b(5), key, b(6)), key, b(7)));
    say(() => module.random_bytes(5).length); say(() => module.random_bytes(2 ** 30 + 1).length); say(() => module.generate_token(4).length);
    console.log(JSON.stringify(out));`;
  const real = execFileSync(process.execPath, ['--input-type=module', '-e',
    script(`const { initCrypto } = await import('./dist/crypto.js'); const module = await initCrypto();`)], { encoding: 'utf8' });
  const fallback = withoutWasm(script(`const module = await initCrypto({ fallback: 'node' });`));
  const [expected, given] = [JSON.parse(real), JSON.parse(fallback)];
  // Texts of INVALID_ARGUMENT may differ; codes may not.
  const plain = (value) => (String(value).startsWith('INVALID_ARGUMENT') ? 'INVALID_ARGUMENT' : value);
  assert.deepEqual(given.map(plain), expected.map(plain));
  assert.ok(expected.length > 60 && expected.includes('736b2d746573742d30313233343536373839616263646566'));
});
