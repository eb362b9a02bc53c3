// Checks the sealing to public keys of rust-crypto/vectors/envelope.json, wrong arguments and lifetimes. Runs unchanged in Node and in a page.
import { fromHex, toHex } from '../shared/hex.js';

const AEADS = { Aes256Gcm: 'aes-256-gcm', ChaCha20Poly1305: 'chacha20-poly1305' };

function assert(condition, text) {
  if (!condition) throw new Error(text);
}

function throws(api, code, run, text = code) {
  try {
    run();
  } catch (error) {
    assert(error instanceof api.CryptoError && error.name === 'CryptoError' && error.code === code, `${text}: threw ${error} ${error.code}`);
    return;
  }
  throw new Error(`${text}: nothing was thrown`);
}

/** Opens a case, and what is sealed anew from it; all of them give the same plaintext. */
const OPEN = {
  hpke_open(api, pair, item) {
    const aead = AEADS[item.aead];
    const [info, aad] = [fromHex(item.info), fromHex(item.aad)];
    const plaintext = pair.hpke_open(fromHex(item.sealed), info, aad, item.sender ? { aead, sender: fromHex(item.sender) } : { aead });
    const own = pair.public_key();
    return [
      plaintext,
      pair.hpke_open(api.hpke_seal(own, plaintext, info, aad, { aead }), info, aad, { aead }),
      pair.hpke_open(pair.hpke_seal(own, plaintext, info, aad, { aead }), info, aad, { aead, sender: own }),
    ];
  },

  recipients_open(api, pair, item) {
    const [sealed, context] = [fromHex(item.sealed), fromHex(item.context)];
    const plaintext = pair.open(sealed, context, item.sender ? { sender: fromHex(item.sender) } : undefined);
    const own = pair.public_key();
    assert(api.is_recipient(own, sealed), 'the recipient is not told');
    return [
      plaintext,
      pair.open(api.seal_to([own], plaintext, context), context),
      pair.open(pair.seal_to([own], plaintext, context, { suite: 2 }), context, { sender: own }),
    ];
  },
};

/** `[name, run]` for each check. */
export function recipientChecks(api, vectors) {
  const cases = Object.keys(OPEN).flatMap((section) => vectors[section].map((item) => [`${section}: ${item.name ?? item.id}`, () => {
    const pair = api.X25519KeyPair.from_secret(fromHex(item.secret_key));
    let opened;
    try {
      opened = OPEN[section](api, pair, item).map(toHex);
    } catch (error) {
      if (!(error instanceof api.CryptoError) || error.code !== item.error) throw error;
      return;
    } finally {
      pair.free();
    }
    assert(!item.error, `expected ${item.error}`);
    for (const text of opened) assert(text === item.expected, `expected ${item.expected}, found ${text}`);
  }]));
  return [...cases, ...Object.entries(BEHAVIOUR).map(([name, run]) => [name, () => run(api)])];
}

const bytes = (length, value = 7) => new Uint8Array(length).fill(value);
const NO_BYTES = [undefined, null, true, 1, 10n, 'text', {}, [1, 2], Symbol('s'), () => 1, new DataView(new ArrayBuffer(4))];
const NO_OPTIONS = [null, true, 1, 10n, 'text', Symbol('s'), () => 1];

const BEHAVIOUR = {
  'arguments of a wrong type throw INVALID_ARGUMENT'(api) {
    const pair = new api.X25519KeyPair();
    const key = pair.public_key();
    const calls = [
      [(...args) => api.hpke_seal(...args), [key, bytes(1), bytes(1), bytes(1)]],
      [(...args) => api.seal_to([args[0]], args[1], args[2]), [key, bytes(1), bytes(1)]],
      [(...args) => api.is_recipient(...args), [key, bytes(1)]],
      [(...args) => pair.hpke_seal(...args), [key, bytes(1), bytes(1), bytes(1)]],
      [(...args) => pair.hpke_open(...args), [bytes(1), bytes(1), bytes(1)]],
      [(...args) => pair.seal_to([args[0]], args[1], args[2]), [key, bytes(1), bytes(1)]],
      [(...args) => pair.open(...args), [bytes(1), bytes(1)]],
      [(...args) => api.X25519KeyPair.from_secret(...args), [bytes(32)]],
      [(...args) => api.X25519KeyPair.derive(...args), [bytes(32)]],
    ];
    for (const [call, args] of calls) {
      for (const place of args.keys()) {
        for (const wrong of NO_BYTES) throws(api, 'INVALID_ARGUMENT', () => call(...args.with(place, wrong)), `${call}, ${place}, ${typeof wrong}`);
      }
    }
    for (const keys of [...NO_BYTES, key, [[1]]]) {
      if (Array.isArray(keys) && keys.length === 0) continue;
      throws(api, 'INVALID_ARGUMENT', () => api.seal_to(keys, bytes(1), bytes(1)));
      throws(api, 'INVALID_ARGUMENT', () => pair.seal_to(keys, bytes(1), bytes(1)));
    }
    for (const options of NO_OPTIONS) {
      throws(api, 'INVALID_ARGUMENT', () => api.hpke_seal(key, bytes(1), bytes(1), bytes(1), options));
      throws(api, 'INVALID_ARGUMENT', () => api.seal_to([key], bytes(1), bytes(1), options));
      throws(api, 'INVALID_ARGUMENT', () => pair.open(bytes(1), bytes(1), options));
    }
    pair.free();
  },

  'values out of bounds throw their own code'(api) {
    const pair = new api.X25519KeyPair();
    const key = pair.public_key();
    throws(api, 'INVALID_KEY_LENGTH', () => api.hpke_seal(bytes(31), bytes(1), bytes(1), bytes(1)));
    throws(api, 'INVALID_KEY_LENGTH', () => api.X25519KeyPair.from_secret(bytes(33)));
    throws(api, 'UNSUPPORTED', () => api.hpke_seal(key, bytes(1), bytes(1), bytes(1), { aead: 'rot13' }));
    throws(api, 'UNSUPPORTED', () => api.seal_to([key], bytes(1), bytes(1), { suite: 3 }));
    throws(api, 'INVALID_ARGUMENT', () => api.seal_to([], bytes(1), bytes(1)));
    throws(api, 'INVALID_ARGUMENT', () => api.seal_to(Array(1025).fill(key), bytes(1), bytes(1)));
    throws(api, 'INVALID_ARGUMENT', () => api.X25519KeyPair.derive(bytes(31)));
    pair.free();
  },

  'who is no recipient opens nothing, and a changed byte is seen'(api) {
    const [alice, bob, eve] = [new api.X25519KeyPair(), new api.X25519KeyPair(), new api.X25519KeyPair()];
    const sealed = alice.seal_to([bob.public_key()], bytes(100), bytes(3));
    assert(!api.is_recipient(eve.public_key(), sealed), 'eve is told');
    throws(api, 'DECRYPT_FAILED', () => eve.open(sealed, bytes(3)));
    throws(api, 'DECRYPT_FAILED', () => bob.open(sealed, bytes(3), { sender: eve.public_key() }));
    throws(api, 'DECRYPT_FAILED', () => bob.open(sealed, bytes(4), { sender: alice.public_key() }));
    const letter = api.hpke_seal(bob.public_key(), bytes(40), bytes(1), bytes(2));
    for (const place of letter.keys()) {
      const changed = Uint8Array.from(letter);
      changed[place] ^= 1;
      throws(api, 'DECRYPT_FAILED', () => bob.hpke_open(changed, bytes(1), bytes(2)), `byte ${place}`);
    }
    for (const pair of [alice, bob, eve]) pair.free();
  },

  'a key pair hides itself and can be wiped'(api) {
    const pair = api.X25519KeyPair.derive(bytes(32));
    assert(toHex(api.X25519KeyPair.from_secret(pair.secret_key()).public_key()) === toHex(pair.public_key()), 'its secret');
    for (const text of [String(pair), JSON.stringify({ pair })]) assert(text.includes('[REDACTED]'), text);
    pair.wipe();
    pair.wipe();
    for (const name of ['secret_key', 'public_key']) throws(api, 'INVALID_ARGUMENT', () => pair[name](), name);
    pair.free();
    pair.free();
    throws(api, 'INVALID_ARGUMENT', () => pair.public_key());
  },
};
