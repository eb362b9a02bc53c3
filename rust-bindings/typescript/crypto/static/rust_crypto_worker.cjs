// The worker of `rust_crypto.cjs`: one task, one answer. `rust_crypto_worker.js` is the same for browsers.
const { parentPort } = require('node:worker_threads');
const crypto = require('./rust_crypto.cjs');

const post = (message) => parentPort.postMessage(message);

/** What `task` gives or throws. */
function reply({ task, args }) {
  try {
    return { answer: crypto[task](...args) };
  } catch ({ name, code, message }) {
    return { error: { name, code, message } };
  }
}

parentPort.once('message', (request) => post(reply(request)));
