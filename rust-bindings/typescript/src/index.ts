/** Everything of this package by one import. Unlike `crypto.ts` alone it cannot be imported where there is no WebAssembly. */
export * from './api-keys.js';
export * from './crypto.js';
export * from './crypto-async.js';
export * from './embedding.js';
export * from './security.js';
export * from './security-crypto.js';
export * from './unified.js';
export { ChrysalisCrypto as default } from './crypto.js';
// Of the classes of errors that both packages have, those of the contexts and wallets.
export { CryptoError, ValidationError } from './security.js';
