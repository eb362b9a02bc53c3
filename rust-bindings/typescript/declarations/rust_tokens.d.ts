/// <reference lib="esnext.disposable" />
/* tslint:disable */
/* eslint-disable */
/** Every code an `EmbeddingError` of this entry can have. */
export type TokenErrorCode =
| 'tokens/unknown-model'
| 'tokens/special-token'
| 'tokens/unknown-special'
| 'tokens/unknown-token'
| 'tokens/invalid-json'
| 'tokens/out-of-range'
| 'INVALID_ARGUMENT'
| 'WASM_UNAVAILABLE';

/** What went wrong: `code` is stable and is what to branch on, `message` is for people and repeats nothing of the input. */
export class EmbeddingError extends Error {
    constructor(code: TokenErrorCode, message: string, options?: ErrorOptions);
    readonly code: TokenErrorCode;
}

export type EncodingName = 'cl100k_base' | 'o200k_base' | 'o200k_harmony';

/** How names of special tokens in a text are treated: by default they are text. */
export interface SpecialOptions {
    /** All of them, or those of these names, are their tokens. */
    allowSpecial?: boolean | readonly string[];
    /** A text that has one is an error. */
    rejectSpecial?: boolean;
}

export interface TokenCount {
    count: number;
    /** Whether the count was estimated, because the model is unknown. */
    approximate: boolean;
    encoding: EncodingName | null;
}

export interface ChunkOptions {
    /** The most tokens of a passage, by default 512. */
    maxTokens?: number;
    /** How many tokens of whole lines the next passage repeats at most, by default 0. */
    overlapTokens?: number;
    /** By default `cl100k_base`. */
    model?: string;
}

/** A passage of a text. */
export interface Chunk {
    text: string;
    /** Where it starts, in UTF-16 units. */
    start: number;
    tokens: number;
    /** The line on which it starts, from 0. */
    startLine: number;
}

/** A message of a conversation; other fields than these are kept as they are. */
export interface ContextMessage {
    role: 'user' | 'assistant' | 'system' | 'tool';
    content?: string | null;
    toolCalls?: readonly { id: string; name?: string; arguments?: unknown }[];
    toolResults?: readonly { callId: string; result?: unknown; size?: number }[];
    toolName?: string;
    result?: unknown;
}

/** What is left of a conversation. */
export interface CompressedContext<Message extends ContextMessage = ContextMessage> {
    messages: Message[];
    totalTokens: number;
    removedCount: number;
    /** What part of the tokens is gone. */
    compressionRatio: number;
    /** Where the messages stood, ascending. */
    selectedIndices: number[];
    /** Whether the preserved messages alone are over the budget. */
    overBudget: boolean;
}

/** Adds a message to a ledger and gives its place. */
export function append(handle: TokenLedger, text: string): number;

/** The tokens of a ledger's messages from `from` up to, not with, `to`. */
export function countRange(handle: TokenLedger, from: number, to: number): number;


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
 * The count of one text that grows at its end, such as a streamed answer.
 */
export class GrowingText {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Appends to it.
     */
    append(text: string): void;
    /**
     * An empty text.
     */
    constructor(model: string);
    /**
     * The tokens of all that was appended.
     */
    readonly count: number;
}

/**
 * The counts of a conversation's messages: what any run of them takes is known at once.
 */
export class TokenLedger {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Adds a message and gives its place.
     */
    append(text: string): number;
    /**
     * The tokens of the messages from `from` up to, not with, `to`.
     */
    countRange(from: number, to: number): number;
    /**
     * Appends to the last message.
     */
    extendLast(text: string): void;
    /**
     * A conversation without messages.
     */
    constructor(model: string);
    /**
     * How many messages there are.
     */
    readonly length: number;
    /**
     * The tokens of all messages.
     */
    readonly total: number;
}

/**
 * A guess without a vocabulary: a quarter of the Unicode characters, rounded up.
 */
export function approximateTokens(text: string): number;

/**
 * Passages of whole lines with at most `maxTokens` tokens each; a line that is too long is cut. `start` is in UTF-16 units.
 */
export function chunkText(text: string, options: ChunkOptions): Chunk[];

/**
 * Chooses what to keep of a conversation so that it has at most `maxTokens` tokens. The last `preserveLastN` messages stay; then system
 * messages, then the newest. Calls of tools and their results stay or go together; one message may be cut.
 */
export function compressContext(messages: readonly ContextMessage[], max_tokens: number, preserve_last_n: number, model?: string): CompressedContext<ContextMessage>;

/**
 * How many tokens a text has, if there are at most `limit`; reads no more of it than it takes to tell.
 */
export function countTillLimit(text: string, limit: number, model: string): number | undefined;

/**
 * How many tokens a text has for a model or an encoding. Special tokens are text unless `options` say otherwise.
 */
export function countTokens(text: string, model: string, options?: SpecialOptions): number;

/**
 * `countTokens` of each text.
 */
export function countTokensBatch(texts: readonly string[], model: string): number[];

/**
 * As `countTokens`; for an unknown model the count is estimated, and says so.
 */
export function countTokensOrEstimate(text: string, model: string): TokenCount;

/**
 * The text of tokens; what is not UTF-8 in it becomes U+FFFD.
 */
export function decode(tokens: Uint32Array | readonly number[], model: string): string;

/**
 * The bytes of tokens.
 */
export function decodeBytes(tokens: Uint32Array | readonly number[], model: string): Uint8Array<ArrayBuffer>;

/**
 * The tokens of a text.
 */
export function encode(text: string, model: string, options?: SpecialOptions): Uint32Array<ArrayBuffer>;

/**
 * The name of the encoding that a model uses; `model` may name an encoding itself. Throws for an unknown one.
 */
export function encodingForModel(model: string): EncodingName;

/**
 * The tokens of a value's compact JSON text.
 */
export function estimateJsonTokens(value: unknown, model: string): number;

/**
 * A text divided after at most `limit` tokens, between whole characters: the head and the rest.
 */
export function splitAtTokens(text: string, limit: number, model: string): [string, string];

/**
 * A text of at most `limit` tokens: itself, or a head of it that ends with `...`, after a sentence or line where one ends late in it.
 */
export function truncateToTokens(text: string, limit: number, model: string): string;

