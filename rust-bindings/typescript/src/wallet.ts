/** `ApiKeyWallet`: the wallet of `rust-security/pkg` with promises, handlers of events, and the timer that locks it. */
import * as raw from 'rust-security/pkg';
import type { ApiKeyEntry, ImportReport, NewKey, PasswordKdf, WalletEvent, WalletSettings, WalletState } from 'rust-security/pkg';
import { Handlers } from './handlers.js';

/** Providers that have a name here; any other is taken as `custom:{name}`. */
export type ApiKeyProvider =
  | 'openai' | 'anthropic' | 'ollama' | 'huggingface' | 'google' | 'azure' | 'cohere' | 'replicate' | 'custom'
  | 'mistral' | 'groq' | 'openrouter' | 'nomic' | 'voyage' | 'deepseek' | 'xai' | 'perplexity' | 'together'
  | 'fireworks' | 'github' | 'aws' | 'slack'
  | (string & {});

/** The longest time a timer of the platform can wait. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** What a wallet tells of, and who is told. */
export type WalletEventType = WalletEvent['type'];
export type WalletEventHandler = (event: WalletEvent) => void;

/** API keys in a file that a password opens. Every operation happens whole or not at all. */
export class ApiKeyWallet {
  readonly #wallet: raw.ApiKeyWallet;
  readonly #handlers = new Handlers<WalletEvent>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(wallet = new raw.ApiKeyWallet()) {
    this.#wallet = wallet;
    this.#settle();
  }

  /** Makes a new wallet that `password` opens; it ends unlocked. */
  async initialize(password: string): Promise<void> {
    if (this.getState() !== 'uninitialized') throw new raw.SecurityError('WALLET_EXISTS', 'Wallet is already initialized');
    const kdf = this.#wallet.make_password_kdf();
    await withDerivedKey(password, kdf, (key) => this.#do(() => this.#wallet.initialize_with_derived_key(kdf, key)));
  }

  /** Makes a new wallet that a 32-byte key of yours opens, such as one that a WebCrypto key unseals. */
  async initializeWithHostKey(key: Uint8Array): Promise<void> {
    this.#do(() => this.#wallet.initialize_with_host_key(key));
  }

  /** Takes over the wallet in a file; it ends locked. */
  async load(json: string): Promise<void> {
    this.#do(() => this.#wallet.load(json));
  }

  /** The file: JSON. Works locked and unlocked. */
  export(): string {
    return this.#wallet.export();
  }

  /** Opens the wallet. Nothing when it is open. */
  async unlock(password: string): Promise<void> {
    this.tick(); // or a wallet that is about to lock would count as open
    if (this.isUnlocked()) return;
    const kdf = this.#wallet.password_kdf();
    // Without a password in the file, or with an empty one, the wallet refuses without any work.
    if (!kdf || password === '') return this.#do(() => this.#wallet.unlock(password));
    await withDerivedKey(password, kdf, (key) => this.#do(() => this.#wallet.unlock_with_derived_key(key)));
  }

  /** Opens the wallet with a 32-byte key of yours. */
  async unlockWithHostKey(key: Uint8Array): Promise<void> {
    this.#do(() => this.#wallet.unlock_with_host_key(key));
  }

  /** Lets a 32-byte key of yours open the wallet as well; gives an id to remove it by. */
  addHostKey(label: string, key: Uint8Array): string {
    return this.#do(() => this.#wallet.add_host_key(label, key));
  }

  /** Removes such a key; whether there was one. */
  removeHostKey(id: string): boolean {
    return this.#do(() => this.#wallet.remove_host_key(id));
  }

  /** The keys beside the password that open the wallet. */
  hostKeys(): { id: string; label: string }[] {
    return this.#wallet.host_keys();
  }

  /** Wipes the keys. */
  lock(): void {
    this.#do(() => this.#wallet.lock());
  }

  /** Locks if the time to has come, which the timer does where it is not late; whether it did. */
  tick(): boolean {
    return this.#do(() => this.#wallet.tick());
  }

  /** Changes the password. Entries stay as they are sealed. */
  async changePassword(oldPassword: string, newPassword: string): Promise<void> {
    const oldKdf = this.#wallet.password_kdf();
    if (!oldKdf || oldPassword === '') return this.#do(() => this.#wallet.change_password(oldPassword, newPassword));
    const newKdf = this.#wallet.make_password_kdf();
    await withDerivedKey(oldPassword, oldKdf, (oldKey) => {
      const kept = oldKey.slice(); // the outer copy is wiped before the second derivation is done
      return withDerivedKey(newPassword, newKdf, (newKey) =>
        this.#do(() => this.#wallet.change_password_with_derived_keys(kept, newKdf, newKey)),
      ).finally(() => kept.fill(0));
    });
  }

  /** Adds a key, a string or bytes, and gives its id. */
  async addKey(provider: ApiKeyProvider, apiKey: string | Uint8Array, options: NewKey = {}): Promise<string> {
    return this.#do(() => this.#wallet.add_key(provider, apiKey, options));
  }

  /** Removes a key; false when there is none of this id. */
  removeKey(id: string): boolean {
    return this.#do(() => this.#wallet.remove_key(id));
  }

  /** A key as a string, which nothing can wipe; `null` when it is unknown or expired. */
  getKey(id: string): string | null {
    return this.#do(() => this.#wallet.get_key(id));
  }

  /** Calls `work` with a key's bytes, which are wiped when it is done; `null` when the key is unknown or expired. */
  async withKey<T>(id: string, work: (key: Uint8Array) => T | Promise<T>): Promise<T | null> {
    if (typeof work !== 'function') throw new raw.CryptoError('INVALID_ARGUMENT', 'Invalid argument: work must be a function');
    const key = this.#do(() => this.#wallet.get_key_bytes(id));
    if (!key) return null;
    try {
      return await work(key);
    } finally {
      key.fill(0);
    }
  }

  /** The provider's default key, else its first that is not expired, else `null`. */
  getKeyForProvider(provider: ApiKeyProvider): string | null {
    return this.#do(() => this.#wallet.get_key_for_provider(provider));
  }

  /** The entries without their keys. Works while locked. */
  listKeys(provider?: ApiKeyProvider): ApiKeyEntry[] {
    return this.#wallet.get_state() === 'uninitialized' ? [] : this.#do(() => this.#wallet.list_keys(provider));
  }

  /** Makes a key its provider's default. */
  setDefault(id: string): void {
    this.#do(() => this.#wallet.set_default(id));
  }

  /** Replaces a key under the same id. */
  async rotateKey(id: string, newKey: string | Uint8Array): Promise<void> {
    this.#do(() => this.#wallet.rotate_key(id, newKey));
  }

  /** The settings, a copy. */
  getSettings(): WalletSettings {
    return this.#wallet.get_settings();
  }

  /** Changes the settings that are given. */
  updateSettings(settings: Partial<WalletSettings>): void {
    this.#do(() => this.#wallet.update_settings(settings));
  }

  getState(): WalletState {
    return this.#wallet.get_state();
  }

  isUnlocked(): boolean {
    return this.#wallet.is_unlocked();
  }

  /** Calls `handler` for every event of a type from here on; the result ends that. */
  on(type: WalletEventType, handler: WalletEventHandler): () => void {
    return this.#handlers.on(type, handler);
  }

  off(type: WalletEventType, handler: WalletEventHandler): void {
    this.#handlers.off(type, handler);
  }

  /** Locks, and forgets wallet and handlers. */
  destroy(): void {
    this.#do(() => this.#wallet.destroy());
    this.#handlers.clear();
  }

  /** The wallet of the package, for `ApiKeyRegistry`. */
  get raw(): raw.ApiKeyWallet {
    return this.#wallet;
  }

  #do<T>(work: () => T): T {
    try {
      return work();
    } finally {
      this.#settle();
    }
  }

  /** Tells of what happened, and waits anew for the time to lock. */
  #settle(): void {
    this.#handlers.dispatch(this.#wallet.take_events());
    clearTimeout(this.#timer);
    const deadline = this.#wallet.lock_deadline_ms();
    if (deadline === null) return;
    this.#timer = setTimeout(
      () => this.tick(),
      Math.min(Math.max(deadline - Date.now(), 0), LONGEST_TIMER),
    );
    // A program that has nothing else to do ends.
    (this.#timer as { unref?: () => void }).unref?.();
  }
}

let shared: ApiKeyWallet | undefined;

/** A new wallet. */
export function createApiKeyWallet(): ApiKeyWallet {
  return new ApiKeyWallet();
}

/** The wallet of this process. */
export function getApiKeyWallet(): ApiKeyWallet {
  return (shared ??= new ApiKeyWallet());
}

/**
 * Reads a wallet file of an older program into a new wallet, open, and reports what became of each key. The work is done in a
 * worker; where there is none, it blocks for as long as it takes, which each password-sealed key of the file prolongs. `tell` is
 * called with how many keys are done, and of how many. When `signal` aborts, the worker ends at once, and the promise rejects with the
 * signal's reason.
 */
export async function importLegacyWallet(
  json: string,
  password: string,
  tell?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<{ wallet: ApiKeyWallet; report: ImportReport }> {
  const { wallet, report } = await raw.import_legacy_wallet_async(json, password, tell, signal);
  return { wallet: new ApiKeyWallet(wallet), report };
}

/** Runs `use` with the key of a password, which is made in a worker where there is one, and wiped afterwards. */
async function withDerivedKey<T>(password: string, kdf: PasswordKdf, use: (key: Uint8Array) => T): Promise<T> {
  const key = await raw.derive_wallet_key_async(password, kdf);
  try {
    return use(key);
  } finally {
    key.fill(0);
  }
}
