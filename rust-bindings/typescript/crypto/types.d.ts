/** Every code a `CryptoError` can have. */
export type CryptoErrorCode =
  | 'INVALID_KEY_LENGTH'
  | 'INVALID_SIGNATURE'
  | 'VERIFICATION_FAILED'
  | 'INVALID_HEX'
  | 'SERIALIZATION'
  | 'DATA_TOO_SHORT'
  | 'ENCRYPT_FAILED'
  | 'DECRYPT_FAILED'
  | 'INVALID_SCRYPT_PARAMS'
  | 'HASHER_FINALIZED'
  | 'INVALID_ARGUMENT'
  | 'RANDOM_UNAVAILABLE'
  | 'UNSUPPORTED'
  | 'UNSUPPORTED_VERSION'
  | 'MISSING_SALT'
  | 'KEY_EXHAUSTED'
  | 'MEMORY_NOT_LOCKED'
  | 'MALFORMED'
  | 'INVALID_PROOF'
  | 'WASM_UNAVAILABLE';

/** What went wrong: `code` is stable and is what to branch on, `message` is for people and holds no secret. */
export class CryptoError extends Error {
  constructor(code: CryptoErrorCode, message: string, options?: ErrorOptions);
  readonly code: CryptoErrorCode;
}

/** Why a text is not accepted as an API key. */
export type ValidationErrorCode =
  | 'Empty'
  | 'TooShort'
  | 'TooLong'
  | 'InvalidCharacter'
  | 'Placeholder'
  | 'Malformed'
  | 'UnknownFormat'
  | 'ProviderMismatch';

/** A text that is no API key. No part of it is in the message. */
export class ValidationError extends Error {
  constructor(code: ValidationErrorCode, message: string, options?: ErrorOptions);
  readonly code: ValidationErrorCode;
}

/** Whose API key a text is; `generic` where that is unknown. */
export interface KeyType {
  provider: string;
  kind: string;
  /** `hint` fits the provider that was named and others as well; `unknown` has no known shape. */
  confidence: 'certain' | 'likely' | 'hint' | 'unknown';
}

/** What a checked record proof says. */
export interface VerifiedRecord {
  /** The author's public key, 64 hexadecimal characters. */
  author: string;
  /** Which of the author's journals, a random 64-bit number. */
  incarnation: bigint;
  /** The record's number in its journal, from 1. */
  sequence: bigint;
  /** The record's identity, 64 hexadecimal characters. */
  leaf: string;
  /** The hash of the signed commit, 64 hexadecimal characters. */
  commitHash: string;
  /** What the content means. */
  kind: number;
  /** The namespace's id, 32 hexadecimal characters. */
  namespace: string;
  /** Key epoch of the stored content; 0 is plain. */
  keyEpoch: number;
  /** When the author says the record was made, in milliseconds since 1970. */
  timeMs: number;
  /** Order among records of the same millisecond. */
  timeLogical: number;
  /** The content, undecoded. */
  content: Uint8Array;
}

/** Whether a function zeroes the bytes of the secret that it was given; it does unless this is `false`. */
export interface WipeOption {
  wipe?: boolean;
}

/** `encrypt_with_password` with the password as bytes. @deprecated As that is. */
export function encrypt_with_password_bytes(plaintext: Uint8Array, password: Uint8Array, options?: WipeOption): Uint8Array;
/** `decrypt_with_password` with the password as bytes. */
export function decrypt_with_password_bytes(
  encrypted: Uint8Array,
  password: Uint8Array,
  options?: WipeOption & { legacyFallbackN?: boolean },
): Uint8Array;
/** `seal_with_password` with the password as bytes. */
export function seal_with_password_bytes(
  plaintext: Uint8Array,
  password: Uint8Array,
  context: Uint8Array,
  options?: WipeOption & { mKiB?: number; t?: number; p?: number },
): Uint8Array;
/** `open_with_password` with the password as bytes. */
export function open_with_password_bytes(
  envelope: Uint8Array,
  password: Uint8Array,
  context: Uint8Array,
  options?: WipeOption,
): { plaintext: Uint8Array; needsRewrap: boolean };
/** `validate_key_format` with the key as bytes. */
export function validate_key_format_bytes(key: Uint8Array, options?: WipeOption & { provider?: string; strict?: boolean }): KeyType;
/** `redact_for_logging` with the key as bytes. */
export function redact_for_logging_bytes(key: Uint8Array, options?: WipeOption): string;

export interface SecureBuffer {
  /**
   * Calls `work` with a temporary copy of the bytes and gives what it returns. The copy is zeroed afterwards: when `work`
   * returns or throws, or, if it returns a promise, when that settles.
   */
  use<T>(work: (bytes: Uint8Array) => T): T;
}

// What takes long by design, as promises. The password becomes a key in a worker, and only where there is none it is done here and
// blocks. Inputs are taken as they are at the call, errors are those of the twins.

/** `scrypt_derive_key` without blocking. */
export function scrypt_derive_key_async(password: Uint8Array, salt: Uint8Array, keyLength: number): Promise<Uint8Array>;
/** `argon2id_derive_key` without blocking. */
export function argon2id_derive_key_async(
  password: Uint8Array,
  salt: Uint8Array,
  options?: { mKiB?: number; t?: number; p?: number; length?: number },
): Promise<Uint8Array>;
/** `encrypt_with_password` without blocking. */
export function encrypt_with_password_async(plaintext: Uint8Array, password: string): Promise<Uint8Array>;
/** `decrypt_with_password` without blocking. */
export function decrypt_with_password_async(
  encrypted: Uint8Array,
  password: string,
  options?: { legacyFallbackN?: boolean },
): Promise<Uint8Array>;
