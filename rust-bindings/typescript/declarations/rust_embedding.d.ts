/// <reference lib="esnext.disposable" />
/* tslint:disable */
/* eslint-disable */
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
 * Vectors by id, which stay in the module. A vector with a component that is not finite is kept and never found.
 */
export class VectorIndex {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Stores a vector under `id`. An entry of this id is replaced and keeps its place; a full index loses the entry that
     * was inserted first.
     */
    add(id: string, embedding: Vector, metadata?: unknown): void;
    /**
     * Removes all entries.
     */
    clear(): void;
    /**
     * All ids, in the order of insertion.
     */
    getIds(): string[];
    /**
     * The entry of this id, its vector as it is kept.
     */
    get(id: string): IndexEntry | undefined;
    /**
     * Whether there is an entry of this id.
     */
    has(id: string): boolean;
    /**
     * An empty index.
     */
    constructor(options: VectorIndexOptions);
    /**
     * Removes the entry of `id`; whether there was one.
     */
    remove(id: string): boolean;
    /**
     * The entries nearest to `query`, the nearest first; equal ones in the order of insertion.
     */
    search(query: Vector, options?: SearchOptions): IndexHit[];
    /**
     * How many entries there are.
     */
    readonly size: number;
}

/**
 * A payload as a Zstandard frame; `null` below `minBytes` (2048 by default) and where it does not become smaller. A string is
 * compressed as UTF-8, any other value as its JSON text. The module compresses at one strength, about that of level 1, whatever
 * level is asked for.
 */
export function compressPayloadZstd(value: unknown, min_bytes?: number, level?: number): CompressedPayload | null;

/**
 * The cosine of the angle between two vectors, in [-1, 1]; 0 if one of them has no length.
 */
export function cosineSimilarity(a: Vector, b: Vector): number;

/**
 * The cosine of `query` with each of `targets`.
 */
export function cosineSimilarityBatch(query: Vector, targets: readonly Vector[]): number[];

/**
 * As `cosineSimilarity`, but 0 for vectors of different lengths and for empty ones.
 */
export function cosineSimilarityOrZero(a: Vector, b: Vector): number;

/**
 * As `decompressZstd` with its default limit; `null` for what is damaged or greater.
 */
export function decompressPayloadZstd(data: Uint8Array): Uint8Array<ArrayBuffer> | null;

/**
 * What is in Zstandard frames, if it has at most `limit` bytes (64 MiB by default) and a thousand times theirs.
 */
export function decompressZstd(data: Uint8Array, limit?: number): Uint8Array<ArrayBuffer>;

/**
 * The deterministic vector of a text: identity, not meaning. The same in every language.
 */
export function deterministicVector(text: string, options?: DeterministicOptions): Float32Array;

/**
 * The dot product.
 */
export function dot(a: Vector, b: Vector): number;

/**
 * The distance between two points.
 */
export function euclideanDistance(a: Vector, b: Vector): number;

/**
 * The hash vector of a text, as `createHashEmbeddingProvider` makes it: identity, not meaning.
 */
export function hashVector(text: string, dimension?: number): Float64Array;

/**
 * The vector scaled to unit length; one without a length stays what it is.
 */
export function normalize(vector: Vector): Float64Array;

/**
 * The numbers of a stored vector: `f32` or `f64`, little-endian, or a JSON list.
 */
export function readVectorBlob(blob: Uint8Array, form: 'f32' | 'f64' | 'json'): Float64Array;

/**
 * The rows of `matrix`, one after another in it, that are nearest to `query`, the nearest first.
 */
export function topK(query: Vector, matrix: Vector, options?: TopKOptions): RowHit[];

/**
 * `topK` for each of `queries`, which follow one another as the rows do.
 */
export function topKBatch(queries: Vector, dimension: number, matrix: Vector, options?: TopKOptions): RowHit[][];

