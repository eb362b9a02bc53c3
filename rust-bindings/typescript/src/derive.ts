/** Turning passwords into keys without blocking: in a worker where there is one, else here. */
import { derive_wallet_key } from 'rust-security/pkg';
import type { PasswordKdf } from 'rust-security/pkg';

/** What the worker is asked, and what it answers. */
export interface DeriveRequest {
  password: string;
  kdf: PasswordKdf;
}
export type DeriveReply = { key: Uint8Array } | { error: { name: string; code: string; message: string } };

/** Runs `use` with the key of a password, which is wiped afterwards. */
export async function withDerivedKey<T>(password: string, kdf: PasswordKdf, use: (key: Uint8Array) => T): Promise<T> {
  const key = await deriveKey(password, kdf);
  try {
    return use(key);
  } finally {
    key.fill(0);
  }
}

async function deriveKey(password: string, kdf: PasswordKdf): Promise<Uint8Array> {
  // What is wrong with the arguments is said at once, by the code that always says it.
  if (typeof password !== 'string' || password === '') return derive_wallet_key(password, kdf);
  return (await ask({ password, kdf })) ?? derive_wallet_key(password, kdf);
}

/** The worker's answer; nothing where no worker can be had, such as under a policy that forbids it. */
function ask(request: DeriveRequest): Promise<Uint8Array | undefined> {
  const address = new URL('./derive-worker.js', import.meta.url);
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  return new Promise((resolve) => {
    const done = (worker: { terminate(): unknown }, key?: Uint8Array) => {
      void worker.terminate();
      resolve(key);
    };
    const keyOf = (reply: DeriveReply) => ('key' in reply ? reply.key : undefined);
    try {
      if (threads) {
        const worker = new threads.Worker(address, { env: {} });
        worker.once('message', (reply: DeriveReply) => done(worker, keyOf(reply)));
        worker.once('error', () => done(worker));
        worker.postMessage(request);
      } else {
        const worker = new Worker(address, { type: 'module' });
        worker.onmessage = ({ data }: MessageEvent<DeriveReply>) => done(worker, keyOf(data));
        worker.onerror = () => done(worker);
        worker.postMessage(request);
      }
    } catch {
      resolve(undefined);
    }
  });
}
