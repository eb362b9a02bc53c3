// What takes long by design, in a worker: how it is started. The workers themselves are in `static`.
import { CryptoError, ValidationError } from 'error';
import { asking } from '../shared/asking.js';

export const { ask } = asking(start, { CryptoError, ValidationError });

/** Starts the worker; `heard` is called with what it says, and with nothing where it fails. */
function start(heard) {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  if (threads) {
    // The CommonJS module is the one that has no address of its own.
    const file = import.meta.url ? new URL('./rust_crypto_worker.js', import.meta.url) : `${__dirname}/rust_crypto_worker.cjs`;
    const worker = new threads.Worker(file, { env: {} });
    worker.on('message', heard);
    worker.on('error', () => heard());
    return worker;
  }
  // Bundlers know a worker by these words.
  const worker = new Worker(new URL('./rust_crypto_worker.js', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }) => heard(data);
  worker.onerror = () => heard();
  return worker;
}
