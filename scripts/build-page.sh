#!/usr/bin/env bash
# Builds the vault's page into target/vault-page, from the page, the typed TypeScript and the built package rust-security/pkg.
# Whatever serves static files can serve that directory; headers.txt says which headers it should send.
source "$(dirname "$0")/lib.sh"
PATH=$ROOT/node_modules/.bin:$PATH
page=rust-security/page package=rust-security/pkg out=target/vault-page
[ -f "$package/rust_security_bg.wasm" ] || fail "no $package; run: make wasm"

tsc -p rust-bindings/typescript
tsc -p "$page"

new=target/vault-page.new
rm -rf "$new"
mkdir -p "$new"
# The worker is a file of its own beside the page, and the WebAssembly is beside both.
esbuild "$page/src/app.ts" "$package/rust_security_worker.js" --bundle --entry-names=[name] --outdir="$new" \
  --format=esm --platform=browser --target=es2022,chrome111,firefox114,safari16.4 --minify-whitespace --log-level=warning
cp "$package/rust_security_bg.wasm" "$page/index.html" "$page/style.css" "$page/icon.svg" "$page/headers.txt" "$new/"
rm -rf "$out"
mv "$new" "$out"
say "$out: $(cat "$out"/* | gzip -9 | wc -c) bytes in gzip"
