// Checks rust-crypto/vectors/crypto.json against a loaded package. Runs unchanged in Node, in a page and in a worker.

const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** One check per case: `[name, run]`, where `run` throws when the package disagrees with the case. */
export function vectorChecks(api, file) {
  const { about, ...sections } = file;
  return Object.entries(sections).flatMap(([section, cases]) => {
    const check = CHECKS[section];
    if (!check) throw new Error(`no check for the section ${section}`);
    return cases.map((item) => [`${section}: ${item.name}`, () => compare(item, () => check(api, item))]);
  });
}

function compare(item, run) {
  let found;
  try {
    found = run();
  } catch (error) {
    if (error.name !== 'CryptoError' || error.code !== item.error) throw error;
    if (item.error_text !== undefined && error.message !== item.error_text) throw new Error(`text: ${error.message}`);
    return;
  }
  if (item.error) throw new Error(`expected ${item.error}, found ${JSON.stringify(found)}`);
  for (const [name, value] of Object.entries(found?.constructor === Object ? found : { found })) {
    const expected = name === 'found' ? item.expected : item.expected[name];
    if (value !== expected) throw new Error(`${name}: expected ${expected}, found ${value}`);
  }
}

function input({ input }) {
  if (input.repeat === undefined) return fromHex(input.hex);
  const pattern = fromHex(input.repeat);
  return Uint8Array.from({ length: input.length }, (_, i) => pattern[i % pattern.length]);
}

function same(first, ...others) {
  for (const other of others) if (other !== first) throw new Error(`two ways disagree: ${first}, ${other}`);
  return first;
}

const CHECKS = {
  hash(api, item) {
    const data = input(item);
    const ways = [api.hash_hex(data, item.algorithm), toHex(api.hash(data, item.algorithm))];
    if (item.algorithm === api.HashAlgorithm.Sha384) ways.push(api.sha384_hex(data), toHex(api.sha384(data)));
    if (item.algorithm === api.HashAlgorithm.Blake3) ways.push(api.blake3_hex(data), toHex(api.blake3_hash(data)));
    return same(...ways);
  },

  incremental(api, item) {
    const data = input(item);
    const hasher = new api.IncrementalHasher(item.algorithm);
    let start = 0;
    for (const length of item.chunks) hasher.update(data.subarray(start, (start += length)));
    const twin = hasher.clone();
    const digest = same(hasher.finalize_hex(), toHex(twin.finalize()));
    hasher.free();
    twin.free();
    return digest;
  },

  ed25519_sign(api, item) {
    const pair = api.Ed25519KeyPair.from_secret(fromHex(item.seed));
    const message = fromHex(item.message);
    same(item.public_key, pair.public_key_hex(), toHex(pair.public_key()));
    const signature = same(pair.sign_hex(message), toHex(pair.sign(message)));
    pair.free();
    return signature;
  },

  ed25519_secret(api, item) {
    const make = item.form === 'pkcs8' ? api.Ed25519KeyPair.from_pkcs8 : api.Ed25519KeyPair.from_secret;
    const pair = make(fromHex(item.secret));
    same(item.seed, toHex(pair.secret_key()), toHex(pair.to_pkcs8().subarray(16)));
    const publicKey = pair.public_key_hex();
    pair.free();
    return publicKey;
  },

  ed25519_verify: (api, item) =>
    api.ed25519_verify(fromHex(item.public_key), fromHex(item.message), fromHex(item.signature)),

  ed25519_verify_hex: (api, item) => api.ed25519_verify_hex(item.public_key, fromHex(item.message), item.signature),

  // The package has no decoder of its own; hexadecimal is read where a key is, whose length is complained about next.
  hex_decode(api, item) {
    try {
      api.ed25519_verify_hex(item.text, new Uint8Array(), '');
    } catch (error) {
      if (error.code === 'INVALID_KEY_LENGTH' && error.message.endsWith(`got ${item.expected?.length / 2}`)) return item.expected;
      throw error;
    }
    throw new Error('an empty signature was accepted');
  },

  xchacha20poly1305_decrypt(api, item) {
    const [key, aad] = [fromHex(item.key), fromHex(item.aad)];
    const plaintext = api.xchacha20poly1305_decrypt(fromHex(item.sealed), key, aad);
    const again = api.xchacha20poly1305_decrypt(api.xchacha20poly1305_encrypt(plaintext, key, aad), key, aad);
    return same(toHex(plaintext), toHex(again));
  },

  constant_time_eq: (api, item) => api.constant_time_eq(fromHex(item.a), fromHex(item.b)),

  agent_fingerprint: (api, item) => api.compute_agent_fingerprint(item.agent_id, item.agent_name, item.created_at),

  state_hash: (api, item) => api.compute_state_hash(item.state_json),

  proof(api, item) {
    const record = api.verify_record_proof(fromHex(item.proof));
    return {
      author: record.author,
      writer: `${record.author}-${record.incarnation.toString(16).padStart(16, '0')}`,
      sequence: String(record.sequence),
      leaf: record.leaf,
      commit_hash: record.commitHash,
      kind: record.kind,
      namespace: record.namespace,
      key_epoch: record.keyEpoch,
      time: String((BigInt(record.timeMs) << 16n) | BigInt(record.timeLogical)),
      content: toHex(record.content),
    };
  },
};
