// Every check of the package, for Node and for a browser.
import { behaviourChecks } from './behaviour.js';
import { batchChecks, blake3Checks, vectorChecks } from './vectors.js';

export const VECTORS = ['crypto', 'primitives', 'wycheproof', 'api_keys', 'envelope', 'blake3'];

/** `[name, run]` for each check; `files` are the files of vectors by name. */
export function allChecks(api, init, { blake3, ...files }) {
  return [
    ...Object.values(files).flatMap((file) => vectorChecks(api, file)),
    ...blake3Checks(api, blake3),
    ...batchChecks(api, files.crypto, files.wycheproof),
    ...behaviourChecks(api, init),
  ];
}

/** Runs every check in a browser and gives the outcomes as plain data. */
export async function runAll(api) {
  await api.default();
  const files = {};
  for (const name of VECTORS) files[name] = await (await fetch(`/rust-crypto/vectors/${name}.json`)).json();
  const outcomes = [];
  for (const [name, run] of allChecks(api, api.default, files)) {
    try {
      await run();
      outcomes.push({ name });
    } catch (error) {
      outcomes.push({ name, error: String(error) });
    }
  }
  return outcomes;
}
