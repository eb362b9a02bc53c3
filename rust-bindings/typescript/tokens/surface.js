// What the entry exports beside the generated glue, and what the generated classes lack.
import { EmbeddingError } from 'error';
import { GrowingText, TokenLedger } from 'glue';
import { guard } from '../shared/objects.js';

export * from 'glue';

export { EmbeddingError, EmbeddingError as default };

guard([GrowingText, TokenLedger], (problem) => new EmbeddingError('INVALID_ARGUMENT', `Invalid argument: ${problem}`));

export const append = (handle, text) => TokenLedger.prototype.append.call(handle, text);
export const countRange = (handle, from, to) => TokenLedger.prototype.countRange.call(handle, from, to);
