"""Turns trained modules into ONNX files with small stored weights and float32 arithmetic."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import TensorProto, helper, numpy_helper

OPSET = 18


def export_graph(module: torch.nn.Module, inputs: dict[str, torch.Tensor], outputs: list[str], path: Path, free: dict[str, dict] | None = None) -> None:
    """Writes `module` with batch axis B free, and the axes that `free` names of an input; the file keeps float32 weights."""
    module.eval()
    batch = torch.export.Dim("B", min=1, max=64)
    program = torch.onnx.export(
        module, tuple(inputs.values()), dynamo=True, opset_version=OPSET, input_names=list(inputs), output_names=outputs,
        dynamic_shapes=tuple({0: batch, **(free or {}).get(name, {})} for name in inputs), verbose=False)
    program.save(str(path), external_data=False)


def shrink(path: Path, mode: str, columns: bool = False) -> None:
    """Stores weights as int8 rows ("int8", 2-D weights only) or float16 and restores float32 when the file is loaded.

    Runtimes fold the restoring nodes once at load time, so the arithmetic stays float32. `columns`: what a MatMul multiplies by gets
    a scale for each output column, which dynamic_int8.py needs, and not whichever axis loses less.
    """
    model = onnx.load(str(path))
    graph = model.graph
    by_column = {node.input[1] for node in graph.node if node.op_type == "MatMul"} if columns else set()
    added, kept = [], []
    for tensor in list(graph.initializer):
        value = numpy_helper.to_array(tensor)
        if value.dtype != np.float32 or value.size < 2048:
            kept.append(tensor)
            continue
        name = tensor.name
        if name.startswith(("slice", "cos", "sin")):
            # Tables of positions: small, and rounding them moves every attention score.
            kept.append(tensor)
            continue
        if mode == "int8" and value.ndim == 2 and min(value.shape) >= 32:
            best = None
            for axis in (1,) if name in by_column else (0, 1):
                scale = np.maximum(np.abs(value).max(1 - axis, keepdims=True), 1e-8) / 127
                quantized = np.clip(np.round(value / scale), -127, 127)
                error = float(((quantized * scale - value) ** 2).mean())
                if best is None or error < best[0]:
                    best = (error, axis, scale.reshape(-1).astype(np.float32), quantized.astype(np.int8))
            _, axis, scale, quantized = best
            kept += [numpy_helper.from_array(quantized, name + "_q"), numpy_helper.from_array(scale, name + "_s")]
            added.append(helper.make_node("DequantizeLinear", [name + "_q", name + "_s"], [name], axis=axis, name=name + "_restore"))
        else:
            kept.append(numpy_helper.from_array(value.astype(np.float16), name + "_h"))
            added.append(helper.make_node("Cast", [name + "_h"], [name], to=TensorProto.FLOAT, name=name + "_restore"))
    nodes = added + list(graph.node)
    del graph.initializer[:], graph.node[:], graph.value_info[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    model.metadata_props.clear()
    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    # As models/runtime/session.ts: without it the optimiser rounds activations to 8 bits, 0.005 off in one call.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def fingerprint(path: Path) -> dict:
    data = path.read_bytes()
    return {"file": path.name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def with_weights(path: Path, weights: Path) -> dict:
    """The entry of a graph that keeps its weights in another file."""
    return {**fingerprint(path), "data": [fingerprint(weights)]}
