// A key put through ten thousand rounds of every operation leaves no copy in linear memory once the objects are gone.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import init, { ApiKeyWallet, SecurityContext, derive_wallet_key } from 'rust-security/pkg';

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
  // With keys that were made of the password before, since making them takes long on purpose.
  const kdf = context.make_password_kdf();
  const key = derive_wallet_key('password', kdf);
  context.set_password_with_derived_key(kdf, key);
  for (let round = 0; round < ROUNDS; round += 1) {
    context.store_api_key('openai', secret);
    context.get_api_key('openai');
    context.get_api_key_bytes('openai').fill(0);
    context.sign_request('openai', 'GET', '/', new Uint8Array());
    context.authorization_header('openai');
    const sealed = context.encrypt_for_storage(bytes, 'place');
    context.rotate_storage_key();
    context.decrypt_from_storage(context.rewrap(sealed, 'place'), 'place');
    context.set_min_decryption_key_id(context.storage_key_id());
    context.rotate_session_key('s');
    context.decrypt_from_session('s', context.encrypt_for_session('s', bytes));
    context.end_session('s');
    for (const fails of [() => context.store_api_key('no/provider', secret), () => context.store_api_key('openai', `${secret} `),
      () => context.decrypt_legacy('F1', bytes, bytes), () => context.decrypt_from_storage(sealed, 'place')]) assert.throws(fails);
    context.lock();
    if (round % 1000 === 0) assert.equal(found(bytes), 0, 'locked');
    context.unlock_with_derived_key(key);
    context.store_api_key('openai', other);
  }
  assert.equal(found(bytes), 0, 'replaced');
  context.free();
  assert.equal(found(Buffer.from(other)), 0, 'freed');
});

test('contexts that live for one round leave nothing', () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const context = new SecurityContext();
    context.store_api_key('openai', secret);
    context.get_api_key_bytes('openai').fill(0);
    context.decrypt_from_storage(context.encrypt_for_storage(bytes, 'place'), 'place');
    context.free();
  }
  assert.equal(found(bytes), 0, 'freed');
});

test('wallets leave nothing', () => {
  const host = new Uint8Array(32).fill(5);
  const wallet = new ApiKeyWallet();
  wallet.initialize_with_host_key(host);
  for (let round = 0; round < ROUNDS; round += 1) {
    const id = wallet.add_key('openai', secret);
    wallet.get_key(id);
    wallet.rotate_key(id, secret);
    wallet.get_key_bytes(id).fill(0);
    assert.throws(() => wallet.add_key('openai', secret, { name: 7 }));
    wallet.lock();
    if (round % 1000 === 0) assert.equal(found(bytes), 0, 'locked');
    wallet.unlock_with_host_key(host);
    wallet.remove_key(id);
    wallet.take_events();
  }
  assert.equal(found(bytes), 0, 'removed');
  wallet.free();
});

test('wallets that live for one round leave nothing', () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const wallet = new ApiKeyWallet();
    wallet.initialize_with_host_key(new Uint8Array(32).fill(5));
    wallet.get_key(wallet.add_key('openai', secret));
    wallet.free();
  }
  assert.equal(found(bytes), 0, 'freed');
});
