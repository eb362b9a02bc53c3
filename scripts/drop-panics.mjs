// Makes the standard library's panicking functions a bare trap. On wasm32-unknown-unknown a panic's message is formatted, written to
// a standard error that does not exist, and then the module traps; this leaves the trap and takes out what formats.
// usage: node scripts/drop-panics.mjs IN.wasm OUT.wasm
import { readFileSync, writeFileSync } from 'node:fs';
import binaryen from 'binaryen';

// Each of these returns never. A name has a hash of its crate where it was built with the newer mangling.
const PANICS = [
  'core::panicking::',
  'core::cell::panic_already_',
  'core::option::(unwrap|expect)_failed',
  'core::result::unwrap_failed',
  'core::slice::copy_from_slice_impl::len_mismatch_fail',
  'core::slice::index::slice_(index|start|end)\\w*_fail',
  'core::str::slice_error_fail',
  'alloc::alloc::handle_alloc_error',
  'alloc::raw_vec::(capacity_overflow|handle_error)',
  '__rustc::rust_begin_unwind',
  'rust_begin_unwind',
];
const pattern = new RegExp(`^(?:${PANICS.join('|')})`);

const [from, to] = process.argv.slice(2);
binaryen.setDebugInfo(true); // names are what is searched, here and by wasm-opt
const module = binaryen.readBinary(readFileSync(from));
const { BulkMemory, BulkMemoryOpt, Multivalue, MutableGlobals, NontrappingFPToInt, ReferenceTypes, SIMD128, SignExt } = binaryen.Features;
module.setFeatures(BulkMemory | BulkMemoryOpt | Multivalue | MutableGlobals | NontrappingFPToInt | ReferenceTypes | SIMD128 | SignExt);
const found = Array.from({ length: module.getNumFunctions() }, (_, i) => binaryen.getFunctionInfo(module.getFunctionByIndex(i)))
  .filter(({ name, module: imported }) => !imported && pattern.test(name.replace(/\[[0-9a-f]+\]/g, '')));
if (!found.some(({ name }) => name.includes('panic_fmt'))) throw new Error(`${from} names no panic_fmt: is its name section there?`);
for (const { name, params, results } of found) {
  module.removeFunction(name);
  module.addFunction(name, params, results, [], module.unreachable());
}
writeFileSync(to, module.emitBinary());
