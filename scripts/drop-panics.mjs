// Makes the standard library's panicking functions a bare trap. On wasm32-unknown-unknown a panic's message is formatted, written to
// a standard error that does not exist, and then the module traps; this leaves the trap and takes out what formats, and zeroes the
// places in the source that such messages name.
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
  'core::str::slice_error_fail\\w*',
  'alloc::alloc::handle_alloc_error',
  'alloc::raw_vec::(capacity_overflow|handle_error)',
  '__rustc::rust_begin_unwind',
  'rust_begin_unwind',
];
const pattern = new RegExp(`^(?:${PANICS.join('|')})`);

const [from, to] = process.argv.slice(2);
const wasm = readFileSync(from);
zeroLocations(wasm);
binaryen.setDebugInfo(true); // names are what is searched, here and by wasm-opt
const module = binaryen.readBinary(wasm);
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

/** Zeroes every `core::panic::Location` in the data, and the file names they point to. */
function zeroLocations(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segments = dataSegments(bytes);
  const names = new Set();
  for (const { base, start, end } of segments) {
    // Four words: the name and its length, the line, the column. A name ends with a zero byte that is not counted.
    for (let at = start + ((4 - (base % 4)) % 4); at + 16 <= end; at += 4) {
      const [pointer, length, line, column] = [0, 4, 8, 12].map((word) => view.getUint32(at + word, true));
      const home = segments.find((one) => pointer >= one.base && pointer + length < one.base + one.end - one.start);
      if (!home || length < 4 || length > 200 || line < 1 || line > 1e5 || column < 1 || column > 1e3) continue;
      const name = home.start + pointer - home.base;
      const text = bytes.toString('latin1', name, name + length + 1);
      if (!/^[\w./@-]+\.rs\0$/.test(text)) continue;
      names.add(`${name}:${length}`);
      bytes.fill(0, at, at + 16);
    }
  }
  for (const name of names) {
    const [at, length] = name.split(':').map(Number);
    bytes.fill(0, at, at + length);
  }
}

/** The segments of a module's data: where each is in memory and in the file. */
function dataSegments(bytes) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const [section, length] = [bytes[at++], number()];
    const end = at + length;
    if (section !== 11) {
      at = end;
      continue;
    }
    const segments = [];
    for (let left = number(); left > 0; left -= 1) {
      // Flag 0: active in the one memory, at the constant of an `i32.const` (0x41) followed by `end` (0x0b).
      if (number() !== 0 || bytes[at++] !== 0x41) return segments;
      const base = number();
      at += 1;
      const size = number();
      segments.push({ base, start: at, end: at + size });
      at += size;
    }
    return segments;
  }
  return [];
}
