/** The opt-in replacement for the WebAssembly module in Node: the same bytes, or `UNSUPPORTED`. */
import type { CryptoErrorCode } from 'rust-crypto/pkg';
import type { CryptoModule } from './crypto.js';

type NodeCrypto = typeof import('node:crypto');
type Part = Partial<Record<keyof CryptoModule, unknown>>;

/** The package's error class, which could not be loaded. */
class CryptoError extends Error {
  override readonly name = 'CryptoError';

  constructor(
    readonly code: CryptoErrorCode,
    message: string,
  ) {
    super(message);
  }
}

const HashAlgorithm = { Sha256: 0, Sha384: 1, Sha512: 2, Sha3_256: 3, Sha3_384: 4, Sha3_512: 5, Blake3: 6 };

/** What Node's names for the hashes are; it has no BLAKE3, and nothing takes its place. */
const HASHES: Partial<Record<number, string>> = {
  [HashAlgorithm.Sha256]: 'sha256',
  [HashAlgorithm.Sha384]: 'sha384',
  [HashAlgorithm.Sha512]: 'sha512',
  [HashAlgorithm.Sha3_256]: 'sha3-256',
  [HashAlgorithm.Sha3_384]: 'sha3-384',
  [HashAlgorithm.Sha3_512]: 'sha3-512',
};

const MAX_RANDOM = 2 ** 30;
const SCRYPT = { N: 2 ** 14, r: 8, p: 1 };

/** The functions that Node computes bit for bit. Signatures are not among them: Node verifies by another rule. */
export function nodeFallback(): CryptoModule {
  const node = globalThis.process?.getBuiltinModule?.('node:crypto');
  if (!node) throw new CryptoError('WASM_UNAVAILABLE', 'There is no Node to fall back to');
  const known: Part = { CryptoError, HashAlgorithm, ...hashes(node), ...keys(node), ...random(node), ...sealing(node) };
  return new Proxy(known as CryptoModule, {
    get(target, name) {
      if (typeof name === 'symbol' || name === 'then') return undefined;
      const value: unknown = Reflect.get(target, name);
      if (value !== undefined) return value;
      throw new CryptoError('UNSUPPORTED', `Unsupported algorithm: ${name} without WebAssembly`);
    },
  });
}

function hashes(node: NodeCrypto): Part {
  const digest = (data: Uint8Array, algorithm: number) => {
    const name = HASHES[algorithm];
    if (!name) throw new CryptoError('UNSUPPORTED', 'Unsupported algorithm: that hash without WebAssembly');
    return node.createHash(name).update(bytes(data, 'data')).digest();
  };
  const hmac = (name: string) => (key: Uint8Array, data: Uint8Array) =>
    own(node.createHmac(name, bytes(key, 'key')).update(bytes(data, 'data')).digest());
  const fingerprint = (...fields: string[]) => node.createHash('sha384').update(fields.join(':')).digest('hex');
  return {
    hash: (data: Uint8Array, algorithm: number) => own(digest(data, algorithm)),
    hash_hex: (data: Uint8Array, algorithm: number) => digest(data, algorithm).toString('hex'),
    batch_hash: (list: Uint8Array[], algorithm: number) => list.map((data) => digest(data, algorithm).toString('hex')),
    sha384: (data: Uint8Array) => own(digest(data, HashAlgorithm.Sha384)),
    sha384_hex: (data: Uint8Array) => digest(data, HashAlgorithm.Sha384).toString('hex'),
    hmac_sha256: hmac('sha256'),
    hmac_sha384: hmac('sha384'),
    hmac_sha512: hmac('sha512'),
    compute_agent_fingerprint: (id: string, name: string, createdAt: string) =>
      fingerprint(text(id, 'agent_id'), text(name, 'name'), text(createdAt, 'created_at')),
    constant_time_eq: (a: Uint8Array, b: Uint8Array) =>
      bytes(a, 'a').length === bytes(b, 'b').length && node.timingSafeEqual(a, b),
  };
}

function keys(node: NodeCrypto): Part {
  return {
    hkdf_sha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number) {
      if (info.length > 1024) throw new CryptoError('UNSUPPORTED', 'Unsupported algorithm: long info without WebAssembly');
      const size = integer(length, 'length', 0, 8160);
      // Node does not derive nothing.
      if (size === 0) return new Uint8Array();
      return new Uint8Array(node.hkdfSync('sha256', bytes(ikm, 'ikm'), bytes(salt, 'salt'), bytes(info, 'info'), size));
    },
    pbkdf2_sha256_derive_key: (password: Uint8Array, salt: Uint8Array, iterations: number, length: number) =>
      own(
        node.pbkdf2Sync(
          bytes(password, 'password'),
          bytes(salt, 'salt'),
          integer(iterations, 'iterations', 1, 10_000_000),
          integer(length, 'length', 1, 1024),
          'sha256',
        ),
      ),
    scrypt_derive_key: (password: Uint8Array, salt: Uint8Array, length: number) =>
      own(node.scryptSync(bytes(password, 'password'), bytes(salt, 'salt'), scryptLength(length), SCRYPT)),
    async scrypt_derive_key_async(password: Uint8Array, salt: Uint8Array, length: number) {
      const inputs = [new Uint8Array(bytes(password, 'password')), new Uint8Array(bytes(salt, 'salt'))] as const; // as they are at the call
      return new Promise<Uint8Array>((resolve, reject) => {
        node.scrypt(...inputs, scryptLength(length), SCRYPT, (error, key) => (error ? reject(error) : resolve(own(key))));
      }).finally(() => inputs[0].fill(0));
    },
  };
}

function scryptLength(length: number): number {
  const size = integer(length, 'length', 0, 2 ** 32 - 1);
  if (size >= 1 && size <= 1024) return size;
  throw new CryptoError('INVALID_SCRYPT_PARAMS', 'Invalid scrypt params: invalid scrypt parameters');
}

function random(node: NodeCrypto): Part {
  const draw = (length: number) => node.randomBytes(integer(length, 'length', 0, MAX_RANDOM));
  const hex = (length: number) => draw(length).toString('hex');
  return {
    random_bytes: (length: number) => own(draw(length)),
    random_hex: hex,
    generate_token: hex,
    generate_token_base64: (length: number) => draw(length).toString('base64'),
    generate_token_base64url: (length: number) => draw(length).toString('base64url'),
    generate_aes_key: () => own(draw(32)),
    generate_salt: () => own(draw(32)),
  };
}

function sealing(node: NodeCrypto): Part {
  const seal = (plaintext: Uint8Array, key: Uint8Array, aad = new Uint8Array()) => {
    const nonce = node.randomBytes(12);
    const cipher = node.createCipheriv('aes-256-gcm', key32(key), nonce).setAAD(bytes(aad, 'aad'));
    return own(Buffer.concat([nonce, cipher.update(bytes(plaintext, 'plaintext')), cipher.final(), cipher.getAuthTag()]));
  };
  const open = (encrypted: Uint8Array, key: Uint8Array, aad = new Uint8Array()) => {
    if (bytes(encrypted, 'encrypted').length < 28) throw new CryptoError('DATA_TOO_SHORT', 'Encrypted data too short');
    const decipher = node.createDecipheriv('aes-256-gcm', key32(key), encrypted.subarray(0, 12), { authTagLength: 16 });
    decipher.setAAD(bytes(aad, 'aad')).setAuthTag(encrypted.subarray(-16));
    const plaintext = decipher.update(encrypted.subarray(12, -16));
    try {
      decipher.final();
    } catch {
      plaintext.fill(0);
      throw new CryptoError('DECRYPT_FAILED', 'Decryption failed: aead::Error');
    }
    return own(plaintext);
  };
  return {
    aes_gcm_encrypt: (plaintext: Uint8Array, key: Uint8Array) => seal(plaintext, key),
    aes_gcm_decrypt: (encrypted: Uint8Array, key: Uint8Array) => open(encrypted, key),
    aes_gcm_encrypt_aad: seal,
    aes_gcm_decrypt_aad: open,
  };
}

/** The caller's own copy: Node's buffers are views of a pool. */
function own(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer);
}

function bytes(value: Uint8Array, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw invalid(`${name} must be a Uint8Array`);
  return value;
}

function text(value: string, name: string): string {
  if (typeof value !== 'string') throw invalid(`${name} must be a string`);
  return value.toWellFormed();
}

function integer(value: number, name: string, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) throw invalid(`${name} must be an integer of ${least} to ${most}`);
  return value;
}

function key32(key: Uint8Array): Uint8Array {
  if (bytes(key, 'key').length !== 32) {
    throw new CryptoError('INVALID_KEY_LENGTH', `Invalid key length: expected 32, got ${key.length}`);
  }
  return key;
}

function invalid(problem: string): CryptoError {
  return new CryptoError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
}
