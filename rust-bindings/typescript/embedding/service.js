// The service as promises, and its configuration as JavaScript writes it. The work is in the module.
import { EmbeddingError } from 'error';
import { EmbeddingService, LocalModel, ServiceBuilder, spaceBytes } from 'glue';
import { makeTransport } from './transport.js';
import { WorkerModel } from './worker.js';

/** What any provider may have. */
const LIMITS = new Set([
  'maxInFlight', 'timeout', 'overallTimeout', 'maxRetries', 'initialBackoff', 'maxBackoff', 'maxRetryAfter', 'requestsPerMinute',
  'tokensPerMinute', 'circuitOpenAfter', 'circuitOpenFor',
]);
/** Requests that a model in a worker has before it: one is computed, one waits. */
const IN_WORKER = { maxInFlight: 2, textsPerRequest: 32 };

const { free } = EmbeddingService.prototype;

/** `EmbeddingService.create`. */
async function create(config, { environment, onRequest, fetch = globalThis.fetch } = {}) {
  if (typeof config !== 'object' || config === null) throw invalid('config must be an object');
  if (typeof fetch !== 'function') throw invalid('fetch must be a function');
  const { providers = [], ...settings } = config;
  if (!Array.isArray(providers)) throw invalid('providers must be an array');
  const builder = new ServiceBuilder(toJson(settings), makeTransport(fetch));
  try {
    for (const provider of providers) add(builder, provider, environment);
    return builder.build(onRequest);
  } finally {
    builder.free();
  }
}

function add(builder, provider, environment) {
  if (provider?.provider === 'local') {
    const { provider: _, model, ...limits } = provider;
    if (model instanceof LocalModel && model.__wbg_ptr) return builder.addLocal(model, toLimits(limits));
    if (!(model instanceof WorkerModel)) throw invalid('model of a local provider must be a LocalModel or a WorkerModel');
    const { maxInFlight, textsPerRequest } = IN_WORKER;
    const embed = abortable((texts, { signal }) => model.encodeBatch(texts, { signal }));
    return builder.addHost(model.spaceBytes, textsPerRequest, embed, toLimits({ maxInFlight, ...limits }));
  }
  if (provider?.provider === 'custom') {
    const { provider: _, name, model, dimensions, preprocessing, textsPerRequest = 256, embed, ...limits } = provider;
    if (typeof embed !== 'function') throw invalid('embed of a custom provider must be a function');
    const space = spaceBytes({ name, model, dimensions, preprocessing });
    return builder.addHost(space, textsPerRequest, abortable(embed), toLimits(limits));
  }
  return builder.addRemote(toJson(provider), environment);
}

/** A provider's function as the module calls it. */
function abortable(embed) {
  return (texts, form) => {
    const controller = new AbortController();
    const answer = (async () => embed(texts, { form, signal: controller.signal }))();
    return { answer, abort: () => controller.abort() };
  };
}

function toLimits(limits) {
  const unknown = Object.keys(limits).find((name) => !LIMITS.has(name));
  if (unknown !== undefined) throw invalidConfig();
  return toJson({ provider: 'deterministic', ...limits });
}

/** JSON with the names that the module has. */
function toJson(value) {
  const named = (value) => {
    if (typeof value === 'number' && !Number.isFinite(value)) throw invalidConfig(); // JSON would make it null
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, value]) => [snakeCase(name), named(value)]));
  };
  try {
    return JSON.stringify(named(value)) ?? 'null';
  } catch {
    throw invalidConfig();
  }
}

function snakeCase(name) {
  return name.replace(/([a-z])([A-Z0-9])/g, '$1_$2').toLowerCase();
}

/** Promises the outcomes of a call; on `signal` the call is given up. */
function call(service, texts, { signal, form, deadline } = {}, isBatch = true) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let handle;
    let isOver = false;
    const giveUp = () => {
      end();
      handle.cancel();
      reject(signal.reason);
    };
    // It holds the service and the handle, which would end the call if they were collected.
    const end = () => {
      isOver = true;
      signal?.removeEventListener('abort', giveUp);
      return service;
    };
    handle = service.start(texts, { form, deadline, isBatch }, (outcomes) => {
      end();
      resolve(outcomes);
      handle?.cancel();
    });
    if (!isOver) signal?.addEventListener('abort', giveUp, { once: true });
  });
}

/** The vectors of outcomes; throws the first error, which says whose it is. */
function vectorsOf(outcomes) {
  return outcomes.map(({ vector, error }, index) => {
    if (error) throw Object.assign(error, { index });
    return vector;
  });
}

export const SERVICE_STATIC = { create };

export const SERVICE_METHODS = {
  async embed(text, options) {
    const [{ vector, error }] = await call(this, [text], options, false);
    if (error) throw error;
    return vector;
  },

  async embedQuery(text, options) {
    return this.embed(text, { ...options, form: 'query' });
  },

  async embedBatch(texts, options) {
    return vectorsOf(await call(this, texts, options));
  },

  async embedBatchFlat(texts, options) {
    const vectors = vectorsOf(await call(this, texts, options));
    const dimensions = vectors[0]?.length ?? this.providers()[0].dimensions ?? 0;
    const data = new Float32Array(vectors.length * dimensions);
    for (const [row, vector] of vectors.entries()) {
      // Only with fallback "any", whose vectors are of several spaces.
      if (vector.length !== dimensions) throw new EmbeddingError('embedding/space-mismatch', 'vectors of different lengths cannot be one matrix');
      data.set(vector, row * dimensions);
    }
    return { data, dimensions };
  },

  async embedBatchDetailed(texts, options) {
    return call(this, texts, options);
  },

  /** Ends the calls under way first, so that nobody waits for ever. */
  free() {
    if (!this.__wbg_ptr) return;
    this.close();
    free.call(this);
  },
};

function invalid(problem) {
  return new EmbeddingError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
}

/** Without what is wrong: it may be a key. */
function invalidConfig() {
  return new EmbeddingError('embedding/invalid-config', 'invalid configuration: a name or a value that there is not');
}
