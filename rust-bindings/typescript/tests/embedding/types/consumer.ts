// Compiled, not run: the types that a caller sees.
import init, { EmbeddingError, VectorIndex, compressPayloadZstd, createHashEmbeddingProvider, topK } from 'rust-embedding/pkg';
import type { IndexHit, RowHit } from 'rust-embedding/pkg';
import { TokenLedger, compressContext, countRange, countTokens, encode } from 'rust-embedding/pkg/tokens';

export async function use(): Promise<number> {
  await init();
  using index = new VectorIndex({ dimension: 2, form: 'int8' });
  index.add('a', new Float32Array(2), { any: 'thing' });
  const hits: IndexHit[] = index.search([1, 2], { limit: 3, filter: (id: string) => id !== 'b' });
  const rows: RowHit[] = topK([1, 2], new Float32Array(4), { metric: 'dot' });
  const provider = createHashEmbeddingProvider(8);
  const vector: number[] = await provider.embed('text');
  const payload: Uint8Array | undefined = compressPayloadZstd('text')?.data;
  try {
    index.add('b', [1]);
  } catch (error) {
    if (error instanceof EmbeddingError && error.code === 'similarity/embedding-dimension') return -1;
  }
  // @ts-expect-error a metric that there is not
  topK([1], [1], { metric: 'taxi' });
  const tokens: Uint32Array = encode('text', 'gpt-4o', { allowSpecial: ['<|endoftext|>'] });
  const left = compressContext([{ role: 'user', content: 'hi' }], 100, 1);
  const ledger = new TokenLedger('gpt-4o');
  return hits.length + rows.length + vector.length + (payload?.length ?? 0) + tokens.length + left.totalTokens
    + countTokens('a', 'gpt-4') + countRange(ledger, 0, 0);
}
