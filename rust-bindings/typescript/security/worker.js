// What takes long by design, in a worker: how it is asked for. The workers themselves are in `static`.
import { CryptoError, SecurityError, ValidationError } from 'error';

const CLASSES = { CryptoError, SecurityError, ValidationError };

/**
 * Runs one task in a worker that ends with it, on its arguments as they are at the call. Gives the answer; `undefined` where no
 * worker can be had, such as under a policy that forbids it. Rejects with what the work threw.
 */
export function ask(task, ...args) {
  return askWith({}, task, ...args);
}

/**
 * `ask`, with `tell` called for every word on how far the task is; what it throws is passed over. When `signal` aborts, the worker
 * ends at once, and the promise rejects with the signal's reason.
 */
export function askWith({ tell, signal }, task, ...args) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let worker;
    const end = () => {
      signal?.removeEventListener('abort', abort);
      void worker?.terminate();
    };
    const abort = () => {
      end();
      reject(signal.reason);
    };
    const heard = ({ answer, error, progress } = {}) => {
      if (progress) {
        try {
          tell?.(progress);
        } catch {
          // The work goes on.
        }
        return;
      }
      end();
      const ErrorClass = Object.hasOwn(CLASSES, error?.name) && CLASSES[error.name];
      if (ErrorClass) reject(new ErrorClass(error.code, error.message));
      else resolve(answer);
    };
    try {
      worker = start(heard);
      worker.postMessage({ task, args });
      signal?.addEventListener('abort', abort);
    } catch {
      // No worker, or arguments that cannot be sent: a worker that waits for them would keep the program from ending.
      end();
      resolve(undefined);
    }
  });
}

/** Starts the worker; `heard` is called with what it says, and with nothing where it fails. */
function start(heard) {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  if (threads) {
    // The CommonJS module is the one that has no address of its own.
    const file = import.meta.url ? new URL('./rust_security_worker.js', import.meta.url) : `${__dirname}/rust_security_worker.cjs`;
    const worker = new threads.Worker(file, { env: {} });
    worker.on('message', heard);
    worker.on('error', () => heard());
    return worker;
  }
  // Bundlers know a worker by these words.
  const worker = new Worker(new URL('./rust_security_worker.js', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }) => heard(data);
  worker.onerror = () => heard();
  return worker;
}
