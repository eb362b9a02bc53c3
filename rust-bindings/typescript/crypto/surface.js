// What the package exports beside the generated glue, and what the generated classes lack.
import { CryptoError, ValidationError } from 'error';
import {
  Ed25519KeyPair, IncrementalHasher, Sealer, SecureBuffer, StreamOpener, StreamSealer,
  decrypt_with_password, encrypt_with_password, open_with_password, redact_for_logging, seal_with_password, validate_key_format,
} from 'glue';
import { guard, lend } from '../shared/objects.js';

export * from 'glue';

export { CryptoError, CryptoError as default, ValidationError };
export {
  argon2id_derive_key_async,
  decrypt_with_password_async,
  encrypt_with_password_async,
  scrypt_derive_key_async,
} from './later.js';

guard([Ed25519KeyPair, IncrementalHasher, Sealer, SecureBuffer, StreamOpener, StreamSealer], invalid);

const { equals } = SecureBuffer.prototype;
SecureBuffer.prototype.equals = function (other) {
  if (!(other instanceof SecureBuffer && other.__wbg_ptr)) throw invalid('other must be a SecureBuffer');
  return equals.call(this, other);
};

SecureBuffer.prototype.use = function (work) {
  if (typeof work !== 'function') throw invalid('work must be a function');
  return lend(this.expose(), work);
};

// Strings cannot be wiped. Each of these takes its secret as bytes, and zeroes them unless `wipe` is `false`.
export const decrypt_with_password_bytes = twin(decrypt_with_password, 1, 2);
export const encrypt_with_password_bytes = twin(encrypt_with_password, 1, 2);
export const open_with_password_bytes = twin(open_with_password, 1, 3);
export const redact_for_logging_bytes = twin(redact_for_logging, 0, 1);
export const seal_with_password_bytes = twin(seal_with_password, 1, 3);
export const validate_key_format_bytes = twin(validate_key_format, 0, 1);

/** `work` with bytes as its argument at `secret`, and options at `options`. */
function twin(work, secret, options) {
  return (...args) => {
    const [bytes, given] = [args[secret], args[options]];
    if (!ArrayBuffer.isView(bytes) || bytes[Symbol.toStringTag] !== 'Uint8Array') throw invalid('the secret must be a Uint8Array');
    if (given !== undefined && (typeof given !== 'object' || given === null)) throw invalid('options must be an object');
    const { wipe = true } = given ?? {};
    if (typeof wipe !== 'boolean') throw invalid('wipe must be a boolean');
    try {
      return work(...args);
    } finally {
      if (wipe) bytes.fill(0);
    }
  };
}

function invalid(problem) {
  return new CryptoError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
}
