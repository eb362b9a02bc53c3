// Runs rust-crdt/vectors/script.json, the program that gives one digest in every language.

const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** The digest, and the one that was published. */
export function runScript(api, script) {
  const run = new Run(api);
  script.steps.forEach((step, at) => {
    try {
      run.step(step);
    } catch (error) {
      throw new Error(`step ${at}, ${JSON.stringify(step)}: ${error}`, { cause: error });
    }
  });
  const lines = [...run.states].map(([name, state]) => `${name} ${state.digestHex()}`);
  return { digest: new api.GSet(lines).digestHex(), published: script.digest };
}

class Run {
  constructor(api) {
    this.api = api;
    this.states = new Map();
  }

  step([kind, name, ...args]) {
    const state = this.states.get(name);
    const put = (next) => this.states.set(name, next);
    const other = () => this.states.get(args[0]);
    switch (kind) {
      case 'writer': return this.api.resumeWriter(name, 0);
      case 'new': return put(empty(this.api, ...args));
      case 'copy': return put(other());
      case 'do': return put(this.change(state, ...args));
      case 'merge': return put(state.merge(other()));
      case 'import': return put(state.importDeltas([other().deltaFrom(state)]));
      case 'bytes': return put(state.constructor.fromBytes(state.toBytes()));
      case 'json': return put(state.constructor.fromJSON(state.toText()));
      case 'equal': {
        if (state.digestHex() !== other().digestHex()) throw new Error('the digests differ');
        return undefined;
      }
      case 'error': return this.refuse(name, args[0]);
      default: throw new Error(`unknown step ${kind}`);
    }
  }

  /** The step must fail with the code, and leave the states as they are. */
  refuse(code, step) {
    const before = JSON.stringify([...this.states].map(([name, state]) => [name, state.digestHex()]));
    let found = 'nothing';
    try {
      this.step(step);
    } catch (error) {
      found = error.code ?? String(error);
    }
    if (found !== code) throw new Error(`expected ${code}, found ${found}`);
    if (before !== JSON.stringify([...this.states].map(([name, state]) => [name, state.digestHex()]))) throw new Error('a state changed');
  }

  change(state, method, ...given) {
    const args = given.map(value);
    if (state instanceof this.api.MerkleDag) return state.add(args[0], { actor: args[1] }).dag;
    if (state instanceof this.api.SkillAccumulator) return state.updateSkill(...args.slice(0, 3), { actor: args[3] });
    if (state instanceof this.api.MVRegister && method === 'set') return state.set(args[0], new this.api.VectorClock(args[1]));
    return state[method](...args);
  }
}

function empty(api, kind, options = {}) {
  switch (kind) {
    case 'vector_clock': return api.VectorClock.empty();
    case 'g_counter': return api.GCounter.empty();
    case 'pn_counter': return api.PNCounter.empty();
    case 'g_set': return api.GSet.empty();
    case 'two_phase_set': return api.TwoPhaseSet.empty();
    case 'or_set': return api.ORSet.empty();
    case 'lww_element_set': return new api.LWWElementSet(options);
    case 'lww_register': return new api.LWWRegister(options);
    case 'lww_numeric_register': return new api.LWWNumericRegister(options);
    case 'lww_map': return new api.LWWMap(options);
    case 'mv_register': return api.MVRegister.empty();
    case 'skill_accumulator': return api.SkillAccumulator.empty();
    case 'episode_memory': return api.EpisodeMemory.empty(options.maxEpisodes);
    case 'belief_state': return api.BeliefState.empty();
    case 'agent_state': return api.AgentState.create(options.agentId);
    case 'merkle_dag': return api.MerkleDag.empty();
    default: throw new Error(`unknown type ${kind}`);
  }
}

/** A value of the script; numbers up to 2^53 - 1 are numbers, so that methods that take numbers take them. */
function value(json) {
  if (json === null || typeof json !== 'object') return json;
  if (Array.isArray(json)) return json.map(value);
  if ('$int' in json) {
    const integer = BigInt(json.$int);
    return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
  }
  if ('$bytes' in json) return fromHex(json.$bytes);
  if ('$float' in json) return NaN;
  return Object.fromEntries(Object.entries(json).map(([key, item]) => [key, value(item)]));
}
