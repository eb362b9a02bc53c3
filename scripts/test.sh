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

# Runs one command in the background and another in the foreground; then shows what the first said. For what leaves a
# core idle for a part of its time: tests that wait, and the optimiser of WebAssembly, which has one thread.
beside() { # beside NAME COMMAND [ARGUMENT]... -- COMMAND [ARGUMENT]...
  local log=$TOOLS/$1.log first=()
  shift
  while [ "$1" != -- ]; do first+=("$1"); shift; done
  shift
  "${first[@]}" >"$log" 2>&1 &
  local job=$!
  "$@"
  wait $job || { cat "$log" >&2; return 1; }
  cat "$log"
}
packages() { beside wheel scripts/python.sh build -- scripts/build-wasm.sh; }
wheel() { scripts/python.sh test && scripts/python.sh stubs && scripts/declarations.sh; }

# Setup has put it there; without it a test that needs it fails.
export CHRYSALIS_NEEDS_MODEL=1
step "setup" scripts/setup.sh
step "format and text" scripts/lint.sh format text
step "clippy, host and python" scripts/lint.sh host python
step "clippy, wasm" scripts/lint.sh wasm
step "cargo test, build" cargo test --workspace --no-run
step "cargo test; wasm packages and wheel, build" beside packages packages -- cargo test --workspace
step "wheel and packages, tests and declarations" beside wheel-tests wheel -- scripts/test-ts.sh
# With the binaries that `cargo test` left behind.
export CHRYSALIS_PROFILE=debug
step "README, run as it stands" "$VENV_BIN/python" scripts/test_readme.py
step "processes killed at random" "$VENV_BIN/python" scripts/kill_test.py --seconds 15
