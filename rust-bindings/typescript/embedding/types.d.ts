/** Every code an `EmbeddingError` of this package can have. */
export type EmbeddingErrorCode =
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

/** What went wrong: `code` is stable and is what to branch on, `message` is for people and repeats nothing of the input. */
export class EmbeddingError extends Error {
  constructor(code: EmbeddingErrorCode, message: string, options?: ErrorOptions);
  readonly code: EmbeddingErrorCode;
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
