// What the entry exports beside the generated glue, and what the generated class lacks.
import { CryptoError } from 'error';
import { X25519KeyPair } from 'glue';
import { guard } from '../shared/objects.js';

export * from 'glue';

export { CryptoError, CryptoError as default };

guard([X25519KeyPair], (problem) => new CryptoError('INVALID_ARGUMENT', `Invalid argument: ${problem}`));
