// Checks rust-crypto/vectors/crypto.json against a loaded package. Runs unchanged in Node, in a page and in a worker.

import { fromHex, toHex } from '../shared/hex.js';

/** One check per case: `[name, run]`, where `run` throws when the package disagrees with the case. */
export function vectorChecks(api, file) {
  // Records of older systems are read by rust-security; sealing to public keys is an entry of its own.
  const { about, left_out, rules_version, legacy_record, hpke_open, recipients_open, ...sections } = file;
  return Object.entries(sections).flatMap(([section, cases]) => {
    const check = CHECKS[section];
    if (!check) throw new Error(`no check for the section ${section}`);
    return cases.map((item) => [`${section}: ${item.name ?? item.id}`, () => compare(item, () => check(api, item))]);
  });
}

function compare(item, run) {
  let found;
  try {
    found = run();
  } catch (error) {
    if (!/^(Crypto|Validation)Error$/.test(error.name) || error.code !== item.error) throw error;
    if (item.error_text !== undefined && error.message !== item.error_text) throw new Error(`text: ${error.message}`);
    return;
  }
  if (item.error) throw new Error(`expected ${item.error}, found ${JSON.stringify(found)}`);
  for (const [name, value] of Object.entries(found?.constructor === Object ? found : { found })) {
    const expected = name === 'found' ? item.expected : item.expected[name];
    if (String(value) !== String(expected)) throw new Error(`${name}: expected ${expected}, found ${value}`);
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

  batch_hash: (api, item) => api.batch_hash(item.messages.map(fromHex), item.algorithm).join(),

  hmac: (api, item) => toHex(api[item.function](fromHex(item.key), fromHex(item.data))),

  hmac_sha256: (api, item) => hmacHolds(api, item, api.hmac_sha256),
  hmac_sha384: (api, item) => hmacHolds(api, item, api.hmac_sha384),
  hmac_sha512: (api, item) => hmacHolds(api, item, api.hmac_sha512),

  hkdf_sha256: (api, item) => toHex(api.hkdf_sha256(fromHex(item.ikm), fromHex(item.salt), fromHex(item.info), item.length)),

  pbkdf2_sha256_derive_key: (api, item) =>
    toHex(api.pbkdf2_sha256_derive_key(fromHex(item.password), fromHex(item.salt), item.iterations, item.length)),

  scrypt_derive_key: (api, item) => toHex(api.scrypt_derive_key(fromHex(item.password), fromHex(item.salt), item.length)),

  argon2id_derive_key(api, item) {
    const cost = { mKiB: item.m_kib, t: item.t, p: item.p, length: item.length };
    return toHex(api.argon2id_derive_key(fromHex(item.password), fromHex(item.salt), cost));
  },

  aes_gcm_decrypt(api, item) {
    const [sealed, key, aad] = [fromHex(item.sealed), fromHex(item.key), fromHex(item.aad)];
    const plaintext = api.aes_gcm_decrypt_aad(sealed, key, aad);
    const again = api.aes_gcm_decrypt_aad(api.aes_gcm_encrypt_aad(plaintext, key, aad), key, aad);
    const ways = [plaintext, again];
    if (aad.length === 0) ways.push(api.aes_gcm_decrypt(sealed, key), api.aes_gcm_decrypt(api.aes_gcm_encrypt(plaintext, key), key));
    return same(...ways.map(toHex));
  },

  aes_gcm_siv_decrypt(api, item) {
    const [key, aad] = [fromHex(item.key), fromHex(item.aad)];
    const plaintext = api.aes_gcm_siv_decrypt(fromHex(item.sealed), key, aad);
    return same(toHex(plaintext), toHex(api.aes_gcm_siv_decrypt(api.aes_gcm_siv_encrypt(plaintext, key, aad), key, aad)));
  },

  decrypt_with_password: (api, item) =>
    toHex(api.decrypt_with_password(fromHex(item.sealed), item.password, { legacyFallbackN: item.legacy_fallback_n })),

  agent_fingerprint_v2: (api, item) => api.compute_agent_fingerprint_v2(item.agent_id, item.agent_name, item.created_at),

  state_hash_canonical: (api, item) => api.compute_state_hash_canonical(item.state_json),

  verify_state_hash: (api, item) => api.verify_state_hash(item.state_json, item.hash),

  open(api, item) {
    const [key, context] = [fromHex(item.key), fromHex(item.context)];
    const plaintext = api.open(fromHex(item.envelope), key, context);
    const { suite } = api.describe_envelope(fromHex(item.envelope));
    const again = api.open(api.seal(plaintext, key, context, { keyId: 9, suite }), key, context);
    return same(toHex(plaintext), toHex(again));
  },

  open_with_password(api, item) {
    const opened = api.open_with_password(fromHex(item.envelope), item.password, fromHex(item.context));
    return same(toHex(opened.plaintext), opened.needsRewrap === item.needs_rewrap ? item.expected : 'needsRewrap differs');
  },

  stream_open(api, item) {
    const [key, context, stream] = [fromHex(item.key), fromHex(item.context), fromHex(item.stream)];
    const results = [1, 7, 65_536].map((step) => {
      const opener = new api.StreamOpener(key, context, { keyId: item.key_id });
      const parts = [];
      for (let at = 0; at < stream.length; at += step) parts.push(toHex(opener.update(stream.subarray(at, at + step))));
      parts.push(toHex(opener.finish()));
      opener.free();
      return parts.join('');
    });
    return same(...results);
  },

  // Keys are kept in pieces, so that no scanner of source code takes them for real ones.
  redact_key: (api, item) => api.redact_for_logging(item.key.join('')),

  redact_text(api, item) {
    const redacted = api.redact_text(item.text.join(''));
    return same(redacted, api.redact_text(redacted));
  },

  validate: (api, item) => api.validate_key_format(item.key.join(''), { provider: item.provider ?? undefined, strict: item.strict }),
};

/** Some cases have only the beginning of a tag. */
function hmacHolds(api, item, hmac) {
  const tag = fromHex(item.tag);
  return api.constant_time_eq(hmac(fromHex(item.key), fromHex(item.data)).subarray(0, tag.length), tag);
}

/** The file published with BLAKE3: 131 bytes of output for each mode. */
export function blake3Checks(api, file) {
  const key = new TextEncoder().encode(file.key);
  return file.cases.map(({ input_len: length, hash, keyed_hash: keyed, derive_key: derived }) => [`BLAKE3 of ${length} bytes`, () => {
    const data = Uint8Array.from({ length }, (_, i) => i % 251);
    same(hash, toHex(api.blake3_xof(data, 131)));
    same(hash.slice(0, 64), api.blake3_hex(data));
    same(keyed.slice(0, 64), toHex(api.blake3_keyed(key, data)));
    same(derived.slice(0, 64), toHex(api.blake3_derive_key('BLAKE3 2019-12-27 16:29:52 test vectors context', data)));
  }]);
}

/** Every signature of the files, edge encodings included, at random places in batches: the verdicts are those of one by one. */
export function batchChecks(api, ...files) {
  return [['batches of signatures agree with single ones, whatever is beside them', () => {
    const cases = files.flatMap(({ ed25519_verify: section }) => section)
      .map((item) => [item.public_key, item.message, item.signature].map(fromHex));
    const single = cases.map((item) => {
      try {
        return api.ed25519_verify(...item);
      } catch {
        return false;
      }
    });
    const good = [...cases.keys()].filter((at) => single[at]);
    if (good.length < 50 || cases.length - good.length < 50) throw new Error(`${good.length} of ${cases.length} hold`);
    const [seed] = crypto.getRandomValues(new Uint32Array(1));
    let state = BigInt(seed);
    const below = (limit) => {
      state = BigInt.asUintN(64, state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n);
      return Number((state >> 33n) % BigInt(limit));
    };
    for (let round = 0; round < 60; round += 1) {
      // From nothing but good signatures to nothing but edges.
      const chosen = Array.from({ length: below(90) }, () => (below(10) < round % 11 ? below(cases.length) : good[below(good.length)]));
      const found = api.batch_verify(...[0, 1, 2].map((part) => chosen.map((at) => cases[at][part])));
      const wrong = chosen.findIndex((at, place) => Number(single[at]) !== Number(found[place]));
      if (wrong >= 0 || found.length !== chosen.length) throw new Error(`seed ${seed}, round ${round}: ${wrong} of ${chosen}`);
    }
  }]];
}
