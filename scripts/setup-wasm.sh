#!/usr/bin/env bash
# Chooses a rustc that can build for wasm32-unknown-unknown and writes .tools/wasm.env for the other scripts.
#   WASM_TOOLCHAIN=auto    (default) the active toolchain if it has the target, else rustup adds it, else Debian's
#   WASM_TOOLCHAIN=active  the active toolchain or nothing
#   WASM_TOOLCHAIN=rustup  the active toolchain, with `rustup target add` where needed
#   WASM_TOOLCHAIN=debian  Debian's rustc-web with a standard library built from its source package; needs no rustup
source "$(dirname "$0")/lib.sh"
mode=${WASM_TOOLCHAIN:-auto}
target=wasm32-unknown-unknown

has_std() { # has_std RUSTC
  local dir
  dir=$("$1" --print target-libdir --target $target 2>/dev/null) && compgen -G "$dir/libcore-*.rlib" >/dev/null
}
choose() { # choose KIND RUSTC CARGO BIN
  printf 'WASM_KIND=%q\nWASM_RUSTC=%q\nWASM_CARGO=%q\nWASM_BIN=%q\n' "$@" >"$TOOLS/wasm.env"
  say "wasm toolchain: $1, $("$2" --version)"
  exit 0
}
choose_active() {
  local sysroot cargo
  sysroot=$(rustc --print sysroot)
  cargo=$sysroot/bin/cargo
  [ -x "$cargo" ] || cargo=$(command -v cargo)
  choose active "$sysroot/bin/rustc" "$cargo" "$sysroot/bin"
}

case $mode in auto | active | rustup) ! { have rustc && has_std rustc; } || choose_active ;; esac
case $mode in
  active) fail "the active rustc cannot build for $target; run: rustup target add $target" ;;
  auto | rustup)
    if have rustup && rustup target add $target >"$TOOLS/rustup.log" 2>&1 && has_std rustc; then choose_active; fi
    [ "$mode" = auto ] || { cat "$TOOLS/rustup.log" >&2; fail "rustup could not add $target"; }
    have apt-get || fail "no toolchain for $target; install rustup and run: rustup target add $target"
    ;;
  debian) have apt-get || fail "WASM_TOOLCHAIN=debian needs apt-get" ;;
  *) fail "WASM_TOOLCHAIN must be auto, active, rustup or debian" ;;
esac

system_packages rustc-web cargo-web rust-web-src rust-web-clippy lld-22 || fail "Debian's wasm toolchain is not installed"
before=$(cat "$TOOLS/debian-web/.stamp" 2>/dev/null || true)
scripts/mk-debian-wasm-sysroot.sh "$TOOLS/debian-web"
# What was compiled against another standard library cannot be linked with this one, and cargo does not see the change.
[ "$before" = "$(cat "$TOOLS/debian-web/.stamp")" ] || rm -rf "$ROOT/target/wasm"
has_std "$TOOLS/debian-web/bin/rustc" || fail "the standard library in $TOOLS/debian-web is incomplete; remove it and run again"
choose debian "$TOOLS/debian-web/bin/rustc" /usr/bin/cargo "$TOOLS/debian-web/bin"
