// Checks rust-crypto/vectors/tls.json and wrong arguments. Runs unchanged in Node and in a page.
import { fromHex } from '../shared/hex.js';

function assert(condition, text) {
  if (!condition) throw new Error(text);
}

/** `[name, run]` for each check. */
export function tlsChecks(api, { certificates, cases }) {
  const der = certificates.map(fromHex);
  const at = (places) => places?.map((place) => der[place]);
  const vectors = cases.map((item) => [item.name, () => {
    const { crls, ...options } = item.options ?? {};
    if (item.roots) options.roots = at(item.roots);
    if (crls) options.crls = crls.map((crl) => (typeof crl === 'string' ? fromHex(crl) : der[crl]));
    let report;
    try {
      report = api.validateCertChain(at(item.chain), options);
    } catch (error) {
      assert(error instanceof api.CertError && error.name === 'CertError', `threw ${error}`);
      assert(error.code === item.error, `expected ${item.error ?? 'a report'}, found ${error.code}`);
      assert(error.index === (item.index ?? undefined), `index ${error.index}`);
      return;
    }
    assert(!item.error, `expected ${item.error}, found a report`);
    const { nameUnchecked, ...rest } = report;
    assert(nameUnchecked === (rest.serverNameChecked ? undefined : true), 'nameUnchecked');
    assert(JSON.stringify(Object.entries(rest).sort()) === JSON.stringify(Object.entries(item.expected).sort()), JSON.stringify(rest));
  }]);
  return [...vectors, ['wrong arguments', () => {
    const wrong = [
      [undefined], ['chain'], [[1]], [der[0]], [[der[0]], null], [[der[0]], { time: 'now' }], [[der[0]], { time: -1 }], [[der[0]], { roots: 1 }],
      [[der[0]], { crls: ['x'] }], [[der[0]], { usage: 'both' }], [[der[0]], { serverName: 7 }], [[der[0]], { maxDepth: 1.5 }],
      [[der[0]], { allowedSignatures: ['md5'] }], [[der[0]], { requireRevocation: 1 }],
    ];
    for (const args of wrong) {
      try {
        api.validateCertChain(...args);
      } catch (error) {
        assert(error instanceof api.CryptoError && error.code === 'INVALID_ARGUMENT', `threw ${error}`);
        continue;
      }
      throw new Error('nothing was thrown');
    }
  }]];
}
