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
 * A hash function. The numbers are fixed.
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
     * SHA3-256, 32 bytes.
     */
    Sha3_256 = 3,
    /**
     * SHA3-384, 48 bytes.
     */
    Sha3_384 = 4,
    /**
     * SHA3-512, 64 bytes.
     */
    Sha3_512 = 5,
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
 * AES-256-GCM that counts: a key seals at most 2^32 messages, then `seal` throws `KEY_EXHAUSTED`.
 *
 * The count is of this object. Where a key outlives it, keep `sealedMessages` with the key and `resume` with both.
 */
export class Sealer {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * A sealer for a 32-byte key that has sealed nothing yet.
     */
    constructor(key: Uint8Array);
    /**
     * Opens as `aes_gcm_decrypt_aad` does. Not counted.
     */
    open(sealed: Uint8Array, aad: Uint8Array): Uint8Array;
    /**
     * A sealer for a key that has sealed so many messages already.
     */
    static resume(key: Uint8Array, sealed_messages: number): Sealer;
    /**
     * Seals as `aes_gcm_encrypt_aad` does.
     */
    seal(plaintext: Uint8Array, aad: Uint8Array): Uint8Array;
    /**
     * How many messages the key has sealed.
     */
    readonly sealedMessages: number;
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
 * Opens a sealed stream. What `update` returns is authentic so far; that the stream is whole is known when `finish` has
 * returned, and not before.
 */
export class StreamOpener {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The plaintext of the last chunk. Throws `DECRYPT_FAILED` when the stream was cut off.
     */
    finish(): Uint8Array;
    /**
     * Opens under a 32-byte key for the context the stream was sealed for. `keyId` must be the stream's, 1 by default.
     */
    constructor(key: Uint8Array, context: Uint8Array, options?: { keyId?: number });
    /**
     * Takes the next sealed bytes; gives the plaintext of the chunks that are complete, which may be none.
     */
    update(sealed: Uint8Array): Uint8Array;
    /**
     * Opens under a password.
     */
    static with_password(password: string, context: Uint8Array): StreamOpener;
}

/**
 * Seals a stream under a 32-byte key, bound to `context`. What `update` and `finish` return is the sealed stream.
 */
export class StreamSealer {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Seals the last chunk and ends the stream. Every later use but `free` throws.
     */
    finish(): Uint8Array;
    /**
     * Begins a stream. Options as for `seal`.
     */
    constructor(key: Uint8Array, context: Uint8Array, options?: { keyId?: number; suite?: 1 | 2 });
    /**
     * Seals the next bytes; gives the chunks that became full, which may be none.
     */
    update(data: Uint8Array): Uint8Array;
    /**
     * Begins a stream under a password, with a fresh salt. Options as for `argon2id_derive_key`.
     */
    static with_password(password: string, context: Uint8Array, options?: { mKiB?: number; t?: number; p?: number }): StreamSealer;
}

/**
 * Opens what `aes_gcm_encrypt` sealed under the same key.
 *
 * Throws `DATA_TOO_SHORT` below 28 bytes and `DECRYPT_FAILED` for every other fault, without saying which.
 */
export function aes_gcm_decrypt(encrypted: Uint8Array, key: Uint8Array): Uint8Array;

/**
 * Opens what `aes_gcm_encrypt_aad` sealed under the same key with the same associated data.
 */
export function aes_gcm_decrypt_aad(encrypted: Uint8Array, key: Uint8Array, aad: Uint8Array): Uint8Array;

/**
 * AES-256-GCM: nonce (12) ‖ ciphertext ‖ tag (16), with a fresh random nonce. At most 2^32 messages under one key.
 */
export function aes_gcm_encrypt(plaintext: Uint8Array, key: Uint8Array): Uint8Array;

/**
 * `aes_gcm_encrypt` with associated data: authenticated, not part of the output, needed to open.
 */
export function aes_gcm_encrypt_aad(plaintext: Uint8Array, key: Uint8Array, aad: Uint8Array): Uint8Array;

/**
 * Opens what `aes_gcm_siv_encrypt` sealed under the same key with the same associated data.
 */
export function aes_gcm_siv_decrypt(data: Uint8Array, key: Uint8Array, aad: Uint8Array): Uint8Array;

/**
 * AES-256-GCM-SIV (RFC 8452): nonce (12) ‖ ciphertext ‖ tag (16). Even a nonce that is used again reveals only equal messages.
 */
export function aes_gcm_siv_encrypt(data: Uint8Array, key: Uint8Array, aad: Uint8Array): Uint8Array;

/**
 * Argon2id version 1.3 (RFC 9106). Without options: 19456 KiB, 2 passes, 1 lane, 32 bytes.
 *
 * Bounds: `mKiB` 8192 to 1048576, `t` 1 to 16, `p` 1 to 8, `length` 4 to 1024; a salt of at least 8 bytes. Throws
 * `UNSUPPORTED` or `INVALID_ARGUMENT` outside of them, before anything is allocated.
 */
export function argon2id_derive_key(password: Uint8Array, salt: Uint8Array, options?: { mKiB?: number; t?: number; p?: number; length?: number }): Uint8Array;

/**
 * The digests of many messages in lower-case hexadecimal, in their order.
 */
export function batch_hash(messages: Uint8Array[], algorithm: HashAlgorithm): string[];

/**
 * One byte for each signature: 1 where `ed25519_verify` gives `true`, 0 where it gives `false` or throws.
 *
 * Many signatures are checked with one equation, several times as fast as one by one. Arrays of unequal lengths give
 * zeros, as many as the longest has elements.
 */
export function batch_verify(public_keys: readonly Uint8Array[], messages: readonly Uint8Array[], signatures: readonly Uint8Array[]): Uint8Array;

/**
 * A key of 32 bytes derived from key material. `context` is a constant of the application that nothing else uses.
 */
export function blake3_derive_key(context: string, ikm: Uint8Array): Uint8Array;

/**
 * BLAKE3 of `data` without a key, 32 bytes.
 */
export function blake3_hash(data: Uint8Array): Uint8Array;

/**
 * BLAKE3 of `data` without a key, 64 hexadecimal characters.
 */
export function blake3_hex(data: Uint8Array): string;

/**
 * BLAKE3 of `data` under a key of 32 bytes, 32 bytes: a message authentication code.
 */
export function blake3_keyed(key: Uint8Array, data: Uint8Array): Uint8Array;

/**
 * BLAKE3 of `data` with `length` bytes of output, at most 2^30.
 */
export function blake3_xof(data: Uint8Array, length: number): Uint8Array;

/**
 * SHA-384 of `agent_id:name:created_at`, 96 hexadecimal characters. The fields are joined without escaping.
 */
export function compute_agent_fingerprint(agent_id: string, name: string, created_at: string): string;

/**
 * The second form of `compute_agent_fingerprint`: fields are kept apart by their lengths, 96 hexadecimal characters.
 */
export function compute_agent_fingerprint_v2(agent_id: string, name: string, created_at: string): string;

/**
 * BLAKE3 of the text as given, 64 hexadecimal characters. The order of keys counts.
 */
export function compute_state_hash(state_json: string): string;

/**
 * BLAKE3 of the text as canonical JSON (RFC 8785), so that the order of keys and white space do not count.
 *
 * Throws `SERIALIZATION` for a text that is not strict JSON.
 */
export function compute_state_hash_canonical(state_json: string): string;

/**
 * Whether two byte strings are equal; for equal lengths the time does not depend on the contents.
 */
export function constant_time_eq(a: Uint8Array, b: Uint8Array): boolean;

/**
 * Opens what `encrypt_with_password` or `seal_with_password` sealed; a context cannot be given here.
 *
 * With `legacyFallbackN` a record that does not open is tried with N = 2^15 too, which an older system used at times.
 */
export function decrypt_with_password(encrypted: Uint8Array, password: string | Uint8Array, options?: { legacyFallbackN?: boolean }): Uint8Array;

/**
 * What an envelope says of itself before any key: the suite, and the number of its key or that it takes a password.
 */
export function describe_envelope(envelope: Uint8Array): { suite: 1 | 2; keyId: number | null; takesPassword: boolean };

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
 * Seals under a password: salt (32) ‖ nonce (12) ‖ ciphertext ‖ tag (16), the key made by scrypt with N = 2^14.
 *
 * For readers of the older format. New data is sealed by `seal_with_password`.
 * @deprecated
 */
export function encrypt_with_password(plaintext: Uint8Array, password: string | Uint8Array): Uint8Array;

/**
 * A random AES-256 key, 32 bytes.
 */
export function generate_aes_key(): Uint8Array;

/**
 * A random salt for key derivation, 32 bytes.
 */
export function generate_salt(): Uint8Array;

/**
 * A token of `length` random bytes, as `2 * length` hexadecimal characters.
 */
export function generate_token(length: number): string;

/**
 * A token of `length` random bytes in standard base64 with padding.
 */
export function generate_token_base64(length: number): string;

/**
 * A token of `length` random bytes in URL-safe base64 without padding.
 */
export function generate_token_base64url(length: number): string;

/**
 * The digest of `data`.
 */
export function hash(data: Uint8Array, algorithm: HashAlgorithm): Uint8Array;

/**
 * The digest of `data` in lower-case hexadecimal.
 */
export function hash_hex(data: Uint8Array, algorithm: HashAlgorithm): string;

/**
 * HKDF-SHA-256 (RFC 5869) of key material: `length` bytes, at most 8160. An empty salt stands for 32 zero bytes.
 */
export function hkdf_sha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;

/**
 * HMAC-SHA-256 (RFC 2104) under a key of any length, 32 bytes.
 */
export function hmac_sha256(key: Uint8Array, data: Uint8Array): Uint8Array;

/**
 * HMAC-SHA-384 (RFC 2104) under a key of any length, 48 bytes.
 */
export function hmac_sha384(key: Uint8Array, data: Uint8Array): Uint8Array;

/**
 * HMAC-SHA-512 (RFC 2104) under a key of any length, 64 bytes.
 */
export function hmac_sha512(key: Uint8Array, data: Uint8Array): Uint8Array;

/**
 * Opens an envelope under a 32-byte key for the context it was sealed for.
 *
 * Throws `DECRYPT_FAILED` for a wrong key or context and for every change, without saying which.
 */
export function open(envelope: Uint8Array, key: Uint8Array, context: Uint8Array): Uint8Array;

/**
 * Opens what `seal_with_password` sealed for the same context. `needsRewrap` says that its cost is dated, so that it
 * should be sealed anew while the password is at hand.
 */
export function open_with_password(envelope: Uint8Array, password: string | Uint8Array, context: Uint8Array): { plaintext: Uint8Array; needsRewrap: boolean };

/**
 * PBKDF2-HMAC-SHA-256 (RFC 8018): `length` bytes, 1 to 1024. For what must be read; Argon2id is for what is new.
 */
export function pbkdf2_sha256_derive_key(password: Uint8Array, salt: Uint8Array, iterations: number, length: number): Uint8Array;

/**
 * `length` random bytes from the system's generator, at most 2^30.
 */
export function random_bytes(length: number): Uint8Array;

/**
 * `length` random bytes as `2 * length` hexadecimal characters.
 */
export function random_hex(length: number): string;

/**
 * The form of a key for people: a prefix that tells only whose it is, and the last four characters.
 */
export function redact_for_logging(key: string | Uint8Array): string;

/**
 * The text with every API key in it replaced by its redacted form. Time is linear in the text.
 */
export function redact_text(text: string): string;

/**
 * scrypt (RFC 7914) with N = 2^14, r = 8, p = 1: `key_length` bytes, 1 to 1024.
 */
export function scrypt_derive_key(password: Uint8Array, salt: Uint8Array, key_length: number): Uint8Array;

/**
 * Seals `plaintext` under a 32-byte key, bound to `context`: what the record is, such as its table and id.
 *
 * Options: the number of the key, 1 by default, and the suite, 1 for XChaCha20-Poly1305 or 2 for XAES-256-GCM.
 */
export function seal(plaintext: Uint8Array, key: Uint8Array, context: Uint8Array, options?: { keyId?: number; suite?: 1 | 2 }): Uint8Array;

/**
 * Seals under a key that Argon2id makes from `password`, with a fresh salt. Options as for `argon2id_derive_key`.
 */
export function seal_with_password(plaintext: Uint8Array, password: string | Uint8Array, context: Uint8Array, options?: { mKiB?: number; t?: number; p?: number }): Uint8Array;

/**
 * SHA-384 of `data`, 48 bytes.
 */
export function sha384(data: Uint8Array): Uint8Array;

/**
 * SHA-384 of `data`, 96 hexadecimal characters.
 */
export function sha384_hex(data: Uint8Array): string;

/**
 * Whose key this is and how sure that is. Unknown shapes are accepted as such, unless `strict`. Nothing is sent anywhere.
 *
 * Throws `ValidationError` for what cannot be a key, and, when `provider` is given, for what is certainly another's.
 */
export function validate_key_format(key: string | Uint8Array, options?: { provider?: string; strict?: boolean }): KeyType;

/**
 * Checks an exported record proof: who wrote which record, and where in its journal.
 *
 * A proof shows that the holder of the author's key committed to this record; it does not show that what the record
 * says is true. Throws `MALFORMED` for bytes that are not a proof and `INVALID_PROOF` for one that does not hold.
 */
export function verify_record_proof(proof: Uint8Array): VerifiedRecord;

/**
 * Which hash of the text `hex` is: `'blake3'`, `'sha256-legacy'` (an older system wrote those), or neither.
 */
export function verify_state_hash(state_json: string, hex: string): 'blake3' | 'sha256-legacy' | null;

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

