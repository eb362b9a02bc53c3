// What the package exports beside the generated glue, and what the generated class lacks.
import { ConsensusError } from 'error';
import { ByzantineConsensus } from 'glue';
import { guard } from '../shared/objects.js';

export * from 'glue';

export { ConsensusError, ConsensusError as default };

guard([ByzantineConsensus], (problem) => new ConsensusError('INVALID_ARGUMENT', `Invalid argument: ${problem}`));
