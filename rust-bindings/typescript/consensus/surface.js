// What the package exports beside the generated glue, and what the generated classes lack.
import { ConsensusError } from 'error';
import { ByzantineConsensus, SimCluster } from 'glue';
import { guard } from '../shared/objects.js';

export { ConsensusError, ConsensusError as default };

guard([ByzantineConsensus, SimCluster], (problem) => new ConsensusError('INVALID_ARGUMENT', `Invalid argument: ${problem}`));
