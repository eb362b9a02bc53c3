/** Every code an `EmbeddingError` of this package can have. */
export type EmbeddingErrorCode =
  | 'embedding/invalid-config'
  | 'embedding/missing-key'
  | 'embedding/no-provider'
  | 'embedding/authentication'
  | 'embedding/rate-limit'
  | 'embedding/quota'
  | 'embedding/timeout'
  | 'embedding/network'
  | 'embedding/provider'
  | 'embedding/dimension-mismatch'
  | 'embedding/space-mismatch'
  | 'embedding/not-finite'
  | 'embedding/empty-text'
  | 'embedding/text-too-long'
  | 'embedding/text-too-large'
  | 'embedding/overloaded'
  | 'embedding/queue-timeout'
  | 'embedding/deadline-exceeded'
  | 'embedding/closed'
  | 'embedding/malformed'
  | 'embedding/crypto'
  | 'MODEL_FILE_MISSING'
  | 'MODEL_FILE_UNREADABLE'
  | 'MODEL_FILE_TOO_LARGE'
  | 'MODEL_FILE_MALFORMED'
  | 'MODEL_UNSUPPORTED'
  | 'MODEL_TENSOR'
  | 'MODEL_FILE_DIGEST'
  | 'MODEL_FILE_UNKNOWN'
  | 'TEXT_TOO_LONG'
  | 'MODEL_NOT_FINITE'
  | 'WORKER_UNAVAILABLE'
  | 'similarity/dimension-mismatch'
  | 'similarity/embedding-dimension'
  | 'similarity/query-dimension'
  | 'similarity/ragged-matrix'
  | 'similarity/dimension-out-of-range'
  | 'similarity/no-capacity'
  | 'similarity/invalid-blob'
  | 'compress/malformed'
  | 'compress/limit-exceeded'
  | 'compress/out-of-memory'
  | 'INVALID_ARGUMENT'
  | 'WASM_UNAVAILABLE';

/** The kinds of failure that callers handle differently. */
export type ErrorClass = 'authentication' | 'rate-limit' | 'quota' | 'timeout' | 'network' | 'provider';

/**
 * What went wrong: `code` is stable and is what to branch on, `message` is for people. Neither repeats a text, a key or a byte of an
 * answer. Properties that do not apply are absent.
 */
export class EmbeddingError extends Error {
  constructor(code: EmbeddingErrorCode, message: string, options?: ErrorOptions);
  readonly code: EmbeddingErrorCode;
  /** Which text of several, from 0. */
  readonly index?: number;
  /** Which file of a model. */
  readonly file?: ModelFileName;
  readonly errorClass?: ErrorClass;
  readonly provider?: string;
  readonly model?: string;
  /** The status of HTTP. */
  readonly status?: number;
  /** The provider's own code. */
  readonly providerCode?: string;
  /** The provider's name for the request. */
  readonly requestId?: string;
  /** Seconds that the provider asked to wait. */
  readonly retryAfter?: number;
  /** Requests sent. */
  readonly attempts?: number;
}

/** A file of a model, by its name in the model directory. */
export type ModelFileName =
  | 'config.json'
  | 'model.safetensors'
  | 'tokenizer.json'
  | 'vocab.txt'
  | 'tokenizer_config.json'
  | 'modules.json'
  | '1_Pooling/config.json'
  | 'sentence_bert_config.json';

/** What is known of a file beforehand. */
export interface ModelFileDigest {
  /** SHA-256, 64 hexadecimal digits in lower case. */
  sha256: string;
  /** Bytes; more are not read. */
  size?: number;
}

/** A file of a model: from a url, where it must have its SHA-256, or as data. In Node a url may be one of a file. */
export type ModelFile =
  | ({ url: string | URL } & ModelFileDigest)
  | ({ data: Uint8Array | ArrayBuffer | Blob } & Partial<ModelFileDigest>);

/** The files of a model. `config.json`, `model.safetensors` and one of `tokenizer.json` and `vocab.txt` are needed. */
export type ModelSource = { readonly [Name in ModelFileName]?: ModelFile };

/** The files of all-MiniLM-L6-v2 (Apache-2.0, by the sentence-transformers project), 91 MB. */
export const ALL_MINILM_L6_V2: { readonly [Name in ModelFileName]?: Readonly<ModelFileDigest> };

/** The source of a model whose files lie below `base`, by default those of all-MiniLM-L6-v2. In Node `base` may be a directory. */
export function modelAt(
  base: string | URL,
  files?: { readonly [Name in ModelFileName]?: Readonly<ModelFileDigest> },
): ModelSource;

/** How far loading is. */
export interface LoadProgress {
  file: ModelFileName;
  /** Bytes of all files so far. */
  loaded: number;
  /** Bytes of all files, if the source says how long each is. */
  total: number | undefined;
  /** Whether the file comes from the browser's storage. */
  isKept: boolean;
}

export interface LoadOptions {
  /** `int8-canonical` (the default) has the same bits everywhere; `f32` is slower, for comparison, and a space of its own. */
  precision?: 'int8-canonical' | 'f32';
  /** Whether of a text over the limit the beginning is encoded, instead of refusing it. */
  truncates?: boolean;
  /** Gives up; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Called for every piece that was read. */
  progress?: (progress: LoadProgress) => void;
  /** Whether files are kept in the browser's cache storage, by their digests. By default they are, where there is one. */
  cache?: boolean;
}

/** Where vectors lie: only those of one space are compared. */
export interface EmbeddingSpace {
  /** The digest of all else, in hexadecimal digits. */
  id: string;
  provider: string;
  model: string;
  /** SHA-256 of the weights. */
  weights: string | undefined;
  dimensions: number;
  engine: string;
  preprocessing: string;
  normalisation: 'as-given' | 'unit';
}

/** A matrix: row after row. */
export interface FlatVectors {
  data: Float32Array;
  dimensions: number;
}

/** A BERT encoder in this thread, which it keeps busy while it works: about 10 ms for a sentence. See `createWorkerModel`. */
export class LocalModel {
  private constructor();
  /**
   * Loads a model. Nothing is fetched but the urls of the source, and nothing is accepted whose SHA-256 is another. Weights are
   * taken in as they arrive: of the 91 MB of all-MiniLM-L6-v2 the module keeps 23, and no copy is made beside.
   *
   * @throws EmbeddingError which names the `file`: `MODEL_FILE_DIGEST`, `MODEL_FILE_UNREADABLE`, `MODEL_FILE_MALFORMED`, …
   */
  static load(source: ModelSource, options?: LoadOptions & { fetch?: typeof fetch }): Promise<LocalModel>;
  /** The vector of a text. `TEXT_TOO_LONG` if it has more than `maxTokens`. */
  encode(text: string): Float32Array;
  /** The vector of a text, how many tokens went into it, and whether there were more. */
  encodeDetailed(text: string): { vector: Float32Array; tokens: number; truncated: boolean };
  /** The vectors of texts: views of one matrix. */
  encodeBatch(texts: readonly string[]): Float32Array[];
  encodeBatchFlat(texts: readonly string[]): FlatVectors;
  /** How many tokens a text has, whatever the limit. */
  countTokens(text: string): number;
  /** Numbers of a vector. */
  readonly dimensions: number;
  /** The most tokens of a text, the two that mark its ends counted in. */
  readonly maxTokens: number;
  readonly space: EmbeddingSpace;
  /** The canonical bytes of the space, of which its id is the SHA-256. */
  readonly spaceBytes: Uint8Array;
  free(): void;
  [Symbol.dispose](): void;
}

/** A `Worker` of a page's, or of Node's `worker_threads`. */
export interface ModelWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  terminate(): unknown;
}

export interface WorkerOptions extends LoadOptions {
  /** Starts the worker, where the package's own `rust_embedding_worker.js` is not beside it. */
  worker?: () => ModelWorker;
  /** Whether array buffers of the source are moved to the worker instead of copied. */
  transfer?: boolean;
}

/** A model in a worker. What is under way keeps a program of Node's from ending, the worker alone does not. */
export class WorkerModel {
  private constructor();
  encode(text: string, options?: { signal?: AbortSignal }): Promise<Float32Array>;
  encodeBatch(texts: readonly string[], options?: { signal?: AbortSignal }): Promise<Float32Array[]>;
  encodeBatchFlat(texts: readonly string[], options?: { signal?: AbortSignal }): Promise<FlatVectors>;
  countTokens(text: string): Promise<number>;
  readonly dimensions: number;
  readonly maxTokens: number;
  readonly space: EmbeddingSpace;
  readonly spaceBytes: Uint8Array;
  /** Ends the worker; what is asked of it is rejected with `embedding/closed`. */
  close(): void;
  [Symbol.dispose](): void;
}

/** Loads a model, as `LocalModel.load` does, in a worker of its own: fetching, checking and encoding leave this thread alone. */
export function createWorkerModel(source: ModelSource, options?: WorkerOptions): Promise<WorkerModel>;

/** What every provider may be told. Times are in seconds. */
export interface ProviderLimits {
  /** Requests under way at a time, by default 32. */
  maxInFlight?: number;
  /** For one answer, by default 60. */
  timeout?: number;
  /** For all answers and the delays between them, by default 600. */
  overallTimeout?: number;
  /** Repetitions, by default 2. */
  maxRetries?: number;
  /** Before the first repetition, by default 0.5. */
  initialBackoff?: number;
  /** At most, by default 8. */
  maxBackoff?: number;
  /** That a server may ask for, by default 60. */
  maxRetryAfter?: number;
  requestsPerMinute?: number;
  tokensPerMinute?: number;
  /** Network failures and timeouts in a row that open the circuit, by default 10; 0 never. */
  circuitOpenAfter?: number;
  /** By default 30. */
  circuitOpenFor?: number;
}

/** OpenAI and what speaks as it does. */
export interface OpenAiConfig extends ProviderLimits {
  provider: 'openai';
  apiKey?: string;
  /** By default `https://api.openai.com/v1`. */
  baseUrl?: string;
  model?: string;
  dimensions?: number;
  /** Another name in telemetry and spaces, for a server with models of its own. */
  name?: string;
  organization?: string;
  project?: string;
  /** By default `base64`. */
  encodingFormat?: 'base64' | 'float' | 'unset';
  textsPerRequest?: number;
  /** US dollars. */
  pricePer1kTokens?: number;
}

export interface NomicConfig extends ProviderLimits {
  provider: 'nomic';
  apiKey?: string;
  baseUrl?: string;
  model?: string;
  dimensions?: number;
  apiStyle?: 'auto' | 'atlas' | 'openai' | 'legacy';
  task?: 'search' | 'classification' | 'clustering';
}

export interface VoyageConfig extends ProviderLimits {
  provider: 'voyage';
  apiKey?: string;
  baseUrl?: string;
  model?: string;
  /** Whether documents and queries are told apart. */
  usesInputType?: boolean;
  pricePer1kTokens?: number;
}

export interface OllamaConfig extends ProviderLimits {
  provider: 'ollama';
  baseUrl?: string;
  model?: string;
  task?: 'search' | 'classification' | 'clustering';
  api?: 'auto' | 'many' | 'one';
}

export interface HuggingFaceConfig extends ProviderLimits {
  provider: 'huggingface';
  apiKey?: string;
  baseUrl?: string;
  model?: string;
}

/** Vectors of identity, not meaning: needs no network and no key. */
export interface DeterministicConfig extends ProviderLimits {
  provider: 'deterministic';
  /** By default 1024. */
  dimensions?: number;
}

/** A model in this thread or in a worker. The service does not own it. */
export interface LocalConfig extends ProviderLimits {
  provider: 'local';
  model: LocalModel | WorkerModel;
}

/** A function of the caller's. */
export interface CustomConfig extends ProviderLimits {
  provider: 'custom';
  /** The name in telemetry and spaces, by default `custom`. */
  name?: string;
  /** By default `default`. */
  model?: string;
  dimensions: number;
  /** Whatever is done to texts, as part of the space. */
  preprocessing?: string;
  /** By default 256. */
  textsPerRequest?: number;
  /** One vector per text, in order. An error with an `index` refuses that text alone. */
  embed: (texts: string[], options: { form: 'document' | 'query'; signal: AbortSignal }) =>
    | Promise<readonly Vector[]>
    | readonly Vector[];
}

export type ProviderConfig =
  | OpenAiConfig
  | NomicConfig
  | VoyageConfig
  | OllamaConfig
  | HuggingFaceConfig
  | DeterministicConfig
  | LocalConfig
  | CustomConfig;

/** A service. */
export interface ServiceConfig {
  /** The first is asked first. */
  providers: readonly ProviderConfig[];
  /**
   * Where a text goes whose provider failed: to providers of the same space (`compatible`, the default), to any, or nowhere. What
   * another provider than the first made is marked `isFallback`.
   */
  fallback?: 'compatible' | 'any' | 'none';
  /** By what failures are classified: `status` (the default), or as the replaced service did it. */
  errorClassification?: 'status' | 'text';
  /** Whether texts are trimmed and their white space is collapsed before anything else. */
  normalizesText?: boolean;
  /** Whether vectors of another length than the space are taken. */
  takesAnyLength?: boolean;
  maxWaitingTexts?: number;
  maxWaitingBytes?: number;
  maxTextBytes?: number;
  /** Keeps vectors in memory: by default 64 MiB, 100,000 vectors, 30 days (`maxAge` is in seconds). */
  memoryCache?: { maxBytes?: number; maxEntries?: number; maxAge?: number };
}

/** A request that has ended. */
export interface RequestEvent {
  provider: string;
  model: string;
  texts: number;
  /** How often it had been sent before. */
  retry: number;
  ms: number;
  end: ErrorClass | 'success';
  /** Tokens that the provider reports. */
  tokens: number | null;
}

export interface ServiceOptions {
  /** Where absent keys and addresses may be, such as `process.env`: `OPENAI_API_KEY` and the like. Nothing is looked up otherwise. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** Told of every request that has ended. What it throws is passed over. */
  onRequest?: (event: RequestEvent) => void;
  /** Instead of the global one. */
  fetch?: typeof fetch;
}

export interface EmbedOptions {
  /** Gives up what nobody else waits for; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** What texts are for, by default `document`. */
  form?: 'document' | 'query';
  /** Seconds that the caller waits. */
  deadline?: number;
}

/** What became of a text. */
export type Outcome = {
  /** Where the vector comes from: a request made for it, one that an equal text had made, the cache, or nowhere. */
  source: 'request' | 'shared' | 'cache' | 'none';
  provider: string | null;
  model: string | null;
  /** Requests sent with it. */
  attempts: number;
  queueMs: number;
  /** Waiting for providers, connecting included: `fetch` does not tell it apart. */
  providerMs: number;
  retryMs: number;
} & (
  | { vector: Float32Array; spaceId: string; isFallback: boolean; error?: undefined }
  | { error: EmbeddingError; vector?: undefined }
);

export interface ProviderInfo {
  provider: string;
  model: string;
  /** Once it is known. */
  dimensions: number | null;
  circuit: 'closed' | 'open' | 'half-open';
  inFlight: number;
  /** US dollars. */
  pricePer1kTokens: number;
}

/** A distribution of times. */
export interface TimeSketch {
  count: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
}

/** What was counted at a provider. */
export interface ProviderTelemetry {
  provider: string;
  model: string;
  /** Texts by how they ended. */
  ends: Readonly<Record<string, number>>;
  /** Requests by how they ended. */
  requests: Readonly<Record<string, number>>;
  attempts: number;
  retries: number;
  abandoned: number;
  textsSent: number;
  splits: number;
  fallbacks: number;
  mismatches: number;
  paused: number;
  tokensCounted: number;
  tokensReported: number;
  /** US dollars. */
  cost: number;
  bytesSent: number;
  bytesReceived: number;
  queueTime: TimeSketch;
  providerTime: TimeSketch;
  retryMs: number;
  totalTime: TimeSketch;
}

/** Everything that a service counted. */
export interface Telemetry {
  providers: ProviderTelemetry[];
  cacheHits: number;
  cacheMisses: number;
  coalesced: number;
  cancelled: number;
  expired: number;
  overloaded: number;
  late: number;
}

/**
 * Texts to vectors over one or more providers: as few requests as possible, repeated when it helps, equal texts sent once, vectors
 * kept. It is the state machine of the Rust crate on this host's `fetch` and timers.
 */
export class EmbeddingService {
  private constructor();
  static create(config: ServiceConfig, options?: ServiceOptions): Promise<EmbeddingService>;
  /** The vector of a text. */
  embed(text: string, options?: EmbedOptions): Promise<Float32Array>;
  /** The vector of a text to find others by. */
  embedQuery(text: string, options?: EmbedOptions): Promise<Float32Array>;
  /** The vectors of texts, in their order. Rejected with the first text's error, which has its `index`. */
  embedBatch(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]>;
  embedBatchFlat(texts: readonly string[], options?: EmbedOptions): Promise<FlatVectors>;
  /** What became of each text, in their order: one that has no vector keeps no other from having one. */
  embedBatchDetailed(texts: readonly string[], options?: EmbedOptions): Promise<Outcome[]>;
  /** US dollars by the rule of the replaced service, at the first provider's price: words × 1.3 tokens. */
  estimateCost(text: string): number;
  /** The providers in order and how they are. */
  providers(): ProviderInfo[];
  telemetry(): Telemetry;
  /** The telemetry in the text format of Prometheus. */
  toPrometheus(): string;
  /** What is under way. */
  load(): { calls: number; texts: number; requests: number };
  /** What the cache did and holds; `null` without one. */
  cacheStats(): {
    entries: number;
    bytes: number;
    hits: number;
    misses: number;
    evictions: number;
    expired: number;
  } | null;
  clearCache(): void;
  /** Ends everything: what is under way is rejected with `embedding/closed`, and no more is taken. */
  close(): void;
  /** `close`, and lets go of the memory. */
  free(): void;
  [Symbol.dispose](): void;
}

/** Numbers. A `Float32Array` is taken as it is; ranking rounds others to it. */
export type Vector = Float32Array | Float64Array | readonly number[];

/** More is nearer for `cosine` and `dot`, less for `euclidean`. */
export type Metric = 'cosine' | 'dot' | 'euclidean';

/** A row of a matrix, from 0. */
export interface RowHit {
  row: number;
  score: number;
}

export interface TopKOptions {
  /** How many rows at most, by default 10. */
  k?: number;
  /** By default `cosine`. */
  metric?: Metric;
  /** The least score that counts; for `euclidean` the greatest distance. */
  threshold?: number;
  /** Which rows count. */
  filter?: (row: number) => boolean;
}

export interface VectorIndexOptions {
  dimension: number;
  /** By default 10,000. */
  maxEntries?: number;
  /** By default `cosine`. */
  metric?: Metric;
  /**
   * How vectors are kept. `f32` (the default) is exact, `f16` exact for the rounded vectors, `int8` takes one byte for each
   * number and scores the rounded ones, `binary` guesses which entries to score exactly.
   */
  form?: 'f32' | 'f16' | 'int8' | 'binary';
}

export interface SearchOptions {
  /** How many entries at most, by default 10; none for 0 or less. */
  limit?: number;
  /** The least score that counts, by default 0; for `euclidean` the greatest distance, by default none. */
  threshold?: number;
  /** Which entries count. Called for every entry. */
  filter?: (id: string, metadata: unknown) => boolean;
}

export interface IndexHit {
  id: string;
  score: number;
  metadata: unknown;
}

export interface IndexEntry {
  id: string;
  embedding: Float32Array;
  metadata: unknown;
}

export interface DeterministicOptions {
  /** By default 1024. */
  dimension?: number;
  /** In which order the norm is summed, by default `avx512`. */
  reduction?: 'avx512' | 'avx2';
}

/** Makes hash vectors: identity, not meaning. */
export interface HashEmbeddingProvider {
  readonly dimension: number;
  embed(text: string): Promise<number[]>;
  embedBatch(texts: readonly string[]): Promise<number[][]>;
}

/** A provider of hash vectors of `dimension` numbers, by default 384. */
export function createHashEmbeddingProvider(dimension?: number): HashEmbeddingProvider;

/** A payload that became smaller. */
export interface CompressedPayload {
  data: Uint8Array<ArrayBuffer>;
  originalBytes: number;
  compressedBytes: number;
  /** `compressedBytes / originalBytes` */
  compressionRatio: number;
  encoding: 'zstd';
}
