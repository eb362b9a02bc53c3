// The tests of the systems that this package replaces: integration.test.ts of the CRDT bindings and, as far as its
// types are in this package, crdt-state.test.ts of the sync layer; and a few of what those systems got wrong.

function equal(actual, expected, text = '') {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`${text} expected ${wanted}, found ${found}`);
}

const episode = (id, timestamp, importance = 0.5, tags = []) =>
  ({ id, content: `content of ${id}`, context: '', outcome: '', timestamp, importance, tags });

/** `[name, run]` for each test. */
export function originalChecks(api) {
  return Object.entries(CHECKS).map(([name, run]) => [name, () => run(api)]);
}

const CHECKS = {
  // --- integration.test.ts
  'VectorClock: a singleton is concurrent with a mixed clock'({ VectorClock }) {
    const single = VectorClock.singleton('a', 5);
    equal(single.get('a'), 5);
    equal(single.compare(new VectorClock({ a: 3, b: 7 })), 'concurrent');
  },
  'VectorClock: merge takes maxima'({ VectorClock }) {
    const merged = new VectorClock({ a: 2, b: 3 }).merge(new VectorClock({ a: 1, c: 1 }));
    equal(['a', 'b', 'c'].map((node) => merged.get(node)), [2, 3, 1]);
  },
  'VectorClock: concurrent is neither before nor after'({ VectorClock }) {
    const [one, two] = [new VectorClock({ a: 2, b: 1 }), new VectorClock({ a: 1, b: 2 })];
    equal([one.isConcurrent(two), one.happenedBefore(two), one.happenedAfter(two)], [true, false, false]);
    equal(one.isConcurrent(one), false, 'equal clocks:');
  },
  'GCounter: commutative, associative, idempotent'({ GCounter }) {
    const [a, b, c] = [GCounter.empty().incrementBy('a', 3), GCounter.empty().incrementBy('b', 2), GCounter.empty().increment('c')];
    equal(a.merge(b).value(), b.merge(a).value());
    equal(a.merge(b).merge(c).value(), a.merge(b.merge(c)).value());
    equal([a.merge(a).value(), a.merge(b).merge(c).value()], [3, 6]);
  },
  'PNCounter: three up, one down'({ PNCounter }) {
    equal(PNCounter.empty().increment('a').increment('a').increment('b').decrement('a').value(), 2);
  },
  'GSet: an element is there once, and merge is union'({ GSet }) {
    equal(GSet.empty().add('a').add('b').add('a').size, 2);
    equal(new GSet(['a', 'b']).merge(new GSet(['b', 'c'])).values(), ['a', 'b', 'c']);
  },
  'LWWRegister: the latest write stays'({ LWWRegister }) {
    const register = LWWRegister.empty().set('first', 100, 'n').set('second', 200, 'n').set('third', 150, 'n');
    equal([register.get(), register.timestamp, register.nodeId], ['second', 200, 'n']);
  },
  'LWWRegister: a tie goes to the greater writer'({ LWWRegister }) {
    const [a, b] = [LWWRegister.empty().set('from a', 100, 'a'), LWWRegister.empty().set('from b', 100, 'b')];
    equal([a.merge(b).get(), b.merge(a).get()], ['from b', 'from b']);
  },
  'ORSet: removal hides every addition'({ ORSet }) {
    const set = ORSet.empty().addTagged('item').set.addTagged('item').set.add('other');
    equal(set.size, 2);
    equal(set.remove('item').values(), ['other']);
  },
  'ORSet: a concurrent addition stays'({ ORSet }) {
    const start = ORSet.empty().add('item', 'a');
    const merged = start.remove('item').merge(start.add('item', 'b'));
    equal(merged.contains('item'), true);
  },
  'AgentState: all skills stay'({ AgentState }) {
    let state = AgentState.create('agent').updateSkill('typescript', 0.8, 1);
    for (const [name, level] of [['typescript', 0.9], ['rust', 0.7], ['python', 0.6], ['ocaml', 0.5]]) state = state.updateSkill(name, level, 2);
    equal(state.skills.getAllSkills().length, 4);
    equal(state.skills.getSkill('typescript').proficiency, 0.9);
  },
  'AgentState: episodes, newest first'({ AgentState }) {
    const state = AgentState.create('agent').addEpisode(episode('one', 1)).addEpisode(episode('three', 3)).addEpisode(episode('two', 2));
    equal(state.episodes.recent(3).map(({ id }) => id), ['three', 'two', 'one']);
  },
  'AgentState: merge keeps both sides'({ AgentState }) {
    const one = AgentState.create('agent').updateSkill('a', 0.5, 1).addEpisode(episode('x', 1));
    const two = AgentState.create('agent').updateSkill('b', 0.5, 1).addEpisode(episode('y', 2));
    const merged = one.merge(two);
    equal([merged.skills.size, merged.episodes.size], [2, 2]);
    equal(one.hasDiverged(two), true, 'copies that went different ways:');
  },
  'personas: three instances merge to six skills'({ SkillAccumulator }) {
    const use = (...names) => names.reduce((skills, name) => skills.updateSkill(name, 0.5, 1), SkillAccumulator.empty());
    equal(use('a', 'b').merge(use('c', 'd')).merge(use('e', 'f')).size, 6);
  },
  'personas: the greater of concurrent proficiencies'({ SkillAccumulator }) {
    const [one, two] = [SkillAccumulator.empty().updateSkill('s', 0.8, 1000), SkillAccumulator.empty().updateSkill('s', 0.9, 1001)];
    equal(one.merge(two).getSkill('s').proficiency, 0.9);
  },
  'personas: the most important episodes'({ EpisodeMemory }) {
    const memory = new EpisodeMemory().addMany([0.7, 0.9, 0.1, 0.8].map((importance, i) => episode(`e${i}`, i, importance)));
    equal(memory.important(3).map(({ importance }) => importance), [0.9, 0.8, 0.7]);
  },

  // --- crdt-state.test.ts
  'sync GSet: starts empty, adds, has, sizes'({ GSet }) {
    equal([GSet.empty().size, GSet.empty().has('a'), GSet.empty().add('a').has('a')], [0, false, true]);
  },
  'sync GSet: metadata of the first addition stays, on both sides'({ GSet }) {
    const [late, early] = [2, 1].map((timestamp) => GSet.empty().add('x', { timestamp, writer: `w${timestamp}` }));
    equal([late.merge(early), early.merge(late)].map((set) => set.getMetadata('x').writer), ['w1', 'w1']);
  },
  'sync GSet: iterates, and survives JSON'({ GSet }) {
    const set = new GSet(['b', 'a']);
    equal([...set], ['a', 'b']);
    equal(GSet.fromJSON(JSON.parse(JSON.stringify(set))).equals(set), true);
  },
  'sync ORSet: removing some tags keeps the element'({ ORSet }) {
    const { set: one, tag } = ORSet.empty().addTagged('x');
    const { set } = one.addTagged('x');
    equal(set.getTags('x').length, 2);
    equal(set.removeTags('x', new Set([tag])).has('x'), true);
    equal(set.removeTags('x', set.getTags('x')).has('x'), false);
    equal(set.removeTags('x', ['unknown']).getTags('x').length, 2);
  },
  'sync LWWRegister: empty, written, never back'({ LWWRegister }) {
    const empty = LWWRegister.empty();
    equal([empty.get(), empty.timestamp, empty.nodeId, empty.hasValue()], [undefined, 0, '', false]);
    equal(empty.set('new', 2, 'a').set('old', 1, 'z').get(), 'new');
    equal(empty.set('new', 2, 'a').forceSet('forced', 1, 'z').get(), 'forced');
  },
  'sync LWWRegister: equal stamps and writers resolve the same way on both sides'({ LWWRegister }) {
    const [a, b] = ['one', 'two'].map((value) => LWWRegister.empty().set(value, 1, 'n'));
    equal(a.merge(b).toText(), b.merge(a).toText());
  },
  'sync LWWMap: sets, merges, and does not revive what was removed'({ LWWMap }) {
    const stale = LWWMap.empty().set('k', 1, 1, 'a').set('other', 2, 1, 'a');
    const merged = stale.remove('k', 2, 'a').merge(stale);
    equal([merged.keys(), merged.get('k'), merged.has('k'), merged.size], [['other'], undefined, false, 1]);
    equal(merged.getEntry('k'), { nodeId: 'a', timestamp: 2 });
  },
  'sync VectorClockOps: increments, merges, compares'({ VectorClock }) {
    const one = VectorClock.empty().increment('a');
    const two = one.increment('b');
    equal([one.compare(two), two.compare(one), one.compare(one), two.sum()], ['before', 'after', 'equal', 2]);
    equal([two.nodes(), two.toString(), one.get('b')], [['a', 'b'], '{a:1, b:1}', 0]);
  },

  // --- what those systems got wrong
  'any id is an id: __proto__, constructor, integers'({ VectorClock, LWWMap }) {
    const ids = ['10', '9', '__proto__', 'constructor'];
    const clock = ids.reduce((clock, id) => clock.increment(id), VectorClock.empty()).merge(VectorClock.empty());
    equal(clock.nodes(), ids);
    equal(Object.keys(clock.toObject()).sort(), ids);
    equal(VectorClock.fromJSON(clock.toJSON()).equals(clock), true);
    equal(new VectorClock(clock.toObject()).equals(clock), true);
    equal(LWWMap.empty().set('__proto__', { polluted: true }, 1, 'a').entries(), [['__proto__', { polluted: true }]]);
    equal({}.polluted, undefined);
  },
  'ids are compared as bytes'({ LWWRegister, VectorClock }) {
    // In UTF-16 units the emoji is the smaller one.
    equal(VectorClock.empty().increment('\u{1f600}').increment('\uff5e').nodes(), ['\uff5e', '\u{1f600}']);
    const tie = ['\uff5e', '\u{1f600}'].map((id) => LWWRegister.empty().set(id, 1, id));
    equal(tie[0].merge(tie[1]).get(), '\u{1f600}');
  },
  'merging a copy does not count twice'({ SkillAccumulator }) {
    let skills = SkillAccumulator.empty().updateSkill('s', 0.5, 1);
    for (let i = 0; i < 10; i += 1) skills = skills.merge(skills);
    equal(skills.getSkill('s').usageCount, 1);
  },
  'a removed element does not come back from a stale copy'({ ORSet }) {
    const stale = new ORSet().add('x');
    equal(stale.remove('x').merge(stale).has('x'), false);
  },
  'concurrent writes of one value stay two siblings'({ MVRegister, VectorClock }) {
    const a = MVRegister.empty().set('same', new VectorClock({ a: 1 }));
    const b = MVRegister.empty().set('same', new VectorClock({ b: 1 }));
    equal([a.merge(b).siblings().length, a.merge(b).hasConflict(), a.merge(b).get()], [2, true, ['same']]);
  },
  'evidence of both sides counts'({ BeliefState }) {
    const belief = { id: 'b', content: 'c', conviction: 0.5, lastUpdated: 1, source: 's' };
    const start = BeliefState.empty().update(belief, 'a');
    const merged = start.addEvidenceFor('b', 2, 'a').merge(start.addEvidenceAgainst('b', 2, 'c')).merge(start);
    equal([merged.get('b').evidenceFor, merged.get('b').evidenceAgainst, merged.get('b').conviction], [1, 1, 0.5]);
    equal(merged.confidentBeliefs(0.5).length, 1);
  },
  'equal episodes leave the same survivors in any order'({ EpisodeMemory }) {
    const three = ['a', 'b', 'c'].map((id) => episode(id, 1));
    const [one, two] = [three, [...three].reverse()].map((order) => new EpisodeMemory(2).addMany(order));
    equal(one.toText(), two.toText());
  },
  'causal links answer why'({ EpisodeMemory }) {
    const memory = new EpisodeMemory().addMany([episode('a', 1), episode('b', 2), episode('c', 3)]).link('b', 'a').link('c', 'b').link('a', 'c');
    equal([memory.why('a', 'c'), memory.ancestors('c'), memory.causesOf('b'), memory.effectsOf('b')], [['a', 'b', 'c'], ['a', 'b'], ['a'], ['c']]);
    equal([memory.rejectedLinks(), memory.causalOrder().map(({ id }) => id)], [[['a', 'c']], ['a', 'b', 'c']]);
  },

  // --- conflicts
  'personas: no input, no conflict'({ resolvePersonaConflicts, detectConflicts, hasConflicts }) {
    equal(detectConflicts([]), []);
    equal(hasConflicts(new Map()), false);
    const { totalAdjustment, requiresHumanReview, explanations, finalConfidenceCap } = resolvePersonaConflicts([]);
    equal([totalAdjustment, requiresHumanReview, explanations, finalConfidenceCap], [0, false, [], 1]);
  },
  'personas: disagreement, mismatch and boundary in both profiles'(api) {
    const outputs = [
      { personaId: 'david', riskScore: 0.1, confidence: 0.9, scorecard: { overconfidenceRisk: 8, blindSpots: ['x', 'y', 'z'] } },
      { personaId: 'phil', riskScore: 0.5, confidence: 0.9, scorecard: {}, latencyMs: 3, timestamp: undefined },
    ];
    const conflicts = api.detectConflicts(outputs);
    equal(conflicts.map(({ type }) => type), ['risk_disagreement', 'confidence_mismatch', 'threshold_boundary', 'blind_spot']);
    equal(conflicts[2].severity, 0.5);
    equal(api.createConflictResolver({}, 'ocaml').detect(outputs)[2].severity, 0.8);
    equal(api.detectConflictsFromMap(new Map(outputs.map((output) => [output.personaId, output]))), conflicts);
    const summary = api.resolveAllConflicts(conflicts);
    equal([summary.totalAdjustment, summary.finalConfidenceCap, summary.conflictsDetected, summary.conflictsResolved], [-0.4, 0.6, 4, 2]);
    equal(api.resolvePersonaConflicts(outputs), summary);
    equal(api.resolveConflicts(conflicts), summary);
    equal(api.resolveConflict(conflicts[0]).adjustment, -0.1);
    equal(api.detectConflicts([{ personaId: 'a', riskScore: 0.4, confidence: 0 }, { personaId: 'b', riskScore: 0.1, confidence: 0 }])[0].type, 'risk_disagreement');
  },
  'personas: thresholds can be changed'(api) {
    const resolver = new api.ConflictResolver({ riskDisagreement: 0.5 });
    resolver.setThresholds({ blindSpotsMinimum: 9 });
    equal([resolver.getThresholds().riskDisagreement, resolver.getThresholds().blindSpotsMinimum], [0.5, 9]);
    const defaults = new api.ConflictResolver().getThresholds();
    equal(Object.keys(api.DEFAULT_THRESHOLDS).map((name) => defaults[name]), Object.values(api.DEFAULT_THRESHOLDS));
    equal(api.CONFLICT_THRESHOLDS.BRIER_DRIFT_THRESHOLD, 0.25);
  },
  'candidates: votes count distinct writers, and a resolution is a write'(api) {
    const votes = ['a', 'b', 'c'].map((writer) => ({ value: writer === 'c' ? 'no' : 'yes', writer, timestamp: 1, clock: { [writer]: 1 } }));
    const { value, strategy } = api.resolveCandidates([...votes, votes[2], votes[2]], 'MajorityVote');
    equal([value, strategy], ['yes', 'MajorityVote']);
    equal(api.findConflicts('k', votes).map(({ type }) => type), ['DirectContradiction']);
    equal(api.resolveCandidates(votes, 'ManualReview').resolved, false);
    const register = new api.MVRegister().write(['rain'], 'a').merge(new api.MVRegister().write(['wind'], 'b'));
    const done = register.resolveBy('SemanticMerge', { shape: 'set' });
    equal([done.resolution.resolved, done.register.get(), done.register.hasConflict()], [true, [['rain', 'wind']], false]);
    equal(api.defaultRule('MergeFailure').strategy, 'ManualReview');
  },
};
