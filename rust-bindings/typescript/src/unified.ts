/** Every package at once. */
import * as crdt from 'rust-crdt/pkg';
import * as embedding from 'rust-embedding/pkg';
import { initCrypto } from './crypto.js';
import type { CryptoModule } from './crypto.js';
import { initSecurity } from './security.js';
import type { SecurityModule } from './security.js';

/** The functions and classes of `rust-crdt/pkg`. */
export type CrdtModule = Omit<typeof crdt, 'default' | 'init' | 'initSync'>;

/** The functions and classes of `rust-embedding/pkg`. */
export type EmbeddingModule = Omit<typeof embedding, 'default' | 'init' | 'initSync'>;

/** The modules of Chrysalis. */
export interface ChrysalisRustNative {
  crypto: CryptoModule;
  security: SecurityModule;
  embedding: EmbeddingModule;
  crdt: CrdtModule;
}

/** Loads every package, at the same time. */
export async function initializeRustNative(): Promise<ChrysalisRustNative> {
  const [crypto, security] = await Promise.all([initCrypto(), initSecurity(), embedding.init(), crdt.init()]);
  return { crypto, security, embedding, crdt };
}
