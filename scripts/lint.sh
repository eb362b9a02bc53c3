#!/usr/bin/env bash
# Formatting, text and clippy. Writes nothing.
# usage: scripts/lint.sh [format|text|host|wasm|python]...   (everything by default)
source "$(dirname "$0")/lib.sh"
parts=" ${*:-format text host wasm python} "
wants() { case $parts in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

if wants format; then cargo fmt --all --check; fi
if wants text; then scripts/lint-text.sh; fi
if wants host || wants python; then
  # The whole workspace once, and where both are wanted with what is compiled for Python alone.
  features=()
  if wants python; then
    features=(--features chrysalis-bindings/python)
    # With the interpreter of .venv where there is one, so that pyo3 looks no further.
    if [ -x "$VENV_BIN/python" ]; then export PYO3_PYTHON=$VENV_BIN/python; fi
  fi
  cargo clippy --workspace --all-targets "${features[@]}" -- -D warnings
fi
if wants wasm; then
  scripts/setup.sh wasm
  ( # a subshell: the WebAssembly toolchain is for this step alone
    use_wasm_toolchain
    # The toolchain's own clippy by its path: cargo would look in its home directory first.
    cargo-clippy clippy --version >/dev/null 2>&1 || fail "no clippy for the wasm toolchain; run: rustup component add clippy"
    # One package at a time and in their profile, as they are built: the features of several would hide what one lacks,
    # and macros and build scripts are then compiled once for both.
    for domain in $WASM_PACKAGES; do
      cargo-clippy clippy -p chrysalis-bindings --features "$domain" --profile wasm --target wasm32-unknown-unknown -- -D warnings
    done
  )
fi
