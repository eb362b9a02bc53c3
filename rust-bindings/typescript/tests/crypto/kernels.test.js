// The SIMD kernels run in WebAssembly alone. Here what they give is compared with Node's own cryptography, at every length around
// the sizes of their blocks, batches and tables.
import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { test } from 'node:test';
import * as api from 'rust-crypto/pkg';

const LENGTHS = [
  ...Array(300).keys(),
  ...[511, 512, 513, 1007, 1023, 1024, 1025, 1040, 1279, 1280, 1281, 1535, 1536, 1537, 4096, 5000, 65_537, 300_001],
];
const data = (length) => Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 7) * 17 + length) & 255));
const key = data(32);

test('SHA-3 gives the digests of node:crypto', () => {
  for (const length of LENGTHS) {
    for (const [number, name] of [[3, 'sha3-256'], [4, 'sha3-384'], [5, 'sha3-512']]) {
      assert.equal(api.hash_hex(data(length), number), createHash(name).update(data(length)).digest('hex'), `${name} of ${length}`);
    }
  }
});

test('AES-256-GCM opens what node:crypto seals, and the other way round', () => {
  compare('aes-256-gcm', 12, api.aes_gcm_encrypt_aad, api.aes_gcm_decrypt_aad, (nonce) => [key, nonce]);
});

test('XChaCha20-Poly1305 opens what node:crypto seals under the subkey, and the other way round', () => {
  const derived = (nonce) => [hchacha20(key, nonce), Buffer.concat([Buffer.alloc(4), nonce.subarray(16)])];
  compare('chacha20-poly1305', 24, api.xchacha20poly1305_encrypt, api.xchacha20poly1305_decrypt, derived);
});

function compare(name, nonceLength, encrypt, decrypt, keyAndNonce) {
  for (const length of LENGTHS) {
    const [text, aad] = [data(length), data(length % 37)];
    const sealed = Buffer.from(encrypt(text, key, aad));
    const opener = createDecipheriv(name, ...keyAndNonce(sealed.subarray(0, nonceLength)), { authTagLength: 16 });
    opener.setAAD(aad, { plaintextLength: length }).setAuthTag(sealed.subarray(-16));
    const opened = Buffer.concat([opener.update(sealed.subarray(nonceLength, -16)), opener.final()]);
    assert.ok(opened.equals(text), `${name}, sealed here, ${length}`);

    const nonce = data(nonceLength);
    const sealer = createCipheriv(name, ...keyAndNonce(nonce), { authTagLength: 16 });
    sealer.setAAD(aad, { plaintextLength: length });
    const theirs = Buffer.concat([nonce, sealer.update(text), sealer.final(), sealer.getAuthTag()]);
    assert.ok(Buffer.from(decrypt(theirs, key, aad)).equals(text), `${name}, sealed by node:crypto, ${length}`);
    theirs[(length * 7) % theirs.length] ^= 1;
    assert.throws(() => decrypt(theirs, key, aad), { name: 'CryptoError', code: 'DECRYPT_FAILED' });
  }
}

/** draft-irtf-cfrg-xchacha-03, 2.2. */
function hchacha20(key, nonce) {
  const words = (bytes) => Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(4 * i));
  const x = Uint32Array.from([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, ...words(key), ...words(nonce.subarray(0, 16))]);
  const rotated = (word, by) => (word << by) | (word >>> (32 - by));
  const quarter = (a, b, c, d) => {
    for (const [first, second] of [[16, 12], [8, 7]]) {
      x[a] += x[b];
      x[d] = rotated(x[d] ^ x[a], first);
      x[c] += x[d];
      x[b] = rotated(x[b] ^ x[c], second);
    }
  };
  for (let round = 0; round < 10; round += 1) {
    for (let i = 0; i < 4; i += 1) quarter(i, 4 + i, 8 + i, 12 + i);
    for (let i = 0; i < 4; i += 1) quarter(i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4));
  }
  const out = Buffer.alloc(32);
  [0, 1, 2, 3, 12, 13, 14, 15].forEach((word, i) => out.writeUInt32LE(x[word], 4 * i));
  return out;
}
