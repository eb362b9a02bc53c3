#!/usr/bin/env bash
# Installs what building and testing need and the machine lacks, into .tools/, .venv/ and node_modules/.
# usage: scripts/setup.sh [rust|wasm|node|python|model|browser]...   (everything by default; a second run takes seconds)
source "$(dirname "$0")/lib.sh"
parts=" ${*:-rust wasm node python model browser} "
wants() { case $parts in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

# --- What must be there before -------------------------------------------------------------------------------
missing=0
need() { say "missing: $1"; missing=1; }
newer() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -1)" = "$2" ]; } # newer HAVE WANTED

have git || need "git - https://git-scm.com, or your system's package 'git'"
have cc || have cl || need "a C compiler - Debian: build-essential, macOS: xcode-select --install, Windows: Visual Studio Build Tools"
have cargo || need "Rust - https://rustup.rs"
if wants node; then
  if ! have node; then need "Node.js 20 or later - https://nodejs.org"
  elif ! newer "$(node -p process.versions.node)" 20.16.0; then need "Node.js 20.16 or later (this is $(node --version)) - https://nodejs.org"; fi
  have npm || need "npm - comes with Node.js, Debian: package 'npm'"
fi
if wants python || wants model; then
  if ! have "$PYTHON"; then need "Python 3.10 or later ($PYTHON not found) - https://python.org, or set PYTHON=path"
  elif ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    need "Python 3.10 or later (this is $("$PYTHON" -V 2>&1)) - https://python.org, or set PYTHON=path"
  elif ! "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null; then need "Python's venv module - Debian: package 'python3-venv'"; fi
fi
[ $missing = 0 ] || fail "install the tools named above, then run make again"

# --- A rustc that can build for wasm32 -----------------------------------------------------------------------
if wants wasm; then scripts/setup-wasm.sh; fi

# --- wasm-bindgen and wasm-pack ------------------------------------------------------------------------------
# Debug builds of the two commands: built in half the time, and quick enough on packages of this size.
# WASM_TOOLS_RELEASE=1 builds them optimised. The published lock file of wasm-bindgen-cli is not used, because it
# names crates that are not available everywhere; wasm-pack's is.
if wants wasm; then
  profile=--debug
  [ "${WASM_TOOLS_RELEASE:-}" = 1 ] && profile=
  [ -n "$WASM_BINDGEN_VERSION" ] || fail "Cargo.toml does not pin wasm-bindgen"
  # shellcheck disable=SC2086
  install() {
    say "building $1 $2"
    # One directory for both, so that what both need is compiled once.
    CARGO_TARGET_DIR=$TOOLS/build cargo install "$1" --version "$2" --root "$TOOLS" $profile --quiet "${@:3}"
  }
  at() { "$TOOLS/bin/$1" --version 2>/dev/null | grep -qw "$2"; }
  at wasm-bindgen "$WASM_BINDGEN_VERSION" || install wasm-bindgen-cli "$WASM_BINDGEN_VERSION" --no-default-features --force
  at wasm-pack "$WASM_PACK_VERSION" || install wasm-pack "$WASM_PACK_VERSION" --locked --force
  rm -rf "$TOOLS/build"
  say "wasm-bindgen $WASM_BINDGEN_VERSION, wasm-pack $WASM_PACK_VERSION"
fi

# --- Node packages, wasm-opt among them ----------------------------------------------------------------------
if wants node; then
  stamp=$(checksum package-lock.json package.json)
  if [ "$(cat node_modules/.setup-stamp 2>/dev/null)" != "$stamp" ]; then
    say "installing node packages"
    npm ci --no-audit --no-fund --loglevel=error
    echo "$stamp" >node_modules/.setup-stamp
  fi
  say "node $(node --version), $(node_modules/.bin/wasm-opt --version)"
fi

# --- Python tools --------------------------------------------------------------------------------------------
if wants python; then
  stamp="$("$PYTHON" -V 2>&1) $(checksum requirements-dev.txt)"
  if [ "$(cat .venv/.setup-stamp 2>/dev/null)" != "$stamp" ]; then
    say "creating .venv"
    rm -rf .venv
    "$PYTHON" -m venv .venv
    "$VENV_BIN/python" -m pip install --quiet --requirement requirements-dev.txt
    echo "$stamp" >.venv/.setup-stamp
  fi
  say "$("$VENV_BIN/python" -V), $("$VENV_BIN/maturin" --version)"
fi

# --- The embedding model -------------------------------------------------------------------------------------
if wants model; then scripts/setup-model.sh; fi

# --- A browser for the tests ---------------------------------------------------------------------------------
if wants browser; then
  if ! find_browser >/dev/null; then
    if have apt-get; then system_packages chromium || true
    else say "no Chromium or Chrome found: install one, or set CHROMIUM=path (only the browser tests need it)"; fi
  fi
  ! find_browser >/dev/null || say "browser: $(find_browser)"
fi
