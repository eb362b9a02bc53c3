/**
 * The same functions as promises, on the platform's WebCrypto where that is faster and in WebAssembly everywhere else. The
 * bytes are the same on both ways. Signatures are never verified by WebCrypto, whose rule differs.
 */
import { getCrypto, initCrypto } from './crypto.js';
import type { CryptoModule, HashAlgorithm } from './crypto.js';

/** From how many bytes on the platform's code is worth the detour through a promise. */
const WORTHWHILE = 16 * 1024;

const HASHES: Partial<Record<number, 'SHA-256' | 'SHA-384' | 'SHA-512'>> = { 0: 'SHA-256', 1: 'SHA-384', 2: 'SHA-512' };

/** The digest of `data`. */
export async function hashAsync(data: Uint8Array, algorithm: HashAlgorithm): Promise<Uint8Array> {
  const { module, subtle } = await platform();
  const name = HASHES[algorithm];
  if (!subtle || !name || !isLarge(data)) return module.hash(data, algorithm);
  return new Uint8Array(await subtle.digest(name, copy(data)));
}

/** HMAC-SHA-256, -384 or -512 of `data`. */
export async function hmacAsync(bits: 256 | 384 | 512, key: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
  const { module, subtle } = await platform();
  // WebCrypto refuses an empty key.
  if (!subtle || !isLarge(data) || !isBytes(key) || key.length === 0) return module[`hmac_sha${bits}`](key, data);
  return withCopies([key], async ([key]) => {
    const imported = await subtle.importKey('raw', key!, { name: 'HMAC', hash: `SHA-${bits}` }, false, ['sign']);
    return new Uint8Array(await subtle.sign('HMAC', imported, copy(data)));
  });
}

/** HKDF-SHA-256: `length` bytes of key material. */
export async function hkdfSha256Async(
  ikm: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  const { module, subtle } = await platform();
  const { hkdf_sha256 } = module;
  if (!subtle || !isLarge(ikm) || length === 0) return hkdf_sha256(ikm, salt, info, length);
  check(() => hkdf_sha256(new Uint8Array(), salt, info, length));
  return withCopies([ikm], async ([ikm]) => {
    const imported = await subtle.importKey('raw', ikm!, 'HKDF', false, ['deriveBits']);
    const params = { name: 'HKDF', hash: 'SHA-256', salt: copy(salt), info: copy(info) };
    return new Uint8Array(await subtle.deriveBits(params, imported, length * 8));
  });
}

/** PBKDF2-HMAC-SHA-256: a key of `length` bytes, 1 to 1024, made with that many iterations. Does not block. */
export async function pbkdf2Sha256Async(
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Promise<Uint8Array> {
  const { module, subtle } = await platform();
  const isInRange = isWhole(iterations, 10_000_000) && isWhole(length, 1024);
  // What is out of range takes no time to refuse.
  if (!subtle || !isInRange) return module.pbkdf2_sha256_derive_key(password, salt, iterations, length);
  check(() => module.pbkdf2_sha256_derive_key(password, salt, 1, 1));
  return withCopies([password], async ([password]) => {
    const imported = await subtle.importKey('raw', password!, 'PBKDF2', false, ['deriveBits']);
    const params = { name: 'PBKDF2', hash: 'SHA-256', salt: copy(salt), iterations };
    return new Uint8Array(await subtle.deriveBits(params, imported, length * 8));
  });
}

/** AES-256-GCM: nonce ‖ ciphertext ‖ tag, as `aes_gcm_encrypt_aad` gives. */
export async function aesGcmEncryptAsync(
  plaintext: Uint8Array,
  key: Uint8Array,
  aad: Uint8Array = new Uint8Array(),
): Promise<Uint8Array> {
  const { module, subtle } = await platform();
  if (!subtle || !isLarge(plaintext)) return module.aes_gcm_encrypt_aad(plaintext, key, aad);
  check(() => module.aes_gcm_encrypt_aad(new Uint8Array(), key, aad));
  return withCopies([key, plaintext], async ([key, plaintext]) => {
    const iv = module.random_bytes(12) as Uint8Array<ArrayBuffer>;
    const imported = await subtle.importKey('raw', key!, 'AES-GCM', false, ['encrypt']);
    const sealed = await subtle.encrypt({ name: 'AES-GCM', iv, additionalData: copy(aad) }, imported, plaintext!);
    const out = new Uint8Array(iv.length + sealed.byteLength);
    out.set(iv);
    out.set(new Uint8Array(sealed), iv.length);
    return out;
  });
}

/** Opens what `aesGcmEncryptAsync` or `aes_gcm_encrypt_aad` gave. */
export async function aesGcmDecryptAsync(
  encrypted: Uint8Array,
  key: Uint8Array,
  aad: Uint8Array = new Uint8Array(),
): Promise<Uint8Array> {
  const { module, subtle } = await platform();
  if (!subtle || !isLarge(encrypted)) return module.aes_gcm_decrypt_aad(encrypted, key, aad);
  check(() => module.aes_gcm_encrypt_aad(new Uint8Array(), key, aad));
  return withCopies([key], async ([key]) => {
    const imported = await subtle.importKey('raw', key!, 'AES-GCM', false, ['decrypt']);
    const params = { name: 'AES-GCM', iv: copy(encrypted.subarray(0, 12)), additionalData: copy(aad) };
    try {
      return new Uint8Array(await subtle.decrypt(params, imported, copy(encrypted.subarray(12))));
    } catch {
      throw new module.CryptoError('DECRYPT_FAILED', 'Decryption failed: aead::Error');
    }
  });
}

/** The module, and WebCrypto where there is one: pages without TLS have none. */
async function platform(): Promise<{ module: CryptoModule; subtle: SubtleCrypto | undefined }> {
  await initCrypto();
  return { module: getCrypto(), subtle: globalThis.crypto?.subtle };
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

/** Whether these are enough bytes; what is no bytes at all goes to the module, which says so. */
function isLarge(value: unknown): boolean {
  return isBytes(value) && value.length >= WORTHWHILE;
}

function isWhole(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}

/** Throws what the module throws for arguments it does not take. */
function check(work: () => Uint8Array): void {
  work().fill(0);
}

/** WebCrypto reads its input later, and does not take views of shared memory; so it gets bytes that nothing else changes. */
function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** Runs `work` on copies of secrets, which are wiped when it is done. */
async function withCopies<T>(
  secrets: readonly Uint8Array[],
  work: (copies: readonly Uint8Array<ArrayBuffer>[]) => Promise<T>,
): Promise<T> {
  const copies = secrets.map(copy);
  try {
    return await work(copies);
  } finally {
    for (const bytes of copies) bytes.fill(0);
  }
}
