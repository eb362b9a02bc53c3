"""One text, one digest in every language and on every processor; the same file is read by the tests of Rust, Node and Chromium."""

from __future__ import annotations

import hashlib
import json
import os

from conftest import REPOSITORY
from memory_system._rust.embedding import LocalModel

VECTORS = REPOSITORY / "rust-embedding" / "vectors"
MODEL = os.environ.get("CHRYSALIS_MODEL") or REPOSITORY / ".tools" / "model" / "all-MiniLM-L6-v2"


def test_sentences_have_the_digest_they_have_everywhere() -> None:
    expected = json.loads((VECTORS / "sentences.json").read_text("utf-8"))
    text = (VECTORS / "sentences.txt").read_bytes()
    assert hashlib.sha256(text).hexdigest() == expected["text"]
    # Where the model is not there, this raises and names the directory's file; `make setup` obtains it.
    model = LocalModel(MODEL)
    vectors = model.encode_batch(text.decode().splitlines())
    assert (len(vectors), model.space.id) == (60, expected["space"])
    assert hashlib.sha256(vectors.tobytes()).hexdigest() == expected["digest"]
