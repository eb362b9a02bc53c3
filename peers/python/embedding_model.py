"""Times of LocalModel beside ONNX Runtime on the same weights, and how near the vectors of the two are.

usage: embedding_model.py MODEL SCRATCH SENTENCES ROUNDS. Prints JSON. The sides take turns, back and forth, with one thread each.
SENTENCES is a file of texts, one a line. A text goes in and its vector comes out: both sides divide into tokens, ONNX Runtime by the
`tokenizers` package; texts of a batch are padded to the longest there, as fastembed does it.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from onnx_bert import write
from tokenizers import Tokenizer

from memory_system._rust.embedding import LocalModel

BATCH = 32


class Rival:
    """Sentence vectors by ONNX Runtime: mean of the hidden states, scaled to unit length."""

    def __init__(self, graph: Path, tokenizer: Path, most: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.enable_truncation(most)
        self.tokenizer.enable_padding()

    def encode_batch(self, texts: list[str]) -> np.ndarray:
        encoded = self.tokenizer.encode_batch(texts)
        ids, mask, types = (np.array([getattr(one, name) for one in encoded], np.int64) for name in ("ids", "attention_mask", "type_ids"))
        (hidden,) = self.session.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": types})
        weights = mask[:, :, None].astype(np.float32)
        mean = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def main() -> None:
    model, scratch, sentences, rounds = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    canonical, exact = (LocalModel(model, precision=precision, threads=1, truncates=True) for precision in ("int8-canonical", "f32"))
    floats, bytes8 = (Rival(graph, model / "tokenizer.json", canonical.max_tokens) for graph in write(model, scratch))
    texts = [line for line in sentences.read_text(encoding="utf-8").splitlines() if line]
    lengths = [canonical.count_tokens(text) for text in texts]

    def of_length(length: int) -> list[str]:
        """Texts of just so many tokens, made of the words of the file."""
        words, made = " ".join(texts).split(), []
        start = 0
        while len(made) < BATCH:
            stop = start + 1
            while canonical.count_tokens(" ".join(words[start : stop + 1])) <= length and stop < len(words):
                stop += 1
            text = " ".join(words[start:stop])
            if canonical.count_tokens(text) == length:
                made.append(text)
            start = stop if stop < len(words) else 1
        return made

    batch, short = of_length(32), of_length(16)[0]
    many = texts[: 8 * BATCH]

    def in_batches(encode: Callable[[list[str]], object]) -> Callable[[], None]:
        def work() -> None:
            for at in range(0, len(many), BATCH):
                encode(many[at : at + BATCH])

        return work

    results = []
    for name, sides in (
        ("32 texts of 32 tokens", {"canonical": lambda: canonical.encode_batch(batch), "f32": lambda: exact.encode_batch(batch),
                                   "ort_f32": lambda: floats.encode_batch(batch), "ort_int8": lambda: bytes8.encode_batch(batch)}),
        ("one text of 16 tokens", {"canonical": lambda: canonical.encode(short), "f32": lambda: exact.encode(short),
                                   "ort_f32": lambda: floats.encode_batch([short]), "ort_int8": lambda: bytes8.encode_batch([short])}),
        (f"{len(many)} texts of all lengths", {"canonical": in_batches(canonical.encode_batch), "f32": in_batches(exact.encode_batch),
                                              "ort_f32": in_batches(floats.encode_batch), "ort_int8": in_batches(bytes8.encode_batch)}),
    ):
        results.append({"name": name, "ms": in_turns(sides, rounds)})

    # Cosines to the same model on ONNX Runtime with 32-bit floats, in 64 bits.
    sample = texts[:1000]
    reference = np.vstack([floats.encode_batch([text]) for text in sample]).astype(np.float64)
    nearness = {}
    for name, ours in (("canonical", canonical), ("f32", exact)):
        vectors = np.asarray(ours.encode_batch(sample), np.float64)
        cosines = (vectors * reference).sum(axis=1) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(reference, axis=1)
        nearness[name] = {"mean": float(cosines.mean()), "least": float(cosines.min())}
    print(
        json.dumps(
            {
                "python": sys.version.split()[0],
                "onnxruntime": onnxruntime.__version__,
                "instructions": canonical.instructions,
                "rounds": rounds,
                "tokens": {"least": min(lengths), "median": statistics.median(lengths), "most": max(lengths)},
                "results": results,
                "sample": len(sample),
                "nearness": nearness,
            }
        )
    )


def in_turns(sides: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of processor time of each side, round by round, every second round in the other order."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for work in sides.values():
        work()
    for at in range(rounds):
        for name, work in list(sides.items())[:: 1 if at % 2 == 0 else -1]:
            work()
            count, start = 0, time.process_time()
            while time.process_time() - start < 0.05:
                work()
                count += 1
            found[name].append((time.process_time() - start) / count * 1e3)
    return found


if __name__ == "__main__":
    main()
