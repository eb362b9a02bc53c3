/** Work that takes long by design, in a worker: how it is asked for, and how a worker answers. */

/** What a worker says: what was asked for, what it threw, or, where it cannot work at all, nothing. */
type Reply<Answer> = { answer: Answer } | { error: { name: string; code: string; message: string } } | { answer?: never };

/** The classes of what a worker may throw, by name. */
type ErrorClasses = Record<string, new (code: never, message: string) => Error>;

/**
 * Starts the worker at `address`, asks it once and ends it. Gives its answer; `undefined` where no worker can be had, such as
 * under a policy that forbids it. Rejects with what the work threw.
 */
export function ask<Answer>(address: URL, classes: ErrorClasses, request: unknown): Promise<Answer | undefined> {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  return new Promise((resolve, reject) => {
    const done = (worker: { terminate(): unknown }, reply: Reply<Answer> = {}) => {
      void worker.terminate();
      if (!('error' in reply)) return resolve(reply.answer);
      const { name, code, message } = reply.error;
      const ErrorClass = Object.hasOwn(classes, name) ? classes[name] : undefined;
      if (ErrorClass) reject(new ErrorClass(code as never, message));
      else resolve(undefined);
    };
    let started: { terminate(): unknown } | undefined;
    try {
      if (threads) {
        const worker = new threads.Worker(address, { env: {} });
        started = worker;
        worker.once('message', (reply: Reply<Answer>) => done(worker, reply));
        worker.once('error', () => done(worker));
        worker.postMessage(request);
      } else {
        const worker = new Worker(address, { type: 'module' });
        started = worker;
        worker.onmessage = ({ data }: MessageEvent<Reply<Answer>>) => done(worker, data);
        worker.onerror = () => done(worker);
        worker.postMessage(request);
      }
    } catch {
      // No worker, or a request that cannot be sent: a worker that waits for it would keep the program from ending.
      void started?.terminate();
      resolve(undefined);
    }
  });
}

/** In a worker: answers the one request by `work`, once `init` has loaded what that needs. */
export function answerBy<Request, Answer>(init: () => Promise<unknown>, work: (request: Request) => Answer): void {
  const reply = async (request: Request): Promise<Reply<Answer>> => {
    try {
      await init();
    } catch {
      return {};
    }
    try {
      return { answer: work(request) };
    } catch (error) {
      const { name, code, message } = error as { name: string; code: string; message: string };
      return { error: { name, code, message } };
    }
  };
  const port = globalThis.process?.getBuiltinModule?.('node:worker_threads')?.parentPort;
  if (port) port.once('message', async (request: Request) => port.postMessage(await reply(request)));
  else globalThis.onmessage = async ({ data }: MessageEvent<Request>) => globalThis.postMessage(await reply(data));
}
