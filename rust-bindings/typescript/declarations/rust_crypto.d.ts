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

export interface SecureBuffer {
    /**
     * Calls `work` with a temporary copy of the bytes and gives what it returns. The copy is zeroed afterwards: when `work`
     * returns or throws, or, if it returns a promise, when that settles.
     */
    use<T>(work: (bytes: Uint8Array) => T): T;
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
 * A secret Ed25519 key with the public key derived from it. Wiped by `wipe()` and when freed.
 */
export class Ed25519KeyPair {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The key pair of a 48-byte PKCS#8 document (RFC 8410, version 0).
     */
    static from_pkcs8(der: Uint8Array): Ed25519KeyPair;
    /**
     * The key pair of a 32-byte RFC 8032 seed, or of the 48-byte PKCS#8 form that `from_pkcs8` takes.
     */
    static from_secret(secret: Uint8Array): Ed25519KeyPair;
    /**
     * A new random key pair.
     */
    constructor();
    /**
     * The public key, 32 bytes.
     */
    public_key(): Uint8Array;
    /**
     * The public key, 64 hexadecimal characters.
     */
    public_key_hex(): string;
    /**
     * The 32-byte seed: an explicit copy of the secret in JavaScript memory, which nothing wipes for you.
     */
    secret_key(): Uint8Array;
    /**
     * The signature of `message`, 64 bytes; the same key and message always give the same signature.
     */
    sign(message: Uint8Array): Uint8Array;
    /**
     * `sign` as 128 hexadecimal characters.
     */
    sign_hex(message: Uint8Array): string;
    /**
     * Never holds the key.
     */
    toJSON(): string;
    /**
     * Never holds the key.
     */
    toString(): string;
    /**
     * The seed as a 48-byte PKCS#8 document; a copy of the secret, as with `secret_key`.
     */
    to_pkcs8(): Uint8Array;
    /**
     * Wipes the secret. Every later use but `wipe` and `free` throws.
     */
    wipe(): void;
}

/**
 * A hash function. The numbers are fixed; 3, 4 and 5 belong to SHA-3, which is not offered.
 */
export enum HashAlgorithm {
    /**
     * SHA-256, 32 bytes.
     */
    Sha256 = 0,
    /**
     * SHA-384, 48 bytes.
     */
    Sha384 = 1,
    /**
     * SHA-512, 64 bytes.
     */
    Sha512 = 2,
    /**
     * BLAKE3 without a key, 32 bytes.
     */
    Blake3 = 6,
}

/**
 * A hash of data that arrives in pieces; how it was cut does not change the digest.
 */
export class IncrementalHasher {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * A hasher that has seen the same data and goes on independently.
     */
    clone(): IncrementalHasher;
    /**
     * The digest of everything taken in. Afterwards every use but `reset` throws `HASHER_FINALIZED`.
     */
    finalize(): Uint8Array;
    /**
     * `finalize` in lower-case hexadecimal.
     */
    finalize_hex(): string;
    /**
     * A hasher that has seen nothing.
     */
    constructor(algorithm: HashAlgorithm);
    /**
     * Forgets everything taken in; a finished hasher becomes usable again.
     */
    reset(): void;
    /**
     * Takes in the next piece. Throws `HASHER_FINALIZED` after the digest was taken.
     */
    update(data: Uint8Array): void;
}

/**
 * Secret bytes of a fixed length, kept in WebAssembly memory, wiped by `wipe()` and when freed, never printed.
 */
export class SecureBuffer {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Whether both hold the same bytes; for equal lengths the time does not depend on them.
     */
    equals(other: SecureBuffer): boolean;
    /**
     * An explicit copy of the secret in JavaScript memory, which nothing wipes for you; prefer `use`.
     */
    expose(): Uint8Array;
    /**
     * Takes a copy of `bytes` and then zeroes `bytes`, unless `options.wipeSource` is `false`.
     */
    static from(bytes: Uint8Array, options?: { wipeSource?: boolean }): SecureBuffer;
    /**
     * `length` zero bytes.
     */
    constructor(length: number);
    /**
     * `length` random bytes.
     */
    static random(length: number): SecureBuffer;
    /**
     * Never holds the bytes.
     */
    toJSON(): string;
    /**
     * Never holds the bytes.
     */
    toString(): string;
    /**
     * Overwrites the bytes and leaves the buffer empty.
     */
    wipe(): void;
    /**
     * Whether the memory is locked against swapping: always `false` in WebAssembly, which cannot.
     */
    readonly isLocked: boolean;
    /**
     * Number of bytes; 0 after `wipe()`.
     */
    readonly length: number;
}

/**
 * BLAKE3 of `data` without a key, 32 bytes.
 */
export function blake3_hash(data: Uint8Array): Uint8Array;

/**
 * BLAKE3 of `data` without a key, 64 hexadecimal characters.
 */
export function blake3_hex(data: Uint8Array): string;

/**
 * SHA-384 of `agent_id:name:created_at`, 96 hexadecimal characters. The fields are joined without escaping.
 */
export function compute_agent_fingerprint(agent_id: string, name: string, created_at: string): string;

/**
 * BLAKE3 of the text as given, 64 hexadecimal characters. The order of keys counts.
 */
export function compute_state_hash(state_json: string): string;

/**
 * Whether two byte strings are equal; for equal lengths the time does not depend on the contents.
 */
export function constant_time_eq(a: Uint8Array, b: Uint8Array): boolean;

/**
 * Whether `signature` (64 bytes) is the signature of `message` by `public_key` (32 bytes).
 *
 * Throws `INVALID_KEY_LENGTH` or `INVALID_SIGNATURE` for wrong lengths and for a key that is not a point of the curve.
 */
export function ed25519_verify(public_key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;

/**
 * `ed25519_verify` with key and signature in hexadecimal; throws `INVALID_HEX` as well.
 */
export function ed25519_verify_hex(public_key_hex: string, message: Uint8Array, signature_hex: string): boolean;

/**
 * A token of `length` random bytes, as `2 * length` hexadecimal characters.
 */
export function generate_token(length: number): string;

/**
 * A token of `length` random bytes in standard base64 with padding.
 */
export function generate_token_base64(length: number): string;

/**
 * The digest of `data`.
 */
export function hash(data: Uint8Array, algorithm: HashAlgorithm): Uint8Array;

/**
 * The digest of `data` in lower-case hexadecimal.
 */
export function hash_hex(data: Uint8Array, algorithm: HashAlgorithm): string;

/**
 * `length` random bytes from the system's generator, at most 2^30.
 */
export function random_bytes(length: number): Uint8Array;

/**
 * `length` random bytes as `2 * length` hexadecimal characters.
 */
export function random_hex(length: number): string;

/**
 * SHA-384 of `data`, 48 bytes.
 */
export function sha384(data: Uint8Array): Uint8Array;

/**
 * SHA-384 of `data`, 96 hexadecimal characters.
 */
export function sha384_hex(data: Uint8Array): string;

/**
 * Checks an exported record proof: who wrote which record, and where in its journal.
 *
 * A proof shows that the holder of the author's key committed to this record; it does not show that what the record
 * says is true. Throws `MALFORMED` for bytes that are not a proof and `INVALID_PROOF` for one that does not hold.
 */
export function verify_record_proof(proof: Uint8Array): VerifiedRecord;

/**
 * Opens what `xchacha20poly1305_encrypt` sealed with the same key and `aad`.
 *
 * Throws `DATA_TOO_SHORT` below 40 bytes and `DECRYPT_FAILED` for every other fault, without saying which.
 */
export function xchacha20poly1305_decrypt(data: Uint8Array, key: Uint8Array, aad: Uint8Array): Uint8Array;

/**
 * Seals `data` under a 32-byte key: nonce (24) ‖ ciphertext ‖ tag (16), with a fresh random nonce.
 *
 * `aad` is authenticated and not part of the output; opening needs the same bytes.
 */
export function xchacha20poly1305_encrypt(data: Uint8Array, key: Uint8Array, aad: Uint8Array): Uint8Array;

