#!/usr/bin/env bash
# Builds what the main job needs, then does it. usage: scripts/run.sh [FOLDER]
source "$(dirname "$0")/lib.sh"
say "building the binary, the npm package and the wheel"
cargo build --release --quiet -p chrysalis-cli
scripts/build-wasm.sh
scripts/python.sh build
scripts/python.sh install
if [ -n "${1:-}" ]; then exec "$VENV_BIN/python" scripts/run.py --docs "$1"; fi
exec "$VENV_BIN/python" scripts/run.py
