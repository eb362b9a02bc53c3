// What the package rust-consensus and its entry simulation do: vectors, members, clusters and wrong arguments. Runs unchanged in Node
// and in a page.
import { fromHex, toHex } from '../shared/hex.js';

function assert(condition, text) {
  if (!condition) throw new Error(text);
}

function equal(found, expected, text = 'value') {
  const plain = (value) => JSON.stringify(value, (_, item) => (item instanceof Uint8Array ? toHex(item) : typeof item === 'bigint' ? `${item}n` : item));
  assert(plain(found) === plain(expected), `${text}: expected ${plain(expected)}, found ${plain(found)}`);
}

function throws(api, code, run, text = code) {
  try {
    run();
  } catch (error) {
    assert(api.classes.some((type) => error instanceof type) && error.name === 'ConsensusError', `${text}: threw ${error}`);
    assert(error.code === code, `${text}: expected ${code}, found ${error.code}`);
    return error;
  }
  throw new Error(`${text}: nothing was thrown`);
}

/** `[name, run]` for each check, of the two modules and of what two files of rust-consensus/vectors hold. */
export function consensusChecks(consensus, simulation, { agreement, traces, aggregation }) {
  const api = { ...simulation, ...consensus, classes: [consensus.ConsensusError, simulation.ConsensusError] };
  return [
    ...agreement.certificates.map((item) => [`certificate: ${item.name}`, () => certificate(api, item)]),
    ...agreement.sets.map((item, index) => [`validators: ${index}`, () => equal(api.encodeValidators(fromHex(item.set)), fromHex(item.set))]),
    ...traces.traces.map((item) => [`trace of seed ${item.seed}`, () => equal(runToEnd(api.SimCluster.random(item.seed)), item.trace_hash)]),
    ...traces.clusters.map((item) => [`trace of a cluster: ${item.name}`, () => {
      const hash = runToEnd(new api.SimCluster(item.members, BigInt(item.seed), item.faults));
      equal(hash, item.trace_hash);
      equal(runToEnd(new api.SimCluster(item.members, BigInt(item.seed), item.faults, { recorded: false })), hash, 'not recorded');
    }]),
    ...aggregation.numbers.map((item, index) => [`numbers ${index}: ${item.function}`, () => aggregate(api, item)]),
    ...aggregation.validations.map((item) => [`votes: ${item.name}`, () => validation(api, aggregation, item)]),
    ['majorities and thresholds', () => majorities(api, aggregation)],
    ...Object.entries(BEHAVIOUR).map(([name, run]) => [name, () => run(api)]),
  ];
}

function certificate(api, { certificate, set, chain, code }) {
  const verify = (name) => api.verifyCommitCertificate(fromHex(certificate), fromHex(set), name);
  if (code) {
    throws(api, code, () => verify(chain));
    return;
  }
  const proof = verify(chain);
  assert(proof.power * 3 > proof.totalPower * 2 && proof.signers.length > 0, 'a quorum');
  equal(proof.digest, api.valueDigest(new TextEncoder().encode('a')), 'digest');
  throws(api, 'consensus/bad-signature', () => verify('another'));
  // The keys of the last set are kept: another set is another one, in either form.
  const later = fromHex(set);
  later[2] += 1;
  throws(api, 'consensus/wrong-epoch', () => api.verifyCommitCertificate(fromHex(certificate), later, chain));
  equal(verify(chain), proof, 'after another set');
}

function aggregate(api, { function: name, values, argument, result, code }) {
  const method = { robust_mean: 'robustMean', trimmed_mean: 'trimmedMean', median: 'median', mode: 'mode' }[name];
  const call = (list) => api.ByzantineMemoryValidator[method](...(argument === null ? [list] : [list, argument]));
  for (const list of [values, Float64Array.from(values)]) {
    if (code) throws(api, code, () => call(list));
    else assert(Object.is(call(list), result), `expected ${result}, found ${call(list)}`);
  }
}

const given = ({ instance_id, confidence, timestamp, signature }) => ({
  instanceId: instance_id,
  confidence,
  timestamp,
  signature: signature === null ? null : fromHex(signature),
});

function validation(api, { fingerprint, validators }, item) {
  const { validateMemory, detectByzantineNodes } = api.ByzantineMemoryValidator;
  const votes = item.votes.map(given);
  equal(validateMemory(fromHex(fingerprint), votes, fromHex(validators)), {
    verifiedBy: item.verified_by,
    confidenceScores: item.confidence_scores,
    trimmedMean: item.trimmed_mean,
    median: item.median,
    threshold: item.threshold,
    requiredVotes: item.required_votes,
    byzantine: item.byzantine,
  });
  equal(detectByzantineNodes(fromHex(fingerprint), votes, fromHex(validators)), item.byzantine);
  // Not for this memory.
  const other = fromHex(fingerprint).fill(8);
  equal(validateMemory(other, votes, fromHex(validators)).verifiedBy, []);
}

function majorities({ ByzantineMemoryValidator, SupermajorityChecker }, { thresholds, decisions }) {
  for (const [total, threshold] of thresholds) equal(ByzantineMemoryValidator.calculateThreshold(total), threshold);
  for (const { votes, threshold, result } of decisions) {
    equal(SupermajorityChecker.hasSupermajority(votes, threshold), result[0]);
    const named = Object.fromEntries(votes.map((vote, index) => [`n${index}`, vote]));
    equal(SupermajorityChecker.consensusDecision(named, threshold), result);
  }
  equal(SupermajorityChecker.hasSupermajority([true, true, false]), false, 'two thirds are not more than two thirds');
}

function runToEnd(cluster) {
  const { traceHash } = cluster.run();
  equal(cluster.traceHash(), traceHash);
  cluster.free();
  return traceHash;
}

const bytes = (text) => new TextEncoder().encode(text);
const NO_BYTES = [undefined, null, true, 1, 10n, 'text', {}, [1, 2], Symbol('s'), () => 1];
const NO_COUNT = [undefined, null, true, '1', {}, [], -1, 1.5, NaN, Infinity, 2 ** 53, -1n, 2n ** 64n, Symbol('s')];
const NO_OBJECT = [null, true, 1, 10n, 'text', Symbol('s')];
const LIAR = { fault: 'byzantine', member: 3, behaviour: 'mirror' };

/** Carries out the effects of some members until each has decided a height, as a driver does. */
function agree(api, members, height) {
  const queue = members.map((_, node) => [node, { type: 'start' }]);
  const decided = members.map(() => null);
  const logs = members.map(() => []);
  for (let steps = 0; queue.length > 0 && decided.includes(null); steps += 1) {
    assert(steps < 10_000, 'nothing is decided');
    const [node, input] = queue.shift();
    for (const effect of members[node].handle(input)) {
      switch (effect.type) {
        case 'log':
          logs[node].push(...effect.records);
          break;
        case 'get_value':
          queue.push([node, { type: 'value', height: effect.height, round: effect.round, value: bytes(`value ${effect.height}`) }]);
          break;
        case 'validate':
          queue.push([node, { type: 'validated', height: effect.height, digest: effect.digest, valid: true }]);
          break;
        case 'broadcast':
          members.forEach((_, to) => to !== node && queue.push([to, { type: 'message', from: node, bytes: effect.bytes }]));
          break;
        case 'send_to':
          queue.push([effect.peer, { type: 'message', from: node, bytes: effect.bytes }]);
          break;
        case 'decide':
          if (effect.height === height) decided[node] = effect;
          break;
        default:
          assert(['schedule', 'cancel'].includes(effect.type), `unexpected ${effect.type}`);
      }
    }
  }
  return { decided, logs };
}

/** Four members of known keys. */
function four(api) {
  const keys = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte));
  const validators = { validators: keys.map((_, i) => ({ id: `node-${i}`, key: fromHex(PUBLIC[i]) })) };
  const options = keys.map((signingKey) => ({ chain: 'kitchen', validators, signingKey }));
  return { validators, options, members: options.map((one) => new api.ByzantineConsensus(one)) };
}

// The public keys of the seeds of 32 equal bytes, 1 to 4, as OpenSSL gives them.
const PUBLIC = [
  '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c',
  '8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394',
  'ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1',
  'ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c',
];

const BEHAVIOUR = {
  'a signed vote counts, and what is no number or vote is refused'(api) {
    const { ByzantineMemoryValidator: validator, SupermajorityChecker: checker } = api;
    const { validators } = four(api);
    const fingerprint = new Uint8Array(32);
    const vote = { instanceId: validators.validators[0].id, confidence: 0.9, timestamp: 1 };
    const signature = validator.signVote(fingerprint, vote, new Uint8Array(32).fill(1));
    equal(signature.length, 64);
    for (const wrong of [undefined, null, 1, 'text', {}, ['1'], [1, null]]) throws(api, 'INVALID_ARGUMENT', () => validator.median(wrong));
    for (const wrong of [NaN, Infinity]) throws(api, 'consensus/not-finite', () => validator.robustMean([0, wrong, 1], 0));
    for (const wrong of NO_COUNT) throws(api, 'INVALID_ARGUMENT', () => validator.robustMean([1, 2, 3], wrong));
    for (const wrong of [undefined, null, 1, 'text', [1], [{}], [{ ...vote, confidence: '1' }], [{ ...vote, signature: 'text' }]]) {
      throws(api, 'INVALID_ARGUMENT', () => validator.validateMemory(fingerprint, wrong, validators));
    }
    throws(api, 'consensus/invalid-argument', () => validator.validateMemory(new Uint8Array(31), [], validators));
    throws(api, 'consensus/out-of-range', () => validator.validateMemory(fingerprint, [], validators, 1.5));
    equal(validator.validateMemory(fingerprint, [{ ...vote, instanceId: 'not a name' }], validators).verifiedBy, []);
    equal(validator.aggregateKnowledgeConfidence({ nobody: 0.5 }, validators), [0, 0, false]);
    throws(api, 'INVALID_ARGUMENT', () => validator.aggregateKnowledgeConfidence({ nobody: '1' }, validators));
    equal(validator.weightedConfidence({ a: 1, b: 0 }, { a: 3 }), 0.75);
    throws(api, 'consensus/invalid-id', () => validator.weightedConfidence({ 'not a name': 1 }, {}));
    for (const wrong of [0.4, 1.1, NaN]) throws(api, 'consensus/invalid-argument', () => checker.hasSupermajority([], wrong));
    for (const wrong of [undefined, null, 1, 'text', {}, [1]]) throws(api, 'INVALID_ARGUMENT', () => checker.hasSupermajority(wrong));
  },
  'four members agree, and anybody can check it'(api) {
    const { validators, members } = four(api);
    const { decided, logs } = agree(api, members, 1);
    for (const { value, certificate } of decided) {
      equal(value, bytes('value 1'));
      const proof = api.verifyCommitCertificate(certificate, validators, 'kitchen');
      equal([proof.height, proof.totalPower, proof.digest], [1, 4, api.valueDigest(value)]);
      equal(api.verifyCommitCertificate(certificate, api.encodeValidators(validators), 'kitchen'), proof);
      throws(api, 'consensus/wrong-epoch', () => api.verifyCommitCertificate(certificate, { ...validators, epoch: 1 }, 'kitchen'));
    }
    equal(members[0].isDecided(), bytes('value 1'));
    equal(members[0].decision().certificate, decided[0].certificate);
    assert(logs.every((log) => log.length >= 3), 'every member has logged its votes and the decision');
    members.forEach((member) => member.free());
  },

  'a member restored from its log decides the same and signs nothing else'(api) {
    const { options, members } = four(api);
    const { decided, logs } = agree(api, members, 1);
    const restored = new api.ByzantineConsensus({ ...options[0], log: logs[0] });
    const again = restored.handle({ type: 'start' });
    equal(again.find((effect) => effect.type === 'decide')?.certificate, decided[0].certificate);
    equal(again.filter((effect) => effect.type === 'log'), []);
    equal(restored.handle({ type: 'executed', height: 1 }).length >= 0, true);
    equal(restored.origin().height, 2);
    const behind = new api.ByzantineConsensus({ ...options[0], ...restored.origin() });
    equal([behind.status().height, behind.status().number], [2, 0]);
    const torn = logs[0].map((record) => record.slice(0, -1));
    throws(api, 'consensus/malformed', () => new api.ByzantineConsensus({ ...options[0], log: torn }));
    throws(api, 'consensus/invalid-log', () => new api.ByzantineConsensus({ ...options[1], log: logs[0] }));
    members.forEach((member) => member.free());
  },

  'without options a member is its own cluster and talks to nobody'(api) {
    const alone = new api.ByzantineConsensus();
    const proposal = alone.propose(bytes('tea'));
    equal([proposal.height, proposal.round, proposal.value], [1, 0, bytes('tea')]);
    equal(proposal.digest, api.valueDigest(bytes('tea')));
    const effects = alone.takeEffects();
    assert(effects.some(({ type }) => type === 'log'), 'the proposal is logged');
    equal(alone.takeEffects(), []);
    throws(api, 'consensus/invalid-state', () => alone.handle({ type: 'message', from: 1, bytes: bytes('x') }));
    alone.free();
    throws(api, 'INVALID_ARGUMENT', () => alone.status(), 'freed');
  },

  'what peers send never throws, and those that no correct one resembles are punished'(api) {
    const { members: [member] } = four(api);
    member.handle({ type: 'start' });
    const effects = member.handle({ type: 'message', from: 2n ** 64n - 1n, bytes: Uint8Array.of(1, 0x7f, 0, 0) });
    equal(effects.map(({ type, peer, offence }) => [type, peer, offence]), [['punish', 2n ** 64n - 1n, 'malformed']]);
    equal(member.handle({ type: 'message', from: 2n ** 64n - 1n, bytes: new Uint8Array(9) }), []);
    equal(member.handle({ type: 'peer_gone', peer: 2n ** 64n - 1n }), []);
    const message = proposalOf(api);
    throws(api, 'consensus/bad-proof', () => member.handleMessage(message, 'nobody'));
    throws(api, 'consensus/malformed', () => member.handleMessage(message.slice(1), 'node-1'));
    member.free();
  },

  'a cluster with a liar agrees, leaves evidence and is drawn'(api) {
    const cluster = new api.SimCluster(4, 7, [LIAR], { realSignatures: true, heights: 4 });
    cluster.propose(0, bytes('a value of mine'));
    assert(cluster.step() === true, 'something is left to happen');
    const report = cluster.run();
    assert(cluster.step(100) === false, 'nothing is left to happen');
    assert(report.events > 100 && report.evidence > 0 && report.rules.includes('A-20'), JSON.stringify(report));
    equal(report, cluster.report());
    for (const member of [0, 1, 2]) {
      const decisions = cluster.decisions(member);
      const values = (list) => list.map(({ height, value }) => [height, value]);
      equal(values(decisions), values(cluster.decisions(0)));
      equal([decisions.length, cluster.height(member)], [4, 4]);
      for (const { height, value, certificate } of decisions) {
        const proof = api.verifyCommitCertificate(certificate, cluster.validators(height), cluster.chain);
        equal([proof.height, proof.digest], [height, api.valueDigest(value)]);
      }
    }
    for (const { member, evidence } of cluster.evidence()) {
      assert(member !== 3, 'found by an honest member');
      const proof = api.verifyEvidence(evidence, cluster.validators(1), cluster.chain);
      equal(proof.validator, 'm003');
      throws(api, 'consensus/bad-signature', () => api.verifyEvidence(evidence, cluster.validators(1), 'another'));
    }
    const svg = cluster.svg();
    assert(svg.startsWith('<svg') && svg.trimEnd().endsWith('</svg>'), 'a picture');
    equal(runToEnd(api.SimCluster.replay(cluster.schedule())) !== '', true);
    cluster.free();
  },

  'liars beyond a third may break agreement, and the run says so'(api) {
    const schedule = (seed) => JSON.stringify({
      seed, powers: [1, 1, 1, 1], heights: 5, real_signatures: false, network: { min_delay_us: 5000, max_delay_us: 50000 },
      heal_at_us: 0, beyond_tolerance: true,
      faults: [2, 3].map((member) => ({ fault: 'byzantine', member, behaviour: 'mirror' })),
    });
    for (let seed = 1; seed <= 40; seed += 1) {
      const cluster = api.SimCluster.replay(schedule(seed));
      try {
        cluster.run();
      } catch {
        const error = throws(api, 'consensus/violation', () => cluster.run());
        throws(api, 'consensus/violation', () => cluster.step());
        assert(error.message.length > 0, 'says which');
        return;
      }
    }
    throw new Error('no seed of 40 breaks agreement');
  },

  'clusters out of bounds are refused'(api) {
    const refused = (...args) => throws(api, 'consensus/invalid-config', () => new api.SimCluster(...args), JSON.stringify(args));
    refused(0, 1);
    refused(129, 1);
    refused(4294967295, 1);
    refused(3, 1, [{ ...LIAR, member: 2 }]);
    refused(4, 1, [{ ...LIAR, member: 4 }]);
    refused(4, 1, [{ ...LIAR, behaviour: 'kind' }]);
    refused(4, 1, [{ ...LIAR, more: 1 }]);
    refused(4, 1, {});
    refused(4, 1, [], { heights: 0 });
    throws(api, 'consensus/invalid-config', () => api.SimCluster.replay('{}'));
    const cluster = new api.SimCluster(4, 1);
    throws(api, 'consensus/invalid-config', () => cluster.propose(4, bytes('x')));
    throws(api, 'consensus/too-large', () => cluster.propose(0, new Uint8Array(896 * 1024 + 1)));
    equal([cluster.decisions(9), cluster.height(9)], [[], 0]);
  },

  'wrong arguments throw INVALID_ARGUMENT, and the module works afterwards'(api) {
    const { validators, options, members: [member] } = four(api);
    const cluster = new api.SimCluster(4, 1);
    const wrong = (values, call, text) => values.forEach((value, index) => throws(api, 'INVALID_ARGUMENT', () => call(value), `${text} ${index}`));
    wrong(NO_BYTES, (value) => api.verifyCommitCertificate(value, validators, 'kitchen'), 'certificate');
    wrong(NO_BYTES, (value) => api.verifyEvidence(value, validators, 'kitchen'), 'evidence');
    wrong(NO_BYTES, (value) => api.valueDigest(value), 'value');
    wrong(NO_BYTES, (value) => member.propose(value), 'propose');
    wrong(NO_BYTES, (value) => member.handleMessage(value, 'node-1'), 'message');
    wrong(NO_BYTES, (value) => cluster.propose(0, value), 'value');
    wrong([undefined, ...NO_OBJECT], (value) => api.encodeValidators(value), 'validators');
    wrong([undefined, ...NO_OBJECT], (value) => member.handle(value), 'input');
    wrong(NO_OBJECT, (value) => new api.ByzantineConsensus(value), 'options');
    wrong(NO_OBJECT, (value) => new api.SimCluster(4, 1, [], value), 'options');
    wrong([undefined, null, 1, {}, 'begin'], (type) => member.handle({ type }), 'type');
    wrong(NO_COUNT.slice(2), (value) => api.encodeValidators({ ...validators, epoch: value }), 'epoch');
    wrong(NO_COUNT, (value) => new api.SimCluster(4, value), 'seed');
    wrong(NO_COUNT, (value) => new api.SimCluster(value, 1), 'members');
    wrong(NO_COUNT.slice(1), (value) => cluster.step(value), 'count');
    wrong([1, 'x', null], (value) => new api.SimCluster(4, 1, [], { recorded: value ?? 1 }), 'recorded');
    wrong([new Uint8Array(31), new Uint8Array(33)], (key) => api.encodeValidators({ validators: [{ id: 'a', key }] }), 'key');
    wrong([1n, () => 1, Symbol('s')], (value) => new api.SimCluster(4, 1, value), 'faults');
    throws(api, 'consensus/crypto', () => new api.ByzantineConsensus({ ...options[0], signingKey: new Uint8Array(31) }));
    throws(api, 'consensus/invalid-id', () => new api.ByzantineConsensus({ ...options[0], chain: 'a b' }));
    throws(api, 'consensus/invalid-config', () => new api.ByzantineConsensus({ ...options[0], window: 65 }));
    throws(api, 'consensus/too-few-validators', () => new api.ByzantineConsensus({ ...options[0], faultyPower: 2 }));
    throws(api, 'consensus/invalid-validator-set', () => api.encodeValidators({ validators: [] }));
    throws(api, 'consensus/invalid-state', () => member.handle({ type: 'peer_gone', peer: 1 }));
    const thrower = { get type() { throw new Error('mine'); } };
    throws(api, 'INVALID_ARGUMENT', () => member.handle(thrower));
    equal(member.handle({ type: 'start' }).some(({ type }) => type === 'schedule'), true);
  },
};

/** A message of a development instance: well formed, of a chain that nobody else is on. */
function proposalOf(api) {
  const alone = new api.ByzantineConsensus();
  alone.propose(bytes('tea'));
  return alone.takeEffects().find(({ type }) => type === 'broadcast').bytes;
}
