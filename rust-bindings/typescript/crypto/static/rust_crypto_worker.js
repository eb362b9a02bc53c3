// The worker of `rust_crypto.js`: one task, one answer. `rust_crypto_worker.cjs` is the same for Node.
import init, * as crypto from './rust_crypto.js';

const port = globalThis.process?.getBuiltinModule?.('node:worker_threads').parentPort;
const post = (message) => (port ?? globalThis).postMessage(message);

/** What `task` gives or throws; nothing where the package cannot be loaded. */
async function reply({ task, args }) {
  try {
    await init();
  } catch {
    return {};
  }
  try {
    return { answer: crypto[task](...args) };
  } catch ({ name, code, message }) {
    return { error: { name, code, message } };
  }
}

if (port) port.once('message', async (request) => post(await reply(request)));
else globalThis.onmessage = async ({ data }) => post(await reply(data));
