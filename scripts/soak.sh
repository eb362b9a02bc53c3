#!/usr/bin/env bash
# Builds what the long tests need, then runs them. usage: scripts/soak.sh [--only PART]
source "$(dirname "$0")/lib.sh"
cargo build --release --quiet -p chrysalis-cli
scripts/python.sh build
scripts/python.sh install
exec "$VENV_BIN/python" scripts/soak.py "$@"
