"""The graph of a BERT encoder for ONNX Runtime, out of the model's own weights, and one with weights of 8 bits.

Token ids, mask and types in, hidden states out, as exported models have it. What makes one vector of them stands in embedding_model.py.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic


def weights(directory: Path) -> dict[str, np.ndarray]:
    """The tensors of model.safetensors, as 32-bit floats."""
    data = (directory / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, tensor in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__" or tensor["dtype"] != "F32":
            continue
        start, stop = tensor["data_offsets"]
        tensors[name] = np.frombuffer(data, "<f4", offset=8 + length + start, count=(stop - start) // 4).reshape(tensor["shape"])
    return tensors


def write(directory: Path, out: Path) -> tuple[Path, Path]:
    """Writes the graph with 32-bit floats and the one that ONNX Runtime quantises to 8 bits."""
    config = json.loads((directory / "config.json").read_text())
    size, heads = config["hidden_size"], config["num_attention_heads"]
    tensors = weights(directory)
    nodes, initial = [], []

    def constant(name: str, value: np.ndarray) -> str:
        initial.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(kind: str, *inputs: str, **attributes: object) -> str:
        name = f"{kind.lower()}_{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def weight(name: str) -> str:
        return constant(name, tensors[name])

    def linear(x: str, name: str) -> str:
        return add("Add", add("MatMul", x, constant(f"{name}.t", tensors[f"{name}.weight"].T)), weight(f"{name}.bias"))

    def norm(x: str, name: str) -> str:
        return add("LayerNormalization", x, weight(f"{name}.weight"), weight(f"{name}.bias"), axis=-1, epsilon=config["layer_norm_eps"])

    split = constant("split", np.array([0, 0, heads, size // heads], np.int64))
    join = constant("join", np.array([0, 0, size], np.int64))
    scale = constant("scale", np.array((size // heads) ** -0.5, np.float32))

    positions = add("Slice", weight("embeddings.position_embeddings.weight"), constant("zero", np.array([0], np.int64)), add(
        "Slice", add("Shape", "input_ids"), constant("one", np.array([1], np.int64)), constant("two", np.array([2], np.int64))))
    x = add("Add", add("Gather", weight("embeddings.word_embeddings.weight"), "input_ids"), add(
        "Gather", weight("embeddings.token_type_embeddings.weight"), "token_type_ids"))
    x = norm(add("Add", x, positions), "embeddings.LayerNorm")
    # 0 where there is a token and a large negative number where there is none, for every head and row.
    mask = add("Cast", add("Unsqueeze", "attention_mask", constant("middle", np.array([1, 2], np.int64))), to=TensorProto.FLOAT)
    mask = add("Mul", add("Sub", constant("unit", np.array(1, np.float32)), mask), constant("least", np.array(-1e9, np.float32)))

    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}"
        parts = [add("Reshape", linear(x, f"{at}.attention.self.{part}"), split) for part in ("query", "key", "value")]
        query, value = (add("Transpose", part, perm=[0, 2, 1, 3]) for part in (parts[0], parts[2]))
        scores = add("Mul", add("MatMul", query, add("Transpose", parts[1], perm=[0, 2, 3, 1])), scale)
        seen = add("MatMul", add("Softmax", add("Add", scores, mask), axis=-1), value)
        seen = add("Reshape", add("Transpose", seen, perm=[0, 2, 1, 3]), join)
        x = norm(add("Add", linear(seen, f"{at}.attention.output.dense"), x), f"{at}.attention.output.LayerNorm")
        inner = add("Gelu", linear(x, f"{at}.intermediate.dense"))
        x = norm(add("Add", linear(inner, f"{at}.output.dense"), x), f"{at}.output.LayerNorm")
    nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))

    shape = ["texts", "tokens"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask", "token_type_ids")]
    outputs = [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, size])]
    graph = helper.make_graph(nodes, "bert", inputs, outputs, initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    floats, bytes8 = out / "model.onnx", out / "model_int8.onnx"
    onnx.save(model, floats)
    quantize_dynamic(floats, bytes8, weight_type=QuantType.QInt8, per_channel=True)
    return floats, bytes8
