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
  | 'consensus/violation'
  | 'INVALID_ARGUMENT'
  | 'WASM_UNAVAILABLE';

/** What went wrong: `code` is stable and is what to branch on, `message` is for people and repeats no value and no key. */
export class ConsensusError extends Error {
  constructor(code: ConsensusErrorCode, message: string, options?: ErrorOptions);
  readonly code: ConsensusErrorCode;
}

/** An integer from 0 to 2^64 - 1: a `bigint` over 2^53 - 1, else a `number`. Either is taken. */
export type Count = number | bigint;

/** A value that was decided for ever, with its proof. */
export interface Decision {
  height: Count;
  value: Uint8Array;
  certificate: Uint8Array;
}

/** What a Byzantine member does. */
export type Behaviour =
  | 'silent' | 'twins' | 'equivocate' | 'mirror' | 'lying_leader' | 'invalid_leader' | 'false_valid_round' | 'unlocked' | 'stir'
  | 'usurp' | 'swap' | 'slander' | 'withhold_prevotes' | 'withhold_precommits' | 'only_one' | 'garbage' | 'forge' | 'replay'
  | 'far_future' | 'wrong_epoch' | 'false_certificate';

/** One thing that goes wrong, as in the text of a schedule. Members are numbers from 0, times microseconds. */
export type Fault =
  | { fault: 'byzantine'; member: number; behaviour: Behaviour }
  | { fault: 'partition'; from_us: number; until_us: number; sides: readonly number[] }
  | {
      fault: 'link'; from_us: number; until_us: number; sender?: number | null; receiver?: number | null;
      /** Of 1,000 messages. */
      loss: number;
      /** Of 1,000 messages. */
      doubled: number;
      slower_us: number;
    }
  | {
      fault: 'drop'; height?: number | null; round?: number | null; kind?: 'proposal' | 'prevote' | 'precommit' | 'other' | null;
      sender?: number | null; receiver?: number | null;
    }
  | {
      fault: 'crash'; member: number; write: number; survives: 'nothing' | 'torn' | 'half' | 'all'; effects: number;
      down_us: number;
    }
  | { fault: 'power_cut'; at_us: number; members: readonly number[]; down_us: number }
  | { fault: 'skew'; member: number; per_mille: number };

export interface SimOptions {
  /** How many heights every honest member has to decide; 3 by default. */
  heights?: number;
  /** Whether members sign with Ed25519, so that certificates verify outside the simulation; `false` by default. */
  realSignatures?: boolean;
  /** Whether events are kept for `svg`, at most 2^20 of them; `true` by default. */
  recorded?: boolean;
}

/** What a run was like. Times are simulated. */
export interface SimReport {
  traceHash: string;
  events: Count;
  /** Messages that were sent, each receiver counted. */
  messages: Count;
  simulatedUs: Count;
  /** Decisions of honest members. */
  decisions: number;
  /** From the first proposal of a height to a decision, for half of the decisions. */
  latencyP50Us: Count;
  /** And for 99 of 100. */
  latencyP99Us: Count;
  /** Pieces of evidence that honest members found. */
  evidence: number;
  /** The time within which everything had to be decided after the network had healed; 0 where it was decided before. */
  boundUs: Count;
  /** The rules of `docs/agreement.md` that were exercised, such as `A-20`. */
  rules: string[];
}

/** Evidence, and the number of the member that found it. */
export interface FoundEvidence {
  member: number;
  evidence: Uint8Array;
}
