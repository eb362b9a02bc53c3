#!/usr/bin/env bash
# The Python wheel.
# usage: scripts/python.sh build | test | stubs [--write]
source "$(dirname "$0")/lib.sh"
project=rust-bindings/python
[ -x "$VENV_BIN/maturin" ] || fail "no .venv yet; run: make setup"
export VIRTUAL_ENV=$ROOT/.venv

case ${1:-} in
  build)
    rm -f dist/*.whl
    "$VENV_BIN/maturin" build --release --manifest-path rust-bindings/Cargo.toml --out dist
    ls -l dist/*.whl
    ;;
  test)
    "$VENV_BIN/python" -m pip install --quiet --force-reinstall --no-deps dist/*.whl
    # Not `python -m pytest`, which would put this directory, with its sources, on the path.
    "$VENV_BIN/pytest" -q "$project/tests"
    "$0" stubs
    ;;
  stubs)
    # pyo3 describes the extension; the committed description is what it says, so that a change is seen in review.
    out=$TOOLS/stubs
    rm -rf "$out"
    "$VENV_BIN/maturin" build --quiet --manifest-path rust-bindings/Cargo.toml --generate-stubs --out "$out"
    made=$out/_rust.pyi
    "$VENV_BIN/python" - "$out" "$made" <<'PY'
import pathlib, sys, zipfile
out, made = map(pathlib.Path, sys.argv[1:])
wheel = zipfile.ZipFile(next(out.glob("*.whl")))
names = [name for name in wheel.namelist() if name.endswith("_rust.pyi")]
made.write_bytes(wheel.read(names[0]))
PY
    kept=$(git ls-files "$project" | grep '_rust\.pyi$') || fail "no _rust.pyi is committed under $project"
    if [ "${2:-}" = --write ]; then cp "$made" "$kept"
    else diff -u "$kept" "$made" || fail "$kept is not what the build makes; review the difference, then run: make stubs"; fi
    ;;
  *) fail "usage: scripts/python.sh build | test | stubs [--write]" ;;
esac
