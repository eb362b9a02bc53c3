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
