#!/usr/bin/env bash
# Everything that must hold, one step after the other; stops at the first that fails. Ends with each step's time.
source "$(dirname "$0")/lib.sh"

times=()
step() { # step NAME COMMAND...
  local name=$1 start=$SECONDS
  shift
  printf '\n=== %s\n' "$name"
  current=$name
  "$@"
  times+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
  current=
}
finish() {
  local status=$?
  # shellcheck disable=SC2046
  kill $(jobs -p) 2>/dev/null || true
  printf '\n=== times\n'
  [ ${#times[@]} = 0 ] || printf '%s\n' "${times[@]}"
  printf '%5d s  in all\n' $SECONDS
  if [ $status = 0 ]; then say "everything holds"; else say "FAILED: ${current:-setup}"; fi
}
current=
trap finish EXIT

# The optimiser of WebAssembly has one thread for most of its work: the wheel is built beside it.
packages() {
  scripts/python.sh build >"$TOOLS/wheel.log" 2>&1 &
  local wheel=$!
  scripts/build-wasm.sh
  wait $wheel || { cat "$TOOLS/wheel.log" >&2; return 1; }
  tail -1 "$TOOLS/wheel.log"
}

# Setup has put it there; without it a test that needs it fails.
export CHRYSALIS_NEEDS_MODEL=1
step "setup" scripts/setup.sh
step "format and text" scripts/lint.sh format text
step "clippy, host and python" scripts/lint.sh host python
step "clippy, wasm" scripts/lint.sh wasm
step "cargo test" cargo test --workspace
step "wasm packages and wheel" packages
step "wasm packages, tests" scripts/test-ts.sh
step "generated declarations" scripts/declarations.sh
step "wheel, tests" scripts/python.sh test
step "wheel, declarations" scripts/python.sh stubs
# With the binaries that `cargo test` left behind.
export CHRYSALIS_PROFILE=debug
step "README, run as it stands" "$VENV_BIN/python" scripts/test_readme.py
step "processes killed at random" "$VENV_BIN/python" scripts/kill_test.py --seconds 15
