// The entry rust-crypto/pkg/recipients in Node, as an ES module and as CommonJS.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import init, * as api from 'rust-crypto/pkg/recipients';
import { recipientChecks } from './checks.js';

const vectors = JSON.parse(readFileSync(new URL('../../../../rust-crypto/vectors/envelope.json', import.meta.url)));

const { memory } = await init();
for (const [name, run] of recipientChecks(api, vectors)) test(name, run);

test('a process has one instance however it is imported', () => {
  assert.equal(createRequire(import.meta.url)('rust-crypto/pkg/recipients').CryptoError, api.CryptoError);
});

test('sealing and opening leave neither secret nor plaintext in linear memory', () => {
  const [secret, text] = [randomBytes(32), randomBytes(500)];
  const pair = api.X25519KeyPair.from_secret(secret);
  const opened = pair.open(pair.seal_to([pair.public_key()], text, Buffer.alloc(0)), Buffer.alloc(0), { sender: pair.public_key() });
  assert.deepEqual(Buffer.from(opened), text);
  assert.deepEqual(Buffer.from(pair.secret_key()), secret);
  const all = () => Buffer.from(memory.buffer);
  assert.ok(all().includes(secret), 'a live key is in memory, so the search finds what is there');
  pair.free();
  assert.ok(!all().includes(secret) && !all().includes(secret.subarray(0, 16)), 'secret');
  assert.ok(!all().includes(text.subarray(0, 32)), 'plaintext');
});
