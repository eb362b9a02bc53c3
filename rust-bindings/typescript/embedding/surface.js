// What the package exports: of the generated glue what is for users, what is made over it, and what the generated classes lack.
import { EmbeddingError } from 'error';
import { EmbeddingService, LocalModel, VectorIndex, hashVector } from 'glue';
import { guard } from '../shared/objects.js';
import { MODEL_METHODS, MODEL_STATIC } from './model.js';
import { SERVICE_METHODS, SERVICE_STATIC } from './service.js';

export {
  EmbeddingService, LocalModel, VectorIndex, compressPayloadZstd, cosineSimilarity, cosineSimilarityBatch, cosineSimilarityOrZero,
  decompressPayloadZstd, decompressZstd, deterministicVector, dot, euclideanDistance, hashVector, normalize, readVectorBlob, topK, topKBatch,
} from 'glue';
export { EmbeddingError, EmbeddingError as default };
export { ALL_MINILM_L6_V2, modelAt } from './model.js';
export { WorkerModel, createWorkerModel, serveModel } from './worker.js';

Object.assign(LocalModel, MODEL_STATIC);
Object.assign(LocalModel.prototype, MODEL_METHODS);

guard([EmbeddingService, LocalModel, VectorIndex], invalid);

// Behind the guard: these reject where the others throw.
Object.assign(EmbeddingService, SERVICE_STATIC);
Object.assign(EmbeddingService.prototype, SERVICE_METHODS);
if (Symbol.dispose) EmbeddingService.prototype[Symbol.dispose] = SERVICE_METHODS.free;

export function createHashEmbeddingProvider(dimension = 384) {
  const vector = (text) => Array.from(hashVector(text, dimension));
  vector(''); // so that a dimension that is none fails here
  return { dimension, embed: async (text) => vector(text), embedBatch: async (texts) => texts.map(vector) };
}

function invalid(problem) {
  return new EmbeddingError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
}
