"""Reads the committed pack's weights back into the networks, so that a training can go on from them without its checkpoint.

Weights come back as they are stored (matrices rounded to 8 bits, about 0.4 % of their size); the label head, which only
training uses, is not in a pack and stays as it was made.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import numpy_helper
from torch import nn

from model import PICTURE_LENGTH, PICTURE_WIDTH

# The exporter folds the transpose of a linear layer into its matrix and renames it; what is left is the order of use.
FOLDED = re.compile(r"val_\d+")
ORDER = {
    "text-encoder.onnx": ["attn.{i}.qkv", "attn.{i}.proj", "ff.{i}.up", "ff.{i}.down"],
    "denoiser.onnx": ["patch_in.0", "patch_in.1", "control_in.0", "control_in.1", "text_in", "blocks.{i}.attn.qkv", "blocks.{i}.attn.proj",
                      "blocks.{i}.ff.up", "blocks.{i}.ff.down", "out"],
    "upscaler.onnx": [],
    "reference-encoder.onnx": ["join", "attn.{i}.qkv", "attn.{i}.proj", "ff.{i}.up", "ff.{i}.down"],
}


def stored(path: Path) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """Named float32 weights, and the unnamed matrices in order of use, both as the runtime restores them."""
    graph = onnx.load(str(path)).graph
    raw = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    named: dict[str, np.ndarray] = {name: value for name, value in raw.items() if value.dtype == np.float32}
    for node in graph.node:
        if not node.name.endswith("_restore"):
            continue
        value = raw[node.input[0]].astype(np.float32)
        if node.op_type == "DequantizeLinear":
            axis = next(attribute.i for attribute in node.attribute if attribute.name == "axis")
            scale = raw[node.input[1]]
            value = value * (scale[:, None] if axis == 0 else scale[None])
        named[node.output[0]] = value
    matrices = [name for name, value in named.items() if FOLDED.fullmatch(name) and value.ndim == 2]
    used = [name for node in graph.node for name in node.input if name in matrices]
    return named, [named[name] for name in dict.fromkeys(used)]


def expand(order: list[str], names: set[str]) -> list[str]:
    """Layer names in order of use; a run of names with {i} repeats for every block before the next name."""
    out: list[str] = []
    run: list[str] = []
    for name in [*order, ""]:
        if "{i}" in name:
            run.append(name)
            continue
        for i in range(sum(f"{run[0]}.weight".format(i=k) in names for k in range(99)) if run else 0):
            out += [part.format(i=i) for part in run]
        run = []
        out += [name] if name else []
    return out


def load_graph(net: nn.Module, path: Path) -> None:
    """Fills `net` from one graph. Raises when a weight has no place or another shape."""
    named, matrices = stored(path)
    state = net.state_dict()
    # Packs before 0.5.0 have no flow map; a new one changes nothing until it is trained.
    later = {name for name in state if name.startswith("map_")} if "map_in.bias" not in named else set()
    layers = expand(ORDER[path.name], set(state))
    if len(layers) != len(matrices):
        raise ValueError(f"{path.name} has {len(matrices)} folded matrices, the network {len(layers)}")
    found = {f"{layer}.weight": matrix.T for layer, matrix in zip(layers, matrices)}
    found |= {name: value for name, value in named.items() if name in state and name not in found}
    missing = [name for name in state if name not in found and name not in later and not name.startswith("label_head")]
    if missing:
        raise ValueError(f"{path.name} lacks {', '.join(missing)}")
    net.load_state_dict({**state, **{name: torch.tensor(value) for name, value in found.items()}})


def agree(net: nn.Module, path: Path, inputs: dict[str, torch.Tensor]) -> float:
    """Largest difference between the network and the graph it was read from."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    graph = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    known = {node.name for node in graph.get_inputs()}
    inputs = {name: value for name, value in inputs.items() if name in known}
    with torch.no_grad():
        return float(np.abs(net(*inputs.values()).numpy() - graph.run(None, {k: v.numpy() for k, v in inputs.items()})[0]).max())


def load_pack(nets: nn.ModuleDict, pack: Path) -> None:
    """Fills the networks from a pack and makes sure that they compute what its graphs compute; a network without a graph stays new."""
    text, core = nets["text"], nets["core"]
    load_graph(text, pack / "text-encoder.onnx")
    load_graph(core, pack / "denoiser.onnx")
    if (pack / "reference-encoder.onnx").exists():
        load_graph(nets["reference"], pack / "reference-encoder.onnx")
    ids = torch.zeros(2, 32, dtype=torch.long)
    ids[0, :5] = torch.tensor([1, 300, 400, 500, 2])
    ids[1, :2] = torch.tensor([1, 2])
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        states = text(ids)
    inputs = {"sample": torch.randn(2, 3, 64, 64, generator=generator), "timestep": torch.tensor([0.9, 0.3]),
              "condition": torch.randn(2, 3, 64, 64, generator=generator), "condition_mask": torch.ones(2, 1, 64, 64),
              "task": torch.tensor([1, 2]), "condition_strength": torch.tensor([1.0, 0.6]), "encoder_hidden_states": states,
              "timestep_next": torch.tensor([0.0, 0.3]), "guidance_scale": torch.tensor([3.0, 1.0])}
    apart = max(agree(text, pack / "text-encoder.onnx", {"input_ids": ids}), agree(core, pack / "denoiser.onnx", inputs))
    if (pack / "reference-encoder.onnx").exists():
        apart = max(apart, agree(nets["reference"], pack / "reference-encoder.onnx", {"hidden_states": torch.randn(2, PICTURE_LENGTH, PICTURE_WIDTH, generator=generator)}))
    if apart > 1e-4:
        raise ValueError(f"the networks differ from the pack's graphs by {apart:.1e}")
