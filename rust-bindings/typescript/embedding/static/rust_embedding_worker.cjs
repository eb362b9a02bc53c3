// The worker of `rust_embedding.cjs`: a local model. `rust_embedding_worker.js` is the same for browsers.
const { parentPort } = require('node:worker_threads');
const { serveModel } = require('./rust_embedding.cjs');

parentPort.on('message', serveModel((message, transfer) => parentPort.postMessage(message, transfer)));
