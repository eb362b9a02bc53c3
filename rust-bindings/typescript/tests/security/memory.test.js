// A key put through ten thousand rounds of every operation leaves no copy in linear memory once the objects are gone.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import init, { ApiKeyWallet, SecurityContext } from 'rust-security/pkg';

const { memory } = await init();

/** How often any 16 bytes of `secret`, at multiples of 8, occur in all of linear memory. */
function found(secret) {
  const all = Buffer.from(memory.buffer);
  let count = 0;
  for (let start = 0; start + 16 <= secret.length; start += 8) {
    for (let at = all.indexOf(secret.subarray(start, start + 16)); at >= 0; at = all.indexOf(secret.subarray(start, start + 16), at + 1)) count += 1;
  }
  return count;
}

const secret = randomBytes(24).toString('hex');
const bytes = Buffer.from(secret);
const ROUNDS = 10_000;

test('the search finds what is there', () => {
  const context = new SecurityContext();
  context.store_api_key('openai', secret);
  assert.ok(found(bytes) > 0);
  context.free();
  assert.equal(found(bytes), 0);
});

test('contexts leave nothing', () => {
  const context = new SecurityContext();
  const other = randomBytes(24).toString('hex');
  context.set_password('password');
  for (let round = 0; round < ROUNDS; round += 1) {
    context.store_api_key('openai', secret);
    context.get_api_key('openai');
    context.get_api_key_bytes('openai').fill(0);
    context.sign_request('openai', 'GET', '/', new Uint8Array());
    context.authorization_header('openai');
    context.decrypt_from_storage(context.encrypt_for_storage(bytes, 'place'), 'place');
    for (const fails of [() => context.store_api_key('no/provider', secret), () => context.store_api_key('openai', `${secret} `),
      () => context.decrypt_legacy('F1', bytes, bytes)]) assert.throws(fails);
    if (round % 100 === 0) context.rotate_session_key('s');
    if (round % 1000 === 0) {
      context.lock();
      assert.equal(found(bytes), 0, 'locked');
      context.unlock('password');
    }
    context.store_api_key('openai', other);
  }
  assert.equal(found(bytes), 0, 'replaced');
  context.free();
  assert.equal(found(Buffer.from(other)), 0, 'freed');
});

test('wallets leave nothing', () => {
  const wallet = new ApiKeyWallet();
  wallet.initialize_with_host_key(new Uint8Array(32).fill(5));
  for (let round = 0; round < ROUNDS / 10; round += 1) {
    const id = wallet.add_key('openai', secret);
    wallet.get_key(id);
    wallet.rotate_key(id, secret);
    assert.throws(() => wallet.add_key('openai', secret, { name: 7 }));
    if (round % 100 === 0) {
      wallet.lock();
      assert.equal(found(bytes), 0, 'locked');
      wallet.unlock_with_host_key(new Uint8Array(32).fill(5));
    }
    wallet.remove_key(id);
  }
  assert.equal(found(bytes), 0, 'removed');
  wallet.free();
});
