/** Every code a `CrdtError` can have. */
export type CrdtErrorCode =
  | 'crdt/invalid-actor'
  | 'crdt/invalid-dot'
  | 'crdt/random-unavailable'
  | 'crdt/counter-overflow'
  | 'crdt/counter-lowered'
  | 'crdt/equivocation'
  | 'crdt/clock-drift'
  | 'crdt/clock-exhausted'
  | 'crdt/unit-mismatch'
  | 'crdt/mode-mismatch'
  | 'crdt/not-finite'
  | 'crdt/out-of-range'
  | 'crdt/unsafe-integer'
  | 'crdt/no-json-form'
  | 'crdt/invalid-json'
  | 'crdt/agent-mismatch'
  | 'crdt/unknown-parent'
  | 'crdt/wrong-hash'
  | 'crdt/orphan-limit'
  | 'crdt/bad-signature'
  | 'crdt/invalid-proof'
  | 'crdt/content-mismatch'
  | 'crdt/wrong-shape'
  | 'crdt/too-deep'
  | 'crdt/too-long'
  | 'crdt/membership'
  | 'crdt/unsupported-version'
  | 'crdt/too-many'
  | 'crdt/malformed'
  | 'INVALID_ARGUMENT'
  | 'WASM_UNAVAILABLE';

/** What went wrong: `code` is stable and is what to branch on, `message` is for people and repeats no data. */
export class CrdtError extends Error {
  constructor(code: CrdtErrorCode, message: string, options?: ErrorOptions);
  readonly code: CrdtErrorCode;
}

/**
 * What sets and registers hold. Integers beyond 2^53 - 1 come out as `bigint`, and maps whose keys are not all texts, which
 * other languages can make, as `Map`. Numbers must be finite; fields that are `undefined` are left out.
 */
export type CrdtValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly CrdtValue[]
  | { readonly [key: string]: CrdtValue | undefined }
  | ReadonlyMap<CrdtValue, CrdtValue>;

/** How two histories lie to each other. */
export type VectorClockComparison = 'before' | 'after' | 'concurrent' | 'equal';

/** Counts by actor. A count over 2^53 - 1 is a `bigint`. */
export type VectorClockData = { [actor: string]: number | bigint };

/** What times count: hybrid time in milliseconds, milliseconds, seconds, or events. Two units never meet in one state. */
export type Clock = 'hlc' | 'ms' | 's' | 'lamport';

/** Options of types with times. */
export interface ClockOptions {
  clock?: Clock;
}

/** What a reader knows of data that says less than the current form. */
export interface ImportOptions extends ClockOptions {
  /** Whose counts they are, for skills and evidence that were mere numbers. */
  origin?: string;
}

/** The form of every state in JSON. */
export interface Envelope {
  version: '2.0.0';
  source_language: 'typescript' | 'python' | 'rust';
  crdt_type: StateKind;
  lamport_clock: number;
  vector_clock: { [actor: string]: number };
  data: unknown;
}

/** The types of states by name. */
export type StateKind =
  | 'vector_clock' | 'g_counter' | 'pn_counter' | 'g_set' | 'two_phase_set' | 'or_set' | 'lww_element_set'
  | 'lww_register' | 'lww_numeric_register' | 'lww_map' | 'mv_register' | 'skill_accumulator' | 'episode_memory'
  | 'belief_state' | 'agent_state' | 'merkle_dag' | 'causal_context';

/** Any state. */
export type CrdtState =
  | VectorClock | GCounter | PNCounter | GSet | TwoPhaseSet | ORSet | LWWElementSet | LWWRegister | LWWNumericRegister
  | LWWMap | MVRegister | SkillAccumulator | EpisodeMemory | BeliefState | AgentState | MerkleDag;

export interface GSet extends Iterable<CrdtValue> {}
export interface TwoPhaseSet extends Iterable<CrdtValue> {}
export interface ORSet extends Iterable<CrdtValue> {}
export interface LWWElementSet extends Iterable<CrdtValue> {}
export interface LWWMap extends Iterable<[string, CrdtValue]> {}

/** When and by whom an element of a `GSet` was added. */
export interface GSetMetadata {
  timestamp: number;
  writer: string;
  clock?: Clock;
  lamportTime?: number | bigint;
  operationId?: string | null;
  vectorClock?: VectorClockData;
}

/** One write of `LWWMap.setMany`. */
export type LWWWrite = { key: string; value: CrdtValue; timestamp: number; nodeId: string };

export type Skill = { name: string; proficiency: number; usageCount: number; lastUsed: number };

export type Episode = {
  id: string;
  content: CrdtValue;
  context?: CrdtValue;
  outcome?: CrdtValue;
  timestamp: number;
  importance: number;
  tags?: readonly string[];
};

export type Belief = {
  id: string;
  content: CrdtValue;
  conviction: number;
  evidenceFor?: number;
  evidenceAgainst?: number;
  lastUpdated: number;
  source?: CrdtValue;
};

/** A node of a `MerkleDag`. Ids are hashes, 64 hexadecimal characters. */
export interface DagNode {
  id: string;
  parents: string[];
  author: string;
  seq: number | bigint;
  payload: CrdtValue;
  signer: Uint8Array | null;
  signature: Uint8Array | null;
}

export interface Replica {
  /** The state under a name. */
  get(name: string): CrdtState | undefined;
  /** Puts a state under a name, in place of what is there. */
  set(name: string, state: CrdtState): void;
}

/** One change of `Replica.apply`: the name of a method of the state, and its arguments. */
export type Operation = readonly [name: string, ...args: CrdtValue[]];

/** Limits of a session. */
export interface SyncOptions {
  /** The longest message to send, 64 KiB by default. */
  maxMessageBytes?: number;
  /** The longest message to take. */
  maxReceiveBytes?: number;
  /** How far ahead of local time a write may be to be merged at once, a minute by default. */
  maxDriftMs?: number;
  /** After how long without an answer to ask again, a second by default. */
  retryMs?: number;
}

/** What happened in a session. */
export type SyncEvent =
  | { type: 'merged' | 'equal' | 'refused'; name: string }
  | { type: 'held'; name: string; aheadMs: number }
  | { type: 'rejected'; name: string; code: CrdtErrorCode; delta: Uint8Array }
  | { type: 'failed'; name: string; code: CrdtErrorCode }
  | { type: 'claimed'; name: string; actor: string; counter: number | bigint }
  | { type: 'unknown'; name: string; kind: StateKind }
  | { type: 'other' };

/** How to choose among concurrent values. */
export type ConflictStrategy = 'LastWriterWins' | 'FirstWriterWins' | 'MajorityVote' | 'SemanticMerge' | 'ManualReview';
export type ConflictRule =
  | ConflictStrategy
  | {
      strategy: ConflictStrategy;
      /** What "last" means: by time where every candidate has one, or by vector clock. */
      order?: 'stamp' | 'clock';
      /** What chooses where no value has a majority. */
      fallback?: Exclude<ConflictStrategy, 'MajorityVote'>;
    };
/** How values of a key may be joined. */
export type ConflictShape = 'single' | 'text' | 'set' | 'counter' | 'max' | 'min' | { map: ConflictShape };
export type ConflictType = 'DirectContradiction' | 'CausalOrdering' | 'SemanticInconsistency' | 'MergeFailure';
/** One of the values that may become the value of a key. */
export interface Candidate {
  value: CrdtValue;
  writer?: string | null;
  timestamp?: number | null;
  clock?: VectorClockData;
}
export interface CandidateConflict {
  type: ConflictType;
  key: string;
  digest: string;
  candidates: Candidate[];
  codes: CrdtErrorCode[];
}
export interface ConflictChecks {
  shape?: ConflictShape;
  similarity?: number;
  semanticThreshold?: number;
  missingCause?: boolean;
}
export interface Resolution {
  resolved: boolean;
  /** What chose: the strategy of the rule, or its fallback. */
  strategy: ConflictStrategy;
  /** There when resolved, and never else. */
  value?: CrdtValue;
  candidates: Candidate[];
  /** The same for the same candidates: the ticket of a manual review. */
  ticket: string;
  covers: VectorClockData;
}

/** What one persona said. Further fields are taken and not looked at. */
export interface PersonaOutput {
  personaId: string;
  riskScore?: number | null;
  confidence: number;
  scorecard?: {
    overconfidenceRisk?: number | null;
    blindSpots?: readonly string[];
    blindSpotDetection?: readonly string[];
    [other: string]: CrdtValue | undefined;
  } | null;
  recommendations?: readonly string[];
  requiresHumanReview?: boolean;
  timestamp?: number | string;
  latencyMs?: number;
}
export type PersonaOutputs =
  | readonly PersonaOutput[]
  | ReadonlyMap<string, PersonaOutput>
  | { readonly [personaId: string]: PersonaOutput };
export type PersonaConflictType =
  | 'risk_disagreement' | 'confidence_mismatch' | 'threshold_boundary' | 'blind_spot' | 'unanimous_concern'
  | 'unanimous_warning';
export type PersonaStrategy =
  | 'weighted_average' | 'conservative_merge' | 'human_escalation' | 'defer_to_expert' | 'defer_to_coordinator'
  | 'conservative_bound';
export interface Conflict {
  type: PersonaConflictType;
  personas: string[];
  severity: number;
  description: string;
  data: { [name: string]: number | string[] };
  suggestedResolution: PersonaStrategy;
}
export interface ConflictResolution {
  strategy: PersonaStrategy;
  adjustment: number;
  resolved: boolean;
  explanation: string;
}
export interface ConflictSummary {
  totalAdjustment: number;
  requiresHumanReview: boolean;
  explanations: string[];
  finalConfidenceCap: number;
  conflictsDetected: number;
  conflictsResolved: number;
}
export interface ConflictThresholds {
  riskDisagreement: number;
  overconfidenceRisk: number;
  philConfidence: number;
  thresholdBoundaryLow: number;
  thresholdBoundaryHigh: number;
  blindSpotsMinimum: number;
  confidenceReduction: number;
  unanimousConfidence: number;
  confidenceCapOnConflict: number;
  highAvgConfidence: number;
}

export const DEFAULT_THRESHOLDS: Readonly<ConflictThresholds>;
export const CONFLICT_THRESHOLDS: {
  readonly RISK_DISAGREEMENT: 0.3;
  readonly OVERCONFIDENCE_RISK: 7;
  readonly PHIL_CONFIDENCE: 0.7;
  readonly THRESHOLD_BOUNDARY_LOW: 0.28;
  readonly THRESHOLD_BOUNDARY_HIGH: 0.32;
  readonly BLIND_SPOTS_MINIMUM: 3;
  readonly CONFIDENCE_REDUCTION_FACTOR: 0.8;
  readonly UNANIMOUS_CONFIDENCE: 0.85;
  readonly CONFIDENCE_CAP_ON_CONFLICT: 0.6;
  readonly HIGH_AVG_CONFIDENCE: 0.8;
  readonly BRIER_DRIFT_THRESHOLD: 0.25;
};

/** A resolver with these thresholds. */
export function createConflictResolver(
  thresholds?: Partial<ConflictThresholds>,
  profile?: 'ts' | 'ocaml',
): ConflictResolver;
/** The conflicts among outputs. */
export function detectConflicts(outputs: PersonaOutputs, thresholds?: Partial<ConflictThresholds>): Conflict[];
export function detectConflictsFromMap(outputs: PersonaOutputs, thresholds?: Partial<ConflictThresholds>): Conflict[];
/** Whether there is any. */
export function hasConflicts(outputs: PersonaOutputs, thresholds?: Partial<ConflictThresholds>): boolean;
/** Detects, resolves and sums up. */
export function resolvePersonaConflicts(
  outputs: PersonaOutputs,
  thresholds?: Partial<ConflictThresholds>,
): ConflictSummary;
/** Resolves conflicts and sums up. */
export function resolveConflicts(conflicts: readonly Conflict[]): ConflictSummary;

/** What `selfTest` found. No failures means that every law held. */
export interface SelfTestReport {
  seed: number | bigint;
  histories: number;
  checks: number;
  failures: { type: StateKind; law: string; seed: number | bigint }[];
}
