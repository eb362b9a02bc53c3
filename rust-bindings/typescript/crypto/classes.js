// What the generated classes lack: errors with a code where an object was freed, and `SecureBuffer.use`.
import { CryptoError } from 'error';
import { Ed25519KeyPair, IncrementalHasher, SecureBuffer } from 'glue';

for (const type of [Ed25519KeyPair, IncrementalHasher, SecureBuffer]) {
  const { free, constructor, ...methods } = Object.getOwnPropertyDescriptors(type.prototype);
  for (const [name, method] of Object.entries(methods)) {
    if (method.value) method.value = onLiveObject(type, method.value);
    if (method.get) method.get = onLiveObject(type, method.get);
    Object.defineProperty(type.prototype, name, method);
  }
  // Freeing twice is harmless, so that `using` and an early `free()` go together.
  type.prototype.free = type.prototype[Symbol.dispose ?? 'free'] = function () {
    if (this.__wbg_ptr) free.value.call(this);
  };
}

const { equals } = SecureBuffer.prototype;
SecureBuffer.prototype.equals = function (other) {
  if (!(other instanceof SecureBuffer && other.__wbg_ptr)) throw invalid('other must be a SecureBuffer');
  return equals.call(this, other);
};

SecureBuffer.prototype.use = function (work) {
  if (typeof work !== 'function') throw invalid('work must be a function');
  const bytes = this.expose();
  const wipe = () => bytes.fill(0);
  let settles = false;
  try {
    const result = work(bytes);
    settles = typeof result?.then === 'function';
    return settles ? Promise.resolve(result).finally(wipe) : result;
  } finally {
    if (!settles) wipe();
  }
};

function onLiveObject(type, method) {
  return function (...args) {
    if (!(this instanceof type && this.__wbg_ptr)) throw invalid('the object was freed or is of another class');
    return method.apply(this, args);
  };
}

function invalid(problem) {
  return new CryptoError('INVALID_ARGUMENT', `Invalid argument: ${problem}`);
}
