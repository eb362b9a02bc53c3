/// <reference lib="esnext.disposable" />
/* tslint:disable */
/* eslint-disable */
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


// WebAssembly's own types come with the DOM library, which Node projects need not load.
type CompiledModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : never;
type LinearMemory = typeof globalThis extends { WebAssembly: { Memory: { prototype: infer Memory } } }
    ? Memory
    : { readonly buffer: ArrayBuffer };

/** The module's bytes, or the module compiled. */
export type ModuleSource = ArrayBuffer | ArrayBufferView | CompiledModule;

/** Where the module comes from: its address, a response that holds it, or what `ModuleSource` says. */
export type InitSource = string | URL | Request | Response | ModuleSource;

/** The exports of the loaded module. */
export interface InitOutput {
    readonly memory: LinearMemory;
}

/**
 * Loads the module. Without an argument it is found beside this file, in Node as in browsers and workers. It may be
 * called any number of times: all calls give the same exports, and the argument of a later call has no effect.
 *
 * Rejects with `WASM_UNAVAILABLE` where there is no WebAssembly with SIMD or the module cannot be loaded.
 */
export function init(
source?: InitSource | Promise<InitSource> | { module_or_path: InitSource | Promise<InitSource> },
): Promise<InitOutput>;
export default init;

/** `init` for a module that is already there, without waiting. */
export function initSync(source: ModuleSource | { module: ModuleSource }): InitOutput;



/**
 * Records of keys and of who may use them. It holds no secrets.
 */
export class ApiKeyRegistry {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The records an agent may use: global ones and those that list it.
     */
    find_allowed_for_agent(agent: string): RegistryRecord[];
    /**
     * The records a persona may use: global ones and those that list it.
     */
    find_allowed_for_persona(persona: string): RegistryRecord[];
    /**
     * The records of a provider's keys.
     */
    find_by_provider(provider: string): RegistryRecord[];
    /**
     * The record of this id, or `null`.
     */
    get(id: string): RegistryRecord | null;
    /**
     * All records, in the order in which they were registered.
     */
    list(): RegistryRecord[];
    /**
     * An empty registry.
     */
    constructor();
    /**
     * Adds a record. `createdAt` is the time of the call where it is not given.
     */
    register(record: NewRegistryRecord): void;
    /**
     * The keys a persona may use, by provider, from an open wallet of this package.
     */
    resolve_keys_for_persona(wallet: ApiKeyWallet, persona: string): Record<string, string>;
    /**
     * The events since the last call, oldest first.
     */
    take_events(): KeyRegistryEvent[];
    /**
     * Removes a record; whether there was one.
     */
    unregister(id: string): boolean;
}

/**
 * A wallet of API keys: a JSON file that a password, or a 32-byte key of yours, opens.
 */
export class ApiKeyWallet {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Lets a 32-byte key of yours open the wallet too; gives an id to remove it by.
     */
    add_host_key(label: string, key: Uint8Array): string;
    /**
     * Adds a key, a string or bytes, and gives its id.
     */
    add_key(provider: string, key: string | Uint8Array, options?: NewKey): string;
    /**
     * Changes the password; the entries stay as they are sealed.
     */
    change_password(old: string, _new: string): void;
    /**
     * `change_password` with the key of the old password by `password_kdf` and that of the new one by `kdf`.
     */
    change_password_with_derived_keys(old: Uint8Array, kdf: PasswordKdf, _new: Uint8Array): void;
    /**
     * Locks, and forgets the wallet. Files stay.
     */
    destroy(): void;
    /**
     * The file: JSON, indented by two spaces. Works locked and unlocked.
     */
    export(): string;
    /**
     * A key as a string, which nothing can wipe; `null` when it is unknown or expired.
     */
    get_key(id: string): string | null;
    /**
     * A key as bytes, which are yours to wipe; `null` when it is unknown or expired.
     */
    get_key_bytes(id: string): Uint8Array | null;
    /**
     * The provider's default key, else its first that is not expired, else `null`.
     */
    get_key_for_provider(provider: string): string | null;
    /**
     * The settings, a copy.
     */
    get_settings(): WalletSettings;
    /**
     * Whether there is a wallet, and whether it is open.
     */
    get_state(): WalletState;
    /**
     * The keys beside the password that open the wallet.
     */
    host_keys(): { id: string; label: string }[];
    /**
     * Makes a new wallet that `password` opens, unlocked. Takes the time of one Argon2id.
     */
    initialize(password: string): void;
    /**
     * `initialize` with the key that `derive_wallet_key` gave for the password and `kdf`.
     */
    initialize_with_derived_key(kdf: PasswordKdf, key: Uint8Array): void;
    /**
     * Makes a new wallet that a 32-byte key of yours opens, unlocked.
     */
    initialize_with_host_key(key: Uint8Array): void;
    /**
     * Whether the wallet is open.
     */
    is_unlocked(): boolean;
    /**
     * The entries, of one provider or of all, without their keys. Works while locked.
     */
    list_keys(provider?: string): ApiKeyEntry[];
    /**
     * Takes over the wallet in a file; it is locked afterwards.
     */
    load(json: string): void;
    /**
     * Wipes the keys. Nothing when not unlocked.
     */
    lock(): void;
    /**
     * When `tick` would lock, in milliseconds since 1970; `null` for never.
     */
    lock_deadline_ms(): number | null;
    /**
     * Parameters with a fresh salt for a new password, for `derive_wallet_key`. For one password, once.
     */
    make_password_kdf(): PasswordKdf;
    /**
     * A wallet that is uninitialised.
     */
    constructor();
    /**
     * What a key is made from the password with, for callers that derive it elsewhere, such as in a worker; `null` when no
     * password opens the wallet.
     */
    password_kdf(): PasswordKdf | null;
    /**
     * Takes over a later state of the same wallet's file without locking.
     */
    reload(json: string): void;
    /**
     * Removes such a key; whether there was one.
     */
    remove_host_key(id: string): boolean;
    /**
     * Removes a key; false when there is none of this id.
     */
    remove_key(id: string): boolean;
    /**
     * Replaces a key under the same id.
     */
    rotate_key(id: string, key: string | Uint8Array): void;
    /**
     * Seals everything anew under a new master key.
     */
    rotate_master_key(password: string): void;
    /**
     * Makes a key its provider's default.
     */
    set_default(id: string): void;
    /**
     * The events since the last call, oldest first. At most 1024 wait.
     */
    take_events(): WalletEvent[];
    /**
     * Locks when there was no key operation for as long as the settings say; whether it did.
     */
    tick(): boolean;
    /**
     * Never holds a key.
     */
    toJSON(): string;
    /**
     * Never holds a key.
     */
    toString(): string;
    /**
     * Opens the wallet. Nothing when it is open. Takes the time of one Argon2id.
     */
    unlock(password: string): void;
    /**
     * `unlock` with the key that Argon2id gave for `password_kdf`, 32 bytes.
     */
    unlock_with_derived_key(key: Uint8Array): void;
    /**
     * Opens the wallet with a 32-byte key that `initialize_with_host_key` or `add_host_key` was given.
     */
    unlock_with_host_key(key: Uint8Array): void;
    /**
     * Changes the settings that are given.
     */
    update_settings(settings: Partial<WalletSettings>): void;
}

/**
 * API keys in wiped memory, session keys and storage keys that rotate. What it seals can be opened later only with its
 * exported state.
 */
export class SecurityContext {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * What was done and when, oldest first; no event holds a secret. Older ones are dropped when there are too many.
     */
    audit(): AuditRecord[];
    /**
     * The header by which the provider takes its key. Its value holds the key; `attach_authorization` sets it for you.
     */
    authorization_header(provider: string): { name: string; value: string };
    /**
     * Opens what was sealed for the session with the same context, under any key that is not retired.
     */
    decrypt_from_session(session_id: string, envelope: Uint8Array, context?: Uint8Array | string): Uint8Array;
    /**
     * Opens what `encrypt_for_storage` gave for the same context, under any storage key that is not retired.
     */
    decrypt_from_storage(ciphertext: Uint8Array, context?: Uint8Array | string): Uint8Array;
    /**
     * Opens what an older system sealed: bytes for the formats `F1` and `F2`, JSON for `F3`, `F4` and `F5`. `secret` is the
     * key, or the password, that the format takes.
     */
    decrypt_legacy(format: 'F1' | 'F2' | 'F3' | 'F4' | 'F5', data: Uint8Array | string, secret: Uint8Array | string): Uint8Array;
    /**
     * What may be shown of a provider's key.
     */
    describe_api_key(provider: string): ApiKeyDescription;
    /**
     * Seals data under the session's newest key, bound to session and context.
     */
    encrypt_for_session(session_id: string, data: Uint8Array, context?: Uint8Array | string): Uint8Array;
    /**
     * Seals data for storage under the newest storage key, bound to the context: where the record belongs.
     */
    encrypt_for_storage(plaintext: Uint8Array, context?: Uint8Array | string): Uint8Array;
    /**
     * Wipes all keys of a session; whether there was one.
     */
    end_session(session_id: string): boolean;
    /**
     * Everything, sealed under a password, to be kept by you.
     */
    export_state(password: string): Uint8Array;
    /**
     * `export_state` with the key that `derive_wallet_key` gave for the password and `kdf`.
     */
    export_state_with_derived_key(kdf: PasswordKdf, key: Uint8Array): Uint8Array;
    /**
     * The key as a string, which nothing can wipe; prefer `with_api_key`, `authorization_header` and `sign_request`.
     */
    get_api_key(provider: string): string;
    /**
     * The key as bytes, which are yours to wipe.
     */
    get_api_key_bytes(provider: string): Uint8Array;
    /**
     * Whether a provider's key is kept.
     */
    has_api_key(provider: string): boolean;
    /**
     * The context in what `export_state` gave. The password becomes the one to lock with.
     */
    static import_state(bytes: Uint8Array, password: string): SecurityContext;
    /**
     * `import_state` with the key that `derive_wallet_key` gave for the password and `state_kdf`.
     */
    static import_state_with_derived_key(bytes: Uint8Array, key: Uint8Array): SecurityContext;
    /**
     * The providers whose keys are kept, in alphabetical order.
     */
    list_providers(): string[];
    /**
     * Seals everything in memory and wipes the keys. Throws `PASSWORD_NOT_SET` when nothing could open it again.
     */
    lock(): void;
    /**
     * A context with a fresh random storage key, number 1.
     */
    constructor();
    /**
     * Parameters with a fresh salt, for `derive_wallet_key`: for one password, once.
     */
    make_password_kdf(): PasswordKdf;
    /**
     * As the constructor.
     */
    static new(): SecurityContext;
    /**
     * What the key of the password that unlocks is made with; `null` while there is nothing to unlock.
     */
    password_kdf(): PasswordKdf | null;
    /**
     * Removes a provider's key; whether there was one.
     */
    remove_api_key(provider: string): boolean;
    /**
     * Wipes a session's keys below a number; how many there were.
     */
    retire_session_keys(session_id: string, before_version: number): number;
    /**
     * Seals an envelope anew under the newest storage key, for the same context. The plaintext stays inside.
     */
    rewrap(ciphertext: Uint8Array, context?: Uint8Array | string): Uint8Array;
    /**
     * `rewrap` for many records in one crossing, each with its context. Throws for the first that fails; none is lost, since
     * the old ones go on opening.
     */
    rewrap_many(ciphertexts: readonly Uint8Array[], contexts: readonly (Uint8Array | string)[]): Uint8Array[];
    /**
     * Gives a session its next key and the number of that: 1 for a new session. Older ones go on opening.
     */
    rotate_session_key(session_id: string): number;
    /**
     * Makes a new storage key, which seals from here on; its number.
     */
    rotate_storage_key(): number;
    /**
     * The number of a session's newest key; `null` when there is no such session.
     */
    session_key_version(session_id: string): number | null;
    /**
     * Wipes the storage keys below a number; what they sealed throws `KEY_RETIRED` from here on.
     */
    set_min_decryption_key_id(floor: number): void;
    /**
     * Sets the password to lock with.
     */
    set_password(password: string): void;
    /**
     * `set_password` with the key that `derive_wallet_key` gave for the password and `kdf`.
     */
    set_password_with_derived_key(kdf: PasswordKdf, key: Uint8Array): void;
    /**
     * Signs a request with the provider's key. Gives the headers to send along, which hold no secret.
     */
    sign_request(provider: string, method: string, path: string, body: Uint8Array): Record<string, string>;
    /**
     * HMAC-SHA-256 of `data` under the provider's key, 32 bytes; the key stays inside.
     */
    sign_with_api_key(provider: string, data: Uint8Array): Uint8Array;
    /**
     * What the key of an exported state is made of its password with.
     */
    static state_kdf(bytes: Uint8Array): PasswordKdf;
    /**
     * The number of the storage key that seals.
     */
    storage_key_id(): number;
    /**
     * Keeps a provider's key; an older one is wiped. Providers are lower-cased and trimmed.
     */
    store_api_key(provider: string, key: string): void;
    /**
     * `store_api_key` with the key as bytes, which are zeroed unless `wipe` is `false`.
     */
    store_api_key_bytes(provider: string, bytes: Uint8Array, options?: { wipe?: boolean }): void;
    /**
     * Never holds a key.
     */
    toJSON(): string;
    /**
     * Never holds a key.
     */
    toString(): string;
    /**
     * Opens what `lock` sealed.
     */
    unlock(password: string): void;
    /**
     * `unlock` with the key that `derive_wallet_key` gave for the password and `password_kdf`.
     */
    unlock_with_derived_key(key: Uint8Array): void;
    /**
     * Whether the keys are sealed.
     */
    readonly isLocked: boolean;
}

/**
 * Opens the JSON text of a record under a 32-byte key.
 */
export function decrypt_record(json: string, key: Uint8Array): Uint8Array;

/**
 * Opens the JSON text of a record under a password.
 */
export function decrypt_record_with_password(json: string, password: string): Uint8Array;

/**
 * The key of a record's password and salt, 32 bytes, for `encrypt_record` and `decrypt_record`. This is what takes time.
 */
export function derive_record_key(password: string, salt: Uint8Array): Uint8Array;

/**
 * The key of a wallet's password, 32 bytes. This is what takes time; run it in a worker.
 */
export function derive_wallet_key(password: string, kdf: PasswordKdf): Uint8Array;

/**
 * Seals under a 32-byte key as the older TypeScript module did: an object of base64 texts.
 * @deprecated For its callers. New data is sealed by `SecurityContext.encrypt_for_storage`.
 */
export function encrypt_record(plaintext: Uint8Array, key: Uint8Array): EncryptedData;

/**
 * `encrypt_record` under a password.
 * @deprecated As `encrypt_record`.
 */
export function encrypt_record_with_password(plaintext: Uint8Array, password: string): EncryptedData;

/**
 * Reads a wallet file of an older program into a new wallet, open, and reports what became of each key. `tell` is called with
 * how many keys are done, and of how many; what it throws is passed over.
 */
export function import_legacy_wallet(json: string, password: string, tell?: (done: number, total: number) => void): { wallet: ApiKeyWallet; report: ImportReport };

/**
 * How good a new password is. Nothing of it is kept.
 */
export function validate_password_strength(password: string): PasswordStrength;

