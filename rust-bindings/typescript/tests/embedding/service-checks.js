// Checks the embedding service of the package over a scripted `fetch`. Runs unchanged in Node and in a page.

function assert(condition, text = 'does not hold') {
  if (!condition) throw new Error(text);
}

function equal(found, expected, text = '') {
  assert(Object.is(found, expected) || JSON.stringify(found) === JSON.stringify(expected),
    `${text} expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}

async function refused(api, code, work, more = {}) {
  const error = await Promise.resolve().then(work).then((value) => { throw new Error(`expected ${code}, found ${value}`); }, (error) => error);
  assert(error instanceof api.EmbeddingError, `expected ${code}, found ${error}`);
  equal(error.code, code);
  for (const [name, value] of Object.entries(more)) equal(error[name], value, name);
  return error;
}

const KEY = 'sk-not-to-be-seen-0123456789';
const json = (body, status = 200, headers = {}) => new Response(JSON.stringify(body), { status, headers });

/** The answer of a server whose vectors say how long each text is. */
function vectorsFor({ input }) {
  const texts = [input].flat();
  const data = texts.map((text, index) => ({ index, embedding: [text.length, 1, 1] }));
  return json({ data, usage: { prompt_tokens: texts.length, total_tokens: texts.length } });
}

/** A `fetch` that plays `script`, then answers as it should; what it was asked is in `requests`. */
function scripted(...script) {
  const requests = [];
  const fetch = async (url, init) => {
    const body = JSON.parse(new TextDecoder().decode(init.body));
    requests.push({ url, body, headers: Object.fromEntries(init.headers), redirect: init.redirect, credentials: init.credentials });
    const step = script.shift() ?? vectorsFor;
    const answer = typeof step === 'function' ? step(body, init) : step;
    return answer;
  };
  return { fetch, requests };
}

const openai = (more) => ({ provider: 'openai', apiKey: KEY, model: 'text-embedding-3-small', dimensions: 3, initialBackoff: 0, ...more });

/** `[name, run]` for each check. */
export function serviceChecks(api) {
  const make = (config, options) => api.EmbeddingService.create(config, options);
  const one = (script, more, config) => make({ providers: [openai(more)], ...config }, { fetch: script.fetch });
  return [
    ['12: embed, embedBatch, embedBatchFlat, without a network', async () => {
      const service = await make({ providers: [{ provider: 'deterministic', dimensions: 384 }] });
      const vector = await service.embed('the kettle is on');
      assert(vector instanceof Float32Array);
      equal([...vector], [...api.deterministicVector('the kettle is on', { dimension: 384 })]);
      const batch = await service.embedBatch(['a', 'b', 'a']);
      equal([...batch[0]], [...batch[2]]);
      const { data, dimensions } = await service.embedBatchFlat(['a', 'b']);
      equal([dimensions, data.length, [...data.subarray(384)]], [384, 768, [...batch[1]]]);
      equal(await service.embedBatch([]), []);
      equal(await service.embedBatchFlat([]).then((flat) => [flat.data.length, flat.dimensions]), [0, 384]);
      equal(service.load(), { calls: 0, texts: 0, requests: 0 });
      service.free();
      service.free();
      await refused(api, 'INVALID_ARGUMENT', () => service.embed('a'));
    }],
    ['5.1: what goes over the wire, and nothing else', async () => {
      const script = scripted();
      const service = await one(script, { organization: 'org-1', project: 'proj-1' });
      equal([...await service.embed('abc')], [3, 1, 1]);
      equal([...(await service.embedBatch(['a', 'bb']))[1]], [2, 1, 1]);
      const [{ url, body, headers, redirect, credentials }, second] = script.requests;
      equal(url, 'https://api.openai.com/v1/embeddings');
      equal(body, { input: 'abc', model: 'text-embedding-3-small', dimensions: 3, encoding_format: 'base64' });
      equal(second.body.input, ['a', 'bb']);
      equal(headers.authorization, `Bearer ${KEY}`);
      equal([headers['openai-organization'], headers['openai-project'], headers['content-type']], ['org-1', 'proj-1', 'application/json']);
      equal([redirect, credentials], ['manual', 'omit']);
      service.free();
    }],
    ['6: what is repeated, and how often', async () => {
      for (const status of [408, 409, 429, 500, 503]) {
        const script = scripted(json({}, status), json({}, status));
        const service = await one(script);
        equal([...await service.embed('abc')], [3, 1, 1]);
        equal(script.requests.map(({ headers }) => headers['x-stainless-retry-count'] ?? '0'), ['0', '1', '2'], status);
        service.free();
      }
      for (const status of [400, 401, 402, 403, 404, 422]) {
        const script = scripted(json({}, status));
        const service = await one(script);
        const code = { 401: 'authentication', 402: 'quota', 403: 'authentication' }[status] ?? 'provider';
        await refused(api, `embedding/${code}`, () => service.embed('abc'), { status, attempts: 1 });
        equal(script.requests.length, 1, status);
        service.free();
      }
    }],
    ['6: the server says when to come back', async () => {
      const script = scripted(json({}, 429, { 'retry-after-ms': '80' }));
      const service = await one(script, { initialBackoff: 5, maxBackoff: 5 });
      const started = performance.now();
      const [outcome] = await service.embedBatchDetailed(['abc']);
      const took = performance.now() - started;
      assert(took >= 75 && took < 4000, `${took} ms`);
      assert(outcome.retryMs >= 75 && outcome.attempts === 2);
      service.free();
      const never = scripted(json({}, 429, { 'x-should-retry': 'false', 'retry-after': '7', 'x-request-id': 'req-1' }));
      const patient = await one(never);
      await refused(api, 'embedding/rate-limit', () => patient.embed('abc'),
        { status: 429, retryAfter: 7, requestId: 'req-1', errorClass: 'rate-limit', provider: 'openai', model: 'text-embedding-3-small' });
      patient.free();
    }],
    ['1.8: classes by status and code; used-up quota is final', async () => {
      const quota = { error: { message: 'You exceeded', type: 'insufficient_quota', code: 'insufficient_quota' } };
      const script = scripted(json(quota, 429));
      const service = await one(script);
      const error = await refused(api, 'embedding/quota', () => service.embed('abc'), { providerCode: 'insufficient_quota', attempts: 1 });
      assert(!error.message.includes('exceeded'));
      service.free();
    }],
    ['network failures and broken answers', async () => {
      const broken = scripted(() => { throw new TypeError('fetch failed'); });
      const service = await one(broken, { maxRetries: 0 });
      await refused(api, 'embedding/network', () => service.embed('abc'), { status: undefined, attempts: 1 });
      service.free();
      const cut = () => new Response(new ReadableStream({ pull(stream) { stream.error(new Error('reset')); } }));
      const wrong = [
        [new Response('not json'), 'embedding/provider'], [json({ data: [] }), 'embedding/provider'],
        [json({ data: [{ index: 0, embedding: [1, 2, null] }] }), 'embedding/provider'],
        [json({ data: [{ index: 5, embedding: [1, 2, 3] }] }), 'embedding/provider'],
        [json({ data: [{ index: 0, embedding: [1, 2] }] }), 'embedding/dimension-mismatch'],
        [cut(), 'embedding/network'], [json({}, 302, { location: 'https://elsewhere.invalid/' }), 'embedding/provider'],
      ];
      for (const [answer, code] of wrong) {
        const service = await one(scripted(answer), { maxRetries: 0 });
        await refused(api, code, () => service.embed('abc'));
        service.free();
      }
    }],
    ['an answer without end is not read to its end', async () => {
      let pulled = 0;
      const endless = () => new Response(new ReadableStream({
        pull(stream) { pulled += 1; stream.enqueue(new Uint8Array(65_536)); },
      }, { highWaterMark: 0 }));
      const service = await one(scripted(endless), { maxRetries: 0 });
      await refused(api, 'embedding/provider', () => service.embed('abc'));
      assert(pulled < 100, `${pulled} chunks`);
      const lying = () => new Response('{}', { headers: { 'content-length': '99999999999' } });
      const second = await one(scripted(lying), { maxRetries: 0 });
      await refused(api, 'embedding/provider', () => second.embed('abc'));
      const error = await one(scripted(() => new Response(new ReadableStream({
        pull(stream) { stream.enqueue(new Uint8Array(65_536)); },
      }, { highWaterMark: 0 }), { status: 500 })), { maxRetries: 0 });
      await refused(api, 'embedding/network', () => error.embed('abc'), { status: 500 });
      for (const each of [service, second, error]) each.free();
    }],
    ['7.3: equal texts are sent once, a refused text fails alone', async () => {
      const refuse = (body) => ([body.input].flat().includes('bad') ? json({ error: {} }, 400) : vectorsFor(body));
      const script = scripted(...Array(20).fill(refuse));
      const service = await one(script);
      const outcomes = await service.embedBatchDetailed(['a', 'bad', 'ccc', 'a', 'dddd']);
      equal(outcomes.map(({ vector, error }) => vector?.[0] ?? error.code), [1, 'embedding/provider', 3, 1, 4]);
      equal(outcomes.map(({ source }) => source)[3], 'shared');
      await refused(api, 'embedding/provider', () => service.embedBatch(['a', 'bad']), { index: 1 });
      service.free();
    }],
    ['7.5: cache and single flight', async () => {
      const script = scripted(async (body) => { await new Promise((resolve) => setTimeout(resolve, 20)); return vectorsFor(body); });
      const service = await one(script, {}, { memoryCache: { maxEntries: 2 } });
      const [first, second] = await Promise.all([service.embed('abc'), service.embed('abc')]);
      equal([[...first], script.requests.length], [[...second], 1]);
      const [outcome] = await service.embedBatchDetailed(['abc']);
      equal([outcome.source, outcome.attempts, script.requests.length], ['cache', 0, 1]);
      await service.embedBatch(['x', 'yy']);
      equal([service.cacheStats().entries, service.cacheStats().evictions], [2, 1]);
      service.clearCache();
      equal(service.cacheStats().entries, 0);
      await service.embed('yy');
      equal(script.requests.length, 3);
      const failing = await one(scripted(json({}, 400)), {}, { memoryCache: {} });
      await refused(api, 'embedding/provider', () => failing.embed('abc'));
      equal(failing.cacheStats().entries, 0);
      equal([...await failing.embed('abc')], [3, 1, 1]);
      for (const each of [service, failing]) each.free();
    }],
    ['7.4: no fall into another space unless asked for, and then marked', async () => {
      const providers = () => [openai({ maxRetries: 0 }), { provider: 'deterministic', dimensions: 3 }];
      const down = () => scripted(...Array(3).fill(() => json({}, 503)));
      const strict = await make({ providers: providers() }, { fetch: down().fetch });
      await refused(api, 'embedding/network', () => strict.embed('abc'), { status: 503 });
      const any = await make({ providers: providers(), fallback: 'any' }, { fetch: down().fetch });
      const [outcome] = await any.embedBatchDetailed(['abc']);
      equal([outcome.isFallback, outcome.provider, [...outcome.vector]], [true, 'deterministic', [...api.deterministicVector('abc', { dimension: 3 })]]);
      equal(any.telemetry().providers[0].fallbacks, 1);
      const same = [openai({ maxRetries: 0, baseUrl: 'https://one.example/v1' }), openai({ baseUrl: 'https://two.example/v1' })];
      const script = scripted(json({}, 503));
      const compatible = await make({ providers: same }, { fetch: script.fetch });
      equal([...await compatible.embed('abc')], [3, 1, 1]);
      equal(script.requests.map(({ url }) => new URL(url).host), ['one.example', 'two.example']);
      for (const each of [strict, any, compatible]) each.free();
    }],
    ['a signal ends the request that nobody else waits for', async () => {
      let ended = 0;
      const hang = (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => { ended += 1; reject(signal.reason); }));
      const script = scripted(hang);
      const service = await one(script);
      const [mine, other] = [new AbortController(), new AbortController()];
      const waiting = [mine, other].map(({ signal }) => service.embed('abc', { signal }).catch((reason) => reason));
      mine.abort('mine');
      equal(await waiting[0], 'mine');
      equal([ended, service.load().requests], [0, 1]);
      other.abort('other');
      equal(await waiting[1], 'other');
      equal([ended, service.load()], [1, { calls: 0, texts: 0, requests: 0 }]);
      equal(await service.embed('abc', { signal: AbortSignal.abort('early') }).catch((reason) => reason), 'early');
      equal(service.telemetry().cancelled, 2);
      equal([...await service.embed('abc')], [3, 1, 1]);
      service.free();
    }],
    ['deadlines: of an answer, and of the caller', async () => {
      const hang = (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      const service = await one(scripted(hang, hang, hang), { timeout: 0.03, maxRetries: 1 });
      await refused(api, 'embedding/timeout', () => service.embed('abc'), { attempts: 2, errorClass: 'timeout' });
      await refused(api, 'embedding/deadline-exceeded', () => service.embed('abc', { deadline: 0.01 }), { errorClass: 'timeout' });
      service.free();
    }],
    ['close: what is under way is told', async () => {
      const hang = (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      const service = await one(scripted(hang, hang));
      const open = [service.embed('abc').catch(({ code }) => code), service.embedBatch(['x']).catch(({ code }) => code)];
      service.close();
      equal(await Promise.all(open), ['embedding/closed', 'embedding/closed']);
      await refused(api, 'embedding/closed', () => service.embed('abc'));
      service.free();
      const freed = await one(scripted(hang));
      const last = freed.embed('abc').catch(({ code }) => code);
      freed.free();
      equal(await last, 'embedding/closed');
    }],
    ['7.6: telemetry and events say everything but texts and keys', async () => {
      const events = [];
      const script = scripted(json({}, 500));
      const service = await make({ providers: [openai({ pricePer1kTokens: 2 })], memoryCache: {} }, {
        fetch: script.fetch,
        onRequest: (event) => { events.push(event); throw new Error('passed over'); },
      });
      await service.embedBatch(['secret words', 'others']);
      await service.embed('others');
      equal(events.map(({ provider, texts, retry, end, tokens }) => [provider, texts, retry, end, tokens]),
        [['openai', 2, 0, 'network', null], ['openai', 2, 1, 'success', 2]]);
      const telemetry = service.telemetry();
      const [lane] = telemetry.providers;
      equal([lane.attempts, lane.retries, lane.ends, lane.requests, lane.tokensReported, lane.cost], [2, 1, { success: 2 }, { success: 1, network: 1 }, 2, 0.004]);
      equal([telemetry.cacheHits, lane.totalTime.count], [1, 2]);
      const all = JSON.stringify([events, telemetry, service.providers()]) + service.toPrometheus();
      assert(!all.includes('secret') && !all.includes(KEY) && service.toPrometheus().includes('openai'));
      equal(service.providers(), [{ provider: 'openai', model: 'text-embedding-3-small', dimensions: 3, circuit: 'closed', inFlight: 0, pricePer1kTokens: 2 }]);
      assert(Math.abs(service.estimateCost('one two three') - 3 * 1.3 / 1000 * 2) < 1e-15);
      service.free();
    }],
    ['7.8: the circuit opens, and says so', async () => {
      const service = await one(scripted(...Array(2).fill(() => json({}, 503))), { maxRetries: 0, circuitOpenAfter: 2 });
      for (let i = 0; i < 2; i += 1) await refused(api, 'embedding/network', () => service.embed('abc'), { attempts: 1 });
      await refused(api, 'embedding/network', () => service.embed('abc'), { attempts: 0 });
      equal(service.providers()[0].circuit, 'open');
      service.free();
    }],
    ['a provider of the caller’s', async () => {
      const calls = [];
      const custom = (embed, more) => make({ providers: [{ provider: 'custom', name: 'mine', dimensions: 2, embed, maxRetries: 0, ...more }] });
      const service = await custom(async (texts, { form, signal }) => {
        calls.push([texts, form, signal instanceof AbortSignal]);
        return texts.map((text) => [text.length, 1]);
      }, { textsPerRequest: 2 });
      equal((await service.embedBatch(['a', 'bb', 'ccc'])).map((vector) => [...vector]), [[1, 1], [2, 1], [3, 1]]);
      equal([...await service.embedQuery('dddd')], [4, 1]);
      equal(calls.map(([texts]) => texts.length).sort(), [1, 1, 2]);
      equal(calls.at(-1), [['dddd'], 'query', true]);
      const wrong = [
        () => 'none', () => [], () => [[1, 2], [3, 4]], () => [[1, NaN]], () => [['a', 'b']], async () => { throw new Error('theirs'); },
        () => { throw new Error('theirs'); }, () => undefined,
      ];
      for (const embed of wrong) {
        const service = await custom(embed);
        await refused(api, 'embedding/provider', () => service.embed('abc'));
        service.free();
      }
      const short = await custom(() => [[1]]);
      await refused(api, 'embedding/dimension-mismatch', () => short.embed('abc'));
      const picky = await custom((texts) => {
        const index = texts.indexOf('bad');
        if (index >= 0) throw Object.assign(new Error('no'), { index });
        return texts.map(() => [1, 2]);
      });
      equal((await picky.embedBatchDetailed(['a', 'bad', 'c'])).map(({ vector }) => vector !== undefined), [true, false, true]);
      for (const each of [service, short, picky]) each.free();
    }],
    ['1.4, 4.5: absent keys come from the environment, if one is given', async () => {
      const script = scripted();
      const environment = { OPENAI_API_KEY: '', GPT_API_KEY: KEY, OPENAI_BASE_URL: 'https://proxy.example/v1' };
      const service = await make({ providers: [openai({ apiKey: undefined })] }, { fetch: script.fetch, environment });
      await service.embed('abc');
      equal([script.requests[0].url, script.requests[0].headers.authorization], ['https://proxy.example/v1/embeddings', `Bearer ${KEY}`]);
      service.free();
      await refused(api, 'embedding/missing-key', () => make({ providers: [openai({ apiKey: undefined })] }));
      await refused(api, 'embedding/missing-key', () => make({ providers: [openai({ apiKey: undefined })] }, { environment: {} }));
    }],
    ['configurations that are none', async () => {
      await refused(api, 'embedding/no-provider', () => make({ providers: [] }));
      for (const config of [undefined, null, 'openai', { providers: 'openai' }, { providers: [{ provider: 'local' }] }, { providers: [{ provider: 'custom', dimensions: 2 }] }]) {
        await refused(api, 'INVALID_ARGUMENT', () => make(config));
      }
      const circle = {};
      circle.circle = circle;
      const wrong = [
        { providers: [null] }, { providers: [{}] }, { providers: [{ provider: 'other' }] }, { providers: [openai({ timeout: -1 })] },
        { providers: [openai({ timeout: Infinity })] }, { providers: [openai({ apikey: KEY, apiKey: undefined })] },
        { providers: [openai({ task: 'search' })] }, { providers: [openai({ maxInFlight: 0 })] }, { providers: [openai()], fallback: 'sometimes' },
        { providers: [openai()], other: 1 }, { providers: [openai()], diskCache: { path: '/tmp/x' } }, { providers: [openai({ name: circle })] },
        { providers: [{ provider: 'custom', dimensions: 0, embed() {} }] }, { providers: [{ provider: 'custom', dimensions: 2, embed() {}, apiKey: KEY }] },
      ];
      for (const config of wrong) {
        const error = await refused(api, 'embedding/invalid-config', () => make(config));
        assert(!error.message.includes(KEY));
      }
      await refused(api, 'INVALID_ARGUMENT', () => make({ providers: [openai()] }, { onRequest: 1 }));
      await refused(api, 'INVALID_ARGUMENT', () => make({ providers: [openai()] }, { fetch: null }));
    }],
    ['wrong arguments, and texts that no provider takes', async () => {
      const service = await one(scripted(), {}, { maxTextBytes: 100 });
      for (const text of [undefined, 1, null, {}, ['a']]) await refused(api, 'INVALID_ARGUMENT', () => service.embed(text));
      for (const texts of [undefined, 'abc', [1], [null], { length: 1 }]) await refused(api, 'INVALID_ARGUMENT', () => service.embedBatch(texts));
      for (const options of [{ form: 'other' }, { deadline: -1 }, { deadline: 'soon' }]) {
        await refused(api, 'INVALID_ARGUMENT', () => service.embed('abc', options));
      }
      await refused(api, 'embedding/empty-text', () => service.embed(''));
      await refused(api, 'embedding/text-too-large', () => service.embed('x'.repeat(101)));
      equal([...await service.embed('a\ud800b')], [3, 1, 1]);
      service.free();
    }],
  ];
}
