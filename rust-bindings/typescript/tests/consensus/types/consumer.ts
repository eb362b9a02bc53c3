import init, {
  ByzantineConsensus, ByzantineMemoryValidator, ConsensusError, SupermajorityChecker, encodeValidators, valueDigest, verifyCommitCertificate, verifyEvidence,
} from 'rust-consensus/pkg';
import type {
  ByzantineValidation, CommitProof, ConsensusErrorCode, Count, Decision, Effect, EvidenceProof, Input, MemberOptions, ValidationVote, Validators,
} from 'rust-consensus/pkg';
import { SimCluster } from 'rust-consensus/pkg/simulation';
import type { Fault, SimReport } from 'rust-consensus/pkg/simulation';

export async function use(key: Uint8Array, send: (bytes: Uint8Array) => void, flush: (records: Uint8Array[]) => void): Promise<Count> {
  await init();
  const validators: Validators = encodeValidators({ validators: [{ id: 'ada', key }] });
  const options: MemberOptions = { chain: 'kitchen', validators, signingKey: key, timeouts: { proposeMs: 500 } };
  using member = new ByzantineConsensus(options);
  const inputs: Input[] = [{ type: 'start' }];
  for (let input = inputs.shift(); input; input = inputs.shift()) {
    const effects: Effect[] = member.handle(input);
    for (const effect of effects) {
      if (effect.type === 'log') flush(effect.records);
      else if (effect.type === 'broadcast') send(effect.bytes);
      else if (effect.type === 'get_value') inputs.push({ ...effect, type: 'value', value: key });
      else if (effect.type === 'validate') inputs.push({ type: 'validated', height: effect.height, digest: effect.digest, valid: true });
    }
  }
  const decision: Decision | null = member.decision();
  const proof: CommitProof | null = decision && verifyCommitCertificate(decision.certificate, validators, 'kitchen');
  return proof?.height ?? member.status().height;
}

export function weigh(fingerprint: Uint8Array, members: Validators, key: Uint8Array): number {
  const vote: ValidationVote = { instanceId: 'ada', confidence: 0.9, timestamp: 1 };
  vote.signature = ByzantineMemoryValidator.signVote(fingerprint, vote, key);
  const validation: ByzantineValidation = ByzantineMemoryValidator.validateMemory(fingerprint, [vote], members);
  const [, yes]: [boolean, number, number] = SupermajorityChecker.consensusDecision({ ada: true });
  return validation.threshold ? ByzantineMemoryValidator.robustMean(validation.confidenceScores, 0) : yes;
}

// @ts-expect-error votes are booleans
SupermajorityChecker.hasSupermajority(['yes']);

export function simulate(): SimReport {
  const faults: Fault[] = [{ fault: 'byzantine', member: 3, behaviour: 'equivocate' }];
  using cluster = new SimCluster(4, 7n, faults, { realSignatures: true });
  const report = cluster.run();
  const proofs: EvidenceProof[] = cluster.evidence().map(({ evidence }) => verifyEvidence(evidence, cluster.validators(1), cluster.chain));
  console.log(proofs, cluster.svg(), valueDigest(new Uint8Array()));
  return report;
}

export function codeOf(error: unknown): ConsensusErrorCode | undefined {
  return error instanceof ConsensusError ? error.code : undefined;
}

// @ts-expect-error no such behaviour
new SimCluster(4, 1, [{ fault: 'byzantine', member: 0, behaviour: 'kind' }]);
