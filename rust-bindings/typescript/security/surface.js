// What the package exports beside the generated glue, and what the generated classes lack.
import { CryptoError, SecurityError, ValidationError } from 'error';
import { ApiKeyRegistry, ApiKeyWallet, SecurityContext } from 'glue';
import { guard, lend } from '../shared/objects.js';
import { METHODS, STATIC } from './later.js';

export * from 'glue';

export { CryptoError, CryptoError as default, SecurityError, ValidationError };
export {
  decrypt_record_with_password_async,
  derive_record_key_async,
  derive_wallet_key_async,
  import_legacy_wallet_async,
} from './later.js';

guard([ApiKeyRegistry, ApiKeyWallet, SecurityContext], invalid);

// Behind the guard: these reject where the others throw.
Object.assign(SecurityContext, STATIC);
Object.assign(SecurityContext.prototype, METHODS);

SecurityContext.prototype.with_api_key = function (provider, work) {
  if (typeof work !== 'function') throw invalid('work must be a function');
  return lend(this.get_api_key_bytes(provider), work);
};

SecurityContext.prototype.attach_authorization = function (provider, headers) {
  if (typeof headers?.set !== 'function') throw invalid('headers must have a method set');
  const { name, value } = this.authorization_header(provider);
  headers.set(name, value);
};

const { resolve_keys_for_persona } = ApiKeyRegistry.prototype;
ApiKeyRegistry.prototype.resolve_keys_for_persona = function (wallet, persona) {
  if (!(wallet instanceof ApiKeyWallet && wallet.__wbg_ptr)) throw invalid('wallet must be an ApiKeyWallet');
  return resolve_keys_for_persona.call(this, wallet, persona);
};

function invalid(problem) {
  return new CryptoError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
}
