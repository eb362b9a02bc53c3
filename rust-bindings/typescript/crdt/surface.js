// What the package exports beside the generated glue, and what the generated classes lack.
import { CrdtError } from 'error';
import {
  AgentState, BeliefState, ConflictResolver, EpisodeMemory, GCounter, GSet, LWWElementSet, LWWMap, LWWNumericRegister,
  LWWRegister, MVRegister, MergeJob, MerkleDag, ORSet, PNCounter, Replica, SkillAccumulator, SyncSession, TwoPhaseSet,
  VectorClock, resolveAllConflicts,
} from 'glue';
import { guard } from '../shared/objects.js';

export { CrdtError, CrdtError as default };

/** The classes of states by the names of their kinds. */
const STATES = {
  vector_clock: VectorClock, g_counter: GCounter, pn_counter: PNCounter, g_set: GSet, two_phase_set: TwoPhaseSet,
  or_set: ORSet, lww_element_set: LWWElementSet, lww_register: LWWRegister, lww_numeric_register: LWWNumericRegister,
  lww_map: LWWMap, mv_register: MVRegister, skill_accumulator: SkillAccumulator, episode_memory: EpisodeMemory,
  belief_state: BeliefState, agent_state: AgentState, merkle_dag: MerkleDag,
};
const states = Object.values(STATES);

guard([...states, ConflictResolver, MergeJob, Replica, SyncSession], invalid);

// The generated glue takes an object's word for its class; here it is asked, and whether it was freed.
for (const type of states) {
  expect(type.prototype, ['merge', 'deltaFrom', 'equals'], [type]);
  expect(type.prototype, ['putInto'], [Replica]);
  expect(type, ['fromReplica'], [Replica]);
}
expect(VectorClock.prototype, ['compare', 'happenedBefore', 'happenedAfter', 'isConcurrent', 'isEqual'], [VectorClock]);
expect(GCounter.prototype, ['compareTotal', 'partialCompare'], [GCounter]);
expect(ORSet.prototype, ['preview', 'startMerge'], [ORSet]);
expect(LWWRegister.prototype, ['setWithClock'], [undefined, VectorClock]);
expect(MVRegister.prototype, ['set'], [undefined, VectorClock]);
expect(AgentState.prototype, ['hasDiverged', 'compareCausality'], [AgentState]);
expect(AgentState, ['of'], [undefined, SkillAccumulator, EpisodeMemory, BeliefState]);
expect(SyncSession.prototype, ['poll', 'receive', 'tick', 'isEqual'], [Replica]);

for (const type of [GSet, TwoPhaseSet, ORSet, LWWElementSet]) {
  type.prototype[Symbol.iterator] = function () {
    return this.values()[Symbol.iterator]();
  };
}
LWWMap.prototype[Symbol.iterator] = function () {
  return this.entries()[Symbol.iterator]();
};

Replica.prototype.get = function (name) {
  const kind = this.kindOf(name);
  return kind && STATES[kind]?.fromReplica(this, name);
};

Replica.prototype.set = function (name, state) {
  if (!states.some((type) => state instanceof type)) throw invalid('state must be a replicated state');
  state.putInto(this, name);
};

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

/** Checks arguments that are objects of the module: each of `types` at its position. */
function expect(target, names, types) {
  for (const name of names) {
    const method = target[name];
    target[name] = function (...args) {
      types.forEach((type, position) => type && live(args[position], type, `argument ${position + 1}`));
      return method.apply(this, args);
    };
  }
}

function live(object, type, name) {
  if (!(object instanceof type && object.__wbg_ptr)) throw invalid(`${name} must be a ${type.name} that was not freed`);
}

function invalid(problem) {
  return new CrdtError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
}
