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

/** Every code a `SecurityError` can have. */
export type SecurityErrorCode =
  | 'INVALID_PROVIDER'
  | 'KEY_NOT_FOUND'
  | 'UNKNOWN_KEY_ID'
  | 'KEY_RETIRED'
  | 'SESSION_NOT_FOUND'
  | 'CONTEXT_LOCKED'
  | 'PASSWORD_NOT_SET'
  | 'MALFORMED_STATE'
  | 'LIMIT_EXCEEDED'
  | 'WALLET_EXISTS'
  | 'WALLET_UNINITIALIZED'
  | 'WALLET_LOCKED'
  | 'INVALID_PASSWORD'
  | 'ENTRY_NOT_FOUND'
  | 'WALLET_LOAD'
  | 'WALLET_TAMPERED'
  | 'REGISTRY_ID_EXISTS'
  | 'VAULT_MISSING'
  | 'VAULT_EXISTS'
  | 'VAULT_REPLACED'
  | 'KEY_FILE_EXPOSED'
  | 'KEY_FILE_FOREIGN'
  | 'KEY_FILE_REPLACEABLE'
  | 'KEY_FILE_MALFORMED'
  | 'KEYCHAIN_UNAVAILABLE'
  | 'KEYCHAIN_ENTRY_MISSING'
  | 'IO';

/** What went wrong with a context, a wallet or a registry. No part of a key or password is in the message. */
export class SecurityError extends Error {
  constructor(code: SecurityErrorCode, message: string, options?: ErrorOptions);
  readonly code: SecurityErrorCode;
}

export interface SecurityContext {
  /**
   * Calls `work` with a temporary copy of a provider's key and gives what it returns. The copy is zeroed afterwards: when
   * `work` returns or throws, or, if it returns a promise, when that settles.
   */
  with_api_key<T>(provider: string, work: (key: Uint8Array) => T): T;
  /** Sets the header by which the provider takes its key. */
  attach_authorization(provider: string, headers: { set(name: string, value: string): void }): void;

  // What takes long by design, as promises. The password becomes a key in a worker (or by WebCrypto, where that can), and only
  // where there is neither it is done here and blocks. Inputs are taken as they are at the call, errors are those of the twins.

  /** `export_state` without blocking. What is exported is what is there when the key is. */
  export_state_async(password: string): Promise<Uint8Array>;
  /** `set_password` without blocking. */
  set_password_async(password: string): Promise<void>;
  /** `unlock` without blocking. */
  unlock_async(password: string): Promise<void>;
  /** `decrypt_legacy` without blocking. */
  decrypt_legacy_async(
    format: 'F1' | 'F2' | 'F3' | 'F4' | 'F5',
    data: Uint8Array | string,
    secret: Uint8Array | string,
  ): Promise<Uint8Array>;
}

export namespace SecurityContext {
  /** `import_state` without blocking. */
  function import_state_async(bytes: Uint8Array, password: string): Promise<SecurityContext>;
}

/** `derive_wallet_key` without blocking. */
export function derive_wallet_key_async(password: string, kdf: PasswordKdf): Promise<Uint8Array>;
/** `derive_record_key` without blocking. */
export function derive_record_key_async(password: string, salt: Uint8Array): Promise<Uint8Array>;
/** `decrypt_record_with_password` without blocking. */
export function decrypt_record_with_password_async(json: string, password: string): Promise<Uint8Array>;
/**
 * `import_legacy_wallet` without blocking. When `signal` aborts, the worker ends at once and the promise rejects with the signal's
 * reason; work that blocks, where there is no worker, cannot be ended.
 */
export function import_legacy_wallet_async(
  json: string,
  password: string,
  tell?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<{ wallet: ApiKeyWallet; report: ImportReport }>;

/** What may be shown of an API key. */
export interface ApiKeyDescription {
  /** Whose key it is by its shape; `generic` where that is unknown. */
  detectedProvider: string;
  kind: string;
  confidence: 'certain' | 'likely' | 'hint' | 'unknown';
  redacted: string;
  storedAt: number;
}

/** Something that was done, in a chain that shows changes. */
export interface AuditRecord {
  sequence: number;
  event: { action: string; time: number; [field: string]: unknown };
  /** 64 hexadecimal characters, over this event and the hash before. */
  hash: string;
}

/** Judgement of a password. It holds nothing of the password. */
export interface PasswordStrength {
  isValid: boolean;
  /** 0 to 100; valid from 60 on. */
  score: number;
  problems: string[];
}

export type WalletState = 'locked' | 'unlocked' | 'uninitialized';

/** A key without the key. Times are milliseconds since 1970. */
export interface ApiKeyEntry {
  id: string;
  provider: string;
  name: string;
  keyPrefix: string;
  createdAt: number;
  lastUsedAt?: number;
  expiresAt?: number;
  isDefault: boolean;
  metadata?: Record<string, unknown>;
}

export interface NewKey {
  name?: string;
  isDefault?: boolean;
  expiresAt?: number;
  /** Stored in clear: no place for secrets. */
  metadata?: Record<string, unknown>;
}

export interface WalletSettings {
  /** Minutes without a key operation after which the wallet locks itself; 0 is never. */
  autoLockTimeout: number;
  requirePasswordOnAccess: boolean;
  defaultProviders: Record<string, string>;
}

export type WalletEvent =
  | { type: 'unlocked' | 'locked'; data: Record<string, never> }
  | { type: 'key:added'; data: { id: string; provider: string; name: string } }
  | { type: 'key:removed' | 'key:accessed' | 'key:rotated'; data: { id: string; provider: string } }
  | { type: 'settings:changed'; data: { settings: WalletSettings } };

/** What Argon2id makes the key of a wallet's or context's password with. */
export interface PasswordKdf {
  mKiB: number;
  t: number;
  p: number;
  salt: Uint8Array;
}

export interface RegistryRecord {
  id: string;
  provider: string;
  keyId: string;
  description: string;
  scope: 'global' | 'persona' | 'service';
  allowedAgents: string[];
  allowedPersonas: string[];
  rateLimit?: { rpm?: number; tpm?: number };
  expiresAt?: number;
  tags: string[];
  createdAt: number;
}

export type NewRegistryRecord = Pick<RegistryRecord, 'id' | 'provider' | 'keyId' | 'scope'> & Partial<RegistryRecord>;

export interface KeyRegistryEvent {
  type: 'key:registered' | 'key:unregistered';
  keyId: string;
  timestamp: number;
  payload?: { provider: string; scope: RegistryRecord['scope'] };
}

/** A record of the older TypeScript module; binary parts in base64. */
export interface EncryptedData {
  ciphertext: string;
  iv: string;
  authTag: string;
  salt?: string;
  algorithm: 'aes-256-gcm';
  version: 1;
}

/** What became of each key of an older wallet file. */
export interface ImportReport {
  shape: 'typescript-v1' | 'rust-v1' | 'ui-v2' | 'ui-v1';
  imported: { legacyId: string; id: string; provider: string }[];
  failed: { index: number; legacyId: string; code: string }[];
  /** Sealed under a key that was never stored: nobody can read them. Replace them at their providers. */
  unrecoverable: { legacyId: string; provider: string; name: string; unrecoverable: true }[];
  warnings: string[];
}
