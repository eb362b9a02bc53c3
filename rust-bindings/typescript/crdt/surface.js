// What the package exports: the classes of states, and of the generated glue what is for users.
import { CrdtError } from 'error';
import { ConflictResolver, MergeJob, Replica, SyncSession, resolveAllConflicts } from 'glue';
import { guard } from '../shared/objects.js';
import { invalid, wrap } from './classes.js';

export { CrdtError, CrdtError as default };
export {
  ConflictResolver, MergeJob, Replica, SyncSession, actorKey, defaultRule, findConflicts, resolveAllConflicts, resolveCandidates,
  resolveConflict, resumeWriter, selfTest,
} from 'glue';
export {
  AgentState, BeliefState, EpisodeMemory, GCounter, GSet, LWWElementSet, LWWMap, LWWNumericRegister, LWWRegister, MVRegister,
  MerkleDag, ORSet, PNCounter, SkillAccumulator, TwoPhaseSet, VectorClock,
} from './classes.js';

guard([ConflictResolver, MergeJob, Replica, SyncSession], invalid);

const { finish } = MergeJob.prototype;
MergeJob.prototype.finish = function () {
  return wrap(finish.call(this));
};

// The generated glue takes an object's word for its class; here it is asked, and whether it was freed.
for (const name of ['poll', 'receive', 'tick', 'isEqual']) {
  const method = SyncSession.prototype[name];
  SyncSession.prototype[name] = function (replica, ...args) {
    if (!(replica instanceof Replica && replica.__wbg_ptr)) throw invalid('argument 1 must be a Replica that was not freed');
    return method.call(this, replica, ...args);
  };
}

export const DEFAULT_THRESHOLDS = Object.freeze({
  riskDisagreement: 0.3, overconfidenceRisk: 7, philConfidence: 0.7, thresholdBoundaryLow: 0.28,
  thresholdBoundaryHigh: 0.32, blindSpotsMinimum: 3, confidenceReduction: 0.8, unanimousConfidence: 0.85,
  confidenceCapOnConflict: 0.6, highAvgConfidence: 0.8,
});

export const CONFLICT_THRESHOLDS = Object.freeze({
  RISK_DISAGREEMENT: 0.3, OVERCONFIDENCE_RISK: 7, PHIL_CONFIDENCE: 0.7, THRESHOLD_BOUNDARY_LOW: 0.28,
  THRESHOLD_BOUNDARY_HIGH: 0.32, BLIND_SPOTS_MINIMUM: 3, CONFIDENCE_REDUCTION_FACTOR: 0.8, UNANIMOUS_CONFIDENCE: 0.85,
  CONFIDENCE_CAP_ON_CONFLICT: 0.6, HIGH_AVG_CONFIDENCE: 0.8, BRIER_DRIFT_THRESHOLD: 0.25,
});

export function createConflictResolver(thresholds, profile) {
  return new ConflictResolver(thresholds, profile);
}

export function detectConflicts(outputs, thresholds) {
  return resolving(thresholds, (resolver) => resolver.detect(outputs));
}

export function hasConflicts(outputs, thresholds) {
  return resolving(thresholds, (resolver) => resolver.hasConflicts(outputs));
}

export function resolvePersonaConflicts(outputs, thresholds) {
  return resolving(thresholds, (resolver) => resolver.resolve(outputs));
}

export { detectConflicts as detectConflictsFromMap, resolveAllConflicts as resolveConflicts };

function resolving(thresholds, work) {
  const resolver = new ConflictResolver(thresholds);
  try {
    return work(resolver);
  } finally {
    resolver.free();
  }
}
