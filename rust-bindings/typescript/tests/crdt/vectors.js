// Checks rust-crdt/vectors/{crdt,legacy}.json against a loaded package. Runs unchanged in Node, in a page and in a worker.

const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The classes by the names of their types. There is none for a causal context alone. */
const classes = (api) => ({
  vector_clock: api.VectorClock, g_counter: api.GCounter, pn_counter: api.PNCounter, g_set: api.GSet,
  two_phase_set: api.TwoPhaseSet, or_set: api.ORSet, lww_element_set: api.LWWElementSet, lww_register: api.LWWRegister,
  lww_register_of_unit: api.LWWRegister, lww_numeric_register: api.LWWNumericRegister, lww_map: api.LWWMap, mv_register: api.MVRegister,
  skill_accumulator: api.SkillAccumulator, episode_memory: api.EpisodeMemory, belief_state: api.BeliefState,
  agent_state: api.AgentState, merkle_dag: api.MerkleDag,
});

/** `[name, run]` for each case. */
export function vectorChecks(api, { crdt, legacy }) {
  const types = classes(api);
  const states = crdt.states.filter(({ type }) => type !== 'causal_context').map((item) => [`crdt: ${item.name}, ${item.type}`, () => {
    const state = types[item.type].fromBytes(fromHex(item.bytes));
    same(toHex(state.toBytes()), item.bytes);
    same(state.digestHex(), item.digest);
    same(state instanceof types[item.type], true);
    same(state.merge(state).digestHex(), item.digest);
    // Every byte counts, and none is accepted after the last.
    refused(() => types[item.type].fromBytes(fromHex(`${item.bytes}00`)));
    refused(() => types[item.type].fromBytes(fromHex(item.bytes.slice(0, -2))));
    state.free();
  }]);
  const old = legacy.cases.map((item) => [`legacy: ${item.name}, ${item.type}`, () => {
    const options = { ...(item.clock && { clock: item.clock }), ...(item.origin && { origin: item.origin }) };
    const state = types[item.type].fromJSON(item.input, options);
    same(dataOf(state.toText()), item.data);
    same(types[item.type].fromJSON(state.toText()).digestHex(), state.digestHex());
    state.free();
  }]);
  return [...states, ...old];
}

/** The text of the field `data`, which is the last of an envelope. */
function dataOf(text) {
  const start = text.indexOf(',"data":');
  return text.slice(start + 8, -1);
}

function same(found, expected) {
  if (found !== expected) throw new Error(`expected ${expected}, found ${found}`);
}

function refused(run) {
  try {
    run();
  } catch (error) {
    if (error.name === 'CrdtError') return;
    throw error;
  }
  throw new Error('it was accepted');
}
