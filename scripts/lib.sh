# Shared by the other scripts: `source` it first. Leaves the shell at the root of the project.
# shellcheck shell=bash
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
TOOLS=${TOOLS:-$ROOT/.tools}
PYTHON=${PYTHON:-$(command -v python3 || command -v python || echo python3)}
mkdir -p "$TOOLS"

# The one place that says which wasm-bindgen is used is Cargo.toml; the command must be the same version.
WASM_BINDGEN_VERSION=$(sed -n 's/^wasm-bindgen = "=\([0-9.]*\)".*/\1/p' Cargo.toml)
WASM_PACK_VERSION=0.15.1
# What has a WebAssembly module of its own; each is a feature of rust-bindings.
WASM_PACKAGES="crypto tls recipients crdt security embedding tokens consensus simulation"

case $(uname -s) in
  MINGW* | MSYS* | CYGWIN*) VENV_BIN=$ROOT/.venv/Scripts ;;
  *) VENV_BIN=$ROOT/.venv/bin ;;
esac
export TOOLS VENV_BIN WASM_PACKAGES

# Where a domain's package is built. Some are entries of another package, which must be built before.
package_of() {
  case $1 in
    recipients | tls) echo "rust-crypto/pkg/$1" ;;
    tokens) echo rust-embedding/pkg/tokens ;;
    simulation) echo "rust-consensus/pkg/$1" ;;
    *) echo "rust-$1/pkg" ;;
  esac
}

say() { printf '%s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
checksum() { cksum "$@" | cksum; }

# Installs Debian packages as root, or through sudo when SETUP_SYSTEM=1; otherwise says what to run and fails.
system_packages() {
  dpkg -s "$@" >/dev/null 2>&1 && return 0
  local sudo=
  if [ "$(id -u)" != 0 ]; then
    if [ "${SETUP_SYSTEM:-}" != 1 ]; then
      say "system packages are missing; run: sudo apt-get update && sudo apt-get install --no-install-recommends $*"
      say "(or let setup do it: make setup SETUP_SYSTEM=1)"
      return 1
    fi
    sudo=sudo
  fi
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$TOOLS/apt.log" 2>&1 ||
    { cat "$TOOLS/apt.log" >&2; return 1; }
}

# Prints the path of a Chromium or Chrome, or fails. CHROMIUM=path overrides the search.
find_browser() {
  local candidate
  for candidate in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable chrome \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" "/Applications/Chromium.app/Contents/MacOS/Chromium" \
    "/c/Program Files/Google/Chrome/Application/chrome.exe"; do
    [ -n "$candidate" ] && command -v "$candidate" 2>/dev/null && return 0
  done
  return 1
}

# Puts the WebAssembly toolchain chosen by setup-wasm.sh first, for the rest of the calling script.
use_wasm_toolchain() {
  [ -f "$TOOLS/wasm.env" ] || fail "no WebAssembly toolchain yet; run: make setup"
  # shellcheck disable=SC1091
  source "$TOOLS/wasm.env"
  export PATH="$WASM_BIN:$TOOLS/bin:$ROOT/node_modules/.bin:$PATH"
  export RUSTC="$WASM_RUSTC" CARGO="$WASM_CARGO" CARGO_TARGET_DIR="$ROOT/target/wasm"
  # No path of the building machine is in a package: panic messages name their files without one.
  local crates remap="--remap-path-prefix=$ROOT/="
  for crates in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/; do remap+=" --remap-path-prefix=$crates="; done
  export RUSTFLAGS="${RUSTFLAGS:-} -Ctarget-feature=+simd128 $remap"
}
