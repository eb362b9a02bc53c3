// What no vector says: errors, wrong arguments, lifetimes. Runs unchanged in Node, in a page and in a worker.
import { originalChecks } from './original.js';

const bytes = (...items) => Uint8Array.from(items);
const episode = { id: 'e', content: 'c', timestamp: 1, importance: 0.5 };
const belief = { id: 'b', content: 'c', conviction: 0.5, lastUpdated: 1 };

/**
 * Every method with arguments that are right, and the kind of each: what is of another kind throws INVALID_ARGUMENT. Kinds with a
 * question mark may be left out.
 */
const METHODS = {
  VectorClock: {
    get: ['text'], getBigInt: ['text'], increment: ['text'], set: ['text', 'count'], compare: ['self'],
    happenedBefore: ['self'], happenedAfter: ['self'], isConcurrent: ['self'], isEqual: ['self'],
  },
  GCounter: {
    increment: ['text'], incrementBy: ['text', 'integer'], count: ['text'], compareTotal: ['self'], partialCompare: ['self'],
  },
  PNCounter: { increment: ['text'], decrement: ['text'], incrementBy: ['text', 'integer'] },
  GSet: { add: ['value'], addMany: ['list'], contains: ['value'], has: ['value'], getMetadata: ['value'] },
  TwoPhaseSet: { add: ['value'], remove: ['value'], addMany: ['list'], removeMany: ['list'], contains: ['value'], has: ['value'] },
  ORSet: {
    add: ['value', 'text?'], addMany: ['list', 'text?'], addWithTag: ['value', 'text'], addTagged: ['value', 'text?'],
    remove: ['value'], removeMany: ['list'], removeTags: ['value', 'texts'], contains: ['value'], has: ['value'],
    getTags: ['value'], preview: ['self'], startMerge: ['self'],
  },
  LWWElementSet: { add: ['value', 'number'], remove: ['value', 'number'], contains: ['value'], has: ['value'], times: ['value'] },
  LWWRegister: { set: ['value', 'number', 'text'], forceSet: ['value', 'number', 'text'] },
  LWWNumericRegister: { set: ['number', 'number', 'text'] },
  LWWMap: {
    set: ['key', 'value', 'number', 'text'], remove: ['key', 'number', 'text'], get: ['key'], has: ['key'], getEntry: ['key'],
  },
  MVRegister: { write: ['value', 'text?'], resolve: ['value', 'text?'], set: ['value', 'clock'] },
  SkillAccumulator: { updateSkill: ['key', 'score', 'number', 'options'], getSkill: ['key'], get: ['key'] },
  EpisodeMemory: {
    add: ['episode'], link: ['key', 'key'], limit: ['count'], get: ['key'], queryByTag: ['key'], queryByTime: ['number', 'number'],
    recent: ['index'], important: ['index'], causesOf: ['key'], effectsOf: ['key'], ancestors: ['key'], descendants: ['key'],
    why: ['key', 'key'],
  },
  BeliefState: {
    update: ['belief', 'text?'], addEvidenceFor: ['key', 'number', 'text?'], addEvidenceAgainst: ['key', 'number', 'text?'],
    get: ['key'], confidentBeliefs: ['number'],
  },
  AgentState: {
    tick: ['text?'], updateSkill: ['key', 'score', 'number', 'text?'], addEpisode: ['episode', 'text?'],
    linkEpisodes: ['key', 'key', 'text?'], updateBelief: ['belief', 'text?'], addEvidenceFor: ['key', 'number', 'text?'],
    addEvidenceAgainst: ['key', 'number', 'text?'], withLastSync: ['number'], hasDiverged: ['self'], compareCausality: ['self'],
  },
  MerkleDag: {
    add: ['value', 'options'], has: ['id'], get: ['id'], children: ['id'], parents: ['id'], ancestors: ['id'],
    descendants: ['id'], isAncestor: ['id', 'id'], since: ['list'],
  },
};
/** What every state has beside these. */
const COMMON = { merge: ['self'], importDeltas: ['deltas'], deltaFrom: ['self'], equals: ['self'], putInto: ['replica', 'text'] };

const GOOD = {
  text: 'a', 'text?': undefined, key: '', count: 1, integer: -1, index: 1, number: 1, score: 0.5, value: 'v', list: [],
  texts: [], deltas: [], options: undefined, episode, belief, id: '00'.repeat(32),
};

/** Values of many kinds, and the kinds each is right for. */
const VALUES = [
  [undefined, 'text?', 'options'], [null, 'value'], [true, 'value'], [Symbol('s')], [() => 1], [NaN], [Infinity],
  [10n, 'value', 'count', 'integer'], [2n ** 64n], [-(2n ** 63n) - 1n], [-1, 'value', 'integer', 'number', 'index-'],
  [1.5, 'value', 'number'], [3, 'value', 'count', 'integer', 'index', 'number'],
  ['text', 'text', 'text?', 'key', 'value'], [new Date(0)], [/x/], [new Map([[{}, Symbol('s')]])], [Promise.resolve()],
  [new Float64Array(2)], [new ArrayBuffer(2)], [bytes(1), 'value'], [[], 'value', 'list', 'texts', 'deltas'], [[undefined]],
  [{}, 'value', 'options'], [{ f: () => 1 }, 'options'],
  [{ get id() { throw new Error('getter'); } }, 'options'], [new Proxy({}, { ownKeys() { throw new Error('trap'); } }), 'options'],
];

const CODES = ['INVALID_ARGUMENT', 'crdt/not-finite'];

function assert(condition, text) {
  if (!condition) throw new Error(text);
}

function equal(actual, expected, text = '') {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  assert(found === wanted, `${text} expected ${wanted}, found ${found}`);
}

function throws(api, code, run, text = String(code)) {
  const codes = [code].flat();
  try {
    run();
  } catch (error) {
    assert(error instanceof api.CrdtError && error instanceof Error, `${text}: threw ${error}`);
    assert(error.name === 'CrdtError' && codes.includes(error.code), `${text}: threw ${error.code} ${error.message}`);
    return error;
  }
  throw new Error(`${text}: nothing was thrown`);
}

function make(api, name) {
  return name === 'AgentState' ? api.AgentState.create('agent') : new api[name]();
}

/** `[name, run]` for each behaviour, the tests of the original systems among them. */
export function behaviourChecks(api, init) {
  const own = Object.entries(CHECKS).map(([name, check]) => [name, async () => {
    await check(api, init);
    assert(api.ORSet.empty().add('x').has('x'), 'the module no longer works');
  }]);
  return [...originalChecks(api), ...own];
}

const CHECKS = {
  async 'init may be called any number of times'(api, init) {
    const [first, second] = await Promise.all([init(), init({ module_or_path: 'elsewhere.wasm' })]);
    assert(first === second && api.initSync(new Uint8Array()) === first, 'the exports differ');
  },

  'arguments of a wrong type throw and change nothing'(api) {
    const replica = new api.Replica();
    for (const [type, methods] of Object.entries(METHODS)) {
      const state = make(api, type);
      const good = { ...GOOD, self: make(api, type), clock: new api.VectorClock(), replica };
      const before = state.digestHex();
      for (const [name, kinds] of Object.entries({ ...methods, ...COMMON })) {
        const args = kinds.map((kind) => good[kind]);
        state[name](...args);
        for (const [position, kind] of kinds.entries()) {
          for (const [value, ...valid] of VALUES) {
            if (valid.includes(kind)) continue;
            if (kind === 'options' && typeof value === 'object' && value !== null) continue;
            // An id that is no id, a score out of range: of the right type, and refused by its own code.
            if (typeof value === 'string' && (kind === 'id' || kind === 'deltas')) continue;
            if (kind === 'score' && typeof value === 'number' && Number.isFinite(value)) continue;
            const wrong = args.map((arg, i) => (i === position ? value : arg));
            throws(api, CODES, () => state[name](...wrong), `${type}.${name}, argument ${position}, ${typeof value}`);
          }
        }
      }
      equal(state.digestHex(), before, `${type} changed:`);
      for (const [value] of VALUES) {
        if (typeof value !== 'string') throws(api, CODES, () => api[type].fromBytes(value instanceof Uint8Array ? 'x' : value), `${type}.fromBytes`);
      }
      throws(api, ['crdt/malformed'], () => api[type].fromBytes(bytes(1, 99, 0)));
      throws(api, ['crdt/invalid-json'], () => api[type].fromJSON('{"version":'), `${type}.fromJSON`);
      throws(api, 'INVALID_ARGUMENT', () => api[type].fromJSON(undefined), `${type}.fromJSON`);
    }
  },

  'every state survives bytes and JSON, and copies are equal'(api) {
    for (const type of Object.keys(METHODS)) {
      const state = make(api, type);
      const [decoded, read, again] = [
        api[type].fromBytes(state.toBytes()), api[type].fromJSON(state.toText()),
        api[type].fromJSON(JSON.parse(JSON.stringify(state))),
      ];
      assert(state.equals(decoded) && state.equals(read) && state.equals(again), type);
      equal(state.digest().length, 32);
      equal(state.toJSON().crdt_type, state.kind);
      for (const one of [state, decoded, read, again]) one.free();
    }
  },

  'operations leave the object as it is'(api) {
    const start = api.ORSet.empty().add('a');
    const digest = start.digestHex();
    start.add('b');
    start.remove('a');
    start.merge(api.ORSet.empty().add('c'));
    start.importDeltas([api.ORSet.empty().add('d').toBytes()]);
    equal([start.values(), start.digestHex() === digest], [['a'], true]);
  },

  'values keep their identity'(api) {
    const values = [0, 1, -1, 1.5, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n, -(2n ** 63n), true, false, null, '', 'a', '\u{1f600}',
      'x'.repeat(1000), '\u00e9', 'e\u0301', bytes(), bytes(0, 255), [], [[1]], { a: { b: [null] } }, JSON.parse('{"__proto__":1}')];
    const set = new api.GSet(values);
    equal(set.size, values.length);
    for (const value of values) assert(set.has(value), String(value));
    const text = (value) => JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}n` : item instanceof Uint8Array ? [...item, 'bytes'] : item));
    equal(set.values().map(text).sort(), values.map(text).sort());
    equal(new api.GSet([-0, 0, 0n, 2 ** 53, 2n ** 53n, { a: 1, b: 2 }, { b: 2, a: 1 }, { a: 1, b: 2, c: undefined }]).size, 3);
    equal(new api.GSet(['\ud800']).values(), ['\ufffd']);
    const cycle = [];
    cycle.push(cycle);
    throws(api, 'INVALID_ARGUMENT', () => api.GSet.empty().add(cycle));
    throws(api, 'crdt/too-deep', () => api.GSet.empty().add(Array.from({ length: 70 }).reduce((inner) => [inner], 1)));
    throws(api, 'crdt/too-long', () => api.GSet.empty().add(new Uint8Array(17 << 20)));
  },

  'a value may call back while it is read'(api) {
    const outer = { get inner() { return api.GSet.empty().add({ nested: 'x'.repeat(5000) }).values()[0].nested.length; }, after: 'ok' };
    equal(api.GSet.empty().add(outer).values(), [{ after: 'ok', inner: 5000 }]);
  },

  'counts beyond 2^53 - 1 are a RangeError as numbers and exact as bigints'(api) {
    const counter = api.GCounter.empty().incrementBy('a', 2n ** 64n - 1n).incrementBy('b', 2);
    let error;
    try { counter.value(); } catch (caught) { error = caught; }
    assert(error instanceof RangeError && error.name === 'RangeError' && error.code === 'crdt/unsafe-integer', String(error));
    equal(String(counter.valueBigInt()), '18446744073709551617');
    throws(api, 'crdt/counter-overflow', () => counter.increment('a'));
    throws(api, 'crdt/unsafe-integer', () => counter.toJSON());
    equal(String(counter.counts().a), '18446744073709551615');
    equal(String(api.PNCounter.empty().incrementBy('a', -(2n ** 63n)).valueBigInt()), '-9223372036854775808');
    equal(api.PNCounter.empty().incrementBy('a', -5).value(), -5);
    equal(String(api.VectorClock.singleton('a', 2n ** 53n).getBigInt('a')), '9007199254740992');
  },

  'contradictions are refused whole'(api) {
    const [one, two] = ['x', 'y'].map((value) => api.ORSet.empty().addWithTag(value, 'tag'));
    throws(api, 'crdt/equivocation', () => one.merge(two));
    throws(api, 'crdt/equivocation', () => one.importDeltas([api.ORSet.empty().add('z').toBytes(), two.toBytes()]));
    equal(one.values(), ['x']);
    throws(api, 'crdt/unit-mismatch', () => api.LWWMap.empty().set('k', 1, 1, 'a').merge(new api.LWWMap({ clock: 's' }).set('k', 1, 1, 'a')));
    throws(api, 'crdt/unit-mismatch', () => api.LWWRegister.empty().write(1));
    throws(api, 'crdt/counter-lowered', () => api.VectorClock.singleton('a', 2).set('a', 1));
    throws(api, 'crdt/agent-mismatch', () => api.AgentState.create('a').merge(api.AgentState.create('b')));
    throws(api, 'crdt/invalid-actor', () => api.GCounter.empty().increment(''));
    throws(api, 'INVALID_ARGUMENT', () => new api.LWWRegister({ clock: 'minutes' }));
  },

  'hybrid writes are later than all that was seen'(api) {
    const future = new api.LWWRegister({ clock: 'hlc' }).write('theirs', 'b', Date.now() + 50_000);
    equal(future.write('ours', 'a', 1).get(), 'ours');
    const clocked = new api.LWWRegister({ clock: 'lamport' }).setWithClock('x', new api.VectorClock({ a: 3, b: 4 }), 'a');
    equal([clocked.get(), clocked.timestamp], ['x', 7]);
    throws(api, 'INVALID_ARGUMENT', () => clocked.setWithClock('x', { a: 1 }, 'a'));
    const map = new api.LWWMap({ clock: 'hlc' }).writeMany([['a', 1], ['b', 2], ['a', 3]], 'w').erase('b', 'w');
    equal(map.entries(), [['a', 3]]);
  },

  'batches are all or nothing, and their delta has their effect elsewhere'(api) {
    const [ours, theirs] = [new api.Replica(), new api.Replica()];
    for (const replica of [ours, theirs]) {
      replica.set('topics', new api.ORSet());
      replica.set('notes', new api.LWWMap());
    }
    const delta = ours.apply('topics', [['addMany', ['a', 'b', 'c']], ['remove', 'b'], ['add', 'd']], 'alice');
    theirs.importDeltas('topics', [delta, delta]);
    theirs.importDeltas('notes', [ours.apply('notes', [['set', 'k', { v: 1 }, 5, 'alice'], ['remove', 'other', 6, 'bob']]), api.LWWMap.empty().toBytes()]);
    equal(theirs.get('topics').values(), ['a', 'c', 'd']);
    for (const name of ['topics', 'notes']) equal(ours.digestHex(name), theirs.digestHex(name));
    const before = ours.digestHex('topics');
    for (const batch of [[['add', 'x'], ['unknown']], [['add', 'x'], ['add']], [['add', 'x'], ['add', 'y', 'z']], ['add'], [[]], [[1]]]) {
      throws(api, 'INVALID_ARGUMENT', () => ours.apply('topics', batch));
    }
    throws(api, 'INVALID_ARGUMENT', () => ours.apply('absent', []));
    throws(api, 'INVALID_ARGUMENT', () => ours.set('topics', {}));
    throws(api, 'crdt/malformed', () => ours.importDeltas('topics', [delta, bytes(0)]));
    equal(ours.digestHex('topics'), before);
    equal([ours.names(), ours.get('absent'), ours.digestHex('absent')], [[['notes', 'lww_map'], ['topics', 'or_set']], undefined, undefined]);
  },

  'sessions make replicas equal, whatever is lost'(api) {
    const [ours, theirs] = [new api.Replica(), new api.Replica()];
    for (const [replica, who] of [[ours, 'alice'], [theirs, 'bob']]) {
      replica.set('set', api.ORSet.empty().addMany(Array.from({ length: 500 }, (_, i) => `${who} ${i}`), who));
      replica.set('agent', api.AgentState.create('agent').updateSkill(who, 0.5, 1));
    }
    const [a, b] = [api.SyncSession.initiator(), api.SyncSession.responder({ maxMessageBytes: 4096 })];
    const events = [];
    let now = 1_700_000_000_000;
    let random = 1;
    for (let round = 0; round < 200 && !(a.isEqual(ours) && b.isEqual(theirs)); round += 1) {
      for (const [from, mine, to, other] of [[a, ours, b, theirs], [b, theirs, a, ours]]) {
        for (let message; (message = from.poll(mine)); ) {
          random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
          if (random % 100 > 30) events.push(...to.receive(other, message, now));
        }
      }
      now += 2000;
      a.tick(ours, now);
      b.tick(theirs, now);
    }
    for (const name of ['set', 'agent']) equal(ours.digestHex(name), theirs.digestHex(name));
    equal(ours.get('set').size, 1000);
    assert(events.some(({ type, name }) => type === 'merged' && name === 'set'), 'no event of a merge');
    throws(api, ['crdt/malformed', 'crdt/too-long'], () => a.receive(ours, bytes(1, 2, 3)));
    throws(api, 'INVALID_ARGUMENT', () => a.receive({}, bytes(1)));
    throws(api, 'INVALID_ARGUMENT', () => api.SyncSession.initiator({ retryMs: 'soon' }));
  },

  'a long merge goes on little by little'(api) {
    const [one, two] = ['a', 'b'].map((who) => api.ORSet.empty().addMany(Array.from({ length: 2000 }, (_, i) => `${who}${i}`), who));
    const job = one.startMerge(two);
    let steps = 0;
    while (!job.step(4)) steps += 1;
    assert(steps > 5, `${steps} steps`);
    equal(job.finish().digestHex(), one.merge(two).digestHex());
    throws(api, 'INVALID_ARGUMENT', () => job.step(1));
    const preview = one.preview(two.remove('b0'));
    equal([preview.added.length, preview.removed], [1999, []]);
  },

  'graphs are signed, merged and searched'(api) {
    const first = new api.MerkleDag().add('root', { actor: 'a', secretKey: new Uint8Array(32).fill(7) });
    const left = first.dag.add('left', { actor: 'b' });
    const right = first.dag.add('right', { actor: 'c' });
    const { dag, id } = left.dag.merge(right.dag).add('top', { actor: 'a' });
    equal([dag.heads(), dag.roots(), dag.size], [[id], [first.id], 4]);
    equal(dag.get(id).parents, [left.id, right.id].sort());
    equal([dag.isAncestor(first.id, id), dag.ancestors(id).length, dag.descendants(first.id).length], [true, 3, 3]);
    equal(dag.topologicalSort().map(({ payload }) => payload)[0], 'root');
    equal(dag.get(first.id).signature.length, 64);
    equal(api.MerkleDag.fromBytes(dag.since([first.id]).toBytes()).missing(), [first.id]);
    const forged = dag.toBytes();
    forged[forged.length - 1] ^= 1;
    throws(api, ['crdt/malformed', 'crdt/bad-signature', 'crdt/wrong-hash'], () => api.MerkleDag.fromBytes(forged));
    throws(api, 'INVALID_ARGUMENT', () => dag.add('x', { secretKey: bytes(1) }));
    throws(api, 'crdt/unknown-parent', () => dag.add('x', { parents: ['ff'.repeat(32)] }));
  },

  'writers: one key per actor and process'(api) {
    equal(api.actorKey('alice'), api.actorKey('alice'));
    assert(/^alice\u001f[0-9a-f]{16}$/.test(api.actorKey('alice')), api.actorKey('alice'));
    const key = 'stored\u001f00000000000000aa';
    api.resumeWriter(key, 41);
    equal(api.ORSet.empty().addTagged('x', key).tag, `${key}:42`);
    throws(api, 'INVALID_ARGUMENT', () => api.resumeWriter(key, -1));
    throws(api, 'crdt/invalid-actor', () => api.resumeWriter('x\u001fshort'));
  },

  'freed objects throw and may be freed again'(api) {
    const set = new api.ORSet();
    set.free();
    set.free();
    throws(api, 'INVALID_ARGUMENT', () => set.size);
    throws(api, 'INVALID_ARGUMENT', () => set.add('x'));
    throws(api, 'INVALID_ARGUMENT', () => new api.ORSet().merge(set));
    throws(api, 'INVALID_ARGUMENT', () => api.ORSet.prototype.add.call(new api.GSet(), 'x'));
    throws(api, 'INVALID_ARGUMENT', () => new api.MVRegister().set('x', { a: 1 }));
  },

  'the laws hold here, and a run replays'(api) {
    const report = api.selfTest({ seed: 7, histories: 20 });
    equal(report.failures, []);
    equal([report.histories, api.selfTest({ seed: 7, histories: 20 }).checks], [320, report.checks]);
    assert(api.selfTest({ seed: 2n ** 64n - 1n, histories: 2 }).failures.length === 0, 'a large seed');
    throws(api, 'INVALID_ARGUMENT', () => api.selfTest({ seed: -1 }));
  },
};
