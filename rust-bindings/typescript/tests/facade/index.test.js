// Everything by one import: the names that callers of the older modules know, and those of this package.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as all from 'chrysalis-native';
import * as apiKeys from 'chrysalis-native/api-keys';
import * as asynchronous from 'chrysalis-native/crypto-async';
import * as crypto from 'chrysalis-native/crypto';
import * as embedding from 'chrysalis-native/embedding';
import * as legacy from 'chrysalis-native/security-crypto';
import * as security from 'chrysalis-native/security';
import * as unified from 'chrysalis-native/unified';

const VECTORS = JSON.parse(readFileSync(new URL('../../../../rust-crypto/vectors/api_keys.json', import.meta.url), 'utf8'));

test('no name is lost, and none means two things', () => {
  const parts = { apiKeys, asynchronous, crypto, embedding, legacy, security, unified };
  for (const [part, module] of Object.entries(parts)) {
    // Each package has its own class of the errors that both throw; here they are those of contexts and wallets.
    for (const name of Object.keys(module)) assert.equal(all[name], (name === 'ValidationError' ? security : module)[name], `${part}: ${name}`);
  }
  assert.equal(all.default, crypto.ChrysalisCrypto);
});

test('what the older security module exported is there', () => {
  const names = `generateKey generateSalt generateIV generateToken deriveKeyFromPassword hash encrypt decrypt decryptToString encryptWithPassword
    decryptWithPassword decryptWithPasswordToString secureWipe secureCompare ApiKeyWallet createApiKeyWallet getApiKeyWallet ApiKeyRegistry
    createApiKeyRegistry getApiKeyRegistry importLegacyWallet validatePasswordStrength EnvKeyProvider WalletKeyProvider initCrypto getCrypto
    ChrysalisCrypto SecurityContext initSecurity initializeRustNative`;
  for (const name of names.split(/\s+/)) assert.equal(typeof all[name], 'function', name);
});

test('keys are recognised and redacted', () => {
  for (const { key, provider, strict, expected, error } of VECTORS.validate.slice(0, 60)) {
    const run = () => all.validateKeyFormat(key.join(''), { ...(provider && { provider }), strict });
    if (error) assert.throws(run, (thrown) => thrown instanceof apiKeys.ValidationError && thrown.code === error);
    else assert.deepEqual({ ...run() }, expected);
  }
  for (const { key, expected } of VECTORS.redact_key) assert.equal(all.redactForLogging(key.join('')), expected);
  for (const { text, expected } of VECTORS.redact_text) assert.equal(all.redactText(text.join('')), expected);
  for (const wrong of [undefined, 7, {}]) {
    for (const name of ['validateKeyFormat', 'redactForLogging', 'redactText']) {
      assert.throws(() => all[name](wrong), { name: 'CryptoError', code: 'INVALID_ARGUMENT' }, name);
    }
  }
});
