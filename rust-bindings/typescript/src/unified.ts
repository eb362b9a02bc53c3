/** Every package at once. */
import { initCrypto } from './crypto.js';
import type { CryptoModule } from './crypto.js';
import { initSecurity } from './security.js';
import type { SecurityModule } from './security.js';

/** The modules of Chrysalis that are there. */
export interface ChrysalisRustNative {
  crypto: CryptoModule;
  security: SecurityModule;
}

/** Loads every package, at the same time. */
export async function initializeRustNative(): Promise<ChrysalisRustNative> {
  const [crypto, security] = await Promise.all([initCrypto(), initSecurity()]);
  return { crypto, security };
}
