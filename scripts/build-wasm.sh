#!/usr/bin/env bash
# Builds the WebAssembly package of each named domain into rust-<domain>/pkg. Only setup's tools are used.
# usage: scripts/build-wasm.sh [crypto]...   (every package by default)
source "$(dirname "$0")/lib.sh"
use_wasm_toolchain
have wasm-opt || fail "no wasm-opt in node_modules; run: make setup"

# Explicit features: with --all-features wasm-opt writes an encoding that current engines refuse.
FEATURES=(--enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals
  --enable-reference-types --enable-multivalue --enable-simd)
# Functions with one caller stay functions: joined they are no faster, and a twentieth larger in gzip.
WASM_OPT=(-O2 --one-caller-inline-max-function-size=0)

build() { # build DOMAIN
  local name=rust_$1 typescript=rust-bindings/typescript out
  out=$(package_of "$1")
  local raw=$ROOT/target/wasm/packages/$1
  rm -rf "$raw"
  # The directory is ours to describe (--no-pack), and an optimiser that is missing must not pass (--no-opt).
  # The crate of embeddings is built for speed where it counts tokens. In the other package its kernels are what must be fast.
  # What is linked is optimised as the crate of the glue is: ciphers and hashes half as fast again where that is for speed, but the
  # larger the glue the more it adds.
  local level=()
  case $1 in
    embedding) level=(--config 'profile.wasm.package.chrysalis-embedding.opt-level="z"') ;;
    crypto | security) level=(--config 'profile.wasm.package.chrysalis-bindings.opt-level=3') ;;
  esac
  wasm-pack --log-level warn build rust-bindings --target web --mode no-install --no-pack --no-opt --profile wasm \
    --out-dir "$raw" --out-name "$name" --features "$1" "${level[@]}"

  # Everything is made beside the package and moved into place at the end.
  local new=$raw/pkg source=$typescript/$1
  mkdir "$new"
  node scripts/drop-panics.mjs "$raw/${name}_bg.wasm" "$raw/traps.wasm"
  wasm-opt "${WASM_OPT[@]}" "${FEATURES[@]}" "$raw/traps.wasm" -o "$raw/fast.wasm"
  # Like beside like: about three hundredths smaller in gzip than by name.
  node scripts/order-functions.mjs "$raw/fast.wasm" "$raw/ordered.wasm"
  wasm-opt --reorder-functions-by-name "${FEATURES[@]}" "$raw/ordered.wasm" -o "$new/${name}_bg.wasm"

  # The generated glue, the shared entries and what the domain adds to the glue (its surface), joined into one file per
  # module system. The glue imports the error classes from a snippet; the rest must see the same classes.
  local entry from format platform extension
  for entry in web:esm:neutral:js node:cjs:node:cjs; do
    IFS=: read -r from format platform extension <<<"$entry"
    # What browsers load is made small; functions and classes keep their names.
    local minify=()
    if [ "$from" = web ]; then minify=(--minify); fi
    esbuild "$typescript/shared/$from.js" --bundle --keep-names "${minify[@]}" "--format=$format" --outfile="$new/$name.$extension" \
      "--alias:glue=$raw/$name.js" "--alias:error=$(echo "$raw"/snippets/*/typescript/shared/error.js)" \
      "--alias:surface=$ROOT/$source/surface.js" "--define:WASM_FILE=\"${name}_bg.wasm\"" \
      --platform=$platform --target=es2022 --log-level=error
  done
  # Node's ES modules are the CommonJS module, so that a process has one instance however it is imported. Through `require`,
  # because Node 20 ends the process for a CommonJS module that fails while it is imported, even where that is caught.
  node - "$new/$name.cjs" >"$new/$name.mjs" <<'JAVASCRIPT'
const path = require('node:path');
const names = Object.keys(require(process.argv[2])).filter((name) => name !== 'default').sort();
console.log(`import { createRequire } from 'node:module';

const module = createRequire(import.meta.url)('./${path.basename(process.argv[2])}');

export default module.init;
export const {\n${names.map((name) => `  ${name},\n`).join('')}} = module;`);
JAVASCRIPT
  printf '{\n  "private": true,\n  "main": "./%s.cjs",\n  "module": "./%s.js",\n  "types": "./%s.d.ts"\n}\n' "$name" "$name" "$name" \
    >"$new/package.json"
  if [ -d "$source/static" ]; then cp "$source"/static/* "$new/"; fi

  # Declarations: generated, less wasm-bindgen's loader, which the entries replace.
  { echo '/// <reference lib="esnext.disposable" />'; sed '/^export type InitInput/,$d' "$raw/$name.d.ts"; } >"$new/$name.d.ts"
  cp "$new/$name.d.ts" "$new/$name.d.mts"
  cp "$new/$name.d.ts" "$new/$name.d.cts"

  rm -rf "$out"
  mv "$new" "$out"
  say "$out: $(wc -c <"$out/${name}_bg.wasm") bytes of WebAssembly," \
    "$(cat "$out/${name}_bg.wasm" "$out/$name.js" | gzip -9 | wc -c) bytes with $name.js in gzip"
}

for domain in ${*:-$WASM_PACKAGES}; do build "$domain"; done

# The typed TypeScript over the packages.
tsc -p rust-bindings/typescript
