import init, { CryptoError, Ed25519KeyPair, HashAlgorithm, IncrementalHasher, SecureBuffer } from 'rust-crypto/pkg';
import * as api from 'rust-crypto/pkg';
import type { CryptoErrorCode, VerifiedRecord } from 'rust-crypto/pkg';

export async function use(proof: Uint8Array): Promise<VerifiedRecord> {
  const memory: ArrayBufferLike = (await init()).memory.buffer;
  const digest: Uint8Array = api.hash(new Uint8Array(memory.byteLength), HashAlgorithm.Blake3);
  const hex: string = api.hash_hex(digest, HashAlgorithm.Sha384);

  using pair = new Ed25519KeyPair();
  const valid: boolean = api.ed25519_verify(pair.public_key(), digest, pair.sign(digest));
  const hasher: IncrementalHasher = new IncrementalHasher(HashAlgorithm.Sha256).clone();
  hasher.update(digest);

  const secret: SecureBuffer = SecureBuffer.from(digest, { wipeSource: valid });
  const length: number = secret.use((bytes) => bytes.length + hex.length);
  const later: Promise<number> = secret.use(async (bytes) => bytes.length + length);
  await later;

  const record = api.verify_record_proof(proof);
  const sequence: bigint = record.sequence;
  return { ...record, sequence: sequence + 1n };
}

export function codeOf(error: unknown): CryptoErrorCode | undefined {
  return error instanceof CryptoError ? error.code : undefined;
}

// @ts-expect-error a string is not bytes
api.blake3_hash('text');
// @ts-expect-error not a code
export const code: CryptoErrorCode = 'NO_SUCH_CODE';
// @ts-expect-error the record has no such field
export const field = (record: VerifiedRecord) => record.body;
