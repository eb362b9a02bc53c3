/** What to tell a person about an error. No text holds any part of a key or password. */

const TEXTS: Record<string, string> = {
  INVALID_PASSWORD: 'This password does not open the vault.',
  WALLET_TAMPERED: 'The password is right, but the file was changed by someone without it. Nothing in it can be trusted: open an earlier copy.',
  WALLET_LOCKED: 'The vault locked itself meanwhile. Unlock it and try again.',
  VAULT_REPLACED: 'Another tab put a different vault in the place of this one.',
  VAULT_GONE: 'The vault was removed from this browser, perhaps in another tab.',
  ENTRY_NOT_FOUND: 'This key was removed meanwhile, perhaps in another tab.',
  LIMIT_EXCEEDED: 'The vault is full.',
  INVALID_PROVIDER: 'A provider is up to 64 small letters, digits and . _ : - and begins with a letter or digit.',
  KEY_EXPIRED: 'This key has expired or was removed. Replace it at its provider, then add the new one.',
  FILE_TOO_LARGE: 'This file is too large to be a vault.',
  FILE_NO_WALLET: 'This is no vault and no wallet of an older program, or it is damaged.',
  Empty: 'Paste the key first.',
  TooShort: 'This is too short for a key. Was all of it copied?',
  TooLong: 'This is too long for a key.',
  InvalidCharacter: 'There are spaces, quotes or other characters in this that no key has.',
  Placeholder: 'This is a placeholder, not a key.',
  Malformed: 'This is not a whole key. Was all of it copied?',
  RANDOM_UNAVAILABLE: 'This browser gave no random numbers, so nothing can be sealed safely.',
  WASM_UNAVAILABLE: 'This browser cannot run the vault: it needs WebAssembly with SIMD, as browsers have had since 2023.',
  QuotaExceededError: 'This browser has no room left to keep the vault in. Nothing was changed.',
  NotAllowedError: 'The browser did not let this page use the clipboard. Nothing was copied.',
  NotReadableError: 'The file could not be read.',
  InvalidStateError: 'This browser does not let the page keep anything, as in some private windows.',
};

/** A sentence or two about what went wrong, and what to do. */
export function explain(error: unknown): string {
  const { code, name, message, detail } = error as Partial<Record<'code' | 'name' | 'message' | 'detail', string>>;
  // The codes of a DOM exception are numbers of old; its name tells more.
  const key = typeof code === 'string' ? code : (name ?? 'unknown');
  if (key === 'OTHER_PROVIDER') return `This is a key of ${detail}.`;
  if (key === 'WALLET_LOAD') return explainFile(message ?? '');
  if (key === 'INVALID_ARGUMENT') return 'That cannot be kept: a name has up to 256 bytes and no control characters, and is not a key itself.';
  return (Object.hasOwn(TEXTS, key) && TEXTS[key]) || `Something unexpected went wrong (${key}). Nothing was changed.`;
}

function explainFile(message: string): string {
  if (message.includes('version')) return 'This vault was written by a later program than this page.';
  return 'This file is no vault, or is damaged.';
}
