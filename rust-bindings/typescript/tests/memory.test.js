// No secret is left anywhere in linear memory once the object or the call that held it is gone.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import init, { Ed25519KeyPair, SecureBuffer, constant_time_eq, xchacha20poly1305_decrypt, xchacha20poly1305_encrypt } from 'rust-crypto/pkg';

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

test('sealing leaves neither key nor plaintext', () => {
  const [key, text] = [randomBytes(32), randomBytes(5000)];
  const sealed = xchacha20poly1305_encrypt(text, key, new Uint8Array());
  assert.deepEqual(Buffer.from(xchacha20poly1305_decrypt(sealed, key, new Uint8Array())), text);
  assert.throws(() => xchacha20poly1305_decrypt(sealed, key, randomBytes(1)));
  constant_time_eq(key, key);
  assert.equal(found(key), 0, 'key');
  assert.equal(found(text), 0, 'plaintext');
});
