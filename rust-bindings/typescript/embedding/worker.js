// A local model in a worker: how it is asked there and what it does there. The workers themselves are in `static`.
import { EmbeddingError } from 'error';
import { LocalModel } from 'glue';
import { resolved, rowsOf } from './model.js';

/** Texts between two looks at what else is asked for. */
const PASS_TEXTS = 16;

/** Loads a model in a worker of its own. */
export async function createWorkerModel(source, { signal, progress, worker, transfer = false, ...options } = {}) {
  signal?.throwIfAborted();
  const channel = new Channel(worker);
  try {
    const { sent, buffers } = sendable(source);
    const about = await channel.ask('load', [sent, options], { signal, progress, transfer: transfer ? buffers : [] });
    return new WorkerModel(channel, about);
  } catch (error) {
    channel.close();
    throw error;
  }
}

/** A model in a worker. */
export class WorkerModel {
  #channel;
  #about;

  constructor(channel, about) {
    if (!(channel instanceof Channel)) throw invalid('a WorkerModel is made by createWorkerModel');
    this.#channel = channel;
    this.#about = about;
  }

  get dimensions() { return this.#about.dimensions; }
  get maxTokens() { return this.#about.maxTokens; }
  get space() { return { ...this.#about.space }; }
  get spaceBytes() { return this.#about.spaceBytes.slice(); }

  async encode(text, options) {
    if (typeof text !== 'string') throw invalid('text must be a string');
    try {
      return (await this.encodeBatchFlat([text], options)).data;
    } catch (error) {
      delete error?.index; // there is one text
      throw error;
    }
  }

  async encodeBatch(texts, options) {
    return rowsOf((await this.encodeBatchFlat(texts, options)).data, this.dimensions);
  }

  async encodeBatchFlat(texts, { signal } = {}) {
    if (!Array.isArray(texts)) throw invalid('texts must be an array');
    return { data: await this.#channel.ask('encode', [texts], { signal }), dimensions: this.dimensions };
  }

  async countTokens(text) {
    return this.#channel.ask('count', [text]);
  }

  close() {
    this.#channel.close();
  }
}
WorkerModel.prototype[Symbol.dispose ?? 'close'] = WorkerModel.prototype.close;

/** Questions to a worker and their answers. */
class Channel {
  #worker;
  #waiting = new Map();
  #next = 1;
  #isNode = false;

  constructor(start = startWorker) {
    try {
      this.#worker = start();
      this.#isNode = typeof this.#worker.on === 'function';
      if (this.#isNode) {
        this.#worker.on('message', (data) => this.#hear(data));
        this.#worker.on('error', (cause) => this.#fail(unavailable(cause)));
        this.#worker.on('exit', () => this.#fail(unavailable()));
        this.#worker.unref(); // it keeps no program from ending; what is asked does
      } else {
        this.#worker.onmessage = ({ data }) => this.#hear(data);
        this.#worker.onerror = (event) => {
          event.preventDefault?.();
          this.#fail(unavailable());
        };
      }
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  ask(task, args, { signal, progress, transfer = [] } = {}) {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (!this.#worker) throw new EmbeddingError('embedding/closed', 'the model is closed');
      const id = this.#next++;
      const giveUp = () => {
        this.#worker?.postMessage({ id, task: 'abort' });
        this.#waiting.get(id)?.end();
        reject(signal.reason);
      };
      const end = () => {
        this.#waiting.delete(id);
        signal?.removeEventListener('abort', giveUp);
        if (this.#isNode && this.#waiting.size === 0) this.#worker?.unref();
      };
      this.#waiting.set(id, { resolve, reject, progress, end });
      try {
        this.#worker.postMessage({ id, task, args, tells: progress !== undefined }, transfer);
      } catch {
        end();
        throw invalid('what is asked of a worker must be what can be sent there');
      }
      if (this.#isNode) this.#worker.ref();
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  close() {
    this.#fail(new EmbeddingError('embedding/closed', 'the model is closed'));
  }

  #hear({ id, answer, error, progress }) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (progress) {
      try {
        waiting.progress?.(progress);
      } catch {
        // The work goes on.
      }
      return;
    }
    waiting.end();
    if (error) waiting.reject(Object.assign(new EmbeddingError(error.code, error.message), error.details));
    else waiting.resolve(answer);
  }

  #fail(error) {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    for (const { reject, end } of [...this.#waiting.values()]) {
      end();
      reject(error);
    }
  }
}

function startWorker() {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  if (threads) {
    // The CommonJS module is the one that has no address of its own.
    const file = import.meta.url ? new URL('./rust_embedding_worker.js', import.meta.url) : `${__dirname}/rust_embedding_worker.cjs`;
    return new threads.Worker(file, { env: {} });
  }
  // Bundlers know a worker by these words.
  return new Worker(new URL('./rust_embedding_worker.js', import.meta.url), { type: 'module' });
}

/** A source as it can be sent: addresses made whole here, where their base is. */
function sendable(source) {
  if (typeof source !== 'object' || source === null) throw invalid('source must be an object of files');
  const buffers = new Set();
  const sent = Object.fromEntries(Object.entries(source).map(([name, file]) => {
    const { url, data } = file ?? {};
    const buffer = data instanceof ArrayBuffer ? data : data?.buffer;
    if (buffer instanceof ArrayBuffer) buffers.add(buffer);
    return [name, url === undefined ? file : { ...file, url: resolved(url) }];
  }));
  return { sent, buffers: [...buffers] };
}

/** What a worker does: answers messages with `post`. */
export function serveModel(post) {
  let model;
  const running = new Map();
  const tasks = {
    async load([source, options], signal, tell) {
      model = await LocalModel.load(source, { ...options, signal, progress: tell });
      const { dimensions, maxTokens, space, spaceBytes } = model;
      return { dimensions, maxTokens, space, spaceBytes };
    },
    async encode([texts], signal) {
      const all = new Float32Array(texts.length * model.dimensions);
      for (let at = 0; at < texts.length; at += PASS_TEXTS) {
        // So that what is given up meanwhile is known to be.
        if (at > 0) await new Promise((resolve) => setTimeout(resolve));
        signal.throwIfAborted();
        try {
          all.set(model.encodeFlat(texts.slice(at, at + PASS_TEXTS)), at * model.dimensions);
        } catch (error) {
          if (error?.index !== undefined) error.index += at;
          throw error;
        }
      }
      return all;
    },
    async count([text]) {
      return model.countTokens(text);
    },
  };
  return async ({ id, task, args, tells }) => {
    if (task === 'abort') return running.get(id)?.abort();
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const tell = tells ? (progress) => post({ id, progress }) : undefined;
      const answer = await tasks[task](args, controller.signal, tell);
      post({ id, answer }, answer?.buffer ? [answer.buffer] : []);
    } catch (error) {
      const { code = 'WORKER_UNAVAILABLE', message, file, index } = error;
      post({ id, error: { code, message, details: { ...(file && { file }), ...(index !== undefined && { index }) } } });
    } finally {
      running.delete(id);
    }
  };
}

function unavailable(cause) {
  return new EmbeddingError('WORKER_UNAVAILABLE', 'the worker of the model cannot be had or has ended', { cause });
}

function invalid(problem) {
  return new EmbeddingError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
}
