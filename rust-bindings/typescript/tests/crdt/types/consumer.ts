import init, {
  AgentState, ConflictResolver, CrdtError, DEFAULT_THRESHOLDS, EpisodeMemory, GCounter, LWWMap, LWWRegister, MVRegister, MerkleDag,
  ORSet, Replica, SkillAccumulator, SyncSession, VectorClock, detectConflicts, selfTest,
} from 'rust-crdt/pkg';
import type {
  Belief, Conflict, CrdtErrorCode, CrdtState, CrdtValue, Envelope, Episode, PersonaOutput, Skill, SyncEvent, VectorClockComparison,
  VectorClockData,
} from 'rust-crdt/pkg';

export async function use(send: (bytes: Uint8Array) => void): Promise<SyncEvent[]> {
  await init();
  const data: VectorClockData = { a: 1, b: 2n };
  const order: VectorClockComparison = new VectorClock(data).compare(VectorClock.singleton('a', 2));
  const total: bigint = GCounter.empty().increment('a').incrementBy('b', 3n).valueBigInt();

  using set = ORSet.empty().addMany(['x', 1, { order, total }], 'alice').remove('x');
  for (const value of set) console.log(value satisfies CrdtValue);
  const { tag } = set.addTagged('y');
  const envelope: Envelope = set.toJSON();
  const [first]: [string, CrdtValue][] = new LWWMap({ clock: 'hlc' }).write('k', envelope.crdt_type).entries() as [[string, CrdtValue]];
  const value: CrdtValue | undefined = LWWRegister.empty().set(first, 5, tag).get();

  const episode: Episode = { id: 'e', content: 'text', timestamp: 1, importance: 0.5 };
  const skill: Skill | undefined = SkillAccumulator.empty().updateSkill('s', 0.5, 1, { actor: 'a', ignoreStale: true }).getSkill('s');
  const belief: Belief = { id: 'b', content: value ?? null, conviction: skill?.proficiency ?? 0, lastUpdated: 1 };
  const state: AgentState = AgentState.create('agent').addEpisode(episode).updateBelief(belief);
  const recent: Episode[] = new EpisodeMemory(null).merge(state.episodes).recent(3);

  const { register, resolution } = new MVRegister().write(recent.length).resolveBy({ strategy: 'MajorityVote', fallback: 'ManualReview' });
  const { id, dag } = new MerkleDag().add(resolution.ticket, { actor: 'a' });
  const output: PersonaOutput = { personaId: id, confidence: 0.5, riskScore: DEFAULT_THRESHOLDS.riskDisagreement };
  const conflicts: Conflict[] = detectConflicts(new Map([[id, output]]));
  const resolver: ConflictResolver = new ConflictResolver({ riskDisagreement: conflicts.length }, 'ocaml');
  const replica = new Replica();
  replica.set('dag', dag);
  replica.set('register', register);
  const found: CrdtState | undefined = replica.get(resolver.hasConflicts([output]) ? 'dag' : 'register');
  send(replica.apply('register', [['write', found?.digestHex() ?? null]], 'a'));

  const session = SyncSession.initiator({ retryMs: 500 });
  const message: Uint8Array | undefined = session.poll(replica);
  if (message) send(message);
  const failures: number = selfTest({ histories: 1 }).failures.length;
  return session.tick(replica, failures);
}

export function codeOf(error: unknown): CrdtErrorCode | undefined {
  return error instanceof CrdtError ? error.code : undefined;
}

// @ts-expect-error a function is no value
ORSet.empty().add(() => 1);
// @ts-expect-error sets of two types do not merge
ORSet.empty().merge(GCounter.empty());
