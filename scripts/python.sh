#!/usr/bin/env bash
# The Python wheels: `memory_system`, and `shared.embedding` on it.
# usage: scripts/python.sh build | install | test | stubs [--write]
source "$(dirname "$0")/lib.sh"
project=rust-bindings/python
[ -x "$VENV_BIN/maturin" ] || fail "no .venv yet; run: make setup"
export VIRTUAL_ENV=$ROOT/.venv

build() {
  rm -f dist/*.whl
  (cd $project && "$VENV_BIN/maturin" build --release --strip --compression-level 9 --out "$ROOT/dist")
  # With the backend of requirements-dev.txt, so that nothing is fetched.
  "$VENV_BIN/python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist rust-bindings/python-compat
  ls -lr dist/*.whl
}

install() {
  "$VENV_BIN/python" -m pip install --quiet --force-reinstall --no-deps dist/memory_system-*.whl dist/memory_system_compat-*.whl
}

# Tests what was built, as a user gets it: the wheel, not the sources. Hence not `python -m pytest`, which would put
# this directory on the path.
check() {
  install
  "$VENV_BIN/pytest" $project/tests
}

# pyo3 describes the extension; what it says is committed, so that a change of what Python sees is seen in review.
# In the profile of the wheel, so that what was built is not built again.
stubs() {
  local out=$TOOLS/stubs made kept=$project/memory_system/_rust
  rm -rf "$out"
  (cd $project && "$VENV_BIN/maturin" generate-stubs --quiet --profile release --out "$out")
  made=$out/memory_system/_rust
  if [ "${1:-}" = --write ]; then rm -rf $kept && cp -r "$made" $kept
  else diff -ru $kept "$made" || fail "$kept is not what the build makes; review the difference, then run: make stubs"; fi
}

case ${1:-} in
  build) build ;;
  install) install ;;
  test) check ;;
  stubs) stubs "${2:-}" ;;
  *) fail "usage: scripts/python.sh build | install | test | stubs [--write]" ;;
esac
