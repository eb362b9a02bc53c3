#!/usr/bin/env bash
# The declarations of the built packages are committed, so that a change of what JavaScript sees is seen in review.
# usage: scripts/declarations.sh [--write]   (compares by default)
source "$(dirname "$0")/lib.sh"
status=0
for domain in $WASM_PACKAGES; do
  built=$(package_of "$domain")/rust_$domain.d.ts kept=rust-bindings/typescript/declarations/rust_$domain.d.ts
  [ -f "$built" ] || fail "$built is missing; run: make wasm"
  if [ "${1:-}" = --write ]; then
    mkdir -p "$(dirname "$kept")"
    cp "$built" "$kept"
  elif ! diff -u "$kept" "$built"; then
    say "$kept is not what the build makes; review the difference, then run: make fix"
    status=1
  fi
done
exit $status
