/**
 * The typed, camelCase way into `rust-crypto/pkg`: hashes, signatures, sealing and keys.
 *
 * ```ts
 * const crypto = await ChrysalisCrypto.create();
 * const pair = crypto.generateKeyPair();
 * crypto.verify(pair.public_key_hex(), 'hello', crypto.sign(pair, 'hello')); // true
 * ```
 */
import type * as wasm from 'rust-crypto/pkg';
import type { Ed25519KeyPair, HashAlgorithm, InitSource } from 'rust-crypto/pkg';
import { nodeFallback } from './crypto-fallback.js';

export type { CryptoErrorCode, Ed25519KeyPair, HashAlgorithm, IncrementalHasher, SecureBuffer } from 'rust-crypto/pkg';

/** Bytes. */
export type Binary = Uint8Array | ArrayBuffer;
/** Bytes, or text that stands for its UTF-8 bytes. */
export type Data = Binary | string;

type Raw = Omit<typeof wasm, 'batch_verify' | 'default' | 'init' | 'initSync'>;

/** The functions and classes of `rust-crypto/pkg`, with `batch_verify` giving booleans. */
export interface CryptoModule extends Raw {
  /** Whether each signature holds; `false` too for a malformed one, and everywhere when the lengths differ. */
  batch_verify(
    publicKeys: readonly Uint8Array[],
    messages: readonly Uint8Array[],
    signatures: readonly Uint8Array[],
  ): boolean[];
}

/** How `initCrypto` finds the module. */
export interface CryptoOptions {
  /** Where the WebAssembly comes from; by default it lies beside the package. */
  source?: InitSource;
  /**
   * What to do where WebAssembly cannot run. By default `initCrypto` rejects. With `'node'` the functions that Node's own
   * cryptography gives bit for bit are there, and every other throws `UNSUPPORTED`.
   */
  fallback?: 'node';
}

let loading: Promise<CryptoModule> | undefined;
let loaded: CryptoModule | undefined;

/** Loads the module once; concurrent and later calls share the result. Rejects with `WASM_UNAVAILABLE`. */
export function initCrypto(options: CryptoOptions = {}): Promise<CryptoModule> {
  loading ??= load(options).then(
    (module) => (loaded = module),
    (error: unknown) => {
      loading = undefined; // so that a later call may try again
      throw error;
    },
  );
  return loading;
}

/** The loaded module. Throws before `initCrypto` has resolved. */
export function getCrypto(): CryptoModule {
  if (!loaded) throw new Error('Crypto module not initialized. Call initCrypto() first.');
  return loaded;
}

async function load({ source, fallback }: CryptoOptions): Promise<CryptoModule> {
  let module;
  try {
    // Not a static import: in Node the package fails while it is imported where WebAssembly cannot run.
    module = await import('rust-crypto/pkg');
    await module.init(source);
  } catch (error) {
    if (fallback !== 'node') throw error;
    return nodeFallback();
  }
  const { batch_verify, default: _init, init: _named, initSync: _sync, ...rest } = module;
  return {
    ...rest,
    batch_verify: (publicKeys, messages, signatures) => Array.from(batch_verify(publicKeys, messages, signatures), Boolean),
  };
}

/** Everyday cryptography with text or bytes in and hexadecimal out. */
export class ChrysalisCrypto {
  readonly #module: CryptoModule;

  private constructor(module: CryptoModule) {
    this.#module = module;
  }

  /** Ready to use; loads the module if nothing has. */
  static async create(options?: CryptoOptions): Promise<ChrysalisCrypto> {
    return new ChrysalisCrypto(await initCrypto(options));
  }

  /** SHA-384, 96 hexadecimal characters. */
  sha384(data: Data): string {
    return this.#module.sha384_hex(toBytes(data));
  }

  /** BLAKE3, 64 hexadecimal characters. */
  blake3(data: Data): string {
    return this.#module.blake3_hex(toBytes(data));
  }

  /** The digest in hexadecimal. */
  hash(data: Data, algorithm: HashAlgorithm): string {
    return this.#module.hash_hex(toBytes(data), algorithm);
  }

  /** A new random Ed25519 key pair. Free it when done, or declare it with `using`. */
  generateKeyPair(): Ed25519KeyPair {
    return new this.#module.Ed25519KeyPair();
  }

  /** The signature of a message, 128 hexadecimal characters. */
  sign(keyPair: Ed25519KeyPair, message: Data): string {
    if (!(keyPair instanceof this.#module.Ed25519KeyPair)) throw this.#invalid('keyPair must be an Ed25519KeyPair');
    return keyPair.sign_hex(toBytes(message));
  }

  /** Whether the signature is the key's signature of the message. Throws where one of them is not what it should be. */
  verify(publicKeyHex: string, message: Data, signatureHex: string): boolean {
    return this.#module.ed25519_verify_hex(publicKeyHex, toBytes(message), signatureHex);
  }

  /** The fingerprint of an agent, 96 hexadecimal characters. */
  computeAgentFingerprint(agentId: string, name: string, createdAt: string): string {
    return this.#module.compute_agent_fingerprint(agentId, name, createdAt);
  }

  /** The BLAKE3 of `JSON.stringify(state)`. The order of keys counts. */
  computeStateHash(state: object): string {
    let json;
    try {
      json = JSON.stringify(state);
    } catch {
      throw this.#invalid('state must be what JSON can say');
    }
    return this.#module.compute_state_hash(json);
  }

  /** Random bytes of the system's generator. */
  randomBytes(length: number): Uint8Array {
    return this.#module.random_bytes(length);
  }

  /** `length` random bytes in hexadecimal. */
  randomHex(length: number): string {
    return this.#module.random_hex(length);
  }

  /** Whether both are the same bytes, without telling by the time taken where they differ. */
  constantTimeEqual(a: Data, b: Data): boolean {
    return this.#module.constant_time_eq(toBytes(a), toBytes(b));
  }

  /** AES-256-GCM under a 32-byte key: nonce ‖ ciphertext ‖ tag. */
  encrypt(plaintext: Data, key: Binary): Uint8Array {
    return this.#module.aes_gcm_encrypt(toBytes(plaintext), view(key));
  }

  /** Opens what `encrypt` gave. */
  decrypt(encrypted: Binary, key: Binary): Uint8Array {
    return this.#module.aes_gcm_decrypt(view(encrypted), view(key));
  }

  /** `decrypt` as text; bytes that are not UTF-8 become U+FFFD. */
  decryptToString(encrypted: Binary, key: Binary): string {
    return toText(this.decrypt(encrypted, key));
  }

  /** A random key for `encrypt`. */
  generateKey(): Uint8Array {
    return this.#module.generate_aes_key();
  }

  /** Seals under a password in the older format. Blocks for a tenth of a second by design; `encryptWithPasswordAsync` does not. */
  encryptWithPassword(plaintext: Data, password: string): Uint8Array {
    return this.#module.encrypt_with_password(toBytes(plaintext), password);
  }

  /** `encryptWithPassword` in a worker. */
  async encryptWithPasswordAsync(plaintext: Data, password: string): Promise<Uint8Array> {
    return this.#module.encrypt_with_password_async(toBytes(plaintext), password);
  }

  /**
   * Opens what `encryptWithPassword` gave, and envelopes that take a password. Blocks as long as that takes;
   * `decryptWithPasswordAsync` does not.
   */
  decryptWithPassword(encrypted: Binary, password: string, options?: { legacyFallbackN?: boolean }): Uint8Array {
    return this.#module.decrypt_with_password(view(encrypted), password, options);
  }

  /** `decryptWithPassword` in a worker. */
  async decryptWithPasswordAsync(encrypted: Binary, password: string, options?: { legacyFallbackN?: boolean }): Promise<Uint8Array> {
    return this.#module.decrypt_with_password_async(view(encrypted), password, options);
  }

  /** `decryptWithPassword` as text. */
  decryptWithPasswordToString(encrypted: Binary, password: string, options?: { legacyFallbackN?: boolean }): string {
    return toText(this.decryptWithPassword(encrypted, password, options));
  }

  /** `decryptWithPasswordToString` in a worker. */
  async decryptWithPasswordToStringAsync(encrypted: Binary, password: string, options?: { legacyFallbackN?: boolean }): Promise<string> {
    return toText(await this.decryptWithPasswordAsync(encrypted, password, options));
  }

  /** A key of `keyLength` bytes from a password, by scrypt. Blocks for a tenth of a second by design; `deriveKeyAsync` does not. */
  deriveKey(password: Data, salt: Data, keyLength = 32): Uint8Array {
    return this.#module.scrypt_derive_key(toBytes(password), toBytes(salt), keyLength);
  }

  /** `deriveKey` in a worker. */
  async deriveKeyAsync(password: Data, salt: Data, keyLength = 32): Promise<Uint8Array> {
    return this.#module.scrypt_derive_key_async(toBytes(password), toBytes(salt), keyLength);
  }

  /** `length` random bytes as a token in hexadecimal. */
  generateToken(length = 32): string {
    return this.#module.generate_token(length);
  }

  /** `length` random bytes as a token in standard base64. */
  generateTokenBase64(length = 32): string {
    return this.#module.generate_token_base64(length);
  }

  #invalid(problem: string): Error {
    return new this.#module.CryptoError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
  }
}

export default ChrysalisCrypto;

/** The bytes meant by `data`; anything else is passed on, to be refused where its name is known. */
function toBytes(data: Data): Uint8Array {
  return typeof data === 'string' ? new TextEncoder().encode(data) : view(data);
}

function view(data: Binary): Uint8Array {
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
