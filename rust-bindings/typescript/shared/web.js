// The entry for browsers, workers and bundlers: an ES module that is ready after `init()`.
import load, { initSync as loadSync } from 'glue';
import { requireSimd, unavailable } from './loader.js';

export * from 'surface';
export { init as default };

let loading;

export function init(source) {
  loading ??= start(source).catch((error) => {
    loading = undefined; // so that a later call may try again
    throw error;
  });
  return loading;
}

export function initSync(source) {
  requireSimd();
  try {
    return loadSync(isNamed(source, 'module') ? source : { module: source });
  } catch (error) {
    throw unavailable(error);
  }
}

async function start(source = fromDisk()) {
  requireSimd();
  try {
    return await load(isNamed(source, 'module_or_path') ? source : { module_or_path: source });
  } catch (error) {
    throw unavailable(error);
  }
}

// Node has no fetch for files. It comes here when this file is imported by its path.
function fromDisk() {
  const fs = import.meta.url.startsWith('file:') && globalThis.process?.getBuiltinModule?.('node:fs');
  return fs ? fs.readFileSync(new URL(WASM_FILE, import.meta.url)) : undefined;
}

function isNamed(source, name) {
  return typeof source === 'object' && source !== null && name in source;
}
