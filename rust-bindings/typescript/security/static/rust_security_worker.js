// The worker of `rust_security.js`: one task, one answer, and before it how far the task is. `rust_security_worker.cjs` is the same for Node.
import init, * as security from './rust_security.js';

const port = globalThis.process?.getBuiltinModule?.('node:worker_threads').parentPort;
const post = (message) => (port ?? globalThis).postMessage(message);

const TASKS = {
  ...security,
  decrypt_legacy: (...args) => new security.SecurityContext().decrypt_legacy(...args),
  import_legacy_wallet(json, password) {
    const tell = (done, total) => post({ progress: { done, total } });
    const { wallet, report } = security.import_legacy_wallet(json, password, tell);
    return { file: wallet.export(), report };
  },
};

/** What `task` gives or throws; nothing where the package cannot be loaded. */
async function reply({ task, args }) {
  try {
    await init();
  } catch {
    return {};
  }
  try {
    return { answer: TASKS[task](...args) };
  } catch ({ name, code, message }) {
    return { error: { name, code, message } };
  }
}

if (port) port.once('message', async (request) => post(await reply(request)));
else globalThis.onmessage = async ({ data }) => post(await reply(data));
