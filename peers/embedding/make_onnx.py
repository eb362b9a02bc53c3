"""Writes all-MiniLM-L6-v2 as ONNX, in f32 and quantised to int8, for runtimes that take this form.

The graph is BERT as transformers exports it: token ids and the attention mask to the tokens' last vectors, which are then averaged and
scaled to length 1. usage: python make_onnx.py MODEL_DIRECTORY OUTPUT_DIRECTORY (needs numpy, onnx and onnxruntime)
"""

import json
import pathlib
import struct
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

MODEL, OUT = (pathlib.Path(path) for path in sys.argv[1:])
CONFIG = json.loads((MODEL / "config.json").read_text())
HIDDEN, HEADS = CONFIG["hidden_size"], CONFIG["num_attention_heads"]
WIDTH = HIDDEN // HEADS
nodes, initializers = [], []


def weights():
    data = (MODEL / "model.safetensors").read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)

    def tensor(entry):
        start, end = entry["data_offsets"]
        return np.frombuffer(data[8 + length + start : 8 + length + end], "<f4").reshape(entry["shape"])

    return {name: tensor(entry) for name, entry in header.items() if entry["dtype"] == "F32"}


W = weights()


def constant(name, value):
    initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
    return name


def node(kind, *inputs, **attributes):
    name = f"{kind}_{len(nodes)}"
    nodes.append(helper.make_node(kind, list(inputs), [name], name, **attributes))
    return name


def linear(x, name):
    weight = constant(f"{name}.weight", W[f"{name}.weight"].T)
    return node("Add", node("MatMul", x, weight), constant(f"{name}.bias", W[f"{name}.bias"]))


def norm(x, name):
    scale, bias = (constant(f"{name}.{part}", W[f"{name}.{part}"]) for part in ("weight", "bias"))
    return node("LayerNormalization", x, scale, bias, axis=-1, epsilon=CONFIG["layer_norm_eps"])


one, half, root = (constant(name, np.float32(value)) for name, value in (("one", 1), ("half", 0.5), ("root", np.sqrt(2))))
by_heads = constant("by_heads", np.array([0, 0, HEADS, WIDTH], np.int64))
together = constant("together", np.array([0, 0, HIDDEN], np.int64))
scale = constant("scale", np.float32(1 / np.sqrt(WIDTH)))
lowest = constant("lowest", np.float32(np.finfo(np.float32).min))

words = node("Gather", constant("words", W["embeddings.word_embeddings.weight"]), "input_ids")
length = node("Slice", node("Shape", "input_ids"), constant("1", np.array([1])), constant("2", np.array([2])))
positions = node("Slice", constant("positions", W["embeddings.position_embeddings.weight"]), constant("0", np.array([0])), length)
types = constant("types", W["embeddings.token_type_embeddings.weight"][0])
x = norm(node("Add", node("Add", words, types), positions), "embeddings.LayerNorm")
mask = node("Cast", node("Unsqueeze", "attention_mask", constant("axes", np.array([1, 2]))), to=TensorProto.FLOAT)
mask = node("Mul", node("Sub", one, mask), lowest)
for index in range(CONFIG["num_hidden_layers"]):
    layer = f"encoder.layer.{index}"
    q, k, v = (node("Reshape", linear(x, f"{layer}.attention.self.{part}"), by_heads) for part in ("query", "key", "value"))
    q, v = (node("Transpose", part, perm=[0, 2, 1, 3]) for part in (q, v))
    scores = node("Mul", node("MatMul", q, node("Transpose", k, perm=[0, 2, 3, 1])), scale)
    context = node("MatMul", node("Softmax", node("Add", scores, mask), axis=-1), v)
    context = node("Reshape", node("Transpose", context, perm=[0, 2, 1, 3]), together)
    x = norm(node("Add", linear(context, f"{layer}.attention.output.dense"), x), f"{layer}.attention.output.LayerNorm")
    up = linear(x, f"{layer}.intermediate.dense")
    up = node("Mul", node("Mul", up, node("Add", node("Erf", node("Div", up, root)), one)), half)
    x = norm(node("Add", linear(up, f"{layer}.output.dense"), x), f"{layer}.output.LayerNorm")

shape = ["batch", "tokens"]
inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")]
nodes[-1].output[0] = "last_hidden_state"
output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, HIDDEN])
model = helper.make_model(helper.make_graph(nodes, "minilm", inputs, [output], initializers), opset_imports=[helper.make_opsetid("", 17)])
model.ir_version = 8
onnx.checker.check_model(model)
OUT.mkdir(parents=True, exist_ok=True)
onnx.save(model, OUT / "model.onnx")
quantize_dynamic(OUT / "model.onnx", OUT / "model_int8.onnx", weight_type=QuantType.QInt8)
