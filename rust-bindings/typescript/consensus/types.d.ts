/** Every code a `ConsensusError` can have. */
export type ConsensusErrorCode =
  | 'consensus/malformed'
  | 'consensus/unsupported-version'
  | 'consensus/too-large'
  | 'consensus/invalid-id'
  | 'consensus/invalid-validator-set'
  | 'consensus/too-few-validators'
  | 'consensus/invalid-config'
  | 'consensus/invalid-value'
  | 'consensus/bad-signature'
  | 'consensus/bad-proof'
  | 'consensus/wrong-epoch'
  | 'consensus/out-of-order'
  | 'consensus/invalid-state'
  | 'consensus/invalid-log'
  | 'consensus/no-values'
  | 'consensus/too-few-values'
  | 'consensus/not-finite'
  | 'consensus/out-of-range'
  | 'consensus/invalid-argument'
  | 'consensus/unknown-member'
  | 'consensus/duplicate-member'
  | 'consensus/unknown-round'
  | 'consensus/conflicting-votes'
  | 'consensus/log-held'
  | 'consensus/log-missing'
  | 'consensus/log-foreign'
  | 'consensus/log-moved'
  | 'consensus/log-damaged'
  | 'consensus/journal'
  | 'consensus/crypto'
  | 'INVALID_ARGUMENT'
  | 'WASM_UNAVAILABLE';

/** What went wrong: `code` is stable and is what to branch on, `message` is for people and repeats no value and no key. */
export class ConsensusError extends Error {
  constructor(code: ConsensusErrorCode, message: string, options?: ErrorOptions);
  readonly code: ConsensusErrorCode;
}

/** An integer from 0 to 2^64 - 1: a `bigint` over 2^53 - 1, else a `number`. Either is taken. */
export type Count = number | bigint;

/** A member that votes. */
export interface Validator {
  /** Its name: 1 to 64 of `A-Z a-z 0-9 . _ -`. */
  id: string;
  /** Its Ed25519 public key, 32 bytes. */
  key: Uint8Array;
  /** Its weight; 1 by default. */
  power?: Count;
}

/** The validators of an epoch: their encoding, or themselves in any order, of epoch 0 by default. */
export type Validators = Uint8Array | { epoch?: Count; validators: readonly Validator[] };

/** What a commit certificate proves. */
export interface CommitProof {
  epoch: Count;
  height: Count;
  round: number;
  /** The digest of the value decided: `valueDigest(value)`. */
  digest: Uint8Array;
  /** The power of those who signed. */
  power: number;
  /** The power of all. */
  totalPower: number;
  /** The names of those who signed. */
  signers: string[];
}

/** What evidence proves: that this validator contradicted itself there. */
export interface EvidenceProof {
  epoch: Count;
  height: Count;
  round: number;
  validator: string;
}

/** Who and where a member is. */
export interface MemberOptions {
  /** The name of the chain, part of every signature; the same on all members. */
  chain: string;
  /** The validators of the first height to decide. */
  validators: Validators;
  /** The first height to decide; 1 by default, later behind a checkpoint. */
  height?: Count;
  /** Changes of the validators already agreed on, ascending. */
  upcoming?: readonly { height: Count; validators: Validators }[];
  /** The 32 secret bytes of an Ed25519 key. Without it, or while it is no validator's, the member follows and does not vote. */
  signingKey?: Uint8Array;
  /** All records that the member logged since `height`, in order. A member that has voted must be given them. */
  log?: readonly Uint8Array[];
  /** How many heights may be open beyond the last one executed: 1 to 64, 8 by default; the same on all members. */
  window?: number;
  /** How much faulty power must be borne; by default whatever the set bears. */
  faultyPower?: Count;
  maxValueBytes?: number;
  pendingBytes?: number;
  keptDecisions?: number;
  timeouts?: { proposeMs?: number; prevoteMs?: number; precommitMs?: number; capMs?: number; resendMs?: number };
}

/** A timer: given by `schedule`, handed back as an input when it has run out. */
export type Timeout =
  | { kind: 'propose' | 'prevote' | 'precommit'; height: Count; round: number }
  | { kind: 'resend' };

/** What a member is told. `start` comes first, once. Peers have numbers that the driver gives them. */
export type Input =
  | { type: 'start' }
  | { type: 'message'; from: Count; bytes: Uint8Array }
  | { type: 'timeout'; timeout: Timeout }
  | { type: 'value'; height: Count; round: number; value: Uint8Array }
  | { type: 'validated'; height: Count; digest: Uint8Array; valid: boolean }
  | { type: 'decided'; value: Uint8Array; certificate: Uint8Array }
  | { type: 'executed'; height: Count; validators?: readonly Validator[] | null }
  | { type: 'peer_gone'; peer: Count };

/**
 * What a member tells its driver to do, in order. The records of a `log` are flushed to disk before the next effect; if that
 * fails, no later one is carried out.
 */
export type Effect =
  | { type: 'log'; records: Uint8Array[] }
  | { type: 'broadcast'; bytes: Uint8Array }
  | { type: 'send_to'; peer: Count; bytes: Uint8Array }
  | { type: 'schedule'; timeout: Timeout; afterMs: number }
  | { type: 'cancel'; timeout: Timeout }
  | { type: 'get_value'; height: Count; round: number }
  | { type: 'validate'; height: Count; digest: Uint8Array; value: Uint8Array }
  | { type: 'decide'; height: Count; value: Uint8Array; certificate: Uint8Array; evidence: Uint8Array[] }
  | { type: 'evidence'; evidence: Uint8Array }
  | { type: 'punish'; peer: Count; offence: Offence }
  | { type: 'peer_behind'; peer: Count; height: Count }
  | { type: 'behind'; peer: Count; height: Count };

/** What a peer did that no correct one does. */
export type Offence = 'malformed' | 'bad_signature' | 'bad_proof' | 'wrong_proposer' | 'bad_value';

/** A value that was decided for ever, with its proof. */
export interface Decision {
  height: Count;
  value: Uint8Array;
  certificate: Uint8Array;
}

/** A proposal that was signed. */
export interface SignedProposal {
  height: Count;
  round: number;
  digest: Uint8Array;
  value: Uint8Array;
  signature: Uint8Array;
}

/** Where a member is. */
export interface MemberStatus {
  epoch: Count;
  /** The height being decided. */
  height: Count;
  round: number;
  step: 'propose' | 'prevote' | 'precommit';
  /** The last height that was executed. */
  executed: Count;
  /** Its number among the validators; `null` for a follower. */
  number: number | null;
  locked: { round: number; digest: Uint8Array } | null;
  valid: { round: number; digest: Uint8Array } | null;
}

/** Where a member can begin. */
export interface MemberOrigin {
  height: Count;
  validators: Uint8Array;
  upcoming: { height: Count; validators: Uint8Array }[];
}

/** One member's confidence, 0 to 1, in one memory. Of two votes of a member the later counts; one without a signature never does. */
export interface ValidationVote {
  instanceId: string;
  confidence: number;
  /** Logical time. */
  timestamp: number;
  signature?: Uint8Array | null;
}

/** What members think of one memory. */
export interface ByzantineValidation {
  /** The members whose votes count, in order. */
  verifiedBy: string[];
  /** Their confidences, in the same order. */
  confidenceScores: number[];
  /** The mean without the f lowest and the f highest, f = (n - 1) / 3 of n members; 0 where votes are too few for that. */
  trimmedMean: number;
  /** 0 without votes. */
  median: number;
  /** Whether members with a quorum of the power support it. */
  threshold: boolean;
  /** The smallest number of members with a quorum of the power. */
  requiredVotes: number;
  /** Members that signed two votes for one time. */
  byzantine: string[];
}
