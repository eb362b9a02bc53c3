/**
 * The functions of the older TypeScript security module, for its callers: records of base64 texts (AES-256-GCM), scrypt,
 * tokens. New data is sealed by `SecurityContext` or `seal`, which bind it to its place.
 */
import { CryptoError, decrypt_record, decrypt_record_with_password_async, derive_record_key_async, encrypt_record } from 'rust-security/pkg';
import type { EncryptedData } from 'rust-security/pkg';
import { constant_time_eq, generate_salt, generate_token, hash_hex, random_bytes } from 'rust-crypto/pkg';

/** A `Buffer` in Node, a `Uint8Array` elsewhere. */
type Bytes = Uint8Array;

/** 32 random bytes. */
export function generateKey(): Bytes {
  return buffer(random_bytes(32));
}

/** 32 random bytes. */
export function generateSalt(): Bytes {
  return buffer(generate_salt());
}

/** 12 random bytes. */
export function generateIV(): Bytes {
  return buffer(random_bytes(12));
}

/** `length` random bytes in hexadecimal. */
export function generateToken(length = 32): string {
  return generate_token(length);
}

/**
 * The scrypt key of a password (N = 16384, r = 8, p = 1), 32 bytes. It is made on a thread of Node, elsewhere in a worker, and
 * only where there is neither it blocks.
 */
export async function deriveKeyFromPassword(password: string, salt: Bytes): Promise<Bytes> {
  if (typeof password !== 'string') throw invalid('password must be a string');
  if (!(salt instanceof Uint8Array)) throw invalid('salt must be a Uint8Array');
  const node = globalThis.process?.getBuiltinModule?.('node:crypto');
  if (!node) return buffer(await derive_record_key_async(password, salt));
  const inputs = { password: new TextEncoder().encode(password), salt: new Uint8Array(salt) }; // as they are at the call
  return new Promise<Bytes>((resolve, reject) => {
    node.scrypt(inputs.password, inputs.salt, 32, { N: 16384, r: 8, p: 1 }, (error, key) => (error ? reject(error) : resolve(key)));
  }).finally(() => inputs.password.fill(0));
}

/** SHA-256 of a text in hexadecimal. */
export function hash(data: string): string {
  return hash_hex(utf8(data, 'data'), 0);
}

/** Seals under a 32-byte key. */
export function encrypt(plaintext: string | Bytes, key: Bytes): EncryptedData {
  return encrypt_record(bytes(plaintext), key);
}

/** Opens what `encrypt` gave, and what older systems did. */
export function decrypt(data: EncryptedData, key: Bytes): Bytes {
  return buffer(decrypt_record(toJson(data), key));
}

/** `decrypt` as text. */
export function decryptToString(data: EncryptedData, key: Bytes): string {
  return text(decrypt(data, key));
}

/** Seals under a password. */
export async function encryptWithPassword(plaintext: string | Bytes, password: string): Promise<EncryptedData> {
  const data = plaintext instanceof Uint8Array ? new Uint8Array(plaintext) : bytes(plaintext); // as it is at the call
  const salt = generateSalt();
  try {
    const key = await deriveKeyFromPassword(password, salt);
    try {
      return { ...encrypt(data, key), salt: toBase64(salt) };
    } finally {
      key.fill(0);
    }
  } finally {
    if (data instanceof Uint8Array) data.fill(0);
  }
}

/**
 * Opens what `encryptWithPassword` gave. What is wrong with a record (version, algorithm, no salt) is said before any key is made.
 * Records of the browser's older program (`AES-GCM`, PBKDF2) open as well; their key is made by WebCrypto, or in a worker.
 */
export async function decryptWithPassword(data: EncryptedData, password: string): Promise<Bytes> {
  const json = toJson(data);
  const salt = saltOf(data);
  if (!salt) return buffer(await decrypt_record_with_password_async(json, password));
  const key = await deriveKeyFromPassword(password, salt);
  try {
    return buffer(decrypt_record(json, key));
  } finally {
    key.fill(0);
  }
}

/** `decryptWithPassword` as text. */
export async function decryptWithPasswordToString(data: EncryptedData, password: string): Promise<string> {
  return text(await decryptWithPassword(data, password));
}

/** Overwrites with zeros. */
export function secureWipe(buffer: Uint8Array): void {
  if (!(buffer instanceof Uint8Array)) throw invalid('buffer must be a Uint8Array');
  buffer.fill(0);
}

/** Whether two texts are the same bytes in UTF-8; for equal lengths the time does not depend on where they differ. */
export function secureCompare(a: string, b: string): boolean {
  return constant_time_eq(utf8(a, 'a'), utf8(b, 'b'));
}

/** The salt of a record of ours; nothing where the package has to say what is wrong, or to open another kind. */
function saltOf(data: EncryptedData): Bytes | undefined {
  if (data?.version !== 1 || data.algorithm !== 'aes-256-gcm' || typeof data.salt !== 'string') return undefined;
  try {
    const salt = fromBase64(data.salt);
    return salt.length === 32 ? salt : undefined;
  } catch {
    return undefined;
  }
}

/** The bytes of a text. Anything else would be turned into one, so that nothing at all would be equal to the empty text. */
function utf8(text: string, name: string): Bytes {
  if (typeof text !== 'string') throw invalid(`${name} must be a string`);
  return new TextEncoder().encode(text);
}

/** A record as JSON. */
function toJson(data: EncryptedData): string {
  try {
    return JSON.stringify(data);
  } catch {
    throw invalid('data must be a record');
  }
}

function bytes(data: string | Bytes): Bytes {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data;
}

function text(data: Bytes): string {
  return new TextDecoder().decode(data);
}

function buffer(data: Uint8Array): Bytes {
  const { Buffer } = globalThis as { Buffer?: typeof import('node:buffer').Buffer };
  return Buffer ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : data;
}

function invalid(problem: string): CryptoError {
  return new CryptoError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
}

function toBase64(data: Bytes): string {
  return btoa(String.fromCharCode(...data));
}

function fromBase64(data: string): Bytes {
  return Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
}
