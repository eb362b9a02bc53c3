/** Token counting under the names of the older tokenizer binding. The work is in `rust-embedding/pkg/tokens`. */
import init, * as tokens from 'rust-embedding/pkg/tokens';

/** The functions and classes of `rust-embedding/pkg/tokens`. */
export type NativeTokenizer = Omit<typeof tokens, 'default' | 'init' | 'initSync'>;

/** What counts: the WebAssembly module, or nothing. */
export type TokenizerBackend = 'wasm' | 'none';

let loaded: NativeTokenizer | null = null;
let failure: Error | null = null;

/** Loads the module, once. `null` where it cannot run or `TOKENIZER_RS_DISABLE_NATIVE` is `1`, `true` or `yes`. */
export async function initTokenizer(): Promise<NativeTokenizer | null> {
  if (isDisabled()) {
    loaded = null;
    failure = new Error('disabled by TOKENIZER_RS_DISABLE_NATIVE');
    return null;
  }
  try {
    await init();
    loaded = tokens;
    failure = null;
  } catch (error) {
    loaded = null;
    failure = error instanceof Error ? error : new Error('the module could not be loaded', { cause: error });
  }
  return loaded;
}

/** What `initTokenizer` loaded, or `null`. Nothing counts in its place: estimates are `approximateTokens`, and say so. */
export function getNativeTokenizer(): NativeTokenizer | null {
  return loaded;
}

/** Why there is none, or `null`. */
export function getNativeTokenizerError(): Error | null {
  return failure;
}

/** What counts at present. */
export function getTokenizerBackend(): TokenizerBackend {
  return loaded ? 'wasm' : 'none';
}

function isDisabled(): boolean {
  const value = globalThis.process?.env?.['TOKENIZER_RS_DISABLE_NATIVE'] ?? '';
  return ['1', 'true', 'yes'].includes(value.toLowerCase());
}
