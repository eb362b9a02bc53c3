#!/usr/bin/env bash
# Lays out a private toolchain around Debian's rustc-web whose standard library for wasm32-unknown-unknown is built
# from the package rust-web-src. Nothing is written outside DIR.
# usage: mk-debian-wasm-sysroot.sh DIR
set -euo pipefail
dir=${1:?usage: mk-debian-wasm-sysroot.sh DIR}
rustc=/usr/bin/rustc
target=wasm32-unknown-unknown
host=$($rustc -vV | sed -n 's/^host: //p')
version=$($rustc -vV | sed -n 's/^release: //p')
stamp="$($rustc -vV | sed -n 's/^commit-hash: //p') $(dpkg-query -W -f '${Version}' rust-web-src) layout 3"
if [ "$(cat "$dir/.stamp" 2>/dev/null || true)" = "$stamp" ]; then exit 0; fi

echo "building the wasm32 standard library of Rust $version"
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cp -r "/usr/src/rustc-$version/library" "$build/library" # cargo writes beside the lock file

# RUSTC_BOOTSTRAP admits the unstable features of the standard library itself, as in Rust's own build.
# embed-bitcode lets user crates use lto = true; force-unstable-if-unmarked hides the library's private crates.
unset RUSTC_WRAPPER CARGO_TARGET_DIR CARGO_ENCODED_RUSTFLAGS
# Small: packages are downloaded, and their fast code is not the library's.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=s
export RUSTC=$rustc RUSTC_BOOTSTRAP=1 __CARGO_DEFAULT_LIB_METADATA=debian-web CARGO_PROFILE_RELEASE_DEBUG=0
export RUSTFLAGS="-Cembed-bitcode=yes -Zforce-unstable-if-unmarked --remap-path-prefix=$build/library=/rustc/$version/library"
(
  cd "$build/library"
  /usr/bin/cargo build --quiet --release --target $target --manifest-path sysroot/Cargo.toml \
    --target-dir "$build/target" --offline -Z avoid-dev-deps \
    --config 'source.crates-io.replace-with="vendored"' \
    --config "source.vendored.directory=\"$build/library/vendor\"" \
    --config 'profile.release.package.compiler_builtins.opt-level=3' \
    --features panic-unwind,compiler-builtins-mem,optimize_for_size
)

rm -rf "$dir"
rustlib=$dir/lib/rustlib
mkdir -p "$dir/bin" "$rustlib/$target/lib" "$rustlib/$host/bin"
cp "$build/target/$target/release/deps/"*.r{lib,meta} "$rustlib/$target/lib/"
rm -f "$rustlib/$target/lib/"libsysroot-*
ln -s "/usr/lib/rustlib/$host/lib" "$rustlib/$host/lib"
# rustc looks for its linker here and passes `-flavor wasm` itself.
ln -s "$(find /usr/bin -name 'lld-[0-9]*' | sort -V | tail -1)" "$rustlib/$host/bin/rust-lld"
for tool in rustc rustdoc; do
  printf '#!/bin/sh\nexec /usr/bin/%s --sysroot "%s" "$@"\n' $tool "$dir" >"$dir/bin/$tool"
  chmod +x "$dir/bin/$tool"
done
ln -s /usr/bin/cargo "$dir/bin/cargo"
# clippy-driver takes the place of the wrapper above, so it is told the sysroot through its environment.
printf '#!/bin/sh\nSYSROOT="%s" CARGO=/usr/bin/cargo exec /usr/bin/cargo-clippy "$@"\n' "$dir" >"$dir/bin/cargo-clippy"
chmod +x "$dir/bin/cargo-clippy"
echo "$stamp" >"$dir/.stamp"
