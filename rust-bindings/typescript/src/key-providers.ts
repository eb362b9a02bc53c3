/** Where a program's keys come from: its environment, a wallet, or one after the other. */
import type { ApiKeyWallet } from './wallet.js';

export type KeySource = 'wallet' | 'env' | 'vault' | 'config' | 'none';

export interface KeyResult {
  key: string | null;
  source: KeySource;
  found: boolean;
}

export interface KeyProvider {
  getKey(provider: string): Promise<KeyResult>;
  hasKey(provider: string): Promise<boolean>;
  /** Whether each provider that is known here has a key. */
  getProviderStatus(): Promise<Record<string, boolean>>;
  isReady(): boolean;
  /** Calls `handler` with the provider when a key of it has changed; the result ends that. */
  onKeyChange?(handler: (provider: string) => void): () => void;
}

const VARIABLES: Record<string, string> = {
  openai: 'OPENAI_API_KEY',
  anthropic: 'ANTHROPIC_API_KEY',
  ollama: 'OLLAMA_API_KEY',
};

const NOTHING: KeyResult = { key: null, source: 'none', found: false };

/** Keys in `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` and `OLLAMA_API_KEY`. */
export class EnvKeyProvider implements KeyProvider {
  readonly #env: Record<string, string | undefined>;

  constructor(env: Record<string, string | undefined> = globalThis.process?.env ?? {}) {
    this.#env = env;
  }

  async getKey(provider: string): Promise<KeyResult> {
    const name = Object.hasOwn(VARIABLES, provider) ? VARIABLES[provider] : undefined;
    const key = name ? this.#env[name] : undefined;
    return key ? { key, source: 'env', found: true } : NOTHING;
  }

  async hasKey(provider: string): Promise<boolean> {
    return (await this.getKey(provider)).found;
  }

  async getProviderStatus(): Promise<Record<string, boolean>> {
    const providers = Object.keys(VARIABLES);
    return Object.fromEntries(await Promise.all(providers.map(async (name) => [name, await this.hasKey(name)])));
  }

  isReady(): boolean {
    return true;
  }
}

/**
 * Keys in an open wallet. Nothing is remembered here: a key that was removed, rotated or is no longer the default is not given
 * out again.
 */
export class WalletKeyProvider implements KeyProvider {
  readonly #wallet: ApiKeyWallet;

  constructor(wallet: ApiKeyWallet) {
    this.#wallet = wallet;
  }

  async getKey(provider: string): Promise<KeyResult> {
    if (!this.isReady()) return NOTHING;
    const key = this.#wallet.getKeyForProvider(provider);
    return key === null ? NOTHING : { key, source: 'wallet', found: true };
  }

  async hasKey(provider: string): Promise<boolean> {
    const now = Date.now();
    return this.#wallet.listKeys(provider).some(({ expiresAt }) => expiresAt === undefined || expiresAt > now);
  }

  async getProviderStatus(): Promise<Record<string, boolean>> {
    const providers = [...new Set(this.#wallet.listKeys().map((entry) => entry.provider))];
    return Object.fromEntries(await Promise.all(providers.map(async (name) => [name, await this.hasKey(name)])));
  }

  isReady(): boolean {
    // The timer may be late, as after a sleep of the machine.
    this.#wallet.tick();
    return this.#wallet.isUnlocked();
  }

  /**
   * Calls `handler` when a key was added, rotated or removed, with the provider's name as the wallet keeps it, such as
   * `custom:mine`. Another default and the end of a key's time are not told.
   */
  onKeyChange(handler: (provider: string) => void): () => void {
    const ends = (['key:rotated', 'key:added', 'key:removed'] as const).map((type) =>
      this.#wallet.on(type, (event) => {
        if ('provider' in event.data) handler(event.data.provider);
      }),
    );
    return () => ends.forEach((end) => end());
  }
}

/** The first of several providers that is ready and has the key. */
export class ChainKeyProvider implements KeyProvider {
  readonly #providers: readonly KeyProvider[];

  constructor(...providers: KeyProvider[]) {
    this.#providers = providers;
  }

  async getKey(provider: string): Promise<KeyResult> {
    for (const source of this.#providers) {
      const result = source.isReady() ? await source.getKey(provider) : NOTHING;
      if (result.found) return result;
    }
    return NOTHING;
  }

  async hasKey(provider: string): Promise<boolean> {
    return (await this.getKey(provider)).found;
  }

  async getProviderStatus(): Promise<Record<string, boolean>> {
    const all: Record<string, boolean> = {};
    for (const source of this.#providers) {
      for (const [name, has] of Object.entries(await source.getProviderStatus())) all[name] ||= has;
    }
    return all;
  }

  isReady(): boolean {
    return this.#providers.some((source) => source.isReady());
  }
}
