// Runs every check in a browser and gives the outcomes as plain data.
import { behaviourChecks } from './behaviour.js';
import { vectorChecks } from './vectors.js';

export async function runAll(api) {
  await api.default();
  const vectors = await (await fetch('/rust-crypto/vectors/crypto.json')).json();
  const outcomes = [];
  for (const [name, run] of [...vectorChecks(api, vectors), ...behaviourChecks(api, api.default)]) {
    try {
      await run();
      outcomes.push({ name });
    } catch (error) {
      outcomes.push({ name, error: String(error) });
    }
  }
  return outcomes;
}
