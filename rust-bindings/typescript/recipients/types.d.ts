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

/** The cipher of an HPKE message, `chacha20-poly1305` by default. Both sides must know which. */
export type HpkeAead = 'chacha20-poly1305' | 'aes-256-gcm';
