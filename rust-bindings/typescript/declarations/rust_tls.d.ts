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

/** Why a chain is refused. */
export type CertErrorCode =
| 'EmptyChain'
| 'BadDer'
| 'Expired'
| 'NotYetValid'
| 'UnknownIssuer'
| 'BadSignature'
| 'NameMismatch'
| 'CaUsedAsLeaf'
| 'LeafUsedAsCa'
| 'PathLenExceeded'
| 'NameConstraintViolation'
| 'UnknownCriticalExtension'
| 'WrongUsage'
| 'UnsupportedAlgorithm'
| 'WeakKey'
| 'Revoked'
| 'RevocationUnknown'
| 'CrlExpired'
| 'TooComplex';

/** A chain of certificates that is refused. */
export class CertError extends Error {
    constructor(code: CertErrorCode, message: string, options?: ErrorOptions);
    readonly code: CertErrorCode;
    /** Which certificate of the chain, from 0, where that can be told. */
    readonly index?: number;
}

export type SignatureAlgorithm =
| 'ecdsa-p256-sha256'
| 'ecdsa-p256-sha384'
| 'ecdsa-p256-sha512'
| 'ecdsa-p384-sha256'
| 'ecdsa-p384-sha384'
| 'ecdsa-p384-sha512'
| 'ed25519'
| 'rsa-pkcs1-sha256'
| 'rsa-pkcs1-sha384'
| 'rsa-pkcs1-sha512'
| 'rsa-pss-sha256'
| 'rsa-pss-sha384'
| 'rsa-pss-sha512';

/** What a chain is judged by. */
export interface ChainOptions {
    /** The DNS name (in ASCII form) or IP address the leaf must be for. Without it no name is checked. */
    serverName?: string;
    /** The trust anchors in DER; Mozilla's by default. */
    roots?: readonly Uint8Array[];
    /** When; now by default. */
    time?: number | Date;
    usage?: 'server' | 'client';
    /** Revocation lists in DER. */
    crls?: readonly Uint8Array[];
    requireRevocation?: boolean;
    /** The most certificates of a path, at most and by default 8. */
    maxDepth?: number;
    /** The fewest bits of an RSA key, at least and by default 2048. */
    minRsaBits?: number;
    allowedSignatures?: readonly SignatureAlgorithm[];
}

/** What was found of a chain that holds. */
export interface ChainReport {
    serverNameChecked: boolean;
    revocationChecked: boolean;
    /** The places in the chain of the certificates that were used, the leaf first. */
    path: number[];
    /** There, and true, when no name was checked: the chain then proves nothing about whom one talks to. */
    nameUnchecked?: true;
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
 * Whether a chain of certificates in DER, the leaf first, leads to a trust anchor: by default Mozilla's, at the present
 * time, for a server. The order of the others does not matter, and extra ones are ignored.
 *
 * Without `serverName` nothing says whom the chain belongs to; the result then has `nameUnchecked: true`. Throws
 * `CertError`.
 */
export function validateCertChain(chain: readonly Uint8Array[], options?: ChainOptions): ChainReport;

