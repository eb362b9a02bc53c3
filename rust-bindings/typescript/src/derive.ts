/** Turning passwords into keys, and reading older wallets, without blocking: in a worker where there is one, else here. */
import { CryptoError, SecurityError, ValidationError, derive_wallet_key } from 'rust-security/pkg';
import type { ImportReport, PasswordKdf } from 'rust-security/pkg';
import { ask } from './worker.js';

/** What the worker is asked, and what it answers. */
export type DeriveRequest =
  | { task: 'key'; password: string; kdf: PasswordKdf }
  | { task: 'import'; json: string; password: string };
export type ImportedFile = { file: string; report: ImportReport };

/** Runs `use` with the key of a password, which is wiped afterwards. */
export async function withDerivedKey<T>(password: string, kdf: PasswordKdf, use: (key: Uint8Array) => T): Promise<T> {
  const key = await deriveKey(password, kdf);
  try {
    return use(key);
  } finally {
    key.fill(0);
  }
}

/** Reads a wallet file of an older program into one of ours; `undefined` where there is no worker. */
export function importInWorker(json: string, password: string): Promise<ImportedFile | undefined> {
  return askWorker<ImportedFile>({ task: 'import', json, password });
}

async function deriveKey(password: string, kdf: PasswordKdf): Promise<Uint8Array> {
  // What is wrong with the arguments is said at once, by the code that always says it.
  if (typeof password !== 'string' || password === '') return derive_wallet_key(password, kdf);
  return (await askWorker<Uint8Array>({ task: 'key', password, kdf })) ?? derive_wallet_key(password, kdf);
}

function askWorker<Answer>(request: DeriveRequest): Promise<Answer | undefined> {
  return ask(new URL('./derive-worker.js', import.meta.url), { CryptoError, SecurityError, ValidationError }, request);
}
