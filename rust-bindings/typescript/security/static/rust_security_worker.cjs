// The worker of `rust_security.cjs`: one task, one answer, and before it how far the task is. `rust_security_worker.js` is the same for browsers.
const { parentPort } = require('node:worker_threads');
const security = require('./rust_security.cjs');

const post = (message) => parentPort.postMessage(message);

const TASKS = {
  ...security,
  decrypt_legacy: (...args) => new security.SecurityContext().decrypt_legacy(...args),
  import_legacy_wallet(json, password) {
    const tell = (done, total) => post({ progress: { done, total } });
    const { wallet, report } = security.import_legacy_wallet(json, password, tell);
    return { file: wallet.export(), report };
  },
};

/** What `task` gives or throws. */
function reply({ task, args }) {
  try {
    return { answer: TASKS[task](...args) };
  } catch ({ name, code, message }) {
    return { error: { name, code, message } };
  }
}

parentPort.once('message', (request) => post(reply(request)));
