// The worker of `rust_embedding.js`: a local model. `rust_embedding_worker.cjs` is the same for Node's CommonJS.
import init, { serveModel } from './rust_embedding.js';

const port = globalThis.process?.getBuiltinModule?.('node:worker_threads').parentPort;
const serve = serveModel((message, transfer) => (port ?? globalThis).postMessage(message, transfer));
const ready = init();

/** Nothing is answered before the module is there; where it cannot be, everything is with that. */
async function answer(request) {
  try {
    await ready;
  } catch ({ code, message }) {
    return (port ?? globalThis).postMessage({ id: request.id, error: { code, message } });
  }
  return serve(request);
}

if (port) port.on('message', answer);
else globalThis.onmessage = ({ data }) => answer(data);
