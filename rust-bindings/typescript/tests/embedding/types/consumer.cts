// Compiled, not run: the same types through `require`.
import api = require('rust-embedding/pkg');
import tokens = require('rust-embedding/pkg/tokens');

export const cosine: number = api.cosineSimilarity([1], new Float64Array([2]));
export const count: number = tokens.countTokens('text', 'gpt-4o');
