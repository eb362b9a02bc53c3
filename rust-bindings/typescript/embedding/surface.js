// What the package exports beside the generated glue, and what the generated classes lack.
import { EmbeddingError } from 'error';
import { VectorIndex, hashVector } from 'glue';
import { guard } from '../shared/objects.js';

export * from 'glue';

export { EmbeddingError, EmbeddingError as default };

guard([VectorIndex], (problem) => new EmbeddingError('INVALID_ARGUMENT', `Invalid argument: ${problem}`));

export function createHashEmbeddingProvider(dimension = 384) {
  const vector = (text) => Array.from(hashVector(text, dimension));
  vector(''); // so that a dimension that is none fails here
  return { dimension, embed: async (text) => vector(text), embedBatch: async (texts) => texts.map(vector) };
}
