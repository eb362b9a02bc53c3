// What the package exports beside the generated glue, and what the generated classes lack.
import { CryptoError, ValidationError } from 'error';
import { Ed25519KeyPair, IncrementalHasher, Sealer, SecureBuffer, StreamOpener, StreamSealer } from 'glue';
import { guard, lend } from '../shared/objects.js';

export * from 'glue';

export { CryptoError, CryptoError as default, ValidationError };

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

function invalid(problem) {
  return new CryptoError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
}
