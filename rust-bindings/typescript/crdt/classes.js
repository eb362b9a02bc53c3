// The classes of states. The module has one class for all of them, which is called by the names of methods; here is what each
// method takes and gives, and what makes of that a class with a name, methods and checked arguments.
import { CrdtError } from 'error';
import { Held, Replica } from 'glue';
import { packValue } from './values.js';

const [HELD, CLASS] = [Symbol('held'), Symbol('class')];

/** The classes by the names of their kinds. */
export const STATES = {};

/** What every class of a state has. */
class State {
  constructor(...args) {
    const { make } = new.target;
    if (!make) throw invalid(`${new.target.name} is made by create()`);
    this[HELD] = make(...args);
  }

  get kind() {
    return held(this).kind();
  }

  merge(other) {
    return wrap(held(this).merge(same(this, other)), this[CLASS]);
  }

  importDeltas(deltas) {
    return wrap(held(this).importDeltas(deltas), this[CLASS]);
  }

  deltaFrom(other) {
    return held(this).deltaFrom(same(this, other));
  }

  equals(other) {
    return held(this).equals(same(this, other));
  }

  toBytes() {
    return held(this).toBytes();
  }

  digest() {
    return held(this).digest();
  }

  digestHex() {
    return Array.from(this.digest(), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  toText() {
    return held(this).toText();
  }

  toJSON() {
    return JSON.parse(this.toText());
  }

  putInto(replica, name) {
    own(replica, Replica, 'replica').put(name, held(this));
  }

  /** Freeing twice is harmless, so that `using` and an early `free()` go together. */
  free() {
    this[HELD]?.free();
    this[HELD] = undefined;
  }
}
State.prototype[Symbol.dispose ?? 'free'] = State.prototype.free;

// What a parameter may be: the part of its signature behind the colon.
const TYPES = {
  value: [() => true],
  text: [(given) => typeof given === 'string', 'must be a string'],
  number: [Number.isFinite, 'must be a finite number'],
  integer: [isInteger, 'must be an integer below 2^64'],
  count: [(given) => isInteger(given) && given >= 0, 'must be a non-negative integer below 2^64'],
  index: [(given) => Number.isInteger(given) && given >= 0 && given < 2 ** 32, 'must be a non-negative integer'],
  list: [Array.isArray, 'must be an array'],
  object: [(given) => typeof given === 'object' && given !== null, 'must be an object'],
};

/**
 * Makes a class of the methods of a kind. `changes` give a new state, `asks` anything else; a `get` of an answer is an accessor,
 * a `big` one a `bigint`. A parameter with a question mark may be left out; `actor?` says who makes a change.
 */
function define(name, kind, { make, changes = '', asks = '' }) {
  const type = { [name]: class extends State {} }[name];
  type.prototype[CLASS] = type;
  type.make = make;
  type.empty = (...args) => wrap(make(...args), type);
  type.fromBytes = (bytes) => wrap(Held.fromBytes(kind, bytes), type);
  type.fromJSON = (json, options) => wrap(Held.fromText(kind, typeof json === 'string' ? json : textOf(json), options), type);
  type.fromReplica = (replica, of) => {
    const found = own(replica, Replica, 'replica').take(of);
    return found?.kind() === kind ? wrap(found, type) : undefined;
  };
  for (const [, method, list] of changes.matchAll(SIGNATURE)) {
    const parameters = parse(list);
    const takesActor = parameters.at(-1)?.name === 'actor' && parameters.pop();
    type.prototype[method] = function (...args) {
      return wrap(change(held(this, type), method, parameters, args, takesActor ? args[parameters.length] : undefined), type);
    };
  }
  for (const [, method, list, as] of asks.matchAll(SIGNATURE)) {
    const parameters = parse(list);
    const ask = function (...args) {
      const answer = held(this, type).ask(pack(method, parameters, args));
      if (answer instanceof Held) return wrap(answer);
      return as === 'big' ? toBigInt(answer) : answer;
    };
    Object.defineProperty(type.prototype, method, as === 'get' ? { get: ask, configurable: true } : { value: ask, writable: true, configurable: true });
  }
  STATES[kind] = type;
  return type;
}

const SIGNATURE = /(\w+)\(([^)]*)\)(?:: (\w+))?/g;

/** The parameters of a signature: `value: value, timestamp: number, actor?: text`. */
function parse(list) {
  return Array.from(list.matchAll(/(\w+)(\?)?: (\w+)/g), ([, name, optional, type]) => {
    const [holds, problem] = TYPES[type];
    return { name, isOptional: Boolean(optional), holds, problem };
  });
}

/** The state after a change. */
function change(state, method, parameters, args, actor) {
  if (actor !== undefined) check({ name: 'actor', holds: TYPES.text[0], problem: TYPES.text[1] }, actor);
  return state.change(pack(method, parameters, args), actor);
}

/** A call, checked and packed. It is used at once: the bytes are those of the next call too. */
function pack(method, parameters, args) {
  const call = [method];
  for (let i = 0; i < parameters.length; i += 1) {
    const isMissing = args[i] === undefined && parameters[i].isOptional;
    if (!isMissing) check(parameters[i], args[i]);
    call.push(isMissing ? null : args[i]);
  }
  try {
    return packValue(call);
  } catch {
    parameters.forEach(({ name }, i) => packed(call[i + 1], name)); // to say which it is
    throw invalid('arguments must be values');
  }
}

function packed(value, name) {
  try {
    return packValue(value);
  } catch {
    throw invalid(`${name} must be null, a boolean, a number, a bigint below 2^64, a string, a Uint8Array, or an array or plain object of these`);
  }
}

function check({ name, holds, problem }, given) {
  if (!holds(given)) throw invalid(`${name} ${problem}`);
}

function isInteger(given) {
  return typeof given === 'bigint' ? given >= -(2n ** 63n) && given < 2n ** 64n : Number.isInteger(given) && given >= -(2 ** 63) && given < 2 ** 64;
}

/** A property of an options object; `undefined` where it or the whole object is absent. */
function option(options, name, type = 'text') {
  if (options === undefined) return undefined;
  check({ name: 'options', holds: TYPES.object[0], problem: TYPES.object[1] }, options);
  let given;
  try {
    given = options[name];
  } catch {
    given = null; // no value of any kind that is accepted
  }
  if (given === undefined) return undefined;
  if (type === 'flag' && typeof given !== 'boolean') throw invalid(`${name} must be a boolean`);
  if (type !== 'flag') check({ name, holds: TYPES[type][0], problem: TYPES[type][1] }, given);
  return given;
}

/** A maker of states of a kind: the arguments of the constructor to those of the call. */
function maker(kind, signature = '', read = () => []) {
  const parameters = parse(signature);
  return (...args) => Held.make(kind, pack('make', parameters, read(...args)));
}

/** A maker of empty states that may be filled at once. */
function emptyOr(kind, method) {
  const [empty, parameters] = [maker(kind), parse('values: list')];
  return (values) => (values === undefined ? empty() : change(empty(), method, parameters, [values]));
}

function textOf(json) {
  let text;
  try {
    text = JSON.stringify(json);
  } catch {
    // a cycle, or a getter that throws
  }
  if (typeof text !== 'string') throw invalid('json must be a text or plain data');
  return text;
}

/** 16 bytes, little-endian. */
function toBigInt(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return (view.getBigInt64(8, true) << 64n) | view.getBigUint64(0, true);
}

export function wrap(state, type = STATES[state.kind()]) {
  const object = Object.create(type.prototype);
  object[HELD] = state;
  return object;
}

/** What an object of a class holds, unless it was freed. */
function held(object, type = State) {
  if (!(object instanceof type && object[HELD])) throw invalid('the object was freed or is of another class');
  return object[HELD];
}

/** What another object of the same class holds. */
function same(object, other) {
  return of(other, object[CLASS], 'argument 1');
}

function of(object, type, name) {
  if (!(object instanceof type && object[HELD])) throw invalid(`${name} must be a ${type.name} that was not freed`);
  return object[HELD];
}

function own(object, type, name) {
  if (!(object instanceof type && object.__wbg_ptr)) throw invalid(`${name} must be a ${type.name} that was not freed`);
  return object;
}

export function invalid(problem) {
  return new CrdtError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
}

const CLOCK = 'clock?: text';
const clocked = (kind) => maker(kind, CLOCK, (options) => [option(options, 'clock')]);

export const VectorClock = define('VectorClock', 'vector_clock', {
  make: maker('vector_clock', 'data?: object', (data) => [data]),
  changes: 'increment(nodeId: text) set(nodeId: text, count: count)',
  asks: `get(nodeId: text) getBigInt(nodeId: text): big sum() sumBigInt(): big nodes() entries() toObject() toString()`,
});

export const GCounter = define('GCounter', 'g_counter', {
  make: maker('g_counter'),
  changes: 'increment(nodeId: text) incrementBy(nodeId: text, amount: integer)',
  asks: 'value() valueBigInt(): big count(nodeId: text) counts()',
});

export const PNCounter = define('PNCounter', 'pn_counter', {
  make: maker('pn_counter'),
  changes: 'increment(nodeId: text) decrement(nodeId: text) incrementBy(nodeId: text, amount: integer)',
  asks: 'value() valueBigInt(): big positive(): get negative(): get',
});

const MEMBERS = 'has(value: value) values() size(): get';

export const GSet = define('GSet', 'g_set', {
  make: emptyOr('g_set', 'addMany'),
  changes: 'add(value: value, metadata?: object) addMany(values: list)',
  asks: `${MEMBERS} getMetadata(value: value)`,
});

export const TwoPhaseSet = define('TwoPhaseSet', 'two_phase_set', {
  make: maker('two_phase_set'),
  changes: 'add(value: value) remove(value: value) addMany(values: list) removeMany(values: list)',
  asks: MEMBERS,
});

export const ORSet = define('ORSet', 'or_set', {
  make: maker('or_set'),
  changes: `add(value: value, actor?: text) addMany(values: list, actor?: text) addWithTag(value: value, tag: text)
    addTagged(value: value, actor?: text) remove(value: value) removeMany(values: list) removeTags(value: value, tags: list)`,
  asks: `${MEMBERS} getTags(value: value)`,
});

export const LWWElementSet = define('LWWElementSet', 'lww_element_set', {
  make: clocked('lww_element_set'),
  changes: 'add(value: value, timestamp: number) remove(value: value, timestamp: number)',
  asks: `${MEMBERS} times(value: value) clock(): get`,
});

const STAMPED = 'timestamp: number, nodeId: text';
const WRITTEN = 'timestamp(): get nodeId(): get';

export const LWWRegister = define('LWWRegister', 'lww_register', {
  make: clocked('lww_register'),
  changes: `set(value: value, ${STAMPED}) forceSet(value: value, ${STAMPED})
    setWithClock(value: value, clock: object, nodeId: text)`,
  asks: `get() ${WRITTEN} hasValue() clock(): get`,
});

export const LWWNumericRegister = define('LWWNumericRegister', 'lww_numeric_register', {
  make: maker('lww_numeric_register', `${CLOCK}, useMax?: value`, (options) => [
    option(options, 'clock'), option(options, 'useMax', 'flag'),
  ]),
  changes: `set(value: number, ${STAMPED})`,
  asks: `get() ${WRITTEN} useMax(): get`,
});

export const LWWMap = define('LWWMap', 'lww_map', {
  make: clocked('lww_map'),
  changes: `set(key: text, value: value, ${STAMPED}) setMany(writes: list) remove(key: text, ${STAMPED})`,
  asks: 'get(key: text) has(key: text) getEntry(key: text) keys() entries() size(): get clock(): get',
});

export const MVRegister = define('MVRegister', 'mv_register', {
  make: maker('mv_register'),
  changes: 'write(value: value, actor?: text) resolve(value: value, actor?: text) set(value: value, clock: object)',
  asks: 'get() siblings() hasConflict() hasDuplicateClock()',
});

export const SkillAccumulator = define('SkillAccumulator', 'skill_accumulator', {
  make: maker('skill_accumulator', `${CLOCK}, proficiency?: text`, (options) => [
    option(options, 'clock'), option(options, 'proficiency'),
  ]),
  changes: 'importSkill(origin: text, skill: object)',
  asks: 'getSkill(name: text) toList() size(): get',
});

export const EpisodeMemory = define('EpisodeMemory', 'episode_memory', {
  make: maker('episode_memory', `${CLOCK}, maxEpisodes?: value`, (maxEpisodes, options) => {
    if (maxEpisodes !== undefined && maxEpisodes !== null && !TYPES.count[0](maxEpisodes)) {
      throw invalid('maxEpisodes must be an integer from 1, or null');
    }
    return [option(options, 'clock'), maxEpisodes === null ? false : maxEpisodes];
  }),
  changes: 'add(episode: object) addMany(episodes: list) link(effect: text, cause: text) limit(maxEpisodes: count)',
  asks: `get(id: text) toList() queryByTag(tag: text) queryByTime(start: number, end: number) recent(n: index)
    important(n: index) duplicates() causesOf(id: text) effectsOf(id: text) ancestors(id: text) descendants(id: text)
    causalOrder() why(cause: text, effect: text) rejectedLinks() danglingLinks() size(): get`,
});

const EVIDENCE = `addEvidenceFor(id: text, timestamp: number, actor?: text)
  addEvidenceAgainst(id: text, timestamp: number, actor?: text)`;

export const BeliefState = define('BeliefState', 'belief_state', {
  make: clocked('belief_state'),
  changes: `update(belief: object, actor?: text) ${EVIDENCE}`,
  asks: 'get(id: text) confidentBeliefs(threshold: number) toList() size(): get',
});

export const AgentState = define('AgentState', 'agent_state', {
  changes: `tick(actor?: text) updateSkill(name: text, proficiency: number, timestamp: number, actor?: text)
    addEpisode(episode: object, actor?: text) linkEpisodes(effect: text, cause: text, actor?: text)
    updateBelief(belief: object, actor?: text) ${EVIDENCE} withLastSync(timestamp: number)`,
  asks: 'agentId(): get skills(): get episodes(): get beliefs(): get vectorClock(): get lastSync(): get',
});

export const MerkleDag = define('MerkleDag', 'merkle_dag', {
  make: maker('merkle_dag'),
  asks: `has(id: text) get(id: text) heads() roots() children(id: text) parents(id: text) ancestors(id: text)
    descendants(id: text) isAncestor(a: text, b: text) topologicalSort() missing() forks() since(heads: list)
    size(): get waiting(): get`,
});

// What is not one call.

/** Methods of a class that are written out. */
function extend(type, methods) {
  for (const [name, method] of Object.entries(methods)) {
    Object.defineProperty(type.prototype, name, { value: method, writable: true, configurable: true });
  }
}

/** Another name of a method. */
function alias(type, names) {
  for (const [name, known] of Object.entries(names)) {
    Object.defineProperty(type.prototype, name, Object.getOwnPropertyDescriptor(type.prototype, known));
  }
}

const relation = (type) => (one, other) => held(one, type).compare(of(other, type, 'argument 1'));

const clocks = relation(VectorClock);
extend(VectorClock, {
  compare(other) { return clocks(this, other); },
  happenedBefore(other) { return clocks(this, other) === 'before'; },
  happenedAfter(other) { return clocks(this, other) === 'after'; },
  isConcurrent(other) { return clocks(this, other) === 'concurrent'; },
  isEqual(other) { return this.equals(other); },
});
VectorClock.singleton = (nodeId, timestamp = 0) => VectorClock.empty().set(nodeId, timestamp);

const counters = relation(GCounter);
extend(GCounter, {
  partialCompare(other) { return counters(this, other); },
  compareTotal(other) {
    of(other, GCounter, 'argument 1');
    const [one, two] = [this.valueBigInt(), other.valueBigInt()];
    return one < two ? -1 : Number(one > two);
  },
});

for (const type of [GSet, TwoPhaseSet, ORSet, LWWElementSet]) {
  alias(type, { contains: 'has', elements: 'values' });
  type.prototype[Symbol.iterator] = function () {
    return this.values()[Symbol.iterator]();
  };
}
LWWMap.prototype[Symbol.iterator] = function () {
  return this.entries()[Symbol.iterator]();
};

const { addTagged, removeTags } = ORSet.prototype;
extend(ORSet, {
  addTagged(value, actor) {
    const set = addTagged.call(this, value, actor);
    return { set, tag: set[HELD].said() };
  },
  removeTags(value, tags) {
    let list = tags;
    if (!Array.isArray(tags)) {
      if (typeof tags?.[Symbol.iterator] !== 'function' || typeof tags === 'string') throw invalid('tags must be strings');
      try {
        list = [...tags];
      } catch {
        throw invalid('tags must be strings');
      }
    }
    return removeTags.call(this, value, list);
  },
  preview(other) { return held(this, ORSet).preview(of(other, ORSet, 'argument 1')); },
  startMerge(other) { return held(this, ORSet).startMerge(of(other, ORSet, 'argument 1')); },
});

const { setWithClock } = LWWRegister.prototype;
const NOW = parse('value: value, nowMs?: count');
extend(LWWRegister, {
  setWithClock(value, clock, nodeId) {
    of(clock, VectorClock, 'argument 2');
    return setWithClock.call(this, value, clock.toObject(), nodeId);
  },
  write(value, actor, nowMs) {
    return wrap(change(held(this, LWWRegister), 'write', NOW, [value, nowMs], actor), LWWRegister);
  },
});
Object.defineProperty(LWWRegister.prototype, 'value', { get: LWWRegister.prototype.get, configurable: true });
extend(LWWRegister, {
  getTimestamp() { return this.timestamp; },
  getWriter() { return this.nodeId; },
});

const [WRITE, WRITE_MANY, ERASE] = ['key: text, value: value, nowMs?: count', 'entries: list, nowMs?: count', 'key: text, nowMs?: count'].map(parse);
extend(LWWMap, {
  write(key, value, actor, nowMs) {
    return wrap(change(held(this, LWWMap), 'write', WRITE, [key, value, nowMs], actor), LWWMap);
  },
  writeMany(entries, actor, nowMs) {
    return wrap(change(held(this, LWWMap), 'writeMany', WRITE_MANY, [entries, nowMs], actor), LWWMap);
  },
  erase(key, actor, nowMs) {
    return wrap(change(held(this, LWWMap), 'erase', ERASE, [key, nowMs], actor), LWWMap);
  },
});

const { set } = MVRegister.prototype;
const RULE = parse('rule: value, shape?: value');
extend(MVRegister, {
  set(value, clock) {
    of(clock, VectorClock, 'argument 2');
    return set.call(this, value, clock.toObject());
  },
  resolveBy(rule, options) {
    const [shape, actor] = [option(options, 'shape', 'value'), option(options, 'actor')];
    const register = change(held(this, MVRegister), 'resolveBy', RULE, [rule, shape], actor);
    return { register: wrap(register, MVRegister), resolution: register.said() };
  },
});

const [USE, USES] = ['name: text, proficiency: number, timestamp: number, ignoreStale?: value', 'uses: list'].map(parse);
extend(SkillAccumulator, {
  updateSkill(name, proficiency, timestamp, options) {
    const [actor, ignoreStale] = [option(options, 'actor'), option(options, 'ignoreStale', 'flag')];
    return wrap(change(held(this, SkillAccumulator), 'updateSkill', USE, [name, proficiency, timestamp, ignoreStale], actor), SkillAccumulator);
  },
  updateMany(uses, options) {
    return wrap(change(held(this, SkillAccumulator), 'updateMany', USES, [uses], option(options, 'actor')), SkillAccumulator);
  },
});
alias(SkillAccumulator, { get: 'getSkill', getAllSkills: 'toList' });

const agents = relation(AgentState);
const agent = maker('agent_state', 'agentId: text', (agentId) => [agentId]);
delete AgentState.empty; // is nobody's
delete LWWNumericRegister.empty;
AgentState.create = (agentId) => wrap(agent(agentId));
AgentState.of = (agentId, skills, episodes, beliefs) => wrap(Held.ofParts(
  agentId, of(skills, SkillAccumulator, 'argument 2'), of(episodes, EpisodeMemory, 'argument 3'), of(beliefs, BeliefState, 'argument 4'),
));
extend(AgentState, {
  compareCausality(other) { return agents(this, other); },
  hasDiverged(other) { return agents(this, other) === 'concurrent'; },
});

extend(MerkleDag, {
  add(payload, options) {
    const dag = held(this, MerkleDag).addNode(packed(payload, 'payload'), options);
    return { dag: wrap(dag, MerkleDag), id: dag.said() };
  },
});

Replica.prototype.get = function (name) {
  const found = own(this, Replica, 'the object').take(name);
  return found && wrap(found);
};

Replica.prototype.set = function (name, state) {
  if (!(state instanceof State)) throw invalid('state must be a replicated state');
  state.putInto(this, name);
};
