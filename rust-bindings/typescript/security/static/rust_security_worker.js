// The worker of `rust_security.js`: one task, one answer. `rust_security_worker.cjs` is the same for Node.
import init, * as security from './rust_security.js';

const TASKS = {
  ...security,
  decrypt_legacy: (...args) => new security.SecurityContext().decrypt_legacy(...args),
  import_legacy_wallet(json, password) {
    const { wallet, report } = security.import_legacy_wallet(json, password);
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

const port = globalThis.process?.getBuiltinModule?.('node:worker_threads').parentPort;
if (port) port.once('message', async (request) => port.postMessage(await reply(request)));
else globalThis.onmessage = async ({ data }) => globalThis.postMessage(await reply(data));
