// The functions that turn a password into a key, as promises: the work is done in a worker, or by WebCrypto where that can, and
// only where there is neither it is done here and blocks. Bytes and errors are those of the functions themselves.
import { CryptoError } from 'error';
import { ApiKeyWallet, SecurityContext } from 'glue';
import * as glue from 'glue';
import { ask, askWith } from './worker.js';

/** `derive_wallet_key`. */
export async function derive_wallet_key_async(password, kdf) {
  return deriveWalletKey(password, kdf);
}

/** `derive_record_key`. */
export async function derive_record_key_async(password, salt) {
  return (await ask('derive_record_key', password, salt)) ?? glue.derive_record_key(password, salt);
}

/** `decrypt_record_with_password`. */
export async function decrypt_record_with_password_async(json, password) {
  const key = await keyByWebCrypto(json, password);
  if (key) return withKey(key, () => glue.decrypt_record(json, key));
  return (await ask('decrypt_record_with_password', json, password)) ?? glue.decrypt_record_with_password(json, password);
}

/** `import_legacy_wallet`. */
export async function import_legacy_wallet_async(json, password, tell, signal) {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new CryptoError('INVALID_ARGUMENT', 'Invalid argument: signal must be an AbortSignal');
  }
  const telling = ({ done, total }) => tell?.(done, total);
  const imported = await askWith({ tell: telling, signal }, 'import_legacy_wallet', json, password);
  if (!imported) return glue.import_legacy_wallet(json, password, tell);
  const wallet = new ApiKeyWallet();
  try {
    wallet.load(imported.file);
    const key = await deriveWalletKey(password, wallet.password_kdf(), signal);
    withKey(key, () => wallet.unlock_with_derived_key(key));
  } catch (error) {
    wallet.free();
    throw error;
  }
  return { wallet, report: imported.report };
}

/** What classes get beside their own: `SecurityContext.import_state_async`. */
export const STATIC = {
  async import_state_async(bytes, password) {
    const state = bytes instanceof Uint8Array ? bytes.slice() : bytes; // as it is at the call
    const key = await derive_wallet_key_async(password, SecurityContext.state_kdf(state));
    return withKey(key, () => SecurityContext.import_state_with_derived_key(state, key));
  },
};

/** What contexts get beside their own. */
export const METHODS = {
  async export_state_async(password) {
    if (this.isLocked) return this.export_state(password); // which says so
    const kdf = this.make_password_kdf();
    const key = await derive_wallet_key_async(password, kdf);
    return withKey(key, () => this.export_state_with_derived_key(kdf, key));
  },

  async set_password_async(password) {
    if (this.isLocked) return this.set_password(password);
    const kdf = this.make_password_kdf();
    const key = await derive_wallet_key_async(password, kdf);
    withKey(key, () => this.set_password_with_derived_key(kdf, key));
  },

  async unlock_async(password) {
    const kdf = this.password_kdf();
    // Nothing to do, or nothing that could open it: without any work, and with the refusal on record.
    if (!kdf || typeof password !== 'string' || password === '') return this.unlock(password);
    const key = await derive_wallet_key_async(password, kdf);
    withKey(key, () => this.unlock_with_derived_key(key));
  },

  async decrypt_legacy_async(format, data, secret) {
    const key = format === 'F5' && (await keyByWebCrypto(data, secret));
    if (key) return withKey(key, () => glue.decrypt_record(data, key));
    // Its secret is a key.
    if (format === 'F1') return this.decrypt_legacy(format, data, secret);
    return (await ask('decrypt_legacy', format, data, secret)) ?? this.decrypt_legacy(format, data, secret);
  },
};

async function deriveWalletKey(password, kdf, signal) {
  // What is wrong with the arguments is said at once, by the code that always says it.
  if (typeof password !== 'string' || password === '') return glue.derive_wallet_key(password, kdf);
  return (await askWith({ signal }, 'derive_wallet_key', password, kdf)) ?? glue.derive_wallet_key(password, kdf);
}

/** The key of a record of the browser's older program; nothing where WebCrypto is not there, or the record is of another kind. */
async function keyByWebCrypto(json, password) {
  const subtle = globalThis.crypto?.subtle;
  try {
    const { algorithm, keyDerivation, iterations, salt } = JSON.parse(json);
    const isItsKind = algorithm === 'AES-GCM' && keyDerivation === 'PBKDF2' && iterations >= 100_000 && iterations <= 10_000_000;
    if (!subtle || !isItsKind || typeof password !== 'string') return undefined;
    const bytes = Uint8Array.from(atob(salt), (character) => character.charCodeAt(0));
    const secret = new TextEncoder().encode(password);
    const imported = await subtle.importKey('raw', secret, 'PBKDF2', false, ['deriveBits']).finally(() => secret.fill(0));
    return new Uint8Array(await subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: bytes, iterations }, imported, 256));
  } catch {
    // What is wrong with it is said by the package, which reads records strictly.
    return undefined;
  }
}

/** Runs `work`, and wipes the key. */
function withKey(key, work) {
  try {
    return work();
  } finally {
    key.fill(0);
  }
}
