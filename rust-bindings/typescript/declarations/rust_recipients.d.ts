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

/** The cipher of an HPKE message, `chacha20-poly1305` by default. Both sides must know which. */
export type HpkeAead = 'chacha20-poly1305' | 'aes-256-gcm';


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
 * A secret X25519 key with its public key, to which others seal. Wiped by `wipe()` and when freed.
 */
export class X25519KeyPair {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The key pair derived from keying material of at least 32 bytes (RFC 9180 section 7.1.3).
     */
    static derive(keying_material: Uint8Array): X25519KeyPair;
    /**
     * The key pair of 32 secret bytes.
     */
    static from_secret(secret: Uint8Array): X25519KeyPair;
    /**
     * Opens what `hpke_seal` sealed to this key, or, with `sender`, what that key pair sealed.
     */
    hpke_open(sealed: Uint8Array, info: Uint8Array, aad: Uint8Array, options?: { aead?: HpkeAead; sender?: Uint8Array }): Uint8Array;
    /**
     * Seals as `hpke_seal` does, in auth mode: the recipient sees that this key pair did, and can show it to nobody else.
     */
    hpke_seal(recipient: Uint8Array, plaintext: Uint8Array, info: Uint8Array, aad: Uint8Array, options?: { aead?: HpkeAead }): Uint8Array;
    /**
     * A new random key pair.
     */
    constructor();
    /**
     * Opens what was sealed to this key among others, or, with `sender`, what that key pair sealed.
     */
    open(sealed: Uint8Array, context: Uint8Array, options?: { sender?: Uint8Array }): Uint8Array;
    /**
     * The public key, 32 bytes.
     */
    public_key(): Uint8Array;
    /**
     * Seals one message to several public keys as `seal_to` does, showing each recipient that this key pair did.
     */
    seal_to(recipients: readonly Uint8Array[], plaintext: Uint8Array, context: Uint8Array, options?: { suite?: 1 | 2 }): Uint8Array;
    /**
     * The secret key: an explicit copy in JavaScript memory, which nothing wipes for you.
     */
    secret_key(): Uint8Array;
    /**
     * Never holds the key.
     */
    toJSON(): string;
    /**
     * Never holds the key.
     */
    toString(): string;
    /**
     * Wipes the secret. Every later use but `wipe` and `free` throws.
     */
    wipe(): void;
}

/**
 * Seals `plaintext` to the holder of `recipient`, an X25519 public key (HPKE, RFC 9180, base mode, `info` and `aad`
 * bound). Anybody can: the result says nothing of who did.
 */
export function hpke_seal(recipient: Uint8Array, plaintext: Uint8Array, info: Uint8Array, aad: Uint8Array, options?: { aead?: HpkeAead }): Uint8Array;

/**
 * Whether a public key is among the recipients of what `seal_to` gave. Nothing of it is authenticated before opening.
 */
export function is_recipient(public_key: Uint8Array, sealed: Uint8Array): boolean;

/**
 * Seals one message to the holders of up to 1024 X25519 public keys, bound to `context`. Their order does not matter.
 */
export function seal_to(recipients: readonly Uint8Array[], plaintext: Uint8Array, context: Uint8Array, options?: { suite?: 1 | 2 }): Uint8Array;

