// No secret is left anywhere in linear memory once the object or the call that held it is gone.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import init, {
  Ed25519KeyPair,
  SecureBuffer,
  blake3_hash,
  constant_time_eq,
  generate_token_base64,
  random_bytes,
  xchacha20poly1305_decrypt,
  xchacha20poly1305_encrypt,
} from 'rust-crypto/pkg';

const { memory } = await init();

/** How often any 16 bytes of `secret`, at multiples of 8, occur in all of linear memory. */
function found(secret) {
  const all = Buffer.from(memory.buffer);
  let count = 0;
  for (let start = 0; start + 16 <= secret.length; start += 8) {
    for (let at = all.indexOf(secret.subarray(start, start + 16)); at >= 0; at = all.indexOf(secret.subarray(start, start + 16), at + 1)) count += 1;
  }
  return count;
}

// The stack is the first MiB and grows down. Calls that handle a secret zero the 32 KiB below their own frame.
const STACK_TOP = 1 << 20;
const SCRUBBED = 32 << 10;
const OWN_FRAME = 2 << 10;
const dirty = (start, end) => new Uint8Array(memory.buffer, start, end - start).reduce((count, byte) => count + (byte !== 0), 0);

test('calls that handle secrets leave a clean stack, and use no more of it than is cleaned', () => {
  const pair = new Ed25519KeyPair();
  const [key, text] = [randomBytes(32), randomBytes(5000)];
  const calls = {
    from_secret: () => Ed25519KeyPair.from_secret(key).free(),
    from_pkcs8: () => Ed25519KeyPair.from_pkcs8(pair.to_pkcs8()).free(),
    sign: () => pair.sign(text),
    secret_key: () => pair.secret_key(),
    encrypt: () => xchacha20poly1305_encrypt(text, key, text),
    decrypt: () => xchacha20poly1305_decrypt(xchacha20poly1305_encrypt(text, key, text), key, text),
    constant_time_eq: () => constant_time_eq(key, key),
    random_bytes: () => random_bytes(32),
    generate_token_base64: () => generate_token_base64(32),
    random: () => SecureBuffer.random(32).free(),
  };
  for (const [name, call] of Object.entries(calls)) {
    call();
    assert.equal(dirty(0, STACK_TOP - OWN_FRAME), 0, name);
  }
  blake3_hash(randomBytes(100_000));
  assert.ok(dirty(STACK_TOP - SCRUBBED, STACK_TOP - OWN_FRAME) > 0, 'a call that handles no secret leaves traces');
  pair.sign(text);
  assert.equal(dirty(STACK_TOP - SCRUBBED, STACK_TOP - OWN_FRAME), 0, 'traces of the call before are gone');
  pair.free();
});

test('the search finds what is there', () => {
  const secret = randomBytes(32);
  const buffer = SecureBuffer.from(Buffer.from(secret));
  assert.equal(found(secret), 3, 'one live copy, seen through three windows');
  buffer.wipe();
  assert.equal(found(secret), 0);
  buffer.free();
});

test('secure buffers leave nothing', () => {
  const secret = randomBytes(64);
  const buffer = SecureBuffer.from(Buffer.from(secret));
  const twin = SecureBuffer.from(Buffer.from(secret));
  buffer.equals(twin);
  buffer.use((bytes) => bytes.length);
  buffer.expose();
  twin.free();
  buffer.free();
  assert.equal(found(secret), 0);
});

test('key pairs leave neither the seed nor what is derived from it', () => {
  const seed = randomBytes(32);
  const expanded = createHash('sha512').update(seed).digest();
  const clamped = Buffer.from(expanded.subarray(0, 32));
  clamped[0] &= 248;
  clamped[31] = (clamped[31] & 127) | 64;
  for (let i = 0; i < 20; i += 1) {
    const pair = Ed25519KeyPair.from_secret(seed);
    pair.sign(randomBytes(i * 100));
    pair.sign_hex(randomBytes(5));
    pair.secret_key();
    pair.to_pkcs8();
    pair.public_key_hex();
    pair.free();
  }
  assert.equal(found(seed), 0, 'seed');
  assert.equal(found(expanded), 0, 'expanded key');
  assert.equal(found(clamped), 0, 'scalar');
});

/** HChaCha20 (draft-irtf-cfrg-xchacha-03 section 2.2): the key that XChaCha20 derives from a key and 16 bytes of nonce. */
function hchacha20(key, nonce) {
  const word = (bytes, i) => bytes.readUInt32LE(4 * i);
  const state = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];
  for (let i = 0; i < 8; i += 1) state.push(word(key, i));
  for (let i = 0; i < 4; i += 1) state.push(word(nonce, i));
  const step = (a, b, d, bits) => {
    state[a] = (state[a] + state[b]) >>> 0;
    const mixed = state[d] ^ state[a];
    state[d] = ((mixed << bits) | (mixed >>> (32 - bits))) >>> 0;
  };
  const quarter = (a, b, c, d) => { step(a, b, d, 16); step(c, d, b, 12); step(a, b, d, 8); step(c, d, b, 7); };
  for (let round = 0; round < 10; round += 1) {
    for (let i = 0; i < 4; i += 1) quarter(i, 4 + i, 8 + i, 12 + i);
    for (let i = 0; i < 4; i += 1) quarter(i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4));
  }
  const out = Buffer.alloc(32);
  [0, 1, 2, 3, 12, 13, 14, 15].forEach((from, i) => out.writeUInt32LE(state[from], 4 * i));
  return out;
}

test('the derived key is computed as in the draft', () => {
  const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
  const nonce = Buffer.from('000000090000004a0000000031415927', 'hex');
  const expected = '82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc';
  assert.equal(hchacha20(key, nonce).toString('hex'), expected);
});

test('sealing leaves neither key nor plaintext', () => {
  const [key, text] = [randomBytes(32), randomBytes(5000)];
  const sealed = xchacha20poly1305_encrypt(text, key, new Uint8Array());
  assert.deepEqual(Buffer.from(xchacha20poly1305_decrypt(sealed, key, new Uint8Array())), text);
  assert.throws(() => xchacha20poly1305_decrypt(sealed, key, randomBytes(1)));
  constant_time_eq(key, key);
  assert.equal(found(key), 0, 'key');
  assert.equal(found(hchacha20(key, Buffer.from(sealed))), 0, 'derived key');
  assert.equal(found(text), 0, 'plaintext');
});
