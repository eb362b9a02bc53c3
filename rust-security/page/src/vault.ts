/**
 * The vault of this browser: an open wallet, and the sealed file it is kept in.
 *
 * Several tabs may have it open. Every change takes a lock that they share, takes over what another tab wrote, and is
 * in storage before it counts; when it cannot be stored it did not happen.
 */
import { createApiKeyWallet, importLegacyWallet, SecurityContext } from 'chrysalis-native/security';
import type { ApiKeyEntry, ApiKeyWallet, ImportReport, WalletSettings } from 'chrysalis-native/security';
import * as storage from './storage.js';
import type { Kept } from './storage.js';

/** The largest file that is read. A vault of a thousand keys has about half a megabyte. */
export const MAX_FILE_BYTES = 32 << 20;

/** A fault of this page's own, with a code as those of the package have. */
export class PageError extends Error {
  constructor(readonly code: 'FILE_TOO_LARGE' | 'FILE_NO_WALLET' | 'VAULT_GONE' | 'KEY_EXPIRED' | 'OTHER_PROVIDER', readonly detail = '') {
    super(code);
  }
}

export interface NewEntry {
  provider: string;
  name?: string;
  expiresAt?: number;
  isDefault: boolean;
}

/** What a key looks like, for people. */
export interface Appearance {
  provider: string;
  isCertain: boolean;
}

/** A wallet of an older program, before it is opened. */
export interface OlderWallet {
  json: string;
  keys: number;
  /** Whether the keys are in clear, so that no password opens it. */
  isClear: boolean;
}

export type VaultState = 'none' | 'locked' | 'open';

export class Vault {
  #wallet: ApiKeyWallet = createApiKeyWallet();
  #kept: Kept | undefined;
  #entries: ApiKeyEntry[] = [];
  #isAsked = false;
  readonly #tabs = new BroadcastChannel('chrysalis-vault');
  readonly #changed: () => void;

  /** The vault that is kept in this browser, locked, if there is one. `changed` is called when anything to be seen did. */
  static async open(changed: () => void): Promise<Vault> {
    const vault = new Vault(changed);
    await vault.#takeOver(await storage.read());
    return vault;
  }

  private constructor(changed: () => void) {
    this.#changed = changed;
    this.#tabs.onmessage = ({ data }: MessageEvent<'stored' | 'lock'>) => {
      if (data === 'lock') this.lockHere();
      else void this.#exclusive(() => this.#refresh()).then(changed, changed);
    };
  }

  get state(): VaultState {
    if (!this.#kept) return 'none';
    return this.#wallet.isUnlocked() ? 'open' : 'locked';
  }

  /** The keys as the file shows them to anyone: without more of a key than its redacted form. */
  get entries(): readonly ApiKeyEntry[] {
    return this.#entries;
  }

  get settings(): WalletSettings {
    return this.#wallet.getSettings();
  }

  /** The sealed file and when it was last changed and downloaded. */
  get kept(): Readonly<Kept> | undefined {
    return this.#kept;
  }

  /** When the vault locks itself if no key is used, in milliseconds since 1970; `null` for never. */
  get deadline(): number | null {
    return this.#wallet.raw.lock_deadline_ms();
  }

  /** Makes a new vault that `password` opens; it ends open. */
  async create(password: string): Promise<void> {
    const wallet = createApiKeyWallet();
    await wallet.initialize(password);
    await this.#begin(wallet);
  }

  /** What a wallet of an older program holds, as far as it says so without a password; refuses any other text. */
  inspectOlder(json: string): OlderWallet {
    const file = parsed(json);
    const { version, keys, entries } = file;
    const list = keys ?? entries;
    const isOlder = Array.isArray(list) && (Array.isArray(keys) ? version === undefined || version === 2 : version === 1);
    if (!isOlder) throw new PageError('FILE_NO_WALLET');
    return { json, keys: list.length, isClear: version === undefined };
  }

  /**
   * Makes a vault of an older wallet, in place of what is kept; it ends open. `tell` learns how far it is. When `signal` aborts, the
   * work ends at once, and what is kept stays.
   */
  async importOlder(
    older: OlderWallet,
    password: string,
    tell: (done: number, total: number) => void,
    signal: AbortSignal,
  ): Promise<ImportReport> {
    const { wallet, report } = await importLegacyWallet(older.json, password, tell, signal);
    await this.#begin(wallet);
    return report;
  }

  async unlock(password: string): Promise<void> {
    await this.#exclusive(() => this.#refresh());
    if (!this.#kept) throw new PageError('VAULT_GONE');
    await this.#wallet.unlock(password);
    this.#isAsked = false;
    this.#changed();
  }

  /** Whether a password opens the vault; else only a key file or a keychain does, which a page has no way to. */
  get hasPassword(): boolean {
    return this.#kept !== undefined && this.#wallet.raw.password_kdf() !== null;
  }

  /** Whether it was not a person who locked the vault last. */
  get lockedItself(): boolean {
    return !this.#isAsked;
  }

  /** Locks this tab, and the others. */
  lock(): void {
    this.lockHere();
    this.#tabs.postMessage('lock');
  }

  /** Locks this tab alone. */
  lockHere(): void {
    this.#isAsked = true;
    this.#wallet.lock();
  }

  /** Locks when the time has come. The wallet's own timer sleeps while the computer does. */
  lockIfIdle(): void {
    if (this.#wallet.raw.tick()) this.#wallet.lock(); // which tells of it
  }

  /** Whether `password` opens the vault as it is now. */
  async verify(password: string): Promise<void> {
    const copy = createApiKeyWallet();
    try {
      await copy.load(this.#wallet.export());
      await copy.unlock(password);
    } finally {
      copy.destroy();
    }
  }

  async add(key: Uint8Array, entry: NewEntry): Promise<void> {
    requireProvider(appearanceOf(key), entry.provider);
    const { provider, ...options } = entry;
    await this.#change((wallet) => wallet.addKey(provider, key, options));
  }

  async rotate(id: string, key: Uint8Array): Promise<void> {
    const provider = this.#entries.find((entry) => entry.id === id)?.provider ?? '';
    requireProvider(appearanceOf(key), provider);
    await this.#change((wallet) => wallet.rotateKey(id, key));
  }

  async remove(id: string): Promise<void> {
    await this.#change(async (wallet) => wallet.removeKey(id));
  }

  async setDefault(id: string): Promise<void> {
    await this.#change(async (wallet) => wallet.setDefault(id));
  }

  async updateSettings(settings: Partial<WalletSettings>): Promise<void> {
    await this.#change(async (wallet) => wallet.updateSettings(settings));
  }

  async changePassword(oldPassword: string, newPassword: string): Promise<void> {
    await this.#change((wallet) => wallet.changePassword(oldPassword, newPassword));
  }

  /**
   * Calls `work` with a key's bytes, which are wiped when it is done. That the key was used is kept in the file.
   *
   * `work` is called before anything is waited for: a browser lets a page use the clipboard only at once after a click.
   */
  async withKey<T>(id: string, work: (key: Uint8Array) => Promise<T>): Promise<T> {
    const result = await this.#wallet.withKey(id, async (key) => ({ value: await work(key) }));
    if (!result) throw new PageError('KEY_EXPIRED');
    await this.#change(async () => undefined, { isBackupDue: false });
    return result.value;
  }

  /** What a file would be: refuses what is no vault, and tells which of the two is the later one if it is this one's. */
  async inspect(json: string): Promise<{ json: string; keys: number; isSame: boolean; isOlder: boolean }> {
    const wallet = createApiKeyWallet();
    await wallet.load(json);
    const keys = wallet.listKeys().length;
    wallet.destroy();
    const identity = (text: string) => JSON.parse(text) as { walletId: string; updatedAt: number };
    const [theirs, ours] = [identity(json), this.#kept && identity(this.#kept.json)];
    const isSame = theirs.walletId === ours?.walletId;
    return { json, keys, isSame, isOlder: isSame && theirs.updatedAt < ours.updatedAt };
  }

  /** Takes over a file that was inspected, in place of what is kept. The vault ends locked. */
  async import(json: string): Promise<void> {
    const now = Date.now();
    const kept = { json, changedAt: now, downloadedAt: now };
    await this.#exclusive(async () => {
      await storage.write(kept);
      await this.#takeOver(kept);
    });
    this.#tabs.postMessage('stored');
    this.#changed();
  }

  /** The sealed file to be downloaded; remembers that it was. */
  async export(): Promise<string> {
    return this.#exclusive(async () => {
      await this.#refresh();
      if (!this.#kept) throw new PageError('VAULT_GONE');
      const kept = { ...this.#kept, downloadedAt: Date.now() };
      await storage.write(kept);
      this.#kept = kept;
      return kept.json;
    }).finally(this.#changed);
  }

  /** Removes the vault from this browser. */
  async forget(): Promise<void> {
    await this.#exclusive(async () => {
      await storage.remove();
      await this.#takeOver(undefined);
    });
    this.#tabs.postMessage('stored');
    this.#changed();
  }

  /** Goes on with a new wallet, which is open, in place of what is kept. */
  async #begin(wallet: ApiKeyWallet): Promise<void> {
    await this.#exclusive(async () => {
      const kept = { json: wallet.export(), changedAt: Date.now(), downloadedAt: null };
      await storage.write(kept);
      this.#isAsked = false;
      this.#use(wallet);
      await this.#keep(kept);
    });
    this.#tabs.postMessage('stored');
    this.#changed();
  }

  async #change(work: (wallet: ApiKeyWallet) => Promise<unknown>, { isBackupDue = true } = {}): Promise<void> {
    await this.#exclusive(async () => {
      await this.#refresh();
      const [wallet, before] = [this.#wallet, this.#kept];
      if (!before) throw new PageError('VAULT_GONE');
      let kept: Kept;
      try {
        await work(wallet);
        kept = { ...before, json: wallet.export(), changedAt: isBackupDue ? Date.now() : before.changedAt };
        await storage.write(kept);
      } catch (error) {
        await this.#adopt(before);
        throw error;
      }
      await this.#keep(kept);
    });
    this.#tabs.postMessage('stored');
    this.#changed();
  }

  /** Takes over what another tab stored. */
  async #refresh(): Promise<void> {
    const kept = await storage.read();
    if (kept?.json === this.#kept?.json) this.#kept = kept;
    else await this.#adopt(kept);
  }

  /** Goes on with a record: open where this vault is open and the record is its own, else locked. */
  async #adopt(kept: Kept | undefined): Promise<void> {
    if (!kept || !this.#wallet.isUnlocked()) return this.#takeOver(kept);
    try {
      this.#wallet.raw.reload(kept.json);
    } catch {
      return this.#takeOver(kept);
    }
    await this.#keep(kept);
  }

  /** Puts a locked wallet of a file, or none, in the place of the present one. */
  async #takeOver(kept: Kept | undefined): Promise<void> {
    const wallet = createApiKeyWallet();
    if (kept) await wallet.load(kept.json);
    this.#use(wallet);
    await this.#keep(kept);
  }

  #use(wallet: ApiKeyWallet): void {
    const before = this.#wallet;
    this.#wallet = wallet;
    before.destroy();
    wallet.on('locked', () => {
      if (wallet === this.#wallet) this.#changed();
    });
  }

  async #keep(kept: Kept | undefined): Promise<void> {
    // An open wallet shows the first characters of keys. A locked copy of it shows what is fit to be seen.
    const locked = createApiKeyWallet();
    if (kept) await locked.load(kept.json);
    this.#entries = locked.listKeys();
    locked.destroy();
    this.#kept = kept;
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    return navigator.locks.request('chrysalis-vault', work) as Promise<T>;
  }
}

/** Whose key it seems to be. Throws for what cannot be one, such as a placeholder. The key stays the caller's to wipe. */
export function appearanceOf(key: Uint8Array): Appearance {
  using context = new SecurityContext();
  context.store_api_key_bytes('candidate', key, { wipe: false });
  const { detectedProvider, confidence } = context.describe_api_key('candidate');
  return { provider: detectedProvider, isCertain: confidence === 'certain' };
}

/** Refuses the key of one provider under the name of another. Names that are no provider's may have any key. */
function requireProvider(appearance: Appearance, provider: string): void {
  const expected = provider.trim().toLowerCase();
  if (!appearance.isCertain || appearance.provider === expected || !PROVIDERS.has(expected)) return;
  throw new PageError('OTHER_PROVIDER', `${appearance.provider}, not of ${expected}`);
}

/** The providers that a wallet knows, and how they write themselves. Others are kept as `custom:{name}`. */
export const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ['anthropic', 'Anthropic'], ['aws', 'AWS'], ['azure', 'Azure'], ['cohere', 'Cohere'], ['deepseek', 'DeepSeek'],
  ['fireworks', 'Fireworks'], ['github', 'GitHub'], ['google', 'Google'], ['groq', 'Groq'],
  ['huggingface', 'Hugging Face'], ['mistral', 'Mistral'], ['nomic', 'Nomic'], ['ollama', 'Ollama'],
  ['openai', 'OpenAI'], ['openrouter', 'OpenRouter'], ['perplexity', 'Perplexity'], ['replicate', 'Replicate'],
  ['slack', 'Slack'], ['together', 'Together'], ['voyage', 'Voyage'], ['xai', 'xAI'],
]);

/** The members of a JSON object; none for any other text. */
function parsed(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
