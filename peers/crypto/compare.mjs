// Times of rust-crypto/pkg beside hash-wasm, libsodium.js and noble in Node, copies into and out of WebAssembly included.
// usage: node compare.mjs PACKAGE ROUNDS MILLISECONDS   (PACKAGE is rust-crypto/pkg/rust_crypto.mjs)
//
// Each side runs until the optimising compiler has had it, then the sides take turns, back and forth. Every rival is called in the
// fastest way it has, and where there is a choice the objects it can keep are kept.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { gcm } from "@noble/ciphers/aes.js";
import { randomBytes } from "@noble/ciphers/utils.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { argon2id, blake3, createBLAKE3, createSHA256, createSHA3, sha256, sha3 } from "hash-wasm";

// The ES module of libsodium-wrappers names a file of another package.
const sodium = createRequire(import.meta.url)("libsodium-wrappers");
await sodium.ready;

const [pkg, rounds, milliseconds] = process.argv.slice(2);
if (milliseconds === undefined) throw new Error("usage: node compare.mjs PACKAGE ROUNDS MILLISECONDS");
const ours = await import(pathToFileURL(pkg).href);
await ours.init();

const KEYS = 64;
const MESSAGE_BYTES = 200;
const key = Uint8Array.from({ length: 32 }, (_, i) => i);
const none = new Uint8Array(0);
const data = (length) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255);
const hex = (bytes) => (typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("hex"));
const comparisons = [];

/** What is compared: `ours` and `other` do the same; `check` tells whether they do. */
function compare(name, size, rival, sides, check = (a, b) => hex(a) === hex(b)) {
  comparisons.push({ name, size, rival, sides, check });
}

// Hashes, with the hasher that hash-wasm can keep and with its function for one message.
const kept = { blake3: await createBLAKE3(), sha256: await createSHA256(), sha3: await createSHA3(256) };
const hashes = [
  ["BLAKE3", ours.blake3_hash, kept.blake3, blake3],
  ["SHA-256", (bytes) => ours.hash(bytes, 0), kept.sha256, sha256],
  ["SHA3-256", (bytes) => ours.hash(bytes, 3), kept.sha3, (bytes) => sha3(bytes, 256)],
];
for (const [name, hash, hasher, oneShot] of hashes) {
  for (const length of [64, 1024, 16_384, 1 << 20]) {
    const bytes = data(length);
    compare(name, length, "hash-wasm, hasher kept", { ours: () => hash(bytes), other: () => hasher.init().update(bytes).digest("binary") });
    compare(name, length, "hash-wasm, one-shot", { ours: () => hash(bytes), other: () => oneShot(bytes) });
  }
}

// Authenticated encryption, each message under a fresh random nonce.
for (const length of [1024, 16_384, 1 << 20]) {
  const bytes = data(length);
  compare(
    "XChaCha20-Poly1305",
    length,
    "libsodium.js",
    {
      ours: () => ours.xchacha20poly1305_encrypt(bytes, key, none),
      other: () => {
        const nonce = randomBytes(24);
        return [nonce, sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(bytes, null, null, nonce, key)];
      },
    },
    (a, [nonce, sealed]) =>
      hex(sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, a.subarray(24), null, a.subarray(0, 24), key)) === hex(bytes) &&
      hex(ours.xchacha20poly1305_decrypt(Buffer.concat([nonce, sealed]), key, none)) === hex(bytes),
  );
  compare(
    "AES-256-GCM",
    length,
    "@noble/ciphers",
    {
      ours: () => ours.aes_gcm_encrypt(bytes, key),
      other: () => {
        const nonce = randomBytes(12);
        return [nonce, gcm(key, nonce).encrypt(bytes)];
      },
    },
    (a, [nonce, sealed]) =>
      hex(gcm(key, a.subarray(0, 12)).decrypt(a.subarray(12))) === hex(bytes) &&
      hex(ours.aes_gcm_decrypt(Buffer.concat([nonce, sealed]), key)) === hex(bytes),
  );
}

// Ed25519: 64 messages by as many keys.
const secrets = Array.from({ length: KEYS }, (_, at) => new Uint8Array(32).fill(at + 1));
const pairs = secrets.map((secret) => ours.Ed25519KeyPair.from_secret(secret));
const messages = Array.from({ length: KEYS }, (_, at) => data(MESSAGE_BYTES).map((byte) => byte ^ at));
const publics = secrets.map((secret) => ed25519.getPublicKey(secret));
const signatures = messages.map((message, at) => ed25519.sign(message, secrets[at]));
let turn = 0;
const next = () => (turn = (turn + 1) % KEYS);
compare("Ed25519 sign", MESSAGE_BYTES, "@noble/curves", {
  ours: (at = next()) => pairs[at].sign(messages[at]),
  other: (at = next()) => ed25519.sign(messages[at], secrets[at]),
});
compare(
  "Ed25519 verify",
  MESSAGE_BYTES,
  "@noble/curves",
  {
    ours: (at = next()) => ours.ed25519_verify(publics[at], messages[at], signatures[at]),
    other: (at = next()) => ed25519.verify(signatures[at], messages[at], publics[at]),
  },
  (a, b) => a === true && b === true,
);
compare(
  "Ed25519 verify, 64 at once",
  MESSAGE_BYTES,
  "@noble/curves, one by one",
  {
    ours: () => ours.batch_verify(publics, messages, signatures),
    other: () => signatures.map((signature, at) => Number(ed25519.verify(signature, messages[at], publics[at]))),
  },
  (a, b) => a.length === KEYS && [...a].every((one) => one === 1) && b.every((one) => one === 1),
);

// A password.
const password = new TextEncoder().encode("correct horse battery staple");
const salt = data(16);
compare("Argon2id, 19 MiB, 2, 1", password.length, "hash-wasm", {
  ours: () => ours.argon2id_derive_key(password, salt, { mKiB: 19_456, t: 2, p: 1, length: 32 }),
  other: () =>
    argon2id({ password, salt, parallelism: 1, iterations: 2, memorySize: 19_456, hashLength: 32, outputType: "binary" }),
});

/** Microseconds per call, called for about `limit` milliseconds. */
async function time(call, limit) {
  const start = performance.now();
  let count = 0;
  let elapsed;
  do {
    const result = call();
    if (result instanceof Promise) await result;
    count += 1;
    elapsed = performance.now() - start;
  } while (elapsed < limit);
  return (elapsed / count) * 1000;
}

const results = [];
for (const { name, size, rival, sides, check } of comparisons) {
  if (!check(await sides.ours(0), await sides.other(0))) throw new Error(`${name}: the sides do not agree`);
  const order = Object.keys(sides);
  const us = { ours: [], other: [] };
  for (const side of order) await time(() => sides[side](), 600);
  for (let round = 0; round < Number(rounds); round += 1) {
    for (const side of order) us[side].push(await time(() => sides[side](), Number(milliseconds)));
    order.reverse();
  }
  results.push({ name, size, rival, us });
}
const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
const versions = ["hash-wasm", "libsodium-wrappers", "@noble/ciphers", "@noble/curves"].map((name) => `${name} ${version(name)}`);
console.log(JSON.stringify({ rounds: Number(rounds), milliseconds: Number(milliseconds), node: process.version, versions, results }));
