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
 * A cluster of members that run the real core over a simulated network, with simulated disks, clocks and liars. One seed and one
 * list of faults give one run and one trace hash, in every language.
 */
export class SimCluster {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * What a member decided, by ascending height: the last 64.
     */
    decisions(member: number): Decision[];
    /**
     * The evidence found so far.
     */
    evidence(): FoundEvidence[];
    /**
     * The last height that a member has decided; 0 before the first.
     */
    height(member: number): number | bigint;
    /**
     * A cluster of `members` members of equal power, in which the faults of a list happen.
     */
    constructor(members: number, seed: number | bigint, faults?: readonly Fault[], options?: SimOptions);
    /**
     * The simulated time, in microseconds.
     */
    nowUs(): number | bigint;
    /**
     * Has a member propose a value when it is its turn.
     */
    propose(member: number, value: Uint8Array): void;
    /**
     * The cluster of a seed's own schedule, of one kind of trouble after the other.
     */
    static random(seed: number | bigint): SimCluster;
    /**
     * The cluster of a schedule's JSON text: what a failing run prints gives the same run again.
     */
    static replay(schedule: string): SimCluster;
    /**
     * What the run was like so far.
     */
    report(): SimReport;
    /**
     * Runs until every honest member has decided all heights; throws `consensus/violation` for what must not happen.
     */
    run(): SimReport;
    /**
     * The JSON text of the schedule, for `replay` in any language.
     */
    schedule(): string;
    /**
     * Lets one thing happen, or `count`. `false` when nothing is left to wait for; throws `consensus/violation` for what must not
     * happen.
     */
    step(count?: number): boolean;
    /**
     * A picture of what has happened, as an SVG document; without messages where the cluster is not recorded.
     */
    svg(): string;
    /**
     * BLAKE3 over everything that has happened, 64 hexadecimal characters.
     */
    traceHash(): string;
    /**
     * The encoding of the validators of a height.
     */
    validators(height: number | bigint): Uint8Array;
    /**
     * The name of the chain, part of every signature.
     */
    readonly chain: string;
}

