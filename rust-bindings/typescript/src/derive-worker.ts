/** The worker of `derive.ts`: one password, one key, and it is ended. */
import init, { derive_wallet_key } from 'rust-security/pkg';
import type { DeriveReply, DeriveRequest } from './derive.js';

async function answer({ password, kdf }: DeriveRequest): Promise<DeriveReply> {
  try {
    await init();
    return { key: derive_wallet_key(password, kdf) };
  } catch (error) {
    // The caller tries again where it can throw the real thing.
    const { name, code, message } = error as { name: string; code: string; message: string };
    return { error: { name, code, message } };
  }
}

const port = globalThis.process?.getBuiltinModule?.('node:worker_threads')?.parentPort;
if (port) {
  port.once('message', async (request: DeriveRequest) => port.postMessage(await answer(request)));
} else {
  globalThis.onmessage = async ({ data }: MessageEvent<DeriveRequest>) => globalThis.postMessage(await answer(data));
}
