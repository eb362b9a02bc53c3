// The time of a certificate's check, beside that of its signatures one at a time. The same code in Node and in a browser.

/** Figures of two packages on a certificate as `peers-consensus certificate` prints it. */
export function measure(consensus, crypto, made, rounds, milliseconds) {
  const { chain, certificate, set, validators, message, signatures } = JSON.parse(made, (key, value) =>
    typeof value === "string" && value.startsWith("hex:") ? bytes(value.slice(4)) : value,
  );
  const sides = {
    bytes: () => consensus.verifyCommitCertificate(certificate, set, chain).signers.length,
    objects: () => consensus.verifyCommitCertificate(certificate, { epoch: 0, validators }, chain).signers.length,
    single: () => signatures.filter(({ key, signature }) => crypto.ed25519_verify(key, message, signature)).length,
  };
  for (const [name, side] of Object.entries(sides)) {
    if (side() !== signatures.length) throw new Error(`${name}: not every signature holds`);
  }
  const order = Object.keys(sides);
  const us = Object.fromEntries(order.map((side) => [side, []]));
  for (const side of order) time(sides[side], 600);
  for (let round = 0; round < rounds; round += 1) {
    for (const side of order) us[side].push(time(sides[side], milliseconds));
    order.reverse();
  }
  const { single, ...ours } = us;
  return { rounds, milliseconds, signers: signatures.length, us: ours, single };
}

/** Microseconds per call, called for about `limit` milliseconds. */
function time(call, limit) {
  const start = performance.now();
  let count = 0;
  let elapsed;
  do {
    call();
    count += 1;
    elapsed = performance.now() - start;
  } while (elapsed < limit);
  return (elapsed / count) * 1000;
}

function bytes(hex) {
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}
