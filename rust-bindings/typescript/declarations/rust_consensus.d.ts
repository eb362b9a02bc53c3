/// <reference lib="esnext.disposable" />
/* tslint:disable */
/* eslint-disable */
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


// WebAssembly's own types come with the DOM library, which Node projects need not load.
type CompiledModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : never;
type LinearMemory = typeof globalThis extends { WebAssembly: { Memory: { prototype: infer Memory } } }
    ? Memory
    : { readonly buffer: ArrayBuffer };

/** The module's bytes, or the module compiled. */
export type ModuleSource = ArrayBuffer | ArrayBufferView | CompiledModule;

/** Where the module comes from: its address, a response that holds it, or what `ModuleSource` says. */
export type InitSource = string | URL | Request | Response | ModuleSource;

/** The exports of the loaded module. */
export interface InitOutput {
    readonly memory: LinearMemory;
}

/**
 * Loads the module. Without an argument it is found beside this file, in Node as in browsers and workers. It may be
 * called any number of times: all calls give the same exports, and the argument of a later call has no effect.
 *
 * Rejects with `WASM_UNAVAILABLE` where there is no WebAssembly with SIMD or the module cannot be loaded.
 */
export function init(
source?: InitSource | Promise<InitSource> | { module_or_path: InitSource | Promise<InitSource> },
): Promise<InitOutput>;
export default init;

/** `init` for a module that is already there, without waiting. */
export function initSync(source: ModuleSource | { module: ModuleSource }): InitOutput;



/**
 * One member of a cluster that agrees on byte strings: inputs in, effects out. It has no network, clock or disk; whoever
 * drives it carries out the effects in order, and has a `log` on disk before the next one.
 */
export class ByzantineConsensus {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The latest decision that is kept, with its certificate.
     */
    decision(): Decision | null;
    /**
     * Hands over a message of a validator and gives the last message that it makes this member send to all, if any. The effects
     * are taken by `takeEffects`. Throws for what no correct validator sends.
     */
    handleMessage(message: Uint8Array, sender: string): Uint8Array | null;
    /**
     * Takes an input and gives the effects to be carried out, in order. What peers send never throws.
     */
    handle(input: Input): Effect[];
    /**
     * The latest value decided, if there is one.
     */
    isDecided(): Uint8Array | null;
    /**
     * The member that options describe; without any, a member that is its own cluster, for development, and talks to nobody.
     */
    constructor(options?: MemberOptions);
    /**
     * Where a member can begin that has executed what this one has: `{ ...options, ...member.origin() }`, with the records of the
     * log from its height on.
     */
    origin(): MemberOrigin;
    /**
     * Proposes a value, where it is this member's turn. The effects, with the proposal and its record of the log, are taken by
     * `takeEffects`.
     */
    propose(value: Uint8Array): SignedProposal;
    /**
     * Where the member is.
     */
    status(): MemberStatus;
    /**
     * Takes what `propose` and `handleMessage` have led to, in order.
     */
    takeEffects(): Effect[];
}

/**
 * What members' numbers and votes amount to. Votes count where a member signed them; values that are no numbers throw.
 */
export class ByzantineMemoryValidator {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Mean without extremes, median, and whether sources with a quorum of the members' power took part.
     */
    static aggregateKnowledgeConfidence(confidences: Readonly<Record<string, number>>, members: Validators): [number, number, boolean];
    /**
     * `2n / 3 + 1` in whole numbers: the smallest number of equal members that is more than two thirds.
     */
    static calculateThreshold(total: number): Count;
    /**
     * The members that signed two votes for one time. A low confidence alone proves nothing.
     */
    static detectByzantineNodes(fingerprint: Uint8Array, votes: readonly ValidationVote[], members: Validators): string[];
    /**
     * The value in the middle, or the mean of the two there; 0 of nothing.
     */
    static median(values: Float64Array | readonly number[]): number;
    /**
     * The most frequent value, of several the first; 0 of nothing.
     */
    static mode(values: Float64Array | readonly number[]): number;
    /**
     * The mean without the `f` lowest and the `f` highest: with at most `f` wrong values it lies among the right ones. Throws
     * `consensus/too-few-values` for `2f` values or fewer.
     */
    static robustMean(values: Float64Array | readonly number[], f: number): number;
    /**
     * The signature of a vote, on the memory with this fingerprint of 32 bytes.
     */
    static signVote(fingerprint: Uint8Array, vote: Omit<ValidationVote, 'signature'>, signing_key: Uint8Array): Uint8Array;
    /**
     * The mean without that share of the values on each side, 0.2 by default; 0 of nothing. Bounds nothing: `robustMean` does.
     */
    static trimmedMean(values: Float64Array | readonly number[], trim_percent?: number): number;
    /**
     * Weighs the votes of members on the memory with this fingerprint of 32 bytes. Votes that are not a member's, not signed or
     * out of range are left out; one of at least `supporting`, 0.5 by default, is for the memory.
     */
    static validateMemory(fingerprint: Uint8Array, votes: readonly ValidationVote[], members: Validators, supporting?: number): ByzantineValidation;
    /**
     * The mean of confidences weighted by instance; one without a weight weighs 1.
     */
    static weightedConfidence(confidences: Readonly<Record<string, number>>, weights: Readonly<Record<string, number>>): number;
}

/**
 * Strict majorities: exactly the threshold is not enough, and of no votes there is none.
 */
export class SupermajorityChecker {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Whether more than `requiredThreshold` of the votes are yes, how many are, and how many it takes.
     */
    static consensusDecision(votes: Readonly<Record<string, boolean>>, required_threshold?: number): [boolean, number, number];
    /**
     * Whether more than `threshold` of the votes are yes: 2/3 by default, 0.5 to 1; of 1, all.
     */
    static hasSupermajority(votes: readonly boolean[], threshold?: number): boolean;
}

/**
 * The one encoding of a validator set.
 */
export function encodeValidators(validators: Validators): Uint8Array;

/**
 * The digest that certificates name a value by, 32 bytes.
 */
export function valueDigest(value: Uint8Array): Uint8Array;

/**
 * Verifies a commit certificate against the validators of its epoch, all signatures in one batch, and tells what it proves.
 */
export function verifyCommitCertificate(certificate: Uint8Array, validators: Validators, chain: string): CommitProof;

/**
 * Verifies evidence that a validator made two statements of which a correct one makes only one, and tells which did.
 */
export function verifyEvidence(evidence: Uint8Array, validators: Validators, chain: string): EvidenceProof;

