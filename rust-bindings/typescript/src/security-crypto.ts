/**
 * The functions of the older TypeScript security module, for its callers: records of base64 texts (AES-256-GCM), scrypt,
 * tokens. New data is sealed by `SecurityContext` or `seal`, which bind it to its place.
 */
import { decrypt_record, encrypt_record } from 'rust-security/pkg';
import type { EncryptedData } from 'rust-security/pkg';
import { constant_time_eq, generate_salt, generate_token, hash_hex, random_bytes, scrypt_derive_key } from 'rust-crypto/pkg';

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

/** The scrypt key of a password (N = 16384, r = 8, p = 1), 32 bytes. In Node it is made on a thread. */
export async function deriveKeyFromPassword(password: string, salt: Bytes): Promise<Bytes> {
  const text = new TextEncoder().encode(password);
  const node = globalThis.process?.getBuiltinModule?.('node:crypto');
  if (!node || !(salt instanceof Uint8Array)) return buffer(scrypt_derive_key(text, salt, 32));
  return new Promise((resolve, reject) => {
    node.scrypt(text, salt, 32, { N: 16384, r: 8, p: 1 }, (error, key) => {
      text.fill(0);
      if (error) reject(error);
      else resolve(key);
    });
  });
}

/** SHA-256 of a text in hexadecimal. */
export function hash(data: string): string {
  return hash_hex(new TextEncoder().encode(data), 0);
}

/** Seals under a 32-byte key. */
export function encrypt(plaintext: string | Bytes, key: Bytes): EncryptedData {
  return encrypt_record(bytes(plaintext), key);
}

/** Opens what `encrypt` gave, and what older systems did. */
export function decrypt(data: EncryptedData, key: Bytes): Bytes {
  return buffer(decrypt_record(JSON.stringify(data), key));
}

/** `decrypt` as text. */
export function decryptToString(data: EncryptedData, key: Bytes): string {
  return text(decrypt(data, key));
}

/** Seals under a password. */
export async function encryptWithPassword(plaintext: string | Bytes, password: string): Promise<EncryptedData> {
  const salt = generateSalt();
  const key = await deriveKeyFromPassword(password, salt);
  try {
    return { ...encrypt(plaintext, key), salt: toBase64(salt) };
  } finally {
    key.fill(0);
  }
}

/** Opens what `encryptWithPassword` gave. */
export async function decryptWithPassword(data: EncryptedData, password: string): Promise<Bytes> {
  if (data.salt === undefined) throw new Error('Encrypted data missing salt for password decryption');
  const key = await deriveKeyFromPassword(password, fromBase64(data.salt));
  try {
    return decrypt(data, key);
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
  buffer.fill(0);
}

/** Whether two texts are the same bytes in UTF-8; for equal lengths the time does not depend on where they differ. */
export function secureCompare(a: string, b: string): boolean {
  return constant_time_eq(new TextEncoder().encode(a), new TextEncoder().encode(b));
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

function toBase64(data: Bytes): string {
  return btoa(String.fromCharCode(...data));
}

function fromBase64(data: string): Bytes {
  return Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
}
