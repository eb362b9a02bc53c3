// Ed25519 verifications per second in Node, copies included: rust-crypto/pkg beside @noble/curves.
// usage: node verify.mjs PACKAGE ROUNDS SECONDS   (PACKAGE is rust-crypto/pkg/rust_crypto.mjs)
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { ed25519 } from "@noble/curves/ed25519.js";

const [pkg, rounds, seconds] = process.argv.slice(2);
if (seconds === undefined) throw new Error("usage: node verify.mjs PACKAGE ROUNDS SECONDS");
const ours = await import(pathToFileURL(pkg).href);
await ours.init();

const KEYS = 64;
const MESSAGES = 1024;
const MESSAGE_BYTES = 200;

// Every message its own bytes and one of 64 keys, all from fixed seeds.
const keys = Array.from({ length: KEYS }, (_, key) => new Uint8Array(32).fill(key + 1));
const signed = Array.from({ length: MESSAGES }, (_, at) => {
  const message = Uint8Array.from({ length: MESSAGE_BYTES }, (_, i) => (at * 31 + i * 7 + (at >> 8)) & 255);
  const secret = keys[at % KEYS];
  return { message, key: ed25519.getPublicKey(secret), signature: ed25519.sign(message, secret) };
});

const sides = {
  ours: ({ key, message, signature }) => ours.ed25519_verify(key, message, signature),
  noble: ({ key, message, signature }) => ed25519.verify(signature, message, key),
};

/** Verifications per second within `milliseconds`. */
function rate(verify, milliseconds) {
  const start = performance.now();
  let count = 0;
  let elapsed;
  do {
    if (!verify(signed[count % MESSAGES])) throw new Error("a good signature was refused");
    count += 1;
    elapsed = performance.now() - start;
  } while (elapsed < milliseconds);
  return (count / elapsed) * 1000;
}

const bad = { ...signed[0], message: signed[1].message };
for (const [name, verify] of Object.entries(sides)) {
  if (verify(bad)) throw new Error(`${name} accepts a bad signature`);
  rate(verify, 500); // until the code is compiled by the optimising compiler
}
const rates = { ours: [], noble: [] };
for (let round = 0; round < Number(rounds); round += 1) {
  const order = Object.keys(sides);
  if (round % 2 === 1) order.reverse();
  for (const name of order) rates[name].push(rate(sides[name], Number(seconds) * 1000));
}
const { version } = JSON.parse(readFileSync(new URL("node_modules/@noble/curves/package.json", import.meta.url)));
console.log(
  JSON.stringify({ rounds: Number(rounds), seconds: Number(seconds), keys: KEYS, message_bytes: MESSAGE_BYTES, node: process.version, noble: version, rates }),
);
