/**
 * The typed, camelCase way into `rust-security/pkg`: contexts, wallets, registries and where keys come from.
 *
 * ```ts
 * const { SecurityContext } = await initSecurity();
 * const context = new SecurityContext();
 * context.store_api_key('openai', key);
 * context.attach_authorization('openai', headers); // the key is not seen
 * ```
 */
import * as raw from 'rust-security/pkg';

export { ApiKeyWallet, createApiKeyWallet, getApiKeyWallet, importLegacyWallet } from './wallet.js';
export { ApiKeyRegistry, createApiKeyRegistry, getApiKeyRegistry } from './registry.js';
export { ChainKeyProvider, EnvKeyProvider, WalletKeyProvider } from './key-providers.js';
export type { ApiKeyProvider, WalletEventHandler, WalletEventType } from './wallet.js';
export type { ApiKeyRegistryRecord, ApiKeyScope, KeyRegistryEventHandler, NewApiKeyRegistryRecord } from './registry.js';
export type { KeyProvider, KeyResult, KeySource } from './key-providers.js';
export type {
  ApiKeyEntry, EncryptedData, ImportReport, KeyRegistryEvent, NewKey, PasswordStrength, WalletEvent, WalletSettings, WalletState,
} from 'rust-security/pkg';
export { CryptoError, SecurityContext, SecurityError, ValidationError } from 'rust-security/pkg';

/** The functions and classes of `rust-security/pkg`. */
export type SecurityModule = Omit<typeof raw, 'default' | 'init' | 'initSync'>;

/** Loads the module once; in Node it is ready without. Rejects with `WASM_UNAVAILABLE`. */
export async function initSecurity(source?: raw.InitSource): Promise<SecurityModule> {
  await raw.init(source);
  return raw;
}

/** How good a new password is. Nothing of it is kept. */
export function validatePasswordStrength(password: string): raw.PasswordStrength {
  return raw.validate_password_strength(password);
}
