// The files of a local model: where they come from, that they are the right ones, and where they are kept.
import { EmbeddingError } from 'error';
import { ModelLoader } from 'glue';
import { joined } from './transport.js';

const WEIGHTS = 'model.safetensors';
const MEGABYTE = 1 << 20;

/** Every file that a model can have, and the most bytes it may. */
const LIMITS = {
  'config.json': MEGABYTE,
  'modules.json': MEGABYTE,
  '1_Pooling/config.json': MEGABYTE,
  'sentence_bert_config.json': MEGABYTE,
  'tokenizer.json': 64 * MEGABYTE,
  'vocab.txt': 64 * MEGABYTE,
  'tokenizer_config.json': MEGABYTE,
  [WEIGHTS]: 4096 * MEGABYTE,
};

/** The files of all-MiniLM-L6-v2. */
export const ALL_MINILM_L6_V2 = Object.freeze({
  'config.json': { sha256: '953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41', size: 612 },
  'modules.json': { sha256: '84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf', size: 349 },
  '1_Pooling/config.json': { sha256: '4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23', size: 190 },
  'sentence_bert_config.json': { sha256: 'fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7', size: 53 },
  'tokenizer.json': { sha256: 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037', size: 466247 },
  'model.safetensors': { sha256: '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db', size: 90868376 },
});

/** The source of a model whose files lie below `base`. */
export function modelAt(base, files = ALL_MINILM_L6_V2) {
  const directory = resolved(String(base).replace(/\/?$/, '/'));
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, { ...file, url: directory + name }]));
}

/** An address that needs no page or directory to be understood. */
export function resolved(url) {
  try {
    const base = globalThis.document?.baseURI ?? globalThis.location?.href ?? `file://${globalThis.process.cwd()}/`;
    return new URL(url, base).href;
  } catch {
    throw invalid('a url of the source must be one');
  }
}

/** Errors about files that were kept, with their names. */
const spoiled = new WeakMap();

/** `LocalModel.load`. */
export async function loadModel(source, options = {}) {
  const files = checked(source);
  try {
    return await load(files, options);
  } catch (error) {
    // What was kept is not what was put there: once more, from where it comes from.
    if (!spoiled.has(error)) throw error;
    await (await openStore(options))?.delete(keyOf(files[spoiled.get(error)]));
    return await load(files, options);
  }
}

async function load(files, { precision, truncates = false, signal, progress = () => {}, cache = true, fetch = globalThis.fetch } = {}) {
  signal?.throwIfAborted();
  if (typeof progress !== 'function') throw invalid('progress must be a function');
  const store = await openStore({ cache });
  const loader = new ModelLoader(precision);
  const sizes = Object.values(files).map(({ size, data }) => size ?? data?.size ?? data?.byteLength);
  const total = sizes.every((size) => size !== undefined) ? sizes.reduce((sum, size) => sum + size, 0) : undefined;
  let loaded = 0;
  /** Gives the chunks of a file to `take` and then calls `done`; what passes both is kept. */
  const each = async (name, take, done) => {
    const file = files[name];
    const { chunks, keeper, isKept } = await open(name, file, store, fetch, signal);
    try {
      let length = 0;
      const limit = file.size ?? LIMITS[name];
      for await (const chunk of chunks) {
        signal?.throwIfAborted();
        length += chunk.length;
        if (length > limit) throw failed('MODEL_FILE_TOO_LARGE', name, `is too large: at most ${limit} bytes expected`);
        take(chunk);
        await keeper?.write(chunk);
        loaded += chunk.length;
        progress({ file: name, loaded, total, isKept });
      }
      signal?.throwIfAborted();
      const result = done();
      await keeper?.keep();
      return result;
    } catch (error) {
      keeper?.drop();
      if (isKept && error instanceof EmbeddingError) spoiled.set(error, name);
      throw error;
    }
  };
  try {
    for (const name of Object.keys(files).filter((name) => name !== WEIGHTS)) {
      const parts = [];
      await each(name, (chunk) => parts.push(chunk), () => loader.addFile(name, joined(parts), files[name].sha256));
    }
    if (!files[WEIGHTS]) return loader.finish(undefined, truncates);
    return await each(WEIGHTS, (chunk) => loader.pushWeights(chunk), () => loader.finish(files[WEIGHTS].sha256, truncates));
  } finally {
    loader.free();
  }
}

/** The source, each file of it with an address or data. */
function checked(source) {
  if (typeof source !== 'object' || source === null) throw invalid('source must be an object of files');
  return Object.fromEntries(Object.entries(source).map(([name, file]) => {
    if (!Object.hasOwn(LIMITS, name)) throw new EmbeddingError('MODEL_FILE_UNKNOWN', 'no file of a model has this name');
    const { url, data, sha256, size } = file ?? {};
    if ((url === undefined) === (data === undefined)) throw invalid(`${name} must have either url or data`);
    if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) throw invalid(`sha256 of ${name} must be 64 hexadecimal digits in lower case`);
    if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) throw invalid(`size of ${name} must be a number of bytes`);
    if (data !== undefined) {
      const isBytes = ArrayBuffer.isView(data) || data instanceof ArrayBuffer || typeof data?.stream === 'function';
      if (!isBytes) throw invalid(`data of ${name} must be a Uint8Array, an ArrayBuffer or a Blob`);
      return [name, { data, sha256, size }];
    }
    if (sha256 === undefined) throw invalid(`${name} comes from a url, so it must have a sha256`);
    return [name, { url: resolved(url), sha256, size }];
  }));
}

/** The chunks of a file, and where they are to be kept. */
async function open(name, { url, data, sha256 }, store, fetch, signal) {
  if (data !== undefined) return { chunks: chunksOf(data), isKept: false };
  const fs = url.startsWith('file:') && globalThis.process?.getBuiltinModule?.('node:fs');
  if (fs) return { chunks: fromDisk(fs, name, url), isKept: false };
  const kept = await store?.match(keyOf({ sha256 })).catch(() => undefined);
  if (kept) return { chunks: fromBody(name, kept.body, signal), isKept: true };
  let response;
  try {
    // Kept here by its digest, so it need not be in the browser's own cache too.
    response = await fetch(url, { signal, credentials: 'same-origin', cache: store ? 'no-store' : 'default' });
  } catch (cause) {
    signal?.throwIfAborted();
    throw failed('MODEL_FILE_UNREADABLE', name, 'cannot be fetched', cause);
  }
  if (!response.ok || !response.body) {
    void response.body?.cancel().catch(() => {});
    throw failed('MODEL_FILE_UNREADABLE', name, `cannot be fetched: HTTP status ${response.status}`);
  }
  return { chunks: fromBody(name, response.body, signal), keeper: store && keep(store, keyOf({ sha256 })), isKept: false };
}

async function* fromBody(name, body, signal) {
  const reader = body.getReader();
  try {
    for (;;) {
      let part;
      try {
        part = await reader.read();
      } catch (cause) {
        signal?.throwIfAborted();
        throw failed('MODEL_FILE_UNREADABLE', name, 'broke off', cause);
      }
      if (part.done) return;
      yield part.value;
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

async function* fromDisk(fs, name, url) {
  try {
    yield* fs.createReadStream(new URL(url), { highWaterMark: MEGABYTE });
  } catch (cause) {
    if (cause?.code === 'ENOENT') throw failed('MODEL_FILE_MISSING', name, 'is not there', cause);
    if (cause instanceof EmbeddingError || !cause?.syscall) throw cause;
    throw failed('MODEL_FILE_UNREADABLE', name, `cannot be read: ${cause.code}`, cause);
  }
}

async function* chunksOf(data) {
  if (typeof data.stream === 'function') return yield* fromBody('data', data.stream());
  const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
  for (let at = 0; at < bytes.length; at += MEGABYTE) yield bytes.subarray(at, at + MEGABYTE);
}

/** Where files are kept by their digests: in the browser's cache storage, where there is one. */
async function openStore({ cache = true }) {
  try {
    return cache && globalThis.caches ? await globalThis.caches.open('chrysalis-models') : undefined;
  } catch {
    return undefined; // storage may be forbidden
  }
}

function keyOf({ sha256 }) {
  return `https://models.invalid/sha256/${sha256}`;
}

/** Keeps what is written, unless it is dropped. A full disk is no reason not to load the model. */
function keep(store, key) {
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  let isWell = true;
  const ill = () => { isWell = false; };
  const stored = store.put(key, new Response(readable)).catch(ill);
  writer.closed.catch(ill);
  return {
    async write(chunk) {
      if (isWell) await Promise.race([writer.write(chunk).catch(ill), stored]);
    },
    async keep() {
      if (!isWell) return;
      await Promise.race([writer.close().catch(ill), stored]);
      await stored;
    },
    drop() {
      void writer.abort().catch(() => {});
    },
  };
}

function failed(code, name, problem, cause) {
  return Object.assign(new EmbeddingError(code, `${name} of the model ${problem}`, { cause }), { file: name });
}

function invalid(problem) {
  return new EmbeddingError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
}

/** What models get beside their own. */
export const MODEL_STATIC = { load: loadModel };

export const MODEL_METHODS = {
  encodeBatch(texts) {
    const flat = this.encodeFlat(texts);
    return rowsOf(flat, this.dimensions);
  },

  encodeBatchFlat(texts) {
    return { data: this.encodeFlat(texts), dimensions: this.dimensions };
  },
};

/** Views of the rows of a matrix. */
export function rowsOf(data, dimensions) {
  return Array.from({ length: data.length / dimensions }, (_, row) => data.subarray(row * dimensions, (row + 1) * dimensions));
}
