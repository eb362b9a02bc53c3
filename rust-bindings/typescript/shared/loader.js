// What both entries share: a clear error where the module cannot run. A surface's default is the class it throws.
import PackageError from 'surface';

// The smallest module that uses a 128-bit vector: (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt).
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** Throws where the engine cannot run the module. */
export function requireSimd() {
  if (typeof WebAssembly !== 'object' || !WebAssembly.validate(SIMD_PROBE)) {
    throw new PackageError('WASM_UNAVAILABLE', 'WebAssembly with SIMD is not available in this engine');
  }
}

/** The error for a module that could not be found, read or compiled. */
export function unavailable(cause) {
  return new PackageError('WASM_UNAVAILABLE', 'The WebAssembly module could not be loaded', { cause });
}
