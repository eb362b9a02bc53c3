// What the entry exports beside the generated glue, and what the generated class lacks.
import { ConsensusError } from 'error';
import { SimCluster } from 'glue';
import { guard } from '../shared/objects.js';

export * from 'glue';

export { ConsensusError, ConsensusError as default };

guard([SimCluster], (problem) => new ConsensusError('INVALID_ARGUMENT', `Invalid argument: ${problem}`));
