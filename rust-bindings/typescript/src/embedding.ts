/** Embedding under the names of the replaced code. The work is in `rust-embedding/pkg`. */
import init, { EmbeddingError, EmbeddingService } from 'rust-embedding/pkg';
import { getNativeTokenizerError, initTokenizer } from './tokens.js';
import type { EmbedOptions, FlatVectors, ServiceConfig, ServiceOptions } from 'rust-embedding/pkg';

/** Loads the module, once. */
export async function initEmbedding(): Promise<void> {
  await init();
}

/** A service whose module is loaded on demand. For everything else see `EmbeddingService`, which `service` is. */
export class RustEmbeddingService {
  private constructor(readonly service: EmbeddingService) {}

  static async create(config: ServiceConfig, options?: ServiceOptions): Promise<RustEmbeddingService> {
    await init();
    return new RustEmbeddingService(await EmbeddingService.create(config, options));
  }

  embed(text: string, options?: EmbedOptions): Promise<Float32Array> {
    return this.service.embed(text, options);
  }

  embedBatch(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]> {
    return this.service.embedBatch(texts, options);
  }

  embedBatchFlat(texts: readonly string[], options?: EmbedOptions): Promise<FlatVectors> {
    return this.service.embedBatchFlat(texts, options);
  }

  /**
   * US dollars by the tokens that the first provider's model counts; `null` where it has a price and its tokens are not known. Loads
   * `rust-embedding/pkg/tokens`, once, where there is a price; rejected with what keeps it from being loaded.
   */
  async estimateCostExact(text: string): Promise<number | null> {
    const { model, pricePer1kTokens } = this.service.providers()[0]!;
    if (pricePer1kTokens === 0) return 0;
    const tokens = await initTokenizer();
    if (!tokens) throw getNativeTokenizerError();
    try {
      return (tokens.countTokens(text, model) / 1000) * pricePer1kTokens;
    } catch (error) {
      if (error instanceof tokens.EmbeddingError && error.code === 'tokens/unknown-model') return null;
      throw error;
    }
  }

  close(): void {
    this.service.free();
  }
}

/** What turns texts into vectors of `dimension` numbers. */
export interface EmbeddingProvider {
  readonly dimension: number;
  embed(text: string): Promise<number[]>;
  embedBatch(texts: readonly string[]): Promise<number[][]>;
}

export interface EmbeddingCacheConfig {
  /** Vectors, by default 2000; the one that was used longest ago makes room. */
  embeddingCacheMaxEntries?: number;
  /** By default an hour. */
  embeddingCacheTtlMs?: number;
  /** Whether texts are trimmed and their white space is collapsed first, by default not. */
  normalizeEmbeddingText?: boolean;
  /** Part of the keys, as is `embeddingModelId`; both by default `default`. */
  embeddingProviderId?: string;
  embeddingModelId?: string;
}

/**
 * Keeps the vectors of another provider. Equal texts are asked for once, also when they are under way; what failed, is empty or is not
 * finite is not kept. Vectors are given as copies.
 */
export class CachedEmbeddingProvider implements EmbeddingProvider {
  readonly #inner: EmbeddingProvider;
  readonly #kept: ExpiringMap<number[]>;
  readonly #flights = new Map<string, Promise<number[]>>();
  readonly #normalizes: boolean;
  readonly #prefix: string;

  constructor(inner: EmbeddingProvider, config: EmbeddingCacheConfig = {}) {
    this.#inner = inner;
    this.#kept = new ExpiringMap(config.embeddingCacheMaxEntries ?? 2000, config.embeddingCacheTtlMs ?? 3_600_000);
    this.#normalizes = config.normalizeEmbeddingText ?? false;
    this.#prefix = JSON.stringify([config.embeddingProviderId ?? 'default', config.embeddingModelId ?? 'default']);
  }

  get dimension(): number {
    return this.#inner.dimension;
  }

  async embed(text: string): Promise<number[]> {
    const [wanted] = this.#wanted([text]);
    return this.#find(wanted!, ([only]) => this.#inner.embed(only!).then((vector) => [vector]));
  }

  async embedBatch(texts: readonly string[]): Promise<number[][]> {
    const wanted = this.#wanted(texts);
    const missing = new Map(wanted.filter(({ key }) => !this.#flights.has(key) && !this.#kept.has(key)).map(({ key, text }) => [key, text]));
    const asked = [...missing.keys()];
    // One call for all of them, begun by the first.
    let batch: Promise<number[][]> | undefined;
    const ask = (): Promise<number[][]> => (batch ??= this.#inner.embedBatch([...missing.values()]));
    return Promise.all(wanted.map((each) => this.#find(each, async ([text]) => {
      const place = asked.indexOf(each.key);
      // One that grew too old just now is not in the batch.
      return [place < 0 ? await this.#inner.embed(text!) : (await ask())[place]!];
    })));
  }

  /** Forgets all vectors. */
  clear(): void {
    this.#kept.clear();
  }

  /** How many vectors are kept. */
  get size(): number {
    return this.#kept.size;
  }

  #wanted(texts: readonly string[]): { key: string; text: string }[] {
    return texts.map((given) => {
      const text = this.#normalizes ? given.trim().replace(/\s+/g, ' ') : given;
      return { key: this.#prefix + text, text };
    });
  }

  async #find({ key, text }: { key: string; text: string }, ask: (texts: string[]) => Promise<number[][]>): Promise<number[]> {
    const kept = this.#kept.get(key);
    if (kept) return kept.slice();
    let flight = this.#flights.get(key);
    if (!flight) {
      flight = this.#fly(key, () => ask([text]));
      this.#flights.set(key, flight);
    }
    return (await flight).slice();
  }

  async #fly(key: string, ask: () => Promise<number[][]>): Promise<number[]> {
    try {
      const [vector] = await ask();
      if (!vector) throw new EmbeddingError('embedding/provider', 'the provider gave no vector for a text');
      const copy = Array.from(vector);
      if (copy.length > 0 && copy.every(Number.isFinite)) this.#kept.set(key, copy);
      return copy;
    } finally {
      this.#flights.delete(key);
    }
  }
}

/** Answers to queries, kept for a moment: by default 500 for 5 seconds. */
export class QueryCache<T> {
  readonly #kept: ExpiringMap<T>;

  constructor({ maxEntries = 500, ttlMs = 5000 }: { maxEntries?: number; ttlMs?: number } = {}) {
    this.#kept = new ExpiringMap(maxEntries, ttlMs);
  }

  get(query: string): T | undefined {
    return this.#kept.get(query);
  }

  set(query: string, answer: T): void {
    this.#kept.set(query, answer);
  }

  clear(): void {
    this.#kept.clear();
  }
}

/** A map that forgets what is old, and of what is left over its limit what was used longest ago. */
class ExpiringMap<T> {
  readonly #entries = new Map<string, { value: T; expires: number }>();

  constructor(readonly maxEntries: number, readonly ttlMs: number) {
    if (!(Number.isInteger(maxEntries) && maxEntries >= 0)) throw new RangeError('the number of entries must be an integer of at least 0');
    if (!(ttlMs >= 0)) throw new RangeError('the time to live must be a number of milliseconds');
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expires > Date.now();
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (entry.expires <= Date.now()) return undefined;
    this.#entries.set(key, entry); // now the one used last
    return entry.value;
  }

  set(key: string, value: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, expires: Date.now() + this.ttlMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.maxEntries) return;
      this.#entries.delete(oldest);
    }
  }

  clear(): void {
    this.#entries.clear();
  }
}
