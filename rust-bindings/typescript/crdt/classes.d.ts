/**
 * Skills, episodes and beliefs of one agent, and the updates they rest on. Whoever writes is an `actor`: the agent
 * itself by default, under this process's own key, so that copies that went different ways are seen to have diverged.
 */
export class AgentState {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The state with an episode.
     */
    addEpisode(episode: Episode, actor?: string): AgentState;
    /**
     * The state with one more piece of evidence against a belief.
     */
    addEvidenceAgainst(id: string, timestamp: number, actor?: string): AgentState;
    /**
     * The state with one more piece of evidence for a belief.
     */
    addEvidenceFor(id: string, timestamp: number, actor?: string): AgentState;
    /**
     * How the updates of this copy lie to those of the other one.
     */
    compareCausality(other: AgentState): VectorClockComparison;
    /**
     * The state of an agent that knows nothing yet.
     */
    static create(agent_id: string): AgentState;
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: AgentState): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * Whether both have taken in the same.
     */
    equals(other: AgentState): boolean;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): AgentState;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): AgentState;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): AgentState | undefined;
    /**
     * Whether each copy has an update that the other has not. Throws for another agent's state.
     */
    hasDiverged(other: AgentState): boolean;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): AgentState;
    /**
     * The state with the statement that one episode caused another.
     */
    linkEpisodes(effect: string, cause: string, actor?: string): AgentState;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: AgentState): AgentState;
    /**
     * The state of an agent with these parts, which must have one unit of time.
     */
    static of(agent_id: string, skills: SkillAccumulator, episodes: EpisodeMemory, beliefs: BeliefState): AgentState;
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The state with an update that changes nothing else.
     */
    tick(actor?: string): AgentState;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The state with a belief written.
     */
    updateBelief(belief: Belief, actor?: string): AgentState;
    /**
     * The state with one use of a skill.
     */
    updateSkill(name: string, proficiency: number, timestamp: number, actor?: string): AgentState;
    /**
     * The state with a note of when this copy met another. It is known to this copy alone.
     */
    withLastSync(timestamp: number): AgentState;
    /**
     * Whose state it is; `""` for the least delta of nobody.
     */
    readonly agentId: string;
    /**
     * What it believes.
     */
    readonly beliefs: BeliefState;
    /**
     * What it went through.
     */
    readonly episodes: EpisodeMemory;
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
    /**
     * When this copy last met another, if that was noted.
     */
    readonly lastSync: number | undefined;
    /**
     * What the agent can do.
     */
    readonly skills: SkillAccumulator;
    /**
     * Up to where each writer's updates are known without a gap, by actor key.
     */
    readonly vectorClock: VectorClock;
}

/**
 * Beliefs: the last written record of each, and the evidence for and against it, all of which counts.
 */
export class BeliefState {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The beliefs with one more piece of evidence against one; an unknown id changes nothing.
     */
    addEvidenceAgainst(id: string, timestamp: number, actor?: string): BeliefState;
    /**
     * The beliefs with one more piece of evidence for one; an unknown id changes nothing.
     */
    addEvidenceFor(id: string, timestamp: number, actor?: string): BeliefState;
    /**
     * The beliefs with at least this conviction.
     */
    confidentBeliefs(threshold: number): Belief[];
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: BeliefState): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * No belief, in milliseconds.
     */
    static empty(): BeliefState;
    /**
     * Whether both have taken in the same.
     */
    equals(other: BeliefState): boolean;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): BeliefState;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): BeliefState;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): BeliefState | undefined;
    /**
     * A belief, if it is known.
     */
    get(id: string): Belief | undefined;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): BeliefState;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: BeliefState): BeliefState;
    /**
     * No belief, in milliseconds unless `clock` says otherwise.
     */
    constructor(options?: ClockOptions);
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * All beliefs, in byte order of their ids.
     */
    toList(): Belief[];
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The beliefs with a record written.
     */
    update(belief: Belief, actor?: string): BeliefState;
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
    /**
     * How many beliefs there are.
     */
    readonly size: number;
}

/**
 * The most important episodes, the same ones on every replica, and which caused which.
 */
export class EpisodeMemory {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The memory with many episodes.
     */
    addMany(episodes: readonly Episode[]): EpisodeMemory;
    /**
     * The memory with an episode. Over the limit, the least important one goes: by importance, time, id and content.
     */
    add(episode: Episode): EpisodeMemory;
    /**
     * All that led to an episode.
     */
    ancestors(id: string): string[];
    /**
     * All episodes, causes before effects.
     */
    causalOrder(): Episode[];
    /**
     * What caused an episode directly.
     */
    causesOf(id: string): string[];
    /**
     * The links an end of which is not there, as pairs of effect and cause.
     */
    danglingLinks(): [string, string][];
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: EpisodeMemory): Uint8Array;
    /**
     * All that an episode led to.
     */
    descendants(id: string): string[];
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * The ids under which there are different contents.
     */
    duplicates(): string[];
    /**
     * What an episode caused directly.
     */
    effectsOf(id: string): string[];
    /**
     * The same as the constructor.
     */
    static empty(max_episodes?: number | null): EpisodeMemory;
    /**
     * Whether both have taken in the same.
     */
    equals(other: EpisodeMemory): boolean;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): EpisodeMemory;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): EpisodeMemory;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): EpisodeMemory | undefined;
    /**
     * An episode by its id, if it is there.
     */
    get(id: string): Episode | undefined;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): EpisodeMemory;
    /**
     * The most important episodes, the most important first.
     */
    important(n: number): Episode[];
    /**
     * The memory with a lower limit, which stays the limit wherever it is merged.
     */
    limit(max_episodes: number): EpisodeMemory;
    /**
     * The memory with the statement that one episode caused another.
     */
    link(effect: string, cause: string): EpisodeMemory;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: EpisodeMemory): EpisodeMemory;
    /**
     * No episode. `maxEpisodes` is 1000 by default; `null` keeps all.
     */
    constructor(max_episodes?: number | null, options?: ClockOptions);
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The episodes with a tag.
     */
    queryByTag(tag: string): Episode[];
    /**
     * The episodes of a time, both ends included.
     */
    queryByTime(start: number, end: number): Episode[];
    /**
     * The newest episodes, newest first.
     */
    recent(n: number): Episode[];
    /**
     * The links whose cause is not earlier than their effect, as pairs of effect and cause. They have no effect.
     */
    rejectedLinks(): [string, string][];
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * All episodes, the most important first.
     */
    toList(): Episode[];
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The shortest chain of causes from one episode to another, if there is one.
     */
    why(cause: string, effect: string): string[] | undefined;
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
    /**
     * How many episodes there are.
     */
    readonly size: number;
}

/**
 * A counter that only grows.
 */
export class GCounter {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * -1, 0 or 1 by the sums.
     */
    compareTotal(other: GCounter): number;
    /**
     * What was counted under one name.
     */
    count(node_id: string): number;
    /**
     * The counts by name, as plain data. A count over 2^53 - 1 is a `bigint`.
     */
    counts(): VectorClockData;
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: GCounter): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * A counter at 0.
     */
    static empty(): GCounter;
    /**
     * Whether both have taken in the same.
     */
    equals(other: GCounter): boolean;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): GCounter;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): GCounter;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): GCounter | undefined;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): GCounter;
    /**
     * So many more. A negative amount counts nothing.
     */
    incrementBy(node_id: string, amount: number | bigint): GCounter;
    /**
     * One more, counted under `nodeId`. Two copies of a counter must not both count under one name.
     */
    increment(node_id: string): GCounter;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: GCounter): GCounter;
    /**
     * A counter at 0.
     */
    constructor();
    /**
     * How the counts lie to those of another counter.
     */
    partialCompare(other: GCounter): VectorClockComparison;
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The exact sum, whatever its size.
     */
    valueBigInt(): bigint;
    /**
     * The exact sum. Throws a `RangeError` over 2^53 - 1.
     */
    value(): number;
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
}

/**
 * A set that only grows.
 */
export class GSet {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The set with many values.
     */
    addMany(values: readonly CrdtValue[]): GSet;
    /**
     * The set with a value, and with what is known of its addition, if that is given.
     */
    add(value: CrdtValue, metadata?: GSetMetadata): GSet;
    /**
     * Whether a value is in the set.
     */
    contains(value: CrdtValue): boolean;
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: GSet): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * The same as `values`.
     */
    elements(): CrdtValue[];
    /**
     * The empty set.
     */
    static empty(): GSet;
    /**
     * Whether both have taken in the same.
     */
    equals(other: GSet): boolean;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): GSet;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): GSet;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): GSet | undefined;
    /**
     * What is known of the addition of a value.
     */
    getMetadata(value: CrdtValue): GSetMetadata | undefined;
    /**
     * The same as `contains`.
     */
    has(value: CrdtValue): boolean;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): GSet;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: GSet): GSet;
    /**
     * A set of these values.
     */
    constructor(values?: readonly CrdtValue[]);
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The values, in one order everywhere: that of their encodings.
     */
    values(): CrdtValue[];
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
    /**
     * How many values there are.
     */
    readonly size: number;
}

/**
 * A set where a value is present while its last addition is later than its last removal.
 */
export class LWWElementSet {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The set with a value added at a time.
     */
    add(value: CrdtValue, timestamp: number): LWWElementSet;
    /**
     * Whether a value is in the set.
     */
    contains(value: CrdtValue): boolean;
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: LWWElementSet): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * The same as `values`.
     */
    elements(): CrdtValue[];
    /**
     * The empty set, in milliseconds.
     */
    static empty(): LWWElementSet;
    /**
     * Whether both have taken in the same.
     */
    equals(other: LWWElementSet): boolean;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): LWWElementSet;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): LWWElementSet;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): LWWElementSet | undefined;
    /**
     * The same as `contains`.
     */
    has(value: CrdtValue): boolean;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): LWWElementSet;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: LWWElementSet): LWWElementSet;
    /**
     * The empty set. All times of a set have one unit, `clock`: milliseconds (`ms`) by default.
     */
    constructor(options?: ClockOptions);
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The set with a value removed at a time.
     */
    remove(value: CrdtValue, timestamp: number): LWWElementSet;
    /**
     * When a value was last added and removed, if it was ever named.
     */
    times(value: CrdtValue): { addTime: number; removeTime: number | null } | undefined;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The values, in the order of their encodings.
     */
    values(): CrdtValue[];
    /**
     * What its times count: `hlc`, `ms`, `s` or `lamport`.
     */
    readonly clock: Clock;
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
    /**
     * How many values there are.
     */
    readonly size: number;
}

/**
 * A map from texts to values, where the last write of a key wins. A removal is a write, so that it stays.
 */
export class LWWMap {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: LWWMap): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * The empty map, in milliseconds.
     */
    static empty(): LWWMap;
    /**
     * Keys and values, in byte order of the keys.
     */
    entries(): [string, CrdtValue][];
    /**
     * Whether both have taken in the same.
     */
    equals(other: LWWMap): boolean;
    /**
     * The map without a key, removed by this process, now.
     */
    erase(key: string, actor?: string, now_ms?: number): LWWMap;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): LWWMap;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): LWWMap;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): LWWMap | undefined;
    /**
     * The last write of a key, where it was a removal without a value.
     */
    getEntry(key: string): { value?: CrdtValue; timestamp: number; nodeId: string } | undefined;
    /**
     * The value of a key, or `undefined`.
     */
    get(key: string): CrdtValue | undefined;
    /**
     * Whether a key has a value.
     */
    has(key: string): boolean;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): LWWMap;
    /**
     * The keys, in byte order.
     */
    keys(): string[];
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: LWWMap): LWWMap;
    /**
     * The empty map, in milliseconds (`ms`) unless `clock` says otherwise. `write` and `erase` need `hlc`.
     */
    constructor(options?: ClockOptions);
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The map without a key, unless what the key has is later.
     */
    remove(key: string, timestamp: number, node_id: string): LWWMap;
    /**
     * The map with many writes of `{ key, value, timestamp, nodeId }`.
     */
    setMany(writes: readonly LWWWrite[]): LWWMap;
    /**
     * The map with a write, unless what the key has is later.
     */
    set(key: string, value: CrdtValue, timestamp: number, node_id: string): LWWMap;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The map with many writes of this process, now. Of two entries with one key, the last counts.
     */
    writeMany(entries: readonly (readonly [string, CrdtValue])[], actor?: string, now_ms?: number): LWWMap;
    /**
     * The map with a write of this process, now, which is later than all that the process has seen.
     */
    write(key: string, value: CrdtValue, actor?: string, now_ms?: number): LWWMap;
    /**
     * What its times count: `hlc`, `ms`, `s` or `lamport`.
     */
    readonly clock: Clock;
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
    /**
     * How many keys have a value.
     */
    readonly size: number;
}

/**
 * A number where the last write wins, or with `useMax` the greatest number.
 */
export class LWWNumericRegister {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: LWWNumericRegister): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * Whether both have taken in the same.
     */
    equals(other: LWWNumericRegister): boolean;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): LWWNumericRegister;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): LWWNumericRegister;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): LWWNumericRegister | undefined;
    /**
     * The number, 0 before the first write.
     */
    get(): number;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): LWWNumericRegister;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: LWWNumericRegister): LWWNumericRegister;
    /**
     * A register that was never written, in milliseconds unless `clock` says otherwise.
     */
    constructor(options?: ClockOptions & { useMax?: boolean });
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The register with a write, unless what it has wins.
     */
    set(value: number, timestamp: number, node_id: string): LWWNumericRegister;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
    /**
     * Who wrote it, `""` before the first write.
     */
    readonly nodeId: string;
    /**
     * The time of the winning write, 0 before the first.
     */
    readonly timestamp: number;
    /**
     * Whether the greatest number wins.
     */
    readonly useMax: boolean;
}

/**
 * A value where the last write wins. All times of a register have one unit.
 */
export class LWWRegister {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: LWWRegister): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * A register that was never written, in milliseconds.
     */
    static empty(): LWWRegister;
    /**
     * Whether both have taken in the same.
     */
    equals(other: LWWRegister): boolean;
    /**
     * The register with a write that wins over what it has, at `timestamp` or as little later as that takes.
     */
    forceSet(value: CrdtValue, timestamp: number, node_id: string): LWWRegister;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): LWWRegister;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): LWWRegister;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): LWWRegister | undefined;
    /**
     * The same as `timestamp`.
     */
    getTimestamp(): number;
    /**
     * The same as `nodeId`.
     */
    getWriter(): string;
    /**
     * The value, or `undefined` before the first write.
     */
    get(): CrdtValue | undefined;
    /**
     * Whether it was ever written.
     */
    hasValue(): boolean;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): LWWRegister;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: LWWRegister): LWWRegister;
    /**
     * A register that was never written, in milliseconds (`ms`) unless `clock` says otherwise. `write` needs `hlc`.
     */
    constructor(options?: ClockOptions);
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The register with a write that knows a vector clock in place of a time.
     */
    setWithClock(value: CrdtValue, clock: VectorClock, node_id: string): LWWRegister;
    /**
     * The register with a write, unless what it has is later: by time, then by the bytes of the writer's name, then by
     * the digest of the value.
     */
    set(value: CrdtValue, timestamp: number, node_id: string): LWWRegister;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The register with a write of this process, now, which is later than all that the process has seen.
     */
    write(value: CrdtValue, actor?: string, now_ms?: number): LWWRegister;
    /**
     * What its times count: `hlc`, `ms`, `s` or `lamport`.
     */
    readonly clock: Clock;
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
    /**
     * Who wrote last, `""` before the first write.
     */
    readonly nodeId: string;
    /**
     * The time of the last write, 0 before the first.
     */
    readonly timestamp: number;
    /**
     * The same as `get`.
     */
    readonly value: CrdtValue | undefined;
}

/**
 * A value that keeps concurrent writes until one covers them.
 */
export class MVRegister {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: MVRegister): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * A register that was never written.
     */
    static empty(): MVRegister;
    /**
     * Whether both have taken in the same.
     */
    equals(other: MVRegister): boolean;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): MVRegister;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): MVRegister;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): MVRegister | undefined;
    /**
     * The values, each once, in the order of their encodings.
     */
    get(): CrdtValue[];
    /**
     * Whether there is more than one sibling.
     */
    hasConflict(): boolean;
    /**
     * Whether two values have one clock, which a caller must have used twice.
     */
    hasDuplicateClock(): boolean;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): MVRegister;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: MVRegister): MVRegister;
    /**
     * A register that was never written.
     */
    constructor();
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * Chooses among the siblings by a rule, and writes what was chosen. Without a choice the register is as before.
     */
    resolveBy(rule: ConflictRule, options?: { shape?: ConflictShape; actor?: string }): { register: MVRegister; resolution: Resolution };
    /**
     * The register with one value in place of all that are seen here, those of `set` included.
     */
    resolve(value: CrdtValue, actor?: string): MVRegister;
    /**
     * The register with a write of a caller who keeps vector clocks of its own.
     */
    set(value: CrdtValue, clock: VectorClock): MVRegister;
    /**
     * The values with the clock or the tag of their write.
     */
    siblings(): { value: CrdtValue; clock: VectorClockData | null; tag: string | null }[];
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The register with a write in place of all values seen here.
     */
    write(value: CrdtValue, actor?: string): MVRegister;
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
}

/**
 * A graph that only grows. A node is named by the hash of its content and its parents, 64 hexadecimal characters.
 */
export class MerkleDag {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The graph with a node on top of `parents`, by default of all heads; and the id of the node. With `secretKey`, 32
     * bytes, the node is signed.
     */
    add(payload: CrdtValue, options?: { parents?: readonly string[]; actor?: string; secretKey?: Uint8Array }): { dag: MerkleDag; id: string };
    /**
     * All nodes that a node rests on.
     */
    ancestors(id: string): string[];
    /**
     * The nodes right below a node.
     */
    children(id: string): string[];
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: MerkleDag): Uint8Array;
    /**
     * All nodes that rest on a node.
     */
    descendants(id: string): string[];
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * The empty graph.
     */
    static empty(): MerkleDag;
    /**
     * Whether both have taken in the same.
     */
    equals(other: MerkleDag): boolean;
    /**
     * Evidence that an author has used one number twice.
     */
    forks(): { author: string; seq: number | bigint; signer: Uint8Array | null; nodes: [string, string] }[];
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): MerkleDag;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): MerkleDag;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): MerkleDag | undefined;
    /**
     * A node, if it is there.
     */
    get(id: string): DagNode | undefined;
    /**
     * Whether a node is there, and all its ancestors.
     */
    has(id: string): boolean;
    /**
     * The nodes that nobody has built on yet.
     */
    heads(): string[];
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): MerkleDag;
    /**
     * Whether `b` rests on `a`.
     */
    isAncestor(a: string, b: string): boolean;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: MerkleDag): MerkleDag;
    /**
     * The parents that nodes here wait for.
     */
    missing(): string[];
    /**
     * The empty graph.
     */
    constructor();
    /**
     * The nodes that a node was built on.
     */
    parents(id: string): string[];
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The nodes without parents.
     */
    roots(): string[];
    /**
     * The part of the graph that somebody with these heads does not have.
     */
    since(heads: readonly string[]): MerkleDag;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * All nodes, parents first, else by id.
     */
    topologicalSort(): DagNode[];
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
    /**
     * How many nodes there are with all their ancestors.
     */
    readonly size: number;
    /**
     * How many nodes wait for their parents.
     */
    readonly waiting: number;
}

/**
 * A set with add and remove. An addition wins over a concurrent removal; nothing of a removal stays.
 *
 * `actor` says who adds: an actor id, under which this process has a key of its own, or a key from `resumeWriter`.
 */
export class ORSet {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The set with many values.
     */
    addMany(values: readonly CrdtValue[], actor?: string): ORSet;
    /**
     * The set with a value under a new tag, beside the tags it has; and that tag.
     */
    addTagged(value: CrdtValue, actor?: string): { set: ORSet; tag: string };
    /**
     * The set with a value under a tag of the caller's. Throws where the tag stands for another value.
     */
    addWithTag(value: CrdtValue, tag: string): ORSet;
    /**
     * The set with a value. Replaces the additions of the value that are seen here.
     */
    add(value: CrdtValue, actor?: string): ORSet;
    /**
     * Whether a value is in the set.
     */
    contains(value: CrdtValue): boolean;
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: ORSet): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * The same as `values`.
     */
    elements(): CrdtValue[];
    /**
     * The empty set.
     */
    static empty(): ORSet;
    /**
     * Whether both have taken in the same.
     */
    equals(other: ORSet): boolean;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): ORSet;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): ORSet;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): ORSet | undefined;
    /**
     * The tags of a value: `actorKey:counter`, one for each addition that nobody has removed.
     */
    getTags(value: CrdtValue): string[];
    /**
     * The same as `contains`.
     */
    has(value: CrdtValue): boolean;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): ORSet;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: ORSet): ORSet;
    /**
     * The empty set.
     */
    constructor();
    /**
     * What merging another set would change: what would come, what would go, and what both sides changed.
     */
    preview(other: ORSet): { added: CrdtValue[]; removed: CrdtValue[]; contested: CrdtValue[] };
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The set without many values.
     */
    removeMany(values: readonly CrdtValue[]): ORSet;
    /**
     * The set without these tags of a value. The value stays while it has another one; unknown tags change nothing.
     */
    removeTags(value: CrdtValue, tags: Iterable<string>): ORSet;
    /**
     * The set without a value.
     */
    remove(value: CrdtValue): ORSet;
    /**
     * Begins a merge that is done a little at a time.
     */
    startMerge(other: ORSet): MergeJob;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The values, each once, in the order of their encodings.
     */
    values(): CrdtValue[];
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
    /**
     * How many values there are.
     */
    readonly size: number;
}

/**
 * A counter that goes up and down.
 */
export class PNCounter {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * One down.
     */
    decrement(node_id: string): PNCounter;
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: PNCounter): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * A counter at 0.
     */
    static empty(): PNCounter;
    /**
     * Whether both have taken in the same.
     */
    equals(other: PNCounter): boolean;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): PNCounter;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): PNCounter;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): PNCounter | undefined;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): PNCounter;
    /**
     * So many up, or down for a negative amount.
     */
    incrementBy(node_id: string, amount: number | bigint): PNCounter;
    /**
     * One up, counted under `nodeId`. Two copies of a counter must not both count under one name.
     */
    increment(node_id: string): PNCounter;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: PNCounter): PNCounter;
    /**
     * A counter at 0.
     */
    constructor();
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The exact difference, whatever its size.
     */
    valueBigInt(): bigint;
    /**
     * The exact difference. Throws a `RangeError` beyond 2^53 - 1.
     */
    value(): number;
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
    /**
     * What was counted down.
     */
    readonly negative: GCounter;
    /**
     * What was counted up.
     */
    readonly positive: GCounter;
}

/**
 * Skills by name: proficiency, last use, and uses that are each counted once.
 */
export class SkillAccumulator {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: SkillAccumulator): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * No skill, in milliseconds, where the greatest proficiency counts.
     */
    static empty(): SkillAccumulator;
    /**
     * Whether both have taken in the same.
     */
    equals(other: SkillAccumulator): boolean;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): SkillAccumulator;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): SkillAccumulator;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): SkillAccumulator | undefined;
    /**
     * All skills, in byte order of their names.
     */
    getAllSkills(): Skill[];
    /**
     * A skill, if it is known.
     */
    getSkill(name: string): Skill | undefined;
    /**
     * The same as `getSkill`.
     */
    get(name: string): Skill | undefined;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): SkillAccumulator;
    /**
     * The skills with one of an older system, whose uses are counted under the name of their origin: the same origin
     * again counts once.
     */
    importSkill(origin: string, skill: Skill): SkillAccumulator;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: SkillAccumulator): SkillAccumulator;
    /**
     * No skill. `proficiency` says whether the greatest one counts (`max`) or the last (`latest`).
     */
    constructor(options?: ClockOptions & { proficiency?: 'max' | 'latest' });
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The same as `getAllSkills`.
     */
    toList(): Skill[];
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The skills with many uses of `{ name, proficiency, timestamp }`.
     */
    updateMany(uses: readonly { name: string; proficiency: number; timestamp: number }[], options?: { actor?: string }): SkillAccumulator;
    /**
     * The skills with one use of a skill, which counts whatever its time; with `ignoreStale` only if it is later than
     * the last.
     */
    updateSkill(name: string, proficiency: number, timestamp: number, options?: { actor?: string; ignoreStale?: boolean }): SkillAccumulator;
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
    /**
     * How many skills there are.
     */
    readonly size: number;
}

/**
 * A set in which a removed value, even one that was never there, can never come back.
 */
export class TwoPhaseSet {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The set with many values.
     */
    addMany(values: readonly CrdtValue[]): TwoPhaseSet;
    /**
     * The set with a value, unless that was removed.
     */
    add(value: CrdtValue): TwoPhaseSet;
    /**
     * Whether a value is in the set.
     */
    contains(value: CrdtValue): boolean;
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: TwoPhaseSet): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * The same as `values`.
     */
    elements(): CrdtValue[];
    /**
     * The empty set.
     */
    static empty(): TwoPhaseSet;
    /**
     * Whether both have taken in the same.
     */
    equals(other: TwoPhaseSet): boolean;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): TwoPhaseSet;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): TwoPhaseSet;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): TwoPhaseSet | undefined;
    /**
     * The same as `contains`.
     */
    has(value: CrdtValue): boolean;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): TwoPhaseSet;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: TwoPhaseSet): TwoPhaseSet;
    /**
     * The empty set.
     */
    constructor();
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The set without many values.
     */
    removeMany(values: readonly CrdtValue[]): TwoPhaseSet;
    /**
     * The set without a value, for ever.
     */
    remove(value: CrdtValue): TwoPhaseSet;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The values, in the order of their encodings.
     */
    values(): CrdtValue[];
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
    /**
     * How many values there are.
     */
    readonly size: number;
}

/**
 * A count per actor.
 */
export class VectorClock {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * How this history lies to another one.
     */
    compare(other: VectorClock): VectorClockComparison;
    /**
     * The least delta that brings `other` up to the state of both, for its `importDeltas`.
     */
    deltaFrom(other: VectorClock): Uint8Array;
    /**
     * The digest, 64 hexadecimal characters.
     */
    digestHex(): string;
    /**
     * The digest of the encoding, 32 bytes.
     */
    digest(): Uint8Array;
    /**
     * The clock of nothing.
     */
    static empty(): VectorClock;
    /**
     * Actors and counts, in the order of `nodes()`. A count over 2^53 - 1 is a `bigint`.
     */
    entries(): [string, number | bigint][];
    /**
     * Whether both have taken in the same.
     */
    equals(other: VectorClock): boolean;
    /**
     * The state with this encoding.
     */
    static fromBytes(bytes: Uint8Array): VectorClock;
    /**
     * The state of a text or of plain data, in the current form or in that of any system before.
     */
    static fromJSON(json: string | object, options?: ImportOptions): VectorClock;
    /**
     * The state under a name of a replica, if it is of this type.
     */
    static fromReplica(replica: Replica, name: string): VectorClock | undefined;
    /**
     * The count of an actor, whatever its size.
     */
    getBigInt(node_id: string): bigint;
    /**
     * The count of an actor, 0 where it is absent. Throws a `RangeError` over 2^53 - 1.
     */
    get(node_id: string): number;
    /**
     * Whether everything there is known here, and more.
     */
    happenedAfter(other: VectorClock): boolean;
    /**
     * Whether everything here is known there, and more.
     */
    happenedBefore(other: VectorClock): boolean;
    /**
     * This state with deltas or states of other replicas joined in, each as bytes: all of them, or it throws.
     */
    importDeltas(deltas: readonly Uint8Array[]): VectorClock;
    /**
     * The clock with one more event of an actor.
     */
    increment(node_id: string): VectorClock;
    /**
     * Whether each knows something that the other does not.
     */
    isConcurrent(other: VectorClock): boolean;
    /**
     * Whether both know the same.
     */
    isEqual(other: VectorClock): boolean;
    /**
     * The state of both. Throws, and changes neither, where they contradict each other.
     */
    merge(other: VectorClock): VectorClock;
    /**
     * A clock with these counts; without them the clock of nothing.
     */
    constructor(data?: VectorClockData | Map<string, number | bigint>);
    /**
     * The actors, ordered by the bytes of their keys.
     */
    nodes(): string[];
    /**
     * Puts the state under a name of a replica, in place of what is there.
     */
    putInto(replica: Replica, name: string): void;
    /**
     * The clock with an actor's count raised. Throws where the count is higher already.
     */
    set(node_id: string, count: number | bigint): VectorClock;
    /**
     * A clock of one actor.
     */
    static singleton(node_id: string, timestamp?: number | bigint): VectorClock;
    /**
     * The sum of all counts, whatever its size.
     */
    sumBigInt(): bigint;
    /**
     * The sum of all counts. Throws a `RangeError` over 2^53 - 1.
     */
    sum(): number;
    /**
     * The canonical encoding: equal states have equal bytes, in every language.
     */
    toBytes(): Uint8Array;
    /**
     * The state in its envelope, as plain data. Throws for counts over 2^53 - 1, which JSON does not carry.
     */
    toJSON(): Envelope;
    /**
     * The counts by actor, as plain data.
     */
    toObject(): VectorClockData;
    /**
     * `{a:1, b:2}`.
     */
    toString(): string;
    /**
     * The same as canonical text: equal states have equal texts, in every language.
     */
    toText(): string;
    /**
     * The name of the type in envelopes and replicas.
     */
    readonly kind: string;
}
