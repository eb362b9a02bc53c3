// Every check of the package, for Node and for a browser.
import { behaviourChecks } from './behaviour.js';
import { runScript } from './script.js';
import { vectorChecks } from './vectors.js';

export const VECTORS = ['crdt', 'legacy', 'script'];

/** `[name, run]` for each check; `files` are the files of vectors by name. */
export function allChecks(api, init, { script, ...files }) {
  return [
    ...vectorChecks(api, files),
    ['the script gives the published digest', () => {
      const { digest, published } = runScript(api, script);
      if (digest !== published) throw new Error(`expected ${published}, found ${digest}`);
    }],
    ...behaviourChecks(api, init),
  ];
}

/** Runs every check in a browser and gives the outcomes as plain data. */
export async function runAll(api) {
  await api.default();
  const files = {};
  for (const name of VECTORS) files[name] = await (await fetch(`/rust-crdt/vectors/${name}.json`)).json();
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
