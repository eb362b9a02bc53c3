/**
 * The same functions as promises, on the platform's WebCrypto where that is faster and in WebAssembly everywhere else. The
 * bytes are the same on both ways. Signatures are never verified by WebCrypto, whose rule differs.
 */
import { getCrypto, initCrypto } from './crypto.js';
import type { Binary, CryptoModule, HashAlgorithm } from './crypto.js';

/** From how many bytes on the platform's code is worth the detour through a promise. */
const WORTHWHILE = 16 * 1024;

/** Bytes of their own memory: WebCrypto does not take views of shared memory. */
type Bytes = Uint8Array<ArrayBuffer>;
type Platform = { module: CryptoModule; subtle: SubtleCrypto | undefined };

const HASHES: Partial<Record<number, 'SHA-256' | 'SHA-384' | 'SHA-512'>> = { 0: 'SHA-256', 1: 'SHA-384', 2: 'SHA-512' };

/** The digest of `data`. */
export async function hashAsync(data: Binary, algorithm: HashAlgorithm): Promise<Uint8Array> {
  return withCopies([data], async ([data], { module, subtle }) => {
    const name = HASHES[algorithm];
    if (!subtle || !name || !isLarge(data)) return module.hash(data, algorithm);
    return new Uint8Array(await subtle.digest(name, data));
  });
}

/** HMAC-SHA-256, -384 or -512 of `data`. */
export async function hmacAsync(bits: 256 | 384 | 512, key: Binary, data: Binary): Promise<Uint8Array> {
  return withCopies([key, data], async ([key, data], { module, subtle }) => {
    // WebCrypto refuses an empty key.
    if (!subtle || !isLarge(data) || !isBytes(key) || key.length === 0) return module[`hmac_sha${bits}`](key, data);
    const imported = await subtle.importKey('raw', key, { name: 'HMAC', hash: `SHA-${bits}` }, false, ['sign']);
    return new Uint8Array(await subtle.sign('HMAC', imported, data));
  });
}

/** HKDF-SHA-256: `length` bytes of key material. */
export async function hkdfSha256Async(
  ikm: Binary,
  salt: Binary,
  info: Binary,
  length: number,
): Promise<Uint8Array> {
  return withCopies([ikm, salt, info], async ([ikm, salt, info], { module, subtle }) => {
    const { hkdf_sha256 } = module;
    if (!subtle || !isLarge(ikm) || length === 0) return hkdf_sha256(ikm, salt, info, length);
    check(() => hkdf_sha256(new Uint8Array(), salt, info, length));
    const imported = await subtle.importKey('raw', ikm, 'HKDF', false, ['deriveBits']);
    const params = { name: 'HKDF', hash: 'SHA-256', salt, info };
    return new Uint8Array(await subtle.deriveBits(params, imported, length * 8));
  });
}

/** PBKDF2-HMAC-SHA-256: a key of `length` bytes, 1 to 1024, made with that many iterations. Does not block. */
export async function pbkdf2Sha256Async(
  password: Binary,
  salt: Binary,
  iterations: number,
  length: number,
): Promise<Uint8Array> {
  return withCopies([password, salt], async ([password, salt], { module, subtle }) => {
    const isInRange = isWhole(iterations, 10_000_000) && isWhole(length, 1024);
    // What is out of range takes no time to refuse.
    if (!subtle || !isInRange) return module.pbkdf2_sha256_derive_key(password, salt, iterations, length);
    check(() => module.pbkdf2_sha256_derive_key(password, salt, 1, 1));
    const imported = await subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
    const params = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations };
    return new Uint8Array(await subtle.deriveBits(params, imported, length * 8));
  });
}

/** AES-256-GCM: nonce ‖ ciphertext ‖ tag, as `aes_gcm_encrypt_aad` gives. */
export async function aesGcmEncryptAsync(
  plaintext: Binary,
  key: Binary,
  aad: Binary = new Uint8Array(),
): Promise<Uint8Array> {
  return withCopies([plaintext, key, aad], async ([plaintext, key, aad], { module, subtle }) => {
    if (!subtle || !isLarge(plaintext)) return module.aes_gcm_encrypt_aad(plaintext, key, aad);
    check(() => module.aes_gcm_encrypt_aad(new Uint8Array(), key, aad));
    const iv = module.random_bytes(12) as Bytes;
    const imported = await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
    const sealed = await subtle.encrypt({ name: 'AES-GCM', iv, additionalData: aad }, imported, plaintext);
    const out = new Uint8Array(iv.length + sealed.byteLength);
    out.set(iv);
    out.set(new Uint8Array(sealed), iv.length);
    return out;
  });
}

/** Opens what `aesGcmEncryptAsync` or `aes_gcm_encrypt_aad` gave. */
export async function aesGcmDecryptAsync(
  encrypted: Binary,
  key: Binary,
  aad: Binary = new Uint8Array(),
): Promise<Uint8Array> {
  return withCopies([encrypted, key, aad], async ([encrypted, key, aad], { module, subtle }) => {
    if (!subtle || !isLarge(encrypted)) return module.aes_gcm_decrypt_aad(encrypted, key, aad);
    check(() => module.aes_gcm_encrypt_aad(new Uint8Array(), key, aad));
    const imported = await subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
    const params = { name: 'AES-GCM', iv: encrypted.subarray(0, 12), additionalData: aad };
    try {
      return new Uint8Array(await subtle.decrypt(params, imported, encrypted.subarray(12)));
    } catch {
      throw new module.CryptoError('DECRYPT_FAILED', 'Decryption failed: aead::Error');
    }
  });
}

/** The module, and WebCrypto where there is one: pages without TLS have none. */
async function platform(): Promise<Platform> {
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

/**
 * Runs `work` on copies of its inputs, which are wiped when it is done. They are made before anything is awaited: what the
 * caller does to its buffers after the call, such as wiping a key, changes nothing. What is no bytes is passed on, to be refused.
 */
async function withCopies<T, const Inputs extends readonly Binary[]>(
  inputs: Inputs,
  work: (copies: { readonly [I in keyof Inputs]: Bytes }, platform: Platform) => Promise<T>,
): Promise<T> {
  const copy = (input: Binary) => (input instanceof ArrayBuffer ? new Uint8Array(input.slice()) : isBytes(input) ? new Uint8Array(input) : input);
  const copies = inputs.map(copy) as { [I in keyof Inputs]: Bytes };
  try {
    return await work(copies, await platform());
  } finally {
    for (const copy of copies) if (isBytes(copy)) copy.fill(0);
  }
}
