"""Writes minilm.json: tokens and vectors of all-MiniLM-L6-v2 for the sentences of triplets.json and some texts more.

The reference is the definition of the network in NumPy with 64-bit floats on the same weights, tokens are those of the
`tokenizers` package, so nothing of ours is in it. usage: python minilm.py MODEL_DIRECTORY (needs numpy and tokenizers)
"""

import base64
import json
import math
import pathlib
import struct
import sys

import numpy as np
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
MODEL = pathlib.Path(sys.argv[1])
CONFIG = json.loads((MODEL / "config.json").read_text())
MORE = ["", "a", "Déjà vu, naïve café!", "你好，世界", "🙂 emoji and ½ signs", "snake_case camelCase 3.14159 0xdeadbeef",
        "word " * 200, "antidisestablishmentarianism " * 12, "x" * 101 + " ok"]
erf = np.vectorize(math.erf, otypes=[float])


def read_weights():
    data = (MODEL / "model.safetensors").read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)

    def tensor(entry):
        start, end = entry["data_offsets"]
        return np.frombuffer(data[8 + length + start : 8 + length + end], "<f4").astype(np.float64).reshape(entry["shape"])

    return {name: tensor(entry) for name, entry in header.items() if entry["dtype"] == "F32"}


W = read_weights()


def linear(x, name):
    return x @ W[name + ".weight"].T + W[name + ".bias"]


def norm(x, name):
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + CONFIG["layer_norm_eps"])
    return centred / deviation * W[name + ".weight"] + W[name + ".bias"]


def encode(ids):
    n, heads = len(ids), CONFIG["num_attention_heads"]
    x = W["embeddings.word_embeddings.weight"][ids] + W["embeddings.position_embeddings.weight"][:n]
    x = norm(x + W["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for i in range(CONFIG["num_hidden_layers"]):
        layer = f"encoder.layer.{i}."
        q, k, v = (
            linear(x, f"{layer}attention.self.{part}").reshape(n, heads, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        context = (weights / weights.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(n, -1)
        x = norm(x + linear(context, layer + "attention.output.dense"), layer + "attention.output.LayerNorm")
        middle = linear(x, layer + "intermediate.dense")
        middle = middle * 0.5 * (1 + erf(middle / math.sqrt(2)))
        x = norm(x + linear(middle, layer + "output.dense"), layer + "output.LayerNorm")
    vector = x.mean(0)
    return vector / np.linalg.norm(vector)


def main():
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    triplets = json.loads((HERE / "triplets.json").read_text())["triplets"]
    texts = [text for triplet in triplets for text in triplet] + MORE
    entries = []
    for text in texts:
        ids = tokenizer.encode(text).ids
        entries.append({"text": text, "ids": ids, "vector": base64.b64encode(encode(ids).astype("<f4").tobytes()).decode()})
    origin = "written by minilm.py: tokens of the tokenizers package, vectors of the network's definition in NumPy with 64-bit floats"
    with open(HERE / "minilm.json", "w", encoding="utf-8", newline="\n") as file:
        rows = ",\n".join("    " + json.dumps(entry, ensure_ascii=False) for entry in entries)
        file.write(f'{{\n  "origin": {json.dumps(origin)},\n  "format": "vector: 384 little-endian f32 in base64",\n  "texts": [\n{rows}\n  ]\n}}\n')


main()
