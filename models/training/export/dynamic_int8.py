"""A second graph over the weights of an exported one, which multiplies its 8-bit matrices as integers.

    python models/training/export/dynamic_int8.py models/packs/house-image/denoiser.onnx

writes denoiser.weights (what both graphs read), denoiser-int8.onnx, and denoiser.onnx again without its weights inside. For y = x W,
with W stored as Q_kn in -127..127 and a scale s_n for each output column, and x of rows i:

    r_i = max_k |x_ik| / 64,   a_ik = round(x_ik / r_i) + 64 in 0..128,   y_in = r_i s_n sum_k (a_ik - 64) Q_kn

A scale for each row, not one for the whole tensor as DynamicQuantizeLinear has: a picture must not depend on what is drawn beside it, and
rows of small numbers keep their precision. 64 steps to each side, not 127: x86 processors without VNNI add a pair of products in 16
bits and clip the sum (VPMADDUBSW), and 2 * 128 * 127 = 32,512 is the most that fits. So the integers are the same on every processor.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

# Steps to each side of zero.
REACH = 64
assert 2 * (2 * REACH) * 127 < 2**15, "two products must fit into 16 bits"
# Smaller tensors stay inside their graph.
APART_BYTES = 1024
# Where a tensor may start in the file of weights: a cache line.
ALIGN = 64
SHARED = {"row_axis": np.array([-1], np.int64), "row_step": np.array(1 / REACH, np.float32), "row_least": np.array(1e-12, np.float32),
          "row_unit": np.array(1, np.float32), "row_zero": np.array(REACH, np.uint8)}


def keep_apart(path: Path) -> Path:
    """Moves the weights of a graph into a file beside it, and returns that file."""
    model, target = onnx.load(str(path)), path.with_suffix(".weights")
    out = bytearray()
    for tensor in model.graph.initializer:
        data = numpy_helper.to_array(tensor).tobytes()
        if len(data) < APART_BYTES:
            continue
        out += bytes(-len(out) % ALIGN)
        offset = len(out)
        out += data
        tensor.raw_data = data
        set_external_data(tensor, target.name, offset, len(data))
        tensor.ClearField("raw_data")
    target.write_bytes(out)
    # So that the hash of a graph says which weights it is for.
    helper.set_model_props(model, {"weights_sha256": hashlib.sha256(out).hexdigest()})
    path.write_bytes(model.SerializeToString(deterministic=True))
    onnx.checker.check_model(str(path))
    return target


def product(node: onnx.NodeProto, stored: str, scale: str) -> list[onnx.NodeProto]:
    """The nodes that stand for one MatMul with a stored matrix."""
    x, y = node.input[0], node.output[0]
    row, integers, floats = f"{y}_row", f"{y}_integers", f"{y}_floats"
    make = lambda op, inputs, output, **attributes: helper.make_node(op, inputs, [output], name=f"{output}_{op}", **attributes)
    return [make("Abs", [x], f"{y}_size"), make("ReduceMax", [f"{y}_size", "row_axis"], f"{y}_most", keepdims=1),
            make("Mul", [f"{y}_most", "row_step"], f"{y}_steps"), make("Max", [f"{y}_steps", "row_least"], row),
            make("Div", [x, row], f"{y}_even"), make("QuantizeLinear", [f"{y}_even", "row_unit", "row_zero"], f"{y}_eight"),
            make("MatMulInteger", [f"{y}_eight", stored, "row_zero"], integers), make("Cast", [integers], floats, to=TensorProto.FLOAT),
            make("Mul", [floats, scale], f"{y}_columns"), make("Mul", [f"{y}_columns", row], y)]


def dynamic_int8(exact: Path, out: Path) -> int:
    """Writes the second graph over the weights of `exact`, whose weights are kept apart; returns how many products it has changed."""
    model = onnx.load(str(exact), load_external_data=False)
    graph = model.graph
    restored = {node.output[0]: node for node in graph.node if node.op_type == "DequantizeLinear"}
    # What is computed once for a picture, and not for each of its tokens, takes no time and steers all of it.
    shapes = {value.name: value.type.tensor_type.shape.dim for value in onnx.shape_inference.infer_shapes(model).graph.value_info}
    shapes |= {value.name: value.type.tensor_type.shape.dim for value in graph.input}
    changed = [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in restored and len(shapes[node.input[0]]) == 3]
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node not in changed:
            nodes.append(node)
            continue
        stored = restored[node.input[1]]
        if stored.attribute[0].i != 1:
            raise ValueError(f"{node.input[1]} has a scale for each input row: shrink it with columns=True")
        nodes += product(node, stored.input[0], stored.input[1])
    used = {name for node in nodes for name in node.input}
    nodes = [node for node in nodes if node.op_type != "DequantizeLinear" or node.output[0] in used]
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend([*kept, *(numpy_helper.from_array(value, name) for name, value in SHARED.items())])
    out.write_bytes(model.SerializeToString(deterministic=True))
    onnx.checker.check_model(str(out))
    return len(changed)


def write_both(path: Path) -> tuple[Path, Path]:
    """From one exported graph: its weights apart, and the second graph beside it. Returns the second graph and the weights."""
    weights, out = keep_apart(path), path.with_name(f"{path.stem}-int8.onnx")
    print(f"{out.name}: {dynamic_int8(path, out)} products in 8 bits, over {weights.name}")
    return out, weights


if __name__ == "__main__":
    write_both(Path(sys.argv[1]))
