#!/usr/bin/env bash
# Tests the built packages: as ES modules and as CommonJS in Node, in headless Chromium, and under tsc.
source "$(dirname "$0")/lib.sh"
CHROMIUM=$(find_browser) || fail "the browser tests need Chromium or Chrome: install one, or set CHROMIUM=path"
export CHROMIUM
scripts/build-page.sh
cd rust-bindings/typescript

printed=$ROOT/target/test-ts.txt
mkdir -p "$ROOT/target"
: >"$printed"

# Everything but the hundreds of lines for what passed; the runner's closing lines stay.
run() {
  say "-- $1"
  node --disable-warning=MODULE_TYPELESS_PACKAGE_JSON --test --test-reporter=spec "${@:2}" 2>&1 | tee -a "$printed" | grep -Ev '^ *(✔|▶)'
}

run "ES modules in Node, declarations, memory" $(find tests -name '*.test.js' -not -name '*browser.test.js' | sort)
run "CommonJS in Node" --no-experimental-require-module tests/*/*.test.cjs
run "headless Chromium" $(find tests -name '*browser.test.js' | sort)

say "-- what was printed"
node tests/shared/no-secrets.mjs <"$printed"
