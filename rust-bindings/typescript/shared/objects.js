// What generated classes lack: an error with a code where an object was freed, and disposal that may be repeated.

/** Wraps every method and accessor of `types`, so that one on a freed or foreign object throws `invalid(problem)`. */
export function guard(types, invalid) {
  for (const type of types) {
    const { free, constructor, ...methods } = Object.getOwnPropertyDescriptors(type.prototype);
    for (const [name, method] of Object.entries(methods)) {
      if (method.value) method.value = onLiveObject(type, method.value, invalid);
      if (method.get) method.get = onLiveObject(type, method.get, invalid);
      Object.defineProperty(type.prototype, name, method);
    }
    // Freeing twice is harmless, so that `using` and an early `free()` go together.
    type.prototype.free = type.prototype[Symbol.dispose ?? 'free'] = function () {
      if (this.__wbg_ptr) free.value.call(this);
    };
  }
}

function onLiveObject(type, method, invalid) {
  return function (...args) {
    if (!(this instanceof type && this.__wbg_ptr)) throw invalid('the object was freed or is of another class');
    return method.apply(this, args);
  };
}

/** Calls `work` with secret bytes, and zeroes them when it returns or throws, or when the promise it returns settles. */
export function lend(bytes, work) {
  const wipe = () => bytes.fill(0);
  let settles = false;
  try {
    const result = work(bytes);
    settles = typeof result?.then === 'function';
    return settles ? Promise.resolve(result).finally(wipe) : result;
  } finally {
    if (!settles) wipe();
  }
}
