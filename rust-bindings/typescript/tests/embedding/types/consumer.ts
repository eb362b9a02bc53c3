// Compiled, not run: the types that a caller sees.
import init, {
  ALL_MINILM_L6_V2, EmbeddingError, EmbeddingService, LocalModel, VectorIndex, compressPayloadZstd, createHashEmbeddingProvider, createWorkerModel, modelAt, topK,
} from 'rust-embedding/pkg';
import type { IndexHit, LoadProgress, ModelSource, ModelWorker, Outcome, RowHit } from 'rust-embedding/pkg';
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

export async function embed(signal: AbortSignal, started: ModelWorker): Promise<number> {
  const source: ModelSource = modelAt('/model/', ALL_MINILM_L6_V2);
  using model = await LocalModel.load(source, { signal, progress: ({ loaded }: LoadProgress) => loaded, precision: 'f32' });
  using worker = await createWorkerModel({ 'config.json': { data: new Uint8Array() } }, { transfer: true, worker: () => started });
  using service = await EmbeddingService.create({
    providers: [
      { provider: 'openai', model: 'text-embedding-3-small', apiKey: 'sk-1', timeout: 10 },
      { provider: 'local', model: worker, maxInFlight: 1 },
      { provider: 'custom', dimensions: 2, embed: async (texts) => texts.map((text) => [text.length, 1]) },
    ],
    fallback: 'none',
    memoryCache: { maxEntries: 10 },
  }, { environment: { OPENAI_API_KEY: 'sk-2' }, onRequest: ({ end }) => void end });
  const outcomes: Outcome[] = await service.embedBatchDetailed(['a'], { form: 'query', deadline: 1, signal });
  const [outcome] = outcomes;
  const vector: Float32Array | undefined = outcome?.error ? undefined : outcome?.vector;
  // @ts-expect-error a service is made by create
  new EmbeddingService();
  // @ts-expect-error what comes from a url has a digest
  const unchecked: ModelSource = { 'config.json': { url: '/config.json' } };
  // @ts-expect-error a field that the provider has no use for
  await EmbeddingService.create({ providers: [{ provider: 'ollama', apiKey: 'sk-1' }] });
  return (vector?.length ?? 0) + model.encode('a').length + (await worker.encode('a', { signal })).length + Object.keys(unchecked).length;
}
