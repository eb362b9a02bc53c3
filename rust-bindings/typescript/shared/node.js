// The entry for Node, as CommonJS: initialised while it is loaded. The ES module entry for Node re-exports it, so that
// a process has one instance however it is imported.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { initSync as loadSync } from 'glue';
import { requireSimd, unavailable } from './loader.js';

export * from 'surface';
export { init as default };

const output = load();

export async function init() {
  return output;
}

export function initSync() {
  return output;
}

function load() {
  requireSimd();
  try {
    return loadSync({ module: readFileSync(join(__dirname, WASM_FILE)) });
  } catch (error) {
    throw unavailable(error);
  }
}
