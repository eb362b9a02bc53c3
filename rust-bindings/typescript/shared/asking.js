// How a package asks a worker of its own for what takes long by design.

/** `ask` and `askWith` of a package: `start` starts its worker, `classes` are its classes of errors by name. */
export function asking(start, classes) {
  /**
   * Runs one task in a worker that ends with it, on its arguments as they are at the call. Gives the answer; `undefined` where no
   * worker can be had, such as under a policy that forbids it. Rejects with what the work threw.
   */
  const ask = (task, ...args) => askWith({}, task, ...args);

  /**
   * `ask`, with `tell` called for every word on how far the task is; what it throws is passed over. When `signal` aborts, the worker
   * ends at once, and the promise rejects with the signal's reason.
   */
  const askWith = ({ tell, signal }, task, ...args) =>
    new Promise((resolve, reject) => {
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
        const ErrorClass = Object.hasOwn(classes, error?.name) && classes[error.name];
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

  return { ask, askWith };
}
