// Requests over `fetch`, bounded and without anything but what was asked for. What it answers is read by `transport.rs`.

/** A function that carries a request and gives `{ answer, abort }`; `answer` is never rejected. */
export function makeTransport(fetch) {
  return (request) => {
    const controller = new AbortController();
    return { answer: exchange(fetch, request, controller.signal), abort: () => controller.abort() };
  };
}

async function exchange(fetch, { url, headers, key, body, maxBytes, maxErrorBytes, wanted }, signal) {
  let init;
  try {
    new URL(url); // as an address of its own: one that is relative to a page is a mistake
    // Browsers set `accept-encoding` themselves.
    const all = new Headers([...headers, ['content-type', 'application/json'], ['accept', 'application/json'], ['accept-encoding', 'identity']]);
    if (key !== undefined) all.set('authorization', `Bearer ${key}`);
    init = {
      method: 'POST', headers: all, body, signal, redirect: 'manual', credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer',
    };
  } catch {
    return { problem: 'bad-request' };
  }
  let response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    return { problem: problemOf(error) };
  }
  // A browser does not say which redirect it was that it did not follow.
  const status = response.type === 'opaqueredirect' ? 302 : response.status;
  const limit = response.ok ? maxBytes : maxErrorBytes;
  try {
    const bytes = await readBody(response, limit, response.ok);
    if (!bytes) return { problem: 'too-large' };
    // `fetch` has undone any encoding of the body, within the limit.
    const given = wanted.filter((name) => name !== 'content-encoding' && response.headers.has(name));
    return { status, headers: given.map((name) => [name, response.headers.get(name)]), body: bytes };
  } catch {
    return { problem: 'interrupted' };
  }
}

/** The body up to `limit`: nothing where it is longer and must be whole, else its beginning. */
async function readBody(response, limit, mustBeWhole) {
  if (!response.body) return new Uint8Array();
  const reader = response.body.getReader();
  const chunks = [];
  let length = 0;
  if (!mustBeWhole || !(Number(response.headers.get('content-length')) > limit)) {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return joined(chunks);
      if (value.length > limit - length) {
        if (mustBeWhole) break;
        chunks.push(value.subarray(0, limit - length));
        void reader.cancel().catch(() => {});
        return joined(chunks);
      }
      chunks.push(value);
      length += value.length;
    }
  }
  void reader.cancel().catch(() => {});
  return undefined;
}

/** Chunks as one array. */
export function joined(chunks) {
  const bytes = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Node says what went wrong, browsers do not. */
function problemOf(error) {
  switch (error?.cause?.code) {
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return 'interrupted';
    case 'UND_ERR_CONNECT_TIMEOUT':
      return 'connect-timeout';
    default:
      return 'connect';
  }
}
